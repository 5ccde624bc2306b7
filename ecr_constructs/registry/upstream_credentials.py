"""
Credentials of a pull-through cache for its upstream registry: a secret with a user name and a token.

ECR requires a name that begins with `ecr-pullthroughcache/`, the keys `username` and `accessToken`, the account and
Region of the cache, and the encryption with `aws/secretsmanager`.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
import jsii
from constructs import Construct, IValidation

from ecr_constructs._cdk.construct_references import ConstructReference
from ecr_constructs._cdk.environment_registry import environment_of
from ecr_constructs._cdk.nag_suppressions import acknowledge
from ecr_constructs._cdk.property_injectors import is_injected, reapply, typed_refusal
from ecr_constructs._cdk.retention import warn_unless_retained
from ecr_constructs._cdk.scope import ConstructLocation, location_of
from ecr_constructs._cdk.tokens import is_unresolved
from ecr_constructs.errors import DuckType, InvalidRegistry, Problems, expect
from ecr_constructs.model.partitions import arn_problems
from ecr_constructs.model.registry.cache_rules import NAME_PREFIX, SECRET_ARN, secret_arn_problems
from ecr_constructs.model.validation import is_token

if TYPE_CHECKING:
    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk.interfaces.aws_secretsmanager import ISecretRef

__all__ = ["NAME_PREFIX", "Credentials"]

_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]+")
_MAXIMUM_NAME = 512
_SECRET = DuckType("a secretsmanager.Secret", "secret_ref")
_TO_BE_FILLED_IN = '{"username":"fill-in-after-deployment"}'
_BY_HAND = "the secret holds a token of another company's registry, which cannot be rotated automatically"
_LOST = "the token of the upstream registry is deleted with its stack, and no other copy of it exists"
_MANAGED_KEY = "ECR reads no secret with another key than aws/secretsmanager"


class Credentials(ABC):
    """
    The credentials of a cache for its upstream: `new_secret`, `secret` or `secret_arn`.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html
    """

    __slots__ = ()

    @staticmethod
    def new_secret(name: str | None = None) -> Credentials:
        """
        Return credentials with a new secret. Its value is set after the deployment, so no template contains a token.

        Its first user name and token are placeholders. Set and renew its value with `aws secretsmanager
        put-secret-value --secret-id NAME --secret-string '{"username": "...", "accessToken": "..."}'`. The ARN does not
        change.

        Creates: one `AWS::SecretsManager::Secret`, which is retained when its stack is deleted.

        Args:
            name: The part of its name after `ecr-pullthroughcache/`. Default: the prefix of the cache.

        Raises:
            TypeError: If it is not a string.

        >>> Credentials.new_secret("docker-hub-2")
        Credentials.new_secret('docker-hub-2')

        """
        expect("name", name, str, "'docker-hub'", optional=True)
        return _NewSecret(name)

    @staticmethod
    def secret(secret: ISecretRef) -> Credentials:
        """
        Return credentials with a secret of this app, or an imported secret.

        Args:
            secret: A `secretsmanager.Secret`, or one imported with its complete ARN.

        Raises:
            TypeError: If it is not a secret.

        """
        expect("secret", secret, _SECRET, "Secret.from_secret_complete_arn(scope, id, arn)")
        return _Secret(ConstructReference(secret))

    @staticmethod
    def secret_arn(arn: str) -> Credentials:
        """
        Return credentials with an existing secret.

        Args:
            arn: The complete ARN of the secret, with the six characters at the end. Up to 612 characters.

        Raises:
            TypeError: If it is not a string.

        """
        expect("arn", arn, str, f"'arn:aws:secretsmanager:eu-west-1:111122223333:secret:{NAME_PREFIX}hub-a1B2c3'")
        return _SecretArn(arn)

    @abstractmethod
    def check(self, problems: Problems, place: ConstructLocation, prefix: str) -> None:
        """Add the reasons why ECR cannot use the secret for a cache."""

    @abstractmethod
    def bind(self, scope: Construct, prefix: str) -> str:
        """Create the secret if it is a new one, and return its ARN."""


@dataclass(frozen=True, slots=True)
class _NewSecret(Credentials):
    name: str | None

    def check(self, problems: Problems, place: ConstructLocation, prefix: str) -> None:
        name = self._full_name(prefix)
        if is_token(name):
            problems.add(
                f"credentials: secret name {name!r} is known only at deployment; it must be known at synthesis, so "
                "use a literal name"
            )
        elif not _NAME.fullmatch(name):
            problems.add(f"credentials: secret name {name!r} is not well formed; use letters, digits and /_+=.@-")
        if len(name) > _MAXIMUM_NAME:
            problems.add(f"credentials: secret name has {len(name)} characters; AWS allows {_MAXIMUM_NAME}, shorten it")
        owner = environment_of(place).owner_of("secret", name) if place.stack else None
        if owner is not None:
            problems.add(
                f"credentials: {owner.node.path} has the name {name!r}; share it with Credentials.secret(...), "
                "or use another name"
            )

    def bind(self, scope: Construct, prefix: str) -> str:
        # Imported here, because the import takes as long as all others together and most caches need no secret.
        from aws_cdk import aws_secretsmanager as secretsmanager

        generated = secretsmanager.SecretStringGenerator(
            secret_string_template=_TO_BE_FILLED_IN, generate_string_key="accessToken"
        )
        with typed_refusal(
            scope, lambda: secretsmanager.Secret.PROPERTY_INJECTION_ID, InvalidRegistry, path=scope.node.path
        ):
            secret = secretsmanager.Secret(
                scope,
                "Credentials",
                secret_name=self._full_name(prefix),
                description=f"What the pull-through cache {prefix} shows its upstream; filled in by hand",
                generate_secret_string=generated,
                removal_policy=cdk.RemovalPolicy.RETAIN,
            )
        if is_injected(scope, lambda: secretsmanager.Secret.PROPERTY_INJECTION_ID):
            self._reapply(scope, secret, prefix)
        _check_later(scope, secret, prefix)
        environment_of(location_of(scope)).register_owner(secret, "secret", self._full_name(prefix))
        acknowledge(secret, "AwsSolutions-SMG4", _BY_HAND)
        resource = secret.node.default_child
        warn_unless_retained(secret, location_of(secret), resource, _LOST)
        if isinstance(resource, cdk.CfnResource):
            resource.add_metadata("checkov", {"skip": [{"id": "CKV_AWS_149", "comment": _MANAGED_KEY}]})
            suppressed = ["SECRETSMANAGER_USING_CMK", "SECRETSMANAGER_ROTATION_ENABLED_CHECK"]
            resource.add_metadata("guard", {"SuppressedRules": suppressed})
        return secret.secret_arn

    def _reapply(self, scope: Construct, secret: secretsmanager.Secret, prefix: str) -> None:
        """Restore the required properties of the secret after a property injector, and reject another name."""
        resource = cast("secretsmanager.CfnSecret", secret.node.default_child)
        name = resource.stack.resolve(resource.name)
        if name != self._full_name(prefix):
            problem = (
                f"credentials: a property injector names the secret {name!r}, and its name is "
                f"{self._full_name(prefix)!r}; exclude the secret from it, or give Credentials.secret(...)"
            )
            raise InvalidRegistry([problem], path=scope.node.path)
        properties = {
            "generate_secret_string": {
                "secretStringTemplate": _TO_BE_FILLED_IN,
                "generateStringKey": "accessToken",
            },
            "kms_key_id": None,
            "replica_regions": None,
            "removal_policy": cdk.RemovalPolicy.RETAIN,
        }
        reapply(scope, resource, properties, reason=_MANAGED_KEY + ", and no other copy of the token exists")

    def __repr__(self) -> str:
        return f"Credentials.new_secret({self.name!r})" if self.name else "Credentials.new_secret()"

    def _full_name(self, prefix: str) -> str:
        return NAME_PREFIX + (self.name or prefix)


@dataclass(frozen=True, slots=True)
class _Secret(Credentials):
    held: ConstructReference[ISecretRef]

    @property
    def given(self) -> ISecretRef:
        return self.held.construct

    def check(self, problems: Problems, place: ConstructLocation, prefix: str) -> None:  # noqa: ARG002  (it has a name)
        # The resource of a secret of this app. An imported secret has none.
        resource: Any = self.given if isinstance(self.given, cdk.CfnResource) else self.given.node.default_child
        # The name of a secret without a name is a token that resolves to an undefined value.
        name = None if resource is None else resource.stack.resolve(getattr(resource, "name", None))
        key = getattr(self.given, "encryption_key", None) if resource is None else resource.kms_key_id
        if resource is not None and name is None:
            problems.add(f"credentials: the secret has no name; ECR requires one that begins with {NAME_PREFIX!r}")
        if isinstance(name, str) and not name.startswith(NAME_PREFIX):
            problems.add(
                f"credentials: the secret has the name {name!r}; ECR requires one that begins with {NAME_PREFIX!r}"
            )
        if key is not None:
            problems.add(
                f"credentials: the secret has a customer managed key, and {_MANAGED_KEY}; remove encryption_key"
            )
        if getattr(self.given, "secret_full_arn", self._arn) is None and is_unresolved(self._arn):
            problems.add("credentials: the secret was imported without its complete ARN; use from_secret_complete_arn")
        elif is_unresolved(self._arn):
            _check_environment(problems, self.given.env.region, self.given.env.account, place)
        else:
            _check_arn(problems, self._arn, place)

    def bind(self, scope: Construct, prefix: str) -> str:
        _check_later(scope, self.given, prefix)
        return self._arn

    @property
    def _arn(self) -> str:
        # The full ARN of an imported secret is longer than its ID if it was imported with the complete ARN.
        return str(getattr(self.given, "secret_full_arn", None) or self.given.secret_ref.secret_id)


def _check_later(scope: Construct, secret: ISecretRef, prefix: str) -> None:
    scope.node.add_validation(_SecretCheck(secret, location_of(scope), prefix))


@jsii.implements(IValidation)
class _SecretCheck:
    """A validation that checks a secret again when the app synthesizes, because an aspect can change it."""

    def __init__(self, secret: ISecretRef, place: ConstructLocation, prefix: str) -> None:
        self._secret = _Secret(ConstructReference(secret))
        self._place = place
        self._prefix = prefix

    def validate(self) -> list[str]:
        problems = Problems()
        self._secret.check(problems, self._place, self._prefix)
        return list(problems)


@dataclass(frozen=True, slots=True)
class _SecretArn(Credentials):
    arn: str

    def check(self, problems: Problems, place: ConstructLocation, prefix: str) -> None:  # noqa: ARG002  (it has a name)
        _check_arn(problems, self.arn, place)

    def bind(self, scope: Construct, prefix: str) -> str:  # noqa: ARG002  (it exists)
        return self.arn


def _check_arn(problems: Problems, arn: str, place: ConstructLocation) -> None:
    if is_unresolved(arn):
        return
    problems.extend(secret_arn_problems(arn))
    if found := SECRET_ARN.fullmatch(arn):
        problems.extend(arn_problems("credentials", arn, place.stack.region if place.stack else None))
        _check_environment(problems, found["region"], found["account"], place)


def _check_environment(problems: Problems, region: str, account: str, place: ConstructLocation) -> None:
    if place.stack is None:
        return
    for field, theirs, ours in (("Region", region, place.stack.region), ("account", account, place.stack.account)):
        if theirs != ours and not is_unresolved(theirs) and not is_unresolved(ours):
            problems.add(
                f"credentials: the secret is in {field} {theirs} and the cache in {ours}; ECR requires the same {field}"
            )
