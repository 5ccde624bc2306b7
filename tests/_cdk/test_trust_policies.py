"""Trust policies: whether they allow ECR to assume a role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ecr_constructs._cdk.trust_policies import (
    TEMPLATE_SERVICE,
    foreign_sources,
    trust_condition_problems,
    trust_problems,
)
from tests.templates import ACCOUNT, OTHER_ACCOUNT

ECR = {"Service": "ecr.amazonaws.com"}
EC2 = {"Service": "ec2.amazonaws.com"}
TOKEN = {"Ref": "Parameter"}


def allow(principal: object = ECR, action: object = "sts:AssumeRole", **others: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, **others}


def deny(principal: object = "*", action: object = "sts:AssumeRole", **others: Any) -> dict[str, Any]:
    return {**allow(principal, action, **others), "Effect": "Deny"}


def choice(first: object, second: object) -> dict[str, Any]:
    return {"Fn::If": ["IsProd", first, second]}


def without(part: str, statement: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    return {key: value for key, value in statement.items() if key != part} | others


def problems(*statements: object) -> Sequence[str]:
    return list(trust_problems({"Version": "2012-10-17", "Statement": list(statements)}, TEMPLATE_SERVICE))


TRUSTING: Mapping[str, Sequence[object]] = {
    "the documented policy": [allow()],
    "several services": [allow({"Service": ["ec2.amazonaws.com", "ecr.amazonaws.com"]})],
    "several principals": [allow({"AWS": "arn:aws:iam::111122223333:root", **ECR})],
    "several statements": [allow(EC2), allow()],
    "several actions": [allow(action=["sts:TagSession", "sts:AssumeRole"])],
    "every action of STS": [allow(action="sts:*")],
    "every action": [allow(action="*")],
    "a pattern of actions": [allow(action="STS:Assume*")],
    "all actions but others": [without("Action", allow(), NotAction="sts:TagSession")],
    "everyone": [allow("*")],
    "everyone as an AWS principal": [allow({"AWS": "*"})],
    "every service": [allow({"Service": "*"})],
    "everyone but others": [without("Principal", allow(), NotPrincipal=EC2)],
    "a source account": [allow(Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}})],
    "an external ID if there is one": [allow(Condition={"StringEqualsIfExists": {"sts:ExternalId": "x"}})],
    "another external ID": [allow(Condition={"StringNotEquals": {"sts:ExternalId": "x"}})],
    "an external ID for others": [allow(Condition={"StringEquals": {"sts:ExternalId": "x"}}), allow()],
    "a Deny for another service": [allow(), deny(EC2)],
    "a Deny for another action": [allow(), deny(action="sts:TagSession")],
    "a Deny with a condition": [allow(), deny(Condition={"StringNotEquals": {"aws:SourceAccount": ACCOUNT}})],
    "a Deny for everyone but ECR": [allow(), without("Principal", deny(), NotPrincipal=ECR)],
    "a Deny for all actions but this": [allow(), without("Action", deny(), NotAction="sts:AssumeRole")],
    "a service that is a token": [allow({"Service": TOKEN})],
    "services of which one is a token": [allow({"Service": ["ec2.amazonaws.com", TOKEN]})],
    "a principal that is a token": [allow(TOKEN)],
    "an action that is a token": [allow(action=TOKEN)],
    "an action of which one branch is right": [allow(action=choice("sts:TagSession", "sts:AssumeRole"))],
    "a principal of which one branch is right": [allow(choice(EC2, ECR))],
    "a service of which one branch is right": [allow({"Service": choice("ec2.amazonaws.com", "ecr.amazonaws.com")})],
    "a service that is joined": [allow({"Service": {"Fn::Join": [".", ["ecr", "amazonaws.com"]]}})],
    "a Deny in one branch": [allow(), deny({"Service": choice("ec2.amazonaws.com", "ecr.amazonaws.com")})],
    "a Deny for an action in one branch": [allow(), deny(action=choice("sts:TagSession", "sts:AssumeRole"))],
    "a Deny for a token": [allow(), deny({"Service": TOKEN})],
    "a Deny for an action that is a token": [allow(), deny(action=TOKEN)],
}


def test_a_trust_policy_that_lets_ecr_assume_the_role_has_no_problem() -> None:
    for name in TRUSTING:
        assert problems(*TRUSTING[name]) == []


DISTRUSTING: Mapping[str, tuple[Sequence[object], str]] = {
    "another service": ([allow(EC2)], "allows sts:AssumeRole to ec2.amazonaws.com and not to ecr.amazonaws.com"),
    "the service of caches": ([allow({"Service": "pullthroughcache.ecr.amazonaws.com"})], "to pullthroughcache.ecr."),
    "the service spelled for China": ([allow({"Service": "ecr.amazonaws.com.cn"})], "to ecr.amazonaws.com.cn and"),
    "the service spelled for a Region": ([allow({"Service": "ecr.eu-west-1.amazonaws.com"})], "to ecr.eu-west-1.am"),
    "an account": ([allow({"AWS": "arn:aws:iam::111122223333:root"})], "to arn:aws:iam::111122223333:root and not"),
    "an identity provider": ([allow({"Federated": "arn:x"}, "sts:AssumeRoleWithWebIdentity")], "to no principal and"),
    "an account that is a token": ([allow({"AWS": TOKEN})], "to a principal of the deployment and not"),
    "another action": ([allow(action="sts:TagSession")], "allows sts:AssumeRole to no principal and"),
    "all actions but this": ([without("Action", allow(), NotAction="sts:*")], "to no principal and"),
    "everyone but ECR": (
        [without("Principal", allow(), NotPrincipal=ECR)],
        "allows sts:AssumeRole to no principal and",
    ),
    "other services in all branches": (
        [allow({"Service": choice("ec2.amazonaws.com", "ecs.amazonaws.com")})],
        "allows sts:AssumeRole to ec2.amazonaws.com, ecs.amazonaws.com and not to ecr.amazonaws.com",
    ),
    "other actions in all branches": (
        [allow(action=choice("sts:TagSession", "sts:GetCallerIdentity"))],
        "no principal",
    ),
    "a Deny for a service that is joined": (
        [allow(), deny({"Service": {"Fn::Join": [".", ["ecr", "amazonaws.com"]]}})],
        "denies sts:AssumeRole",
    ),
    "no statement": ([], "allows sts:AssumeRole to no principal and not to ecr.amazonaws.com"),
    "a Deny for the service only": ([deny(ECR)], "denies sts:AssumeRole to ecr.amazonaws.com"),
    "an external ID": ([allow(Condition={"StringEquals": {"sts:ExternalId": "x"}})], "requires an external ID, and"),
    "an external ID in capitals": ([allow(Condition={"stringlike": {"STS:externalID": ["x"]}})], "external ID"),
    "any external ID": ([allow(Condition={"ForAnyValue:StringEquals": {"sts:ExternalId": ["x"]}})], "external ID"),
    "a Deny": ([allow(), deny(ECR)], "denies sts:AssumeRole to ecr.amazonaws.com; remove the Deny statement"),
    "a Deny for everyone": ([allow(), deny()], "denies sts:AssumeRole"),
    "a Deny for everyone but another": ([allow(), without("Principal", deny(), NotPrincipal=EC2)], "denies sts:Ass"),
    "a Deny for all actions but another": ([allow(), without("Action", deny(), NotAction="sts:TagSession")], "denies"),
    "a Deny for the service and a token": ([allow(), deny({"Service": [TOKEN, *ECR.values()]})], "denies sts:Ass"),
    "a Deny for every action": ([allow(), deny(action="*")], "denies sts:AssumeRole"),
}


def test_a_trust_policy_that_keeps_ecr_out_has_a_problem_with_a_fix() -> None:
    for name in DISTRUSTING:
        statements, sentence = DISTRUSTING[name]
        problem = problems(*statements)[-1]

        assert sentence in problem
        assert "create it with assumed_by=iam.ServicePrincipal('ecr.amazonaws.com')" in problem


def test_a_trust_policy_that_is_known_only_at_deployment_is_not_judged() -> None:
    cases: list[object] = [TOKEN, None, "text", {}, {"Statement": TOKEN}, {"Statement": [TOKEN]}]
    for document in cases:
        assert list(trust_problems(document, TEMPLATE_SERVICE)) == []
        assert not foreign_sources(document, TEMPLATE_SERVICE, ACCOUNT)


ARN = "arn:aws:ecr:eu-west-1:{}:*"


def test_sources_of_another_account_are_found() -> None:
    cases: list[tuple[object, list[str]]] = [
        ({"StringEquals": {"aws:SourceAccount": OTHER_ACCOUNT}}, [OTHER_ACCOUNT]),
        ({"StringEquals": {"AWS:sourceaccount": [OTHER_ACCOUNT]}}, [OTHER_ACCOUNT]),
        ({"ArnLike": {"aws:SourceArn": ARN.format(OTHER_ACCOUNT)}}, [ARN.format(OTHER_ACCOUNT)]),
        ({"StringLike": {"aws:SourceArn": ARN.format("4444*")}}, [ARN.format("4444*")]),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, []),
        ({"StringEquals": {"aws:SourceAccount": [OTHER_ACCOUNT, ACCOUNT]}}, []),
        ({"ArnLike": {"aws:SourceArn": ARN.format(ACCOUNT)}}, []),
        ({"ArnLike": {"aws:SourceArn": ARN.format("*")}}, []),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:ecr:*"}}, []),
        ({"StringEquals": {"aws:SourceAccount": TOKEN}}, []),
        ({"StringEquals": {"aws:SourceAccount": choice(OTHER_ACCOUNT, ACCOUNT)}}, []),
        (
            {"StringEquals": {"aws:SourceAccount": choice(OTHER_ACCOUNT, "555566667777")}},
            [OTHER_ACCOUNT, "555566667777"],
        ),
        ({"StringNotEquals": {"aws:SourceAccount": OTHER_ACCOUNT}}, []),
        ({"StringEqualsIfExists": {"aws:SourceAccount": OTHER_ACCOUNT}}, []),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-abc1234567"}}, []),
        (None, []),
    ]
    for condition, foreign in cases:
        document = {"Statement": [allow(Condition=condition)]}

        assert list(foreign_sources(document, TEMPLATE_SERVICE, ACCOUNT)) == foreign


def test_a_second_statement_without_a_foreign_source_suffices() -> None:
    foreign = allow(Condition={"StringEquals": {"aws:SourceAccount": OTHER_ACCOUNT}})

    assert foreign_sources({"Statement": [foreign, allow(EC2)]}, TEMPLATE_SERVICE, ACCOUNT) == [OTHER_ACCOUNT]
    assert foreign_sources({"Statement": [foreign, allow()]}, TEMPLATE_SERVICE, ACCOUNT) == ()


def test_conditions_of_iam_have_no_problem() -> None:
    cases: list[object] = [
        {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        {"ArnLike": {"aws:SourceArn": [ARN.format(ACCOUNT)]}, "Bool": {"aws:SecureTransport": True}},
        {"ForAllValues:StringLikeIfExists": {"aws:PrincipalServiceNamesList": ("ecr*",)}},
        {"Null": {"aws:SourceAccount": "false"}},
        {"DateGreaterThanEquals": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}, "NotIpAddress": {"aws:SourceIp": "::"}},
        {"NumericLessThan": {"aws:MultiFactorAuthAge": 3}, "NumericNotEquals": {"aws:MultiFactorAuthAge": 4}},
    ]
    for conditions in cases:
        assert list(trust_condition_problems(conditions, TEMPLATE_SERVICE)) == []


def test_conditions_that_iam_or_ecr_cannot_use_are_rejected() -> None:
    cases: list[tuple[object, str]] = [
        ({}, "trust_conditions is empty; remove it"),
        ({"Equals": {"aws:SourceAccount": ACCOUNT}}, "'Equals' is not a condition operator of IAM; use one such as"),
        ({"NullIfExists": {"aws:SourceAccount": "true"}}, "'NullIfExists' is not a condition operator"),
        ({"StringEquals": {}}, "'StringEquals' has no condition key; add one such as 'aws:SourceAccount'"),
        ({"StringEquals": {"SourceAccount": ACCOUNT}}, "'SourceAccount' is not a condition key; use one such as"),
        ({"StringEquals": {"aws:SourceAccount": []}}, "'aws:SourceAccount' has no value; add one such as"),
        ({"StringEquals": {"aws:SourceAccount": ""}}, "'aws:SourceAccount' has no value"),
        ({"StringEquals": {"sts:ExternalId": "x"}}, "requires an external ID, and ecr.amazonaws.com sends none"),
    ]
    for conditions, sentence in cases:
        (problem,) = trust_condition_problems(conditions, TEMPLATE_SERVICE)

        assert sentence in problem


def test_conditions_of_the_wrong_kind_are_a_type_error() -> None:
    cases: list[object] = [
        "StringEquals",
        ["StringEquals"],
        {"StringEquals": "aws:SourceAccount"},
        {"StringEquals": None},
        {1: {}},
        {"StringEquals": {1: ACCOUNT}},
        {"StringEquals": {"aws:SourceAccount": None}},
        {"StringEquals": {"aws:SourceAccount": [None]}},
        {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
        {"NumericEquals": {"aws:SourceAccount": float("nan")}},
    ]
    for conditions in cases:
        with pytest.raises(TypeError, match="trust_conditions must be a mapping such as"):
            list(trust_condition_problems(conditions, TEMPLATE_SERVICE))
