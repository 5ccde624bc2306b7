"""Every block of the README: code runs and prints what it says, commands exist, the picture is of this house."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import os
import re
import runpy
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from aws_cdk import aws_ecr as ecr

import ecr_constructs
from ecr_constructs.assembly import read_assembly
from tools.summary import summary

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


class Block(NamedTuple):
    """A fenced block, and what the one before it was."""

    line: int
    language: str
    text: str


BLOCKS = [
    Block(README[: found.start()].count("\n") + 1, found[1], found[2])
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
]
CODE = [block for block in BLOCKS if block.language == "python"]
OUTPUT_OF = {
    code.line: block.text for code, block in pairwise(BLOCKS) if (code.language, block.language) == ("python", "text")
}


def at(block: Block) -> str:
    return f"line-{block.line}"


def test_every_block_is_of_a_kind_that_is_tested_here() -> None:
    assert {block.language for block in BLOCKS} == {"python", "text", "sh", "mermaid"}
    assert len([block for block in BLOCKS if block.language == "text"]) == len(OUTPUT_OF) + 1  # that of make synth


@pytest.mark.parametrize("block", CODE, ids=at)
def test_code_runs_and_prints_what_stands_below_it(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program = tmp_path / "block.py"
    program.write_text(block.text, encoding="utf-8")

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runpy.run_path(str(program))

    assert printed.getvalue() == OUTPUT_OF.get(block.line, "")


def test_commands_are_targets_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    lines = [line for block in BLOCKS if block.language == "sh" for line in block.text.splitlines()]

    assert [line.split("#")[0].split() for line in lines] == [["make", "synth"], ["make", "test"]]
    assert targets >= {"synth", "test"}


def test_make_synth_ends_with_the_lines_that_are_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shown,) = [block.text for block in BLOCKS if block.language == "text" and "cdk.out" in block.text]
    environment = os.environ | {"CDK_OUTDIR": "cdk.out", "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, str(ROOT / "examples/app.py")], cwd=tmp_path, env=environment, check=True)
    monkeypatch.chdir(tmp_path)

    assert shown.splitlines() == list(summary(read_assembly(Path("cdk.out"))))


def test_the_settings_table_has_every_keyword_of_the_cdk_repository() -> None:
    keywords = {name for name, one in inspect.signature(ecr.Repository.__init__).parameters.items() if one.kind == 3}
    rows = re.findall(r"^\| `(\w+)` \| ", README.split("| `ecr.Repository` | here |")[1], re.MULTILINE)

    assert set(rows) == keywords


def test_the_picture_shows_the_rooms_there_are_and_the_imports_they_have() -> None:
    (picture,) = [block.text for block in BLOCKS if block.language == "mermaid"]
    rooms = dict(re.findall(r'^    (\w+)\["(\w+)', picture, re.MULTILINE))
    arrows = {
        (upper, lower)
        for upper, lowers in re.findall(r"^    (\w+) --> (.+)$", picture, re.MULTILINE)
        for lower in lowers.split(" & ")
    }
    package_of = Path(str(ecr_constructs.__file__)).parent
    there_are = {path.stem for path in package_of.iterdir() if path.suffix == ".py"} - {"__init__"}

    assert set(rooms.values()) == there_are | {"model"}
    for upper, lower in sorted(arrows):
        module = importlib.import_module(f"ecr_constructs.{rooms[upper]}")
        source = "".join(path.read_text() for path in Path(str(module.__file__)).parent.glob(f"{rooms[upper]}.py"))
        package = "".join(path.read_text() for path in (package_of / rooms[upper]).glob("*.py"))
        assert re.search(rf"ecr_constructs(\.| import ){rooms[lower]}\b", source + package), (upper, lower)


def test_links_lead_to_files_of_the_project() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
