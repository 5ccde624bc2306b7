"""The recipes for pipelines: they follow the published schemas, and their shell steps run."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it ships no types

ROOT = Path(__file__).parent.parent.parent
RECIPES = ROOT / "examples" / "pipelines"
ACTION = ROOT / "action.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
MARK = "<!-- ecr-constructs preview -->"
CLEAN = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "the last 30 releases",
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": ["release-*"],
                "countType": "imageCountMoreThan",
                "countNumber": 30,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 100},
            "action": {"type": "expire"},
        },
    ]
}
# ECR counts the age of an untagged image from its push: a warning.
FLAWED = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 1,
            },
            "action": {"type": "expire"},
        }
    ]
}
IMAGES = {
    "imageDetails": [
        {
            "repositoryName": "prod/api",
            "imageDigest": f"sha256:{number:064}",
            "imageTags": [f"release-{number}"],
            "imagePushedAt": f"2026-01-{number:02}T00:00:00Z",
            "imageSizeInBytes": 1_000_000,
            "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
        }
        for number in range(1, 32)
    ]
}
# A program that writes its arguments and the files that they name.
RECORDER = f"""#!{sys.executable}
import json, os, pathlib, sys
arguments = sys.argv[1:]
files = {{each: pathlib.Path(each.partition("@")[2]).read_text() for each in arguments if "@" in each}}
with open(os.environ["RECORD"], "a") as record:
    print(json.dumps([arguments, files]), file=record)
print(os.environ.get("ANSWER", "") if "--jq" in arguments else "", end="")
"""


@dataclass(frozen=True, slots=True)
class Runner:
    """A runner: a folder with policies and images, programs of the recipes, and what these were called with."""

    folder: Path
    environment: dict[str, str]

    def run(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script as GitHub, GitLab and CodeBuild do: it ends with the first command that fails."""
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self) -> list[tuple[list[str], dict[str, str]]]:
        record = self.folder / "record"
        return [tuple(json.loads(line)) for line in record.read_text("utf-8").splitlines()] if record.exists() else []


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("gh", "curl"):
        (programs / name).write_text(RECORDER, encoding="utf-8")
        (programs / name).chmod(0o755)
    script = f'#!/bin/sh\nexec {sys.executable} -m ecr_constructs "$@"\n'
    (programs / "ecr-constructs").write_text(script, encoding="utf-8")
    (programs / "ecr-constructs").chmod(0o755)
    (tmp_path / "lifecycle").mkdir()
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "api.json").write_text(json.dumps(IMAGES), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GITHUB_", "CI_"))}
    environment = kept | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "RECORD": str(tmp_path / "record"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }
    return Runner(tmp_path, environment)


def give(runner: Runner, policy: Mapping[str, Any]) -> None:
    (runner.folder / "lifecycle" / "prod__api.json").write_text(json.dumps(policy), encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


# --- schemas ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.github-actions", ACTION),
        ("vendor.github-workflows", RECIPES / "github-workflow.yml"),
        ("vendor.gitlab-ci", RECIPES / "gitlab-ci.yml"),
    ],
    ids=["action", "workflow", "gitlab"],
)
def test_a_recipe_follows_the_published_schema(schema: str, path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("validator", "path"),
    [("validate-manifest", HOOKS), ("validate-config", RECIPES / "pre-commit-config.yaml")],
)
def test_pre_commit_accepts_the_hook_and_its_recipe(validator: str, path: Path) -> None:
    command = [sys.executable, "-m", "pre_commit", validator, str(path)]

    assert subprocess.run(command, capture_output=True, text=True, check=False).returncode == 0


def test_no_recipe_has_an_address_of_the_project() -> None:
    # The project has no public address: `repository-url` in pyproject.toml is empty.
    texts = [path.read_text(encoding="utf-8") for path in (ACTION, HOOKS, *sorted(RECIPES.iterdir()))]

    assert [address for text in texts for address in re.findall(r"https?://\S+", text)] == []
    others = [use for text in texts for use in re.findall(r"uses: (\S+)", text)]
    assert {use.partition("@")[0] for use in others} == {
        "actions/checkout",
        "aws-actions/configure-aws-credentials",
        "./tools/ecr-constructs",
    }


def test_the_recipes_are_on_the_page() -> None:
    page = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")

    assert {path.name for path in RECIPES.iterdir()} == set(re.findall(r"\(\.\./examples/pipelines/([\w.-]+)\)", page))


# --- GitHub -----------------------------------------------------------------------------------------------------------


class Job:
    """The steps of the action on a runner of GitHub, with its expressions."""

    def __init__(self, runner: Runner, event: str = "pull_request", **inputs: str) -> None:
        self.runner = runner
        action = read(ACTION)
        self.steps = {step["id"]: step for step in action["runs"]["steps"]}
        defaults = {name: str(value.get("default", "")) for name, value in action["inputs"].items()}
        self.inputs = defaults | {"token": "t", "policies": "lifecycle"} | inputs
        self.context = {
            "github.action_path": str(ROOT),
            "github.repository": "octo/shop",
            "github.ref": "refs/pull/7/merge",
            "github.sha": "c0ffee",
            "github.event_name": event,
            "github.event.pull_request.number": "7",
        }
        self.outputs: dict[str, str] = {}

    def value(self, expression: str) -> str:
        """Return the value of the name of a context."""
        name = expression.strip()
        if name.startswith("inputs."):
            return self.inputs[name.removeprefix("inputs.")]
        return self.outputs.get(name, "") if name.startswith("steps.") else self.context[name]

    def condition(self, text: str) -> bool:
        """Return the value of a condition of comparisons with texts."""
        body = text.removeprefix("${{").removesuffix("}}")
        compared = re.sub(
            r"([\w.-]+) (==|!=) '(\w*)'",
            lambda found: str((self.value(found[1]) == found[3]) == (found[2] == "==")),
            body,
        )
        return bool(eval(compared.replace("&&", "and").replace("||", "or")))  # noqa: S307  (True, False and operators)

    def run(self) -> int:
        """Run the steps after the installation, and return the exit code of the job."""
        for name, step in self.steps.items():
            if name == "install" or ("if" in step and not self.condition(step["if"])):
                continue
            ended = self.step(name, step)
            if ended.returncode:
                return ended.returncode
        return 0

    def step(self, name: str, step: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]  # a value in a script would be a part of it
        given = {
            key: re.sub(r"\$\{\{(.+?)\}\}", lambda found: self.value(found[1]), text)
            for key, text in step["env"].items()
        }
        folder = self.runner.folder
        files = {each: str(folder / each) for each in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH")}
        ended = self.runner.run(step["run"], RUNNER_TEMP=str(folder), **files, **given)
        output = folder / "GITHUB_OUTPUT"
        if output.exists():
            lines = output.read_text(encoding="utf-8").splitlines()
            self.outputs |= {
                f"steps.{name}.outputs.{key}": text for key, _, text in (line.partition("=") for line in lines)
            }
            output.unlink()
        return ended


def test_the_action_reports_to_code_scanning_and_comments(runner: Runner) -> None:
    give(runner, CLEAN)

    assert Job(runner, images="images").run() == 0

    (scan, scanned), (search, _), (comment, written) = runner.calls()
    assert scan[:4] == ["api", "--method", "POST", "repos/octo/shop/code-scanning/sarifs"]
    assert {"commit_sha=c0ffee", "ref=refs/pull/7/merge"} <= set(scan)
    [content] = scanned.values()
    assert json.loads(gzip.decompress(base64.b64decode(content)))["version"] == "2.1.0"
    assert search[:3] == ["api", "--paginate", "repos/octo/shop/issues/7/comments"]
    assert comment[:4] == ["api", "--method", "POST", "repos/octo/shop/issues/7/comments"]
    [body] = written.values()
    assert body.startswith(f"{MARK}\n## Preview of lifecycle policies\n")
    assert "release-1" in body
    assert (runner.folder / "GITHUB_STEP_SUMMARY").read_text("utf-8") == body.partition("\n")[2]


@pytest.mark.slow
def test_the_action_updates_its_comment(runner: Runner) -> None:
    give(runner, CLEAN)
    runner.environment["ANSWER"] = "42\n43\n"

    assert Job(runner, images="images", sarif="false").run() == 0

    _, (comment, _) = runner.calls()
    assert comment[:4] == ["api", "--method", "PATCH", "repos/octo/shop/issues/comments/42"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "inputs", "code"),
    [
        (FLAWED, {"fail-on": "warning"}, 3),
        (FLAWED, {"fail-on": "error"}, 0),
        (CLEAN, {"preview-arguments": "--fail-if=expires:release-*\n--repository=prod/*\n"}, 4),
        (CLEAN, {"images": "nowhere"}, 2),
        ({"rules": 1}, {}, 2),
        (CLEAN, {"policies": "nowhere"}, 2),
    ],
)
def test_the_action_fails_with_the_code_of_the_command(
    runner: Runner, policy: Mapping[str, Any], inputs: dict[str, str], code: int
) -> None:
    give(runner, policy)

    assert Job(runner, **({"images": "images"} | inputs)).run() == code


@pytest.mark.slow
def test_the_action_without_images_or_a_pull_request_comments_nothing(runner: Runner) -> None:
    give(runner, CLEAN)

    assert Job(runner, sarif="false").run() == 0
    assert Job(runner, "push", sarif="false", images="images").run() == 0
    assert runner.calls() == []


@pytest.mark.slow
def test_inputs_of_the_action_are_no_part_of_its_scripts(runner: Runner) -> None:
    give(runner, CLEAN)
    attack = '$(touch attacked); `touch attacked`"; touch attacked'

    Job(runner, images="images", policies=attack).run()
    Job(runner, images=attack, region=attack, **{"preview-arguments": attack, "fail-on": attack}).run()

    assert not (runner.folder / "attacked").exists()


def test_the_action_installs_its_own_checkout(runner: Runner) -> None:
    step = Job(runner).steps["install"]
    program = runner.folder / "programs" / "python3"
    lines = (
        "#!/bin/sh",
        'mkdir -p "$3/bin"',
        """printf '#!/bin/sh\necho "$@" > "$RECORD"\n' > "$3/bin/pip" """,
        'chmod +x "$3/bin/pip"',
    )
    program.write_text("\n".join(lines), encoding="utf-8")
    program.chmod(0o755)

    assert Job(runner).step("install", step).returncode == 0
    assert Path(runner.environment["RECORD"]).read_text("utf-8").strip() == f"install --quiet {ROOT}[cli]"
    assert (runner.folder / "GITHUB_PATH").read_text("utf-8").strip() == str(runner.folder / "ecr-constructs" / "bin")


# --- GitLab -----------------------------------------------------------------------------------------------------------


def gitlab(runner: Runner, **environment: str) -> subprocess.CompletedProcess[str]:
    job = read(RECIPES / "gitlab-ci.yml")["lifecycle-policies"]
    return runner.run("\n".join(job["script"]), **job["variables"], **environment)


@pytest.mark.slow
def test_the_gitlab_job_comments_and_fails_with_the_gate(runner: Runner) -> None:
    give(runner, CLEAN)
    api = {"CI_API_V4_URL": "https://gitlab.test/api/v4", "CI_PROJECT_ID": "3", "CI_MERGE_REQUEST_IID": "9"}

    assert gitlab(runner, GITLAB_TOKEN="t", **api).returncode == 4  # noqa: S106  (no secret)

    [(arguments, files)] = runner.calls()
    assert arguments[-1] == "https://gitlab.test/api/v4/projects/3/merge_requests/9/notes"
    assert "--fail-if expires" in files["body@preview.md"]


@pytest.mark.slow
def test_the_gitlab_job_without_a_token_has_the_preview_as_an_artifact(runner: Runner) -> None:
    give(runner, CLEAN)
    images = {"imageDetails": IMAGES["imageDetails"][:3]}
    (runner.folder / "images" / "api.json").write_text(json.dumps(images), encoding="utf-8")

    assert gitlab(runner).returncode == 0
    assert runner.calls() == []
    [artifact] = read(RECIPES / "gitlab-ci.yml")["lifecycle-policies"]["artifacts"]["paths"]
    assert (runner.folder / artifact).exists()


@pytest.mark.slow
def test_the_gitlab_job_fails_for_a_finding(runner: Runner) -> None:
    give(runner, FLAWED)

    assert gitlab(runner).returncode == 3


# --- CodeBuild --------------------------------------------------------------------------------------------------------


def test_the_buildspec_has_the_phases_and_commands_of_codebuild() -> None:
    build = read(RECIPES / "buildspec.yml")

    assert build["version"] == 0.2
    assert set(build) <= {"version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache"}
    assert set(build["phases"]) <= {"install", "pre_build", "build", "post_build"}
    assert all(isinstance(each, str) for phase in build["phases"].values() for each in phase["commands"])


@pytest.mark.slow
def test_each_command_of_the_buildspec_has_options_that_exist(runner: Runner) -> None:
    give(runner, CLEAN)
    build = read(RECIPES / "buildspec.yml")
    variables = build["env"]["variables"] | {"AWS_REGION": "eu-west-1"}
    ended = [runner.run(each, **variables) for each in build["phases"]["build"]["commands"]]

    # There is no account: each command gets as far as to the credentials.
    assert [each.returncode for each in ended] == [3, 0, 2]
    assert "unable to locate credentials" in ended[0].stdout
    assert "unable to locate credentials" in ended[2].stderr


# --- pre-commit -------------------------------------------------------------------------------------------------------


@pytest.fixture
def commit(tmp_path: Path, runner: Runner) -> Callable[[Mapping[str, Any]], subprocess.CompletedProcess[str]]:
    """Return a function that commits a policy in a repository with the hook, which runs in this environment."""
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@example.test", "-c", "init.defaultBranch=main"]

    def call(folder: Path, *arguments: str) -> None:
        subprocess.run([*git, *arguments], cwd=folder, check=True, capture_output=True)

    hooks, shop = tmp_path / "ecr-constructs", tmp_path / "shop"
    for folder in (hooks, shop):
        folder.mkdir()
        call(folder, "init")
    shutil.copy(HOOKS, hooks)
    call(hooks, "add", "-A")
    call(hooks, "commit", "-m", "hooks")
    config = read(RECIPES / "pre-commit-config.yaml")
    assert config["repos"][0]["rev"] == f"v{metadata.version('ecr-constructs')}"
    call(hooks, "tag", config["repos"][0]["rev"])
    # The environment of the tests has the command. pre-commit would install the package into one of its own.
    config["repos"][0]["hooks"][0] |= {"language": "unsupported", "additional_dependencies": []}
    (shop / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    def commit(policy: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
        (shop / "api-lifecycle.json").write_text(json.dumps(policy), encoding="utf-8")
        (shop / "other.json").write_text("{}", encoding="utf-8")
        call(shop, "add", "-A")
        return subprocess.run(
            [sys.executable, "-m", "pre_commit", "run"],
            cwd=shop,
            env=runner.environment | {"PRE_COMMIT_HOME": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=False,
        )

    return commit


@pytest.mark.slow
def test_pre_commit_fails_for_a_policy_with_a_finding_and_passes_without(
    commit: Callable[[Mapping[str, Any]], subprocess.CompletedProcess[str]],
) -> None:
    failed = commit(FLAWED)
    assert failed.returncode == 1, failed.stderr
    assert "untagged-age-counts-from-push" in failed.stdout

    passed = commit(CLEAN)
    assert passed.returncode == 0, passed.stdout
    assert "Passed" in passed.stdout
