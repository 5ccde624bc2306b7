"""Suppressions of findings in the configuration and beside policy files, and their problems."""

from __future__ import annotations

import copy
import pickle
from datetime import date
from pathlib import Path

import pytest

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.suppressions import Suppression, read_companion, read_configuration

ENTRY = '[[{table}suppressions]]\nid = "never-matches"\nreason = "old tags"\n'
OWN, PROJECT = ENTRY.format(table=""), ENTRY.format(table="tool.ecr-constructs.")


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def ids(found: tuple[Suppression, ...]) -> list[str]:
    return [each.id for each in found]


@pytest.mark.parametrize(("name", "text"), [("ecr-constructs.toml", OWN), ("pyproject.toml", PROJECT)])
def test_the_nearest_configuration_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    written(tmp_path / name, text)
    inner = tmp_path / "a/b"
    written(inner / "pyproject.toml", "[tool.other]\nx = 1\n")
    monkeypatch.chdir(inner)

    assert ids(read_configuration()) == ["never-matches"]
    written(inner / name, text.replace("never-matches", "shadowed-rule"))
    assert ids(read_configuration()) == ["shadowed-rule"]


def test_without_a_configuration_nothing_is_suppressed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert read_configuration() == ()
    assert read_companion(str(tmp_path / "policy.json")) == ()
    assert read_companion("-") == ()
    assert read_companion(str(tmp_path)) == ()


def test_a_named_configuration_must_exist(tmp_path: Path) -> None:
    named = written(tmp_path / "ours.toml", OWN)

    assert ids(read_configuration(str(named))) == ["never-matches"]
    with pytest.raises(CommandError, match=r"no such file; give an ecr-constructs\.toml"):
        read_configuration(str(tmp_path / "missing.toml"))


def test_a_companion_has_the_name_of_the_policy_file(tmp_path: Path) -> None:
    policy = written(tmp_path / "policy.json", "{}")
    written(tmp_path / "policy.suppressions.toml", OWN + 'rule = 30\nrepository = "prod/*"\nexpires = 2027-01-31\n')
    (found,) = read_companion(str(policy))

    assert (found.rule, found.repository, found.expires) == (30, "prod/*", date(2027, 1, 31))
    assert found.where == f"{tmp_path / 'policy.suppressions.toml'}: suppressions[0]"
    assert pickle.loads(pickle.dumps(found)) == copy.deepcopy(found) == found


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("x = ", ["not TOML: "]),
        ('suppressions = "all"', ["suppressions: not a list of tables; "]),
        ("suppressions = [1]", ["suppressions[0]: 1 is not a table with id and reason"]),
        ("[[suppression]]", ["suppression: unknown key; the only one is 'suppressions'"]),
        (
            "[[suppressions]]",
            [
                "suppressions[0].id: missing; name a finding",
                "suppressions[0].reason: missing; write why the finding is accepted",
            ],
        ),
        (
            '[[suppressions]]\nid = "never-match"\nreason = " "\nrule = true\nuntil = 1\nexpires = "soon"',
            [
                "suppressions[0].rule: True is not a whole number",
                "suppressions[0].until: unknown key; the keys are id, reason, repository, rule, expires",
                "suppressions[0].expires: 'soon' is not a day; write it as 2027-01-31",
                "suppressions[0].reason: missing; write why the finding is accepted",
                "suppressions[0].id: 'never-match' is not a finding; did you mean 'never-matches'?",
            ],
        ),
        (OWN + "expires = 2027-01-31T10:00:00Z", ["suppressions[0].expires: datetime.datetime("]),
        (OWN.replace("never-matches", "invalid-policy"), ["suppressions[0].id: 'invalid-policy' is not a finding; "]),
    ],
)
def test_every_problem_of_a_configuration_is_an_error_with_its_place(
    tmp_path: Path, text: str, problems: list[str]
) -> None:
    path = written(tmp_path / "ecr-constructs.toml", text)
    with pytest.raises(CommandError) as caught:
        read_configuration(str(path))

    assert caught.value.path == str(path)
    assert len(caught.value.problems) == len(problems)
    for problem, start in zip(caught.value.problems, problems, strict=True):
        assert problem.startswith(start)


def test_a_suppression_is_for_a_finding_a_repository_pattern_and_a_rule() -> None:
    everywhere = Suppression(where="x", id="never-matches", reason="r")
    narrow = Suppression(where="x", id="never-matches", reason="r", repository="prod/*", rule=2)

    assert everywhere.matches("never-matches", None, 7)
    assert not everywhere.matches("shadowed-rule", None, 7)
    assert narrow.matches("never-matches", "prod/api", 2)
    assert not narrow.matches("never-matches", "prod/api", 3)
    assert not narrow.matches("never-matches", "dev/api", 2)
    assert not narrow.matches("never-matches", None, 2)


def test_a_suppression_applies_on_its_last_day() -> None:
    last = Suppression(where="x", id="never-matches", reason="r", expires=date(2027, 1, 31))

    assert [last.has_expired(day) for day in (date(2027, 1, 30), date(2027, 1, 31), date(2027, 2, 1))] == [
        False,
        False,
        True,
    ]
