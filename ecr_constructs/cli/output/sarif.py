"""
Findings as a SARIF 2.1.0 document, which GitHub code scanning and other programs read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from inspect import cleandoc
from pathlib import Path
from typing import Any
from urllib.parse import quote

__all__ = ["SarifResult", "SarifRule", "render_sarif"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


@dataclass(frozen=True, kw_only=True, slots=True)
class SarifRule:
    """
    A kind of finding.

    Attributes:
        id: The ID.
        severity: `error`, `warning` or `info`.
        summary: The fact in general, as one sentence.
        help: The fix. Default: none.

    """

    id: str
    severity: str
    summary: str
    help: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SarifResult:
    """
    A finding.

    Attributes:
        rule_id: The ID of its kind.
        severity: `error`, `warning` or `info`.
        message: The fact and the fix.
        place: The place without a file: the path of a construct, or a stack and a logical ID.
        path: The file that a developer changes. Default: none.
        line: The line in the file. Default: 1.
        part: The part of the place, such as the priority of a rule. Default: the whole place.

    """

    rule_id: str
    severity: str
    message: str
    place: str
    path: str | None = None
    line: int = 1
    part: str = ""


def render_sarif(rules: Iterable[SarifRule], results: Sequence[SarifResult]) -> str:
    """
    Return findings as a SARIF document.

    Args:
        rules: The kinds of all results.
        results: The findings.

    Returns:
        The text. The fingerprint of a result depends on its ID, its place and its part, and not on its line or its
        wording. A code scanner therefore recognizes it in the next run.

    """
    from importlib import metadata

    kinds = list(rules)
    driver = {
        "name": "ecr-constructs",
        "version": metadata.version("ecr-constructs"),
        "rules": [_rule(each) for each in kinds],
    }
    indexes = {each.id: index for index, each in enumerate(kinds)}
    seen: Counter[tuple[str, str, str]] = Counter()
    rendered = []
    for result in results:
        key = (result.rule_id, result.place, result.part)
        rendered.append(_result(result, indexes[result.rule_id], _fingerprint(*key, seen[key])))
        seen[key] += 1
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": rendered}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: SarifRule) -> Mapping[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        **({"help": {"text": cleandoc(rule.help), "markdown": cleandoc(rule.help)}} if rule.help else {}),
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(result: SarifResult, rule_index: int, fingerprint: str) -> Mapping[str, Any]:
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": result.place}]}
    if result.path is not None:
        # GitHub displays results with a file only.
        location["physicalLocation"] = {
            "artifactLocation": {"uri": _uri(result.path)},
            "region": {"startLine": result.line},
        }
    return {
        "ruleId": result.rule_id,
        "ruleIndex": rule_index,
        "level": _LEVELS[result.severity],
        "message": {"text": result.message},
        "locations": [location],
        "partialFingerprints": {"ecrConstructs/v1": fingerprint},
    }


def _fingerprint(rule_id: str, place: str, part: str, number: int) -> str:
    return hashlib.sha256("\n".join((rule_id, place, part, str(number))).encode(errors="backslashreplace")).hexdigest()


def _uri(path: str) -> str:
    """Return a file as a URI: relative to the current folder if it is in it."""
    absolute = Path(path).absolute()
    if not absolute.is_relative_to(Path.cwd()):
        return absolute.as_uri()
    return quote(absolute.relative_to(Path.cwd()).as_posix())
