"""
Lifecycle intents: functions that describe the purpose of a policy, and the rules that implement it in ECR.

ECR has no NOT, requires every entry of a tag list to match (AND), and assigns each image to the first rule that selects
it. Therefore rules that keep images come first, several patterns become one rule each, and rules over all images come
last. https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ecr_constructs.errors import InvalidLifecyclePolicy, Problems
from ecr_constructs.model.lifecycle.combined_limits import combined_limits_problem
from ecr_constructs.model.lifecycle.rule import (
    MORE_IMAGES_THAN_FIT,
    Action,
    CountType,
    LifecycleRule,
    TagStatus,
    count_problems,
    is_number_token,
    pattern_problems,
)
from ecr_constructs.model.validation import abbreviate
from ecr_constructs.model.word_lists import counted

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


class _Duration(Protocol):
    """A duration such as `aws_cdk.Duration`."""

    def to_days(self) -> float:
        """Return the number of days."""


Days = int | _Duration


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """
    One purpose of a lifecycle policy. The functions of this module create it, and `LifecyclePolicy.of` compiles it.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html

    Attributes:
        function: The name of the function that created it, such as `keep_latest`.
        arguments: The positional arguments.
        options: The names and values of the given keyword arguments. Lists are tuples.
        keep_rules: Rules that never act, and keep images from the rules below them.
        rules: Rules that act.

    >>> intent = keep_latest(10, matching="v*")
    >>> intent.function, intent.rules[0].count_number
    ('keep_latest', 10)

    """

    function: str
    arguments: tuple[object, ...] = ()
    options: tuple[tuple[str, object], ...] = ()
    keep_rules: tuple[LifecycleRule, ...] = ()
    rules: tuple[LifecycleRule, ...] = ()

    def __repr__(self) -> str:
        """Return the complete call."""
        return _call_text(self.function, map(_python, self.arguments), ((n, _python(v)) for n, v in self.options))

    def __str__(self) -> str:
        """Return the call for messages: long values are abbreviated."""
        options = ((name, abbreviate(_thawed(value))) for name, value in self.options)
        return _call_text(self.function, map(abbreviate, self.arguments), options)


def keep_latest(count: int, *, matching: str | None = None, matching_all: Sequence[str] | None = None) -> Intent:
    """
    Keep the newest images that match, by time of push, and delete the others that match.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html

    Args:
        count: The number of images to keep.
        matching: One tag pattern. For several patterns, write one intent for each, because each keeps its own number of
            images.
        matching_all: Tag patterns. An image must match *all* of them, each with one of its tags.

    Raises:
        TypeError: If an argument is of the wrong kind.
        InvalidLifecyclePolicy: If the count is below 1, a pattern is malformed, or not exactly one of `matching` and
            `matching_all` is given.

    >>> keep_latest(10, matching="release-*")
    keep_latest(10, matching='release-*')

    """
    call = _Call("keep_latest", [count], {"matching": matching, "matching_all": matching_all})
    call.check_count("count", count, "imageCountMoreThan")
    if isinstance(matching, Sequence) and not isinstance(matching, (str, bytes)):
        call.reject_kind(
            f"matching must be one pattern such as 'v*', got {abbreviate(matching)}; each pattern keeps its own number "
            "of images, so write one keep_latest for each"
        )
    else:
        call.check_patterns("matching", matching, str)
    call.check_matching_all(matching_all)
    call.check_exactly_one_of({"matching": matching, "matching_all": matching_all})
    call.raise_if_any()
    patterns = [matching] if matching is not None else list(matching_all or ())
    description = f"Keep the newest {counted(count, 'image')} tagged {_all_of(patterns)}"
    return call.intent(rules=[_tagged(description, patterns, "imageCountMoreThan", count)])


def keep_forever(*patterns: str) -> Intent:
    """
    Keep every image that matches any of the patterns. No other intent deletes or archives these images.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html

    Args:
        patterns: Tag patterns.

    Raises:
        TypeError: If a pattern is not a string.
        InvalidLifecyclePolicy: If there is no pattern, or a malformed one.

    >>> keep_forever("v*", "production")
    keep_forever('v*', 'production')

    """
    call = _Call("keep_forever", patterns)
    lists = [each for each in patterns if isinstance(each, Sequence) and not isinstance(each, (str, bytes))]
    if lists:
        call.reject_kind(f"patterns must be strings, got {abbreviate(lists[0])}; write keep_forever(*patterns)")
    else:
        call.check_patterns("patterns", patterns, Sequence)
    call.raise_if_any()
    return call.intent(keep_rules=_keep_rules("Keep every image tagged {}", patterns))


def limit_images(count: int) -> Intent:
    """
    Keep the newest images of the repository, tagged or not, and delete the others.

    ECR counts all images, including those that other intents keep. Kept images beyond the newest `count` are not
    deleted.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html

    Args:
        count: The number of images to keep.

    Raises:
        TypeError: If the count is not a whole number.
        InvalidLifecyclePolicy: If the count is below 1.

    >>> limit_images(500)
    limit_images(500)

    """
    call = _Call("limit_images", [count])
    call.check_count("count", count, "imageCountMoreThan")
    call.raise_if_any()
    return call.intent(rules=[_any(f"Keep the newest {counted(count, 'image')} of all", "imageCountMoreThan", count)])


def expire_untagged(*, after_days: Days | None = None, keep: int | None = None) -> Intent:
    """
    Delete images without a tag, by age or by count.

    ECR counts the age from the *push*, not from the moment the image lost its tag. If tags are mutable, `keep=` leaves
    time to restore a tag, and `after_days=` may leave none.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html

    Args:
        after_days: The days after the push. Whole days, or a `Duration` of whole days.
        keep: The number of the newest untagged images to keep instead.

    Raises:
        TypeError: If an argument is of the wrong kind.
        InvalidLifecyclePolicy: If a number is below 1, or not exactly one of the two is given.

    >>> expire_untagged(after_days=14)
    expire_untagged(after_days=14)

    """
    call = _Call("expire_untagged", options={"after_days": _in_days(after_days), "keep": keep})
    call.check_age_without_count(after_days, keep, "untagged")
    if after_days is None and keep is None:
        call.check_exactly_one_of({"after_days": after_days, "keep": keep})
    days = call.check_days(1 if after_days is None else after_days)
    if keep is not None:
        call.check_count("keep", keep, "imageCountMoreThan")
    call.raise_if_any()
    if keep is not None:
        return call.intent(rules=[_untagged(f"Keep the newest {keep} untagged images", "imageCountMoreThan", keep)])
    return call.intent(
        rules=[_untagged(f"Expire untagged images {counted(days, 'day')} after push", "sinceImagePushed", days)]
    )


def expire_older_than(
    *,
    after_days: Days,
    matching: str | Sequence[str] | None = None,
    matching_all: Sequence[str] | None = None,
    keep: int | None = None,
) -> Intent:
    """
    Delete images a number of days after their push, including the newest image if none is pushed for so long.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html

    Args:
        after_days: The age in days. Whole days, or a `Duration` of whole days.
        matching: One tag pattern, or several of which any may match. Default: every image, tagged or not.
        matching_all: Tag patterns. An image must match *all* of them, each with one of its tags.
        keep: An error that lists the alternatives, because ECR cannot combine an age with a number of images. Default:
            none.

    Raises:
        TypeError: If an argument is of the wrong kind.
        InvalidLifecyclePolicy: If the age is below 1 day, a pattern is malformed, both kinds of patterns are given, or
            `keep` is given.

    >>> expire_older_than(after_days=30, matching=["dev-*", "pr-*"])
    expire_older_than(after_days=30, matching=['dev-*', 'pr-*'])

    """
    call = _Call(
        "expire_older_than",
        options={"after_days": _in_days(after_days), "matching": matching, "matching_all": matching_all, "keep": keep},
    )
    if matching is None and matching_all is None:
        call.check_age_without_count(after_days, keep, "any")
    else:
        call.check_age_without_count(after_days, keep, "tagged", matching=matching, matching_all=matching_all)
    days = call.check_days(after_days)
    return _by_age(call, "Expire", "expire", days, matching=matching, matching_all=matching_all)


def expire_unmatched(*, keeping: str | Sequence[str], after_days: Days) -> Intent:
    """
    Delete tagged images that match *none* of the patterns, a number of days after their push.

    ECR has no NOT. Images that match get a separate rule that never acts, unless an earlier intent has a rule for them.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html

    Args:
        keeping: One tag pattern, or several. The other intents apply to images that match any of them.
        after_days: The age in days. Whole days, or a `Duration` of whole days.

    Raises:
        TypeError: If an argument is of the wrong kind.
        InvalidLifecyclePolicy: If the age is below 1 day, or a pattern is malformed.

    >>> expire_unmatched(keeping=["v*", "latest"], after_days=30)
    expire_unmatched(keeping=['v*', 'latest'], after_days=30)

    """
    call = _Call("expire_unmatched", options={"keeping": keeping, "after_days": _in_days(after_days)})
    call.check_patterns("keeping", keeping, (str, Sequence), optional=False)
    days = call.check_days(after_days)
    call.raise_if_any()
    description = f"Expire other tagged images {counted(days, 'day')} after push"
    return call.intent(
        keep_rules=_keep_rules("Spare images tagged {} from the rules below", _as_list(keeping)),
        rules=[_tagged(description, ["*"], "sinceImagePushed", days)],
    )


def archive_unpulled(*, after_days: Days) -> Intent:
    """
    Archive every image that was not pulled for a number of days. ECR cannot delete by last pull. See `delete_archived`.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html

    Args:
        after_days: Days since the last pull, or since the push of an image that was never pulled. Whole days, or a
            `Duration` of whole days.

    Raises:
        TypeError: If the age is neither a whole number nor a duration.
        InvalidLifecyclePolicy: If the age is below 1 day.

    >>> archive_unpulled(after_days=120)
    archive_unpulled(after_days=120)

    """
    call = _Call("archive_unpulled", options={"after_days": _in_days(after_days)})
    days = call.check_days(after_days)
    call.raise_if_any()
    return call.intent(
        rules=[
            _any(f"Archive images not pulled for {counted(days, 'day')}", "sinceImagePulled", days, action="transition")
        ]
    )


def archive_older_than(
    *, after_days: Days, matching: str | Sequence[str] | None = None, matching_all: Sequence[str] | None = None
) -> Intent:
    """
    Archive images a number of days after their push.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html

    Args:
        after_days: The age in days. Whole days, or a `Duration` of whole days.
        matching: One tag pattern, or several of which any may match. Default: every image, tagged or not.
        matching_all: Tag patterns. An image must match *all* of them, each with one of its tags.

    Raises:
        TypeError: If an argument is of the wrong kind.
        InvalidLifecyclePolicy: If the age is below 1 day, a pattern is malformed, or both kinds of patterns are given.

    >>> archive_older_than(after_days=365, matching="v*")
    archive_older_than(after_days=365, matching='v*')

    """
    call = _Call(
        "archive_older_than",
        options={"after_days": _in_days(after_days), "matching": matching, "matching_all": matching_all},
    )
    days = call.check_days(after_days)
    return _by_age(call, "Archive", "transition", days, matching=matching, matching_all=matching_all)


def archive_untagged(*, after_days: Days) -> Intent:
    """
    Archive images without a tag, a number of days after their push.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html

    Args:
        after_days: The age in days. Whole days, or a `Duration` of whole days.

    Raises:
        TypeError: If the age is neither a whole number nor a duration.
        InvalidLifecyclePolicy: If the age is below 1 day.

    >>> archive_untagged(after_days=7)
    archive_untagged(after_days=7)

    """
    call = _Call("archive_untagged", options={"after_days": _in_days(after_days)})
    days = call.check_days(after_days)
    call.raise_if_any()
    description = f"Archive untagged images {counted(days, 'day')} after push"
    return call.intent(rules=[_untagged(description, "sinceImagePushed", days, action="transition")])


def delete_archived(*, after_days: Days) -> Intent:
    """
    Delete images a number of days after they were archived, except those of `keep_forever`.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html

    Args:
        after_days: Days in the archive, at least 90. Whole days, or a `Duration` of whole days.

    Raises:
        TypeError: If the age is neither a whole number nor a duration.
        InvalidLifecyclePolicy: If the age is below 90 days.

    >>> delete_archived(after_days=180)
    delete_archived(after_days=180)

    """
    call = _Call("delete_archived", options={"after_days": _in_days(after_days)})
    days = call.check_days(after_days, "sinceImageTransitioned")
    call.raise_if_any()
    return call.intent(
        rules=[_any(f"Delete images {counted(days, 'day')} after they were archived", "sinceImageTransitioned", days)]
    )


class _Call:
    """The call of an intent function: its arguments and their problems."""

    def __init__(
        self, function: str, arguments: Iterable[object] = (), options: Mapping[str, object] | None = None
    ) -> None:
        self._intent = Intent(
            function=function,
            arguments=tuple(arguments),
            options=tuple((name, _frozen(value)) for name, value in (options or {}).items() if value is not None),
        )
        self._problems = Problems()

    def reject_kind(self, problem: str) -> None:
        """Add the problem of an argument of the wrong kind."""
        self._problems.add_wrong_kinds(problem)

    def check_exactly_one_of(self, options: Mapping[str, object]) -> None:
        """Check that one of two options is given."""
        if sum(value is not None for value in options.values()) != 1:
            self._problems.add("give exactly one of {}= and {}=".format(*options))

    def check_count(self, name: str, value: object, count_type: CountType, example: str = "10") -> None:
        """Check a number of images or days."""
        if is_number_token(value) or self._problems.expect(name, value, int, example):
            self._problems.extend(f"{name}: {text}" for text in count_problems(value, count_type))

    def check_days(self, value: object, count_type: CountType = "sinceImagePushed") -> Any:  # noqa: ANN401  (see below)
        """Return a number of days as a whole number, unless a problem was added."""
        days = _in_days(value)
        if days is value and _is_duration(value):
            self._problems.add(
                f"after_days: {_duration_text(value)} is not a whole number of days; give days, such as 14"
            )
        else:
            self.check_count("after_days", days, count_type, "14")
        return days

    def check_age_without_count(
        self, after_days: object, keep: object, status: TagStatus, **patterns: Sequence[str] | None
    ) -> None:
        """Check that a number of images to keep is not combined with an age."""
        if keep is None or after_days is None:
            return
        days, number = _in_days(after_days), keep
        if type(days) is int and type(number) is int:
            given = {name: value for name, value in patterns.items() if value is not None}
            aged = "".join(f", {name}={_python(value)}" for name, value in given.items())
            # The patterns of which any may match.
            first = [
                value[0] for name, value in given.items() if name == "matching" and isinstance(value, list) and value
            ]
            counted = f", matching={first[0]!r}" if first else aged
            self._problems.add(
                combined_limits_problem(days=days, count=number, status=status, aged=aged, counted=counted)
            )
        else:
            self.check_count("keep", keep, "imageCountMoreThan")

    def check_patterns(
        self, name: str, value: object, kinds: type | tuple[type, ...], *, optional: bool = True
    ) -> None:
        """Check tag patterns of which any may match."""
        is_right = self._problems.expect(name, value, kinds, "'v*'", optional=optional, each=str)
        if is_right and value is not None:
            patterns = _as_list(value)
            if not patterns:
                self._problems.add(f"{name}: no pattern is given; name the tags")
            # A duplicate pattern has one rule.
            texts = (text for pattern in patterns for _, text in pattern_problems([pattern]))
            self._problems.extend(dict.fromkeys(f"{name}: {text}" for text in texts))

    def check_matching_all(self, value: object) -> None:
        """Check the tag patterns of `matching_all`, which must all match."""
        if self._problems.expect("matching_all", value, Sequence, "['v*', '*-arm64']", optional=True, each=str):
            if value is not None and not value:
                self._problems.add("matching_all: no pattern is given; name the tags")
            self._problems.extend(f"matching_all{place}: {text}" for place, text in pattern_problems(value or ()))

    def raise_if_any(self) -> None:
        """Raise one error with all problems, each with the call."""
        if self._problems:
            found = Problems()
            with found.collect(f"{self._intent}: "):
                self._problems.raise_if_any(InvalidLifecyclePolicy)
            found.raise_if_any(InvalidLifecyclePolicy)

    def intent(self, keep_rules: Iterable[LifecycleRule] = (), rules: Iterable[LifecycleRule] = ()) -> Intent:
        """Return the intent with its rules."""
        return Intent(
            function=self._intent.function,
            arguments=self._intent.arguments,
            options=self._intent.options,
            keep_rules=tuple(keep_rules),
            rules=tuple(rules),
        )


def _by_age(
    call: _Call,
    verb: str,
    action: Action,
    days: int,
    *,
    matching: str | Sequence[str] | None,
    matching_all: Sequence[str] | None,
) -> Intent:
    call.check_patterns("matching", matching, (str, Sequence))
    call.check_matching_all(matching_all)
    if matching is not None and matching_all is not None:
        call.check_exactly_one_of({"matching": matching, "matching_all": matching_all})
    call.raise_if_any()
    if matching is None and matching_all is None:
        description = f"{verb} every image {counted(days, 'day')} after push"
        return call.intent(rules=[_any(description, "sinceImagePushed", days, action=action)])
    lists = [[each] for each in _as_list(matching)] if matching is not None else [list(matching_all or ())]
    description = f"{verb} images tagged {{}} {counted(days, 'day')} after push"
    return call.intent(
        rules=[
            _tagged(description.format(_all_of(patterns)), patterns, "sinceImagePushed", days, action=action)
            for patterns in lists
        ]
    )


def _keep_rules(description: str, patterns: Sequence[str]) -> list[LifecycleRule]:
    """Return one rule for each pattern. It never acts, because it counts more images than a repository can contain."""
    return [
        _tagged(description.format(pattern), [pattern], "imageCountMoreThan", MORE_IMAGES_THAN_FIT)
        for pattern in patterns
    ]


def _tagged(
    description: str, patterns: Sequence[str], count_type: CountType, count_number: int, *, action: Action = "expire"
) -> LifecycleRule:
    return LifecycleRule(
        rule_priority=1,
        description=description,
        tag_status="tagged",
        tag_pattern_list=patterns,
        count_type=count_type,
        count_number=count_number,
        action=action,
    )


def _untagged(
    description: str, count_type: CountType, count_number: int, *, action: Action = "expire"
) -> LifecycleRule:
    return LifecycleRule(
        rule_priority=1,
        description=description,
        tag_status="untagged",
        count_type=count_type,
        count_number=count_number,
        action=action,
    )


def _any(description: str, count_type: CountType, count_number: int, *, action: Action = "expire") -> LifecycleRule:
    return LifecycleRule(
        rule_priority=1,
        description=description,
        tag_status="any",
        count_type=count_type,
        count_number=count_number,
        action=action,
    )


def _is_duration(value: object) -> bool:
    return not isinstance(value, type) and callable(getattr(value, "to_days", None))


def _duration_text(value: Any) -> str:  # noqa: ANN401  (any duration)
    """Return a duration in the form of the CDK, such as `1 day 12 hours`, or its representation."""
    try:
        text = value.to_human_string()
    except Exception:  # noqa: BLE001  (a duration without the method, or an error of JavaScript)
        text = None
    return f"a duration of {text}" if isinstance(text, str) else abbreviate(value)


def _in_days(value: Any) -> Any:  # noqa: ANN401  (any argument)
    """Return a duration of whole days as a number, and any other value as it is."""
    if not _is_duration(value):
        return value
    try:
        days = value.to_days()
    except Exception:  # noqa: BLE001  (a duration raises errors of its own; the CDK's are errors of JavaScript)
        return value
    if is_number_token(days) or (isinstance(days, int) and not isinstance(days, bool)):
        return days
    return int(days) if isinstance(days, float) and days.is_integer() else value


def _call_text(function: str, arguments: Iterable[str], options: Iterable[tuple[str, str]]) -> str:
    return f"{function}({', '.join([*arguments, *(f'{name}={text}' for name, text in options)])})"


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _thawed(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _python(value: object) -> str:
    return repr(_thawed(value))


def _as_list(patterns: Any) -> list[str]:  # noqa: ANN401  (a string or a sequence of strings)
    return [patterns] if isinstance(patterns, str) else list(patterns)


def _all_of(patterns: Sequence[str]) -> str:
    return " and ".join(patterns)
