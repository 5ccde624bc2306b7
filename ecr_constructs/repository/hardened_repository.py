"""`HardenedRepository`: the CDK's own repository, safe unless somebody says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Literal

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs._cdk import l1_properties
from ecr_constructs._cdk.annotations import note_services
from ecr_constructs._cdk.nag_suppressions import ONE_ORGANIZATION, acknowledge
from ecr_constructs._cdk.property_injectors import typed_refusal
from ecr_constructs._cdk.retention import warn_unless_retained
from ecr_constructs._cdk.scope import TAKEN, ConstructLocation, id_format_problems, locate
from ecr_constructs._cdk.tokens import forwarded_problems
from ecr_constructs.errors import InvalidLifecyclePolicy, InvalidName, InvalidRepository
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.validation import IMAGE_DIGEST, IMAGE_TAG, REPOSITORY_NAME, is_token
from ecr_constructs.repository.access import Access
from ecr_constructs.repository.encryption import SHARED_KEY_ID, Encryption
from ecr_constructs.repository.grants import with_reason
from ecr_constructs.repository.lifecycle_validation import annotate_findings_at_synth, raise_if_invalid, validate_policy
from ecr_constructs.repository.name_ownership import claim_deletion, claim_name, name_problems
from ecr_constructs.repository.registry_request import RegistryRequest
from ecr_constructs.repository.resource_policy import RepositoryPolicy
from ecr_constructs.repository.settings import HARDENED, RepositorySettings

__all__ = ["HardenedRepository"]

# Read once: it is a call to JavaScript.
_REPOSITORY = ecr.Repository.PROPERTY_INJECTION_ID
# The CDK's check of names refuses these, and ECR does not.
_DOUBLE_SEPARATORS = ("__", "--")


class HardenedRepository(ecr.Repository):
    """
    Define a repository whose tags cannot move, whose images are scanned and encrypted, and which nobody loses.

    It is an `ecr.Repository`, and goes wherever one is wanted. With the same construct id it has the same logical id,
    so an existing repository can become a hardened one: start from `ADOPTED`, or give the encryption it has. The bare
    default has another encryption, and CloudFormation would *replace* the repository, without its images.

    What is added later with `add_lifecycle_rule`, `add_to_resource_policy` or a grant goes into the template beside
    what was given here, or is refused.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/Repositories.html

    Creates: one `AWS::ECR::Repository`, and with the default encryption one `AWS::KMS::Key` for the stack.

    Args:
        scope: Where it stands; in a stack.
        id: Its name in the scope.
        repository_name: What ECR calls it; 2 to 256 characters by ECR's own grammar, a token is handed on. Changing it
            replaces the repository. A name with `--` or `__` cannot be used from a stack of another region, for the
            CDK does not know it. Default: CloudFormation makes one.
        settings: What is not given here. Default: `HARDENED`.
        immutability: Which tags are bound to their image. Default: as in the settings.
        lifecycle: What expires and when. Default: as in the settings.
        encryption: How images are encrypted. Default: as in the settings.
        scan_on_push: Whether images are scanned when they are pushed. Default: as in the settings.
        access: Who outside the account may do what, beside those of the settings. Default: nobody else.
        policy_statements: Statements of one's own for the repository policy. Default: none.
        resource_tags: Tags of the resource, beside those of the settings. Default: no others.
        removal_policy: What happens to it when it leaves its stack. Default: as in the settings.
        empty_on_delete: Whether its images are deleted with it. Default: as in the settings.
        replicate_to: Regions to which the registry copies it, in the same account; it needs a name that is written out
            and a `PrivateRegistry`. Default: where the registry says.
        scanning: `continuous` or `on_push`, by the registry; it needs the same. Default: as the registry says.

    Attributes:
        settings: The settings in force.
        lifecycle: The lifecycle policy in force, with the rules that were added.
        policy: The statements of its policy; `add_to_resource_policy` adds to them.
        resource: The `AWS::ECR::Repository` itself, for what only CloudFormation has a word for.

    Raises:
        InvalidRepository: with every fault, before anything is added to the tree.
        InvalidLifecyclePolicy: if the only fault is that a lifecycle rule surely is not meant so: see docs/findings.md.
        TypeError: for a value of the wrong kind.

    >>> from aws_cdk import App, Stack
    >>> stack = Stack(App(), "Containers")
    >>> repository = HardenedRepository(stack, "Api", repository_name="payments/api")
    >>> repository.lifecycle.rules[0].description
    'Expire untagged images 14 days after push'

    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repository_name: str | None = None,
        settings: RepositorySettings = HARDENED,
        immutability: Immutability | None = None,
        lifecycle: LifecyclePolicy | None = None,
        encryption: Encryption | None = None,
        scan_on_push: bool | None = None,
        access: Sequence[Access] = (),
        policy_statements: Sequence[iam.PolicyStatement] = (),
        resource_tags: Mapping[str, str] | None = None,
        removal_policy: cdk.RemovalPolicy | None = None,
        empty_on_delete: bool | None = None,
        replicate_to: Sequence[str] = (),
        scanning: Literal["continuous", "on_push"] | None = None,
    ) -> None:
        place = _place(scope, id, settings, policy_statements)
        derive = partial(
            settings.but,
            immutability=immutability,
            lifecycle=lifecycle,
            encryption=encryption,
            scan_on_push=scan_on_push,
            access=access,
            resource_tags=resource_tags,
            removal_policy=removal_policy,
            empty_on_delete=empty_on_delete,
        )
        path = place.path_of(id)
        in_force, problems = _derived(settings, derive)
        policy = RepositoryPolicy(dict.fromkeys((*settings.access, *access)), place.stack)
        problems += _problems(place, id, repository_name, encryption or settings.encryption)
        problems += policy.problems_with(*policy_statements)
        wishes = RegistryRequest(repository_name=repository_name, replicate_to=replicate_to, scanning=scanning)
        registry = wishes.registry(place)
        problems += wishes.problems(place, in_force, registry)
        raise_if_invalid(InvalidRepository, problems, in_force, path=path)
        is_injected = place.has_injectors()
        with (
            typed_refusal(scope, _REPOSITORY, InvalidRepository, path=path),
            _taken_id_explained(scope, id, path, is_injected=is_injected),
        ):
            super().__init__(
                scope,
                id,
                repository_name=_spelled_for_cdk(repository_name),
                image_scan_on_push=in_force.scan_on_push,
                image_tag_mutability=l1_properties.tag_mutability(in_force.immutability),
                # Where they are given, an injector that adds `autoDeleteImages` adds nothing.
                removal_policy=in_force.removal_policy if is_injected else None,
                empty_on_delete=in_force.empty_on_delete if is_injected else None,
            )
        self.settings = in_force
        self.lifecycle = in_force.effective_lifecycle
        self.policy = policy
        self.resource = _resource_of(self)
        claim_name(self.resource, place, repository_name)
        self._build(place, policy_statements, repository_name)
        if is_injected:
            with typed_refusal(scope, _REPOSITORY, InvalidRepository, path=path):
                self._reapply_after_injectors(place, repository_name)
        wishes.bind(registry)

    def image(self, tag_or_digest: str) -> str:
        """
        Give the reference of one of its images, for a task definition or a manifest.

        A digest names the image itself. A tag names whatever it is bound to; with the default settings that cannot
        change either, as long as the image is there.

        Args:
            tag_or_digest: Such as `v1.4.2`, or `sha256:` and 64 hexadecimal digits.

        Raises:
            InvalidName: if it is neither, or a token: then say which it is, with `repository_uri_for_tag` or
                `repository_uri_for_digest`.
            TypeError: if it is not a string.

        """
        digest = isinstance(tag_or_digest, str) and ":" in tag_or_digest
        if problems := (IMAGE_DIGEST if digest else IMAGE_TAG).problems(tag_or_digest):
            if is_token(tag_or_digest):
                problems = (_TAG_OR_DIGEST,)
            raise InvalidName(problems, path=self.node.path)
        return self.repository_uri_for_digest(tag_or_digest) if digest else self.repository_uri_for_tag(tag_or_digest)

    def add_lifecycle_rule(
        self,
        *,
        description: str | None = None,
        max_image_age: cdk.Duration | None = None,
        max_image_count: float | None = None,
        rule_priority: float | None = None,
        tag_pattern_list: Sequence[str] | None = None,
        tag_prefix_list: Sequence[str] | None = None,
        tag_status: ecr.TagStatus | None = None,
    ) -> None:
        """
        Add a rule to the lifecycle policy, after the others but before those over all images.

        Args:
            description: What the reader of the AWS console sees. Default: none.
            max_image_age: After which time since their push images expire, in whole days. Give this or the count.
            max_image_count: How many images stay.
            rule_priority: Which rule acts first; it must be free. Default: after the others.
            tag_pattern_list: Patterns that must all match a tag of the image. Default: none.
            tag_prefix_list: Beginnings that tags of the image must all have. Default: none.
            tag_status: Which images. Default: tagged ones if there is a list, all if not.

        Raises:
            InvalidLifecyclePolicy: if ECR would refuse the rule, or the policy with it, or if the policy surely is not
                meant so: see docs/findings.md.

        """
        try:
            rule = l1_properties.read_lifecycle_rule(
                description=description,
                max_image_age=max_image_age,
                max_image_count=max_image_count,
                rule_priority=rule_priority,
                tag_pattern_list=tag_pattern_list,
                tag_prefix_list=tag_prefix_list,
                tag_status=tag_status,
            )
            add = self.lifecycle.with_last_rule if rule_priority is None else self.lifecycle.with_rule
            self.lifecycle = validate_policy(add(rule), self.settings.immutability)
        except InvalidLifecyclePolicy as error:
            hint = (
                ()
                if self.settings.lifecycle
                else ("the rules that are there are the default; lifecycle= replaces them",)
            )
            raise InvalidLifecyclePolicy([*error.problems, *hint], path=self.node.path) from None
        self.resource.lifecycle_policy = l1_properties.lifecycle_policy(self.lifecycle)

    def add_to_resource_policy(self, statement: iam.PolicyStatement) -> iam.AddToResourcePolicyResult:
        """
        Add a statement to the repository policy, beside those that are there.

        Args:
            statement: Without resources; its principals may not be everyone.

        Raises:
            InvalidRepository: if ECR would refuse it, or if it would make the repository public.

        """
        if not isinstance(statement, iam.PolicyStatement):
            raise TypeError(f"statement must be an iam.PolicyStatement, got {statement!r}")
        if problems := tuple(self.policy.problems_with(statement)):
            self.policy.refusal = InvalidRepository(problems, path=self.node.path)
            raise self.policy.refusal
        self._add_statement(statement)
        return iam.AddToResourcePolicyResult(statement_added=True, policy_dependable=self)

    grant = with_reason(ecr.Repository.grant)
    grant_pull = with_reason(ecr.Repository.grant_pull)
    grant_pull_push = with_reason(ecr.Repository.grant_pull_push)
    grant_push = with_reason(ecr.Repository.grant_push)
    grant_read = with_reason(ecr.Repository.grant_read)

    def _add_statement(self, statement: iam.PolicyStatement) -> None:
        """Add a statement that has no problems. It can still change, so the policy is written at synthesis."""
        was_fixed = self.policy.is_fixed
        note_services(self, self.policy.add(statement))
        if was_fixed:
            self.node.add_validation(self.policy)
            self.resource.repository_policy_text = self.policy.document()

    def _build(
        self, place: ConstructLocation, policy_statements: Sequence[iam.PolicyStatement], repository_name: str | None
    ) -> None:
        """Say what the constructor of the CDK's repository has no word for."""
        settings, resource = self.settings, self.resource
        if document := self.policy.document():
            resource.repository_policy_text = document
        for statement in policy_statements:
            self._add_statement(statement)
        resource.lifecycle_policy = l1_properties.lifecycle_policy(self.lifecycle)
        if encryption := settings.encryption.bind(place):
            resource.encryption_configuration = l1_properties.encryption(*encryption)
        if settings.immutability.filters:
            resource.image_tag_mutability = settings.immutability.mode
            resource.image_tag_mutability_exclusion_filters = l1_properties.exclusion_filters(settings.immutability)
        if settings.removal_policy != cdk.RemovalPolicy.RETAIN:
            self.apply_removal_policy(settings.removal_policy)
        if settings.empty_on_delete:
            resource.empty_on_delete = True
        for key, value in settings.resource_tags.items():
            cdk.Tags.of(self).add(key, value)
        self._annotate(place, repository_name)

    def _reapply_after_injectors(self, place: ConstructLocation, repository_name: str | None) -> None:
        """Say again what a property injector may have overruled, and refuse what cannot be taken back."""
        settings, resource = self.settings, self.resource
        if self.node.try_find_child("AutoDeleteImagesCustomResource"):
            raise InvalidRepository([_AUTO_DELETE], path=self.node.path)
        named = place.stack and place.stack.resolve(resource.repository_name)
        if repository_name is not None and place.stack and named != place.stack.resolve(repository_name):
            raise InvalidRepository([_RENAMED.format(named, repository_name)], path=self.node.path)
        if settings.encryption.bind(place) is None:
            resource.encryption_configuration = None
        resource.image_tag_mutability = settings.immutability.mode
        resource.image_tag_mutability_exclusion_filters = l1_properties.exclusion_filters(settings.immutability)
        resource.image_scanning_configuration = l1_properties.scanning(on_push=settings.scan_on_push)
        resource.empty_on_delete = settings.empty_on_delete or None
        self.apply_removal_policy(settings.removal_policy)

    def _annotate(self, place: ConstructLocation, repository_name: str | None) -> None:
        for name, text in self.settings.encryption.warnings(place):
            cdk.Annotations.of(self).add_warning_v2(name, text)
        annotate_findings_at_synth(self, place, self.settings.immutability, lambda: self.lifecycle)
        if self.settings.removal_policy == cdk.RemovalPolicy.DESTROY:
            claim_deletion(self.resource, place, repository_name)
        else:
            warn_unless_retained(self, place, self.resource, _LOST, is_one_of_many=True)
        if any(access.names_everyone for access in self.settings.access):
            acknowledge(self, "AwsSolutions-ECR1", ONE_ORGANIZATION)


_LOST = (
    "the repository is deleted with its stack or when it is replaced, or its deletion fails as long as it has images"
)
_AUTO_DELETE = (
    "a property injector asks for auto_delete_images, which deletes every image with the stack; "
    "let it leave this one out, and say EPHEMERAL if its images may go, which needs no function"
)
_RENAMED = (
    "a property injector names the repository {!r}, and it was given the name {!r}; "
    "let it leave out repositories that have a name"
)
_TAG_OR_DIGEST = (
    "image() reads whether it is given a tag or a digest, and a token is known only at deployment; "
    "use repository_uri_for_tag(token) or repository_uri_for_digest(token)"
)


def _place(scope: object, id: object, settings: object, statements: Sequence[object]) -> ConstructLocation:
    place = locate(scope, id)
    if not isinstance(settings, RepositorySettings):
        raise TypeError(f"settings must be RepositorySettings such as HARDENED, got {settings!r}")
    if not isinstance(statements, Sequence) or not all(isinstance(each, iam.PolicyStatement) for each in statements):
        raise TypeError(f"policy_statements must be a list of iam.PolicyStatement, got {statements!r}")
    return place


def _derived(
    settings: RepositorySettings, derive: Callable[[], RepositorySettings]
) -> tuple[RepositorySettings, list[str]]:
    try:
        return derive(), []
    except InvalidRepository as error:
        return settings, list(error.problems)


def _problems(place: ConstructLocation, id: str, repository_name: str | None, encryption: Encryption) -> Iterator[str]:
    if place.stack is None:
        yield "a repository stands in a stack, and this scope is in none; pass a Stack, or a construct in one"
    if id == SHARED_KEY_ID:
        yield f"id {id!r} is that of the key which the repositories of a stack share; choose another"
    yield from id_format_problems(id)
    if repository_name is not None:
        yield from forwarded_problems(REPOSITORY_NAME, repository_name)
        yield from name_problems(place, repository_name)
    yield from encryption.problems(place)


@contextmanager
def _taken_id_explained(scope: Construct, id: str, path: str, *, is_injected: bool) -> Iterator[None]:
    """Tell of an id that is taken: asked when it is too late, which is cheaper, unless an injector may fail as well."""
    if is_injected and scope.node.try_find_child(id):
        raise InvalidRepository([TAKEN], path=path)
    try:
        yield
    except RuntimeError:
        if not is_injected and scope.node.try_find_child(id):
            raise InvalidRepository([TAKEN], path=path) from None
        raise


def _spelled_for_cdk(repository_name: str | None) -> str | None:
    """Hand a name that ECR accepts past the CDK's own check, which knows fewer: a join is not looked into."""
    if repository_name is None or not any(pair in repository_name for pair in _DOUBLE_SEPARATORS):
        return repository_name
    return cdk.Fn.join("", [repository_name[:1], repository_name[1:]])


def _resource_of(repository: ecr.Repository) -> ecr.CfnRepository:
    resource = repository.node.default_child
    if not isinstance(resource, ecr.CfnRepository):
        raise TypeError(f"{repository.node.path} has no AWS::ECR::Repository of its own, but {resource!r}")
    return resource
