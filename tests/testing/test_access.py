"""The assertions about the principals that may pull and push."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import Access, HardenedRepository
from ecr_constructs.testing import (
    assert_can_pull,
    assert_can_push,
    assert_cannot_pull,
    assert_cannot_push,
    assert_only_can_pull,
    assert_only_can_push,
)
from tests.testing.apps import OTHER, OWN, message_of, repository, template

ORGANIZATION = "o-abc1234567"
ROLE = "arn:aws:iam::888899990000:role/ci"
FUNCTION = {"aws:SourceArn": f"arn:aws:lambda:eu-west-1:{OTHER}:function:web"}


@pytest.fixture(scope="module")
def stack() -> cdk.Stack:
    stack = cdk.Stack(cdk.App(), "Containers", env=cdk.Environment(account=OWN, region="eu-west-1"))
    access = [Access.account_pull(OTHER), Access.account_push(OTHER), Access.role_push(ROLE)]
    api = HardenedRepository(stack, "Api", repository_name="prod/api", access=access)
    HardenedRepository(stack, "Web", repository_name="prod/web", access=[Access.organization_pull(ORGANIZATION)])
    HardenedRepository(stack, "Jobs", repository_name="test/jobs", access=[Access.lambda_pull(OTHER)])
    HardenedRepository(stack, "Tools", repository_name="test/tools")
    denied = HardenedRepository(stack, "Denied", repository_name="denied")
    everyone = [iam.AnyPrincipal()]
    denied.add_to_resource_policy(
        iam.PolicyStatement(effect=iam.Effect.DENY, principals=everyone, actions=["ecr:BatchGetImage"])
    )
    api.grant_push(iam.Role(stack, "Builder", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com")))
    return stack


def test_the_principals_of_a_stack_can_do_what_its_constructs_allow(stack: cdk.Stack) -> None:
    assert_can_pull(stack, OTHER, repositories="prod/api")
    assert_can_push(stack, OTHER, ROLE, "Containers/Builder", repositories="prod/api")
    assert_can_pull(stack, ORGANIZATION, repositories=["prod/web"])
    assert_can_pull(stack, OTHER, repositories="test/jobs")
    assert_can_pull(stack, "lambda.amazonaws.com", repositories="test/jobs", context=FUNCTION)


def test_other_principals_cannot(stack: cdk.Stack) -> None:
    assert_cannot_pull(stack, "777788889999", ORGANIZATION, "arn:aws:iam::222233334444:role/x", repositories="test/*")
    assert_cannot_push(stack, ORGANIZATION, repositories="prod/web")
    assert_cannot_push(stack, "arn:aws:iam::888899990000:role/other", OTHER, repositories=["prod/web", "test/*"])
    assert_cannot_push(stack, "Containers/Builder", repositories="prod/web")


def test_every_principal_and_repository_is_listed_with_the_fix(stack: cdk.Stack) -> None:
    assert message_of(
        lambda: assert_can_pull(stack, "777788889999", ROLE, repositories=["test/tools", "test/jobs"])
    ) == [
        "4 of 4 principals cannot pull:",
        "  777788889999 on test/jobs: no statement allows ecr:BatchGetImage; add Access.account_pull('777788889999')",
        f"  {ROLE} on test/jobs: no statement allows ecr:BatchGetImage; add Access.role_pull('{ROLE}')",
        "  777788889999 on test/tools: no statement allows ecr:BatchGetImage; add Access.account_pull('777788889999')",
        f"  {ROLE} on test/tools: no statement allows ecr:BatchGetImage; add Access.role_pull('{ROLE}')",
    ]


def test_an_action_that_is_not_allowed_decides_also_if_another_one_is_not_decidable(stack: cdk.Stack) -> None:
    # The pull of the organization allows one of the actions of a push, depending on the organization of the principal.
    [first, line] = message_of(lambda: assert_can_push(stack, "777788889999", repositories="prod/web"))

    assert first == "1 of 1 principals cannot push:"
    assert "no statement allows ecr:CompleteLayerUpload; add Access.account_push('777788889999')" in line


def test_a_principal_that_can_fails_the_opposite_assertion(stack: cdk.Stack) -> None:
    for assertion, repositories in ((assert_cannot_pull, "prod/api"), (assert_cannot_push, "prod/api")):
        [first, line] = message_of(lambda a=assertion, r=repositories: a(stack, OTHER, repositories=r))  # type: ignore[misc]
        assert first.startswith("1 of 1 principals can pu")
        assert "remove the principal from the statement, or the grant" in line


@pytest.mark.parametrize(
    ("principal", "repositories", "reason"),
    [
        # A request of a service has a source, which is not given here.
        ("lambda.amazonaws.com", "test/jobs", "aws:SourceArn"),
        ("777788889999", "prod/web", "aws:PrincipalOrgID"),
        # The push of this account is allowed for one role.
        ("888899990000", "prod/api", "aws:PrincipalArn"),
    ],
)
def test_a_value_of_the_request_is_not_decidable(
    stack: cdk.Stack, principal: str, repositories: str, reason: str
) -> None:
    positive, negative = (
        (assert_can_push, assert_cannot_push) if repositories == "prod/api" else (assert_can_pull, assert_cannot_pull)
    )
    for assertion in (positive, negative):
        lines = message_of(lambda a=assertion: a(stack, principal, repositories=repositories))  # type: ignore[misc]
        assert "not decidable" in lines[0]
        assert reason in lines[1]
        assert "context=" in lines[1]


def test_the_same_account_can_pull_with_an_identity_policy_unless_a_statement_denies_it(stack: cdk.Stack) -> None:
    [_, line] = message_of(lambda: assert_cannot_pull(stack, OWN, repositories="test/tools"))
    assert "not decidable: an identity policy of the account of the repository can allow it" in line
    assert_cannot_pull(stack, OWN, OTHER, repositories="denied")


def test_the_whole_list_of_principals_is_compared(stack: cdk.Stack) -> None:
    assert_only_can_pull(stack, ORGANIZATION, repositories="prod/web")
    assert_only_can_push(stack, OTHER, ROLE, "Containers/Builder", repositories="prod/api")
    assert_only_can_push(stack, repositories=["prod/web", "test/*"])

    first, api, web = message_of(lambda: assert_only_can_push(stack, OTHER, "777788889999", repositories="prod/*"))
    added = "777788889999 cannot; add Access.account_push('777788889999')"
    others = f"also {role_of(stack)}, {ROLE} can push; remove their statements or grants, or add them here"
    assert first == "the principals that can push differ for 2 of 2 repositories:"
    assert api == f"  prod/api: {others}; {added}"
    assert web == f"  prod/web: {OTHER}, {added.replace('add', f'add Access.account_push({OTHER!r}); add', 1)}"


def role_of(stack: cdk.Stack) -> str:
    return next(iter(cdk.assertions.Template.from_stack(stack).find_resources("AWS::IAM::Role")))


def allowing(principal: Any, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "ecr:*", **more}
    return template(Api=repository(RepositoryPolicyText={"Statement": statement}))


def test_a_principal_that_cloudformation_computes_is_not_decidable() -> None:
    computed = allowing({"AWS": {"Fn::ImportValue": "Role"}})

    for assertion in (assert_can_pull, assert_cannot_pull, assert_only_can_pull):
        lines = message_of(lambda a=assertion: a(computed, OTHER))  # type: ignore[misc]
        assert "not decidable" in lines[1]
        assert "${Fn::ImportValue}" in lines[1] or "${Role}" in lines[1]


def test_a_policy_that_cloudformation_computes_is_not_decidable() -> None:
    computed = template(Api=repository(RepositoryPolicyText={"Fn::Transform": {}}))

    for assertion in (assert_can_pull, assert_cannot_push, assert_only_can_push):
        [_, line] = message_of(lambda a=assertion: a(computed, OTHER))  # type: ignore[misc]
        assert (
            line == "  not decidable: RepositoryPolicyText is known only at deployment; write the value in the template"
        )


def test_a_policy_for_everyone_allows_everyone() -> None:
    assert_can_push(allowing("*"), OTHER, ORGANIZATION, ROLE)
    [_, line] = message_of(lambda: assert_only_can_pull(allowing("*"), OTHER))
    assert "also * can pull" in line


@pytest.mark.parametrize("principals", [(), ("",), (3,), (None,)])
def test_a_principal_that_is_no_text_is_a_type_error(principals: Any) -> None:
    with pytest.raises(TypeError, match="pass accounts, organizations, ARNs or services"):
        assert_can_pull(allowing("*"), *principals)


def test_a_name_that_identifies_no_principal_is_rejected(stack: cdk.Stack) -> None:
    [line] = message_of(lambda: assert_can_pull(stack, "Bulider"))

    assert line.startswith("Bulider is not an account, organization, ARN, service or role of the templates; the roles")
    assert "Builder" in line


def test_a_statement_that_cloudformation_chooses_is_not_decidable() -> None:
    allowing = {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "ecr:*"}
    chosen = {"Fn::If": ["IsProd", allowing, {"Ref": "AWS::NoValue"}]}

    def template(*operands: object) -> dict[str, object]:
        properties = {"RepositoryName": "prod/api", "RepositoryPolicyText": {"Statement": [chosen]}}
        return {
            "Parameters": {"Stage": {"Type": "String"}},
            "Conditions": {"IsProd": {"Fn::Equals": list(operands)}},
            "Resources": {"Api": {"Type": "AWS::ECR::Repository", "Properties": properties}},
        }

    for assertion in (assert_can_pull, assert_cannot_pull):
        with pytest.raises(AssertionError, match="not decidable"):
            assertion(template({"Ref": "Stage"}, "prod"), "444455556666")
    assert_can_pull(template("prod", "prod"), "444455556666")
    assert_cannot_pull(template("dev", "prod"), "444455556666")


@pytest.mark.parametrize("assertion", [assert_can_pull, assert_cannot_pull])
def test_an_account_id_with_too_few_digits_fails_every_assertion(assertion: Callable[..., None]) -> None:
    template = {"Resources": {"Api": {"Type": "AWS::ECR::Repository"}}}

    with pytest.raises(AssertionError, match="5 digits"):
        assertion(template, "12345")
