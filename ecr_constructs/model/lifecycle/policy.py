"""
A whole lifecycle policy: rules that go together, in the one text that ECR stores.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model.images import Image
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.compiler import compile_intents
from ecr_constructs.model.lifecycle.evaluation import Evaluation, evaluate
from ecr_constructs.model.lifecycle.findings import Finding, find
from ecr_constructs.model.lifecycle.intents import Intent
from ecr_constructs.model.lifecycle.parser import parse_json, read_rules
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.schedule import ScheduledAction, schedule
from ecr_constructs.model.validation import abbreviate

__all__ = ["MAXIMUM_CHARACTERS", "MAXIMUM_RULES", "MINIMUM_CHARACTERS", "LifecyclePolicy"]

# A quota that cannot be raised: https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
MAXIMUM_RULES = 50
# The length of LifecyclePolicyText in the service model and in the CloudFormation schema. The smallest policy of one
# rule is longer than the minimum, so only a policy without rules falls short of it.
MINIMUM_CHARACTERS = 100
MAXIMUM_CHARACTERS = 30_720


@dataclass(frozen=True, kw_only=True, slots=True)
class LifecyclePolicy:
    """
    What expires in a repository, what is archived, and when.

    Write one from intents with `of`, read one with `from_dict` or `from_json`, or list its rules. Two policies are
    equal if ECR reads them alike, and equal policies have the same text.

    Args:
        rules: The rules, in any order; they are kept in order of priority.

    Raises:
        InvalidLifecyclePolicy: with every reason for which ECR would refuse it.

    >>> policy = LifecyclePolicy.from_json(
    ...     '{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan",'
    ...     ' "countNumber": 100}, "action": {"type": "expire"}}]}'
    ... )
    >>> policy.rules[0].count_number
    100

    """

    rules: Sequence[LifecycleRule]
    _text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what ECR would, and write the text once."""
        if not isinstance(self.rules, Sequence) or not all(isinstance(rule, LifecycleRule) for rule in self.rules):
            raise TypeError(
                f"rules must be a list of LifecycleRule, got {abbreviate(self.rules)}; from_dict() reads documents"
            )
        if problems := list(_problems(dict(enumerate(self.rules)))):
            raise InvalidLifecyclePolicy(problems)
        object.__setattr__(self, "rules", tuple(sorted(self.rules, key=_priority)))
        object.__setattr__(self, "_text", json.dumps(self.to_dict(), separators=(",", ":")))
        if len(self._text) > MAXIMUM_CHARACTERS:
            message = (
                f"the policy has {len(self._text)} characters; ECR allows {MAXIMUM_CHARACTERS}, shorten or merge rules"
            )
            raise InvalidLifecyclePolicy([message])

    @classmethod
    def of(cls, *intents: Intent) -> LifecyclePolicy:
        """
        Write a policy from what it is meant to do.

        `keep_forever` goes first and rules over all images go last; the rest acts in the order written, and an image
        belongs to the first rule that selects it.

        Args:
            intents: Such as `keep_latest(10, matching="release-*")`, `expire_untagged(after_days=1)`.

        Raises:
            InvalidLifecyclePolicy: for intents that contradict each other, and for a policy that is too long.

        >>> from ecr_constructs.model import expire_untagged, keep_latest
        >>> policy = LifecyclePolicy.of(keep_latest(10, matching="release-*"), expire_untagged(after_days=1))
        >>> [rule.description for rule in policy.rules]
        ['Keep the newest 10 images tagged release-*', 'Expire untagged images 1 day after push']

        """
        return cls(rules=compile_intents(intents))

    @classmethod
    def none(cls) -> LifecyclePolicy:
        """
        Give the policy without rules, which is not written at all: nothing ever expires.

        >>> LifecyclePolicy.none().rules
        ()

        """
        return cls(rules=())

    @classmethod
    def from_dict(cls, document: object) -> LifecyclePolicy:
        """
        Read a policy document, such as the AWS documentation prints.

        Args:
            document: A mapping with `rules`.

        Raises:
            InvalidLifecyclePolicy: with every problem and its path, unknown fields and nulls included.

        """
        rules, problems = read_rules(document)
        if problems:
            raise InvalidLifecyclePolicy([*problems, *_problems(rules)])
        return cls(rules=tuple(rules.values()))

    @classmethod
    def from_json(cls, text: str) -> LifecyclePolicy:
        """
        Read a policy text, such as `GetLifecyclePolicy` answers.

        Args:
            text: The JSON text.

        Raises:
            InvalidLifecyclePolicy: if it is not JSON, and as `from_dict`.

        """
        return cls.from_dict(parse_json(text))

    def to_dict(self) -> dict[str, Any]:
        """Write the policy as a document: rules by priority, keys in one fixed order, nothing that is a default."""
        return {"rules": [rule.to_dict() for rule in self.rules]}

    def to_json(self) -> str:
        """Write the policy as the compact text that goes into a template; equal policies have equal texts."""
        return self._text

    def evaluate(self, images: Iterable[Image], *, at: datetime) -> Evaluation:
        """
        Say what the policy would do to images, by AWS's documents to the letter.

        Args:
            images: Every image of the repository, whatever its status: ECR counts them all.
            at: The instant, with a time zone.

        Raises:
            InvalidImage: if an image is listed twice, or `at` has no time zone.

        >>> from datetime import datetime, timedelta, timezone
        >>> from ecr_constructs.model import Image, expire_untagged
        >>> now = datetime(2026, 6, 1, tzinfo=timezone.utc)
        >>> old = Image(digest="sha256:" + "0" * 64, pushed_at=now - timedelta(days=30), size=1000)
        >>> LifecyclePolicy.of(expire_untagged(after_days=14)).evaluate([old], at=now).bytes_freed
        1000

        """
        return evaluate(self.rules, images, at=at)

    def schedule(self, images: Iterable[Image], *, at: datetime) -> tuple[ScheduledAction, ...]:
        """
        Say for each image on which day it would go, and by which rule, if nothing else were pushed or pulled.

        Args:
            images: Every image of the repository, whatever its status.
            at: The instant from which on nothing is pushed, with a time zone.

        Returns:
            The departures, the earliest first. An image that stays for good has none; one that is archived and then
            deleted has two.

        Raises:
            InvalidImage: if an image is listed twice, or `at` has no time zone.

        """
        return schedule(self.rules, images, at=at)

    def findings(
        self, images: Iterable[Image] | None = None, *, immutability: Immutability | None = None
    ) -> tuple[Finding, ...]:
        """
        Say what a person should look at; docs/findings.md lists what there is.

        Args:
            images: The images of the repository: some facts are about them. Default: not known.
            immutability: Which tags of the repository are bound to their image. Default: not known.

        """
        return find(self.rules, images, immutability=immutability)

    def with_rule(self, rule: LifecycleRule) -> LifecyclePolicy:
        """
        Derive a policy with one more rule.

        Args:
            rule: The rule; its priority must be free.

        Raises:
            InvalidLifecyclePolicy: if it does not go with the others.

        """
        return LifecyclePolicy(rules=(*self.rules, rule))

    def with_last_rule(self, rule: LifecycleRule) -> LifecyclePolicy:
        """
        Derive a policy in which one more rule acts after the others, but before those over all images.

        Args:
            rule: The rule; its priority does not matter.

        Raises:
            InvalidLifecyclePolicy: if it does not go with the others.

        """
        after = 0 if rule.tag_status == "any" else sum(other.tag_status == "any" for other in self.rules)
        others = sorted(self.rules, key=_is_any)
        rules = [*others[: len(others) - after], rule, *others[len(others) - after :]]
        numbers = [*map(_priority, self.rules), max(map(_priority, self.rules), default=0) + 1]
        numbered = [replace(each, rule_priority=number) for each, number in zip(rules, numbers, strict=True)]
        return LifecyclePolicy(rules=numbered)


def _is_any(rule: LifecycleRule) -> bool:
    return rule.tag_status == "any"


def _priority(rule: LifecycleRule) -> int:
    return rule.rule_priority


def _problems(rules: Mapping[int, LifecycleRule]) -> Iterator[str]:
    """Say why rules, given by their place, cannot be in one policy."""
    if len(rules) > MAXIMUM_RULES:
        yield f"rules: {len(rules)} rules; ECR allows {MAXIMUM_RULES}, merge or leave out some"
    if len(rules) > 10 * MAXIMUM_RULES:  # to compare every two of them would take long
        return
    for index, rule in rules.items():
        for other_index, other in rules.items():
            if other_index < index and (text := _clash(rule, other)):
                yield f"rules[{index}]: {text.format(other=f'rules[{other_index}]')}"
        later = [each for each in rules.values() if _same_place(rule, each) and each.rule_priority > rule.rule_priority]
        if rule.tag_status == "any" and later:
            yield (
                f"rules[{index}]: 'any' must come last in {rule.storage_class} storage, and priority "
                f"{rule.rule_priority} is before {max(map(_priority, later))}; give it the highest number"
            )


def _same_place(rule: LifecycleRule, other: LifecycleRule) -> bool:
    return rule is not other and rule.storage_class == other.storage_class


def _clash(rule: LifecycleRule, other: LifecycleRule) -> str | None:
    """Tell why two rules cannot be in one policy, if they cannot."""
    if rule.rule_priority == other.rule_priority:
        return f"priority {rule.rule_priority} is that of {{other}}; priorities are unique, write another number"
    if (rule.tag_status, rule.storage_class) != (other.tag_status, other.storage_class):
        return None
    if rule.tag_status != "tagged":
        where = f"{rule.tag_status!r} in {rule.storage_class} storage"
        return f"selects {where} as {{other}} does; ECR allows one, leave one out"
    for kind in ("tag_pattern_list", "tag_prefix_list"):
        entries = getattr(rule, kind)
        if entries and entries == getattr(other, kind):
            tags = abbreviate(list(entries))
            return f"selects the same tags {tags} as {{other}}; ECR requires different lists, leave one rule out"
    return None
