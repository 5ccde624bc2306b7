"""`CreationTemplate`: the settings of repositories that ECR creates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from ecr_constructs._cdk.annotations import note_services, warn_of_denied_change
from ecr_constructs._cdk.environment_registry import Environment, environment_of
from ecr_constructs._cdk.intent_grants import SigningGrant
from ecr_constructs._cdk.nag_suppressions import acknowledge_wildcards
from ecr_constructs._cdk.roles import (
    ROLE,
    ROLE_EXAMPLE,
    allow,
    check_role,
    check_role_arn,
    check_trust_conditions,
    create_role,
)
from ecr_constructs._cdk.scope import ConstructLocation, id_problems, locate, stack_problems
from ecr_constructs._cdk.tokens import is_unresolved
from ecr_constructs._cdk.trust_policies import TEMPLATE_SERVICE
from ecr_constructs.errors import InvalidRegistry, Problems
from ecr_constructs.model.iam.permissions import PULL, PUSH, TEMPLATE_KEY, TEMPLATE_ROLE
from ecr_constructs.model.names import ROOT, CachePrefix, Namespace, TemplatePrefix
from ecr_constructs.model.registry.creation_templates import (
    Purpose,
    description_problems,
    is_key_arn,
    key_arn_problems,
    purpose_problems,
)
from ecr_constructs.registry.created_repositories import grant_on_repositories, image_under, uri_under
from ecr_constructs.registry.inherited_tags import note_inherited_tags_at_synth
from ecr_constructs.registry.private_registry import find_registry
from ecr_constructs.registry.registry_policy import find_policy
from ecr_constructs.repository.access import Access
from ecr_constructs.repository.encryption import Encryption, EncryptionProperties
from ecr_constructs.repository.lifecycle_validation import annotate_findings_at_synth, raise_if_invalid
from ecr_constructs.repository.repository_image import RepositoryImage
from ecr_constructs.repository.settings import (
    CREATED,
    RepositorySettings,
    bind,
    check_template,
    repository_policy,
    settings_in_force,
    template_attributes,
)
from ecr_constructs.repository.settings_check import check_templates_at_synth

__all__ = [
    "CreationTemplate",
    "Purpose",
    "check_owner",
    "check_template_location",
    "check_template_settings",
    "needs_role",
]


class CreationTemplate(SigningGrant, Construct):
    """
    Define the settings of repositories that ECR creates: for a pull-through cache, for replication, or on push.

    ECR uses the template with the longest prefix of the name of a new repository. It reads a template only when it
    creates the repository. A template never changes existing repositories. Without a template, caches and replication
    create repositories with mutable tags and without policies, and a push to a repository that does not exist fails.

    Encryption with KMS and resource tags require a role that ECR assumes. It is created unless one is given. The
    scanning configuration of the registry determines whether images are scanned. Templates have no such property.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html

    Creates: one `AWS::ECR::RepositoryCreationTemplate`; with KMS or resource tags an `AWS::IAM::Role` and its policy;
    with the shared key the `AWS::KMS::Key` of the stack.

    Attributes:
        prefix: The prefix, without a `/` at its end.
        applied_for: The purposes, in alphabetical order.
        settings: The settings in force.
        role: The role that ECR assumes, if there is one.
        resource: The `AWS::ECR::RepositoryCreationTemplate`.

    >>> from aws_cdk import App, Stack
    >>> stack = Stack(App(), "Containers")
    >>> template = CreationTemplate(stack, "Teams", prefix=Namespace("teams"), applied_for=["CREATE_ON_PUSH"])
    >>> template.prefix
    'teams'

    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        prefix: str | Namespace | TemplatePrefix | CachePrefix,
        applied_for: Sequence[Purpose],
        settings: RepositorySettings = CREATED,
        access: Sequence[Access] = (),
        policy_statements: Sequence[iam.PolicyStatement] = (),
        description: str | None = None,
        role: iam.IRole | None = None,
        trust_conditions: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        """
        Define a template.

        Args:
            scope: The scope of the construct, in a stack.
            id: The ID of the construct, unique in its scope.
            prefix: A `Namespace`, or its text, 1 to 256 characters, or `ROOT` for all repositories that no longer
                prefix matches. Another prefix replaces the template.
            applied_for: The purposes: `PULL_THROUGH_CACHE`, `REPLICATION`, `CREATE_ON_PUSH`, or several.
            settings: The settings of the repositories. Default: `CREATED`, which is `HARDENED` with the encryption
                AES256.
            access: Permissions of principals outside the account, in addition to those of the settings. Default: none.
            policy_statements: Statements of the repository policy, in addition to those of the settings. They are
                frozen. Default: none.
            description: The description in the AWS console, up to 256 characters, without control characters.
                Default: none.
            role: A role without a path. Its trust policy allows `sts:AssumeRole` to `ecr.amazonaws.com`. The
                permissions that ECR needs are added to it. Default: a role is created if one is needed.
            trust_conditions: Conditions of the trust policy of the role that is created, such as
                `{"StringEquals": {"aws:SourceAccount": "111122223333"}}`. Default: none, as in AWS's example.

        Raises:
            InvalidRegistry: With all problems, before anything is added to the tree.
            InvalidLifecyclePolicy: If the only problem is a finding of severity error in the lifecycle policy. The page
                'Findings' of the documentation lists them.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        problems = Problems()
        _expect_kinds(problems, prefix, applied_for, description)
        given = {"access": access, "policy_statements": policy_statements}
        in_force = settings_in_force(problems, settings, given, default=CREATED)
        problems.expect("role", role, ROLE, ROLE_EXAMPLE, optional=True)
        place = locate(scope, id, problems)
        problems.extend(id_problems(scope, id))
        check_template_location(problems, place, prefix, in_force)
        check_role_arn(problems, place, role)
        check_trust_conditions(
            problems, trust_conditions, TEMPLATE_SERVICE, role=role, is_role_created=needs_role(in_force)
        )
        problems.extend(purpose_problems(applied_for))
        problems.extend(description_problems(description) if description is not None else ())
        raise_if_invalid(InvalidRegistry, problems, in_force, path=place.path_of(id))
        super().__init__(scope, id)
        self.prefix = _without_slash(prefix)
        self.applied_for: tuple[Purpose, ...] = tuple(sorted(applied_for))
        self.settings = in_force
        environment_of(place).register_owner(self, "template", self.prefix)
        bound = bind(in_force, place)
        self.role = role or (self._create_role(trust_conditions) if needs_role(in_force) else None)
        policies = self._allow(self.role, place, bound.encryption) if self.role else ()
        self.resource = ecr.CfnRepositoryCreationTemplate(
            self,
            "Resource",
            prefix=self.prefix,
            applied_for=list(self.applied_for),
            description=description,
            custom_role_arn=self.role.role_arn if self.role else None,
            **template_attributes(bound),
        )
        self.resource.node.add_dependency(*policies)
        check_templates_at_synth(place)
        self._annotate(place)

    @property
    def repositories(self) -> str:
        """The names of its repositories, as a pattern for policies."""
        return "*" if self.prefix == ROOT else f"{self.prefix}/*"

    def image(self, reference: str, *, dual_stack: bool = False) -> RepositoryImage:
        """
        Return the reference of an image, for a task definition or a manifest.

        Args:
            reference: The repository with a tag or a digest, such as `teams/api:v1.4.2`.
            dual_stack: Whether the host also has IPv6 addresses, such as `111122223333.dkr-ecr.eu-west-1.on.aws`. It
                requires a stack with a Region. Default: no.

        Raises:
            InvalidName: If it is malformed, has neither tag nor digest, or is not under the prefix.
            TypeError: If it is not a string.

        """
        return image_under(self, [self.prefix], reference, dual_stack=dual_stack)

    def uri(self, repository: str, *, dual_stack: bool = False) -> str:
        """
        Return the URI of a repository without a tag, for a Helm chart or for a tool that adds the tag.

        Args:
            repository: The repository, such as `teams/api`.
            dual_stack: As for `image`. Default: no.

        Raises:
            InvalidName: If it is malformed, has a tag or a digest, or is not under the prefix.
            TypeError: If it is not a string.

        """
        return uri_under(self, [self.prefix], repository, dual_stack=dual_stack)

    def pinned(self, reference: str, *, dual_stack: bool = False) -> RepositoryImage:
        """
        Return the reference of the image that had a tag when its pin was written, by its digest.

        `ecr-constructs pin` writes the file `ecr-pins.json`, or that of the context key `ecr-constructs/pins`.

        Args:
            reference: The repository with a tag, as for `image`.
            dual_stack: As for `image`. Default: no.

        Raises:
            EcrConstructsError: If the file has no pin for the tag.
            InvalidName: As `image`, and if it has a digest.
            TypeError: If it is not a string.

        """
        return image_under(self, [self.prefix], reference, dual_stack=dual_stack, pinned=True)

    def grant_pull(self, grantee: iam.IGrantable) -> iam.Grant:
        """
        Grant the permissions to pull from all repositories under the prefix, and to log in.

        Args:
            grantee: A role or user of the account.

        Returns:
            The grant for the repositories. The permission to log in is a separate grant.

        Raises:
            InvalidRegistry: If the grantee has no policy.

        """
        return self._grant_actions(grantee, PULL, login=True)

    def grant_push(self, grantee: iam.IGrantable, *, create: bool = False) -> iam.Grant:
        """
        Grant the permissions to push to all repositories under the prefix, and to log in.

        Args:
            grantee: A role or user of the account.
            create: Whether the grantee can create repositories under the prefix. AWS does not document whether a push
                that creates a repository requires this permission. Default: no.

        Returns:
            The grant for the repositories. The permission to log in is a separate grant.

        Raises:
            InvalidRegistry: If the grantee has no policy.

        """
        actions = sorted({*PUSH, "ecr:CreateRepository"}) if create else PUSH
        return self._grant_actions(grantee, actions, login=True)

    def _grant_actions(self, grantee: iam.IGrantable, actions: Sequence[str], *, login: bool) -> iam.Grant:
        """Grant actions on the repositories, and the permission to log in."""
        return grant_on_repositories(self, grantee, actions, [self.repositories], remedy=_REMEDY, login=login)

    def _create_role(self, conditions: Mapping[str, Mapping[str, object]] | None) -> iam.Role:
        description = f"Lets ECR make the repositories under {self.prefix}"
        return create_role(self, TEMPLATE_SERVICE, description, conditions=conditions)

    def _allow(
        self, role: iam.IRole, place: ConstructLocation, encryption: EncryptionProperties | None
    ) -> Sequence[IDependable]:
        """Add the permissions to create the repositories to the role of ECR, and return the policies."""
        stack = cdk.Stack.of(self)
        under = stack.format_arn(service="ecr", resource="repository", resource_name=self.repositories)
        statements = [iam.PolicyStatement(actions=list(TEMPLATE_ROLE), resources=[under])]
        resources = [under]
        if encryption is not None:
            any_key = stack.format_arn(service="kms", resource="key", resource_name="*")
            resources.append(encryption.key_arn or any_key)
            statements.append(
                iam.PolicyStatement(
                    actions=list(TEMPLATE_KEY),
                    resources=[encryption.key_arn or any_key],
                    conditions={"StringEquals": {"kms:ViaService": f"ecr.{stack.region}.{stack.url_suffix}"}},
                )
            )
        policies = allow(self, role, *statements)
        acknowledge_wildcards(role, resources, _UNDER_PREFIX)
        check_role(self, role, TEMPLATE_SERVICE)
        environment_of(place).register_owner(self, "creator", f"{role.role_arn} {self.node.path}")
        if policy := find_policy(environment_of(place)):
            policy.except_from_denial(role)
        return policies

    def _annotate(self, place: ConstructLocation) -> None:
        note_services(self, repository_policy(self.settings, place.stack).services)
        for each in self.settings.policy_statements:
            warn_of_denied_change(self, each.to_json())
        annotate_findings_at_synth(self, place, self.settings.immutability, lambda: self.settings.effective_lifecycle)
        note_inherited_tags_at_synth(self, place.ancestors, self.settings.resource_tags or {})
        for name, text in self.settings.encryption.warnings(place):
            cdk.Annotations.of(self).add_warning_v2(name, text)
        registry = find_registry(place)
        scanning = registry and registry.scanning
        if scanning and scanning.frequency(self.repositories.replace("*", "any")) is None:
            cdk.Annotations.of(self).add_warning_v2(
                "ecr-constructs:templateIsNotScanned",
                f"the registry scans no repository under {self.prefix!r}, and the settings have scan_on_push; "
                "add it to the filters of PrivateRegistry(scanning=...)",
            )


_REMEDY = "or for another account add access= to the settings"
_UNDER_PREFIX = (
    "ECR creates repositories whose names are not known at synthesis; the role is for those under one prefix"
)


def needs_role(settings: RepositorySettings) -> bool:
    """
    Return whether ECR needs a role to create repositories with these settings.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-create-iam.html

    Args:
        settings: The settings of the repositories.

    """
    return settings.encryption != Encryption.aes256() or bool(settings.resource_tags)


def check_template_location(
    problems: Problems, place: ConstructLocation, prefix: object, settings: RepositorySettings
) -> None:
    """
    Check that a template can be created in a location.

    Args:
        problems: The collector of problems.
        place: The location.
        prefix: The prefix.
        settings: The settings of the repositories.

    """
    problems.extend(stack_problems(place, "a template"))
    if place.stack is None:
        return
    with problems.collect():
        check_owner(problems, environment_of(place), _without_slash(prefix))
    check_template_settings(problems, place, settings)


def check_template_settings(problems: Problems, place: ConstructLocation, settings: RepositorySettings) -> None:
    """
    Check that a template can have settings.

    Args:
        problems: The collector of problems.
        place: The location of the template.
        settings: The settings of the repositories.

    """
    settings.encryption.check(problems, place)
    policy = repository_policy(settings, place.stack)
    problems.extend(policy.problems_in_region())
    problems.extend(policy.problems_with())
    key_arn = settings.encryption.given_key_arn
    if key_arn is not None:
        problems.extend(key_arn_problems(key_arn, is_arn=_is_key_arn(key_arn)))
    check_template(settings, problems)


def _is_key_arn(arn: str) -> bool:
    # The literal parts of an ARN with tokens distinguish a key from an alias.
    return ":key/" in arn or not arn.startswith("arn:") if is_unresolved(arn) else is_key_arn(arn)


def _without_slash(prefix: object) -> str:
    """Return a prefix without the `/` at its end. ECR adds it."""
    text = str(prefix)
    TemplatePrefix(text)
    return text.rstrip("/")


def check_owner(problems: Problems, environment: Environment, prefix: str) -> None:
    """Check that no other template of the account and Region has a prefix."""
    if (owner := environment.owner_of("template", prefix)) is not None:
        problems.add(
            f"prefix {prefix!r} is that of the template {owner.node.path} in this account and Region, and each prefix "
            "has one template; add the purpose to applied_for= of that template, or use another prefix"
        )


def _expect_kinds(problems: Problems, prefix: object, applied_for: object, description: object) -> None:
    problems.expect("prefix", prefix, (str, Namespace, TemplatePrefix, CachePrefix), "Namespace('prod') or ROOT")
    problems.expect("applied_for", applied_for, Sequence, "['CREATE_ON_PUSH']", each=str)
    problems.expect("description", description, str, "'Repositories of the teams'", optional=True)
