"""The permissions to pull the images of a cache, and their URIs in task definitions and manifests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from cdk_nag import AwsSolutionsChecks
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs import (
    ROOT,
    Access,
    CreationTemplate,
    Credentials,
    Encryption,
    ImageReference,
    InvalidName,
    InvalidRegistry,
    PrivateRegistry,
    PullThroughCache,
    Upstream,
)
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.repository.settings import CACHED, CREATED
from tests.model.lifecycle.strategies import repository_names
from tests.templates import (
    ACCOUNT,
    FLAGS,
    OTHER_ACCOUNT,
    new_app,
    new_stack,
    resources,
    role_statements,
    template,
    text_of,
)

POLICY = "AWS::IAM::Policy"
DIGEST = f"sha256:{'0' * 64}"
HOST = f"{ACCOUNT}.dkr.ecr.eu-west-1.<AWS::URLSuffix>"
PARTNER = Upstream.ecr(account=OTHER_ACCOUNT, region="us-east-1")


def hub(scope: cdk.Stack, **options: Any) -> PullThroughCache:
    return PullThroughCache(
        scope, "Hub", upstream=Upstream.docker_hub(), credentials=Credentials.new_secret(), **options
    )


def quay(scope: cdk.Stack, **options: Any) -> PullThroughCache:
    return PullThroughCache(scope, "Quay", upstream=Upstream.quay(), **options)


def user_role(scope: cdk.Stack, **options: Any) -> iam.Role:
    return iam.Role(scope, "User", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"), **options)


@pytest.fixture
def here(stack_in: Callable[[str], cdk.Stack]) -> cdk.Stack:
    return stack_in("eu-west-1")


# --- images -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "cached"),
    [
        ("library/nginx:1.27", "docker-hub/library/nginx:1.27"),
        ("nginx:1.27", "docker-hub/library/nginx:1.27"),
        ("docker.io/library/nginx:1.27", "docker-hub/library/nginx:1.27"),
        ("registry-1.docker.io/grafana/loki:3", "docker-hub/grafana/loki:3"),
        (f"nginx@{DIGEST}", f"docker-hub/library/nginx@{DIGEST}"),
        (f"nginx:1.27@{DIGEST}", f"docker-hub/library/nginx:1.27@{DIGEST}"),
    ],
)
def test_an_image_has_the_host_of_the_registry_and_the_cached_name(
    here: cdk.Stack, reference: str, cached: str
) -> None:
    assert text_of(here.resolve(hub(here).image(reference))) == f"{HOST}/{cached}"


def test_under_root_an_image_keeps_its_name(here: cdk.Stack) -> None:
    assert text_of(here.resolve(quay(here, prefix=ROOT).image("team/api:v1"))) == f"{HOST}/team/api:v1"


def test_the_prefix_of_a_part_of_the_upstream_is_replaced(here: cdk.Stack) -> None:
    cache = PullThroughCache(here, "Partner", upstream=PARTNER, prefix="partner", upstream_prefix="shared")

    assert text_of(here.resolve(cache.image("shared/api:v1"))) == f"{HOST}/partner/api:v1"


def test_the_host_is_that_of_the_deployment_if_the_environment_is_not_known(stack: cdk.Stack) -> None:
    assert text_of(stack.resolve(quay(stack).image("team/api:v1"))) == (
        "<AWS::AccountId>.dkr.ecr.<AWS::Region>.<AWS::URLSuffix>/quay/team/api:v1"
    )


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1"])
def test_the_suffix_of_the_host_is_that_of_the_partition(stack_in: Callable[[str], cdk.Stack], region: str) -> None:
    stack = stack_in(region)
    image = stack.resolve(quay(stack).image("team/api:v1"))

    assert text_of(image) == f"{ACCOUNT}.dkr.ecr.{region}.<AWS::URLSuffix>/quay/team/api:v1"


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("nginx", "nginx has neither tag nor digest; add one, such as 'nginx:latest'"),
        ("quay.io/team/api:v1", "is of quay.io, and this cache is of docker.io; use a cache of that registry"),
        ("Nginx:1", "repository name 'Nginx' has 'N' at position 0"),
        ("nginx:", "image tag is empty"),
        ("nginx@sha256:1", "image digest 'sha256:1' is not well formed"),
        ("", "repository name is empty"),
        (f"nginx:{cdk.Aws.REGION}", "is known only at deployment"),
    ],
    ids=["bare", "registry", "capital", "tag", "digest", "empty", "token"],
)
def test_an_image_that_is_not_in_the_cache_is_rejected(here: cdk.Stack, reference: str, sentence: str) -> None:
    with pytest.raises(InvalidName) as refused:
        hub(here).image(reference)

    assert any(sentence in problem for problem in refused.value.problems)


def test_an_image_that_is_not_on_the_list_is_rejected_with_the_path_of_the_cache(here: cdk.Stack) -> None:
    with pytest.raises(InvalidName) as refused:
        hub(here, repositories=["nginx", "grafana/*"]).image("redis:7")

    assert refused.value.path == "Containers-eu-west-1/Hub"
    assert refused.value.problems == (
        "'library/redis' is not among the repositories of this cache: library/nginx, grafana/*; add it there",
    )


@pytest.mark.parametrize("reference", ["nginx:1", "library/nginx:1", "grafana/loki:3"])
def test_an_image_on_the_list_is_given(here: cdk.Stack, reference: str) -> None:
    assert hub(here, repositories=["nginx", "grafana/*"]).image(reference).endswith(reference)


@pytest.mark.parametrize("reference", [None, 1, ImageReference(repository="team/api", tag="v1")])
def test_a_reference_that_is_no_text_is_a_type_error(here: cdk.Stack, reference: Any) -> None:
    with pytest.raises(TypeError, match="image reference must be a string, got "):
        quay(here).image(reference)


REUSED = quay(new_stack(new_app(), "Reused", region="eu-west-1"))


@given(repository_names.filter(lambda name: "." not in name.split("/")[0] and len(name) < 250), st.sampled_from(["v1"]))
def test_every_image_of_the_upstream_is_under_the_prefix_here(name: str, tag: str) -> None:
    assert REUSED.image(f"{name}:{tag}").endswith(f"/quay/{name}:{tag}")


@given(st.one_of(st.text(max_size=12), st.none(), st.integers(), st.binary(max_size=3)))
def test_any_reference_is_an_image_or_rejected(reference: Any) -> None:
    try:
        image = REUSED.image(reference)
    except (InvalidName, TypeError):
        return
    assert image.endswith(reference.removeprefix("quay.io/"))


# --- where images are used --------------------------------------------------------------------------------------------


def test_a_task_definition_of_ecs_can_use_an_image(here: cdk.Stack) -> None:
    task = ecs.FargateTaskDefinition(here, "Task")
    task.add_container("Web", image=ecs.ContainerImage.from_registry(hub(here).image("nginx:1.27")))

    (found,) = resources(here, "AWS::ECS::TaskDefinition").values()
    (container,) = found["Properties"]["ContainerDefinitions"]
    assert text_of(container["Image"]) == f"{HOST}/docker-hub/library/nginx:1.27"


def test_a_manifest_of_kubernetes_can_use_an_image(here: cdk.Stack) -> None:
    manifest = {
        "kind": "Pod",
        "spec": {"containers": [{"name": "web", "image": quay(here).image(f"team/api@{DIGEST}")}]},
    }
    cdk.CfnOutput(here, "Manifest", value=here.to_json_string(manifest))

    read = json.loads(text_of(template(here)["Outputs"]["Manifest"]["Value"]))
    assert read["spec"]["containers"][0]["image"] == f"{HOST}/quay/team/api@{DIGEST}"


def test_another_stack_can_use_an_image(app: cdk.App, here: cdk.Stack) -> None:
    other = new_stack(app, "Other", region="eu-west-1")
    task = ecs.FargateTaskDefinition(other, "Task")
    task.add_container("Api", image=ecs.ContainerImage.from_registry(quay(here).image("team/api:v1")))

    (found,) = resources(other, "AWS::ECS::TaskDefinition").values()
    assert text_of(found["Properties"]["ContainerDefinitions"][0]["Image"]) == f"{HOST}/quay/team/api:v1"
    assert "Fn::ImportValue" not in str(found)


# --- grants -----------------------------------------------------------------------------------------------------------


def test_a_grant_allows_pulls_imports_creation_and_login(here: cdk.Stack) -> None:
    quay(here).grant_pull(user_role(here))

    pulling, login = role_statements(here)
    assert pulling == {
        "Effect": "Allow",
        "Action": [
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:BatchImportUpstreamImage",
            "ecr:CreateRepository",
            "ecr:GetDownloadUrlForLayer",
        ],
        "Resource": f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/quay/*",
    }
    assert login == {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}


def test_a_grant_returns_success(here: cdk.Stack) -> None:
    grant = quay(here).grant_pull(user_role(here))

    assert grant.success
    assert grant.principal_statements[0].resources


def test_without_a_grant_no_principal_has_permissions(here: cdk.Stack) -> None:
    quay(here)
    user_role(here)

    assert role_statements(here) == []


def test_a_grant_is_for_the_listed_repositories_only(here: cdk.Stack) -> None:
    hub(here, repositories=["nginx", "grafana/*"]).grant_pull(user_role(here))

    assert role_statements(here)[0]["Resource"] == [
        f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/docker-hub/grafana/*",
        f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/docker-hub/library/nginx",
    ]


def test_a_grant_of_root_is_for_every_repository(here: cdk.Stack) -> None:
    quay(here, prefix=ROOT).grant_pull(user_role(here))

    assert role_statements(here)[0]["Resource"] == f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/*"


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1"])
def test_the_partition_of_a_grant_is_that_of_the_deployment(stack_in: Callable[[str], cdk.Stack], region: str) -> None:
    stack = stack_in(region)
    quay(stack).grant_pull(user_role(stack))

    arn = text_of(role_statements(stack)[0]["Resource"])
    assert arn.endswith(f":ecr:{region}:{ACCOUNT}:repository/quay/*")
    assert not arn.startswith("arn:aws:")


def test_the_execution_role_of_a_task_may_pull(here: cdk.Stack) -> None:
    cache = quay(here)
    task = ecs.FargateTaskDefinition(here, "Task")
    task.add_container("Web", image=ecs.ContainerImage.from_registry(cache.image("team/api:v1")))
    cache.grant_pull(task.obtain_execution_role())

    assert "ecr:BatchImportUpstreamImage" in role_statements(here)[0]["Action"]


@pytest.mark.parametrize("kind", [iam.User, iam.Group])
def test_users_and_groups_may_pull(here: cdk.Stack, kind: Any) -> None:
    quay(here).grant_pull(kind(here, "User"))

    assert len(role_statements(here)) == 2


def test_an_imported_role_of_the_account_may_pull(here: cdk.Stack) -> None:
    quay(here).grant_pull(iam.Role.from_role_arn(here, "User", f"arn:aws:iam::{ACCOUNT}:role/user"))

    assert len(role_statements(here)) == 2


def test_a_role_of_another_account_is_rejected_unless_the_account_is_a_consumer(here: cdk.Stack) -> None:
    role = iam.Role.from_role_arn(here, "User", f"arn:aws:iam::{OTHER_ACCOUNT}:role/user")
    cache = quay(here)

    with pytest.raises(InvalidRegistry) as refused:
        cache.grant_pull(role)

    (problem,) = refused.value.problems
    assert problem == (
        f"the grantee is of account {OTHER_ACCOUNT}, which is not among the consumers of the cache; "
        f"use consumers=[Access.account_pull('{OTHER_ACCOUNT}')] as well"
    )
    assert role_statements(here) == []


@pytest.mark.parametrize(
    "consumer",
    [Access.account_pull(OTHER_ACCOUNT), Access.organization_pull("o-abc1234567")],
    ids=lambda each: each.intent,
)
def test_a_role_of_a_consumer_may_pull(app: cdk.App, here: cdk.Stack, consumer: Access) -> None:
    there = new_stack(app, "There", region="eu-west-1", account=OTHER_ACCOUNT)
    role = user_role(there, role_name=cdk.PhysicalName.GENERATE_IF_NEEDED)
    PrivateRegistry(here, "Registry")
    quay(here, consumers=[consumer]).grant_pull(role)

    (pulling, _) = role_statements(there)
    assert text_of(pulling["Resource"]) == f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/quay/*"


def test_another_consumer_does_not_allow_it(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry")
    cache = quay(here, consumers=[Access.account_pull("777788889999")])

    with pytest.raises(InvalidRegistry, match=f"the grantee is of account {OTHER_ACCOUNT}, which is not among"):
        cache.grant_pull(iam.Role.from_role_arn(here, "User", f"arn:aws:iam::{OTHER_ACCOUNT}:role/user"))


@pytest.mark.parametrize(
    "principal",
    [
        iam.AccountPrincipal(ACCOUNT),
        iam.ServicePrincipal("ecs.amazonaws.com"),
        iam.OrganizationPrincipal("o-abc1234567"),
    ],
    ids=["account", "service", "organization"],
)
def test_a_grantee_without_a_policy_is_rejected(here: cdk.Stack, principal: iam.IGrantable) -> None:
    cache = quay(here)

    with pytest.raises(InvalidRegistry, match="has no policy that this can be granted with; grant it to a role, or"):
        cache.grant_pull(principal)

    assert role_statements(here) == []


@pytest.mark.parametrize("grantee", [None, "role", 1, iam.Role])
def test_a_grantee_of_the_wrong_kind_is_a_type_error(here: cdk.Stack, grantee: Any) -> None:
    with pytest.raises(TypeError, match=r"grantee must be an IGrantable such as an iam\.Role, got "):
        quay(here).grant_pull(grantee)


# --- findings of cdk-nag ----------------------------------------------------------------------------------------------


def nag_report(tmp_path: Path, build: Callable[[cdk.Stack], object], region: str | None) -> Mapping[str, Any]:
    """Return the findings of cdk-nag in a stack, with those that are acknowledged."""
    app = cdk.App(context=FLAGS, outdir=str(tmp_path))
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app, verbose=True))
    build(new_stack(app, "Containers", region=region))
    app.synth()
    reports = json.loads((tmp_path / "validation-report.json").read_text(encoding="utf-8"))["pluginReports"]
    (found,) = (each for each in reports if each["pluginName"] == "AwsSolutions")
    return {**found}


def every_role_and_secret(stack: cdk.Stack) -> None:
    PrivateRegistry(stack, "Registry")
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    tagged = CREATED.but(resource_tags={"team": "platform"})
    CreationTemplate(stack, "Tagged", prefix=ROOT, applied_for=["REPLICATION"], settings=tagged)
    for name, encryption in (
        ("own", Encryption.customer_key(key)),
        ("managed", Encryption.aws_managed_key()),
        ("shared", Encryption.shared_key()),
    ):
        settings = CREATED.but(encryption=encryption)
        CreationTemplate(stack, name, prefix=name, applied_for=["CREATE_ON_PUSH"], settings=settings)
    partition = partition_of(stack.region).name
    partner = Upstream.ecr(account=OTHER_ACCOUNT, region="cn-northwest-1" if partition == "aws-cn" else "us-east-1")
    arn = f"arn:{partition}:iam::{ACCOUNT}:role/imported"
    imported = iam.Role.from_role_arn(stack, "Imported", arn)
    CreationTemplate(stack, "Given", prefix="given", applied_for=["CREATE_ON_PUSH"], settings=tagged, role=imported)
    hub(stack, consumers=[Access.organization_pull("o-abc1234567")])
    PullThroughCache(stack, "Partner", upstream=partner)
    PullThroughCache(
        stack,
        "Limited",
        upstream=partner,
        prefix="limited",
        repositories=["prod/api", "dev/*"],
        settings=CACHED.but(encryption=Encryption.aws_managed_key()),
    )


# Like the examples, with the CDK of the lock: older versions reject the IDs that cdk-nag has for resources.
@pytest.mark.examples
@pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1", None], ids=str)
def test_created_roles_and_secrets_have_acknowledged_findings_only(tmp_path: Path, region: str | None) -> None:
    report = nag_report(tmp_path, every_role_and_secret, region)

    assert report["violations"] == []
    rules = {each["acknowledgedId"].split("[")[0] for each in report["suppressedViolations"]}
    assert rules == {
        "AwsSolutions::AwsSolutions-ECR1",
        "AwsSolutions::AwsSolutions-IAM5",
        "AwsSolutions::AwsSolutions-SMG4",
    }


@pytest.mark.examples
def test_the_statements_of_the_user_in_a_given_role_are_not_acknowledged(tmp_path: Path) -> None:
    def build(stack: cdk.Stack) -> None:
        role = iam.Role(stack, "Mine", assumed_by=iam.ServicePrincipal("ecr.amazonaws.com"))
        CreationTemplate(stack, "Teams", prefix="teams", applied_for=["REPLICATION"], role=role)
        role.add_to_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=["arn:aws:s3:::bucket/*"]))

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        nag_report(tmp_path, build, "eu-west-1")

    report = json.loads((tmp_path / "validation-report.json").read_text(encoding="utf-8"))
    found = [each["ruleName"] for one in report["pluginReports"] for each in one["violations"]]
    assert found == ["AwsSolutions-IAM5[Resource::arn:aws:s3:::bucket/*]"]
