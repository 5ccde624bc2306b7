"""Whole statements: public ones, unique Sids, services without a source, resources of a registry policy."""

from __future__ import annotations

from typing import Any

import pytest

from ecr_constructs.model.iam.resources import resource_problems
from ecr_constructs.model.iam.statements import (
    is_public,
    public_problems,
    sid_problems,
    statement_problems,
    unconfirmed_services,
)

ACCOUNT = "111122223333"

NARROW = {"StringEquals": {"aws:PrincipalOrgID": "o-abc1234567"}}
WIDE = {"Bool": {"aws:SecureTransport": "true"}}
EVERYONE: list[dict[str, Any]] = [
    {"Principal": "*"},
    {"Principal": {"AWS": "*"}},
    {"Principal": {"AWS": ["arn:aws:iam::111122223333:root", "*"]}},
    {"NotPrincipal": {"AWS": "arn:aws:iam::111122223333:root"}},
]


@pytest.mark.parametrize("principal", EVERYONE)
def test_a_statement_for_everyone_is_public_without_a_condition_that_narrows(principal: dict[str, Any]) -> None:
    assert is_public({"Effect": "Allow", **principal})
    assert is_public({"Effect": "Allow", **principal, "Condition": WIDE})
    assert not is_public({"Effect": "Allow", **principal, "Condition": NARROW})
    assert not is_public({"Effect": "Deny", **principal})


def test_a_statement_for_an_account_is_not_public() -> None:
    assert not is_public({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}})


def test_the_problem_names_the_condition_that_does_not_narrow() -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Condition": {"StringLike": {"aws:PrincipalOrgID": "*"}}}
    (problem,) = public_problems(statement)

    assert "its condition StringLike aws:PrincipalOrgID does not limit them" in problem


def test_different_statements_need_different_sids() -> None:
    first, second = {"Sid": "A", "Action": "ecr:A"}, {"Sid": "A", "Action": "ecr:B"}

    assert len(list(sid_problems([first, second]))) == 1
    assert len(list(sid_problems([first, second, {"Sid": "A", "Action": "ecr:C"}]))) == 1
    assert len(list(sid_problems([second], taken={"A": first}))) == 1
    assert list(sid_problems([first, dict(first)])) == []
    assert list(sid_problems([first, {**second, "Sid": "B"}])) == []
    assert list(sid_problems([{"Action": "ecr:A"}, {"Action": "ecr:B"}])) == []
    assert list(sid_problems([{"Sid": {"Ref": "Sid"}}, {"Sid": {"Ref": "Sid"}, "Action": "ecr:B"}])) == []


def test_a_service_without_a_condition_on_its_source_acts_for_any_account() -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com", "codebuild.amazonaws.com"]}}

    assert list(unconfirmed_services(statement)) == ["lambda.amazonaws.com", "codebuild.amazonaws.com"]
    assert list(unconfirmed_services({**statement, "Condition": WIDE})) == [
        "lambda.amazonaws.com",
        "codebuild.amazonaws.com",
    ]
    assert (
        list(unconfirmed_services({**statement, "Condition": {"StringEquals": {"AWS:sourceAccount": "1" * 12}}})) == []
    )
    assert list(unconfirmed_services({**statement, "Effect": "Deny"})) == []


def test_a_repository_of_the_registry_is_a_resource_of_its_policy() -> None:
    cases: list[object] = [
        "*",
        "arn:aws:ecr:eu-west-1:111122223333:repository/*",
        "arn:aws:ecr:eu-west-1:111122223333:repository/prod/api",
        "arn:aws:ecr:*:*:repository/*",
        "arn:aws:ecr:*:*:*",
        {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":ecr:eu-west-1:111122223333:repository/*"]]},
        {"Fn::GetAtt": ["Repository", "Arn"]},
        {"Ref": "Arn"},
    ]
    for resource in cases:
        assert list(resource_problems(resource, account="111122223333", region="eu-west-1")) == []
        assert list(resource_problems(resource, account=None, region=None)) == []


def test_another_resource_is_rejected() -> None:
    cases: list[tuple[str, str]] = [
        ("foo", "is not a repository"),
        ("prod/*", "is not a repository"),
        ("arn:aws:s3:::bucket", "is not a repository"),
        ("arn:aws:ecr:eu-west-1:111122223333:prod", "is not a repository"),
        ("arn:aws:ecr:eu-west-1:111122223333:repository/", "is not a repository"),
        ("arn:aws:ecr:us-east-1:111122223333:repository/*", "is in Region 'us-east-1'"),
        ("arn:aws:ecr:eu-west-1:999988887777:repository/*", "is in account '999988887777'"),
    ]
    for resource, reason in cases:
        (problem,) = resource_problems(resource, account="111122223333", region="eu-west-1")

        assert reason in problem


def test_a_statement_is_public_if_a_branch_of_its_principal_is() -> None:
    cases: list[dict[str, Any]] = [
        {"AWS": {"Fn::If": ["Prod", ACCOUNT, "*"]}},
        {"Fn::If": ["Prod", {"AWS": ACCOUNT}, "*"]},
        {"AWS": [ACCOUNT, {"Fn::If": ["Prod", ACCOUNT, "*"]}]},
        {"AWS": {"Fn::Select": [0, ["*"]]}},
        {"AWS": {"Fn::Sub": ["${Who}", {"Who": "*"}]}},
    ]
    for principal in cases:
        assert is_public({"Effect": "Allow", "Principal": principal})


@pytest.mark.parametrize(
    ("effect", "public"), [("Deny", False), ({"Fn::If": ["Prod", "Deny", "Allow"]}, True), ({"Ref": "Effect"}, True)]
)
def test_a_statement_that_may_allow_is_public(effect: object, public: bool) -> None:  # noqa: FBT001
    assert is_public({"Effect": effect, "Principal": "*"}) is public


def test_an_element_that_iam_does_not_accept_is_rejected() -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"Effect": "allow"}, "Effect 'allow' does not exist; use 'Allow' or 'Deny'"),
        ({"Effect": {"Fn::If": ["Prod", "Allow", "Grant"]}}, "Effect 'Grant' does not exist"),
        ({"Sid": 5}, "Sid 5 is not text; write '5'"),
        ({"Condition": {"StringEqualz": {"aws:SourceAccount": ACCOUNT}}}, "'StringEqualz' is not a condition operator"),
        ({"Condition": {"StringEquals": {"SourceAccount": ACCOUNT}}}, "'SourceAccount' is not a condition key"),
        ({"Action": {"Fn::If": ["Prod", "ecr:PutImage", "s3:GetObject"]}}, "'s3:GetObject' is not an action of ECR"),
        ({"Action": [{"Ref": "AWS::NoValue"}]}, "the statement has no action"),
        ({"Principal": {"Ref": "AWS::NoValue"}}, "the statement has no principal"),
    ]
    for element, reason in cases:
        statement = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "ecr:PutImage"}

        (problem,) = statement_problems(statement | element, "repository")

        assert reason in problem


def test_a_condition_that_iam_accepts_has_no_problem() -> None:
    cases: list[dict[str, Any]] = [
        {"Null": {"aws:PrincipalTag/team": "true"}},
        {"ForAllValues:StringNotLikeIfExists": {"aws:TagKeys": ""}},
        {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}},
        {"NumericLessThanEquals": {"aws:MultiFactorAuthAge": 3600}},
        {"StringEquals": {"Fn::GetAtt": ["Condition", "Value"]}},
    ]
    for condition in cases:
        statement = {"Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Condition": condition}

        assert list(statement_problems(statement, "repository")) == []


@pytest.mark.parametrize("element", ["Principal", "NotPrincipal"])
def test_a_principal_of_another_partition_is_rejected(element: str) -> None:
    statement = {"Effect": "Deny", element: {"AWS": f"arn:aws-cn:iam::{ACCOUNT}:root"}, "Action": "ecr:PutImage"}

    (problem,) = statement_problems(statement, "registry", region="eu-west-1")

    assert "is of partition 'aws-cn' and 'eu-west-1' in 'aws'" in problem
    assert list(statement_problems(statement, "registry", region="cn-north-1")) == []
    assert list(statement_problems(statement, "registry")) == []


def test_a_resource_of_another_partition_is_rejected() -> None:
    resource = f"arn:aws-cn:ecr:eu-west-1:{ACCOUNT}:repository/*"

    (problem,) = resource_problems(resource, account=ACCOUNT, region="eu-west-1")

    assert "resource: 'arn:aws-cn:" in problem


@pytest.mark.parametrize(
    "condition",
    [
        {"ArnLike": {"aws:SourceArn": "arn:aws:lambda:*:*:function:*"}},
        {"StringLike": {"aws:SourceAccount": "*"}},
        {"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}},
        {"StringNotEquals": {"aws:SourceAccount": "111122223333"}},
        {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}},
    ],
)
def test_a_condition_that_any_source_meets_confirms_no_service(condition: dict[str, Any]) -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Condition": condition}

    assert list(unconfirmed_services(statement)) == ["lambda.amazonaws.com"]
