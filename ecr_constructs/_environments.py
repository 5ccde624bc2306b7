"""
What exists once in an account and region, and which construct of the app it belongs to.

An environment that is not known before deployment is that of its stack alone: two such stacks may well be deployed to
different accounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from weakref import WeakKeyDictionary

from constructs import Construct, IConstruct

from ecr_constructs._scopes import Place
from ecr_constructs._tokens import is_unresolved

__all__ = ["Environment", "Thing", "environment_of"]

Thing = Literal["registry", "template", "cache", "secret", "creator"]

# Under the root, where everything of an app can find it; it makes no resource.
_BOOK_ID = "EcrConstructsEnvironments"


class _Book(Construct):
    """Who owns what, for all environments of an app."""

    def __init__(self, root: IConstruct) -> None:
        super().__init__(root, _BOOK_ID)  # type: ignore[arg-type]  # the root is a construct, whatever its class
        self.owners: dict[tuple[str, Thing, str], Construct] = {}


@dataclass(frozen=True, slots=True)
class Environment:
    """
    An account and region, as far as the app knows them.

    Attributes:
        account: The account, if it is known.
        region: The region, if it is known.

    """

    account: str | None
    region: str | None
    _root: IConstruct
    _key: str

    @property
    def is_known(self) -> bool:
        """Whether both are known before deployment."""
        return self.account is not None and self.region is not None

    def elsewhere(self, *, account: str | None, region: str) -> Environment | None:
        """Give another environment of the app; the account is the same by default. None if it cannot be named."""
        account = account or self.account
        if account is None:
            return None
        return Environment(account, region, self._root, _key(account, region))

    def owner(self, thing: Thing, name: str = "") -> Construct | None:
        """Give the construct that a thing belongs to, if there is one in this app."""
        book = _find_book(self._root)
        return book.owners.get((self._key, thing, name)) if book else None

    def names(self, thing: Thing) -> tuple[str, ...]:
        """Give the names of all things of a kind that the app has here."""
        book = _find_book(self._root)
        return tuple(name for key, each, name in book.owners if (key, each) == (self._key, thing)) if book else ()

    def claim(self, owner: Construct, thing: Thing, name: str = "") -> None:
        """Write down that a thing belongs to a construct."""
        book = _find_book(self._root) or _Book(self._root)
        book.owners[self._key, thing, name] = owner


_books: WeakKeyDictionary[IConstruct, _Book] = WeakKeyDictionary()


def _find_book(root: IConstruct) -> _Book | None:
    # The root that the CDK makes for a stack without an app is another Python object each time, so the tree is asked.
    if root not in _books:
        found = root.node.try_find_child(_BOOK_ID)
        if not isinstance(found, _Book):
            return None
        _books[root] = found
    return _books[root]


@lru_cache(maxsize=128)
def environment_of(place: Place) -> Environment:
    """
    Give the environment of a place that is in a stack.

    That of a nested stack is its parent's.
    """
    assert place.stack is not None  # noqa: S101  (what is outside a stack has been refused)
    assert place.top_stack is not None  # noqa: S101
    account, region = (
        None if is_unresolved(text) else text for text in (place.top_stack.account, place.top_stack.region)
    )
    known = account is not None and region is not None
    key = _key(account, region) if account and region and known else f"stack {place.top_stack.node.path}"
    return Environment(account, region, place.ancestors[0], key)


def _key(account: str, region: str) -> str:
    return f"aws://{account}/{region}"
