"""
Changes of the identity of resources: replaced, deleted, renamed and orphaned resources, and those with two owners.

CloudFormation finds a resource by its stack and logical ID. AWS finds it by its name, or by the registry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from ecr_constructs.model.changes.change import Change, Severity
from ecr_constructs.model.changes.create_only import ECR_TYPES, REFERENCED_TYPES
from ecr_constructs.model.changes.state import (
    CREATION_TEMPLATE,
    KEY,
    PUBLIC_REPOSITORY,
    REPOSITORY,
    SECRET,
    Resource,
    State,
    canonical,
)
from ecr_constructs.model.template_syntax import has_functions, references_of

__all__ = [
    "IMMUTABLE_KEY_PROPERTIES",
    "changed_create_only",
    "effect_of_creation",
    "fails_if_it_exists",
    "identity_changes",
]

# "If you change the value of the KeySpec, KeyUsage, Origin, or MultiRegion properties of an existing KMS key, the
# update request fails, regardless of the value of the UpdateReplacePolicy attribute", with the value of a key whose
# template does not have the property:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
IMMUTABLE_KEY_PROPERTIES: Mapping[str, str] = {
    "KeySpec": "SYMMETRIC_DEFAULT",
    "KeyUsage": "ENCRYPT_DECRYPT",
    "MultiRegion": "false",
    "Origin": "AWS_KMS",
}

_KEEP = "keep the logical ID (the construct ID and its scope, or override_logical_id)"
_REFACTOR = "move it with a CloudFormation stack refactoring ('cdk refactor')"


class _Deletion(NamedTuple):
    """The consequence of a deletion, and its severity."""

    severity: Severity
    consequence: str


# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ECR.html
_DELETIONS: Mapping[str, _Deletion] = {
    REPOSITORY: _Deletion("error", "its images are lost, or the deletion fails because it has images"),
    PUBLIC_REPOSITORY: _Deletion("error", "its images are lost, or the deletion fails because it has images"),
    CREATION_TEMPLATE: _Deletion("warning", "ECR creates repositories under its prefix without these settings"),
    "AWS::ECR::PullThroughCacheRule": _Deletion(
        "warning", "images that are not cached yet cannot be pulled through it"
    ),
    "AWS::ECR::PullTimeUpdateExclusion": _Deletion("warning", "pulls by the principal count for lifecycle policies"),
    "AWS::ECR::RegistryPolicy": _Deletion("error", "replication from other accounts and all other access of it end"),
    "AWS::ECR::RegistryScanningConfiguration": _Deletion(
        "error", "CloudFormation disables Amazon Inspector for ECR in the account"
    ),
    "AWS::ECR::ReplicationConfiguration": _Deletion("error", "images that are pushed later are not replicated"),
    "AWS::ECR::SigningConfiguration": _Deletion("error", "images that are pushed later are not signed"),
    KEY: _Deletion("error", "after its waiting period, images that are encrypted with it cannot be pulled"),
    SECRET: _Deletion("warning", "the pull through cache cannot authenticate with its upstream registry"),
}
# "A create handler MUST return FAILED with an AlreadyExists error code if the resource already existed":
# https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract.html
# The tests of the contract do not check it for types with a read-only primary identifier, which are the settings of the
# registry. The source of the registry policy and of the replication configuration does it:
# https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-ecr
# AWS publishes no source of the following types.
_UNDOCUMENTED = ("AWS::ECR::RegistryScanningConfiguration", "AWS::ECR::SigningConfiguration")
_HAS_IMAGES = (REPOSITORY, PUBLIC_REPOSITORY)


def identity_changes(old: State, new: State) -> Iterator[Change]:
    """
    Yield the replaced, deleted, renamed and orphaned resources, and those with two owners.

    Args:
        old: The deployed templates.
        new: The templates of the update.

    """
    twins = _twins(old, new)
    replaced = _replaced(old, new)
    for key, before in old.resources.items():
        after = new.resources.get(key)
        if not before.is_judged and not (after and after.is_judged):
            continue
        if after is None:
            yield from _missing(before, twins.get(key), new)
        elif after.resource_type != before.resource_type:
            yield _retyped(before, after.resource_type)
        else:
            yield from _updated(before, after, replaced)
    yield from _second_owners(old, new, {each.key for each in twins.values()})
    yield from _removed_stacks(old, new, twins.keys())
    yield from _changed_loops(old, new)


def changed_create_only(
    before: Resource, after: Resource, replaced: AbstractSet[tuple[str, str]] = frozenset()
) -> list[str]:
    """
    Return the create-only properties of a resource that change.

    Args:
        before: The deployed resource.
        after: The resource of the update.
        replaced: The resources that are replaced or new. A property with a reference to one of them changes too.
            Default: none.

    """
    return [
        name
        for name in (ECR_TYPES.get(before.resource_type) or REFERENCED_TYPES.get(before.resource_type, ()))
        if canonical(before.properties.get(name)) != canonical(after.properties.get(name))
        or any((after.stack, each) in replaced for each in references_of(after.properties.get(name)))
    ]


def fails_if_it_exists(resource: Resource) -> bool:
    """
    Return whether AWS documents that the creation of a resource fails if the resource already exists.

    Args:
        resource: The resource.

    """
    return resource.resource_type not in _UNDOCUMENTED


def effect_of_creation(resource: Resource) -> str:
    """
    Return the effect of the creation of an existing resource, as a clause.

    Args:
        resource: The resource.

    """
    if fails_if_it_exists(resource):
        return "the deployment fails with AlreadyExists"
    return "AWS does not document whether the deployment fails or overwrites the existing configuration"


def _replaced(old: State, new: State) -> set[tuple[str, str]]:
    """Return the replaced resources. A replaced resource can replace those that refer to it."""
    found: set[tuple[str, str]] = set()
    is_complete = False
    while not is_complete:
        more = {
            key
            for key, after in new.resources.items()
            if key not in found
            and (before := old.resources.get(key)) is not None
            and before.resource_type == after.resource_type
            and changed_create_only(before, after, found)
        }
        found |= more
        is_complete = not more
    return found


# --- resources in both states -----------------------------------------------------------------------------------------


def _updated(before: Resource, after: Resource, replaced: AbstractSet[tuple[str, str]]) -> Iterator[Change]:
    if after.resource_type == KEY:
        yield from _key_updates(before, after)
    if changed := changed_create_only(before, after, replaced):
        yield _replacement(before, after, changed)
    yield from _lost_retention(before, after)
    if after.condition is not None and after.condition_text != before.condition_text:
        known = before.condition is not None
        fact = (
            f"the definition of its condition {after.condition} changes"
            if known
            else f"it has the condition {after.condition}"
        )
        sentence = f"{fact}; without the condition, {_removal(after)}"
        yield Change.of("conditional-resource", after, sentence, "remove Condition, or retain the resource")


def _key_updates(before: Resource, after: Resource) -> Iterator[Change]:
    for name, default in IMMUTABLE_KEY_PROPERTIES.items():
        values = [canonical(each.properties.get(name, default)) for each in (before, after)]
        if values[0] != values[1]:
            sentence = f"{name} of the key changes from {values[0]} to {values[1]}; AWS KMS rejects the update"
            yield Change.of("failing-update", after, sentence, f"keep {name}, or add another key for new repositories")


def _replacement(before: Resource, after: Resource, changed: list[str]) -> Change:
    properties = " and ".join([", ".join(changed[:-1]), changed[-1]] if len(changed) > 1 else changed)
    verb = "changes" if len(changed) == 1 else "change"
    fact = f"{properties} {verb}, which CloudFormation cannot update in place"
    if before.name is not None and before.name == after.name:
        # "CloudFormation cannot update a stack when a custom-named resource requires replacing":
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
        sentence = f"{fact}; the deployment fails, because CloudFormation cannot replace a resource with a fixed name"
        return Change.of("replacement", after, sentence, _way_without_replacement(after))
    is_possible = all(
        has_functions([before.properties.get(name), after.properties.get(name)])
        and not _has_other_references(before.properties.get(name), after.properties.get(name))
        for name in changed
    )
    unless = ", unless the computed values are equal" if is_possible else ""
    sentence = f"{fact}; CloudFormation creates a new resource{unless}, and {_consequence(before)}"
    severity: Severity = "error" if before.resource_type in _HAS_IMAGES else "warning"
    return Change.of("replacement", after, sentence, _way_without_replacement(after), severity=severity)


def _has_other_references(before: object, after: object) -> bool:
    """Return whether both values are references, and to different resources."""
    return set(references_of(before)) != set(references_of(after)) and all(map(has_functions, (before, after)))


def _consequence(before: Resource) -> str:
    if before.resource_type in _HAS_IMAGES:
        if before.is_retained_on_replacement:
            return "the previous repository keeps its images, but no template contains it; the new one is empty"
        return "deletes the previous repository; its images are not in the new one"
    if before.is_retained_on_replacement:
        return "the previous one remains without a template"
    return f"deletes the previous one: {_DELETIONS[before.resource_type].consequence}"


def _way_without_replacement(after: Resource) -> str:
    if after.resource_type in _HAS_IMAGES:
        return (
            "keep the values of the deployed template; for another name or encryption, add a second repository and "
            "copy the images"
        )
    if after.resource_type == "AWS::ECR::PullThroughCacheRule":
        return "keep the values, or add a rule with another prefix; to renew a token, change the value of the secret"
    return "keep the values of the deployed template, or add another resource first"


def _lost_retention(before: Resource, after: Resource) -> Iterator[Change]:
    remedy = f"keep removal_policy=RETAIN; {_way_to_keep(after)}"
    pairs = [
        (before.deletion_policy, after.deletion_policy),
        (before.update_replace_policy, after.update_replace_policy),
    ]
    if any(old != new and new.startswith("{") for old, new in pairs):
        sentence = "its deletion policy changes, and CloudFormation computes it at deployment, so it is not compared"
        yield Change.of("unknown-change", after, sentence, "write the deletion policy in the template")
        return
    if before.is_retained and not after.is_retained:
        sentence = (
            f"DeletionPolicy changes from {before.deletion_policy} to {after.deletion_policy}; when the resource is "
            f"removed from the template, {_DELETIONS[after.resource_type].consequence}"
        )
        yield Change.of("lost-retention", after, sentence, remedy)
    if before.is_retained_on_replacement and not after.is_retained_on_replacement:
        sentence = (
            f"UpdateReplacePolicy changes from {before.update_replace_policy} to {after.update_replace_policy}; "
            "CloudFormation deletes the previous resource when it replaces it"
        )
        yield Change.of("lost-retention", after, sentence, remedy)


def _way_to_keep(after: Resource) -> str:
    return "exclude the resource from the aspect that changes it" if after.is_judged else "keep the attribute"


def _retyped(before: Resource, other: str) -> Change:
    # The message of CloudFormation is "Update of resource type is not permitted".
    sentence = (
        f"the type changes from {before.resource_type} to {other}; CloudFormation rejects another type for a logical ID"
    )
    return Change.of("failing-update", before, sentence, "give the new resource another construct ID")


# --- resources that are missing in the new state ----------------------------------------------------------------------


def _twins(old: State, new: State) -> dict[tuple[str, str], Resource]:
    """Return, for each missing resource, the new one with the same identity in AWS, or with the same properties."""
    added = [each for key, each in new.resources.items() if key not in old.resources]
    missing = [each for key, each in old.resources.items() if key not in new.resources and each.is_judged]
    found: dict[tuple[str, str], Resource] = {}
    for is_twin in (Resource.is_same_in_aws, _has_equal_properties, _has_equal_create_only):
        for before in missing:
            twin = next((each for each in added if is_twin(before, each)), None)
            if before.key not in found and twin is not None:
                found[before.key] = twin
                added.remove(twin)
    return found


def _has_equal_properties(before: Resource, after: Resource) -> bool:
    return _is_unnamed_pair(before, after) and canonical(before.properties) == canonical(after.properties)


def _has_equal_create_only(before: Resource, after: Resource) -> bool:
    return _is_unnamed_pair(before, after) and not changed_create_only(before, after)


def _is_unnamed_pair(before: Resource, after: Resource) -> bool:
    is_same_kind = (before.stack, before.resource_type) == (after.stack, after.resource_type)
    return is_same_kind and before.name is None and after.name is None


def _missing(before: Resource, twin: Resource | None, new: State) -> Iterator[Change]:
    other = new.other_types.get(before.key)
    if other is not None and twin is None:
        yield _retyped(before, other)
    else:
        yield from _removed(before, twin, is_removed_with_stack=not new.has_stack(before.stack))


def _removed(before: Resource, twin: Resource | None, *, is_removed_with_stack: bool) -> Iterator[Change]:
    if twin is not None:
        yield _renamed(before, twin)
    elif is_removed_with_stack:
        return
    elif before.is_retained:
        sentence = "the stack no longer has it; it remains in the account, and no stack manages it"
        remedy = f"{_KEEP}, or import it into its new stack with 'cdk import'"
        yield Change.of("orphaned-resource", before, sentence, remedy)
    else:
        consequence = _DELETIONS[before.resource_type]
        sentence = f"CloudFormation deletes it: {consequence.consequence}"
        remedy = "deploy removal_policy=RETAIN first, and remove it from the template in a later deployment"
        yield Change.of("deletion", before, sentence, remedy, severity=consequence.severity)


def _removal(resource: Resource) -> str:
    if resource.is_retained:
        return "it remains in the account, and no stack manages it"
    return f"CloudFormation deletes it: {_DELETIONS[resource.resource_type].consequence}"


def _renamed(before: Resource, after: Resource) -> Change:
    is_moved = before.stack != after.stack
    fact = (
        f"it is in stack {after.stack} as {after.logical_id} now"
        if is_moved
        else f"its logical ID changes to {after.logical_id}"
    )
    remedy = f"{_KEEP}, or {_REFACTOR}" if not is_moved else f"keep it in its stack, or {_REFACTOR}"
    return Change.of("renamed-resource", before, f"{fact}; {_effect_of_renaming(before)}", remedy)


def _effect_of_renaming(before: Resource) -> str:
    if before.name is None and not before.is_singleton:
        kept = "remains without a template" if before.is_retained else "is deleted"
        return f"CloudFormation creates a new one without the content of the previous one, which {kept}"
    if not fails_if_it_exists(before):
        deleted = f"; if it does not fail, {_removal(before)} afterwards" if not before.is_retained else ""
        return f"CloudFormation creates before it deletes, and {effect_of_creation(before)}{deleted}"
    return f"{effect_of_creation(before)}, because CloudFormation creates before it deletes"


# --- owners and stacks ------------------------------------------------------------------------------------------------


def _second_owners(old: State, new: State, twins: AbstractSet[tuple[str, str]]) -> Iterator[Change]:
    remaining = [each for each in new.resources.values() if each.is_judged]
    for after in remaining:
        if after.key in old.resources or after.key in twins:
            continue
        owner = next((each for each in remaining if each is not after and _is_surely_same(after, each)), None)
        if owner is not None and (owner.key in old.resources or owner.key < after.key):
            effect = effect_of_creation(after)
            sentence = f"{owner.stack}/{owner.logical_id} is the same resource in AWS; {effect}"
            yield Change.of("second-owner", after, sentence, f"remove one of them, or move it: {_REFACTOR}")


def _is_surely_same(one: Resource, other: Resource) -> bool:
    """
    Return whether two resources are one resource in AWS.

    Stacks without a fixed environment can be in different ones.
    """
    is_one_place = one.stack == other.stack or (one.environment is not None and one.environment == other.environment)
    return is_one_place and one.is_same_in_aws(other)


def _removed_stacks(old: State, new: State, moved: AbstractSet[tuple[str, str]]) -> Iterator[Change]:
    for stack in old.stacks:
        left = [
            each for each in old.resources.values() if each.stack == stack and each.is_judged and each.key not in moved
        ]
        if left and not new.has_stack(stack):
            lost = sorted({each.resource_type for each in left if not each.is_retained})
            deleted = f"deletes {', '.join(lost)}" if lost else "retains its ECR resources"
            yield Change(
                id="removed-stack",
                severity="warning",
                stack=stack,
                sentence=(
                    f"the stack with {len(left)} resources is not in the new state; a deployment does not delete a "
                    f"stack, and deleting it {deleted}"
                ),
                remedy="keep the stack, or move its resources to another stack first",
                path=left[0].path,
            )


def _changed_loops(old: State, new: State) -> Iterator[Change]:
    for stack, name in dict.fromkeys((*old.loops, *new.loops)):
        if old.loops.get((stack, name)) != new.loops.get((stack, name)):
            yield Change(
                id="unknown-change",
                severity="info",
                stack=stack,
                logical_id=name,
                sentence="the loop changes, and CloudFormation computes its values, so its resources are not compared",
                remedy=("compare the processed templates: aws cloudformation get-template --template-stage Processed"),
            )
