"""A construct in a value. It is compared by identity and copied by reference, and cannot be pickled."""

from __future__ import annotations

from typing import Any, Generic, NoReturn, TypeVar

from constructs import IConstruct

__all__ = ["ConstructReference"]

_Construct_co = TypeVar("_Construct_co", bound=IConstruct, covariant=True)


class ConstructReference(Generic[_Construct_co]):
    """
    A construct that is a part of a value such as `Encryption.customer_key(key)`.

    A construct is a reference to an object in JavaScript. A deep copy would be another Python object for the same
    reference. A pickled construct would have no object in another process.

    Args:
        construct: The construct.

    """

    __slots__ = ("construct",)

    def __init__(self, construct: _Construct_co) -> None:
        self.construct = construct

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ConstructReference) and self.construct == other.construct

    def __hash__(self) -> int:
        return hash(self.construct)

    def __copy__(self) -> ConstructReference[_Construct_co]:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> ConstructReference[_Construct_co]:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"the value has the construct {self.construct.node.path}, which cannot be pickled; create the value in the "
            "process that uses it"
        )
