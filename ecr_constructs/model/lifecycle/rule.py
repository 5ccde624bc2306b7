"""
One rule of a lifecycle policy: its fields, and their valid combinations.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model.tags import TagPattern, TagPrefix
from ecr_constructs.model.validation import StringConstraint, abbreviate, is_token, text_problem

__all__ = [
    "A_CENTURY",
    "IMAGES_THAT_FIT",
    "MINIMUM_DAYS_ARCHIVED",
    "MORE_IMAGES_THAN_FIT",
    "Action",
    "CountType",
    "LifecycleRule",
    "StorageClass",
    "TagStatus",
    "count_problems",
    "is_number_token",
    "pattern_problems",
    "rule_problems",
]

TagStatus = Literal["tagged", "untagged", "any"]
CountType = Literal["imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned"]
StorageClass = Literal["standard", "archive"]
Action = Literal["expire", "transition"]

# "You cannot configure lifecycle policies that delete images that have been in archive for less than 90 days":
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html
MINIMUM_DAYS_ARCHIVED = 90

# ECR has no rule that never acts. A rule with more images than a repository can contain, or more days than it exists,
# has this effect. The quota of images can be raised, so keep rules have a number well above it:
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
IMAGES_THAT_FIT = 100_000
MORE_IMAGES_THAN_FIT = 999_999
A_CENTURY = 36_500

# AWS does not document the upper bounds of these integers. No repository exists for so long.
_MAXIMUM_NUMBER = 2**31 - 1
# CDK tokens for numbers are far below this.
_NUMBER_TOKENS = -1e288

_CHOICES: dict[str, tuple[str, ...]] = {
    "tag_status": get_args(TagStatus),
    "count_type": get_args(CountType),
    "action": get_args(Action),
}
_GRAMMARS = {"tag_pattern_list": TagPattern.grammar, "tag_prefix_list": TagPrefix.grammar}
_ACTIONS_OF: dict[str, tuple[Action, ...]] = {
    "imageCountMoreThan": ("expire", "transition"),
    "sinceImagePushed": ("expire", "transition"),
    "sinceImagePulled": ("transition",),
    "sinceImageTransitioned": ("expire",),
}
_WHY_NOT = {
    "sinceImagePulled": "ECR cannot delete images by their last pull: archive them, and delete them from the archive",
    "sinceImageTransitioned": "the images that it selects are already archived",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LifecycleRule:
    """
    A lifecycle rule: the images that it selects, their number or age, and its action.

    `storage_class`, `count_unit` and `target_storage_class` are derived from the other fields.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html

    Args:
        rule_priority: The position of the rule, unique in a policy. 1 is before 2.
        tag_status: `tagged` (with one of the two lists), `untagged` or `any`.
        count_type: The unit of the number: images, or days since push, last pull or archival.
        count_number: The number of images to keep, or the days after which the rule acts. Whole and positive; at least
            90 days for `sinceImageTransitioned`.
        tag_pattern_list: Patterns with up to four `*`. An image is selected if *every* one matches one of its tags.
            Default: none.
        tag_prefix_list: Prefixes. An image is selected if *every* one begins one of its tags. Default: none.
        action: `expire` deletes, `transition` archives. Default: `expire`.
        description: A description for the AWS console, without control characters. Default: none.

    Raises:
        InvalidLifecyclePolicy: If ECR rejects the rule, with all problems.

    >>> rule = LifecycleRule(
    ...     rule_priority=1,
    ...     tag_status="tagged",
    ...     tag_pattern_list=["release-*"],
    ...     count_type="imageCountMoreThan",
    ...     count_number=10,
    ... )
    >>> rule.to_dict()["selection"]["countNumber"]
    10

    """

    rule_priority: int
    tag_status: TagStatus
    count_type: CountType
    count_number: int
    tag_pattern_list: Sequence[str] = ()
    tag_prefix_list: Sequence[str] = ()
    action: Action = "expire"
    description: str | None = None

    def __post_init__(self) -> None:
        """Validate the fields, and store lists as sorted tuples, because their order has no effect."""
        values = {field: getattr(self, field) for field in _PYTHON}
        problems = [f"{field}: {text}" for field, text in rule_problems(values, _PYTHON)]
        if problems:
            raise InvalidLifecyclePolicy(problems)
        object.__setattr__(self, "tag_pattern_list", tuple(sorted(self.tag_pattern_list)))
        object.__setattr__(self, "tag_prefix_list", tuple(sorted(self.tag_prefix_list)))

    @property
    def storage_class(self) -> StorageClass:
        """The storage class of the images: `archive` for days since archival, otherwise `standard`."""
        return "archive" if self.count_type == "sinceImageTransitioned" else "standard"

    @property
    def count_unit(self) -> Literal["days"] | None:
        """`days` for an age, `None` for a number of images."""
        return None if self.count_type == "imageCountMoreThan" else "days"

    @property
    def target_storage_class(self) -> Literal["archive"] | None:
        """`archive` for a transition, otherwise `None`."""
        return "archive" if self.action == "transition" else None

    @property
    def selectors(self) -> tuple[TagPattern | TagPrefix, ...]:
        """The entries of the list of patterns or prefixes."""
        return _selectors(tuple(self.tag_pattern_list), tuple(self.tag_prefix_list))

    @property
    def is_keep_rule(self) -> bool:
        """Whether the rule never acts, and only prevents that later rules act on its images."""
        return self.count_number >= (A_CENTURY if self.count_unit else IMAGES_THAT_FIT)

    def selects_tags(self, tags: Sequence[str]) -> bool:
        """
        Return whether the rule selects an image with these tags: every entry of its list must match one of them.

        Args:
            tags: All the tags of one image.

        """
        if self.tag_status == "any":
            return True
        if self.tag_status == "untagged":
            return not tags
        return all(any(selector.matches(tag) for tag in tags) for selector in self.selectors)

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as in a policy document, with keys in a fixed order."""
        selection = {
            "tagStatus": self.tag_status,
            "tagPatternList": list(self.tag_pattern_list) or None,
            "tagPrefixList": list(self.tag_prefix_list) or None,
            "storageClass": "archive" if self.storage_class == "archive" else None,
            "countType": self.count_type,
            "countUnit": self.count_unit,
            "countNumber": self.count_number,
        }
        action = {"type": self.action, "targetStorageClass": self.target_storage_class}
        return _without_nulls(
            {
                "rulePriority": self.rule_priority,
                "description": self.description,
                "selection": _without_nulls(selection),
                "action": _without_nulls(action),
            }
        )


_PYTHON = {field: field for field in LifecycleRule.__dataclass_fields__}


# The selectors are cached, because the repositories of an app share few rules. They are not a field of the rule,
# because copies and pickles contain only the given values.
@lru_cache(maxsize=4096)
def _selectors(patterns: tuple[str, ...], prefixes: tuple[str, ...]) -> tuple[TagPattern | TagPrefix, ...]:
    return (*map(TagPattern, patterns), *map(TagPrefix, prefixes))


def rule_problems(values: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """
    Yield the problems of the fields of a rule.

    Args:
        values: The value of each field of `LifecycleRule`, of any kind.
        names: The name of each field in Python, or its path in a document.

    Yields:
        The name of the field, and the problem with its fix.

    """
    for field, choices in _CHOICES.items():
        if values[field] not in choices:
            yield names[field], f"{abbreviate(values[field])} is unknown; write {_or(choices)}"
    yield from ((names["rule_priority"], text) for text in _number_problems(values["rule_priority"]))
    yield from ((names["count_number"], text) for text in count_problems(values["count_number"], values["count_type"]))
    yield from _list_problems(values, names)
    yield from _action_problems(values, names)
    yield from _description_problems(names["description"], values["description"])


def count_problems(value: object, count_type: object) -> Iterator[str]:
    """
    Yield the problems of a `count_number`.

    Args:
        value: The value, of any kind.
        count_type: The count type of the rule.

    """
    if count_type == "sinceImageTransitioned":
        reason = "; ECR does not delete images that have been archived for less than 90 days"
        yield from _number_problems(value, minimum=MINIMUM_DAYS_ARCHIVED, reason=reason)
    else:
        yield from _number_problems(value)


def pattern_problems(patterns: object) -> Iterator[tuple[str, str]]:
    """
    Yield the problems of a `tag_pattern_list`, each with its place in the list, such as `[0]`.

    Args:
        patterns: The value, of any kind.

    """
    return _entry_problems(patterns, TagPattern.grammar)


def is_number_token(value: object) -> bool:
    """
    Return whether a value is a CDK token for a number, which is known only at deployment.

    Args:
        value: The value, of any kind.

    """
    return isinstance(value, float) and value < _NUMBER_TOKENS


def _description_problems(name: str, description: object) -> Iterator[tuple[str, str]]:
    if isinstance(description, str) and is_token(description):
        yield name, f"{abbreviate(description)} is known only at deployment, and the policy is one text; write it out"
    elif description is not None and not isinstance(description, str):
        yield name, f"{abbreviate(description)} is not a text; write one, or leave it out"
    elif isinstance(description, str) and (problem := text_problem(description)):
        yield name, problem


def _action_problems(values: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    count_type, action = values["count_type"], values["action"]
    if count_type in get_args(CountType) and action in get_args(Action) and action not in _ACTIONS_OF[count_type]:
        yield names["action"], f"{action!r} does not go with {count_type!r}; {_WHY_NOT[count_type]}"


def _list_problems(values: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    patterns, prefixes = names["tag_pattern_list"], names["tag_prefix_list"]
    given = [field for field in ("tag_pattern_list", "tag_prefix_list") if _is_given(values[field])]
    status = values["tag_status"]
    if status == "tagged" and not given:
        yield names["tag_status"], f"'tagged' selects by tag and none is given; give {patterns} or {prefixes}"
    if status in ("untagged", "any"):
        for field in given:
            yield names[field], f"{status!r} selects no tags; leave the list out, or write 'tagged'"
    if len(given) > 1:
        yield patterns, f"a rule has one kind of list; leave out this one or {prefixes}, or write two rules"
    for field in given:
        for place, text in _entry_problems(values[field], _GRAMMARS[field]):
            yield f"{names[field]}{place}", text
    if "tag_prefix_list" in given and _has_empty_text(values["tag_prefix_list"]):
        every = f'"{patterns.rpartition(".")[2]}": ["*"]' if "." in patterns else f'{patterns}=["*"]'
        yield prefixes, f"an empty prefix matches every tag; write {every} instead"


def _has_empty_text(entries: object) -> bool:
    return isinstance(entries, Sequence) and not isinstance(entries, (str, bytes)) and "" in entries


def _entry_problems(entries: object, grammar: StringConstraint) -> Iterator[tuple[str, str]]:
    if isinstance(entries, str):
        yield "", f"{abbreviate(entries)} is a bare string where a list belongs; write [{abbreviate(entries)}]"
        return
    if not isinstance(entries, Sequence):
        yield "", f"{abbreviate(entries)} is not a list of strings"
        return
    known: set[str] = set()
    for index, entry in enumerate(entries):
        if not isinstance(entry, str):
            yield f"[{index}]", f"{grammar.noun} {abbreviate(entry)} is not a string"
        elif entry in known:
            yield f"[{index}]", f"{grammar.noun} {abbreviate(entry)} is listed twice; remove one"
        else:
            known.add(entry)
            yield from ((f"[{index}]", text) for text in grammar.problems(entry))


def _is_given(entries: object) -> bool:
    return not (isinstance(entries, Sequence) and len(entries) == 0 and not isinstance(entries, str))


def _number_problems(value: object, *, minimum: int = 1, reason: str = "") -> Iterator[str]:
    if is_number_token(value):
        yield "the number is known only at deployment, and the policy is one text; write it out"
    elif isinstance(value, bool) or not isinstance(value, int):
        yield f"{abbreviate(value)} is not a whole number; write {minimum} or more"
    elif value > _MAXIMUM_NUMBER:
        yield f"the number is too large; write at most {_MAXIMUM_NUMBER}"
    elif value < minimum:
        yield f"{max(value, -_MAXIMUM_NUMBER)} is too small; write {minimum} or more{reason}"


def _without_nulls(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


def _or(choices: Sequence[str]) -> str:
    return " or ".join([", ".join(map(repr, choices[:-1])), repr(choices[-1])])
