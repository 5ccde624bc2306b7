"""Snapshots of whole templates. They fix the IDs, which are a public contract."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from syrupy.assertion import SnapshotAssertion

from ecr_constructs import (
    ADOPTED,
    Access,
    Encryption,
    HardenedRepository,
    Immutability,
    LifecyclePolicy,
    archive_unpulled,
    delete_archived,
    expire_older_than,
    expire_untagged,
    keep_forever,
    keep_latest,
)
from tests.templates import new_app, new_stack, readable_template, template


def test_a_repository_with_the_defaults_is_rendered(stack: cdk.Stack, template_snapshot: SnapshotAssertion) -> None:
    HardenedRepository(stack, "Api")

    assert readable_template(template(stack)) == template_snapshot


def test_a_repository_with_every_option_is_rendered(template_snapshot: SnapshotAssertion) -> None:
    stack = new_stack(new_app(), "Containers", region="us-gov-west-1")
    repository = HardenedRepository(
        stack,
        "Api",
        repository_name="prod/payments--api",
        immutability=Immutability.all_tags_except("latest", "dev-*"),
        lifecycle=LifecyclePolicy.of(
            keep_forever("production-*"),
            keep_latest(30, matching="release-*"),
            expire_older_than(after_days=60, matching="dev-*"),
            expire_untagged(keep=50),
            archive_unpulled(after_days=120),
            delete_archived(after_days=180),
        ),
        encryption=Encryption.dual_layer(kms.Key(stack, "Key", enable_key_rotation=True)),
        scan_on_push=False,
        access=[
            Access.organization_pull("o-abc1234567"),
            Access.account_push("444455556666"),
            Access.lambda_pull("777788889999"),
        ],
        policy_statements=[
            iam.PolicyStatement(
                sid="NobodyDeletes",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["ecr:BatchDeleteImage"],
            )
        ],
        resource_tags={"team": "payments"},
        removal_policy=cdk.RemovalPolicy.DESTROY,
        empty_on_delete=True,
    )
    repository.add_lifecycle_rule(
        description="Added later", tag_prefix_list=["pr-"], max_image_age=cdk.Duration.days(14)
    )
    repository.on_image_scan_completed("Scanned")

    assert readable_template(template(stack)) == template_snapshot


def test_an_imported_key_and_access_from_another_account_are_rendered(template_snapshot: SnapshotAssertion) -> None:
    stack = new_stack(new_app(), "Containers", region="eu-west-1")
    key_arn = "arn:aws:kms:eu-west-1:777788889999:key/12345678-1234-1234-1234-123456789012"
    repository = HardenedRepository(
        stack,
        "Api",
        settings=ADOPTED.but(access=[Access.account_pull("444455556666")]),
        encryption=Encryption.customer_key(kms.Key.from_key_arn(stack, "Key", key_arn)),
    )
    repository.grant_pull_push(iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::777788889999:role/builder"))

    assert readable_template(template(stack)) == template_snapshot


def test_nested_stacks_share_the_key_of_their_parent(stack: cdk.Stack, template_snapshot: SnapshotAssertion) -> None:
    nested = cdk.NestedStack(stack, "Nested")
    HardenedRepository(stack, "Api")
    HardenedRepository(nested, "Api")

    parent, child = readable_template(template(stack)), readable_template(template(nested))
    for resource in parent["Resources"].values():
        if resource["Type"] == "AWS::CloudFormation::Stack":
            resource["Properties"]["TemplateURL"] = "a hash of the template below"
    assert {"parent": parent, "nested": child} == template_snapshot


def test_a_changed_rule_is_a_change_of_one_line(stack: cdk.Stack) -> None:
    """The conversion of templates to readable snapshots, shown with a policy."""
    repository = ecr.Repository(stack, "Api")
    repository.add_lifecycle_rule(max_image_count=3, tag_pattern_list=["v*"])

    (found,) = readable_template(template(stack))["Resources"].values()
    (rule,) = found["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"]["rules"]
    assert rule["selection"]["countNumber"] == 3
