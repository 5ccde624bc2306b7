"""JSON documents in files that users write."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from ecr_constructs.errors import EcrConstructsError, expect, json_problem

__all__ = ["read_json_file"]


def read_json_file(path: str | Path, example: str, *, fix: str = "write the path of a JSON file") -> object:
    """
    Return the document in a JSON file.

    Args:
        path: The file.
        example: A path, as it is written in Python, for the error.
        fix: The fix in the error if there is no file. Default: another path.

    Raises:
        EcrConstructsError: If the file cannot be read, is not JSON, or has a member twice in one object.
        TypeError: If the path is neither a string nor a `Path`.

    """
    expect("path", path, (str, Path), example)
    try:
        return json.loads(_text_of_file(Path(path), fix), object_pairs_hook=_unique)
    except EcrConstructsError as error:
        problems = error.problems
    except (ValueError, RecursionError) as error:
        problems = (f"not JSON: {json_problem(error)}; correct it",)
    except OSError as error:
        problems = (f"cannot be read: {(error.strerror or str(error)).lower()}; correct the path or its permissions",)
    raise EcrConstructsError(problems, path=str(path))


def _text_of_file(path: Path, fix: str) -> str:
    # A pipe or a device has no end.
    if not path.is_file():
        raise EcrConstructsError([f"no such file; {fix}"])
    return path.read_text(encoding="utf-8")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object. A merge of two branches can leave a duplicate member, of which JSON readers use the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise EcrConstructsError(
            [f"{name!r} is there twice; remove one" for name, count in counts.items() if count > 1]
        )
    return found
