"""The templates of a state: a cloud assembly, a template, output of `aws cloudformation get-template`, or a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ecr_constructs.assembly import read_assembly
from ecr_constructs.assembly.files import MAXIMUM_BYTES, read_file
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.json_files import STANDARD_INPUT, decode, parse, path_of, read_input
from ecr_constructs.model.changes.state import StackTemplate
from ecr_constructs.model.template_syntax import mapping

__all__ = ["aligned", "read_template", "read_templates"]

_SUFFIXES = (".json", ".yaml", ".yml", ".template")
# Files of a folder with templates that are not templates.
_NOT_TEMPLATES = (".assets.json", ".metadata.json")


def read_templates(source: str) -> tuple[StackTemplate, ...]:
    """
    Return the templates of a source.

    Args:
        source: A folder that `cdk synth` wrote, a folder of templates, a template, the output of
            `aws cloudformation get-template`, or `-` for standard input. The stack of a template that is not in a
            cloud assembly has the name of the file: `Containers` for `Containers.template.json`.

    Raises:
        CommandError: if there is no template, or if a file is not one.

    """
    if source == STANDARD_INPUT or not path_of(source).is_dir():
        return (_read_file(source),)
    if (path_of(source) / "manifest.json").exists():
        return tuple(
            StackTemplate(
                stack=each.name,
                template=each.template,
                environment=each.environment,
                path=str(each.template_path),
            )
            for each in read_assembly(Path(source))
        )
    return _read_folder(source)


def aligned(
    old: Sequence[StackTemplate], new: Sequence[StackTemplate]
) -> tuple[tuple[StackTemplate, ...], tuple[StackTemplate, ...]]:
    """
    Return the templates of two states with equal stack names and environments for the same stack.

    The only template of one state is that of the only stack of the other state, whatever their names are. If only one
    state has several stacks, those of other names are left out.

    Args:
        old: The deployed templates.
        new: The templates of the update.

    Raises:
        CommandError: if one state is a single template, and the other state has no stack of its name.

    """
    if len(old) == 1 and len(new) == 1:
        old = [replace(old[0], stack=new[0].stack)]
    old, new = _of_same_stack(old, new), _of_same_stack(new, old)
    environments = {each.stack: each.environment for each in (*new, *old) if each.environment}
    return tuple(_placed(old, environments)), tuple(_placed(new, environments))


def _of_same_stack(templates: Sequence[StackTemplate], others: Sequence[StackTemplate]) -> Sequence[StackTemplate]:
    """Return the templates of the stack of a single other template, and of its nested stacks; otherwise all of them."""
    if len(others) != 1 or len(templates) == 1:
        return templates
    stack = others[0].stack
    found = [each for each in templates if each.stack == stack or each.stack.startswith(f"{stack}/")]
    if not found:
        names = ", ".join(sorted(each.stack for each in templates)[:5])
        message = f"none of the stacks {names} is {stack}; name the file after its stack: Containers.template.json"
        raise CommandError([message], path=others[0].path or "")
    return found


def _placed(templates: Sequence[StackTemplate], environments: Mapping[str, str | None]) -> Iterator[StackTemplate]:
    for each in templates:
        yield each if each.environment else replace(each, environment=environments.get(each.stack))


def _read_file(source: str) -> StackTemplate:
    where = "standard input" if source == STANDARD_INPUT else source
    try:
        content = read_input(source, maximum=MAXIMUM_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        message = "no such file or folder; give a template, or a folder that 'cdk synth' wrote"
        raise CommandError([message], path=source) from None
    return read_template(_document(content, where), source)


def read_template(document: object, source: str) -> StackTemplate:
    """
    Return the template in a document.

    Args:
        document: The parsed document: a template, or the output of `aws cloudformation get-template`.
        source: The file with the document, or `-` for standard input.

    Raises:
        CommandError: if it is not a template.

    """
    where = "standard input" if source == STANDARD_INPUT else source
    template = _template(document)
    if template is None:
        raise CommandError(["not a CloudFormation template: it has no Resources; give a template"], path=where)
    name = "template" if source == STANDARD_INPUT else _stack_name(Path(Path(source).name))
    return StackTemplate(stack=name, template=template, path=None if source == STANDARD_INPUT else source)


def _read_folder(source: str) -> tuple[StackTemplate, ...]:
    found: dict[str, StackTemplate] = {}
    for path in sorted(path_of(source).rglob("*")):
        if path.name.endswith(_NOT_TEMPLATES) or path.suffix not in _SUFFIXES or path.is_dir():
            continue
        template = _template(_document(read_file(path, inside=Path(source), maximum=MAXIMUM_BYTES), str(path)))
        if template is None:
            continue
        name = _stack_name(path.relative_to(source))
        if name in found:
            message = f"{found[name].path} and {path} are templates of one stack, {name}; remove one of them"
            raise CommandError([message], path=source)
        found[name] = StackTemplate(stack=name, template=template, path=str(path))
    if not found:
        message = "no template in this folder; give a folder that 'cdk synth' wrote, or templates as JSON or YAML"
        raise CommandError([message], path=source)
    return tuple(found.values())


def _document(content: bytes, where: str) -> object:
    return parse(decode(content, where=where), where=where)


def _template(document: object) -> Mapping[str, object] | None:
    """Return the template in a document. `aws cloudformation get-template` prints it in `TemplateBody`."""
    if isinstance(document, Mapping) and "TemplateBody" in document:
        body = document["TemplateBody"]
        document = parse(body, where="TemplateBody") if isinstance(body, str) else body
    is_template = isinstance(document, Mapping) and isinstance(document.get("Resources"), Mapping)
    return mapping(_as_json(document)) if is_template else None


def _as_json(value: object) -> object:
    """Return a value with `Fn::GetAtt` as JSON has it. In YAML it can be the text `Key.Arn`."""
    if isinstance(value, Mapping):
        argument = value.get("Fn::GetAtt")
        if len(value) == 1 and isinstance(argument, str):
            return {"Fn::GetAtt": argument.split(".", 1)}
        return {name: _as_json(each) for name, each in value.items()}
    return [_as_json(each) for each in value] if isinstance(value, list) else value


def _stack_name(path: Path) -> str:
    """Return the name of a stack after its file, without the extensions of templates."""
    name = path.as_posix()
    for suffix in (*_SUFFIXES, ".template"):
        name = name.removesuffix(suffix)
    return name
