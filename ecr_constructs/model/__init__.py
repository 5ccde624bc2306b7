"""
The language of ECR in plain Python: names, tags, lifecycle policies, registry settings, as values that know their laws.

Nothing here imports the CDK.
"""

from __future__ import annotations

from ecr_constructs.errors import (
    EcrConstructsError,
    InvalidAlert,
    InvalidImage,
    InvalidLifecyclePolicy,
    InvalidName,
    InvalidRegistry,
    InvalidRepository,
)
from ecr_constructs.model.compliance.exceptions import RuleException, read_rule_exceptions
from ecr_constructs.model.compliance.rule import Breach, ComplianceRule, compliance_rule
from ecr_constructs.model.filters import ReplicationFilter, ScanFilter, SigningFilter
from ecr_constructs.model.iam.pipeline_identity import PipelineIdentity
from ecr_constructs.model.images import Image, read_images
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.evaluation import Decision, Evaluation
from ecr_constructs.model.lifecycle.findings import Finding
from ecr_constructs.model.lifecycle.intents import (
    Intent,
    archive_older_than,
    archive_unpulled,
    archive_untagged,
    delete_archived,
    expire_older_than,
    expire_unmatched,
    expire_untagged,
    keep_forever,
    keep_latest,
    limit_images,
)
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.lifecycle.ready_policies import (
    audit_retention_policy,
    build_cache_policy,
    cached_repository_policy,
    development_policy,
    lowest_cost_policy,
    production_policy,
)
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.schedule import ScheduledAction
from ecr_constructs.model.names import ROOT, CachePrefix, Namespace, RepositoryName, TemplatePrefix
from ecr_constructs.model.references import ImageReference
from ecr_constructs.model.registry.replication import Replication
from ecr_constructs.model.registry.scanning import Scanning
from ecr_constructs.model.registry.upstreams import Upstream
from ecr_constructs.model.tags import ExclusionFilter, TagPattern, TagPrefix

__all__ = [
    "ROOT",
    "Breach",
    "CachePrefix",
    "ComplianceRule",
    "Decision",
    "EcrConstructsError",
    "Evaluation",
    "ExclusionFilter",
    "Finding",
    "Image",
    "ImageReference",
    "Immutability",
    "Intent",
    "InvalidAlert",
    "InvalidImage",
    "InvalidLifecyclePolicy",
    "InvalidName",
    "InvalidRegistry",
    "InvalidRepository",
    "LifecyclePolicy",
    "LifecycleRule",
    "Namespace",
    "PipelineIdentity",
    "Replication",
    "ReplicationFilter",
    "RepositoryName",
    "RuleException",
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
    "compliance_rule",
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
    "read_rule_exceptions",
]
