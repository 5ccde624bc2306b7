"""The policies of ECR: the problems of a statement in each of them, and their length."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from ecr_constructs.model.iam.actions import matches_action
from ecr_constructs.model.iam.principals import names_everyone, principals_of
from ecr_constructs.model.iam.resources import resource_problems
from ecr_constructs.model.iam.statements import Statement, statement_problems
from ecr_constructs.model.iam.values import UNKNOWN, possible, text_of, value_label
from ecr_constructs.model.template_syntax import is_function_name

__all__ = [
    "DENIES_CHANGE",
    "MAXIMUM_CHARACTERS",
    "denies_change",
    "length_of",
    "registry_statement_problems",
    "repository_statement_problems",
    "v1_statement_problems",
]

# RepositoryPolicyText and RegistryPolicyText in the service model.
MAXIMUM_CHARACTERS = 10_240

# The actions that a registry policy of scope V1 enforces:
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
_V1_ACTIONS = ("ecr:ReplicateImage", "ecr:BatchImportUpstreamImage", "ecr:CreateRepository")
_SCANNING = "ecr:putregistryscanningconfiguration"
_CHANGE = "ecr:SetRepositoryPolicy"
DENIES_CHANGE = (
    f"denies {_CHANGE} to every principal of the account, so neither CloudFormation nor an administrator can "
    "change the policy again"
)
_OWN_ACCOUNT = json.dumps({"Ref": "AWS::AccountId"})
# The shortest values of references. Other references count as empty, because their length is known only at deployment.
_SHORTEST = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "0" * 12}


def repository_statement_problems(
    statement: Statement,
    account: str | None,  # noqa: ARG001  (the signature of both policies is the same)
    region: str | None,
) -> Iterator[str]:
    """
    Yield the problems of a statement in a repository policy.

    Args:
        statement: The statement, as a policy document contains it.
        account: The account of the repository. None if it is known only at deployment.
        region: The Region of the repository. None if it is known only at deployment.

    """
    if "Resource" in statement or "NotResource" in statement:
        yield "the statement names resources; a repository policy applies to its repository; remove resources"
    yield from statement_problems(statement, "repository", region=region)


def denies_change(statement: Statement, account: str | None) -> bool:
    """
    Return whether a statement of a repository policy denies every principal of the account to change the policy.

    An explicit denial overrides each permission, also that of the credentials that CloudFormation uses:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

    Args:
        statement: The statement, as a policy document contains it.
        account: The account of the repository. None if it is known only at deployment.

    """
    if statement.get("Effect") != "Deny" or _has_condition(statement):
        return False
    if not any(kind == "AWS" and _is_whole_account(value, account) for kind, value in principals_of(statement)):
        return False
    if "NotAction" in statement:
        return not any(matches_action(each, _CHANGE) or UNKNOWN in text_of(each) for each in _actions(statement))
    return any(matches_action(each, _CHANGE) for each in _actions(statement))


def _actions(statement: Statement) -> Iterator[object]:
    return possible(statement.get("NotAction" if "NotAction" in statement else "Action", []))


def _has_condition(statement: Statement) -> bool:
    condition = statement.get("Condition")
    # An operator without keys is met by every request.
    return any(condition.values()) if isinstance(condition, Mapping) else condition is not None


def _is_whole_account(principal: object, account: str | None) -> bool:
    """Return whether a principal is everyone, or the account of the repository."""
    text = text_of(principal)
    if text == "*" or (account is not None and re.fullmatch(rf"(arn:[^:]*:iam::)?{account}(:root)?", text)):
        return True
    # A policy has the account of its own stack as this reference.
    return _OWN_ACCOUNT in json.dumps(principal) and (text == UNKNOWN or text.endswith(f"::{UNKNOWN}:root"))


def registry_statement_problems(statement: Statement, account: str | None, region: str | None) -> Iterator[str]:
    """
    Yield the problems of a statement in a registry policy.

    Args:
        statement: The statement, as a policy document contains it.
        account: The account of the registry. None if it is known only at deployment.
        region: The Region of the registry. None if it is known only at deployment.

    """
    if "Resource" not in statement and "NotResource" not in statement:
        yield "the statement has no resources; name the repositories of a registry policy with resources="
    yield from statement_problems(statement, "registry", region=region)
    for resource in (each for part in ("Resource", "NotResource") for each in possible(statement.get(part, []))):
        yield from resource_problems(resource, account=account, region=region)
    yield from _scanning_problems(statement, account)


def v1_statement_problems(statement: Statement, account: str | None, region: str | None) -> Iterator[str]:
    """
    Yield the problems of a statement in a registry policy of scope V1.

    Args:
        statement: The statement, as a policy document contains it.
        account: The account of the registry. None if it is known only at deployment.
        region: The Region of the registry. None if it is known only at deployment.

    """
    yield from registry_statement_problems(statement, account, region)
    for action in possible(statement.get("Action", [])):
        if UNKNOWN not in text_of(action) and not any(matches_action(action, each) for each in _V1_ACTIONS):
            yield (
                f"{value_label(action)} is not in scope V1 of a registry policy, which allows {', '.join(_V1_ACTIONS)} "
                "only; set the account setting REGISTRY_POLICY_SCOPE to V2 and use policy_scope='V2', or use a "
                "repository policy"
            )


def length_of(value: object) -> int:
    """Return a lower bound of the number of characters of a deployed policy, or of a part of one."""
    return len(json.dumps(_deployed(value), separators=(",", ":"), default=str, ensure_ascii=False))


def _deployed(value: object) -> object:
    """Return a value with the shortest text for each reference, to measure a template."""
    if isinstance(value, Mapping) and len(value) == 1:
        ((function, argument),) = value.items()
        if function == "Fn::Join":
            return str(argument[0]).join(str(_deployed(part)) for part in argument[1])
        if is_function_name(function):
            return _SHORTEST.get(str(argument), "")
    if isinstance(value, Mapping):
        return {key: _deployed(each) for key, each in value.items()}
    return [_deployed(each) for each in value] if isinstance(value, list) else value


def _scanning_problems(statement: Statement, account: str | None) -> Iterator[str]:
    """Yield each action that a statement denies in the account of the registry and that Amazon Inspector needs."""
    if statement.get("Effect") == "Deny" and not statement.get("Condition") and _is_about(statement, account):
        denied = [action for action in possible(statement.get("Action", [])) if _is_scanning(action)]
        if "NotAction" in statement and not any(map(_is_scanning, possible(statement["NotAction"]))):
            denied.append("all actions but some")
        for action in denied:
            yield (
                f"the statement denies {action}, and Amazon Inspector could not change the scan type; "
                "deny specific actions instead"
            )


def _is_about(statement: Statement, account: str | None) -> bool:
    """Return whether a statement names principals that can be in an account."""
    if account is None or names_everyone(statement):
        return True
    texts = [text_of(value) for kind, value in principals_of(statement) if kind == "AWS"]
    # IDs of accounts are known when the app synthesizes.
    return any(account in text or UNKNOWN in "".join(text.split(":")[4:5]) for text in texts)


def _is_scanning(action: object) -> bool:
    return matches_action(action, _SCANNING)
