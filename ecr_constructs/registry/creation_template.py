"""`CreationTemplate`: what repositories are like that ECR makes by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, get_args

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from ecr_constructs._cdk import l1_properties
from ecr_constructs._cdk.environment_registry import Environment, environment_of
from ecr_constructs._cdk.nag_suppressions import acknowledge_wildcards
from ecr_constructs._cdk.roles import allow, check_role, create_role, role_problems, trust_condition_problems
from ecr_constructs._cdk.scope import ConstructLocation, id_problems, locate
from ecr_constructs._cdk.tokens import is_unresolved
from ecr_constructs._cdk.trust_policies import TEMPLATE_SERVICE
from ecr_constructs.errors import InvalidName, InvalidRegistry
from ecr_constructs.model.iam.permissions import TEMPLATE_KEY, TEMPLATE_ROLE
from ecr_constructs.model.names import ROOT, CachePrefix, Namespace, TemplatePrefix
from ecr_constructs.model.validation import is_token, text_problem
from ecr_constructs.registry.private_registry import find_registry
from ecr_constructs.repository.encryption import Encryption, EncryptionProperties
from ecr_constructs.repository.lifecycle_validation import annotate_findings_at_synth, raise_if_invalid
from ecr_constructs.repository.resource_policy import RepositoryPolicy
from ecr_constructs.repository.settings import CREATED, RepositorySettings

__all__ = ["CreationTemplate", "Purpose", "needs_role", "owner_problems", "settings_problems", "template_problems"]

Purpose = Literal["PULL_THROUGH_CACHE", "REPLICATION", "CREATE_ON_PUSH"]

_PURPOSES: Sequence[str] = get_args(Purpose)
# Description and KmsKeyForRepositoryCreationTemplate in the service model.
_MAXIMUM_DESCRIPTION = 256
_KEY_ARN = re.compile(r"arn:aws[a-z0-9-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+")


class CreationTemplate(Construct):
    """
    Define what repositories are like that ECR makes by itself: for a cache, for copies, for a push.

    ECR uses the template with the longest prefix that a new repository's name begins with. It looks at it only when it
    makes the repository: a template never changes repositories that exist. Without one, caches and copies get
    repositories with movable tags and no policies, and a push to a repository that is not there fails.

    Encryption with KMS and resource tags take a role that ECR assumes, which is made here unless one is given. Images
    are scanned as the registry says; templates have no word for it.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html

    Creates: one `AWS::ECR::RepositoryCreationTemplate`; with KMS or resource tags an `AWS::IAM::Role` and its policy;
    with the shared key the `AWS::KMS::Key` of the stack.

    Args:
        scope: Where it stands; in a stack.
        id: Its name in the scope.
        prefix: A `Namespace`, or its text, or `ROOT` for all that no longer prefix takes; 1 to 256 characters. Changing
            it replaces the template.
        applied_for: For what: `PULL_THROUGH_CACHE`, `REPLICATION`, `CREATE_ON_PUSH`, or several.
        settings: What the repositories are like. Default: `CREATED`, which is `HARDENED` without a key.
        description: For the reader of the AWS console; up to 256 characters, no control characters. Default: none.
        role: A role that ECR assumes, without a path; its trust policy allows `sts:AssumeRole` to `ecr.amazonaws.com`.
            The permissions that ECR needs are added to it. Default: a role is created if one is needed.
        trust_conditions: Conditions of the trust policy of the role that is created, such as
            `{"StringEquals": {"aws:SourceAccount": "111122223333"}}`. Default: none, as in AWS's example.

    Attributes:
        prefix: The prefix, without a `/` at its end.
        settings: The settings in force.
        role: The role that ECR assumes, if there is one.
        resource: The `AWS::ECR::RepositoryCreationTemplate` itself.

    Raises:
        InvalidRegistry: with every fault, before anything is added to the tree.
        InvalidLifecyclePolicy: if the only fault is that a lifecycle rule surely is not meant so: see docs/findings.md.
        TypeError: for a value of the wrong kind.

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
        description: str | None = None,
        role: iam.IRole | None = None,
        trust_conditions: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        place = locate(scope, id)
        _require_kinds(prefix, applied_for, settings, description)
        path = place.path_of(id)
        problems = [*id_problems(scope, id), *template_problems(place, prefix, settings), *role_problems(place, role)]
        problems += trust_condition_problems(
            trust_conditions, TEMPLATE_SERVICE, role=role, is_role_created=needs_role(settings)
        )
        problems += _purpose_problems(applied_for)
        if description is not None and len(description) > _MAXIMUM_DESCRIPTION and not is_token(description):
            problems.append(
                f"description has {len(description)} characters; ECR allows {_MAXIMUM_DESCRIPTION}, shorten it"
            )
        if description is not None and (problem := text_problem(description)):
            problems.append(f"description {problem}")
        raise_if_invalid(InvalidRegistry, problems, settings, path=path)
        super().__init__(scope, id)
        self.prefix = _spelled(prefix)
        self.settings = settings
        environment_of(place).claim(self, "template", self.prefix)
        encryption = settings.encryption.bind(place)
        self.role = role or (self._create_role(trust_conditions) if needs_role(settings) else None)
        policies = self._allow(self.role, place, encryption) if self.role else ()
        self.resource = ecr.CfnRepositoryCreationTemplate(
            self,
            "Resource",
            prefix=self.prefix,
            applied_for=sorted(applied_for),
            description=description,
            custom_role_arn=self.role.role_arn if self.role else None,
            encryption_configuration=l1_properties.template_encryption(*encryption) if encryption else None,
            image_tag_mutability=settings.immutability.mode,
            image_tag_mutability_exclusion_filters=l1_properties.template_exclusion_filters(settings.immutability),
            lifecycle_policy=settings.effective_lifecycle.to_json() if settings.effective_lifecycle.rules else None,
            repository_policy=RepositoryPolicy(settings.access, place.stack).text(),
            resource_tags=l1_properties.resource_tags(settings.resource_tags),
        )
        self.resource.node.add_dependency(*policies)
        self._annotate(place)

    @property
    def repositories(self) -> str:
        """The names of its repositories, as a pattern for policies."""
        return repositories_under(self.prefix)

    def _create_role(self, conditions: Mapping[str, Mapping[str, object]] | None) -> iam.Role:
        description = f"Lets ECR make the repositories under {self.prefix}"
        return create_role(self, TEMPLATE_SERVICE, description, conditions=conditions)

    def _allow(
        self, role: iam.IRole, place: ConstructLocation, encryption: EncryptionProperties | None
    ) -> Sequence[IDependable]:
        """Add the permissions that ECR needs to create the repositories to a role, and return their policies."""
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
        environment_of(place).claim(self, "creator", f"{role.role_arn} {self.node.path}")
        if registry := find_registry(place):
            registry.except_from_denial(role)
        return policies

    def _annotate(self, place: ConstructLocation) -> None:
        annotate_findings_at_synth(self, place, self.settings.immutability, lambda: self.settings.effective_lifecycle)
        for name, text in self.settings.encryption.warnings(place):
            cdk.Annotations.of(self).add_warning_v2(name, text)
        registry = find_registry(place)
        scanning = registry and registry.scanning
        if scanning and scanning.frequency(self.repositories.replace("*", "any")) is None:
            cdk.Annotations.of(self).add_warning_v2(
                "ecr-constructs:templateIsNotScanned",
                f"the registry scans no repository under {self.prefix!r}, and the settings say scan_on_push; "
                "add it to the filters of PrivateRegistry(scanning=...)",
            )


_UNDER_PREFIX = "ECR makes repositories whose names are not known before; the role is for those under one prefix"


def repositories_under(prefix: str) -> str:
    """Give the names of the repositories under a prefix, as a pattern for policies."""
    return "*" if prefix == ROOT else f"{prefix}/*"


def needs_role(settings: RepositorySettings) -> bool:
    """
    Return whether ECR needs a role to create repositories with these settings.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-create-iam.html

    Args:
        settings: The settings of the repositories.

    """
    return settings.encryption != Encryption.aes256() or bool(settings.resource_tags)


def template_problems(place: ConstructLocation, prefix: object, settings: RepositorySettings) -> Iterator[str]:
    """
    Say why a template cannot be made.

    Args:
        place: Where it would be.
        prefix: Its prefix.
        settings: What its repositories would be like.

    Yields:
        One sentence for each fault.

    """
    if place.stack is None:
        yield "a template stands in a stack, and this scope is in none; pass a Stack, or a construct in one"
        return
    try:
        spelled = _spelled(prefix)
    except InvalidName as error:
        yield from error.problems
    else:
        yield from owner_problems(environment_of(place), spelled)
    yield from settings_problems(place, settings)


def settings_problems(place: ConstructLocation, settings: RepositorySettings) -> Iterator[str]:
    """
    Say what a template cannot carry.

    Args:
        place: Where it would be.
        settings: What its repositories would be like.

    Yields:
        One sentence for each fault.

    """
    yield from settings.encryption.problems(place)
    yield from RepositoryPolicy(settings.access, place.stack).problems_with()
    key_arn = settings.encryption.given_key_arn
    if key_arn is not None and not _is_key_arn(key_arn):
        yield f"key {key_arn!r} is no key ARN, and a template takes nothing else; write 'arn:aws:kms:...:key/...'"
    if settings.removal_policy != cdk.RemovalPolicy.RETAIN or settings.empty_on_delete:
        yield (
            f"settings: removal_policy {settings.removal_policy.name} is for repositories of a stack, and ECR makes "
            "these by itself; give settings.but(removal_policy=RemovalPolicy.RETAIN, empty_on_delete=False)"
        )
    if not settings.scan_on_push:
        yield (
            "settings: a template has no word for scan_on_push=False; leave it at True, and the repositories out of "
            "the filters of PrivateRegistry(scanning=...)"
        )


def _is_key_arn(arn: str) -> bool:
    # An ARN of which only parts are known still says whether it is that of a key or of an alias.
    return ":key/" in arn or not arn.startswith("arn:") if is_unresolved(arn) else bool(_KEY_ARN.fullmatch(arn))


def _spelled(prefix: object) -> str:
    """Write a prefix in one way; ECR assumes the `/` at its end."""
    text = str(prefix)
    TemplatePrefix(text)
    return text.rstrip("/")


def owner_problems(environment: Environment, prefix: str) -> Iterator[str]:
    """Say why a prefix cannot have a template: it has one already."""
    if (owner := environment.owner("template", prefix)) is not None:
        yield (
            f"prefix {prefix!r} is that of the template {owner.node.path} in this account and region, and there is one "
            "for each prefix; give that one another purpose in applied_for=, or choose another prefix"
        )


def _purpose_problems(applied_for: Sequence[str]) -> Iterator[str]:
    if not applied_for:
        yield f"applied_for is empty, so the template would never be used; give one of {', '.join(_PURPOSES)}"
    for purpose in applied_for:
        if purpose not in _PURPOSES:
            yield f"applied_for: {purpose!r} is unknown; use {', '.join(_PURPOSES)}"
    if len(set(applied_for)) < len(applied_for):
        yield "applied_for names a purpose twice; name each once"


def _require_kinds(prefix: object, applied_for: object, settings: object, description: object) -> None:
    if not isinstance(prefix, (str, Namespace, TemplatePrefix, CachePrefix)):
        raise TypeError(f"prefix must be a Namespace, a string such as 'prod', or ROOT, got {prefix!r}")
    if isinstance(applied_for, str) or not isinstance(applied_for, Sequence):
        raise TypeError(f"applied_for must be a list such as ['CREATE_ON_PUSH'], got {applied_for!r}")
    if not all(isinstance(purpose, str) for purpose in applied_for):
        raise TypeError(f"applied_for must be a list of strings, got {applied_for!r}")
    if not isinstance(settings, RepositorySettings):
        raise TypeError(f"settings must be RepositorySettings such as CREATED, got {settings!r}")
    if description is not None and not isinstance(description, str):
        raise TypeError(f"description must be a string, got {description!r}")
