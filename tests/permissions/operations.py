"""
The operations of the matrix: the uses of a registry, and the actions that AWS checks for them.

The pages of AWS that the lists come from:

- log in, pull, push: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html and
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html
- list referrers: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImageReferrers.html
- re-tag, push index: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-retag.html and
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/docker-push-multi-architecture-image.html
- sign: https://docs.aws.amazon.com/AmazonECR/latest/userguide/managed-signing.html
- first pull: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
- import: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html
- push to a new repository: https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
- replicate: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-create-replication.html
- read enhanced findings: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html

The others are single calls of the API.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

LOGIN = "ecr:GetAuthorizationToken"
SIGN = "signer:SignPayload"
INSPECTOR = ("inspector2:ListCoverage", "inspector2:ListFindings")
_PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_PUSH = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
_NEW_MANIFEST = ("ecr:BatchGetImage", "ecr:PutImage")

OPERATIONS: Mapping[str, Sequence[str]] = {
    "log in": (LOGIN,),
    "pull": _PULL,
    "check a layer": ("ecr:BatchCheckLayerAvailability",),
    "list referrers": ("ecr:BatchGetImage",),
    "push": _PUSH,
    "push an image index": _NEW_MANIFEST,
    "re-tag": _NEW_MANIFEST,
    "sign": (SIGN,),
    "first pull": (*_PULL, "ecr:BatchImportUpstreamImage", "ecr:CreateRepository"),
    "push to a new repository": (*_PUSH, "ecr:CreateRepository"),
    "import": (*_PULL, "ecr:BatchImportUpstreamImage", "ecr:GetImageCopyStatus"),
    "replicate": ("ecr:CreateRepository", "ecr:ReplicateImage"),
    "describe images": ("ecr:DescribeImages",),
    "list images": ("ecr:ListImages",),
    "describe the repository": ("ecr:DescribeRepositories",),
    "read policies": ("ecr:GetLifecyclePolicy", "ecr:GetLifecyclePolicyPreview", "ecr:GetRepositoryPolicy"),
    "read resource tags": ("ecr:ListTagsForResource",),
    "read the signing status": ("ecr:DescribeImageSigningStatus",),
    "read the replication status": ("ecr:DescribeImageReplicationStatus",),
    "start a scan": ("ecr:StartImageScan",),
    "read findings": ("ecr:DescribeImageScanFindings",),
    "read enhanced findings": ("ecr:DescribeImageScanFindings", *INSPECTOR),
    "read the scan frequency": ("ecr:BatchGetRepositoryScanningConfiguration",),
    "delete images": ("ecr:BatchDeleteImage",),
    "archive": ("ecr:UpdateImageStorageClass",),
    "change settings": ("ecr:PutImageScanningConfiguration", "ecr:PutImageTagMutability"),
    "change the lifecycle policy": (
        "ecr:DeleteLifecyclePolicy",
        "ecr:PutLifecyclePolicy",
        "ecr:StartLifecyclePolicyPreview",
    ),
    "change the repository policy": ("ecr:DeleteRepositoryPolicy", "ecr:SetRepositoryPolicy"),
    "change resource tags": ("ecr:TagResource", "ecr:UntagResource"),
    "delete the repository": ("ecr:DeleteRepository",),
}

# Other operations with the same actions. A push of a signature, an SBOM or an attestation is a push of an image.
DESCRIPTIONS: Mapping[str, str] = {
    "log in": "`docker login`",
    "pull": "`docker pull` of an image or an index, also by Amazon ECS, Amazon EKS and AWS Lambda",
    "check a layer": "a client checks whether a layer exists before it uploads the layer",
    "list referrers": "signatures, SBOMs and attestations of an image",
    "push": "`docker push`, and signatures and SBOMs, such as with `cosign` and `oras attach`",
    "push an image index": "a manifest for several platforms, of images that exist",
    "re-tag": "another tag for an image that exists",
    "sign": "managed signing signs the images that the principal pushes",
    "first pull": "the first pull of an image through a cache",
    "push to a new repository": "a push that creates the repository with a creation template",
    "import": "the cache of another account imports an image",
    "replicate": "the registry of another account replicates an image",
    "describe images": "their tags, digests and sizes",
    "list images": "their tags and digests",
    "describe the repository": "its settings",
    "read policies": "the repository policy, the lifecycle policy and its preview",
    "read resource tags": "the tags of the repository",
    "read the signing status": "of managed signing",
    "read the replication status": "of an image",
    "start a scan": "a manual basic scan",
    "read findings": "of basic scanning",
    "read enhanced findings": "of enhanced scanning, which ECR reads from Amazon Inspector",
    "read the scan frequency": "of the repository, as the registry configures it",
    "delete images": "also the removal of a tag",
    "archive": "to the archive storage class, and back",
    "change settings": "the immutability of tags, and scanning on push",
    "change the lifecycle policy": "also its preview and its deletion",
    "change the repository policy": "also its deletion",
    "change resource tags": "of the repository",
    "delete the repository": "",
}

ACTIONS: Sequence[str] = sorted({action for actions in OPERATIONS.values() for action in actions})
