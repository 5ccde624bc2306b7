"""Deployments that fail for a reason of the account: the message has the reason, and no image is deleted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs import (
    Credentials,
    HardenedRepository,
    LifecyclePolicy,
    PrivateRegistry,
    PullThroughCache,
    Replication,
    Upstream,
    expire_untagged,
)
from tests.templates import WITHOUT_VALIDATION

if TYPE_CHECKING:
    from tests.e2e.emulator import Emulator

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ["deploy", "**", "--method=direct", "--require-approval=never", "--no-previous-parameters"]
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"})
RETAINED_AFTER_CREATION = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
Build = Callable[[cdk.Stack], object]


def synthesize(emulator: Emulator, build: Build, stack: str = "Containers") -> str:
    from tests.e2e.emulator import ACCOUNT, REGION

    outdir = str(emulator.folder / f"out-{uuid4()}")
    app = cdk.App(outdir=outdir, analytics_reporting=False, **WITHOUT_VALIDATION)
    build(cdk.Stack(app, stack, env=cdk.Environment(account=ACCOUNT, region=REGION)))
    return str(app.synth().directory)


def deploy(emulator: Emulator, build: Build, stack: str = "Containers") -> tuple[bool, str]:
    """Deploy an app with one stack, and return whether it succeeded and the output of the command."""
    done = emulator.cdk(*DEPLOY, "--app", synthesize(emulator, build, stack))
    return done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def account(emulator: Emulator) -> Emulator:
    from tests.e2e.emulator import ACCOUNT, REGION

    emulator.bootstrap(ACCOUNT, REGION)
    return emulator


def foreseen(emulator: Emulator, assembly: str) -> list[tuple[str, str]]:
    """Return the type and the severity of each resource that `check --live` expects to exist already."""
    command = [sys.executable, "-m", "ecr_constructs", "check", assembly, "--live", "--format", "json"]
    environment = {**emulator.environment(), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    changes = json.loads(done.stdout)["changes"]
    return [(each["resource_type"], each["severity"]) for each in changes if each["id"] == "already-exists"]


def repositories(emulator: Emulator) -> list[str]:
    described = emulator.client("ecr").describe_repositories()["repositories"]
    return sorted(each["repositoryName"] for each in described)


def test_an_existing_registry_policy_is_reported_and_not_overwritten(account: Emulator) -> None:
    statement = {
        "Sid": "Foreign",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::999988887777:root"},
        "Action": ["ecr:ReplicateImage"],
        "Resource": ["arn:aws:ecr:eu-central-1:123456789012:repository/*"],
    }
    ecr_client = account.client("ecr")
    ecr_client.put_registry_policy(policyText=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    def build(stack: cdk.Stack) -> None:
        PrivateRegistry(stack, "Registry").accept_replication_from("444455556666", repositories="prod/*")

    assert foreseen(account, synthesize(account, build)) == [("AWS::ECR::RegistryPolicy", "error")]
    succeeded, output = deploy(account, build)

    assert not succeeded
    assert "(AWS::ECR::RegistryPolicy) " in output
    assert "AlreadyExists" in output
    assert json.loads(ecr_client.get_registry_policy()["policyText"])["Statement"] == [statement]


def test_a_second_owner_of_the_replication_fails_and_the_first_one_keeps_it(account: Emulator) -> None:
    def to(region: str) -> Build:
        return lambda stack: PrivateRegistry(stack, "Registry", replication=[Replication.to(region)])

    assert deploy(account, to("eu-west-1"), "First")[0]
    before = account.client("ecr").describe_registry()["replicationConfiguration"]

    assert foreseen(account, synthesize(account, to("us-east-1"), "Second")) == [
        ("AWS::ECR::ReplicationConfiguration", "error")
    ]
    succeeded, output = deploy(account, to("us-east-1"), "Second")
    assert not succeeded
    assert "AlreadyExists" in output
    assert account.client("ecr").describe_registry()["replicationConfiguration"] == before


def test_a_principal_that_does_not_exist_fails_the_update_and_the_policy_is_kept(account: Emulator) -> None:
    def build(stack: cdk.Stack, role: str | None = None, **options: Any) -> None:
        repository = HardenedRepository(stack, "Api", repository_name="prod/api", **options)
        repository.grant_pull(iam.AccountPrincipal("444455556666"))
        if role is not None:
            repository.grant_push(iam.ArnPrincipal(f"arn:aws:iam::444455556666:role/{role}"))

    assert deploy(account, build)[0]
    ecr_client = account.client("ecr")
    ecr_client.put_image(repositoryName="prod/api", imageManifest=MANIFEST, imageTag="v1")
    before = ecr_client.get_repository_policy(repositoryName="prod/api")["policyText"]

    succeeded, output = deploy(account, lambda stack: build(stack, "missing"))

    assert not succeeded
    assert "Principal not found: arn:aws:iam::444455556666:role/missing" in output
    assert ecr_client.get_repository_policy(repositoryName="prod/api")["policyText"] == before
    assert [each["imageTag"] for each in ecr_client.list_images(repositoryName="prod/api")["imageIds"]] == ["v1"]
    # The next deployment without the principal succeeds.
    assert deploy(account, build)[0]


def failing_after(removal_policy: cdk.RemovalPolicy, *, is_fixed: bool = False) -> Build:
    """Return an app whose last resource fails after the repositories are created."""

    def build(stack: cdk.Stack) -> None:
        api = HardenedRepository(stack, "Api", repository_name="prod/api", removal_policy=removal_policy)
        last = ecr.CfnPullThroughCacheRule(stack, "Last", ecr_repository_prefix="hub" if is_fixed else "a" * 31)
        last.upstream_registry_url = "public.ecr.aws"
        last.node.add_dependency(api)

    return build


def test_a_first_deployment_that_fails_halfway_leaves_the_retained_repository(account: Emulator) -> None:
    succeeded, output = deploy(account, failing_after(cdk.RemovalPolicy.RETAIN))

    assert not succeeded
    assert "Last (AWS::ECR::PullThroughCacheRule)" in output
    assert repositories(account) == ["prod/api"]
    # The repository has no stack, so the next deployment fails until it is imported or deleted.
    fixed = failing_after(cdk.RemovalPolicy.RETAIN, is_fixed=True)
    assert foreseen(account, synthesize(account, fixed)) == [("AWS::ECR::Repository", "error")]
    succeeded, output = deploy(account, fixed)
    assert not succeeded
    assert "AlreadyExists: prod/api exists" in output
    account.client("ecr").delete_repository(repositoryName="prod/api")
    assert deploy(account, fixed)[0]


def test_a_first_deployment_with_retain_except_on_create_can_be_repeated(account: Emulator) -> None:
    succeeded, output = deploy(account, failing_after(RETAINED_AFTER_CREATION))

    assert not succeeded
    assert "Last (AWS::ECR::PullThroughCacheRule)" in output
    assert repositories(account) == []
    assert deploy(account, failing_after(RETAINED_AFTER_CREATION, is_fixed=True))[0]

    # After its creation, the repository is retained by updates and by the deletion of the stack.
    assert not deploy(account, failing_after(RETAINED_AFTER_CREATION))[0]
    assert repositories(account) == ["prod/api"]
    account.client("cloudformation").delete_stack(StackName="Containers")
    assert repositories(account) == ["prod/api"]


def test_an_update_that_fails_halfway_is_rolled_back_and_no_image_is_deleted(account: Emulator) -> None:
    def build(stack: cdk.Stack, days: int = 14, prefix: str = "hub", *, has_web: bool = True) -> None:
        lifecycle = LifecyclePolicy.of(expire_untagged(after_days=days))
        options: dict[str, Any] = {"lifecycle": lifecycle, "removal_policy": cdk.RemovalPolicy.DESTROY}
        HardenedRepository(stack, "Api", repository_name="prod/api", **options)
        if has_web:
            HardenedRepository(stack, "Web", repository_name="prod/web", **options)
        ecr.CfnPullThroughCacheRule(stack, "Last", ecr_repository_prefix=prefix, upstream_registry_url="public.ecr.aws")

    assert deploy(account, build)[0]
    ecr_client = account.client("ecr")
    before = ecr_client.get_lifecycle_policy(repositoryName="prod/api")["lifecyclePolicyText"]

    # The update changes a policy, removes a repository, and fails.
    assert not deploy(account, lambda stack: build(stack, 7, "a" * 31, has_web=False))[0]

    assert repositories(account) == ["prod/api", "prod/web"]
    assert ecr_client.get_lifecycle_policy(repositoryName="prod/api")["lifecyclePolicyText"] == before
    assert deploy(account, build)[0]


def test_a_repository_with_images_is_not_deleted_with_its_stack(account: Emulator) -> None:
    def build(stack: cdk.Stack) -> None:
        destroyed = cdk.RemovalPolicy.DESTROY
        HardenedRepository(stack, "Api", repository_name="prod/api", removal_policy=destroyed)

    assert deploy(account, build)[0]
    ecr_client = account.client("ecr")
    ecr_client.put_image(repositoryName="prod/api", imageManifest=MANIFEST, imageTag="v1")

    done = account.cdk("destroy", "**", "--force", "--app", synthesize(account, build))

    assert done.returncode != 0
    assert "RepositoryNotEmpty" in done.stdout + done.stderr or "still contains images" in done.stdout + done.stderr
    assert [each["imageTag"] for each in ecr_client.list_images(repositoryName="prod/api")["imageIds"]] == ["v1"]


def test_a_secret_that_is_scheduled_for_deletion_fails_and_can_be_restored(account: Emulator) -> None:
    secrets = account.client("secretsmanager")
    name = "ecr-pullthroughcache/docker-hub"
    value = json.dumps({"username": "someone", "accessToken": "a-token"})
    secrets.create_secret(Name=name, SecretString=value)
    secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)

    def build(stack: cdk.Stack) -> None:
        PullThroughCache(stack, "Hub", upstream=Upstream.docker_hub(), credentials=Credentials.new_secret("docker-hub"))

    succeeded, output = deploy(account, build)

    assert not succeeded
    assert "(AWS::SecretsManager::Secret)" in output
    assert "already scheduled for deletion" in output
    secrets.restore_secret(SecretId=name)
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == value


def test_a_throttled_request_fails_the_deployment_which_can_be_repeated(
    account: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.e2e import models
    from tests.e2e.cloudformation import refuse

    put = models.Repository.put
    throttled = ["prod/web"]

    def throttling(self: models.Repository) -> None:
        if self.physical_resource_id in throttled:
            refuse("ThrottlingException: Rate exceeded")
        put(self)

    monkeypatch.setattr(models.Repository, "put", throttling)

    def build(stack: cdk.Stack) -> None:
        for name in ("api", "web"):
            policy = RETAINED_AFTER_CREATION
            HardenedRepository(stack, name, repository_name=f"prod/{name}", removal_policy=policy)

    succeeded, output = deploy(account, build)

    assert not succeeded
    assert "(AWS::ECR::Repository)" in output
    assert "Rate exceeded" in output
    assert repositories(account) == []
    throttled.clear()
    assert deploy(account, build)[0]
    assert repositories(account) == ["prod/api", "prod/web"]
