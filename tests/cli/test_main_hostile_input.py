"""Malformed and malicious input: the command ends with a documented exit code and without control characters."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.assembly import read_assembly
from ecr_constructs.cli.main import run
from ecr_constructs.errors import EcrConstructsError
from tests.cli import hostile

COMMAND = [sys.executable, "-m", "ecr_constructs"]
SECONDS = 20
MEMORY = 2 * 2**30
DOCUMENTED = {0, 2, 3, 4}
FORMATS = ("table", "json", "html")


@contextlib.contextmanager
def limits() -> Iterator[None]:
    """Limit the time and the memory of the block."""

    def give_up(*_: object) -> None:
        raise TimeoutError(f"still running after {SECONDS} seconds")

    before = resource.getrlimit(resource.RLIMIT_AS)
    handler = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)


def ending(arguments: Sequence[object], content: bytes = b"") -> tuple[int, str, str]:
    """Return the exit code, the output and the errors of the command, which is run in this process."""
    out, err = io.StringIO(), io.StringIO()
    given = io.TextIOWrapper(io.BytesIO(content))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", given)
        with limits():
            code = run([str(each) for each in arguments])
    return code, out.getvalue(), err.getvalue()


def assert_sound(arguments: Sequence[object], content: bytes = b"") -> tuple[int, str]:
    """Run the command, check its exit code and its texts, and return the exit code and the errors."""
    code, out, err = ending(arguments, content)
    stray = {letter for letter in out + err if not letter.isprintable() and letter != "\n"}

    assert stray == set(), arguments
    assert code in DOCUMENTED, arguments
    assert "Traceback" not in out + err
    assert code != 2 or "ecr-constructs: " in err, arguments
    return code, err


@pytest.fixture(scope="module")
def listing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("listing") / "images.json"
    path.write_text(json.dumps(hostile.LISTING), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("policy") / "policy.json"
    path.write_text(json.dumps(hostile.POLICY), encoding="utf-8")
    return path


def commands(source: object, listing: object) -> Iterator[list[object]]:
    """Yield every way of giving a policy to the command."""
    yield ["lint", source]
    yield ["lint", source, "--format", "json"]
    yield ["explain", source]
    yield ["convert", source]
    for form in FORMATS:
        yield ["preview", source, "--images", listing, "--at", "2026-06-01", "--format", form]


# --- content of sources ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_complete", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_every_subcommand_ends_with_a_documented_exit_code_for_any_policy_file(
    tmp_path: Path, listing: Path, *, is_complete: bool
) -> None:
    """All subcommands read a policy file in the same way, so the quick case has one of them for each file in turn."""
    for number, (_, content) in enumerate(sorted(hostile.BYTES.items())):
        source = tmp_path / f"given{number}.txt"
        source.write_bytes(content)
        every = [["lint", source]] if len(content) > 50_000 else list(commands(source, listing))
        for arguments in every if is_complete else every[number % len(every) :][:1]:
            assert_sound(arguments)


def test_standard_input_is_checked_as_a_file_is(listing: Path, policy: Path) -> None:
    for name in ("JSON: an evil template", "YAML: few aliases", "JSON: a deep value", "no text", "zeros"):
        for arguments in (
            *commands("-", listing),
            ["preview", policy, "--images", "-"],
            ["preview", policy, "--images", listing, "--current-policy", "-"],
        ):
            assert_sound(arguments, hostile.BYTES[name])


def test_a_preview_ends_with_a_documented_exit_code_for_any_listing(tmp_path: Path, policy: Path) -> None:
    for number, (_, content) in enumerate(hostile.listings()):
        source = tmp_path / f"prod__api{number}.json"
        source.write_bytes(content)
        for form in FORMATS if b"prod/api" in content[:40] else ("json",):
            assert_sound(["preview", policy, "--images", source, "--at", "2026-06-01", "--format", form])


def test_a_preview_ends_with_a_documented_exit_code_for_any_deployed_policy(
    tmp_path: Path, policy: Path, listing: Path
) -> None:
    for name, content in hostile.BYTES.items():
        if name.startswith("JSON") and len(content) < 500_000:
            (tmp_path / "deployed.json").write_bytes(content)
            assert_sound(["preview", policy, "--images", listing, "--current-policy", tmp_path / "deployed.json"])


def test_the_first_and_the_last_instants_are_rejected_or_previewed(policy: Path, listing: Path) -> None:
    for at in ("0001-01-01", "0001-01-04", "9999-12-28", "9999-12-31", "\u0661999-01-01", hostile.EVIL):
        for form in FORMATS:
            assert_sound(["preview", policy, "--images", listing, "--at", at, "--format", form])


def test_the_command_ends_with_a_documented_exit_code_for_any_value_of_an_option(policy: Path, listing: Path) -> None:
    for text in (hostile.EVIL.replace("\0", ""), "*" * 5_000, "a*" * 200 + "b", ""):
        assert_sound(["preview", policy, "--images", listing, "--repository", text])
        assert_sound(["preview", policy, "--images", listing, "--fail-if", f"expires:{text}"])
        assert_sound(["preview", policy, "--images", listing, "--fail-if", text])
        assert_sound(["explain", policy, "--repository", text])
        assert_sound(["lint", policy, "--format", text])
        assert_sound(["lint", "/nowhere/" + text])
        assert_sound(["summary", text])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (hostile.YAML["few aliases"].encode(), "neither JSON nor YAML: more than 200,000 values, where aliases count"),
        (b"rules: 1\nrules: 2", "'rules' is written twice in one mapping; keep one (line 2)"),
        (b"Resources:\n  A: {x: 1, 'x': 2}", "'x' is written twice in one mapping; keep one (line 2)"),
        (b"Resources: !Sub {1: a, '1': b}", "'1' is written twice in one mapping; keep one (line 1)"),
        (b"Resources: {<<: 1}", "expected a mapping or list of mappings for merging, but found scalar (line 1)"),
        (b'{"rules": ' + b"9" * 5_000 + b"}", "not JSON: a number has more than 4,300 digits;"),
        (b'{"rules": ' * 100_000, "not JSON: lists and objects are nested too deeply;"),
    ],
)
def test_a_text_that_cannot_be_read_is_rejected_with_the_reason(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "given").write_bytes(content)
    code, err = assert_sound(["lint", tmp_path / "given"])

    assert code == 2
    assert sentence in err


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_complete", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_only_files_of_the_folder_are_read_for_any_manifest(
    tmp_path: Path, listing: Path, monkeypatch: pytest.MonkeyPatch, *, is_complete: bool
) -> None:
    folder = hostile.build_assembly(tmp_path, None)
    monkeypatch.chdir(tmp_path)
    for number, (name, manifest) in enumerate(hostile.MANIFESTS.items()):
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        summaries: list[int] = []
        # The path of a relative folder is resolved when the assembly is read, which all subcommands share.
        others = list(commands("inside", listing))
        chosen = others if is_complete else others[number % len(others) :][:1]
        ways: list[list[object]] = [["summary", folder], ["summary", "inside"], *chosen]
        for arguments in ways:
            code, out, err = ending(arguments)
            assert code in DOCUMENTED, (name, arguments)
            assert "somewhere/else" not in out, (name, arguments)
            assert {letter for letter in out + err if not letter.isprintable()} <= {"\n"}, (name, arguments)
            summaries += [code] if arguments[0] == "summary" else []
        if name not in ("an evil name", "a list", "a null"):
            assert summaries == [0 if name == "artifacts that are none" else 2] * 2, name
        with contextlib.suppress(EcrConstructsError, OSError):
            read_assembly(folder)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a file above", "outside the folder"),
        ("a file somewhere else", "outside the folder"),
        ("a link to outside", "outside the folder"),
        ("a link to the folder above", "outside the folder"),
        ("a stack outside", "outside the folder"),
        ("nested outside", "outside the folder"),
        ("nested in a link", "outside the folder"),
        ("a device", "outside the folder"),
        ("a pipe", "a pipe; only regular files are read"),
        ("a socket", "a socket; only regular files are read"),
        ("a folder", "is a directory"),
        ("a link to itself", "too many levels of symbolic links"),
        ("a link to nothing", "no such file or directory"),
        ("nested in itself", "twice"),
        ("a stack in itself", "more than 10,000 stacks, or stacks nested 50 levels deep"),
        ("a file with a zero", "the path is not valid"),
    ],
)
def test_a_manifest_that_names_no_file_of_the_folder_is_rejected(tmp_path: Path, name: str, sentence: str) -> None:
    code, err = assert_sound(["summary", hostile.build_assembly(tmp_path, hostile.MANIFESTS[name])])

    assert code == 2
    assert sentence in err


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "folder", "link"])
def test_the_files_of_an_assembly_are_regular_files(tmp_path: Path, kind: str) -> None:
    for name in ("manifest.json", "x.assets.json"):
        (tmp_path / name).mkdir()
        folder = hostile.build_assembly(tmp_path / name, {"artifacts": {}})
        put(folder / name, kind)

        assert assert_sound(["summary", folder])[0] == 2, name
        with pytest.raises((EcrConstructsError, OSError)):
            read_assembly(folder)


def test_the_listings_of_a_folder_are_regular_files_in_it(tmp_path: Path, policy: Path) -> None:
    (tmp_path / "outside.json").write_text(json.dumps(hostile.LISTING), encoding="utf-8")
    folder = tmp_path / "inside"
    folder.mkdir()
    for kind in ("pipe", "socket", "device", "link"):
        put(folder / "api.json", kind)

        for arguments in (
            ["preview", policy, "--images", folder],
            ["preview", policy, "--images", tmp_path / "outside.json", "--current-policy", folder],
        ):
            assert assert_sound(arguments)[0] == 2, kind


def test_only_a_file_or_a_pipe_is_read_on_the_command_line(tmp_path: Path, policy: Path, listing: Path) -> None:
    for kind in ("socket", "device", "folder", "loop"):
        source = tmp_path / f"{kind}.json"
        put(source, kind)

        for arguments in (
            *commands(source, listing),
            ["summary", source],
            ["preview", policy, "--images", source],
            ["preview", policy, "--images", listing, "--current-policy", source],
        ):
            assert assert_sound(arguments)[0] == 2, kind


def test_an_empty_name_is_not_the_current_folder(
    tmp_path: Path, policy: Path, listing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hostile.build_assembly(tmp_path, {"artifacts": {}})
    (folder / "api.json").write_text(json.dumps(hostile.LISTING), encoding="utf-8")
    monkeypatch.chdir(folder)

    ways: list[list[object]] = [
        *commands("", listing),
        ["summary", ""],
        ["preview", policy, "--images", ""],
        ["preview", policy, "--images", listing, "--current-policy", ""],
    ]
    for arguments in ways:
        code, err = assert_sound(arguments)
        assert (code, "the name of a file or folder is empty" in err) == (2, True)


def test_a_full_device_for_the_output_is_an_error(policy: Path, listing: Path) -> None:
    code, err = assert_sound(["preview", policy, "--images", listing, "--output", "/dev/full"])

    assert (code, "no space left on device" in err) == (2, True)


def put(path: Path, kind: str) -> None:
    """Create a file system entry of a kind, in place of the one that has the name."""
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        hostile.make_socket(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to({"device": "/dev/zero", "link": "../outside.json", "loop": path.name}[kind])


def test_a_file_that_is_too_large_is_rejected(tmp_path: Path, policy: Path) -> None:
    for size, arguments in (
        (33 * 2**20, ["lint", tmp_path / "large.json"]),
        (513 * 2**20, ["preview", policy, "--images", tmp_path / "large.json"]),
    ):
        with (tmp_path / "large.json").open("wb") as file:
            file.truncate(size)
        code, err = assert_sound(arguments)
        assert code == 2
        assert f"larger than {size // 2**20 - 1} MiB, which is the limit" in err


def test_a_pipe_on_the_command_line_is_read_to_its_end(tmp_path: Path, listing: Path, policy: Path) -> None:
    for arguments in (
        ["lint", tmp_path / "pipe"],
        ["preview", policy, "--images", tmp_path / "pipe", "--repository", "a"],
    ):
        (tmp_path / "pipe").unlink(missing_ok=True)
        os.mkfifo(tmp_path / "pipe")
        content = policy.read_bytes() if arguments[0] == "lint" else listing.read_bytes()
        writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=[content])
        writer.start()
        code, err = assert_sound(arguments)
        writer.join()
        assert code in {0, 2}
        assert "pipe to which nothing" not in err


def test_a_pipe_without_a_writer_is_rejected_after_a_timeout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecr_constructs.cli.sources.json_files._PIPE_TIMEOUT", 0.1)
    os.mkfifo(tmp_path / "pipe")
    code, err = assert_sound(["lint", tmp_path / "pipe"])

    assert code == 2
    assert "a pipe to which nothing was written within" in err


def test_a_file_that_is_deleted_while_the_command_runs_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hostile.build_assembly(tmp_path, {"artifacts": {}})
    monkeypatch.setattr(os, "open", lambda *_: (tmp_path / "gone").stat())
    code, err = assert_sound(["summary", folder])

    assert (code, "no such file or directory" in err) == (2, True)


def test_too_little_memory_is_an_error(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("ecr_constructs.cli.sources.policy_files.read_input", exhausted)
    code, err = assert_sound(["lint", policy])

    assert (code, "there is not enough memory" in err) == (2, True)


# --- streams --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("redirection", "code"),
    [
        ("<&-", 2),
        ("< /dev/null", 2),
        ("> /dev/full < $POLICY", 2),
        (">&- < $POLICY", 2),
        ("2>&- < $POLICY", 0),
        ("2>&- < /dev/null", 2),
        ("2> /dev/full < /dev/null", 2),
        (">&- 2>&- <&-", 2),
    ],
)
def test_a_stream_that_is_closed_or_full_ends_in_a_documented_exit_code(
    policy: Path, redirection: str, code: int
) -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", f"exec {' '.join(COMMAND)} lint - {redirection}"],
        env={**os.environ, "POLICY": str(policy)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert (ended.returncode, "Traceback" in ended.stderr) == (code, False)


# --- random changes of valid sources --------------------------------------------------------------------------------


def mutated(chance: random.Random, content: bytes) -> bytes:
    """Change, remove, repeat or insert a few bytes."""
    for _ in range(chance.randint(1, 4)):
        at, length = chance.randrange(len(content) + 1), chance.choice([0, 1, 1, 3, 20])
        piece = chance.choice(
            [
                b"",
                bytes([chance.randrange(256)]),
                content[at : at + length] * 3,
                b"null",
                b"[",
                b"}",
                b"\\ud800",
                b"-1",
                b'"',
            ]
        )
        content = content[:at] + piece + content[at + length :]
    return content


def reshaped(chance: random.Random, document: Any) -> Any:
    """Replace one value somewhere in a document."""
    if chance.random() < 0.15 or not isinstance(document, (dict, list)) or not document:
        return chance.choice([None, True, 0, -1, 10**400, 1e308, "", hostile.EVIL, [], {}, [document], {"a": document}])
    if isinstance(document, list):
        at = chance.randrange(len(document))
        return [reshaped(chance, each) if number == at else each for number, each in enumerate(document)]
    key = chance.choice(list(document))
    return {name: reshaped(chance, value) if name == key else value for name, value in document.items()}


def test_a_mutated_source_ends_with_a_documented_exit_code(tmp_path: Path, policy: Path) -> None:
    chance = random.Random(0)  # noqa: S311  (mutations, no secrets)
    yaml = b"Resources:\n  A: &a\n    Type: AWS::ECR::Repository\n    Properties: {RepositoryName: !Ref X}\n  B: *a\n"
    for document in (hostile.POLICY, hostile.template(), hostile.LISTING):
        for _ in range(30):
            given = tmp_path / "given.json"
            changed = reshaped(chance, document)
            content = (
                json.dumps(changed).encode()
                if chance.random() < 0.5
                else mutated(chance, json.dumps(document).encode())
            )
            given.write_bytes(content if chance.random() < 0.8 else mutated(chance, yaml))
            if document is hostile.LISTING:
                assert_sound(
                    ["preview", policy, "--images", given, "--at", "2026-06-01", "--format", chance.choice(FORMATS)]
                )
            else:
                assert_sound([chance.choice(["lint", "explain", "convert"]), given])


def test_a_mutated_assembly_ends_with_a_documented_exit_code(tmp_path: Path) -> None:
    chance = random.Random(0)  # noqa: S311  (mutations, no secrets)
    manifest = {"artifacts": {"A": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "It.json"}}}}
    folder = hostile.build_assembly(tmp_path, manifest)
    everything = hostile.template()
    everything["Resources"] |= {
        "Scanning": {
            "Type": "AWS::ECR::RegistryScanningConfiguration",
            "Properties": {
                "ScanType": "BASIC",
                "Rules": [{"ScanFrequency": "x", "RepositoryFilters": [{"Filter": "*"}]}],
            },
        },
        "Policy": {"Type": "AWS::ECR::RegistryPolicy", "Properties": {"PolicyText": {"Statement": [{}]}}},
        "Template": {
            "Type": "AWS::ECR::RepositoryCreationTemplate",
            "Properties": {"Prefix": "x", "AppliedFor": ["REPLICATION"]},
        },
    }
    for _ in range(80):
        (folder / "manifest.json").write_text(json.dumps(reshaped(chance, manifest)), encoding="utf-8")
        (folder / "It.json").write_text(json.dumps(reshaped(chance, everything)), encoding="utf-8")
        assert_sound([chance.choice(["summary", "lint", "explain"]), folder])
        with contextlib.suppress(EcrConstructsError, OSError):
            read_assembly(folder)
