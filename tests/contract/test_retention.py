"""A warning reports each resource that is declared as retained and would be deleted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from ecr_constructs import (
    EPHEMERAL,
    HARDENED,
    Access,
    CreationTemplate,
    Credentials,
    HardenedRepository,
    PrivateRegistry,
    PullThroughCache,
    Replication,
    Scanning,
    Upstream,
)
from tests.registries import warnings
from tests.templates import new_app, new_stack

ID = "ecr-constructs:isNotRetained"
DESTROY = cdk.RemovalPolicy.DESTROY


def registry(stack: cdk.Stack) -> PrivateRegistry:
    statement = iam.PolicyStatement(
        principals=[iam.AccountPrincipal("444455556666")],
        actions=["ecr:ReplicateImage"],
        resources=[stack.format_arn(service="ecr", resource="repository", resource_name="*")],
    )
    return PrivateRegistry(
        stack,
        "Registry",
        scanning=Scanning.enhanced(),
        replication=[Replication.to("eu-central-1")],
        policy_statements=[statement],
    )


def everything(stack: cdk.Stack) -> None:
    registry(stack)
    HardenedRepository(stack, "Api")
    PullThroughCache(stack, "DockerHub", upstream=Upstream.docker_hub(), credentials=Credentials.new_secret())


# The text of the warning for each resource.
LOST: Mapping[str, str] = {
    "AWS::ECR::RegistryScanningConfiguration": "Amazon Inspector is disabled for the container images of the whole",
    "AWS::ECR::ReplicationConfiguration": "replication of the whole registry stops",
    "AWS::ECR::RegistryPolicy": "other accounts lose the access that it allows",
    "AWS::KMS::Key": "every image that is encrypted with the key becomes unreadable",
    "AWS::ECR::Repository": "the repository is deleted with its stack",
    "AWS::SecretsManager::Secret": "the token of the upstream registry is deleted with its stack",
}


@jsii.implements(cdk.IAspect)
class Options:
    """Set an option of every resource, as an aspect of an organization does."""

    def __init__(self, **options: Any) -> None:
        self._options = options

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, cdk.CfnResource):
            for name, value in self._options.items():
                setattr(node.cfn_options, name, value)


ASPECTS: Mapping[str, Callable[[IConstruct], None]] = {
    "RemovalPolicies.destroy": lambda scope: cdk.RemovalPolicies.of(scope).destroy(),
    "RemovalPolicies.apply": lambda scope: cdk.RemovalPolicies.of(scope).apply(DESTROY),
    "late RemovalPolicies": lambda scope: cdk.RemovalPolicies.of(scope).destroy(priority=900),
    "DeletionPolicy": lambda scope: cdk.Aspects.of(scope).add(Options(deletion_policy=cdk.CfnDeletionPolicy.DELETE)),
    "no DeletionPolicy": lambda scope: cdk.Aspects.of(scope).add(Options(deletion_policy=None)),
    "UpdateReplacePolicy": lambda scope: cdk.Aspects.of(scope).add(
        Options(update_replace_policy=cdk.CfnDeletionPolicy.DELETE)
    ),
}


# The CDK rejects a key without a deletion policy.
@pytest.mark.parametrize("aspect", [each for each in ASPECTS if each != "no DeletionPolicy"])
@pytest.mark.parametrize("where", ["app", "stack"])
def test_every_resource_that_an_aspect_deletes_is_a_warning(app: cdk.App, aspect: str, where: str) -> None:
    stack = new_stack(app, "Containers", region="eu-west-1")
    ASPECTS[aspect]({"app": app, "stack": stack}[where])
    everything(stack)

    app.synth()

    found = warnings(stack)
    assert len(found) == len(LOST)
    for kind, lost in LOST.items():
        (warning,) = [each for each in found if kind in each]
        assert lost in warning
        assert ID in warning
        assert f"exclude_resource_types=['{kind}']" in warning


@pytest.mark.parametrize(
    ("aspect", "said"),
    [
        ("RemovalPolicies.destroy", "its DeletionPolicy is Delete and its UpdateReplacePolicy is Delete"),
        ("no DeletionPolicy", "its DeletionPolicy is missing, so"),
        ("UpdateReplacePolicy", "its UpdateReplacePolicy is Delete, so"),
    ],
)
def test_the_warning_has_the_policy_that_changed(app: cdk.App, stack: cdk.Stack, aspect: str, said: str) -> None:
    ASPECTS[aspect](app)
    HardenedRepository(stack, "Api", settings=HARDENED.but(encryption=EPHEMERAL.encryption))

    app.synth()

    (warning,) = warnings(stack)
    assert warning.startswith(f"Containers/Api is declared as retained, and {said}")


DIRECT: Mapping[str, Callable[[HardenedRepository], object]] = {
    "on the repository": lambda repository: repository.apply_removal_policy(DESTROY),
    "on the resource": lambda repository: repository.resource.apply_removal_policy(DESTROY),
    "on the default child": lambda repository: repository.node.default_child.apply_removal_policy(DESTROY),  # type: ignore[union-attr]
    "as an option": lambda repository: setattr(
        repository.resource.cfn_options, "deletion_policy", cdk.CfnDeletionPolicy.DELETE
    ),
    "by an aspect on the repository": lambda repository: cdk.RemovalPolicies.of(repository).destroy(),
}


@pytest.mark.parametrize("direct", DIRECT)
def test_a_change_of_one_repository_is_a_warning_on_that_one(app: cdk.App, stack: cdk.Stack, direct: str) -> None:
    HardenedRepository(stack, "Api")
    DIRECT[direct](HardenedRepository(stack, "Web"))

    app.synth()

    (warning,) = warnings(stack)
    assert warning.startswith("Containers/Web is declared as retained")


def test_a_large_stack_is_read_completely_where_an_aspect_may_change_it(app: cdk.App, stack: cdk.Stack) -> None:
    for number in range(40):
        HardenedRepository(stack, f"Repository{number}", settings=HARDENED.but(encryption=EPHEMERAL.encryption))
    cdk.RemovalPolicies.of(app).destroy()

    app.synth()

    assert len(warnings(stack)) == 40


@pytest.mark.parametrize(("size", "found"), [(25, 1), (26, 0)])
def test_a_change_of_one_repository_is_read_in_stacks_of_up_to_25(
    app: cdk.App, stack: cdk.Stack, size: int, found: int
) -> None:
    settings = HARDENED.but(encryption=EPHEMERAL.encryption)
    repositories = [HardenedRepository(stack, f"Repository{number}", settings=settings) for number in range(size)]
    repositories[-1].apply_removal_policy(DESTROY)

    app.synth()

    assert len(warnings(stack)) == found


def test_the_registry_and_the_key_of_a_large_stack_are_always_read(app: cdk.App, stack: cdk.Stack) -> None:
    for number in range(40):
        HardenedRepository(stack, f"Repository{number}")
    registry(stack).node.find_child("Scanning").apply_removal_policy(DESTROY)  # type: ignore[attr-defined]
    stack.node.find_child("EcrConstructsKey").apply_removal_policy(DESTROY)  # type: ignore[attr-defined]

    app.synth()

    assert len(warnings(stack)) == 2


# --- no warning -----------------------------------------------------------------------------------------------------


def test_a_retained_resource_has_no_warning(app: cdk.App, stack: cdk.Stack) -> None:
    everything(stack)
    cdk.Tags.of(app).add("team", "payments")

    app.synth()

    assert warnings(stack) == []


@pytest.mark.parametrize("policy", [cdk.RemovalPolicy.RETAIN, cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE])
def test_other_ways_to_retain_are_no_warning(app: cdk.App, stack: cdk.Stack, policy: cdk.RemovalPolicy) -> None:
    everything(stack)
    HardenedRepository(stack, "Other", removal_policy=policy)
    cdk.RemovalPolicies.of(app).apply(policy)

    app.synth()

    assert warnings(stack) == []


def test_missing_removal_policies_change_nothing(app: cdk.App, stack: cdk.Stack) -> None:
    everything(stack)
    cdk.MissingRemovalPolicies.of(app).destroy()

    app.synth()

    assert warnings(stack) == []


def test_a_repository_that_is_declared_as_deleted_is_no_warning(app: cdk.App, stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Api", settings=EPHEMERAL)
    cdk.RemovalPolicies.of(app).destroy()

    app.synth()

    assert warnings(stack) == []


def test_templates_and_roles_are_not_retained_and_no_warning(app: cdk.App, stack: cdk.Stack) -> None:
    CreationTemplate(
        stack,
        "Teams",
        prefix="teams",
        applied_for=["CREATE_ON_PUSH"],
        settings=EPHEMERAL.but(removal_policy=cdk.RemovalPolicy.RETAIN, empty_on_delete=False),
    )
    cdk.RemovalPolicies.of(app).destroy()

    app.synth()

    assert warnings(stack) == []


def test_the_types_that_are_excluded_from_the_aspect_are_no_warning(app: cdk.App, stack: cdk.Stack) -> None:
    everything(stack)
    cdk.RemovalPolicies.of(app).destroy(exclude_resource_types=list(LOST))

    app.synth()

    assert warnings(stack) == []


@pytest.mark.parametrize("where", ["stack", "repository"])
def test_the_warning_can_be_acknowledged(app: cdk.App, stack: cdk.Stack, where: str) -> None:
    settings = HARDENED.but(encryption=EPHEMERAL.encryption, access=[Access.account_pull("111122223333")])
    repository = HardenedRepository(stack, "Api", settings=settings)
    cdk.RemovalPolicies.of(app).destroy()
    scope = {"stack": stack, "repository": repository}[where]
    cdk.Annotations.of(scope).acknowledge_warning(ID, "a development stack")

    app.synth()

    assert warnings(stack) == []


def test_the_warning_is_in_the_assembly() -> None:
    app = new_app()
    stack = new_stack(app, "Containers")
    HardenedRepository(stack, "Api")
    cdk.RemovalPolicies.of(app).destroy()

    folder = Path(app.synth().directory)

    manifest = json.loads((folder / "manifest.json").read_text())["artifacts"][stack.artifact_id]
    metadata = manifest.get("metadata") or json.loads((folder / manifest["additionalMetadataFile"]).read_text())
    assert {path for path, entries in metadata.items() if any(ID in str(each.get("data")) for each in entries)} == {
        "/Containers/EcrConstructsKey/Resource",
        "/Containers/Api/Resource",
    }
