"""Safe fixes of findings, written to a policy file."""

from __future__ import annotations

import json
import os
import re
import shutil
from codecs import BOM_UTF8
from pathlib import Path
from typing import NamedTuple

from ecr_constructs.assembly.files import MAXIMUM_BYTES
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.json_files import STANDARD_INPUT, path_of, read_input
from ecr_constructs.cli.sources.policies import parse_policy
from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model.lifecycle.safe_fixes import SafeFix, fixed_policy

__all__ = ["fix_policy_file"]


def fix_policy_file(source: str) -> tuple[SafeFix, ...]:
    """
    Write the safe fixes of a policy to its file, and return them. The rest of the text is not changed.

    Args:
        source: The source. Only a file with a JSON policy is written; of other sources nothing is fixed.

    Raises:
        CommandError: If the file cannot be written.
        OSError: If it cannot be read.

    """
    path = path_of(source)
    if source == STANDARD_INPUT or not path.is_file():
        return ()
    try:
        content = read_input(source, maximum=MAXIMUM_BYTES)
        text = content.removeprefix(BOM_UTF8).decode()
        fixed, fixes = fixed_policy(parse_policy(text))
    except (ValueError, EcrConstructsError):
        return ()  # the problems of an invalid policy are reported elsewhere
    for fix in fixes:
        text = _applied(text, fix)
    if not fixes or parse_policy(text) != fixed:
        return ()
    _write(path, text, encoding="utf-8-sig" if content.startswith(BOM_UTF8) else "utf-8")
    return fixes


def _applied(text: str, fix: SafeFix) -> str:
    """Return the text of a policy in which a rule is removed, or selects untagged images."""
    rules = _rules(text)
    index = next(i for i, each in enumerate(rules) if each.priority == fix.rule.rule_priority)
    start, end = rules[index].start, rules[index].end
    if fix.replacement is not None:
        return text[:start] + _ANY.sub(r'\1"untagged"', text[start:end], count=1) + text[end:]
    if index + 1 < len(rules):
        return text[:start] + text[rules[index + 1].start :]
    return text[: rules[index - 1].end] + text[end:]


# A policy has no other key on this level. In a text, a quotation mark has a backslash before it.
_LIST = re.compile(r'"rules"\s*:\s*\[')
_ANY = re.compile(r'("tagStatus"\s*:\s*)"any"')
_BETWEEN = re.compile(r"[\s,]*")


class _RuleText(NamedTuple):
    """The place of a rule in the text of a policy."""

    priority: int
    start: int
    end: int


def _rules(text: str) -> list[_RuleText]:
    decoder, found = json.JSONDecoder(), list[_RuleText]()
    opened = _LIST.search(text)
    at = len(text) if opened is None else opened.end()
    while (start := _BETWEEN.match(text, at).end()) < len(text) and text[start] == "{":  # type: ignore[union-attr]  # it also matches no text
        rule, at = decoder.raw_decode(text, start)
        found.append(_RuleText(rule["rulePriority"], start, at))
    return found


def _write(path: Path, text: str, *, encoding: str) -> None:
    """Replace the content of a file atomically. After an interruption it has the old or the new content."""
    target = path.resolve()
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding=encoding, newline="")
        shutil.copymode(target, temporary)
        temporary.replace(target)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CommandError(
            [f"cannot be written: {reason}; run without --fix, or change its permissions"], path=str(path)
        ) from None
    finally:
        temporary.unlink(missing_ok=True)
