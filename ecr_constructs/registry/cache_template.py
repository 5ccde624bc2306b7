"""The template of the repositories of a pull-through cache: a new one, another one of the app, or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, IValidation

from ecr_constructs._cdk.environment_registry import Environment, environment_of
from ecr_constructs._cdk.roles import check_role_arn
from ecr_constructs._cdk.scope import ConstructLocation, location_of
from ecr_constructs.errors import Problems
from ecr_constructs.model.names import ROOT
from ecr_constructs.model.registry.creation_templates import description_problems
from ecr_constructs.registry.creation_template import CreationTemplate, check_owner, check_template_settings, needs_role
from ecr_constructs.registry.registry_policy import find_policy
from ecr_constructs.repository.access import Access
from ecr_constructs.repository.settings import CACHED, RepositorySettings

__all__ = ["CacheTemplate"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheTemplate:
    """
    The template with which ECR creates the repositories of a cache.

    Args:
        template: True for a new template, another template of the app, or False for none.
        prefix: The prefix of the cache.
        settings: The settings of the repositories, without the consumers.
        consumers: The principals of other accounts that can pull.
        description: The description of the template.
        role: The role that ECR assumes to create the repositories.

    """

    template: CreationTemplate | bool
    prefix: str
    settings: RepositorySettings
    consumers: Sequence[Access]
    description: str | None
    role: iam.IRole | None

    @property
    def is_own(self) -> bool:
        """Whether the cache creates the template."""
        return self.template is True

    @property
    def creates_role(self) -> bool:
        """Whether the template creates the role that ECR assumes."""
        return self.is_own and self.role is None and needs_role(self.settings)

    def settings_in(self, place: ConstructLocation) -> RepositorySettings:
        """Return the settings with the consumers, if they pull by the policies of the repositories."""
        return self.settings if _is_v2(place) else self.settings.but(access=self.consumers)

    def check(self, problems: Problems, place: ConstructLocation) -> None:
        """Add the problems of the template, and of arguments that it does not have."""
        if self.is_own:
            if place.stack is not None and environment_of(place).owner_of("cache", self.prefix) is None:
                check_owner(problems, environment_of(place), self.prefix)
            check_template_settings(problems, place, self.settings_in(place))
            problems.extend(description_problems(self.description) if self.description is not None else ())
            own = Problems()
            check_role_arn(own, place, self.role)
            problems.extend(f"template_{each}" for each in own)
            return
        self._check_unused(problems)
        if isinstance(self.template, CreationTemplate) and place.stack is not None:
            problems.extend(_coverage_problems(self.template, environment_of(place), self.prefix))
        if not _is_v2(place):
            given = self.template.settings.access if isinstance(self.template, CreationTemplate) else ()
            if missing := [f"{each.intent} {each.subject}" for each in self.consumers if each not in given]:
                problems.add(_CANNOT_PULL.format(", ".join(missing)))

    def bind(
        self, scope: Construct, place: ConstructLocation, conditions: Mapping[str, Mapping[str, object]] | None
    ) -> CreationTemplate | None:
        """
        Create the template if the cache has its own, and return the template.

        Args:
            scope: The cache.
            place: The location of the cache.
            conditions: Conditions of the trust policy of the role that is created.

        """
        if isinstance(self.template, CreationTemplate):
            scope.node.add_validation(_CoverageCheck(self.template, environment_of(place), self.prefix))
            return self.template
        if not self.template:
            return None
        return CreationTemplate(
            scope,
            "Template",
            prefix=self.prefix,
            applied_for=["PULL_THROUGH_CACHE"],
            settings=self.settings_in(place),
            description=self.description,
            role=self.role,
            trust_conditions=conditions if self.creates_role else None,
        )

    def _check_unused(self, problems: Problems) -> None:
        """Add a problem for arguments that only a template of the cache has."""
        unused = {
            "settings=, access= and policy_statements=": self.settings != CACHED,
            "description=": self.description is not None,
            "template_role=": self.role is not None,
        }
        problems.extend(
            f"{names}: only a template of the cache itself has them, and template={self._shown} is given; remove them, "
            "or give them to that template"
            for names, is_given in unused.items()
            if is_given
        )

    @property
    def _shown(self) -> str:
        return self.template.node.path if isinstance(self.template, CreationTemplate) else str(self.template)


_CANNOT_PULL = (
    "consumers: {} could not pull, because the cache has no template of its own that grants access to its "
    "repositories; "
    "add them to access= of the template in this app, or use PrivateRegistry(policy_scope='V2') if the account has it"
)


def _is_v2(place: ConstructLocation) -> bool:
    policy = None if place.stack is None else find_policy(environment_of(place))
    return policy is not None and policy.scope == "V2"


@jsii.implements(IValidation)
class _CoverageCheck:
    """A validation that finds a later template, which ECR uses instead of the template of the cache."""

    def __init__(self, template: CreationTemplate, environment: Environment, prefix: str) -> None:
        self._template = template
        self._environment = environment
        self._prefix = prefix

    def validate(self) -> list[str]:
        return list(_coverage_problems(self._template, self._environment, self._prefix))


def _coverage_problems(template: CreationTemplate, environment: Environment, prefix: str) -> Sequence[str]:
    """Return the reasons why ECR does not create the repositories of a cache with a template."""
    path = template.node.path
    problems = []
    if environment_of(location_of(template)) != environment:
        problems.append(f"template {path} is of another account or Region than the cache; use one of the same")
    if "PULL_THROUGH_CACHE" not in template.applied_for:
        problems.append(f"template {path} is not for caches; add 'PULL_THROUGH_CACHE' to its applied_for=")
    if not _covers(template.prefix, prefix):
        problems.append(
            f"template {path} has the prefix {template.prefix!r}, and the repositories of the cache are under "
            f"{prefix!r}; use a template with that prefix or a shorter one"
        )
    longer = [each for each in environment.registered_names("template") if _covers(each, prefix)]
    if not problems and (longest := max(longer, key=_length)) != template.prefix:
        problems.append(
            f"template {path} has the prefix {template.prefix!r}, and ECR uses the longer prefix {longest!r} of "
            "another template of the app; use that template"
        )
    return problems


def _covers(prefix: str, cache: str) -> bool:
    return prefix in (ROOT, cache) or cache.startswith(f"{prefix}/")


def _length(prefix: str) -> int:
    return 0 if prefix == ROOT else len(prefix)
