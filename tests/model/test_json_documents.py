"""All functions that read a JSON file reject the same files, with the path."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from ecr_constructs import read_accepted_findings, read_image_pins, read_openvex
from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model.compliance.exceptions import read_rule_exceptions

READERS: list[Callable[[Path], object]] = [
    read_accepted_findings,
    read_rule_exceptions,
    read_image_pins,
    partial(read_openvex, expires=date(2030, 1, 1)),
]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"version": 1, "version": 1}', "'version' is there twice; remove one"),
        (None, "no such file"),
    ],
)
def test_a_file_without_a_json_document_is_rejected(
    read: Callable[[Path], object], content: bytes | None, problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "document.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EcrConstructsError) as refused:
        read(path)

    assert problem in refused.value.problems[0]
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("name", ["a" * 600, "a/" * 5_000, "a\0b", "."])
def test_a_path_that_no_file_can_have_is_rejected(read: Callable[[Path], object], name: str) -> None:
    with pytest.raises(EcrConstructsError, match=r"no such file|file name too long"):
        read(Path(name))
