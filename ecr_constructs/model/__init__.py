"""
The values and rules of ECR in plain Python: names, tags, lifecycle policies, registry settings, compliance, events.

No module of this package imports the CDK. The package exports every public name. The module of a name is loaded when
the name is first used.
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
    from ecr_constructs.model.compliance.exceptions import RuleException, read_rule_exceptions
    from ecr_constructs.model.compliance.rule import Breach, ComplianceRule, compliance_rule
    from ecr_constructs.model.filters import ReplicationFilter, ScanFilter, SigningFilter
    from ecr_constructs.model.iam.perimeter import Perimeter
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
    from ecr_constructs.model.pins import ImagePin, read_image_pins
    from ecr_constructs.model.references import ImageReference
    from ecr_constructs.model.registry.replication import Replication
    from ecr_constructs.model.registry.scanning import Scanning
    from ecr_constructs.model.registry.upstreams import Upstream
    from ecr_constructs.model.tags import ExclusionFilter, TagPattern, TagPrefix
    from ecr_constructs.model.vulnerabilities.accepted_finding import AcceptedFinding, read_accepted_findings
    from ecr_constructs.model.vulnerabilities.openvex import read_openvex, render_openvex

__all__ = [
    "ROOT",
    "AcceptedFinding",
    "Breach",
    "CachePrefix",
    "ComplianceRule",
    "Decision",
    "EcrConstructsError",
    "Evaluation",
    "ExclusionFilter",
    "Finding",
    "Image",
    "ImagePin",
    "ImageReference",
    "Immutability",
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
    "read_accepted_findings",
    "read_image_pins",
    "read_images",
    "read_openvex",
    "read_rule_exceptions",
    "render_openvex",
]

# The modules of the public names.
_MODULES = {
    "ROOT": "model.names",
    "AcceptedFinding": "model.vulnerabilities.accepted_finding",
    "Breach": "model.compliance.rule",
    "CachePrefix": "model.names",
    "ComplianceRule": "model.compliance.rule",
    "Decision": "model.lifecycle.evaluation",
    "EcrConstructsError": "errors",
    "Evaluation": "model.lifecycle.evaluation",
    "ExclusionFilter": "model.tags",
    "Finding": "model.lifecycle.findings",
    "Image": "model.images",
    "ImagePin": "model.pins",
    "ImageReference": "model.references",
    "Immutability": "model.immutability",
    "Intent": "model.lifecycle.intents",
    "InvalidAlert": "errors",
    "InvalidImage": "errors",
    "InvalidLifecyclePolicy": "errors",
    "InvalidName": "errors",
    "InvalidPerimeter": "errors",
    "InvalidRegistry": "errors",
    "InvalidRepository": "errors",
    "LifecyclePolicy": "model.lifecycle.policy",
    "LifecycleRule": "model.lifecycle.rule",
    "Namespace": "model.names",
    "Perimeter": "model.iam.perimeter",
    "PipelineIdentity": "model.iam.pipeline_identity",
    "Replication": "model.registry.replication",
    "ReplicationFilter": "model.filters",
    "RepositoryName": "model.names",
    "RuleException": "model.compliance.exceptions",
    "ScanFilter": "model.filters",
    "Scanning": "model.registry.scanning",
    "ScheduledAction": "model.lifecycle.schedule",
    "SigningFilter": "model.filters",
    "TagPattern": "model.tags",
    "TagPrefix": "model.tags",
    "TemplatePrefix": "model.names",
    "Upstream": "model.registry.upstreams",
    "archive_older_than": "model.lifecycle.intents",
    "archive_unpulled": "model.lifecycle.intents",
    "archive_untagged": "model.lifecycle.intents",
    "audit_retention_policy": "model.lifecycle.ready_policies",
    "build_cache_policy": "model.lifecycle.ready_policies",
    "cached_repository_policy": "model.lifecycle.ready_policies",
    "compliance_rule": "model.compliance.rule",
    "delete_archived": "model.lifecycle.intents",
    "development_policy": "model.lifecycle.ready_policies",
    "expire_older_than": "model.lifecycle.intents",
    "expire_unmatched": "model.lifecycle.intents",
    "expire_untagged": "model.lifecycle.intents",
    "keep_forever": "model.lifecycle.intents",
    "keep_latest": "model.lifecycle.intents",
    "limit_images": "model.lifecycle.intents",
    "lowest_cost_policy": "model.lifecycle.ready_policies",
    "production_policy": "model.lifecycle.ready_policies",
    "read_accepted_findings": "model.vulnerabilities.accepted_finding",
    "read_image_pins": "model.pins",
    "read_images": "model.images",
    "read_openvex": "model.vulnerabilities.openvex",
    "read_rule_exceptions": "model.compliance.exceptions",
    "render_openvex": "model.vulnerabilities.openvex",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Return a public name, loaded from its module."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"ecr_constructs.{_MODULES[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        """Return the public names."""
        return __all__
