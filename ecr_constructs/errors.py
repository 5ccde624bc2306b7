"""
The errors of the library, the collector of problems, and the check of argument kinds.

An error lists all problems at once. `Problems` collects the problems of a check and those of nested errors.

An argument of the wrong kind is a `TypeError` with `.path` and `.problems`, as `EcrConstructsError` has them. It lists
the wrong kinds of all arguments first, and then the other problems. A check that needs an argument of the wrong kind is
skipped. The decision 'One collector of problems, and wrong kinds first' has the reasons.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

__all__ = [
    "EcrConstructsError",
    "InvalidAlert",
    "InvalidImage",
    "InvalidLifecyclePolicy",
    "InvalidName",
    "InvalidPerimeter",
    "InvalidRegistry",
    "InvalidRepository",
]

_LINE = 80
# The default representation of an object, such as `<aws_cdk.Duration object at 0x7f2b>`.
_ADDRESS = re.compile(r"<((?:[^<>]|<\w+>)*?)(?: object)? at 0x[0-9a-fA-F]+>")


class EcrConstructsError(ValueError):
    """
    A value or combination of values that ECR, or this library, rejects.

    Args:
        problems: One sentence for each problem: the value, the limit, the fix.
        path: The construct path, such as `Containers/Api`. Default: no path.

    Attributes:
        path: The construct path, or an empty string for a value that is not in a tree.
        problems: The problems, in the order of the arguments.

    >>> error = EcrConstructsError(["scope is 'V3'; use 'V1' or 'V2'"], path="Containers/Registry")
    >>> str(error)
    "Containers/Registry: scope is 'V3'; use 'V1' or 'V2'"

    """

    def __init__(self, problems: Iterable[str], *, path: str = "") -> None:
        """Store the parts, and combine them in one message."""
        self.path = path
        self.problems = tuple(problems)
        super().__init__(_message(self.problems, path))

    def __reduce__(self) -> tuple[object, ...]:
        """Return the parts, so that the error can be pickled."""
        return _rebuild, (type(self), self.problems, self.path)


class InvalidName(EcrConstructsError):
    """
    A name, prefix, filter, pattern or reference that is not well formed.

    >>> from ecr_constructs.model import RepositoryName
    >>> try:
    ...     RepositoryName("Prod/Api")
    ... except InvalidName as error:
    ...     print(len(error.problems))
    1
    """


class InvalidImage(EcrConstructsError):
    """
    An image, or a list of images, that no repository can contain.

    >>> from datetime import datetime
    >>> from ecr_constructs.model import Image
    >>> try:
    ...     Image(digest="sha256:" + "0" * 64, pushed_at=datetime(2026, 1, 1))  # no time zone
    ... except InvalidImage as error:
    ...     print(len(error.problems))
    1
    """


class InvalidLifecyclePolicy(EcrConstructsError):
    """
    A lifecycle policy, rule or intent that ECR rejects. Each problem names its place in the document.

    >>> from ecr_constructs.model import keep_latest
    >>> try:
    ...     keep_latest(0, matching="v*")
    ... except InvalidLifecyclePolicy as error:
    ...     print(len(error.problems))
    1
    """


class InvalidRepository(EcrConstructsError):
    """
    A repository, or settings for one, with values that ECR or CloudFormation rejects.

    >>> from aws_cdk import App, Stack
    >>> from ecr_constructs import HardenedRepository
    >>> try:
    ...     HardenedRepository(Stack(App(), "Containers"), "Api", repository_name="Prod")
    ... except InvalidRepository as error:
    ...     print(error.path)
    Containers/Api
    """


class InvalidRegistry(EcrConstructsError):
    """
    A registry, or a cache, template, replica or VPC endpoint, with values that ECR or CloudFormation rejects.

    >>> from aws_cdk import App, Stack
    >>> from ecr_constructs import PrivateRegistry
    >>> try:
    ...     PrivateRegistry(Stack(App(), "Containers"), "Registry", policy_scope="V3")
    ... except InvalidRegistry as error:
    ...     print(error.path)
    Containers/Registry
    """


class InvalidPerimeter(EcrConstructsError):
    """
    A perimeter with values that IAM or AWS Organizations rejects, or a policy of one that is too long.

    >>> from ecr_constructs.model import Perimeter
    >>> try:
    ...     Perimeter(organization="example")
    ... except InvalidPerimeter as error:
    ...     print(len(error.problems))
    1
    """


class InvalidAlert(EcrConstructsError):
    """
    An alert, or a target of one, with values that EventBridge, Amazon SNS or Amazon Inspector rejects.

    >>> from aws_cdk import App, Stack
    >>> from ecr_constructs import AlertTopic
    >>> try:
    ...     AlertTopic(Stack(App(), "Alerts"), "Security", emails=["security"])
    ... except InvalidAlert as error:
    ...     print(error.path)
    Alerts/Security
    """


class ArgumentTypeError(TypeError):
    """
    Arguments of the wrong kind.

    Args:
        problems: One sentence for each argument: its name, the kind, an example, the value.
        path: The construct path. Default: no path.

    Attributes:
        path: The construct path, or an empty string for a value that is not in a tree.
        problems: The problems, wrong kinds first.

    """

    def __init__(self, problems: Iterable[str], *, path: str = "") -> None:
        """Store the parts, and combine them in one message."""
        self.path = path
        self.problems = tuple(problems)
        super().__init__(_message(self.problems, path))

    def __reduce__(self) -> tuple[object, ...]:
        """Return the parts, so that the error can be pickled."""
        return _rebuild, (type(self), self.problems, self.path)


class DuckType:
    """
    A kind that is defined by attributes. An imported resource of the CDK is an instance of no public class in Python.

    Args:
        noun: The kind, as in `an iam.Role`.
        attributes: The attributes that a value of the kind has.

    """

    __slots__ = ("attributes", "noun")

    def __init__(self, noun: str, *attributes: str) -> None:
        self.noun = noun
        self.attributes = attributes


Kinds = type | tuple[type, ...] | DuckType


class Problems:
    """
    A collector of problems, which are raised as one error.

    >>> problems = Problems()
    >>> with problems.collect("prefix: "):
    ...     raise InvalidName(["it is empty; write a name"])
    >>> problems.add("applied_for is empty; name a purpose")
    >>> problems.raise_if_any(InvalidRegistry, "Containers/Teams")
    Traceback (most recent call last):
    ecr_constructs.errors.InvalidRegistry: Containers/Teams: 2 problems
      - prefix: it is empty; write a name
      - applied_for is empty; name a purpose

    """

    __slots__ = ("_kinds", "_values")

    def __init__(self) -> None:
        self._kinds: list[str] = []
        self._values: list[str] = []

    def __bool__(self) -> bool:
        """Return whether any problem was found."""
        return bool(self._kinds or self._values)

    def __iter__(self) -> Iterator[str]:
        """Yield the problems, wrong kinds first."""
        return iter((*self._kinds, *self._values))

    @property
    def has_wrong_kinds(self) -> bool:
        """Return whether an argument is of the wrong kind."""
        return bool(self._kinds)

    def add(self, *problems: str) -> None:
        """Add problems of values, one sentence each."""
        self._values += problems

    def extend(self, problems: Iterable[str]) -> None:
        """Add all problems of an iterable."""
        self._values += problems

    def add_wrong_kinds(self, *problems: str) -> None:
        """Add problems of arguments that are of the wrong kind, or do not exist."""
        self._kinds += problems

    def expect(
        self,
        name: str,
        value: object,
        kinds: Kinds,
        example: str,
        *,
        optional: bool = False,
        each: Kinds | None = None,
    ) -> bool:
        """
        Check the kind of an argument, and return whether it is right.

        Args:
            name: The name of the argument.
            value: Its value.
            kinds: The class, or several. A `Sequence` does not include strings, and a number does not include bools.
            example: A value of the kind, as it is written in Python. Empty for a kind without examples.
            optional: Whether `None` is of the right kind. Default: no.
            each: The kind of the entries of a sequence, or of the keys and values of a mapping. Default: any.

        """
        found = _kind_problems(name, value, kinds, example, each) if value is not None or not optional else ()
        self._kinds += found
        return not found

    @contextmanager
    def collect(self, prefix: str = "") -> Iterator[None]:
        """
        Add the problems of an error that is raised in the block, and leave the block.

        Args:
            prefix: The beginning of each sentence. Default: none.

        """
        try:
            yield
        except ArgumentTypeError as error:
            self._kinds += (f"{prefix}{problem}" for problem in error.problems)
        except EcrConstructsError as error:
            self._values += (f"{prefix}{problem}" for problem in error.problems)

    def raise_if_any(self, error: type[EcrConstructsError], path: str = "") -> None:
        """
        Raise the problems as one error, if there are any.

        Args:
            error: The type of the error.
            path: The construct path. Default: no path.

        Raises:
            EcrConstructsError: Of the given type, if the kinds of all arguments are right.
            TypeError: If an argument is of the wrong kind.

        """
        if self._kinds:
            raise ArgumentTypeError(self, path=path)
        if self._values:
            raise error(self._values, path=path)


def expect(
    name: str,
    value: object,
    kinds: Kinds,
    example: str,
    *,
    optional: bool = False,
    each: Kinds | None = None,
    path: str = "",
) -> None:
    """
    Check the kind of one argument.

    Args:
        name: The name of the argument.
        value: Its value.
        kinds: The class, or several. A `Sequence` does not include strings, and a number does not include bools.
        example: A value of the kind, as it is written in Python. Empty for a kind without examples.
        optional: Whether `None` is of the right kind. Default: no.
        each: The kind of the entries of a sequence, or of the keys and values of a mapping. Default: any.
        path: The construct path. Default: no path.

    Raises:
        TypeError: If the value is of another kind.

    """
    problems = Problems()
    if not problems.expect(name, value, kinds, example, optional=optional, each=each):
        raise ArgumentTypeError(problems, path=path)


def abbreviate(value: object) -> str:
    """
    Return the representation of a value, shortened to one line.

    An object with the default representation is shown as its type.
    """
    if isinstance(value, str) and len(value) > _LINE:
        return f"{value[:60]!r}..."
    try:
        text = _ADDRESS.sub(r"\1", repr(value))
    except Exception:  # noqa: BLE001  (any `__repr__`; and Python writes no numbers of more than 4,300 digits)
        return f"a {type(value).__name__} that cannot be shown"
    return text if len(text) <= _LINE else f"{text[: _LINE - 3]}..."


def json_problem(error: ValueError | RecursionError) -> str:
    """
    Return the reason why a text cannot be read as JSON, without the terms of Python.

    Args:
        error: The error of the parser.

    """
    if isinstance(error, RecursionError):
        return "lists and objects are nested too deeply"
    # Python raises ValueError itself for a whole number with too many digits.
    return "a number has more than 4,300 digits" if type(error) is ValueError and "digits" in str(error) else str(error)


def _message(problems: tuple[str, ...], path: str) -> str:
    where = f"{path}: " if path else ""
    if len(problems) == 1:
        return where + problems[0]
    return "\n".join([f"{where}{len(problems)} problems", *(f"  - {problem}" for problem in problems)])


def _rebuild(
    kind: type[EcrConstructsError | ArgumentTypeError], problems: tuple[str, ...], path: str
) -> EcrConstructsError | ArgumentTypeError:
    return kind(problems, path=path)


def _kind_problems(name: str, value: object, kinds: Kinds, example: str, each: Kinds | None) -> tuple[str, ...]:
    if not _is_a(value, kinds):
        such = f" such as {example}" if example else ""
        return (f"{name} must be {_noun(kinds)}{such}, got {abbreviate(value)}",)
    if each is None:
        return ()
    return tuple(
        f"{place} must be {_noun(each)}, got {abbreviate(entry)}; write {name} as in {example}"
        for place, entry in _entries(name, value)
        if not _is_a(entry, each)
    )


def _entries(name: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield the entries of a sequence, or the keys and values of a mapping, each with its place."""
    if isinstance(value, Mapping):
        yield from ((f"a key of {name}", key) for key in value)
        yield from ((f"{name}[{abbreviate(key)}]", entry) for key, entry in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield from ((f"{name}[{index}]", entry) for index, entry in enumerate(value))


def _is_a(value: object, kinds: Kinds) -> bool:
    # Classes have the attributes of their instances.
    if isinstance(value, type):
        return False
    if isinstance(kinds, DuckType):
        return all(hasattr(value, name) for name in kinds.attributes)
    # Python counts bools as integers, and strings as sequences of strings.
    if isinstance(value, (bool, str, bytes)):
        return any(kind in type(value).__mro__ and kind is not int for kind in _each_kind(kinds))
    return isinstance(value, kinds)


def _each_kind(kinds: type | tuple[type, ...]) -> tuple[type, ...]:
    return kinds if isinstance(kinds, tuple) else (kinds,)


_NOUNS: Mapping[type, str] = {
    bool: "True or False",
    int: "a whole number",
    str: "a string",
    Mapping: "a mapping",
    Sequence: "a list",
}


def _noun(kinds: Kinds) -> str:
    if isinstance(kinds, DuckType):
        return kinds.noun
    *others, last = dict.fromkeys(map(_noun_of, _each_kind(kinds)))
    return f"{', '.join(others)} or {last}" if others else last


def _noun_of(kind: type) -> str:
    name = kind.__name__
    # `RepositorySettings` and `Credentials` are plural.
    is_plural = name.endswith("s") and not name.endswith("ss")
    article = "" if is_plural else "an " if name[0] in "AEIOU" else "a "
    return _NOUNS.get(kind, article + name)
