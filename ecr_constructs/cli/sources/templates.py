"""The CloudFormation templates of a source: a template with its nested templates, and those of a cloud assembly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecr_constructs.assembly import read_assembly
from ecr_constructs.assembly.files import MAXIMUM_BYTES, read_file
from ecr_constructs.assembly.manifests import resources_of
from ecr_constructs.assembly.template_values import TemplateValues
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.json_files import decode, parse, path_of
from ecr_constructs.model.template_syntax import mapping

__all__ = ["SourceTemplate", "assembly_templates", "is_assembly", "is_template", "with_nested"]

# The property with the path of a nested template. SAM and `aws cloudformation package` accept a local path.
_NESTED = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
_MAXIMUM_DEPTH = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceTemplate:
    """
    A template and its place.

    Attributes:
        template: The template.
        before: The place, before the logical ID of a resource.
        stack: The name of the stack, or None if it is not known.
        file: The file with the template, if it is one of several.
        given: The values of the parameters of a nested template, from its parent.
        assumed: The conditions and defaults that these values depend on, in words.

    """

    template: Mapping[str, Any]
    before: str
    stack: str | None = None
    file: str | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    assumed: str = ""

    @property
    def name(self) -> str:
        """The readable name: the name of the stack, or the place."""
        return self.stack or self.before.rstrip(": /")


def is_template(document: object) -> bool:
    """
    Return whether a document is a CloudFormation template.

    Args:
        document: The parsed document.

    """
    return isinstance(document, Mapping) and isinstance(document.get("Resources"), Mapping)


def is_assembly(source: str) -> bool:
    """
    Return whether a folder has a manifest.

    Args:
        source: The folder.

    Raises:
        OSError: If the folder cannot be read.

    """
    try:
        (path_of(source) / "manifest.json").stat()
    except (FileNotFoundError, NotADirectoryError, UnicodeError):
        return False
    return True


def assembly_templates(source: str) -> Iterator[SourceTemplate]:
    """
    Yield the templates of a cloud assembly.

    Args:
        source: A folder that `cdk synth` wrote.

    """
    for stack in read_assembly(Path(source)):
        yield SourceTemplate(
            template=stack.template,
            before=f"{source}: {stack.name}/",
            stack=stack.name,
            file=str(stack.template_path),
        )


def with_nested(
    root: SourceTemplate, path: Path, *, inside: Path, parents: Sequence[Path] = ()
) -> Iterator[SourceTemplate]:
    """
    Yield a template and the local templates of its nested stacks and applications.

    Args:
        root: The template.
        path: Its file.
        inside: The folder that must contain the files.
        parents: The files of the templates around it.

    Raises:
        CommandError: If a template contains itself, or if its file is missing.

    """
    yield root
    if path.resolve() in parents or len(parents) > _MAXIMUM_DEPTH:
        raise CommandError(
            [f"a nested template that contains itself, or that is nested {_MAXIMUM_DEPTH} levels deep"], path=str(path)
        )
    for logical_id, resource in resources_of(root.template):
        place = mapping(resource.get("Properties")).get(_NESTED.get(resource["Type"], ""))
        if isinstance(place, str) and "://" not in place:
            child = path.parent / place
            given, assumed = _given(root, resource)
            nested = SourceTemplate(
                template=_read_nested(child, inside, f"{root.before}{logical_id}"),
                before=f"{root.before}{logical_id}/",
                file=str(child),
                given=given,
                assumed="; ".join(filter(None, (root.assumed, assumed))),
            )
            yield from with_nested(nested, child, inside=inside, parents=(*parents, path.resolve()))


def _read_nested(path: Path, inside: Path, where: str) -> Mapping[str, Any]:
    try:
        content = read_file(path, inside=inside, maximum=MAXIMUM_BYTES)
    except FileNotFoundError:
        message = f"its template {str(path)!r} does not exist; correct the path, or build the nested template first"
        raise CommandError([message], path=where) from None
    document = parse(decode(content, str(path)), where=str(path))
    if not is_template(document):
        raise CommandError(["not a CloudFormation template ('Resources')"], path=str(path))
    return mapping(document)


def _given(root: SourceTemplate, resource: Mapping[str, Any]) -> tuple[dict[str, str], str]:
    """Return the parameters of a nested stack that its parent determines, and the conditions and defaults for them."""
    values = TemplateValues(root.template, root.given)
    written = mapping(mapping(resource.get("Properties")).get("Parameters"))
    outcomes = values.outcomes(written)
    chosen = next((each for each in outcomes if each.is_default), None)
    if chosen is None:
        return {}, ""
    known = {name: value for name, value in chosen.properties.items() if name not in chosen.unknown}
    given = {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in known.items()}
    return given, chosen.label
