"""
Checks of the keys for images: whether ECR can use them, and their key policies.

https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from weakref import WeakSet

import jsii
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.interfaces.aws_kms import IKeyRef
from constructs import IValidation

from ecr_constructs.model.iam.principals import principal_problems
from ecr_constructs.model.iam.statements import public_problems
from ecr_constructs.model.iam.values import as_list
from ecr_constructs.model.keys import usability_problems

__all__ = ["GRANTS_DENIED", "SharedKeyPolicyCheck", "check_policy", "key_problems"]

# ECR creates its own grants, and no other principal needs one. AWS Control Tower requires this (CT.KMS.PR.3).
GRANTS_DENIED: Mapping[str, Any] = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "kms:CreateGrant",
    "Resource": "*",
    "Condition": {"BoolIfExists": {"kms:GrantIsForAWSResource": "false", "aws:PrincipalIsAWSService": "false"}},
}


@jsii.implements(IValidation)
class SharedKeyPolicyCheck:
    """
    Check the policy of the shared key, when it is created and when the app synthesizes.

    Args:
        resource: The shared key.

    """

    def __init__(self, resource: kms.CfnKey) -> None:
        self._resource = resource
        self._created = _written(resource)

    def validate(self) -> list[str]:
        """Return a problem for each missing statement, and the problems of the other statements."""
        problems = list(_usability_problems(self._resource))
        # Most keys still have their first policy, and resolving it takes time in each stack.
        if _written(self._resource) == self._created:
            return problems
        statements, required = self._statements()
        lost = [
            f"the policy of the shared key no longer has the statement that {name}; do not change the policy, or "
            "use Encryption.customer_key(key) with a key that has another policy"
            for name, one in required.items()
            if not any(_includes(statement, one) for statement in statements)
        ]
        return [*problems, *lost, *_statement_problems(statements)]

    def injected_problems(self) -> list[str]:
        """Return the problems of the policy at creation, when only an injector can have changed it."""
        statements, required = self._statements()
        return [] if statements == list(required.values()) else [_POLICY_CHANGED]

    def _statements(self) -> tuple[Sequence[Mapping[str, Any]], Mapping[str, Mapping[str, Any]]]:
        """Return the resolved statements of the key policy, and those that it needs."""
        needed = {"allows the account to administer it": _account_statement(), _DENIES_GRANTS: GRANTS_DENIED}
        found = self._resource.stack.resolve({"written": _written(self._resource), "needed": needed})
        return as_list((found.get("written") or {}).get("Statement", [])), found["needed"]


def check_policy(key: IKeyRef) -> None:
    """
    Check a key of this app and its policy when the app synthesizes. The policy of an imported key is not known.

    Args:
        key: The key that images are encrypted with.

    """
    if key in _checked:
        return
    _checked.add(key)
    if (resource := _resource_of(key)) is not None:
        key.node.add_validation(_KeyPolicyCheck(resource))


# Many repositories can have one key.
_checked: WeakSet[IKeyRef] = WeakSet()


@jsii.implements(IValidation)
class _KeyPolicyCheck:
    """Check a given key and its policy when the app synthesizes."""

    def __init__(self, resource: kms.CfnKey) -> None:
        self._resource = resource

    def validate(self) -> list[str]:
        document = self._resource.stack.resolve(_written(self._resource)) or {}
        return [*_usability_problems(self._resource), *_statement_problems(as_list(document.get("Statement", [])))]


def key_problems(key: IKeyRef, *, service: str = "ECR") -> Iterator[str]:
    """
    Check the properties of a key of this app. The properties of an imported key are not known.

    Args:
        key: The key, or an alias of it.
        service: The service that encrypts with it. Default: `ECR`.

    Yields:
        One sentence for each reason why the service cannot use the key.

    """
    if (resource := _resource_of(key)) is not None:
        yield from _usability_problems(resource, service)


def _resource_of(key: IKeyRef) -> kms.CfnKey | None:
    """Return the resource of a key of this app, or of the key of an alias."""
    target = key.alias_target_key if isinstance(key, kms.Alias) else key
    resource = target if isinstance(target, kms.CfnKey) else target.node.default_child
    return resource if isinstance(resource, kms.CfnKey) else None


def _usability_problems(resource: kms.CfnKey, service: str = "ECR") -> Iterator[str]:
    return usability_problems(
        enabled=resource.enabled, key_spec=resource.key_spec, key_usage=resource.key_usage, service=service
    )


def _statement_problems(statements: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the statements of a key policy that are public, and principals that IAM does not accept."""
    for statement in statements:
        found = [*public_problems(statement, in_key_policy=True), *principal_problems(statement)]
        yield from (f"the policy of the key: {problem}" for problem in found)


def _written(resource: kms.CfnKey) -> Any:  # noqa: ANN401  (a policy document)
    """Return a key policy as plain data. Resolving the document itself would prevent later changes of it."""
    document = resource.key_policy
    # In Python the document can be an interface, so its class is not checked.
    return document.to_json() if hasattr(document, "to_json") else document


_POLICY_CHANGED = (
    "a property injector changes the policy of the shared key, with policy or admins, and the account administers the "
    "key with it; exclude EcrConstructsKey from the injector, or use Encryption.customer_key(key) with a customer "
    "managed key"
)
_DENIES_GRANTS = "denies kms:CreateGrant to all but AWS services"


@lru_cache(maxsize=1)
def _account_statement() -> Mapping[str, Any]:
    """Return the default statement of a key policy. Before it is resolved, it is the same for every stack."""
    statement = iam.PolicyStatement(principals=[iam.AccountRootPrincipal()], actions=["kms:*"], resources=["*"])
    found: Mapping[str, Any] = statement.to_json()
    return found


def _includes(statement: Mapping[str, Any], required: Mapping[str, Any]) -> bool:
    """Return whether a statement includes another one. The CDK can merge more principals or actions into it."""
    principal, needed = statement.get("Principal"), required["Principal"]["AWS"]
    named = principal.get("AWS", []) if isinstance(principal, Mapping) else principal
    return (
        statement.get("Effect") == required["Effect"]
        and statement.get("Condition") == required.get("Condition")
        and needed in as_list(named)
        and all(required[part] in as_list(statement.get(part, [])) for part in ("Action", "Resource"))
    )
