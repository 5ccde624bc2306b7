"""Values of templates as values of Python code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecr_constructs.cli.python_code.calls import Call, Name
from ecr_constructs.model.template_syntax import has_functions, is_function_name

__all__ = ["is_code_of_tokens", "raw", "text"]

_PSEUDO_PARAMETERS = {
    "AWS::AccountId": "cdk.Aws.ACCOUNT_ID",
    "AWS::Partition": "cdk.Aws.PARTITION",
    "AWS::Region": "cdk.Aws.REGION",
    "AWS::StackName": "cdk.Aws.STACK_NAME",
    "AWS::URLSuffix": "cdk.Aws.URL_SUFFIX",
}


def raw(value: object) -> object:
    """
    Return a value for code, with functions of CloudFormation as dictionaries.

    Args:
        value: A value of a template.

    """
    if isinstance(value, Mapping):
        return {str(name): raw(each) for name, each in value.items()}
    return [raw(each) for each in value] if isinstance(value, list) else value


def text(value: object) -> object:
    """
    Return a value for an argument of the kind `str`.

    Args:
        value: A text, or a function of CloudFormation.

    """
    if not has_functions(value):
        return str(value)
    if isinstance(value, Mapping) and list(value) == ["Ref"] and value["Ref"] in _PSEUDO_PARAMETERS:
        return Name(_PSEUDO_PARAMETERS[value["Ref"]])
    return Call(name="cdk.Token.as_string", arguments=[raw(value)])


def is_code_of_tokens(value: Any) -> bool:  # noqa: ANN401  (a value of a template)
    """
    Return whether a text within a value looks like a token of the CDK, which would replace it.

    Args:
        value: A value of a template.

    """
    if isinstance(value, str):
        return "Token[" in value
    if isinstance(value, Mapping):
        return any(is_code_of_tokens(str(name)) or is_code_of_tokens(each) for name, each in value.items())
    return isinstance(value, list) and any(map(is_code_of_tokens, value))


def is_function(value: object) -> bool:
    """
    Return whether a value is a function of CloudFormation.

    Args:
        value: A value of a template.

    """
    return isinstance(value, Mapping) and len(value) == 1 and is_function_name(next(iter(value)))
