"""Settings for repositories of other constructs: the common part of the mixin and the property injector."""

from __future__ import annotations

from ecr_constructs.errors import InvalidRepository, Problems
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.repository.encryption import Encryption
from ecr_constructs.repository.settings import DEFAULT_LIFECYCLES, RepositorySettings, expect_settings

__all__ = ["lifecycle_for", "require_applicable"]

_ENCRYPTION = (
    "settings: encryption is {!r}, and another encryption replaces an existing repository by one without images; use "
    ".but(encryption=Encryption.aes256()), which renders nothing, and HardenedRepository for new repositories"
)
_ACCESS = "settings: access has {} entries, and {} writes no repository policy; use add_to_resource_policy"
_STATEMENTS = (
    "settings: policy_statements has {} entries, and {} writes no repository policy; use add_to_resource_policy"
)
_TAGS = "settings: resource_tags has {} entries, and {} writes no tags; use cdk.Tags.of(scope).add"
_EMPTIED = "settings: empty_on_delete is True, which deletes all images; use HardenedRepository(settings=EPHEMERAL)"


def require_applicable(settings: object, applier: str, *unwritten: str) -> None:
    """
    Check that settings can be applied to repositories of other constructs.

    Args:
        settings: The settings.
        applier: The subject of the messages, such as `the mixin`.
        unwritten: Further problems of the settings.

    Raises:
        InvalidRepository: With a problem for each property that is not written.
        TypeError: If the settings are of the wrong kind.

    """
    problems = Problems()
    if expect_settings(problems, settings, "ADOPTED") and isinstance(settings, RepositorySettings):
        if settings.encryption != Encryption.aes256():
            problems.add(_ENCRYPTION.format(settings.encryption))
        if settings.access:
            problems.add(_ACCESS.format(len(settings.access), applier))
        if settings.policy_statements:
            problems.add(_STATEMENTS.format(len(settings.policy_statements), applier))
        if settings.resource_tags:
            problems.add(_TAGS.format(len(settings.resource_tags), applier))
        if settings.empty_on_delete:
            problems.add(_EMPTIED)
        problems.extend(unwritten)
    problems.raise_if_any(InvalidRepository)


def lifecycle_for(settings: RepositorySettings, mutability: object) -> LifecyclePolicy:
    """
    Return the lifecycle policy of settings for a repository with another tag mutability.

    An untagged image of a repository with mutable tags can be the latest release. Therefore the default policy depends
    on the mutability in the template.

    Args:
        settings: The settings.
        mutability: The value of `ImageTagMutability`.

    """
    if settings.lifecycle is not None:
        return settings.effective_lifecycle
    for_immutable, for_mutable = DEFAULT_LIFECYCLES
    return for_immutable if mutability == "IMMUTABLE" else for_mutable
