"""Every block of the README and of docs/: code runs and prints what it says, commands exist, pictures are true."""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import os
import re
import runpy
import shlex
import subprocess
import sys
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from aws_cdk import aws_ecr as ecr
from botocore import xform_name  # type: ignore[import-untyped]
from botocore.model import ServiceModel  # type: ignore[import-untyped]
from botocore.validate import ParamValidator  # type: ignore[import-untyped]
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from typer.core import TyperGroup
from typer.main import get_command

import ecr_constructs
from ecr_constructs import (
    CreationTemplate,
    Credentials,
    HardenedRepository,
    PrivateRegistry,
    PullThroughCache,
    ReplicaRegistry,
)
from ecr_constructs.assembly import read_assembly
from ecr_constructs.cli.application import application
from ecr_constructs.cli.commands.summary import lines
from ecr_constructs.cli.errors import ExitCode
from ecr_constructs.cli.main import run
from ecr_constructs.model.lifecycle.findings import SEVERITIES
from tests.arbiters.sources import service_model

PACKAGE = Path(str(ecr_constructs.__file__)).parent
CONSTRUCTS = (CreationTemplate, PrivateRegistry, PullThroughCache, ReplicaRegistry)

ROOT = Path(__file__).parent.parent
PAGES = {path: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")))}
README = PAGES[ROOT / "README.md"]


class Block(NamedTuple):
    """A fenced block, and where it stands."""

    page: str
    line: int
    language: str
    text: str


BLOCKS = [
    Block(path.stem, page[: found.start()].count("\n") + 1, found[1], found[2])
    for path, page in PAGES.items()
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
]
CODE = [block for block in BLOCKS if block.language == "python"]
OUTPUT_OF = {
    code: block.text
    for code, block in pairwise(BLOCKS)
    if (code.page, code.language, block.language) == (block.page, "python", "text")
}
# What `ecr-constructs` prints, by the block that asks it.
SHOWN_BY = {
    asking: block.text
    for asking, block in pairwise(BLOCKS)
    if (asking.language, block.language) == ("sh", "text") and asking.text.startswith("ecr-constructs ")
}
COMMANDS = [
    shlex.split(command.partition(" > ")[0], comments=True)
    for block in BLOCKS
    if block.language == "sh"
    # A command ends where the next begins; an argument may go over several lines.
    for command in re.split(r"(?:\n| \| )(?=make |aws |cdk |pip |ecr-constructs )", block.text.replace("\\\n", " "))
]
OURS = [command[1:] for command in COMMANDS if command[0] == "ecr-constructs"]


def at(block: Block) -> str:
    return f"{block.page}-line-{block.line}"


def test_every_block_is_of_a_kind_that_is_tested_here() -> None:
    outputs = [block for block in BLOCKS if block.language == "text"]

    assert {block.language for block in BLOCKS} == {"python", "text", "sh", "json", "mermaid"}
    assert len(outputs) == len(OUTPUT_OF) + len(SHOWN_BY) + 1  # that of make synth
    assert {command[0] for command in COMMANDS} == {"make", "aws", "cdk", "pip", "ecr-constructs"}


@pytest.mark.parametrize("block", CODE, ids=at)
def test_code_runs_and_prints_what_stands_below_it(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program = tmp_path / "block.py"
    program.write_text(block.text, encoding="utf-8")

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runpy.run_path(str(program))

    assert printed.getvalue() == OUTPUT_OF.get(block, "")


def test_commands_are_targets_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert [command for command in COMMANDS if command[0] == "make"] == [["make", "synth"], ["make", "test"]]
    assert targets >= {"synth", "test"}


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "json"], ids=at)
def test_json_is_json(block: Block) -> None:
    assert json.loads(block.text)


def test_the_extra_of_the_command_is_installed_as_it_is_called() -> None:
    installed = [command for command in COMMANDS if command[0] == "pip"]

    assert {tuple(command) for command in installed} <= {("pip", "install", "ecr-constructs[cli]")}
    assert "cli" in (metadata.metadata("ecr-constructs").get_all("Provides-Extra") or [])


@pytest.mark.parametrize("arguments", OURS, ids=" ".join)
def test_our_commands_take_the_arguments_that_they_are_given(arguments: list[str]) -> None:
    group = get_command(application())
    assert isinstance(group, TyperGroup)
    with group.make_context("ecr-constructs", [*arguments], resilient_parsing="--" in arguments[0]) as context:
        if not arguments[0].startswith("--"):
            name, command, rest = group.resolve_command(context, arguments)
            assert command is not None
            with command.make_context(name, rest, parent=context):
                pass


@pytest.mark.parametrize("asking", SHOWN_BY, ids=at)
def test_our_commands_print_what_stands_below_them(
    asking: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (policy,) = [block.text for block in BLOCKS if block.language == "json" and '"rules"' in block.text]
    (tmp_path / "policy.json").write_text(policy, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert run(shlex.split(asking.text)[1:]) == ExitCode.DONE
    assert capsys.readouterr().out == SHOWN_BY[asking]


def test_commands_of_the_cdk_exist() -> None:
    assert {command[1] for command in COMMANDS if command[0] == "cdk"} == {"import"}


@pytest.mark.arbiter
@pytest.mark.parametrize(
    "command", [command[1:] for command in COMMANDS if command[0] == "aws"], ids=lambda command: "-".join(command[:2])
)
def test_commands_of_aws_are_requests_that_the_api_takes(command: list[str]) -> None:
    service, operation, *arguments = command
    model = ServiceModel(service_model(service), service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(names[operation]).input_shape
    members = {f"--{xform_name(name, '-')}": name for name in shape.members}
    given: dict[str, object] = {}
    while arguments:
        member = members[arguments.pop(0)]
        kind = shape.members[member].type_name
        text = "true" if kind == "boolean" else arguments.pop(0)
        given[member] = text if kind == "string" else json.loads(text)

    assert ParamValidator().validate(given, shape).generate_report() == ""
    for name, value in given.items():
        assert value in (getattr(shape.members[name], "enum", None) or [value])


def test_make_synth_ends_with_the_lines_that_are_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shown,) = [block.text for block in BLOCKS if block.language == "text" and "template in cdk.out" in block.text]
    environment = os.environ | {"CDK_OUTDIR": "cdk.out", "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, str(ROOT / "examples/app.py")], cwd=tmp_path, env=environment, check=True)
    monkeypatch.chdir(tmp_path)

    assert shown.splitlines() == list(lines(read_assembly(Path("cdk.out"))))


def test_the_settings_table_has_every_keyword_of_the_cdk_repository() -> None:
    keywords = {name for name, one in inspect.signature(ecr.Repository.__init__).parameters.items() if one.kind == 3}
    table = README.split("| `ecr.Repository` | here |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \| ", table, re.MULTILINE)

    assert set(rows) == keywords


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda one: one.__name__)
def test_the_section_of_a_construct_tells_every_argument_and_resource(construct: type) -> None:
    section = README.split(f"\n### `{construct.__name__}`\n")[1].split("\n##")[0]
    parameters = inspect.signature(vars(construct)["__init__"]).parameters
    made = re.findall(r"`(AWS::\w+::\w+)`", str(construct.__doc__).split("Creates:")[1].split("Args:")[0])

    assert re.findall(r"^\| `(\w+)` \| ", section, re.MULTILINE) == [
        name for name, one in parameters.items() if one.kind is one.KEYWORD_ONLY
    ]
    assert {resource for resource in made if resource not in section} <= {"AWS::KMS::Key"}  # "the key of the stack"


def test_the_page_of_warnings_has_every_warning() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.glob("**/*.py"))
    told = re.findall(r"^\| `(ecr-constructs:\w+)` \| ", PAGES[ROOT / "docs" / "warnings.md"], re.MULTILINE)

    findings = {id for id, severity in SEVERITIES.items() if severity != "error"}
    annotations = {"ecr-constructs:" + re.sub(r"-(\w)", lambda letter: letter[1].upper(), id) for id in findings}

    assert sorted(told) == sorted(annotations | set(re.findall(r"ecr-constructs:\w+", sources)))


@pytest.mark.arbiter
def test_the_page_of_removal_has_every_resource_and_what_identifies_it() -> None:
    rows = re.findall(r"^\| `(AWS::\w+::\w+)`.*\| ([^|]*) \|$", PAGES[ROOT / "docs" / "removal.md"], re.MULTILINE)
    docstrings = [str(one.__doc__) for one in (*CONSTRUCTS, HardenedRepository, Credentials.new_secret)]
    made = {resource for text in docstrings for resource in re.findall(r"`(AWS::\w+::\w+)`", text)}

    assert {resource for resource, _ in rows} == made
    for resource, asked in rows:
        (identifier,) = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource).schema["primaryIdentifier"]
        assert f"`{identifier.removeprefix('/properties/')}`" in asked or asked.startswith("nothing"), resource


def packages_and_arrows() -> tuple[set[str], set[tuple[str, str]]]:
    """Read the picture: a node is a package or a module, an arrow is an import."""
    (picture,) = [block.text for block in BLOCKS if block.language == "mermaid" and "errors[" in block.text]
    names = dict(re.findall(r'^    (\w+)\["(\w+)', picture, re.MULTILINE))
    arrows = re.findall(r"^    (\w+) --> (.+)$", picture, re.MULTILINE)
    return set(names.values()), {
        (names[upper], names[lower]) for upper, lowers in arrows for lower in lowers.split(" & ")
    }


def imports_of(name: str) -> set[str]:
    """Return the other packages and modules that one imports from."""
    paths = [PACKAGE / f"{name}.py", *(PACKAGE / name).glob("**/*.py")]
    source = "".join(path.read_text(encoding="utf-8") for path in paths if path.exists())
    direct = re.findall(r"^ *from ecr_constructs\.(\w+)", source, re.MULTILINE)
    return {*direct, *re.findall(r"^from ecr_constructs import (\w+)", source, re.MULTILINE)} - {name}


def test_the_picture_shows_the_packages_and_their_imports() -> None:
    names, arrows = packages_and_arrows()
    there_are = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

    assert names == there_are - {"__init__", "__main__"}
    for upper, lower in arrows:
        assert lower in imports_of(upper), (upper, lower)


def test_the_picture_hides_no_import() -> None:
    names, arrows = packages_and_arrows()
    below = {name: {lower for upper, lower in arrows if upper == name} for name in names}
    for _ in names:  # by as many steps as there are packages
        below = {name: lowers.union(*(below[lower] for lower in lowers)) for name, lowers in below.items()}

    for name in names:
        assert imports_of(name) - below[name] == set(), name


def test_links_lead_to_files_of_the_project() -> None:
    for path, page in PAGES.items():
        for target, heading in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page):
            if target.startswith("https://"):
                continue
            linked = (path.parent / target).resolve() if target else path
            if linked.is_relative_to(ROOT / PACKAGE.name):  # the package may be an installed wheel
                linked = PACKAGE / linked.relative_to(ROOT / PACKAGE.name)
            assert linked.exists(), target
            assert not heading or heading in headings(linked), (target, heading)


def headings(path: Path) -> set[str]:
    """Give the anchors of a page, as GitHub makes them of its headings."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
