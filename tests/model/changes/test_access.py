"""Changes of policies: wider access, removed access, and removed denials."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ecr_constructs.model.changes.access import covers
from tests.model.changes.states import changes, ids, repository, resource

ACCOUNT = "arn:aws:iam::222233334444:root"
ROLE = "arn:aws:iam::222233334444:role/ci"
PARTITION = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::222233334444:root"]]}
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}


def statement(principal: Any = ACCOUNT, action: Any = "ecr:BatchGetImage", **more: Any) -> dict[str, Any]:
    who = principal if isinstance(principal, dict) and not principal.keys() & {"Fn::Join"} else {"AWS": principal}
    return {"Effect": "Allow", "Principal": who, "Action": action, **more}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"RepositoryPolicyText": {"Version": "2012-10-17", "Statement": list(statements)}}


def found(old: Any, new: Any) -> list[str]:
    return ids(changes({"X": repository(**old)}, {"X": repository(**new)}))


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (statement(), statement(ROLE)),
        (statement(), statement("222233334444")),
        (statement(), statement(PARTITION)),
        (statement("*"), statement()),
        (statement(action="ecr:*"), statement()),
        (statement(action=["ecr:Batch*", "ecr:PutImage"]), statement(action=["ecr:BatchGetImage"])),
        (statement(), statement(Condition=ORGANIZATION)),
        (
            statement(Condition={"StringLike": {"aws:PrincipalArn": ["a", "b"]}}),
            statement(Condition={"StringLike": {"aws:PrincipalArn": "a"}}),
        ),
        (statement(Resource="*"), statement(Resource="arn:aws:ecr:eu-west-1:111122223333:repository/prod/*")),
    ],
)
def test_a_wider_statement_covers_a_narrower_one_and_not_the_other_way(
    wide: dict[str, Any], narrow: dict[str, Any]
) -> None:
    is_equal = narrow["Principal"] in ({"AWS": "222233334444"}, {"AWS": PARTITION})

    assert covers([wide], narrow)
    assert covers([narrow], wide) is is_equal


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (statement(ROLE), statement("arn:aws:iam::222233334444:role/other")),
        (statement(), statement("arn:aws:iam::333344445555:root")),
        (statement(), statement({"Service": "lambda.amazonaws.com"})),
        (statement("*"), statement({"Service": "lambda.amazonaws.com"})),
        (statement({"NotPrincipal": "x"}), statement()),
        (
            statement(Condition={"StringNotEquals": {"aws:PrincipalArn": ["a", "b"]}}),
            statement(Condition={"StringNotEquals": {"aws:PrincipalArn": "a"}}),
        ),
    ],
)
def test_other_statements_do_not_cover_one(wide: dict[str, Any], narrow: dict[str, Any]) -> None:
    assert not covers([wide], narrow)


def test_two_statements_cover_a_third_together() -> None:
    assert covers(
        [statement(action="ecr:BatchGetImage"), statement(action="ecr:PutImage")],
        statement(action=["ecr:BatchGetImage", "ecr:PutImage"]),
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (policy(statement()), policy(statement(), statement("arn:aws:iam::333344445555:root")), ["wider-access"]),
        (policy(statement()), policy(statement(action="ecr:*")), ["wider-access"]),
        (policy(statement(Condition=ORGANIZATION)), policy(statement()), ["wider-access"]),
        (policy(statement()), policy(statement(ROLE)), ["removed-access"]),
        (policy(statement("*", Condition=ORGANIZATION)), policy(statement("*")), ["public-access"]),
        (policy(statement()), {}, ["removed-policy"]),
        ({}, policy(statement()), ["wider-access"]),
        (policy(statement(), statement("*", Effect="Deny")), policy(statement()), ["removed-denial"]),
        (
            policy(statement("*", Effect="Deny")),
            policy(statement("*", Effect="Deny", Condition=ORGANIZATION)),
            ["removed-denial"],
        ),
        (policy(statement(Effect="Deny")), policy(statement("*", Effect="Deny")), []),
        (policy(statement(Sid="A")), policy(statement([ACCOUNT], ["ecr:BatchGetImage"], Sid="B")), []),
        (policy(statement(), statement(ROLE)), policy(statement(ROLE), statement()), []),
        (policy(statement()), {"RepositoryPolicyText": json.dumps(policy(statement())["RepositoryPolicyText"])}, []),
    ],
)
def test_a_change_of_a_policy_is_reported_by_its_effect(old: Any, new: Any, expected: list[str]) -> None:
    assert found(old, new) == expected


def test_a_removed_policy_is_reported_with_the_principals_that_cannot_pull() -> None:
    [change] = changes({"X": repository(**policy(statement()))}, {"X": repository()})

    assert "CloudFormation deletes the policy" in change.sentence
    assert "Access.lambda_pull" in change.remedy


def test_a_policy_that_is_computed_at_deployment_is_not_compared() -> None:
    computed = {"RepositoryPolicyText": {"Fn::Transform": {"Name": "AWS::Include"}}}

    assert found(policy(statement()), computed) == ["unknown-change"]


@pytest.mark.parametrize(
    ("resource_type", "name"),
    [
        ("AWS::ECR::RegistryPolicy", "PolicyText"),
        ("AWS::ECR::RepositoryCreationTemplate", "RepositoryPolicy"),
        ("AWS::ECR::PublicRepository", "RepositoryPolicyText"),
        ("AWS::KMS::Key", "KeyPolicy"),
    ],
)
def test_the_policies_of_other_types_are_compared(resource_type: str, name: str) -> None:
    old, new = (
        resource(resource_type, {name: {"Statement": statements}})
        for statements in ([statement()], [statement("arn:aws:iam::333344445555:root")])
    )

    assert ids(changes({"X": old}, {"X": new})) == ["wider-access", "removed-access"]


def test_another_sid_or_order_of_statements_is_no_change() -> None:
    one, two = statement(Sid="One"), statement(action="ecr:PutImage", Sid="Two")
    denial = {**statement("*", "ecr:*", Condition=ORGANIZATION), "Effect": "Deny"}

    assert found(policy(one, two, {**denial, "Sid": "A"}), policy({**denial, "Sid": "B"}, statement(), two)) == []


@pytest.mark.parametrize("element", ["NotAction", "NotPrincipal", "NotResource"])
def test_another_sid_of_a_negated_statement_is_no_change(element: str) -> None:
    # Negated statements are compared as texts.
    value = {"AWS": ACCOUNT} if element == "NotPrincipal" else "*"
    denials = [
        {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "ecr:*", element: value} for sid in ("One", "Two")
    ]
    for each in denials:
        each.pop(element.removeprefix("Not"), None)

    assert found(policy(denials[0], statement()), policy(denials[1])) == ["removed-access"]


def test_another_sid_does_not_hide_wider_access() -> None:
    assert found(policy(statement(Sid="One")), policy(statement(action="ecr:*", Sid="One"))) == ["wider-access"]


def _on(operator: str, *values: Any, key: str = "aws:PrincipalOrgID") -> dict[str, Any]:
    return statement(Condition={operator: {key: list(values)}})


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (_on("StringLike", "o-*"), _on("StringEquals", "o-abcdefghij")),
        (_on("StringEqualsIfExists", "o-a"), _on("StringEquals", "o-a")),
        (_on("StringEqualsIgnoreCase", "O-A"), _on("StringEquals", "o-a")),
        (_on("StringNotEquals", "o-a"), _on("StringNotEquals", "o-a", "o-b")),
        (_on("StringNotEquals", "o-a"), _on("StringNotLike", "o-*")),
        (_on("IpAddress", "10.0.0.0/8"), _on("IpAddress", "10.1.0.0/16", "10.2.0.0/16")),
        (_on("NotIpAddress", "10.1.0.0/16"), _on("NotIpAddress", "10.0.0.0/8")),
        (_on("ArnLike", "arn:aws:lambda:*:1:function:*"), _on("ArnLike", "arn:aws:lambda:eu-west-1:1:function:api")),
        (_on("ForAnyValue:StringLike", "o-a/r-*"), _on("ForAnyValue:StringLike", "o-a/r-1/*")),
        (statement(NotAction="ecr:PutImage"), statement(NotAction=["ecr:PutImage", "ecr:Delete*"])),
        (statement(NotAction=["ecr:Put*"]), statement(action="ecr:BatchGetImage")),
        (statement(action="*"), statement(NotAction="ecr:PutImage")),
        (statement("*"), {"Effect": "Allow", "NotPrincipal": {"AWS": ACCOUNT}, "Action": "ecr:BatchGetImage"}),
        (
            {"Effect": "Allow", "NotPrincipal": {"AWS": ACCOUNT}, "Action": "ecr:*"},
            {"Effect": "Allow", "NotPrincipal": {"AWS": [ACCOUNT, ROLE]}, "Action": "ecr:*"},
        ),
    ],
)  # fmt: skip
def test_conditions_and_negated_elements_are_compared_by_the_requests_that_meet_them(
    wide: dict[str, Any], narrow: dict[str, Any]
) -> None:
    wide, narrow = (
        {name: value for name, value in each.items() if f"Not{name}" not in each} for each in (wide, narrow)
    )

    assert covers([wide], narrow)
    assert not covers([narrow], wide)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_on("StringLike", "o-a"), _on("StringEquals", "o-a")),
        (_on("Bool", *[True], key="aws:SecureTransport"), _on("Bool", "true", key="aws:SecureTransport")),
        (_on("ArnEquals", "arn:aws:ecr:*:1:*"), _on("ArnLike", "arn:aws:ecr:*:1:*")),
    ],
)
def test_conditions_of_equal_effect_cover_each_other(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert covers([one], other)
    assert covers([other], one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_on("StringLike", "a?c"), _on("StringLike", "a*c")),
        (_on("ArnLike", "arn:aws:*"), _on("ArnLike", "arn:aws:iam::1:role/x")),
        (_on("StringEquals", "a"), _on("ForAllValues:StringEquals", "a")),
        (_on("StringEquals", "a"), _on("StringEquals", "a", key="aws:SourceAccount")),
        (_on("StringEquals", "a*"), _on("StringLike", "a*")),
        (statement(NotAction="ecr:PutImage"), statement(action="ecr:Put?mage")),
        (statement(NotAction="ecr:Put*"), statement(action="ecr:*Image")),
    ],
)
def test_a_statement_that_a_request_can_miss_covers_nothing(one: dict[str, Any], other: dict[str, Any]) -> None:
    one = {name: value for name, value in one.items() if f"Not{name}" not in one}

    assert not covers([one], other)


def test_a_new_denial_of_allowed_actions_is_reported() -> None:
    denial = statement("*", "ecr:BatchGetImage", Effect="Deny")

    assert found(policy(statement()), policy(statement(), denial)) == ["removed-access"]
    assert found(policy(statement()), policy(statement(), {**denial, "Action": "ecr:DeleteRepository"})) == []
    assert found(policy(statement()), policy()) == ["removed-access"]
