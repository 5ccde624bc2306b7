"""Images of, and permissions for, the repositories that ECR creates for templates and replicas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from ecr_constructs import (
    CREATED,
    CreationTemplate,
    HardenedRepository,
    InvalidName,
    InvalidRegistry,
    InvalidRepository,
    Namespace,
    PullThroughCache,
    ReplicaRegistry,
    Upstream,
)
from ecr_constructs.model.iam.permissions import ADMINISTER, PULL, PUSH, READ_METADATA, SCAN, SIGN
from tests.templates import statements

ARN = "arn:aws:ecr:eu-west-1:111122223333:repository/{}"
DIGEST = f"sha256:{'0a' * 32}"
Grant = Callable[..., iam.Grant]


@pytest.fixture
def stack(app: cdk.App) -> cdk.Stack:
    return cdk.Stack(app, "Recovery", env=cdk.Environment(account="111122223333", region="eu-west-1"))


def template(stack: cdk.Stack, prefix: str = "teams") -> CreationTemplate:
    return CreationTemplate(stack, "Teams", prefix=prefix, applied_for=["CREATE_ON_PUSH"])


def replica(stack: cdk.Stack, *namespaces: Namespace) -> ReplicaRegistry:
    return ReplicaRegistry(stack, "Replica", source_region="us-east-1", repositories=namespaces or None)


def granted(stack: cdk.Stack, grant: Grant, **options: Any) -> dict[str, set[str]]:
    """Return the actions that a role has after a grant, by resource."""
    role = iam.Role(stack, "Builder", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
    grant(role, **options)
    (policy,) = (
        each["Properties"]["PolicyDocument"]["Statement"]
        for each in Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
        if each["Properties"]["PolicyName"].startswith("Builder")
    )
    found: dict[str, set[str]] = {}
    for statement in policy:
        actions, resources = ([each] if isinstance(each, str) else each for each in map(statement.get, FIELDS))
        for resource in resources:
            found.setdefault(resource, set()).update(actions)
    return found


FIELDS = ("Action", "Resource")
LOGIN = {"*": {"ecr:GetAuthorizationToken"}}


def test_a_template_grants_pulls_of_the_repositories_under_its_prefix(stack: cdk.Stack) -> None:
    assert granted(stack, template(stack).grant_pull) == {ARN.format("teams/*"): {*PULL}, **LOGIN}


def test_a_template_grants_pushes_to_the_repositories_under_its_prefix(stack: cdk.Stack) -> None:
    assert granted(stack, template(stack).grant_push) == {ARN.format("teams/*"): {*PUSH}, **LOGIN}


def test_the_creation_of_repositories_is_granted_on_request(stack: cdk.Stack) -> None:
    actions = granted(stack, template(stack).grant_push, create=True)[ARN.format("teams/*")]

    assert actions == {*PUSH, "ecr:CreateRepository"}


def test_the_template_for_all_other_repositories_grants_on_all(stack: cdk.Stack) -> None:
    assert granted(stack, template(stack, "ROOT").grant_pull) == {ARN.format("*"): {*PULL}, **LOGIN}


def test_a_replica_grants_pulls_in_its_namespaces(stack: cdk.Stack) -> None:
    destination = replica(stack, Namespace("prod"), Namespace("tools"))

    assert granted(stack, destination.grant_pull) == {
        ARN.format("prod/*"): {*PULL},
        ARN.format("tools/*"): {*PULL},
        **LOGIN,
    }


INTENTS = {"read_metadata": READ_METADATA, "scan": SCAN, "administer": ADMINISTER}
PROFILE = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release"


def repository(stack: cdk.Stack) -> HardenedRepository:
    return HardenedRepository(stack, "Api", repository_name="teams/api", settings=CREATED)


def cache(stack: cdk.Stack) -> PullThroughCache:
    return PullThroughCache(stack, "Cache", upstream=Upstream.quay(), prefix="teams")


@pytest.mark.parametrize("intent", INTENTS)
@pytest.mark.parametrize("make", [template, replica, cache, repository])
def test_an_intent_is_granted_without_the_permission_to_log_in(
    stack: cdk.Stack, make: Callable[..., Any], intent: str
) -> None:
    made = make(stack, Namespace("teams")) if make is replica else make(stack)

    (actions,) = granted(stack, getattr(made, f"grant_{intent}")).values()
    assert actions == {*INTENTS[intent]}


@pytest.mark.parametrize("make", [template, repository])
def test_signing_is_granted_with_the_profile(stack: cdk.Stack, make: Callable[..., Any]) -> None:
    found = granted(stack, make(stack).grant_sign, signing_profile_arn=PROFILE)

    assert found.pop(PROFILE) == {"signer:SignPayload"}
    assert found.pop("*") == {"ecr:GetAuthorizationToken"}
    assert list(found.values()) == [{*SIGN}]


@pytest.mark.parametrize("make", [template, repository])
def test_signing_is_rejected_without_a_profile_or_a_policy(stack: cdk.Stack, make: Callable[..., Any]) -> None:
    made = make(stack)
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))

    for arn, problem in {
        "release": "signing_profile_arn: signing profile 'release' is not well formed; write its ARN",
        PROFILE.replace("eu-west-1", "us-east-1"): "is of us-east-1, and the repositories are in eu-west-1",
        PROFILE.replace("arn:aws:", "arn:aws-cn:"): "is of partition 'aws-cn'",
    }.items():
        with pytest.raises((InvalidRegistry, InvalidRepository), match=problem):
            made.grant_sign(role, signing_profile_arn=arn)
    with pytest.raises((InvalidRegistry, InvalidRepository), match="AccountPrincipal has none; grant it to a role"):
        made.grant_sign(iam.AccountPrincipal("444455556666"), signing_profile_arn=PROFILE)


@pytest.mark.parametrize("make", [template, replica, cache, repository])
def test_a_scan_is_granted_with_the_findings_of_amazon_inspector(stack: cdk.Stack, make: Callable[..., Any]) -> None:
    made = make(stack, Namespace("teams")) if make is replica else make(stack)
    found = granted(stack, made.grant_scan, enhanced=True)

    assert found.pop("*") == {"inspector2:ListCoverage", "inspector2:ListFindings"}
    assert list(found.values()) == [{*SCAN}]


def test_findings_of_amazon_inspector_are_granted_to_a_principal_with_a_policy_only(stack: cdk.Stack) -> None:
    made = repository(stack)

    with pytest.raises(InvalidRepository, match="AccountPrincipal has none; grant it to a role"):
        made.grant_scan(iam.AccountPrincipal("444455556666"), enhanced=True)
    assert statements(made) == []


def test_an_account_gets_an_intent_in_the_policy_of_the_repository(stack: cdk.Stack) -> None:
    made = repository(stack)
    made.grant_scan(iam.AccountPrincipal("444455556666"))

    assert [{*each["Action"]} for each in statements(made)] == [{*SCAN}]


def test_an_imported_repository_grants_an_intent(stack: cdk.Stack) -> None:
    made = HardenedRepository.from_repository_name(stack, "Api", "teams/api")

    assert {*INTENTS["administer"]} in granted(stack, made.grant_administer).values()


@pytest.mark.parametrize("name", ["grant_pull", "grant_push"])
def test_a_grantee_without_a_policy_is_rejected(stack: cdk.Stack, name: str) -> None:
    with pytest.raises(InvalidRegistry, match=r"AccountPrincipal has no policy .* or for another account add access= "):
        getattr(template(stack), name)(iam.AccountPrincipal("444455556666"))


@pytest.mark.parametrize("make", [template, replica])
def test_a_grantee_of_the_wrong_kind_is_a_type_error(stack: cdk.Stack, make: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="grantee must be an IGrantable"):
        make(stack).grant_pull("role")


@pytest.mark.parametrize(
    ("reference", "end"),
    [
        ("teams/api:v1", "/teams/api:v1"),
        (f"teams/a/b@{DIGEST}", f"/teams/a/b@{DIGEST}"),
        (f"teams/api:v1@{DIGEST}", f"/teams/api:v1@{DIGEST}"),
    ],
)
def test_an_image_of_a_template_is_in_the_registry_of_the_stack(stack: cdk.Stack, reference: str, end: str) -> None:
    image = stack.resolve(template(stack).image(reference))

    assert image == {"Fn::Join": ["", ["111122223333.dkr.ecr.eu-west-1.", {"Ref": "AWS::URLSuffix"}, end]]}


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("prod/api:v1", "'prod/api' is not under 'teams'; use one that is"),
        ("teams:v1", "'teams' is not under 'teams'; use one that is"),
        ("teams2/api:v1", "'teams2/api' is not under 'teams'; use one that is"),
        ("teams/api", "'teams/api' has neither tag nor digest; add one, such as 'teams/api:v1.0'"),
        (
            "quay.io/teams/api:v1",
            "'quay.io/teams/api:v1' has the registry quay.io; use the name without a registry",
        ),
    ],
)
def test_an_image_of_no_repository_of_the_template_is_rejected(stack: cdk.Stack, reference: str, problem: str) -> None:
    with pytest.raises(InvalidName) as rejected:
        template(stack).image(reference)

    assert rejected.value.problems == (problem,)
    assert rejected.value.path == "Recovery/Teams"


@pytest.mark.parametrize("make", [template, replica])
def test_a_uri_is_that_of_the_repository_without_a_tag(stack: cdk.Stack, make: Callable[..., Any]) -> None:
    made = make(stack) if make is template else make(stack, Namespace("teams"))
    uri = stack.resolve(made.uri("teams/api"))

    assert uri == {"Fn::Join": ["", ["111122223333.dkr.ecr.eu-west-1.", {"Ref": "AWS::URLSuffix"}, "/teams/api"]]}
    assert made.uri("teams/api", dual_stack=True) == "111122223333.dkr-ecr.eu-west-1.on.aws/teams/api"
    for wrong in ("prod/api", "teams/api:v1", f"teams/api@{DIGEST}", "quay.io/teams/api"):
        with pytest.raises(InvalidName):
            made.uri(wrong)


def test_an_image_of_a_replica_is_in_one_of_its_namespaces(stack: cdk.Stack) -> None:
    destination = replica(stack, Namespace("prod"), Namespace("tools"))

    assert "/tools/ci:v1" in str(stack.resolve(destination.image("tools/ci:v1")))
    with pytest.raises(InvalidName, match="'dev/api' is not under 'prod' or 'tools'"):
        destination.image("dev/api:v1")


def test_a_replica_of_the_whole_registry_has_images_of_all_repositories(stack: cdk.Stack) -> None:
    assert "/any/thing:v1" in str(stack.resolve(replica(stack).image("any/thing:v1")))
