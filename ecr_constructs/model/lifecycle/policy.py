"""
A complete lifecycle policy: its rules, and the JSON text that ECR stores.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ecr_constructs.errors import ArgumentTypeError, InvalidLifecyclePolicy, expect
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.combined_limits import combines_age_and_count, rules_problem
from ecr_constructs.model.lifecycle.compiler import compile_intents
from ecr_constructs.model.lifecycle.intents import Intent
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.validation import abbreviate

if TYPE_CHECKING:
    from ecr_constructs.model.images import Image
    from ecr_constructs.model.lifecycle.decompiler import DecompiledPolicy
    from ecr_constructs.model.lifecycle.evaluation import Evaluation
    from ecr_constructs.model.lifecycle.findings import Finding
    from ecr_constructs.model.lifecycle.schedule import ScheduledAction

__all__ = ["MAXIMUM_CHARACTERS", "MAXIMUM_RULES", "MINIMUM_CHARACTERS", "LifecyclePolicy"]

# A quota that cannot be raised: https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
MAXIMUM_RULES = 50
# The length of LifecyclePolicyText in the service model and in the CloudFormation schema. The shortest policy with one
# rule is longer than the minimum. Only a policy without rules is too short.
MINIMUM_CHARACTERS = 100
MAXIMUM_CHARACTERS = 30_720


@dataclass(frozen=True, kw_only=True, slots=True)
class LifecyclePolicy:
    """
    The rules by which ECR deletes and archives the images of a repository.

    Create a policy from intents with `of`, from a document with `from_dict` or `from_json`, or from rules. Two policies
    are equal if they have the same rules. Equal policies have the same text.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html

    Args:
        rules: The rules, in any order. They are stored in order of priority.

    Raises:
        TypeError: If the rules are not a list of `LifecycleRule`.
        InvalidLifecyclePolicy: If ECR rejects the policy, with all problems.

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
        """Validate the rules, and render the text once."""
        if not isinstance(self.rules, Sequence) or not all(isinstance(rule, LifecycleRule) for rule in self.rules):
            raise ArgumentTypeError(
                [f"rules must be a list of LifecycleRule, got {abbreviate(self.rules)}; from_dict() reads documents"]
            )
        if problems := list(_rules_problems(dict(enumerate(self.rules)))):
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
        Return the policy for intents.

        The rules of `keep_forever` come first and rules over all images come last. The others are in the order of the
        intents. ECR assigns an image to the first rule that selects it.

        Args:
            intents: Such as `keep_latest(10, matching="release-*")`, `expire_untagged(after_days=1)`.

        Raises:
            TypeError: If an argument is not an intent.
            InvalidLifecyclePolicy: If intents contradict each other, or the policy is too long.

        >>> from ecr_constructs.model import expire_untagged, keep_latest
        >>> policy = LifecyclePolicy.of(keep_latest(10, matching="release-*"), expire_untagged(after_days=1))
        >>> [rule.description for rule in policy.rules]
        ['Keep the newest 10 images tagged release-*', 'Expire untagged images 1 day after push']

        """
        return cls(rules=compile_intents(intents))

    @classmethod
    def none(cls) -> LifecyclePolicy:
        """
        Return the policy without rules. It is not rendered in templates, and keeps all images.

        >>> LifecyclePolicy.none().rules
        ()

        """
        return cls(rules=())

    @classmethod
    def from_dict(cls, document: object) -> LifecyclePolicy:
        """
        Return the policy of a policy document.

        Args:
            document: A mapping with `rules`.

        Raises:
            InvalidLifecyclePolicy: If the document is not a policy that ECR accepts, with all problems and their paths.
                Unknown fields and nulls are problems.

        """
        from ecr_constructs.model.lifecycle.parser import read_rules

        rules, problems = read_rules(document)
        if problems:
            raise InvalidLifecyclePolicy([*problems, *_rules_problems(rules)])
        return cls(rules=tuple(rules.values()))

    @classmethod
    def from_json(cls, text: str) -> LifecyclePolicy:
        """
        Return the policy of a policy text, such as that of `GetLifecyclePolicy`.

        Args:
            text: The JSON text.

        Raises:
            TypeError: If it is not a string.
            InvalidLifecyclePolicy: If it is not JSON, or if `from_dict` rejects the document.

        """
        from ecr_constructs.model.lifecycle.parser import parse_json

        return cls.from_dict(parse_json(text))

    def to_dict(self) -> dict[str, Any]:
        """Return the policy document: rules by priority, keys in a fixed order, without default values."""
        return {"rules": [rule.to_dict() for rule in self.rules]}

    def to_json(self) -> str:
        """Return the compact JSON text that is rendered in templates. Equal policies have the same text."""
        return self._text

    def evaluate(self, images: Iterable[Image], *, at: datetime) -> Evaluation:
        """
        Return the outcome of the policy for each image according to AWS's documentation.

        Args:
            images: All images of the repository, with any status, because ECR counts them all.
            at: The instant, with a time zone.

        Raises:
            InvalidImage: If an image is listed twice, or `at` has no time zone.

        >>> from datetime import datetime, timedelta, timezone
        >>> from ecr_constructs.model import Image, expire_untagged
        >>> now = datetime(2026, 6, 1, tzinfo=timezone.utc)
        >>> old = Image(digest="sha256:" + "0" * 64, pushed_at=now - timedelta(days=30), size=1000)
        >>> LifecyclePolicy.of(expire_untagged(after_days=14)).evaluate([old], at=now).bytes_freed
        1000

        """
        from ecr_constructs.model.lifecycle.evaluation import evaluate

        return evaluate(self.rules, images, at=at)

    def schedule(self, images: Iterable[Image], *, at: datetime) -> tuple[ScheduledAction, ...]:
        """
        Return the day on which each image is deleted or archived, if no image is pushed or pulled.

        Args:
            images: All images of the repository, with any status.
            at: The instant after which no image is pushed, with a time zone.

        Returns:
            The actions, the earliest first. An image that is kept has none. An image that is archived and then deleted
            has two.

        Raises:
            InvalidImage: If an image is listed twice, or `at` has no time zone.

        """
        from ecr_constructs.model.lifecycle.schedule import schedule

        return schedule(self.rules, images, at=at)

    def findings(
        self,
        images: Iterable[Image] | None = None,
        *,
        immutability: Immutability | None = None,
        at: datetime | None = None,
        in_use: Mapping[str, Sequence[str]] | None = None,
    ) -> tuple[Finding, ...]:
        """
        Return probable mistakes, and consequences that are easy to overlook.

        The page 'Findings' of the documentation lists them.

        Args:
            images: The images of the repository, which some checks use. Default: not known.
            immutability: The tag immutability of the repository, which some checks use. Default: not known.
            at: The instant of the evaluation, with a time zone. Images that were pushed later are not evaluated.
                Default: the time of the newest push.
            in_use: The workloads that run an image, by digest, such as `["service prod/api"]`. Default: not known.

        Raises:
            TypeError: If an argument is of the wrong kind.
            InvalidImage: If an image is listed twice, or `at` has no time zone.

        """
        # Compiling the regular expressions of the checks takes as long as importing the rest of the model.
        from ecr_constructs.model.lifecycle.findings import find

        return find(self.rules, images, immutability=immutability, at=at, in_use=in_use)

    def explain(self) -> tuple[str, ...]:
        """
        Return the effect of each rule as an English sentence, in order of priority.

        >>> from ecr_constructs.model import keep_latest
        >>> print(*LifecyclePolicy.of(keep_latest(10, matching="release-*")).explain())
        Rule 1 keeps the newest 10 images with a tag like release-*, by time of push, and deletes the others.

        """
        from ecr_constructs.model.lifecycle.explanation import explain

        return explain(self.rules)

    def to_intents(self) -> tuple[Intent, ...]:
        """
        Return intents that have the same effect. `LifecyclePolicy.of(*intents)` compiles them again.

        Priorities, descriptions and the kind of tag lists can differ, which has no effect.

        Raises:
            InvalidLifecyclePolicy: If no intent expresses a rule. `decompile` returns such rules as well.

        >>> policy = LifecyclePolicy.from_json(
        ...     '{"rules": [{"rulePriority": 7, "selection": {"tagStatus": "tagged", "tagPrefixList": ["dev-"],'
        ...     ' "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 30},'
        ...     ' "action": {"type": "expire"}}]}'
        ... )
        >>> policy.to_intents()
        (expire_older_than(after_days=30, matching='dev-*'),)

        """
        found = self.decompile()
        if found.rules:
            message = "rules[{}]: no intent expresses priority {} in this policy; decompile() returns it as a rule"
            raise InvalidLifecyclePolicy(
                message.format(self.rules.index(rule), rule.rule_priority) for rule in found.rules
            )
        return found.intents

    def decompile(self, *, as_rules: Collection[LifecycleRule] = ()) -> DecompiledPolicy:
        """
        Return intents, and the rules that no intent expresses, which together have the same effect.

        Args:
            as_rules: Rules of the policy that remain rules, with their descriptions. Default: none.

        >>> from ecr_constructs.model import keep_latest
        >>> found = LifecyclePolicy.of(keep_latest(10, matching="v*")).decompile()
        >>> found.intents, found.rules
        ((keep_latest(10, matching='v*'),), ())

        """
        from ecr_constructs.model.lifecycle.decompiler import decompile

        return decompile(self.rules, _built_rules, as_rules)

    def with_rule(self, rule: LifecycleRule) -> LifecyclePolicy:
        """
        Return the policy with one more rule.

        Args:
            rule: The rule, with a priority that no other rule has.

        Raises:
            InvalidLifecyclePolicy: If ECR rejects it together with the other rules.
            TypeError: If it is not a rule.

        """
        return LifecyclePolicy(rules=(*self.rules, rule))

    def with_last_rule(self, rule: LifecycleRule) -> LifecyclePolicy:
        """
        Return the policy with one more rule after the others, but before those over all images.

        Args:
            rule: The rule, with any priority.

        Raises:
            InvalidLifecyclePolicy: If ECR rejects it together with the other rules.
            TypeError: If it is not a rule.

        """
        expect("rule", rule, LifecycleRule, "LifecycleRule(...)")
        after = 0 if rule.tag_status == "any" else sum(other.tag_status == "any" for other in self.rules)
        others = sorted(self.rules, key=_is_any)
        rules = [*others[: len(others) - after], rule, *others[len(others) - after :]]
        numbers = [*map(_priority, self.rules), max(map(_priority, self.rules), default=0) + 1]
        numbered = [replace(each, rule_priority=number) for each, number in zip(rules, numbers, strict=True)]
        return LifecyclePolicy(rules=numbered)


def _built_rules(intents: Sequence[Intent], rules: Sequence[LifecycleRule]) -> Sequence[LifecycleRule]:
    """Return the rules of the policy that intents and further rules build."""
    policy = LifecyclePolicy.of(*intents)
    for rule in rules:
        policy = policy.with_last_rule(rule)
    return policy.rules


def _is_any(rule: LifecycleRule) -> bool:
    return rule.tag_status == "any"


def _priority(rule: LifecycleRule) -> int:
    return rule.rule_priority


def _rules_problems(rules: Mapping[int, LifecycleRule]) -> Iterator[str]:
    """Yield the problems of rules in one policy. The keys are their positions in the list."""
    if len(rules) > MAXIMUM_RULES:
        yield f"rules: {len(rules)} rules; ECR allows {MAXIMUM_RULES}, merge or leave out some"
    if len(rules) > 10 * MAXIMUM_RULES:  # comparing all pairs of rules would take too long
        return
    for index, rule in rules.items():
        for other_index, other in rules.items():
            if other_index < index and (text := _conflict(rule, other)):
                yield f"rules[{index}]: {text.format(other=f'rules[{other_index}]')}"
        later = [each for each in rules.values() if _is_rival(rule, each) and each.rule_priority > rule.rule_priority]
        if rule.tag_status == "any" and later:
            yield (
                f"rules[{index}]: 'any' must come last in {rule.storage_class} storage, and priority "
                f"{rule.rule_priority} is before {max(map(_priority, later))}; give it the highest number"
            )


def _is_rival(rule: LifecycleRule, other: LifecycleRule) -> bool:
    return rule is not other and rule.storage_class == other.storage_class


def _conflict(rule: LifecycleRule, other: LifecycleRule) -> str | None:
    """Return the reason why two rules cannot be in one policy, or `None`."""
    if rule.rule_priority == other.rule_priority:
        return f"priority {rule.rule_priority} is that of {{other}}; priorities are unique, write another number"
    if (rule.tag_status, rule.storage_class) != (other.tag_status, other.storage_class):
        return None
    remedy = _alternatives(rule, other)
    if rule.tag_status != "tagged":
        where = f"{rule.tag_status!r} in {rule.storage_class} storage"
        return f"selects {where} as {{other}} does; ECR allows one, {remedy}"
    for kind in ("tag_pattern_list", "tag_prefix_list"):
        entries = getattr(rule, kind)
        if entries and entries == getattr(other, kind):
            tags = abbreviate(list(entries))
            return f"selects the same tags {tags} as {{other}}; ECR requires different lists, {remedy}"
    return None


def _alternatives(rule: LifecycleRule, other: LifecycleRule) -> str:
    """Return the remedy for two rules for the same images."""
    if not combines_age_and_count(rule, other):
        return "remove one" if rule.tag_status != "tagged" else "remove one rule"
    return f"remove one: {rules_problem(rule, other)}"
