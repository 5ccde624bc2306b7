"""The file, the line and the construct of a policy: the location that a developer changes."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.json_files import STANDARD_INPUT, path_of
from ecr_constructs.cli.sources.policies import read_stacks

__all__ = ["SourceLocation", "SourceLocations"]

_CDK_JSON = "cdk.json"
_MAXIMUM_BYTES = 33_554_432


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceLocation:
    """
    The location of a policy.

    Attributes:
        path: The file that a developer changes, or None for standard input.
        line: The line in the file. 1 if it is not known.
        construct: The path of the construct in a CDK app, or the place of the policy.

    """

    path: str | None
    line: int
    construct: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceLocations:
    """
    The locations of the policies of a source.

    The policies of a folder that `cdk synth` wrote come from the entry file of the app, which `cdk.json` in the current
    folder names. Without it, they come from the template. The policies of another folder come from the files in it.

    Args:
        source: A file, a folder, or `-` for standard input.

    """

    source: str
    _text: str = field(init=False, repr=False)
    _constructs: Mapping[str, tuple[str, str]] = field(init=False, repr=False)
    _entry: str | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Read the source once."""
        is_folder = path_of(self.source).is_dir()
        object.__setattr__(self, "_text", "" if is_folder else _text_of(self.source))
        object.__setattr__(self, "_constructs", _constructs_of(self.source) if is_folder else {})
        object.__setattr__(self, "_entry", _entry_file() if is_folder else None)

    def locate(self, where: str, rule_priority: int | None) -> SourceLocation:
        """
        Return the location of a policy, or of one of its rules.

        Args:
            where: The place of the policy, as `Policy.where`.
            rule_priority: The priority of the rule. Default: the whole policy.

        """
        if where in self._constructs:
            construct, template = self._constructs[where]
            return SourceLocation(path=self._entry or template, line=1, construct=construct)
        file = where.partition(": ")[0]
        if file != self.source and _is_in(file, self.source):
            return SourceLocation(path=file, line=_line(_text_of(file), where, rule_priority), construct=where)
        path = None if self.source == STANDARD_INPUT else self.source
        return SourceLocation(path=path, line=_line(self._text, where, rule_priority), construct=where)

    def locate_resource(self, stack: str | None, logical_id: str | None) -> SourceLocation:
        """
        Return the location of a resource, also if the source no longer has it.

        Args:
            stack: The name of its stack. None for the whole source.
            logical_id: Its logical ID. None for the whole stack.

        """
        place = "/".join(filter(None, (stack, logical_id)))
        if f"{self.source}: {place}" in self._constructs:
            return self.locate(f"{self.source}: {place}", None)
        if self._constructs or path_of(self.source).is_dir():
            return SourceLocation(path=self._entry, line=1, construct=place)
        return replace(self.locate(f"{self.source}: {logical_id}", None), construct=place)


def _is_in(file: str, folder: str) -> bool:
    """Return whether a text is a file in a folder."""
    return Path(folder) in Path(file).parents and Path(file).is_file()


def _line(text: str, where: str, rule_priority: int | None) -> int:
    """Return the line of a rule in a policy file, or of a resource in a template."""
    logical_id = where.rpartition(": ")[2]
    patterns = [rf'^\s*"?{re.escape(logical_id)}"?\s*:'] if logical_id != where else []
    patterns += [rf'"rulePriority"\s*:\s*{rule_priority}\b'] if rule_priority is not None else []
    for pattern in patterns:
        if match := re.search(pattern, text, re.MULTILINE):
            return text.count("\n", 0, match.end()) + 1
    return 1


def _text_of(source: str) -> str:
    path = Path(source)
    if source == STANDARD_INPUT or not path.is_file() or path.stat().st_size > _MAXIMUM_BYTES:
        return ""
    return path.read_text(encoding="utf-8", errors="replace")


def _constructs_of(source: str) -> dict[str, tuple[str, str]]:
    """Return the path of the construct and the template of each resource, by its place."""
    found = {}
    try:
        stacks = read_stacks(source)
    except CommandError:  # a folder of policy files alone
        return {}
    for stack in stacks:
        resources: Mapping[str, Any] = stack.template.get("Resources") or {}
        for logical_id, resource in resources.items():
            metadata = resource.get("Metadata") if isinstance(resource, Mapping) else None
            path = metadata.get("aws:cdk:path") if isinstance(metadata, Mapping) else None
            place = f"{source}: {stack.name}/{logical_id}"
            # The last part is the L1 construct, which a developer does not write.
            construct = path.removesuffix("/Resource") if isinstance(path, str) else f"{stack.name}/{logical_id}"
            found[place] = (construct, str(stack.template_path))
    return found


def _entry_file() -> str | None:
    """Return the file in the command of the app in cdk.json, or None if there is none."""
    try:
        settings = json.loads(Path(_CDK_JSON).read_text(encoding="utf-8"))
        command = settings.get("app") if isinstance(settings, dict) else None
        words = shlex.split(command) if isinstance(command, str) else []
    except (OSError, ValueError):
        return None
    return next((word for word in words if Path(word).is_file()), None)
