"""The permissions to push to a repository, as AWS documents them."""

from __future__ import annotations

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs.model.iam.permissions import LOGIN, PUSH

__all__ = ["grant_push"]


def grant_push(repository: ecr.RepositoryBase, grantee: iam.IGrantable) -> iam.Grant:
    """
    Grant the permissions to push to a repository, and to log in.

    The grant of the CDK does not have `ecr:BatchGetImage`. AWS's policy for a push has it, and ECR requires it to list
    the referrers of an image, to re-tag an image and to push an index of images:
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html

    Args:
        repository: The repository.
        grantee: The principal.

    Raises:
        TypeError: If it is not a grantee.

    """
    from ecr_constructs._cdk.principals import require_grantee

    require_grantee(repository, grantee)
    granted = ecr.RepositoryBase.grant(repository, grantee, *PUSH)
    iam.Grant.add_to_principal(grantee=grantee, actions=list(LOGIN), resource_arns=["*"])
    return granted
