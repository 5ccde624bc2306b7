"""Checks of rules that never act, or whose effect differs from their intent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations, permutations, product

from ecr_constructs.model.lifecycle.findings.context import CheckContext, rule_label
from ecr_constructs.model.lifecycle.findings.finding_type import Match, finding_type
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.rule_coverage import impossible_selector, matches_all_tags, shadowing_rules
from ecr_constructs.model.validation import abbreviate

__all__: list[str] = []

# --- shadowed-rule ----------------------------------------------------------------------------------------------------


@finding_type(
    "shadowed-rule",
    severity="error",
    summary="A rule never acts, because rules before it select all of its images.",
    remedy="remove the rule, which changes nothing, or give it a smaller rule_priority",
    json_remedy="remove the rule, which changes nothing, or give it a smaller rulePriority",
    reason="""
        ECR assigns each image to the first rule of its storage class that selects it, whether or not that rule acts on
        the image. A rule is reported only if this is proven from the patterns, for images with any tags. Either one
        rule before it selects all of its images, or the rule selects all images, and one rule before it selects every
        tagged image and another every untagged image.
    """,
    fix="""
        Remove the rule, which changes nothing, or give it a smaller priority than the wider rule.
    """,
    example="""
        from ecr_constructs import LifecyclePolicy, LifecycleRule


        def keep(priority, count, pattern):
            return LifecycleRule(
                rule_priority=priority,
                tag_status="tagged",
                tag_pattern_list=[pattern],
                count_type="imageCountMoreThan",
                count_number=count,
            )


        policy = LifecyclePolicy(rules=[keep(1, 100, "v*"), keep(2, 10, "v0.*")])
        finding = policy.findings()[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
)
def _shadowed_rule(context: CheckContext) -> Iterator[Match]:
    for rule in context.rules:
        shadowing = shadowing_rules(rule, context.preceding_rules(rule))
        if len(shadowing) == 1:
            yield Match(
                rule, f"{rule_label(rule)} never acts: {rule_label(shadowing[0])} selects all of its images first"
            )
        elif shadowing:
            tagged, untagged = map(rule_label, shadowing)
            reason = f"{tagged} selects all tagged images first, and {untagged} all untagged images"
            yield Match(rule, f"{rule_label(rule)} never acts: {reason}")


# --- any-described-as-untagged, any-may-mean-untagged -----------------------------------------------------------------

_UNTAGGED = re.compile(
    r"\b(?:(?:all |any )?(?:un-?tagged|dangling)|(?:without|(?:with|has|have|having) no) (?:a |any )?tags?"
    r"|no tags?(?=[.!]?$))\b",
    re.IGNORECASE,
)
_UNTAGGED_BY_NAME = re.compile(r"\b(?:un-?tagged|dangling)\b", re.IGNORECASE)
# Words about a number, an age or an action, which do not restrict the images.
_NEUTRAL_WORD = re.compile(
    r"a|after|aged?|an|archives?|are|at|be|been|clean(?:s|up)?|containers?|days?|deletes?|docker|drops?|ecr|expires?|for|"
    r"from|has|have|hours?|if|images?|in|is|keeps?|last|latest|max|maximum|months?|more|most|newest|of|old|older|oldest|"
    r"only|prunes?|purges?|push|pushed|recent|removes?|repository|retains?|since|than|that|the|they|to|up|weeks?|when|"
    r"which|years?|one|two|three|four|five|six|seven|ten|fourteen|thirty",
    re.IGNORECASE,
)
# Words with which a description can be about more than untagged images, or about all images except these.
_INCLUDES_OTHERS = re.compile(
    r"[/&+]|\b(?:all|also|and|any|both|but|each|every|everything|except|exclud\w+|includ\w+|irrespective|never|not|or|"
    r"other|others|plus|regardless|tagged|too|total|unless|whatever|whether|with)\b",
    re.IGNORECASE,
)


@finding_type(
    "any-described-as-untagged",
    severity="error",
    summary="A rule over all images is described as a rule for untagged images.",
    remedy="set tag_status='untagged', or correct the description",
    json_remedy='set "tagStatus": "untagged", or correct the description',
    reason="""
        `any` includes tagged images: the rule deletes releases by the age or the number that was meant for untagged
        images. It is an error only if the description is one clause that restricts the images by *untagged*,
        *un-tagged*, *dangling*, *without tags* or *no tags*, and has only neutral words beside it, such as *expire
        images older than 14 days*. A rule is not reported if a rule before it selects every tagged image or every
        untagged image, or if it never acts.
    """,
    fix="""
        Set `tag_status="untagged"`, in a document `"tagStatus": "untagged"`. Otherwise correct the description.
    """,
    example='''
        from ecr_constructs import LifecyclePolicy

        policy = LifecyclePolicy.from_json("""{"rules": [{
            "rulePriority": 1,
            "description": "Expire untagged images after 14 days",
            "selection": {"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14},
            "action": {"type": "expire"}
        }]}""")
        finding = policy.findings()[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    ''',
)
def _any_described_as_untagged(context: CheckContext) -> Iterator[Match]:
    for rule, description, follows_untagged in _any_rules(context):
        if _is_about_untagged(description) and not follows_untagged:
            sentence = (
                f"{rule_label(rule)} is described as a rule for untagged images and selects 'any': it {_also(rule)}"
            )
            yield Match(rule, sentence)


@finding_type(
    "any-may-mean-untagged",
    severity="warning",
    summary="A rule over all images has a description that mentions untagged images.",
    remedy="set tag_status='untagged' if only those are intended, or name the other images in the description",
    json_remedy='set "tagStatus": "untagged" if only those are intended, or name the other images in the description',
    reason="""
        The same as above, but the description mentions untagged images among words of another language or unknown
        words, or in one of several clauses, so the rule can be right. A description with words such as *all*, *and*,
        *or*, *with*, *not*, *regardless* or *tagged*, or with a slash, is not reported. After a rule for untagged
        images, the rule is reported only if its description would be an error otherwise, because a clause about
        untagged images can refer to the rule before.
    """,
    fix="""
        Set `tag_status="untagged"` if only untagged images are intended. Otherwise name the other images in the
        description, or acknowledge the finding.
    """,
    example='''
        from ecr_constructs import LifecyclePolicy

        policy = LifecyclePolicy.from_json("""{"rules": [{
            "rulePriority": 1,
            "description": "Expire untagged images of the nightly build",
            "selection": {"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14},
            "action": {"type": "expire"}
        }]}""")
        finding = policy.findings()[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    ''',
)
def _any_may_mean_untagged(context: CheckContext) -> Iterator[Match]:
    for rule, description, follows_untagged in _any_rules(context):
        is_about_untagged = _is_about_untagged(description)
        if is_about_untagged if follows_untagged else not is_about_untagged and _mentions_untagged(description):
            yield Match(rule, f"{rule_label(rule)} mentions untagged images and selects 'any': it {_also(rule)}")


def _any_rules(context: CheckContext) -> Iterator[tuple[LifecycleRule, str, bool]]:
    """Yield rules over all images with their description, and whether a rule for untagged images precedes them."""
    for rule in context.rules:
        preceding = context.preceding_rules(rule)
        if rule.tag_status == "any" and not rule.is_keep_rule and not any(map(matches_all_tags, preceding)):
            yield rule, rule.description or "", any(each.tag_status == "untagged" for each in preceding)


def _is_about_untagged(text: str) -> bool:
    """Return whether a description restricts the images only by having no tag."""
    rest, times = _UNTAGGED.subn("", text)
    # After a comma or a colon, other images can follow: "Keep last 10 images, delete untagged after 1 day".
    is_one_clause = re.fullmatch(r"[\w >='\"]*[.!]?", rest)
    return bool(times and is_one_clause and all(map(_NEUTRAL_WORD.fullmatch, re.findall(r"[^\W\d_]+", rest))))


def _mentions_untagged(text: str) -> bool:
    rest, times = _UNTAGGED_BY_NAME.subn("", text)
    return bool(times and not _INCLUDES_OTHERS.search(rest))


def _also(rule: LifecycleRule) -> str:
    return f"{'deletes' if rule.action == 'expire' else 'archives'} tagged images too"


# --- never-matches ----------------------------------------------------------------------------------------------------


@finding_type(
    "never-matches",
    severity="warning",
    summary="No image has the tags that a rule selects, or no tag can match.",
    remedy="correct the pattern, or remove the rule if such tags are no longer pushed",
    reason="""
        The pattern is misspelled, or such tags are no longer pushed. The images for which the rule was written are
        selected by other rules or by none: a `keep_forever` with a misspelled pattern keeps no image. Tags of archived
        images count. Without images, a rule is reported only if no tag can match, because no tag begins with `.` or
        `-`.
    """,
    fix="""
        Correct the pattern. Remove the rule if such tags are no longer pushed.
    """,
    example="""
        from datetime import datetime, timezone
        from ecr_constructs import Image, LifecyclePolicy, expire_untagged, keep_forever, keep_latest

        day = datetime(2026, 5, 1, tzinfo=timezone.utc)
        images = [
            Image(digest="sha256:" + "0" * 64, tags=["production-7"], pushed_at=day),
            Image(digest="sha256:" + "1" * 64, tags=["v1.4"], pushed_at=day),
        ]
        policy = LifecyclePolicy.of(
            keep_forever("prodution-*"),
            keep_latest(10, matching="v*"),
            expire_untagged(keep=100),
        )
        finding = policy.findings(images)[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
    reads_images=True,
)
def _never_matches(context: CheckContext) -> Iterator[Match]:
    for rule in context.rules:
        impossible = impossible_selector(rule)
        if impossible and not impossible.pattern:
            continue  # a wildcard in a prefix is reported
        if impossible:
            tag, first = abbreviate(impossible.value), impossible.value[0]
            yield Match(rule, f"{rule_label(rule)} selects tags like {tag}, and no tag can begin with {first!r}")
        elif context.images and rule.selectors and not _is_matched(context, rule):
            sentence = (
                f"{rule_label(rule)} selects tags like {_listed(rule)}, and no image in the repository has such tags"
            )
            yield Match(rule, sentence)


def _is_matched(context: CheckContext, rule: LifecycleRule) -> bool:
    """Return whether a tag of the repository, or for several selectors the tags of one image, match the rule."""
    # The rules have been applied to most images. The search is only for a rule to which none of them is assigned.
    engine = context.applied_rules()
    if engine is not None and any(outcome.rule is rule for outcome in engine.outcomes):
        return True
    if len(rule.selectors) == 1:
        return any(map(rule.selectors[0].matches, context.tags))
    return any(rule.selects_tags(image.tags) for image in context.images or ())


def _listed(rule: LifecycleRule) -> str:
    texts = [abbreviate(each.value) for each in rule.selectors]
    return " and ".join(filter(None, (", ".join(texts[:-1]), *texts[-1:])))


# --- list-of-alternatives ---------------------------------------------------------------------------------------------

# The wording of `matching_all=` in descriptions of intents.
_TAGGED_AND = re.compile(r"\btagged (\S+(?: and \S+)+)")
_PUNCTUATION = ".,;:!'\"`()"


@finding_type(
    "list-of-alternatives",
    severity="warning",
    summary="A rule lists tags that look like alternatives, and ECR requires an image to match every entry.",
    remedy="write one rule for each entry; {if_and}",
    reason="""
        The image needs a tag for *each* entry. The author of `["dev-*", "pr-*"]` usually means OR, and the rule selects
        almost no image. A list is reported

        - if one entry covers another, as the prefix `dev` covers `develop`: under AND the wider entry changes nothing,
          so AND cannot be its reason;
        - if the description has *or* or a slash between two entries: `["*dev*", "*test*"]` with "delete dev or test
          images";
        - if no tag can match two of its entries at once, unless an image of the repository satisfies the list.

        A list is not reported for the last two reasons if the description states AND as `matching_all=` does: *tagged
        dev-\\* and pr-\\**, with every entry as it is listed. Another *and*, as in "expire dev- and pr- images", is
        ambiguous. Entries that one tag can match together, such as `release-*` and `*-arm64`, are not reported.
    """,
    fix="""
        Write one rule for each entry; `expire_older_than(matching=[...])` does. If AND is intended, remove the entry
        that changes nothing, or state AND in the description.
    """,
    example="""
        from ecr_constructs import LifecyclePolicy, LifecycleRule, expire_untagged

        previews = LifecycleRule(
            rule_priority=1,
            tag_status="tagged",
            tag_prefix_list=["dev-", "pr-"],
            count_type="sinceImagePushed",
            count_number=30,
        )
        finding = LifecyclePolicy.of(expire_untagged(keep=100)).with_last_rule(previews).findings()[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
    reads_images=True,
)
def _list_of_alternatives(context: CheckContext) -> Iterator[Match]:
    for rule in context.rules:
        if len(rule.selectors) < 2:  # noqa: PLR2004  (alternatives)
            continue
        fact = f"{rule_label(rule)} lists {_listed(rule)}, and ECR requires an image to match all"
        pair = next((pair for pair in permutations(rule.selectors, 2) if pair[0].subsumes(pair[1])), None)
        if pair is not None:
            wide, narrow = (abbreviate(each.value) for each in pair)
            sentence = f"{fact}: {wide} changes nothing, because every tag like {narrow} matches it"
            yield Match(rule, sentence, {"if_and": f"if AND is intended, remove {wide}"})
        elif not _states_and(rule) and (_joined_by_or(rule) or (_is_disjoint(rule) and not _is_matched(context, rule))):
            sentence = f"{fact}: it selects only images with a tag for each entry"
            yield Match(rule, sentence, {"if_and": "if AND is intended, describe the rule as 'tagged A and B'"})


def _is_disjoint(rule: LifecycleRule) -> bool:
    """Return whether no tag can match two entries at once."""
    return any(not one.overlaps(other) for one, other in combinations(rule.selectors, 2))


def _states_and(rule: LifecycleRule) -> bool:
    """Return whether the description states AND as intents do. The word "and" alone is ambiguous."""
    listed = {each.value.strip(_PUNCTUATION) for each in rule.selectors}
    found = _TAGGED_AND.findall(rule.description or "")
    return any({word.strip(_PUNCTUATION) for word in words.split(" and ")} == listed for words in found)


def _joined_by_or(rule: LifecycleRule) -> bool:
    """Return whether the description has "or" or a slash between two entries, with few other words."""
    entries = {_core(each.value) for each in rule.selectors}
    words = re.findall(r"[\w*.-]+|/", rule.description or "")
    for i, word in enumerate(words):
        if word.lower() in ("or", "/"):
            before, after = map(_core, words[max(0, i - 2) : i]), map(_core, words[i + 1 : i + 4])
            if any(one != other and {one, other} <= entries for one, other in product(before, after)):
                return True
    return False


def _core(text: str) -> str:
    """Return the part of a pattern that people write in a sentence."""
    return text.strip("*._-").lower()


# --- prefix-matches-another -------------------------------------------------------------------------------------------


@finding_type(
    "prefix-matches-another",
    severity="warning",
    summary="A prefix ends within a word that another rule, or a tag, continues.",
    remedy="end the prefix where the word ends, such as {prefix}",
    reason="""
        `prod` selects `production` as well. If the rule precedes the rule for `production`, it acts on the images of
        that rule. If it follows and counts images, the images of the other rule count, and it keeps fewer of its own.
        An age rule that follows is not reported, and neither is a prefix that is followed by a digit or a separator,
        such as `v` and `v1.2`. With images, a rule is also reported if the tags of the repository have both words.
    """,
    fix="""
        End the prefix where the word ends: `prod-`, or the pattern `prod-*`.
    """,
    example="""
        from ecr_constructs import LifecyclePolicy, expire_untagged, keep_latest

        policy = LifecyclePolicy.of(
            keep_latest(50, matching="production-*"),
            keep_latest(10, matching="prod*"),
            expire_untagged(keep=100),
        )
        finding = policy.findings()[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
    reads_images=True,
)
def _prefix_matches_another(context: CheckContext) -> Iterator[Match]:
    for rule in context.rules:
        for selector in rule.selectors:
            word, star, rest = selector.pattern.partition("*")
            if not star or rest or not word[-1:].isalpha():
                continue
            if found := _continued_by_rule(context, rule, word) or _continued_by_tag(context, word):
                sentence = (
                    f"{rule_label(rule)} selects every tag that begins with {abbreviate(word)}, including {found}"
                )
                yield Match(rule, sentence, {"prefix": abbreviate(selector.value.replace(word, f"{word}-"))})


def _continued_by_rule(context: CheckContext, rule: LifecycleRule, word: str) -> str | None:
    """Return a description of the tags of another rule that continue the word, if the rule affects their images."""
    preceding = context.preceding_rules(rule)
    for other in context.rules:
        # ECR counts images of preceding rules, but an age rule does not act on them.
        is_unaffected = other in preceding and rule.count_type != "imageCountMoreThan"
        if other is rule or other.storage_class != rule.storage_class or is_unaffected:
            continue
        effect = (
            "which it counts" if other in preceding else f"to which it applies instead of rule {other.rule_priority}"
        )
        for selector in other.selectors:
            head = selector.pattern.partition("*")[0]
            if _continues(word, head):
                return f"those like {abbreviate(head)} of {rule_label(other)}, {effect}"
    return None


def _continued_by_tag(context: CheckContext, word: str) -> str | None:
    """Return two tags of the repository, one that continues the word and one that does not."""
    tags = {tag for tag in context.tags if tag.startswith(word)}
    longer = {tag for tag in tags if _continues(word, tag)}
    return f"both {abbreviate(min(tags - longer))} and {abbreviate(min(longer))}" if longer and longer < tags else None


def _continues(word: str, text: str) -> bool:
    return text.startswith(word) and text[len(word) : len(word) + 1].isalpha()
