"""Grants of the CDK's repository that raise typed errors and warn about permissions that are not added."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable, Node

from ecr_constructs._cdk.tokens import is_unresolved
from ecr_constructs.errors import ArgumentTypeError, InvalidRepository, abbreviate
from ecr_constructs.model.iam.permissions import LOGIN, PULL, PUSH
from ecr_constructs.model.validation import is_token
from ecr_constructs.repository.foreign_use import UNNAMED, use_problems

if TYPE_CHECKING:
    from ecr_constructs.repository.resource_policy import RepositoryPolicy

__all__ = ["is_for_role_of_another_account", "with_reason"]

# The actions that the CDK accepts in a statement.
_ACTION = re.compile(r"\*|[a-zA-Z0-9-]+:[a-zA-Z0-9*]+")
_UNKNOWN = (
    "{} is imported without a role, so the CDK cannot add permissions to it; import it with its role, or grant the "
    "permissions to that role, imported with iam.Role.from_role_arn"
)
_NO_ACTION = "{!r} is not an action of ECR; use actions such as 'ecr:BatchGetImage'"

# The condition in the statement of a grant of the CDK for a role in a stack of another account.
_TAG_OF_ROLE = "aws:PrincipalTag/aws-cdk:id"
# The identities that receive a policy in their stack.
_OWNED = (iam.Role, iam.User, iam.Group)

_Grant = TypeVar("_Grant", bound=Callable[..., iam.Grant])
# Roles of the app receive a policy. For other principals, the statement is added to the repository policy.
_ALWAYS_ADDED = (iam.Role, iam.ArnPrincipal)
# The grants that add the permission to log in to the principal.
_WITH_LOGIN = ("grant_pull", "grant_pull_push", "grant_push")
# The actions of the grants, or more of them, to calculate the length of the policy.
_ACTIONS: Mapping[str, frozenset[str]] = {
    "grant_pull": frozenset(PULL),
    "grant_push": frozenset(PUSH),
    "grant_pull_push": frozenset((*PULL, *PUSH)),
    "grant_read": frozenset(("ecr:DescribeImages", "ecr:DescribeRepositories")),
}


class _SupportsGrants(Protocol):
    """A repository with a policy."""

    policy: RepositoryPolicy

    @property
    def node(self) -> Node: ...


class _TypedGrant:
    """
    A grant of `ecr.Repository` that raises the error with the reason.

    JavaScript makes the grants, and calls `add_to_resource_policy` of this library. An error of this method returns
    without its type. The grant is not a function, because jsii would register a function as a method for JavaScript.
    """

    def __init__(self, grant: Callable[..., iam.Grant]) -> None:
        self._grant = grant

    def __get__(self, repository: _SupportsGrants | None, owner: type) -> Callable[..., iam.Grant]:
        return self._grant if repository is None else partial(_granted, repository, self._grant)


def _granted(repository: _SupportsGrants, grant: _Grant, *args: Any, **options: Any) -> iam.Grant:  # noqa: ANN401
    if not args and "grantee" not in options:
        return grant(repository, **options)  # raises Python's TypeError
    _require_kinds(repository, *args, **options)
    grantee = args[0] if args else options["grantee"]
    principal = grantee if isinstance(grantee, _ALWAYS_ADDED) else grantee.grant_principal
    if isinstance(principal, iam.UnknownPrincipal):
        raise InvalidRepository([_UNKNOWN.format(_grantee_label(grantee))], path=repository.node.path)
    if isinstance(principal, _OWNED) and repository in UNNAMED:
        problems = tuple(use_problems(cast("ecr.Repository", repository), principal))
        if problems:
            raise InvalidRepository(problems, path=repository.node.path)
    repository.policy.refusal, repository.policy.is_granting = None, True
    # A subclass may have other statements.
    if type(grantee) is iam.AccountPrincipal:
        repository.policy.account_actions = _ACTIONS.get(grant.__name__)
    try:
        granted = grant(repository, *args, **options)
    except RuntimeError:
        if repository.policy.refusal is not None:
            raise repository.policy.refusal from None
        raise
    finally:
        repository.policy.is_granting, repository.policy.account_actions = False, None
    if not isinstance(principal, _ALWAYS_ADDED):
        made = cast("ecr.Repository", repository)
        _warn_if_not_added(made, principal, granted, login=grant.__name__ in _WITH_LOGIN)
    return granted


def _grantee_label(grantee: object) -> str:
    return f"the grantee {grantee.node.path}" if isinstance(grantee, Construct) else "the grantee"


def _require_kinds(repository: _SupportsGrants, *args: object, **options: object) -> None:
    """Raise a typed error for arguments of a grant that jsii would reject."""
    from ecr_constructs._cdk.principals import require_grantee

    for grantee in (*args[:1], *options.values()):
        require_grantee(cast("ecr.Repository", repository), grantee)
    for action in args[1:]:
        if not isinstance(action, str):
            problem = f"actions must be strings such as 'ecr:BatchGetImage', got {abbreviate(action)}"
            raise ArgumentTypeError([problem], path=repository.node.path)
        if not _ACTION.fullmatch(action) and not is_token(action):
            raise InvalidRepository([_NO_ACTION.format(action)], path=repository.node.path)


def _warn_if_not_added(
    repository: ecr.Repository, principal: iam.IPrincipal, granted: iam.Grant, *, login: bool
) -> None:
    """Add a warning for a role that the CDK does not change. The CDK returns success for such grants."""
    from ecr_constructs._cdk.roles import account_of_principal, warn_if_not_added

    theirs, ours = account_of_principal(principal), repository.env.account
    is_foreign = theirs is not None and theirs != ours and not is_unresolved(theirs) and not is_unresolved(ours)
    if is_foreign and not hasattr(principal, "role_arn"):
        return
    policies: list[IDependable] = [granted]
    if is_foreign:
        # In addition to the statement in the repository policy, the role needs a policy in its account.
        role = cast("iam.IRole", principal)
        policies = [child for child in role.node.find_all() if isinstance(child, iam.Policy)]
    given = [*granted.principal_statements, *granted.resource_statements]
    actions = list(dict.fromkeys(action for statement in given for action in statement.actions))
    statements = [iam.PolicyStatement(actions=actions, resources=[repository.repository_arn])]
    statements += [iam.PolicyStatement(actions=list(LOGIN), resources=["*"])] if login else []
    warn_if_not_added(repository, principal, policies, statements)


def is_for_role_of_another_account(statement: Mapping[str, Any]) -> bool:
    """
    Return whether a statement is that of a grant of the CDK for a role in a stack of another account.

    Args:
        statement: The statement, as the CDK renders it.

    """
    from ecr_constructs.model.template_syntax import mapping

    return _TAG_OF_ROLE in mapping(mapping(statement.get("Condition")).get("StringEquals"))


def with_reason(grant: _Grant) -> _Grant:
    """
    Wrap a grant of `ecr.Repository` for a subclass.

    Args:
        grant: The method, as in `grant_pull = with_reason(ecr.Repository.grant_pull)`.

    """
    return cast("_Grant", _TypedGrant(grant))
