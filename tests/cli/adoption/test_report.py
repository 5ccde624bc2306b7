"""The report: the steps with their differences, the pushes that would fail, and the changes that it never suggests."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ecr_constructs.cli.adoption.hardening import hardening_steps
from ecr_constructs.cli.adoption.plan import AdoptionPlan, plan_program
from ecr_constructs.cli.adoption.report import report
from ecr_constructs.cli.sources.inventory import Inventory, Origin
from ecr_constructs.model.changes.state import StackTemplate
from ecr_constructs.model.images import Image

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)


def image(number: int, *tags: str) -> Image:
    return Image(digest=f"sha256:{number:064x}", pushed_at=NOW, tags=tags)


def plan_of(*properties: dict[str, Any], origin: Origin = "account", **images: list[Image]) -> AdoptionPlan:
    resources = {
        f"Repository{number}": {"Type": "AWS::ECR::Repository", "Properties": each}
        for number, each in enumerate(properties)
    }
    stack = StackTemplate(stack="Containers", template={"Resources": resources}, environment="111122223333/eu-west-1")
    return plan_program(Inventory(origin=origin, stacks=[stack], images=images))


PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def test_each_step_is_a_difference_of_the_program() -> None:
    policy = {
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": ["444455556666", "555566667777"]}, "Action": PULL}]
    }
    steps = hardening_steps(plan_of({"RepositoryName": "api", "RepositoryPolicyText": policy}))

    changed = [[line for line in each.difference if line[:1] in "+-" and line[1:2] == " "] for each in steps]
    assert [each.title for each in steps] == [
        "Scan images on push",
        "Delete untagged images",
        "Make tags immutable",
        "Allow the organization instead of single accounts",
    ]
    assert ["            scan_on_push=False," in line for line in changed[0]] == [True]
    assert any("lifecycle=expire_untagged(keep=100)" in line for line in changed[1])
    assert any('immutability=Immutability.all_tags_except("latest")' in line for line in changed[2])
    assert any('Access.organization_pull("o-...")' in line for line in changed[3])


def test_a_hardened_repository_has_no_steps() -> None:
    properties = {
        "RepositoryName": "api",
        "ImageScanningConfiguration": {"ScanOnPush": True},
        "ImageTagMutability": "IMMUTABLE",
        "LifecyclePolicy": {
            "LifecyclePolicyText": '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":'
            '"sinceImagePushed","countUnit":"days","countNumber":14},"action":{"type":"expire"}}]}'
        },
    }
    assert hardening_steps(plan_of(properties)) == ()


def test_the_filters_are_the_tags_of_the_images_that_do_not_name_one_build() -> None:
    images = [image(1, "latest", "v1.2.3"), image(2, "main", "3f9a2c1"), image(3), image(4, "1.2", "20260601")]
    plan = plan_of({"RepositoryName": "api"}, api=images)
    (step,) = [each for each in hardening_steps(plan) if each.title == "Make tags immutable"]

    assert any('all_tags_except("1.2", "latest", "main")' in line for line in step.difference)
    assert "| `api` | `1.2`, `latest`, `main` | 1 |" in report(plan, "the account")


def test_repositories_with_more_such_tags_than_filters_keep_mutable_tags() -> None:
    images = [image(number, f"branch-{letter}") for number, letter in enumerate("abcdefg")]
    steps = hardening_steps(plan_of({"RepositoryName": "api"}, api=images))

    assert "Make tags immutable" not in [each.title for each in steps]


@pytest.mark.parametrize("encryption", [None, {"EncryptionType": "KMS"}])
def test_no_step_changes_the_name_or_the_encryption(encryption: dict[str, str] | None) -> None:
    properties = {"RepositoryName": "api", **({"EncryptionConfiguration": encryption} if encryption else {})}
    for step in hardening_steps(plan_of(properties)):
        changed = [line for line in step.difference if line[:1] in "+-" and line[1:2] == " "]
        assert not any("encryption=" in line or "repository_name" in line for line in changed)


def test_hostile_texts_do_not_become_markup() -> None:
    name = "a|b`](javascript:x)\n# Title"
    text = report(plan_of({"RepositoryName": name}), "[x](y)\n# Title")

    assert "\n# Title" not in text
    assert "[x](y)" not in text
