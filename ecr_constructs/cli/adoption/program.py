"""The text of the program: an app, a module for each stack, the shared settings, and the included templates."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ecr_constructs import model
from ecr_constructs.cli.adoption.identifiers import UniqueNames, construct_id, identifier
from ecr_constructs.cli.adoption.plan import AdoptionPlan, StackPlan
from ecr_constructs.cli.adoption.planned import ADOPTED, SCOPE, Key, PlannedConstruct
from ecr_constructs.cli.adoption.values import text
from ecr_constructs.cli.formatting import printable
from ecr_constructs.cli.python_code.calls import (
    INDENT,
    WIDTH,
    Call,
    Name,
    names_in,
    quoted,
    render,
    render_import,
    render_one_line,
)
from ecr_constructs.model.word_lists import shortened

__all__ = ["construct_code", "construct_value", "program_files"]

_MODULES = {"ecr": "aws_ecr", "iam": "aws_iam", "kms": "aws_kms"}
_LIBRARY = frozenset(
    {*model.__all__, "ADOPTED", "Access", "CreationTemplate", "Credentials", "Encryption", "HardenedRepository"}
    | {"PrivateRegistry", "PullThroughCache"}
)
_KEEP_LOGICAL_ID = '''def keep_logical_id(resource: IConstruct, logical_id: str) -> None:
    """Keep the logical ID that a resource has in the deployed stack."""
    cast("cdk.CfnElement", resource).override_logical_id(logical_id)
'''
_MOST_NAMES = 5


def program_files(plan: AdoptionPlan) -> dict[str, str]:
    """
    Return the files of the program by name.

    Args:
        plan: The plan.

    """
    names = UniqueNames(("app", "settings"), separator="_")
    modules = {each.name: names.add(identifier(each.name, suffix="stack")) for each in plan.stacks}
    classes = _class_names(plan.stacks)
    files = {"app.py": _app(plan, modules, classes)}
    if plan.shared:
        files["settings.py"] = _settings(plan)
    for stack in plan.stacks:
        files[f"{modules[stack.name]}.py"] = _StackModule(stack, classes[stack.name]).text()
        files |= {_template_file(path): _json(each.included) for path, each in _included(stack) if each.included}
    files["cdk.json"] = _json({"app": "python3 app.py"})
    files["requirements.txt"] = "aws-cdk-lib>=2.258,<3\necr-constructs\n"
    return files


def construct_value(construct: PlannedConstruct, scope: str = "self") -> Call:
    """
    Return the call of a construct.

    Args:
        construct: The construct.
        scope: The variable with its scope. Default: the stack.

    """
    options = dict(construct.options)
    if construct.shared is not None and construct.function == "HardenedRepository":
        options |= {"settings": Name(construct.shared), **construct.settings}
    elif construct.shared is not None:
        options["settings"] = _derived(construct.settings)
    ordered = sorted(options, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
    return Call(
        name=construct.function,
        arguments=[Name(scope), construct.id],
        options={name: _in_scope(options[name], scope) for name in ordered},
        # One argument in each line makes each step of hardening a small difference.
        is_long=construct.function == "HardenedRepository",
    )


def _in_scope(value: object, scope: str) -> object:
    """Return an argument with the variable of the scope."""
    if not isinstance(value, Call) or SCOPE not in value.arguments:
        return value
    arguments = [Name(scope) if each == SCOPE else each for each in value.arguments]
    return Call(name=value.name, arguments=arguments, options=value.options)


def construct_code(construct: PlannedConstruct, *, scope: str = "self", depth: int = 2) -> str:
    """
    Return the statements of a construct.

    Args:
        construct: The construct.
        scope: The variable with its scope. Default: the stack.
        depth: The level of indentation. Default: that of a method.

    """
    target = f"self.{construct.attribute}"
    indent = INDENT * depth
    comments = "".join(f"{indent}# {line}\n" for line in _comments(construct))
    lines = [render(construct_value(construct, scope), before=f"{target} = ", depth=depth)]
    for before, value in construct.follow_ups:
        lines.append(render(_bound(value, target), before=before.replace("{}", target), depth=depth))
    return comments + "\n".join(lines) + "\n"


def _derived(settings: Mapping[str, object]) -> Call | Name:
    """Return the settings that derive from `ADOPTED`."""
    return Call(name=f"{ADOPTED}.but", options=settings, is_long=True) if settings else Name(ADOPTED)


# The order of the arguments that come first.
_ORDER = ("repository_name", "upstream", "prefix", "upstream_prefix", "credentials", "applied_for", "settings")


def _comments(construct: PlannedConstruct) -> Iterator[str]:
    if construct.reasons:
        yield from _wrapped(f"Not a construct of this library: {'; '.join(construct.reasons)}.")
    yield from construct.comments


def _wrapped(found: str) -> list[str]:
    import textwrap

    return textwrap.wrap(printable(found), WIDTH - 2 * len(INDENT) - 2, break_on_hyphens=False, break_long_words=False)


def _bound(value: object, target: str) -> object:
    """Return a statement after a construct with the variable of the construct instead of `{}`."""
    if isinstance(value, Name):
        return Name(value.text.replace("{}", target))
    if not isinstance(value, Call):
        return value
    arguments = [_bound(each, target) for each in value.arguments]
    return Call(name=value.name.replace("{}", target), arguments=arguments, options=value.options)


# --- files ------------------------------------------------------------------------------------------------------------


def _class_names(stacks: Sequence[StackPlan]) -> dict[str, str]:
    names = UniqueNames(("Stack",))
    found = {}
    for each in stacks:
        base = construct_id(each.name, "Adopted")
        found[each.name] = names.add(base if base.endswith("Stack") and base != "Stack" else f"{base}Stack")
    return found


def _app(plan: AdoptionPlan, modules: Mapping[str, str], classes: Mapping[str, str]) -> str:
    imports = "\n".join(sorted(f"from {modules[name]} import {classes[name]}" for name in modules))
    stacks = "".join(f"{render(_stack_call(each, classes[each.name]))}\n" for each in plan.stacks)
    return (
        '"""The app with the resources of Amazon ECR that exist, written by ecr-constructs adopt."""\n\n'
        f"import aws_cdk as cdk\n\n{imports}\n\napp = cdk.App()\n{stacks}app.synth()\n"
    )


def _stack_call(stack: StackPlan, function: str) -> Call:
    options: dict[str, object] = {}
    if stack.source.environment is not None:
        account, _, region = stack.source.environment.partition("/")
        options["env"] = Call(name="cdk.Environment", options={"account": account, "region": region})
    return Call(name=function, arguments=[Name("app"), stack.name], options=options)


def _settings(plan: AdoptionPlan) -> str:
    values = [(each, _derived(each.settings)) for each in plan.shared]
    names = [name for _, value in values for name in names_in(value)]
    blocks = []
    for each, value in values:
        repositories = shortened(each.repositories, _MOST_NAMES)
        comment = "".join(f"# {line}\n" for line in _wrapped(f"The settings of {repositories}."))
        blocks.append(f"{comment}{render(value, before=f'{each.name} = ')}\n")
    return f'"""Settings that several repositories share."""\n\n{_imports(names)}\n' + "\n".join(blocks)


def _imports(names: Iterable[str], *, more: Sequence[str] = (), ours: Sequence[str] = ()) -> str:
    """Return the imports for names of the code, in the order of ruff."""
    roots = {each.partition(".")[0] for each in names}
    lines = ["import aws_cdk as cdk"] if "cdk" in roots else []
    lines += [f"from aws_cdk import {module} as {name}" for name, module in _MODULES.items() if name in roots]
    lines += more
    library = sorted(roots & _LIBRARY)
    lines += [render_import("ecr_constructs", library)] if library else []
    lines += ["", render_import("settings", ours)] if ours else []
    return "\n".join(lines) + "\n"


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _template_file(path: Sequence[str]) -> str:
    return f"{'.'.join(path)}.template.json"


def _included(stack: StackPlan, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], StackPlan]]:
    """Yield a stack and its nested stacks, each with the names of its parents and its own."""
    yield (*path, stack.name), stack
    for each in stack.nested:
        yield from _included(each, (*path, stack.name))


# --- the module of a stack --------------------------------------------------------------------------------------------


class _StackModule:
    """
    The module with the class of a stack.

    Args:
        stack: The plan of the stack.
        name: The name of the class.

    """

    def __init__(self, stack: StackPlan, name: str) -> None:
        self._stack = stack
        self._name = name
        self._methods = UniqueNames(("__init__",), separator="_")

    def text(self) -> str:
        """Return the text of the module."""
        body = self._class()
        constructs = [each for stack in self._stack.all for each in stack.constructs]
        values = [
            value for each in constructs for value in (construct_value(each), *(one.value for one in each.follow_ups))
        ]
        shared = {each.shared for each in constructs if each.shared not in (None, ADOPTED)}
        names = [*(name for value in values for name in names_in(value)), *self._names_of_keys(), "cdk"]
        keeps_ids = "keep_logical_id(" in body
        helper = f"{_KEEP_LOGICAL_ID}\n\n" if keeps_ids else ""
        standard = ["from pathlib import Path"] if "HERE" in body else []
        standard.append(f"from typing import Any{', cast' if 'cast(' in body + helper else ''}")
        more = (
            [f"from aws_cdk.cloudformation_include import {', '.join(self._include_names(body))}"]
            if "HERE" in body
            else []
        )
        more.append(f"from constructs import Construct{', IConstruct' if keeps_ids else ''}")
        imports = _imports(names, more=more, ours=sorted(filter(None, shared)))
        here = "HERE = Path(__file__).parent\n\n\n" if "HERE" in body else "\n"
        title = f'"""The resources of Amazon ECR in the stack {self._stack.name}."""'
        return f"{title}\n\n" + "\n".join(standard) + f"\n\n{imports}\n{here}{helper}{body}"

    @staticmethod
    def _include_names(body: str) -> list[str]:
        return ["CfnInclude", *(["CfnIncludeProps"] if "CfnIncludeProps(" in body else [])]

    def _names_of_keys(self) -> Iterator[str]:
        for stack in self._stack.all:
            for key in stack.keys:
                yield "kms"
                yield from names_in(_key_value(key, "self"))

    def _class(self) -> str:
        methods: list[str] = []
        body = self._body(self._stack, (self._stack.name,), "self", methods)
        head = (
            f"class {self._name}(cdk.Stack):\n"
            f'{INDENT}"""The resources of Amazon ECR in the stack {self._stack.name}."""\n\n'
            f"{INDENT}def __init__(self, scope: Construct, id: str, **kwargs: Any) -> None:\n"
            f'{INDENT}{INDENT}"""Declare the resources."""\n'
            f"{INDENT}{INDENT}super().__init__(scope, id, **kwargs)\n\n"
        )
        return head + body + "".join(f"\n{each}" for each in methods)

    def _body(self, stack: StackPlan, path: tuple[str, ...], scope: str, methods: list[str]) -> str:
        """Return the statements of a stack, and add a method for each nested stack."""
        blocks = [self._include(stack, path)] if stack.included and scope == "self" else []
        if stack.included and stack.removed:
            blocks.append(_removal(stack))
        blocks += ["".join(_key_code(each, scope) for each in stack.keys)] if stack.keys else []
        blocks += [construct_code(each, scope=scope) for each in stack.constructs]
        blocks += [self._nested(each, path, methods) for each in stack.nested]
        return "\n".join(blocks)

    def _include(self, stack: StackPlan, path: tuple[str, ...]) -> str:
        comment = f"{INDENT * 2}# All other resources of the stack, as its template has them.\n"
        call = Call(
            name="CfnInclude",
            arguments=[Name("self"), "Template"],
            options={"template_file": Name(_path_code(path)), **_nested_option(stack, path)},
        )
        return f"{comment}{render(call, before='template = ', depth=2)}\n"

    def _nested(self, stack: StackPlan, path: tuple[str, ...], methods: list[str]) -> str:
        method = self._methods.add(f"_{identifier(stack.name)}")
        place = len(methods)
        body = self._body(stack, (*path, stack.name), "stack", methods)
        signature = f"{INDENT}def {method}(self, stack: cdk.Stack, template: CfnInclude) -> None:\n"
        docstring = f'{INDENT * 2}"""Declare the resources of the nested stack {stack.name}."""\n'
        methods.insert(place, f"{signature}{docstring}{body}")
        return (
            f"{INDENT * 2}nested = template.get_nested_stack({quoted(stack.name)})\n"
            f"{INDENT * 2}self.{method}(nested.stack, nested.included_template)\n"
        )


def _path_code(path: tuple[str, ...]) -> str:
    return f"str(HERE / {quoted(_template_file(path))})"


def _nested_option(stack: StackPlan, path: tuple[str, ...]) -> dict[str, object]:
    if not stack.nested:
        return {}
    nested: dict[str, object] = {}
    for each in stack.nested:
        inner = (*path, each.name)
        options = {"template_file": Name(_path_code(inner)), **_nested_option(each, inner)}
        nested[each.name] = Call(name="CfnIncludeProps", options=options)
    return {"load_nested_stacks": nested}


def _removal(stack: StackPlan) -> str:
    line = f"{INDENT * 2}for logical_id in {render_one_line(list(stack.removed))}:"
    loop = line if len(line) <= WIDTH else f"{render(list(stack.removed), before='for logical_id in ', depth=2)}:"
    return (
        f"{INDENT * 2}# The constructs below declare these resources.\n"
        f"{loop}\n{INDENT * 3}template.node.try_remove_child(logical_id)\n"
    )


def _key_code(key: Key, scope: str) -> str:
    return f"{render(_key_value(key, scope), before=f'{key.variable} = ', depth=2)}\n"


def _key_value(key: Key, scope: str) -> Call:
    if key.is_resource:
        inner = Call(name="template.get_resource", arguments=[key.value])
        return Call(name="cast", arguments=["kms.CfnKey", inner])
    id = construct_id(key.variable, "ImagesKey")
    return Call(name="kms.Key.from_key_arn", arguments=[Name(scope), id, text(key.value)])
