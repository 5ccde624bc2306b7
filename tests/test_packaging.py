"""What the distribution, the locks and the Makefile promise to the person who meets them first."""

import re
import shutil
import subprocess
from importlib import metadata, resources
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ABOUT = metadata.metadata("ecr-constructs")
REQUIRES = metadata.requires("ecr-constructs") or []

LOCK_LINE = re.compile(
    r"""
      \#[ ].*                                               # who asked for it
    | [a-z0-9-]+(\[[a-z0-9,-]+\])?==[\w.!+]+([ ];[ ].+)?[ ]\\  # name, version, where it applies
    | [ ]{4}--hash=sha256:[0-9a-f]{64}([ ]\\)?
    | [ ]{4}\#[ ]+via.*
    | [ ]{4}\#[ ]{3}[\w.:() -]+
    """,
    re.VERBOSE,
)


def test_classifiers_name_the_framework_the_typing_and_every_python() -> None:
    classifiers = set(ABOUT.get_all("Classifier") or [])

    assert {"Framework :: AWS CDK", "Framework :: AWS CDK :: 2", "Typing :: Typed"} <= classifiers
    assert {
        classifier.removeprefix("Programming Language :: Python :: ")
        for classifier in classifiers
        if re.search(r":: 3\.\d+$", classifier)
    } == {"3.10", "3.11", "3.12", "3.13", "3.14"}
    assert ABOUT["Requires-Python"] == ">=3.10"


def test_the_licence_is_apache_2() -> None:
    assert ABOUT["License-Expression"] == "Apache-2.0"


def test_keywords_help_people_to_find_it() -> None:
    assert {"aws", "cdk", "ecr", "awscdk", "constructs"} <= set(ABOUT["Keywords"].split(","))


def test_type_checkers_may_read_the_annotations() -> None:
    assert resources.files("ecr_constructs").joinpath("py.typed").is_file()


def test_the_core_needs_only_what_a_cdk_app_already_carries() -> None:
    core = {re.split(r"[^\w-]", requirement)[0] for requirement in REQUIRES if "extra ==" not in requirement}

    assert core == {"aws-cdk-lib", "constructs", "jsii"}


@pytest.mark.parametrize("name", ["aws-cdk-lib", "constructs", "jsii"])
def test_core_dependencies_are_ranges_with_both_ends(name: str) -> None:
    (requirement,) = (line for line in REQUIRES if re.match(rf"{name}\b[^-]", line))

    assert re.search(r">=\d", requirement)
    assert re.search(r"<\d", requirement)


def test_the_extra_cli_carries_what_the_command_needs() -> None:
    assert ABOUT.get_all("Provides-Extra") == ["cli"]
    assert {re.split(r"[^\w-]", line)[0] for line in REQUIRES if 'extra == "cli"' in line.replace("'", '"')} == {
        "boto3",
        "jinja2",
        "pyyaml",
        "rich",
        "typer",
    }


@pytest.mark.parametrize("lock", ["dev.txt", "checkov.txt", "docs.txt"])
def test_locks_hold_versions_and_hashes_and_no_place_to_fetch_them_from(lock: str) -> None:
    lines = (ROOT / "requirements" / lock).read_text().splitlines()

    assert [line for line in lines if not LOCK_LINE.fullmatch(line)] == []
    assert [line for line in lines if re.search(r"://|file:|localhost|--index|--find", line)] == []


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_help_has_a_line_for_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[0].split()

    shown = subprocess.run(["make", "--silent", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout

    assert [line.split()[1] for line in shown.splitlines()] == targets
    assert all(len(line.split(maxsplit=2)) == 3 and len(line) <= 120 for line in shown.splitlines())
