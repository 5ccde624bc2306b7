"""`ecr-constructs preview --live`, from the first argument to the exit code, against an account."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]  # it ships no types
import pytest

from ecr_constructs.cli.main import run
from ecr_constructs.model import LifecyclePolicy, keep_latest
from tests.cli.aws.cloud import ACCOUNT, REGION, REGISTRY, Cloud, Preview, digest, image, results
from tests.cli.output.test_json_report import complaints

POLICY = LifecyclePolicy.of(keep_latest(3_000, matching="v*"))
TODAY = LifecyclePolicy.of(keep_latest(3_400, matching="v*"))
CALLER = f"arn:aws:sts::{ACCOUNT}:user/moto"
GONE = (
    "prod/web: ECR has no such repository in eu-central-1; "
    "it was deleted in the meantime, or it is in another account or Region"
)

Outcome = tuple[int, str, list[str]]
Call = Callable[..., Outcome]


@pytest.fixture
def call(cloud: Cloud, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """
    Return a function that previews the policies of an app over an account with thousands of images.

    ECR's preview of `prod/api` differs from the local evaluation in two images: it keeps v7 and deletes v3000. v3 and
    v4 are in use.
    """
    fill(cloud, 3_500)
    taken = [*(number for number in range(500) if number != 7), 3_000]
    cloud.repositories["prod/api"].next = Preview(results=results((number, "EXPIRE", 1) for number in taken))
    monkeypatch.chdir(tmp_path)
    return caller(capsys)


@pytest.fixture
def call_small(
    cloud: Cloud, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Call:
    """Return the same function for an account with 40 images, of which the policies delete none."""
    fill(cloud, 40)
    monkeypatch.chdir(tmp_path)
    return caller(capsys)


def fill(cloud: Cloud, count: int) -> None:
    """Add three repositories with images, of which v3 and v4 are in use."""
    images = [image(number, f"v{number}", days=3_500 - number) for number in range(count)]
    cloud.add("prod/api", *images, policy=TODAY.to_json())
    cloud.add("prod/web", *images[-500:])
    cloud.add("dev/scratch", images[0])
    cloud.use(3, repository="prod/api")
    run_service(f"{REGISTRY}/prod/api:v4")


def caller(capsys: pytest.CaptureFixture[str]) -> Call:
    """Return a function that writes the template of the app into the current folder and previews its policies."""

    def _call(*arguments: str) -> Outcome:
        resources = {"Api": repository("prod/api"), "Web": repository("prod/web")}
        Path("app.template.json").write_text(json.dumps({"Resources": resources}), encoding="utf-8")
        code = run(["preview", "app.template.json", "--live", *arguments])
        out, err = capsys.readouterr()
        return code, out, [line.removeprefix("ecr-constructs: ") for line in err.splitlines()]

    return _call


def repository(name: str) -> dict[str, Any]:
    properties = {"RepositoryName": name, "LifecyclePolicy": {"LifecyclePolicyText": POLICY.to_json()}}
    return {"Type": "AWS::ECR::Repository", "Properties": properties}


def run_service(text: str) -> None:
    ecs = boto3.Session(region_name=REGION).client("ecs")
    ecs.create_cluster(clusterName="prod")
    ecs.register_task_definition(family="pay", containerDefinitions=[{"name": "c", "image": text, "memory": 128}])
    ecs.create_service(cluster="prod", serviceName="payments", taskDefinition="pay", desiredCount=1)
    ecs.close()


def repositories(out: str) -> dict[str, Any]:
    """Return the repositories of a JSON report, by name. The report must conform to its schema."""
    document = json.loads(out)
    assert complaints(document) == []
    return {each["repository"]: each for each in document["repositories"]}


# --- everything at once -----------------------------------------------------------------------------------------------


def test_a_table_has_the_preview_of_ecr_and_its_differences_from_the_local_evaluation(call: Call, cloud: Cloud) -> None:
    code, out, err = call("--current", "--fail-if", "in-use")
    totals, api, web, closing = re.sub(r" +", " ", out).split("\n\n")
    lines = re.sub(r"at .* UTC", "at ...", api.partition("\ninfo: ")[0]).splitlines()
    listed = lines.index("image outcome rule digest size pushed last pulled in use by reason")

    assert code == 4
    assert totals == "total: 2 repositories: 500 images to delete (627.7 kB), 0 to archive, 0 uncertain, 3,500 to keep"
    # Images in use are the first in the list of images.
    assert [line.split()[0] for line in lines[listed + 1 : listed + 4]] == ["v3", "v4", "v0"]
    assert lines[listed + 11] == "and 490 more images to delete or archive, or uncertain; --all lists them"
    assert lines[:listed] + lines[listed + 12 :] == [
        "prod/api: 3,500 images, 9.6 MB, 2 known to be in use",
        "policy of app.template.json: Api, from ECR's preview at ...",
        "Rule 1 keeps the newest 3,000 images with a tag like v*, by time of push, and deletes the others.",
        " rule outcome images size oldest newest such as",
        " 1 delete 500 627.7 kB 2016-10-31 2025-01-17 v0, v1, v2, ...",
        " 1 keep 3,000 9.0 MB 2016-11-07 2026-05-31 v7, v500, v501, ...",
        "total delete 500 627.7 kB 2016-10-31 2025-01-17 v0, v1, v2, ...",
        "total keep 3,000 9.0 MB 2016-11-07 2026-05-31 v7, v500, v501, ...",
        "in use: v3 would be deleted and is in use by 1 task or pod seen by Amazon Inspector",
        "in use: v4 would be deleted and is in use by service prod/payments",
        "newly lost: 401 images, 523.8 kB, compared with the policy deployed in the account: v100, v101, v102, ...",
        (
            "disagreement: v7: keep in ECR's preview, delete by rule 1 "
            "(it is not among the newest 3000 that the rule selects) in the local evaluation"
        ),
        (
            "disagreement: v3000: delete by rule 1 in ECR's preview, "
            "keep (rule 1 selects it, and it is among the newest 3000) in the local evaluation"
        ),
    ]
    assert web.startswith("prod/web: 500 images, 2.1 MB, none known to be in use\n")
    assert "\nsame: the deployed policy has the same effect on these images\n" in web
    assert closing.splitlines() == [
        "no policy: 1 repository: dev/scratch",
        "total: 2 repositories: 500 images to delete (627.7 kB), 0 to archive, 0 uncertain, 3,500 to keep",
    ]
    assert [line.removeprefix("--fail-if in-use: ")[:12] for line in err] == [
        "prod/api: v3",
        "prod/api: v4",
        "keep images ",
    ]
    assert cloud.calls.count(("DescribeImages", "prod/api")) == 4
    assert cloud.repositories["prod/api"].policy == TODAY.to_json()


def test_the_json_report_has_the_same_result_for_every_image(call: Call) -> None:
    code, out, err = call("--current", "--fail-if", "in-use", "--format", "json")
    api, web = repositories(out)["prod/api"], repositories(out)["prod/web"]
    groups = {each["digest"]: each["group"] for each in api["images"]}
    users = {each["digest"]: each["in_use_by"] for each in api["images"]}
    [gate] = json.loads(out)["gates"]

    assert (code, len(err)) == (4, 3)
    assert api["by_aws"]
    assert len(groups) == 3_500
    assert (groups[digest(6)], groups[digest(7)], groups[digest(3_000)]) == ("expired", "kept", "expired")
    assert {one: names for one, names in users.items() if names} == {
        digest(3): ["1 task or pod seen by Amazon Inspector"],
        digest(4): ["service prod/payments"],
    }
    assert users[digest(5)] == []
    assert [each["digest"] for each in api["disagreements"]] == [digest(7), digest(3_000)]
    assert api["current"]["summary"]["expired"]["images"] == 100
    assert len(api["current"]["newly_lost"]) == 401
    assert api["current"]["newly_kept"] == []
    assert web["current"] == {"summary": web["summary"], "newly_lost": [], "newly_kept": []}
    assert [each["digest"] for each in gate["caught"]] == [digest(3), digest(4)]


def test_usage_and_the_preview_of_ecr_can_be_switched_off(call: Call) -> None:
    code, out, err = call("--no-in-use", "--no-aws-preview", "--format", "json")
    api = repositories(out)["prod/api"]

    assert (code, err) == (0, [])
    assert not api["by_aws"]
    assert api["current"] is None
    assert api["disagreements"] == []
    assert {each["in_use_by"] for each in api["images"]} == {None}
    assert api["summary"]["expired"]["images"] == 500


def test_findings_about_a_policy_file_use_the_mutability_of_the_account(
    call_small: Call, cloud: Cloud, capsys: Any
) -> None:
    Path("policy.json").write_text(POLICY.to_json(), encoding="utf-8")
    cloud.repositories["prod/api"].bind("IMMUTABLE_WITH_EXCLUSION", "v3*")
    code = run(["preview", "policy.json", "--live", "--repository", "prod/*", "--format", "json"])
    found = {
        name: {finding["id"] for finding in each["findings"]}
        for name, each in repositories(capsys.readouterr().out).items()
    }

    assert code == 0
    assert found["prod/api"] - found["prod/web"] == {"bound-tags-expire-by-count"}
    assert (
        "bound-tags-expire-by-count" not in call_small("--repository", "prod/api")[1]
    )  # tags are mutable in the template


# --- errors -----------------------------------------------------------------------------------------------------------


def test_a_denied_repository_is_reported_and_the_other_is_previewed(call_small: Call, cloud: Cloud) -> None:
    cloud.deny("DescribeImages", repository="prod/web")
    code, out, err = call_small("--format", "json")
    problem = f"prod/web: ecr:DescribeImages is not allowed: no identity-based policy allows it; allow it for {CALLER}"

    assert code == 2
    assert [*repositories(out)] == ["prod/api"]
    assert json.loads(out)["problems"] == err == [problem]


def test_a_denied_account_ends_the_command_in_one_line(call_small: Call, cloud: Cloud) -> None:
    cloud.deny("DescribeRepositories")

    assert call_small() == (
        2,
        "",
        [f"ecr:DescribeRepositories is not allowed: no identity-based policy allows it; allow it for {CALLER}"],
    )


@pytest.mark.parametrize("operation", ["ListClusters", "ListServices", "DescribeTaskDefinition"])
def test_a_gate_fails_if_usage_cannot_be_read(call_small: Call, cloud: Cloud, operation: str) -> None:
    cloud.deny(operation, "ecs")
    cloud.covered.clear()
    code, out, err = call_small("--repository", "prod/api", "--fail-if", "in-use")

    assert code == 2
    assert out.startswith("prod/api: 40 images")
    assert f"ecs:{operation} is not allowed: no identity-based policy allows it; allow it for {CALLER}" in err[0]
    assert (
        err[1] == "--fail-if in-use: cannot be checked: 1 problem prevented a preview, as reported above; fix it first"
    )


def test_credentials_that_expire_during_the_run_end_the_command_in_one_line(call_small: Call, cloud: Cloud) -> None:
    cloud.fail("GetLifecyclePolicyPreview", "ExpiredTokenException", repository="prod/api")

    assert call_small() == (2, "", ["the credentials have expired; renew them, then repeat the command"])


@pytest.mark.parametrize(
    ("operation", "before"),
    [("DescribeImages", 1), ("GetLifecyclePolicyPreview", 0)],
)
def test_a_repository_that_is_deleted_during_the_run_is_reported_and_the_other_is_previewed(
    call_small: Call, cloud: Cloud, operation: str, before: int
) -> None:
    cloud.add("prod/web", *(image(number, f"v{number}", days=1) for number in range(1_100)))
    calls = iter(range(10))

    def delete(called: str, repository: str | None) -> None:
        if (called, repository) == (operation, "prod/web") and next(calls) == before:
            del cloud.repositories["prod/web"]

    cloud.before = delete
    code, out, err = call_small("--current", "--fail-if", "expires:release-*")

    assert code == 2
    assert out.startswith("prod/api: 40 images")
    assert "prod/web: " not in out
    assert err == [
        GONE,
        (
            "--fail-if expires:release-*: cannot be checked: 1 problem "
            "prevented a preview, as reported above; fix it first"
        ),
    ]


def test_throttling_is_not_reported(call_small: Call, cloud: Cloud) -> None:
    for operation in ("DescribeRepositories", "DescribeImages", "GetLifecyclePolicyPreview"):
        cloud.fail(operation, "ThrottlingException", "Rate exceeded", times=3)

    code, out, err = call_small()

    assert (code, err) == (0, [])
    assert "\n\nprod/api: 40 images" in out
