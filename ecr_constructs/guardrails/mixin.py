"""`Hardened`: the mixin of the CDK that applies the settings of the library to other repositories."""

from __future__ import annotations

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from constructs import IConstruct

from ecr_constructs._cdk import l1_properties
from ecr_constructs.guardrails.applied_settings import lifecycle_for, require_applicable
from ecr_constructs.repository.hardened_repository import HardenedRepository
from ecr_constructs.repository.settings import CREATED, RepositorySettings

__all__ = ["Hardened"]

_NOT_READ = (
    "the attribute lifecycle_policy was read in Python before the mixin Hardened was applied, so its rules are "
    "not known, and no lifecycle policy is added; apply the mixin before, or set lifecycle_policy"
)


class Hardened(cdk.Mixin):
    """
    Apply immutable tags, scanning on push, a lifecycle policy and retention to repositories of other constructs.

    The mixin applies to each `AWS::ECR::Repository` in a scope: that of an `ecr.Repository`, an `ecr.CfnRepository`, or
    a construct of another library. A `HardenedRepository` has its own settings, and is not changed.

    The mixin writes the properties that a repository does not have. A property that is set does not change, such as
    `image_tag_mutability=ecr.TagMutability.MUTABLE` or a lifecycle rule. This also applies to a property that is set
    afterwards. `Guardrails` reports properties that a rule does not allow. A repository that is created after the mixin
    is applied is not changed. An `ecr.Repository` gets no lifecycle policy if the attribute `lifecycle_policy` of its
    default child was read in Python before, because its value is then unknown. The warning
    `ecr-constructs:lifecycleIsNotRead` reports it.

    The encryption is never changed. It is create-only: CloudFormation replaces a repository with another encryption by
    one without images. For a new repository, use `HardenedRepository`.

    With immutable tags, ECR rejects a push of an existing tag. For repositories with tags that are reassigned, use
    `settings=ADOPTED`, or an `Immutability` with exclusions.

    https://docs.aws.amazon.com/cdk/v2/guide/mixins.html

    Creates: no resource.

    >>> import aws_cdk as cdk
    >>> from aws_cdk import aws_ecr as ecr
    >>> stack = cdk.Stack(cdk.App(), "Containers")
    >>> repository = ecr.Repository(stack, "Api")
    >>> _ = cdk.Mixins.of(stack).apply(Hardened())
    >>> repository.node.default_child.image_tag_mutability
    'IMMUTABLE'

    """

    def __init__(self, *, settings: RepositorySettings = CREATED) -> None:
        """
        Define the settings to apply.

        Args:
            settings: The settings, with `Encryption.aes256()`, which writes no encryption, and without `access`,
                `resource_tags` and `empty_on_delete`. Without a lifecycle policy, untagged images expire 14 days after
                push in a repository with immutable tags, and the newest 100 are kept in others. Default: `CREATED`,
                which is `HARDENED` without its encryption.

        Raises:
            InvalidRepository: If the settings have a property that the mixin does not write. It lists all of them.
            TypeError: If the settings are of the wrong kind.

        """
        require_applicable(settings, "the mixin")
        super().__init__()
        self._settings = settings

    @jsii.member(jsii_name="supports")
    def supports(self, construct: IConstruct) -> bool:
        """
        Return whether a construct is a repository of another construct than `HardenedRepository`.

        Args:
            construct: Any construct.

        """
        return isinstance(construct, ecr.CfnRepository) and not isinstance(construct.node.scope, HardenedRepository)

    @jsii.member(jsii_name="applyTo")
    def apply_to(self, construct: IConstruct) -> None:
        """
        Write the properties that a repository does not have.

        Args:
            construct: The repository. Another construct is not changed.

        """
        if not isinstance(construct, ecr.CfnRepository) or not self.supports(construct):
            return
        immutability = self._settings.immutability
        if construct.image_tag_mutability is None and construct.image_tag_mutability_exclusion_filters is None:
            construct.image_tag_mutability = immutability.mode
            construct.image_tag_mutability_exclusion_filters = l1_properties.exclusion_filter_properties(immutability)
        if construct.image_scanning_configuration is None:
            construct.image_scanning_configuration = l1_properties.scanning_configuration(
                on_push=self._settings.scan_on_push
            )
        if construct.cfn_options.deletion_policy is None:
            construct.apply_removal_policy(self._settings.removal_policy)
        # The attribute `lifecycle_policy` is an empty struct in Python if the value is a token, as in `ecr.Repository`.
        written = construct._cfn_properties.get("lifecyclePolicy")  # noqa: SLF001  (the only way to read the token)
        # If the attribute was read before, jsii returns the empty struct here too, and the value is not changed.
        if written == ecr.CfnRepository.LifecyclePolicyProperty():
            cdk.Annotations.of(construct).add_warning_v2("ecr-constructs:lifecycleIsNotRead", _NOT_READ)
        else:
            construct.lifecycle_policy = cdk.Lazy.any(_MissingLifecycle(construct, written, self._settings))


@jsii.implements(cdk.IStableAnyProducer)
class _MissingLifecycle:
    """
    The lifecycle policy of a repository. If it has none when the app synthesizes, it is the policy of the settings.

    `ecr.Repository` renders its rules when the app synthesizes, so a rule can be added after the mixin is applied.
    """

    def __init__(self, resource: ecr.CfnRepository, written: object, settings: RepositorySettings) -> None:
        self._resource = resource
        self._written = written
        self._settings = settings

    @jsii.member(jsii_name="produce")
    def produce(self) -> object:
        """Return the lifecycle policy in the form of `ecr.CfnRepository`, or None."""
        written = self._resource.stack.resolve(self._written)
        if written is not None:
            return written
        policy = lifecycle_for(self._settings, self._resource.stack.resolve(self._resource.image_tag_mutability))
        return {"lifecyclePolicyText": policy.to_json()} if policy.rules else None
