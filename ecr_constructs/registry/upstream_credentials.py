"""
What a pull-through cache shows its upstream registry: a secret with a user name and a token.

ECR wants a name that begins with `ecr-pullthroughcache/`, the keys `username` and `accessToken`, the account and region
of the cache, and encryption with `aws/secretsmanager`; it takes no other key.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
import jsii
from aws_cdk.interfaces.aws_secretsmanager import ISecretRef
from constructs import Construct, IValidation

from ecr_constructs._cdk.construct_references import ConstructReference
from ecr_constructs._cdk.environment_registry import environment_of
from ecr_constructs._cdk.nag_suppressions import acknowledge
from ecr_constructs._cdk.property_injectors import is_injected, reapply, typed_refusal
from ecr_constructs._cdk.retention import warn_unless_retained
from ecr_constructs._cdk.scope import ConstructLocation, location_of
from ecr_constructs._cdk.tokens import is_unresolved
from ecr_constructs.errors import InvalidRegistry
from ecr_constructs.model.partitions import arn_problems
from ecr_constructs.model.validation import is_token

if TYPE_CHECKING:
    from aws_cdk import aws_secretsmanager as secretsmanager

__all__ = ["NAME_PREFIX", "Credentials"]

NAME_PREFIX = "ecr-pullthroughcache/"
_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]+")
_MAXIMUM_NAME = 512
# CredentialArn in the service model.
_ARN = re.compile(
    r"arn:aws(-\w+)*:secretsmanager:(?P<region>[a-zA-Z0-9-:]+):(?P<account>[0-9]{12}):"
    r"secret:ecr-pullthroughcache/[a-zA-Z0-9/_+=.@-]+-[a-zA-Z0-9]{6}"
)
_LONGEST_ARN = 612
_TO_BE_FILLED_IN = '{"username":"fill-in-after-deployment"}'
_BY_HAND = "it holds a token of another company's registry, which nobody but a person can renew there"
_LOST = "the token of the upstream registry is deleted with its stack, and it exists nowhere else"
_MANAGED_KEY = "ECR reads no secret with another key than aws/secretsmanager"


class Credentials(ABC):
    """What a cache shows its upstream: `new_secret`, `secret` or `secret_arn`."""

    __slots__ = ()

    @staticmethod
    def new_secret(name: str | None = None) -> Credentials:
        """
        Make a secret, to be filled in by hand once it is deployed; no token ever enters a template.

        It has a user name and a token that open nothing. Fill it in, and renew it later, with `aws secretsmanager
        put-secret-value --secret-id NAME --secret-string '{"username": "...", "accessToken": "..."}'`; its ARN stays.

        Creates: one `AWS::SecretsManager::Secret`, which stays when its stack goes.

        Args:
            name: What follows `ecr-pullthroughcache/` in its name. Default: the prefix of the cache.

        Raises:
            TypeError: if it is not a string.

        >>> Credentials.new_secret("docker-hub-2")
        Credentials.new_secret('docker-hub-2')

        """
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name must be a string, got {name!r}")
        return _NewSecret(name)

    @staticmethod
    def secret(secret: ISecretRef) -> Credentials:
        """
        Use a secret of this app, or an imported one.

        Args:
            secret: A `secretsmanager.Secret`, or one imported with its complete ARN.

        Raises:
            TypeError: if it is no secret.

        """
        if isinstance(secret, type) or not hasattr(secret, "secret_ref"):
            raise TypeError(f"secret must be a secretsmanager.Secret, got {secret!r}")
        return _Secret(ConstructReference(secret))

    @staticmethod
    def secret_arn(arn: str) -> Credentials:
        """
        Use a secret that exists.

        Args:
            arn: Its complete ARN, with the six characters at the end; up to 612 characters.

        Raises:
            TypeError: if it is not a string.

        """
        if not isinstance(arn, str):
            raise TypeError(f"arn must be a string, got {arn!r}")
        return _SecretArn(arn)

    @abstractmethod
    def problems(self, place: ConstructLocation, prefix: str) -> Iterator[str]:
        """Say why ECR could not use it for a cache."""

    @abstractmethod
    def bind(self, scope: Construct, prefix: str) -> str:
        """Make what it needs, and give the ARN of the secret."""


@dataclass(frozen=True, slots=True)
class _NewSecret(Credentials):
    name: str | None

    def problems(self, place: ConstructLocation, prefix: str) -> Iterator[str]:
        name = self._full_name(prefix)
        if is_token(name):
            yield f"credentials: secret name {name!r} is known only at deployment; it is read here, so write it out"
        elif not _NAME.fullmatch(name):
            yield f"credentials: secret name {name!r} is not well formed; use letters, digits and /_+=.@-"
        if len(name) > _MAXIMUM_NAME:
            yield f"credentials: secret name has {len(name)} characters; AWS allows {_MAXIMUM_NAME}, shorten it"
        owner = environment_of(place).owner("secret", name) if place.stack else None
        if owner is not None:
            yield (
                f"credentials: {owner.node.path} is called {name!r}; share it with Credentials.secret(...), "
                "or give another name"
            )

    def bind(self, scope: Construct, prefix: str) -> str:
        # Imported here, for it takes as long as everything else together and most caches need none.
        from aws_cdk import aws_secretsmanager as secretsmanager  # noqa: PLC0415

        generated = secretsmanager.SecretStringGenerator(
            secret_string_template=_TO_BE_FILLED_IN, generate_string_key="accessToken"
        )
        class_id = secretsmanager.Secret.PROPERTY_INJECTION_ID
        with typed_refusal(scope, class_id, InvalidRegistry, path=scope.node.path):
            secret = secretsmanager.Secret(
                scope,
                "Credentials",
                secret_name=self._full_name(prefix),
                description=f"What the pull-through cache {prefix} shows its upstream; filled in by hand",
                generate_secret_string=generated,
                removal_policy=cdk.RemovalPolicy.RETAIN,
            )
        if is_injected(scope, class_id):
            self._reapply(scope, secret, prefix)
        _check_later(scope, secret, prefix)
        environment_of(location_of(scope)).claim(secret, "secret", self._full_name(prefix))
        acknowledge(secret, "AwsSolutions-SMG4", _BY_HAND)
        resource = secret.node.default_child
        warn_unless_retained(secret, location_of(secret), resource, _LOST)
        if isinstance(resource, cdk.CfnResource):
            resource.add_metadata("checkov", {"skip": [{"id": "CKV_AWS_149", "comment": _MANAGED_KEY}]})
            suppressed = ["SECRETSMANAGER_USING_CMK", "SECRETSMANAGER_ROTATION_ENABLED_CHECK"]
            resource.add_metadata("guard", {"SuppressedRules": suppressed})
        return secret.secret_arn

    def _reapply(self, scope: Construct, secret: secretsmanager.Secret, prefix: str) -> None:
        """Set what ECR needs of the secret once more after a property injector, and refuse another name."""
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
        reapply(scope, resource, properties, reason=_MANAGED_KEY + ", and the token exists nowhere else")

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

    def problems(self, place: ConstructLocation, prefix: str) -> Iterator[str]:  # noqa: ARG002  (the secret has its name)
        # The resource of a secret of this app; what is imported has none.
        resource: Any = self.given if isinstance(self.given, cdk.CfnResource) else self.given.node.default_child
        # The name of a secret that has none is a token for nothing.
        name = None if resource is None else resource.stack.resolve(getattr(resource, "name", None))
        key = getattr(self.given, "encryption_key", None) if resource is None else resource.kms_key_id
        if resource is not None and name is None:
            yield f"credentials: the secret has no name of its own; ECR wants one that begins with {NAME_PREFIX!r}"
        if isinstance(name, str) and not name.startswith(NAME_PREFIX):
            yield f"credentials: the secret is called {name!r}; ECR wants a name that begins with {NAME_PREFIX!r}"
        if key is not None:
            yield f"credentials: the secret has a key of its own, and {_MANAGED_KEY}; leave encryption_key= out"
        if getattr(self.given, "secret_full_arn", self._arn) is None and is_unresolved(self._arn):
            yield "credentials: the secret was imported without its complete ARN; use from_secret_complete_arn"
        elif is_unresolved(self._arn):
            yield from _place_problems(self.given.env.region, self.given.env.account, place)
        else:
            yield from _arn_problems(self._arn, place)

    def bind(self, scope: Construct, prefix: str) -> str:
        _check_later(scope, self.given, prefix)
        return self._arn

    @property
    def _arn(self) -> str:
        # What an imported secret calls its full ARN is more than its id, if it was imported so.
        return str(getattr(self.given, "secret_full_arn", None) or self.given.secret_ref.secret_id)


def _check_later(scope: Construct, secret: ISecretRef, prefix: str) -> None:
    scope.node.add_validation(_SecretCheck(secret, location_of(scope), prefix))


@jsii.implements(IValidation)
class _SecretCheck:
    """Checks a secret once more when the app synthesizes: an aspect may have changed it."""

    def __init__(self, secret: ISecretRef, place: ConstructLocation, prefix: str) -> None:
        self._secret = _Secret(ConstructReference(secret))
        self._place = place
        self._prefix = prefix

    def validate(self) -> list[str]:
        return list(self._secret.problems(self._place, self._prefix))


@dataclass(frozen=True, slots=True)
class _SecretArn(Credentials):
    arn: str

    def problems(self, place: ConstructLocation, prefix: str) -> Iterator[str]:  # noqa: ARG002  (the secret has its name)
        yield from _arn_problems(self.arn, place)

    def bind(self, scope: Construct, prefix: str) -> str:  # noqa: ARG002  (it is there already)
        return self.arn


def _arn_problems(arn: str, place: ConstructLocation) -> Iterator[str]:
    if is_unresolved(arn):
        return
    if len(arn) > _LONGEST_ARN:
        yield f"credentials: the ARN of the secret has {len(arn)} characters; ECR allows {_LONGEST_ARN}, rename it"
    found = _ARN.fullmatch(arn)
    if found is None:
        yield (
            f"credentials: {arn!r} is not the ARN of a secret for caches; write all of it, such as "
            f"'arn:aws:secretsmanager:eu-west-1:111122223333:secret:{NAME_PREFIX}docker-hub-a1B2c3'"
        )
    else:
        yield from arn_problems("credentials", arn, place.stack.region if place.stack else None)
        yield from _place_problems(found["region"], found["account"], place)


def _place_problems(region: str, account: str, place: ConstructLocation) -> Iterator[str]:
    if place.stack is None:
        return
    for what, theirs, ours in (("region", region, place.stack.region), ("account", account, place.stack.account)):
        if theirs != ours and not is_unresolved(theirs) and not is_unresolved(ours):
            yield f"credentials: the secret is in {what} {theirs} and the cache in {ours}; ECR wants the same {what}"
