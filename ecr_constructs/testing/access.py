"""Assertions about the principals that may pull and push."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Literal

from ecr_constructs.model.compliance.resources import (
    AppResources,
    NotDecidable,
    TemplateResource,
    is_intrinsic,
    policy_document_of,
    statements_of_resource,
)
from ecr_constructs.model.iam.actions import matches_action
from ecr_constructs.model.iam.evaluation import AccessResult, Requester, account_of, evaluate_access
from ecr_constructs.model.iam.permissions import LAMBDA_PULL, PUSH
from ecr_constructs.model.iam.principals import principals_of
from ecr_constructs.model.iam.values import UNKNOWN, as_list, possible, text_of, value_label
from ecr_constructs.model.template_syntax import mapping
from ecr_constructs.model.validation import abbreviate
from ecr_constructs.testing.messages import NOT_DECIDABLE, decided, require_none, shown_repository
from ecr_constructs.testing.subject import Subject, read_app, selected

__all__ = [
    "assert_can_pull",
    "assert_can_push",
    "assert_cannot_pull",
    "assert_cannot_push",
    "assert_only_can_pull",
    "assert_only_can_push",
]

_Use = Literal["pull", "push"]
# A pull needs these two actions: https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
# AWS's policy for a push also has ecr:BatchGetImage, which `grant_push` of the CDK does not grant:
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
_NEEDED: Mapping[_Use, Sequence[str]] = {
    "pull": LAMBDA_PULL,
    "push": tuple(each for each in PUSH if each != "ecr:BatchGetImage"),
}
# Without one of these actions, there is no pull or push.
_DECISIVE: Mapping[_Use, Sequence[str]] = {"pull": LAMBDA_PULL, "push": ("ecr:PutImage",)}
_ROLE = "AWS::IAM::Role"
_POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
_ORGANIZATION = "aws:PrincipalOrgID"
_DIGITS = 12


def assert_can_pull(
    subject: Subject, *principals: str, repositories: str | Sequence[str] = (), context: Mapping[str, str] | None = None
) -> None:
    """
    Assert that principals may pull from repositories.

    The assertion reads the repository policies, and for roles of the templates their policies as well. A principal of
    another account also needs an identity policy in its account, which no template of the app has.

    Args:
        subject: An app, a stack, a template, or the path of a cdk.out or of a template in JSON.
        principals: The principals. Each is an account ID, an organization ID such as `o-abc1234567`, the ARN of a role
            or user, a service such as `lambda.amazonaws.com`, or the logical ID or construct path of a role in the
            templates.
        repositories: Repository names, logical IDs, or patterns such as `prod/*`. Default: all repositories.
        context: The values of condition keys in the request, such as `{"aws:SourceAccount": "111122223333"}`. The key
            of the principal itself is known. Default: no other key is known.

    Raises:
        AssertionError: If a principal may not pull, if the result depends on values of the deployment or the request,
            or if a name selects no repository. The message lists every principal and repository, with the fix.
        TypeError: If there is no principal, or one that is not a text.

    >>> statement = {
    ...     "Effect": "Allow",
    ...     "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
    ...     "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    ... }
    >>> properties = {"RepositoryName": "prod/api", "RepositoryPolicyText": {"Statement": [statement]}}
    >>> template = {"Resources": {"Api": {"Type": "AWS::ECR::Repository", "Properties": properties}}}
    >>> assert_can_pull(template, "444455556666")
    >>> assert_cannot_pull(template, "777788889999")
    >>> assert_cannot_push(template, "444455556666")
    >>> assert_only_can_pull(template, "444455556666", repositories="prod/api")

    """
    __tracebackhide__ = True
    _assert("pull", subject, principals, repositories, context, is_expected=True)


def assert_can_push(
    subject: Subject, *principals: str, repositories: str | Sequence[str] = (), context: Mapping[str, str] | None = None
) -> None:
    """
    Assert that principals may push to repositories.

    Args:
        subject: An app, a stack, a template, or the path of a cdk.out or of a template in JSON.
        principals: The principals, as `assert_can_pull` takes them.
        repositories: Repository names, logical IDs, or patterns. Default: all repositories.
        context: The values of condition keys in the request. Default: no other key is known.

    Raises:
        AssertionError: If a principal may not push, and in the other cases of `assert_can_pull`.
        TypeError: If there is no principal, or one that is not a text.

    """
    __tracebackhide__ = True
    _assert("push", subject, principals, repositories, context, is_expected=True)


def assert_cannot_pull(
    subject: Subject, *principals: str, repositories: str | Sequence[str] = (), context: Mapping[str, str] | None = None
) -> None:
    """
    Assert that principals may not pull from repositories.

    For a principal of the account of a repository, this needs a statement with the effect Deny, because an identity
    policy of the account, which the templates do not have, can allow the pull.

    Args:
        subject: An app, a stack, a template, or the path of a cdk.out or of a template in JSON.
        principals: The principals, as `assert_can_pull` takes them.
        repositories: Repository names, logical IDs, or patterns. Default: all repositories.
        context: The values of condition keys in the request. Default: no other key is known.

    Raises:
        AssertionError: If a principal may pull, and in the other cases of `assert_can_pull`.
        TypeError: If there is no principal, or one that is not a text.

    """
    __tracebackhide__ = True
    _assert("pull", subject, principals, repositories, context, is_expected=False)


def assert_cannot_push(
    subject: Subject, *principals: str, repositories: str | Sequence[str] = (), context: Mapping[str, str] | None = None
) -> None:
    """
    Assert that principals may not push to repositories: `ecr:PutImage` is not allowed.

    Args:
        subject: An app, a stack, a template, or the path of a cdk.out or of a template in JSON.
        principals: The principals, as `assert_can_pull` takes them.
        repositories: Repository names, logical IDs, or patterns. Default: all repositories.
        context: The values of condition keys in the request. Default: no other key is known.

    Raises:
        AssertionError: If a principal may push, and in the other cases of `assert_cannot_pull`.
        TypeError: If there is no principal, or one that is not a text.

    """
    __tracebackhide__ = True
    _assert("push", subject, principals, repositories, context, is_expected=False)


def assert_only_can_pull(subject: Subject, *principals: str, repositories: str | Sequence[str] = ()) -> None:
    """
    Assert that the policies of the templates allow pulls to principals, and to no other principal.

    Args:
        subject: An app, a stack, a template, or the path of a cdk.out or of a template in JSON.
        principals: The principals, as `assert_can_pull` takes them. A role of the templates is named by its logical
            id. Without a principal, the policies allow a pull to none.
        repositories: Repository names, logical IDs, or patterns. Default: all repositories.

    Raises:
        AssertionError: If a policy allows more or fewer principals, if a principal is known only at deployment, or if a
            name selects nothing.

    """
    __tracebackhide__ = True
    _assert_only("pull", subject, principals, repositories)


def assert_only_can_push(subject: Subject, *principals: str, repositories: str | Sequence[str] = ()) -> None:
    """
    Assert that the policies of the templates allow pushes to principals, and to no other principal.

    Args:
        subject: An app, a stack, a template, or the path of a cdk.out or of a template in JSON.
        principals: The principals, as `assert_only_can_pull` takes them.
        repositories: Repository names, logical IDs, or patterns. Default: all repositories.

    Raises:
        AssertionError: If a policy allows more or fewer principals, and in the other cases of `assert_only_can_pull`.

    """
    __tracebackhide__ = True
    _assert_only("push", subject, principals, repositories)


# --- principals that may, or may not ----------------------------------------------------------------------------------


def _assert(
    use: _Use,
    subject: Subject,
    principals: Sequence[str],
    repositories: str | Sequence[str],
    context: Mapping[str, str] | None,
    *,
    is_expected: bool,
) -> None:
    __tracebackhide__ = True
    if not principals or not all(isinstance(each, str) and each for each in principals):
        raise TypeError(
            f"principals are {abbreviate(list(principals))}; pass accounts, organizations, ARNs or services"
        )
    app = read_app(subject)
    known = {key.lower(): value for key, value in (context or {}).items()}
    check = _reason_against if is_expected else _reason_for
    differences = [
        decided(partial(check, use, app, one, each, known))
        for one in selected(app, _names(repositories))
        for each in principals
    ]
    count = sum(each is not None for each in differences)
    can = "cannot" if is_expected else "can"
    undecided = f", or it is {NOT_DECIDABLE}" if any(NOT_DECIDABLE in (each or "") for each in differences) else ""
    require_none(f"{count} of {len(differences)} principals {can} {use}{undecided}", differences)


def _names(repositories: str | Sequence[str]) -> tuple[str, ...]:
    return (repositories,) if isinstance(repositories, str) else tuple(repositories)


def _reason_against(
    use: _Use, app: AppResources, repository: TemplateResource, principal: str, context: Mapping[str, str]
) -> str | None:
    """Return the reason why a principal cannot use a repository, or None if it can."""
    verdicts = _verdicts(_NEEDED[use], app, repository, principal, context)
    others = [each for each in verdicts if each.outcome != "allowed"]
    if not others:
        return None
    # An action that is certainly not allowed determines the outcome, regardless of the others.
    failed = min(others, key=lambda each: each.outcome == NOT_DECIDABLE)
    name = f"{principal} on {shown_repository(repository)}"
    if failed.outcome == NOT_DECIDABLE:
        return f"{name}: {NOT_DECIDABLE}: {failed.reason}; give the values with context=, or write them in the template"
    fix = _fix(use, principal) if failed.outcome == "not allowed" else "narrow the statement with the effect Deny"
    return f"{name}: {failed.reason}; {fix}"


def _reason_for(
    use: _Use, app: AppResources, repository: TemplateResource, principal: str, context: Mapping[str, str]
) -> str | None:
    """Return the reason why a principal can or might use a repository, or None if it cannot."""
    verdicts = _verdicts(_DECISIVE[use], app, repository, principal, context)
    name = f"{principal} on {shown_repository(repository)}"
    if any(each.outcome == "denied" for each in verdicts):
        return None
    refused = any(each.outcome == "not allowed" for each in verdicts)
    account = repository.environment.partition("/")[0]
    if refused and account_of(principal) == account and not _roles(app, principal):
        fix = "add a statement with the effect Deny"
        return f"{name}: {NOT_DECIDABLE}: an identity policy of the account of the repository can allow it; {fix}"
    if refused:
        return None
    undecided = next((each for each in verdicts if each.outcome == NOT_DECIDABLE), None)
    if undecided is not None:
        return f"{name}: {NOT_DECIDABLE}: {undecided.reason}; give the values with context="
    return f"{name}: {verdicts[0].reason}; remove the principal from the statement, or the grant"


def _fix(use: _Use, principal: str) -> str:
    if principal.startswith("o-"):
        return f"add Access.organization_pull({principal!r})" if use == "pull" else "name accounts for a push"
    if principal == "lambda.amazonaws.com" and use == "pull":
        return "add Access.lambda_pull(account)"
    if principal.isdigit():
        return f"add Access.account_{use}({principal!r})"
    if ":role/" in principal:
        return f"add Access.role_{use}({principal!r})"
    return f"use grant_{use}(), or add a statement to policy_statements="


def _verdicts(
    actions: Sequence[str],
    app: AppResources,
    repository: TemplateResource,
    principal: str,
    context: Mapping[str, str],
) -> list[AccessResult]:
    requester, identity = _requester(app, repository, principal, context)
    statements = [*_statements(repository), *identity]
    return [evaluate_access(statements, requester, action, _resource_check(repository)) for action in actions]


def _statements(repository: TemplateResource) -> list[Mapping[str, Any]]:
    written = as_list(policy_document_of(repository).get("Statement", []))
    if any(map(is_intrinsic, written)):
        raise NotDecidable("a statement of the policy is known only at deployment")
    return [statement for _, statement in statements_of_resource(repository)]


def _requester(
    app: AppResources, repository: TemplateResource, principal: str, context: Mapping[str, str]
) -> tuple[Requester, list[Mapping[str, Any]]]:
    """Return the principal of a request, and the statements of its identity policies in the templates."""
    if roles := _roles(app, principal):
        if len(roles) > 1:
            places = ", ".join(each.label for each in roles)
            raise AssertionError(f"{principal} names several roles: {places}; write Stack/LogicalId")
        return _role_requester(app, repository, roles[0], context)
    if principal.startswith("o-"):
        return Requester(kind="AWS", name="", context={_ORGANIZATION.lower(): principal, **context}), []
    if principal.isdigit() and len(principal) != _DIGITS:
        raise AssertionError(f"{principal} has {len(principal)} digits; an account ID has {_DIGITS}")
    account = account_of(principal)
    if account is not None:
        known = {"aws:principalaccount": account}
        known |= {} if principal == account else {"aws:principalarn": principal}
        return Requester(kind="AWS", name=principal, account=account, context={**known, **context}), []
    if "." in principal and "/" not in principal:
        return Requester(kind="Service", name=principal, context=context), []
    known_roles = ", ".join(each.logical_id for each in app.all if each.type == _ROLE) or "none"
    raise AssertionError(
        f"{principal} is not an account, organization, ARN, service or role of the templates; the roles are "
        f"{known_roles}"
    )


def _roles(app: AppResources, principal: str) -> list[TemplateResource]:
    return [each for each in app.all if each.type == _ROLE and each.answers_to(principal)]


def _role_requester(
    app: AppResources, repository: TemplateResource, role: TemplateResource, context: Mapping[str, str]
) -> tuple[Requester, list[Mapping[str, Any]]]:
    account = role.environment.partition("/")[0] or None
    if role.stack != repository.stack and role.environment != repository.environment:
        raise NotDecidable(f"the role {role.label} and the repository are in different environments")
    known = {"aws:principalaccount": account} if account else {}
    name = {"Fn::GetAtt": [role.logical_id, "Arn"]}
    requester = Requester(kind="AWS", name=name, account=account, context={**known, **context})
    return requester, [*_identity_statements(app, role)]


def _identity_statements(app: AppResources, role: TemplateResource) -> Iterator[Mapping[str, Any]]:
    for each in as_list(role.properties.get("Policies") or []):
        yield from _document_statements(mapping(each).get("PolicyDocument"))
    reference = {"Ref": role.logical_id}
    for policy in app.all:
        is_attached = policy.stack == role.stack and reference in as_list(policy.properties.get("Roles") or [])
        if policy.type in _POLICIES and is_attached:
            yield from _document_statements(policy.properties.get("PolicyDocument"))


def _document_statements(document: object) -> Iterator[Mapping[str, Any]]:
    content = json.loads(document) if isinstance(document, str) else document
    yield from (each for each in as_list(mapping(content).get("Statement", [])) if isinstance(each, Mapping))


def _resource_check(repository: TemplateResource) -> Callable[[Mapping[str, Any]], bool | None]:
    """Return a function that returns whether a statement applies to a repository."""

    def applies(statement: Mapping[str, Any]) -> bool | None:
        if "NotResource" in statement:
            return None
        found = [_names_repository(each, repository) for each in possible(statement.get("Resource", "*"))]
        return True if True in found else None if None in found else False

    return applies


def _names_repository(resource: object, repository: TemplateResource) -> bool | None:
    text = text_of(resource)
    if text == "*" or resource == {"Fn::GetAtt": [repository.logical_id, "Arn"]}:
        return True
    parts = text.split(":", 5)
    if len(parts) < 6 or UNKNOWN in parts[5] or repository.name is None:  # noqa: PLR2004  (the parts of an ARN)
        return False if isinstance(resource, Mapping) and "Fn::GetAtt" in resource else None
    return fnmatchcase(f"repository/{repository.name}", parts[5].replace("[", "[[]"))


# --- the whole list of principals -------------------------------------------------------------------------------------


def _assert_only(use: _Use, subject: Subject, principals: Sequence[str], repositories: str | Sequence[str]) -> None:
    __tracebackhide__ = True
    app = read_app(subject)
    differences = [
        decided(partial(_list_difference, use, app, one, principals)) for one in selected(app, _names(repositories))
    ]
    count = sum(each is not None for each in differences)
    require_none(f"the principals that can {use} differ for {count} of {len(differences)} repositories", differences)


def _list_difference(
    use: _Use, app: AppResources, repository: TemplateResource, principals: Sequence[str]
) -> str | None:
    found = {*_allowed(use, repository), *_allowed_roles(use, app, repository)}
    wanted = {label for each in principals for label in _labels(app, each)}
    unexpected, missing = sorted(found - wanted), sorted(wanted - found)
    problems = []
    if unexpected:
        problems.append(f"also {', '.join(unexpected)} can {use}; remove their statements or grants, or add them here")
    if missing:
        problems.append(f"{', '.join(missing)} cannot; {'; '.join(_fix(use, each) for each in missing)}")
    return f"{shown_repository(repository)}: {'; '.join(problems)}" if problems else None


def _labels(app: AppResources, principal: str) -> list[str]:
    """Return the names of a principal in the list of the allowed principals."""
    return [each.logical_id for each in _roles(app, principal)] or [_account_label(principal)]


def _allowed(use: _Use, repository: TemplateResource) -> Iterator[str]:
    """Yield the principals that statements of the repository policy allow, without those of a denial."""
    for statement in _statements(repository):
        if statement.get("Effect", "Allow") == "Allow" and _allows(use, statement):
            yield from _grantees(statement)


def _allows(use: _Use, statement: Mapping[str, Any]) -> bool:
    if "NotAction" in statement:
        return not any(matches_action(each, _DECISIVE[use][0]) for each in possible(statement["NotAction"]))
    return any(matches_action(each, _DECISIVE[use][0]) for each in possible(statement.get("Action", [])))


def _grantees(statement: Mapping[str, Any]) -> Iterator[str]:
    if "NotPrincipal" in statement:
        yield "every principal but some"
        return
    limits = [*_limits(statement.get("Condition"))]
    for _, value in principals_of(statement):
        text = text_of(value)
        if limits and (text == "*" or text.endswith(":root")):
            yield from limits
        elif isinstance(value, Mapping) and "Fn::GetAtt" in value:
            yield str(value["Fn::GetAtt"][0])
        elif UNKNOWN in text and account_of(text) is None:
            raise NotDecidable(f"the principal {value_label(value)} is known only at deployment")
        else:
            yield _account_label(text)


def _limits(condition: object) -> Iterator[str]:
    """Yield the organizations and the roles to which a condition limits a statement."""
    for operator, block in mapping(condition).items():
        for key, values in mapping(block).items():
            is_positive = str(operator).lower() in ("stringequals", "stringlike", "arnlike", "arnequals")
            if is_positive and str(key).lower() in (_ORGANIZATION.lower(), "aws:principalarn", "aws:principalaccount"):
                yield from (_account_label(text_of(each)) for each in possible(values))


def _account_label(text: str) -> str:
    account = account_of(text)
    return account if account is not None and text.endswith(":root") else text.replace(UNKNOWN, "...")


def _allowed_roles(use: _Use, app: AppResources, repository: TemplateResource) -> Iterator[str]:
    """Yield the logical IDs of the roles of the templates whose policies allow the use."""
    for role in (each for each in app.all if each.type == _ROLE):
        statements = [*_identity_statements(app, role)]
        verdict = evaluate_access(
            statements, Requester(kind="AWS", name={}), _DECISIVE[use][0], _resource_check(repository)
        )
        if verdict.outcome == "allowed":
            yield role.logical_id
