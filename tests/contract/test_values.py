"""Public values can be copied, pickled and read with `dataclasses`."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable, Mapping
from datetime import date, datetime, timezone
from functools import partial
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns

import ecr_constructs
from ecr_constructs import (
    ADOPTED,
    CACHED,
    CREATED,
    EPHEMERAL,
    HARDENED,
    AcceptedFinding,
    Access,
    AlertTarget,
    Breach,
    CachePrefix,
    Credentials,
    DigestPinning,
    EcrConstructsError,
    Encryption,
    ExclusionFilter,
    Image,
    ImagePin,
    ImageReference,
    Immutability,
    LifecyclePolicy,
    Namespace,
    Perimeter,
    PipelineIdentity,
    Replication,
    ReplicationFilter,
    RepositoryMetrics,
    RepositoryName,
    RepositorySettings,
    RuleException,
    ScanFilter,
    Scanning,
    SigningFilter,
    TagPattern,
    TagPrefix,
    TemplatePrefix,
    Upstream,
    expire_untagged,
    keep_latest,
)

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
IMAGES = [Image(digest=f"sha256:{'a' * 64}", tags=("v1",), pushed_at=datetime(2026, 1, 1, tzinfo=timezone.utc))]
POLICY = LifecyclePolicy.of(keep_latest(1, matching="v*"), expire_untagged(after_days=14))
EVALUATION = POLICY.evaluate(IMAGES, at=NOW)
CHANGED = HARDENED.but(
    lifecycle=POLICY,
    immutability=Immutability.all_tags_except("latest"),
    access=[Access.account_pull("111122223333")],
    policy_statements=[
        iam.PolicyStatement(
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["ecr:*"],
            conditions={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-abc1234567"}},
        )
    ],
    resource_tags={"team": "payments", "stage": "prod"},
)

VALUES: Mapping[str, Any] = {
    **{f"settings {number}": each for number, each in enumerate((HARDENED, ADOPTED, CREATED, CACHED, EPHEMERAL))},
    "settings changed": CHANGED,
    "settings with dual_layer": HARDENED.but(encryption=Encryption.dual_layer()),
    "shared_key": Encryption.shared_key(),
    "shared_key of a team": Encryption.shared_key(name="payments", users=["arn:aws:iam::111122223333:role/deployer"]),
    "digest pinning": DigestPinning(level="error", immutable_repositories=["shared/*"]),
    "pin": ImagePin(
        account="111122223333", region="eu-west-1", repository="api", tag="v1", digest=f"sha256:{'a' * 64}"
    ),
    "aws_managed_key": Encryption.aws_managed_key(),
    "aes256": Encryption.aes256(),
    "dual_layer": Encryption.dual_layer(),
    **{
        name: getattr(Access, name)("111122223333")
        for name in ("account_pull", "account_push", "lambda_pull", "cache_pull")
    },
    "role_pull": Access.role_pull("arn:aws:iam::111122223333:role/deployer"),
    "organizational_unit_pull": Access.organizational_unit_pull("o-abc1234567/r-ab12/ou-ab12-11111111"),
    "metrics": RepositoryMetrics("prod/api"),
    "accepted finding": AcceptedFinding(
        vulnerability="CVE-2024-12345", reason="not used", owner="team-a", expires=date(2027, 6, 30)
    ),
    "perimeter": Perimeter(organization="o-abc1234567", networks=["203.0.113.0/24"], endpoints=["o-abc1234567"]),
    "pipeline": PipelineIdentity.github("octo-org/api", branch="main"),
    "breach": Breach("the name has no team", "Properties/RepositoryName"),
    "exception": RuleException(
        resource="Containers/Api", rule="tags-immutable", reason="latest", owner="team-a", expires=date(2027, 6, 30)
    ),
    "organization_pull": Access.organization_pull("o-abc1234567"),
    "all_tags": Immutability.all_tags(),
    "all_tags_except": Immutability.all_tags_except("latest", "dev-*"),
    "only_tags": Immutability.only_tags("v*"),
    "off": Immutability.off(),
    "policy": POLICY,
    "no policy": LifecyclePolicy.none(),
    "rule": POLICY.rules[0],
    "intent": keep_latest(1, matching="v*"),
    "finding": POLICY.findings()[0],
    "image": IMAGES[0],
    "evaluation": EVALUATION,
    "decision": EVALUATION.kept[0],
    "scheduled action": next(
        iter(
            LifecyclePolicy.of(keep_latest(1, matching="w*"), expire_untagged(after_days=14)).schedule(
                [dataclasses.replace(IMAGES[0], tags=())], at=NOW
            )
        )
    ),
    "reference": ImageReference.parse("public.ecr.aws/docker/library/nginx:1.27"),
    "enhanced": Scanning.enhanced(continuous=Namespace("prod"), on_push="*"),
    "basic": Scanning.basic(),
    "replication": Replication.to("eu-west-1", account="111122223333", repositories=Namespace("prod")),
    **{
        str(each.registry): each
        for each in (Upstream.ecr_public(), Upstream.docker_hub(), Upstream.quay(), Upstream.github())
    },
    "private ECR": Upstream.ecr(account="111122223333", region="eu-west-1"),
    **{
        type(each).__name__: each
        for each in (
            Namespace("prod"),
            RepositoryName("prod/api"),
            CachePrefix("quay"),
            TemplatePrefix("prod"),
            ScanFilter("prod/*"),
            SigningFilter("prod/*"),
            ReplicationFilter("prod/"),
            ExclusionFilter("latest"),
            TagPattern("v*"),
            TagPrefix("v"),
        )
    },
    "new_secret": Credentials.new_secret("quay"),
    "secret_arn": Credentials.secret_arn("arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/a"),
}
each_value = pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
# Older protocols do not support classes with slots.
PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)


def pickled(value: Any, protocol: int) -> Any:
    return pickle.loads(pickle.dumps(value, protocol))


AGAIN: Mapping[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {protocol}": partial(pickled, protocol=protocol) for protocol in PROTOCOLS},
}


def test_the_table_has_a_value_of_every_public_class() -> None:
    classes = {
        name
        for name in ecr_constructs.__all__
        if isinstance(each := getattr(ecr_constructs, name), type)
        and not issubclass(each, (cdk.Resource, Exception))
        and not hasattr(each, "is_construct")
    }

    # A value of a subclass is a value of its base classes, too.
    made = {base.__name__ for value in VALUES.values() for base in type(value).__mro__}
    made |= {hold.__qualname__.partition(".")[0] for _, hold in HOLDERS.values()}
    # A compliance rule has a function. `Guardrails`, `Hardened` and `HardenedInjector` are objects of JavaScript. A
    # `RepositoryImage` is the result of a method of a construct, and has its permissions.
    assert classes - made == {"ComplianceRule", "Guardrails", "Hardened", "HardenedInjector", "RepositoryImage"}


@each_value
def test_a_copy_is_equal_and_has_the_same_hash(value: Any) -> None:
    for way, again in AGAIN.items():
        copied = again(value)

        assert type(copied) is type(value), way
        assert copied == value, way
        assert repr(copied) == repr(value), way
        if not isinstance(value, type(EVALUATION)):
            assert hash(copied) == hash(value), way


def test_dataclasses_functions_accept_every_value() -> None:
    for value in VALUES.values():
        assert_dataclasses_functions_accept(value)


def assert_dataclasses_functions_accept(value: Any) -> None:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = {each.name for each in dataclasses.fields(value)}
        assert set(dataclasses.asdict(value)) == names
        assert len(dataclasses.astuple(value)) == len(names)
        assert dataclasses.replace(value) == value


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
def test_copied_settings_and_their_tags_are_immutable(again: Callable[[Any], RepositorySettings]) -> None:
    copied = again(CHANGED)

    with pytest.raises(dataclasses.FrozenInstanceError):
        copied.scan_on_push = False  # type: ignore[misc]
    with pytest.raises(TypeError):
        copied.resource_tags["team"] = "other"  # type: ignore[index]
    with pytest.raises(TypeError):
        del copied.resource_tags["team"]  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        copied.resource_tags.clear()  # type: ignore[attr-defined]
    assert copied.but(resource_tags={"team": "other"}).resource_tags == {"team": "other", "stage": "prod"}


def test_resource_tags_are_a_mapping() -> None:
    tags = CHANGED.resource_tags

    assert repr(tags) == "{'team': 'payments', 'stage': 'prod'}"
    assert (dict(tags), len(tags), list(tags)) == ({"team": "payments", "stage": "prod"}, 2, ["team", "stage"])
    assert dataclasses.asdict(CHANGED)["resource_tags"] == {"team": "payments", "stage": "prod"}


# --- values that contain a construct --------------------------------------------------------------------------------

KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012"
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/quay-a1B2c3"  # noqa: S105
HOLDERS: Mapping[str, tuple[Callable[[cdk.Stack], Any], Callable[[Any], Any]]] = {
    "customer_key": (lambda stack: kms.Key(stack, "Key"), Encryption.customer_key),
    "customer_key of an imported key": (
        lambda stack: kms.Key.from_key_arn(stack, "Key", KEY_ARN),
        Encryption.customer_key,
    ),
    "dual_layer": (lambda stack: kms.Key(stack, "Key"), Encryption.dual_layer),
    "secret": (lambda stack: secretsmanager.Secret(stack, "Secret"), Credentials.secret),
    "an imported secret": (
        lambda stack: secretsmanager.Secret.from_secret_complete_arn(stack, "Secret", SECRET_ARN),
        Credentials.secret,
    ),
    "topic": (lambda stack: sns.Topic(stack, "Topic"), AlertTarget.topic),
    "chat": (lambda stack: sns.Topic(stack, "Topic"), AlertTarget.chat),
    "settings": (lambda stack: kms.Key(stack, "Key"), lambda key: CHANGED.but(encryption=Encryption.customer_key(key))),
}
each_holder = pytest.mark.parametrize("holder", HOLDERS)


def held(value: Any) -> Any:
    inner: Any = value.encryption if isinstance(value, RepositorySettings) else value
    return inner.held.construct


@each_holder
def test_a_copy_holds_the_same_construct_and_cannot_be_pickled(
    holder: str, stack_in: Callable[[str], cdk.Stack]
) -> None:
    make, hold = HOLDERS[holder]
    construct = make(stack_in("eu-west-1"))
    value = hold(construct)

    for copied in (copy.copy(value), copy.deepcopy(value), dataclasses.replace(value)):
        assert held(copied) is held(value) is construct
        assert copied == value
        assert hash(copied) == hash(value)
    assert dataclasses.asdict(value) == dataclasses.asdict(copy.deepcopy(value))
    for protocol in PROTOCOLS:
        with pytest.raises(TypeError, match=r"has the construct .*Containers.*/(Key|Secret|Topic).* cannot be pickled"):
            pickle.dumps(value, protocol)


def test_values_with_another_construct_are_not_equal(stack: cdk.Stack) -> None:
    one, other = kms.Key(stack, "One"), kms.Key(stack, "Other")

    assert Encryption.customer_key(one) == Encryption.customer_key(one)
    assert Encryption.customer_key(one) != Encryption.customer_key(other)


ERRORS = [
    each
    for name in ecr_constructs.__all__
    if isinstance(each := getattr(ecr_constructs, name), type) and issubclass(each, EcrConstructsError)
]


@pytest.mark.parametrize("kind", ERRORS)
def test_a_copy_of_an_error_has_its_problems_and_its_path(kind: type[EcrConstructsError]) -> None:
    error = kind(["one", "two"], path="Containers/Api")

    for way, again in AGAIN.items():
        copied = again(error)

        assert type(copied) is kind, way
        assert (copied.problems, copied.path, str(copied)) == (error.problems, error.path, str(error)), way
