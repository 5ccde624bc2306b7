"""Additions after construction, through every inherited method, are in the template or rejected."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs import (
    Access,
    Encryption,
    HardenedRepository,
    InvalidLifecyclePolicy,
    InvalidRepository,
    LifecyclePolicy,
    expire_untagged,
    keep_latest,
    limit_images,
)
from tests.templates import OTHER_ACCOUNT, account_root, lifecycle_rules, new_stack, resource, resources, statements

PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
PUSH = ["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"]
READ = ["ecr:DescribeImages", "ecr:DescribeRepositories"]
GIVEN = Access.organization_pull("o-abc1234567")

# Each method that grants permissions, its call, and the permissions.
GRANTS: Mapping[str, tuple[Callable[[HardenedRepository, iam.IGrantable], iam.Grant], list[str]]] = {
    "grant": (lambda repository, grantee: repository.grant(grantee, "ecr:ListImages"), ["ecr:ListImages"]),
    "grant_pull": (lambda repository, grantee: repository.grant_pull(grantee), PULL),
    "grant_pull_push": (lambda repository, grantee: repository.grant_pull_push(grantee), [*PULL, *PUSH]),
    "grant_push": (lambda repository, grantee: repository.grant_push(grantee), ["ecr:BatchGetImage", *PUSH]),
    "grant_read": (lambda repository, grantee: repository.grant_read(grantee), READ),
}
EVENTS: Mapping[str, Callable[[HardenedRepository], object]] = {
    "on_cloud_trail_event": lambda repository: repository.on_cloud_trail_event("Event"),
    "on_cloud_trail_image_pushed": lambda repository: repository.on_cloud_trail_image_pushed("Event", image_tag="v1"),
    "on_event": lambda repository: repository.on_event("Event"),
    "on_image_scan_completed": lambda repository: repository.on_image_scan_completed("Event", image_tags=["v1"]),
}
OTHERS = {"add_lifecycle_rule", "add_to_resource_policy", "apply_removal_policy"}

# Public names of `ecr.Repository` that add nothing to the repository.
ADDING_NOTHING = {
    "apply_cross_stack_reference_strength",
    "arn_for_local_repository",
    "from_lookup",
    "from_repository_arn",
    "from_repository_attributes",
    "from_repository_name",
    "is_construct",
    "is_owned_resource",
    "is_resource",
    "repository_uri_for_digest",
    "repository_uri_for_tag",
    "repository_uri_for_tag_or_digest",
    "to_string",
    "with_",
}

each_grant = pytest.mark.parametrize("name", GRANTS)
each_event = pytest.mark.parametrize("name", EVENTS)


@pytest.fixture
def repository(stack: cdk.Stack) -> HardenedRepository:
    """Return a repository after a call of every method that adds to it."""
    return HardenedRepository(
        stack,
        "Api",
        access=[GIVEN],
        encryption=Encryption.aes256(),
        lifecycle=LifecyclePolicy.of(keep_latest(10, matching="v*"), limit_images(100)),
    )


def test_these_tests_have_every_method_that_adds_a_resource_or_a_statement() -> None:
    public = {
        name
        for name, value in inspect.getmembers(ecr.Repository)
        if not name.startswith("_") and callable(value) and not isinstance(value, (str, property))
    }

    assert public - ADDING_NOTHING == {*GRANTS, *EVENTS, *OTHERS}


# --- lifecycle rules ------------------------------------------------------------------------------------------------


def test_an_added_rule_is_after_the_given_rules_and_before_those_over_all_images(
    repository: HardenedRepository,
) -> None:
    repository.add_lifecycle_rule(
        description="Untagged", tag_status=ecr.TagStatus.UNTAGGED, max_image_age=cdk.Duration.days(3)
    )

    rules = lifecycle_rules(repository)
    assert [(rule["rulePriority"], rule["description"]) for rule in rules] == [
        (1, "Keep the newest 10 images tagged v*"),
        (2, "Untagged"),
        (3, "Keep the newest 100 images of all"),
    ]
    assert {"rules": rules} == repository.lifecycle.to_dict()


def test_an_added_rule_has_the_arguments_of_the_method(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", lifecycle=LifecyclePolicy.none())
    repository.add_lifecycle_rule(max_image_count=5, tag_prefix_list=["v", "release-"], description="Five")
    repository.add_lifecycle_rule(max_image_age=cdk.Duration.days(30), tag_pattern_list=["dev-*"])

    assert [rule["selection"] for rule in lifecycle_rules(repository)] == [
        {
            "tagStatus": "tagged",
            "tagPrefixList": ["release-", "v"],
            "countType": "imageCountMoreThan",
            "countNumber": 5,
        },
        {
            "tagStatus": "tagged",
            "tagPatternList": ["dev-*"],
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": 30,
        },
    ]


def test_a_rule_without_a_selection_is_over_all_images_as_in_the_cdk(stack: cdk.Stack) -> None:
    plain = ecr.Repository(stack, "Plain")
    ours = HardenedRepository(stack, "Ours", lifecycle=LifecyclePolicy.none())
    for each in (plain, ours):
        each.add_lifecycle_rule(max_image_count=7)

    assert lifecycle_rules(ours) == lifecycle_rules(plain)


def test_an_added_rule_has_its_priority(repository: HardenedRepository) -> None:
    lowest = HardenedRepository(repository.stack, "Other", lifecycle=LifecyclePolicy.of(keep_latest(10, matching="v*")))
    lowest.add_lifecycle_rule(max_image_count=5, tag_pattern_list=["release-*"], rule_priority=20)
    lowest.add_lifecycle_rule(max_image_count=5, tag_pattern_list=["dev-*"], rule_priority=10)

    assert [rule["rulePriority"] for rule in lifecycle_rules(lowest)] == [1, 10, 20]


def test_a_rule_is_added_to_the_default(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api")
    repository.add_lifecycle_rule(max_image_count=5, tag_pattern_list=["v*"])

    assert [rule["selection"]["tagStatus"] for rule in lifecycle_rules(repository)] == ["untagged", "tagged"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "use either max_image_age= or max_image_count="),
        ({"max_image_count": 1, "max_image_age": cdk.Duration.days(1)}, "use either max_image_age= or"),
        ({"max_image_count": 0, "tag_status": ecr.TagStatus.UNTAGGED}, "count_number: 0 is too small"),
        ({"max_image_count": 3.5, "tag_status": ecr.TagStatus.UNTAGGED}, "3.5 is not a whole number"),
        ({"max_image_age": cdk.Duration.hours(36), "tag_status": ecr.TagStatus.UNTAGGED}, "1.5 is not a whole number"),
        ({"max_image_count": 1, "tag_pattern_list": ["a*b*c*d*e*"]}, "has 5 wildcards; ECR allows 4"),
        ({"max_image_count": 1, "tag_pattern_list": ["v*"]}, r"selects the same tags \['v\*'\] as rules\[0\]"),
        ({"max_image_count": 1}, "selects 'any' in standard storage as"),
        ({"max_image_count": 1, "tag_status": ecr.TagStatus.UNTAGGED, "rule_priority": 1}, "priority 1 is that of"),
        ({"max_image_count": 1, "tag_status": ecr.TagStatus.UNTAGGED, "rule_priority": 9}, "'any' must come last"),
        ({"max_image_count": 1, "tag_status": ecr.TagStatus.TAGGED}, "'tagged' selects by tag and none is given"),
        ({"max_image_count": 1, "tag_status": ecr.TagStatus.ANY, "tag_pattern_list": ["v*"]}, "'any' selects no tags"),
        ({"max_image_count": 1, "tag_pattern_list": ["v*"], "tag_prefix_list": ["v"]}, "a rule has one kind of list"),
        ({"max_image_count": 1, "tag_prefix_list": [cdk.Aws.REGION]}, "is known only at deployment"),
        (
            {"max_image_count": cdk.Token.as_number({"Ref": "Count"})},
            "a number of the rule is a token, which is known only at deployment",
        ),
        (
            {"max_image_age": cdk.Duration.days(cdk.Token.as_number({"Ref": "Days"}))},
            "a number of the rule is a token, which is known only at deployment",
        ),
        ({"max_image_count": 1, "tag_pattern_list": "x*"}, "is a bare string where a list belongs"),
        ({"max_image_count": 1, "tag_prefix_list": "x"}, "is a bare string where a list belongs"),
        (
            {"max_image_count": 1, "tag_pattern_list": ["x*"], "description": f"in {cdk.Aws.REGION}"},
            "known only at deployment",
        ),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_a_rule_that_ecr_rejects_is_rejected_with_the_path_and_changes_nothing(
    repository: HardenedRepository, values: dict[str, Any], sentence: str
) -> None:
    before = repository.lifecycle

    with pytest.raises(InvalidLifecyclePolicy, match=sentence) as refused:
        repository.add_lifecycle_rule(**values)

    assert refused.value.path == "Containers/Api"
    assert {"rules": lifecycle_rules(repository)} == before.to_dict()


@pytest.mark.parametrize(
    "values",
    [
        {"max_image_age": 14, "tag_status": ecr.TagStatus.UNTAGGED},
        {"max_image_count": 14, "tag_status": "untagged"},
        {"max_image_count": 14, "tag_pattern_list": 5},
    ],
    ids=",".join,
)
def test_a_rule_of_wrong_python_types_is_a_type_error_or_one_of_ours(
    repository: HardenedRepository, values: dict[str, Any]
) -> None:
    with pytest.raises((TypeError, InvalidLifecyclePolicy)):
        repository.add_lifecycle_rule(**values)


# --- statements -----------------------------------------------------------------------------------------------------


def test_an_added_statement_is_beside_the_given_statements(repository: HardenedRepository) -> None:
    result = repository.add_to_resource_policy(
        iam.PolicyStatement(actions=["ecr:ListImages"], principals=[iam.AccountPrincipal(OTHER_ACCOUNT)])
    )

    assert result.statement_added
    assert result.policy_dependable is repository
    assert statements(repository) == [
        *GIVEN.statements(),
        {"Action": "ecr:ListImages", "Effect": "Allow", "Principal": {"AWS": account_root(OTHER_ACCOUNT)}},
    ]


# --- grants ---------------------------------------------------------------------------------------------------------


@each_grant
def test_a_grant_to_another_account_is_added_to_the_statements(repository: HardenedRepository, name: str) -> None:
    call, actions = GRANTS[name]
    grant = call(repository, iam.AccountPrincipal(OTHER_ACCOUNT))

    assert grant.success
    given, added = statements(repository)
    assert given == GIVEN.statements()[0]
    assert added["Principal"] == {"AWS": account_root(OTHER_ACCOUNT)}
    assert set(actions) <= set([added["Action"]] if isinstance(added["Action"], str) else added["Action"])


@each_grant
def test_a_grant_to_a_role_of_the_account_is_in_the_policy_of_the_role(
    repository: HardenedRepository, name: str
) -> None:
    call, actions = GRANTS[name]
    grant = call(repository, iam.Role(repository.stack, "Role", assumed_by=iam.ServicePrincipal("ecs.amazonaws.com")))

    (policy,) = resources(repository.stack, "AWS::IAM::Policy").values()
    assert grant.success
    assert [action for action in actions if action not in json.dumps(policy)] == []
    assert statements(repository) == list(GIVEN.statements())


@each_grant
def test_a_grant_to_an_imported_role_of_another_account_is_added_to_the_statements(name: str, app: cdk.App) -> None:
    call, actions = GRANTS[name]
    stack = new_stack(app, "Containers", region="eu-west-1")
    repository = HardenedRepository(stack, "Api", access=[GIVEN])
    role_arn = f"arn:aws:iam::{OTHER_ACCOUNT}:role/puller"
    grant = call(repository, iam.Role.from_role_arn(stack, "Role", role_arn))

    grant.assert_success()
    given, added = statements(repository)
    assert given == GIVEN.statements()[0]
    assert added["Principal"] == {"AWS": role_arn}
    assert [action for action in actions if action not in json.dumps(added["Action"])] == []


@each_grant
def test_a_grant_to_everyone_is_rejected_with_a_typed_error_and_the_path(
    repository: HardenedRepository, name: str
) -> None:
    call, _ = GRANTS[name]

    with pytest.raises(InvalidRepository, match="the statement is public") as refused:
        call(repository, iam.AnyPrincipal())

    assert refused.value.path == "Containers/Api"
    assert statements(repository) == list(GIVEN.statements())


def test_a_grant_of_an_action_of_another_service_is_rejected(repository: HardenedRepository) -> None:
    with pytest.raises(InvalidRepository, match="'s3:GetObject' is not an action of ECR"):
        repository.grant(iam.AccountPrincipal(OTHER_ACCOUNT), "s3:GetObject")


def test_an_error_of_other_code_is_not_changed(repository: HardenedRepository) -> None:
    @jsii.implements(iam.IGrantable)
    class Nobody:
        @property
        def grant_principal(self) -> iam.IPrincipal:
            raise LookupError("nobody is here")

    with pytest.raises(InvalidRepository):
        repository.grant_pull(iam.AnyPrincipal())
    with pytest.raises(LookupError, match="nobody is here"):
        repository.grant_pull(Nobody())


def test_a_grant_after_the_policy_was_resolved_is_in_the_template(
    stack: cdk.Stack, repository: HardenedRepository
) -> None:
    repository.grant_pull(iam.AccountPrincipal("444455556666"))
    stack.resolve(repository.resource.repository_policy_text)

    repository.grant_pull(iam.AccountPrincipal("777788889999"))

    assert "777788889999" in json.dumps(statements(repository))


@pytest.mark.parametrize("name", ["grant_pull", "grant_push", "grant_pull_push", "grant_read"])
def test_a_grant_that_is_called_on_the_class_of_the_cdk_is_written(repository: HardenedRepository, name: str) -> None:
    getattr(ecr.Repository, name)(repository, iam.AccountPrincipal("777788889999"))

    assert "777788889999" in json.dumps(statements(repository))


def test_a_grant_to_everyone_that_is_called_on_the_class_of_the_cdk_is_rejected(repository: HardenedRepository) -> None:
    with pytest.raises(RuntimeError, match="the statement is public"):
        ecr.Repository.grant_pull(repository, iam.AnyPrincipal())


def test_a_grant_that_is_rejected_does_not_stop_the_next_one(repository: HardenedRepository) -> None:
    with pytest.raises(InvalidRepository):
        repository.grant_pull(iam.AnyPrincipal())
    repository.grant_pull(iam.AccountPrincipal(OTHER_ACCOUNT))

    assert len(statements(repository)) == 2


def test_a_grant_with_a_condition_may_name_everyone(repository: HardenedRepository) -> None:
    repository.grant_push(iam.OrganizationPrincipal("o-xyz1234567"))

    assert statements(repository)[1]["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-xyz1234567"}}


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_a_grant_names_the_partition_it_is_in(app: cdk.App, region: str, partition: str) -> None:
    repository = HardenedRepository(new_stack(app, "Containers", region=region), "Api")
    repository.grant_pull(iam.AccountPrincipal(OTHER_ACCOUNT))

    (added,) = statements(repository)
    assert added["Principal"]["AWS"] in (account_root(OTHER_ACCOUNT), f"arn:{partition}:iam::{OTHER_ACCOUNT}:root")


def test_a_task_in_another_account_that_is_wired_by_the_cdk_gets_its_statement(app: cdk.App) -> None:
    """ECS makes the grant in JavaScript for a role of another account. The repository has the statement."""
    from aws_cdk import aws_ecs as ecs

    home = new_stack(app, "Home", region="eu-west-1")
    away = new_stack(app, "Away", region="eu-west-1", account=OTHER_ACCOUNT)
    repository = HardenedRepository(
        home, "Api", repository_name="prod/api", access=[GIVEN], encryption=Encryption.aes256()
    )
    role = iam.Role(away, "Role", role_name="puller", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
    task = ecs.FargateTaskDefinition(away, "Task", execution_role=role)
    task.add_container("Api", image=ecs.ContainerImage.from_ecr_repository(repository, "v1"))

    given, added = statements(repository)
    assert given == GIVEN.statements()[0]
    assert added["Action"] == PULL
    assert added["Principal"] == {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"}


def test_a_function_that_is_wired_by_the_cdk_gets_its_statement(repository: HardenedRepository) -> None:
    """Lambda adds a statement for its service by `addToResourcePolicy`, in JavaScript."""
    from aws_cdk import aws_lambda as functions

    code = functions.DockerImageCode.from_ecr(repository, tag_or_digest="v1")
    functions.DockerImageFunction(repository.stack, "Function", code=code)

    given, added = statements(repository)
    assert given == GIVEN.statements()[0]
    assert added["Principal"] == {"Service": "lambda.amazonaws.com"}


# --- events and removal ---------------------------------------------------------------------------------------------


@each_event
def test_an_event_adds_a_rule_and_changes_nothing_else(repository: HardenedRepository, name: str) -> None:
    before = {"lifecycle": repository.lifecycle.to_dict()["rules"], "policy": list(GIVEN.statements())}
    EVENTS[name](repository)

    (rule,) = resources(repository.stack, "AWS::Events::Rule").values()
    assert rule["Properties"]["EventPattern"]["source"] == ["aws.ecr"]
    assert {"lifecycle": lifecycle_rules(repository), "policy": statements(repository)} == before


def test_a_removal_policy_that_is_applied_later_applies_and_changes_nothing_else(
    repository: HardenedRepository,
) -> None:
    repository.apply_removal_policy(cdk.RemovalPolicy.DESTROY)

    found = resource(repository)
    assert (found["DeletionPolicy"], found["UpdateReplacePolicy"]) == ("Delete", "Delete")
    assert statements(repository) == list(GIVEN.statements())


# --- all additions together -----------------------------------------------------------------------------------------


def test_everything_that_is_given_and_added_is_there_in_the_end(stack: cdk.Stack) -> None:
    repository = HardenedRepository(
        stack,
        "Api",
        access=[GIVEN],
        lifecycle=LifecyclePolicy.of(expire_untagged(after_days=1)),
        policy_statements=[
            iam.PolicyStatement(actions=["ecr:ListImages"], principals=[iam.AccountPrincipal("777788889999")])
        ],
    )
    repository.add_lifecycle_rule(max_image_count=5, tag_pattern_list=["v*"])
    repository.grant_pull(iam.AccountPrincipal(OTHER_ACCOUNT))
    repository.add_lifecycle_rule(max_image_count=50)
    repository.grant_push(iam.AccountPrincipal(OTHER_ACCOUNT))

    assert [rule["selection"]["tagStatus"] for rule in lifecycle_rules(repository)] == ["untagged", "tagged", "any"]
    written = json.dumps(statements(repository))
    for text in ("o-abc1234567", "777788889999", OTHER_ACCOUNT, "ecr:ListImages", *PULL, *PUSH):
        assert text in written
