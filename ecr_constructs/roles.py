"""Roles that ECR assumes: those that constructs create, and those that are given with `role=`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, IValidation

from ecr_constructs._findings import annotations_of
from ecr_constructs._scopes import Place
from ecr_constructs._tokens import is_unresolved
from ecr_constructs.model.partitions import arn_problems
from ecr_constructs.trust import Service, condition_problems, foreign_sources, trust_principal, trust_problems

__all__ = ["check_role", "create_role", "role_problems", "trust_condition_problems"]

# CustomRoleArn in the CloudFormation schema: no path between `role/` and the name.
_ROLE_ARN = re.compile(r"arn:aws[a-z0-9-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_-]+")


def role_problems(place: Place, role: object) -> Iterator[str]:
    """
    Yield the reasons for which ECR cannot assume a role.

    The trust policy is checked by `check_role`, because statements may be added to it until the app synthesizes.

    Args:
        place: The place of the template or cache.
        role: The value of `role=`.

    Yields:
        One sentence for each fault.

    Raises:
        TypeError: if it is not a role.

    """
    if role is None:
        return
    # Imported roles are no constructs in Python.
    if isinstance(role, type) or not hasattr(role, "role_arn") or not hasattr(role, "add_to_principal_policy"):
        raise TypeError(f"role must be an iam.Role, or one imported with iam.Role.from_role_arn, got {role!r}")
    given = cast("iam.IRole", role)
    arn = given.role_arn
    resource = _resource_of(given)
    if problems := tuple(_path_problems(resource)):
        yield from problems
    elif "/" in arn.partition(":role/")[2]:
        yield _PATH.format(repr(arn))
    elif not is_unresolved(arn) and not _ROLE_ARN.fullmatch(arn):
        yield f"role: {arn!r} is not the ARN of a role; write one such as 'arn:aws:iam::111122223333:role/ecr'"
    yield from arn_problems("role", arn, place.stack.region if place.stack else None)
    theirs, ours = given.env.account, place.stack.account if place.stack else None
    if ours is not None and theirs != ours and not is_unresolved(theirs) and not is_unresolved(ours):
        yield f"role: it is of account {theirs}, and the registry of {ours}; ECR assumes roles of its own account only"


def trust_condition_problems(
    conditions: object, service: Service, *, role: object, is_role_created: bool
) -> Iterator[str]:
    """
    Yield the faults of `trust_conditions=`.

    Args:
        conditions: Its value; None if it is not given.
        service: The service principal that ECR assumes the created role with.
        role: The value of `role=`.
        is_role_created: Whether the construct creates a role.

    Yields:
        One sentence for each fault.

    Raises:
        TypeError: if it is not a mapping of operators to mappings of condition keys to values.

    """
    if conditions is None:
        return
    yield from condition_problems(conditions, service)
    if role is not None:
        yield "trust_conditions: they are for a role that is created, and role= is given; add them to that role"
    elif not is_role_created:
        yield "trust_conditions: no role is created with these settings; leave them out"


def create_role(
    scope: Construct, service: Service, *, description: str, conditions: Mapping[str, Mapping[str, Any]] | None
) -> iam.Role:
    """
    Create the role that ECR assumes for a template or cache.

    Args:
        scope: The template or cache.
        service: The service principal that ECR assumes it with.
        description: The description of the role.
        conditions: Conditions of its trust policy.

    """
    return iam.Role(scope, "Role", assumed_by=trust_principal(service, conditions), description=description)


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
    """Reads a role at the end: its trust policy is often completed after the role is given to a construct."""

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


_PATH = "role: {} is refused by CloudFormation, which takes no path here; give a role without one"


def _path_problems(resource: iam.CfnRole | None) -> Iterator[str]:
    path = resource and resource.path
    if path not in (None, "/"):
        yield _PATH.format(f"path {path!r}")


def _resource_of(role: iam.IRole) -> iam.CfnRole | None:
    """Return the resource of a role of the app; imported roles have none."""
    resource = role.node.default_child
    # The default child of a lazy role is a role.
    if isinstance(resource, iam.Role):
        resource = resource.node.default_child
    return resource if isinstance(resource, iam.CfnRole) else None
