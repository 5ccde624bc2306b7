"""The parts of ECR that moto does not have: registry settings, the calls that read them, and newer lifecycle rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from moto.core.responses import ActionResult
from moto.ecr import policy_validation
from moto.ecr.models import ECRBackend
from moto.ecr.responses import ECRResponse


@dataclass(slots=True)
class Registry:
    """The settings of a registry that moto does not have, with the names of the API."""

    cache_rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    templates: dict[str, dict[str, Any]] = field(default_factory=dict)
    signing: dict[str, Any] | None = None
    exclusions: list[str] = field(default_factory=list)


def registry(ecr: ECRBackend) -> Registry:
    """Return the settings of a registry. They are an attribute of the backend of moto, which a reset removes."""
    kept: Registry = vars(ecr).setdefault("kept", Registry())
    return kept


def describe_pull_through_cache_rules(self: ECRResponse) -> ActionResult:
    return ActionResult({"pullThroughCacheRules": [*registry(self.ecr_backend).cache_rules.values()]})


def describe_repository_creation_templates(self: ECRResponse) -> ActionResult:
    return ActionResult({"repositoryCreationTemplates": [*registry(self.ecr_backend).templates.values()]})


def get_signing_configuration(self: ECRResponse) -> ActionResult:
    return ActionResult({"signingConfiguration": registry(self.ecr_backend).signing or {"rules": []}})


def list_pull_time_update_exclusions(self: ECRResponse) -> ActionResult:
    return ActionResult({"pullTimeUpdateExclusions": registry(self.ecr_backend).exclusions})


READERS = (
    describe_pull_through_cache_rules,
    describe_repository_creation_templates,
    get_signing_configuration,
    list_pull_time_update_exclusions,
)

# Values of lifecycle policies that moto does not accept: https://docs.aws.amazon.com/AmazonECR/latest/userguide/
# lifecycle_policy_parameters.html . moto checks the others itself.
NEWER_WORDS = {
    "VALID_ACTION_PROPERTIES": {"targetStorageClass"},
    "VALID_ACTION_TYPE_VALUES": {"transition"},
    "VALID_SELECTION_PROPERTIES": {"storageClass"},
    "VALID_SELECTION_COUNT_TYPE_VALUES": {"sinceImagePulled", "sinceImageTransitioned"},
}


def complete(patch: pytest.MonkeyPatch) -> None:
    """Patch the missing parts into the ECR of moto, until the patch is undone."""
    for reader in READERS:
        patch.setattr(ECRResponse, reader.__name__, reader, raising=False)
    for name, words in NEWER_WORDS.items():
        patch.setattr(policy_validation, name, getattr(policy_validation, name) | words)
