"""`ecr-constructs preview` from the first argument to the exit code."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecr_constructs.cli import aws
from ecr_constructs.cli.commands import preview as preview_module
from ecr_constructs.cli.main import run
from ecr_constructs.cli.output import messages
from ecr_constructs.cli.sources.records import AwsDecision, Repository
from ecr_constructs.model import LifecyclePolicy
from ecr_constructs.model.lifecycle.findings import Severity
from ecr_constructs.testing import release_images, tagged, untagged_images
from tests.cli.listings import GENEROUS, HISTORY, NOW, POLICY, RELEASES, listing, page
from tests.cli.preview.test_run import QUESTIONS, FakeAccount, FakeFleet
from tests.model.lifecycle.strategies import json_values

AT = "--at=2026-06-01T00:00:00Z"
Write = Callable[[str, object], str]
Outcome = tuple[int, str, str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Return a function that writes files into a new folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def _write(name: str, content: object) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return name

    return _write


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Return a function that runs the subcommand, and returns its exit code, its output and its errors."""

    def _call(*arguments: str) -> Outcome:
        code = run(["preview", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return _call


@pytest.fixture
def files(write: Write) -> Sequence[str]:
    """Create a policy and a listing of two repositories."""
    listings = json.loads(listing(HISTORY, "prod/api")), json.loads(listing(RELEASES, "prod/web"))
    return write("policy.json", POLICY.to_json()), "--images", write("images.json", listings)


def resource(name: object, policy: object) -> dict[str, Any]:
    return {
        "Type": "AWS::ECR::Repository",
        "Properties": {"RepositoryName": name, "LifecyclePolicy": {"LifecyclePolicyText": policy}},
    }


def said(err: str) -> list[str]:
    return [line.removeprefix("ecr-constructs: ") for line in err.splitlines()]


# --- from files -------------------------------------------------------------------------------------------------------


def test_a_policy_file_applies_to_every_listed_repository(call: Any, files: Sequence[str]) -> None:
    code, out, err = call(*files, AT)

    assert (code, err) == (0, "")
    assert "\nprod/api: 8 images, 800.0 MB\npolicy of policy.json, evaluated at 2026-06-01 00:00 UTC\n" in out
    assert "\nprod/web: 4 images, 400.0 MB\n" in out
    assert out.endswith("total: 2 repositories: 6 images to delete (600.0 MB), 0 to archive, 0 uncertain, 6 to keep\n")


def test_a_policy_file_applies_to_the_selected_repositories_only(call: Any, files: Sequence[str]) -> None:
    code, out, _ = call(*files, AT, "--repository", "prod/w*", "--repository", "prod/web")

    assert code == 0
    assert "prod/api" not in out
    assert "prod/web: 4 images" in out


def test_a_template_brings_policies_to_their_repositories(call: Any, files: Sequence[str], write: Write) -> None:
    template = {"Resources": {"Web": resource("prod/web", GENEROUS.to_json()), "Db": resource("db", POLICY.to_json())}}
    code, out, _ = call(write("app.template.json", template), *files[1:], AT)

    assert code == 0
    assert "policy of app.template.json: Web, evaluated" in out
    assert "no images: app.template.json: Db: there is no repository db among the given images\n" in out
    assert "no policy: 1 repository: prod/api\n" in out


def test_images_come_through_a_pipe(call: Any, files: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    printed = (listing(RELEASES, "prod/web") + "\n" + listing(HISTORY, "prod/api")).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(printed)))

    assert call(files[0], "--images", "-", AT) == call(*files, AT)


def test_an_empty_repository_is_previewed_as_the_page_shows_it(call: Any, files: Sequence[str], write: Write) -> None:
    empty = write("empty.json", listing([], None))
    code, out, _ = call(files[0], "--images", empty, "--repository", "prod/api", "--format", "json")
    (repository,) = json.loads(out)["repositories"]

    assert code == 0
    assert (repository["repository"], repository["images"]) == ("prod/api", [])


def test_images_without_a_name_from_a_pipe_belong_to_the_selected_repository(
    call: Any, files: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(listing(RELEASES, None).encode())))
    code, out, _ = call(files[0], "--images", "-", "--repository", "prod/api", AT)

    assert code == 0
    assert out.startswith("prod/api: 4 images")


def test_a_name_with_a_wildcard_names_no_listing(call: Any, files: Sequence[str], write: Write) -> None:
    code, _, err = call(files[0], "--images", write("web.json", listing(RELEASES, None)), "--repository", "prod/*")

    assert code == 2
    assert said(err)[0].startswith("--repository prod/*: no repository matches")


def test_a_policy_file_can_be_the_deployed_policy(call: Any, files: Sequence[str], write: Write) -> None:
    code, out, _ = call(*files, AT, "--current-policy", write("today.json", GENEROUS.to_json()), "--format", "json")
    lost = {each["repository"]: each["current"]["newly_lost"] for each in json.loads(out)["repositories"]}

    assert code == 0
    assert lost == {"prod/api": [RELEASES[1].digest], "prod/web": [RELEASES[1].digest]}


def test_problems_of_other_repositories_do_not_prevent_the_preview_of_the_selected_one(
    call: Any, files: Sequence[str], write: Write
) -> None:
    resources = {
        "Web": resource("prod/web", POLICY.to_json()),
        "Api": resource("prod/api", POLICY.to_json()),
        "OtherApi": resource("prod/api", GENEROUS.to_json()),
        "Bad": resource("prod/bad", "{}"),
        "Late": resource("prod/late", {"Ref": "Text"}),
    }
    source = write("app.template.json", {"Resources": resources})

    assert call(source, *files[1:], AT, "--repository", "prod/web", "--fail-if", "expires:v4")[::2] == (0, "")
    assert call(source, *files[1:], AT)[0] == 2


def test_the_deployed_policies_are_compared(call: Any, files: Sequence[str], write: Write) -> None:
    today = {"repositoryName": "prod/web", "lifecyclePolicyText": GENEROUS.to_json()}
    code, out, _ = call(*files, AT, "--current-policy", write("current/web.json", today))

    assert code == 0
    assert "newly lost: 1 image, 100.0 MB, compared with the deployed policy of --current-policy: v2\n" in out
    assert "note: prod/api: --current-policy has no policy of it, so it is not compared\n" in out


def test_without_an_instant_it_is_the_present(call: Any, files: Sequence[str]) -> None:
    _, out, _ = call(*files, "--format", "json")

    assert json.loads(out)["at"] > "2026"
    assert call(*files, AT, "--format", "json") == call(*files, "--at", "2026-06-01T02:00:00+02:00", "--format", "json")


# --- outputs ----------------------------------------------------------------------------------------------------------


def test_the_json_report_has_the_gates_and_the_messages(call: Any, files: Sequence[str]) -> None:
    code, out, _ = call(*files, AT, "--format", "json", "--fail-if", "expires:v1")
    document = json.loads(out)

    assert code == 4
    assert [each["repository"] for each in document["repositories"]] == ["prod/api", "prod/web"]
    assert [each["is_open"] for each in document["gates"]] == [False]


def test_html_is_one_page_and_the_other_messages_are_errors_on_the_screen(call: Any, files: Sequence[str]) -> None:
    code, out, err = call(*files, AT, "--format", "html")

    assert code == 0
    assert out.lstrip().lower().startswith("<!doctype html>")
    assert err.startswith("total: 2 repositories: ")


@pytest.mark.parametrize("form", ["table", "json", "html"])
def test_a_file_has_the_output_of_the_screen(call: Any, files: Sequence[str], form: str) -> None:
    _, shown, _ = call(*files, AT, "--format", form)
    code, out, _ = call(*files, AT, "--format", form, "--output", "out.txt")

    assert (code, out) == (0, "")
    assert Path("out.txt").read_text(encoding="utf-8") == shown


@pytest.mark.parametrize("expires", ["2999-01-01", "2026-01-01"])
def test_a_suppressed_finding_is_left_out_with_a_note_until_the_suppression_expires(
    call: Any, files: Sequence[str], write: Write, expires: str
) -> None:
    def ids(report: dict[str, Any]) -> set[tuple[str, str]]:
        return {(each["repository"], finding["id"]) for each in report["repositories"] for finding in each["findings"]}

    before = json.loads(call(*files, AT, "--format", "json")[1])
    id = min(id for name, id in ids(before) if name == "prod/api")
    entry = f'[[suppressions]]\nid = "{id}"\nreason = "accepted"\nrepository = "prod/a*"\nexpires = {expires}\n'
    config = write("ours.toml", entry)
    after = json.loads(call(*files, AT, "--format", "json", "--config", config)[1])

    is_valid = expires > "2998"
    assert ids(before) - ids(after) == ({("prod/api", id)} if is_valid else set())
    assert any("finding suppressed; lint" in note for note in after["notes"]) == is_valid


# --- gates ------------------------------------------------------------------------------------------------------------


def test_a_failed_gate_has_its_own_exit_code_and_names_images_rule_and_fix(call: Any, files: Sequence[str]) -> None:
    code, out, err = call(*files, AT, "--repository", "prod/web", "--fail-if", "expires:v1", "--fail-if", "expires:v9")

    assert code == 4
    assert out.startswith("prod/web: ")
    assert said(err) == [
        (
            "--fail-if expires:v1: prod/web: v1 would be deleted by rule 1: "
            "it is not among the newest 2 that the rule selects"
        ),
        (
            "--fail-if expires:v1: keep such images: put keep_forever('v1') first "
            "(in JSON, a first rule for v1 with imageCountMoreThan 999999), or keep more of them"
        ),
        "--fail-if expires:v9: no image has a tag that matches v9",
    ]


def test_a_gate_that_passes_prints_nothing(call: Any, files: Sequence[str]) -> None:
    code, _, err = call(*files, AT, "--fail-if", "expires:v4")

    assert (code, err) == (0, "")


def test_a_gate_for_tags_that_no_image_has_passes_with_a_message(call: Any, files: Sequence[str]) -> None:
    code, _, err = call(*files, AT, "--fail-if", "expires:relaese-*")

    assert code == 0
    assert said(err) == ["--fail-if expires:relaese-*: no image has a tag that matches relaese-*"]


def test_a_gate_without_complete_data_does_not_pass(call: Any, files: Sequence[str], write: Write) -> None:
    template = {"Resources": {"Web": resource("prod/web", POLICY.to_json()), "Db": resource("db", POLICY.to_json())}}
    template_file = write("app.template.json", template)
    code, _, err = call(template_file, *files[1:], AT, "--fail-if", "expires:v9", "--fail-if", "expires:v8")

    assert code == 2
    assert said(err) == [
        (
            "--fail-if expires:v9, expires:v8: cannot be checked: the images of db were not given; "
            "list them, or choose the repositories to check with --repository"
        )
    ]
    assert call(template_file, *files[1:], AT, "--fail-if", "expires:v9", "--repository", "prod/web")[0] == 0


def test_a_gate_over_many_images_names_the_first(call: Any, write: Write) -> None:
    everything = LifecyclePolicy.from_json(POLICY.to_json().replace('"countNumber":2', '"countNumber":1'))
    images = [replace(each, digest=f"sha256:{n:064x}", tags=[f"v{n}"]) for n, each in enumerate(RELEASES * 10)]
    policy, images_file = write("p.json", everything.to_json()), write("i.json", listing(images, "api"))
    code, _, err = call(policy, "--images", images_file, AT, "--fail-if", "expires:v*")

    assert code == 4
    assert len(said(err)) == 22
    assert said(err)[20] == "--fail-if expires:v*: and 19 more images; --format json has all"


# --- an account -------------------------------------------------------------------------------------------------------

API = Repository(name="prod/api", images=tuple(HISTORY), in_use={RELEASES[0].digest: ("service prod/api",)})


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, write: Write) -> FakeAccount:
    """Return an account with one repository that `--live` reads. Its policy is in policy.json."""
    write("policy.json", {"repositoryName": "prod/api", "lifecyclePolicyText": POLICY.to_json()})
    account = FakeAccount(API)
    monkeypatch.setattr(aws, "connect_fleet", lambda *_: FakeFleet(account))
    return account


def test_all_data_of_a_live_account_is_read_by_default(call: Any, account: FakeAccount) -> None:
    assert call("policy.json", "--live")[0] == 0
    assert account.asked == {"wanted": {"prod/api": POLICY}, "questions": QUESTIONS}

    assert call("policy.json", "--live", "--no-aws-preview", "--no-in-use", "--current", "--read-indexes", AT)[0] == 0
    assert account.asked["questions"] == aws.FetchOptions(
        aws_preview=False, current=True, in_use=False, read_indexes=True
    )


def test_the_profile_the_region_and_the_role_are_passed_to_the_account(
    call: Any, account: FakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[aws.FleetOptions] = []

    def connect(options: aws.FleetOptions, _: object) -> FakeFleet:
        seen.append(options)
        return FakeFleet(account)

    monkeypatch.setattr(aws, "connect_fleet", connect)
    call("policy.json", "--live", "--profile", "prod", "--region", "eu-west-1", "--role", "arn:aws:iam::1:role/r")

    assert seen == [aws.FleetOptions(profile="prod", region="eu-west-1", role="arn:aws:iam::1:role/r")]


def test_a_running_image_that_would_be_deleted_fails_the_gate(call: Any, account: FakeAccount) -> None:
    code, out, err = call("policy.json", "--live", "--fail-if", "in-use")

    assert code == 4
    assert "in use: v1 would be deleted and is in use by service prod/api\n" in out
    assert said(err)[0].startswith("--fail-if in-use: prod/api: v1 would be deleted by rule 1: ")
    assert account.asked["questions"].in_use


def test_the_preview_of_ecr_decides_the_result_of_a_gate(call: Any, account: FakeAccount) -> None:
    account.there = {"prod/api": replace(API, aws_preview=())}
    assert call("policy.json", "--live", "--fail-if", "in-use")[0] == 0

    takes = AwsDecision(digest=RELEASES[0].digest, action="expire", rule_priority=1)
    account.there = {"prod/api": replace(API, aws_preview=(takes,))}
    assert call("policy.json", "--live", "--fail-if", "in-use")[0] == 4


def test_an_unreadable_input_is_reported_and_the_exit_code_is_not_0(call: Any, account: FakeAccount) -> None:
    account.problems = ("prod/api: ECR's preview failed; ask again",)
    code, out, err = call("policy.json", "--live", "--fail-if", "expires:v9")

    assert code == 2
    assert "prod/api: " in out
    assert said(err) == [
        "prod/api: ECR's preview failed; ask again",
        "--fail-if expires:v9: cannot be checked: 1 problem prevented a preview, as reported above; fix it first",
    ]
    assert call("policy.json", "--live")[0] == 2


def test_a_bar_is_drawn_only_where_standard_error_is_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with preview_module._progress_bar() as shown:
        shown.begin(2)
        shown.describe("images, [12,000] so far")
        shown.advance()

    assert capsys.readouterr() == ("", "")


def test_a_progress_bar_has_the_step_and_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("sys.stderr", screen)
    with preview_module._progress_bar() as shown:
        shown.begin(2)
        shown.describe("images, [12,000] so far")
        shown.advance()

    assert "images, [12,000] so far" in screen.getvalue()
    assert "1/2" in screen.getvalue()


# --- rejected policies ------------------------------------------------------------------------------------------------


NO_USAGE = (
    "--fail-if in-use or findings needs the usage of images; add --live, and remove --no-in-use, or give --in-use-from"
)


@pytest.mark.parametrize(
    ("arguments", "sentences"),
    [
        (
            ["policy.json"],
            ["no images; add --images with the output of 'aws ecr describe-images', or --live to read an account"],
        ),
        (
            ["policy.json", "--live", "--images", "images.json"],
            ["--live lists the images of the account; remove --images, or remove --live"],
        ),
        (
            ["policy.json", "--images", "images.json", "--profile", "a", "--read-indexes"],
            [
                "--profile needs an account; add --live, or remove it",
                "--read-indexes needs an account; add --live, or remove it",
            ],
        ),
        (
            ["policy.json", "--live", AT],
            ["ECR's lifecycle policy preview is about the present; remove --at, or add --no-aws-preview"],
        ),
        (
            ["policy.json", "--live", "--current-policy", "images.json"],
            ["--current-policy needs --images; with --live, use --current to read the deployed policies"],
        ),
        (
            ["policy.json", "--images", "images.json", "--fail-if", "in-use"],
            [NO_USAGE],
        ),
        (
            ["policy.json", "--live", "--no-in-use", "--fail-if", "in-use"],
            [NO_USAGE],
        ),
        (["-", "--images", "-"], ["standard input can be read once; give files for the rest"]),
        (
            ["policy.json", "--images", "images.json", "--output", "nowhere/out.txt"],
            ["--output nowhere/out.txt: no such folder; create it first"],
        ),
        (
            ["policy.json", "--images", "images.json", "--output", "."],
            ["--output .: this is a folder; name a file in it, or add --format html for a folder of pages"],
        ),
        (
            ["policy.json", "--images", "images.json", "--repository", "dev/*"],
            [
                (
                    "--repository dev/*: no repository matches; "
                    "correct the name, or remove the option to preview all repositories"
                )
            ],
        ),
        (
            ["nothing.json", "--images", "images.json"],
            ["nothing.json: no repository and no creation template in it; give another source"],
        ),
        (
            ["policy.json", "--images", "other.json"],
            ["other.json: a policy or a template, not a listing of images; give it before --images"],
        ),
        (
            ["images.json", "--images", "policy.json"],
            ["images.json: a listing of images, not a policy; use: preview POLICY --images LISTING"],
        ),
        (
            ["policy.json", "--images", "images.json", "--current"],
            ["--current needs an account; add --live, or give the deployed policies with --current-policy"],
        ),
        (
            ["policy.json", "--images", "images.json", "--in-use", "--aws-preview"],
            [
                "--aws-preview needs an account; add --live, or remove it",
                "--in-use needs an account; add --live, or remove it",
            ],
        ),
        (
            ["policy.json", "--images", "images.json", "--output", "out.html"],
            ["--output out.html: the file name is for html and --format is table; add --format html, or rename it"],
        ),
        (
            ["policy.json", "--images", "images.json", "--output", "out.JSON", "--format", "html"],
            ["--output out.JSON: the file name is for json and --format is html; add --format json, or rename it"],
        ),
        (
            ["policy.json", "--images", "images.json", "--output", "./images.json", "--format", "json"],
            ["--output images.json: this is an input and would be overwritten; name another file"],
        ),
        (
            ["policy.json", "--images", "images.json", "--output", "policy.json", "--format", "json"],
            ["--output policy.json: this is an input and would be overwritten; name another file"],
        ),
    ],
)
@pytest.mark.usefixtures("files")
def test_impossible_requests_are_errors_with_the_fix(
    call: Any, write: Write, arguments: list[str], sentences: list[str]
) -> None:
    write("nothing.json", {"Resources": {}})
    write("other.json", POLICY.to_json())

    assert call(*arguments) == (2, "", "".join(f"ecr-constructs: {each}\n" for each in sentences))


@pytest.mark.parametrize("text", ["", "now", "2026-06-31", "2026-06-01T00:00:00", "0001-01-01", "1767225600"])
def test_an_instant_has_a_time_zone(call: Any, files: Sequence[str], text: str) -> None:
    code, _, err = call(*files, "--at", text)

    assert code == 2
    assert said(err) == [
        f"--at: {text!r} is not a day or an instant with a time zone; write it as 2026-06-01T00:00:00Z"
    ]


def test_a_day_is_its_beginning_in_utc(call: Any, files: Sequence[str]) -> None:
    assert call(*files, "--at", "2026-06-01") == call(*files, AT)


def test_a_policy_that_ecr_would_reject_is_rejected(call: Any, files: Sequence[str], write: Write) -> None:
    code, out, err = call(write("bad.json", {"rules": [{}]}), *files[1:])

    assert (code, out) == (2, "")
    assert len(said(err)) == 3
    assert all(line.startswith("bad.json: rules[0].") for line in said(err))


def test_invalid_images_are_reported_with_their_file(call: Any, files: Sequence[str], write: Write) -> None:
    code, _, err = call(files[0], "--images", write("bad.json", [{"imageDigest": 1}]))

    assert code == 2
    assert all(line.startswith("bad.json: [0].") for line in said(err)[:-1])


@pytest.mark.parametrize("given", ["folder", "folder/pages.json"])
def test_an_incomplete_listing_fails_a_gate(call: Any, files: Sequence[str], write: Write, given: str) -> None:
    write("folder/pages.json", page(RELEASES, "prod/api") | {"NextToken": "more"})
    code, out, err = call(files[0], "--images", given, "--fail-if", "expires:v1")

    assert (code, out) == (2, "")
    assert said(err) == [
        (
            "folder/pages.json: the last page of the listing of prod/api "
            "is missing; list without --max-items, or give every page"
        )
    ]


# --- random input -----------------------------------------------------------------------------------------------------


@given(document=json_values, as_policy=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_ends_with_a_documented_exit_code(
    call: Any, files: Sequence[str], write: Write, document: object, *, as_policy: bool
) -> None:
    fed = write("fed.json", document)
    code, _, err = call(fed, *files[1:]) if as_policy else call(files[0], "--images", fed)

    assert code in {0, 2}
    assert all(line.startswith("ecr-constructs: ") for line in err.splitlines())


# --- a process of its own ---------------------------------------------------------------------------------------------


def test_neither_the_cdk_nor_boto3_is_imported_for_files(files: Sequence[str], tmp_path: Path) -> None:
    program = (
        "import sys; from ecr_constructs.cli.main import run; run(sys.argv[1:]); "
        "print([name for name in ('aws_cdk', 'jsii', 'boto3', 'botocore', 'jinja2') if name in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, "preview", *files, AT], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert ended.stdout.splitlines()[-1] == "[]"


def test_the_help_needs_neither_rich_nor_the_report(tmp_path: Path) -> None:
    program = (
        "import sys; from ecr_constructs.cli.main import run; run(['preview', '--help']); "
        "print([name for name in ('aws_cdk', 'boto3', 'jinja2', 'rich') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert "--fail-if GATE" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "[]"


# --- its page ---------------------------------------------------------------------------------------------------------

PAGE = Path(__file__).parents[3] / "docs" / "preview.md"


def test_the_table_of_the_page_is_the_output_of_the_command(call: Any, write: Write) -> None:
    page, other = PAGE.read_text(encoding="utf-8"), PAGE.with_name("command.md").read_text(encoding="utf-8")
    (policy,) = [
        block for block in re.findall(r"^```json\n(.*?)^```$", other, re.MULTILINE | re.DOTALL) if "rules" in block
    ]
    images = [*release_images("release-1.{n}", count=36, until=NOW), *untagged_images(days=20, until=NOW)]
    images[20] = tagged(images[20], "production-2026-03")
    today = {
        "repositoryName": "prod/api",
        "lifecyclePolicyText": policy.replace('"countNumber": 30', '"countNumber": 33'),
    }
    code, out, _ = call(
        write("policy.json", policy),
        *("--images", write("images.json", listing(images, "prod/api"))),
        *("--current-policy", write("current.json", today), AT),
    )

    assert code == 0
    assert "".join(f"    {line}".rstrip() + "\n" for line in out.splitlines()) in page


def test_the_page_lists_every_label_of_a_line() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in Path(messages.__file__).parent.glob("*.py"))
    words = {*re.findall(r'Message\("([^"]+)"', source), *get_args(Severity)}
    table = PAGE.read_text(encoding="utf-8").split("| line | meaning |")[1].split("\n\n")[0]

    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert {word for row in rows for word in re.findall(r"`(.*?)`", row)} == words
