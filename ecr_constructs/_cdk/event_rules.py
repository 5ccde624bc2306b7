"""EventBridge rules and their targets."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_events as events
from constructs import Construct

from ecr_constructs._cdk.tokens import forwarded_problems, is_unresolved
from ecr_constructs.errors import Problems, abbreviate
from ecr_constructs.model.events.event_rule import EventRule
from ecr_constructs.model.validation import TAG_PATTERN

__all__ = ["check_trigger", "create_rule", "is_rule_target", "tag_problems"]

_TARGET_EXAMPLE = "targets.CodeBuildProject(project)"


def is_rule_target(value: object) -> bool:
    """
    Return whether a value is an `events.IRuleTarget`.

    Alarm actions, subscriptions of topics and an `AlertTarget` have a `bind`, too. jsii marks classes that implement
    its interfaces.
    """
    interfaces = () if isinstance(value, type) else getattr(value, "__jsii_ifaces__", ())
    return any(events.IRuleTarget in each.__mro__ for each in interfaces)


def create_rule(
    scope: Construct, rule: EventRule, *, id: str | None = None, targets: Sequence[events.IRuleTarget] = ()
) -> events.Rule:
    """
    Create a rule.

    Args:
        scope: The scope of the rule.
        rule: The events and the description.
        id: The construct ID. Default: the ID of the rule.
        targets: The targets. Default: none.

    """
    pattern = events.EventPattern(source=[rule.source], detail_type=[rule.detail_type], detail=dict(rule.detail))
    created = events.Rule(scope, id or rule.id, description=rule.description, event_pattern=pattern)
    for target in targets:
        created.add_target(target)
    return created


def check_trigger(problems: Problems, scope: Construct, id: str | None, default_id: str, target: object) -> str:
    """
    Add the problems of the target of a trigger and of its construct ID, and return the ID.

    Args:
        problems: The collector of problems.
        scope: The scope of the rule.
        id: The construct ID. None for the default.
        default_id: The default.
        target: The target.

    """
    if not is_rule_target(target):
        problems.add_wrong_kinds(
            f"target must be an events.IRuleTarget such as {_TARGET_EXAMPLE}, got {abbreviate(target)}"
        )
    if not problems.expect("id", id, str, "'Deploy'", optional=True):
        return default_id
    chosen = default_id if id is None else id
    if not chosen:
        problems.add("id is empty; use a word such as 'Deploy'")
    elif is_unresolved(chosen):
        problems.add("the id of a construct cannot have a token; give a word such as id='Deploy'")
    elif scope.node.try_find_child(chosen):
        problems.add(f"id {chosen!r} is used by another trigger or construct here; give each trigger its own id=")
    return chosen


def tag_problems(tag: str) -> list[str]:
    """Return the problems of the pattern of a tag."""
    return [f"tag: {problem}" for problem in forwarded_problems(TAG_PATTERN, tag)]
