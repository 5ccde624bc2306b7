"""The statements of one policy of ECR: read from the CDK, compared, merged and measured."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs._cdk.tokens import resolve
from ecr_constructs.model.iam.principals import principal_problems
from ecr_constructs.model.iam.statements import Statement, sid_problems, sids_of
from ecr_constructs.model.iam.values import as_list, is_unknown
from ecr_constructs.model.validation import is_token

__all__ = [
    "MAXIMUM_CHARACTERS",
    "VERSION",
    "StatementList",
    "Written",
    "account_problems",
    "canonical_json",
    "length_of",
    "merge",
]

# RepositoryPolicyText and RegistryPolicyText in the service model.
MAXIMUM_CHARACTERS = 10_240
VERSION = "2012-10-17"

# How the CDK spells a list that is known only at deployment; nothing can stand beside it.
_UNKNOWN_LIST = "#{Token["
# The shortest values of references. All others count as empty, because their length is known only at deployment.
_SHORTEST = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "0" * 12}

Part = Literal["Resource", "Principal"]
# A value of a part, raw and resolved.
_Value = tuple[object, object]


@dataclass(frozen=True, slots=True)
class Written:
    """
    A statement as the CDK writes it, with its lists in the order of their resolved texts; IAM gives it no meaning.

    Attributes:
        raw: The statement with tokens, for the template.
        resolved: The statement with intrinsic functions in the place of tokens, for comparison.

    """

    raw: Statement
    resolved: Statement
    _split: dict[Part, tuple[str, Mapping[str, _Value]]] = field(default_factory=dict, compare=False, repr=False)

    def without(self, part: Part) -> tuple[str, Mapping[str, _Value]]:
        """
        Return the text of the statement without the values of a part, and these values by their texts.

        Statements are compared each time a policy is measured, so the answer is remembered.

        Args:
            part: The part. Of principals, only accounts, roles and users are values. `*` and lists that are known only
                at deployment stay in the text.

        """
        if part not in self._split:
            values = _values(self, part)
            rest = {key: value for key, value in self.resolved.items() if key != part or not values}
            self._split[part] = canonical_json([rest, bool(values)]), values
        return self._split[part]


class StatementList:
    """
    The statements of a policy, and the length of the policy.

    Each call to JavaScript takes time, so a statement is read once when it is added, and all of them together when the
    app synthesizes: a statement of the CDK can change until then.

    Args:
        stack: The stack of the policy, in which tokens are resolved. Outside a stack nothing is resolved.
        merged: The function that merges statements, as the template will contain them.
        given: Statements that are plain JSON. Default: none.

    """

    def __init__(
        self,
        stack: cdk.Stack | None,
        *,
        merged: Callable[[Sequence[Written]], Sequence[Written]],
        given: Sequence[Statement] = (),
    ) -> None:
        self._stack = stack
        self._merged = merged
        self._given = self._written(given) if given else []
        self._added: list[iam.PolicyStatement] = []
        # The statements as the CDK wrote them when they were added, and when they were read last.
        self._snapshots = _Reading()
        self._latest = _Reading()
        self._sids: dict[str, Statement] = sids_of(each.resolved for each in self._given)
        # The policy is at most this long: exact when it was measured last, and the sum of what was added since.
        self._at_most = length_of({"Version": VERSION, "Statement": list(given)})

    @property
    def is_empty(self) -> bool:
        """Return whether no statement was added."""
        return not self._added

    def read(self, statements: Sequence[iam.PolicyStatement]) -> list[Written]:
        """
        Return statements as the CDK writes them now, with their tokens.

        Tokens are resolved together when the app synthesizes, or when the policy may be too long: a value that is
        filled in late must not be asked for early.

        Args:
            statements: Statements to add to the policy.

        """
        return self._read(statements).written

    def add(self, statements: Sequence[iam.PolicyStatement]) -> list[Written]:
        """
        Add statements that have no problems, and return them as they are written.

        Args:
            statements: The statements. What `read` returned for them just before is not read again.

        """
        same = list(map(id, self._latest.statements)) == list(map(id, statements))
        reading = self._latest if same else self._read(statements)
        self._added += statements
        self._snapshots.raw += reading.raw
        self._snapshots.written += reading.written
        self._sids |= sids_of(each.resolved for each in reading.written)
        self._at_most += sum(map(_length_of_one, reading.written))
        return reading.written

    def snapshots(self) -> list[Written]:
        """Return all statements as they were when they were added, those that are plain JSON first."""
        return [*self._given, *self._snapshots.written]

    def changed(self) -> list[Written]:
        """Return the statements that are other than when they were added, or whose tokens were not resolved then."""
        now = self.current()[len(self._given) :]
        changed = [each for each, before in zip(now, self._snapshots.written, strict=True) if each != before]
        self._snapshots.written = now
        return changed

    def current(self) -> list[Written]:
        """Return all statements as they are now, those that are plain JSON first."""
        raw = _raw(self._added)
        # Statements that are the same as when they were added are not resolved again.
        written = [
            before if each == same and _is_final(before) else None
            for each, same, before in zip(raw, self._snapshots.raw, self._snapshots.written, strict=True)
        ]
        again = iter(self._written([each for each, known in zip(raw, written, strict=True) if known is None]))
        return [*self._given, *(known or next(again) for known in written)]

    def document(self) -> dict[str, Any]:
        """Return the policy document, with the statements as they are now."""
        return {"Version": VERSION, "Statement": [each.raw for each in self._merged(self.current())]}

    def sid_problems(self, more: Sequence[Written]) -> Iterator[str]:
        """
        Yield each Sid that more statements share with another statement.

        Args:
            more: Statements that somebody wants to add.

        """
        yield from sid_problems([each.resolved for each in more], taken=self._sids)

    def whole_problems(self, too_long: str) -> Iterator[str]:
        """
        Yield the problems of the policy as a whole, with its statements as they are now.

        Args:
            too_long: The sentence about a policy that is too long, with a place for its length.

        """
        statements = self.current()
        yield from sid_problems([each.resolved for each in statements])
        if (length := self._length(statements)) > MAXIMUM_CHARACTERS:
            yield too_long.format(length)

    def excess(self, more: Sequence[Written]) -> int | None:
        """
        Return the number of characters of the policy with more statements if that is more than ECR allows.

        Merging never makes a policy longer, so the policy is measured only if the sum of its parts is too long.

        Args:
            more: Statements that somebody wants to add.

        """
        longer = sum(map(_length_of_one, more))
        if self._at_most + longer <= MAXIMUM_CHARACTERS:
            return None
        self._resolve_all()
        more = self._latest.written
        self._at_most = self._length(self.snapshots())
        if self._at_most + longer <= MAXIMUM_CHARACTERS or self._fits(self.snapshots(), more):
            return None
        # Statements that are there already may have changed since, so a rejection is based on what they are now.
        now = self.current()
        return None if self._fits(now, more) else self._length([*now, *more])

    def _fits(self, statements: Sequence[Written], more: Sequence[Written]) -> bool:
        return self._length([*statements, *more]) <= MAXIMUM_CHARACTERS

    def _length(self, statements: Sequence[Written]) -> int:
        return length_of({"Version": VERSION, "Statement": [each.resolved for each in self._merged(statements)]})

    def _read(self, statements: Sequence[iam.PolicyStatement]) -> _Reading:
        raw = _raw(statements)
        self._latest = _Reading(statements, raw, [Written(each, each) for each in map(_ordered, raw, raw)])
        return self._latest

    def _resolve_all(self) -> None:
        """Resolve the tokens of the statements, and of those that were read last."""
        for reading in (self._snapshots, self._latest):
            pending = [index for index, each in enumerate(reading.written) if each.raw is each.resolved]
            for index, each in zip(pending, self._written([reading.raw[index] for index in pending]), strict=True):
                reading.written[index] = each

    def _written(self, raw: Sequence[Statement]) -> list[Written]:
        resolved = raw if self._stack is None or not raw else resolve(self._stack, raw)
        return [
            Written(_ordered(each, known), _ordered(known, known)) for each, known in zip(raw, resolved, strict=True)
        ]


@dataclass(slots=True)
class _Reading:
    """
    Statements as they were read at one moment.

    Attributes:
        statements: The statements of the CDK.
        raw: What the CDK wrote for them.
        written: The same, resolved and ordered.

    """

    statements: Sequence[iam.PolicyStatement] = ()
    raw: list[Statement] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)


def account_problems(statements: Iterable[iam.PolicyStatement]) -> Iterator[str]:
    """
    Yield the problem of each account principal whose account ID is malformed.

    The ARN of an account principal is a token, which is not resolved before the app synthesizes.

    Args:
        statements: Statements to add to a policy.

    """
    for statement in statements:
        for principal in (*statement.principals, *statement.not_principals):
            if isinstance(principal, iam.AccountPrincipal):
                yield from principal_problems({"Principal": {"AWS": str(principal.account_id)}})


def _raw(statements: Sequence[iam.PolicyStatement]) -> list[Statement]:
    """Return statements as the CDK writes them, in as few calls to JavaScript as possible."""
    if len(statements) == 1:
        return [statements[0].to_json()]
    return list(iam.PolicyDocument(statements=list(statements)).to_json()["Statement"]) if statements else []


def _is_final(statement: Written) -> bool:
    """Return whether a statement resolves to the same at any time: a token that is a text may be another later."""
    return _are_final(statement.raw, statement.resolved)


def _are_final(raw: object, resolved: object) -> bool:
    if isinstance(raw, str):
        return not (isinstance(resolved, str) and is_token(raw))
    if isinstance(raw, Mapping) and isinstance(resolved, Mapping):
        return raw.keys() == resolved.keys() and all(_are_final(each, resolved[key]) for key, each in raw.items())
    if isinstance(raw, list) and isinstance(resolved, list):
        return len(raw) == len(resolved) and all(map(_are_final, raw, resolved))
    return raw == resolved


def _length_of_one(statement: Written) -> int:
    """Return the number of characters that a statement adds to a policy at most, with the comma before it."""
    return length_of(statement.resolved) + 1


def canonical_json(value: object) -> str:
    """Return a part of a statement as text, so that equal parts have equal texts."""
    return json.dumps(value, sort_keys=True)


def _ordered(value: Any, resolved: Any) -> Any:  # noqa: ANN401  (any part of a statement)
    if is_unknown(value):
        return value  # the arguments of an intrinsic function have an order
    if isinstance(value, Mapping) and isinstance(resolved, Mapping) and value.keys() == resolved.keys():
        return {key: _ordered(each, resolved[key]) for key, each in value.items()}
    # A list with one element may stand for a list that is known only at deployment.
    if not isinstance(value, list) or not isinstance(resolved, list) or len(value) != len(resolved):
        return value
    pairs = [
        (canonical_json(_ordered(each, each)), _ordered(one, each)) for one, each in zip(value, resolved, strict=True)
    ]
    return [one for _, one in sorted(pairs, key=lambda pair: pair[0])]


def merge(statements: Sequence[Written], part: Part) -> list[Written]:
    """
    Merge statements that differ in one part only, and write the values of that part sorted and without duplicates.

    Args:
        statements: The statements.
        part: The part in which they may differ, as far as `Written.without` separates its values.

    """
    merged: dict[str, Written] = {}
    parts: defaultdict[str, dict[str, _Value]] = defaultdict(dict)
    for statement in statements:
        alike, values = statement.without(part)
        merged.setdefault(alike, statement)
        parts[alike] |= values
    return [_with(statement, part, parts[alike]) for alike, statement in merged.items()]


def _values(statement: Written, part: Part) -> Mapping[str, _Value]:
    """Return the values of a part that can be merged, raw and resolved, by their resolved texts."""
    sides = [side.get(part) for side in (statement.raw, statement.resolved)]
    if part == "Principal":
        sides = [side.get("AWS") if isinstance(side, Mapping) and list(side) == ["AWS"] else None for side in sides]
    raw, resolved = map(as_list, sides)
    if len(raw) != len(resolved) or any(each in (None, "*") or _UNKNOWN_LIST in str(each) for each in raw):
        return {}
    return {canonical_json(pair[1]): pair for pair in zip(raw, resolved, strict=True)}


def _with(statement: Written, part: Part, values: Mapping[str, _Value]) -> Written:
    """Return a statement with other values of a part, in the order of their texts."""
    if not values:
        return statement
    sides = zip(*(values[text] for text in sorted(values)), strict=True)
    alone = [side[0] if len(side) == 1 else list(side) for side in sides]
    raw, resolved = [{"AWS": side} if part == "Principal" else side for side in alone]
    return Written({**statement.raw, part: raw}, {**statement.resolved, part: resolved})


def length_of(value: object) -> int:
    """Return the number of characters of a policy, or of a part of one, that it has at least when it is deployed."""
    return len(json.dumps(_deployed(value), separators=(",", ":"), default=str, ensure_ascii=False))


def _deployed(value: object) -> object:
    """Return a value with the shortest text for each reference, so that a template can be measured."""
    if isinstance(value, Mapping) and len(value) == 1:
        ((function, argument),) = value.items()
        if function == "Fn::Join":
            return str(argument[0]).join(str(_deployed(part)) for part in argument[1])
        if function == "Ref" or function.startswith("Fn::"):
            return _SHORTEST.get(str(argument), "")
    if isinstance(value, Mapping):
        return {key: _deployed(each) for key, each in value.items()}
    return [_deployed(each) for each in value] if isinstance(value, list) else value
