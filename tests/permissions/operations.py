"""
The operations of the matrix: what users do with a registry, and the actions that AWS checks for it.

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

The others are single calls of the API.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

LOGIN = "ecr:GetAuthorizationToken"
SIGN = "signer:SignPayload"
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
    "read metadata": ("ecr:DescribeImages", "ecr:DescribeRepositories"),
    "delete images": ("ecr:BatchDeleteImage",),
    "scan": ("ecr:StartImageScan",),
    "archive": ("ecr:UpdateImageStorageClass",),
    "change the lifecycle policy": ("ecr:PutLifecyclePolicy",),
    "change the repository policy": ("ecr:SetRepositoryPolicy",),
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
    "read metadata": "tags, sizes and settings",
    "delete images": "also the removal of a tag",
    "scan": "a manual scan",
    "archive": "to the archive storage class, and back",
    "change the lifecycle policy": "",
    "change the repository policy": "",
    "delete the repository": "",
}

ACTIONS: Sequence[str] = sorted({action for actions in OPERATIONS.values() for action in actions})
