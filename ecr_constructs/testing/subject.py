"""The subject of an assertion: an app, a stack, a template, or a file or folder of `cdk synth`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ecr_constructs.assembly.construct_paths import construct_paths
from ecr_constructs.assembly.files import read_object
from ecr_constructs.assembly.stack_templates import stack_templates
from ecr_constructs.model.changes.intrinsics import Resolver, expanded
from ecr_constructs.model.changes.state import StackTemplate, known_values
from ecr_constructs.model.compliance.resources import AppResources, TemplateResource
from ecr_constructs.model.template_syntax import mapping
from ecr_constructs.model.validation import abbreviate

__all__ = ["Subject", "read_app", "selected", "templates_of"]

# An `App`, a `Stage`, a `Stack`, a `Template` of `aws_cdk.assertions`, a template, or a path. This package does not
# import the CDK, so its types cannot be named here.
Subject = Any

_REPOSITORY = "AWS::ECR::Repository"
_ONLY = "template"


def templates_of(subject: Subject) -> tuple[StackTemplate, ...]:
    """
    Return the templates of a subject.

    Args:
        subject: An app, stage or stack of the CDK, which is synthesized; a `Template` of `aws_cdk.assertions`; a
            template as a dictionary; the path of a folder that `cdk synth` wrote, or of a template in JSON.

    Raises:
        TypeError: If it is of another kind.
        OSError: If a file cannot be read.
        EcrConstructsError: If a file is not a template or a cloud assembly.

    """
    if isinstance(subject, (str, Path)):
        return _of_path(Path(subject))
    if isinstance(subject, Mapping):
        return (_of_template(subject),)
    if hasattr(subject, "to_json"):
        return (_of_template(subject.to_json()),)
    if hasattr(subject, "node"):
        return tuple(_of_construct(subject))
    raise TypeError(
        f"got {abbreviate(subject)}; pass an app, a stack, a template, or the path of a cdk.out or of a template"
    )


def read_app(subject: Subject) -> AppResources:
    """
    Return the resources of a subject, with known results instead of intrinsic functions.

    Args:
        subject: The subject, as for `templates_of`.

    """
    return AppResources(each for stack in templates_of(subject) for each in _resources(stack))


def selected(app: AppResources, names: tuple[str, ...]) -> list[TemplateResource]:
    """
    Return the repositories that names or patterns select, or all of them if there is no name.

    Args:
        app: The resources.
        names: Repository names, logical IDs, `Stack/LogicalId`, or patterns with `*` of repository names.

    Raises:
        AssertionError: If there is no repository, or if a name selects none, because an assertion would always hold.

    """
    every = [each for each in app.all if each.type == _REPOSITORY]
    if not every:
        raise AssertionError("the templates have no AWS::ECR::Repository, so the assertion would always hold")
    missing = [name for name in names if not any(_is_selected(each, name) for each in every)]
    if missing:
        known = ", ".join(each.name or each.label for each in every)
        raise AssertionError(f"no repository is named {', '.join(missing)}; there are {known}")
    return [each for each in every if not names or any(_is_selected(each, name) for name in names)]


def _is_selected(repository: TemplateResource, name: str) -> bool:
    return repository.answers_to(name) or ("*" in name and fnmatchcase(repository.name or "", name))


def _of_path(path: Path) -> tuple[StackTemplate, ...]:
    if path.is_dir():
        return stack_templates(path)
    name = path.name.removesuffix(".json").removesuffix(".template")
    return (StackTemplate(stack=name, template=read_object(path, inside=path.parent), path=str(path)),)


def _of_template(template: Mapping[str, Any]) -> StackTemplate:
    if not isinstance(template.get("Resources", {}), Mapping):
        raise TypeError(f"Resources is {abbreviate(template.get('Resources'))}; pass a CloudFormation template")
    return StackTemplate(stack=_ONLY, template=template)


def _of_construct(construct: Subject) -> Iterator[StackTemplate]:
    """Yield the templates of an app, a stage, or a stack with its nested stacks."""
    root = construct.node.root
    synthesized = stack_templates(Path(root.synth().directory))
    if not hasattr(construct, "template_file"):
        yield from _of_stage(construct, synthesized)
        return
    own = [each for each in synthesized if each.path and Path(each.path).name == construct.template_file]
    for stack in own:
        yield stack
        yield from (each for each in synthesized if each.stack.startswith(f"{stack.stack}/"))


def _of_stage(stage: Subject, synthesized: tuple[StackTemplate, ...]) -> Iterator[StackTemplate]:
    if not hasattr(stage, "outdir"):
        raise TypeError(f"{stage.node.path} is not an app, stage or stack; pass the stack that contains it")
    folder = Path(stage.outdir).resolve()
    for each in synthesized:
        if each.path and folder in Path(each.path).resolve().parents:
            yield each


def _resources(stack: StackTemplate) -> Iterator[TemplateResource]:
    known = known_values(stack)
    resolver = Resolver(stack.template, known)
    certain = Resolver(stack.template, known, with_defaults=False)
    file = Path(stack.path or "")
    paths = construct_paths(file.parent) if stack.path else {}
    for logical_id, resource in expanded(mapping(stack.template.get("Resources")), resolver).items():
        described = mapping(resource)
        if certain.condition(described.get("Condition")) is False:
            continue
        path = mapping(described.get("Metadata")).get("aws:cdk:path")
        yield TemplateResource(
            logical_id=str(logical_id),
            type=str(described.get("Type")),
            properties=mapping(resolver.resolve(mapping(described.get("Properties")))),
            stack=stack.stack,
            environment=stack.environment or "",
            path=path if isinstance(path, str) else paths.get((file.name, logical_id), ""),
            is_conditional="Condition" in described and certain.condition(described["Condition"]) is None,
        )
