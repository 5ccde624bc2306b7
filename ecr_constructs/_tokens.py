"""The one place that asks the CDK whether a value is known only at deployment."""

from __future__ import annotations

from math import isfinite

from aws_cdk import Token

from ecr_constructs.model.grammar import Grammar

__all__ = ["forwarded_problems", "is_unresolved"]


def is_unresolved(value: object) -> bool:
    """Tell whether a single value (not a list or mapping that holds one) is known only at deployment."""
    # Tokens are finite, and what is not would not survive the way to JavaScript.
    return not (isinstance(value, float) and not isfinite(value)) and bool(Token.is_unresolved(value))


def forwarded_problems(grammar: Grammar, text: str) -> tuple[str, ...]:
    """
    Check a text that is only handed on: a token passes, a written text must be well formed.

    The question crosses to JavaScript, so it is asked only of what the grammar does not accept.
    """
    problems = grammar.problems(text)
    return () if problems and is_unresolved(text) else problems
