"""The templates of a cloud assembly, including those of nested assemblies and nested stacks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ecr_constructs.assembly.files import read_object
from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model.template_syntax import mapping
from ecr_constructs.model.validation import abbreviate

__all__ = ["resources_of", "templates_of"]

_WORD = re.compile(r"\w+")
# Nested stacks that refer to each other would never end.
_MAXIMUM_STACKS, _MAXIMUM_DEPTH = 10_000, 50
_NamedTemplate = tuple[str, Path, Mapping[str, Any], "str | None"]
# The environment of a stack without a fixed account or Region contains `unknown-account` or `unknown-region`.
_ENVIRONMENT = re.compile(r"aws://(\d{12}/[a-z0-9-]+-\d)")


def templates_of(directory: Path) -> tuple[_NamedTemplate, ...]:
    """
    Return the name of each stack of an assembly, the path of its template, its template, and its environment.

    Args:
        directory: The directory of the assembly.

    Raises:
        OSError: If a file cannot be read.
        EcrConstructsError: If a file is not in the CDK's format, or is outside the directory.

    """
    try:
        return tuple(_Assembly(directory).templates(directory))
    except (AttributeError, KeyError, TypeError) as error:
        why = abbreviate(error)
    except RecursionError:
        why = "assemblies are nested too deeply"
    except _TooMany as error:
        why = str(error)
    message = f"not a cloud assembly of the CDK ({why}); synthesize again"
    raise EcrConstructsError([message], path=str(directory))


def resources_of(template: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """
    Yield the resources that the template declares. Those that `Fn::ForEach` creates at deployment are not included.

    Args:
        template: A CloudFormation template.

    """
    for logical_id, resource in mapping(template.get("Resources")).items():
        if isinstance(resource, Mapping) and isinstance(resource.get("Type"), str):
            yield logical_id, resource


class _TooMany(Exception):
    """The error of an assembly that exceeds a limit. The text names the limit."""


class _Assembly:
    """The files of an assembly. Each file is read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._documents: dict[Path, Mapping[str, Any]] = {}
        self._directories: set[Path] = set()
        self._count = 0

    def templates(self, directory: Path) -> Iterator[_NamedTemplate]:
        """Yield the templates of the assembly in a directory, and of its nested assemblies."""
        manifest = self._read(directory / "manifest.json")
        if directory.resolve() in self._directories:
            raise _TooMany(f"it contains {abbreviate(str(directory))} twice")
        self._directories.add(directory.resolve())
        assets = dict(self._assets(directory))
        for artifact_id, artifact in mapping(manifest.get("artifacts")).items():
            properties = artifact.get("properties", {})
            if artifact.get("type") == "aws:cloudformation:stack":
                name = _require_text(properties.get("stackName", artifact_id))
                environment = _environment(artifact.get("environment"))
                yield from self._of_stack(name, directory / properties["templateFile"], assets, environment)
            elif artifact.get("type") == "cdk:cloud-assembly":
                yield from self.templates(directory / properties["directoryName"])

    def _assets(self, directory: Path) -> Iterator[tuple[str, str]]:
        """Yield hash and path of each file asset. The templates of nested stacks are file assets."""
        for path in sorted(directory.glob("*.assets.json")):
            for file_hash, file in mapping(self._read(path).get("files")).items():
                yield file_hash, file["source"].get("path", "")

    def _of_stack(
        self, name: str, path: Path, assets: Mapping[str, str], environment: str | None, depth: int = 0
    ) -> Iterator[_NamedTemplate]:
        """Yield the template of a stack, and those of its nested stacks."""
        self._count += 1
        if self._count > _MAXIMUM_STACKS or depth > _MAXIMUM_DEPTH:
            raise _TooMany(f"more than {_MAXIMUM_STACKS:,} stacks, or stacks nested {_MAXIMUM_DEPTH} levels deep")
        template = self._read(path)
        yield name, path, template, environment
        for logical_id, resource in resources_of(template):
            if resource["Type"] == "AWS::CloudFormation::Stack":
                url = json.dumps(mapping(resource.get("Properties")).get("TemplateURL"))
                for file in [assets[word] for word in dict.fromkeys(_WORD.findall(url)) if word in assets]:
                    nested = f"{name}/{logical_id}"
                    yield from self._of_stack(nested, path.parent / file, assets, environment, depth + 1)

    def _read(self, path: Path) -> Mapping[str, Any]:
        if path not in self._documents:
            self._documents[path] = read_object(path, inside=self._root)
        return self._documents[path]


def _require_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{abbreviate(value)} is not a text")
    return value


def _environment(value: object) -> str | None:
    """Return the account and Region of a stack, such as `111122223333/eu-west-1`, if both are known."""
    found = _ENVIRONMENT.fullmatch(value) if isinstance(value, str) else None
    return found.group(1) if found else None
