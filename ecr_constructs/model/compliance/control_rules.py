"""The rules for controls of Security Hub, Control Tower, cdk-nag and checkov."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from ecr_constructs.errors import InvalidName
from ecr_constructs.model.compliance.resources import (
    POLICY_PROPERTIES,
    AppResources,
    NotDecidable,
    TemplateResource,
    is_intrinsic,
    statements_of_resource,
)
from ecr_constructs.model.compliance.rule import Breach, compliance_rule
from ecr_constructs.model.filters import ScanFilter
from ecr_constructs.model.template_syntax import NO_VALUE, boolean, mapping
from ecr_constructs.model.validation import abbreviate

__all__ = [
    "customer_managed_key",
    "declared_key",
    "encrypted_with_kms",
    "images_scanned",
    "lifecycle_policy_present",
    "no_wildcard_principal",
    "scan_on_push",
    "tags_immutable",
]

SCANNING_CONFIGURATION = "AWS::ECR::RegistryScanningConfiguration"
_SCAN_ON_PUSH = ("ImageScanningConfiguration", "ScanOnPush")


# "The control fails if the private ECR repository isn't configured for scan on push or continuous scanning."
# https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html#ecr-1
@compliance_rule(
    "images-scanned",
    controls=["ECR.1"],
    requirement="Images are scanned on push or continuously.",
    remedy="Add the repository to `PrivateRegistry(scanning=...)`.",
)
def images_scanned(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:
    """Yield a breach if neither the registry nor the repository scans images."""
    configurations = app.beside(resource, SCANNING_CONFIGURATION)
    matched = [_is_scanned(resource, each) for each in configurations]
    if any(matched):
        return
    # With enhanced scanning, a repository that no filter matches is not scanned.
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html
    if any(each.value("ScanType") == "ENHANCED" for each in configurations):
        yield Breach("no filter of the registry's enhanced scanning matches the repository, so it is not scanned")
    elif not boolean(resource.value(*_SCAN_ON_PUSH)):
        if matched:
            reason = "no filter of the registry's scanning configuration matches the repository"
        else:
            reason = "the app has no scanning configuration for the registry"
        yield Breach(f"ScanOnPush is not true, and {reason}", "Properties/ImageScanningConfiguration")


def _is_scanned(repository: TemplateResource, configuration: TemplateResource) -> bool:
    """Return whether a scanning configuration has a filter that matches a repository."""
    rules = configuration.value("Rules")
    if not rules and configuration.value("ScanType") == "ENHANCED":
        raise NotDecidable("AWS does not document the effect of enhanced scanning without Rules")
    # The frequency MANUAL starts no scan.
    filters = [
        text for rule in rules or () if mapping(rule).get("ScanFrequency") != "MANUAL" for text in _filters(rule)
    ]
    if "*" in filters:
        return True
    name = repository.name
    if filters and name is None:
        raise NotDecidable("RepositoryName is known only at deployment")
    return any(_matches(text, str(name)) for text in filters)


def _filters(rule: object) -> Iterator[str]:
    written = rule.get("RepositoryFilters") if isinstance(rule, Mapping) else None
    if is_intrinsic(rule) or is_intrinsic(written):
        raise NotDecidable("Rules of the scanning configuration are known only at deployment")
    for each in written if isinstance(written, list) else ():
        text = each.get("Filter") if isinstance(each, Mapping) else None
        if not isinstance(text, str):
            raise NotDecidable("a filter of the scanning configuration is known only at deployment")
        yield text


def _matches(text: str, name: str) -> bool:
    try:
        return ScanFilter(text).matches(name)
    except InvalidName:
        return False


# The rule requires that `ScanOnPush` in `ImageScanningConfiguration` is true. It reads the template, not the registry.
# https://docs.aws.amazon.com/controltower/latest/controlreference/ecr-rules.html
@compliance_rule(
    "scan-on-push",
    controls=["CT.ECR.PR.2", "CKV_AWS_163"],
    requirement="The template sets `ScanOnPush` of the repository.",
    remedy="Set `scan_on_push=True`. The registry can scan the images without it.",
)
def scan_on_push(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield a breach if `ScanOnPush` is not true."""
    value = resource.value(*_SCAN_ON_PUSH)
    if not boolean(value):
        yield Breach(f"ScanOnPush is {_shown_or_not_set(value)}", "Properties/ImageScanningConfiguration")


# ECR.2 passes for the value IMMUTABLE. Its text does not mention IMMUTABLE_WITH_EXCLUSION, which CT.ECR.PR.3 rejects.
# https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html#ecr-2
# https://docs.aws.amazon.com/controltower/latest/controlreference/ecr-rules.html
@compliance_rule(
    "tags-immutable",
    controls=["ECR.2", "CT.ECR.PR.3", "CKV_AWS_51"],
    requirement="`ImageTagMutability` is `IMMUTABLE`.",
    remedy="Use `Immutability.all_tags()`.",
)
def tags_immutable(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield a breach if any tag can be reassigned."""
    value = resource.value("ImageTagMutability")
    if value != "IMMUTABLE":
        yield Breach(f"ImageTagMutability is {_shown_or_not_set(value)}", "Properties/ImageTagMutability")


# The control fails for a repository without a lifecycle policy.
# https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html#ecr-3
@compliance_rule(
    "lifecycle-policy-present",
    controls=["ECR.3", "CT.ECR.PR.1"],
    requirement="The repository has a lifecycle policy.",
    remedy="Use `lifecycle=LifecyclePolicy.of(...)`.",
)
def lifecycle_policy_present(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield a breach if there is no lifecycle policy text."""
    if not resource.properties.get("LifecyclePolicy") or not _has_text(resource):
        yield Breach("there is no LifecyclePolicyText", "Properties/LifecyclePolicy")


def _has_text(resource: TemplateResource) -> bool:
    text = resource.value("LifecyclePolicy", "LifecyclePolicyText")
    return isinstance(text, str) and bool(text.strip())


# The control fails for a repository that is not encrypted with a customer managed key.
# https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html#ecr-5
@compliance_rule(
    "customer-managed-key",
    controls=["ECR.5"],
    level="info",
    requirement="Images are encrypted with a customer managed key.",
    remedy="Use `Encryption.shared_key()` for a new repository. Another key replaces an existing repository.",
)
def customer_managed_key(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:
    """Yield a breach for AES-256 and for the AWS managed key."""
    kind = resource.value("EncryptionConfiguration", "EncryptionType")
    key = mapping(resource.value("EncryptionConfiguration")).get("KmsKey")
    if kind not in {"KMS", "KMS_DSSE"}:
        yield Breach(f"EncryptionType is {_shown_or_not_set(kind)}", "Properties/EncryptionConfiguration")
    elif key in (None, "", NO_VALUE) or (isinstance(key, str) and key.endswith("alias/aws/ecr")):
        yield Breach("the key is the AWS managed key aws/ecr", "Properties/EncryptionConfiguration")
    elif not isinstance(key, str) and declared_key(key, resource, app) is None:
        raise NotDecidable("EncryptionConfiguration.KmsKey is known only at deployment")


def declared_key(key: object, resource: TemplateResource, app: AppResources) -> TemplateResource | None:
    """
    Return the key of the same template that a value refers to, or `None`.

    Args:
        key: The value of `KmsKey`.
        resource: The resource that is encrypted.
        app: The resources of the app.

    """
    argument = next(iter(mapping(key).values()), None)
    logical_id = argument[0] if isinstance(argument, list) and argument else argument
    return next(
        (
            each
            for each in app.all
            if (each.logical_id, each.stack, each.type) == (logical_id, resource.stack, "AWS::KMS::Key")
        ),
        None,
    )


@compliance_rule(
    "encrypted-with-kms",
    controls=["CKV_AWS_136"],
    level="off",
    requirement="The encryption type is `KMS`.",
    remedy="Use `Encryption.shared_key()` for a new repository. Another encryption replaces an existing repository.",
)
def encrypted_with_kms(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield a breach for each encryption type other than `KMS`."""
    kind = resource.value("EncryptionConfiguration", "EncryptionType")
    if kind != "KMS":
        yield Breach(f"EncryptionType is {_shown_or_not_set(kind)}", "Properties/EncryptionConfiguration")


# The rule of cdk-nag does not evaluate conditions.
@compliance_rule(
    "no-wildcard-principal",
    controls=["AwsSolutions-ECR1"],
    level="off",
    # cdk-nag does not evaluate creation templates.
    types=["AWS::ECR::Repository", "AWS::ECR::RegistryPolicy"],
    requirement="No statement allows a principal with a wildcard, with or without a condition.",
    remedy="Name the accounts, or acknowledge the finding for a condition on `aws:PrincipalOrgID`.",
)
def no_wildcard_principal(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield a breach for each statement that allows a principal with `*`."""
    for place, statement in statements_of_resource(resource):
        if statement.get("Effect") == "Allow" and "*" in json.dumps(statement.get("Principal")):
            yield Breach(f"{place} allows a principal with '*'", f"Properties/{POLICY_PROPERTIES[resource.type]}")


def _shown_or_not_set(value: object) -> str:
    return "not set" if value is None else abbreviate(value)
