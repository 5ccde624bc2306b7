"""Code of users that must type-check. mypy reads it in a test, and it is not run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct
from typing_extensions import assert_type

import ecr_constructs
from ecr_constructs import (
    ADOPTED,
    EPHEMERAL,
    HARDENED,
    Access,
    Decision,
    EcrConstructsError,
    Encryption,
    Finding,
    HardenedRepository,
    Image,
    Immutability,
    InvalidRepository,
    LifecyclePolicy,
    Namespace,
    Replication,
    RepositoryImage,
    RepositorySettings,
    Scanning,
    ScheduledAction,
    expire_untagged,
    keep_latest,
    read_images,
)
from ecr_constructs.testing import assert_keeps, pipeline_images


class Platform(Construct):
    """A construct of another library, which contains a repository."""

    def __init__(self, scope: Construct, id: str, *, key: kms.IKey, teams: Sequence[str]) -> None:
        super().__init__(scope, id)
        house_rules: RepositorySettings = HARDENED.but(
            access=[Access.organization_pull("o-abc1234567")], resource_tags={"company": "larkspur"}
        )
        self.repositories: Mapping[str, ecr.IRepository] = {
            team: HardenedRepository(self, team, settings=house_rules, encryption=Encryption.customer_key(key))
            for team in teams
        }


def a_repository(scope: Construct) -> ecr.Repository:
    return HardenedRepository(
        scope,
        "Api",
        repository_name="prod/api",
        settings=ADOPTED,
        immutability=Immutability.all_tags_except("latest", "dev-*"),
        lifecycle=LifecyclePolicy.of(keep_latest(10, matching="v*"), expire_untagged(after_days=cdk.Duration.days(1))),
        encryption=Encryption.shared_key(),
        scan_on_push=True,
        access=(Access.account_pull("111122223333"), Access.lambda_pull("111122223333")),
        policy_statements=[iam.PolicyStatement(actions=["ecr:ListImages"], principals=[iam.AccountPrincipal("1")])],
        resource_tags={"team": "payments"},
        removal_policy=cdk.RemovalPolicy.DESTROY,
        empty_on_delete=False,
    )


def goes_wherever_a_repository_is_wanted(scope: Construct, role: iam.Role) -> ecs.ContainerImage:
    repository = HardenedRepository(scope, "Api", settings=EPHEMERAL)
    grant: iam.Grant = repository.grant_pull(role)
    grant.assert_success()
    repository.add_lifecycle_rule(max_image_age=cdk.Duration.days(3), tag_status=ecr.TagStatus.UNTAGGED)
    return ecs.ContainerImage.from_ecr_repository(repository, "v1")


def keys_of_every_kind(scope: Construct) -> list[Encryption]:
    key = kms.Key(scope, "Key")
    imported = kms.Key.from_key_arn(scope, "Imported", "arn:aws:kms:eu-west-1:111122223333:key/k")
    return [*map(Encryption.customer_key, (key, imported)), Encryption.dual_layer(key), Encryption.dual_layer()]


def what_attributes_are(repository: HardenedRepository) -> None:
    assert_type(repository.settings, RepositorySettings)
    assert_type(repository.lifecycle, LifecyclePolicy)
    assert_type(repository.resource, ecr.CfnRepository)
    assert_type(repository.image("v1"), RepositoryImage)
    assert_type(HARDENED.effective_lifecycle, LifecyclePolicy)
    assert_type(ecr_constructs.ADOPTED, RepositorySettings)


def errors_are_value_errors(scope: Construct) -> tuple[str, ...]:
    try:
        HardenedRepository(scope, "Api", repository_name="A")
    except InvalidRepository as error:
        assert_type(error.path, str)
        assert_type(error.problems, tuple[str, ...])
        return error.problems
    except EcrConstructsError as error:
        base: ValueError = error
        return (str(base),)
    return ()


def the_registry_language() -> tuple[Scanning, Replication]:
    prod = Namespace("prod")
    return Scanning.enhanced(continuous=[prod, "shared/*"]), Replication.to("eu-west-1", repositories=prod)


def a_replay(policy: LifecyclePolicy, listing: object, detail: Mapping[str, object], now: datetime) -> list[Decision]:
    images = [*read_images(listing), Image.from_describe_images(detail), *pipeline_images("v{n}", days=3, until=now)]
    evaluation = policy.evaluate(images, at=now)
    assert_type(evaluation.bytes_freed, int)
    assert_type(evaluation.kept[0], Decision)
    assert_type(policy.schedule(images, at=now), tuple[ScheduledAction, ...])
    assert_type(policy.findings(images, immutability=Immutability.off()), tuple[Finding, ...])
    assert_keeps(policy, images, "v*", images[0], at=now)
    return [decision for decision in evaluation.decisions if decision.action == "expire" and decision.rule]
