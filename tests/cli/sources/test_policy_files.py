"""Folders and streams of policies, for every subcommand."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from ecr_constructs.cli.errors import CommandError, ExitCode
from ecr_constructs.cli.main import run
from ecr_constructs.cli.sources.policies import read_deployed, read_policies
from ecr_constructs.model import LifecyclePolicy, limit_images
from tests.cli.listings import RELEASES, listing

POLICIES = {name: LifecyclePolicy.of(limit_images(number)) for number, name in enumerate(["api", "web"], start=1)}
ANSWERS = [
    {"registryId": "111122223333", "repositoryName": name, "lifecyclePolicyText": policy.to_json()}
    for name, policy in POLICIES.items()
]

TEXT = POLICIES["api"].to_json()


@pytest.mark.parametrize(
    "text",
    ["\n".join(map(json.dumps, ANSWERS)), "".join(json.dumps(each, indent=4) for each in ANSWERS), json.dumps(ANSWERS)],
)
def test_a_stream_of_answers_has_the_policy_of_each_repository(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    assert {each.repository: each.policy for each in read_policies("-").policies} == POLICIES


@pytest.mark.parametrize(
    "saved",
    [
        json.dumps(TEXT),
        json.dumps({"repositoryName": "prod/api", "lifecyclePolicyText": json.loads(TEXT)}),
        json.dumps({"prod/api": json.loads(TEXT)}),
        json.dumps({"prod/api": TEXT}),
        json.dumps({"prod/api": {"lifecyclePolicyText": TEXT}}),
    ],
    ids=["text", "parsed text", "policy by repository", "text by repository", "answer by repository"],
)
def test_an_answer_is_read_in_the_shapes_in_which_it_is_saved(tmp_path: Path, saved: str) -> None:
    file = tmp_path / "policy.json"
    file.write_text(saved)
    (policy,) = read_policies(str(file)).policies
    (deployed,) = read_deployed([str(file)]).items()

    assert policy.policy.to_json() == TEXT
    assert deployed == (policy.repository, policy.policy)
    assert policy.repository == ("prod/api" if "prod/api" in saved else None)


def test_a_rule_without_a_policy_around_it_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(json.loads(TEXT)["rules"]))

    with pytest.raises(CommandError, match=r'entry 1: a rule, not a policy; write \{"rules": \[\.\.\.\]\}'):
        read_policies(str(file))


def test_a_duplicate_key_in_a_stream_is_a_problem_of_its_policy(tmp_path: Path) -> None:
    path = tmp_path / "stream.json"
    path.write_text(f'{json.dumps(ANSWERS[0])}\n{{"rules": [], "rules": []}}')
    found = read_policies(str(path))

    assert [each.repository for each in found.policies] == ["api"]
    [unread] = found.unread
    assert (unread.where, unread.problems) == (
        f"{path}, document 2",
        ("rules: written twice in one object; keep one",),
    )


def test_a_folder_has_answers_policies_templates_and_skips_other_files(tmp_path: Path) -> None:
    resource = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "db"}}
    files = {
        "answers.json": json.dumps(ANSWERS[0]),
        "prod__web.json": POLICIES["web"].to_json(),
        "team/x.json": POLICIES["api"].to_json(),
        "stack.yaml": "Resources:\n  R: {Type: 'AWS::ECR::Repository', Properties: {RepositoryName: y}}",
        "stack.template": json.dumps({"Resources": {"Db": resource}}),
        "images.json": listing(RELEASES, "api"),
        "eslint.json": '{"rules": {"a": 1}, "env": []}',
        "role.yaml": "kind: Role\nrules:\n  - {apiGroups: [''], verbs: [get]}",
        "chart.yaml": "value: {{ .Values.x }}",
        "notes.txt": "AWS::ECR::Repository {",
        ".git/x.json": "{ AWS::ECR::",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = read_policies(str(tmp_path))

    assert sorted(str(each.repository) for each in found.policies) == ["api", "db", "prod/web", "team/x", "y"]
    assert found.unread == ()


def test_an_empty_file_is_not_taken_for_a_repository_without_a_policy(tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text(json.dumps(ANSWERS[0]))
    (tmp_path / "prod__db.json").write_text("")
    [unread] = read_policies(str(tmp_path)).unread

    assert unread.repository == "prod/db"
    assert not unread.is_invalid
    assert "because the repository has none or because the call failed" in unread.problems[0]


def test_a_file_of_a_folder_that_is_not_json_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"rules": [,]}')

    with pytest.raises(CommandError, match=r"a\.json: not JSON"):
        read_policies(str(tmp_path))


@pytest.mark.parametrize("first", ["// a comment", "/* a comment */", "  // a comment"])
def test_a_comment_at_the_beginning_is_named(tmp_path: Path, first: str) -> None:
    (tmp_path / "a.json").write_text(f"{first}\n{POLICIES['api'].to_json()}")

    with pytest.raises(CommandError, match="comments are not JSON"):
        read_policies(str(tmp_path / "a.json"))


def test_every_subcommand_reads_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for answer in ANSWERS:
        (tmp_path / f"{answer['repositoryName']}.json").write_text(json.dumps(answer))
    images = tmp_path.parent / "images.json"
    images.write_text(listing(RELEASES, "api"))

    assert run(["lint", str(tmp_path)]) == ExitCode.DONE
    assert "2 policies: " in capsys.readouterr().out
    assert run(["explain", str(tmp_path)]) == ExitCode.DONE
    assert f"{tmp_path / 'web.json'} (web)" in capsys.readouterr().out
    assert run(["convert", str(tmp_path), "--repository", "web"]) == ExitCode.DONE
    assert "limit_images(2)" in capsys.readouterr().out
    assert run(["preview", str(tmp_path), "--images", str(images)]) == ExitCode.DONE
    assert "api: " in capsys.readouterr().out


def test_summary_reads_a_template_and_a_folder_of_templates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("apps").mkdir()
    for name in ("a", "b"):
        Path(f"apps/{name}.yaml").write_text(
            f"Resources:\n  R: {{Type: 'AWS::ECR::Repository', Properties: {{RepositoryName: {name}}}}}"
        )

    assert run(["summary", "apps/a.yaml"]) == ExitCode.DONE
    assert capsys.readouterr().out.splitlines()[0] == "apps/a.yaml: 1 repository, template in apps/a.yaml"
    assert run(["summary", "apps"]) == ExitCode.DONE
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines() if line[0] != " "] == [
        "apps/a.yaml",
        "apps/b.yaml",
    ]
    Path("policy.json").write_text(POLICIES["api"].to_json())
    assert run(["summary", "policy.json"]) == ExitCode.REFUSED
    assert "no template in it" in capsys.readouterr().err
