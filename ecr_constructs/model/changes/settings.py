"""Changes of settings that make a repository, a creation template, a key or the registry weaker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ecr_constructs.errors import InvalidName
from ecr_constructs.model import wildcards
from ecr_constructs.model.changes.access import policy_changes
from ecr_constructs.model.changes.change import Change, Severity
from ecr_constructs.model.changes.lifecycle_difference import (
    lifecycle_policy_of,
    newly_affected_images,
    reasons_for_more,
)
from ecr_constructs.model.changes.state import (
    CREATION_TEMPLATE,
    KEY,
    PUBLIC_REPOSITORY,
    REPOSITORY,
    Resource,
    State,
    canonical,
    object_of,
)
from ecr_constructs.model.images import Image
from ecr_constructs.model.immutability import Immutability, TagMutability, is_at_least
from ecr_constructs.model.template_syntax import boolean, has_functions, mappings

__all__ = ["Listing", "immutability_of_resource", "lifecycle_text", "setting_changes"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """
    The images of repositories at an instant.

    Attributes:
        images: The images by the name of the repository.
        at: The instant, with a time zone.

    """

    images: Mapping[str, Sequence[Image]]
    at: datetime


def setting_changes(old: State, new: State, listing: Listing | None = None) -> Iterator[Change]:
    """
    Yield the weakened settings of resources that are in both states.

    Args:
        old: The deployed templates.
        new: The templates of the update.
        listing: The images, for the differences of lifecycle policies. Default: not known.

    """
    for key, after in new.resources.items():
        before = old.resources.get(key)
        if before is not None and before.resource_type == after.resource_type and after.is_judged:
            for check in _CHECKS.get(after.resource_type, ()):
                yield from check(before, after)
            if after.resource_type in (REPOSITORY, CREATION_TEMPLATE):
                yield from _lifecycle(before, after, listing)


# --- tags -------------------------------------------------------------------------------------------------------------


def immutability_of_resource(resource: Resource) -> Immutability | None:
    """
    Return the immutability of a repository or a creation template. None if CloudFormation computes it.

    Args:
        resource: The resource.

    """
    mode = resource.properties.get("ImageTagMutability", "MUTABLE")
    filters = resource.properties.get("ImageTagMutabilityExclusionFilters") or ()
    if has_functions([mode, filters]):
        return None
    texts = [each.get("ImageTagMutabilityExclusionFilterValue", "") for each in mappings(filters)]
    try:
        return Immutability(mode=mode, filters=texts)
    except InvalidName:
        return None


_REVERSED: Mapping[str, TagMutability] = {"IMMUTABLE_WITH_EXCLUSION": "MUTABLE", "MUTABLE_WITH_EXCLUSION": "IMMUTABLE"}


def _tags(before: Resource, after: Resource) -> Iterator[Change]:
    was, now = _effective_immutability(before), _effective_immutability(after)
    if was is None or now is None:
        if any(
            canonical(before.properties.get(name)) != canonical(after.properties.get(name))
            for name in ("ImageTagMutability", "ImageTagMutabilityExclusionFilters")
        ):
            yield _unknown(before, after, "ImageTagMutability", "ImageTagMutabilityExclusionFilters")
        return
    if not is_at_least(now, was):
        effect = "a push can reassign a tag to another image"
        if "ImageTagMutability" not in after.properties:
            effect = "CloudFormation leaves the setting of an existing repository, and a new one has mutable tags"
        sentence = f"tags change from {was} to {now}; {effect}"
        yield Change.of("weaker-immutability", after, sentence, "keep immutability=Immutability.all_tags()")
    if not is_at_least(was, now):
        sentence = f"tags change from {was} to {now}; a second push of an immutable tag fails"
        remedy = "exclude tags that are pushed again with Immutability.all_tags_except(...)"
        yield Change.of("stricter-immutability", after, sentence, remedy)


def _effective_immutability(resource: Resource) -> Immutability | None:
    """Return the immutability of a resource. A filter that matches every tag, which `Immutability` rejects, counts."""
    mode = resource.properties.get("ImageTagMutability")
    filters = mappings(resource.properties.get("ImageTagMutabilityExclusionFilters"))
    texts = [each.get("ImageTagMutabilityExclusionFilterValue") for each in filters]
    if (
        isinstance(mode, str)
        and mode in _REVERSED
        and any(isinstance(text, str) and set(text) == {"*"} for text in texts)
    ):
        return Immutability(mode=_REVERSED[mode])
    return immutability_of_resource(resource)


# --- scanning, encryption, deletion -----------------------------------------------------------------------------------


def _scan_on_push(before: Resource, after: Resource) -> Iterator[Change]:
    was, now = (
        object_of(each.properties.get("ImageScanningConfiguration")).get("ScanOnPush") for each in (before, after)
    )
    if has_functions([now]) and canonical(was) != canonical(now):
        yield _unknown(before, after, "ScanOnPush", "ImageScanningConfiguration")
    elif boolean(was) and not boolean(now):
        sentence = "ScanOnPush is no longer true; images are scanned only if the registry has a rule for the repository"
        yield Change.of("weaker-scanning", after, sentence, "keep scan_on_push=True")


_ENCRYPTION = ("AES256", "KMS", "KMS_DSSE")


def _encryption_rank(resource: Resource) -> tuple[int, bool] | None:
    configuration = object_of(resource.properties.get("EncryptionConfiguration"))
    kind = configuration.get("EncryptionType", "AES256")
    return (_ENCRYPTION.index(kind), "KmsKey" in configuration) if kind in _ENCRYPTION else None


def _encryption(before: Resource, after: Resource) -> Iterator[Change]:
    was, now = _encryption_rank(before), _encryption_rank(after)
    if was is not None and now is not None and now < was:
        names = [f"{_ENCRYPTION[rank]}{' with a key' if key else ''}" for rank, key in (was, now)]
        sentence = f"the encryption changes from {names[0]} to {names[1]}; it applies to repositories created later"
        yield Change.of("weaker-encryption", after, sentence, "keep the encryption of the deployed template")


def _empty_on_delete(before: Resource, after: Resource) -> Iterator[Change]:
    if boolean(after.properties.get("EmptyOnDelete")) and not boolean(before.properties.get("EmptyOnDelete")):
        sentence = "EmptyOnDelete becomes true; if CloudFormation deletes the repository, it deletes all images first"
        yield Change.of("deletion-with-images", after, sentence, "remove empty_on_delete=True")
    if after.deletes_images and not before.deletes_images:
        sentence = "a custom resource of the CDK deletes all images when the repository is deleted"
        remedy = "remove auto_delete_images=True, or the mixin RepositoryAutoDeleteImages"
        yield Change.of("deletion-with-images", after, sentence, remedy)


def _key(before: Resource, after: Resource) -> Iterator[Change]:
    # "Specifies whether the KMS key is enabled. Disabled KMS keys cannot be used in cryptographic operations":
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
    was, now = (boolean(each.properties.get("Enabled", True)) for each in (before, after))
    if now is False and was is not False:
        sentence = "Enabled becomes false; images that are encrypted with the key cannot be pulled"
        yield Change.of("disabled-key", after, sentence, "keep the key enabled while a repository uses it")
    if boolean(before.properties.get("EnableKeyRotation")) and not boolean(after.properties.get("EnableKeyRotation")):
        sentence = "EnableKeyRotation is no longer true; AWS KMS does not rotate the key material"
        yield Change.of("weaker-key", after, sentence, "keep enable_key_rotation=True")


def _applied_for(before: Resource, after: Resource) -> Iterator[Change]:
    was, now = (each.properties.get("AppliedFor") for each in (before, after))
    if isinstance(was, list) and isinstance(now, list) and (lost := [each for each in was if each not in now]):
        purposes = ", ".join(map(str, lost))
        sentence = f"AppliedFor no longer has {purposes}; ECR creates such repositories without these settings"
        yield Change.of("removed-purpose", after, sentence, "keep the purposes of the deployed template")


def _unknown(before: Resource, after: Resource, name: str, *others: str) -> Change:
    values = [each.properties.get(one) for each in (before, after) for one in (name, *others)]
    if not has_functions(values):
        sentence = f"{name} changes, and one of its values is not valid, so it is not compared"
        return Change.of("unknown-change", after, sentence, "correct the value")
    sentence = f"{name} changes, and CloudFormation computes it at deployment, so it is not compared"
    return Change.of("unknown-change", after, sentence, "write the value in the template, or compare deployed values")


# --- lifecycle policies -----------------------------------------------------------------------------------------------


def lifecycle_text(resource: Resource) -> object:
    """
    Return the text of the lifecycle policy of a repository or a creation template, None, or an intrinsic function.

    Args:
        resource: The resource.

    """
    value = resource.properties.get("LifecyclePolicy")
    return value.get("LifecyclePolicyText") if isinstance(value, Mapping) and not has_functions(value) else value


def _lifecycle(before: Resource, after: Resource, listing: Listing | None) -> Iterator[Change]:
    texts = lifecycle_text(before), lifecycle_text(after)
    if canonical(texts[0]) == canonical(texts[1]):
        return
    was, now = map(lifecycle_policy_of, texts)
    if was is None or now is None:
        yield _unknown(before, after, "LifecyclePolicy")
        return
    reasons = list(reasons_for_more(was, now))
    images = listing.images.get(after.name or "") if listing and after.resource_type == REPOSITORY else None
    if images is None or listing is None:
        if reasons:
            yield Change.of("more-deletions", after, "; ".join(reasons), _PREVIEW)
        return
    affected = newly_affected_images(was, now, images, listing.at)
    if affected or reasons:
        count = f"{len(affected):,} of {len(images):,} images of the listing are affected"
        sentence = "; ".join([*reasons, count])
        severity: Severity = "warning" if affected else "info"
        yield Change.of("more-deletions", after, sentence, _PREVIEW, severity=severity, images=affected)


_PREVIEW = "preview the new policy with the images of the repository: ecr-constructs preview NEW --live --current"


# --- the registry -----------------------------------------------------------------------------------------------------

_FREQUENCIES = ("MANUAL", "SCAN_ON_PUSH", "CONTINUOUS_SCAN")
_Covers = Callable[[str, str], bool]


def _filters(rule: Mapping[str, Any], default: str) -> list[str]:
    return [str(each.get("Filter", default)) for each in mappings(rule.get("RepositoryFilters"))] or [default]


def _uncovered(
    was: Sequence[tuple[object, str]], now: Sequence[tuple[object, str]], covers: _Covers
) -> Iterator[tuple[object, str]]:
    """Yield the filters of each group that no filter of the same group includes."""
    for group, text in was:
        if not any(group == other and covers(wide, text) for other, wide in now):
            yield group, text


def _scan_pattern(text: str) -> str:
    # A filter without a wildcard matches all names that contain it:
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html
    return text if "*" in text else f"*{text}*"


def _scan_rules(resource: Resource) -> list[tuple[int, str]]:
    return [
        (_FREQUENCIES.index(frequency), _scan_pattern(text))
        for rule in mappings(resource.properties.get("Rules"))
        if (frequency := rule.get("ScanFrequency")) in _FREQUENCIES
        for text in _filters(rule, "*")
    ]


def _registry_scanning(before: Resource, after: Resource) -> Iterator[Change]:
    remedy = "keep the scanning rules of the deployed template"
    types = [each.properties.get("ScanType") for each in (before, after)]
    if types == ["ENHANCED", "BASIC"]:
        sentence = "the scan type changes from ENHANCED to BASIC; Amazon Inspector no longer scans the registry"
        yield Change.of("weaker-scanning", after, sentence, "keep Scanning.enhanced()")
    now = _scan_rules(after)
    for frequency, text in _scan_rules(before):
        if frequency and not any(other >= frequency and wildcards.subsumes(wide, text) for other, wide in now):
            sentence = f"no rule scans repositories like {text} with {_FREQUENCIES[frequency]} after the change"
            yield Change.of("weaker-scanning", after, sentence, remedy)


def _replicated(resource: Resource) -> list[tuple[object, str]]:
    rules = mappings(object_of(resource.properties.get("ReplicationConfiguration")).get("Rules"))
    return [
        (canonical(destination), text)
        for rule in rules
        for destination in mappings(rule.get("Destinations"))
        for text in _filters(rule, "")
    ]


def _replication(before: Resource, after: Resource) -> Iterator[Change]:
    lost = _uncovered(_replicated(before), _replicated(after), lambda wide, narrow: narrow.startswith(wide))
    for destination, text in lost:
        region = object_of(destination).get("Region", "a destination")
        names = f"repositories that begin with {text}" if text else "all repositories"
        sentence = f"images of {names} are no longer replicated to {region}; existing replicas are not deleted"
        yield Change.of("less-replication", after, sentence, "keep the destination and the filters")


def _signed(resource: Resource) -> list[tuple[object, str]]:
    return [
        (canonical(rule.get("SigningProfileArn")), text)
        for rule in mappings(resource.properties.get("Rules"))
        for text in _filters(rule, "*")
    ]


def _signing(before: Resource, after: Resource) -> Iterator[Change]:
    for _, text in _uncovered(_signed(before), _signed(after), wildcards.subsumes):
        sentence = f"images of repositories like {text} are no longer signed with their profile"
        yield Change.of("less-signing", after, sentence, "keep the signing rule")


# --- policies ---------------------------------------------------------------------------------------------------------

# A reproduction of the deletion: https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2493
_REMOVAL = "CloudFormation deletes the policy, so other accounts and functions cannot pull"


def _repository_policy(before: Resource, after: Resource) -> Iterator[Change]:
    return policy_changes(before, after, "RepositoryPolicyText", removal=_REMOVAL)


def _template_policy(before: Resource, after: Resource) -> Iterator[Change]:
    removal = "ECR creates repositories without a policy"
    return policy_changes(before, after, "RepositoryPolicy", removal=removal)


def _registry_policy(before: Resource, after: Resource) -> Iterator[Change]:
    return policy_changes(before, after, "PolicyText")


def _key_policy(before: Resource, after: Resource) -> Iterator[Change]:
    removal = "AWS KMS uses its default key policy"
    return policy_changes(before, after, "KeyPolicy", in_key_policy=True, removal=removal)


_CHECKS: Mapping[str, Sequence[Callable[[Resource, Resource], Iterator[Change]]]] = {
    REPOSITORY: (_tags, _scan_on_push, _empty_on_delete, _repository_policy),
    PUBLIC_REPOSITORY: (_repository_policy,),
    CREATION_TEMPLATE: (_tags, _encryption, _applied_for, _template_policy),
    KEY: (_key, _key_policy),
    "AWS::ECR::RegistryPolicy": (_registry_policy,),
    "AWS::ECR::RegistryScanningConfiguration": (_registry_scanning,),
    "AWS::ECR::ReplicationConfiguration": (_replication,),
    "AWS::ECR::SigningConfiguration": (_signing,),
}
