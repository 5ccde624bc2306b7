"""The statements of a policy of ECR, which are read from the CDK, checked, merged and measured."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs._cdk.tokens import resolve
from ecr_constructs.model.iam.policies import MAXIMUM_CHARACTERS, length_of
from ecr_constructs.model.iam.principals import principal_problems, principals_of
from ecr_constructs.model.iam.statements import Statement, sid_problems, sids_of, unconfirmed_services
from ecr_constructs.model.iam.values import as_list, is_unknown, text_of
from ecr_constructs.model.validation import is_token

__all__ = [
    "VERSION",
    "StatementCheck",
    "StatementList",
    "Written",
    "account_problems",
    "canonical_json",
    "merge_statements",
]

VERSION = "2012-10-17"

# The CDK's representations of a list and a text that are known only at deployment. Such a list has no other values.
_UNKNOWN_LIST = "#{Token["
_UNKNOWN_TEXT = "${Token["

# The ARN of an account in the partition with the longest name.
_ACCOUNT_ARN = "arn:aws-us-gov:iam::111122223333:root"
# The maximum number of characters that it adds to a list of principals.
_ACCOUNT_LENGTH = len(json.dumps([_ACCOUNT_ARN]))

# The problems of a statement, for an account and a Region, each None if it is known only at deployment.
StatementCheck = Callable[[Statement, str | None, str | None], Iterator[str]]
Part = Literal["Resource", "Principal"]
# A value of a part of a statement, raw and resolved.
_Value = tuple[object, object]


@dataclass(frozen=True, slots=True)
class Written:
    """
    A statement as the CDK renders it.

    Its lists are in the order of their resolved texts, because IAM ignores the order.

    Attributes:
        raw: The statement with tokens, for the template.
        resolved: The statement with intrinsic functions instead of tokens, for comparison.

    """

    raw: Statement
    resolved: Statement
    _split: dict[Part, tuple[str, Mapping[str, _Value]]] = field(default_factory=dict, compare=False, repr=False)

    def without(self, part: Part) -> tuple[str, Mapping[str, _Value]]:
        """
        Return the text of the statement without the values of a part, and these values by their texts.

        Statements are compared each time a policy is measured, so the result is cached.

        Args:
            part: The part. Of principals, only accounts, roles and users are values. `*` and lists that are known only
                at deployment are left in the text.

        """
        if part not in self._split:
            values = _values(self, part)
            rest = {key: value for key, value in self.resolved.items() if key != part or not values}
            self._split[part] = canonical_json([rest, bool(values)]), values
        return self._split[part]


class StatementList:
    """
    The statements of a policy, and the length of the policy.

    Each call to JavaScript takes time. A statement is read once when it is added, and all statements together when the
    app synthesizes, because a statement of the CDK can change until then. Statements of plain grants are read at
    synthesis only.

    Args:
        stack: The stack of the policy, in which tokens are resolved. Without a stack, tokens are not resolved.
        check: The function that yields the problems of one statement, for an account and a Region. It is a function of
            a module, because its results are cached.
        merged: The function that merges the statements for the template.
        too_long: The problem of a policy that is too long, with a place for its length.
        account: The account of the policy. Default: it is known only at deployment.
        region: The Region of the policy. Default: it is known only at deployment.
        given: Statements that are plain JSON. Default: none.

    """

    def __init__(
        self,
        stack: cdk.Stack | None,
        *,
        check: StatementCheck,
        merged: Callable[[Sequence[Written]], Sequence[Written]],
        too_long: str,
        account: str | None = None,
        region: str | None = None,
        given: Sequence[Statement] = (),
    ) -> None:
        self._stack = stack
        self._check = check
        self._merged = merged
        self._too_long = too_long
        self._place = (account, region)
        self._given = self._written(given) if given else []
        self._added: list[iam.PolicyStatement] = []
        # The statements as the CDK rendered them: when they were added, when they were last read, and all of them.
        self._snapshots = _Reading()
        self._latest = _Reading()
        self._now = _Reading()
        self._all: iam.PolicyDocument | None = None
        # All validated statements, until a statement is added or the next synthesis begins.
        self._validated: list[Written] | None = None
        # The actions of the grants to accounts.
        self._account_actions: set[frozenset[str]] = set()
        self._sids: dict[str, Statement] = sids_of(each.resolved for each in self._given)
        # An upper bound of the length: the last measurement, and the sum of the later additions.
        self._at_most = length_of({"Version": VERSION, "Statement": list(given)})

    @property
    def is_empty(self) -> bool:
        """Return whether no statement was added."""
        return not self._added

    @property
    def longest(self) -> int:
        """An upper bound of the number of characters of the policy, without reading statements."""
        return self._at_most

    def length(self) -> int:
        """Return the number of characters of the policy with the current statements."""
        return self._length(self._current())

    @property
    def last_read(self) -> Statement:
        """The last statement that was read, as the CDK renders it. Empty before the first one."""
        return self._latest.raw[-1] if self._latest.raw else {}

    def problems_with(self, statements: Sequence[iam.PolicyStatement], *, with_accounts: bool = True) -> Iterator[str]:
        """
        Yield the reasons why ECR, or this library, rejects the policy with more statements.

        Tokens are resolved together when the app synthesizes, or earlier if the policy can be too long. A lazy value
        must not be resolved early.

        Args:
            statements: Statements to add.
            with_accounts: Whether the account IDs are checked now, and not when the app synthesizes. Default: True.

        """
        written = self._read(statements).written
        yield from account_problems(statements) if with_accounts else ()
        for each in written:
            yield from self._statement_problems(each.resolved)
        yield from sid_problems([each.resolved for each in written], taken=self._sids)
        yield from self._length_problems(statements, sum(map(_length_of_one, written)))

    def add(self, statements: Sequence[iam.PolicyStatement]) -> Iterator[str]:
        """
        Add statements that have no problems, and return the AWS services that they allow for any account.

        Args:
            statements: The statements. If `problems_with` has just read them, they are not read again.

        """
        reading = self._latest if self._latest.is_of(statements) else self._read(statements)
        self._append(statements, reading.raw, reading.written, sum(map(_length_of_one, reading.written)))
        self._sids |= sids_of(each.resolved for each in reading.written)
        return (service for each in reading.written for service in self._unconfirmed(each.resolved))

    def _unconfirmed(self, statement: Statement) -> Iterator[str]:
        """Return the AWS services that a statement allows for any account. Their names are tokens of the CDK."""
        if self._stack is None or not any(unconfirmed_services(statement)):
            return unconfirmed_services(statement)
        services = {"Service": [value for kind, value in principals_of(statement) if kind == "Service"]}
        return unconfirmed_services({**statement, "Principal": resolve(self._stack, [services])[0]})

    def account_problems(self, statement: iam.PolicyStatement, actions: frozenset[str]) -> Iterator[str]:
        """
        Yield the problem of a policy that is too long with a grant to an account. Such a grant has no other problems.

        Args:
            statement: The statement of the grant.
            actions: The actions of the grant.

        """
        yield from self._length_problems([statement], self._account_length(actions))

    def add_account(self, statement: iam.PolicyStatement, actions: frozenset[str]) -> None:
        """
        Add a grant to an account. It is read when the app synthesizes, or earlier if the policy can be too long.

        Args:
            statement: The statement of the grant.
            actions: The actions of the grant.

        """
        self._append([statement], [_UNREAD.raw], [_UNREAD], self._account_length(actions))
        self._account_actions.add(actions)

    def _account_length(self, actions: frozenset[str]) -> int:
        """Return the maximum number of characters that a grant adds. Grants of the same actions are merged."""
        if actions in self._account_actions:
            return _ACCOUNT_LENGTH
        return length_of({"Action": list(actions), "Effect": "Allow", "Principal": {"AWS": [_ACCOUNT_ARN]}}) + 1

    def validate(self) -> list[str]:
        """Return the problems of the policy if its statements changed since they were added, or are too long."""
        statements = self._current()
        now = statements[len(self._given) :]
        changed = [each for each, before in zip(now, self._snapshots.written, strict=True) if each != before]
        if not changed and self._at_most <= MAXIMUM_CHARACTERS:
            self._validated = statements
            return []
        problems = [problem for each in changed for problem in self._statement_problems(each.resolved)]
        problems += sid_problems([each.resolved for each in statements])
        if (length := self._length(statements)) > MAXIMUM_CHARACTERS:
            problems.append(self._too_long.format(length))
        if not problems:
            # A later synthesis checks only statements that changed since.
            self._snapshots.written = now
        self._validated = None if problems else statements
        return problems

    def document(self, context: cdk.IResolveContext | None = None) -> dict[str, Any]:
        """
        Return the policy document with the current statements.

        Tokens are resolved to compare statements, and rendered unresolved, because some become references between
        stacks.

        Args:
            context: The context in which the CDK resolves the policy. In a synthesis the CDK looks for references
                between stacks, validates the app, and renders the template twice; statements are not read again after
                the validation. Default: none, and statements are read.

        """
        if self._validated is not None and (context is None or context.preparing):
            self._validated = None
        statements = self._merged(self._validated or self._current())
        return {"Version": VERSION, "Statement": [each.raw for each in statements]}

    def _statement_problems(self, statement: Statement) -> Iterator[str]:
        text = text_of(json.dumps(statement, sort_keys=True, default=str))
        if not _is_accepted(text, self._check, *self._place):
            yield from self._check(statement, *self._place)

    def _length_problems(self, statements: Sequence[iam.PolicyStatement], length: int) -> Iterator[str]:
        """
        Yield the problem of a policy that is too long with more statements.

        Merging never makes a policy longer, so the policy is measured only if the sum of its parts is too long.

        Args:
            statements: Statements to add.
            length: The maximum number of characters that they add to the policy.

        """
        if self._stack is None or self._at_most + length <= MAXIMUM_CHARACTERS:
            return
        more = self._resolve_all(statements)
        snapshots = [*self._given, *self._snapshots.written]
        self._at_most = self._length(snapshots)
        if self._at_most + sum(map(_length_of_one, more)) <= MAXIMUM_CHARACTERS or self._fits(snapshots, more):
            return
        # Earlier statements can have changed, so a rejection is based on their current values.
        now = self._current()
        if not self._fits(now, more):
            yield self._too_long.format(self._length([*now, *more]))

    def _append(
        self,
        statements: Sequence[iam.PolicyStatement],
        raw: Sequence[Statement],
        written: Sequence[Written],
        length: int,
    ) -> None:
        self._added += statements
        self._all = self._validated = None
        self._snapshots.raw += raw
        self._snapshots.written += written
        self._at_most += length

    def _current(self) -> list[Written]:
        """Return all current statements, with the plain JSON first."""
        raw = self._raw_of_added()
        # Statements that did not change since they were read are not resolved again.
        before = self._now if len(self._now.raw) == len(raw) else self._snapshots
        written = [
            same if each == read and _is_final(same) else None
            for each, read, same in zip(raw, before.raw, before.written, strict=True)
        ]
        again = iter(self._written([each for each, known in zip(raw, written, strict=True) if known is None]))
        self._now = _Reading(self._added, raw, [known or next(again) for known in written])
        return [*self._given, *self._now.written]

    def _raw_of_added(self) -> list[Statement]:
        """Return all added statements as the CDK renders them now."""
        if self._added and self._all is None:
            self._all = iam.PolicyDocument(statements=self._added)
        return list(self._all.to_json()["Statement"]) if self._all else []

    def _fits(self, statements: Sequence[Written], more: Sequence[Written]) -> bool:
        return self._length([*statements, *more]) <= MAXIMUM_CHARACTERS

    def _length(self, statements: Sequence[Written]) -> int:
        return length_of({"Version": VERSION, "Statement": [each.resolved for each in self._merged(statements)]})

    def _read(self, statements: Sequence[iam.PolicyStatement]) -> _Reading:
        raw = _raw(statements)
        self._latest = _Reading(statements, raw, [Written(each, each) for each in map(_ordered, raw, raw)])
        return self._latest

    def _resolve_all(self, statements: Sequence[iam.PolicyStatement]) -> list[Written]:
        """Read the unread statements, resolve all tokens, and return the statements to add."""
        latest = self._latest if self._latest.is_of(statements) else self._read(statements)
        unread = [index for index, each in enumerate(self._snapshots.written) if each is _UNREAD]
        for index, raw in zip(unread, _raw([self._added[index] for index in unread]), strict=True):
            self._snapshots.raw[index], self._snapshots.written[index] = raw, Written(raw, raw)
        for reading in (self._snapshots, latest):
            pending = [index for index, each in enumerate(reading.written) if each.raw is each.resolved]
            for index, each in zip(pending, self._written([reading.raw[index] for index in pending]), strict=True):
                reading.written[index] = each
        return latest.written

    def _written(self, raw: Sequence[Statement]) -> list[Written]:
        resolved = raw if self._stack is None or not raw else resolve(self._stack, raw)
        return [
            Written(_ordered(each, known), _ordered(known, known)) for each, known in zip(raw, resolved, strict=True)
        ]


# Grants of an app often add the same statement for principals that are tokens, so results are cached.
@lru_cache(maxsize=1024)
def _is_accepted(text: str, check: StatementCheck, account: str | None, region: str | None) -> bool:
    """Return whether a statement has no problems, by its text with `UNKNOWN` instead of tokens."""
    return not any(True for _ in check(json.loads(text, strict=False), account, region))


@dataclass(slots=True)
class _Reading:
    """
    Statements that were read at one time.

    Attributes:
        statements: The statements of the CDK.
        raw: The statements as the CDK renders them.
        written: The same, resolved and ordered.

    """

    statements: Sequence[iam.PolicyStatement] = ()
    raw: list[Statement] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)

    def is_of(self, statements: Sequence[iam.PolicyStatement]) -> bool:
        """Return whether these statements were read."""
        return list(map(id, self.statements)) == list(map(id, statements))


# A statement that is read later.
_UNREAD = Written({}, {})


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
    """Return statements as the CDK renders them, with the fewest calls to JavaScript."""
    if len(statements) == 1:
        return [statements[0].to_json()]
    return list(iam.PolicyDocument(statements=list(statements)).to_json()["Statement"]) if statements else []


def _is_final(statement: Written) -> bool:
    """Return whether a statement always resolves to the same value. A token that is a text can change later."""
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
    """Return the maximum number of characters that a statement adds to a policy, with the comma before it."""
    length = length_of(statement.resolved) + 1
    # The ARN of an account is longer than its token.
    return (
        length + len(_ACCOUNT_ARN) * str(statement.raw).count(_UNKNOWN_TEXT)
        if statement.raw is statement.resolved
        else length
    )


def canonical_json(value: object) -> str:
    """Return a part of a statement as text. Equal parts have equal texts."""
    return json.dumps(value, sort_keys=True)


def _ordered(value: Any, resolved: Any) -> Any:  # noqa: ANN401  (any part of a statement)
    if is_unknown(value):
        return value  # the arguments of an intrinsic function have an order
    if isinstance(value, Mapping) and isinstance(resolved, Mapping) and value.keys() == resolved.keys():
        return {key: _ordered(each, resolved[key]) for key, each in value.items()}
    # A list with one element can represent a list that is known only at deployment.
    if not isinstance(value, list) or not isinstance(resolved, list) or len(value) != len(resolved):
        return value
    pairs = [
        (canonical_json(_ordered(each, each)), _ordered(one, each)) for one, each in zip(value, resolved, strict=True)
    ]
    return [one for _, one in sorted(pairs, key=lambda pair: pair[0])]


def merge_statements(statements: Sequence[Written], part: Part) -> list[Written]:
    """
    Merge statements that differ in one part only, and write the values of that part sorted and without duplicates.

    Args:
        statements: The statements.
        part: The part in which they may differ. `Written.without` separates its values.

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
