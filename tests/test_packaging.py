"""The metadata of the distribution, its links, the locks and the Makefile."""

import re
import shutil
import subprocess
from importlib import metadata, resources
from pathlib import Path

import pytest

import ecr_constructs
from hatch_build import urls, with_absolute_links

ROOT = Path(__file__).parent.parent
ABOUT = metadata.metadata("ecr-constructs")
REQUIRES = metadata.requires("ecr-constructs") or []

LOCK_LINE = re.compile(
    r"""
      \#[ ].*                                               # the dependent package
    | [a-z0-9-]+(\[[a-z0-9,-]+\])?==[\w.!+]+([ ];[ ].+)?[ ]\\  # name, version, environment marker
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


def test_the_distribution_has_keywords() -> None:
    assert {"aws", "cdk", "ecr", "awscdk", "constructs"} <= set(ABOUT["Keywords"].split(","))


def test_type_checkers_may_read_the_annotations() -> None:
    assert resources.files("ecr_constructs").joinpath("py.typed").is_file()


def test_the_core_requires_only_dependencies_of_every_cdk_app() -> None:
    core = {re.split(r"[^\w-]", requirement)[0] for requirement in REQUIRES if "extra ==" not in requirement}

    assert core == {"aws-cdk-lib", "constructs", "jsii"}


def test_core_dependencies_are_ranges_with_both_ends() -> None:
    cases: list[str] = ["aws-cdk-lib", "constructs", "jsii"]
    for name in cases:
        (requirement,) = (line for line in REQUIRES if re.match(rf"{name}\b[^-]", line))

        assert re.search(r">=\d", requirement)
        assert re.search(r"<\d", requirement)


def test_the_extra_cli_has_every_dependency_of_the_command() -> None:
    assert ABOUT.get_all("Provides-Extra") == ["cli"]
    assert {re.split(r"[^\w-]", line)[0] for line in REQUIRES if 'extra == "cli"' in line.replace("'", '"')} == {
        "boto3",
        "jinja2",
        "pyyaml",
        "rich",
        "tomli",
        "typer",
    }


def test_the_version_is_that_of_the_distribution() -> None:
    assert ecr_constructs.__version__ == ABOUT["Version"]


def test_the_readme_states_the_supported_versions_of_the_metadata() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (cdk,) = (line for line in REQUIRES if line.startswith("aws-cdk-lib"))
    (oldest,) = re.findall(r">=([\d.]+)", cdk)
    pythons = re.findall(r"Python :: (3\.\d+)", " ".join(ABOUT.get_all("Classifier") or []))

    assert f"| Python | {pythons[0]} to {pythons[-1]} |" in readme
    assert f"| `aws-cdk-lib` | {oldest} or later, below 3 |" in readme
    assert f"({ABOUT['Version']})" in readme


def test_the_project_has_no_address_until_the_setting_has_one() -> None:
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (address,) = re.findall(r'^repository-url = "(.*?)"', settings, re.MULTILINE)

    assert (ABOUT.get_all("Project-URL") is None) is (address == "")
    assert urls("", "") == {}


def test_the_links_of_the_package_index_follow_from_the_address() -> None:
    links = urls("https://example.com/project", "https://example.org/docs")

    assert links["Documentation"] == "https://example.org/docs"
    assert links["Source"] == "https://example.com/project"
    assert links["Issues"] == "https://example.com/project/issues"
    assert "Documentation" not in urls("https://example.com/project", "")


def test_the_readme_of_the_package_index_has_no_relative_links() -> None:
    readme = "[a](docs/a.md#b) ![c](docs/c.svg) [d](#e) [f](https://example.org)"

    assert with_absolute_links(readme, "https://example.com/it", "v1.2.3") == (
        "[a](https://example.com/it/blob/v1.2.3/docs/a.md#b) ![c](https://example.com/it/raw/v1.2.3/docs/c.svg) "
        "[d](#e) [f](https://example.org)"
    )


def test_locks_have_versions_and_hashes_and_no_index_url() -> None:
    cases: list[str] = ["dev.txt", "checkov.txt", "docs.txt"]
    for lock in cases:
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
