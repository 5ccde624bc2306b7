"""The construct paths of the resources of a cloud assembly, which the CDK writes beside the templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ecr_constructs.assembly.files import read_object
from ecr_constructs.model.template_syntax import mapping

__all__ = ["construct_paths"]


def construct_paths(directory: Path) -> Mapping[tuple[str, str], str]:
    """
    Return the construct path of each resource, by the file name of its template and its logical ID.

    Args:
        directory: The directory of the templates. Without a manifest, there are no paths.

    Raises:
        OSError: If a file cannot be read.
        EcrConstructsError: If a file is not a JSON object, or is outside the directory.

    """
    if not (directory / "manifest.json").is_file():
        return {}
    artifacts = mapping(read_object(directory / "manifest.json", inside=directory).get("artifacts"))
    found: dict[tuple[str, str], str] = {}
    for artifact in map(mapping, artifacts.values()):
        template = mapping(artifact.get("properties")).get("templateFile")
        if isinstance(template, str):
            found |= _paths(template, _metadata(directory, artifact))
    return found


def _metadata(directory: Path, artifact: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the metadata of a stack. Newer versions of the CDK write it to a separate file."""
    file = artifact.get("additionalMetadataFile")
    outside = read_object(directory / file, inside=directory) if isinstance(file, str) else {}
    return {**mapping(artifact.get("metadata")), **outside}


def _paths(template: str, metadata: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield template and logical ID of each resource, with its path."""
    files = dict(_entries(metadata, "aws:cdk:templateFile"))
    for path, logical_id in _entries(metadata, "aws:cdk:logicalId"):
        # A resource of a nested stack is below the path of the nested stack.
        parents = (str(each) for each in PurePosixPath(path).parents)
        file = next((files[each] for each in parents if each in files), template)
        yield (Path(file).name, logical_id), path.removeprefix("/")


def _entries(metadata: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    for path, entries in metadata.items():
        for entry in map(mapping, entries if isinstance(entries, list) else ()):
            if entry.get("type") == kind and isinstance(entry.get("data"), str):
                yield path, entry["data"]
