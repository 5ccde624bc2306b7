"""
What people mean by a lifecycle policy, and the rules that say it to ECR.

ECR knows no NOT, reads a list of tags as AND, and lets every image belong to the first rule that selects it. So what
is to stay comes first, several patterns become one rule each, and rules over all images come last.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model.lifecycle.drafts import RuleBuilder, rules_of
from ecr_constructs.model.lifecycle.rule import MORE_IMAGES_THAN_FIT, Action, LifecycleRule
from ecr_constructs.model.validation import abbreviate

__all__ = [
    "Intent",
    "archive_older_than",
    "archive_unpulled",
    "archive_untagged",
    "delete_archived",
    "expire_older_than",
    "expire_unmatched",
    "expire_untagged",
    "keep_forever",
    "keep_latest",
    "limit_images",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """
    One thing a lifecycle policy should do. Made by the functions of this module, compiled by `LifecyclePolicy.of`.

    Attributes:
        call: How it was written, for messages.
        shields: Rules that never act, and keep images from the rules below them.
        rules: Rules that act.

    """

    call: str
    shields: tuple[LifecycleRule, ...] = ()
    rules: tuple[LifecycleRule, ...] = ()

    def __repr__(self) -> str:
        """Return the call."""
        return self.call


def keep_latest(count: int, *, matching: str | None = None, matching_all: Sequence[str] | None = None) -> Intent:
    """
    Keep the newest images of a kind, by time of push, and expire the others of that kind.

    Args:
        count: How many images stay.
        matching: One tag pattern. Several patterns would leave open how many of each stay: write one intent each.
        matching_all: Patterns that must *all* match one of the image's tags, as ECR reads a list.

    Raises:
        InvalidLifecyclePolicy: for a count below 1, a malformed pattern, or not exactly one of the two.

    >>> keep_latest(10, matching="release-*")
    keep_latest(10, matching='release-*')

    """
    call = _call("keep_latest", count, matching=matching, matching_all=matching_all)
    if matching is not None and not isinstance(matching, str):
        reason = f"each keeps its own {abbreviate(count)}"
        raise InvalidLifecyclePolicy(
            [f"{call}: matching takes one pattern, for {reason}; write one intent per pattern"]
        )
    if (matching is None) == (matching_all is None):
        raise InvalidLifecyclePolicy([f"{call}: give one of matching= and matching_all="])
    patterns = _all_of(call, matching_all) if matching is None else (matching,)
    description = f"Keep the newest {_images(count)} tagged {_and(patterns)}"
    argument = "matching_all" if matching is None else "matching"
    draft = RuleBuilder(call, description, tag_status="tagged", patterns=patterns, number="count", argument=argument)
    return Intent(call=call, rules=(draft.rule("imageCountMoreThan", count),))


def keep_forever(*patterns: str) -> Intent:
    """
    Keep every image that matches any of the patterns; no other intent touches them.

    Args:
        patterns: Tag patterns.

    Raises:
        InvalidLifecyclePolicy: if there is no pattern, or a malformed one.

    >>> keep_forever("v*", "production")
    keep_forever('v*', 'production')

    """
    call = _call("keep_forever", *patterns)
    return Intent(call=call, shields=_shields(call, patterns, "patterns", "Keep every image tagged {}"))


def limit_images(count: int) -> Intent:
    """
    Keep the newest images of the repository, tagged or not, and expire the others.

    Images that other intents keep count too: ECR takes the newest `count` of all, and spares what is kept beyond them.

    Args:
        count: How many images stay.

    Raises:
        InvalidLifecyclePolicy: for a count below 1.

    >>> limit_images(500)
    limit_images(500)

    """
    call = _call("limit_images", count)
    draft = RuleBuilder(call, f"Keep the newest {_images(count)} of all", tag_status="any", number="count")
    return Intent(call=call, rules=(draft.rule("imageCountMoreThan", count),))


def expire_untagged(*, after_days: int | None = None, keep: int | None = None) -> Intent:
    """
    Expire images without a tag, by age or by number.

    ECR counts the age from the *push*, not from the moment the image lost its tag: where tags can move, `keep=` leaves
    time to go back and `after_days=` may leave none.

    Args:
        after_days: Expire them this many days after their push.
        keep: Keep the newest so many instead.

    Raises:
        InvalidLifecyclePolicy: for a number below 1, or not exactly one of the two.

    >>> expire_untagged(after_days=14)
    expire_untagged(after_days=14)

    """
    call = _call("expire_untagged", after_days=after_days, keep=keep)
    if (after_days is None) == (keep is None):
        raise InvalidLifecyclePolicy([f"{call}: give one of after_days= and keep="])
    if keep is not None:
        draft = RuleBuilder(
            call, f"Keep the newest {abbreviate(keep)} untagged images", tag_status="untagged", number="keep"
        )
        return Intent(call=call, rules=(draft.rule("imageCountMoreThan", keep),))
    draft = RuleBuilder(call, f"Expire untagged images {_days(after_days)} after push", tag_status="untagged")
    return Intent(call=call, rules=(draft.rule("sinceImagePushed", after_days),))


def expire_older_than(
    *, after_days: int, matching: str | Sequence[str] | None = None, matching_all: Sequence[str] | None = None
) -> Intent:
    """
    Expire images so many days after their push.

    Args:
        after_days: The age in days.
        matching: One tag pattern, or several of which any may match. Default: every image, tagged or not.
        matching_all: Patterns that must *all* match one of the image's tags, as ECR reads a list.

    Raises:
        InvalidLifecyclePolicy: for an age below 1 day, a malformed pattern, or both kinds of patterns.

    >>> expire_older_than(after_days=30, matching=["dev-*", "pr-*"])
    expire_older_than(after_days=30, matching=['dev-*', 'pr-*'])

    """
    call = _call("expire_older_than", after_days=after_days, matching=matching, matching_all=matching_all)
    return Intent(
        call=call,
        rules=_by_age(
            call, "Expire", action="expire", after_days=after_days, matching=matching, matching_all=matching_all
        ),
    )


def expire_unmatched(*, keeping: str | Sequence[str], after_days: int) -> Intent:
    """
    Expire tagged images that match *none* of the patterns, so many days after their push.

    ECR has no NOT: images that match get a rule of their own that never acts, unless an intent written before this
    one has a rule for them already.

    Args:
        keeping: One tag pattern, or several; images that match any of them are left to the other intents.
        after_days: The age in days.

    Raises:
        InvalidLifecyclePolicy: for an age below 1 day, or a malformed pattern.

    >>> expire_unmatched(keeping=["v*", "latest"], after_days=30)
    expire_unmatched(keeping=['v*', 'latest'], after_days=30)

    """
    call = _call("expire_unmatched", keeping=keeping, after_days=after_days)
    shields = _shields(
        call, _any_of(call, "keeping", keeping), "keeping", "Spare images tagged {} from the rules below"
    )
    description = f"Expire other tagged images {_days(after_days)} after push"
    rest = RuleBuilder(call, description, tag_status="tagged", patterns=("*",))
    return Intent(call=call, shields=shields, rules=(rest.rule("sinceImagePushed", after_days),))


def archive_unpulled(*, after_days: int) -> Intent:
    """
    Archive every image that nobody pulled for so many days. ECR deletes nothing for that reason; see `delete_archived`.

    Args:
        after_days: Days since the last pull, or since the push of an image that was never pulled.

    Raises:
        InvalidLifecyclePolicy: for an age below 1 day.

    >>> archive_unpulled(after_days=120)
    archive_unpulled(after_days=120)

    """
    call = _call("archive_unpulled", after_days=after_days)
    draft = RuleBuilder(
        call, f"Archive images not pulled for {_days(after_days)}", tag_status="any", action="transition"
    )
    return Intent(call=call, rules=(draft.rule("sinceImagePulled", after_days),))


def archive_older_than(
    *, after_days: int, matching: str | Sequence[str] | None = None, matching_all: Sequence[str] | None = None
) -> Intent:
    """
    Archive images so many days after their push.

    Args:
        after_days: The age in days.
        matching: One tag pattern, or several of which any may match. Default: every image, tagged or not.
        matching_all: Patterns that must *all* match one of the image's tags, as ECR reads a list.

    Raises:
        InvalidLifecyclePolicy: for an age below 1 day, a malformed pattern, or both kinds of patterns.

    >>> archive_older_than(after_days=365, matching="v*")
    archive_older_than(after_days=365, matching='v*')

    """
    call = _call("archive_older_than", after_days=after_days, matching=matching, matching_all=matching_all)
    return Intent(
        call=call,
        rules=_by_age(
            call, "Archive", action="transition", after_days=after_days, matching=matching, matching_all=matching_all
        ),
    )


def archive_untagged(*, after_days: int) -> Intent:
    """
    Archive images without a tag, so many days after their push.

    Args:
        after_days: The age in days.

    Raises:
        InvalidLifecyclePolicy: for an age below 1 day.

    >>> archive_untagged(after_days=7)
    archive_untagged(after_days=7)

    """
    call = _call("archive_untagged", after_days=after_days)
    description = f"Archive untagged images {_days(after_days)} after push"
    draft = RuleBuilder(call, description, tag_status="untagged", action="transition")
    return Intent(call=call, rules=(draft.rule("sinceImagePushed", after_days),))


def delete_archived(*, after_days: int) -> Intent:
    """
    Delete images so many days after they were archived, except those of `keep_forever`.

    Args:
        after_days: Days in the archive; ECR asks for at least 90.

    Raises:
        InvalidLifecyclePolicy: for less than 90 days.

    >>> delete_archived(after_days=180)
    delete_archived(after_days=180)

    """
    call = _call("delete_archived", after_days=after_days)
    draft = RuleBuilder(call, f"Delete images {_days(after_days)} after they were archived", tag_status="any")
    return Intent(call=call, rules=(draft.rule("sinceImageTransitioned", after_days),))


def _by_age(
    call: str,
    verb: str,
    *,
    action: Action,
    after_days: int,
    matching: str | Sequence[str] | None,
    matching_all: Sequence[str] | None,
) -> tuple[LifecycleRule, ...]:
    if matching is not None and matching_all is not None:
        raise InvalidLifecyclePolicy([f"{call}: give one of matching= and matching_all="])
    if matching is None and matching_all is None:
        draft = RuleBuilder(call, f"{verb} every image {_days(after_days)} after push", tag_status="any", action=action)
        return (draft.rule("sinceImagePushed", after_days),)
    each = (
        [_all_of(call, matching_all)]
        if matching_all is not None
        else [(pattern,) for pattern in _any_of(call, "matching", matching)]
    )
    drafts = [
        RuleBuilder(
            call,
            f"{verb} images tagged {_and(patterns)} {_days(after_days)} after push",
            tag_status="tagged",
            patterns=patterns,
            action=action,
            argument="matching" if matching_all is None else "matching_all",
        )
        for patterns in each
    ]
    return rules_of(drafts, "sinceImagePushed", after_days)


def _shields(call: str, patterns: Sequence[str], argument: str, description: str) -> tuple[LifecycleRule, ...]:
    if not patterns:
        raise InvalidLifecyclePolicy([f"{call}: {argument}: no pattern; name the tags to keep"])
    drafts = [
        RuleBuilder(call, description.format(pattern), tag_status="tagged", patterns=(pattern,), argument=argument)
        for pattern in patterns
    ]
    return rules_of(drafts, "imageCountMoreThan", MORE_IMAGES_THAN_FIT)


def _any_of(call: str, argument: str, patterns: object) -> Sequence[Any]:
    if isinstance(patterns, str):
        return (patterns,)
    if not isinstance(patterns, Sequence) or not patterns:
        raise InvalidLifecyclePolicy(
            [f"{call}: {argument}: {abbreviate(patterns)} is no pattern; give one, or a list of them"]
        )
    return patterns


def _all_of(call: str, patterns: object) -> tuple[Any, ...]:
    if isinstance(patterns, str):
        text = abbreviate(patterns)
        raise InvalidLifecyclePolicy(
            [f"{call}: matching_all: {text} is a bare string where a list belongs; write [{text}]"]
        )
    return tuple(_any_of(call, "matching_all", patterns))


def _call(name: str, *args: object, **options: object) -> str:
    given = [f"{key}={abbreviate(value)}" for key, value in options.items() if value is not None]
    return f"{name}({', '.join([*map(abbreviate, args), *given])})"


def _and(patterns: Sequence[object]) -> str:
    return " and ".join(map(str, patterns))


def _images(count: object) -> str:
    return f"{abbreviate(count)} image{'' if count == 1 else 's'}"


def _days(days: object) -> str:
    return f"{abbreviate(days)} day{'' if days == 1 else 's'}"
