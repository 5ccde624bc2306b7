"""Policy statements of settings: the same value in every construct that has repositories."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Annotations, Match

from ecr_constructs import (
    CACHED,
    CREATED,
    HARDENED,
    Access,
    CreationTemplate,
    HardenedRepository,
    InvalidRegistry,
    InvalidRepository,
    PullThroughCache,
    ReplicaRegistry,
    RepositorySettings,
    Upstream,
)
from tests.templates import new_app, new_stack, properties, resources, statements, text_of

ORGANIZATION = "o-abc1234567"
DENIAL = {
    "Action": "ecr:*",
    "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION}},
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
}
PULL = Access.account_pull("444455556666")


def denial(**options: Any) -> iam.PolicyStatement:
    return iam.PolicyStatement.from_json({**DENIAL, **options})


def template_statements(stack: cdk.Stack) -> list[Any]:
    """Return the statements of the repository policies of all templates of a stack."""
    found = resources(stack, "AWS::ECR::RepositoryCreationTemplate").values()
    policies = [each["Properties"]["RepositoryPolicy"] for each in found]
    return [one for policy in policies for one in json.loads(text_of(policy))["Statement"]]


def repository(stack: cdk.Stack, settings: RepositorySettings, **options: Any) -> Callable[[], list[Any]]:
    made = HardenedRepository(stack, "It", settings=settings, **options)
    return lambda: statements(made)


def template(stack: cdk.Stack, settings: RepositorySettings, **options: Any) -> Callable[[], list[Any]]:
    CreationTemplate(stack, "It", prefix="a", applied_for=["CREATE_ON_PUSH"], settings=settings, **options)
    return lambda: template_statements(stack)


def cache(stack: cdk.Stack, settings: RepositorySettings, **options: Any) -> Callable[[], list[Any]]:
    PullThroughCache(stack, "It", upstream=Upstream.quay(), settings=settings, **options)
    return lambda: template_statements(stack)


def replica(stack: cdk.Stack, settings: RepositorySettings, **options: Any) -> Callable[[], list[Any]]:
    ReplicaRegistry(stack, "It", source_region="us-east-1", settings=settings, **options)
    return lambda: template_statements(stack)


MAKE: Mapping[str, Callable[..., Callable[[], list[Any]]]] = {
    "repository": repository,
    "template": template,
    "cache": cache,
    "replica": replica,
}
each_construct = pytest.mark.parametrize("name", MAKE)


@pytest.fixture
def here(stack_in: Callable[[str], cdk.Stack]) -> cdk.Stack:
    return stack_in("eu-west-1")


@each_construct
def test_the_statements_of_settings_are_in_the_policy_of_the_repositories(here: cdk.Stack, name: str) -> None:
    written = MAKE[name](here, CACHED.but(access=[PULL], policy_statements=[denial()]))

    pull, deny = written()
    assert (pull["Effect"], deny) == ("Allow", DENIAL)


@each_construct
def test_arguments_add_to_the_statements_of_settings(here: cdk.Stack, name: str) -> None:
    shared = CACHED.but(policy_statements=[denial(Sid="Organization")])
    written = MAKE[name](here, shared, access=[PULL], policy_statements=[denial(Sid="Team")])()

    assert [each.get("Sid") for each in written] == [None, "Organization", "Team"]


@each_construct
def test_a_sid_of_the_settings_cannot_be_used_again(here: cdk.Stack, name: str) -> None:
    shared = CACHED.but(policy_statements=[denial(Sid="Organization")])

    with pytest.raises((InvalidRegistry, InvalidRepository), match="Sid 'Organization' is that of another statement"):
        MAKE[name](here, shared, policy_statements=[denial(Sid="Organization", Action="ecr:PutImage")])
    assert here.node.children == []


def test_different_statements_of_settings_have_different_sids_also_with_tokens() -> None:
    principals = [iam.AccountPrincipal(account) for account in ("444455556666", "777788889999")]
    same_sid = [iam.PolicyStatement(sid="Pull", principals=[each], actions=["ecr:PutImage"]) for each in principals]

    with pytest.raises(InvalidRepository, match="policy_statements: Sid 'Pull' is that of another statement"):
        HARDENED.but(policy_statements=same_sid[:1]).but(policy_statements=same_sid[1:])


def test_the_account_of_a_principal_is_checked() -> None:
    malformed = iam.PolicyStatement(principals=[iam.AccountPrincipal("4444")], actions=["ecr:BatchGetImage"])

    with pytest.raises(InvalidRepository, match="policy_statements: principal '4444' has 4 digits"):
        HARDENED.but(policy_statements=[malformed])


@each_construct
def test_a_policy_above_the_length_is_rejected_with_the_statements_of_settings(here: cdk.Stack, name: str) -> None:
    long = denial(Condition={"StringNotEquals": {"aws:SourceVpce": [f"vpce-{n:017x}" for n in range(420)]}})

    with pytest.raises((InvalidRegistry, InvalidRepository), match=r"has \d+ characters; ECR allows 10240"):
        MAKE[name](here, CACHED.but(policy_statements=[long]))


@each_construct
def test_a_principal_of_another_partition_is_rejected_in_the_region_of_the_repositories(name: str) -> None:
    china = new_stack(new_app(), "China", region="cn-north-1")
    of_aws = iam.PolicyStatement(
        principals=[iam.ArnPrincipal("arn:aws:iam::444455556666:root")], actions=["ecr:BatchGetImage"]
    )
    settings = CACHED.but(policy_statements=[of_aws])

    with pytest.raises((InvalidRegistry, InvalidRepository), match="partition"):
        MAKE[name](china, settings)


@pytest.mark.parametrize("name", ["repository", "template"])
def test_a_service_without_a_source_condition_is_an_info(here: cdk.Stack, name: str) -> None:
    service = iam.PolicyStatement.from_json(
        {"Effect": "Allow", "Principal": {"Service": "codebuild.amazonaws.com"}, "Action": "ecr:BatchGetImage"}
    )
    MAKE[name](here, CREATED.but(policy_statements=[service]))

    sentence = Match.string_like_regexp(r"codebuild\.amazonaws\.com on behalf of any account")
    Annotations.from_stack(here).has_info(f"/{here.node.path}/It", sentence)


def test_one_value_is_used_in_several_apps() -> None:
    settings = CREATED.but(policy_statements=[denial()])
    written = [repository(new_stack(new_app(), "Containers"), settings)() for _ in range(2)]

    assert written == [[DENIAL], [DENIAL]]


def test_statements_that_are_added_later_are_beside_those_of_settings(stack: cdk.Stack) -> None:
    made = HardenedRepository(stack, "Api", settings=HARDENED.but(policy_statements=[denial()]))
    made.grant_pull(iam.AccountPrincipal("444455556666"))

    assert [each["Effect"] for each in statements(made)] == ["Deny", "Allow"]


def test_a_token_in_a_statement_of_settings_is_resolved(stack: cdk.Stack) -> None:
    organization = cdk.CfnParameter(stack, "Organization").value_as_string
    condition = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": organization}}
    settings = CREATED.but(policy_statements=[denial(Condition=condition)])
    made = HardenedRepository(stack, "Api", settings=settings)
    CreationTemplate(stack, "It", prefix="a", applied_for=["CREATE_ON_PUSH"], settings=settings)

    condition = properties(made)["RepositoryPolicyText"]["Statement"][0]["Condition"]
    assert condition["StringNotEqualsIfExists"] == {"aws:PrincipalOrgID": {"Ref": "Organization"}}
    assert template_statements(stack)[0]["Condition"] == {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "<Organization>"}
    }


def test_settings_with_statements_are_shown_as_they_are_written() -> None:
    settings = HARDENED.but(policy_statements=[denial()])

    assert repr(settings).startswith(
        "HARDENED.but(policy_statements=(iam.PolicyStatement.from_json({'Action': 'ecr:*',"
    )
