"""`DigestPinning` in apps: images that are deployed by a tag that can be reassigned."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apprunner as apprunner
from aws_cdk import aws_batch as batch
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_eks as eks
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_ssm as ssm

from ecr_constructs import (
    CreationTemplate,
    DigestPinning,
    Guardrails,
    HardenedRepository,
    Immutability,
    PullThroughCache,
    RuleException,
    Upstream,
)
from ecr_constructs.assembly.image_uses import IMAGE_PROPERTIES
from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model.compliance import RULES
from tests.templates import WITHOUT_VALIDATION

DIGEST = f"sha256:{'1' * 64}"
ENVIRONMENT = cdk.Environment(account="111122223333", region="eu-west-1")
HOST = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
OTHER_RULES = dict.fromkeys(RULES, "off")
MUTABLE, LATEST, PUBLIC = "image-tag-mutable", "image-tag-latest", "image-tag-public"
UNKNOWN, NOT_KNOWN = "image-tag-unknown", "image-not-known"


class Checked:
    """An app with the rules, and the findings after its synthesis."""

    def __init__(self, outdir: Path, pinning: DigestPinning | None = None, **options: Any) -> None:
        self.app = cdk.App(outdir=str(outdir), **WITHOUT_VALIDATION)
        rules = DigestPinning() if pinning is None else pinning
        guardrails = Guardrails(rules=rules, levels=OTHER_RULES, **options)  # type: ignore[arg-type]  # levels are literals
        cdk.Validations.of(self.app).add_plugins(guardrails)
        self.stack = cdk.Stack(self.app, "Shop", env=ENVIRONMENT)

    def violations(self) -> list[Mapping[str, Any]]:
        self.app.synth()
        path = Path(self.app.outdir, "validation-report.json")
        reports = json.loads(path.read_text(encoding="utf-8"))["pluginReports"] if path.exists() else []
        return [each for report in reports for each in report["violations"]]

    def findings(self) -> set[tuple[str, str]]:
        """Return the rule and the resource of each finding."""
        return {
            (each["ruleName"], place["constructPath"].removesuffix("/Resource"))
            for each in self.violations()
            for place in each["violatingConstructs"]
        }

    def rules(self) -> list[str]:
        return [each["ruleName"] for each in self.violations()]


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    return Checked(tmp_path)


def add_task(scope: cdk.Stack, id: str, *images: str | ecs.ContainerImage) -> ecs.TaskDefinition:
    task = ecs.FargateTaskDefinition(scope, id)
    for number, image in enumerate(images):
        taken = ecs.ContainerImage.from_registry(image) if isinstance(image, str) else image
        task.add_container(f"c{number}", image=taken)
    return task


# --- the workloads ----------------------------------------------------------------------------------------------------


def add_raw(kind: str, **properties: Any) -> Any:
    return lambda stack, image: cdk.CfnResource(stack, "W", type=kind, properties=_placed(properties, image))


def _placed(value: Any, image: str) -> Any:
    if isinstance(value, dict):
        return {key: _placed(each, image) for key, each in value.items()}
    if isinstance(value, list):
        return [_placed(each, image) for each in value]
    return image if value == "IMAGE" else value


def add_patch(stack: cdk.Stack, image: str) -> None:
    change = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}}}
    eks.KubernetesPatch(
        stack, "W", cluster=cluster(stack), resource_name="deployment/app", apply_patch=change, restore_patch={}
    )


def cluster(stack: cdk.Stack) -> eks.ICluster:
    arn = "arn:aws:lambda:eu-west-1:111122223333:layer:kubectl:1"
    return eks.Cluster.from_cluster_attributes(
        stack,
        "Cluster",
        cluster_name="shop",
        kubectl_role_arn="arn:aws:iam::111122223333:role/kubectl",
        kubectl_layer=functions.LayerVersion.from_layer_version_arn(stack, "Kubectl", arn),
    )


def add_manifest(stack: cdk.Stack, image: str) -> None:
    pod = {"containers": [{"name": "app", "image": image}], "initContainers": [{"image": f"nginx@{DIGEST}"}]}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": pod}}}
    cluster(stack).add_manifest("W", {"apiVersion": "v1", "kind": "Namespace"}, deployment)


WORKLOADS: Mapping[str, Any] = {
    "ECS": lambda stack, image: add_task(stack, "W", image),
    "Lambda": lambda stack, image: functions.CfnFunction(
        stack, "W", role="arn:aws:iam::111122223333:role/r", package_type="Image", code={"imageUri": image}
    ),
    "Batch": lambda stack, image: batch.CfnJobDefinition(
        stack, "W", type="container", container_properties={"image": image}
    ),
    "Batch on EKS": lambda stack, image: batch.CfnJobDefinition(
        stack, "W", type="container", eks_properties={"podProperties": {"initContainers": [{"image": image}]}}
    ),
    "Batch nodes": lambda stack, image: batch.CfnJobDefinition(
        stack,
        "W",
        type="multinode",
        node_properties={
            "mainNode": 0,
            "numNodes": 1,
            "nodeRangeProperties": [{"targetNodes": "0", "container": {"image": image}}],
        },
    ),
    "App Runner": lambda stack, image: apprunner.CfnService(
        stack,
        "W",
        source_configuration={"imageRepository": {"imageIdentifier": image, "imageRepositoryType": "ECR"}},
    ),
    "CodeBuild": lambda stack, image: codebuild.PipelineProject(
        stack,
        "W",
        environment=codebuild.BuildEnvironment(build_image=codebuild.LinuxBuildImage.from_docker_registry(image)),
    ),
    "SageMaker": lambda stack, image: sagemaker.CfnModel(stack, "W", containers=[{"image": image}]),
    "SageMaker primary": lambda stack, image: sagemaker.CfnModel(stack, "W", primary_container={"image": image}),
    "EKS": add_manifest,
    "EKS patch": add_patch,
    "SAM": add_raw("AWS::Serverless::Function", PackageType="Image", ImageUri="IMAGE"),
    "agent": add_raw(
        "AWS::BedrockAgentCore::Runtime",
        AgentRuntimeArtifact={"ContainerConfiguration": {"ContainerUri": "IMAGE"}},
    ),
    "express": add_raw("AWS::ECS::ExpressGatewayService", PrimaryContainer={"Image": "IMAGE"}),
}


@pytest.mark.parametrize("kind", WORKLOADS)
def test_each_workload_is_found_with_a_mutable_tag_and_accepted_with_a_digest(kind: str, tmp_path: Path) -> None:
    for name, image, expected in (("tag", "production", [MUTABLE]), ("digest", DIGEST, [])):
        checked = Checked(tmp_path / name)
        repository = HardenedRepository(checked.stack, "Api", immutability=Immutability.off())
        WORKLOADS[kind](checked.stack, repository.image(image))

        assert checked.rules() == expected


def test_the_finding_has_the_image_the_reason_the_property_and_the_fix(checked: Checked) -> None:
    repository = HardenedRepository(checked.stack, "Api", immutability=Immutability.only_tags("v*"))
    add_task(checked.stack, "Task", "public.ecr.aws/docker/library/nginx@" + DIGEST, repository.image("production"))

    (found,) = checked.violations()

    assert found["description"].startswith(
        "Shop/Api:production can be reassigned to another image: Shop/Api has ImageTagMutability "
        "MUTABLE_WITH_EXCLUSION (v*)."
    )
    assert "repository.pinned(tag)" in found["suggestedFix"]
    assert found["violatingConstructs"][0]["cloudFormationResource"]["propertyPaths"] == [
        "Properties/ContainerDefinitions/1/Image"
    ]
    assert found["severity"] == "warning"


@pytest.mark.arbiter
def test_the_properties_with_images_are_those_of_the_schemas() -> None:
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    names = {"Image", "ImageUri", "ImageIdentifier", "ContainerUri"}

    def paths(schema: Any, node: Any, path: tuple[str, ...]) -> Iterator[str]:
        if "$ref" in node:
            node = schema["definitions"][node["$ref"].rpartition("/")[2]]
        for name, each in node.get("properties", {}).items():
            if name in names:
                yield ".".join((*path, name))
            elif len(path) < 12:
                yield from paths(schema, each, (*path, name))
        if isinstance(node.get("items"), dict):
            yield from paths(schema, node["items"], (*path, "*"))

    for kind, known in IMAGE_PROPERTIES.items():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
        writable = {each for each in paths(schema, schema, ()) if not each.startswith("ActiveConfigurations")}
        assert writable == set(known), kind


# --- the repositories -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("immutability", "tag", "expected"),
    [
        (Immutability.all_tags(), "production", []),
        (Immutability.all_tags(), "latest", []),
        (Immutability.all_tags_except("dev-*"), "v1", []),
        (Immutability.all_tags_except("dev-*"), "dev-1", [MUTABLE]),
        (Immutability.only_tags("v*"), "v1", []),
        (Immutability.only_tags("v*"), "production", [MUTABLE]),
        (Immutability.off(), "v1", [MUTABLE]),
    ],
)
def test_the_immutability_of_the_repository_decides(
    immutability: Immutability, tag: str, expected: list[str], checked: Checked
) -> None:
    repository = HardenedRepository(checked.stack, "Api", repository_name="prod/api", immutability=immutability)
    add_task(checked.stack, "Task", f"{HOST}/prod/api:{tag}")
    add_task(
        cdk.Stack(checked.app, "Other", env=ENVIRONMENT),
        "Task",
        ecs.ContainerImage.from_ecr_repository(repository, tag),
    )

    assert checked.rules() == expected * 2


@pytest.mark.parametrize("host", ["dkr-ecr.eu-west-1.on.aws", "dkr.ecr-fips.eu-west-1.amazonaws.com"])
def test_the_other_hosts_of_the_registry_are_the_same_repository(host: str, checked: Checked) -> None:
    HardenedRepository(checked.stack, "Api", repository_name="prod/api")
    add_task(checked.stack, "Task", f"111122223333.{host}/prod/api:v1")

    assert checked.rules() == []


@pytest.mark.parametrize(
    "reference",
    [
        {"Fn::Sub": "${Repo.RepositoryUri}:v1"},
        {"Fn::Sub": ["${Uri}:${Tag}", {"Uri": {"Fn::GetAtt": ["Repo", "RepositoryUri"]}, "Tag": "v1"}]},
        {"Fn::Join": [":", [{"Fn::GetAtt": ["Repo", "RepositoryUri"]}, "v1"]]},
        {"Fn::Join": ["", [{"Fn::GetAtt": "Repo.RepositoryUri"}, ":", {"Ref": "Tag"}]]},
        {"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/${Repo}:v1"},
        {"Fn::If": ["Never", "nginx", {"Fn::Sub": "${Repo.RepositoryUri}:v1"}]},
        {"Fn::Join": ["", [{"Fn::FindInMap": ["Registries", "main", "host"]}, "/", {"Ref": "Repo"}, ":v1"]]},
    ],
    ids=str,
)
def test_the_functions_of_a_template_are_evaluated(reference: Any, tmp_path: Path) -> None:
    for mode, expected in (("MUTABLE", [MUTABLE]), ("IMMUTABLE", [])):
        checked = Checked(tmp_path / mode)
        cdk.CfnParameter(checked.stack, "Tag", default="v1")
        cdk.CfnMapping(checked.stack, "Registries", mapping={"main": {"host": HOST}})
        cdk.CfnCondition(checked.stack, "Never", expression=cdk.Fn.condition_equals("a", "b"))
        ecr.CfnRepository(checked.stack, "Repo", image_tag_mutability=mode)
        task = ecs.CfnTaskDefinition(checked.stack, "Task")
        task.add_property_override("ContainerDefinitions", [{"Name": "a", "Image": reference}])

        assert checked.rules() == expected


def test_repositories_of_other_stacks_and_nested_stacks_are_found(tmp_path: Path) -> None:
    for name, immutability, rule in (("off", Immutability.off(), {MUTABLE}), ("on", Immutability.all_tags(), set())):
        for environment in (None, ENVIRONMENT):
            checked = Checked(tmp_path / name / str(environment is None))
            home = cdk.Stack(checked.app, "Home", env=environment)
            away = cdk.Stack(checked.app, "Away", env=environment)
            unnamed = HardenedRepository(home, "Unnamed", immutability=immutability)
            nested = HardenedRepository(cdk.NestedStack(home, "Nested"), "Inner", immutability=immutability)
            add_task(home, "Own", unnamed.image("v1"))
            add_task(home, "OfNested", nested.image("v1"))
            add_task(cdk.NestedStack(home, "Workloads"), "OfParent", unnamed.image("v1"))
            add_task(away, "Imported", unnamed.image("v1"), nested.image("v1"))

            found = checked.findings()

            assert {each for each, _ in found} == rule
            assert {path for _, path in found} == (
                {"Home/Own", "Home/OfNested", "Home/Workloads/OfParent", "Away/Imported"} if rule else set()
            )


def test_an_export_of_the_app_is_resolved_and_another_is_not_known(checked: Checked) -> None:
    repository = ecr.CfnRepository(checked.stack, "Repo", image_tag_mutability="MUTABLE")
    cdk.CfnOutput(checked.stack, "Uri", value=repository.attr_repository_uri, export_name="shop-uri")
    away = cdk.Stack(checked.app, "Away", env=ENVIRONMENT)
    add_task(away, "Known", f"{cdk.Fn.import_value('shop-uri')}:v1")
    add_task(away, "Foreign", f"{cdk.Fn.import_value('other-uri')}:v1")

    assert checked.findings() == {(MUTABLE, "Away/Known"), (NOT_KNOWN, "Away/Foreign")}


def test_a_weak_reference_to_an_output_of_another_stack_is_resolved(checked: Checked) -> None:
    repository = ecr.CfnRepository(checked.stack, "Repo", image_tag_mutability="MUTABLE")
    cdk.CfnOutput(checked.stack, "Uri", value=repository.attr_repository_uri)
    weak = {"Fn::GetStackOutput": {"StackName": "Shop", "OutputName": "Uri"}}
    task = ecs.CfnTaskDefinition(cdk.Stack(checked.app, "Away", env=ENVIRONMENT), "Task")
    task.add_property_override("ContainerDefinitions", [{"Name": "a", "Image": {"Fn::Join": [":", [weak, "v1"]]}}])

    assert checked.findings() == {(MUTABLE, "Away/Task")}


def test_repositories_that_ecr_creates_have_the_immutability_of_their_template(checked: Checked) -> None:
    cache = PullThroughCache(checked.stack, "Cache", upstream=Upstream.ecr_public())
    teams = CreationTemplate(checked.stack, "Teams", prefix="teams", applied_for=["CREATE_ON_PUSH"])
    add_task(checked.stack, "Cached", cache.image("docker/library/nginx:1.27"))
    add_task(checked.stack, "CachedByDigest", cache.image(f"docker/library/nginx@{DIGEST}"))
    add_task(checked.stack, "Created", teams.image("teams/api:v1"))

    assert checked.findings() == {(MUTABLE, "Shop/Cached")}


def test_two_repositories_of_one_name_in_two_accounts_are_distinguished(checked: Checked) -> None:
    other = cdk.Stack(checked.app, "Other", env=cdk.Environment(account="444455556666", region="eu-west-1"))
    HardenedRepository(checked.stack, "Api", repository_name="api")
    HardenedRepository(other, "Api", repository_name="api", immutability=Immutability.off())
    add_task(checked.stack, "Here", f"{HOST}/api:v1")
    add_task(checked.stack, "There", "444455556666.dkr.ecr.eu-west-1.amazonaws.com/api:v1")

    assert checked.findings() == {(MUTABLE, "Shop/There")}


# --- other registries -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("nginx", [LATEST]),
        ("nginx:latest", [LATEST]),
        ("nginx:1.27", [PUBLIC]),
        ("docker.io/library/nginx:1.27", [PUBLIC]),
        ("public.ecr.aws/docker/library/nginx:1.27", [PUBLIC]),
        ("ecr-public.aws.com/docker/library/nginx:1.27", [PUBLIC]),
        ("registry.example.com:5000/api:v1", [UNKNOWN]),
        (f"{HOST}/elsewhere/api:v1", [UNKNOWN]),
        ("763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-inference:2.3", [UNKNOWN]),
        (f"nginx@{DIGEST}", []),
        (f"quay.io/org/api:v1@{DIGEST}", []),
        ("Not A Reference", [NOT_KNOWN]),
    ],
)
def test_images_outside_the_app_are_reported(image: str, expected: list[str], checked: Checked) -> None:
    add_task(checked.stack, "Task", image)

    assert checked.rules() == expected


def test_a_value_that_is_known_only_at_deployment_is_an_info(checked: Checked) -> None:
    stored = ssm.StringParameter.value_for_string_parameter(checked.stack, "/api/image")
    add_task(checked.stack, "Stored", stored)
    add_task(checked.stack, "Given", cdk.CfnParameter(checked.stack, "Image").value_as_string)
    add_task(checked.stack, "Dynamic", "{{resolve:ssm:/api/image}}")

    found = checked.violations()

    assert {each["ruleName"] for each in found} == {NOT_KNOWN}
    assert {each["severity"] for each in found} == {"info"}
    assert len(checked.findings()) == 3


def test_an_unknown_tag_is_accepted_only_if_all_tags_are_immutable(checked: Checked) -> None:
    tag = cdk.CfnParameter(checked.stack, "Tag").value_as_string
    for id, immutability in (
        ("All", Immutability.all_tags()),
        ("Some", Immutability.only_tags("v*")),
        ("None", Immutability.off()),
    ):
        repository = HardenedRepository(checked.stack, f"Repo{id}", immutability=immutability)
        add_task(checked.stack, id, repository.repository_uri_for_tag(tag))

    assert checked.findings() == {(NOT_KNOWN, "Shop/Some"), (MUTABLE, "Shop/None")}


def test_image_assets_and_images_of_codebuild_are_no_finding(checked: Checked, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    asset = assets.DockerImageAsset(checked.stack, "Asset", directory=str(source))
    add_task(checked.stack, "Task", ecs.ContainerImage.from_docker_image_asset(asset))
    add_task(cdk.Stack(checked.app, "NoEnvironment"), "Task", ecs.ContainerImage.from_asset(str(source)))
    functions.DockerImageFunction(
        checked.stack, "Function", code=functions.DockerImageCode.from_image_asset(str(source))
    )
    codebuild.PipelineProject(checked.stack, "Build")

    assert checked.rules() == []


def test_a_repository_outside_the_app_is_accepted_if_it_is_listed(tmp_path: Path) -> None:
    listed = ["444455556666.dkr.ecr.eu-west-1.amazonaws.com/base/*", "shared/*"]
    checked = Checked(tmp_path, DigestPinning(immutable_repositories=listed))
    add_task(checked.stack, "Full", "444455556666.dkr-ecr.eu-west-1.on.aws/base/os:v1")
    add_task(checked.stack, "Name", f"{HOST}/shared/api:v1")
    add_task(checked.stack, "Elsewhere", f"{HOST}/base/os:v1", "docker.io/shared/api:v1")

    assert checked.findings() == {(UNKNOWN, "Shop/Elsewhere"), (PUBLIC, "Shop/Elsewhere")}


def test_the_plain_values_of_a_helm_chart_are_read(checked: Checked) -> None:
    def chart(id: str, values: Any) -> None:
        properties = {"ServiceToken": "arn", "Values": json.dumps(values)}
        cdk.CfnResource(checked.stack, id, type="Custom::AWSCDK-EKS-HelmChart", properties=properties)

    chart("Text", {"image": "nginx:1.27"})
    chart("Parts", {"web": {"image": {"registry": "quay.io", "repository": "org/api", "tag": "v1"}}})
    chart("Digest", {"image": {"repository": "org/api", "digest": DIGEST}})
    chart("Others", {"image": {"pullPolicy": "Always"}, "replicas": 2})

    assert checked.findings() == {(PUBLIC, "Shop/Text"), (PUBLIC, "Shop/Parts")}


# --- levels and exceptions --------------------------------------------------------------------------------------------


def test_the_level_error_stops_the_synthesis(tmp_path: Path) -> None:
    checked = Checked(tmp_path, DigestPinning(level="error"))
    add_task(checked.stack, "Task", "nginx:1.27")

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        checked.app.synth()


def test_an_exception_has_a_reason_an_owner_and_an_end(tmp_path: Path) -> None:
    def exception(expires: date) -> RuleException:
        return RuleException(resource="Shop/Task", rule=PUBLIC, reason="a test", owner="team-shop", expires=expires)

    for name, expires, expected in (
        ("valid", date(9999, 1, 1), []),
        ("expired", date(2020, 1, 1), ["exception-expired", PUBLIC]),
    ):
        checked = Checked(tmp_path / name, exceptions=[exception(expires)])
        add_task(checked.stack, "Task", "nginx:1.27")

        assert sorted(checked.rules()) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": "off"}, "level is 'off'; use error, warning, info"),
        ({"immutable_repositories": ["*"]}, "'\\*' matches every repository"),
        ({"immutable_repositories": "shared/*"}, "immutable_repositories"),
    ],
)
def test_wrong_options_are_rejected(arguments: Any, message: str) -> None:
    with pytest.raises((EcrConstructsError, TypeError), match=message):
        DigestPinning(**arguments)


def test_the_rule_set_can_be_pickled_and_combined() -> None:
    pinning = DigestPinning(level="error", immutable_repositories=["shared/*"])

    assert pickle.loads(pickle.dumps(pinning)) == pinning
    assert [each.level for each in pinning] == ["error"] * 4 + ["info"]
    assert {MUTABLE, "tags-immutable"} <= set(Guardrails(rules=[*pinning]).rule_ids)
