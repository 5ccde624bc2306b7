"""What undoes the settings of a repository is reported when the app synthesizes, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.aws_ecr import mixins
from constructs import IConstruct

from ecr_constructs import (
    ADOPTED,
    EPHEMERAL,
    HARDENED,
    Access,
    Encryption,
    HardenedRepository,
    Immutability,
    LifecyclePolicy,
    expire_untagged,
    keep_latest,
)
from tests.templates import WITHOUT_VALIDATION

PUBLIC = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}]}


def new_app(outdir: Path) -> cdk.App:
    return cdk.App(outdir=str(outdir), **WITHOUT_VALIDATION)


def reports(outdir: Path) -> list[dict[str, Any]]:
    path = outdir / "validation-report.json"
    if not path.exists():
        return []
    found = json.loads(path.read_text(encoding="utf-8"))["pluginReports"]
    return [each for each in found if each["pluginName"] == "ecr-constructs"]


def differences(outdir: Path) -> dict[str, str]:
    """Return the description of each warning, by the path of its construct."""
    return {
        place["constructPath"]: violation["description"]
        for report in reports(outdir)
        for violation in report["violations"]
        for place in violation["violatingConstructs"]
        if (violation["ruleName"], violation["severity"]) == ("settings-differ", "warning")
    }


@jsii.implements(cdk.IAspect)
class _Mutable:
    def visit(self, node: IConstruct) -> None:
        if isinstance(node, ecr.CfnRepository):
            node.image_tag_mutability = "MUTABLE"


def assign(**values: Any) -> Callable[[HardenedRepository], None]:
    def change(repository: HardenedRepository) -> None:
        for name, value in values.items():
            setattr(repository.resource, name, value)

    return change


CHANGES: dict[str, tuple[Callable[[HardenedRepository], object], str]] = {
    "assignment": (
        assign(image_tag_mutability="MUTABLE"),
        "ImageTagMutability is 'MUTABLE', and 'IMMUTABLE' in settings",
    ),
    "override": (
        lambda each: each.resource.add_property_override("ImageScanningConfiguration", {"ScanOnPush": "no"}),
        "ScanOnPush is 'no', and True in settings",
    ),
    "deletion override": (
        lambda each: each.resource.add_property_deletion_override("LifecyclePolicy"),
        "LifecyclePolicyText is not set, and",
    ),
    "mixin": (lambda each: each.with_(mixins.RepositoryAutoDeleteImages()), "EmptyOnDelete is True, and False"),
    "aspect": (lambda each: cdk.Aspects.of(each).add(_Mutable()), "ImageTagMutability is 'MUTABLE'"),
    "policy": (assign(repository_policy_text=PUBLIC), "RepositoryPolicyText is {'Statement': "),
    "encryption": (
        lambda each: each.resource.add_property_override("EncryptionConfiguration.EncryptionType", "AES256"),
        "EncryptionType is 'AES256', and 'KMS' in settings",
    ),
    "key": (
        lambda each: each.resource.add_property_override("EncryptionConfiguration.KmsKey", "alias/other"),
        "KmsKey is 'alias/other', and {'Fn::GetAtt'",
    ),
    "retention": (
        lambda each: cdk.RemovalPolicies.of(each).retain(),
        "DeletionPolicy is 'Retain', and 'Delete' in settings",
    ),
    "retention on replacement": (
        lambda each: each.resource.add_override("UpdateReplacePolicy", "Delete"),
        "UpdateReplacePolicy is 'Delete', and 'Retain' in settings",
    ),
    "tags": (
        lambda each: cdk.Tags.of(each).add("team", "another", priority=500),
        "tag 'team' is 'another', and 'payments' in settings",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_after_the_construction_is_a_warning_with_both_values(name: str, tmp_path: Path) -> None:
    change, sentence = CHANGES[name]
    app = new_app(tmp_path)
    stack = cdk.Stack(app, "Containers")
    settings = EPHEMERAL if name == "retention" else HARDENED.but(resource_tags={"team": "payments"})
    change(HardenedRepository(stack, "Api", settings=settings))
    HardenedRepository(stack, "Other")

    app.synth()

    found = differences(tmp_path)
    assert list(found) == ["Containers/Api/Resource"]
    assert f"the template of Containers/Api differs from its settings: {sentence}" in found["Containers/Api/Resource"]


def test_properties_from_the_constructor_and_its_methods_are_no_difference(tmp_path: Path) -> None:
    app = new_app(tmp_path)
    stack = cdk.Stack(app, "Containers", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    cdk.Tags.of(app).add("cost", "1")
    shared = [Access.organization_pull("o-abc1234567"), Access.lambda_pull("444455556666")]
    HardenedRepository(stack, "Access", access=shared, resource_tags={"team": "payments"})
    HardenedRepository(stack, "Adopted", settings=ADOPTED, removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
    HardenedRepository(stack, "Ephemeral", settings=EPHEMERAL)
    HardenedRepository(stack, "Except", immutability=Immutability.all_tags_except("latest", "dev-*"))
    HardenedRepository(stack, "Key", encryption=Encryption.customer_key(kms.Key(stack, "K")))
    HardenedRepository(stack, "NoPolicy", lifecycle=LifecyclePolicy.none(), scan_on_push=False)
    added = HardenedRepository(stack, "Added", lifecycle=[keep_latest(10, matching="v*"), expire_untagged(keep=5)])
    added.add_lifecycle_rule(tag_pattern_list=["build-*"], max_image_count=5)
    added.grant_pull(iam.AccountPrincipal("444455556666"))
    added.grant_push(iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal()))
    foreign = cdk.Stack(app, "Foreign", env=cdk.Environment(account="444455556666", region="eu-west-1"))
    role = iam.Role(foreign, "Puller", role_name="puller", assumed_by=iam.AccountRootPrincipal())
    HardenedRepository(stack, "Named", repository_name="prod/api").grant_pull(role)
    HardenedRepository(cdk.NestedStack(stack, "Nested"), "Inner")
    HardenedRepository(cdk.Stack(cdk.Stage(app, "Stage"), "Stack"), "Staged")
    cdk.RemovalPolicies.of(added).destroy()
    HardenedRepository(stack, "Changed").resource.image_tag_mutability = "MUTABLE"

    app.synth()

    # A change of the deletion policy is the annotation isNotRetained.
    assert set(differences(tmp_path)) == {"Containers/Changed/Resource"}


@pytest.mark.skipif(not WITHOUT_VALIDATION, reason="this CDK validates before it writes the templates of nested stacks")
def test_repositories_of_stages_and_nested_stacks_are_compared(tmp_path: Path) -> None:
    app = new_app(tmp_path)
    nested = cdk.NestedStack(cdk.Stack(app, "Containers"), "Nested")
    HardenedRepository(nested, "Inner").resource.image_tag_mutability = "MUTABLE"
    staged = cdk.Stack(cdk.Stage(app, "Stage"), "Stack")
    HardenedRepository(staged, "Staged").resource.image_tag_mutability = "MUTABLE"

    app.synth()

    assert set(differences(tmp_path)) == {"Containers/Nested/Inner/Resource", "Stage/Stack/Staged/Resource"}


def test_a_difference_can_be_acknowledged(tmp_path: Path) -> None:
    app = new_app(tmp_path)
    repository = HardenedRepository(cdk.Stack(app, "Containers"), "Api")
    repository.resource.image_tag_mutability = "MUTABLE"
    reason = cdk.Acknowledgment(id="ecr-constructs::settings-differ", reason="the migration of next month")
    cdk.Validations.of(repository).acknowledge(reason)

    app.synth()

    assert differences(tmp_path) == {}
    assert [each["ruleName"] for each in reports(tmp_path)[0]["suppressedViolations"]] == ["settings-differ"]


def test_a_repository_that_was_removed_is_not_compared(tmp_path: Path) -> None:
    app = new_app(tmp_path)
    stack = cdk.Stack(app, "Containers")
    HardenedRepository(stack, "Api").resource.image_tag_mutability = "MUTABLE"
    stack.node.try_remove_child("Api")
    HardenedRepository(stack, "Api")

    app.synth()

    assert differences(tmp_path) == {}
