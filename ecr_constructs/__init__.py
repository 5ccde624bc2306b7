"""
Container registries on AWS that are safe by default: constructs for Amazon ECR.

Every public name is here, and is loaded when it is first used, because the language of ECR needs no CDK.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecr_constructs.errors import (
        EcrConstructsError,
        InvalidImage,
        InvalidLifecyclePolicy,
        InvalidName,
        InvalidRegistry,
        InvalidRepository,
    )
    from ecr_constructs.model import (
        ROOT,
        CachePrefix,
        Decision,
        Evaluation,
        ExclusionFilter,
        Finding,
        Image,
        ImageReference,
        Immutability,
        Intent,
        LifecyclePolicy,
        LifecycleRule,
        Namespace,
        Replication,
        ReplicationFilter,
        RepositoryName,
        ScanFilter,
        Scanning,
        ScheduledAction,
        SigningFilter,
        TagPattern,
        TagPrefix,
        TemplatePrefix,
        Upstream,
        archive_older_than,
        archive_unpulled,
        archive_untagged,
        audit_retention_policy,
        build_cache_policy,
        cached_repository_policy,
        delete_archived,
        development_policy,
        expire_older_than,
        expire_unmatched,
        expire_untagged,
        keep_forever,
        keep_latest,
        limit_images,
        lowest_cost_policy,
        production_policy,
        read_images,
    )
    from ecr_constructs.registry.creation_template import CreationTemplate
    from ecr_constructs.registry.private_registry import PrivateRegistry
    from ecr_constructs.registry.pull_through_cache import PullThroughCache
    from ecr_constructs.registry.replica_registry import ReplicaRegistry
    from ecr_constructs.registry.upstream_credentials import Credentials
    from ecr_constructs.repository.access import Access
    from ecr_constructs.repository.encryption import Encryption
    from ecr_constructs.repository.hardened_repository import HardenedRepository
    from ecr_constructs.repository.settings import ADOPTED, CACHED, CREATED, EPHEMERAL, HARDENED, RepositorySettings

__all__ = [
    "ADOPTED",
    "CACHED",
    "CREATED",
    "EPHEMERAL",
    "HARDENED",
    "ROOT",
    "Access",
    "CachePrefix",
    "CreationTemplate",
    "Credentials",
    "Decision",
    "EcrConstructsError",
    "Encryption",
    "Evaluation",
    "ExclusionFilter",
    "Finding",
    "HardenedRepository",
    "Image",
    "ImageReference",
    "Immutability",
    "Intent",
    "InvalidImage",
    "InvalidLifecyclePolicy",
    "InvalidName",
    "InvalidRegistry",
    "InvalidRepository",
    "LifecyclePolicy",
    "LifecycleRule",
    "Namespace",
    "PrivateRegistry",
    "PullThroughCache",
    "ReplicaRegistry",
    "Replication",
    "ReplicationFilter",
    "RepositoryName",
    "RepositorySettings",
    "ScanFilter",
    "Scanning",
    "ScheduledAction",
    "SigningFilter",
    "TagPattern",
    "TagPrefix",
    "TemplatePrefix",
    "Upstream",
    "archive_older_than",
    "archive_unpulled",
    "archive_untagged",
    "audit_retention_policy",
    "build_cache_policy",
    "cached_repository_policy",
    "delete_archived",
    "development_policy",
    "expire_older_than",
    "expire_unmatched",
    "expire_untagged",
    "keep_forever",
    "keep_latest",
    "limit_images",
    "lowest_cost_policy",
    "production_policy",
    "read_images",
]

# The modules of the names that need the CDK. All others are in the model.
_MODULES = {
    "ADOPTED": "repository.settings",
    "CACHED": "repository.settings",
    "CREATED": "repository.settings",
    "EPHEMERAL": "repository.settings",
    "HARDENED": "repository.settings",
    "Access": "repository.access",
    "CreationTemplate": "registry.creation_template",
    "Credentials": "registry.upstream_credentials",
    "Encryption": "repository.encryption",
    "HardenedRepository": "repository.hardened_repository",
    "PrivateRegistry": "registry.private_registry",
    "PullThroughCache": "registry.pull_through_cache",
    "ReplicaRegistry": "registry.replica_registry",
    "RepositorySettings": "repository.settings",
}

if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name: str) -> object:
        """Load a public name from its module, or the version from the metadata of the distribution."""
        if name == "__version__":
            value = import_module("importlib.metadata").version("ecr-constructs")
        elif name in __all__:
            value = getattr(import_module(f"{__name__}.{_MODULES.get(name, 'model')}"), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        """List the public names."""
        return __all__
