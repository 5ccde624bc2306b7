"""`ecr-constructs preview --live` over 40 accounts in 3 Regions, with faults."""

from __future__ import annotations

import csv
import gzip
import html
import io
import json
from collections.abc import Callable
from pathlib import Path
from threading import Event, Lock
from typing import Any

import boto3  # type: ignore[import-untyped]  # it ships no types
import pytest
from botocore.httpsession import URLLib3Session  # type: ignore[import-untyped]  # it ships no types

from ecr_constructs.cli.aws import readings
from ecr_constructs.cli.commands.preview import ProgressBar
from ecr_constructs.cli.main import run
from ecr_constructs.model import LifecyclePolicy, limit_images
from tests.cli.aws.cloud import ACCOUNT, NOW, Cloud, Refusal, Stored, digest, image
from tests.cli.output.test_json_report import complaints

ACCOUNTS = [ACCOUNT, *(f"{number:012d}" for number in range(200_000_000_001, 200_000_000_040))]
REGIONS = ["eu-central-1", "eu-west-1", "us-east-1"]
MEMBER, OTHER, THIRD = ACCOUNTS[1:4]
FEW = ACCOUNTS[:4]
POLICY = LifecyclePolicy.of(limit_images(2))

Outcome = tuple[int, str, list[str]]
Preview = Callable[..., Outcome]


@pytest.fixture
def preview_all(
    cloud: Cloud, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Preview:
    """Return a function that previews the deployed policies of 40 accounts in 3 Regions."""
    monkeypatch.chdir(tmp_path)
    return caller(cloud, capsys, ACCOUNTS)


@pytest.fixture
def preview(
    cloud: Cloud, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Preview:
    """Return the same function for 4 accounts in 3 Regions."""
    monkeypatch.chdir(tmp_path)
    return caller(cloud, capsys, FEW)


def caller(cloud: Cloud, capsys: pytest.CaptureFixture[str], accounts: list[str]) -> Preview:
    fill(cloud, accounts)
    Path("accounts.txt").write_text("\n".join(accounts), encoding="utf-8")

    def call(*options: str, source: tuple[str, ...] = ("--accounts", "accounts.txt"), plain: bool = True) -> Outcome:
        fixed = ["--no-aws-preview", "--no-in-use"] if plain else []
        where = ["--role-name", "audit/reader", "--regions", ",".join(REGIONS)]
        code = run(["preview", "--live", *source, *where, *fixed, *options])
        out, err = capsys.readouterr()
        return code, out, [line.removeprefix("ecr-constructs: ") for line in err.splitlines()]

    return call


def fill(cloud: Cloud, accounts: list[str]) -> None:
    """Add a repository with five images to each account and Region, of which its policy deletes three."""
    for account in accounts:
        for region in REGIONS:
            images = [image(number, f"v{number}", days=9 - number) for number in range(1, 6)]
            stored = Stored(images=images, policy=POLICY.to_json(), tags={"team": "shop"})
            cloud.places[account, region] = {"prod/api": stored, "bare": Stored(images=[image(1, "v1")])}


def document(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(outcome[1])
    assert complaints(found) == []
    return found


def places(found: dict[str, Any]) -> set[tuple[str, str]]:
    return {(each["account"], each["region"]) for each in found["repositories"]}


EVERYWHERE = {(account, region) for account in FEW for region in REGIONS}
FLEET = {(account, region) for account in ACCOUNTS for region in REGIONS}


# --- one report over all ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_one_report_has_the_repositories_of_all_accounts_and_regions(preview_all: Preview, cloud: Cloud) -> None:
    outcome = preview_all("--format", "json")
    found = document(outcome)

    assert (outcome[0], outcome[2]) == (0, [])
    assert places(found) == FLEET
    assert [each["problem"] for each in found["places"]] == [None] * 120
    assert found["totals"]["repositories"] == 120
    assert found["totals"]["expired"]["images"] == 360
    assert f"{MEMBER}/eu-west-1/bare" in found["without_policy"]
    assert {each["repository"] for each in found["repositories"]} == {"prod/api"}
    # A role is assumed once in each account, and not in the account of the credentials.
    roles = [subject for operation, subject in cloud.calls if operation == "AssumeRole"]
    assert sorted(map(str, roles)) == sorted(f"arn:aws:iam::{each}:role/audit/reader" for each in ACCOUNTS[1:])


@pytest.mark.slow
def test_every_format_has_the_account_and_the_region(preview: Preview) -> None:
    name = f"{MEMBER}/eu-west-1/prod/api"
    table = preview()[1]
    assert f"\n{name} " in table
    assert "\nread: 4 accounts in 3 Regions\n" in table
    assert name in html.unescape(preview("--format", "markdown", "--all")[1])
    rows = list(csv.DictReader(io.StringIO(preview("--format", "csv")[1])))
    assert {(row["account"], row["region"]) for row in rows} == EVERYWHERE
    assert {row["repository"] for row in rows} == {"prod/api"}
    assert preview("--format", "html", "--output", "report")[0] == 0
    assert len(list(Path("report").iterdir())) == 13
    assert name in Path("report", "index.html").read_text(encoding="utf-8")


def test_the_active_accounts_of_the_organization_are_read(preview: Preview, cloud: Cloud) -> None:
    states = ["ACTIVE", "SUSPENDED", "CLOSED", "PENDING_CLOSURE"]
    suspended = (each for each in ACCOUNTS[4:])
    cloud.organization = [{"Id": each, "State": state} for each, state in zip(suspended, states[1:] * 8, strict=False)]
    cloud.organization += [{"Id": each, "State": states[0]} for each in FEW[:3]]
    cloud.organization.append({"Id": FEW[3], "Status": "ACTIVE"})  # as AWS returned it until 2026
    found = document(preview("--format", "json", source=("--organization",)))

    assert {account for account, _ in places(found)} == set(FEW)
    assert cloud.called("ListAccounts") == 2


def test_an_account_that_may_not_list_the_organization_is_an_error(preview: Preview, cloud: Cloud) -> None:
    cloud.deny("ListAccounts", "organizations")
    code, out, err = preview(source=("--organization",))

    assert (code, out) == (2, "")
    assert err[0].startswith("organizations:ListAccounts is not allowed")


@pytest.mark.parametrize("options", [("--repository", "prod/*"), ("--resource-tag", "team=shop")])
def test_repositories_are_selected_in_every_account(preview: Preview, cloud: Cloud, options: tuple[str, str]) -> None:
    for region in REGIONS:
        del cloud.places[OTHER, region]["prod/api"]
    found = document(preview("--format", "json", *options))

    assert places(found) == {each for each in EVERYWHERE if each[0] != OTHER}
    assert found["problems"] == []
    assert found["without_policy"] == []
    assert ("DescribeImages", "bare") not in cloud.calls


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--repository", "prd/*"), "--repository prd/*: no repository matches; correct the name"),
        (("--resource-tag", "team=x"), "--resource-tag team=x: no repository has the resource tag; correct it"),
    ],
)
def test_an_option_that_selects_nothing_anywhere_is_an_error(
    preview: Preview, options: tuple[str, str], message: str
) -> None:
    code, out, err = preview(*options)

    assert (code, out) == (2, "")
    assert err[0].startswith(message)


def test_a_policy_is_without_images_only_if_no_account_has_its_repository(preview: Preview, cloud: Cloud) -> None:
    for account in FEW[1:]:
        for region in REGIONS:
            cloud.places[account, region].pop("bare")
    names = ("bare", "prod/api", "nowhere")
    answers = [{"repositoryName": name, "lifecyclePolicyText": POLICY.to_json()} for name in names]
    Path("policies.json").write_text(json.dumps(answers), encoding="utf-8")
    found = document(preview("policies.json", "--format", "json"))

    assert [each["repository"] for each in found["without_images"]] == ["nowhere"]
    assert len(found["repositories"]) == 15


# --- throttle ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_at_most_16_calls_are_made_at_a_time(preview_all: Preview, monkeypatch: pytest.MonkeyPatch) -> None:
    now, most, lock, send = 0, 0, Lock(), URLLib3Session.send

    def counted(self: Any, request: Any) -> Any:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        try:
            return send(self, request)
        finally:
            with lock:
                now -= 1

    monkeypatch.setattr(URLLib3Session, "send", counted)

    assert preview_all("--format", "json")[0] == 0
    assert 8 <= most <= 16


@pytest.mark.slow
def test_throttling_in_some_accounts_is_not_reported(preview_all: Preview, cloud: Cloud) -> None:
    for operation in ("AssumeRole", "DescribeRepositories", "DescribeImages", "GetLifecyclePolicy"):
        cloud.fail(operation, "ThrottlingException", "Rate exceeded", times=9)
    outcome = preview_all("--format", "json")

    assert (outcome[0], outcome[2]) == (0, [])
    assert places(document(outcome)) == FLEET


# --- accounts that cannot be read -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_accounts_that_cannot_be_read_are_listed_and_others_are_previewed(preview_all: Preview, cloud: Cloud) -> None:
    denied = f"arn:aws:iam::{MEMBER}:role/audit/reader"
    cloud.fail(
        "AssumeRole",
        "AccessDenied",
        f"User: x is not authorized to perform: sts:AssumeRole on {denied}",
        repository=denied,
    )
    cloud.fail("GetCallerIdentity", "InvalidClientTokenId", "The security token is invalid", place=(OTHER, "us-east-1"))
    cloud.fail(
        "DescribeRepositories",
        "AccessDeniedException",
        "because no identity-based policy allows the action",
        place=(THIRD, "eu-west-1"),
    )
    outcome = preview_all("--format", "json", "--fail-if", "expires:nothing-*")
    found = document(outcome)
    unread = {(each["account"], each["region"]): each["problem"] for each in found["places"] if each["problem"]}
    missing = {*((MEMBER, region) for region in REGIONS), (OTHER, "us-east-1"), (THIRD, "eu-west-1")}

    assert outcome[0] == 2
    assert set(unread) == missing
    assert places(found) == FLEET - missing
    assert f"role '{denied}' cannot be assumed: sts:AssumeRole is not allowed" in unread[MEMBER, "us-east-1"]
    assert "AWS rejects the credentials in us-east-1" in unread[OTHER, "us-east-1"]
    assert "ecr:DescribeRepositories is not allowed" in unread[THIRD, "eu-west-1"]
    # One line for each reason, and one for the gate.
    assert len(outcome[2]) == 4
    assert outcome[2][:3] == found["problems"]
    assert outcome[2][3].endswith("3 problems prevented a preview, as reported above; fix it first")
    table = preview_all()[1]
    assert f"\nnot read: 5 of 120 accounts and Regions: account {MEMBER} in eu-central-1, " in table


def test_a_repository_that_cannot_be_read_has_its_account_and_region(preview: Preview, cloud: Cloud) -> None:
    cloud.fail("DescribeImages", "AccessDeniedException", "no", repository="prod/api", place=(MEMBER, "eu-west-1"))
    code, _, err = preview("--format", "json")

    assert code == 2
    assert len(err) == 1
    assert err[0].startswith(f"{MEMBER}/eu-west-1/prod/api: ecr:DescribeImages is not allowed")


def test_without_any_account_there_is_no_report(preview: Preview, cloud: Cloud) -> None:
    cloud.fail("DescribeRepositories", "AccessDeniedException", "no")
    code, out, err = preview()

    assert (code, out) == (2, "")
    assert len(err) == 4  # the callers differ
    assert err[0].startswith(f"account {ACCOUNT} in eu-central-1, ")


# --- interruption and credentials -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_interrupted_command_continues_from_the_folder(
    preview_all: Preview, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_interrupted = Event()

    def interrupt(operation: str, _: str | None) -> None:
        if operation == "DescribeImages" and cloud.called("DescribeImages") == 60:
            is_interrupted.set()

    def advance(_: object) -> None:
        if is_interrupted.is_set():
            raise KeyboardInterrupt

    cloud.before = interrupt
    with monkeypatch.context() as patch:
        patch.setattr(ProgressBar, "advance", advance)
        assert preview_all("--state-dir", "state", "--format", "json") == (
            130,
            "",
            ["interrupted; the responses are stored in state; run the same command again to continue"],
        )
    kept = [json.loads(gzip.decompress(path.read_bytes()))["name"] for path in Path("state").rglob("images/*")]
    assert 40 <= len(kept) < 120
    assert not list(Path("state").rglob("*.part"))

    cloud.calls.clear()
    outcome = preview_all("--state-dir", "state", "--format", "json")
    assert outcome[0] == 0
    assert places(document(outcome)) == FLEET
    assert cloud.called("DescribeImages") == 120 - len(kept)
    assert cloud.called("DescribeRepositories") == 0
    [note] = document(outcome)["notes"]
    assert note.startswith("answers of an earlier command are used, the oldest of 20")

    # Everything is kept: only the credentials are checked.
    cloud.calls.clear()
    assert (
        document(preview_all("--state-dir", "state", "--format", "json"))["repositories"]
        == (document(outcome)["repositories"])
    )
    assert cloud.calls == [("GetCallerIdentity", None)]


@pytest.mark.slow
def test_answers_that_are_old_or_damaged_are_read_again(
    preview: Preview, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert preview("--state-dir", "state")[0] == 0
    files = sorted(Path("state").rglob("images/*"))
    for content, file in zip((b"", b"x", gzip.compress(b"{"), gzip.compress(b"[]")), files, strict=False):
        file.write_bytes(content)
    cloud.calls.clear()
    assert preview("--state-dir", "state")[0] == 0
    assert cloud.called("DescribeImages") == 4

    monkeypatch.setattr(readings, "MAXIMUM_AGE", -1)
    cloud.calls.clear()
    assert "answers of an earlier command" not in preview("--state-dir", "state")[1]
    assert cloud.called("DescribeImages") == 12


def test_a_folder_with_other_files_is_rejected(preview: Preview) -> None:
    Path("notes").mkdir()
    Path("notes", "todo.txt").touch()

    assert preview("--state-dir", "notes") == (
        2,
        "",
        ["--state-dir notes: it has files that this command did not write; name an empty folder"],
    )


def test_credentials_of_a_role_that_expire_are_renewed(preview: Preview, cloud: Cloud) -> None:
    expired = "The security token included in the request is expired"
    cloud.fail("DescribeImages", "ExpiredTokenException", expired, place=(MEMBER, "eu-west-1"), times=1)
    outcome = preview("--format", "json")

    assert (outcome[0], outcome[2]) == (0, [])
    assert places(document(outcome)) == EVERYWHERE
    assert cloud.calls.count(("AssumeRole", f"arn:aws:iam::{MEMBER}:role/audit/reader")) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ((), "add --state-dir to store the responses and to be able to continue"),
        (("--state-dir", "state"), "the responses are stored in state; run the same command again to continue"),
    ],
)
def test_expired_credentials_end_the_command(
    preview_all: Preview, cloud: Cloud, options: tuple[str, ...], hint: str
) -> None:
    def expire(operation: str, _: str | None) -> None:
        if operation == "AssumeRole" and cloud.called("AssumeRole") > 10:
            raise Refusal("ExpiredToken", "The security token included in the request is expired")

    cloud.before = expire

    assert preview_all(*options) == (2, "", ["the credentials have expired; renew them, then repeat the command", hint])


# --- images in use ----------------------------------------------------------------------------------------------------


def run_service(account: str, region: str, text: str) -> None:
    """Create a service of Amazon ECS in an account."""
    sts = boto3.client("sts", region_name=region)
    keys = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/x", RoleSessionName="test")["Credentials"]
    names = {"AccessKeyId": "aws_access_key_id", "SecretAccessKey": "aws_secret_access_key"}
    session = boto3.Session(
        **{name: keys[key] for key, name in names.items()},
        aws_session_token=keys["SessionToken"],
        region_name=region,
    )
    ecs = session.client("ecs")
    ecs.create_cluster(clusterName="prod")
    ecs.register_task_definition(family="pay", containerDefinitions=[{"name": "c", "image": text, "memory": 128}])
    ecs.create_service(cluster="prod", serviceName="pay", taskDefinition="pay", desiredCount=1)
    ecs.close()
    sts.close()


@pytest.mark.slow
def test_an_image_that_another_account_of_the_list_runs_is_in_use(preview: Preview) -> None:
    run_service(OTHER, "us-east-1", f"{MEMBER}.dkr.ecr.eu-west-1.amazonaws.com/prod/api:v1")
    run_service(MEMBER, "eu-west-1", f"{MEMBER}.dkr.ecr.eu-west-1.amazonaws.com/prod/api:v2")
    Path("accounts.txt").write_text(f"{MEMBER} payments\n{OTHER}  # shop\n", encoding="utf-8")
    code, out, err = preview("--no-aws-preview", "--fail-if", "in-use", "--format", "json", plain=False)
    found = json.loads(out)
    users = {
        (each["account"], each["region"], image["digest"]): image["in_use_by"]
        for each in found["repositories"]
        for image in each["images"]
        if image["in_use_by"]
    }

    assert code == 4
    assert users == {
        (MEMBER, "eu-west-1", digest(1)): [f"service prod/pay of account {OTHER} in us-east-1"],
        (MEMBER, "eu-west-1", digest(2)): ["service prod/pay"],
    }
    caught = {(each["account"], each["region"], each["repository"]) for each in found["gates"][0]["caught"]}
    assert caught == {(MEMBER, "eu-west-1", "prod/api")}
    assert err[0].startswith(f"--fail-if in-use: {MEMBER}/eu-west-1/prod/api: v1 would be deleted by rule 1: ")


@pytest.mark.slow
def test_archived_images_in_use_are_restored_in_their_account(
    preview: Preview, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    archived = cloud.places[MEMBER, "eu-west-1"]["prod/api"].images[0]
    archived |= {"imageStatus": "ARCHIVED", "lastArchivedAt": NOW.timestamp()}
    run_service(OTHER, "us-east-1", f"{MEMBER}.dkr.ecr.eu-west-1.amazonaws.com/prod/api:v1")
    Path("accounts.txt").write_text(f"{MEMBER}\n{OTHER}\n", encoding="utf-8")
    out = preview("--no-aws-preview", plain=False)[1]
    assert f"note: account {MEMBER} in eu-west-1: prod/api: v1 is archived and is in use by service prod/pay of" in out
    assert "aws ecr update-image-storage-class --region eu-west-1 " in out

    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert "note: restored 1 image" in preview("--no-aws-preview", "--restore", plain=False)[1]
    assert archived["imageStatus"] == "ACTIVATING"


# --- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--accounts", "a.txt"), "several accounts require a role in each account; add --role-name"),
        (
            ("--accounts", "a.txt", "--organization", "--role-name", "r"),
            "--accounts and --organization both choose the accounts; remove one of them",
        ),
        (
            ("--role-name", "r"),
            "--role-name needs --accounts or --organization; for one account, use --role with the ARN of the role",
        ),
        (
            ("--organization", "--role-name", "arn:aws:iam::1:role/r"),
            (
                "--role-name 'arn:aws:iam::1:role/r' is not the name of a role; "
                "write it without 'arn:' and account, such as ecr-reader"
            ),
        ),
        (
            ("--region", "eu-west-1", "--regions", "eu-west-1"),
            "--region and --regions both choose the Regions; remove --region",
        ),
        (("--regions", "europe"), "--regions: 'europe' is not a Region; write it as eu-west-1,us-east-1"),
    ],
)
def test_options_that_cannot_be_combined_are_rejected(
    options: tuple[str, ...], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["preview", "--live", *options]) == 2
    assert capsys.readouterr().err == f"ecr-constructs: {problem}\n"


@pytest.mark.usefixtures("preview")
def test_regions_of_one_account_need_no_role(capsys: pytest.CaptureFixture[str]) -> None:
    regions = ("--regions", "eu-west-1", "--regions", "us-east-1")
    code = run(["preview", "--live", "--no-aws-preview", "--no-in-use", "--format", "json", *regions])

    assert code == 0
    assert places(json.loads(capsys.readouterr().out)) == {(ACCOUNT, "eu-west-1"), (ACCOUNT, "us-east-1")}
