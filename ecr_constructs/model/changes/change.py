"""A change that a deployment would make, and its kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ecr_constructs.model.changes.state import Resource
from ecr_constructs.model.lifecycle.evaluation import Decision

__all__ = ["CHANGE_TYPES", "MOST_SEVERE_FIRST", "Change", "ChangeType", "Severity"]

Severity = Literal["error", "warning", "info"]
MOST_SEVERE_FIRST: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeType:
    """
    One kind of change.

    Attributes:
        id: The ID, such as `replacement`. It is public contract.
        severity: The highest severity. An `error` deletes data, stops a function of the registry or makes the
            deployment fail. A `warning` weakens a setting, or leaves a resource without an owner. An `info` is a
            consequence that can be intended.
        summary: The fact in general, as one sentence.

    """

    id: str
    severity: Severity
    summary: str


_TYPES = (
    ChangeType(id="replacement", severity="error", summary="A create-only property changes."),
    ChangeType(id="failing-update", severity="error", summary="CloudFormation or AWS KMS rejects the update."),
    ChangeType(id="deletion", severity="error", summary="A resource is deleted."),
    ChangeType(id="renamed-resource", severity="error", summary="A resource has another logical ID or stack."),
    ChangeType(id="second-owner", severity="error", summary="Two resources of the templates are one resource in AWS."),
    ChangeType(id="already-exists", severity="error", summary="A new resource already exists in the account."),
    ChangeType(
        id="orphaned-resource", severity="warning", summary="No template contains a retained resource any longer."
    ),
    ChangeType(id="removed-stack", severity="warning", summary="A stack with ECR resources is not in the new state."),
    ChangeType(id="lost-retention", severity="warning", summary="A resource is no longer retained."),
    ChangeType(id="conditional-resource", severity="warning", summary="A resource has a new condition."),
    ChangeType(id="weaker-immutability", severity="warning", summary="Tags that are immutable become mutable."),
    ChangeType(id="stricter-immutability", severity="info", summary="Tags that are mutable become immutable."),
    ChangeType(id="weaker-scanning", severity="warning", summary="Images are scanned less often or not at all."),
    ChangeType(id="weaker-encryption", severity="warning", summary="New images have weaker encryption."),
    ChangeType(id="removed-purpose", severity="warning", summary="A creation template applies to fewer purposes."),
    ChangeType(id="more-deletions", severity="warning", summary="A lifecycle policy deletes or archives more images."),
    ChangeType(id="public-access", severity="error", summary="A policy allows every principal."),
    ChangeType(id="wider-access", severity="warning", summary="A policy allows more principals or actions."),
    ChangeType(id="removed-denial", severity="warning", summary="A policy denies less."),
    ChangeType(id="removed-access", severity="info", summary="A policy allows less."),
    ChangeType(id="removed-policy", severity="warning", summary="A resource policy is not in the new template."),
    ChangeType(id="undeclared-policy", severity="warning", summary="The template lacks the policy of a repository."),
    ChangeType(id="less-replication", severity="warning", summary="Fewer images are replicated."),
    ChangeType(id="less-signing", severity="warning", summary="Fewer images are signed."),
    ChangeType(id="deletion-with-images", severity="warning", summary="A repository is deleted with its images."),
    ChangeType(id="disabled-key", severity="error", summary="A key is disabled."),
    ChangeType(id="weaker-key", severity="warning", summary="A key is no longer rotated."),
    ChangeType(id="unknown-change", severity="info", summary="A change can only be compared at deployment."),
    ChangeType(id="template-drift", severity="warning", summary="A repository differs from its creation template."),
    ChangeType(id="unread-state", severity="warning", summary="A stack or a setting of the account was not read."),
)
CHANGE_TYPES: Mapping[str, ChangeType] = {each.id: each for each in _TYPES}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """
    A change that a deployment would make.

    Attributes:
        id: The ID of its kind, which the page 'Check a change' of the documentation lists.
        severity: `error`, `warning` or `info`.
        stack: The name of the stack.
        logical_id: The logical ID, or None if the change is about a stack or an account.
        resource_type: The type, or None if the change is about a stack.
        name: The name of the resource in AWS. Default: not known.
        sentence: The fact and its consequence.
        remedy: The safe way.
        images: The images that the new lifecycle policy deletes or archives and the previous one does not. Default:
            none, or no listing was given.
        path: The file of the template. Default: none.

    """

    id: str
    severity: Severity
    stack: str
    logical_id: str | None = None
    resource_type: str | None = None
    name: str | None = None
    sentence: str
    remedy: str
    images: Sequence[Decision] = ()
    path: str | None = None

    @classmethod
    def of(
        cls,
        id: str,
        resource: Resource,
        sentence: str,
        remedy: str,
        *,
        severity: Severity | None = None,
        images: Sequence[Decision] = (),
    ) -> Change:
        """
        Return a change of a resource.

        Args:
            id: The ID of its kind.
            resource: The resource.
            sentence: The fact and its consequence.
            remedy: The safe way.
            severity: The severity. Default: that of the kind.
            images: The images of a lifecycle policy. Default: none.

        """
        return cls(
            id=id,
            severity=severity or CHANGE_TYPES[id].severity,
            stack=resource.stack,
            logical_id=resource.logical_id,
            resource_type=resource.resource_type,
            name=resource.name,
            sentence=sentence,
            remedy=remedy,
            images=tuple(images),
            path=resource.path,
        )
