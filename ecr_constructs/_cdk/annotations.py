"""
Annotations of the CDK: warnings and infos that are reported when the app synthesizes.

`ANNOTATION_TYPES` documents each annotation of a construct. `make docs-tables` renders a table of the page 'Warnings'
of the documentation from it. Annotations for findings in lifecycle policies are documented with the finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from constructs import Construct, IConstruct

__all__ = [
    "ANNOTATION_TYPES",
    "AnnotationType",
    "annotations_of",
    "note_services",
    "record_annotation",
    "reported_annotations",
    "warn_of_denied_change",
]


@dataclass(frozen=True, slots=True)
class AnnotationType:
    """
    One kind of annotation.

    Attributes:
        name: The ID without the prefix `ecr-constructs:`.
        constructs: The constructs that have it.
        fact: Documentation in Markdown: the fact.
        remedy: Documentation in Markdown: the fix.
        severity: A `warning` stops `cdk synth --strict`, an `info` does not. Default: `warning`.

    """

    name: str
    constructs: str
    fact: str
    remedy: str
    severity: Literal["warning", "info"] = "warning"

    @property
    def id(self) -> str:
        """The ID with which the annotation is acknowledged."""
        return f"ecr-constructs:{self.name}"


ANNOTATION_TYPES = (
    AnnotationType(
        "repositoryNameTwice",
        "repository",
        "Another repository of the app, such as an `ecr.Repository` or one with a token as name, has the same name in "
        "the same account and Region. The second deployment fails.",
        "Use another name, or `HardenedRepository.from_repository_name`.",
    ),
    AnnotationType(
        "isNotRetained",
        "repository, shared key, registry, secret of a cache",
        "The resource is declared as retained, but an aspect or an assignment changed its DeletionPolicy or "
        "UpdateReplacePolicy; see [removal.md](removal.md#aspects-that-change-removal-policies).",
        "Use `exclude_resource_types=` of the aspect, or `settings=EPHEMERAL` for a repository that should be deleted.",
    ),
    AnnotationType(
        "dualLayerRegion",
        "repository, template",
        "Dual-layer encryption is available in AWS GovCloud (US) only.",
        "Use another `Encryption`.",
    ),
    AnnotationType(
        "replicasAreNotDeleted",
        "repository",
        "The repository is deleted with its stack, and the registry of the app replicates it. ECR does not delete its "
        "replicas.",
        "Exclude it with the filters in `Replication.to(repositories=...)`.",
    ),
    AnnotationType(
        "keyOfAnotherAccount",
        "repository, template",
        "The key is in another account. AWS does not document whether ECR accepts it.",
        "Create one repository with it first, or use `Encryption.shared_key()`.",
    ),
    AnnotationType(
        "scanFilterContains",
        "registry",
        "A scan filter without `*` matches every repository name that contains it.",
        "Use a `Namespace`, or `*` on both sides if this is intended.",
    ),
    AnnotationType(
        "replicationFilterIsAPrefix",
        "registry",
        "A replication filter matches every repository name that begins with it.",
        "Use a `Namespace`.",
    ),
    AnnotationType(
        "manyReplicationRules",
        "registry",
        "There are more than 10 rules. The AWS page of quotas allows 10 outside `ca-central-1`, other AWS pages 25.",
        "Request a higher quota, or replicate more namespaces to the same destinations.",
    ),
    AnnotationType(
        "replicationBothWays",
        "registry",
        "Two registries of the app replicate the same repositories to each other, so one tag can name two images.",
        "Push on one side only.",
    ),
    AnnotationType(
        "serviceOfAnyAccount",
        "repository, registry, template",
        "A statement of the policy allows an AWS service to act on behalf of any account.",
        "Add a condition on `aws:SourceArn` or `aws:SourceAccount`, as `Access.lambda_pull(account)` does.",
        "info",
    ),
    AnnotationType(
        "policyCannotBeChanged",
        "repository, template",
        "A statement denies `ecr:SetRepositoryPolicy` to every principal of the account, CloudFormation included.",
        "Add a condition `ArnNotLike` on `aws:PrincipalArn` with the role of the deployment, or deny other actions.",
    ),
    AnnotationType(
        "importedPolicyIsNotWritten",
        "repository of `HardenedRepository.from_repository_name` and similar methods",
        "A grant needs a statement in the policy of a repository that another app owns, so the statement is not "
        "written.",
        "Add the statement in the warning in the app that owns the repository.",
    ),
    AnnotationType(
        "lifecycleIsNotRead",
        "repository of the mixin `Hardened`",
        "The attribute `lifecycle_policy` was read in Python before the mixin was applied, so its rules are not known, "
        "and the mixin adds no lifecycle policy.",
        "Apply the mixin before the attribute is read, or set `lifecycle_policy`.",
    ),
    AnnotationType(
        "cachedTagsCannotMove",
        "cache",
        "Tags are immutable, so ECR does not refresh a cached tag.",
        "Use `settings.but(immutability=Immutability.off())`.",
    ),
    AnnotationType(
        "undocumentedCachePrefix",
        "cache",
        "The prefix is `ROOT`, or there is an upstream prefix, and the upstream is not a private ECR registry. AWS "
        "does not document these combinations.",
        "Test a pull first.",
    ),
    AnnotationType(
        "templateIsNotScanned",
        "template",
        "The registry scans no repository under the prefix.",
        "Add the prefix to `PrivateRegistry(scanning=...)`.",
    ),
    AnnotationType(
        "inheritedTagsAreNotUsed",
        "cache, template",
        "`Tags.of(scope)` adds tags to the resources in a scope. ECR does not add them to the repositories that it "
        "creates with a template.",
        "Use `settings.but(resource_tags={...})`.",
        "info",
    ),
    AnnotationType(
        "injectedPropertyIsNotUsed",
        "cache, template, shared key",
        "A property injector sets a property of a role, a secret or the key that ECR cannot use, or that would lose "
        "images or a token.",
        "Exclude the construct from the injector.",
    ),
    AnnotationType(
        "roleIsNotUpdated",
        "cache, template, repository",
        "The CDK does not change the role: it is imported with `mutable=False` or from another account, or it is the "
        "result of `without_policy_updates()`.",
        "Add the statements in the warning to the role.",
    ),
    AnnotationType(
        "roleTrustsAnotherSource",
        "cache, template",
        "The trust policy of the role requires a source in another account.",
        "Use the account of the registry in `aws:SourceAccount` and `aws:SourceArn`.",
    ),
    AnnotationType(
        "replicaHasNoSource",
        "replica",
        "The source registry is in the app, and does not replicate to this replica registry.",
        "Add `Replication.to(...)` to the source.",
    ),
    AnnotationType(
        "replicaTagsDiffer",
        "replica",
        "Tags are mutable on one side and immutable on the other. The lifecycle policy can delete the image that is "
        "needed for recovery.",
        "Use the same `immutability=`.",
    ),
    AnnotationType(
        "replicaLifecycleDiffers",
        "replica",
        "A replica has lifecycle rules that its source does not have, and can delete images that the source keeps.",
        "Use the same `settings=`.",
    ),
    AnnotationType(
        "replicaStatementsDiffer",
        "replica",
        "The `policy_statements` in the settings of the replica differ from those of the source. A denial can apply to "
        "only one of them.",
        "Use the same `policy_statements=`.",
    ),
    AnnotationType(
        "replicaAccessDiffers",
        "replica",
        "Some principals can pull from the source and not from the replica.",
        "Use the same `access=`.",
    ),
    AnnotationType(
        "replicaEncryptionDiffers",
        "replica",
        "The encryption of a replica differs from that of its source.",
        "Use the same `encryption=`.",
    ),
    AnnotationType(
        "acceptedFindingsExpired",
        "`SuppressionRules`",
        "The last day of accepted findings has passed, so they have no suppression rule.",
        "Update the images, or set a later day and give the reason.",
    ),
    AnnotationType(
        "findingsOfAnotherScanType",
        "alert",
        "`ImageFindings` has a `scan_type=` that is not the scan type of the registry of the app, so no event matches "
        "its rules.",
        "Omit `scan_type=`.",
    ),
    AnnotationType(
        "promotedImagesExpire",
        "promotion",
        "A rule of the lifecycle policy of the target deletes promoted images.",
        "Remove the rule, or acknowledge the warning if old releases can be deleted.",
    ),
    AnnotationType(
        "promotionTargetIsNotKnown",
        "promotion",
        "The target is not a `HardenedRepository`, so its immutability and its lifecycle policy are not checked.",
        "Promote to a `HardenedRepository`, or check the target and acknowledge the warning.",
    ),
)


def annotations_of(construct: Construct) -> cdk.Annotations:
    """
    Return the annotations of the resource of a construct, for annotations that are added when the app synthesizes.

    Args:
        construct: A construct with a default child.

    """
    # Older versions of the CDK ignore earlier acknowledgments on the construct of the annotation itself.
    return cdk.Annotations.of(construct.node.default_child or construct)


def record_annotation(construct: IConstruct, annotation_id: str, path: str | None = None) -> None:
    """
    Record an annotation that a check of the final templates must not repeat.

    Args:
        construct: The construct with the annotation.
        annotation_id: The ID of the annotation.
        path: The construct path. Default: it is read.

    """
    found = _recorded.setdefault(construct.node.root, set())
    found.add((annotation_id, construct.node.path if path is None else path))


def reported_annotations(root: IConstruct) -> frozenset[tuple[str, str]]:
    """
    Return the ID and the construct path of each recorded annotation of an app.

    Args:
        root: The app.

    """
    return frozenset(_recorded.get(root, ()))


_recorded: WeakKeyDictionary[IConstruct, set[tuple[str, str]]] = WeakKeyDictionary()


def note_services(construct: Construct, services: Iterable[str]) -> None:
    """
    Add an info to a construct for each AWS service that its policy allows on behalf of any account.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html

    Args:
        construct: The construct with the policy.
        services: The services, such as `lambda.amazonaws.com`.

    """
    for service in services:
        cdk.Annotations.of(construct).add_info_v2(
            "ecr-constructs:serviceOfAnyAccount",
            f"a statement of the policy allows {service} on behalf of any account; add a condition on aws:SourceArn or "
            "aws:SourceAccount, as Access.lambda_pull(account) does for Lambda",
        )
        record_annotation(construct, "ecr-constructs:serviceOfAnyAccount")


def warn_of_denied_change(construct: Construct, statement: Mapping[str, Any]) -> None:
    """
    Add a warning to a construct if a statement denies `ecr:SetRepositoryPolicy` to every principal.

    Args:
        construct: The construct with the policy.
        statement: The statement. It can have tokens.

    """
    from ecr_constructs.model.iam.policies import DENIES_CHANGE, denies_change

    if statement.get("Effect") != "Deny":
        return
    stack = cdk.Stack.of(construct)
    if denies_change(stack.resolve(statement), stack.account):
        cdk.Annotations.of(construct).add_warning_v2(
            "ecr-constructs:policyCannotBeChanged",
            f"a statement of the policy {DENIES_CHANGE}; add a condition ArnNotLike on aws:PrincipalArn with the role "
            "of the deployment, or deny other actions",
        )
        record_annotation(construct, "ecr-constructs:policyCannotBeChanged")
