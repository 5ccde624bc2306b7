"""The command: its help, errors and exit codes, and its output to terminals, pipes and files."""

from __future__ import annotations

import errno
import json
import os
import pty
import re
import signal
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from ecr_constructs.cli import application as application_module
from ecr_constructs.cli.application import SUBCOMMANDS
from ecr_constructs.cli.commands import lint as lint_module
from ecr_constructs.cli.errors import CommandError, ExitCode, print_error
from ecr_constructs.cli.main import run
from ecr_constructs.model import LifecyclePolicy, keep_latest

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "command.md"
NAMES = sorted(SUBCOMMANDS)
COMMAND = [sys.executable, "-m", "ecr_constructs"]
# The environment without the variables that change the output, which the machine may set.
SETTINGS = {
    name: value
    for name, value in os.environ.items()
    if name not in ("PYTHONUNBUFFERED", "NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS")
}
POLICY = LifecyclePolicy.of(keep_latest(10, matching="v*"))


@pytest.fixture
def policy_file(tmp_path: Path) -> str:
    (tmp_path / "policy.json").write_text(POLICY.to_json(), encoding="utf-8")
    return str(tmp_path / "policy.json")


@pytest.fixture
def large_template(tmp_path: Path) -> str:
    """Create a template whose explanation is longer than the buffer of a pipe."""
    properties = {"LifecyclePolicy": {"LifecyclePolicyText": POLICY.to_json()}}
    resources = {f"Api{number}": {"Type": "AWS::ECR::Repository", "Properties": properties} for number in range(3_000)}
    (tmp_path / "large.json").write_text(json.dumps({"Resources": resources}), encoding="utf-8")
    return str(tmp_path / "large.json")


# The exit codes of a subcommand beside those of all of them.
SPECIAL_CODES = {
    "preview": {ExitCode.GATE},
    "lint": {ExitCode.FOUND},
    "check": {ExitCode.FOUND},
    "pin": {ExitCode.FOUND},
    "doctor": {ExitCode.FOUND},
}


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a separate interpreter, without a terminal."""
    return subprocess.run(
        [*COMMAND, *arguments], env=SETTINGS | environment, capture_output=True, text=True, check=False
    )


# --- the help -------------------------------------------------------------------------------------------------------


def test_the_help_lists_every_subcommand(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == ExitCode.DONE
    listed = re.findall(r"^  ([a-z]+)  ", capsys.readouterr().out.split("Commands:")[1], re.MULTILINE)

    assert sorted(listed) == NAMES


def test_the_command_without_arguments_prints_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == ExitCode.DONE
    without = capsys.readouterr().out
    run(["--help"])

    assert without == capsys.readouterr().out


def test_the_help_of_a_subcommand_ends_with_examples_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    for name in NAMES:
        assert run([name, "--help"]) == ExitCode.DONE
        text = capsys.readouterr().out
        examples, _, codes = text.split("Examples:\n")[1].partition("\n  Exit codes:\n")
        listed = {int(code) for code in re.findall(r"^    (\d+) +\w", codes, re.MULTILINE)}

        assert text.startswith(f"Usage: ecr-constructs {name} ")
        assert all(f"{line} ".startswith(f"    ecr-constructs {name} ") for line in examples.rstrip().splitlines())
        assert {ExitCode.DONE, ExitCode.REFUSED, ExitCode.INTERRUPTED} <= listed <= set(ExitCode)
        assert listed - {ExitCode.DONE, ExitCode.REFUSED, ExitCode.INTERRUPTED} == SPECIAL_CODES.get(name, set())


def test_the_help_has_the_name_of_each_argument(capsys: pytest.CaptureFixture[str]) -> None:
    run(["lint", "--help"])
    lint = capsys.readouterr().out
    run(["preview", "--help"])
    preview = capsys.readouterr().out

    assert lint.startswith("Usage: ecr-constructs lint [OPTIONS] PATH...\n")
    assert re.search(r"\n  PATH +A file or folder of policies, or '-'\.  \[required\]\n", lint)
    first, second = preview.split("Arguments:\n")[1].splitlines()[:2]
    assert first.startswith("  PATH  ")
    assert second.index("--live") == first.index("A policy file")
    assert "<str>" not in preview
    assert "--format <table|json|html|markdown|csv>" in preview


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == ExitCode.DONE
    assert capsys.readouterr().out == f"ecr-constructs {metadata.version('ecr-constructs')}\n"


def test_the_help_fits_into_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    for arguments in (["--help"], *([name, "--help"] for name in NAMES)):
        assert run(arguments) == ExitCode.DONE
        prose = capsys.readouterr().out.partition("Examples:")[0]

        assert 20 < max(map(len, prose.splitlines())) <= 50, arguments


def test_the_help_imports_no_slow_module() -> None:
    code = "import sys; from ecr_constructs.cli.main import run; run(['--help']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    slow = {"rich", "jinja2", "boto3", "botocore", "yaml", "pydantic", "aws_cdk", "constructs", "jsii"}
    slow |= {"ecr_constructs.model", "ecr_constructs.cli.commands.preview"}
    assert slow & set(loaded) == set()


def test_the_command_is_installed_under_its_name() -> None:
    (script,) = metadata.entry_points(group="console_scripts", name="ecr-constructs")

    assert script.value == "ecr_constructs.cli.main:main"


@pytest.mark.parametrize(("words", "found"), [("ecr-constructs li", "lint"), ("ecr-constructs lint --fo", "--format")])
def test_a_shell_completes_subcommands_and_options(words: str, found: str) -> None:
    run = command(_ECR_CONSTRUCTS_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(len(words.split()) - 1))

    assert run.stdout.split() == [found]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "found"),
    [("doc", "doctor"), ("doctor --prof", "--profile"), ("preview --format mark", "markdown"), ("preview pol", "")],
)
def test_the_script_of_completion_works_in_bash(tmp_path: Path, words: str, found: str) -> None:
    script = command(_ECR_CONSTRUCTS_COMPLETE="source_bash").stdout
    program = tmp_path / "ecr-constructs"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m ecr_constructs "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    lines = (
        script,
        "complete -p ecr-constructs > /dev/null",
        f"COMP_WORDS=(ecr-constructs {words}) COMP_CWORD={len(words.split())}",
        "_ecr_constructs_completion ecr-constructs",
        'echo "${COMPREPLY[@]}"',
    )
    path = f"{tmp_path}:{SETTINGS['PATH']}"
    shell = ["bash", "--noprofile", "--norc", "-e", "-c", "\n".join(lines)]
    completed = subprocess.run(shell, env=SETTINGS | {"PATH": path}, capture_output=True, text=True, check=False)

    assert (completed.stdout.strip(), completed.returncode) == (found, 0), completed.stderr


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["lnt"], "no such command 'lnt'"),
        (["--verson"], "no such option: --verson"),
        (["lint"], "missing argument 'PATH'"),
        (["lint", "x", "--format", "xml"], "invalid value for '--format'"),
        (["explain", "a", "b"], "got unexpected extra argument"),
        (["lint", "nowhere.json"], "nowhere.json: no such file or folder; give a policy file"),
        (["summary", "nowhere"], "nowhere: no such file or folder; give a policy file, a template or a cdk.out"),
    ],
)
def test_an_error_is_one_line_on_standard_error(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == ExitCode.REFUSED
    out, err = capsys.readouterr()

    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith(f"ecr-constructs: {line}")


def test_a_usage_error_names_the_help_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    run(["lint", "--bogus"])
    run(["bogus"])
    run(["preview", "policy.json", "--output"])
    run(["lint", "policy.json", "--fail-on", "bogus"])

    first, second, third, fourth = capsys.readouterr().err.splitlines()
    assert first.endswith("; see 'ecr-constructs lint --help'")
    assert second.endswith("; see 'ecr-constructs --help'")
    assert third == "ecr-constructs: option '--output' requires an argument; see 'ecr-constructs preview --help'"
    assert fourth == (
        "ecr-constructs: invalid value for '--fail-on': 'bogus' is not one of 'error', 'unread', 'warning', 'info'; "
        "see 'ecr-constructs lint --help'"
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["previw"], "no such command 'previw'; did you mean 'preview'? See 'ecr-constructs --help'"),
        (["wholly-unknown"], "no such command 'wholly-unknown'; see 'ecr-constructs --help'"),
    ],
)
def test_a_misspelled_subcommand_is_suggested(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == ExitCode.REFUSED
    assert capsys.readouterr().err == f"ecr-constructs: {line}\n"


def test_several_problems_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(CommandError(["one", "two"], path="policy.json"))

    assert capsys.readouterr().err == "ecr-constructs: policy.json: one\necr-constructs: policy.json: two\n"


def test_a_file_that_may_not_be_read_is_an_error(
    policy_file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def denied(path: str, _: int) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr(os, "open", denied)

    assert run(["explain", policy_file]) == ExitCode.REFUSED
    assert capsys.readouterr().err == (
        f"ecr-constructs: {policy_file}: permission denied; "
        "change its permissions, or run the command as another user\n"
    )


@pytest.mark.parametrize("name", ["typer", "rich", "yaml"])
def test_the_error_without_the_extra_has_the_command_that_installs_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("Resources: {Api: {Type: 'AWS::ECR::Repository'}}", encoding="utf-8")
    code = f"import sys; sys.modules['{name}'] = None; from ecr_constructs.cli.main import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", code, "lint", str(tmp_path / "template.yaml")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (run.returncode, run.stdout) == (ExitCode.REFUSED, "")
    assert run.stderr == f"ecr-constructs: {name} is not installed; run pip install 'ecr-constructs[cli]'\n"


def test_another_missing_module_is_not_reported_as_the_missing_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(_: str, _parameters: object) -> None:
        raise ModuleNotFoundError(name="in_environment")

    monkeypatch.setattr(lint_module, "read_policies", missing)

    with pytest.raises(ModuleNotFoundError):
        run(["lint", "policy.json"])


def test_an_interrupt_before_a_subcommand_runs_ends_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(application_module, "build_command", interrupted)

    assert run(["lint", "policy.json"]) == ExitCode.INTERRUPTED
    assert capsys.readouterr() == ("", "")


def test_an_interrupt_ends_quietly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(_: str, _parameters: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lint_module, "read_policies", interrupted)

    assert run(["lint", "policy.json"]) == ExitCode.INTERRUPTED
    assert capsys.readouterr() == ("", "")


# --- output ---------------------------------------------------------------------------------------------------------


each_buffering = pytest.mark.parametrize("environment", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "unbuffered"])


@pytest.mark.parametrize(
    ("size", "environment"),
    [("short", {}), ("long", {}), ("long", {"PYTHONUNBUFFERED": "1"})],
    ids=["at the end", "while it is written", "without a buffer"],
)
def test_a_pipe_that_is_closed_by_its_reader_is_no_error(
    size: str, environment: dict[str, str], policy_file: str, large_template: str
) -> None:
    source = policy_file if size == "short" else large_template
    process = subprocess.Popen(
        [*COMMAND, "explain", source], env=SETTINGS | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()

    with process.stderr as stderr:
        assert stderr.read() == b""
    assert process.wait() == 128 + signal.SIGPIPE


@each_buffering
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_output_that_cannot_be_written_is_an_error(environment: dict[str, str], policy_file: str) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        run = subprocess.run(
            [*COMMAND, "explain", policy_file],
            env=SETTINGS | environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert run.returncode == ExitCode.REFUSED
    assert run.stderr == "ecr-constructs: the output cannot be written: no space left on device\n"


def test_a_description_that_the_output_cannot_hold_is_written_with_escapes(tmp_path: Path) -> None:
    rule = POLICY.to_dict()["rules"][0] | {"description": "caf\u00e9 \ud800"}
    (tmp_path / "policy.json").write_text(json.dumps({"rules": [rule]}), encoding="utf-8")
    run = command("convert", str(tmp_path / "policy.json"), PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert (run.returncode, run.stderr) == (0, "")
    assert "# 1: caf\\xe9 \\ud800\n" in run.stdout


def test_texts_of_a_template_have_no_control_characters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def shown_by(subcommand: str) -> tuple[int, str]:
        code = run([subcommand, str(tmp_path)])
        return code, "".join(capsys.readouterr())

    evil = "\x1b[2J\x9b\x07"
    good = {"LifecyclePolicy": {"LifecyclePolicyText": POLICY.to_json()}, "RepositoryName": evil}
    bad = {"LifecyclePolicy": {"LifecyclePolicyText": "{}"}, "ImageTagMutability": evil}
    resources = {
        f"{name}{evil}": {"Type": "AWS::ECR::Repository", "Properties": properties}
        for name, properties in (("Good", good), ("Bad", bad), ("Other", good))
    }
    artifact = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "It.json", "stackName": evil}}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"It": artifact}}), encoding="utf-8")
    (tmp_path / "It.json").write_text(json.dumps({"Resources": resources}), encoding="utf-8")
    runs = [shown_by(name) for name in ("lint", "explain", "summary", "convert")]
    del resources[f"Bad{evil}"]
    (tmp_path / "It.json").write_text(json.dumps({"Resources": resources}), encoding="utf-8")
    runs.append(shown_by("explain"))
    del resources[f"Other{evil}"]
    (tmp_path / "It.json").write_text(json.dumps({"Resources": resources}), encoding="utf-8")
    runs.append(shown_by("convert"))

    assert [code for code, _ in runs] == [3, 2, 0, 2, 0, 0]
    for _, shown in runs:
        assert shown
        assert not set("\x1b\x9b\x07") & set(shown)


def test_a_pipe_gets_whole_lines_without_colour(tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text(POLICY.to_json(), encoding="utf-8")
    run = command("lint", str(tmp_path / "policy.json"), COLUMNS="30")

    assert "\x1b" not in run.stdout
    assert all(line.endswith("]") for line in run.stdout.splitlines()[:-1])


def in_a_terminal(*arguments: str, **environment: str) -> str:
    """Run the command in a separate terminal, and return the output."""
    ours, theirs = pty.openpty()
    subprocess.run([*COMMAND, *arguments], stdout=theirs, env=SETTINGS | environment, check=False)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 10_000):
            shown += piece
    except OSError:  # Linux raises it when the other side is closed
        pass
    os.close(ours)
    return shown.decode()


@pytest.mark.parametrize(
    ("environment", "colours"),
    [({"TERM": "xterm"}, 1), ({"TERM": "xterm", "NO_COLOR": "1"}, 0), ({"TERM": "dumb"}, 0)],
)
def test_a_terminal_has_colour_unless_it_is_switched_off(
    tmp_path: Path, environment: dict[str, str], colours: int
) -> None:
    (tmp_path / "policy.json").write_text(POLICY.to_json(), encoding="utf-8")
    shown = in_a_terminal("lint", str(tmp_path / "policy.json"), **environment)

    assert len(re.findall(r"\x1b\[3\dm", shown)) == colours
    assert "info" in shown


def test_exit_codes_are_stable() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "DONE": 0,
        "REFUSED": 2,
        "FOUND": 3,
        "GATE": 4,
        "INTERRUPTED": 130,
        "PIPE_CLOSED": 141,
    }


# --- the page -------------------------------------------------------------------------------------------------------


@pytest.fixture
def page() -> str:
    if not PAGE.exists():
        pytest.skip("the documentation is in the checkout")
    return PAGE.read_text(encoding="utf-8")


def test_the_page_has_a_section_for_every_subcommand(page: str) -> None:
    assert sorted(re.findall(r"^## `(\w+)`$", page, re.MULTILINE)) == NAMES


def test_the_section_of_a_subcommand_lists_every_option(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in NAMES:
        run([name, "--help"])
        options = set(re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE)) - {"--help"}
        section = page.split(f"\n## `{name}`\n")[1].split("\n## ", maxsplit=1)[0]

        assert set(re.findall(r"^\| `(--[a-z-]+)", section, re.MULTILINE)) == options, name


def test_the_page_lists_every_exit_code(page: str) -> None:
    table = page.split("\n## Exit codes\n")[1].split("\n## ", maxsplit=1)[0]
    listed = {int(code) for code in re.findall(r"^\| (\d+) \| ", table, re.MULTILINE)}

    assert listed == {code.value for code in ExitCode} | {1}
