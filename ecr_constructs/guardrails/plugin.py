"""`Guardrails`: the validation plugin that checks the templates of an app."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import cast

import aws_cdk as cdk
import jsii

from ecr_constructs._cdk.annotations import reported_annotations
from ecr_constructs.assembly import read_assembly
from ecr_constructs.assembly.template_resources import app_resources
from ecr_constructs.errors import EcrConstructsError, Problems, expect
from ecr_constructs.model.compliance import RULES
from ecr_constructs.model.compliance.exceptions import RuleException
from ecr_constructs.model.compliance.resources import AppResources
from ecr_constructs.model.compliance.rule import LEVELS, ComplianceRule, Level
from ecr_constructs.model.compliance.rule_results import RuleResult, judge
from ecr_constructs.model.validation import abbreviate
from ecr_constructs.repository.contradictions import is_reported, mark_judged
from ecr_constructs.repository.lifecycle_validation import annotation_id
from ecr_constructs.repository.settings_check import PLUGIN_NAME

__all__ = ["Guardrails"]

_PRODUCTION: Mapping[str, Level] = dict.fromkeys(
    ("customer-managed-key", "images-scanned", "lifecycle-policy-present", "tags-immutable"), "error"
)
# The annotation of a construct with the same fact as a rule. For lifecycle findings, both have the same name.
_ANNOTATIONS: Mapping[str, str] = {
    "cached-tags-mutable": "ecr-constructs:cachedTagsCannotMove",
    "name-unique": "ecr-constructs:repositoryNameTwice",
    "policy-changeable": "ecr-constructs:policyCannotBeChanged",
    "service-principal-source": "ecr-constructs:serviceOfAnyAccount",
}
_UNUSED, _EXPIRED = "exception-unused", "exception-expired"


@jsii.implements(cdk.IPolicyValidationPlugin)
class Guardrails:
    """
    Check the ECR resources of all templates of an app when it synthesizes.

    The final templates are checked, with the changes of aspects, mixins, property injectors and overrides. They include
    the resources of `HardenedRepository`, `ecr.Repository` and L1 constructs.

    A rule of level `error` stops the synthesis. A rule of level `warning` or `info` is reported. A value that is known
    only at deployment is reported as an info, for the rules with a control. A finding can be acknowledged with
    `cdk.Validations.of(construct).acknowledge(...)` and the ID `ecr-constructs::` and the ID of the rule.
    The page 'Guardrails' of the documentation lists the rules.

    https://docs.aws.amazon.com/cdk/v2/guide/policy-validation-synthesis.html

    Creates: no resource.

    >>> import aws_cdk as cdk
    >>> app = cdk.App()
    >>> cdk.Validations.of(app).add_plugins(Guardrails.for_production())

    """

    def __init__(
        self,
        *,
        levels: Mapping[str, Level] | None = None,
        rules: Sequence[ComplianceRule] = (),
        exceptions: Sequence[RuleException] = (),
    ) -> None:
        """
        Define the rules to check.

        Args:
            levels: The levels of rules, by id, such as `{"tags-immutable": "error"}`: `error`, `warning`, `info` or
                `off`. Default: the level of each rule.
            rules: Rules in addition to those of the library; see `compliance_rule`. Default: none.
            exceptions: Exceptions from rules. Those of a file are the result of `read_rule_exceptions`. Default: none.

        Raises:
            EcrConstructsError: If a rule or a level does not exist, or if two rules have the same id.
            TypeError: If arguments are of the wrong kind.

        """
        problems = Problems()
        if problems.expect("rules", rules, Sequence, "[team_prefix]", each=ComplianceRule):
            self._rules = {**RULES, **{each.id: each for each in rules}}
            ids = [*RULES, *(each.id for each in rules)]
            problems.extend(
                f"rule {each!r} exists twice; use another ID" for each in self._rules if ids.count(each) > 1
            )
            self._check_names(problems, levels or {}, exceptions)
        problems.raise_if_any(EcrConstructsError)
        self._levels: dict[str, Level] = {id: each.level for id, each in self._rules.items()} | dict(levels or {})
        self._exceptions = tuple(exceptions)

    def _check_names(
        self, problems: Problems, levels: Mapping[str, Level], exceptions: Sequence[RuleException]
    ) -> None:
        """Add a problem for each level and each exception without a rule."""
        names = ", ".join(self._rules)
        if problems.expect("levels", levels, Mapping, '{"tags-immutable": "error"}', each=str):
            problems.extend(
                f"levels: rule {each!r} does not exist; use {names}" for each in levels.keys() - self._rules
            )
            problems.extend(
                f"levels[{id!r}] is {abbreviate(each)}; use {', '.join(LEVELS)}"
                for id, each in levels.items()
                if each not in LEVELS
            )
        if problems.expect("exceptions", exceptions, Sequence, "[RuleException(...)]", each=RuleException):
            problems.extend(
                f"exceptions[{index}]: rule {each.rule!r} does not exist; use {names}"
                for index, each in enumerate(exceptions)
                if each.rule not in self._rules
            )

    @classmethod
    def for_production(
        cls,
        *,
        levels: Mapping[str, Level] | None = None,
        rules: Sequence[ComplianceRule] = (),
        exceptions: Sequence[RuleException] = (),
    ) -> Guardrails:
        """
        Return guardrails that stop the synthesis if a Security Hub control for private repositories fails.

        The level of `images-scanned` (ECR.1), `tags-immutable` (ECR.2), `lifecycle-policy-present` (ECR.3) and
        `customer-managed-key` (ECR.5) is `error`.

        Args:
            levels: The levels of other rules, or other levels of these rules. Default: none.
            rules: Rules in addition to those of the library. Default: none.
            exceptions: Exceptions from rules. Default: none.

        Raises:
            EcrConstructsError: As the constructor.
            TypeError: As the constructor.

        """
        given = levels if levels is not None else {}
        expect("levels", given, Mapping, '{"tags-immutable": "error"}', each=str)
        return cls(levels={**_PRODUCTION, **given}, rules=rules, exceptions=exceptions)

    @property
    def name(self) -> str:
        """The name of the plugin, which is the first part of the IDs of acknowledgments."""
        return PLUGIN_NAME

    @property
    def version(self) -> str:
        """The version of the library."""
        return version("ecr-constructs")

    @property
    def rule_ids(self) -> list[str]:
        """The IDs of the rules that are checked."""
        return [id for id, level in self._levels.items() if level != "off"]

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """
        Return the findings in the templates of an app. The CDK calls it.

        Args:
            context: The app, and the paths of its templates.

        """
        app = cast("cdk.App", context.app_construct)
        resources = app_resources(read_assembly(Path(app.outdir)))
        judged = judge(resources, [self._rules[each] for each in self.rule_ids])
        # All templates are the input of the rules. Those of a stage are the templates that it is registered for.
        stacks = _stacks_of(resources, context.template_paths)
        found = [each for each in judged if each.resource.stack.partition("/")[0] in stacks]
        today = datetime.now(tz=timezone.utc).date()
        in_force = [each for each in self._exceptions if not each.is_expired(today)]
        left = [each for each in found if not any(exception.covers(each) for exception in in_force)]
        reported = reported_annotations(app)
        left = [each for each in left if not self._is_reported(each, reported, app)]
        mark_judged(app, stacks)
        violations = [violation for result in left for violation in self._violations(result)]
        violations += [
            _about(each, [result for result in found if each.covers(result)], is_expired=each not in in_force)
            for each in self._exceptions
            if each not in in_force or not any(_is_excepted(each, result) for result in found)
        ]
        is_refused = any(each.severity == "error" for each in violations)
        return cdk.PolicyValidationPluginReport(success=not is_refused, violations=violations)

    def _is_reported(self, result: RuleResult, reported: frozenset[tuple[str, str]], app: cdk.App) -> bool:
        """
        Return whether a construct reports the finding.

        An error is always reported, because it stops the synthesis.
        """
        id, path = result.rule.id, f"{result.resource.path}/"
        annotation = _ANNOTATIONS.get(id) or annotation_id(id.removeprefix("lifecycle-"))
        is_annotated = any(name == annotation and path.startswith(f"{owner}/") for name, owner in reported)
        return self._levels[id] != "error" and (is_annotated or is_reported(app, result))

    def _violations(self, result: RuleResult) -> Iterator[cdk.PolicyViolation]:
        """Yield a violation for each sentence. Those of one sentence are one violation with all locations."""
        rule = result.rule
        if result.status == "not decidable" and rule.controls:
            yield _violation(result, f"not decidable: {result.reason}", (), "info")
        for sentence, breaches in groupby(result.breaches, key=lambda each: each.sentence):
            locations = [each.location for each in breaches if each.location]
            yield _violation(result, sentence, locations, self._levels[rule.id])


def _stacks_of(resources: AppResources, template_paths: Sequence[str]) -> frozenset[str]:
    """Return the names of the stacks of templates, without nested stacks, which are named after their parents."""
    paths = {Path(each).resolve() for each in template_paths}
    known = {each.template_path: each.stack for each in resources.all}
    return frozenset(stack for path, stack in known.items() if Path(path).resolve() in paths)


def _violation(result: RuleResult, sentence: str, locations: Sequence[str], level: str) -> cdk.PolicyViolation:
    rule, resource = result.rule, result.resource
    controls = f" ({', '.join(rule.controls)})" if rule.controls else ""
    requirement = rule.requirement.removesuffix(".")
    return cdk.PolicyViolation(
        rule_name=rule.id,
        description=f"{sentence}. Required: {requirement}{controls}",
        fix=rule.remedy,
        severity=level,
        violating_resources=[
            cdk.PolicyViolatingResource(
                resource_logical_id=resource.logical_id,
                template_path=resource.template_path,
                locations=list(locations),
            )
        ],
    )


def _is_excepted(exception: RuleException, result: RuleResult) -> bool:
    return result.status != "met" and exception.covers(result)


def _about(exception: RuleException, covered: Sequence[RuleResult], *, is_expired: bool) -> cdk.PolicyViolation:
    """Return the warning about an exception that has expired, or that no finding needs."""
    where = f"the exception of {exception.owner} for {exception.rule} on {exception.resource}"
    reason = f"expired on {exception.expires}" if is_expired else "is not used: the resource meets the rule"
    if not covered:
        reason += ", and no template has such a resource"
    return cdk.PolicyViolation(
        rule_name=_EXPIRED if is_expired else _UNUSED,
        description=f"{where} {reason}",
        fix="Correct the resource and remove the exception, or renew it." if is_expired else "Remove the exception.",
        severity="warning",
        violating_resources=[
            cdk.PolicyViolatingResource(
                resource_logical_id=each.resource.logical_id, template_path=each.resource.template_path, locations=[]
            )
            for each in covered
        ],
    )
