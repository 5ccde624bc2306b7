"""
The problem of a policy with an age and a number for the same images, with the alternatives in ECR.

A rule has one `countType`, and an image belongs to one rule, so "older than 30 days, but never the newest 10" is not
expressible: https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
"""

from __future__ import annotations

from collections.abc import Sequence

from ecr_constructs.model.lifecycle.rule import MINIMUM_DAYS_ARCHIVED, LifecycleRule, TagStatus
from ecr_constructs.model.word_lists import plural

__all__ = ["combined_limits_problem", "combines_age_and_count", "rules_problem"]


def combines_age_and_count(one: LifecycleRule, other: LifecycleRule) -> bool:
    """
    Return whether one of two rules that delete images has an age and the other a number.

    Args:
        one: A rule.
        other: Another rule for the same images.

    """
    deletes = one.action == other.action == "expire" and not (one.is_keep_rule or other.is_keep_rule)
    return deletes and {one.count_type, other.count_type} == {"imageCountMoreThan", "sinceImagePushed"}


def rules_problem(one: LifecycleRule, other: LifecycleRule) -> str:
    """
    Return the problem of an age rule and a count rule for the same images.

    Args:
        one: A rule.
        other: The other rule.

    """
    by_count, by_age = (one, other) if one.count_unit is None else (other, one)
    return combined_limits_problem(
        days=by_age.count_number,
        count=by_count.count_number,
        status=by_age.tag_status,
        aged=_matching(by_age),
        counted=_matching(by_count),
    )


def combined_limits_problem(*, days: int, count: int, status: TagStatus, aged: str = "", counted: str = "") -> str:
    """
    Return the problem of an age and a number for the same images, with three alternatives.

    Args:
        days: The age in days.
        count: The number of images to keep.
        status: The tag status of the images.
        aged: The arguments that select the images of the age, such as `, matching='v*'`. Default: none.
        counted: The arguments that select the images of the number. Default: none.

    """
    function = "untagged" if status == "untagged" else "older_than"
    by_age, archive = (f"{verb}_{function}(after_days={days}{aged})" for verb in ("expire", "archive"))
    only_one = "; it also allows only one rule over all images in each storage class" if status == "any" else ""
    age = f"{days} {plural(days, 'day')}"
    return (
        f"'older than {age}, but never the newest {count}' is not possible: ECR cannot combine an age and a "
        f"number for the same images{only_one}. Use one of: (1) {_by_count(count, status, counted)} without the age, "
        f"which also deletes images that are at most {age} old and not among the newest {count}; "
        f"(2) {by_age} with {_kept(status)}; (3) {archive} with delete_archived(after_days={MINIMUM_DAYS_ARCHIVED}), "
        f"which leaves at least {MINIMUM_DAYS_ARCHIVED} days to restore an image"
    )


def _by_count(count: int, status: TagStatus, counted: str) -> str:
    if status == "any":
        return f"limit_images({count})"
    return f"expire_untagged(keep={count})" if status == "untagged" else f"keep_latest({count}{counted})"


def _kept(status: TagStatus) -> str:
    if status == "untagged":
        return "a tag for each image to keep, because the rule deletes untagged images only"
    return "keep_forever(...) for the tags of environments, such as 'production', which keeps the images that have them"


def _matching(rule: LifecycleRule) -> str:
    patterns: Sequence[str] = [selector.pattern for selector in rule.selectors]
    if len(patterns) > 1:
        return f", matching_all={patterns!r}"
    return f", matching={patterns[0]!r}" if patterns else ""
