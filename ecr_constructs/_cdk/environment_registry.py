"""
What exists once in an account and region, and which construct of the app it belongs to.

An environment that is not known before deployment is that of its stack alone: two such stacks may well be deployed to
different accounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Literal, cast
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from constructs import Construct, IConstruct, Node

from ecr_constructs._cdk.scope import ConstructLocation, reference
from ecr_constructs._cdk.tokens import is_unresolved

__all__ = ["NO_REGISTRY", "Environment", "OwnedResourceKind", "environment_of"]

NO_REGISTRY = (
    "no PrivateRegistry for this account and region in this app; declare one before, in this stack or in one with the "
    "same env=, or if a platform team owns the account's registry, ask there: a second one would overwrite it"
)

OwnedResourceKind = Literal["registry", "template", "cache", "secret", "creator", "role", "repository", "deleted"]

# Under the root, where everything of an app can find it; it makes no resource.
_BOOK_ID = "EcrConstructsEnvironments"


class _OwnershipRegistry(Construct):
    """The owners of an app, for all its environments."""

    def __init__(self, root: IConstruct) -> None:
        super().__init__(root, _BOOK_ID)  # type: ignore[arg-type]  # the root is a construct, whatever its class
        self.owners: dict[tuple[str, OwnedResourceKind, str], _Owner] = {}


class _Owner:
    """A construct that something belongs to, as long as it is in the tree."""

    def __init__(self, construct: IConstruct) -> None:
        self.construct = construct

    @cached_property
    def _steps(self) -> tuple[tuple[Node, str, str], ...]:
        """The way from the root: each node, and the id and the reference of its child."""
        scopes = self.construct.node.scopes
        return tuple((above.node, below.node.id, reference(below)) for above, below in pairwise(scopes))

    @property
    def is_in_tree(self) -> bool:
        # `try_remove_child` leaves the scope of the child as it was, so the parents are asked.
        found = (node.try_find_child(id) for node, id, _ in self._steps)
        return all(each and reference(each) == step[2] for each, step in zip(found, self._steps, strict=True))


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

    def in_environment(self, *, account: str | None, region: str) -> Environment | None:
        """Give another environment of the app; the account is the same by default. None if it cannot be named."""
        account = account or self.account
        if account is None:
            return None
        return Environment(account, region, self._root, _key(account, region))

    def owner(self, thing: OwnedResourceKind, name: str = "") -> IConstruct | None:
        """Return the construct that a thing belongs to; `None` if there is none in this app, or it was removed."""
        book = _find_book(self._root)
        owner = book.owners.get((self._key, thing, name)) if book else None
        return owner.construct if owner and owner.is_in_tree else None

    def names(self, thing: OwnedResourceKind) -> tuple[str, ...]:
        """Return the names of all things of a kind that the app has here."""
        book = _find_book(self._root)
        owners = book.owners.items() if book else ()
        return tuple(
            name for (key, each, name), owner in owners if (key, each) == (self._key, thing) and owner.is_in_tree
        )

    def claim(self, owner: IConstruct, thing: OwnedResourceKind, name: str = "") -> None:
        """Record that a thing belongs to a construct."""
        book = _find_book(self._root) or _OwnershipRegistry(self._root)
        book.owners[self._key, thing, name] = _Owner(owner)


_books: WeakKeyDictionary[IConstruct, _OwnershipRegistry] = WeakKeyDictionary()


def _find_book(root: IConstruct) -> _OwnershipRegistry | None:
    # The root that the CDK makes for a stack without an app is another Python object each time, so the tree is asked.
    if root not in _books:
        found = root.node.try_find_child(_BOOK_ID)
        if not isinstance(found, _OwnershipRegistry):
            return None
        _books[root] = found
    return _books[root]


def environment_of(place: ConstructLocation) -> Environment:
    """Return the environment of a place that is in a stack. That of a nested stack is its parent's."""
    assert place.top_stack is not None  # noqa: S101  (what is outside a stack has been refused)
    return _environment(place.top_stack, cast("Construct", place.ancestors[0]))


@lru_cache(maxsize=128)
def _environment(stack: cdk.Stack, root: Construct) -> Environment:
    account, region = (None if is_unresolved(text) else text for text in (stack.account, stack.region))
    key = _key(account, region) if account is not None and region is not None else f"stack {stack.node.path}"
    return Environment(account, region, root, key)


def _key(account: str, region: str) -> str:
    return f"aws://{account}/{region}"
