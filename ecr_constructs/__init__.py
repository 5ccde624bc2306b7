"""
Container registries on AWS that are safe by default: constructs for Amazon ECR.

The package exports every public name. A name is loaded when it is first used. The names of the model do not load the
CDK.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecr_constructs.errors import (
        EcrConstructsError,
        InvalidAlert,
        InvalidImage,
        InvalidLifecyclePolicy,
        InvalidName,
        InvalidPerimeter,
        InvalidRegistry,
        InvalidRepository,
    )
    from ecr_constructs.guardrails.baseline import enforce_baseline
    from ecr_constructs.guardrails.digest_pinning import DigestPinning
    from ecr_constructs.guardrails.injector import HardenedInjector
    from ecr_constructs.guardrails.mixin import Hardened
    from ecr_constructs.guardrails.plugin import Guardrails
    from ecr_constructs.model import (
        ROOT,
        AcceptedFinding,
        Breach,
        CachePrefix,
        ComplianceRule,
        Decision,
        Evaluation,
        ExclusionFilter,
        Finding,
        Image,
        ImagePin,
        ImageReference,
        Immutability,
        Intent,
        LifecyclePolicy,
        LifecycleRule,
        Namespace,
        Perimeter,
        PipelineIdentity,
        Replication,
        ReplicationFilter,
        RepositoryName,
        RuleException,
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
        compliance_rule,
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
        read_accepted_findings,
        read_image_pins,
        read_images,
        read_openvex,
        read_rule_exceptions,
        render_openvex,
    )
    from ecr_constructs.monitoring.alert_target import AlertTarget
    from ecr_constructs.monitoring.alert_topic import AlertTopic
    from ecr_constructs.monitoring.image_alerts import (
        CacheRefreshed,
        ImageArchived,
        ImageDeleted,
        ImagePushed,
        ImageRestored,
    )
    from ecr_constructs.monitoring.image_findings import ImageFindings
    from ecr_constructs.monitoring.metric_alarms import ImageQuotaAlarm, PullCountAlarm
    from ecr_constructs.monitoring.registry_alerts import ReplicationFailed, ScanningStopped
    from ecr_constructs.monitoring.registry_dashboard import RegistryDashboard
    from ecr_constructs.monitoring.repository_metrics import RepositoryMetrics
    from ecr_constructs.monitoring.suppression_rules import SuppressionRules
    from ecr_constructs.monitoring.tampering import Tampering
    from ecr_constructs.registry.creation_template import CreationTemplate
    from ecr_constructs.registry.private_registry import PrivateRegistry
    from ecr_constructs.registry.pull_through_cache import PullThroughCache
    from ecr_constructs.registry.registry_endpoints import RegistryEndpoints
    from ecr_constructs.registry.replica_registry import ReplicaRegistry
    from ecr_constructs.registry.upstream_credentials import Credentials
    from ecr_constructs.repository.access import Access
    from ecr_constructs.repository.bootstrap_template import bootstrap_template
    from ecr_constructs.repository.encryption import Encryption
    from ecr_constructs.repository.hardened_repository import HardenedRepository
    from ecr_constructs.repository.imported_repository import ImportedRepository
    from ecr_constructs.repository.promotion import Promotion
    from ecr_constructs.repository.publisher import Publisher
    from ecr_constructs.repository.repository_image import RepositoryImage
    from ecr_constructs.repository.settings import ADOPTED, CACHED, CREATED, EPHEMERAL, HARDENED, RepositorySettings

__all__ = [
    "ADOPTED",
    "CACHED",
    "CREATED",
    "EPHEMERAL",
    "HARDENED",
    "ROOT",
    "AcceptedFinding",
    "Access",
    "AlertTarget",
    "AlertTopic",
    "Breach",
    "CachePrefix",
    "CacheRefreshed",
    "ComplianceRule",
    "CreationTemplate",
    "Credentials",
    "Decision",
    "DigestPinning",
    "EcrConstructsError",
    "Encryption",
    "Evaluation",
    "ExclusionFilter",
    "Finding",
    "Guardrails",
    "Hardened",
    "HardenedInjector",
    "HardenedRepository",
    "Image",
    "ImageArchived",
    "ImageDeleted",
    "ImageFindings",
    "ImagePin",
    "ImagePushed",
    "ImageQuotaAlarm",
    "ImageReference",
    "ImageRestored",
    "Immutability",
    "ImportedRepository",
    "Intent",
    "InvalidAlert",
    "InvalidImage",
    "InvalidLifecyclePolicy",
    "InvalidName",
    "InvalidPerimeter",
    "InvalidRegistry",
    "InvalidRepository",
    "LifecyclePolicy",
    "LifecycleRule",
    "Namespace",
    "Perimeter",
    "PipelineIdentity",
    "PrivateRegistry",
    "Promotion",
    "Publisher",
    "PullCountAlarm",
    "PullThroughCache",
    "RegistryDashboard",
    "RegistryEndpoints",
    "ReplicaRegistry",
    "Replication",
    "ReplicationFailed",
    "ReplicationFilter",
    "RepositoryImage",
    "RepositoryMetrics",
    "RepositoryName",
    "RepositorySettings",
    "RuleException",
    "ScanFilter",
    "Scanning",
    "ScanningStopped",
    "ScheduledAction",
    "SigningFilter",
    "SuppressionRules",
    "TagPattern",
    "TagPrefix",
    "Tampering",
    "TemplatePrefix",
    "Upstream",
    "archive_older_than",
    "archive_unpulled",
    "archive_untagged",
    "audit_retention_policy",
    "bootstrap_template",
    "build_cache_policy",
    "cached_repository_policy",
    "compliance_rule",
    "delete_archived",
    "development_policy",
    "enforce_baseline",
    "expire_older_than",
    "expire_unmatched",
    "expire_untagged",
    "keep_forever",
    "keep_latest",
    "limit_images",
    "lowest_cost_policy",
    "production_policy",
    "read_accepted_findings",
    "read_image_pins",
    "read_images",
    "read_openvex",
    "read_rule_exceptions",
    "render_openvex",
]

# The modules of the names that need the CDK. All others are in the model.
_MODULES = {
    "ADOPTED": "repository.settings",
    "CACHED": "repository.settings",
    "CREATED": "repository.settings",
    "EPHEMERAL": "repository.settings",
    "HARDENED": "repository.settings",
    "Access": "repository.access",
    "AlertTarget": "monitoring.alert_target",
    "AlertTopic": "monitoring.alert_topic",
    "CacheRefreshed": "monitoring.image_alerts",
    "CreationTemplate": "registry.creation_template",
    "Credentials": "registry.upstream_credentials",
    "DigestPinning": "guardrails.digest_pinning",
    "Encryption": "repository.encryption",
    "Guardrails": "guardrails.plugin",
    "Hardened": "guardrails.mixin",
    "HardenedInjector": "guardrails.injector",
    "HardenedRepository": "repository.hardened_repository",
    "ImageArchived": "monitoring.image_alerts",
    "ImageDeleted": "monitoring.image_alerts",
    "ImageFindings": "monitoring.image_findings",
    "ImagePushed": "monitoring.image_alerts",
    "ImageQuotaAlarm": "monitoring.metric_alarms",
    "ImageRestored": "monitoring.image_alerts",
    "ImportedRepository": "repository.imported_repository",
    "PrivateRegistry": "registry.private_registry",
    "Promotion": "repository.promotion",
    "Publisher": "repository.publisher",
    "PullCountAlarm": "monitoring.metric_alarms",
    "PullThroughCache": "registry.pull_through_cache",
    "RegistryDashboard": "monitoring.registry_dashboard",
    "RegistryEndpoints": "registry.registry_endpoints",
    "ReplicaRegistry": "registry.replica_registry",
    "ReplicationFailed": "monitoring.registry_alerts",
    "RepositoryImage": "repository.repository_image",
    "RepositoryMetrics": "monitoring.repository_metrics",
    "RepositorySettings": "repository.settings",
    "ScanningStopped": "monitoring.registry_alerts",
    "SuppressionRules": "monitoring.suppression_rules",
    "Tampering": "monitoring.tampering",
    "bootstrap_template": "repository.bootstrap_template",
    "enforce_baseline": "guardrails.baseline",
}

if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name: str) -> object:
        """Return a public name, loaded from its module, or the version of the distribution."""
        if name == "__version__":
            value = import_module("importlib.metadata").version("ecr-constructs")
        elif name in __all__:
            value = getattr(import_module(f"{__name__}.{_MODULES.get(name, 'model')}"), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        """Return the public names."""
        return __all__
