"""Images in use by AWS Lambda, AWS App Runner, AWS Batch and Kubernetes, and the restore of those in the archive."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]  # it ships no types
import pytest

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.main import run
from ecr_constructs.cli.sources.kubernetes import read_running_images
from ecr_constructs.cli.sources.records import Place
from ecr_constructs.model import LifecyclePolicy, limit_images
from tests.cli.aws.cloud import NOW, REGION, REGISTRY, Cloud, digest, image
from tests.cli.aws.functions import add_function
from tests.cli.aws.record import Gather

API = f"{REGISTRY}/prod/api"
OTHER = f"999999999999.dkr.ecr.{REGION}.amazonaws.com/prod/api"


@pytest.fixture
def api(cloud: Cloud) -> Cloud:
    cloud.add("prod/api", *(image(number, f"v{number}", days=number) for number in range(1, 7)))
    return cloud


def users(gather: Gather) -> dict[str, tuple[str, ...]]:
    found = gather("prod/api", in_use=True)
    assert found.problems == ()
    [repository] = found.repositories
    tags = {each.digest: each.tags[0] for each in repository.images}
    return {tags[each]: names for each, names in (repository.in_use or {}).items()}


@pytest.mark.usefixtures("api")
def test_images_of_other_registries_are_in_use_in_their_account(cloud: Cloud, gather: Gather) -> None:
    add_function("pay", f"{OTHER}@{digest(2)}")
    cloud.app_runner["web"] = f"{OTHER}:v3"
    batch = boto3.Session(region_name=REGION).client("batch")
    batch.register_job_definition(
        jobDefinitionName="nightly",
        type="container",
        containerProperties={"image": f"{OTHER}:v4", "vcpus": 1, "memory": 128},
    )
    batch.close()
    cloud.run("prod", OTHER, 5, group="service:pay")
    ecs = boto3.Session(region_name=REGION).client("ecs")
    ecs.create_cluster(clusterName="prod")
    ecs.close()
    usage = gather("prod/api", in_use=True).result.usage or ()

    assert {each.registry for each in usage} == {Place(account_id="9" * 12, region=REGION)}
    assert sorted((each.user, each.digest or each.tag) for each in usage) == [
        ("function pay", digest(2)),
        ("job definition nightly:1", "v4"),
        ("service prod/pay", digest(5)),
        ("service web", "v3"),
    ]


# --- AWS Lambda -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("api")
def test_a_function_uses_its_image_and_other_registries_do_not_count(gather: Gather) -> None:
    add_function("pay", f"{API}@{digest(1)}")
    add_function("elsewhere", f"{OTHER}@{digest(2)}")

    assert users(gather) == {"v1": ("function pay",)}


def test_the_digest_counts_that_lambda_resolved_and_every_page_is_read(
    api: Cloud, gather: Gather, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto.awslambda.responses import LambdaResponse

    versions = [("pay", "$LATEST", 2), ("pay", "7", 3), *((f"f{number}", "$LATEST", 4) for number in range(60))]

    def list_functions(self: Any) -> str:
        assert self.querystring["FunctionVersion"] == ["ALL"]
        start = int(self.querystring.get("Marker", ["0"])[0])
        end = start + int(self.querystring["MaxItems"][0])
        found = [{"FunctionName": name, "Version": version, "PackageType": "Image"} for name, version, _ in versions]
        zipped = {"FunctionName": "zip", "Version": "1", "PackageType": "Zip"}
        following = {"NextMarker": str(end)} if end < len(found) else {}
        return json.dumps({"Functions": [zipped, *found[start:end]], **following})

    def get_function(self: Any) -> str:
        name, version = self.path.rsplit("/", 1)[-1], self._get_param("Qualifier")
        [number] = [each for owner, of, each in versions if (owner, of) == (name, version)]
        return json.dumps({"Code": {"ImageUri": f"{API}:v1", "ResolvedImageUri": f"{API}@{digest(number)}"}})

    monkeypatch.setattr(LambdaResponse, "list_functions", list_functions)
    monkeypatch.setattr(LambdaResponse, "get_function", get_function)
    found = users(gather)

    assert found["v2"] == ("function pay",)
    assert found["v3"] == ("function pay:7",)
    assert len(found["v4"]) == 60
    assert "v1" not in found
    assert api.called("GetFunction") == 62


# --- AWS App Runner and AWS Batch -------------------------------------------------------------------------------------


def test_services_of_app_runner_use_their_images_on_every_page(api: Cloud, gather: Gather) -> None:
    api.app_runner = {f"s{number:02}": f"{API}:v1" for number in range(45)} | {"public": "public.ecr.aws/x/y:1"}

    found = users(gather)
    assert found.keys() == {"v1"}
    assert len(found["v1"]) == 45
    assert api.called("AppRunner.DescribeService") == 46


@pytest.mark.usefixtures("api")
def test_the_latest_revision_of_a_job_definition_uses_its_images(gather: Gather) -> None:
    batch = boto3.Session(region_name=REGION).client("batch")
    for number in (1, 2):
        container = {"image": f"{API}:v{number}", "vcpus": 1, "memory": 128}
        batch.register_job_definition(jobDefinitionName="nightly", type="container", containerProperties=container)
    batch.close()

    assert users(gather) == {"v2": ("job definition nightly:2",)}


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    "properties",
    [
        {"nodeProperties": {"nodeRangeProperties": [{"container": {"image": f"{API}:v3"}}]}},
        {"ecsProperties": {"taskProperties": [{"containers": [{"image": f"{API}:v3"}]}]}},
        {"eksProperties": {"podProperties": {"initContainers": [{"image": f"{API}:v3"}]}}},
    ],
)
def test_jobs_of_several_containers_use_all_their_images(
    gather: Gather, properties: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto.batch.responses import BatchResponse

    definition = {"jobDefinitionName": "n", "revision": 1, "jobDefinitionArn": "a", "type": "x", **properties}
    answer = json.dumps({"jobDefinitions": [definition]})
    monkeypatch.setattr(BatchResponse, "describejobdefinitions", lambda _: answer)

    assert users(gather) == {"v3": ("job definition n:1",)}


@pytest.mark.parametrize(
    ("operation", "service"),
    [("ListFunctions", "lambda"), ("AppRunner.ListServices", "apprunner"), ("describejobdefinitions", "batch")],
)
def test_a_service_that_cannot_be_read_is_a_problem(api: Cloud, gather: Gather, operation: str, service: str) -> None:
    api.deny(operation, service)
    found = gather("prod/api", in_use=True)

    assert any("is not allowed" in each for each in found.problems)
    assert len(found.repositories) == 1


# --- Kubernetes -------------------------------------------------------------------------------------------------------


def pod(name: str, text: str, *, running: str | None = None, phase: str = "Running") -> dict[str, Any]:
    statuses = [{"name": "c", "imageID": running}] if running else []
    return {
        "kind": "Pod",
        "metadata": {"namespace": "prod", "name": name},
        "spec": {"containers": [{"name": "c", "image": text}]},
        "status": {"phase": phase, "containerStatuses": statuses},
    }


def listed(tmp_path: Path, *items: dict[str, Any]) -> str:
    path = tmp_path / "kubectl.json"
    path.write_text(json.dumps({"kind": "List", "items": items}))
    return str(path)


def test_a_pod_counts_with_the_digest_that_runs(tmp_path: Path) -> None:
    cron = {
        "kind": "CronJob",
        "metadata": {"name": "n", "namespace": "ops"},
        "spec": {"jobTemplate": {"spec": {"template": {"spec": {"initContainers": [{"image": "i:1"}]}}}}},
    }
    deployment = {
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"template": {"spec": {"containers": [{"image": "d:1"}]}}},
    }
    path = listed(
        tmp_path,
        pod("a", f"{API}:v1", running=f"docker-pullable://{API}@{digest(2)}"),
        pod("b", f"{API}:v1", running=f"{API}@{digest(3)}"),
        pod("c", f"{API}:v1", running=digest(4)),
        pod("d", f"{API}:v1"),
        pod("e", f"{API}:v6", phase="Succeeded"),
        cron,
        deployment,
    )

    assert list(read_running_images([path])) == [
        (f"{API}@{digest(2)}", "pod prod/a"),
        (f"{API}@{digest(3)}", "pod prod/b"),
        (f"{API}:v1", "pod prod/c"),
        (f"{API}:v1", "pod prod/d"),
        ("i:1", "cronjob ops/n"),
        ("d:1", "deployment default/d"),
    ]


@pytest.mark.parametrize("content", ["{}", "[]", '{"items": 1}', '{"imageDetails": []}'])
def test_other_output_is_rejected(tmp_path: Path, content: str) -> None:
    (tmp_path / "k.json").write_text(content)

    with pytest.raises(CommandError, match="no workloads of Kubernetes in it"):
        read_running_images([str(tmp_path / "k.json")])


def test_a_gate_uses_the_pods_in_a_file_without_an_account(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "policy.json").write_text(LifecyclePolicy.of(limit_images(1)).to_json())
    details = [
        {**image(number, f"v{number}"), "imagePushedAt": f"2026-01-0{9 - number}T00:00:00Z", "repositoryName": name}
        for name in ("prod/api", "prod/web")
        for number in (1, 2)
    ]
    (tmp_path / "images.json").write_text(json.dumps({"imageDetails": details}))
    path = listed(tmp_path, pod("a", f"{API}:v2"), pod("b", "docker.io/prod/web:v2"))
    sources = [str(tmp_path / "policy.json"), "--images", str(tmp_path / "images.json")]

    assert run(["preview", *sources, "--fail-if", "in-use"]) == 2
    capsys.readouterr()
    assert run(["preview", *sources, "--fail-if", "in-use", "--in-use-from", path]) == 4
    out, err = capsys.readouterr()
    assert "v2 would be deleted and is in use by pod prod/a" in out
    assert "prod/web" not in err


@pytest.mark.usefixtures("api")
def test_pods_count_beside_the_account(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "policy.json").write_text(LifecyclePolicy.of(limit_images(1)).to_json())
    path = listed(tmp_path, pod("a", f"{API}:v2"), pod("b", f"{OTHER}:v3"))
    options = ["--live", "--repository", "prod/api", "--no-aws-preview", "--no-in-use", "--in-use-from", path]

    assert run(["preview", str(tmp_path / "policy.json"), *options, "--fail-if", "in-use"]) == 4
    out = capsys.readouterr().out
    assert "pod prod/a" in out
    assert "pod prod/b" not in out


# --- restore ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def archived(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    monkeypatch.chdir(tmp_path)
    Path("policy.json").write_text(LifecyclePolicy.of(limit_images(9)).to_json())
    in_archive: dict[str, Any] = {"imageStatus": "ARCHIVED", "lastArchivedAt": NOW.timestamp()}
    cloud.add("prod/api", *(image(number, f"v{number}", days=9, **in_archive) for number in (1, 2)), image(3, "v3"))
    for number in (1, 3):
        cloud.use(number, repository="prod/api")
    return cloud


def preview(*options: str) -> int:
    return run(["preview", "policy.json", "--live", "--repository", "prod/api", "--no-aws-preview", *options])


def statuses(cloud: Cloud) -> list[str]:
    return [each["imageStatus"] for each in cloud.repositories["prod/api"].images]


def test_the_command_for_an_archived_image_that_runs_is_printed(
    archived: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    assert preview() == 0
    out = capsys.readouterr().out

    assert (
        f"restore it with: aws ecr update-image-storage-class --region {REGION} --repository-name prod/api "
        f"--image-id imageDigest={digest(1)} --target-storage-class STANDARD"
    ) in out
    assert digest(2) not in out
    assert archived.called("UpdateImageStorageClass") == 0


@pytest.mark.parametrize(("answer", "expected"), [("y\n", "ACTIVATING"), ("n\n", "ARCHIVED"), ("", "ARCHIVED")])
def test_an_image_is_restored_after_a_confirmation_only(
    archived: Cloud,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    expected: str,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))

    assert preview("--restore") == 0
    out, err = capsys.readouterr()
    assert statuses(archived) == [expected, "ARCHIVED", "ACTIVE"]
    assert "restore 1 image? [y/N]" in err
    assert ("restored 1 image, which can be pulled within 20 minutes" in out) == (expected == "ACTIVATING")


def test_a_restore_that_fails_is_a_problem(
    archived: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    archived.deny("UpdateImageStorageClass")
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))

    assert preview("--restore") == 2
    assert "prod/api: v1 is not restored: ecr:UpdateImageStorageClass is not allowed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["p", "--images", "i", "--restore"], "--restore needs an account"),
        (["p", "--live", "--restore", "--no-in-use"], "--restore needs the usage of images"),
        (["-", "--live", "--restore"], "--restore reads its confirmation from standard input"),
    ],
)
def test_options_that_do_not_fit_a_restore_are_rejected(
    options: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["preview", *options]) == 2
    assert problem in capsys.readouterr().err
