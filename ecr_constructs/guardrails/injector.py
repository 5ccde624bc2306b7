"""`HardenedInjector`: the property injector of the CDK that applies the settings of the library to `ecr.Repository`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr

from ecr_constructs._cdk.l1_properties import plain_lifecycle_rules, unwritable_rules
from ecr_constructs.guardrails.applied_settings import lifecycle_for, require_applicable
from ecr_constructs.repository.settings import CREATED, RepositorySettings

__all__ = ["HardenedInjector"]


@jsii.implements(cdk.IPropertyInjector)
class HardenedInjector:
    """
    Set the omitted arguments of each `ecr.Repository` in a scope.

    The arguments are `image_tag_mutability`, `image_scan_on_push`, `lifecycle_rules` and `removal_policy`. A given
    argument does not change. L1 constructs and `HardenedRepository` are not changed. The injector changes repositories
    that are created after it is registered. `Hardened` is a mixin for existing repositories.

    A rule of `add_lifecycle_rule` is added to the rules of the settings, because an `ecr.Repository` without the
    argument `lifecycle_rules` has the rules of the settings.

    The encryption is never changed. It is create-only: CloudFormation replaces a repository with another encryption by
    one without images. For a new repository, use `HardenedRepository`.

    https://docs.aws.amazon.com/cdk/v2/guide/blueprints.html

    Creates: no resource.

    >>> import aws_cdk as cdk
    >>> from aws_cdk import aws_ecr as ecr
    >>> stack = cdk.Stack(cdk.App(property_injectors=[HardenedInjector()]), "Containers")
    >>> ecr.Repository(stack, "Api").node.default_child.image_tag_mutability
    'IMMUTABLE'

    """

    def __init__(self, *, settings: RepositorySettings = CREATED) -> None:
        """
        Define the settings to inject.

        Args:
            settings: The settings, with `Encryption.aes256()`, which writes no encryption, without `access`,
                `resource_tags` and `empty_on_delete`, and with lifecycle rules that `ecr.LifecycleRule` supports, which
                only delete images, by count or by age since push. Without a lifecycle policy, untagged images expire
                14 days after push in a repository with immutable tags, and the newest 100 are kept in others. Default:
                `CREATED`, which is `HARDENED` without its encryption.

        Raises:
            InvalidRepository: If the settings have a property that the injector does not write. It lists all of them.
            TypeError: If the settings are of the wrong kind.

        """
        is_given = isinstance(settings, RepositorySettings)
        unwritten = unwritable_rules(settings.effective_lifecycle) if is_given else ()
        require_applicable(settings, "the injector", *unwritten)
        self._settings = settings

    @property
    def construct_unique_id(self) -> str:
        """The ID of the class that the injector is for."""
        return str(ecr.Repository.PROPERTY_INJECTION_ID)

    def inject(self, original_props: Any, *, id: str, scope: Any) -> Any:  # noqa: ANN401, ARG002  (the protocol of the CDK)
        """
        Return the arguments of a repository with the missing ones. The CDK calls this method.

        Args:
            original_props: The arguments, by their names in JavaScript.
            id: The ID of the repository.
            scope: The scope of the repository.

        """
        given: Mapping[str, Any] = original_props or {}
        # The constructor of HardenedRepository sets all properties again.
        return {**self._arguments(given), **given}

    def _arguments(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        settings = self._settings
        arguments: dict[str, Any] = {
            "imageScanOnPush": settings.scan_on_push,
            "removalPolicy": settings.removal_policy,
        }
        if "imageTagMutability" not in given and "imageTagMutabilityExclusionFilters" not in given:
            arguments["imageTagMutability"] = ecr.TagMutability[settings.immutability.mode]
            if filters := settings.immutability.filters:
                wildcard = ecr.ImageTagMutabilityExclusionFilter.wildcard
                arguments["imageTagMutabilityExclusionFilters"] = [wildcard(each) for each in filters]
        mutability = given.get("imageTagMutability", settings.immutability.mode)
        policy = lifecycle_for(settings, getattr(mutability, "name", mutability))
        if policy.rules:
            arguments["lifecycleRules"] = plain_lifecycle_rules(policy)
        return arguments
