"""The role of a publisher: the token that it trusts, and the permissions that it has."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk.assertions import Template

from ecr_constructs import HardenedRepository, InvalidRepository, Namespace, PipelineIdentity, Publisher
from ecr_constructs.model.iam.permissions import PUSH

MAIN = PipelineIdentity.github("octo-org/api", branch="main")
PROFILE = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/images"

LOGIN = (
    "aws ecr get-login-password --region eu-west-1 | docker login --username AWS --password-stdin 111122223333.dkr.ecr"
)


@pytest.fixture
def stack(app: cdk.App) -> cdk.Stack:
    return cdk.Stack(app, "Containers", env=cdk.Environment(account="111122223333", region="eu-west-1"))


def statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    """Return the statements of all policies of roles."""
    policies = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    return [each for policy in policies for each in policy["Properties"]["PolicyDocument"]["Statement"]]


def test_the_trust_policy_requires_the_audience_and_the_subject(stack: cdk.Stack) -> None:
    Publisher(stack, "Publisher", identity=MAIN, repositories=[Namespace("team")])

    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": {
                "Statement": [
                    {
                        "Action": "sts:AssumeRoleWithWebIdentity",
                        "Effect": "Allow",
                        "Principal": {
                            "Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
                        },
                        "Condition": {
                            "StringEquals": {
                                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                                "token.actions.githubusercontent.com:sub": "repo:octo-org/api:ref:refs/heads/main",
                            }
                        },
                    }
                ],
                "Version": "2012-10-17",
            },
            "MaxSessionDuration": 3600,
        },
    )


def test_a_publisher_can_push_to_its_repositories_and_do_nothing_else(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", repository_name="prod/api")
    imported = ecr.Repository.from_repository_name(stack, "Old", "legacy/web")
    HardenedRepository(stack, "Other", repository_name="prod/other")
    Publisher(stack, "Publisher", identity=MAIN, repositories=[repository, imported, Namespace("team")])

    found = statements(stack)
    login = [each for each in found if each["Action"] == "ecr:GetAuthorizationToken"]
    pushes = [each for each in found if each["Action"] != "ecr:GetAuthorizationToken"]

    assert {each["Resource"] for each in login} == {"*"}
    assert all(set(each["Action"]) <= set(PUSH) for each in pushes)
    resources = [each["Resource"] for each in pushes]
    flat = [one for each in resources for one in (each if isinstance(each, list) else [each])]
    assert sorted(flat, key=json.dumps) == sorted(
        [
            stack.resolve(repository.repository_arn),
            "arn:aws:ecr:eu-west-1:111122223333:repository/legacy/web",
            "arn:aws:ecr:eu-west-1:111122223333:repository/team/*",
        ],
        key=json.dumps,
    )


def test_a_publisher_pulls_layers_only_with_a_grant(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api")
    publisher = Publisher(stack, "Publisher", identity=MAIN, repositories=[repository])
    assert "ecr:GetDownloadUrlForLayer" not in PUSH

    repository.grant_pull(publisher.role)

    assert any("ecr:GetDownloadUrlForLayer" in each["Action"] for each in statements(stack))


@pytest.mark.parametrize("create", [True, False])
def test_a_push_creates_repositories_of_a_namespace_only_if_that_is_given(stack: cdk.Stack, create: bool) -> None:  # noqa: FBT001
    Publisher(stack, "Publisher", identity=MAIN, repositories=[Namespace("team")], create_repositories=create)

    actions = {action for each in statements(stack) for action in each["Action"] if isinstance(each["Action"], list)}
    assert ("ecr:CreateRepository" in actions) is create


def test_a_signing_profile_adds_the_permission_to_sign_with_it(stack: cdk.Stack) -> None:
    Publisher(stack, "Publisher", identity=MAIN, repositories=[Namespace("team")], signing_profile_arn=PROFILE)

    assert {"Action": "signer:SignPayload", "Effect": "Allow", "Resource": PROFILE} in statements(stack)


@pytest.mark.parametrize("arn", ["images", "", PROFILE.replace("arn:aws:", "arn:aws-cn:")])
def test_a_signing_profile_that_is_not_one_of_the_partition_is_rejected(stack: cdk.Stack, arn: str) -> None:
    with pytest.raises(InvalidRepository, match="signing_profile_arn: "):
        Publisher(stack, "Publisher", identity=MAIN, repositories=[Namespace("team")], signing_profile_arn=arn)


def test_a_provider_of_the_app_is_the_principal(stack: cdk.Stack) -> None:
    provider = cdk.aws_iam.OidcProviderNative(stack, "GitHub", url=MAIN.url, client_ids=[MAIN.audience])
    Publisher(
        stack,
        "Publisher",
        identity=MAIN,
        repositories=[Namespace("team")],
        provider_arn=provider.oidc_provider_arn,
    )

    (role,) = Template.from_stack(stack).find_resources("AWS::IAM::Role").values()
    (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"]["Federated"] == stack.resolve(provider.oidc_provider_arn)


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (MAIN, "aws-actions/configure-aws-credentials"),
        (PipelineIdentity.gitlab("group/api", branch="main"), "aud: https://gitlab.com"),
        (
            PipelineIdentity.bitbucket(
                "team",
                workspace_id="aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb",
                repository_id="cccccccc-4444-5555-6666-dddddddddddd",
            ),
            "$BITBUCKET_STEP_OIDC_TOKEN",
        ),
        (
            PipelineIdentity.circleci(
                "aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb", project_id="cccccccc-4444-5555-6666-dddddddddddd"
            ),
            "$CIRCLE_OIDC_TOKEN_V2",
        ),
        (PipelineIdentity.buildkite("acme", pipeline="api", branch="main"), "aws-assume-role-with-web-identity"),
    ],
    ids=lambda value: value.provider if isinstance(value, PipelineIdentity) else "",
)
def test_the_step_of_the_pipeline_is_an_output(stack: cdk.Stack, identity: PipelineIdentity, expected: str) -> None:
    publisher = Publisher(stack, "Publisher", identity=identity, repositories=[Namespace("team")])

    Template.from_stack(stack).has_output("*", {"Value": stack.resolve(publisher.workflow)})
    parts = stack.resolve(publisher.workflow)["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else "<role>" for part in parts)
    assert expected in text
    assert "<role>" in text
    assert "amazon-ecr-login" in text or LOGIN in text
    assert "eu-west-1" in text


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"repositories": []}, "repositories: the list is empty; add a repository or a Namespace"),
        ({"session_hours": 0}, "session_hours is 0; IAM allows 1 to 12 hours"),
        ({"session_hours": 13}, "session_hours is 13; IAM allows 1 to 12 hours"),
        (
            {"provider_arn": "arn:aws:iam::111122223333:oidc-provider/gitlab.com"},
            (
                "provider_arn: 'arn:aws:iam::111122223333:oidc-provider/gitlab.com' is not the OIDC provider of "
                "token.actions.githubusercontent.com; use an ARN that ends with "
                "':oidc-provider/token.actions.githubusercontent.com'"
            ),
        ),
    ],
)
def test_an_invalid_argument_is_rejected(stack: cdk.Stack, options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidRepository) as rejected:
        Publisher(stack, "Publisher", **{"identity": MAIN, "repositories": [Namespace("team")], **options})

    assert rejected.value.problems == (problem,)
    assert rejected.value.path == "Containers/Publisher"
    assert stack.node.try_find_child("Publisher") is None


def test_repositories_are_created_in_namespaces_only(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api")
    with pytest.raises(InvalidRepository, match="create_repositories: a push creates repositories only in a namespace"):
        Publisher(stack, "Publisher", identity=MAIN, repositories=[repository], create_repositories=True)


def test_all_wrong_kinds_are_one_type_error(stack: cdk.Stack) -> None:
    with pytest.raises(TypeError) as rejected:
        Publisher(stack, "Publisher", identity="main", repositories=["prod/api"], session_hours="1")  # type: ignore[arg-type, list-item]

    for name in ("identity", "repositories", "session_hours"):
        assert name in str(rejected.value)
