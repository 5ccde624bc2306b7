"""Checks of descriptions that contradict their rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ecr_constructs.model.lifecycle.findings.context import CheckContext, rule_label
from ecr_constructs.model.lifecycle.findings.described_limits import DescribedLimit, described_limits
from ecr_constructs.model.lifecycle.findings.finding_type import Match, finding_type
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.rule_coverage import matches_all_tags
from ecr_constructs.model.word_lists import joined

__all__: list[str] = []

# A description has one sentence. A longer text is read up to here, because a policy can have 30,720 characters.
_MOST_CHARACTERS = 500


@finding_type(
    "description-contradicts-rule",
    severity="warning",
    summary="The description of a rule has a different number, a different unit or different images than the rule.",
    remedy="correct the rule or its description",
    reason="""
        The description is the only place for the intent of a rule, and later authors rely on it. A description is
        reported if it has

        - another number: *drop images older than 90 days*, but the rule has 30 days. Weeks, months, quarters and years
          are converted to days, and numbers can be words. If a description has several numbers, one correct number is
          enough;
        - another unit: *expire after 3 days*, but the rule keeps 3 images;
        - other images: *the newest 30 tagged images*, but the rule also selects untagged images; *untagged images*, but
          the rule selects tags; *all images*, but the rule selects only some; or *production*, but the rule selects
          `dev-*`.

        A number that belongs to a tag, a version, a date, a size or a ticket is ignored. A description in another
        language is not reported. After a rule for untagged images, a rule over all images acts on tagged images only,
        and its description may state this.
    """,
    fix="""
        Correct the rule if the description is right. Otherwise correct the description, which has no effect
        on images.
    """,
    example='''
        from ecr_constructs import LifecyclePolicy

        policy = LifecyclePolicy.from_json("""{"rules": [{
            "rulePriority": 1,
            "description": "Drop untagged images older than 90 days",
            "selection": {
                "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 30
            },
            "action": {"type": "expire"}
        }]}""")
        finding = policy.findings()[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    ''',
)
def _description_contradicts_rule(context: CheckContext) -> Iterator[Match]:
    for rule in context.rules:
        text = " ".join((rule.description or "")[:_MOST_CHARACTERS].split())
        if fact := _limit_fact(rule, described_limits(text)) or _scope_fact(context, rule, text):
            yield Match(rule, f"{rule_label(rule)} {fact}")


# --- numbers ----------------------------------------------------------------------------------------------------------


def _limit_fact(rule: LifecycleRule, limits: Sequence[DescribedLimit]) -> str | None:
    """Return the fact if a description has numbers, and none of them is the number of the rule."""
    unit = "days" if rule.count_unit else "images"
    if any(each.unit in (unit, None) and each.allows(rule.count_number) for each in limits):
        return None
    limits = [each for each in limits if each.is_certain]
    if not limits:
        return None
    stated = joined([repr(text) for text in dict.fromkeys(each.text for each in limits)])
    number = f"{rule.count_number:,} {unit if rule.count_number > 1 else unit[:-1]}"
    if all(each.unit not in (unit, None) for each in limits):
        return f"is described with {stated}, and its number is a number of {unit}: {number}"
    return f"is described with {stated}, and its number is {number}"


# --- images -----------------------------------------------------------------------------------------------------------

_NEGATED_TAGGED = re.compile(
    r"\b(?:not|no longer|never|non|without being|isn't|aren't)[ -](?:\w+ )?tagged\b", re.IGNORECASE
)
_UNTAGGED = re.compile(
    r"\b(?:un-?tagged|dangling)\b|\b(?:without|with no|have no|has no) (?:a |any )?tags?\b", re.IGNORECASE
)
_TAGGED = re.compile(r"(?<!un)(?<!un-)\btagged\b", re.IGNORECASE)
# Tagged images that remain. The rule is about the others: "keep only tagged images". "Keep tagged images for 30
# days" is about tagged images.
_TAGGED_REMAIN = re.compile(
    r"\b(?:(?:keep|leave|preserve|protect|retain|save)(?:s|ing)?(?: only| just)?|only (?:keep|leave|retain)s?) "
    r"(?:the |all )?tagged\b(?! (?:\w+ )?(?:for|up to|until)\b)"
    r"|\btagged (?:\w+ )?(?:only )?(?:are|is|remain|stay|(?:must|should|will) be) (?:kept|left|preserved|retained)\b"
    r"|\bonly tagged (?:\w+ )?(?:remains?|stays?)\b",
    re.IGNORECASE,
)
# Words with which a description can be about more images, or about others.
_WIDER = re.compile(
    r"\b(?:all|any|both|every|everything|regardless|whatever|irrespective|except|excluding|excludes?|unless|above|below|"
    r"elsewhere|others?|rest|remaining|either|include[sd]?|including|also|but|not|never|too|plus)\b|[/&+]",
    re.IGNORECASE,
)
_ALL_IMAGES = re.compile(
    r"\b(?:all|any|every)(?: of the)?(?: (?:old|older|container|docker|ecr))? images?\b(?! (?:tagged|with|that|which|"
    r"for|from|of|in|on|but|except|matching|starting|beginning|having|other|under|whose|labell?ed|built))"
    r"|\b(?:everything|anything) (?:that is )?(?:older|beyond|above|over|after|not (?:pulled|used))\b",
    re.IGNORECASE,
)
# The words for one purpose of images.
_PURPOSES = {
    word: purpose
    for purpose, words in {
        "production": "production prod prd",
        "staging": "staging stage stg",
        "development": "development develop dev",
        "test": "testing test tests",
        "acceptance": "acceptance uat",
        "qa": "qa",
        "feature branches": "feature features feat",
        "releases": "release releases",
    }.items()
    for word in words.split()
}


def _scope_fact(context: CheckContext, rule: LifecycleRule, text: str) -> str | None:
    """Return the fact if a description is about other images than the rule."""
    plain = _NEGATED_TAGGED.sub("untagged", text)
    says_untagged, says_tagged = bool(_UNTAGGED.search(plain)), bool(_TAGGED.search(plain))
    is_narrow = not _WIDER.search(plain)
    if rule.tag_status == "any":
        preceding = context.preceding_rules(rule)
        if says_tagged and not says_untagged and is_narrow and not any(e.tag_status == "untagged" for e in preceding):
            return "is described for tagged images, and it selects untagged images as well"
        return None
    if (
        rule.tag_status == "untagged"
        and says_tagged
        and not (says_untagged or _TAGGED_REMAIN.search(plain))
        and is_narrow
    ):
        return "is described for tagged images, and it selects untagged images only"
    if rule.tag_status == "tagged" and says_untagged and not says_tagged and is_narrow and not _names(rule, plain):
        return "is described for untagged images, and it selects tagged images only"
    if not (says_untagged or says_tagged or matches_all_tags(rule) or _names(rule, plain)) and _ALL_IMAGES.search(text):
        return f"is described for all images, and it selects {rule.tag_status} images only"
    return _purpose_fact(rule, plain) if is_narrow else None


def _names(rule: LifecycleRule, text: str) -> bool:
    """Return whether a description has an entry of the tag list."""
    entries = (each.value.strip("*._-").lower() for each in rule.selectors)
    return any(entry and re.search(rf"(?<![a-z0-9]){re.escape(entry)}", text.lower()) for entry in entries)


def _purpose_fact(rule: LifecycleRule, text: str) -> str | None:
    """Return the fact if a description and a tag list name different purposes, such as production and development."""
    described = _purposes(text)
    selected = _purposes(" ".join(each.value for each in rule.selectors))
    if not described or not selected or described & selected:
        return None
    tags = joined([repr(each.value) for each in rule.selectors])
    return f"is described for {joined(sorted(described))}, and it selects tags like {tags}"


def _purposes(text: str) -> set[str]:
    # "Stage 2" is a step of a procedure.
    words = re.findall(r"[a-z]+(?![a-z]| \d)", text.lower())
    return {_PURPOSES[word] for word in words if word in _PURPOSES}
