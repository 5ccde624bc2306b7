"""Values that are known only at deployment, or only when the app synthesizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from math import isfinite
from typing import Any

import jsii
from aws_cdk import IAnyProducer, IResolvable, IResolveContext, Lazy, Stack, Token

from ecr_constructs.model.validation import StringConstraint, is_token

__all__ = ["forwarded_problems", "is_unresolved", "lazily", "lazily_in_context", "resolve"]


def is_unresolved(value: object) -> bool:
    """Return whether a single value is known only at deployment. Entries of lists and mappings are not read."""
    # JavaScript accepts no Python enumeration.
    if isinstance(value, Enum):
        return False
    # Tokens are finite numbers, and infinite ones cannot be passed to JavaScript.
    return not (isinstance(value, float) and not isfinite(value)) and bool(Token.is_unresolved(value))


def forwarded_problems(grammar: StringConstraint, text: str) -> tuple[str, ...]:
    """
    Check a text that is passed to CloudFormation unread. A token is accepted, and a literal must be well formed.

    The check for a token is a call to JavaScript, and is made only for texts that the grammar rejects.
    """
    problems = grammar.problems(text)
    return () if problems and is_unresolved(text) else problems


def resolve(stack: Stack, values: Sequence[Any]) -> Sequence[Any]:
    """
    Return JSON values with intrinsic functions instead of tokens.

    Only the texts with tokens are sent to JavaScript, all at once.

    Args:
        stack: The stack that the values belong to.
        values: The values. They are not changed if a token cannot be resolved yet: the CDK reports it when the app
            synthesizes.

    """
    leaves = [leaf for value in values for leaf in _leaves(value)]
    try:
        if any(leaf is _OTHER for leaf in leaves):
            return list(stack.resolve(list(values)))
        texts = list(dict.fromkeys(leaf for leaf in leaves if isinstance(leaf, str)))
        resolved = stack.resolve(texts) if texts else []
        # The CDK omits values that resolve to an undefined value.
        if len(resolved) != len(texts):
            return list(stack.resolve(list(values)))
    except RuntimeError:
        return values
    known = dict(zip(texts, resolved, strict=True))
    return [_with(value, known) for value in values] if known else values


# Represents a token that is not within a text: in a key, for a list or a number, or an object of JavaScript.
_OTHER = object()
_LIST = "#{Token["


def _leaves(value: object) -> Iterator[object]:
    """Yield the texts of a value that have tokens, and `_OTHER` for each token elsewhere."""
    if isinstance(value, str):
        if is_token(value):
            yield _OTHER if _LIST in value else value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if is_token(str(key)):
                yield _OTHER
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif value is not None and not isinstance(value, bool):
        yield _OTHER


def _with(value: Any, known: Mapping[str, Any]) -> Any:  # noqa: ANN401  (any part of a document)
    """Return a value with other texts."""
    if isinstance(value, str):
        return known.get(value, value)
    if isinstance(value, Mapping):
        return {key: _with(each, known) for key, each in value.items()}
    return [_with(each, known) for each in value] if isinstance(value, list) else value


def lazily(produce: Callable[[], object]) -> IResolvable:
    """
    Return a value that is produced each time it is resolved, because it can change until the app synthesizes.

    Args:
        produce: The function that returns the value. The CDK calls it several times.

    """
    return lazily_in_context(lambda _context: produce())


def lazily_in_context(produce: Callable[[IResolveContext], object]) -> IResolvable:
    """
    Return a value as `lazily` does, from a function that takes the context in which the CDK resolves the value.

    Args:
        produce: The function. Reading an attribute of the context takes two calls to JavaScript.

    """
    return Lazy.uncached_any(_Producer(produce))


@jsii.implements(IAnyProducer)
class _Producer:
    def __init__(self, produce: Callable[[IResolveContext], object]) -> None:
        self._produce = produce

    def produce(self, context: IResolveContext) -> Any:  # noqa: ANN401  (it is read in JavaScript)
        return self._produce(context)
