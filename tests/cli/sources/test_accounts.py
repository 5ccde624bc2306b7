from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecr_constructs.cli.sources.accounts import read_accounts
from ecr_constructs.errors import EcrConstructsError

ONE, TWO = "111122223333", "012345678901"


def read(tmp_path: Path, content: object) -> tuple[str, ...]:
    path = tmp_path / "accounts"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_accounts(str(path))


@pytest.mark.parametrize(
    "content",
    [
        f"{ONE}\n{TWO}\n",
        f"\ufeff# accounts\r\n{ONE}  payments\r\n\r\n  {TWO} # shop\r\n{ONE}\r\n",
        [ONE, TWO],
        {"Accounts": [{"Id": ONE, "State": "ACTIVE"}, {"Id": TWO, "Status": "ACTIVE", "State": "ACTIVE"}]},
        {"Accounts": [{"Id": ONE}, {"Id": TWO}, {"Id": "3", "State": "CLOSED"}, {"Id": "4", "Status": "SUSPENDED"}]},
        f'{{"Accounts": [{{"Id": "{ONE}"}}]}}\n{{"Accounts": [{{"Id": "{TWO}"}}]}}',
    ],
)
def test_accounts_are_read_from_a_text_and_from_output_of_aws(tmp_path: Path, content: object) -> None:
    assert read(tmp_path, content) == (ONE, TWO)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "no active account in it; write one account ID of 12 digits a line"),
        (f"{ONE}\n12345\n", "line 2: '12345' is not an account ID; write one account ID"),
        ("arn:aws:iam::111122223333:root", "line 1: 'arn:aws:iam::111122223333:root' is not an account ID"),
        ("١١١١٢٢٢٢٣٣٣٣", "is not an account ID"),
        ([int(ONE)], "Accounts[0]: 111122223333 is not an account ID"),
        ({"Accounts": [{"Name": "x"}]}, "Accounts[0].Id: None is not an account ID"),
        ({"Accounts": [{"Id": ONE, "State": "SUSPENDED"}]}, "no active account in it"),
        ({"Accounts": ONE}, "it has no list of accounts"),
        ("{", "not JSON"),
    ],
)
def test_a_file_without_accounts_is_rejected(tmp_path: Path, content: object, problem: str) -> None:
    with pytest.raises(EcrConstructsError) as caught:
        read(tmp_path, content)

    assert problem in str(caught.value)
    assert caught.value.path == str(tmp_path / "accounts")


@pytest.mark.parametrize(("name", "problem"), [("missing", "no such file"), (".", "this is a folder")])
def test_a_path_that_is_no_file_is_rejected(
    name: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EcrConstructsError, match=problem):
        read_accounts(name)
