"""The templates of a state: a cloud assembly, a template, output of `aws cloudformation get-template`, or a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ecr_constructs.assembly.files import MAXIMUM_BYTES, read_file
from ecr_constructs.assembly.stack_templates import stack_templates
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.json_files import STANDARD_INPUT, decode, parse, path_of, read_input
from ecr_constructs.cli.sources.templates import is_assembly, is_template
from ecr_constructs.model.changes.state import StackTemplate, distinct_stacks
from ecr_constructs.model.template_syntax import mapping

__all__ = ["read_both", "read_template", "read_templates"]

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
        CommandError: If there is no template, or if a file is not one.

    """
    if source == STANDARD_INPUT or not path_of(source).is_dir():
        return (_read_file(source),)
    if is_assembly(source):
        return _of_assembly(source)
    return _read_folder(source)


def read_both(old: str, new: str) -> tuple[tuple[StackTemplate, ...], tuple[StackTemplate, ...]]:
    """
    Return the templates of two sources with equal stack names and environments for the same stack.

    A source that is one template is compared with the stack of its name in the other source, and with the only stack
    of the other source whatever the names are. All stacks of two folders are compared by their names.

    Args:
        old: The source of the deployed templates.
        new: The source of the templates of the update.

    Raises:
        CommandError: If there is no template, if a file is not one, or if the other source has no stack of its name.

    """
    before: Sequence[StackTemplate] = read_templates(old)
    after: Sequence[StackTemplate] = read_templates(new)
    if _is_single(old) or _is_single(new):
        before, after = _of_one_stack(before, after, is_old=_is_single(old))
    count = len(before)
    everything = distinct_stacks((*before, *after))
    environments = {each.stack: each.environment for each in everything if each.environment}
    placed = tuple(_placed(everything, environments))
    return placed[:count], placed[count:]


def _is_single(source: str) -> bool:
    return source == STANDARD_INPUT or not path_of(source).is_dir()


def _of_one_stack(
    before: Sequence[StackTemplate], after: Sequence[StackTemplate], *, is_old: bool
) -> tuple[Sequence[StackTemplate], Sequence[StackTemplate]]:
    """Return the templates of one stack of two states, one of which is a single template."""
    if is_old:
        found = _of_stack(after, before[0])
        return [replace(before[0], stack=found[0].stack)], found
    # The templates of the nested stacks of the update are not known, so they are not compared.
    root = _of_stack(before, after[0])[0]
    return [root], [replace(after[0], stack=root.stack)]


def _of_stack(templates: Sequence[StackTemplate], single: StackTemplate) -> Sequence[StackTemplate]:
    """Return the template of the stack of a single template, followed by those of its nested stacks."""
    names = {each.stack for each in templates if "/" not in each.stack} or {each.stack for each in templates}
    stack = names.pop() if len(names) == 1 else single.stack
    found = [each for each in templates if each.stack == stack]
    where = single.path or "standard input"
    if not found:
        shown = ", ".join(sorted(names)[:5])
        message = f"none of the stacks {shown} is {stack}; name the file after its stack: Containers.template.json"
        raise CommandError([message], path=where)
    if len(found) > 1:
        places = " and ".join(sorted(each.environment or "no environment" for each in found))
        message = f"the other state has a stack {stack} in {places}; give one of its templates"
        raise CommandError([message], path=where)
    return [*found, *(each for each in templates if each.stack.startswith(f"{stack}/"))]


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
        CommandError: If it is not a template.

    """
    where = "standard input" if source == STANDARD_INPUT else source
    template = _template(document, where)
    if template is None:
        raise CommandError(["not a CloudFormation template: it has no Resources; give a template"], path=where)
    name = "template" if source == STANDARD_INPUT else _stack_name(Path(Path(source).name))
    return StackTemplate(stack=name, template=template, path=None if source == STANDARD_INPUT else source)


def _of_assembly(source: str) -> tuple[StackTemplate, ...]:
    found = stack_templates(path_of(source))
    if not found:
        raise CommandError(["no stack in this cloud assembly; synthesize an app that has a stack"], path=source)
    return found


def _read_folder(source: str) -> tuple[StackTemplate, ...]:
    found: dict[str, StackTemplate] = {}
    for path in sorted(path_of(source).rglob("*")):
        if path.name.endswith(_NOT_TEMPLATES) or path.suffix not in _SUFFIXES or path.is_dir():
            continue
        content = read_file(path, inside=Path(source), maximum=MAXIMUM_BYTES)
        template = _template(_document(content, str(path)), str(path))
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


def _template(document: object, where: str) -> Mapping[str, object] | None:
    """Return the template in a document. `aws cloudformation get-template` prints it in `TemplateBody`."""
    if isinstance(document, Mapping) and "TemplateBody" in document:
        body = document["TemplateBody"]
        document = parse(body, where=f"{where}: TemplateBody") if isinstance(body, str) else body
    return mapping(_as_json(document)) if is_template(document) else None


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
