"""The text of a program: escaped strings, unique identifiers, the format of ruff, and the same bytes each time."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.cli.adoption.identifiers import UniqueNames, construct_id, identifier, logical_id, stack_name
from ecr_constructs.cli.adoption.plan import plan_program
from ecr_constructs.cli.adoption.program import program_files
from ecr_constructs.cli.adoption.report import report
from ecr_constructs.cli.sources.inventory import Inventory, Origin, stacks_of_resources
from ecr_constructs.model.changes.state import StackTemplate

HOSTILE = (
    '"); import os; os.system("x") #',
    "'''\"\"\"\\",
    "line\nbreak\r\n\u2028# comment",
    "\ud800 \x1b[31m \u202e",
    "{}{0}{self}",
    "${AWS::Region} ${!x}",
)


def repository(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::ECR::Repository", "Properties": properties}


def files_of(resources: Mapping[str, Any], origin: Origin = "template", stack: str = "Containers") -> dict[str, str]:
    template = {"Resources": resources}
    return program_files(plan_program(Inventory(origin=origin, stacks=[StackTemplate(stack=stack, template=template)])))


def strings_of(text: str) -> set[object]:
    return {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_a_string_literal(text: str) -> None:
    policy = {"Statement": [{"Sid": text, "Effect": "Allow", "Principal": {"AWS": text}, "Action": text}]}
    files = files_of(
        {
            "Name": repository(RepositoryName=text),
            "Tags": repository(Tags=[{"Key": text, "Value": text}]),
            "Policy": repository(RepositoryPolicyText=policy),
            "Described": {"Type": "AWS::ECR::RepositoryCreationTemplate", "Properties": {"Prefix": text}},
            "Computed": repository(RepositoryName={"Fn::Sub": text}),
            "Meta": {**repository(), "Metadata": {text: text}, "DependsOn": [text]},
        }
    )

    module = ast.parse(files["containers_stack.py"])
    assert text in strings_of(files["containers_stack.py"])
    names = {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}
    assert not names & {"os", "x"}
    assert [type(each).__name__ for each in module.body if not isinstance(each, (ast.Import, ast.ImportFrom))] == [
        "Expr",
        "ClassDef",
    ]


@given(st.lists(st.text(max_size=12), min_size=1, max_size=6, unique=True))
def test_any_names_give_a_module_with_different_attributes(names: list[str]) -> None:
    resources = [repository(RepositoryName=name) for name in names]
    stacks = stacks_of_resources("Containers", {"111122223333/eu-west-1": resources})
    files = program_files(plan_program(Inventory(origin="account", stacks=stacks)))
    module = ast.parse(files["containers_stack.py"])

    targets = [ast.unparse(each.targets[0]) for each in ast.walk(module) if isinstance(each, ast.Assign)]
    assert len(targets) == len(set(targets)) == len(names)
    ids = [
        call.args[1].value
        for call in ast.walk(module)
        if isinstance(call, ast.Call) and len(call.args) > 1 and isinstance(call.args[1], ast.Constant)
    ]
    assert len({str(each).lower() for each in ids}) == len(names)


@given(st.text())
def test_names_of_stacks_constructs_and_attributes_are_well_formed(text: str) -> None:
    assert identifier(text, suffix="repository").isidentifier()
    assert construct_id(text, "Repository").isalnum()
    assert stack_name(text)[0].isalpha()
    assert stack_name(stack_name(text)) == stack_name(text)


def test_the_second_use_of_a_name_has_a_number() -> None:
    names = UniqueNames(separator="_")

    assert [names.add(each) for each in ("api", "API", "api_2", "api")] == ["api", "API_2", "api_2_2", "api_3"]


def test_attributes_of_constructs_are_no_attributes_of_a_stack() -> None:
    import aws_cdk as cdk

    taken = {name for name in dir(cdk.Stack) if name.endswith(("_repository", "_cache", "_template", "_resource"))}
    assert taken | ({"registry"} & set(dir(cdk.Stack))) == {"nested_stack_resource"}


def test_logical_ids_are_those_of_the_cdk() -> None:
    import aws_cdk as cdk
    from constructs import Construct

    stack = cdk.Stack(cdk.App(), "Containers")
    paths = [
        ("Api", "Resource"),
        ("a-b", "Resource"),
        ("Registry", "Scanning"),
        ("Api2", "Default"),
        ("x" * 250, "Resource"),
    ]
    for path in paths:
        scope: Construct = stack
        for each in path[:-1]:
            scope = Construct(scope, each)
        resource = cdk.CfnResource(scope, path[-1], type="AWS::ECR::Repository")
        assert stack.resolve(resource.logical_id) == logical_id(path)


MANY: Mapping[str, Any] = {
    f"Repository{number}": repository(
        RepositoryName=f"{'prod' if number % 2 else 'dev'}/repository-with-a-long-name-{number}",
        ImageTagMutability="IMMUTABLE" if number % 3 else "MUTABLE",
        Tags=[{"Key": "team", "Value": "payments"}, {"Key": "number", "Value": str(number)}],
        LifecyclePolicy={
            "LifecyclePolicyText": json.dumps(
                {
                    "rules": [
                        {
                            "rulePriority": 1,
                            "selection": {
                                "tagStatus": "tagged",
                                "tagPatternList": ["release-*", "*x"][: 1 + number % 2],
                                "countType": "imageCountMoreThan",
                                "countNumber": 10,
                            },
                            "action": {"type": "expire"},
                        }
                    ]
                }
            )
        },
        RepositoryPolicyText={
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": ["ecr:BatchGetImage"]},
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "ecr:BatchGetImage"},
            ]
        },
    )
    for number in range(12)
} | {
    "Open": repository(RepositoryPolicyText={"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}]}),
    "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": []}}},
    "Encrypted": repository(
        EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": {"Fn::GetAtt": ["Key", "Arn"]}}
    ),
    "Signing": {"Type": "AWS::ECR::SigningConfiguration", "Properties": {"Rules": []}},
}


def test_the_program_has_the_format_and_the_imports_of_ruff(tmp_path: Path) -> None:
    for name, text in files_of(MANY).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    ruff = [str(Path(sys.executable).with_name("ruff"))]

    for command in (["format", "--diff"], ["check", "--select", "I,F,E,W,D1", "--ignore", "E501,D104"]):
        result = subprocess.run(
            [*ruff, *command, "--isolated", "--no-cache", "."],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout


def test_repositories_share_settings_that_are_equal() -> None:
    files = files_of(MANY)

    assert "PROD_SETTINGS = ADOPTED.but(" in files["settings.py"]
    assert '"team": "payments"' in files["settings.py"]
    assert '"number": "3"' not in files["settings.py"]


def test_the_program_and_the_report_are_the_same_bytes_for_each_hash_seed() -> None:
    code = (
        "from tests.cli.adoption.test_program import MANY, files_of, whole_report\n"
        "import hashlib; print(hashlib.sha256(repr((files_of(MANY), whole_report(MANY))).encode()).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(found) == 1


def whole_report(resources: Mapping[str, Any]) -> str:
    stacks = [StackTemplate(stack="Containers", template={"Resources": resources})]
    return report(plan_program(Inventory(origin="template", stacks=stacks)), "deployed.json")


def test_no_secret_of_a_template_is_in_the_modules() -> None:
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "hunter2"}}
    files = files_of({"Api": repository(), "Token": secret})

    assert "hunter2" not in files["containers_stack.py"] + files["app.py"]
    assert "hunter2" not in whole_report({"Api": repository(), "Token": secret})


def test_an_account_with_more_resources_than_one_import_has_several_stacks() -> None:
    resources = [repository(RepositoryName=f"prod/api-{number}") for number in range(450)]
    stacks = stacks_of_resources("Containers", {"111122223333/eu-west-1": resources})
    plan = plan_program(Inventory(origin="account", stacks=stacks))

    assert [(each.name, len(each.constructs)) for each in plan.stacks] == [
        ("Containers", 200),
        ("Containers-2", 200),
        ("Containers-3", 50),
    ]
    files = program_files(plan)
    assert {"containers_stack.py", "containers_2_stack.py", "containers_3_stack.py"} <= set(files)
    assert files["app.py"].count("env=cdk.Environment(") == 3


def test_stacks_of_two_environments_have_their_own_names() -> None:
    both = {f"111122223333/{region}": [repository(RepositoryName="api")] for region in ("eu-west-1", "us-east-1")}
    plan = plan_program(Inventory(origin="terraform", stacks=stacks_of_resources("Containers", both)))

    assert [each.name for each in plan.stacks] == [
        "Containers-111122223333-eu-west-1",
        "Containers-111122223333-us-east-1",
    ]
    assert all(not construct.reasons for _, construct in plan.constructs)
