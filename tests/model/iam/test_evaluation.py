"""The evaluation of statements for a request, compared with a second reading of IAM's conditions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.iam.evaluation import Requester, evaluate_access
from tests.model.iam.evaluator import meets

ACCOUNT = "444455556666"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci"
ROLE_OF_STACK = {"Fn::GetAtt": ["Role", "Arn"]}
PULL = "ecr:BatchGetImage"
UNKNOWN: dict[str, Any] = {"Ref": "Parameter"}


def statement(principal: Any = None, action: Any = PULL, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Principal": principal or {"AWS": ROOT}, "Action": action, **more}


def account(name: object = ACCOUNT, **context: str) -> Requester:
    return Requester(kind="AWS", name=name, account=ACCOUNT, context=context)


def outcome(requester: Requester, *statements: dict[str, Any]) -> str:
    return evaluate_access(statements, requester, PULL).outcome


@pytest.mark.parametrize(
    ("principal", "requester", "expected"),
    [
        ({"AWS": ROOT}, account(), "allowed"),
        ({"AWS": ACCOUNT}, account(), "allowed"),
        ("*", account(), "allowed"),
        ({"AWS": "*"}, account(), "allowed"),
        ({"AWS": ["arn:aws:iam::777788889999:root", ROOT]}, account(), "allowed"),
        ({"AWS": {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::{ACCOUNT}:root"}}, account(), "allowed"),
        ({"AWS": "arn:aws:iam::777788889999:root"}, account(), "not allowed"),
        # The policy allows one role, and not the whole account.
        ({"AWS": ROLE}, account(), "not allowed"),
        ({"AWS": ROLE}, account(ROLE), "allowed"),
        ({"AWS": ROOT}, account(ROLE), "allowed"),
        ({"AWS": {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::{ACCOUNT}:role/ci"}}, account(ROLE), "allowed"),
        ({"AWS": f"arn:aws-cn:iam::{ACCOUNT}:role/ci"}, account(ROLE), "not allowed"),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}, account(ROLE), "not allowed"),
        ({"AWS": UNKNOWN}, account(), "not decidable"),
        ({"AWS": ROLE_OF_STACK}, account(ROLE_OF_STACK), "allowed"),
        ({"AWS": ROLE_OF_STACK}, account({"Fn::GetAtt": ["Other", "Arn"]}), "not allowed"),
        ({"AWS": ROLE_OF_STACK}, account(), "not allowed"),
        ({"AWS": ROLE_OF_STACK}, account(ROLE), "not decidable"),
        ({"Service": "lambda.amazonaws.com"}, account(), "not allowed"),
        ({"Service": "lambda.amazonaws.com"}, Requester(kind="Service", name="lambda.amazonaws.com"), "allowed"),
        ("*", Requester(kind="Service", name="lambda.amazonaws.com"), "not decidable"),
        ({"AWS": ROOT}, Requester(kind="AWS", name=""), "not allowed"),
    ],
)
def test_a_statement_allows_its_principals(principal: Any, requester: Requester, expected: str) -> None:
    assert outcome(requester, statement(principal)) == expected


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"Action": "ecr:*"}, "allowed"),
        ({"Action": ["ecr:PutImage", "ECR:batchget*"]}, "allowed"),
        ({"Action": "ecr:PutImage"}, "not allowed"),
        ({"Action": UNKNOWN}, "not decidable"),
        ({"NotAction": "ecr:PutImage"}, "allowed"),
        ({"NotAction": "ecr:Batch*"}, "not allowed"),
        ({"NotPrincipal": {"AWS": "arn:aws:iam::777788889999:root"}}, "allowed"),
        ({"NotPrincipal": {"AWS": ROOT}}, "not allowed"),
        ({"Effect": "Deny"}, "denied"),
    ],
)
def test_negated_elements_and_wildcards_are_evaluated(elements: dict[str, Any], expected: str) -> None:
    one = statement() | elements
    for name in elements:
        if name.startswith("Not"):
            del one[name.removeprefix("Not")]
    allowing = [statement()] if "Effect" in elements else []

    assert outcome(account(), one, *allowing) == expected


def test_a_denial_is_stronger_than_an_allowance_in_any_order() -> None:
    denial = statement("*", "ecr:*", "Deny")

    assert outcome(account(), denial, statement()) == outcome(account(), statement(), denial) == "denied"
    unsure = statement("*", "ecr:*", "Deny", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}})
    assert outcome(account(), unsure, statement()) == "not decidable"
    assert outcome(account(), unsure) == "not allowed"


def test_a_value_of_the_request_or_of_cloudformation_is_not_decidable() -> None:
    for condition, name in (
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, "aws:PrincipalOrgID (StringEquals)"),
        ({"StringEquals": UNKNOWN}, "its condition StringEquals"),
        ({"Null": {"aws:SourceArn": "true"}}, "aws:SourceArn (Null)"),
        ({"Ref": "Parameter"}, "its Condition"),
    ):
        verdict = evaluate_access([statement(Condition=condition)], account(), PULL)
        assert verdict.outcome == "not decidable"
        assert verdict.reason == f"a statement allows {PULL} depending on {name}"


OPERATORS = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "ArnLike", "ArnNotLike", "ArnEquals")
VALUES = ("arn:aws:iam::1:role/a", "arn:aws:iam::1:role/*", "arn:aws:iam::*:role/a", "*", "o-1", "o-?")
CONDITIONS = st.dictionaries(
    st.sampled_from(OPERATORS),
    st.dictionaries(
        st.sampled_from(("aws:PrincipalArn", "aws:PrincipalOrgID")),
        st.lists(st.sampled_from(VALUES), min_size=1, max_size=2),
        min_size=1,
    ),
    min_size=1,
    max_size=2,
)


@given(CONDITIONS, st.sampled_from(VALUES[:1] + VALUES[4:5]), st.sampled_from(VALUES[4:5]))
def test_conditions_are_met_as_in_a_second_reading(condition: dict[str, Any], arn: str, organization: str) -> None:
    request = {"aws:PrincipalArn": arn, "aws:PrincipalOrgID": organization}
    requester = Requester(kind="AWS", name=ACCOUNT, account=ACCOUNT, context={k.lower(): v for k, v in request.items()})
    expected = "allowed" if meets(condition, request) else "not allowed"

    assert outcome(requester, statement(Condition=condition)) == expected


@pytest.mark.parametrize(("address", "expected"), [("10.1.2.3", "allowed"), ("11.1.2.3", "not allowed")])
def test_address_ranges_are_evaluated(address: str, expected: str) -> None:
    one = statement(Condition={"IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}})
    requester = Requester(kind="AWS", name=ACCOUNT, account=ACCOUNT, context={"aws:sourceip": address})

    assert outcome(requester, one) == expected
