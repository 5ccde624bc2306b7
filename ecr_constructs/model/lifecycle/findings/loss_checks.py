"""Checks of rules that can delete the newest images of a repository, or all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter

from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.findings.context import CheckContext, RuleRelations, rule_label
from ecr_constructs.model.lifecycle.findings.finding_type import Match, finding_type
from ecr_constructs.model.lifecycle.findings.tag_words import (
    are_temporary,
    deployed_words,
    environment_words,
    names_release,
)
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.rule_coverage import matches_all_tags
from ecr_constructs.model.lifecycle.rule_engine import RuleEngine
from ecr_constructs.model.lifecycle.schedule import ScheduledAction, schedule_index
from ecr_constructs.model.validation import abbreviate
from ecr_constructs.model.word_lists import joined, plural, shortened

__all__: list[str] = []

# The number of images in use that a sentence names.
_MOST_NAMED = 3

# --- empties-repository -----------------------------------------------------------------------------------------------


@finding_type(
    "empties-repository",
    severity="warning",
    summary="The policy deletes every image of the repository if no image is pushed.",
    remedy="keep a number of images, such as keep_latest(10, matching={matching}), or archive before you delete",
    json_remedy=(
        'keep a number of images, with "tagPatternList": [{matching_json}] and "countType": "imageCountMoreThan", or '
        "archive before you delete"
    ),
    reason="""
        The schedule of the policy over the images of the repository deletes each of them. The sentence has the day on
        which the last one is deleted, and the images that are in use, if usage is known. The newest image is often the
        one that runs. Images that the policy archives first are not counted as deleted, because they can be restored
        for at least 90 days. The finding is reported only with images.
    """,
    fix="""
        Keep a number of images with `keep_latest(...)` instead of the age rule, or keep the tags of environments
        with `keep_forever(...)`. To delete by age, archive first: `archive_older_than(...)` with
        `delete_archived(...)` leaves at least 90 days to restore an image.
    """,
    example="""
        from datetime import datetime, timezone
        from ecr_constructs import Image, LifecyclePolicy, expire_older_than

        images = [
            Image(digest="sha256:" + "0" * 64, tags=["api-7"], pushed_at=datetime(2026, 4, 20, tzinfo=timezone.utc)),
            Image(digest="sha256:" + "1" * 64, tags=["api-8"], pushed_at=datetime(2026, 5, 1, tzinfo=timezone.utc)),
        ]
        policy = LifecyclePolicy.of(expire_older_than(after_days=30))
        at = datetime(2026, 5, 24, tzinfo=timezone.utc)
        finding = policy.findings(images, at=at, in_use={images[1].digest: ["service prod/api"]})[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
    needs_images=True,
    reads_images=True,
)
def _empties_repository(context: CheckContext) -> Iterator[Match]:
    actions = _emptying_actions(context)
    if not actions:
        return
    rules = {action.rule.rule_priority: action.rule for action in actions}
    rule = next(iter(rules.values())) if len(rules) == 1 else None
    subject = rule_label(rule) if rule else f"rules {joined([str(priority) for priority in sorted(rules)])} together"
    verb = f"delete{'s' if rule else ''}" if all(each.is_certain for each in actions) else "can delete"
    newest = max((action.image for action in actions), key=attrgetter("pushed_at"))
    number = len(actions)
    images = "the only image" if number == 1 else f"all {number:,} images"
    sentence = (
        f"{subject} {verb} {images} of the repository, the last on {actions[-1].day}, if no image is pushed"
        f"{_use(context, [action.image for action in actions])}"
    )
    yield Match(rule, sentence, _floor_of([*newest.tags[:1]]))


def _emptying_actions(context: CheckContext) -> Sequence[ScheduledAction]:
    """Return the deletion of each image in the order of days, or nothing if an image is not deleted."""
    engine = context.applied_rules()
    if engine is None or not _may_be_emptied(engine):
        return ()
    images = [image for image in context.present_images() if image.status != "archived"]
    first = _first_actions(context)
    actions = [first[image.digest] for image in images if image.digest in first]
    is_emptied = len(actions) == len(images) and all(action.action == "expire" for action in actions)
    return sorted(actions, key=attrgetter("day")) if is_emptied else ()


def _may_be_emptied(engine: RuleEngine) -> bool:
    """Return whether each image outside the archive can be deleted, without the schedule, which takes longer."""
    index = engine.index
    for position in index.standard:
        claim = engine.claim(position)
        is_deleted = claim is not None and claim.action == "expire" and not claim.is_keep_rule
        # An artifact is deleted with its subject.
        if not is_deleted and position not in index.referrers:
            return False
    last = max((index.images[position].pushed_at for position in index.standard), default=None)
    # A count rule keeps the newest image, unless it is an artifact.
    return not all(
        position not in index.referrers and getattr(engine.claim(position), "count_type", "") == "imageCountMoreThan"
        for position in index.standard
        if index.images[position].pushed_at == last
    )


def _first_actions(context: CheckContext) -> Mapping[str, ScheduledAction]:
    """Return the first action on each image, by digest."""
    engine = context.applied_rules()
    actions = schedule_index(engine.index, engine, context.rules, engine.at) if engine else ()
    return {action.image.digest: action for action in reversed(actions)}


def _use(context: CheckContext, images: Sequence[Image]) -> str:
    """Return the images in use, as the end of a sentence."""
    running = [image for image in images if context.in_use.get(image.digest)]
    if not running:
        return ""
    named = [f"{_label(image)} by {context.in_use[image.digest][0]}" for image in reversed(running)]
    return f"; {len(running)} of them {'is' if len(running) == 1 else 'are'} in use: {shortened(named, _MOST_NAMED)}"


def _label(image: Image) -> str:
    return abbreviate(image.tags[0]) if image.tags else f"{image.digest[:19]}"


def _floor_of(tags: Sequence[str]) -> dict[str, str]:
    """Return the values of a remedy: the tag pattern of the images to keep, in Python and in JSON."""
    pattern = tags[0].rstrip("0123456789.") + "*" if tags else "*"
    pattern = pattern if "*" not in pattern[:-1] and len(pattern) > 1 else "*"
    return {"matching": repr(pattern), "matching_json": f'"{pattern}"'}


# --- age-deletes-newest, age-archives-newest --------------------------------------------------------------------------


@finding_type(
    "age-deletes-newest",
    severity="warning",
    summary="An age rule deletes all images, or releases, including the newest one.",
    remedy=(
        "use {by_count} instead of the age, keep the tags of environments with keep_forever(...), or use "
        "archive_older_than(...) with delete_archived(...)"
    ),
    json_remedy=(
        'use "countType": "imageCountMoreThan" instead of the age, add a rule for the tags of environments with a '
        'smaller "rulePriority" and "countNumber": 999999, or use "type": "transition" and a rule for the archive'
    ),
    reason="""
        An age rule does not keep a minimum number of images. If no image is pushed for so long, it deletes the newest
        image, which is often the one that runs. ECR does not take running containers into account. An age rule is
        reported if it selects

        - all images, or all tagged images, unless a rule before it keeps images with some tags, as
          `keep_latest` and `keep_forever` do. A rule for temporary images, such as `pr-*`, is not enough;
        - tags that name releases or environments, such as `v*`, `release-*`, `1.*`, `2026-*`, `latest`, `prod*`
          and `staging-*`, unless a rule before it keeps images with the tags of environments. Tags that also name
          temporary images, such as `v*-rc` and `prod-pr-*`, are not reported.

        ECR cannot combine an age and a number for the same images. With images, the sentence has the newest image and
        the day of its deletion.
    """,
    fix="""
        Use one of three policies. `keep_latest(10, matching=...)` instead of the age keeps the newest images; it
        also deletes younger images that are not among them. `keep_forever("production")` before the rule keeps the
        images with the tags of environments. `archive_older_than(...)` with `delete_archived(...)` leaves at least 90
        days to restore an image.
    """,
    example="""
        from ecr_constructs import LifecyclePolicy, expire_older_than

        finding = LifecyclePolicy.of(expire_older_than(after_days=30)).findings()[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
    reads_images=True,
)
def _age_deletes_newest(context: CheckContext) -> Iterator[Match]:
    risky = _without_floor(context.relations, "expire")
    if not risky or _emptying_actions(context):
        return  # the emptied repository is reported
    for rule, images in risky:
        sentence = (
            f"{rule_label(rule)} deletes {images} more than {_days(rule.count_number)} after their push, including the "
            f"newest: {_consequence(rule)}{_newest(context, rule)}"
        )
        yield Match(rule, sentence, {"by_count": _by_count(rule)})


@finding_type(
    "age-archives-newest",
    severity="info",
    summary="An age rule archives all images, or releases, including the newest one.",
    remedy="keep the tags of environments with keep_forever(...), or archive by last pull with archive_unpulled(...)",
    json_remedy=(
        'add a rule for the tags of environments with a smaller "rulePriority" and "countNumber": 999999, or use '
        '"countType": "sinceImagePulled"'
    ),
    reason="""
        An archived image cannot be pulled until it is restored, so a new task or pod that needs it does not start. The
        image is not lost: it can be restored for at least 90 days. A rule is reported under the same
        conditions as `age-deletes-newest`.
    """,
    fix="""
        Keep the tags of environments with `keep_forever(...)`, or archive by last pull: `archive_unpulled(...)`.
    """,
    example="""
        from ecr_constructs import LifecyclePolicy, archive_older_than, delete_archived

        policy = LifecyclePolicy.of(archive_older_than(after_days=180), delete_archived(after_days=365))
        finding = policy.findings()[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
    reads_images=True,
)
def _age_archives_newest(context: CheckContext) -> Iterator[Match]:
    for rule, images in _without_floor(context.relations, "transition"):
        sentence = (
            f"{rule_label(rule)} archives {images} more than {_days(rule.count_number)} after their push, including "
            f"the newest: an archived image cannot be pulled until it is restored{_newest(context, rule)}"
        )
        yield Match(rule, sentence)


# --- can-empty-repository ---------------------------------------------------------------------------------------------


@finding_type(
    "can-empty-repository",
    severity="info",
    summary="The policy keeps no minimum number of images in every repository.",
    remedy="keep a number of all tagged images, such as keep_latest(10, matching='*'), or accept it for these images",
    json_remedy=(
        'keep a number of all tagged images, with "tagPatternList": ["*"] and "countType": "imageCountMoreThan", or '
        "accept it for these images"
    ),
    reason="""
        The last rule acts on all images by age, and finally deletes them. The rules before it keep images with some
        tags only, so a repository without such tags loses all its images if none is pushed. A rule that archives by
        last pull, with one that deletes from the archive, also deletes an image that runs and is not pulled again. The
        policy can be right, for example for a cache, whose images can be pulled from the upstream registry again. With
        images, `empties-repository` is reported instead, if it happens. `age-deletes-newest` is reported instead if no
        rule keeps images.
    """,
    fix="""
        Keep a number of the images with any tag: `keep_latest(10, matching="*")`. If the policy applies only to
        repositories with the tags that it keeps, acknowledge the finding.
    """,
    example="""
        from ecr_constructs import LifecyclePolicy, expire_older_than, keep_latest

        policy = LifecyclePolicy.of(keep_latest(5, matching="prod*"), expire_older_than(after_days=30))
        finding = policy.findings()[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
    reads_images=True,
)
def _can_empty_repository(context: CheckContext) -> Iterator[Match]:
    if context.images is not None:
        return
    relations = context.relations
    reported = [rule for rule, _ in _without_floor(relations, "expire")]
    for rule in relations.effective:
        if rule.tag_status != "any" or rule.count_unit is None or rule.storage_class == "archive" or rule in reported:
            continue
        preceding = relations.preceding[rule.rule_priority]
        if any(matches_all_tags(each) and not _is_by_age(each, "expire") for each in preceding):
            continue
        if end := _deletion(relations, rule):
            kept = [each for each in preceding if each.tag_status == "tagged" and _keeps_newest(each)]
            yield Match(None, f"{end}{_in_repositories(kept)}")


def _deletion(relations: RuleRelations, rule: LifecycleRule) -> str | None:
    """Return how an age rule over all images deletes them, or None if it archives them and no rule deletes them."""
    if rule.action == "expire":
        return f"{rule_label(rule)} deletes the images more than {_days(rule.count_number)} after their push"
    in_archive = (each for each in relations.effective if each.storage_class == "archive" and each.tag_status == "any")
    if (second := next(in_archive, None)) is None:
        return None
    event = "last pull" if rule.count_type == "sinceImagePulled" else "push"
    return (
        f"{rule_label(rule)} archives the images more than {_days(rule.count_number)} after their {event}, and rule "
        f"{second.rule_priority} deletes them more than {_days(second.count_number)} later"
    )


def _in_repositories(kept: Sequence[LifecycleRule]) -> str:
    """Return the repositories in which no image remains, as the end of a sentence."""
    tags = list(dict.fromkeys(abbreviate(each.pattern) for rule in kept for each in rule.selectors))
    without = f" without images tagged {', '.join(tags[:-1]) + ' or ' if tags[1:] else ''}{tags[-1]}" if tags else ""
    return f": if the newest image is one of them, no image of a repository{without} remains, not even one that runs"


def _is_by_age(rule: LifecycleRule, action: str) -> bool:
    return (rule.count_type, rule.action, rule.is_keep_rule) == ("sinceImagePushed", action, False)


@lru_cache(maxsize=256)
def _without_floor(relations: RuleRelations, action: str) -> Sequence[tuple[LifecycleRule, str]]:
    """Return the rules by age with an action on important images of which no rule before it keeps some, with these."""
    rules = [rule for rule in relations.effective if _is_by_age(rule, action)]
    return [(rule, images) for rule in rules if (images := _images_without_floor(relations, rule))]


def _images_without_floor(relations: RuleRelations, rule: LifecycleRule) -> str | None:
    """Return the images of a rule by age if they are important, and no rule before it keeps some of them."""
    preceding = relations.preceding[rule.rule_priority]
    keeping = [each for each in preceding if each.rule_priority in relations.selectable and _keeps_newest(each)]
    if rule.tag_status == "untagged":
        return None
    if rule.tag_status == "any" or matches_all_tags(rule):
        if any(map(matches_all_tags, preceding)):
            return None  # only untagged images are left
        return None if keeping else f"all {'images' if rule.tag_status == 'any' else 'tagged images'}"
    words = environment_words(rule.selectors)
    if are_temporary(rule.selectors) or not (words or names_release(rule.selectors)):
        return None
    kept = frozenset(word for each in keeping for word in environment_words(each.selectors))
    is_kept = bool(kept & words or deployed_words(kept)) if words else bool(kept)
    return None if is_kept else f"images tagged {joined([abbreviate(each.pattern) for each in rule.selectors])}"


def _keeps_newest(rule: LifecycleRule) -> bool:
    """Return whether a rule for tags keeps some of its images, and its tags are not those of temporary images."""
    return rule.tag_status == "tagged" and not _is_by_age(rule, "expire") and not are_temporary(rule.selectors)


def _consequence(rule: LifecycleRule) -> str:
    if rule.tag_status == "any":
        return f"if none is pushed for {_days(rule.count_number)}, it can empty the repository"
    return f"if none is pushed for {_days(rule.count_number)}, none of them is left"


def _by_count(rule: LifecycleRule) -> str:
    patterns = [selector.pattern for selector in rule.selectors]
    if len(patterns) > 1:
        return f"keep_latest(10, matching_all={patterns!r})"
    return f"keep_latest(10, matching={patterns[0]!r})" if patterns else "limit_images(10)"


def _newest(context: CheckContext, rule: LifecycleRule) -> str:
    """Return the newest image of a rule with the day of the action on it, as the end of a sentence."""
    actions = [each for each in _first_actions(context).values() if each.rule == rule] if context.images else []
    if not actions:
        return ""
    last = max(actions, key=lambda action: action.image.pushed_at)
    verb = "deleted" if last.action == "expire" else "archived"
    return f"; the newest, {_label(last.image)}, is {verb} on {last.day}{_use(context, [last.image])}"


# --- kept-images-fill-count -------------------------------------------------------------------------------------------


@finding_type(
    "kept-images-fill-count",
    severity="warning",
    summary="Images that earlier rules keep can use up the number of a count rule.",
    remedy="use a larger number than the other rules keep, or count only the tags that no rule before it selects",
    json_remedy=(
        'use a larger "countNumber" than the other rules keep, or a "tagPatternList" of tags that no rule before it '
        "selects"
    ),
    reason="""
        A count rule counts every image that it selects, including images that a rule before it keeps. If these are the
        newest images, the count rule deletes all other images that it selects, including images that were pushed today.
        A rule is reported if it selects every image of rules before it that keep at least as many images as its number:
        one `keep_forever`, or several `keep_latest`. With images, a rule is reported only if kept images use up its
        number at that instant; the sentence has the images that are deleted.
    """,
    fix="""
        Use a larger number: the number of images to keep, plus those that the other rules keep. If a rule before it
        keeps an unlimited number, count other tags instead, such as `keep_latest(10, matching="dev-*")`.
    """,
    example="""
        from ecr_constructs import LifecyclePolicy, keep_forever, limit_images

        finding = LifecyclePolicy.of(keep_forever("lts-*"), limit_images(4)).findings()[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
    reads_images=True,
)
def _kept_images_fill_count(context: CheckContext) -> Iterator[Match]:
    counting = [rule for rule in context.effective_rules() if rule.count_type == "imageCountMoreThan"]
    if context.images is not None:
        engine = context.applied_rules()
        yield from filter(None, (_filled(engine, rule) for rule in counting if engine is not None))
        return
    for rule in counting:
        keeping = [
            each
            for each in context.preceding_rules(rule)
            if context.can_select(each) and _most_kept(each) and _includes(rule, each)
        ]
        if sum(map(_most_kept, keeping)) >= rule.count_number:
            yield Match(rule, f"{rule_label(rule)} {_fact(rule, keeping)}")


def _fact(rule: LifecycleRule, keeping: Sequence[LifecycleRule]) -> str:
    newest = "image is one of" if rule.count_number == 1 else f"{rule.count_number:,} images are among"
    rules = f"rule{'' if len(keeping) == 1 else 's'} {joined([str(each.rule_priority) for each in keeping])}"
    verb = "deletes" if rule.action == "expire" else "archives"
    return (
        f"counts the images that {rules} keep{'s' if len(keeping) == 1 else ''}: if the newest {newest} them, it "
        f"{verb} all others, including new ones"
    )


def _filled(engine: RuleEngine, rule: LifecycleRule) -> Match | None:
    """Return the result if images of other rules use up the number of a rule, and it selects further images."""
    index = engine.index
    claims = {position: claim for position in index.standard if (claim := engine.claim(position)) is not None}
    own = [position for position, claim in claims.items() if claim.rule_priority == rule.rule_priority]
    of_others = {position for position, claim in claims.items() if claim.rule_priority < rule.rule_priority}
    if not own or len(of_others) < rule.count_number:
        return None
    if not of_others.issuperset(index.selected(rule, index.standard)[: rule.count_number]):
        return None
    places = "place" if rule.count_number == 1 else f"{rule.count_number:,} places"
    number = "the only other image" if len(own) == 1 else f"all {len(own):,} other images"
    verb = "deletes" if rule.action == "expire" else "archives"
    newest = index.images[own[0]]
    sentence = (
        f"images of rules before it take all {places} of {rule_label(rule)}, so it {verb} {number}; the newest of "
        f"them, {_label(newest)}, was pushed on {newest.pushed_at.date()}"
    )
    return Match(rule, sentence.replace("all place ", "the only place "))


def _most_kept(rule: LifecycleRule) -> float:
    """Return the largest number of images that a rule keeps: none for an age rule, which keeps the youngest."""
    if rule.is_keep_rule:
        return float("inf")
    return 0 if rule.count_unit else rule.count_number


def _includes(rule: LifecycleRule, other: LifecycleRule) -> bool:
    """Return whether a rule selects every image of another."""
    if rule.tag_status == "any":
        return True
    return rule.tag_status == other.tag_status and all(
        any(selector.subsumes(each) for each in other.selectors) for selector in rule.selectors
    )


def _days(days: int) -> str:
    return f"{days:,} {plural(days, 'day')}"
