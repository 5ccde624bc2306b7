"""`FixedStatement`: a policy statement that can be compared, copied and pickled as part of a value."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from aws_cdk import aws_iam as iam

from ecr_constructs.errors import DuckType

__all__ = ["STATEMENT", "FixedStatement"]

# Statements of the CDK and fixed statements. Derived settings have the fixed statements of the original ones.
STATEMENT = DuckType("an iam.PolicyStatement", "to_json", "frozen")


class FixedStatement:
    """
    A statement of the CDK that cannot be changed.

    Args:
        statement: The statement. It is frozen, so the CDK raises an error for a later change.

    Attributes:
        frozen: True, as for a frozen statement of the CDK.

    """

    __slots__ = ("_statement", "_text")

    frozen = True

    def __init__(self, statement: iam.PolicyStatement) -> None:
        from ecr_constructs._cdk.policy_statements import canonical_json

        statement.freeze()
        self._statement: dict[str, Any] = statement.to_json()
        self._text = canonical_json(self._statement)

    @classmethod
    def of(cls, statement: iam.PolicyStatement | FixedStatement) -> FixedStatement:
        """Return a statement that cannot change."""
        return statement if isinstance(statement, FixedStatement) else cls(statement)

    def to_json(self) -> dict[str, Any]:
        """Return the statement as a policy document contains it, with tokens as texts."""
        return deepcopy(self._statement)

    def __eq__(self, other: object) -> bool:
        """Return whether another statement has the same text."""
        return isinstance(other, FixedStatement) and self._text == other._text

    def __hash__(self) -> int:
        """Return the hash of the text."""
        return hash(self._text)

    def __repr__(self) -> str:
        """Return the call that creates the statement."""
        return f"iam.PolicyStatement.from_json({self._statement!r})"
