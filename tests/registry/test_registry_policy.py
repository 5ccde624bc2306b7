"""The policy of a registry: its permissions, the statements that are rejected, and the merge into one document."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Literal

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs import (
    HARDENED,
    Access,
    CreationTemplate,
    InvalidRegistry,
    Namespace,
    PrivateRegistry,
    PullThroughCache,
    RepositoryName,
    Upstream,
)
from ecr_constructs._cdk.policy_statements import Written
from ecr_constructs._cdk.policy_statements import merge_statements as merge_written
from ecr_constructs.model.iam.values import as_list
from tests.registries import POLICY, policy_of, registry_statements, synthesize, the, types
from tests.templates import ACCOUNT, OTHER_ACCOUNT, account_root, new_app, new_stack

HERE = "us-east-1"
ORGANIZATION = "o-abc1234567"
DEPLOYER = f"arn:aws:iam::{ACCOUNT}:role/deployer"

REPLICATE = ["ecr:CreateRepository", "ecr:ReplicateImage"]
IMPORT = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
CACHE_PULL = [
    "ecr:BatchGetImage",
    "ecr:BatchImportUpstreamImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:GetImageCopyStatus",
]


def repository(name: str) -> Mapping[str, Any]:
    """Return the ARN of repositories in the template of a stack without an environment."""
    spelled = [
        "arn:",
        {"Ref": "AWS::Partition"},
        ":ecr:",
        {"Ref": "AWS::Region"},
        ":",
        {"Ref": "AWS::AccountId"},
        f":repository/{name}",
    ]
    return {"Fn::Join": ["", spelled]}


def test_a_registry_policy_of_scope_v1_has_only_the_actions_of_that_scope(app: cdk.App) -> None:
    registry = PrivateRegistry(new_stack(app, "Registry", region=HERE), "Registry", policy_scope="V1")
    registry.accept_replication_from(OTHER_ACCOUNT)
    registry.accept_cache_consumer(Access.account_pull(OTHER_ACCOUNT), repositories="quay/*")

    with pytest.raises(InvalidRegistry, match="'ecr:GetDownloadUrlForLayer' is not in scope V1 of a registry policy"):
        registry.accept_caches_of(OTHER_ACCOUNT)
    assert registry.policy_scope == "V1"


@pytest.mark.parametrize("scope", ["v2", "", "V3"])
def test_an_unknown_scope_of_the_registry_policy_is_rejected(app: cdk.App, scope: Any) -> None:
    with pytest.raises(InvalidRegistry, match=f"policy_scope {scope!r} does not exist; use 'V1' or 'V2'"):
        PrivateRegistry(new_stack(app, "Registry", region=HERE), "Registry", policy_scope=scope)


def test_with_scope_v2_a_cache_consumer_pulls_by_the_registry_policy(app: cdk.App) -> None:
    stack = new_stack(app, "Registry", region=HERE)
    registry = PrivateRegistry(stack, "Registry", policy_scope="V2")
    registry.accept_cache_consumer(Access.account_pull(OTHER_ACCOUNT), repositories="quay/*")

    (statement,) = registry_statements(stack)
    assert set(statement["Action"]) > {*IMPORT, "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}


SERVICE_LINKED = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::*:role/aws-service-role/*"]]}

# For each permission, its statements.
PERMISSIONS: dict[str, tuple[Callable[[PrivateRegistry], object], dict[str, Any]]] = {
    "replication": (
        lambda registry: registry.accept_replication_from(OTHER_ACCOUNT),
        {
            "Action": REPLICATE,
            "Effect": "Allow",
            "Principal": {"AWS": account_root(OTHER_ACCOUNT)},
            "Resource": repository("*"),
        },
    ),
    "caches of another account": (
        lambda registry: registry.accept_caches_of(OTHER_ACCOUNT, repositories="base/*"),
        {
            "Action": CACHE_PULL,
            "Effect": "Allow",
            "Principal": {"AWS": account_root(OTHER_ACCOUNT)},
            "Resource": repository("base/*"),
        },
    ),
    "an account as a consumer": (
        lambda registry: registry.accept_cache_consumer(
            Access.account_pull(OTHER_ACCOUNT), repositories=Namespace("docker-hub")
        ),
        {
            "Action": IMPORT,
            "Effect": "Allow",
            "Principal": {"AWS": account_root(OTHER_ACCOUNT)},
            "Resource": repository("docker-hub/*"),
        },
    ),
    "an organization as a consumer": (
        lambda registry: registry.accept_cache_consumer(
            Access.organization_pull(ORGANIZATION), repositories=Namespace("docker-hub")
        ),
        {
            "Action": IMPORT,
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Resource": repository("docker-hub/*"),
        },
    ),
    "a denial": (
        lambda registry: registry.deny_repository_creation(except_for=[DEPLOYER]),
        {
            "Action": "ecr:CreateRepository",
            "Condition": {
                "ArnNotLike": {"aws:PrincipalArn": [DEPLOYER, SERVICE_LINKED]},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
                "StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}},
            },
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Resource": repository("*"),
        },
    ),
    "one's own": (
        lambda registry: registry.add_to_resource_policy(statement(sid="Ours")),
        {
            "Action": "ecr:ReplicateImage",
            "Effect": "Allow",
            "Principal": {"AWS": account_root(OTHER_ACCOUNT)},
            "Resource": "*",
            "Sid": "Ours",
        },
    ),
}
each_permission = pytest.mark.parametrize("name", PERMISSIONS)


def statement(**values: Any) -> iam.PolicyStatement:
    """Return a valid statement with some parts replaced. `None` removes a part."""
    parts: dict[str, Any] = {
        "actions": ["ecr:ReplicateImage"],
        "principals": [iam.AccountPrincipal(OTHER_ACCOUNT)],
        "resources": ["*"],
        **values,
    }
    return iam.PolicyStatement(**{name: value for name, value in parts.items() if value is not None})


@pytest.fixture
def registry(stack: cdk.Stack) -> PrivateRegistry:
    """Return a registry without a policy, in a stack without an environment."""
    return PrivateRegistry(stack, "Registry")


def written(registry: PrivateRegistry) -> list[dict[str, Any]]:
    return registry_statements(cdk.Stack.of(registry))


# --- each permission --------------------------------------------------------------------------------------------------


@each_permission
def test_a_permission_that_is_given_is_exactly_its_statement(registry: PrivateRegistry, name: str) -> None:
    give, expected = PERMISSIONS[name]
    give(registry)

    assert written(registry) == [expected]


@each_permission
def test_a_permission_that_is_not_given_is_nowhere(registry: PrivateRegistry, name: str) -> None:
    others = {other: parts for other, parts in PERMISSIONS.items() if other != name}
    for give, _ in others.values():
        give(registry)

    found = written(registry)
    assert len(found) == len(others)
    assert [expected for _, expected in others.values() if expected not in found] == []
    assert PERMISSIONS[name][1] not in found


def test_without_a_permission_there_is_no_policy(stack: cdk.Stack, registry: PrivateRegistry) -> None:
    assert POLICY not in types(stack)
    assert written(registry) == []


def test_the_policy_has_the_current_version(stack: cdk.Stack, registry: PrivateRegistry) -> None:
    registry.accept_replication_from(OTHER_ACCOUNT)

    assert the(stack, POLICY)["Properties"]["PolicyText"]["Version"] == "2012-10-17"


@pytest.mark.parametrize(
    ("repositories", "names"),
    [
        (None, ["*"]),
        (Namespace("prod"), ["prod/*"]),
        ("prod/api", ["prod/api"]),
        ("*", ["*"]),
        (["prod/b", Namespace("base"), "prod/a", "prod/b"], ["base/*", "prod/a", "prod/b"]),
        ("a" * 256, ["a" * 256]),
    ],
    ids=["default", "namespace", "name", "star", "several", "longest"],
)
def test_repositories_are_named_by_namespaces_and_patterns(
    registry: PrivateRegistry, repositories: Any, names: list[str]
) -> None:
    registry.accept_replication_from(OTHER_ACCOUNT, repositories=repositories)
    registry.accept_caches_of(OTHER_ACCOUNT, repositories=repositories)

    resources = [as_list(each["Resource"]) for each in written(registry)]
    assert resources == [[repository(name) for name in names]] * 2


def test_invalid_repositories_are_rejected(stack: cdk.Stack, registry: PrivateRegistry) -> None:
    cases: list[tuple[Any, str]] = [
        ([], "repositories: the list is empty; remove it to include all repositories"),
        ("Prod", "repositories: repository pattern 'Prod' has 'P' at position 0"),
        ("", "repositories: repository pattern is empty"),
        ("a" * 257, "has 257 characters; ECR allows 1 to 256"),
        (["ok", "a b"], "repositories: repository pattern 'a b' has ' '"),
    ]
    for repositories, problem in cases:
        for accept in (registry.accept_replication_from, registry.accept_caches_of):
            with pytest.raises(InvalidRegistry) as refused:
                accept(OTHER_ACCOUNT, repositories=repositories)
            assert [each for each in refused.value.problems if problem in each]
            assert refused.value.path == "Containers/Registry"
        with pytest.raises(InvalidRegistry):
            registry.accept_cache_consumer(Access.account_pull(OTHER_ACCOUNT), repositories=repositories)
    assert POLICY not in types(stack)


def test_repositories_of_the_wrong_kind_are_a_type_error(registry: PrivateRegistry) -> None:
    cases: list[Any] = [7, [7], [None], {"prod"}, RepositoryName("prod/api")]
    for repositories in cases:
        with pytest.raises(TypeError):
            registry.accept_replication_from(OTHER_ACCOUNT, repositories=repositories)


def test_a_repository_that_is_a_token_is_handed_on(stack: cdk.Stack, registry: PrivateRegistry) -> None:
    registry.accept_replication_from(OTHER_ACCOUNT, repositories=cdk.CfnParameter(stack, "Name").value_as_string)

    assert "{'Ref': 'Name'}" in str(written(registry)[0]["Resource"])


@pytest.mark.parametrize("method", ["accept_replication_from", "accept_caches_of"])
def test_an_account_that_is_a_token_is_handed_on(stack: cdk.Stack, registry: PrivateRegistry, method: str) -> None:
    getattr(registry, method)(cdk.CfnParameter(stack, "Account").value_as_string)

    assert "{'Ref': 'Account'}" in str(written(registry)[0]["Principal"])


@pytest.mark.parametrize("method", ["accept_replication_from", "accept_caches_of"])
def test_an_invalid_account_is_rejected(stack: cdk.Stack, registry: PrivateRegistry, method: str) -> None:
    cases: list[str] = ["", "*", "1111222233", f"arn:aws:iam::{OTHER_ACCOUNT}:root"]
    for account in cases:
        with pytest.raises(InvalidRegistry, match="write its 12 digits as a string"):
            getattr(registry, method)(account)
        with pytest.raises(TypeError, match="account must be a string"):
            getattr(registry, method)(int(OTHER_ACCOUNT))
    assert POLICY not in types(stack)


def test_the_account_of_the_registry_needs_no_permission_to_replicate(stack_in: Callable[[str], cdk.Stack]) -> None:
    registry = PrivateRegistry(stack_in(HERE), "Registry")

    with pytest.raises(InvalidRegistry, match=f"{ACCOUNT} is the account of the registry, which needs no statement"):
        registry.accept_replication_from(ACCOUNT)


def test_account_and_repositories_are_reported_at_once(registry: PrivateRegistry) -> None:
    with pytest.raises(InvalidRegistry) as refused:
        registry.accept_replication_from("nobody", repositories=["A", "b c"])

    assert len(refused.value.problems) == 3


@pytest.mark.parametrize("region", [HERE, "cn-north-1", "us-gov-west-1"])
def test_the_partition_is_that_of_the_region(region: str) -> None:
    stack = new_stack(new_app(), "Containers", region=region)
    registry = PrivateRegistry(stack, "Registry")
    # The exceptions of a denial are written out, with their partition.
    for give in (give for name, (give, _) in PERMISSIONS.items() if name != "a denial"):
        give(registry)

    partition = {"cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}.get(region, "aws")
    text = json.dumps([each for each in written(registry) if each["Effect"] == "Allow"])
    assert f"arn:{partition}:ecr:{region}:{ACCOUNT}:repository/*" in text
    assert "arn:aws:" not in text or partition == "aws"


# --- consumers of caches ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "consumer",
    [Access.lambda_pull(OTHER_ACCOUNT), Access.account_push(OTHER_ACCOUNT), Access.cache_pull(OTHER_ACCOUNT)],
    ids=lambda consumer: str(consumer.intent),
)
def test_access_that_is_not_for_caches_is_no_consumer(
    stack: cdk.Stack, registry: PrivateRegistry, consumer: Access
) -> None:
    with pytest.raises(InvalidRegistry, match=f"consumers: {consumer.intent} is not for caches") as refused:
        registry.accept_cache_consumer(consumer, repositories="hub/*")
    assert len(refused.value.problems) == 1
    assert POLICY not in types(stack)


def test_a_consumer_of_the_wrong_kind_is_a_type_error(registry: PrivateRegistry) -> None:
    cases: list[Any] = [OTHER_ACCOUNT, None, 7]
    for consumer in cases:
        with pytest.raises(TypeError, match="consumer must be an Access such as"):
            registry.accept_cache_consumer(consumer, repositories="hub/*")


def test_too_many_consumers_are_rejected_before_the_cache_is_added(stack: cdk.Stack, registry: PrivateRegistry) -> None:
    registry.add_to_resource_policy(sized(10_200))

    with pytest.raises(InvalidRegistry, match=r"the registry policy has \d+ characters; ECR allows 10240") as refused:
        PullThroughCache(stack, "Cache", upstream=Upstream.ecr_public(), consumers=[Access.account_pull(OTHER_ACCOUNT)])
    assert refused.value.path == "Containers/Cache"
    assert stack.node.children == [registry]


def acknowledged(registry: PrivateRegistry) -> bool:
    return "AwsSolutions-ECR1" in str([(each.type, each.data) for each in registry.node.metadata])


@pytest.mark.parametrize(
    ("name", "open_"), [("an organization as a consumer", True), ("an account as a consumer", False)]
)
def test_an_organization_is_acknowledged_to_cdk_nag(registry: PrivateRegistry, name: str, *, open_: bool) -> None:
    import cdk_nag  # noqa: F401  (it is asked whether it is there)

    PERMISSIONS[name][0](registry)

    assert acknowledged(registry) is open_


def test_without_cdk_nag_nothing_is_acknowledged(registry: PrivateRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.delitem(sys.modules, "cdk_nag", raising=False)
    PERMISSIONS["an organization as a consumer"][0](registry)

    assert not acknowledged(registry)


# --- creation of repositories -----------------------------------------------------------------------------------------


def excepted(registry: PrivateRegistry) -> list[Any]:
    """Return the principals that a denial does not apply to, without those of AWS."""
    (denial,) = (each for each in written(registry) if each["Effect"] == "Deny")
    arns = as_list(denial["Condition"]["ArnNotLike"]["aws:PrincipalArn"])
    assert SERVICE_LINKED in arns
    return [arn for arn in arns if arn != SERVICE_LINKED]


def test_roles_and_arns_are_excepted_from_a_denial(stack: cdk.Stack, registry: PrivateRegistry) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal())
    imported = iam.Role.from_role_arn(stack, "Imported", f"arn:aws:iam::{ACCOUNT}:role/imported")
    pattern = "arn:aws:iam::*:role/cdk-*"
    registry.deny_repository_creation(except_for=[role, DEPLOYER, imported, pattern])

    assert excepted(registry) == [
        "arn:aws:iam::*:role/cdk-*",
        f"arn:aws:iam::{ACCOUNT}:role/deployer",
        f"arn:aws:iam::{ACCOUNT}:role/imported",
        {"Fn::GetAtt": [stack.get_logical_id(role.node.default_child), "Arn"]},  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize("first", [True, False], ids=["template first", "denial first"])
def test_the_role_of_a_template_is_excepted_whenever_it_comes(registry: PrivateRegistry, *, first: bool) -> None:
    role = iam.Role.from_role_arn(registry, "Imported", f"arn:aws:iam::{ACCOUNT}:role/a-template")
    steps: list[Callable[[], None]] = [
        lambda: policy_of(registry).except_from_denial(role),
        lambda: registry.deny_repository_creation(except_for=[DEPLOYER]),
    ]
    for step in steps if first else steps[::-1]:
        step()

    assert excepted(registry) == [role.role_arn, DEPLOYER]


def test_the_role_of_a_template_that_was_there_before_the_registry_is_excepted(stack: cdk.Stack) -> None:
    template_of_teams = CreationTemplate(
        stack, "Teams", prefix="teams", applied_for=["CREATE_ON_PUSH"], settings=HARDENED
    )
    late = PrivateRegistry(stack, "Late")
    late.deny_repository_creation(except_for=[DEPLOYER])

    assert template_of_teams.role is not None
    assert stack.resolve(template_of_teams.role.role_arn) in excepted(late)


def test_the_role_of_a_template_makes_no_policy_by_itself(stack: cdk.Stack, registry: PrivateRegistry) -> None:
    policy_of(registry).except_from_denial(iam.Role.from_role_arn(stack, "Imported", DEPLOYER))

    assert POLICY not in types(stack)


def test_a_role_that_is_added_after_the_synthesis_is_rejected_if_it_would_be_denied(
    app: cdk.App, stack: cdk.Stack, registry: PrivateRegistry
) -> None:
    registry.deny_repository_creation(except_for=[DEPLOYER])
    role = iam.Role.from_role_arn(stack, "Imported", f"arn:aws:iam::{ACCOUNT}:role/late")
    synthesize(app)

    with pytest.raises(InvalidRegistry, match="is already synthesized"):
        policy_of(registry).except_from_denial(role)


def test_exceptions_that_come_later_count(registry: PrivateRegistry) -> None:
    registry.deny_repository_creation(except_for=[DEPLOYER])

    def add() -> None:
        for number in range(200):
            arn = f"arn:aws:iam::{ACCOUNT}:role/{number:060}"
            policy_of(registry).except_from_denial(iam.Role.from_role_arn(registry, f"Role{number}", arn))

    add()
    with pytest.raises(RuntimeError, match=r"the registry policy has \d+ characters; ECR allows 10240"):
        written(registry)


def test_a_denial_is_about_the_account_of_the_registry(stack_in: Callable[[str], cdk.Stack]) -> None:
    registry = PrivateRegistry(stack_in(HERE), "Registry")
    registry.deny_repository_creation(except_for=[DEPLOYER])

    (denial,) = written(registry)
    assert denial["Condition"]["StringEquals"] == {"aws:PrincipalAccount": ACCOUNT}


def test_a_principal_that_cannot_be_excluded_is_rejected(stack: cdk.Stack, registry: PrivateRegistry) -> None:
    cases: list[tuple[list[str], str]] = [
        ([], "except_for: no principal could create repositories, including CloudFormation; add the role that deploys"),
        (["deployer"], "except_for: 'deployer' is not the ARN of a role or user"),
        (["*"], "except_for: '*' is not the ARN of a role or user"),
        ([f"arn:aws:iam::{ACCOUNT}:root"], "is not the ARN of a role or user"),
        ([f"arn:aws:iam::{ACCOUNT}:role/"], "is not the ARN of a role or user"),
        ([f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/session"], "is not the ARN of a role or user"),
    ]
    for except_for, problem in cases:
        with pytest.raises(InvalidRegistry) as refused:
            registry.deny_repository_creation(except_for=except_for)

        (found,) = refused.value.problems
        assert problem in found
    assert POLICY not in types(stack)


def test_a_denial_can_be_added_after_one_was_rejected(registry: PrivateRegistry) -> None:
    with pytest.raises(InvalidRegistry):
        registry.deny_repository_creation(except_for=["deployer"])
    registry.deny_repository_creation(except_for=[DEPLOYER])

    assert excepted(registry) == [DEPLOYER]


def test_a_token_is_excepted_as_it_is(stack: cdk.Stack, registry: PrivateRegistry) -> None:
    registry.deny_repository_creation(except_for=[cdk.CfnParameter(stack, "Arn").value_as_string])

    assert excepted(registry) == [{"Ref": "Arn"}]


def test_exceptions_of_the_wrong_kind_are_a_type_error(registry: PrivateRegistry) -> None:
    cases: list[Any] = [DEPLOYER, None, {DEPLOYER}, [7], [iam.AnyPrincipal]]
    for except_for in cases:
        with pytest.raises(TypeError, match="except_for"):
            registry.deny_repository_creation(except_for=except_for)


def test_a_second_denial_is_rejected(registry: PrivateRegistry) -> None:
    registry.deny_repository_creation(except_for=[DEPLOYER])

    with pytest.raises(
        InvalidRegistry, match="already denies the creation of repositories; list all principals in one call"
    ):
        registry.deny_repository_creation(except_for=["arn:aws:iam::*:user/admin"])
    assert excepted(registry) == [DEPLOYER]


# --- statements of the caller -----------------------------------------------------------------------------------------

# Statements that ECR or the library rejects, with the reason.
REFUSED: dict[str, tuple[Callable[[], iam.PolicyStatement], str]] = {
    "everyone": (lambda: statement(principals=[iam.AnyPrincipal()]), "the statement is public"),
    "everyone but one": (
        lambda: statement(principals=None, not_principals=[iam.AccountPrincipal(OTHER_ACCOUNT)]),
        "the statement is public",
    ),
    "no resources": (lambda: statement(resources=None), "the statement has no resources; name the repositories"),
    "no principal": (lambda: statement(principals=None), "the statement has no principal"),
    "no action": (lambda: statement(actions=None), "the statement has no action"),
    "login": (
        lambda: statement(actions=["ecr:GetAuthorizationToken"]),
        "a registry policy cannot allow ecr:GetAuthorizationToken",
    ),
    "an action of S3": (lambda: statement(actions=["s3:GetObject"]), "'s3:GetObject' is not an action of ECR"),
    **{
        f"a denial of {action}": (
            lambda action=action: statement(effect=iam.Effect.DENY, actions=[action]),  # type: ignore[misc]
            f"the statement denies {action}, and Amazon Inspector could not change the scan type",
        )
        for action in ("ecr:*", "*", "ecr:Put*", "ecr:PutRegistryScanningConfiguration", "ECR:putregistry*")
    },
    "a denial of all but some": (
        lambda: statement(effect=iam.Effect.DENY, actions=None, not_actions=["ecr:BatchGetImage"]),
        "the statement denies all actions but some, and Amazon Inspector could not change the scan type",
    ),
}
each_refused = pytest.mark.parametrize("name", REFUSED)

TAKEN: dict[str, Callable[[], iam.PolicyStatement]] = {
    "an account": statement,
    "an action of scope V2": lambda: statement(actions=["ecr:BatchGetImage"]),
    "an organization": lambda: statement(principals=[iam.OrganizationPrincipal(ORGANIZATION)]),
    "a service": lambda: statement(principals=[iam.ServicePrincipal("lambda.amazonaws.com")]),
    "all resources but some": lambda: statement(resources=None, not_resources=["arn:aws:ecr:*:*:repository/x"]),
    "a denial": lambda: statement(effect=iam.Effect.DENY, principals=[iam.AnyPrincipal()]),
    "a denial of everything on a condition": lambda: statement(
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=["ecr:*"],
        conditions={"StringNotEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
    ),
    "a denial of all but scanning": lambda: statement(
        effect=iam.Effect.DENY, actions=None, not_actions=["ecr:PutRegistryScanning*"]
    ),
    "a token as the action": lambda: statement(actions=[cdk.Fn.import_value("Action")]),
    "a list of resources that is a token": lambda: statement(resources=cdk.Fn.split(",", cdk.Fn.import_value("Arns"))),
}


@each_refused
def test_a_statement_that_is_given_is_rejected_with_the_reason_and_the_path(stack: cdk.Stack, name: str) -> None:
    make, reason = REFUSED[name]

    with pytest.raises(InvalidRegistry) as refused:
        PrivateRegistry(stack, "Registry", policy_statements=[make()])

    assert [problem for problem in refused.value.problems if reason in problem] == list(refused.value.problems)
    assert refused.value.path == "Containers/Registry"
    assert stack.node.children == []


@each_refused
def test_a_statement_that_is_added_later_is_rejected_with_the_same_reason(
    stack: cdk.Stack, registry: PrivateRegistry, name: str
) -> None:
    make, reason = REFUSED[name]

    with pytest.raises(InvalidRegistry) as refused:
        registry.add_to_resource_policy(make())

    assert reason in str(refused.value)
    assert refused.value.path == "Containers/Registry"
    assert POLICY not in types(stack)


@pytest.mark.parametrize("name", TAKEN)
def test_a_valid_statement_is_accepted_as_an_argument_and_when_it_is_added(name: str) -> None:
    given, added = (new_stack(new_app(), "Containers") for _ in range(2))
    PrivateRegistry(given, "Registry", policy_statements=[TAKEN[name]()])
    result = PrivateRegistry(added, "Registry").add_to_resource_policy(TAKEN[name]())

    assert result.statement_added
    assert len(registry_statements(given)) == 1
    assert registry_statements(added) == registry_statements(given)


def test_all_actions_can_be_denied_to_another_account(stack_in: Callable[[str], cdk.Stack]) -> None:
    stack = stack_in("eu-west-1")

    assert len(deny_everything(stack, iam.AccountPrincipal(OTHER_ACCOUNT))) == 1


@pytest.mark.parametrize(
    "own",
    [
        iam.AccountRootPrincipal,
        lambda: iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:root"),
        lambda: iam.ArnPrincipal(f"arn:aws:iam::{cdk.Aws.ACCOUNT_ID}:root"),
    ],
    ids=["the root", "an ARN", "an ARN with a token"],
)
def test_all_actions_cannot_be_denied_to_the_same_account(
    stack_in: Callable[[str], cdk.Stack], own: Callable[[], iam.IPrincipal]
) -> None:
    stack = stack_in("eu-west-1")

    with pytest.raises((InvalidRegistry, RuntimeError), match="Amazon Inspector could not change the scan type"):
        deny_everything(stack, own())


def deny_everything(stack: cdk.Stack, principal: iam.IPrincipal) -> Sequence[object]:
    denial = statement(effect=iam.Effect.DENY, principals=[principal], actions=["ecr:*"])
    PrivateRegistry(stack, "Registry").add_to_resource_policy(denial)
    return registry_statements(stack)


def test_all_statements_that_are_fine_are_fine_together(registry: PrivateRegistry) -> None:
    for make in TAKEN.values():
        registry.add_to_resource_policy(make())

    assert written(registry)


def test_a_value_that_is_not_a_statement_is_a_type_error(registry: PrivateRegistry) -> None:
    cases: list[Any] = [None, "statement", {"Effect": "Allow"}]
    for value in cases:
        with pytest.raises(TypeError, match=r"statement must be a PolicyStatement such as iam\.PolicyStatement"):
            registry.add_to_resource_policy(value)


def test_a_condition_that_is_known_only_at_deployment_is_accepted(stack: cdk.Stack, registry: PrivateRegistry) -> None:
    """The CDK renders a condition key that is a token with a custom resource."""
    condition = cdk.CfnJson(stack, "Condition", value={f"{cdk.Aws.REGION}:key": "value"})
    for resource in ("arn:aws:ecr:*:*:repository/a", "arn:aws:ecr:*:*:repository/b"):
        registry.add_to_resource_policy(statement(conditions={"StringEquals": condition}, resources=[resource]))

    (found,) = written(registry)
    assert len(found["Resource"]) == 2
    assert "Fn::GetAtt" in found["Condition"]["StringEquals"]


def test_a_statement_that_changes_after_it_was_added_is_written_as_it_is_in_the_end(stack: cdk.Stack) -> None:
    changing = statement(sid="Ours")
    PrivateRegistry(stack, "Registry", policy_statements=[changing])
    changing.add_actions("ecr:CreateRepository")

    (found,) = registry_statements(stack)
    assert found["Action"] == REPLICATE


def test_a_statement_that_becomes_public_after_it_was_added_stops_the_synthesis(registry: PrivateRegistry) -> None:
    changing = statement()
    registry.add_to_resource_policy(changing)
    changing.add_any_principal()

    with pytest.raises(RuntimeError, match=r"\[Containers/Registry\] the statement is public"):
        written(registry)


def test_a_statement_that_becomes_too_long_after_it_was_added_stops_the_synthesis(registry: PrivateRegistry) -> None:
    changing = statement()
    registry.add_to_resource_policy(changing)
    changing.add_resources(*(f"arn:aws:ecr:*:*:repository/{number:060}" for number in range(150)))

    with pytest.raises(RuntimeError, match=r"\[Containers/Registry\] the registry policy has \d+ characters"):
        written(registry)


# --- the length of a policy -------------------------------------------------------------------------------------------


def sized(characters: int) -> iam.PolicyStatement:
    """Return a statement whose policy has exactly a number of characters as compact JSON."""

    def made(filling: str) -> iam.PolicyStatement:
        return statement(
            principals=[iam.ArnPrincipal(f"arn:aws:iam::{OTHER_ACCOUNT}:role/copier")],
            conditions={"StringLike": {"aws:SourceArn": filling}},
        )

    return made("x" * (characters - length([made("").to_json()])))


def length(statements: Sequence[object]) -> int:
    return len(json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":")))


def test_a_policy_of_10240_characters_is_the_longest(stack: cdk.Stack) -> None:
    PrivateRegistry(stack, "Registry", policy_statements=[sized(10_240)])

    assert length(registry_statements(stack)) == 10_240


def test_a_longer_policy_is_rejected(stack: cdk.Stack) -> None:
    cases: list[int] = [10_241, 10_242, 10_270, 10_280, 20_000]
    for characters in cases:
        problem = (
            rf"the registry policy has {characters} characters; ECR allows 10240, "
            "let statements share their principals or their repositories"
        )

        with pytest.raises(InvalidRegistry, match=problem):
            PrivateRegistry(stack, "Registry", policy_statements=[sized(characters)])
        assert stack.node.children == []


def test_contributions_count_together_and_the_one_too_many_leaves_the_others(registry: PrivateRegistry) -> None:
    registry.add_to_resource_policy(sized(6_000))
    registry.accept_replication_from(OTHER_ACCOUNT)

    with pytest.raises(InvalidRegistry, match="ECR allows 10240"):
        registry.add_to_resource_policy(sized(4_500))
    assert len(written(registry)) == 2


def test_a_policy_that_fits_after_its_statements_are_merged_is_accepted(registry: PrivateRegistry) -> None:
    for number in range(100):
        registry.accept_replication_from(f"{number:012}")

    (found,) = written(registry)
    assert len(found["Principal"]["AWS"]) == 100


# --- merged statements ------------------------------------------------------------------------------------------------


def test_accounts_that_may_do_the_same_share_a_statement(registry: PrivateRegistry) -> None:
    registry.accept_replication_from("777788889999", repositories=Namespace("prod"))
    registry.accept_replication_from(OTHER_ACCOUNT, repositories=Namespace("prod"))

    (found,) = written(registry)
    assert found["Principal"] == {"AWS": [account_root(OTHER_ACCOUNT), account_root("777788889999")]}


def test_repositories_with_which_an_account_may_do_the_same_share_a_statement(registry: PrivateRegistry) -> None:
    registry.accept_replication_from(OTHER_ACCOUNT, repositories=Namespace("prod"))
    registry.accept_replication_from(OTHER_ACCOUNT, repositories=Namespace("base"))

    (found,) = written(registry)
    assert found["Resource"] == [repository("base/*"), repository("prod/*")]


def test_accounts_with_repositories_of_their_own_do_not_share_them(registry: PrivateRegistry) -> None:
    registry.accept_replication_from(OTHER_ACCOUNT, repositories=Namespace("a"))
    registry.accept_replication_from("777788889999", repositories=Namespace("b"))

    assert [(each["Principal"]["AWS"], each["Resource"]) for each in written(registry)] == [
        (account_root(OTHER_ACCOUNT), repository("a/*")),
        (account_root("777788889999"), repository("b/*")),
    ]


@pytest.mark.parametrize("name", [name for name in PERMISSIONS if name != "a denial"])
def test_a_permission_that_is_given_twice_is_written_once(registry: PrivateRegistry, name: str) -> None:
    for _ in range(2):
        PERMISSIONS[name][0](registry)

    assert written(registry) == [PERMISSIONS[name][1]]


# Contributions that share principals, repositories, and roles that are references in the template.
CONTRIBUTIONS: list[Callable[[PrivateRegistry], object]] = [
    *(give for give, _ in PERMISSIONS.values()),
    lambda registry: registry.accept_replication_from("777788889999"),
    lambda registry: registry.accept_replication_from("777788889999", repositories=Namespace("prod")),
    lambda registry: registry.accept_replication_from(OTHER_ACCOUNT, repositories=Namespace("prod")),
    lambda registry: registry.accept_cache_consumer(Access.organization_pull(ORGANIZATION), repositories="ghcr/*"),
    *(
        lambda registry, id=id: policy_of(registry).except_from_denial(
            iam.Role(cdk.Stack.of(registry), id, assumed_by=iam.AccountRootPrincipal())
        )
        for id in ("RoleA", "RoleB")
    ),
    *(
        lambda registry, id=id: registry.add_to_resource_policy(
            statement(principals=[iam.Role(cdk.Stack.of(registry), id, assumed_by=iam.AccountRootPrincipal())])
        )
        for id in ("RoleC", "RoleD")
    ),
]


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_contributors_changes_nothing(seed: int) -> None:
    shuffled = random.Random(seed).sample(CONTRIBUTIONS, len(CONTRIBUTIONS))  # noqa: S311  (an order, no secret)
    policies = []
    for contributions in (CONTRIBUTIONS, shuffled):
        stack = new_stack(new_app(), "Containers")
        registry = PrivateRegistry(stack, "Registry")
        for contribute in contributions:
            contribute(registry)
        policies.append(the(stack, POLICY))

    assert policies[0] == policies[1]


# --- laws of merging --------------------------------------------------------------------------------------------------

# Few values, so statements often differ in one part only.
_arns = st.sampled_from(["arn:a", "arn:b", {"Fn::GetAtt": ["Role", "Arn"]}])
_one_or_several = st.one_of(_arns, st.lists(_arns, min_size=1, max_size=3))
_principals = st.one_of(
    st.builds(lambda arns: {"Principal": {"AWS": arns}}, _one_or_several),
    st.sampled_from(
        [
            *({"Principal": one} for one in ("*", {"AWS": "*"}, {"Service": "s"}, {"AWS": "arn:a", "Service": "s"})),
            {"NotPrincipal": {"AWS": ["arn:a", "arn:b"]}},
        ]
    ),
)
_resources = st.one_of(
    st.builds(lambda arns: {"Resource": arns}, _one_or_several),
    st.sampled_from([{"Resource": "*"}, {"NotResource": ["arn:a", "arn:b"]}]),
)
_rest = st.sampled_from(
    [
        {"Effect": "Allow", "Action": "ecr:A"},
        {"Effect": "Deny", "Action": "ecr:A"},
        {"Effect": "Allow", "Action": ["ecr:A", "ecr:B"]},
        {"Effect": "Allow", "Action": "ecr:A", "Condition": {"Bool": {"a": "b"}}},
        {"Effect": "Allow", "Action": "ecr:A", "Sid": "Ours"},
    ]
)
_statements = st.lists(
    st.builds(lambda rest, principal, resource: {**rest, **principal, **resource}, _rest, _principals, _resources),
    max_size=12,
)


Part = Literal["Principal", "Resource"]


def merge(statements: Sequence[Mapping[str, Any]], part: Part) -> list[Mapping[str, Any]]:
    """Merge statements without tokens."""
    return [each.raw for each in merge_written([Written(each, each) for each in statements], part)]


def grants(statements: Sequence[Mapping[str, Any]]) -> set[str]:
    """Split statements into one for each principal, action and resource, which have the same meaning."""
    return {json.dumps(grant, sort_keys=True) for each in statements for grant in _grants(each)}


def _grants(statement: Mapping[str, Any]) -> Iterator[object]:
    principal = statement.get("Principal", ())
    named = (
        [(kind, one) for kind, values in principal.items() for one in as_list(values)]
        if isinstance(principal, Mapping)
        else [("", principal)]
    )
    rest = {key: value for key, value in statement.items() if key not in ("Principal", "Action", "Resource")}
    for parts in product(named, as_list(statement["Action"]), as_list(statement.get("Resource", ""))):
        yield [rest, *parts]


@given(_statements)
def test_merging_changes_no_grant(statements: list[dict[str, Any]]) -> None:
    by_resource = merge(statements, "Resource")

    assert grants(by_resource) == grants(statements)
    assert grants(merge(statements, "Principal")) == grants(statements)
    assert grants(merge(by_resource, "Principal")) == grants(statements)


@given(_statements, st.randoms(use_true_random=False))
def test_merging_does_not_depend_on_the_order(statements: list[dict[str, Any]], chance: random.Random) -> None:
    shuffled = chance.sample(statements, len(statements))

    def document(given: list[dict[str, Any]]) -> list[str]:
        return sorted(json.dumps(each, sort_keys=True) for each in merge(merge(given, "Resource"), "Principal"))

    assert document(shuffled) == document(statements)


@pytest.mark.parametrize("part", ["Resource", "Principal"])
@given(_statements)
def test_merging_twice_changes_nothing(part: Part, statements: list[dict[str, Any]]) -> None:
    merged = merge(statements, part)

    assert merge(merged, part) == merged
    assert len(merged) <= len(statements)


@given(_statements)
def test_merging_does_not_change_the_given_rules(statements: list[dict[str, Any]]) -> None:
    before = json.dumps(statements)
    merge(merge(statements, "Resource"), "Principal")

    assert json.dumps(statements) == before


@pytest.mark.parametrize(
    ("part", "everyone", "one"),
    [
        ("Principal", {"AWS": "*"}, {"AWS": "arn:a"}),
        ("Principal", "*", {"AWS": "arn:a"}),
        ("Principal", {"Service": "s"}, {"AWS": "arn:a"}),
        ("Resource", "*", "arn:a"),
    ],
)
def test_a_filter_for_all_repositories_cannot_be_combined(part: Part, everyone: Any, one: Any) -> None:
    rest = {"Effect": "Allow", "Action": "ecr:A", "Principal": {"AWS": "arn:a"}, "Resource": "arn:a"}
    statements = [{**rest, part: everyone}, {**rest, part: one}]

    assert merge(statements, part) == statements
