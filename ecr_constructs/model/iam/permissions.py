"""
ECR's actions by their purpose.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html,
https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html and
https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
"""

from __future__ import annotations

__all__ = [
    "ADMINISTER",
    "APP_RUNNER_PULL",
    "CACHE_PULL",
    "CACHE_ROLE",
    "ENHANCED_FINDINGS",
    "IMPORT",
    "KEY_ADMINISTRATION",
    "LAMBDA_PULL",
    "LOGIN",
    "PULL",
    "PUSH",
    "READ_METADATA",
    "REPLICATE",
    "SCAN",
    "SIGN",
    "TEMPLATE_KEY",
    "TEMPLATE_ROLE",
]

# The login is granted to identities, on all resources. A repository policy cannot grant it.
LOGIN = ("ecr:GetAuthorizationToken",)

PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")

# Lambda reads images with two of them: https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
LAMBDA_PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")

# The access role of AWS App Runner: https://docs.aws.amazon.com/apprunner/latest/dg/service-source-image.html
APP_RUNNER_PULL = ("ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer")

PUSH = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)

# ECR signs a push with the identity that pushes, which also needs "signer:SignPayload" on the signing profile:
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/managed-signing.html
SIGN = tuple(sorted((*PUSH, "ecr:DescribeImageSigningStatus")))

# The properties of a repository and of its images, without layers, manifests and the findings of scans. A list of
# referrers requires a permission for manifests, and no action has its name: "The IAM principal invoking this operation
# must have the ecr:BatchGetImage permission."
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImageReferrers.html
READ_METADATA = (
    "ecr:DescribeImageReplicationStatus",
    "ecr:DescribeImageSigningStatus",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:GetLifecyclePolicy",
    "ecr:GetLifecyclePolicyPreview",
    "ecr:GetRepositoryPolicy",
    "ecr:ListImages",
    "ecr:ListTagsForResource",
)

SCAN = (
    "ecr:BatchGetRepositoryScanningConfiguration",
    "ecr:DescribeImageScanFindings",
    "ecr:DescribeImages",
    "ecr:StartImageScan",
)

# With enhanced scanning, ECR reads findings from Amazon Inspector with the permissions of the caller. The actions have
# no resource: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html
ENHANCED_FINDINGS = ("inspector2:ListCoverage", "inspector2:ListFindings")

# The changes of a repository and of its images, except for a push and the deletion of the repository.
ADMINISTER = tuple(
    sorted(
        {
            *READ_METADATA,
            *SCAN,
            "ecr:BatchDeleteImage",
            "ecr:DeleteLifecyclePolicy",
            "ecr:DeleteRepositoryPolicy",
            "ecr:PutImageScanningConfiguration",
            "ecr:PutImageTagMutability",
            "ecr:PutLifecyclePolicy",
            "ecr:SetRepositoryPolicy",
            "ecr:StartLifecyclePolicyPreview",
            "ecr:TagResource",
            "ecr:UntagResource",
            "ecr:UpdateImageStorageClass",
        }
    )
)

# The actions of the registry of another account in this one, which the registry policy allows.
REPLICATE = ("ecr:CreateRepository", "ecr:ReplicateImage")

# The actions of a pull through a cache rule in addition to those of a pull. The first pull of an image needs them.
IMPORT = ("ecr:BatchImportUpstreamImage", "ecr:CreateRepository")

# The actions of a cache in the registry of another account:
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html
CACHE_PULL = (
    "ecr:BatchGetImage",
    "ecr:BatchImportUpstreamImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:GetImageCopyStatus",
)

# The actions of the role of such a cache in both registries, in addition to the login.
CACHE_ROLE = (
    *CACHE_PULL,
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)

# The actions of the role of a creation template:
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-custom.html
TEMPLATE_ROLE = ("ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource")
TEMPLATE_KEY = ("kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant")

# The actions of administrators in AWS's example of a key policy, without those that use the key:
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#key-policy-default-allow-administrators
KEY_ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:Create*",
    "kms:Delete*",
    "kms:Describe*",
    "kms:Disable*",
    "kms:Enable*",
    "kms:Get*",
    "kms:List*",
    "kms:Put*",
    "kms:Revoke*",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:Update*",
)
