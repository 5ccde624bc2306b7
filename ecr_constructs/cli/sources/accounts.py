"""The accounts of a preview, in a list or in the output of `aws organizations list-accounts`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ecr_constructs.assembly.files import MAXIMUM_BYTES
from ecr_constructs.cli.errors import MOST_LINES, CommandError
from ecr_constructs.cli.formatting import truncate
from ecr_constructs.cli.sources.json_files import decode, parse_documents, read_input
from ecr_constructs.model.validation import abbreviate

__all__ = ["is_active", "read_accounts"]

_ACCOUNT_ID = re.compile(r"\d{12}", re.ASCII)
_ACTIVE = "ACTIVE"
_EXAMPLE = "write one account ID of 12 digits a line, or give the output of 'aws organizations list-accounts'"


def read_accounts(source: str) -> tuple[str, ...]:
    """
    Return the account IDs in a file, each once, in their order.

    Args:
        source: A text with an account ID in each line, JSON with a list of account IDs, the output of `aws
            organizations list-accounts`, of which suspended and closed accounts are skipped, or `-` for standard input.
            In a text, everything behind the account ID and behind `#` is a comment.

    Raises:
        CommandError: If the file has no account, or something else.

    """
    where = "standard input" if source == "-" else source
    try:
        text = decode(read_input(source, maximum=MAXIMUM_BYTES), where)
    except (FileNotFoundError, NotADirectoryError):
        raise CommandError([f"no such file; {_EXAMPLE}"], path=source) from None
    except IsADirectoryError:
        raise CommandError([f"this is a folder; {_EXAMPLE}"], path=source) from None
    entries = list(_of_json(text, where) if text.lstrip().startswith(("{", "[")) else _of_lines(text))
    problems = [
        f"{place}: {abbreviate(each)} is not an account ID; {_EXAMPLE}"
        for place, each in entries
        if not isinstance(each, str) or not _ACCOUNT_ID.fullmatch(each)
    ]
    if problems or not entries:
        raise CommandError(truncate(problems, MOST_LINES) or [f"no active account in it; {_EXAMPLE}"], path=where)
    return tuple(dict.fromkeys(str(each) for _, each in entries))


def is_active(account: Mapping[str, Any]) -> bool:
    """
    Return whether an account of an organization is active.

    AWS retires `Status` in favor of `State`.
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html

    Args:
        account: The account, as `ListAccounts` returns it. One without a state counts as active.

    """
    return bool((account.get("State") or account.get("Status") or _ACTIVE) == _ACTIVE)


def _of_lines(text: str) -> Iterator[tuple[str, object]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if words := line.partition("#")[0].split():
            yield f"line {number}", words[0]


def _of_json(text: str, where: str) -> Iterator[tuple[str, object]]:
    for document, _ in parse_documents(text, where):
        accounts = document.get("Accounts") if isinstance(document, Mapping) else document
        if not isinstance(accounts, Sequence) or isinstance(accounts, str):
            raise CommandError([f"it has no list of accounts; {_EXAMPLE}"], path=where)
        for index, each in enumerate(accounts):
            if not isinstance(each, Mapping):
                yield f"Accounts[{index}]", each
            elif is_active(each):
                yield f"Accounts[{index}].Id", each.get("Id")
