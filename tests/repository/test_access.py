"""`Access`: each permission is present if it is given, and absent otherwise."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import HARDENED, Access, HardenedRepository, InvalidName
from tests.templates import account_root, logical_id, new_app, new_stack, properties, resource, statements, template

ORGANIZATION = "o-abc1234567"
ACCOUNT = "444455556666"
UNIT = "o-abc1234567/r-ab12/ou-ab12-11111111"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci/builder"
ROOT_OF_ROLE = f"arn:aws:iam::{ACCOUNT}:root"

PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
LAMBDA_PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
CACHE_PULL = [
    "ecr:BatchGetImage",
    "ecr:BatchImportUpstreamImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:GetImageCopyStatus",
]
PUSH = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]
READ_METADATA = [
    "ecr:DescribeImageReplicationStatus",
    "ecr:DescribeImageSigningStatus",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:GetLifecyclePolicy",
    "ecr:GetLifecyclePolicyPreview",
    "ecr:GetRepositoryPolicy",
    "ecr:ListImages",
    "ecr:ListTagsForResource",
]
SCAN = [
    "ecr:BatchGetRepositoryScanningConfiguration",
    "ecr:DescribeImageScanFindings",
    "ecr:DescribeImages",
    "ecr:StartImageScan",
]
ADMINISTER = sorted(
    {
        *READ_METADATA,
        *SCAN,
        "ecr:BatchDeleteImage",
        "ecr:DeleteLifecyclePolicy",
        "ecr:DeleteRepositoryPolicy",
        "ecr:PutImageScanningConfiguration",
        "ecr:PutImageTagMutability",
        "ecr:PutLifecyclePolicy",
        "ecr:SetRepositoryPolicy",
        "ecr:StartLifecyclePolicyPreview",
        "ecr:TagResource",
        "ecr:UntagResource",
        "ecr:UpdateImageStorageClass",
    }
)
PROJECTS = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, f":codebuild:*:{ACCOUNT}:project/*"]]}
FUNCTIONS = {
    "Fn::Join": [
        "",
        ["arn:", {"Ref": "AWS::Partition"}, ":lambda:", {"Ref": "AWS::Region"}, f":{ACCOUNT}:function:*"],
    ]
}


def of_organization(actions: list[str]) -> dict[str, Any]:
    return {
        "Action": actions,
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
    }


def of_unit(actions: list[str]) -> dict[str, Any]:
    condition = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{UNIT}/*"}}
    return {"Action": actions, "Effect": "Allow", "Principal": {"AWS": "*"}, "Condition": condition}


def of_role(actions: list[str]) -> dict[str, Any]:
    condition = {"ArnLike": {"aws:PrincipalArn": ROLE}}
    return {"Action": actions, "Effect": "Allow", "Principal": {"AWS": ROOT_OF_ROLE}, "Condition": condition}


def of_account(actions: list[str]) -> dict[str, Any]:
    return {"Action": actions, "Effect": "Allow", "Principal": {"AWS": account_root(ACCOUNT)}}


# For each access value, its statements.
STATEMENTS: dict[str, tuple[Access, list[dict[str, Any]]]] = {
    "organization_pull": (Access.organization_pull(ORGANIZATION), [of_organization(PULL)]),
    "organization_push": (Access.organization_push(ORGANIZATION), [of_organization(PUSH)]),
    "organization_read_metadata": (Access.organization_read_metadata(ORGANIZATION), [of_organization(READ_METADATA)]),
    "organizational_unit_pull": (Access.organizational_unit_pull(UNIT), [of_unit(PULL)]),
    "organizational_unit_push": (Access.organizational_unit_push(UNIT), [of_unit(PUSH)]),
    "organizational_unit_read_metadata": (Access.organizational_unit_read_metadata(UNIT), [of_unit(READ_METADATA)]),
    "role_pull": (Access.role_pull(ROLE), [of_role(PULL)]),
    "role_push": (Access.role_push(ROLE), [of_role(PUSH)]),
    "role_read_metadata": (Access.role_read_metadata(ROLE), [of_role(READ_METADATA)]),
    "role_scan": (Access.role_scan(ROLE), [of_role(SCAN)]),
    "role_sign": (Access.role_sign(ROLE), [of_role(sorted([*PUSH, "ecr:DescribeImageSigningStatus"]))]),
    "role_administer": (Access.role_administer(ROLE), [of_role(ADMINISTER)]),
    "account_pull": (Access.account_pull(ACCOUNT), [of_account(PULL)]),
    "account_push": (Access.account_push(ACCOUNT), [of_account(PUSH)]),
    "account_read_metadata": (Access.account_read_metadata(ACCOUNT), [of_account(READ_METADATA)]),
    "account_scan": (Access.account_scan(ACCOUNT), [of_account(SCAN)]),
    "account_sign": (Access.account_sign(ACCOUNT), [of_account(sorted([*PUSH, "ecr:DescribeImageSigningStatus"]))]),
    "account_administer": (Access.account_administer(ACCOUNT), [of_account(ADMINISTER)]),
    "lambda_pull": (
        Access.lambda_pull(ACCOUNT),
        [
            of_account(LAMBDA_PULL),
            {
                "Action": LAMBDA_PULL,
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Condition": {"ArnLike": {"aws:SourceArn": FUNCTIONS}},
            },
        ],
    ),
    "codebuild_pull": (
        Access.codebuild_pull(ACCOUNT),
        [
            {
                "Action": PULL,
                "Effect": "Allow",
                "Principal": {"Service": "codebuild.amazonaws.com"},
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": ACCOUNT},
                    "ArnLike": {"aws:SourceArn": PROJECTS},
                },
            }
        ],
    ),
    "app_runner_pull": (
        Access.app_runner_pull(ROLE),
        [of_role(["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"])],
    ),
    "cache_pull": (Access.cache_pull(ACCOUNT), [of_account(CACHE_PULL)]),
}
OF_ORGANIZATIONS = {name for name in STATEMENTS if name.startswith("organization")}
each_access = pytest.mark.parametrize("name", STATEMENTS)


def test_these_tests_have_every_access() -> None:
    makers = {name for name, value in vars(Access).items() if isinstance(value, classmethod)}

    assert makers == set(STATEMENTS)


@each_access
def test_an_access_that_is_given_is_exactly_its_statements(stack: cdk.Stack, name: str) -> None:
    access, expected = STATEMENTS[name]

    assert statements(HardenedRepository(stack, "Api", access=[access])) == expected


@each_access
def test_an_access_that_is_not_given_is_nowhere(stack: cdk.Stack, name: str) -> None:
    others = [access for other, (access, _) in STATEMENTS.items() if other != name]
    written = statements(HardenedRepository(stack, "Api", access=others))

    expected = [each for other, (_, of_other) in STATEMENTS.items() if other != name for each in of_other]
    assert written == expected


def test_the_policy_has_the_current_version(stack: cdk.Stack) -> None:
    policy = properties(HardenedRepository(stack, "Api", access=[Access.account_pull(ACCOUNT)]))["RepositoryPolicyText"]

    assert policy["Version"] == "2012-10-17"


def test_the_same_access_twice_is_written_once(stack: cdk.Stack) -> None:
    access = [Access.account_pull(ACCOUNT), Access.account_pull(ACCOUNT)]

    assert len(statements(HardenedRepository(stack, "Api", access=access))) == 1


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_an_access_has_no_partition_but_that_of_the_arn_of_a_role(region: str, partition: str) -> None:
    stack = new_stack(new_app(), "Containers", region=region)
    repositories = {}
    for name, (access, expected) in STATEMENTS.items():
        assert ("arn:aws:" in str(expected)) is name.startswith(("role_", "app_runner_")), name
        there = dataclasses.replace(access, subject=access.subject.replace("arn:aws:", f"arn:{partition}:"))
        repositories[name] = HardenedRepository(stack, name, access=[there])

    written = {name: statements(repository) for name, repository in repositories.items()}
    for name, (_, expected) in STATEMENTS.items():
        assert written[name] == json.loads(json.dumps(expected).replace("arn:aws:", f"arn:{partition}:")), name


@pytest.mark.parametrize(
    ("make", "given", "sentence"),
    [
        (Access.organization_pull, "o-abc123456", "organization 'o-abc123456' is not well formed"),
        (Access.organization_pull, "abc1234567", "write its ID, 'o-' and 10 to 32 lower-case letters or digits"),
        (Access.organization_pull, "o-" + "a" * 33, "has 35 characters; ECR allows 1 to 34"),
        (Access.organization_pull, "*", r"organization '\*'"),
        (Access.organization_pull, UNIT, r"is the path of an organizational unit; use Access.organizational_unit_pull"),
        (Access.organization_push, UNIT, r"use Access.organizational_unit_push"),
        (Access.organizational_unit_read_metadata, "o-abc1234567", "is not well formed; write its path"),
        (Access.role_administer, "admin", "write the ARN of a role, such as"),
        (Access.app_runner_pull, "web", "write the ARN of a role, such as"),
        (Access.codebuild_pull, "*", r"account '\*'"),
        (Access.account_scan, "*", r"account '\*'"),
        (Access.organizational_unit_pull, "ou-ab12-11111111", "write its path from the organization, such as 'o-abc"),
        (Access.organizational_unit_pull, "o-abc1234567", "is not well formed; write its path from the organization"),
        (Access.organizational_unit_pull, f"{UNIT}/ou-*", r"has '\*' at position"),
        (Access.organizational_unit_pull, "*", r"organizational unit '\*'|organizational unit is empty"),
        (Access.role_pull, "builder", "write the ARN of a role, such as"),
        (Access.role_pull, f"arn:aws:iam::{ACCOUNT}:role/*", "is not well formed; write the ARN of a role"),
        (Access.role_pull, "arn:aws:iam::*:role/builder", "is not well formed; write the ARN of a role"),
        (Access.role_push, f"arn:aws:iam::{ACCOUNT}:user/builder", "is not well formed; write the ARN of a role"),
        (Access.role_push, f"arn:aws:sts::{ACCOUNT}:assumed-role/builder/x", "is not well formed"),
        (Access.account_pull, "11112222333", "write its 12 digits as a string"),
        (Access.account_pull, "1111222233334", "write its 12 digits as a string"),
        (Access.account_push, "", "account is empty"),
        (Access.account_push, "*", r"account '\*'"),
        (Access.lambda_pull, "arn:aws:iam::111122223333:root", "account 'arn:aws"),
        (Access.cache_pull, "11112222333", "write its 12 digits as a string"),
        (Access.cache_pull, "*", r"account '\*'"),
    ],
)
def test_an_invalid_id_is_rejected(make: Callable[[str], Access], given: str, sentence: str) -> None:
    with pytest.raises(InvalidName, match=sentence):
        make(given)


@pytest.mark.parametrize("given", ["o-" + "a" * 10, "o-" + "0" * 32])
def test_an_organization_at_the_limit_is_accepted(given: str) -> None:
    assert Access.organization_pull(given).subject == given


@pytest.mark.parametrize("make", [Access.account_pull, Access.account_push, Access.lambda_pull, Access.cache_pull])
def test_an_account_that_is_a_number_is_a_type_error(make: Callable[[Any], Access]) -> None:
    with pytest.raises(TypeError, match="account must be a string, got 111122223333"):
        make(111122223333)


def test_a_token_is_handed_on(stack: cdk.Stack) -> None:
    subject = cdk.CfnParameter(stack, "Subject").value_as_string
    repositories = [HardenedRepository(stack, name, access=[getattr(Access, name)(subject)]) for name in STATEMENTS]

    written = template(stack)["Resources"]
    policies = {each.node.id: written[logical_id(each)]["Properties"]["RepositoryPolicyText"] for each in repositories}
    assert [name for name, policy in policies.items() if "{'Ref': 'Subject'}" not in str(policy)] == []


def test_an_unknown_access_is_rejected_when_it_is_created() -> None:
    with pytest.raises((ValueError, TypeError), match="intent"):
        Access(intent="everything", subject=ACCOUNT)  # type: ignore[arg-type]


@pytest.mark.parametrize("end", ["/", "/*"])
def test_the_end_of_the_path_of_an_organizational_unit_is_removed(end: str) -> None:
    assert Access.organizational_unit_pull(UNIT + end) == Access.organizational_unit_pull(UNIT)


@pytest.mark.parametrize("role", ["builder", "ci/*", "aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Admin_*"])
def test_a_role_can_have_a_path_and_a_pattern(role: str) -> None:
    access = Access.role_pull(f"arn:aws-us-gov:iam::{ACCOUNT}:role/{role}")

    (statement,) = access.statements()
    assert statement["Principal"] == {"AWS": f"arn:aws-us-gov:iam::{ACCOUNT}:root"}


def test_the_account_of_an_access_is_that_of_its_principals() -> None:
    accounts = {name: access.account for name, (access, _) in STATEMENTS.items()}

    assert {name for name, account in accounts.items() if account is None} == OF_ORGANIZATIONS
    assert {*accounts.values()} == {None, ACCOUNT}


def test_only_an_organization_is_acknowledged_as_an_open_principal(stack: cdk.Stack) -> None:
    everyone = {name for name, (access, _) in STATEMENTS.items() if access.names_everyone}
    assert everyone == OF_ORGANIZATIONS
    assert HardenedRepository(stack, "Api").settings.access == ()


@pytest.mark.parametrize("intent", ["organization_scan", None, ["account_pull"]])
def test_an_intent_that_does_not_exist_is_a_type_error(intent: Any) -> None:
    with pytest.raises(TypeError, match="is unknown; use a method such as"):
        Access(intent=intent, subject=ACCOUNT)


DENIAL = iam.PolicyStatement(
    effect=iam.Effect.DENY,
    principals=[iam.AnyPrincipal()],
    actions=["ecr:*"],
    conditions={"StringNotEquals": {"aws:PrincipalOrgID": "o-abc1234567"}},
)


@pytest.mark.parametrize(
    ("options", "is_suppressed"),
    [
        ({}, False),
        ({"access": [Access.organization_pull("o-abc1234567"), Access.account_pull("444455556666")]}, False),
        ({"access": [Access.organizational_unit_pull("o-abc1234567/r-ab12/ou-ab12-11111111")]}, True),
        ({"policy_statements": [DENIAL]}, True),
        ({"settings": HARDENED.but(policy_statements=[DENIAL])}, True),
    ],
)
def test_checkov_accepts_statements_with_all_principals_that_are_safe(
    stack: cdk.Stack, *, options: dict[str, Any], is_suppressed: bool
) -> None:
    """The rule of checkov reads `StringEquals` of `aws:PrincipalOrgID`, and no denials or organizational units."""
    found = resource(HardenedRepository(stack, "Api", **options)).get("Metadata", {}).get("checkov", {})

    assert [each["id"] for each in found.get("skip", [])] == (["CKV_AWS_32"] if is_suppressed else [])
