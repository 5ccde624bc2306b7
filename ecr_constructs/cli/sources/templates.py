"""Reading what people hand to the command as JSON or YAML: a policy, an answer of AWS, a CloudFormation template."""

from __future__ import annotations

import json

from ecr_constructs.assembly.files import require_shallow
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.errors import json_problem

__all__ = ["parse"]

# CloudFormation takes templates of up to 1 MB, and YAML is slow to read.
_MAXIMUM_CHARACTERS = 2**20


def parse(text: str, *, where: str) -> object:
    """
    Parse a text that is JSON if it begins like JSON, and YAML with CloudFormation's tags otherwise.

    Args:
        text: The text.
        where: Where it stands, for messages.

    Raises:
        CommandError: if it is neither.

    """
    if not text.strip():
        raise CommandError(["empty; give a lifecycle policy or a CloudFormation template"], path=where)
    if not text.lstrip().startswith(("{", "[")):
        return _parse_yaml(text, where)
    try:
        document = json.loads(text)
        require_shallow(document)
    except (ValueError, RecursionError) as error:
        raise CommandError(
            [f"not JSON: {json_problem(error)}; comments and trailing commas are not JSON"], path=where
        ) from None
    return document


def _parse_yaml(text: str, where: str) -> object:
    if len(text) > _MAXIMUM_CHARACTERS:
        message = f"YAML of {len(text):,} characters; the limit is {_MAXIMUM_CHARACTERS:,}, write it as JSON"
        raise CommandError([message], path=where)
    import yaml  # type: ignore[import-untyped]  # it ships no types

    from ecr_constructs.cli.sources.loader import Loader

    try:
        # Through JSON: a key that is no text becomes one.
        document = json.loads(json.dumps(yaml.load(text, Loader=Loader)))  # noqa: S506  (it is a SafeLoader)
        require_shallow(document)
    except yaml.YAMLError as error:
        # The first line of the text of most errors is where yaml was, and the problem is on the next.
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
        raise CommandError([f"neither JSON nor YAML: {problem}{line}"], path=where) from None
    # The constructors of yaml raise any of these for a value that is not of the type that its tag names.
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        message = f"neither JSON nor YAML: a value that its tag does not allow, or that JSON does not have ({error})"
        raise CommandError([message], path=where) from None
    except RecursionError:
        raise CommandError(["neither JSON nor YAML: nested too deeply"], path=where) from None
    return document
