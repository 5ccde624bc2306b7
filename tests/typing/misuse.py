"""
Code of users that must not type-check. mypy reads it in a test, and it is not run.

Every statement of a function below is one mistake, with the code of the error of mypy. An ignored error that does not
occur is an error (`warn_unused_ignores`), so `make lint` checks this file too.
"""

from __future__ import annotations

from datetime import datetime, timezone

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from constructs import Construct

import ecr_constructs
from ecr_constructs import (
    HARDENED,
    Access,
    Encryption,
    HardenedRepository,
    Image,
    Immutability,
    LifecyclePolicy,
    LifecycleRule,
    expire_untagged,
    keep_latest,
)

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)


def options_of_a_repository(scope: Construct) -> None:
    HardenedRepository(scope)  # type: ignore[call-arg]
    HardenedRepository("scope", "Api")  # type: ignore[arg-type]
    HardenedRepository(scope, "Api", "prod/api")  # type: ignore[call-arg]
    HardenedRepository(scope, "Api", image_scan_on_push=True)  # type: ignore[arg-type]
    HardenedRepository(scope, "Api", immutability="IMMUTABLE")  # type: ignore[arg-type]
    HardenedRepository(scope, "Api", immutability=ecr.TagMutability.IMMUTABLE)  # type: ignore[arg-type]
    HardenedRepository(scope, "Api", lifecycle={"rules": []})  # type: ignore[arg-type]
    HardenedRepository(scope, "Api", lifecycle=["expire_untagged"])  # type: ignore[list-item]
    HardenedRepository(scope, "Api", encryption=ecr.RepositoryEncryption.KMS)  # type: ignore[arg-type]
    HardenedRepository(scope, "Api", access=Access.account_pull("111122223333"))  # type: ignore[arg-type]
    HardenedRepository(scope, "Api", access=["o-abc1234567"])  # type: ignore[list-item]
    HardenedRepository(scope, "Api", removal_policy="retain")  # type: ignore[arg-type]
    HardenedRepository(scope, "Api", settings=None)  # type: ignore[arg-type]
    HardenedRepository(scope, "Api", resource_tags={"team": 1})  # type: ignore[dict-item]


def values(key: kms.IKey) -> None:
    Encryption()  # type: ignore[abstract]
    Encryption.customer_key("arn:aws:kms:eu-west-1:111122223333:key/k")  # type: ignore[arg-type]
    Encryption.customer_key()  # type: ignore[call-arg]
    Encryption.shared_key(key)  # type: ignore[arg-type, call-arg]
    Access.account_pull(111122223333)  # type: ignore[arg-type]
    Immutability(mode="immutable")  # type: ignore[arg-type]
    Immutability.all_tags_except(["latest"])  # type: ignore[arg-type]
    LifecyclePolicy.of([expire_untagged(after_days=1)])  # type: ignore[arg-type]
    LifecycleRule(rule_priority=1, tag_status="all", count_type="imageCountMoreThan", count_number=1)  # type: ignore[arg-type]
    keep_latest("10", matching="v*")  # type: ignore[arg-type]
    LifecyclePolicy.none().evaluate([], at="2026-06-01")  # type: ignore[arg-type]
    LifecyclePolicy.none().evaluate([{"imageDigest": "sha256:0"}], at=NOW)  # type: ignore[list-item]
    Image(digest="sha256:0", pushed_at=NOW, status="ACTIVE")  # type: ignore[arg-type]
    expire_untagged(1)  # type: ignore[call-arg]
    HARDENED.but(repository_name="prod/api")  # type: ignore[call-arg]
    HARDENED.scan_on_push = False  # type: ignore[misc]
    HARDENED.resource_tags["team"] = "payments"  # type: ignore[index]


def names_that_do_not_exist(repository: HardenedRepository) -> None:
    ecr_constructs.HardenedRepositories  # type: ignore[attr-defined]  # noqa: B018  (asking for it is the mistake)
    repository.image(14)  # type: ignore[arg-type]
    repository.props  # type: ignore[attr-defined]  # noqa: B018
    repository.add_lifecycle_rule(max_image_age=14)  # type: ignore[arg-type]
    repository.add_lifecycle_rule(tag_status="untagged", max_image_count=cdk.Duration.days(1))  # type: ignore[arg-type]
