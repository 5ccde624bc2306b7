"""Images of, and permissions for, the repositories that ECR creates: their names are known only as patterns."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs._cdk.principals import require_grantee
from ecr_constructs._cdk.roles import warn_if_not_added
from ecr_constructs.errors import InvalidName, InvalidRegistry
from ecr_constructs.model.iam.permissions import LOGIN
from ecr_constructs.model.names import ROOT
from ecr_constructs.model.references import ImageReference

__all__ = ["grant_on_repositories", "image_under", "uri"]


def grant_on_repositories(
    construct: Construct, grantee: iam.IGrantable, actions: Sequence[str], names: Sequence[str], *, remedy: str
) -> iam.Grant:
    """
    Grant actions on repositories of the registry of a construct, and the permission to log in.

    Args:
        construct: The construct, in the account and Region of the registry.
        grantee: A role or user.
        actions: The actions.
        names: The names of the repositories; `*` matches any characters.
        remedy: The fix for a grantee without a policy, as the end of a sentence.

    Returns:
        The grant for the repositories. The permission to log in is a separate grant.

    Raises:
        InvalidRegistry: If the grantee has no policy.

    """
    require_grantee(grantee)
    stack = cdk.Stack.of(construct)
    arns = [stack.format_arn(service="ecr", resource="repository", resource_name=name) for name in names]
    grant = iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=arns)
    if not grant.success:
        kind = type(grantee.grant_principal).__name__
        problem = f"{kind} has no policy that this can be granted with; grant it to a role, {remedy}"
        raise InvalidRegistry([problem], path=construct.node.path)
    login = iam.Grant.add_to_principal(grantee=grantee, actions=list(LOGIN), resource_arns=["*"])
    statements = grant.principal_statements + login.principal_statements
    warn_if_not_added(construct, grantee.grant_principal, [grant, login], statements)
    return grant


def image_under(construct: Construct, prefixes: Sequence[str], reference: str) -> str:
    """
    Return the reference of an image in a repository under one of several prefixes.

    Args:
        construct: The construct, in the account and Region of the registry.
        prefixes: The prefixes; `ROOT` for all repositories.
        reference: The repository with a tag or a digest, without a registry.

    Raises:
        InvalidName: If it is malformed, has a registry, has neither tag nor digest, or is under none of the prefixes.

    """
    parsed = ImageReference.parse(reference)
    problems: list[str] = []
    if parsed.registry is not None:
        problems.append(f"{reference!r} has the registry {parsed.registry}; use the name without a registry")
    elif ROOT not in prefixes and not any(parsed.repository.startswith(f"{prefix}/") for prefix in prefixes):
        problems.append(f"{parsed.repository!r} is not under {' or '.join(map(repr, prefixes))}; use one that is")
    if parsed.tag is None and parsed.digest is None:
        problems.append(f"{reference!r} has neither tag nor digest; add one, such as '{reference}:v1.0'")
    if problems:
        raise InvalidName(problems, path=construct.node.path)
    return uri(construct, parsed.repository, parsed)


def uri(construct: Construct, repository: str, image: ImageReference) -> str:
    """
    Return the reference of an image in a repository of the registry of a construct.

    Args:
        construct: The construct, in the account and Region of the registry.
        repository: The name of the repository.
        image: The image with the tag and the digest.

    """
    stack = cdk.Stack.of(construct)
    tag, digest = (f":{image.tag}" if image.tag else "", f"@{image.digest}" if image.digest else "")
    return f"{stack.account}.dkr.ecr.{stack.region}.{stack.url_suffix}/{repository}{tag}{digest}"
