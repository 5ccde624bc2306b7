"""Safe fixes are written to policy files, and nothing else in the file changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.policy_fixes import fix_policy_file
from ecr_constructs.model import LifecyclePolicy


def rule(priority: int, **selection: Any) -> dict[str, Any]:
    description = selection.pop("description", 'a "rules": [ text, "tagStatus": "any"')
    counted = {"countType": "imageCountMoreThan", "countNumber": 5}
    return {
        "description": description,
        "rulePriority": priority,
        "selection": {**selection, **counted},
        "action": {"type": "expire"},
    }


FIRST, SHADOWED = (rule(n, tagStatus="tagged", tagPatternList=[p]) for n, p in ((1, "v*"), (2, "v1*")))
LAST = rule(9, tagStatus="any", description="Expire untagged images")


@pytest.mark.parametrize("rules", [[FIRST, SHADOWED, LAST], [SHADOWED, LAST, FIRST], [LAST, FIRST, SHADOWED]])
@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_only_the_fixed_rules_change(tmp_path: Path, rules: list[Any], indent: Any) -> None:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({"rules": rules}, indent=indent) + "\n", encoding="utf-8")
    path.chmod(0o640)
    fixes = fix_policy_file(str(path))

    after = [
        each if each is not LAST else rule(9, tagStatus="untagged", description="Expire untagged images")
        for each in rules
    ]
    after = [each for each in after if each is not SHADOWED]
    assert path.read_text(encoding="utf-8") == json.dumps({"rules": after}, indent=indent) + "\n"
    assert len(fixes) == 2
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "rules: []",
        json.dumps({"rules": [FIRST]}),
        json.dumps({"rules": [SHADOWED | {"rulePriority": 0}, FIRST]}),
        json.dumps({"lifecyclePolicyText": json.dumps({"rules": [FIRST, SHADOWED]}), "repositoryName": "api"}),
    ],
)
def test_a_file_without_safe_fixes_is_not_written(tmp_path: Path, text: str) -> None:
    path = tmp_path / "policy.json"
    path.write_text(text, encoding="utf-8")

    assert fix_policy_file(str(path)) == ()
    assert path.read_text(encoding="utf-8") == text
    assert fix_policy_file(str(tmp_path)) == fix_policy_file("-") == ()


def test_a_byte_order_mark_remains(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({"rules": [FIRST, SHADOWED]}), encoding="utf-8-sig")

    assert fix_policy_file(str(path))
    assert path.read_bytes() == json.dumps({"rules": [FIRST]}).encode("utf-8-sig")


def test_the_file_behind_a_link_is_written(tmp_path: Path) -> None:
    path, link = tmp_path / "policy.json", tmp_path / "link.json"
    path.write_text(json.dumps({"rules": [FIRST, SHADOWED]}), encoding="utf-8")
    link.symlink_to(path)

    assert fix_policy_file(str(link))
    assert link.is_symlink()
    assert len(LifecyclePolicy.from_json(path.read_text(encoding="utf-8")).rules) == 1


def test_a_file_that_cannot_be_written_is_an_error_and_is_not_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({"rules": [FIRST, SHADOWED]}), encoding="utf-8")
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CommandError, match="cannot be written: no space left on device"):
        fix_policy_file(str(path))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
