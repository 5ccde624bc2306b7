"""A value of the wrong kind is a `TypeError` with the argument, or an error of the library, in every public method."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import IntEnum
from functools import cache
from itertools import count
from types import SimpleNamespace
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from ecr_constructs import (
    ADOPTED,
    HARDENED,
    Access,
    CreationTemplate,
    Credentials,
    EcrConstructsError,
    Encryption,
    HardenedRepository,
    Immutability,
    LifecyclePolicy,
    Namespace,
    PrivateRegistry,
    PullThroughCache,
    ReplicaRegistry,
    Replication,
    ReplicationFilter,
    ScanFilter,
    Scanning,
    TagPattern,
    Upstream,
)
from tests.templates import new_app, new_stack

PARTNER = "444455556666"
PROFILE = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release"
NUMBERS = count()
WRONG: Mapping[str, Any] = {
    "None": None,
    "string": "x",
    "number": 1,
    "fraction": 1.5,
    "not a number": float("nan"),
    "class": iam.Role,
    "list": [1],
    "mapping": {"a": 1},
    "bytes": b"x",
    "object": object(),
    "construct": cdk.Stack(),
}


@cache
def made() -> SimpleNamespace:
    """Create one of each construct, for calls of their methods."""
    app = new_app()
    stack = new_stack(app, "Containers", region="eu-west-1")
    registry = PrivateRegistry(stack, "Registry", scanning=Scanning.enhanced())
    return SimpleNamespace(
        app=app,
        stack=stack,
        registry=registry,
        repository=HardenedRepository(stack, "Api", settings=ADOPTED, repository_name="prod/api"),
        cache=PullThroughCache(stack, "Cache", upstream=Upstream.quay()),
        role=iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com")),
    )


def new_id() -> str:
    return f"Id{next(NUMBERS)}"


def another(region: str = "us-east-1") -> cdk.Stack:
    return new_stack(made().app, new_id(), region=region, account=f"{next(NUMBERS):012d}")


Call = Callable[[Any], object]


def options(make: Callable[..., object], names: str) -> dict[str, Call]:
    """Yield a call for each keyword of a constructor."""
    return {name: lambda value, name=name: make(**{name: value}) for name in names.split()}  # type: ignore[misc]


def of(construct: str, method: str) -> Call:
    def call(value: object) -> object:
        return getattr(getattr(made(), construct), method)(value)

    return call


CALLS: Mapping[str, Call] = {
    **{
        f"repository.{name}": of("repository", name)
        for name in (
            "grant_pull",
            "grant_push",
            "grant_pull_push",
            "grant_read",
            "grant_read_metadata",
            "grant_scan",
            "grant_administer",
            "image",
            "add_to_resource_policy",
            "apply_removal_policy",
        )
    },
    "repository.grant": lambda value: made().repository.grant(value, "ecr:BatchGetImage"),
    "repository.grant by keyword": lambda value: made().repository.grant_pull(grantee=value),
    "repository.grant actions": lambda value: made().repository.grant(made().role, value),
    **{
        f"repository.add_lifecycle_rule {name}": call
        for name, call in options(
            lambda **values: made().repository.add_lifecycle_rule(**{"max_image_count": 5, **values}),
            "description max_image_age max_image_count rule_priority tag_pattern_list tag_prefix_list tag_status",
        ).items()
    },
    **{
        f"HardenedRepository {name}": call
        for name, call in options(
            lambda **values: HardenedRepository(**{"scope": made().stack, "id": new_id(), **values}),
            "scope id repository_name settings immutability lifecycle encryption scan_on_push access "
            "policy_statements resource_tags removal_policy empty_on_delete replicate_to scanning",
        ).items()
    },
    "HardenedRepository.from_repository_name": lambda value: HardenedRepository.from_repository_name(
        made().stack, new_id(), value
    ),
    "HardenedRepository.from_repository_arn": lambda value: HardenedRepository.from_repository_arn(
        made().stack, new_id(), value
    ),
    **{
        f"PrivateRegistry {name}": call
        for name, call in options(
            lambda **values: PrivateRegistry(**{"scope": another(), "id": "It", **values}),
            "scope id scanning replication policy_statements policy_scope",
        ).items()
    },
    **{
        f"registry.{name}": of("registry", name)
        for name in (
            "of",
            "add_replication",
            "accept_replication_from",
            "accept_caches_of",
            "add_to_resource_policy",
        )
    },
    "registry.replicate name": lambda value: made().registry.replicate(value, ["eu-central-1"]),
    "registry.replicate Regions": lambda value: made().registry.replicate("prod/api", value),
    "registry.replicate Region": lambda value: made().registry.replicate("prod/api", [value]),
    "registry.scan name": lambda value: made().registry.scan(value, "CONTINUOUS_SCAN"),
    "registry.scan frequency": lambda value: made().registry.scan("prod/api", value),
    **{
        f"registry.{name} repositories": lambda value, name=name: getattr(made().registry, name)(  # type: ignore[misc]
            PARTNER, repositories=value
        )
        for name in ("accept_replication_from", "accept_caches_of")
    },
    "registry.accept_cache_consumer": lambda value: made().registry.accept_cache_consumer(value, repositories="q/*"),
    "registry.accept_cache_consumer repositories": lambda value: made().registry.accept_cache_consumer(
        Access.account_pull(PARTNER), repositories=value
    ),
    "registry.deny_repository_creation": lambda value: made().registry.deny_repository_creation(except_for=value),
    "registry.deny_repository_creation of one": lambda value: made().registry.deny_repository_creation(
        except_for=[value]
    ),
    **{
        f"PullThroughCache {name}": call
        for name, call in options(
            lambda **values: PullThroughCache(
                **{
                    "scope": another(),
                    "id": "It",
                    "upstream": Upstream.quay(),
                    **values,
                }
            ),
            "scope id upstream prefix upstream_prefix credentials role repositories consumers settings access "
            "policy_statements description template template_role",
        ).items()
    },
    "cache.image": of("cache", "image"),
    "cache.grant_scan": of("cache", "grant_scan"),
    "cache.grant_scan enhanced": lambda value: made().cache.grant_scan(made().role, enhanced=value),
    "repository.grant_sign": lambda value: made().repository.grant_sign(value, signing_profile_arn=PROFILE),
    "repository.grant_sign signing_profile_arn": lambda value: made().repository.grant_sign(
        made().role, signing_profile_arn=value
    ),
    "imported.grant_push": lambda value: HardenedRepository.from_repository_name(
        another(), "It", "prod/api"
    ).grant_push(value),
    "cache.uri": of("cache", "uri"),
    "cache.grant_pull": of("cache", "grant_pull"),
    **{
        f"CreationTemplate {name}": call
        for name, call in options(
            lambda **values: CreationTemplate(
                **{"scope": another(), "id": "It", "prefix": "teams", "applied_for": ["CREATE_ON_PUSH"], **values}
            ),
            "scope id prefix applied_for settings access policy_statements description role",
        ).items()
    },
    **{
        f"ReplicaRegistry {name}": call
        for name, call in options(
            lambda **values: ReplicaRegistry(
                **{"scope": another(), "id": "It", "source_region": "eu-west-1", **values}
            ),
            "scope id source_region source_account repositories settings access policy_statements role",
        ).items()
    },
    "Encryption.customer_key": Encryption.customer_key,
    "Encryption.dual_layer": Encryption.dual_layer,
    **{
        f"Access.{name}": getattr(Access, name)
        for name in ("organization_pull", "account_pull", "account_push", "lambda_pull", "cache_pull")
    },
    **{f"Credentials.{name}": getattr(Credentials, name) for name in ("new_secret", "secret", "secret_arn")},
    "Immutability.all_tags_except": Immutability.all_tags_except,
    "Immutability.only_tags": Immutability.only_tags,
    "Scanning.enhanced": lambda value: Scanning.enhanced(continuous=value),
    "Scanning.basic": lambda value: Scanning.basic(on_push=value),
    "Replication.to": Replication.to,
    "Replication.to account": lambda value: Replication.to("eu-west-1", account=value),
    "Replication.to repositories": lambda value: Replication.to("eu-west-1", repositories=value),
    "Upstream.ecr account": lambda value: Upstream.ecr(account=value, region="eu-west-1"),
    "Upstream.ecr Region": lambda value: Upstream.ecr(account=PARTNER, region=value),
    "Namespace": Namespace,
    "LifecyclePolicy.with_rule": LifecyclePolicy.none().with_rule,
    "LifecyclePolicy.with_last_rule": LifecyclePolicy.none().with_last_rule,
    "TagPattern.overlaps": TagPattern("v*").overlaps,
    "TagPattern.subsumes": TagPattern("v*").subsumes,
    "Replication.overlaps": Replication.to("eu-west-1").overlaps,
    "Namespace.contains, a name": Namespace("prod").contains,
    "ScanFilter.matches, a name": ScanFilter("prod/*").matches,
    "ReplicationFilter.matches, a name": ReplicationFilter("prod/").matches,
    "Replication.copies, a name": Replication.to("eu-west-1", repositories="prod/").copies,
    "Scanning.frequency, a name": Scanning.enhanced().frequency,
    **{
        f"but {name}": call
        for name, call in options(
            HARDENED.but,
            "immutability lifecycle encryption scan_on_push access policy_statements resource_tags removal_policy "
            "empty_on_delete",
        ).items()
    },
}

# The argument takes a value of this kind, or leaves it out.
RIGHT: Mapping[str, tuple[str, ...]] = {
    "string": (
        "repository.image",
        "from_repository_name",
        "id",
        "prefix",
        "repositories",
        "description",
        "name",
        "new_secret",
        "secret_arn",
        "all_tags_except",
        "only_tags",
        "enhanced",
        "basic",
        "Namespace",
    ),
    "construct": ("scope", "registry.of"),
}


CONSTRUCTS = ("HardenedRepository", "PrivateRegistry", "PullThroughCache", "CreationTemplate", "ReplicaRegistry")


def is_of_construct(call: str) -> bool:
    """Return whether a call is of a construct of the library, and of no method of the CDK, and has a valid scope."""
    has_scope = not call.endswith((" scope", "registry.of", "apply_removal_policy"))
    return has_scope and call.startswith((*CONSTRUCTS, "repository.", "registry.", "cache."))


def is_typed(call: Call, value: Any) -> bool:
    """Return whether a value is rejected with an error that names the argument. Other errors are raised."""
    try:
        call(value)
    except EcrConstructsError:
        return True
    except TypeError as error:
        return re.search(" must be | takes ", str(error)) is not None
    return False


@pytest.mark.parametrize("call", CALLS)
def test_every_value_of_the_wrong_kind_is_a_typed_error(call: str) -> None:
    rejected = {kind for kind, value in WRONG.items() if is_typed(CALLS[call], value)}
    accepted = {kind for kind, calls in RIGHT.items() if call.endswith(calls)}

    assert set(WRONG) - rejected <= accepted | {"None"}


def path_of_error(call: Call) -> str:
    """Return the construct path in the error for a value of the wrong kind."""
    with pytest.raises((TypeError, EcrConstructsError)) as raised:
        call(object())
    return getattr(raised.value, "path", "")


def test_a_value_of_the_wrong_kind_is_reported_with_the_construct_path() -> None:
    paths = {call: path_of_error(CALLS[call]) for call in CALLS if is_of_construct(call)}

    assert len(paths) > 80
    assert [call for call, path in paths.items() if not path] == []


@pytest.mark.parametrize("name", ["grant_pull", "grant_push", "grant_pull_push", "grant_read"])
def test_a_grantee_of_the_wrong_kind_is_named(name: str) -> None:
    with pytest.raises(TypeError, match=r"grantee must be an IGrantable such as an iam.Role, got None"):
        getattr(made().repository, name)(None)


def test_an_action_that_is_none_has_the_path_and_an_example() -> None:
    with pytest.raises(
        EcrConstructsError, match=r"Containers/Api: 'pull' is not an action of ECR; use actions such as"
    ):
        made().repository.grant(made().role, "pull")


def test_a_grant_of_the_wrong_kind_adds_nothing() -> None:
    repository = HardenedRepository(made().stack, new_id(), settings=ADOPTED)

    for value in WRONG.values():
        with pytest.raises((TypeError, EcrConstructsError)):
            repository.grant_pull(value)

    assert repository.policy.document() is None


@pytest.mark.parametrize("name", ["grant_pull", "grant_push", "grant_pull_push", "grant_read"])
def test_a_grantee_that_is_imported_without_a_role_is_rejected(name: str) -> None:
    function = lambda_.Function.from_function_arn(
        made().stack, new_id(), f"arn:aws:lambda:eu-west-1:{PARTNER}:function:resize"
    )

    with pytest.raises(EcrConstructsError, match=rf"the grantee {function.node.path} is imported without a role"):
        getattr(made().repository, name)(function)


class Numbers(IntEnum):
    FIVE = 5


def test_a_number_of_an_enumeration_is_a_number() -> None:
    repository = HardenedRepository(made().stack, new_id(), settings=ADOPTED)
    repository.add_lifecycle_rule(max_image_count=Numbers.FIVE, rule_priority=Numbers.FIVE)
    conditions = {"NumericLessThan": {"aws:MultiFactorAuthAge": Numbers.FIVE, "aws:x": [Numbers.FIVE]}}
    CreationTemplate(
        another(),
        "It",
        prefix="teams",
        applied_for=["CREATE_ON_PUSH"],
        settings=HARDENED,
        trust_conditions=conditions,
    )

    assert [rule.rule_priority for rule in repository.lifecycle.rules] == [5]
