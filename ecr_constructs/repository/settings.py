"""`RepositorySettings`: the properties of repositories as one value, and the table that declares each property once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs._cdk import l1_properties
from ecr_constructs._cdk.scope import ConstructLocation
from ecr_constructs.errors import InvalidRepository, Kinds, Problems
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.intents import Intent, expire_untagged
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.resource_tags import resource_tag_problems
from ecr_constructs.repository.access import Access
from ecr_constructs.repository.encryption import Encryption, EncryptionProperties
from ecr_constructs.repository.fixed_statement import STATEMENT, FixedStatement
from ecr_constructs.repository.replica_differences import (
    access_differences,
    encryption_differences,
    lifecycle_differences,
    statement_differences,
    tag_differences,
)

if TYPE_CHECKING:
    from ecr_constructs.repository.replica_differences import Difference
    from ecr_constructs.repository.resource_policy import RepositoryPolicy

__all__ = [
    "ADOPTED",
    "CACHED",
    "CREATED",
    "DEFAULT_LIFECYCLES",
    "EPHEMERAL",
    "HARDENED",
    "PROPERTIES",
    "BoundSettings",
    "Lifecycle",
    "Property",
    "RepositorySettings",
    "bind",
    "check_template",
    "constructor_keywords",
    "effective_settings",
    "expect_settings",
    "replica_differences",
    "repository_policy",
    "resource_attributes",
    "settings_in_force",
    "template_attributes",
]

# A policy, or the intents of one.
Lifecycle = LifecyclePolicy | Intent | Sequence[Intent]

# ECR counts the age of an untagged image from its push. If all tags are immutable, an untagged image never had a tag,
# and 14 days are enough. If a tag is mutable, an image can lose its tag to a new one, and be both old and released
# recently.
_FOR_IMMUTABLE_TAGS = LifecyclePolicy.of(expire_untagged(after_days=14))
_FOR_MUTABLE_TAGS = LifecyclePolicy.of(expire_untagged(keep=100))

DEFAULT_LIFECYCLES = (_FOR_IMMUTABLE_TAGS, _FOR_MUTABLE_TAGS)


class _ResourceTags(Mapping[str, str]):
    """Immutable resource tags. A `MappingProxyType` cannot be pickled or copied deeply."""

    __slots__ = ("_tags",)

    def __init__(self, tags: Mapping[str, str]) -> None:
        self._tags = dict(tags)

    def __getitem__(self, key: str) -> str:
        return self._tags[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tags)

    def __len__(self) -> int:
        return len(self._tags)

    def __hash__(self) -> int:
        return hash(frozenset(self._tags.items()))

    def __repr__(self) -> str:
        return repr(self._tags)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class RepositorySettings:
    """
    The properties of repositories. Start from `HARDENED`, `ADOPTED` or `EPHEMERAL`, and derive others with `but`.

    Args:
        immutability: The tags that cannot be reassigned to another image. Default: all tags.
        lifecycle: The lifecycle policy, or its intents: one or a list. Default: untagged images expire 14 days after
            push. If any tag is mutable, the newest 100 untagged images are kept instead. Tagged images are kept.
        encryption: The encryption of images. It is create-only: another one replaces the repository by one without
            images. Default: one customer managed key for each stack.
        scan_on_push: Whether images are scanned when they are pushed. The scanning configuration of the registry
            overrides it. Default: True.
        access: Permissions of principals outside the account. Default: none.
        policy_statements: Other statements of the repository policy, such as a denial for principals outside the
            organization. A statement is frozen: a change of it after this call is an error of the CDK. Default: none.
        resource_tags: Tags of the resource, up to 50. Default: none.
        removal_policy: The deletion policy of the repository. Default: it is retained.
        empty_on_delete: Whether its images are deleted with the repository. Otherwise its deletion fails while it has
            images. Default: False.

    Raises:
        InvalidRepository: With all problems.
        TypeError: If arguments are of the wrong kind. It lists all of them.

    >>> HARDENED.but(immutability=Immutability.all_tags_except("latest")).effective_lifecycle.rules[0].description
    'Keep the newest 100 untagged images'
    >>> HARDENED.but(scan_on_push=False)
    HARDENED.but(scan_on_push=False)

    """

    # The defaults are values and not factories, because signatures display values.
    immutability: Immutability = Immutability.all_tags()  # noqa: RUF009  (it is immutable)
    lifecycle: Lifecycle | None = None
    encryption: Encryption = Encryption.shared_key()  # noqa: RUF009  (it is immutable)
    scan_on_push: bool = True
    access: Sequence[Access] = ()
    policy_statements: Sequence[iam.PolicyStatement | FixedStatement] = ()
    resource_tags: Mapping[str, str] = field(default=_ResourceTags({}), hash=False)
    removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN
    empty_on_delete: bool = False

    def __post_init__(self) -> None:
        """Raise an error with all problems, and make collections immutable."""
        problems = Problems()
        for each in PROPERTIES:
            each.expect(problems, getattr(self, each.name))
        if not problems.has_wrong_kinds:
            with problems.collect("lifecycle: "):
                object.__setattr__(self, "lifecycle", _policy_of(self.lifecycle))
            if self.policy_statements:
                object.__setattr__(self, "policy_statements", _checked_statements(self.policy_statements, problems))
            _check_values(self, problems)
        problems.raise_if_any(InvalidRepository)
        object.__setattr__(self, "access", tuple(dict.fromkeys(self.access)))
        object.__setattr__(self, "resource_tags", _ResourceTags(self.resource_tags))

    def __repr__(self) -> str:
        """Return the name of the settings, or how they differ from `HARDENED`."""
        if name := next((name for name, settings in _NAMED.items() if settings == self), None):
            return name
        changed = {each: getattr(self, each) for each in _names(self) if getattr(self, each) != getattr(HARDENED, each)}
        return f"HARDENED.but({', '.join(f'{name}={_written(value)}' for name, value in changed.items())})"

    @property
    def effective_lifecycle(self) -> LifecyclePolicy:
        """The lifecycle policy, or the default for the tag mutability."""
        if isinstance(self.lifecycle, LifecyclePolicy):
            return self.lifecycle
        return _FOR_MUTABLE_TAGS if self.immutability.has_mutable_tags else _FOR_IMMUTABLE_TAGS

    def but(
        self,
        *,
        immutability: Immutability | None = None,
        lifecycle: Lifecycle | None = None,
        encryption: Encryption | None = None,
        scan_on_push: bool | None = None,
        access: Sequence[Access] = (),
        policy_statements: Sequence[iam.PolicyStatement] = (),
        resource_tags: Mapping[str, str] | None = None,
        removal_policy: cdk.RemovalPolicy | None = None,
        empty_on_delete: bool | None = None,
    ) -> RepositorySettings:
        """
        Return other settings, derived from these.

        An argument replaces the value of these settings. `access`, `policy_statements` and `resource_tags` are added
        to it, so the settings of an organization still apply.

        Args:
            immutability: The tags that cannot be reassigned. Default: as in these settings.
            lifecycle: The lifecycle policy, or its intents. Default: as in these settings.
            encryption: The encryption of images. Default: as in these settings.
            scan_on_push: Whether images are scanned when they are pushed. Default: as in these settings.
            access: Additional permissions of principals outside the account. Default: none.
            policy_statements: Additional statements of the repository policy, which are frozen. Default: none.
            resource_tags: Additional tags of the resource. An existing key gets the new value. Default: none.
            removal_policy: The deletion policy. Default: as in these settings.
            empty_on_delete: Whether images are deleted with the repository. Default: as in these settings.

        Raises:
            InvalidRepository: With all problems of the result.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        >>> HARDENED.but(resource_tags={"team": "payments"}).but(scan_on_push=False).resource_tags["team"]
        'payments'

        """
        given = {
            "immutability": immutability,
            "lifecycle": lifecycle,
            "encryption": encryption,
            "scan_on_push": scan_on_push,
            "access": access,
            "policy_statements": policy_statements,
            "resource_tags": resource_tags,
            "removal_policy": removal_policy,
            "empty_on_delete": empty_on_delete,
        }
        return effective_settings(self, given)


def effective_settings(settings: RepositorySettings, given: Mapping[str, object]) -> RepositorySettings:
    """
    Return settings with other values.

    Args:
        settings: The settings.
        given: The values by property. None for a value that is kept.

    Raises:
        InvalidRepository: With all problems of the result.
        TypeError: If values are of the wrong kind. It lists all of them.

    """
    problems = Problems()
    values: dict[str, Any] = {}
    for each in PROPERTIES:
        old, new = getattr(settings, each.name), given.get(each.name)
        values[each.name] = each.combined(old, new) if each.expect(problems, new, is_given=new is not None) else old
    problems.raise_if_any(InvalidRepository)
    return type(settings)(**values)


class BoundSettings(NamedTuple):
    """
    The settings of a repository or template in a stack.

    Attributes:
        settings: The settings.
        stack: The stack.
        encryption: The encryption, with the key of the stack. None for the default of ECR.

    """

    settings: RepositorySettings
    stack: cdk.Stack | None
    encryption: EncryptionProperties | None


Writer = Callable[[BoundSettings], Mapping[str, object]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Property:
    """
    A property of repositories: its kind, and its use in resources and comparisons.

    Its default is that of the field in `RepositorySettings`.

    Args:
        name: The field of `RepositorySettings`, and the argument of `HardenedRepository`.
        kinds: The class of its values, or several.
        each: The kind of the entries of a collection. Default: it is none.
        example: A value, as it is written in Python. Empty for True and False.
        is_optional: Whether None is a value. Default: no.
        is_added: Whether `but` adds a value to the one before, instead of replacing it. Default: no.
        is_create_only: Whether CloudFormation replaces the repository for another value. Default: no.
        resource: Returns the attributes of `ecr.CfnRepository`, None for an attribute that is not written. The
            attributes `tags` and `removal_policy` are the arguments of `Tags.add` and `apply_removal_policy`.
        keywords: Returns the arguments of `ecr.Repository` with the same effect in a location, if there are any. They
            save a call to JavaScript for each attribute. Default: none.
        template: A function that returns the attributes of `ecr.CfnRepositoryCreationTemplate`, or the reason why there
            are none.
        differences: A function that compares the settings of a source with those of its replica, or the reason why they
            are not compared.

    """

    name: str
    kinds: Kinds
    each: Kinds | None = None
    example: str
    is_optional: bool = False
    is_added: bool = False
    is_create_only: bool = False
    resource: Writer
    keywords: Callable[[RepositorySettings, ConstructLocation], Mapping[str, object]] = lambda settings, place: {}  # noqa: ARG005  (there are none)
    template: Writer | str
    differences: Callable[[RepositorySettings, RepositorySettings], Iterator[Difference]] | str

    def expect(self, problems: Problems, value: object, *, is_given: bool = True) -> bool:
        """
        Check the kind of a value, and return whether it is right.

        Args:
            problems: The collector of problems.
            value: The value.
            is_given: Whether the argument is given. Default: True.

        """
        is_optional = self.is_optional or not is_given
        return problems.expect(self.name, value, self.kinds, self.example, optional=is_optional, each=self.each)

    def combined(self, old: object, new: object) -> object:
        """Return the value of derived settings. None means that no new value is given."""
        if new is None:
            return old
        if self.is_added and isinstance(old, Mapping) and isinstance(new, Mapping):
            return {**old, **new}
        if self.is_added and isinstance(old, Sequence) and isinstance(new, Sequence):
            return (*old, *new)
        return new


# Each property of a repository, once. Signatures, docstrings and fields repeat the names for editors.
PROPERTIES: Sequence[Property] = (
    Property(
        name="immutability",
        kinds=Immutability,
        example="Immutability.all_tags()",
        resource=lambda bound: {
            "image_tag_mutability": bound.settings.immutability.mode,
            "image_tag_mutability_exclusion_filters": l1_properties.exclusion_filter_properties(
                bound.settings.immutability
            ),
        },
        keywords=lambda settings, _: l1_properties.tag_mutability(settings.immutability),
        template=lambda bound: {
            "image_tag_mutability": bound.settings.immutability.mode,
            "image_tag_mutability_exclusion_filters": l1_properties.template_exclusion_filters(
                bound.settings.immutability
            ),
        },
        differences=lambda source, replica: tag_differences(source.immutability, replica.immutability),
    ),
    Property(
        name="lifecycle",
        kinds=(LifecyclePolicy, Intent, Sequence),
        each=Intent,
        example="[keep_latest(10, matching='release-*'), expire_untagged(after_days=14)]",
        is_optional=True,
        resource=lambda bound: {"lifecycle_policy": l1_properties.lifecycle_policy(bound.settings.effective_lifecycle)},
        template=lambda bound: {
            "lifecycle_policy": l1_properties.lifecycle_policy_text(bound.settings.effective_lifecycle)
        },
        differences=lambda source, replica: lifecycle_differences(
            source.effective_lifecycle, replica.effective_lifecycle
        ),
    ),
    Property(
        name="encryption",
        kinds=Encryption,
        example="Encryption.customer_key(key)",
        is_create_only=True,
        resource=lambda bound: {
            "encryption_configuration": l1_properties.encryption(*bound.encryption) if bound.encryption else None
        },
        keywords=lambda settings, place: settings.encryption.keywords(place),
        template=lambda bound: {
            "encryption_configuration": l1_properties.template_encryption(*bound.encryption)
            if bound.encryption
            else None
        },
        differences=lambda source, replica: encryption_differences(source.encryption, replica.encryption),
    ),
    Property(
        name="scan_on_push",
        kinds=bool,
        example="",
        resource=lambda bound: {
            "image_scanning_configuration": l1_properties.scanning_configuration(on_push=bound.settings.scan_on_push)
        },
        keywords=lambda settings, _: {"image_scan_on_push": settings.scan_on_push},
        template="the scanning configuration of the registry decides; exclude the repositories from the filters of "
        "PrivateRegistry(scanning=...)",
        differences="the scanning of a replica is that of the registry of its Region",
    ),
    Property(
        name="access",
        kinds=Sequence,
        each=Access,
        example="[Access.account_pull('111122223333')]",
        is_added=True,
        resource=lambda bound: {"repository_policy_text": repository_policy(bound.settings, bound.stack).document()},
        template=lambda bound: {"repository_policy": repository_policy(bound.settings, bound.stack).text()},
        differences=lambda source, replica: access_differences(source.access, replica.access),
    ),
    Property(
        name="policy_statements",
        kinds=Sequence,
        each=STATEMENT,
        example="[iam.PolicyStatement(...)]",
        is_added=True,
        # They are in the policy that the property above writes.
        resource=lambda _: {},
        template=lambda _: {},
        differences=lambda source, replica: statement_differences(source.policy_statements, replica.policy_statements),
    ),
    Property(
        name="resource_tags",
        kinds=Mapping,
        each=str,
        example="{'team': 'payments'}",
        is_added=True,
        resource=lambda bound: {"tags": bound.settings.resource_tags or None},
        template=lambda bound: {"resource_tags": l1_properties.resource_tags(bound.settings.resource_tags)},
        differences="tags of the resource do not change images or permissions to pull them",
    ),
    Property(
        name="removal_policy",
        kinds=cdk.RemovalPolicy,
        example="RemovalPolicy.RETAIN",
        resource=lambda bound: {"removal_policy": bound.settings.removal_policy},
        keywords=lambda settings, _: {"removal_policy": settings.removal_policy},
        template="ECR creates these repositories outside a stack",
        differences="the repository of a replica is not in a stack",
    ),
    Property(
        name="empty_on_delete",
        kinds=bool,
        example="",
        resource=lambda bound: {"empty_on_delete": bound.settings.empty_on_delete or None},
        keywords=lambda settings, _: {"empty_on_delete": True} if settings.empty_on_delete else {},
        template="ECR creates these repositories outside a stack",
        differences="the repository of a replica is not in a stack",
    ),
)


def repository_policy(settings: RepositorySettings, stack: cdk.Stack | None) -> RepositoryPolicy:
    """Return the repository policy of settings in a stack."""
    from ecr_constructs.repository.resource_policy import RepositoryPolicy

    return RepositoryPolicy(settings.access, stack, _fixed(settings.policy_statements))


def bind(settings: RepositorySettings, place: ConstructLocation) -> BoundSettings:
    """Create the resources of settings in a stack, such as the shared key, and return the settings with them."""
    return BoundSettings(settings, place.stack, settings.encryption.bind(place))


def constructor_keywords(settings: RepositorySettings, place: ConstructLocation) -> Mapping[str, Mapping[str, Any]]:
    """Return the arguments of `ecr.Repository` by property. A property that needs other attributes has none."""
    keywords = {each.name: each.keywords(settings, place) for each in PROPERTIES}
    return {name: given for name, given in keywords.items() if given}


def resource_attributes(
    bound: BoundSettings, *, is_complete: bool, written: Collection[str] = ()
) -> Mapping[str, object]:
    """
    Return the attributes of `ecr.CfnRepository` that are set after its construct is created.

    Args:
        bound: The settings.
        is_complete: Whether all attributes are returned, because a property injector can have changed them. Otherwise,
            only those that the constructor did not set.
        written: The names of the properties that the constructor set. Default: none.

    """
    rows = [each for each in PROPERTIES if is_complete or each.name not in written]
    attributes = {name: value for each in rows for name, value in each.resource(bound).items()}
    return {name: value for name, value in attributes.items() if is_complete or value is not None}


def template_attributes(bound: BoundSettings) -> Mapping[str, Any]:
    """Return the attributes of `ecr.CfnRepositoryCreationTemplate`."""
    writers = [each.template for each in PROPERTIES if not isinstance(each.template, str)]
    return {name: value for write in writers for name, value in write(bound).items()}


def check_template(settings: RepositorySettings, problems: Problems) -> None:
    """Add a problem for properties that a creation template does not have, if their values are not the defaults."""
    unwritten: dict[str, list[str]] = {}
    for each in PROPERTIES:
        if isinstance(each.template, str) and getattr(settings, each.name) != getattr(HARDENED, each.name):
            unwritten.setdefault(each.template, []).append(each.name)
    for reason, names in unwritten.items():
        given, default = ([f"{name}={getattr(each, name)}" for name in names] for each in (settings, HARDENED))
        problems.add(
            f"settings: {' and '.join(given)} cannot be written in a creation template: {reason}; "
            f"use settings.but({', '.join(default)})"
        )


def replica_differences(source: RepositorySettings, replica: RepositorySettings) -> Iterator[Difference]:
    """Yield the ID and the text of a warning for each property in which a replica differs from its source."""
    for each in PROPERTIES:
        if not isinstance(each.differences, str):
            yield from each.differences(source, replica)


def settings_in_force(
    problems: Problems, settings: object, given: Mapping[str, object], *, default: RepositorySettings
) -> RepositorySettings:
    """
    Return the settings of a construct with its arguments, or the settings without them if there are problems.

    Args:
        problems: The collector of problems.
        settings: The argument `settings=`.
        given: The arguments by property. None for an argument that is not given.
        default: The settings if `settings` is of the wrong kind. The message has their representation as an example.

    """
    base = default
    if expect_settings(problems, settings, repr(default)) and isinstance(settings, RepositorySettings):
        base = settings
    if all(value is None or value == () for value in given.values()):
        return base
    with problems.collect():
        return effective_settings(base, given)
    return base


def expect_settings(problems: Problems, settings: object, example: str) -> bool:
    """Check that an argument `settings=` is of the right kind."""
    return problems.expect("settings", settings, RepositorySettings, example)


def _names(settings: RepositorySettings) -> Sequence[str]:
    return [each.name for each in fields(settings)]


def _written(value: object) -> str:
    return str(value) if isinstance(value, cdk.RemovalPolicy) else repr(value)


def _policy_of(lifecycle: Lifecycle | None) -> LifecyclePolicy | None:
    """Return the policy of intents."""
    if lifecycle is None or isinstance(lifecycle, LifecyclePolicy):
        return lifecycle
    return LifecyclePolicy.of(*((lifecycle,) if isinstance(lifecycle, Intent) else lifecycle))


def _fixed(statements: Sequence[iam.PolicyStatement | FixedStatement]) -> tuple[FixedStatement, ...]:
    """Return fixed statements without duplicates."""
    return tuple(dict.fromkeys(map(FixedStatement.of, statements)))


def _checked_statements(
    statements: Sequence[iam.PolicyStatement | FixedStatement], problems: Problems
) -> Sequence[FixedStatement]:
    """Return statements that cannot change, and collect their problems."""
    from ecr_constructs._cdk.policy_statements import account_problems
    from ecr_constructs.model.iam.policies import repository_statement_problems
    from ecr_constructs.model.iam.statements import sid_problems

    # The account of a principal is a token in a statement that is fixed.
    given = [each for each in statements if not isinstance(each, FixedStatement)]
    problems.extend(f"policy_statements: {each}" for each in account_problems(given))
    fixed = _fixed(statements)
    documents = [each.to_json() for each in fixed]
    for index, document in enumerate(documents):
        problems.extend(
            f"policy_statements[{index}]: {each}" for each in repository_statement_problems(document, None, None)
        )
    problems.extend(f"policy_statements: {each}" for each in sid_problems(documents, is_written=True))
    return fixed


def _check_values(settings: RepositorySettings, problems: Problems) -> None:
    if settings.removal_policy == cdk.RemovalPolicy.SNAPSHOT:
        problems.add("removal_policy SNAPSHOT is not supported by repositories; use RETAIN or DESTROY")
    if settings.empty_on_delete and settings.removal_policy != cdk.RemovalPolicy.DESTROY:
        problems.add(
            f"empty_on_delete deletes images, and removal_policy is {settings.removal_policy.name}; use "
            "empty_on_delete=False, or removal_policy=RemovalPolicy.DESTROY as in EPHEMERAL"
        )
    problems.extend(resource_tag_problems(settings.resource_tags))


# The secure defaults.
HARDENED = RepositorySettings()

# For existing repositories. No accepted push is rejected, no kept image is deleted, and nothing is replaced. Each of
# these changes is a separate step of an adoption. Scanning on push is free of charge and rejects nothing, and False
# would disable it in repositories that have it.
ADOPTED = HARDENED.but(
    encryption=Encryption.aes256(), immutability=Immutability.off(), lifecycle=LifecyclePolicy.none()
)

# For repositories that ECR creates. Another encryption than the default of ECR needs a role.
CREATED = HARDENED.but(encryption=Encryption.aes256())

# For repositories of a pull-through cache: ECR cannot refresh immutable tags.
CACHED = CREATED.but(immutability=Immutability.off())

# For repositories that are deleted with their stack, together with their images. The shared key would be retained, and
# has a price.
EPHEMERAL = HARDENED.but(
    encryption=Encryption.aws_managed_key(), removal_policy=cdk.RemovalPolicy.DESTROY, empty_on_delete=True
)

_NAMED = {"HARDENED": HARDENED, "ADOPTED": ADOPTED, "CREATED": CREATED, "CACHED": CACHED, "EPHEMERAL": EPHEMERAL}
