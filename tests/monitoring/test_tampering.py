"""`Tampering`: the roles that are excepted, and the calls of AWS CloudFormation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import InvalidAlert, Tampering
from tests.templates import resources

ROLE = "arn:aws:iam::111122223333:role/ci/pipeline"


@pytest.fixture
def here(stack_in: Callable[[str], cdk.Stack]) -> cdk.Stack:
    return stack_in("us-east-1")


def callers(stack: cdk.Stack) -> list[Any]:
    rules = resources(stack, "AWS::Events::Rule").values()
    return [rule["Properties"]["EventPattern"]["detail"].get("userIdentity") for rule in rules]


def pattern(excluded: Any) -> Any:
    arn = [{"exists": False}, {"anything-but": excluded}]
    return {"sessionContext": {"sessionIssuer": {"arn": arn}}}


def test_roles_are_given_as_constructs_or_arns(here: cdk.Stack) -> None:
    role = iam.Role(here, "Role", assumed_by=iam.AccountRootPrincipal())
    imported = iam.Role.from_role_arn(here, "Imported", ROLE)
    Tampering(here, "It", except_roles=[role, imported, "arn:aws:iam::111122223333:role/other"])

    reference = {"Fn::GetAtt": [here.get_logical_id(role.node.default_child), "Arn"]}  # type: ignore[arg-type]
    assert callers(here) == [pattern([reference, ROLE, "arn:aws:iam::111122223333:role/other"])] * 2


def test_roles_with_a_wildcard_are_one_matcher(here: cdk.Stack) -> None:
    Tampering(here, "It", except_roles=[ROLE, "*:role/cdk-*"])

    assert callers(here) == [pattern({"wildcard": [ROLE, "*:role/cdk-*"]})] * 2


def test_without_excepted_roles_every_caller_is_matched(here: cdk.Stack) -> None:
    Tampering(here, "It")

    assert callers(here) == [None, None]


def test_calls_of_cloudformation_are_left_out_on_request(here: cdk.Stack) -> None:
    assert [rule.node.id for rule in Tampering(here, "Both").rules] == ["DirectCall", "CloudFormationCall"]
    assert [rule.node.id for rule in Tampering(here, "It", cloudformation=False).rules] == ["DirectCall"]


@pytest.mark.parametrize(
    "arn",
    [
        "pipeline",
        "arn:aws:iam::111122223333:user/me",
        "arn:aws:sts::111122223333:assumed-role/pipeline/session",
        "arn:aws:iam::111122223333:role/",
        "",
    ],
)
def test_an_arn_that_is_not_of_a_role_is_rejected(arn: str, here: cdk.Stack) -> None:
    with pytest.raises(InvalidAlert) as refused:
        Tampering(here, "It", except_roles=[arn])

    assert refused.value.problems == (
        f"except_roles: {arn!r} is not the ARN of a role; write one such as 'arn:aws:iam::111122223333:role/pipeline'",
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"except_roles": ROLE}, "except_roles must be a list such as"),
        ({"except_roles": None}, "except_roles must be a list such as"),
        ({"except_roles": [7]}, r"except_roles\[0\] must be an iam.Role or its ARN, got 7"),
        ({"except_roles": [iam.Role]}, r"except_roles\[0\] must be an iam.Role or its ARN"),
        ({"cloudformation": "no"}, "cloudformation must be True or False such as False, got 'no'"),
    ],
)
def test_an_argument_of_the_wrong_kind_is_a_type_error(
    arguments: dict[str, Any], expected: str, here: cdk.Stack
) -> None:
    with pytest.raises(TypeError, match=expected):
        Tampering(here, "It", **arguments)
