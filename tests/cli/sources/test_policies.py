"""Sources of lifecycle policies: files, templates, assemblies and standard input."""

from __future__ import annotations

import errno
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.policies import PolicySet, UnreadablePolicy, read_policies, read_policy, read_stacks
from ecr_constructs.model import Immutability, LifecyclePolicy, expire_untagged, keep_latest

POLICY = LifecyclePolicy.of(keep_latest(10, matching="v*"), expire_untagged(after_days=1))
BAD = '{"rules": [{"rulePriority": 0}], "more": 1}'
AT_DEPLOYMENT = {"Fn::Join": ["", ['{"rules":', {"Ref": "Rules"}, "}"]]}


def template(**resources: Any) -> dict[str, Any]:
    return {"Resources": resources}


def repository(text: object = POLICY.to_json(), **properties: object) -> dict[str, Any]:
    return {
        "Type": "AWS::ECR::Repository",
        "Properties": {"LifecyclePolicy": {"LifecyclePolicyText": text}, **properties},
    }


def read(tmp_path: Path, document: object, name: str = "given.json") -> PolicySet:
    path = tmp_path / name
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return read_policies(str(path))


def assembly(directory: Path, **templates: object) -> str:
    artifacts = {}
    for name, content in templates.items():
        (directory / f"{name}.template.json").write_text(json.dumps(content), encoding="utf-8")
        properties = {"templateFile": f"{name}.template.json"}
        artifacts[name] = {"type": "aws:cloudformation:stack", "properties": properties}
    (directory / "manifest.json").write_text(json.dumps({"artifacts": artifacts}), encoding="utf-8")
    return str(directory)


# --- policy files ---------------------------------------------------------------------------------------------------


def test_a_policy_file_holds_the_policy_of_no_particular_repository(tmp_path: Path) -> None:
    (found,) = read(tmp_path, POLICY.to_dict()).policies

    assert (found.policy, found.repository, found.prefix) == (POLICY, None, None)
    assert found.where == str(tmp_path / "given.json")


def test_the_output_of_the_aws_command_line_has_its_repository(tmp_path: Path) -> None:
    printed = {"registryId": "111122223333", "repositoryName": "prod/api", "lifecyclePolicyText": POLICY.to_json()}
    (found,) = read(tmp_path, printed).policies

    assert (found.policy, found.repository) == (POLICY, "prod/api")


def test_a_byte_order_mark_is_no_part_of_the_policy(tmp_path: Path) -> None:
    assert read(tmp_path, f"\ufeff{POLICY.to_json()}").policies[0].policy == POLICY
    assert read(tmp_path, '\ufeff{"rules": [], "rules": []}').unread[0].problems[0].startswith("rules: written twice")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_policy_comes_through_a_pipe(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(POLICY.to_json().encode(encoding))))
    (found,) = read_policies("-").policies

    assert (found.policy, found.where) == (POLICY, "standard input")


def test_every_problem_of_a_policy_file_is_kept(tmp_path: Path) -> None:
    (found,) = read(tmp_path, BAD).unread

    assert found.is_invalid
    assert len(found.problems) > 3
    assert found.problems[0] == "more: unknown field; a policy has only 'rules'"


def test_a_duplicate_key_is_a_problem_of_the_policy(tmp_path: Path) -> None:
    (found,) = read(tmp_path, '{"rules": [], "rules": []}').unread

    assert found.problems == ("rules: written twice in one object; keep one",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ('{"rules": [', "not JSON: Expecting value: line 1 column 12 .*; comments and trailing commas are not JSON"),
        ('{\n  "rules": [1,]}', "not JSON: .*line 2 .*; comments and trailing commas are not JSON"),
        ('{"imageDetails": []}', "a listing of images, not a policy; use: preview POLICY --images LISTING"),
        ('[{"imageDigest": "sha256:0"}]', "a listing of images, not a policy; use: preview POLICY --images LISTING"),
        ('{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}', "no repository and no creation template in it"),
        ("[" * 100_000, "not JSON"),
        ("[]", "neither a lifecycle policy"),
        ('{"repositories": []}', "neither a lifecycle policy"),
        ("just words", "neither a lifecycle policy"),
        ("a: [", "neither JSON nor YAML"),
        ("a: !!python/object:os.system {}", "neither JSON nor YAML"),
        ("rules: &rules [*rules]", "neither JSON nor YAML: Circular reference"),
        ("rules: {[a]: b}", "neither JSON nor YAML"),
    ],
)
def test_a_file_that_is_not_a_policy_is_rejected_with_its_name(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(CommandError, match=problem) as raised:
        read(tmp_path, text)

    assert raised.value.path == str(tmp_path / "given.json")
    assert len(raised.value.problems) == 1
    assert "\n" not in raised.value.problems[0]


def test_a_file_that_is_not_text_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "given.json").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(CommandError, match="not a text in UTF-8"):
        read_policies(str(tmp_path / "given.json"))


def test_a_missing_file_is_rejected_with_the_accepted_sources() -> None:
    with pytest.raises(CommandError, match=r"^nowhere\.json: no such file or folder; give a policy file"):
        read_policies("nowhere.json")


# --- templates ------------------------------------------------------------------------------------------------------


def test_a_template_gives_the_policies_of_its_repositories_and_creation_templates(tmp_path: Path) -> None:
    creation = {
        "Type": "AWS::ECR::RepositoryCreationTemplate",
        "Properties": {"Prefix": "teams", "LifecyclePolicy": POLICY.to_json(), "ImageTagMutability": "IMMUTABLE"},
    }
    filters = [{"ImageTagMutabilityExclusionFilterType": "WILDCARD", "ImageTagMutabilityExclusionFilterValue": "dev-*"}]
    api = repository(
        RepositoryName="prod/api",
        ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        ImageTagMutabilityExclusionFilters=filters,
    )
    where = str(tmp_path / "given.json")
    first, second = read(tmp_path, template(Teams=creation, Api=api)).policies

    assert (first.repository, first.prefix, first.where) == ("prod/api", None, f"{where}: Api")
    assert (second.repository, second.prefix, second.where) == (None, "teams", f"{where}: Teams")
    assert (first.policy, second.policy) == (POLICY, POLICY)
    assert first.immutability == Immutability.all_tags_except("dev-*")
    assert second.immutability == Immutability.all_tags()


def test_a_repository_without_a_policy_has_the_one_that_does_nothing(tmp_path: Path) -> None:
    bare = {"Type": "AWS::ECR::Repository"}
    no_value = {"Type": "AWS::ECR::Repository", "Properties": {"LifecyclePolicy": {"Ref": "AWS::NoValue"}}}
    found = read(tmp_path, template(Api=bare, Other=no_value))

    assert [each.policy for each in found.policies] == [LifecyclePolicy.none(), LifecyclePolicy.none()]
    assert found.unread == ()


@pytest.mark.parametrize("where", ["text", "policy"])
def test_a_policy_from_a_function_is_reported_and_is_not_an_error(tmp_path: Path, where: str) -> None:
    api = repository(AT_DEPLOYMENT)
    if where == "policy":
        api["Properties"]["LifecyclePolicy"] = {"Fn::If": ["Production", {}, {}]}
    (found,) = read(tmp_path, template(Api=api)).unread

    assert not found.is_invalid
    assert found.problems[0].startswith("CloudFormation computes the text at deployment (Fn::")


def test_a_substitution_that_substitutes_nothing_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, template(Api=repository({"Fn::Sub": POLICY.to_json()})))
    assert [each.policy for each in found.policies] == [POLICY]


def test_a_name_and_a_mutability_from_functions_are_unknown(tmp_path: Path) -> None:
    (found,) = read(
        tmp_path, template(Api=repository(RepositoryName={"Ref": "Name"}, ImageTagMutability={"Ref": "Mode"}))
    ).policies

    assert (found.repository, found.immutability) == (None, None)


def test_a_policy_that_is_written_as_an_object_would_be_rejected(tmp_path: Path) -> None:
    (found,) = read(tmp_path, template(Api=repository(POLICY.to_dict()))).unread

    assert found.is_invalid
    assert found.problems == ("the policy is not a text; write its JSON as one string",)


def test_a_bad_policy_does_not_hide_a_good_one(tmp_path: Path) -> None:
    found = read(tmp_path, template(Good=repository(), Bad=repository(BAD, RepositoryName="prod/bad")))

    assert [each.policy for each in found.policies] == [POLICY]
    assert [(each.repository, each.is_invalid) for each in found.unread] == [("prod/bad", True)]
    with pytest.raises(CommandError, match=r"given\.json: Bad: more: unknown field"):
        found.require_valid()


def test_a_malformed_policy_of_another_repository_is_not_an_error(tmp_path: Path) -> None:
    found = read(tmp_path, template(Good=repository(), Bad=repository(BAD, RepositoryName="prod/bad")))

    found.require_valid(["prod/good"])
    with pytest.raises(CommandError, match=r"given\.json: Bad: more: unknown field"):
        found.require_valid(["prod/b*"])


def test_a_bad_policy_that_is_alone_is_that_of_every_repository(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"given\.json: more: unknown field"):
        read(tmp_path, BAD).require_valid(["prod/good"])


def test_a_policy_that_only_cloudformation_can_read_is_no_error(tmp_path: Path) -> None:
    read(tmp_path, template(Api=repository(AT_DEPLOYMENT))).require_valid()


def test_repositories_of_a_for_each_loop_are_reported(tmp_path: Path) -> None:
    loop = ["Team", ["A", "B"], {"Repository${Team}": repository()}]
    found = read(tmp_path, {"Resources": {"Fn::ForEach::Teams": loop, "Fn::ForEach::Keys": ["Key", ["A"], {}]}})

    assert [each.where.rpartition(": ")[2] for each in found.unread] == ["Fn::ForEach::Teams"]


YAML = """\
AWSTemplateFormatVersion: 2010-09-09
Resources:
  Api:
    Type: AWS::ECR::Repository
    Properties:
      RepositoryName: prod/api
      Tags:
        - {Key: team, Value: !Sub "${Team}-x"}
        - {Key: arn, Value: !GetAtt Key.Arn}
      LifecyclePolicy:
        LifecyclePolicyText: |
          TEXT
  Other:
    Type: AWS::ECR::Repository
    Properties:
      RepositoryName: !Ref Name
      LifecyclePolicy:
        LifecyclePolicyText: !Join ["", ["a", !Ref B]]
"""


@pytest.mark.parametrize("name", ["template.yaml", "template.yml", "template"])
def test_a_template_in_yaml_is_read_with_its_short_functions(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, YAML.replace("TEXT", POLICY.to_json()), name)

    assert [(each.policy, each.repository) for each in found.policies] == [(POLICY, "prod/api")]
    assert [each.problems[0].partition("(")[2].partition(")")[0] for each in found.unread] == ["Fn::Join"]


def test_a_policy_in_yaml_is_read_as_one_in_json(tmp_path: Path) -> None:
    text = """\
rules:
  - rulePriority: 1
    selection: {tagStatus: untagged, countType: sinceImagePushed, countUnit: days, countNumber: 1}
    action: {type: expire}
"""
    (found,) = read(tmp_path, text, "policy.yaml").policies

    assert [rule.count_number for rule in found.policy.rules] == [1]


# --- assemblies -----------------------------------------------------------------------------------------------------


def test_an_assembly_gives_the_policies_of_all_its_stacks(tmp_path: Path) -> None:
    source = assembly(tmp_path, Prod=template(Api=repository()), Dev=template(Web=repository(), Bad=repository(BAD)))
    found = read_policies(source)

    assert [each.where for each in found.policies] == [f"{source}: Dev/Web", f"{source}: Prod/Api"]
    assert [each.where for each in found.unread] == [f"{source}: Dev/Bad"]


def test_an_empty_folder_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"no policy, template or cdk\.out in this folder; give a folder with"):
        read_policies(str(tmp_path))


@pytest.mark.parametrize("content", ["", "[", "[]", "null"])
@pytest.mark.parametrize("name", ["manifest.json", "Prod.template.json"])
def test_an_assembly_that_is_damaged_is_rejected_with_the_file(tmp_path: Path, name: str, content: str) -> None:
    source = assembly(tmp_path, Prod=template())
    (tmp_path / name).write_text(content, encoding="utf-8")

    with pytest.raises(ValueError, match="synthesize again") as raised:
        read_stacks(source)

    assert str(raised.value).startswith(str(tmp_path / name))


def test_a_policy_of_an_assembly_has_the_path_of_its_template(tmp_path: Path) -> None:
    (found,) = read_policies(assembly(tmp_path, Prod=template(Api=repository()))).policies

    assert found.file == str(tmp_path / "Prod.template.json")


def test_a_folder_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "is_dir", lambda _: True)
    monkeypatch.setattr(Path, "stat", denied)
    with pytest.raises(PermissionError):
        read_policies(str(tmp_path))


# --- a single policy ------------------------------------------------------------------------------------------------


def test_one_policy_is_found_among_repositories_without(tmp_path: Path) -> None:
    source = assembly(tmp_path, Prod=template(Api=repository(), Bare={"Type": "AWS::ECR::Repository"}))

    assert read_policy(source).policy == POLICY


@pytest.mark.parametrize(
    ("resources", "problem"),
    [
        ({"Bare": {"Type": "AWS::ECR::Repository"}}, "no lifecycle policy in it"),
        (
            {"A": repository(), "B": repository(BAD)},
            r"several policies; choose .* with --repository, .*: Prod/A, .*: Prod/B",
        ),
        ({"Api": repository(AT_DEPLOYMENT)}, r"Prod/Api: CloudFormation computes the text"),
        ({"Api": repository(BAD)}, r"Prod/Api: \d problems"),
    ],
)
def test_none_several_or_an_unreadable_one_are_rejected(
    tmp_path: Path, resources: dict[str, Any], problem: str
) -> None:
    source = assembly(tmp_path, Prod=template(**resources))

    with pytest.raises(CommandError, match=problem):
        read_policy(source)


def test_the_policy_of_one_repository_is_selected_from_several(tmp_path: Path) -> None:
    other = LifecyclePolicy.of(keep_latest(3, matching="v*"))
    api, web = repository(RepositoryName="api"), repository(other.to_json(), RepositoryName="web")
    source = assembly(
        tmp_path, Dev=template(Api=api, Bad=repository(BAD, RepositoryName="bad")), Prod=template(A=api, W=web)
    )

    assert read_policy(source, "web").policy == other
    assert read_policy(source, "api").where == f"{source}: Dev/Api"
    with pytest.raises(CommandError, match=r"^--repository apy: it has no policy; the policies are those of api, bad"):
        read_policy(source, "apy")
    with pytest.raises(CommandError, match=r"Dev/Bad: \d problems"):
        read_policy(source, "bad")


def test_a_repository_with_different_policies_is_reported_the_templates(tmp_path: Path) -> None:
    api, other = (repository(POLICY.to_json().replace("10", number), RepositoryName="api") for number in ("10", "9"))
    source = assembly(tmp_path, Dev=template(Api=api), Prod=template(Api=other))

    with pytest.raises(
        CommandError, match=r"several policies, .*; give one of .*Dev\.template\.json, .*Prod\.template\.json$"
    ):
        read_policy(source, "api")


def test_no_policy_can_be_selected_among_policies_without_names(tmp_path: Path) -> None:
    source = assembly(tmp_path, Prod=template(A=repository(), B=repository()))

    with pytest.raises(CommandError, match="it has no policy; no policy has a repository name"):
        read_policy(source, "api")


def test_an_unread_policy_has_no_repository_and_no_prefix_by_default() -> None:
    unread = UnreadablePolicy(where="here", problems=("why",), is_invalid=True)

    assert (unread.repository, unread.prefix) == (None, None)
