"""
The comparison of the settings of repositories with the final templates of an app, and contradictions in them.

A mixin, an aspect, an override or an assignment to `repository.resource` can change a property after the construction.
Overrides cannot be read from a resource, so the templates are compared. The decision 'Settings are compared with the
final template' has the reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, cast
from weakref import WeakKeyDictionary

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from constructs import IConstruct

from ecr_constructs._cdk.annotations import reported_annotations
from ecr_constructs._cdk.scope import ConstructLocation
from ecr_constructs._cdk.tokens import resolve
from ecr_constructs.assembly import read_assembly
from ecr_constructs.assembly.template_resources import app_resources
from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model.compliance.resources import TemplateResource
from ecr_constructs.model.compliance.rule_results import RuleResult
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.template_syntax import boolean, mapping, mappings
from ecr_constructs.model.validation import abbreviate, is_token
from ecr_constructs.repository.contradictions import CONTRADICTION_RULES, contradictions
from ecr_constructs.repository.encryption import EncryptionProperties
from ecr_constructs.repository.resource_policy import RepositoryPolicy
from ecr_constructs.repository.settings import RepositorySettings
from ecr_constructs.repository.stack_limits import MAXIMUM_TEMPLATE_BYTES

__all__ = ["PLUGIN_NAME", "SETTINGS_DIFFER", "check_settings_at_synth", "check_templates_at_synth"]

# The IDs of acknowledgments begin with the name of the plugin. `Guardrails` has the same name.
PLUGIN_NAME = "ecr-constructs"
SETTINGS_DIFFER = "settings-differ"
TEMPLATE_TOO_LARGE = "template-too-large"

_FIX = (
    "Pass the value to HardenedRepository, or remove the mixin, the aspect, the override or the assignment that "
    "changes it."
)
_LIMIT = f"{MAXIMUM_TEMPLATE_BYTES:,} (1 MB)"
_SMALLER = (
    "Move resources that are not deployed yet to another stack, and leave the others in their stack "
    "(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html)."
)
_ABSENT = "not set"


class _HasSettings(Protocol):
    """The properties of a repository that are compared."""

    settings: RepositorySettings
    lifecycle: LifecyclePolicy
    policy: RepositoryPolicy
    resource: ecr.CfnRepository


class _Checked(NamedTuple):
    """A repository and the values that it was created with."""

    path: str
    stack: cdk.Stack
    repository: _HasSettings
    encryption: EncryptionProperties | None


class _Difference(NamedTuple):
    """A property with the value of the template and the value of the settings."""

    name: str
    found: object
    expected: object


def check_settings_at_synth(
    repository: _HasSettings, place: ConstructLocation, path: str, encryption: EncryptionProperties | None
) -> None:
    """
    Compare a repository with the final template when the app synthesizes, and report the properties that differ.

    Args:
        repository: The repository.
        place: The location of the repository, in a stack.
        path: The construct path of the repository.
        encryption: The encryption of the repository. None for the default of ECR.

    """
    plugin = check_templates_at_synth(place)
    if plugin is not None and place.stack is not None:
        plugin.checked[path] = _Checked(path, place.stack, repository, encryption)


def check_templates_at_synth(place: ConstructLocation) -> _SettingsPlugin | None:
    """
    Report contradictions in the final templates when the app synthesizes.

    Args:
        place: The location of a construct of the app.

    Returns:
        The plugin. None for a tree without an app.

    """
    root = place.ancestors[0]
    if not isinstance(root, cdk.Stage):
        return None
    if root not in _plugins:
        _plugins[root] = _SettingsPlugin()
        cdk.Validations.of(root).add_plugins(_plugins[root])
    return _plugins[root]


@jsii.implements(cdk.IPolicyValidationPlugin)
class _SettingsPlugin:
    """The comparison for all repositories of an app."""

    def __init__(self) -> None:
        self.checked: dict[str, _Checked] = {}

    @property
    def name(self) -> str:
        """The name of the plugin, which is the first part of the ID of an acknowledgment."""
        return PLUGIN_NAME

    @property
    def version(self) -> str:
        """The version of the comparison."""
        return "1"

    @property
    def rule_ids(self) -> list[str]:
        """The IDs of the findings."""
        return [SETTINGS_DIFFER, TEMPLATE_TOO_LARGE, *CONTRADICTION_RULES]

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Return a warning for each repository that differs from its settings, and for each contradiction."""
        app = cast("cdk.App", context.app_construct)
        reported = reported_annotations(app)
        try:
            resources = app_resources(read_assembly(Path(app.outdir)))
            contradicting = contradictions(app, resources, self._scanned, reported)
        except (OSError, EcrConstructsError) as error:
            return _report([_violation(f"the templates cannot be compared with the settings: {error}", ())])
        found = [(self.checked[path], each) for each in resources.all if (path := _path_of(each)) in self.checked]
        resolved = _resolved(each for each, _ in found)
        return _report(
            [
                *(
                    _violation(_sentence(each, differences), (resource,))
                    for each, resource in found
                    if (differences := tuple(_differences(each, resource, resolved[each.path], reported)))
                ),
                *map(_contradiction, contradicting),
                *_too_large(resources.all),
            ]
        )

    @property
    def _scanned(self) -> frozenset[str]:
        """The construct paths of the resources of repositories whose settings have scanning on push."""
        return frozenset(
            f"{path}/Resource" for path, each in self.checked.items() if each.repository.settings.scan_on_push
        )


_plugins: WeakKeyDictionary[IConstruct, _SettingsPlugin] = WeakKeyDictionary()


def _path_of(resource: TemplateResource) -> str:
    return resource.path.removesuffix("/Resource") if resource.type == "AWS::ECR::Repository" else ""


def _report(violations: Sequence[cdk.PolicyViolation]) -> cdk.PolicyValidationPluginReport:
    is_refused = any(each.severity == "error" for each in violations)
    return cdk.PolicyValidationPluginReport(success=not is_refused, violations=violations)


def _too_large(resources: Iterable[TemplateResource]) -> Iterator[cdk.PolicyViolation]:
    """Yield an error for each template with more than 1 MB, which CloudFormation rejects."""
    for path, first in {each.template_path: each for each in reversed(list(resources))}.items():
        size = Path(path).stat().st_size
        if size > MAXIMUM_TEMPLATE_BYTES:
            text = f"the template of {first.stack} has {size:,} bytes, and CloudFormation allows {_LIMIT}"
            yield _violation(text, (first,), rule=TEMPLATE_TOO_LARGE, fix=_SMALLER, severity="error")


def _contradiction(result: RuleResult) -> cdk.PolicyViolation:
    sentences = "; ".join(dict.fromkeys(each.sentence for each in result.breaches))
    return _violation(sentences, (result.resource,), rule=result.rule.id, fix=result.rule.remedy)


def _violation(
    description: str,
    resources: Sequence[TemplateResource],
    *,
    rule: str = SETTINGS_DIFFER,
    fix: str = _FIX,
    severity: str = "warning",
) -> cdk.PolicyViolation:
    return cdk.PolicyViolation(
        rule_name=rule,
        description=description,
        fix=fix,
        severity=severity,
        violating_resources=[
            cdk.PolicyViolatingResource(
                resource_logical_id=each.logical_id, template_path=each.template_path, locations=[]
            )
            for each in resources
        ],
    )


def _sentence(checked: _Checked, differences: Sequence[_Difference]) -> str:
    parts = [
        f"{name} is {_shown_or_absent(found)}, and {_shown_or_absent(expected)} in settings"
        for name, found, expected in differences
    ]
    return f"the template of {checked.path} differs from its settings: {'; '.join(parts)}"


def _shown_or_absent(value: object) -> str:
    return _ABSENT if value is None else abbreviate(value)


def _resolved(checked: Iterable[_Checked]) -> Mapping[str, Mapping[str, object]]:
    """Return the policy and the key of each repository, by its path. Those of a stack are resolved together."""
    by_stack: dict[cdk.Stack, list[_Checked]] = {}
    for each in checked:
        by_stack.setdefault(each.stack, []).append(each)
    return {
        each.path: values
        for stack, group in by_stack.items()
        for each, values in zip(group, resolve(stack, list(map(_with_tokens, group))), strict=True)
    }


def _with_tokens(checked: _Checked) -> Mapping[str, object]:
    return {
        "RepositoryPolicyText": checked.repository.policy.plain_document(),
        "KmsKey": checked.encryption.key_arn if checked.encryption else None,
    }


def _differences(
    checked: _Checked,
    resource: TemplateResource,
    resolved: Mapping[str, object],
    reported: frozenset[tuple[str, str]],
) -> Iterator[_Difference]:
    found, expected = dict(_found(resource)), {**dict(_expected(checked)), **resolved}
    if ("ecr-constructs:isNotRetained", checked.path) in reported:
        found |= {name: expected[name] for name in _RETENTION}
    for name, value in expected.items():
        if found[name] != value:
            yield _Difference(name, found[name], value)
    written = mappings(resource.properties.get("Tags"))
    # A key that CloudFormation computes is a function.
    tags = {key: each.get("Value") for each in written if isinstance(key := each.get("Key"), str)}
    for key, text in checked.repository.settings.resource_tags.items():
        if not is_token(key) and not is_token(text) and tags.get(key) != text:
            yield _Difference(f"tag {key!r}", tags.get(key), text)


def _found(resource: TemplateResource) -> Iterator[tuple[str, object]]:
    """Yield the properties in the template that the settings determine."""
    properties = resource.properties
    encryption = mapping(properties.get("EncryptionConfiguration"))
    yield "ImageTagMutability", properties.get("ImageTagMutability")
    yield "ImageTagMutabilityExclusionFilters", _filters(properties.get("ImageTagMutabilityExclusionFilters"))
    yield "ScanOnPush", _boolean(mapping(properties.get("ImageScanningConfiguration")).get("ScanOnPush"))
    yield "LifecyclePolicyText", mapping(properties.get("LifecyclePolicy")).get("LifecyclePolicyText")
    yield "EncryptionType", encryption.get("EncryptionType")
    yield "KmsKey", encryption.get("KmsKey")
    yield "EmptyOnDelete", _boolean(properties.get("EmptyOnDelete", False))
    yield "RepositoryPolicyText", properties.get("RepositoryPolicyText")
    yield "DeletionPolicy", resource.deletion_policy
    yield "UpdateReplacePolicy", resource.update_replace_policy


def _boolean(written: object) -> object:
    value = boolean(written)
    return written if value is None else value


def _filters(written: object) -> object:
    return [each.get("ImageTagMutabilityExclusionFilterValue") for each in mappings(written)] or None


def _expected(checked: _Checked) -> Iterator[tuple[str, object]]:
    """Yield the properties of the settings, as the template has them."""
    settings, lifecycle = checked.repository.settings, checked.repository.lifecycle
    yield "ImageTagMutability", settings.immutability.mode
    yield "ImageTagMutabilityExclusionFilters", list(settings.immutability.filters) or None
    yield "ScanOnPush", settings.scan_on_push
    yield "LifecyclePolicyText", lifecycle.to_json() if lifecycle.rules else None
    yield "EncryptionType", checked.encryption.kind if checked.encryption else None
    yield "EmptyOnDelete", settings.empty_on_delete
    yield from zip(_RETENTION, _DELETION[settings.removal_policy.name], strict=True)


_RETENTION = ("DeletionPolicy", "UpdateReplacePolicy")
_DELETION = {
    "DESTROY": ("Delete", "Delete"),
    "RETAIN": ("Retain", "Retain"),
    "RETAIN_ON_UPDATE_OR_DELETE": ("RetainExceptOnCreate", "Retain"),
}
