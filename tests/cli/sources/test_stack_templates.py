"""The templates of a state, and the pairs of stacks of two states."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.stack_templates import read_both, read_templates
from ecr_constructs.errors import EcrConstructsError

EMPTY: dict[str, Any] = {"Resources": {}}


def resources(name: str) -> dict[str, Any]:
    return {"Resources": {name: {"Type": "AWS::ECR::Repository"}}}


def write(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def assembly(folder: Path, stacks: Mapping[str, tuple[str | None, Mapping[str, Any]]]) -> str:
    """Write an assembly with the stack name, the environment and the template of each artifact."""
    artifacts = {}
    for artifact, (environment, template) in stacks.items():
        write(folder / f"{artifact}.template.json", template)
        artifacts[artifact] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{environment or 'unknown-account/unknown-region'}",
            "properties": {"templateFile": f"{artifact}.template.json", "stackName": artifact.partition("@")[0]},
        }
    write(folder / "manifest.json", {"version": "1.0.0", "artifacts": artifacts})
    return str(folder)


def names(source: str) -> list[str]:
    return [each.stack for each in read_templates(source)]


# --- one source -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "document"),
    [
        ("Containers.template.json", EMPTY),
        ("Containers.json", EMPTY),
        ("Containers.template", EMPTY),
        ("Containers.yaml", "Resources: {}\n"),
        ("Containers.template.yml", "Resources: {}\n"),
        ("Containers.json", {"TemplateBody": EMPTY, "StagesAvailable": ["Original"]}),
        ("Containers.json", {"TemplateBody": "Resources: {}\n"}),
        ("Containers.json", {"TemplateBody": json.dumps(EMPTY)}),
    ],
)
def test_the_stack_of_a_template_has_the_name_of_its_file(tmp_path: Path, file: str, document: object) -> None:
    [found] = read_templates(str(write(tmp_path / "in" / file, document)))

    assert (found.stack, found.template, found.environment) == ("Containers", EMPTY, None)


def test_the_functions_of_yaml_are_those_of_json(tmp_path: Path) -> None:
    text = "Resources:\n  Api:\n    Type: AWS::ECR::Repository\n    Properties:\n      RepositoryName: !Sub '${X}/a'\n"
    [found] = read_templates(str(write(tmp_path / "Containers.yaml", text)))

    assert found.template["Resources"]["Api"]["Properties"] == {"RepositoryName": {"Fn::Sub": "${X}/a"}}


def test_a_template_is_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(EMPTY).encode())))
    [found] = read_templates("-")

    assert (found.stack, found.path) == ("template", None)


def test_the_templates_of_a_folder_have_their_paths_as_names_and_other_files_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / "A.template.json", EMPTY)
    write(tmp_path / "team" / "B.yaml", "Resources: {}\n")
    write(tmp_path / "A.assets.json", EMPTY)
    write(tmp_path / "parameters.json", {"Parameters": []})
    write(tmp_path / "README.md", "Resources: {}\n")

    assert names(str(tmp_path)) == ["A", "team/B"]


def test_the_stacks_of_an_assembly_have_their_names_environments_and_files(tmp_path: Path) -> None:
    source = assembly(tmp_path, {"A": ("111122223333/eu-west-1", EMPTY), "B": (None, EMPTY)})

    assert [(each.stack, each.environment, each.path) for each in read_templates(source)] == [
        ("A", "111122223333/eu-west-1", str(tmp_path / "A.template.json")),
        ("B", None, str(tmp_path / "B.template.json")),
    ]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "no template in this folder"),
        ({"A.txt": "Resources: {}"}, "no template in this folder"),
        ({"A.json": "{"}, "A.json: not JSON"),
        ({"A.yaml": "a: ["}, "A.yaml"),
        ({"A.json": EMPTY, "A.yaml": "Resources: {}"}, "are templates of one stack, A; remove one of them"),
        ({"manifest.json": {"version": "1.0.0", "artifacts": 3}}, "no stack in this cloud assembly"),
        ({"manifest.json": {"version": "1.0.0"}, "A.json": EMPTY}, "no stack in this cloud assembly"),
    ],
)
def test_a_folder_without_readable_templates_is_rejected(
    tmp_path: Path, files: dict[str, object], problem: str
) -> None:
    for name, document in files.items():
        write(tmp_path / name, document)

    with pytest.raises(EcrConstructsError) as refused:
        read_templates(str(tmp_path))
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"Parameters": {}}, "not a CloudFormation template: it has no Resources"),
        ({"Resources": []}, "it has no Resources"),
        ([], "it has no Resources"),
        ({"TemplateBody": None}, "it has no Resources"),
        ({"TemplateBody": "a: ["}, "A.json: TemplateBody: neither JSON nor YAML"),
        ("", "A.json"),
    ],
)
def test_a_file_that_is_no_template_is_rejected_with_its_name(tmp_path: Path, document: object, problem: str) -> None:
    with pytest.raises(CommandError) as refused:
        read_templates(str(write(tmp_path / "A.json", document)))

    assert problem in str(refused.value)


# --- two sources ------------------------------------------------------------------------------------------------------

HERE, THERE = "111122223333/eu-west-1", "111122223333/us-east-1"


def pairs(old: str, new: str) -> list[list[tuple[str, str | None, list[str]]]]:
    return [
        [(each.stack, each.environment, list(each.template["Resources"])) for each in state]
        for state in read_both(old, new)
    ]


def test_two_templates_with_different_names_are_compared(tmp_path: Path) -> None:
    old = str(write(tmp_path / "deployed.json", resources("One")))
    new = str(write(tmp_path / "Containers.template.json", resources("Two")))

    assert pairs(old, new) == [[("Containers", None, ["One"])], [("Containers", None, ["Two"])]]


@pytest.mark.parametrize("is_old", [True, False])
def test_a_template_is_compared_with_the_stack_of_its_name_in_an_assembly(tmp_path: Path, *, is_old: bool) -> None:
    single = str(write(tmp_path / "A.json", resources("One")))
    several = assembly(tmp_path / "out", {"A": (HERE, resources("Two")), "B": (HERE, EMPTY)})
    found = pairs(*((single, several) if is_old else (several, single)))

    assert found[not is_old] == [("A", HERE, ["One"])]
    assert found[is_old] == [("A", HERE, ["Two"])]


def test_a_template_is_compared_with_the_only_stack_of_an_assembly_and_gets_its_name(tmp_path: Path) -> None:
    single = str(write(tmp_path / "deployed.json", resources("One")))
    other = assembly(tmp_path / "out", {"Containers": (HERE, resources("Two"))})

    assert pairs(single, other) == [[("Containers", HERE, ["One"])], [("Containers", HERE, ["Two"])]]
    assert pairs(other, single) == [[("Containers", HERE, ["Two"])], [("Containers", HERE, ["One"])]]


def test_all_stacks_of_two_assemblies_are_compared_by_their_names(tmp_path: Path) -> None:
    old = assembly(tmp_path / "old", {"A": (HERE, resources("One"))})
    renamed = assembly(tmp_path / "renamed", {"B": (HERE, resources("One"))})
    more = assembly(tmp_path / "more", {"A": (HERE, EMPTY), "B": (HERE, resources("One"))})

    assert pairs(old, renamed) == [[("A", HERE, ["One"])], [("B", HERE, ["One"])]]
    assert pairs(old, more)[1] == [("A", HERE, []), ("B", HERE, ["One"])]


def test_a_stack_without_an_environment_has_that_of_the_other_state(tmp_path: Path) -> None:
    old = assembly(tmp_path / "old", {"A": (None, EMPTY)})
    new = assembly(tmp_path / "new", {"A": (HERE, EMPTY)})

    assert pairs(old, new) == [[("A", HERE, [])], [("A", HERE, [])]]


def test_stacks_with_one_name_in_two_environments_are_distinguished(tmp_path: Path) -> None:
    both = {"A@1": (HERE, resources("One")), "A@2": (THERE, resources("Two"))}
    old, new = assembly(tmp_path / "old", both), assembly(tmp_path / "new", both)
    one = assembly(tmp_path / "one", {"A@1": (HERE, resources("One"))})
    first, second = (f"A ({HERE})", HERE, ["One"]), (f"A ({THERE})", THERE, ["Two"])

    assert pairs(old, new) == [[first, second], [first, second]]
    assert pairs(one, new) == [[first], [first, second]]


@pytest.mark.parametrize(
    ("stacks", "problem"),
    [
        ({"B": (HERE, EMPTY), "C": (HERE, EMPTY)}, "none of the stacks B, C is A; name the file after its stack"),
        ({"A@1": (HERE, EMPTY), "A@2": (THERE, EMPTY)}, f"has a stack A in {HERE} and {THERE}; give one of its"),
    ],
)
def test_a_template_without_one_stack_of_its_name_is_rejected(
    tmp_path: Path, stacks: dict[str, tuple[str, dict[str, Any]]], problem: str
) -> None:
    single = str(write(tmp_path / "A.json", EMPTY))
    several = assembly(tmp_path / "out", stacks)

    for sources in ((single, several), (several, single)):
        with pytest.raises(CommandError) as refused:
            read_both(*sources)
        assert problem in str(refused.value)
