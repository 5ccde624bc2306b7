"""
The create-only properties of resource types. `make create-only` writes this file; a test compares it with its source.

CloudFormation replaces a resource if one of these properties changes:
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ECR_TYPES", "REFERENCED_TYPES"]

# The types of Amazon ECR.
ECR_TYPES: Mapping[str, tuple[str, ...]] = {
    "AWS::ECR::PublicRepository": ("RepositoryName",),
    "AWS::ECR::PullThroughCacheRule": (
        "EcrRepositoryPrefix",
        "UpstreamRegistryUrl",
        "CredentialArn",
        "UpstreamRegistry",
        "CustomRoleArn",
        "UpstreamRepositoryPrefix",
    ),
    "AWS::ECR::PullTimeUpdateExclusion": ("PrincipalArn",),
    "AWS::ECR::RegistryPolicy": (),
    "AWS::ECR::RegistryScanningConfiguration": (),
    "AWS::ECR::ReplicationConfiguration": (),
    "AWS::ECR::Repository": ("RepositoryName", "EncryptionConfiguration"),
    "AWS::ECR::RepositoryCreationTemplate": ("Prefix",),
    "AWS::ECR::SigningConfiguration": (),
}

# Types that resources of Amazon ECR refer to.
REFERENCED_TYPES: Mapping[str, tuple[str, ...]] = {
    "AWS::IAM::Role": ("Path", "RoleName"),
    "AWS::KMS::Key": (),
    "AWS::SecretsManager::Secret": ("Name",),
    "AWS::Signer::SigningProfile": ("ProfileName", "PlatformId", "SignatureValidityPeriod"),
}
