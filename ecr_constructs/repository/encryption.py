"""
Encryption of the images of a repository at rest.

Encryption is create-only. If it changes, CloudFormation *replaces* the repository, and the new one has no images.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple, cast
from weakref import WeakKeyDictionary

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.interfaces.aws_kms import IKeyRef
from constructs import IValidation

from ecr_constructs._cdk.construct_references import ConstructReference
from ecr_constructs._cdk.environment_registry import environment_of
from ecr_constructs._cdk.property_injectors import is_injected, reapply, typed_refusal
from ecr_constructs._cdk.retention import warn_unless_retained
from ecr_constructs._cdk.scope import ConstructLocation, location_of
from ecr_constructs.errors import DuckType, InvalidName, InvalidRepository, Problems, abbreviate, expect
from ecr_constructs.model.iam.permissions import KEY_ADMINISTRATION, TEMPLATE_KEY
from ecr_constructs.model.names import Namespace
from ecr_constructs.model.partitions import arn_problems
from ecr_constructs.model.validation import NAMESPACE, is_token

__all__ = ["SHARED_KEY_ID", "Encryption", "EncryptionProperties"]

# The construct ID of the shared key. The logical ID depends on it, so it is part of the public contract.
SHARED_KEY_ID = "EcrConstructsKey"


class EncryptionProperties(NamedTuple):
    """The properties of the encryption in CloudFormation."""

    kind: Literal["KMS", "KMS_DSSE"]
    key_arn: str | None


class Encryption(ABC):
    """
    The encryption of images: `shared_key`, `customer_key`, `aws_managed_key`, `aes256` or `dual_layer`.

    Another encryption replaces the repository. For an existing repository, use the encryption that it has. `ADOPTED`
    does not change it.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
    """

    __slots__ = ()

    @staticmethod
    def shared_key(
        *,
        name: str | Namespace | None = None,
        administrators: Sequence[iam.IGrantable | str] = (),
        users: Sequence[iam.IGrantable | str] = (),
    ) -> Encryption:
        """
        Return the encryption with one customer managed key for each stack. Nested stacks use that of their parent.

        The key rotates every year, is retained when the stack is deleted, and has a waiting period of 30 days. Its
        policy allows grants to AWS services only, because ECR creates grants. With a name, a team or a namespace has a
        separate key in each stack.

        The account administers each key with its IAM policies. Without this statement, a key can become unmanageable.
        Administrators and users have their own statements in the key policy, and need no IAM policy. Pulls and pushes
        need no permission for the key, because ECR uses its grants.
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html

        Creates: one `AWS::KMS::Key` in the top-level stack, with the construct ID `EcrConstructsKey`, or
        `EcrConstructsKey-<name>` with `:` for `/`.

        Args:
            name: The name that distinguishes the key, such as a team, or a `Namespace`. Another name is another key,
                and replaces the repository. Default: the key that all repositories of the stack share.
            administrators: The principals that can change, disable and delete the key: roles, users, or ARNs. They
                cannot use it. Default: the account.
            users: The principals that can create repositories with the key, through ECR: roles, users, or ARNs.
                Default: the account.

        Raises:
            InvalidName: If the name or an ARN is not well formed.
            TypeError: If arguments are of the wrong kind.

        >>> Encryption.shared_key()
        Encryption.shared_key()
        >>> Encryption.shared_key(name="payments", users=["arn:aws:iam::111122223333:role/deployer"])
        Encryption.shared_key(name='payments', users=[...])

        """
        problems = Problems()
        problems.expect("name", name, (str, Namespace), "'payments'", optional=True)
        for argument, principals in (("administrators", administrators), ("users", users)):
            _check_key_principals(problems, argument, principals)
        if isinstance(name, str):
            problems.extend(f"name: {each}" for each in NAMESPACE.problems(name))
        problems.raise_if_any(InvalidName)
        return _SharedKey(
            name=None if name is None else str(name).removesuffix("/"),
            administrators=tuple(map(_held, administrators)),
            users=tuple(map(_held, users)),
        )

    @staticmethod
    def customer_key(key: IKeyRef) -> Encryption:
        """
        Return the encryption with a customer managed key of the same Region.

        Args:
            key: A `kms.Key`, or one imported with `kms.Key.from_key_arn`.

        Raises:
            TypeError: If it is not a key.

        """
        return _CustomerKey(ConstructReference(_key(key)))

    @staticmethod
    def aws_managed_key() -> Encryption:
        """
        Return the encryption with the AWS managed key `aws/ecr` of the account.

        >>> Encryption.aws_managed_key()
        Encryption.aws_managed_key()

        """
        return _KeyOfService("aws_managed_key", EncryptionProperties("KMS", None))

    @staticmethod
    def aes256() -> Encryption:
        """
        Return the encryption with keys of Amazon S3, the default of ECR.

        It renders no property. Rendering it would replace a repository that already has this encryption.

        >>> Encryption.aes256()
        Encryption.aes256()

        """
        return _KeyOfService("aes256", None)

    @staticmethod
    def dual_layer(key: IKeyRef | None = None) -> Encryption:
        """
        Return the dual-layer encryption with KMS (`KMS_DSSE`), which ECR supports in the GovCloud Regions only.

        Args:
            key: A key of the same Region. Default: the key `aws/ecr`.

        Raises:
            TypeError: If it is not a key.

        """
        return _DualLayer(None if key is None else ConstructReference(_key(key)))

    def check(self, problems: Problems, place: ConstructLocation) -> None:  # noqa: B027  (most choices are valid everywhere)
        """Add the reasons why the encryption cannot be used in a location."""

    def keywords(self, place: ConstructLocation) -> Mapping[str, Any]:  # noqa: ARG002  (most choices have none)
        """Return the arguments of `ecr.Repository` for the encryption. Empty if its resources do not exist yet."""
        return {}

    @abstractmethod
    def bind(self, place: ConstructLocation) -> EncryptionProperties | None:
        """Create the resources of the encryption, and return its properties. None for the default of ECR."""

    @property
    def given_key_arn(self) -> str | None:
        """The ARN of the given key. None without one."""
        return None

    def warnings(self, place: ConstructLocation) -> Iterator[tuple[str, str]]:  # noqa: ARG002  (most choices have none)
        """Yield the ID and the text of a warning for each value that AWS accepts and does not document."""
        yield from ()


# A principal of a key policy: a construct, or an ARN.
_KeyPrincipal = ConstructReference[Any] | str


@dataclass(frozen=True, slots=True)
class _SharedKey(Encryption):
    name: str | None = None
    administrators: tuple[_KeyPrincipal, ...] = ()
    users: tuple[_KeyPrincipal, ...] = ()

    @property
    def id(self) -> str:
        """The construct ID of the key. A construct ID cannot have a slash, and no name has a colon."""
        return SHARED_KEY_ID if self.name is None else f"{SHARED_KEY_ID}-{self.name.replace('/', ':')}"

    def check(self, problems: Problems, place: ConstructLocation) -> None:
        if place.top_stack is None:
            return
        made = _shared_keys.get(place.top_stack, {}).get(self.id)
        if made is not None and made.encryption != self:
            problems.add(_OTHER_PRINCIPALS.format(made.path))
        elif made is None and (found := place.top_stack.node.try_find_child(self.id)) is not None:
            problems.add(
                f"the shared key cannot be created: {found.node.path} has its construct ID; use another ID for that "
                "construct"
            )

    def keywords(self, place: ConstructLocation) -> Mapping[str, Any]:
        # Setting the property later takes a call to JavaScript. This is done for the first repository of a stack, after
        # which the key is created, and if a property injector can change the encryption.
        made = None if place.top_stack is None else _shared_keys.get(place.top_stack, {}).get(self.id)
        if made is None or place.has_injectors():
            return {}
        return {"encryption": _kms(), "encryption_key": made.key}

    def bind(self, place: ConstructLocation) -> EncryptionProperties:
        assert place.top_stack is not None  # noqa: S101  (a repository outside a stack was rejected)
        return EncryptionProperties("KMS", _shared_key_arn(place.top_stack, self))

    def __repr__(self) -> str:
        given = {"name": repr(self.name) if self.name else ""}
        given |= {each: "[...]" if getattr(self, each) else "" for each in ("administrators", "users")}
        return f"Encryption.shared_key({', '.join(f'{key}={value}' for key, value in given.items() if value)})"


_OTHER_PRINCIPALS = (
    "the shared key {} has other administrators or users, and a key has one policy; use one Encryption.shared_key(...) "
    "for all repositories of the key, or another name="
)
_PRINCIPAL = DuckType("a role, a user or its ARN", "grant_principal")
_PRINCIPAL_EXAMPLE = "['arn:aws:iam::111122223333:role/admin']"


def _check_key_principals(problems: Problems, argument: str, principals: object) -> None:
    if not problems.expect(argument, principals, Sequence, _PRINCIPAL_EXAMPLE):
        return
    for index, each in enumerate(cast("Sequence[object]", principals)):
        name = f"{argument}[{index}]"
        if not isinstance(each, str):
            problems.expect(name, each, _PRINCIPAL, _PRINCIPAL_EXAMPLE)
        elif not is_token(each) and not _PRINCIPAL_ARN.fullmatch(each):
            problems.add(
                f"{name}: {abbreviate(each)} is not the ARN of a role or a user, without '*'; write one such as "
                "'arn:aws:iam::111122223333:role/admin'"
            )


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
_PRINCIPAL_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/([!-)+-~]{1,510}/)?[\w+=,.@-]{1,64}", re.ASCII)


def _held(principal: iam.IGrantable | str) -> _KeyPrincipal:
    return principal if isinstance(principal, str) else ConstructReference(cast("Any", principal))


@dataclass(frozen=True, slots=True)
class _CustomerKey(Encryption):
    held: ConstructReference[IKeyRef]

    @property
    def key(self) -> IKeyRef:
        return self.held.construct

    def check(self, problems: Problems, place: ConstructLocation) -> None:
        _check_key(problems, self.held, place)

    def bind(self, place: ConstructLocation) -> EncryptionProperties:  # noqa: ARG002  (the key exists)
        from ecr_constructs._cdk.key_policies import check_policy

        check_policy(self.key)
        return EncryptionProperties("KMS", self.given_key_arn)

    @property
    def given_key_arn(self) -> str:
        return self.key.key_ref.key_arn

    def warnings(self, place: ConstructLocation) -> Iterator[tuple[str, str]]:
        yield from _account_warnings(self.held, place)

    def __repr__(self) -> str:
        return "Encryption.customer_key(...)"


@dataclass(frozen=True, slots=True)
class _KeyOfService(Encryption):
    """An encryption with a key that ECR or AWS KMS owns."""

    call: str
    properties: EncryptionProperties | None

    def bind(self, place: ConstructLocation) -> EncryptionProperties | None:  # noqa: ARG002  (there is no key to find)
        return self.properties

    def __repr__(self) -> str:
        return f"Encryption.{self.call}()"


@dataclass(frozen=True, slots=True)
class _DualLayer(Encryption):
    held: ConstructReference[IKeyRef] | None

    @property
    def key(self) -> IKeyRef | None:
        return None if self.held is None else self.held.construct

    def check(self, problems: Problems, place: ConstructLocation) -> None:
        if self.held is not None:
            _check_key(problems, self.held, place)

    def bind(self, place: ConstructLocation) -> EncryptionProperties:  # noqa: ARG002  (the key exists)
        from ecr_constructs._cdk.key_policies import check_policy

        if self.key is not None:
            check_policy(self.key)
        return EncryptionProperties("KMS_DSSE", self.given_key_arn)

    @property
    def given_key_arn(self) -> str | None:
        return None if self.key is None else self.key.key_ref.key_arn

    def __repr__(self) -> str:
        return f"Encryption.dual_layer({'' if self.key is None else '...'})"

    def warnings(self, place: ConstructLocation) -> Iterator[tuple[str, str]]:
        if self.held is not None:
            yield from _account_warnings(self.held, place)
        region = environment_of(place).region
        if region is not None and not region.startswith("us-gov-"):
            yield "ecr-constructs:dualLayerRegion", _DUAL_LAYER.format(region)


def _key(key: IKeyRef) -> IKeyRef:
    expect("key", key, DuckType("a kms.Key", "key_ref"), "kms.Key.from_key_arn(scope, id, arn)")
    return key


class _KeyFacts(NamedTuple):
    """The properties of a key that decide whether ECR can use it."""

    account: str
    region: str
    arn: str
    problems: tuple[str, ...]


# A read is a call to JavaScript, and thousands of repositories can have one key.
@lru_cache(maxsize=128)
def _facts(held: ConstructReference[IKeyRef]) -> _KeyFacts:
    from ecr_constructs._cdk.key_policies import key_problems

    key = held.construct
    return _KeyFacts(key.env.account, key.env.region, key.key_ref.key_arn, tuple(key_problems(key)))


def _check_key(problems: Problems, held: ConstructReference[IKeyRef], place: ConstructLocation) -> None:
    """
    Check that ECR can use a key.

    "The key must exist in the same Region as the repository." AWS services "use only symmetric encryption KMS keys".
    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EncryptionConfiguration.html
    https://docs.aws.amazon.com/kms/latest/developerguide/symmetric-asymmetric.html
    """
    if place.stack is None:
        return
    key, ours = _facts(held), environment_of(place).region
    if ours is not None and key.region != ours and not is_token(key.region):
        problems.add(
            f"the key is in Region {key.region!r} and the repository in {ours!r}; ECR requires a key in the same Region"
        )
    problems.extend(arn_problems("the key", key.arn, ours))
    problems.extend(key.problems)


def _account_warnings(held: ConstructReference[IKeyRef], place: ConstructLocation) -> Iterator[tuple[str, str]]:
    theirs, ours = _facts(held).account, environment_of(place).account
    if ours is not None and theirs != ours and not is_token(theirs):
        yield "ecr-constructs:keyOfAnotherAccount", _ANOTHER_ACCOUNT.format(theirs, ours)


_DUAL_LAYER = (
    "dual-layer encryption (KMS_DSSE) is documented for the GovCloud Regions only, and this stack is in {}; use "
    "Encryption.customer_key(key) or Encryption.shared_key() elsewhere"
)
_ANOTHER_ACCOUNT = (
    "the key is of account {} and the repository of {}, and AWS does not document keys of another account for ECR; "
    "create one repository with it first, or use Encryption.shared_key()"
)


class _MadeKey(NamedTuple):
    """A shared key of a stack."""

    encryption: _SharedKey
    key: kms.Key
    arn: str
    path: str


# Read once for each stack. A read is a call to JavaScript, and an app can have thousands of repositories.
_shared_keys: WeakKeyDictionary[cdk.Stack, dict[str, _MadeKey]] = WeakKeyDictionary()


@lru_cache(maxsize=1)
def _kms() -> ecr.RepositoryEncryption:
    return ecr.RepositoryEncryption.KMS


def _shared_key_arn(stack: cdk.Stack, encryption: _SharedKey) -> str:
    made = _shared_keys.setdefault(stack, {})
    if encryption.id not in made:
        key = _shared_key(stack, encryption)
        made[encryption.id] = _MadeKey(encryption, key, key.key_arn, key.node.path)
        stack.node.add_validation(_KeyIsThere(stack, key))
        warn_unless_retained(
            key,
            location_of(stack),
            key.node.default_child,
            "every image that is encrypted with the key becomes unreadable",
        )
    return made[encryption.id].arn


@jsii.implements(IValidation)
class _KeyIsThere:
    """A validation that stops the synthesis if the shared key was removed and a resource of the stack uses it."""

    def __init__(self, stack: cdk.Stack, key: kms.Key) -> None:
        self._stack = stack
        self._key = key

    def validate(self) -> list[str]:
        if self._stack.node.try_find_child(self._key.node.id) is self._key:
            return []
        return [
            _REMOVED.format(self._key.node.path, each.node.path.removesuffix("/Resource")) for each in self._users()
        ]

    def _users(self) -> Iterator[cdk.CfnResource]:
        arn = self._stack.resolve(self._key.key_arn)
        for each in self._stack.node.find_all():
            if isinstance(each, (ecr.CfnRepository, ecr.CfnRepositoryCreationTemplate)):
                encryption = self._stack.resolve(each.encryption_configuration) or {}
                if encryption.get("kmsKey") == arn:
                    yield each


_REMOVED = (
    "the shared key {} was removed, and {} is encrypted with it; remove the repository as well, or change its "
    "encryption="
)


def _shared_key(stack: cdk.Stack, encryption: _SharedKey) -> kms.Key:
    from ecr_constructs._cdk.key_policies import GRANTS_DENIED, SharedKeyPolicyCheck

    path = f"{stack.node.path}/{encryption.id}"
    of_name = f" of {encryption.name}" if encryption.name else ""
    with typed_refusal(stack, lambda: kms.Key.PROPERTY_INJECTION_ID, InvalidRepository, path=path):
        key = kms.Key(
            stack,
            encryption.id,
            description=f"Encrypts the images in the repositories{of_name or ' of this stack'}",
            enable_key_rotation=True,
            pending_window=cdk.Duration.days(30),
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        key.add_to_resource_policy(iam.PolicyStatement.from_json(GRANTS_DENIED))
    resource = key.node.default_child
    if isinstance(resource, kms.CfnKey):
        check = SharedKeyPolicyCheck(resource)
        if is_injected(stack, lambda: kms.Key.PROPERTY_INJECTION_ID):
            _reapply_after_injectors(key, resource)
            if problems := check.injected_problems():
                raise InvalidRepository(problems, path=path)
        key.node.add_validation(check)
    for statement in _principal_statements(stack, encryption):
        key.add_to_resource_policy(statement)
    return key


def _principal_statements(stack: cdk.Stack, encryption: _SharedKey) -> Iterator[iam.PolicyStatement]:
    """Yield the statements for administrators and users of a key."""
    if encryption.administrators:
        yield iam.PolicyStatement(
            sid="Administrators",
            principals=[*map(_principal_of, encryption.administrators)],
            actions=list(KEY_ADMINISTRATION),
            resources=["*"],
        )
    if encryption.users:
        yield iam.PolicyStatement(
            sid="Users",
            principals=[*map(_principal_of, encryption.users)],
            actions=list(TEMPLATE_KEY),
            resources=["*"],
            conditions={"StringEquals": {"kms:ViaService": f"ecr.{stack.region}.{stack.url_suffix}"}},
        )


def _principal_of(principal: _KeyPrincipal) -> iam.IPrincipal:
    if isinstance(principal, str):
        return iam.ArnPrincipal(principal)
    found: iam.IPrincipal = principal.construct.grant_principal
    return found


def _reapply_after_injectors(key: kms.Key, resource: kms.CfnKey) -> None:
    """Restore the properties of the shared key after a property injector. Images cannot be read without their key."""
    key.node.try_remove_child("Alias")
    properties = {
        "enabled": None,
        "enable_key_rotation": True,
        "key_spec": None,
        "key_usage": None,
        "multi_region": None,
        "pending_window_in_days": 30,
        "rotation_period_in_days": None,
        "removal_policy": cdk.RemovalPolicy.RETAIN,
    }
    reapply(key, resource, properties, reason="images cannot be read without their key")
