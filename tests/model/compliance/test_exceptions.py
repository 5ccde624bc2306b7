"""Exceptions from compliance rules, and the file that has them."""

from __future__ import annotations

import json
import pickle
from datetime import date, datetime, timezone
from pathlib import Path

import pytest

from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model import RuleException, read_rule_exceptions

ENTRY = {
    "resource": "Containers/Base",
    "rule": "tags-immutable",
    "reason": "the build uses latest",
    "owner": "team-images",
    "expires": "2027-06-30",
}


def test_an_exception_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "exceptions.json"
    file.write_text(json.dumps([ENTRY]), encoding="utf-8")

    (read,) = read_rule_exceptions(file)

    assert read == RuleException(**{**ENTRY, "expires": date(2027, 6, 30)})  # type: ignore[arg-type]
    assert pickle.loads(pickle.dumps(read)) == read


def test_the_last_day_is_part_of_the_exception() -> None:
    exception = RuleException(**{**ENTRY, "expires": date(2027, 6, 30)})  # type: ignore[arg-type]

    assert not exception.is_expired(date(2027, 6, 30))
    assert exception.is_expired(date(2027, 7, 1))


def test_a_file_has_every_problem_in_one_error(tmp_path: Path) -> None:
    file = tmp_path / "exceptions.json"
    entries = [{**ENTRY, "expires": "soon"}, {**ENTRY, "reason": " "}, {"rule": "x"}, 7]
    file.write_text(json.dumps(entries), encoding="utf-8")

    with pytest.raises(EcrConstructsError) as error:
        read_rule_exceptions(file)

    assert [problem[:4] for problem in error.value.problems] == ["[0]:", "[1]:", "[2]:", "[3]:"]


@pytest.mark.parametrize("text", ["{", "{}"])
def test_a_file_without_a_list_is_rejected(text: str, tmp_path: Path) -> None:
    file = tmp_path / "exceptions.json"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(EcrConstructsError, match=r"not JSON|not a list"):
        read_rule_exceptions(file)


def test_the_last_day_has_no_time() -> None:
    # A date and a time cannot be compared with the current day.
    with pytest.raises(EcrConstructsError, match="write the last day"):
        RuleException(**{**ENTRY, "expires": datetime(2027, 6, 30, tzinfo=timezone.utc)})  # type: ignore[arg-type]
