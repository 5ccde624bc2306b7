"""All arguments of a construct that are of the wrong kind, or of another construct, are one error with the path."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms

from ecr_constructs import (
    ADOPTED,
    HARDENED,
    CreationTemplate,
    HardenedRepository,
    InvalidLifecyclePolicy,
    InvalidRepository,
    LifecyclePolicy,
    PrivateRegistry,
    PullThroughCache,
    ReplicaRegistry,
    RepositorySettings,
    Upstream,
    expire_untagged,
    keep_latest,
)
from ecr_constructs.errors import ArgumentTypeError

ARGUMENTS: dict[str, tuple[Callable[..., object], dict[str, Any]]] = {
    "repository": (
        HardenedRepository,
        {
            "repository_name": 1,
            "immutability": 1,
            "lifecycle": 1,
            "encryption": 1,
            "scan_on_push": 1,
            "access": 1,
            "policy_statements": 1,
            "resource_tags": 1,
            "removal_policy": 1,
            "empty_on_delete": 1,
            "replicate_to": 1,
            "scanning": 1,
        },
    ),
    "repository settings": (HardenedRepository, {"settings": 1, "access": 1}),
    "registry": (PrivateRegistry, {"scanning": 1, "replication": 1, "policy_statements": 1, "policy_scope": 1}),
    "template": (
        CreationTemplate,
        {
            "prefix": 1,
            "applied_for": 1,
            "settings": 1,
            "access": 1,
            "policy_statements": 1,
            "description": 1,
            "role": 1,
        },
    ),
    "cache": (
        PullThroughCache,
        {
            "upstream": 1,
            "prefix": 1,
            "upstream_prefix": 1,
            "credentials": 1,
            "role": 1,
            "repositories": 1,
            "consumers": 1,
            "settings": 1,
            "access": 1,
            "policy_statements": 1,
            "description": 1,
            "template": 1,
            "template_role": 1,
        },
    ),
    "replica": (
        ReplicaRegistry,
        {
            "source_region": 1,
            "source_account": 1,
            "repositories": 1,
            "settings": 1,
            "access": 1,
            "policy_statements": 1,
            "role": 1,
        },
    ),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_all_wrong_kinds_are_one_error_with_the_path(stack: cdk.Stack, name: str) -> None:
    make, arguments = ARGUMENTS[name]
    with pytest.raises(TypeError) as refused:
        make(stack, "It", **arguments)

    assert isinstance(refused.value, ArgumentTypeError)
    assert refused.value.path == "Containers/It"
    assert sorted(problem.split(" must be ")[0] for problem in refused.value.problems) == sorted(arguments)
    assert stack.node.children == []


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_scope_and_an_id_of_the_wrong_kind_are_listed_with_the_others(name: str) -> None:
    make, arguments = ARGUMENTS[name]
    with pytest.raises(TypeError) as refused:
        make(None, 1, **arguments)

    assert isinstance(refused.value, ArgumentTypeError)
    assert refused.value.path == ""
    assert len(refused.value.problems) == len(arguments) + 2


def test_problems_of_values_are_listed_after_wrong_kinds(stack: cdk.Stack) -> None:
    with pytest.raises(TypeError) as refused:
        HardenedRepository(stack, "It", repository_name=1, empty_on_delete=True)  # type: ignore[arg-type]

    assert isinstance(refused.value, ArgumentTypeError)
    assert [problem.split(" ")[0] for problem in refused.value.problems] == ["repository_name", "empty_on_delete"]


def test_conditions_of_the_wrong_kind_have_the_path(stack: cdk.Stack) -> None:
    with pytest.raises(TypeError, match=r"^Containers/It: trust_conditions must be a mapping such as"):
        CreationTemplate(
            stack,
            "It",
            prefix="a",
            applied_for=["CREATE_ON_PUSH"],
            settings=HARDENED,
            trust_conditions=1,  # type: ignore[arg-type]
        )


# --- arguments of ecr.Repository --------------------------------------------------------------------------------------


OLD: dict[str, tuple[Any, str]] = {
    "image_scan_on_push": (True, "use scan_on_push="),
    "image_tag_mutability": (ecr.TagMutability.IMMUTABLE, "use immutability="),
    "image_tag_mutability_exclusion_filters": ([], "use immutability="),
    "lifecycle_rules": ([], "use lifecycle="),
    "lifecycle_registry_id": ("111122223333", "remove it"),
    "encryption_key": (None, "use encryption=Encryption.customer_key(key)"),
    "auto_delete_images": (True, "use empty_on_delete=True and removal_policy=RemovalPolicy.DESTROY"),
}


def problems_of(stack: cdk.Stack, **keywords: Any) -> list[str]:
    with pytest.raises(TypeError) as refused:
        HardenedRepository(stack, "Api", **keywords)
    assert isinstance(refused.value, ArgumentTypeError)
    assert refused.value.path == "Containers/Api"
    assert stack.node.children == []
    return list(refused.value.problems)


def test_an_argument_of_the_repository_of_the_cdk_is_named_with_the_new_one(stack: cdk.Stack) -> None:
    for name, (value, remedy) in OLD.items():
        first, last = problems_of(stack, **{name: value})

        assert first.startswith(f"{name}= is an argument of ecr.Repository; {remedy}")
        assert "the page 'Migration from ecr.Repository' of the documentation" in last


def test_all_arguments_of_the_repository_of_the_cdk_are_one_error(stack: cdk.Stack) -> None:
    kms_encryption = ecr.RepositoryEncryption.KMS
    found = problems_of(stack, encryption=kms_encryption, **{name: value for name, (value, _) in OLD.items()})

    assert [problem.partition("=")[0] for problem in found[:-1]] == [*OLD, "encryption"]
    assert "Encryption.aws_managed_key()" in found[-2]


def test_every_argument_of_the_repository_of_the_cdk_is_known_or_rejected_with_a_remedy() -> None:
    old = set(inspect.signature(ecr.Repository.__init__).parameters) - {"self", "scope", "id"}
    here = set(inspect.signature(HardenedRepository.__init__).parameters)

    assert old - here == set(OLD)


def test_an_argument_that_does_not_exist_is_rejected(stack: cdk.Stack) -> None:
    assert problems_of(stack, tags={})[0] == "tags= is not an argument of HardenedRepository; remove it"


def test_old_arguments_and_wrong_kinds_are_one_error(stack: cdk.Stack) -> None:
    key = kms.Key.from_key_arn(cdk.Stack(), "Key", "arn:aws:kms:eu-west-1:111122223333:key/1")

    assert len(problems_of(stack, encryption_key=key, access=1, settings=None)) == 4


# --- lifecycle as a list of intents -----------------------------------------------------------------------------------


INTENTS = [keep_latest(10, matching="release-*"), expire_untagged(after_days=14)]
POLICY = LifecyclePolicy.of(*INTENTS)


@pytest.mark.parametrize("lifecycle", [INTENTS, tuple(INTENTS), POLICY], ids=["list", "tuple", "policy"])
def test_intents_are_a_policy_everywhere(stack: cdk.Stack, lifecycle: Any) -> None:
    settings = RepositorySettings(lifecycle=lifecycle)

    assert settings.lifecycle == HARDENED.but(lifecycle=lifecycle).lifecycle == POLICY
    assert HardenedRepository(stack, "Api", settings=ADOPTED, lifecycle=lifecycle).lifecycle == POLICY
    template = CreationTemplate(
        stack, "It", prefix="a", applied_for=["CREATE_ON_PUSH"], settings=ADOPTED.but(lifecycle=lifecycle)
    )
    assert template.resource.lifecycle_policy == POLICY.to_json()


def test_one_intent_is_a_policy() -> None:
    assert HARDENED.but(lifecycle=INTENTS[1]) == HARDENED.but(lifecycle=LifecyclePolicy.of(INTENTS[1]))
    assert hash(HARDENED.but(lifecycle=INTENTS[1])) == hash(HARDENED.but(lifecycle=[INTENTS[1]]))


def test_no_intents_are_an_error() -> None:
    with pytest.raises(InvalidRepository, match=r"^lifecycle: .*LifecyclePolicy.none\(\)"):
        HARDENED.but(lifecycle=[])


def test_intents_that_contradict_each_other_are_an_error_beside_the_others(stack: cdk.Stack) -> None:
    contradicting = [expire_untagged(after_days=1), expire_untagged(after_days=2)]
    with pytest.raises(InvalidLifecyclePolicy) as alone:
        LifecyclePolicy.of(*contradicting)
    with pytest.raises(InvalidRepository) as refused:
        HardenedRepository(stack, "Api", repository_name="API", lifecycle=contradicting)

    assert refused.value.problems[: len(alone.value.problems)] == tuple(
        f"lifecycle: {problem}" for problem in alone.value.problems
    )
    assert len(refused.value.problems) > len(alone.value.problems)


def test_an_entry_that_is_no_intent_is_named() -> None:
    with pytest.raises(TypeError, match=r"lifecycle\[1\] must be an Intent, got LifecyclePolicy"):
        HARDENED.but(lifecycle=[INTENTS[0], POLICY])  # type: ignore[list-item]


def test_a_cache_accepts_intents_in_its_settings(stack: cdk.Stack) -> None:
    cache = PullThroughCache(
        stack, "Quay", upstream=Upstream.quay(), settings=ADOPTED.but(lifecycle=[expire_untagged(after_days=1)])
    )

    assert len(cache.template.settings.effective_lifecycle.rules) == 1
