"""Images and permissions of repositories that ECR creates. Their names are known only as patterns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct, Node

from ecr_constructs._cdk.pinned_digests import pinned_digest
from ecr_constructs._cdk.principals import require_grantee
from ecr_constructs._cdk.roles import warn_if_not_added
from ecr_constructs._cdk.scope import with_path_of
from ecr_constructs.errors import InvalidName, InvalidRegistry
from ecr_constructs.model.iam.permissions import LOGIN
from ecr_constructs.model.names import ROOT
from ecr_constructs.model.references import ImageReference
from ecr_constructs.repository.repository_image import RepositoryImage, dual_stack_registry

__all__ = [
    "PullableConstruct",
    "grant_on_repositories",
    "image_of",
    "image_under",
    "registry_host",
    "uri_under",
    "version_problems",
    "with_pinned_digest",
]


def grant_on_repositories(
    construct: Construct,
    grantee: iam.IGrantable,
    actions: Sequence[str],
    names: Sequence[str],
    *,
    remedy: str,
    login: bool = True,
) -> iam.Grant:
    """
    Grant actions on repositories of the registry of a construct, and the permission to log in.

    Args:
        construct: The construct, in the account and Region of the registry.
        grantee: A role or user.
        actions: The actions.
        names: The names of the repositories. `*` matches any characters.
        remedy: The fix for a grantee without a policy, as the end of a sentence.
        login: Whether the permission to log in is granted. Default: yes.

    Returns:
        The grant for the repositories. The permission to log in is a separate grant.

    Raises:
        InvalidRegistry: If the grantee has no policy.

    """
    require_grantee(construct, grantee)
    stack = cdk.Stack.of(construct)
    arns = [stack.format_arn(service="ecr", resource="repository", resource_name=name) for name in names]
    grant = iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=arns)
    if not grant.success:
        kind = type(grantee.grant_principal).__name__
        problem = f"{kind} has no policy that this can be granted with; grant it to a role, {remedy}"
        raise InvalidRegistry([problem], path=construct.node.path)
    grants = [grant]
    if login:
        grants.append(iam.Grant.add_to_principal(grantee=grantee, actions=list(LOGIN), resource_arns=["*"]))
    statements = [statement for each in grants for statement in each.principal_statements]
    warn_if_not_added(construct, grantee.grant_principal, grants, statements)
    return grant


def image_under(
    construct: PullableConstruct, prefixes: Sequence[str], reference: str, *, dual_stack: bool, pinned: bool = False
) -> RepositoryImage:
    """
    Return the reference of an image in a repository under one of several prefixes.

    Args:
        construct: The construct, in the account and Region of the registry.
        prefixes: The prefixes. `ROOT` for all repositories.
        reference: The repository with a tag or a digest, without a registry.
        dual_stack: Whether the host is the dual-stack host.
        pinned: Whether the tag is replaced by the digest of its pin. Default: no.

    Raises:
        EcrConstructsError: If there is no pin for the tag.
        InvalidName: If it is malformed, has a registry, has neither tag nor digest, or is under none of the prefixes.

    """
    with with_path_of(cast("Construct", construct)):
        parsed = ImageReference.parse(reference)
    problems = _name_problems(prefixes, parsed)
    if parsed.tag is None and parsed.digest is None:
        problems.append(f"{reference!r} has neither tag nor digest; add one, such as '{reference}:v1.0'")
    if problems:
        raise InvalidName(problems, path=construct.node.path)
    image = with_pinned_digest(cast("Construct", construct), parsed.repository, parsed) if pinned else parsed
    return image_of(construct, parsed.repository, image, dual_stack=dual_stack, for_lambda=_NO_POLICY)


def uri_under(construct: PullableConstruct, prefixes: Sequence[str], repository: str, *, dual_stack: bool) -> str:
    """
    Return the URI of a repository under one of several prefixes, without a tag.

    Args:
        construct: The construct, in the account and Region of the registry.
        prefixes: The prefixes. `ROOT` for all repositories.
        repository: The repository, without a registry.
        dual_stack: Whether the host is the dual-stack host.

    Raises:
        InvalidName: If it is malformed, has a registry, a tag or a digest, or is under none of the prefixes.

    """
    with with_path_of(cast("Construct", construct)):
        parsed = ImageReference.parse(repository)
    if problems := [*_name_problems(prefixes, parsed), *version_problems(parsed)]:
        raise InvalidName(problems, path=construct.node.path)
    return f"{registry_host(construct, dual_stack=dual_stack)}/{parsed.repository}"


def version_problems(image: ImageReference) -> Sequence[str]:
    """Return the problem of a reference that names an image instead of a repository."""
    if image.tag is None and image.digest is None:
        return ()
    return (
        f"{str(image)!r} names an image, and uri() requires a repository; use image(), or remove the tag and digest",
    )


def _name_problems(prefixes: Sequence[str], image: ImageReference) -> list[str]:
    """Return the problems of a repository that must be under one of several prefixes."""
    if image.registry is not None:
        return [f"{str(image)!r} has the registry {image.registry}; use the name without a registry"]
    if ROOT not in prefixes and not any(image.repository.startswith(f"{prefix}/") for prefix in prefixes):
        return [f"{image.repository!r} is not under {' or '.join(map(repr, prefixes))}; use one that is"]
    return []


def with_pinned_digest(construct: Construct, repository: str, image: ImageReference) -> ImageReference:
    """
    Return a reference with the digest of its pin in place of its tag.

    Args:
        construct: The construct, in the account and Region of the registry.
        repository: The name of the repository in the registry.
        image: The image with a tag.

    Raises:
        EcrConstructsError: If there is no pin for the tag.
        InvalidName: If it has no tag, or already has a digest.

    """
    if image.digest is not None or image.tag is None:
        problem = f"pinned() requires an image with a tag, and {str(image)!r} has a digest; use image()"
        raise InvalidName([problem], path=construct.node.path)
    return replace(image, tag=None, digest=pinned_digest(construct, repository, image.tag))


class PullableConstruct(Protocol):
    """A construct with images and the permission to pull them."""

    @property
    def node(self) -> Node:
        """The place in the tree."""

    def grant_pull(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant the permissions to pull the images."""


def registry_host(construct: PullableConstruct, *, dual_stack: bool) -> str:
    """
    Return the host of the registry of a construct.

    Args:
        construct: The construct, in the account and Region of the registry.
        dual_stack: Whether the host is the dual-stack host.

    Raises:
        InvalidName: If there is no dual-stack host.

    """
    placed = cast("Construct", construct)
    stack = cdk.Stack.of(placed)
    return dual_stack_registry(placed) if dual_stack else f"{stack.account}.dkr.ecr.{stack.region}.{stack.url_suffix}"


def image_of(
    construct: PullableConstruct, repository: str, image: ImageReference, *, dual_stack: bool, for_lambda: str
) -> RepositoryImage:
    """
    Return the reference of an image in a repository of the registry of a construct.

    Args:
        construct: The construct, in the account and Region of the registry.
        repository: The name of the repository.
        image: The image with the tag and the digest.
        dual_stack: Whether the host is the dual-stack host.
        for_lambda: The reason why AWS Lambda cannot use the image.

    Raises:
        InvalidName: If there is no dual-stack host.

    """
    host = registry_host(construct, dual_stack=dual_stack)
    tag, digest = (f":{image.tag}" if image.tag else "", f"@{image.digest}" if image.digest else "")
    text = f"{host}/{repository}{tag}{digest}"
    return RepositoryImage(text, path=construct.node.path, grant_pull=construct.grant_pull, function_code=for_lambda)


_NO_POLICY = (
    "AWS Lambda needs a repository policy, and ECR creates the repository with that of its template; add "
    "Access.lambda_pull(account) to the settings, and use lambda.CfnFunction with this reference as image_uri"
)
