"""What a repository is like, as one value that repositories can share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields

import aws_cdk as cdk

from ecr_constructs.errors import InvalidRepository
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.intents import expire_untagged
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.validation import is_token, text_problem
from ecr_constructs.repository.access import Access
from ecr_constructs.repository.encryption import Encryption

__all__ = ["ADOPTED", "CACHED", "CREATED", "DEFAULT_LIFECYCLES", "EPHEMERAL", "HARDENED", "RepositorySettings"]

# Tags of AWS::ECR::Repository in the CloudFormation schema, which is stricter than the API.
_MAXIMUM_TAGS = 50
_MAXIMUM_KEY = 127
_MAXIMUM_VALUE = 255
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-using-tags.html
# "UTF-8 letters, spaces and numbers": the spaces are those of Unicode, which a line break and a tab are not.
_TAG_TEXT = re.compile(r"[\w \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+\-=.:/@]*")

# ECR counts the age of an untagged image from its push. Where a tag is bound to its image, an untagged image never had
# one, and two weeks are time enough. Where a tag can move, the image that lost it may be old and yesterday's release.
_BOUND = LifecyclePolicy.of(expire_untagged(after_days=14))
_MOVABLE = LifecyclePolicy.of(expire_untagged(keep=100))

# What nobody wrote.
DEFAULT_LIFECYCLES = (_BOUND, _MOVABLE)


class _ResourceTags(Mapping[str, str]):
    """Resource tags that cannot change. A `MappingProxyType` cannot be pickled or copied deeply."""

    __slots__ = ("_tags",)

    def __init__(self, tags: Mapping[str, str]) -> None:
        self._tags = dict(tags)

    def __getitem__(self, key: str) -> str:
        return self._tags[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tags)

    def __len__(self) -> int:
        return len(self._tags)

    def __repr__(self) -> str:
        return repr(self._tags)


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositorySettings:
    """
    What a repository is like. Start from `HARDENED`, `ADOPTED` or `EPHEMERAL`, and change it with `but`.

    Args:
        immutability: Which tags are bound to their image. Default: all of them.
        lifecycle: What expires and when. Default: untagged images, 14 days after their push; if any tag can move, all
            but the newest 100 untagged images. Tagged images stay.
        encryption: How images are encrypted; it cannot be changed later without losing them. Default: one customer
            managed key for the stack.
        scan_on_push: Whether images are scanned when they are pushed, unless the registry's settings say more.
            Default: yes.
        access: Who outside the account may do what. Default: nobody.
        resource_tags: Tags of the resource, up to 50. Default: none.
        removal_policy: What happens to the repository when it leaves its stack. Default: it is retained.
        empty_on_delete: Whether its images are deleted with it, instead of holding up the deletion. Default: no.

    Raises:
        InvalidRepository: with every fault.
        TypeError: for a value of the wrong kind.

    >>> HARDENED.but(immutability=Immutability.all_tags_except("latest")).effective_lifecycle.rules[0].description
    'Keep the newest 100 untagged images'

    """

    immutability: Immutability = field(default_factory=Immutability.all_tags)
    lifecycle: LifecyclePolicy | None = None
    encryption: Encryption = field(default_factory=Encryption.shared_key)
    scan_on_push: bool = True
    access: Sequence[Access] = ()
    resource_tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN
    empty_on_delete: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be, all of it at once, and keep what is inside from changing."""
        _require_kinds(self)
        if problems := tuple(_problems(self)):
            raise InvalidRepository(problems)
        object.__setattr__(self, "access", tuple(dict.fromkeys(self.access)))
        object.__setattr__(self, "resource_tags", _ResourceTags(self.resource_tags))

    @property
    def effective_lifecycle(self) -> LifecyclePolicy:
        """The lifecycle policy, or the default that suits the tags."""
        if self.lifecycle is not None:
            return self.lifecycle
        return _MOVABLE if self.immutability.has_mutable_tags else _BOUND

    def but(
        self,
        *,
        immutability: Immutability | None = None,
        lifecycle: LifecyclePolicy | None = None,
        encryption: Encryption | None = None,
        scan_on_push: bool | None = None,
        access: Sequence[Access] = (),
        resource_tags: Mapping[str, str] | None = None,
        removal_policy: cdk.RemovalPolicy | None = None,
        empty_on_delete: bool | None = None,
    ) -> RepositorySettings:
        """
        Derive other settings.

        What is given replaces what was there; `access` and `resource_tags` add to it, so that nobody takes away what
        an organization gave everybody.

        Args:
            immutability: Default: as before.
            lifecycle: Default: as before.
            encryption: Default: as before.
            scan_on_push: Default: as before.
            access: More of it. Default: none.
            resource_tags: More of them; a key that was there gets the new value. Default: none.
            removal_policy: Default: as before.
            empty_on_delete: Default: as before.

        Raises:
            InvalidRepository: with every fault of the result.
            TypeError: for a value of the wrong kind.

        >>> HARDENED.but(resource_tags={"team": "payments"}).but(scan_on_push=False).resource_tags["team"]
        'payments'

        """
        _require_collections(access, {} if resource_tags is None else resource_tags)
        given = {
            "immutability": immutability,
            "lifecycle": lifecycle,
            "encryption": encryption,
            "scan_on_push": scan_on_push,
            "removal_policy": removal_policy,
            "empty_on_delete": empty_on_delete,
        }
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        values |= {name: value for name, value in given.items() if value is not None}
        values["access"] = (*self.access, *access)
        values["resource_tags"] = {**self.resource_tags, **(resource_tags or {})}
        return RepositorySettings(**values)


_KINDS: Mapping[str, tuple[type, str]] = {
    "immutability": (Immutability, "an Immutability such as Immutability.all_tags()"),
    "lifecycle": (LifecyclePolicy, "a LifecyclePolicy such as LifecyclePolicy.of(expire_untagged(after_days=14))"),
    "encryption": (Encryption, "an Encryption such as Encryption.customer_key(key)"),
    "scan_on_push": (bool, "True or False"),
    "removal_policy": (cdk.RemovalPolicy, "a RemovalPolicy such as RemovalPolicy.RETAIN"),
    "empty_on_delete": (bool, "True or False"),
}


def _require_kinds(settings: RepositorySettings) -> None:
    for name, (kind, description) in _KINDS.items():
        value = getattr(settings, name)
        if not isinstance(value, kind) and not (name == "lifecycle" and value is None):
            msg = f"{name} must be {description}, got {value!r}"
            raise TypeError(msg)
    _require_collections(settings.access, settings.resource_tags)


def _require_collections(access: object, resource_tags: object) -> None:
    if (
        isinstance(access, str)
        or not isinstance(access, Sequence)
        or not all(isinstance(one, Access) for one in access)
    ):
        msg = f"access must be a list such as [Access.account_pull('111122223333')], got {access!r}"
        raise TypeError(msg)
    if not isinstance(resource_tags, Mapping) or not all(
        isinstance(text, str) for pair in resource_tags.items() for text in pair
    ):
        msg = f"resource_tags must be a mapping of strings such as {{'team': 'payments'}}, got {resource_tags!r}"
        raise TypeError(msg)


def _problems(settings: RepositorySettings) -> Iterator[str]:
    if settings.removal_policy == cdk.RemovalPolicy.SNAPSHOT:
        yield "removal_policy SNAPSHOT is not for repositories; use RETAIN, or DESTROY for one that may go"
    if settings.empty_on_delete and settings.removal_policy != cdk.RemovalPolicy.DESTROY:
        yield (
            "empty_on_delete deletes images, and removal_policy is "
            f"{settings.removal_policy.name}; give empty_on_delete=False, or let the repository go as EPHEMERAL does"
        )
    if len(settings.resource_tags) > _MAXIMUM_TAGS:
        yield f"{len(settings.resource_tags)} resource tags; ECR allows {_MAXIMUM_TAGS}, leave some out"
    for key, value in settings.resource_tags.items():
        yield from _tag_problems("key", key, 1, _MAXIMUM_KEY)
        yield from _tag_problems(f"value of {key!r}:", value, 1, _MAXIMUM_VALUE)
        if key.lower().startswith("aws:"):
            yield f"resource tag key {key!r} begins with 'aws:', which is reserved for AWS; choose another"


def _tag_problems(what: str, text: str, minimum: int, maximum: int) -> Iterator[str]:
    if is_token(text):
        if problem := text_problem(text):
            yield f"resource tag {what} {problem}"
        return
    if not minimum <= len(text) <= maximum:
        yield f"resource tag {what} {text!r} has {len(text)} characters; CloudFormation allows {minimum} to {maximum}"
    if not _TAG_TEXT.fullmatch(text):
        yield f"resource tag {what} {text!r} is not well formed; use letters, digits, spaces and + - = . _ : / @"


# What a repository is like if nobody says otherwise.
HARDENED = RepositorySettings()

# For a repository that exists. No push that is accepted today is rejected, no image is deleted that stays today, and
# nothing is replaced: each of these is a step of its own. Scanning on push is free of charge and rejects nothing, and
# False would turn it off where it is on.
ADOPTED = HARDENED.but(
    encryption=Encryption.aes256(), immutability=Immutability.off(), lifecycle=LifecyclePolicy.none()
)

# For repositories that ECR makes by itself. Another encryption than its default takes a role.
CREATED = HARDENED.but(encryption=Encryption.aes256())

# For those of a pull-through cache: ECR could not refresh a tag that cannot move.
CACHED = CREATED.but(immutability=Immutability.off())

# For a repository that may go with its stack, and its images with it. The shared key would stay, and cost.
EPHEMERAL = HARDENED.but(
    encryption=Encryption.aws_managed_key(), removal_policy=cdk.RemovalPolicy.DESTROY, empty_on_delete=True
)
