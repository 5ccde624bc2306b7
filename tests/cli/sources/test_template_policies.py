"""Policies whose text the parameters, maps and conditions of a template decide."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from moto.cloudformation.parsing import ResourceMap, clean_json

from ecr_constructs.assembly.template_values import TemplateValues
from ecr_constructs.cli.errors import CommandError, ExitCode
from ecr_constructs.cli.main import run
from ecr_constructs.cli.sources.parameters import Parameters
from ecr_constructs.cli.sources.policies import PolicySet, read_policies
from ecr_constructs.model import LifecyclePolicy, limit_images

SUB = json.dumps(
    {"rules": [{**LifecyclePolicy.of(limit_images(77)).to_dict()["rules"][0], "description": "a limit"}]}
).replace("77", "${Keep}")
ARRAY = [SUB.partition("${Keep}")[0], {"Ref": "Keep"}, SUB.partition("${Keep}")[2]]
PARAMETER = {"Keep": {"Type": "Number", "Default": 7}}
COUNTS = {"A": LifecyclePolicy.of(limit_images(1)).to_json(), "B": LifecyclePolicy.of(limit_images(2)).to_json()}
IS_PRODUCTION = {"Fn::Equals": [{"Ref": "Env"}, "prod"]}


def template(text: object, **sections: Any) -> dict[str, Any]:
    properties = {"RepositoryName": "prod/api", "LifecyclePolicy": {"LifecyclePolicyText": text}}
    return {"Resources": {"Api": {"Type": "AWS::ECR::Repository", "Properties": properties}}, **sections}


def read(tmp_path: Path, document: object, *parameters: str, name: str = "t.json") -> PolicySet:
    path = tmp_path / name
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return read_policies(str(path), Parameters.parse(parameters))


def counts(found: PolicySet) -> list[tuple[int, str]]:
    """Return the count of each policy, and the conditions and defaults in its place."""
    assert found.unread == ()
    return [(each.policy.rules[0].count_number, each.where.partition(" (")[2].rstrip(")")) for each in found.policies]


def reason(found: PolicySet) -> str:
    assert found.policies == ()
    [unread] = found.unread
    assert not unread.is_invalid
    return unread.problems[0]


# --- parameters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        {"Fn::Sub": SUB},
        {"Fn::Sub": [SUB.replace("Keep", "Number"), {"Number": {"Ref": "Keep"}}]},
        {"Fn::Join": ["", ARRAY]},
        {"Fn::Join": [{"Fn::Select": [1, ["x", ""]]}, ARRAY]},
        {"Fn::Select": ["1", [{"Fn::GetAtt": ["Other", "Arn"]}, {"Fn::Sub": SUB}]]},
        {"Fn::Join": [{"Ref": "Keep"}, {"Fn::Split": ["|", SUB.replace("${Keep}", "|")]}]},
    ],
)
def test_a_text_is_read_with_the_default_of_its_parameter(tmp_path: Path, text: object) -> None:
    document = template(text, Parameters=PARAMETER)

    assert counts(read(tmp_path, document)) == [(7, "with the default Keep=7")]
    assert counts(read(tmp_path, document, "Keep=9")) == [(9, "")]


@pytest.mark.parametrize("is_conditional", [False, True])
def test_a_registry_that_is_known_at_deployment_is_no_reason_not_to_read(
    tmp_path: Path, *, is_conditional: bool
) -> None:
    document = template(COUNTS["A"], Conditions={"Always": {"Fn::Equals": ["a", "a"]}})
    properties = document["Resources"]["Api"]["Properties"]
    policy = {**properties["LifecyclePolicy"], "RegistryId": {"Ref": "AWS::AccountId"}}
    properties["LifecyclePolicy"] = (
        {"Fn::If": ["Always", policy, {"Ref": "AWS::NoValue"}]} if is_conditional else policy
    )

    assert counts(read(tmp_path, document)) == [(1, "")]


def test_the_whole_text_as_default_is_read_and_not_repeated_in_the_place(tmp_path: Path) -> None:
    document = template({"Ref": "Policy"}, Parameters={"Policy": {"Type": "String", "Default": COUNTS["A"]}})

    assert counts(read(tmp_path, document)) == [(1, "with the default Policy")]


def test_a_default_that_is_not_echoed_is_not_shown(tmp_path: Path) -> None:
    secret = {"Keep": {"Type": "Number", "Default": 7, "NoEcho": True}}

    assert counts(read(tmp_path, template({"Fn::Sub": SUB}, Parameters=secret))) == [(7, "with the default Keep")]


def test_a_parameter_without_a_default_is_named_with_the_option_that_gives_it(tmp_path: Path) -> None:
    document = template({"Fn::Sub": SUB}, Parameters={"Keep": {"Type": "Number"}})

    assert reason(read(tmp_path, document)).endswith(
        "(Fn::Sub): parameter Keep has no default; give --parameter Keep=VALUE"
    )
    assert counts(read(tmp_path, document, "Keep=9")) == [(9, "")]


def test_the_default_of_a_systems_manager_parameter_is_a_name_and_not_its_value(tmp_path: Path) -> None:
    stored = {"Keep": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "7"}}

    assert "is read from Systems Manager at deployment" in reason(
        read(tmp_path, template({"Fn::Sub": SUB}, Parameters=stored))
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{resolve:ssm:/ecr/policy}}", "a dynamic reference"),
        ({"Fn::ImportValue": "Policy"}, "Fn::ImportValue is known at deployment only"),
        ({"Fn::Sub": SUB.replace("Keep", "Queue.Arn")}, "'Queue.Arn' is known at deployment only"),
        ({"Fn::Select": [5, ["a"]]}, "Fn::Select does not have the arguments"),
        ({"Fn::Join": "x"}, "Fn::Join does not have the arguments"),
        ({"Fn::Sub": 1}, "Fn::Sub does not have the arguments"),
        ({"Fn::If": ["Missing", "a", "b"]}, "the template has no condition 'Missing'"),
        ({"Fn::If": ["Loop", "a", "b"]}, "condition Loop depends on itself"),
        ({"Fn::If": ["Odd", "a", "b"]}, "condition Odd is not well formed"),
        ({"Fn::FindInMap": ["None", "a", "b"]}, "Fn::FindInMap does not have the arguments"),
        ({"Fn::Join": ["x" * 2**17, ["a"] * 10]}, "a text of more than 1,048,576 characters"),
    ],
)
def test_a_text_that_is_known_at_deployment_only_is_named_with_the_reason(
    tmp_path: Path, text: object, problem: str
) -> None:
    conditions = {"Loop": {"Fn::Not": [{"Condition": "Loop"}]}, "Odd": []}

    assert problem in reason(read(tmp_path, template(text, Conditions=conditions)))


def test_a_name_that_a_parameter_decides_is_the_name_of_the_repository(tmp_path: Path) -> None:
    document = template({"Fn::Sub": SUB}, Parameters={**PARAMETER, "Env": {"Type": "String", "Default": "dev"}})
    document["Resources"]["Api"]["Properties"]["RepositoryName"] = {"Fn::Sub": "${Env}/api"}

    assert [each.repository for each in read(tmp_path, document, "Env=prod").policies] == ["prod/api"]
    assert [each.repository for each in read(tmp_path, document).policies] == ["dev/api"]


# --- conditions and maps ----------------------------------------------------------------------------------------------


def test_each_branch_is_read_with_its_condition(tmp_path: Path) -> None:
    document = template(
        {"Fn::If": ["IsProduction", COUNTS["A"], COUNTS["B"]]},
        Parameters={"Env": {"Type": "String", "Default": "dev"}},
        Conditions={"IsProduction": IS_PRODUCTION},
    )

    assert counts(read(tmp_path, document)) == [(1, "if IsProduction"), (2, "if not IsProduction")]
    assert [each.policy.rules[0].count_number for each in read(tmp_path, document).by_default().policies] == [2]
    assert counts(read(tmp_path, document, "Env=prod")) == [(1, "")]


def test_a_branch_is_read_with_the_value_that_its_condition_implies(tmp_path: Path) -> None:
    yes, no = ({"Fn::Sub": SUB.replace("Keep", name)} for name in ("Keep", "Other"))
    document = template(
        {"Fn::If": ["IsSeven", yes, no]},
        Parameters={"Keep": {"Type": "Number"}, "Other": {"Type": "Number", "Default": 3}},
        Conditions={"IsSeven": {"Fn::Equals": [{"Ref": "Keep"}, 7]}},
    )

    assert counts(read(tmp_path, document)) == [(7, "if IsSeven"), (3, "if not IsSeven; with the default Other=3")]


def test_a_default_that_a_condition_excludes_is_not_used(tmp_path: Path) -> None:
    document = template(
        {"Fn::If": ["IsSeven", COUNTS["A"], {"Fn::Sub": SUB}]},
        Parameters=PARAMETER,
        Conditions={"IsSeven": {"Fn::Equals": [{"Ref": "Keep"}, "7"]}},
    )
    found = read(tmp_path, document)

    assert [each.where.partition(" (")[2] for each in found.policies] == ["if IsSeven)"]
    assert [each.where.partition(" (")[2] for each in found.unread] == ["if not IsSeven)"]


def test_combinations_that_contradict_each_other_are_not_read(tmp_path: Path) -> None:
    inner = {"Fn::If": ["IsDevelopment", "3", "4"]}
    document = template(
        {"Fn::Sub": [SUB, {"Keep": {"Fn::Join": ["", [{"Fn::If": ["IsProduction", "1", "2"]}, inner]]}}]},
        Parameters={"Env": {"Type": "String", "AllowedValues": ["dev", "prod"]}},
        Conditions={"IsProduction": IS_PRODUCTION, "IsDevelopment": {"Fn::Equals": ["dev", {"Ref": "Env"}]}},
    )

    assert counts(read(tmp_path, document)) == [(14, "if IsProduction"), (23, "if not IsProduction")]


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ({"Fn::Equals": ["a", "a"]}, [1]),
        ({"Fn::Not": [{"Fn::Equals": ["a", "a"]}]}, [2]),
        ({"Fn::And": [{"Fn::Equals": ["a", "b"]}, IS_PRODUCTION]}, [2]),
        ({"Fn::Or": [IS_PRODUCTION, {"Fn::Equals": ["a", "a"]}]}, [1]),
        ({"Fn::Or": [IS_PRODUCTION, {"Fn::Equals": ["a", "b"]}]}, [1, 2]),
        ({"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}, [1, 2]),
        ({"Fn::Equals": [{"Fn::GetAtt": ["Queue", "Arn"]}, "x"]}, [1, 2]),
    ],
)
def test_only_branches_that_can_be_deployed_are_read(
    tmp_path: Path, definition: dict[str, Any], expected: list[int]
) -> None:
    document = template(
        {"Fn::If": ["It", COUNTS["A"], COUNTS["B"]]},
        Parameters={"Env": {"Type": "String"}},
        Conditions={"It": definition},
    )

    assert [number for number, _ in counts(read(tmp_path, document))] == expected


def test_a_repository_that_a_condition_excludes_is_not_read(tmp_path: Path) -> None:
    document = template(COUNTS["A"], Parameters={"Env": {"Type": "String"}}, Conditions={"IsProduction": IS_PRODUCTION})
    document["Resources"]["Api"]["Condition"] = "IsProduction"

    assert counts(read(tmp_path, document)) == [(1, "if IsProduction")]
    with pytest.raises(CommandError, match="no repository and no creation template"):
        read(tmp_path, document, "Env=dev")


def test_a_map_is_read_for_each_key_unless_the_key_is_given(tmp_path: Path) -> None:
    text = {"Fn::Sub": [SUB, {"Keep": {"Fn::FindInMap": ["Regions", {"Ref": "AWS::Region"}, "Keep"]}}]}
    document = template(text, Mappings={"Regions": {"eu-west-1": {"Keep": 1}, "us-east-1": {"Keep": 2}}})

    assert counts(read(tmp_path, document)) == [(1, "if AWS::Region is eu-west-1"), (2, "if AWS::Region is us-east-1")]
    assert counts(read(tmp_path, document, "AWS::Region=us-east-1")) == [(2, "")]


def test_a_map_without_the_key_has_its_default(tmp_path: Path) -> None:
    text = {"Fn::Sub": [SUB, {"Keep": {"Fn::FindInMap": ["M", "none", "Keep", {"DefaultValue": "5"}]}}]}

    assert counts(read(tmp_path, template(text, Mappings={"M": {"a": {"Keep": 1}}}))) == [(5, "")]


def test_an_object_becomes_json_without_the_entries_that_have_no_value(tmp_path: Path) -> None:
    policy = LifecyclePolicy.of(limit_images(4)).to_dict()
    policy["rules"].append({"Fn::If": ["Never", {"rulePriority": 2}, {"Ref": "AWS::NoValue"}]})
    document = template(
        {"Fn::ToJsonString": policy},
        Conditions={"Never": {"Fn::Equals": ["a", "b"]}},
        Transform="AWS::LanguageExtensions",
    )

    assert counts(read(tmp_path, document)) == [(4, "")]


def test_a_number_parameter_is_a_text_inside_an_object(tmp_path: Path) -> None:
    policy = LifecyclePolicy.of(limit_images(4)).to_dict()
    policy["rules"][0]["selection"]["countNumber"] = {"Ref": "Keep"}
    [unread] = read(tmp_path, template({"Fn::ToJsonString": policy}, Parameters=PARAMETER)).unread

    assert unread.is_invalid
    assert "'7' is not a whole number" in unread.problems[0]


def test_more_combinations_than_the_limit_are_not_read(tmp_path: Path) -> None:
    names = [f"C{number}" for number in range(7)]
    text = {"Fn::Join": ["", [{"Fn::If": [name, "a", "b"]} for name in names]]}
    conditions = {name: {"Fn::Equals": [{"Ref": f"P{name}"}, "x"]} for name in names}
    parameters = {f"P{name}": {"Type": "String"} for name in names}

    assert "more than 64 combinations of conditions" in reason(
        read(tmp_path, template(text, Parameters=parameters, Conditions=conditions))
    )


def test_moto_computes_the_same_values_as_a_deployment_with_the_same_parameters() -> None:
    document = {
        "Parameters": {"Env": {"Type": "String", "Default": "dev"}, "List": {"Type": "CommaDelimitedList"}},
        "Mappings": {"M": {"prod": {"Keep": "10"}, "dev": {"Keep": "3"}}},
        "Conditions": {
            "IsProduction": IS_PRODUCTION,
            "IsOther": {"Fn::Not": [{"Condition": "IsProduction"}]},
            "Both": {"Fn::And": [{"Condition": "IsProduction"}, {"Condition": "IsOther"}]},
            "Any": {"Fn::Or": [{"Condition": "Both"}, {"Condition": "IsOther"}]},
        },
        "Resources": {},
    }
    values = {
        "sub": {"Fn::Sub": "a-${Env}-${!Kept}"},
        "variables": {"Fn::Sub": ["${X}/${Env}", {"X": {"Fn::FindInMap": ["M", {"Ref": "Env"}, "Keep"]}}]},
        "join": {"Fn::Join": ["-", ["a", {"Ref": "Env"}, {"Fn::If": ["Any", "x", "y"]}]]},
        "select": {"Fn::Select": ["1", {"Ref": "List"}]},
        "split": {"Fn::Select": [1, {"Fn::Split": ["/", "a/b/c"]}]},
        "if": {"Fn::If": ["Both", "x", {"Fn::If": ["IsOther", "y", "z"]}]},
    }
    for environment in ("prod", "dev", "test2"):
        given = {"Env": environment, "List": "p,q"}
        if environment == "test2":
            values.pop("variables", None)
        arbiter = ResourceMap("id", "s", given, {}, "eu-west-1", "123456789012", document, {})
        arbiter.load()
        [outcome] = TemplateValues(document, given).outcomes(values)
        assert outcome.properties == {name: clean_json(value, arbiter) for name, value in values.items()}


# --- the option -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (("Kep=7",), "Kep is not a parameter of .*; it has Env, Keep"),
        (("Keep",), "'Keep' has no value; write it as Keep=7"),
        (("Keep=1", "Keep=2"), "Keep has two values"),
        (("Env=tset",), "Env: 'tset' is not an allowed value; give one of dev, prod"),
        (("Other:Keep=7",), "Other:Keep is not a parameter of"),
    ],
)
def test_a_value_that_no_template_accepts_is_rejected(tmp_path: Path, given: tuple[str, ...], problem: str) -> None:
    allowed = {"Env": {"Type": "String", "AllowedValues": ["dev", "prod"]}}

    with pytest.raises(CommandError, match=problem):
        read(tmp_path, template({"Fn::Sub": SUB}, Parameters={**PARAMETER, **allowed}), *given)


def test_the_value_of_one_stack_is_not_that_of_another(tmp_path: Path) -> None:
    artifacts = {}
    for name in ("Dev", "Prod"):
        (tmp_path / f"{name}.template.json").write_text(json.dumps(template({"Fn::Sub": SUB}, Parameters=PARAMETER)))
        properties = {"templateFile": f"{name}.template.json"}
        artifacts[name] = {"type": "aws:cloudformation:stack", "properties": properties}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))

    found = read_policies(str(tmp_path), Parameters.parse(["Prod:Keep=50", "Keep=2"]))
    assert [each.policy.rules[0].count_number for each in found.policies] == [2, 50]


def test_lint_can_fail_on_a_policy_that_is_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(template({"Fn::Sub": SUB}, Parameters={"Keep": {"Type": "Number"}})))

    assert run(["lint", str(path)]) == ExitCode.DONE
    assert run(["lint", str(path), "--fail-on", "unread"]) == ExitCode.FOUND
    assert run(["lint", str(path), "--fail-on", "unread", "--parameter", "Keep=7"]) == ExitCode.DONE
    assert capsys.readouterr().err == ""


def test_lint_and_explain_name_the_defaults_that_they_read_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(template({"Fn::Sub": SUB}, Parameters=PARAMETER)))
    run(["lint", str(path)])
    run(["explain", str(path)])
    out, err = capsys.readouterr()

    assert err == f"note: read {path}: Api (with the default Keep=7); --parameter gives other values\n"
    assert f"{path}: Api (with the default Keep=7) (prod/api)\n" in out


# --- nested templates -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "place"), [("AWS::CloudFormation::Stack", "TemplateURL"), ("AWS::Serverless::Application", "Location")]
)
def test_a_local_nested_template_is_read_with_the_parameters_of_its_parent(
    tmp_path: Path, kind: str, place: str
) -> None:
    (tmp_path / "nested").mkdir()
    child = template({"Fn::Sub": SUB}, Parameters={"Keep": {"Type": "Number"}})
    (tmp_path / "nested" / "child.json").write_text(json.dumps(child))
    properties = {place: "nested/child.json", "Parameters": {"Keep": {"Fn::FindInMap": ["M", "a", "b"]}}}
    parent = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Mappings": {"M": {"a": {"b": 12}}},
        "Resources": {"Child": {"Type": kind, "Properties": properties}},
    }

    [found] = read(tmp_path, parent).policies
    assert found.policy.rules[0].count_number == 12
    assert found.where == f"{tmp_path / 't.json'}: Child/Api"
    assert [each.where for each in read_policies(str(tmp_path)).policies] == [found.where]
    assert read_policies(str(tmp_path)).unread == ()


def test_a_given_value_reaches_a_nested_template_through_its_parent(tmp_path: Path) -> None:
    (tmp_path / "child.json").write_text(
        json.dumps(template({"Fn::Sub": SUB}, Parameters={"Keep": {"Type": "Number"}}))
    )
    properties = {"TemplateURL": "child.json", "Parameters": {"Keep": {"Ref": "Number"}}}
    child = {"Type": "AWS::CloudFormation::Stack", "Properties": properties}
    parent = {"Parameters": {"Number": {"Type": "Number", "Default": 3}}, "Resources": {"Child": child}}

    assert counts(read(tmp_path, parent)) == [(3, "with the default Number=3")]
    assert counts(read(tmp_path, parent, "Number=9")) == [(9, "")]


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("t.json", "contains itself"),
        ("missing.json", "does not exist; correct the path"),
        ("../outside.json", "outside"),
    ],
)
def test_a_nested_template_that_cannot_be_read_is_rejected(tmp_path: Path, place: str, problem: str) -> None:
    (tmp_path / "outside.json").write_text(json.dumps(template(COUNTS["A"])))
    (tmp_path / "app").mkdir()
    child = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": place}}

    with pytest.raises(ValueError, match=problem):
        read(tmp_path / "app", {"Resources": {"Child": child}})


def test_a_nested_template_behind_an_address_is_not_read(tmp_path: Path) -> None:
    child = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://s3.amazonaws.com/a/b.json"}}
    document = template(COUNTS["A"])
    document["Resources"]["Child"] = child

    assert counts(read(tmp_path, document)) == [(1, "")]
