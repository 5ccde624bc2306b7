"""`Alert`: EventBridge rules about repositories, and their targets. All alerts derive from it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from constructs import Construct

from ecr_constructs._cdk.event_rules import create_rule, is_rule_target
from ecr_constructs._cdk.scope import ConstructLocation, id_problems, locate, stack_problems
from ecr_constructs._cdk.tokens import forwarded_problems
from ecr_constructs.errors import InvalidAlert, Problems, abbreviate
from ecr_constructs.model.events.event_rule import MAXIMUM_PATTERN, MAXIMUM_TARGETS, EventRule
from ecr_constructs.model.events.repository_filter import RepositoryFilter
from ecr_constructs.model.names import Namespace
from ecr_constructs.model.tags import TagPattern
from ecr_constructs.model.validation import REPOSITORY_PATTERN, TAG_PATTERN
from ecr_constructs.monitoring.alert_target import AlertTarget
from ecr_constructs.monitoring.repositories import is_repository, repository_problems
from ecr_constructs.registry.private_registry import PrivateRegistry

__all__ = ["Alert", "AlertRepositories", "AlertTargets", "RuleFactory", "check_alert", "check_tags"]

AlertRepository = str | Namespace | ecr.IRepository | PrivateRegistry
AlertRepositories = AlertRepository | Sequence[AlertRepository]
AlertTargets = Sequence[AlertTarget | events.IRuleTarget]

# A function that returns the rules of an alert, for the repositories and the beginning of their ARNs.
RuleFactory = Callable[[RepositoryFilter, str], Iterable[EventRule]]

_TARGET_EXAMPLE = "AlertTarget.topic(topic)"
_WRONG_TARGET = "{} must be an AlertTarget or events.IRuleTarget, got {}; write it as in {}"
_DEPLOY_TIME = re.compile(r"\$\{Token\[[^]]*\]\}")
# The maximum length of the partition, the account or the Region of an ARN, which most tokens are.
_LONGEST_REGION = "ap-southeast-1"


class Alert(Construct):
    """
    EventBridge rules about repositories, and their targets.

    Attributes:
        rules: The rules.

    """

    rules: tuple[events.Rule, ...]

    def __init__(self, scope: Construct, id: str, *, rules: Sequence[EventRule], targets: AlertTargets) -> None:
        """
        Create the rules of an alert.

        Args:
            scope: The scope of the construct, in a stack.
            id: The ID of the construct, unique in its scope.
            rules: The rules that `check_alert` returned.
            targets: The targets.

        """
        super().__init__(scope, id)
        self._values = tuple(rules)
        self._targets = 0
        self.rules = tuple(create_rule(self, rule) for rule in self._values)
        for target in targets:
            self._add(target)

    def add_target(self, target: AlertTarget | events.IRuleTarget) -> None:
        """
        Add a target to the rules. A rule has at most five targets.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html

        Args:
            target: An `AlertTarget`, or any target of the CDK.

        Raises:
            InvalidAlert: If the rules have five targets, or cannot have this one.
            TypeError: If it is not a target.

        """
        path = self.node.path
        problems = Problems()
        if not _is_target(target):
            problems.add_wrong_kinds(_WRONG_TARGET.format("target", abbreviate(target), _TARGET_EXAMPLE))
        problems.raise_if_any(InvalidAlert, path)
        problems.extend(_target_problems(locate(self, "Rule"), [target]))
        problems.extend(_count_problems(self._targets + 1))
        problems.raise_if_any(InvalidAlert, path)
        self._add(target)

    def _add(self, target: AlertTarget | events.IRuleTarget) -> None:
        id = f"Target{self._targets}"
        self._targets += 1
        for rule, value in zip(self.rules, self._values, strict=True):
            bound = target.bind(rule, value.message, id) if isinstance(target, AlertTarget) else target
            rule.add_target(bound)


def check_alert(
    problems: Problems,
    scope: Construct,
    id: str,
    *,
    repositories: AlertRepositories | None,
    targets: AlertTargets,
    rules: RuleFactory,
) -> Sequence[EventRule]:
    """
    Check the arguments that all alerts have, and return the rules of the alert.

    Args:
        problems: The problems of the other arguments.
        scope: The scope of the alert.
        id: The ID of the alert.
        repositories: The repositories. None for all.
        targets: The targets.
        rules: A function that returns the rules. It is called if there are no problems.

    Raises:
        InvalidAlert: With all problems.
        TypeError: If arguments are of the wrong kind.

    """
    given = [] if repositories is None else _as_list(repositories)
    problems.add_wrong_kinds(*_kind_problems(given))
    if problems.expect("targets", targets, Sequence, f"[{_TARGET_EXAMPLE}]"):
        wrong = ((index, each) for index, each in enumerate(targets) if not _is_target(each))
        problems.add_wrong_kinds(
            *(_WRONG_TARGET.format(f"targets[{i}]", abbreviate(each), f"[{_TARGET_EXAMPLE}]") for i, each in wrong)
        )
    place = locate(scope, id, problems)
    problems.extend(id_problems(scope, id))
    problems.extend(stack_problems(place, "an alert"))
    if repositories is not None and not given:
        problems.add("repositories is empty; omit it for all repositories")
    for each in given:
        problems.extend(_repository_problems(place, each))
    problems.extend(_target_problems(place, targets))
    problems.extend(_count_problems(len(targets)))
    problems.raise_if_any(InvalidAlert, place.path_of(id))
    names = tuple(map(_name_pattern, given)) or ("*",)
    found = tuple(rules(RepositoryFilter(names=names), _arn(place)))
    for rule in found:
        problems.extend(_pattern_problems(rule))
    problems.raise_if_any(InvalidAlert, place.path_of(id))
    return found


def check_tags(problems: Problems, tags: object) -> Sequence[str]:
    """
    Check `tags=` of an alert, and return the patterns.

    Args:
        problems: The collector of problems.
        tags: Its value: a pattern or several. None for all images.

    """
    if tags is None:
        return ("*",)
    several = [tags] if isinstance(tags, (str, TagPattern)) else tags
    if not problems.expect("tags", several, Sequence, "['v*']", each=(str, TagPattern)):
        return ("*",)
    assert isinstance(several, Sequence)  # noqa: S101  (`expect` returned True)
    if not several:
        problems.add("tags is empty; omit it for all images")
    for each in several:
        problems.extend(f"tags: {problem}" for problem in forwarded_problems(TAG_PATTERN, str(each)))
    return tuple(map(str, several))


def _is_target(value: object) -> bool:
    return isinstance(value, AlertTarget) or is_rule_target(value)


def _as_list(repositories: AlertRepositories) -> Sequence[AlertRepository]:
    if isinstance(repositories, Sequence) and not isinstance(repositories, str):
        return repositories
    return [repositories]


def _kind_problems(repositories: Sequence[object]) -> Iterator[str]:
    for each in repositories:
        if not isinstance(each, (str, Namespace, PrivateRegistry)) and not is_repository(each):
            yield (
                "repositories must be a repository, a Namespace, a name, a PrivateRegistry, or a list of them, got "
                f"{abbreviate(each)}"
            )


def _name_pattern(repository: AlertRepository) -> str:
    """Return the name of a repository, or a pattern that matches the names of several."""
    if isinstance(repository, PrivateRegistry):
        return "*"
    if isinstance(repository, Namespace):
        return f"{repository.value}/*"
    return repository if isinstance(repository, str) else repository.repository_name


def _repository_problems(place: ConstructLocation, repository: AlertRepository) -> Iterator[str]:
    if isinstance(repository, str):
        yield from (f"repositories: {problem}" for problem in forwarded_problems(REPOSITORY_PATTERN, repository))
    elif not isinstance(repository, Namespace):
        yield from repository_problems(place, "repositories", repository, user="alert", sent="events")


def _target_problems(place: ConstructLocation, targets: AlertTargets) -> Iterator[str]:
    for target in targets:
        if isinstance(target, AlertTarget):
            yield from target.problems(place)


def _count_problems(count: int) -> Iterator[str]:
    if count > MAXIMUM_TARGETS:
        yield (
            f"targets: {count} targets; EventBridge allows {MAXIMUM_TARGETS} for a rule, use a topic for several "
            "recipients"
        )


def _pattern_problems(rule: EventRule) -> Iterator[str]:
    text = _DEPLOY_TIME.sub(_LONGEST_REGION, json.dumps(rule.pattern(), separators=(",", ":")))
    if len(text) > MAXIMUM_PATTERN:
        yield (
            f"the event pattern of {rule.id} has {len(text)} characters; EventBridge allows {MAXIMUM_PATTERN}, use a "
            "Namespace or '*' instead of single names, or several alerts"
        )


def _arn(place: ConstructLocation) -> str:
    """Return the ARN of a repository of the stack, without the name at its end."""
    assert place.stack is not None  # noqa: S101  (a scope outside a stack was rejected)
    return place.stack.format_arn(service="ecr", resource="repository", resource_name="")
