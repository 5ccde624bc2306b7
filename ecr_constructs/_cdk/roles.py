"""Roles that ECR assumes: roles that constructs create, and roles that are given with `role=`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, Dependable, IDependable, IValidation

from ecr_constructs._cdk.annotations import annotations_of
from ecr_constructs._cdk.environment_registry import environment_of
from ecr_constructs._cdk.policy_statements import canonical_json
from ecr_constructs._cdk.property_injectors import is_injected, reapply, typed_refusal
from ecr_constructs._cdk.scope import ConstructLocation, location_of
from ecr_constructs._cdk.tokens import is_unresolved
from ecr_constructs._cdk.trust_policies import (
    Service,
    foreign_sources,
    trust_condition_problems,
    trust_principal,
    trust_problems,
)
from ecr_constructs.errors import DuckType, InvalidRegistry, Problems
from ecr_constructs.model.iam.principals import DUMMY_ROLE
from ecr_constructs.model.partitions import arn_problems
from ecr_constructs.model.registry.creation_templates import role_arn_problems

__all__ = [
    "ROLE",
    "ROLE_EXAMPLE",
    "account_of_principal",
    "allow",
    "check_role",
    "check_role_arn",
    "check_trust_conditions",
    "create_role",
    "warn_if_not_added",
]


# Imported roles are not constructs in Python.
ROLE = DuckType("an iam.Role", "role_arn", "add_to_principal_policy")
ROLE_EXAMPLE = "iam.Role.from_role_arn(scope, id, arn)"


def check_role_arn(problems: Problems, place: ConstructLocation, role: iam.IRole | None) -> None:
    """
    Check the ARN and the account of a role that ECR assumes.

    `check_role` checks the trust policy, because statements can be added to it until the app synthesizes.

    Args:
        problems: The collector of problems.
        place: The location of the template or cache.
        role: The value of `role=`. None if it is not given.

    """
    if role is None or _is_placeholder(role):
        return
    arn = role.role_arn
    resource = _resource_of(role)
    if path := tuple(_path_problems(resource)):
        problems.extend(path)
    else:
        problems.extend(role_arn_problems(arn, is_complete=not is_unresolved(arn)))
    problems.extend(arn_problems("role", arn, place.stack.region if place.stack else None))
    theirs, ours = role.env.account, place.stack.account if place.stack else None
    if ours is not None and theirs != ours and not is_unresolved(theirs) and not is_unresolved(ours):
        problems.add(
            f"role: it is of account {theirs}, and the registry of {ours}; ECR assumes roles of its own account only"
        )


def check_trust_conditions(
    problems: Problems, conditions: object, service: Service, *, role: object, is_role_created: bool
) -> None:
    """
    Check `trust_conditions=`.

    Args:
        problems: The collector of problems.
        conditions: Its value. None if it is not given.
        service: The service principal with which ECR assumes the created role.
        role: The value of `role=`.
        is_role_created: Whether the construct creates a role.

    """
    if conditions is None:
        return
    with problems.collect():
        problems.extend(trust_condition_problems(conditions, service))
    if role is not None:
        problems.add("trust_conditions: they are for a role that is created, and role= is given; add them to that role")
    elif not is_role_created:
        problems.add("trust_conditions: no role is created with these settings; remove trust_conditions=")


def create_role(
    scope: Construct, service: Service, description: str, *, conditions: Mapping[str, Mapping[str, Any]] | None
) -> iam.Role:
    """
    Create the role that ECR assumes for a template or cache.

    Args:
        scope: The template or cache.
        service: The service principal that ECR assumes it with.
        description: The description of the role.
        conditions: Conditions of its trust policy.

    Raises:
        InvalidRegistry: If a property injector changes the role such that ECR cannot use it, or adds permissions.

    """
    principal = trust_principal(service, conditions)
    with typed_refusal(scope, lambda: iam.Role.PROPERTY_INJECTION_ID, InvalidRegistry, path=scope.node.path):
        role = iam.Role(scope, "Role", assumed_by=principal, description=description)
        if (resource := _resource_of(role)) is not None and is_injected(scope, lambda: iam.Role.PROPERTY_INJECTION_ID):
            trust = iam.PolicyStatement(actions=["sts:AssumeRole"], principals=[principal])
            problems = Problems()
            _check_injected_role(problems, role, resource, trust)
            problems.raise_if_any(InvalidRegistry, scope.node.path)
            reapply(scope, resource, {"path": None}, reason="CloudFormation accepts no ARN of a role with a path here")
    return role


def _check_injected_role(problems: Problems, role: iam.Role, resource: iam.CfnRole, trust: iam.PolicyStatement) -> None:
    """Add a problem for changes of a property injector that cannot be restored without deleting later additions."""
    document = role.assume_role_policy
    if document is None or resource.stack.resolve(_written(document)) != [resource.stack.resolve(trust.to_json())]:
        problems.add(
            "a property injector changes the trust policy of the role, with assumedBy or externalIds; exclude the role "
            "from it, use trust_conditions= for conditions, or give role="
        )
    if resource.stack.resolve([resource.managed_policy_arns, resource.policies]):
        problems.add(
            "a property injector adds permissions to the role, with managedPolicies or inlinePolicies, and the role "
            "has only those that ECR needs; exclude the role from it, or give role="
        )
    name = resource.stack.resolve(resource.role_name)
    if name is not None:
        _claim_name(problems, role, name)


def _claim_name(problems: Problems, role: iam.Role, name: object) -> None:
    environment = environment_of(location_of(role))
    # Names of roles are unique in an account, in all its Regions. A name with a reference can differ between stacks.
    account = environment.in_environment(account=None, region="") or environment
    claimed = name if isinstance(name, str) else f"{role.stack.node.path} {canonical_json(name)}"
    if (owner := account.owner_of("role", claimed)) is not None:
        problems.add(
            f"a property injector names the role {_readable(name)!r}, as it names {owner.node.path}, and role names "
            "are unique in an account; change the injector to set different names, or none"
        )
    account.register_owner(role, "role", claimed)


def _written(document: iam.PolicyDocument) -> Sequence[Any]:
    """Return the statements of a document. The document can still be changed afterwards."""
    return list((document.to_json() or {}).get("Statement", ()))


def check_role(owner: Construct, role: iam.IRole, service: Service) -> None:
    """
    Check the path and the trust policy of a role when the app synthesizes, if it is a role of the app.

    Args:
        owner: The template or cache that names the role.
        role: The role.
        service: The service principal that ECR assumes it with.

    """
    if (resource := _resource_of(role)) is not None:
        owner.node.add_validation(_RoleCheck(owner, resource, service))


@jsii.implements(IValidation)
class _RoleCheck:
    """A validation that reads a role at synthesis, because its trust policy is often completed later."""

    def __init__(self, owner: Construct, resource: iam.CfnRole, service: Service) -> None:
        self._owner = owner
        self._resource = resource
        self._service = service

    def validate(self) -> list[str]:
        document = self._resource.stack.resolve(self._resource.assume_role_policy_document)
        account = self._resource.stack.account
        foreign = () if is_unresolved(account) else foreign_sources(document, self._service, account)
        if foreign:
            annotations_of(self._owner).add_warning_v2(
                "ecr-constructs:roleTrustsAnotherSource",
                f"the trust policy of the role {self._resource.node.path} requires {', '.join(foreign)} as source, "
                f"and the registry is of account {account}; use that account in aws:SourceAccount and aws:SourceArn",
            )
        return [*_path_problems(self._resource), *trust_problems(document, self._service)]


_POLICY_CHANGED = (
    "a property injector changes the policy of the role, with document, statements, users, groups or roles, and the "
    "policy is for this role only and has only the permissions that ECR needs; exclude the policy from it, or give "
    "role="
)
_PATH = "role: {} is rejected by CloudFormation, which accepts no path here; use a role without one"


def _path_problems(resource: iam.CfnRole | None) -> Iterator[str]:
    path = resource and resource.path
    if path not in (None, "/"):
        yield _PATH.format(f"path {path!r}")


def _resource_of(role: iam.IRole) -> iam.CfnRole | None:
    """Return the resource of a role of the app. Imported roles have none."""
    resource = role.node.default_child
    # The default child of a lazy role is a role.
    if isinstance(resource, iam.Role):
        resource = resource.node.default_child
    return resource if isinstance(resource, iam.CfnRole) else None


def allow(owner: Construct, role: iam.IRole, *statements: iam.PolicyStatement) -> Sequence[IDependable]:
    """
    Add statements to the policy of a role, and return the policies.

    Args:
        owner: The template or cache that names the role.
        role: The role.
        statements: The permissions that ECR needs.

    Raises:
        InvalidRegistry: If a property injector changes the policy of a role that the owner created.

    """
    with typed_refusal(owner, lambda: iam.Policy.PROPERTY_INJECTION_ID, InvalidRegistry, path=owner.node.path):
        added = [role.add_to_principal_policy(statement) for statement in statements]
    if (
        isinstance(role, iam.Role)
        and role.node.scope is owner
        and is_injected(role, lambda: iam.Policy.PROPERTY_INJECTION_ID)
    ):
        _require_only(owner, role, statements)
    policies = [one.policy_dependable for one in added if one.policy_dependable is not None]
    warn_if_not_added(owner, role, policies, statements)
    return policies


def _require_only(owner: Construct, role: iam.Role, statements: Sequence[iam.PolicyStatement]) -> None:
    """Raise an error if the policy of a role has other statements, or is attached to other identities."""
    policy = role.node.try_find_child("DefaultPolicy")
    resource = policy and policy.node.default_child
    if not isinstance(policy, iam.Policy) or not isinstance(resource, iam.CfnPolicy):
        return
    resolve = resource.stack.resolve
    is_ours = resolve(_written(policy.document)) == resolve([one.to_json() for one in statements])
    if not is_ours or resolve(resource.users) or resolve(resource.groups) or len(resolve(resource.roles) or ()) != 1:
        raise InvalidRegistry([_POLICY_CHANGED], path=owner.node.path)


def warn_if_not_added(
    owner: Construct,
    principal: iam.IPrincipal,
    policies: Sequence[IDependable],
    statements: Sequence[iam.PolicyStatement],
) -> None:
    """
    Add a warning when the app synthesizes if no policy contains the statements for a principal.

    The CDK returns success for roles that it does not change: imported ones with `mutable=False` or of another account,
    and those of `without_policy_updates()`.

    Args:
        owner: The construct that the warning is added to.
        principal: The role or user.
        policies: The constructs that the CDK returns for its additions.
        statements: The statements.

    """
    # The policy of a role of the app is attached later. The CDK itself warns about an unknown principal.
    if not isinstance(principal, (iam.Role, iam.UnknownPrincipal)) and not _is_placeholder(principal):
        owner.node.add_validation(_AdditionCheck(owner, principal, policies, statements))


@jsii.implements(IValidation)
class _AdditionCheck:
    """A validation that finds the policies with statements. Policies of lazy roles exist when the app synthesizes."""

    def __init__(
        self,
        owner: Construct,
        principal: iam.IPrincipal,
        policies: Sequence[IDependable],
        statements: Sequence[iam.PolicyStatement],
    ) -> None:
        self._owner = owner
        self._principal = principal
        self._policies = policies
        self._statements = statements

    def validate(self) -> list[str]:
        roots = [root for policy in self._policies for root in Dependable.of(policy).dependency_roots]
        if not any(map(self._is_of_its_account, roots)):
            stack = cdk.Stack.of(self._owner)
            statements = [_readable(stack.resolve(one.to_json())) for one in self._statements]
            annotations_of(self._owner).add_warning_v2(
                "ecr-constructs:roleIsNotUpdated",
                f"no permissions are added to {self._named(stack)}, because the CDK does not change roles that are "
                "imported with mutable=False or from another account, or are the result of without_policy_updates(); "
                f"add these statements to it: {json.dumps(statements)}",
            )
        return []

    def _is_of_its_account(self, root: object) -> bool:
        """Return whether a policy can be in the account of the principal."""
        theirs, account = account_of_principal(self._principal), cdk.Stack.of(cast("Construct", root)).account
        return theirs is None or theirs == account or is_unresolved(theirs) or is_unresolved(account)

    def _named(self, stack: cdk.Stack) -> str:
        for kind in ("role", "user", "group"):
            if arn := getattr(self._principal, f"{kind}_arn", None):
                return f"the {kind} {_readable(stack.resolve(arn))}"
        return "the principal"


def account_of_principal(principal: iam.IPrincipal) -> str | None:
    """
    Return the account of a principal, if it has one. The account of a role is not known before its lookup.

    Args:
        principal: Any principal. Unknown principals have no such attribute in Python.

    """
    return None if _is_placeholder(principal) else getattr(principal, "principal_account", None)


def _is_placeholder(principal: object) -> bool:
    """Return whether a role is not yet looked up. Its account and Region are placeholders, too."""
    return str(getattr(principal, "role_arn", "")).endswith(DUMMY_ROLE)


def _readable(value: Any) -> Any:  # noqa: ANN401  (any part of a statement)
    """Return a resolved value with references as in `Fn::Sub`."""
    if isinstance(value, Mapping):
        if list(value) == ["Fn::Join"]:
            separator, parts = value["Fn::Join"]
            return separator.join(map(str, map(_readable, parts)))
        if list(value) in (["Ref"], ["Fn::GetAtt"]):
            (argument,) = value.values()
            return f"${{{argument if isinstance(argument, str) else '.'.join(argument)}}}"
        return {key: _readable(each) for key, each in value.items()}
    return list(map(_readable, value)) if isinstance(value, list) else value
