"""
Resources that exist once in an account and Region, and the constructs of the app that own them.

An environment that is known only at deployment belongs to one stack, because two such stacks can be deployed to
different accounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Literal, cast
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from constructs import Construct, IConstruct, Node

from ecr_constructs._cdk.scope import ConstructLocation
from ecr_constructs._cdk.stack_resources import reference
from ecr_constructs._cdk.tokens import is_unresolved

__all__ = ["NO_REGISTRY", "Environment", "OwnedResourceKind", "RegistryPart", "environment_of"]

NO_REGISTRY = (
    "the app has no PrivateRegistry for this account and Region; create one first, in this stack or in one with the "
    "same env=. If another team owns the registry of the account, the change belongs in its app: an account has "
    "one registry in each Region"
)

# The parts of a registry that other constructs of the package use. They are not public members of `PrivateRegistry`.
RegistryPart = Literal["policy", "replication", "scanning"]
OwnedResourceKind = Literal[
    "registry", "template", "cache", "secret", "creator", "role", "repository", "deleted", "endpoints"
]

# A child of the root, which every construct of the app can find. It has no resource.
_OWNERSHIP_ID = "EcrConstructsEnvironments"


class _OwnershipRegistry(Construct):
    """The owners of an app, for all its environments."""

    def __init__(self, root: IConstruct) -> None:
        super().__init__(root, _OWNERSHIP_ID)  # type: ignore[arg-type]  # the root is a construct, whatever its class
        self.owners: dict[tuple[str, OwnedResourceKind, str], _Owner] = {}


class _Owner:
    """The owner of a resource, while it is in the tree."""

    def __init__(self, construct: IConstruct, parts: Mapping[RegistryPart, object]) -> None:
        self.construct = construct
        self.parts = parts

    @cached_property
    def _steps(self) -> tuple[tuple[Node, str, str], ...]:
        """The path from the root: each node, and the ID and the reference of its child."""
        scopes = self.construct.node.scopes
        return tuple((above.node, below.node.id, reference(below)) for above, below in pairwise(scopes))

    @property
    def is_in_tree(self) -> bool:
        # `try_remove_child` does not change the scope of the child, so the parents are read.
        found = (node.try_find_child(id) for node, id, _ in self._steps)
        return all(each and reference(each) == step[2] for each, step in zip(found, self._steps, strict=True))


@dataclass(frozen=True, slots=True)
class Environment:
    """
    An account and Region. Either is None if it is known only at deployment.

    Attributes:
        account: The account, if it is known.
        region: The Region, if it is known.

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
        """Return another environment of the app, by default of the same account. None if the account is not known."""
        account = account or self.account
        if account is None:
            return None
        return Environment(account, region, self._root, _key(account, region))

    def owner_of(self, kind: OwnedResourceKind, name: str = "") -> IConstruct | None:
        """Return the construct that owns a resource. None if the app has none, or if it was removed."""
        owner = self._owner(kind, name)
        return owner.construct if owner else None

    def registry_parts(self) -> Mapping[RegistryPart, object]:
        """Return the parts of the registry. There are none if the app has no registry, or if it was removed."""
        # Call this once for all parts: whether the registry is in the tree is read in JavaScript.
        owner = self._owner("registry", "")
        return owner.parts if owner else {}

    def registered_names(self, kind: OwnedResourceKind) -> tuple[str, ...]:
        """Return the names of all resources of a kind that the app has in the environment."""
        ownership = _find_ownership(self._root)
        owners = ownership.owners.items() if ownership else ()
        return tuple(
            name for (key, each, name), owner in owners if (key, each) == (self._key, kind) and owner.is_in_tree
        )

    def register_owner(self, owner: IConstruct, kind: OwnedResourceKind, name: str = "") -> None:
        """Record the owner of a resource."""
        self._record(_Owner(owner, {}), kind, name)

    def register_registry(self, owner: IConstruct, parts: Mapping[RegistryPart, object]) -> None:
        """Record the owner of the registry, and its parts."""
        self._record(_Owner(owner, parts), "registry", "")

    def _record(self, owner: _Owner, kind: OwnedResourceKind, name: str) -> None:
        ownership = _find_ownership(self._root) or _OwnershipRegistry(self._root)
        ownership.owners[self._key, kind, name] = owner

    def _owner(self, kind: OwnedResourceKind, name: str) -> _Owner | None:
        ownership = _find_ownership(self._root)
        owner = ownership.owners.get((self._key, kind, name)) if ownership else None
        return owner if owner and owner.is_in_tree else None


_ownerships: WeakKeyDictionary[IConstruct, _OwnershipRegistry] = WeakKeyDictionary()


def _find_ownership(root: IConstruct) -> _OwnershipRegistry | None:
    # The root of a stack without an app is a new Python object for each access, so the tree is read.
    if root not in _ownerships:
        found = root.node.try_find_child(_OWNERSHIP_ID)
        if not isinstance(found, _OwnershipRegistry):
            return None
        _ownerships[root] = found
    return _ownerships[root]


def environment_of(place: ConstructLocation) -> Environment:
    """Return the environment of a location in a stack. A nested stack has the environment of its parent."""
    assert place.top_stack is not None  # noqa: S101  (a scope outside a stack was rejected)
    return _environment(place.top_stack, cast("Construct", place.ancestors[0]))


@lru_cache(maxsize=128)
def _environment(stack: cdk.Stack, root: Construct) -> Environment:
    account, region = (None if is_unresolved(text) else text for text in (stack.account, stack.region))
    key = _key(account, region) if account is not None and region is not None else f"stack {stack.node.path}"
    return Environment(account, region, root, key)


def _key(account: str, region: str) -> str:
    return f"aws://{account}/{region}"
