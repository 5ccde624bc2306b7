"""
Findings as a SARIF document, which code scanning of GitHub and other programs read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["SarifResult", "SarifRule", "render_sarif"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


@dataclass(frozen=True, kw_only=True, slots=True)
class SarifRule:
    """
    A kind of finding.

    Attributes:
        id: The id.
        severity: `error`, `warning` or `info`.
        summary: The fact in general, as one sentence.

    """

    id: str
    severity: str
    summary: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SarifResult:
    """
    A finding.

    Attributes:
        rule_id: The id of its kind.
        severity: `error`, `warning` or `info`.
        message: The fact and the fix.
        place: The place without a file, such as a stack and a logical id.
        path: The file. Default: none.

    """

    rule_id: str
    severity: str
    message: str
    place: str
    path: str | None = None


def render_sarif(rules: Iterable[SarifRule], results: Sequence[SarifResult]) -> str:
    """
    Return findings as a SARIF document.

    Args:
        rules: The kinds of all results.
        results: The findings.

    """
    from importlib import metadata

    driver = {
        "name": "ecr-constructs",
        "version": metadata.version("ecr-constructs"),
        "rules": [_rule(each) for each in rules],
    }
    run = {"tool": {"driver": driver}, "results": [_result(each) for each in results]}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: SarifRule) -> Mapping[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(result: SarifResult) -> Mapping[str, Any]:
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": result.place}]}
    if result.path is not None:
        # GitHub displays results of files only, and a template has no line for a resource.
        location["physicalLocation"] = {
            "artifactLocation": {"uri": _uri(result.path)},
            "region": {"startLine": 1},
        }
    fingerprint = hashlib.sha256(f"{result.rule_id}\n{result.place}\n{result.message}".encode()).hexdigest()
    return {
        "ruleId": result.rule_id,
        "level": _LEVELS[result.severity],
        "message": {"text": result.message},
        "locations": [location],
        "partialFingerprints": {"ecrConstructs/v1": fingerprint},
    }


def _uri(path: str) -> str:
    """Return a file as a URI: relative to the current folder if it is in it."""
    absolute = Path(path).absolute()
    if not absolute.is_relative_to(Path.cwd()):
        return absolute.as_uri()
    from urllib.parse import quote

    return quote(absolute.relative_to(Path.cwd()).as_posix())
