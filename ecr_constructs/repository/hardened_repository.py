"""`HardenedRepository`: the `ecr.Repository` of the CDK with secure defaults."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs._cdk import l1_properties, property_injectors
from ecr_constructs._cdk.annotations import note_services, warn_of_denied_change
from ecr_constructs._cdk.intent_grants import SigningGrant, grant_on_repository
from ecr_constructs._cdk.nag_suppressions import ONE_ORGANIZATION, acknowledge
from ecr_constructs._cdk.retention import warn_unless_retained
from ecr_constructs._cdk.scope import (
    TAKEN,
    ConstructLocation,
    id_format_problems,
    locate,
    stack_problems,
    with_path_of,
)
from ecr_constructs._cdk.tokens import forwarded_problems
from ecr_constructs.errors import (
    ArgumentTypeError,
    InvalidLifecyclePolicy,
    InvalidName,
    InvalidRepository,
    Problems,
    abbreviate,
    expect,
)
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.tags import TagPattern
from ecr_constructs.model.validation import IMAGE_DIGEST, IMAGE_TAG, REPOSITORY_NAME, is_token
from ecr_constructs.repository import push_grant
from ecr_constructs.repository.access import Access
from ecr_constructs.repository.encryption import SHARED_KEY_ID, Encryption
from ecr_constructs.repository.fixed_statement import FixedStatement
from ecr_constructs.repository.foreign_use import UNNAMED, ForeignUse, role_problem
from ecr_constructs.repository.grants import is_for_role_of_another_account, with_reason
from ecr_constructs.repository.lifecycle_validation import annotate_findings_at_synth, raise_if_invalid, validate_policy
from ecr_constructs.repository.name_ownership import check_name, claim_deletion, claim_name
from ecr_constructs.repository.replaced_arguments import is_replaced, reject_replaced
from ecr_constructs.repository.settings import (
    HARDENED,
    Lifecycle,
    RepositorySettings,
    bind,
    constructor_keywords,
    repository_policy,
    resource_attributes,
    settings_in_force,
)

if TYPE_CHECKING:
    from ecr_constructs.repository.imported_repository import ImportedRepository
    from ecr_constructs.repository.repository_image import RepositoryImage

__all__ = ["HardenedRepository"]

# The CDK rejects names with these characters, and ECR accepts them.
_DOUBLE_SEPARATORS = ("__", "--")
# The arguments that are always passed. An injector that only adds missing arguments does not change these.
_GIVEN_TO_INJECTORS: Mapping[str, Any] = {"empty_on_delete": False}


class HardenedRepository(SigningGrant, ecr.Repository):
    """
    Define an ECR repository with secure defaults: immutable tags, scanning, encryption, and retention.

    It is an `ecr.Repository`, and is accepted wherever an `ecr.IRepository` is. With the same construct ID it has the
    same logical ID, so an existing `ecr.Repository` can become a `HardenedRepository`: start from `ADOPTED`, or
    use the encryption that it has. The default has another encryption: CloudFormation *replaces* the repository, and
    the new one has no images.

    Additions with `add_lifecycle_rule`, `add_to_resource_policy` or a grant are in the template together with the
    arguments of the constructor, or raise an error.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/Repositories.html

    Creates: one `AWS::ECR::Repository`, and with the default encryption one `AWS::KMS::Key` for the stack.

    Attributes:
        settings: The settings in force.
        lifecycle: The lifecycle policy in force, with the rules that were added.
        policy: The statements of the repository policy. `add_to_resource_policy` adds to them.
        resource: The `AWS::ECR::Repository`, for properties that only CloudFormation has.

    >>> from aws_cdk import App, Stack
    >>> stack = Stack(App(), "Containers")
    >>> repository = HardenedRepository(stack, "Api", repository_name="payments/api")
    >>> repository.lifecycle.rules[0].description
    'Expire untagged images 14 days after push'

    """

    _refusal = InvalidRepository

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repository_name: str | None = None,
        settings: RepositorySettings = HARDENED,
        immutability: Immutability | None = None,
        lifecycle: Lifecycle | None = None,
        encryption: Encryption | None = None,
        scan_on_push: bool | None = None,
        access: Sequence[Access] = (),
        policy_statements: Sequence[iam.PolicyStatement] = (),
        resource_tags: Mapping[str, str] | None = None,
        removal_policy: cdk.RemovalPolicy | None = None,
        empty_on_delete: bool | None = None,
        replicate_to: Sequence[str] = (),
        scanning: Literal["continuous", "on_push"] | None = None,
        **replaced: NoReturn,
    ) -> None:
        """
        Define a repository.

        Args:
            scope: The scope of the construct, in a stack.
            id: The ID of the construct, unique in its scope.
            repository_name: The name of the repository, 2 to 256 characters, or a token. Another name replaces the
                repository. A name with `--` or `__` cannot be used from a stack of another Region, because the CDK
                rejects it. Default: CloudFormation generates one.
            settings: The values of the arguments that are not given. Default: `HARDENED`.
            immutability: The tags that cannot be reassigned to another image. Default: those of the settings; in
                `HARDENED` all tags.
            lifecycle: The lifecycle policy, or its intents: one or a list. Default: that of the settings; in `HARDENED`
                untagged images expire 14 days after push, or the newest 100 are kept if any tag is mutable.
            encryption: The encryption of images. It is create-only: another one replaces the repository by one without
                images. Default: that of the settings; in `HARDENED` one customer managed key for each stack.
            scan_on_push: Whether images are scanned when they are pushed. Default: as in the settings; in `HARDENED`
                True.
            access: Permissions of principals outside the account, in addition to those of the settings. Default: none.
            policy_statements: Statements of the repository policy, in addition to those of `access` and of the
                settings. Default: none.
            resource_tags: Tags of the resource, up to 50 together with those of the settings. Default: none.
            removal_policy: The deletion policy of the repository. Default: that of the settings; in `HARDENED` RETAIN.
            empty_on_delete: Whether its images are deleted with the repository. It requires the removal policy DESTROY.
                Default: as in the settings; in `HARDENED` False.
            replicate_to: The Regions that the registry replicates it to, in the same account. It requires a literal
                `repository_name` and a `PrivateRegistry`. Default: those of the registry.
            scanning: `continuous` or `on_push`, in the scanning configuration of the registry, with the same
                requirements. Default: by the filters of the registry.
            replaced: Arguments of `ecr.Repository` that have another name here. The error names the new argument.

        Raises:
            InvalidRepository: With all problems, before anything is added to the tree.
            InvalidLifecyclePolicy: If the only problem is a finding of severity error in the lifecycle policy. The page
                'Findings' of the documentation lists them.
            TypeError: If arguments are of the wrong kind or do not exist. It lists all of them.

        """
        from ecr_constructs.repository.registry_request import RegistryRequest

        problems = Problems()
        reject_replaced(problems, encryption, replaced)
        _expect_kinds(problems, repository_name, policy_statements, replicate_to, scanning)
        given = {
            "immutability": immutability,
            "lifecycle": lifecycle,
            "encryption": None if is_replaced(encryption) else encryption,
            "scan_on_push": scan_on_push,
            "access": access,
            "resource_tags": resource_tags,
            "removal_policy": removal_policy,
            "empty_on_delete": empty_on_delete,
        }
        in_force = settings_in_force(problems, settings, given, default=HARDENED)
        place = locate(scope, id, problems)
        policy = repository_policy(in_force, place.stack)
        request = RegistryRequest(repository_name=repository_name, replicate_to=replicate_to, scanning=scanning)
        _check_values(problems, place, id, repository_name, encryption or settings.encryption)
        problems.extend((*policy.problems_in_region(), *policy.problems_with(*policy_statements)))
        registry_changes = request.check(problems, place, in_force)
        path = place.path_of(id)
        raise_if_invalid(InvalidRepository, problems, in_force, path=path)
        is_injected = place.has_injectors()
        written = constructor_keywords(in_force, place)
        with _typed_refusal(scope, path), _taken_id_explained(scope, id, path, is_injected=is_injected):
            can_be_named = is_injected and property_injectors.is_injected(scope, _class_id)
            name = _spelled_for_cdk(repository_name, can_be_named=can_be_named)
            super().__init__(scope, id, repository_name=name, **_keywords(written, is_injected=is_injected))
        self.settings = in_force
        self.lifecycle = in_force.effective_lifecycle
        self.policy = policy
        self.resource = _resource_of(self)
        self._register(place, repository_name)
        with _typed_refusal(scope, path):
            self._build(place, policy_statements, repository_name, path, written, is_injected=is_injected)
        for change in registry_changes:
            change()

    @classmethod
    def from_repository_name(cls, scope: Construct, id: str, repository_name: str) -> ImportedRepository:
        """
        Return a repository that another app owns, by its name, in the account and Region of the stack.

        Args:
            scope: The scope of the construct, in a stack.
            id: The ID of the construct, unique in its scope.
            repository_name: The name of the repository, or a token.

        Raises:
            InvalidRepository: With all problems.
            TypeError: If arguments are of the wrong kind.

        """
        from ecr_constructs.repository.imported_repository import ImportedRepository

        return ImportedRepository.of_name(scope, id, repository_name)

    @classmethod
    def from_repository_arn(cls, scope: Construct, id: str, repository_arn: str) -> ImportedRepository:
        """
        Return a repository that another app owns, by its ARN, of any account and Region.

        Args:
            scope: The scope of the construct, in a stack.
            id: The ID of the construct, unique in its scope.
            repository_arn: The ARN of the repository. For a token, use `from_repository_attributes`.

        Raises:
            InvalidRepository: With all problems.
            TypeError: If arguments are of the wrong kind.

        """
        from ecr_constructs.repository.imported_repository import ImportedRepository

        return ImportedRepository.of_arn(scope, id, repository_arn)

    @classmethod
    def from_repository_attributes(
        cls, scope: Construct, id: str, *, repository_arn: str, repository_name: str
    ) -> ImportedRepository:
        """
        Return a repository that another app owns, by its ARN and its name.

        Args:
            scope: The scope of the construct, in a stack.
            id: The ID of the construct, unique in its scope.
            repository_arn: The ARN of the repository, or a token.
            repository_name: The name of the repository, or a token.

        Raises:
            InvalidRepository: With all problems.
            TypeError: If arguments are of the wrong kind.

        """
        from ecr_constructs.repository.imported_repository import ImportedRepository

        return ImportedRepository(scope, id, repository_arn=repository_arn, repository_name=repository_name)

    def _generate_physical_name(self) -> str:
        """Return a placeholder. The CDK calls this if a repository without one is used in another environment."""
        use = ForeignUse(self)
        self.node.add_validation(use)
        return cdk.Lazy.uncached_string(use)

    def image(self, tag_or_digest: str, *, dual_stack: bool = False) -> RepositoryImage:
        """
        Return the reference of an image of the repository: a string for a manifest, with `for_ecs` and `for_lambda`.

        A digest refers to one image. A tag refers to the image that has it. An immutable tag is not reassigned while
        its image exists.

        Args:
            tag_or_digest: A tag such as `v1.4.2`, or a digest: `sha256:` and 64 hexadecimal digits.
            dual_stack: Whether to use the host with IPv6 addresses, such as `111122223333.dkr-ecr.eu-west-1.on.aws`. It
                requires a stack with a Region. Default: no.

        Raises:
            InvalidName: If it is neither a tag nor a digest. For a token, use `repository_uri_for_tag` or
                `repository_uri_for_digest`. Also for `dual_stack` in a stack without a Region, or in a Region without a
                documented dual-stack host.
            TypeError: If it is not a string.

        """
        from ecr_constructs.repository.repository_image import (
            DUAL_STACK_FUNCTION,
            RepositoryImage,
            dual_stack_registry,
            function_code,
        )

        digest = isinstance(tag_or_digest, str) and ":" in tag_or_digest
        with with_path_of(self):
            problems = (IMAGE_DIGEST if digest else IMAGE_TAG).problems(tag_or_digest)
        if problems:
            if is_token(tag_or_digest):
                problems = (_TAG_OR_DIGEST,)
            raise InvalidName(problems, path=self.node.path)
        if dual_stack:
            text = f"{dual_stack_registry(self)}/{self.repository_name}{'@' if digest else ':'}{tag_or_digest}"
        elif digest:
            text = self.repository_uri_for_digest(tag_or_digest)
        else:
            text = self.repository_uri_for_tag(tag_or_digest)
        return RepositoryImage(
            text,
            path=self.node.path,
            grant_pull=self.grant_pull,
            function_code=DUAL_STACK_FUNCTION if dual_stack else partial(function_code, self, tag_or_digest),
        )

    def pinned(self, tag: str, *, dual_stack: bool = False) -> RepositoryImage:
        """
        Return the reference of the image that had a tag when its pin was written, by its digest.

        `ecr-constructs pin` writes the file `ecr-pins.json`, or that of the context key `ecr-constructs/pins`. The
        synthesis reads the file, and makes no call to AWS.

        Args:
            tag: The tag, such as `v1.4.2`.
            dual_stack: As for `image`. Default: no.

        Raises:
            EcrConstructsError: If the file has no pin for the tag, or if the repository has no literal name.
            TypeError: If the tag is not a string.

        """
        from ecr_constructs._cdk.pinned_digests import pinned_digest

        name = cdk.Stack.of(self).resolve(self.resource.repository_name)
        if not isinstance(name, str):
            raise InvalidRepository([_UNNAMED_PIN], path=self.node.path)
        return self.image(pinned_digest(self, name, tag), dual_stack=dual_stack)

    def on_image(
        self, target: events.IRuleTarget, *, tag: str | TagPattern | None = None, id: str | None = None
    ) -> events.Rule:
        """
        Start a target, such as a build or a deployment, when an image is pushed to the repository.

        ECR sends its events on a best-effort basis. For a message about a push use `ImagePushed`.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html

        Creates: an `AWS::Events::Rule`.

        Args:
            target: The target, such as `targets.CodeBuildProject(project)`.
            tag: A pattern of the tag that is pushed. `*` matches any characters. Default: any tag, or none.
            id: The construct ID of the rule, unique in the repository. Default: `On` and the tag.

        Returns:
            The rule.

        Raises:
            InvalidRepository: With all problems.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        >>> from aws_cdk import App, Stack, aws_events_targets as targets, aws_sqs as sqs
        >>> stack = Stack(App(), "Containers")
        >>> repository = HardenedRepository(stack, "Api", repository_name="prod/api")
        >>> rule = repository.on_image(targets.SqsQueue(sqs.Queue(stack, "Releases")), tag="v*")
        >>> rule.node.path
        'Containers/Api/On v*'

        """
        from ecr_constructs._cdk.event_rules import check_trigger, create_rule, tag_problems
        from ecr_constructs.model.events.ecr_events import image_pushed
        from ecr_constructs.model.events.repository_filter import RepositoryFilter

        problems = Problems()
        if problems.expect("tag", tag, (str, TagPattern), "'v*'", optional=True) and tag is not None:
            problems.extend(tag_problems(str(tag)))
        chosen = check_trigger(problems, self, id, f"On {'image' if tag is None else tag}", target)
        problems.raise_if_any(InvalidRepository, self.node.path)
        rule = image_pushed(RepositoryFilter(names=(self.repository_name,)), ("*" if tag is None else str(tag),))
        return create_rule(self, rule, id=chosen, targets=[target])

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
        Add a rule to the lifecycle policy, after the other rules but before those with the tag status `any`.

        Args:
            description: The description of the rule. Default: none.
            max_image_age: The age at which images expire, in whole days since push. Give this or the count.
            max_image_count: The number of images that are kept.
            rule_priority: The priority of the rule, which no other rule has. Default: after the other rules.
            tag_pattern_list: Patterns. Each of them must match a tag of the image. Default: none.
            tag_prefix_list: Prefixes. A tag of the image must have each of them. Default: none.
            tag_status: The tag status of the images. Default: tagged if there is a list, otherwise any.

        Raises:
            InvalidLifecyclePolicy: If ECR rejects the rule, or the policy with it, or if the policy has findings of
                severity error. The page 'Findings' of the documentation lists them.
            TypeError: If arguments are of the wrong kind.

        """
        try:
            with with_path_of(self):
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
                else (("the rules are those of the default policy; lifecycle= replaces them"),)
            )
            raise InvalidLifecyclePolicy([*error.problems, *hint], path=self.node.path) from None
        self.resource.lifecycle_policy = l1_properties.lifecycle_policy(self.lifecycle)

    def add_to_resource_policy(self, statement: iam.PolicyStatement) -> iam.AddToResourcePolicyResult:
        """
        Add a statement to the repository policy.

        A statement that allows AWS Lambda to pull, such as that of a function of the CDK, gets a condition on its
        source. The condition allows functions of the account of the repository, and of the other accounts of the app
        that have functions.

        Args:
            statement: A statement without resources. The principal `*` requires a condition that narrows it.

        Raises:
            InvalidRepository: If ECR rejects the statement, or if it makes the repository public. Also for the
                statement of a grant to a role of another account, if the repository has no name.
            TypeError: If it is not a statement.

        """
        from ecr_constructs.repository.lambda_source import is_pull_by_lambda, limit_to_functions_of_the_app

        # A grant adds a statement, and reading the path takes two calls to JavaScript.
        if not isinstance(statement, iam.PolicyStatement):
            expect("statement", statement, iam.PolicyStatement, "iam.PolicyStatement(...)", path=self.node.path)
        problems = tuple(self.policy.problems_with(statement))
        if is_for_role_of_another_account(self.policy.last_read) and self._is_unnamed:
            problems = (*problems, role_problem(self, self.policy.last_read))
        if problems:
            self.policy.refusal = InvalidRepository(problems, path=self.node.path)
            raise self.policy.refusal
        if is_pull_by_lambda(self.policy.last_read, self.resource.stack):
            limit_to_functions_of_the_app(statement, self)
            tuple(self.policy.problems_with(statement))
        self._add_statement(statement)
        return self._added_result

    @property
    def _is_unnamed(self) -> bool:
        return self.stack.resolve(self.resource.repository_name) is None

    @cached_property
    def _added_result(self) -> iam.AddToResourcePolicyResult:
        return iam.AddToResourcePolicyResult(statement_added=True, policy_dependable=self)

    grant = with_reason(ecr.Repository.grant)
    grant_pull = with_reason(ecr.Repository.grant_pull)
    grant_pull_push = with_reason(ecr.Repository.grant_pull_push)
    grant_push = with_reason(push_grant.grant_push)
    grant_read = with_reason(ecr.Repository.grant_read)

    def _grant_actions(self, grantee: iam.IGrantable, actions: Sequence[str], *, login: bool) -> iam.Grant:
        """Grant actions on the repository, and the permission to log in."""
        return grant_on_repository(self, grantee, actions, login=login)

    def _add_statement(self, statement: iam.PolicyStatement) -> None:
        """Add a statement that has no problems. It can change later, so the policy is rendered at synthesis."""
        was_fixed = self.policy.is_fixed
        note_services(self, self.policy.add(statement))
        warn_of_denied_change(self, self.policy.last_read)
        if was_fixed:
            self.node.add_validation(self.policy)
            self.resource.repository_policy_text = self.policy.document()

    def _register(self, place: ConstructLocation, repository_name: str | None) -> None:
        """Add the repository to those whose names and stacks are checked."""
        from ecr_constructs.repository.stack_limits import check_stack_of

        claim_name(self.resource, place, repository_name)
        if repository_name is None:
            UNNAMED.add(self)
        check_stack_of(place, lifecycle=lambda: self.lifecycle, policy=self.policy)

    def _build(
        self,
        place: ConstructLocation,
        policy_statements: Sequence[iam.PolicyStatement],
        repository_name: str | None,
        path: str,
        written: Collection[str],
        *,
        is_injected: bool,
    ) -> None:
        """Set the properties that the constructor of `ecr.Repository` did not set, or that injectors changed."""
        from ecr_constructs.repository.settings_check import check_settings_at_synth

        if is_injected:
            self._check_injected(place, repository_name)
        bound = bind(self.settings, place)
        self._apply(resource_attributes(bound, is_complete=is_injected, written=written))
        for statement in policy_statements:
            self._add_statement(statement)
        self._annotate(place, repository_name)
        self._accept_all_principals([*self.settings.policy_statements, *policy_statements])
        check_settings_at_synth(self, place, path, bound.encryption)

    def _apply(self, attributes: Mapping[str, Any]) -> None:
        """Set attributes of the resource. No other code sets the properties of the table."""
        for name, value in attributes.items():
            if name == "tags":
                for key, text in (value or {}).items():
                    cdk.Tags.of(self).add(key, text)
            elif name == "removal_policy":
                self.apply_removal_policy(value)
            else:
                setattr(self.resource, name, value)

    def _check_injected(self, place: ConstructLocation, repository_name: str | None) -> None:
        """Raise an error for changes of a property injector that cannot be undone."""
        if self.node.try_find_child("AutoDeleteImagesCustomResource"):
            raise InvalidRepository([_AUTO_DELETE], path=self.node.path)
        named = place.stack and place.stack.resolve(self.resource.repository_name)
        if repository_name is not None and place.stack and named != place.stack.resolve(repository_name):
            raise InvalidRepository([_RENAMED.format(named, repository_name)], path=self.node.path)

    def _annotate(self, place: ConstructLocation, repository_name: str | None) -> None:
        for name, text in self.settings.encryption.warnings(place):
            cdk.Annotations.of(self).add_warning_v2(name, text)
        annotate_findings_at_synth(self, place, self.settings.immutability, lambda: self.lifecycle)
        if self.settings.removal_policy == cdk.RemovalPolicy.DESTROY:
            claim_deletion(self.resource, place, repository_name)
        else:
            warn_unless_retained(self, place, self.resource, _LOST, is_one_of_many=True)
        note_services(self, self.policy.services)
        for each in self.settings.policy_statements:
            warn_of_denied_change(self, each.to_json())
        if any(access.names_everyone for access in self.settings.access):
            acknowledge(self, "AwsSolutions-ECR1", ONE_ORGANIZATION)

    def _accept_all_principals(self, statements: Sequence[iam.PolicyStatement | FixedStatement]) -> None:
        """
        Suppress the finding of checkov for statements with all principals. The library accepts only safe ones.

        The rule reads neither the effect of a statement nor the path of an organizational unit.
        """
        from ecr_constructs.model.iam.principals import names_everyone

        denials = (each for each in (one.to_json() for one in statements) if each["Effect"] == "Deny")
        units = (each for each in self.settings.access if each.intent.startswith("organizational_unit"))
        if any(units) or any(map(names_everyone, denials)):
            self.resource.add_metadata("checkov", {"skip": [{"id": "CKV_AWS_32", "comment": _NOT_PUBLIC}]})


_NOT_PUBLIC = "statements with all principals are denials, or their conditions limit the principals"
_LOST = "the repository is deleted with its stack or when it is replaced, or its deletion fails while it has images"
_AUTO_DELETE = (
    "a property injector sets auto_delete_images, which deletes all images with the stack; exclude the repository from "
    "it, and use settings=EPHEMERAL, which needs no function, if its images may be deleted"
)
_RENAMED = (
    "a property injector sets repository_name to {!r}, and repository_name= is {!r}; "
    "exclude repositories with a name from it"
)
_TAG_OR_DIGEST = (
    "image() distinguishes tags from digests, and a token is known only at deployment; "
    "use repository_uri_for_tag(token) or repository_uri_for_digest(token)"
)
_UNNAMED_PIN = (
    "pinned() needs the name of the repository at synthesis, and CloudFormation generates it; give repository_name=, "
    "or use image('sha256:...')"
)


def _expect_kinds(
    problems: Problems, repository_name: object, policy_statements: object, replicate_to: object, scanning: object
) -> None:
    problems.expect("repository_name", repository_name, str, "'prod/api'", optional=True)
    example = "[iam.PolicyStatement(...)]"
    problems.expect("policy_statements", policy_statements, Sequence, example, each=iam.PolicyStatement)
    problems.expect("replicate_to", replicate_to, Sequence, "['eu-west-1']", each=str)
    problems.expect("scanning", scanning, str, "'continuous' or 'on_push'", optional=True)


def _keywords(written: Mapping[str, Mapping[str, Any]], *, is_injected: bool) -> dict[str, Any]:
    """Return the arguments of `ecr.Repository` for the arguments by property."""
    keywords = dict(_GIVEN_TO_INJECTORS if is_injected else {})
    for arguments in written.values():
        keywords |= arguments
    return keywords


def _check_values(
    problems: Problems, place: ConstructLocation, id: str, repository_name: str | None, encryption: Encryption
) -> None:
    problems.extend(stack_problems(place, "a repository"))
    if id == SHARED_KEY_ID:
        problems.add(f"id {id!r} is reserved for the key that the repositories of a stack share; use another")
    problems.extend(id_format_problems(id))
    if repository_name is not None:
        problems.extend(forwarded_problems(REPOSITORY_NAME, repository_name))
        check_name(problems, place, repository_name)
    encryption.check(problems, place)


def _typed_refusal(scope: Construct, path: str) -> AbstractContextManager[None]:
    return property_injectors.typed_refusal(scope, _class_id, InvalidRepository, path=path)


def _class_id() -> str:
    return ecr.Repository.PROPERTY_INJECTION_ID


@contextmanager
def _taken_id_explained(scope: Construct, id: str, path: str, *, is_injected: bool) -> Iterator[None]:
    """Raise a typed error for an ID that is not unique. The ID is checked only after an error of the CDK."""
    if is_injected and scope.node.try_find_child(id):
        raise InvalidRepository([TAKEN], path=path)
    try:
        yield
    except RuntimeError:
        if not is_injected and scope.node.try_find_child(id):
            raise InvalidRepository([TAKEN], path=path) from None
        raise


def _spelled_for_cdk(repository_name: str | None, *, can_be_named: bool) -> str | None:
    """Return a name that the CDK does not check. The CDK rejects names that ECR accepts, and names with tokens."""
    if repository_name is None:
        # An injector can set a name if none is given.
        return None if can_be_named else _asked_for()
    if not any(pair in repository_name for pair in _DOUBLE_SEPARATORS):
        return repository_name
    return cdk.Fn.join("", [repository_name[:1], repository_name[1:]])


@cache
def _asked_for() -> str:
    """Return the marker for a name that the CDK requests with `_generate_physical_name`. No template contains it."""
    return cdk.PhysicalName.GENERATE_IF_NEEDED


def _resource_of(repository: ecr.Repository) -> ecr.CfnRepository:
    resource = repository.node.default_child
    if not isinstance(resource, ecr.CfnRepository):
        problem = f"the default child must be an AWS::ECR::Repository, got {abbreviate(resource)}"
        raise ArgumentTypeError([problem], path=repository.node.path)
    return resource
