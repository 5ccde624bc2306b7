"""Actions of a policy statement: whether they exist, and whether a policy can allow them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache

from ecr_constructs.model.iam.action_names import REGISTRY_ACTIONS, REPOSITORY_ACTIONS
from ecr_constructs.model.iam.permissions import LOGIN
from ecr_constructs.model.iam.values import UNKNOWN, matches_pattern, text_of, value_label

__all__ = ["action_problems", "matches_action"]

_PREFIX = "ecr:"
_EVERY_ACTION = ("*", "*:*")
_LOGIN = tuple(action.lower() for action in LOGIN)
_ALLOWED = {"repository": REPOSITORY_ACTIONS, "registry": REPOSITORY_ACTIONS | REGISTRY_ACTIONS}


def action_problems(action: object, policy: str) -> Iterator[str]:
    """
    Yield the reason why a policy of ECR cannot contain an action.

    Args:
        action: The action, which may contain `*` and `?`, or an intrinsic function.
        policy: The kind of policy: `repository` or `registry`.

    Yields:
        One sentence with the action and the fix. An action that is known only at deployment has none.

    """
    if UNKNOWN not in text_of(action):
        yield from _problems_of_action(text_of(action), policy)


def matches_action(pattern: object, action: str) -> bool:
    """
    Return whether an action of a statement is, or includes, another.

    Args:
        pattern: The action of the statement, which may contain `*` and `?`.
        action: An action without wildcards, such as `ecr:PutImage`.

    """
    return matches_pattern(text_of(pattern).lower(), action.lower())


# The statements of an app have few different actions.
@lru_cache(maxsize=1024)
def _problems_of_action(action: str, policy: str) -> tuple[str, ...]:
    text = action.lower()
    if text in _EVERY_ACTION:
        return ()
    if text in _LOGIN:
        return (f"a {policy} policy cannot allow {action}, which has no resource; use grant_pull or grant_push",)
    if not text.startswith(_PREFIX):
        remedy = f"a {policy} policy has actions such as 'ecr:BatchGetImage'"
        return (f"{value_label(action)} is not an action of ECR; {remedy}",)
    return () if _matches_any(text, _ALLOWED[policy]) else (_reason(action, text, policy),)


def _matches_any(text: str, names: frozenset[str]) -> bool:
    return any(matches_action(text, _PREFIX + name) for name in names)


def _reason(action: str, text: str, policy: str) -> str:
    if policy == "repository" and _matches_any(text, REGISTRY_ACTIONS):
        return (
            f"a repository policy cannot allow {action}, which is an action of the registry; use the registry policy, "
            "PrivateRegistry.of(scope).add_to_resource_policy(...)"
        )
    names = {name.lower(): name for name in _ALLOWED[policy]}
    near = get_close_matches(text.removeprefix(_PREFIX), names, n=1)
    advice = f"did you mean '{_PREFIX}{names[near[0]]}'?" if near else "use an action such as 'ecr:BatchGetImage'"
    return f"{value_label(action)} is not an action of ECR; {advice}"
