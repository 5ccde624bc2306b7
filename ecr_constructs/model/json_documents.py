"""JSON documents in files that users write."""

from __future__ import annotations

import json
from pathlib import Path

from ecr_constructs.errors import EcrConstructsError, expect, json_problem

__all__ = ["read_json_file"]


def read_json_file(path: str | Path, example: str) -> object:
    """
    Return the document in a JSON file.

    Args:
        path: The file.
        example: A path, as it is written in Python, for the error.

    Raises:
        EcrConstructsError: If the file cannot be read, or is not JSON.
        TypeError: If the path is neither a string nor a `Path`.

    """
    expect("path", path, (str, Path), example)
    try:
        # A pipe or a device has no end.
        if not Path(path).is_file():
            raise EcrConstructsError(["no such file; write the path of a JSON file"], path=str(path))
        document: object = json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise EcrConstructsError([f"not JSON: {json_problem(error)}; correct it"], path=str(path)) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise EcrConstructsError([f"cannot be read: {reason}; change its permissions"], path=str(path)) from None
    return document
