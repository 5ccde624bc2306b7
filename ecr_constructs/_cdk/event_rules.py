"""EventBridge rules and their targets."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_events as events
from constructs import Construct

from ecr_constructs._cdk.tokens import forwarded_problems
from ecr_constructs.errors import DuckType, Problems
from ecr_constructs.model.events.event_rule import EventRule
from ecr_constructs.model.validation import TAG_PATTERN

__all__ = ["TARGET", "TARGET_EXAMPLE", "check_trigger", "create_rule", "tag_problems"]

# jsii marks the classes that implement its interfaces. An AlertTarget has a `bind`, too, and is no IRuleTarget.
TARGET = DuckType("an events.IRuleTarget", "bind", "__jsii_ifaces__")
TARGET_EXAMPLE = "targets.CodeBuildProject(project)"


def create_rule(
    scope: Construct, rule: EventRule, *, id: str | None = None, targets: Sequence[events.IRuleTarget] = ()
) -> events.Rule:
    """
    Create a rule.

    Args:
        scope: The scope of the rule.
        rule: The events and the description.
        id: The construct ID. Default: that of the rule.
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
        id: The construct ID; None for the default.
        default_id: The default.
        target: The target.

    """
    problems.expect("target", target, TARGET, TARGET_EXAMPLE)
    if not problems.expect("id", id, str, "'Deploy'", optional=True):
        return default_id
    chosen = default_id if id is None else id
    if not chosen:
        problems.add("id is empty; use a word such as 'Deploy'")
    elif scope.node.try_find_child(chosen):
        problems.add(f"id {chosen!r} is used by another trigger or construct here; give each trigger its own id=")
    return chosen


def tag_problems(tag: str) -> list[str]:
    """Return the problems of the pattern of a tag."""
    return [f"tag: {problem}" for problem in forwarded_problems(TAG_PATTERN, tag)]
