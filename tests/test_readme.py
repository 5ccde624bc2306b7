"""Check the pages: code blocks run and print the text below them, commands exist, and links have a target."""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import re
import runpy
import shlex
from functools import partial
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from botocore import xform_name  # type: ignore[import-untyped]
from botocore.model import ServiceModel  # type: ignore[import-untyped]
from botocore.validate import ParamValidator  # type: ignore[import-untyped]
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

import ecr_constructs
from ecr_constructs import (
    ADOPTED,
    CACHED,
    CREATED,
    EPHEMERAL,
    HARDENED,
    CreationTemplate,
    Credentials,
    HardenedRepository,
    PrivateRegistry,
    PullThroughCache,
    ReplicaRegistry,
)
from ecr_constructs.assembly import read_assembly
from ecr_constructs.cli.application import build_command
from ecr_constructs.cli.commands.summary import lines
from ecr_constructs.cli.errors import ExitCode
from ecr_constructs.cli.main import run
from tests.arbiters.sources import service_model

PACKAGE = Path(str(ecr_constructs.__file__)).parent
# The page of each construct.
PAGE_OF = {
    CreationTemplate: "templates",
    HardenedRepository: "repository",
    PrivateRegistry: "registry",
    PullThroughCache: "caches",
    ReplicaRegistry: "replication",
}

ROOT = Path(__file__).parent.parent
PATHS = [path for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md", "tests/*/*.md") for path in ROOT.glob(pattern)]
PAGES = {path: path.read_text(encoding="utf-8") for path in sorted(PATHS)}
README = PAGES[ROOT / "README.md"]


def page_of(name: str) -> str:
    """Return the text of a page of docs/."""
    return PAGES[ROOT / "docs" / f"{name}.md"]


class Block(NamedTuple):
    """A fenced block and its location."""

    page: str
    line: int
    language: str
    text: str


BLOCKS = [
    Block(path.relative_to(ROOT).with_suffix("").as_posix(), page[: found.start()].count("\n") + 1, found[1], found[2])
    for path, page in PAGES.items()
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
]
CODE = [block for block in BLOCKS if block.language == "python"]
OUTPUT_OF = {
    code: block.text
    for code, block in pairwise(BLOCKS)
    if (code.page, code.language, block.language) == (block.page, "python", "text")
}
# The output of `ecr-constructs`, by the block with its command.
SHOWN_BY = {
    command: block.text
    for command, block in pairwise(BLOCKS)
    if (command.page, command.language, block.language) == (block.page, "sh", "text")
    and command.text.startswith("ecr-constructs ")
}
PROGRAMS = {"aws", "cdk", "ecr-constructs", "make", "pip", r"\.venv/bin/\w+"}
COMMANDS = [
    shlex.split(command.partition(" > ")[0], comments=True)
    for block in BLOCKS
    if block.language == "sh"
    # A command ends before the next command. An argument can have several lines.
    for command in re.split(rf"(?:\n| \| )(?=(?:{'|'.join(PROGRAMS)}) )", block.text.replace("\\\n", " "))
]
OURS = [command[1:] for command in COMMANDS if command[0] == "ecr-constructs"]


def at(block: Block) -> str:
    return f"{block.page}-line-{block.line}"


def test_every_block_has_a_test() -> None:
    outputs = [block for block in BLOCKS if block.language == "text"]

    assert {block.language for block in BLOCKS} == {"python", "text", "sh", "json", "mermaid"}
    assert len(outputs) == len(OUTPUT_OF) + len(SHOWN_BY) + 1  # the output of make synth
    assert [command for command in COMMANDS if not re.fullmatch("|".join(PROGRAMS), command[0])] == []


@pytest.mark.parametrize("block", CODE, ids=at)
def test_code_runs_and_prints_the_text_below_it(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    program = tmp_path / "block.py"
    program.write_text(block.text, encoding="utf-8")

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runpy.run_path(str(program))

    assert printed.getvalue() == OUTPUT_OF.get(block, "")


def test_commands_are_targets_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {target for page in PAGES.values() for target in re.findall(r"`make ([a-z-]+)`", page)}

    assert {command[1] for command in COMMANDS if command[0] == "make"} | named <= targets


def test_programs_of_the_environment_are_those_of_the_development_dependencies() -> None:
    programs = {command[0] for command in COMMANDS if command[0].startswith(".venv/")}

    assert programs <= {".venv/bin/nox", ".venv/bin/pytest", ".venv/bin/python"}


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "json"], ids=at)
def test_json_is_json(block: Block) -> None:
    assert json.loads(block.text)


def test_pip_installs_the_package_from_the_checkout_the_wheel_or_the_index() -> None:
    wheel = f"dist/ecr_constructs-{metadata.version('ecr-constructs')}-py3-none-any.whl"
    sources = {command[-1].removesuffix("[cli]") for command in COMMANDS if command[0] == "pip"}

    assert {tuple(command[:-1]) for command in COMMANDS if command[0] == "pip"} == {("pip", "install")}
    assert sources <= {".", wheel, "ecr-constructs"}
    assert {command[-1] for command in COMMANDS if command[0] == "pip" and "[" in command[-1]} == {
        f"{source}[cli]" for source in sources
    }
    assert "cli" in (metadata.metadata("ecr-constructs").get_all("Provides-Extra") or [])


def test_our_commands_accept_their_arguments() -> None:
    group = build_command()
    for arguments in OURS:
        with group.make_context("ecr-constructs", [*arguments], resilient_parsing="--" in arguments[0]) as context:
            if not arguments[0].startswith("--"):
                name, command, rest = group.resolve_command(context, arguments)
                assert command is not None
                with command.make_context(name, rest, parent=context):
                    pass


@pytest.mark.parametrize("command", SHOWN_BY, ids=at)
def test_our_commands_print_the_text_below_them(
    command: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (policy,) = [block.text for block in BLOCKS if block.language == "json" and '"rules"' in block.text]
    (tmp_path / "policy.json").write_text(policy, encoding="utf-8")
    for template in (block.text for block in BLOCKS if block.page == command.page and '"Resources"' in block.text):
        (tmp_path / "Containers.json").write_text(template, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert run(shlex.split(command.text)[1:]) == ExitCode.DONE
    assert capsys.readouterr().out == SHOWN_BY[command]


def test_commands_of_the_cdk_exist() -> None:
    assert {command[1] for command in COMMANDS if command[0] == "cdk"} == {"bootstrap", "deploy", "import", "synth"}


@pytest.mark.arbiter
@pytest.mark.parametrize(
    "command", [command[1:] for command in COMMANDS if command[0] == "aws"], ids=lambda command: "-".join(command[:2])
)
def test_commands_of_aws_are_valid_requests(command: list[str]) -> None:
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


def test_the_shown_summary_of_make_synth_is_that_of_the_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shown,) = [block.text for block in BLOCKS if block.language == "text" and "template in cdk.out" in block.text]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cdk, "App", partial(cdk.App, outdir=str(tmp_path / "cdk.out")))
    runpy.run_path(str(ROOT / "examples/app.py"))

    assert shown.splitlines() == list(lines(read_assembly(Path("cdk.out"))))


def test_the_settings_table_has_every_keyword_of_the_cdk_repository() -> None:
    keywords = {name for name, one in inspect.signature(ecr.Repository.__init__).parameters.items() if one.kind == 3}
    table = page_of("repository").split("| `ecr.Repository` | here |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \| ", table, re.MULTILINE)

    assert set(rows) == keywords


def resources_of(documented: object) -> list[str]:
    """Return the resource types in the docstring of a construct or method."""
    return re.findall(r"`(AWS::\w+::\w+)`", str(documented.__doc__))


@pytest.mark.parametrize(("construct", "name"), PAGE_OF.items(), ids=PAGE_OF.values())
def test_the_page_of_a_construct_has_every_argument_and_resource(construct: type, name: str) -> None:
    page = page_of(name)
    parameters = inspect.signature(vars(construct)["__init__"]).parameters

    assert page.startswith(f"# {construct.__name__}\n")
    assert re.findall(r"^\| `(\w+)` \| ", page.split("\n## Arguments\n")[1].split("\n## ")[0], re.MULTILINE) == [
        parameter for parameter, one in parameters.items() if one.kind is one.KEYWORD_ONLY
    ]
    assert {made for made in resources_of(construct) if made not in page} <= {"AWS::KMS::Key"}  # "the key of the stack"


def test_the_page_of_compliance_has_a_column_for_each_of_the_ready_made_settings() -> None:
    (columns,) = re.findall(r"^\| control \| requirement \| (.*) \|$", page_of("compliance"), re.MULTILINE)
    rows = re.findall(r"^\| (?:Security Hub|Control Tower) .*\|$", page_of("compliance"), re.MULTILINE)
    passing = dict(zip(re.findall(r"`(\w+)`", columns), (HARDENED, ADOPTED, CREATED, CACHED, EPHEMERAL), strict=True))
    expected = {
        "ECR.2": [settings.immutability.mode == "IMMUTABLE" for settings in passing.values()],
        "ECR.3": [settings.lifecycle is None or bool(settings.lifecycle.rules) for settings in passing.values()],
        "ECR.5": ["shared_key" in repr(settings.encryption) for settings in passing.values()],
    }

    assert list(passing) == ["HARDENED", "ADOPTED", "CREATED", "CACHED", "EPHEMERAL"]
    for control, results in expected.items():
        (row,) = [each for each in rows if f"[{control}]" in each]
        assert [cell == "passes" for cell in row.strip("| ").split(" | ")[2:]] == results, control


@pytest.mark.arbiter
def test_the_page_of_removal_has_every_resource_and_its_identifier() -> None:
    rows = re.findall(r"^\| `(AWS::\w+::\w+)`.*\| ([^|]*) \|$", page_of("removal"), re.MULTILINE)
    made = {resource for one in (*PAGE_OF, Credentials.new_secret) for resource in resources_of(one)}

    assert {resource for resource, _ in rows} == made
    for resource, asked in rows:
        (identifier,) = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource).schema["primaryIdentifier"]
        assert f"`{identifier.removeprefix('/properties/')}`" in asked or asked.startswith("nothing"), resource


def packages_and_arrows() -> tuple[set[str], set[tuple[str, str]]]:
    """Return the nodes of the diagram, which are packages and modules, and its arrows, which are imports."""
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


def test_the_diagram_shows_the_packages_and_their_imports() -> None:
    names, arrows = packages_and_arrows()
    existing = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

    assert names == existing - {"__init__", "__main__"}
    for upper, lower in arrows:
        assert lower in imports_of(upper), (upper, lower)


def test_the_picture_of_the_decision_about_layers_shows_every_folder() -> None:
    picture = (ROOT / "docs/decisions/0007-one-folder-for-each-noun.md").read_text(encoding="utf-8").split("```")[-2]
    names = {name for label in re.findall(r'\["(.+)"\]', picture) for name in re.split(r"<br/>|, ", label)}
    folders = {path.parent.name for pattern in ("*", "*/*") for path in PACKAGE.glob(f"{pattern}/__init__.py")}

    assert folders - names == {"model"}  # which is a frame
    assert names - folders - {path.stem for path in PACKAGE.glob("**/*.py")} == set()


def test_the_diagram_omits_no_import() -> None:
    names, arrows = packages_and_arrows()
    below = {name: {lower for upper, lower in arrows if upper == name} for name in names}
    for _ in names:  # by as many steps as there are packages
        below = {name: lowers.union(*(below[lower] for lower in lowers)) for name, lowers in below.items()}

    for name in names:
        assert imports_of(name) - below[name] == set(), name


def test_links_have_a_target_in_the_project() -> None:
    for path, page in PAGES.items():
        for target, heading in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page):
            if target.startswith("https://") or "`" in target:
                continue
            linked = (path.parent / target).resolve() if target else path
            if linked.is_relative_to(ROOT / PACKAGE.name):  # the package may be an installed wheel
                linked = PACKAGE / linked.relative_to(ROOT / PACKAGE.name)
            assert linked.exists(), target
            assert not heading or heading in headings(linked), (target, heading)


def headings(path: Path) -> set[str]:
    """Return the anchors of a page, as GitHub derives them from its headings."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
