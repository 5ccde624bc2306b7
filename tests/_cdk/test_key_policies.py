"""Keys that ECR cannot use, wherever a key is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from ecr_constructs import (
    CACHED,
    CREATED,
    CreationTemplate,
    EcrConstructsError,
    Encryption,
    HardenedRepository,
    PullThroughCache,
    ReplicaRegistry,
    Upstream,
)
from tests.registries import warnings
from tests.templates import new_stack

HERE = "us-gov-west-1"
ID = "ecr-constructs:keyOfAnotherAccount"

USES: Mapping[str, Callable[[cdk.Stack, Encryption], object]] = {
    "repository": lambda stack, encryption: HardenedRepository(stack, "It", encryption=encryption),
    "template": lambda stack, encryption: CreationTemplate(
        stack, "It", prefix="teams", applied_for=["CREATE_ON_PUSH"], settings=CREATED.but(encryption=encryption)
    ),
    "cache": lambda stack, encryption: PullThroughCache(
        stack, "It", upstream=Upstream.quay(), settings=CACHED.but(encryption=encryption)
    ),
    "replica": lambda stack, encryption: ReplicaRegistry(
        stack, "It", source_region="us-gov-east-1", settings=CREATED.but(encryption=encryption)
    ),
}
each_use = pytest.mark.parametrize("use", USES)
each_choice = pytest.mark.parametrize("choose", [Encryption.customer_key, Encryption.dual_layer])

UNUSABLE: Mapping[str, tuple[Callable[[cdk.Stack], kms.IKey], str]] = {
    "disabled": (lambda stack: kms.Key(stack, "Key", enabled=False), "the key has enabled=False"),
    "RSA": (
        lambda stack: kms.Key(stack, "Key", key_spec=kms.KeySpec.RSA_4096, key_usage=kms.KeyUsage.ENCRYPT_DECRYPT),
        "the key has key_spec 'RSA_4096'",
    ),
    "signing": (
        lambda stack: kms.Key(stack, "Key", key_spec=kms.KeySpec.ECC_NIST_P256, key_usage=kms.KeyUsage.SIGN_VERIFY),
        "the key has key_usage 'SIGN_VERIFY'",
    ),
    "HMAC": (
        lambda stack: kms.Key(stack, "Key", key_spec=kms.KeySpec.HMAC_256, key_usage=kms.KeyUsage.GENERATE_VERIFY_MAC),
        "the key has key_spec 'HMAC_256'",
    ),
}


@each_use
@each_choice
@pytest.mark.parametrize("unusable", UNUSABLE)
def test_a_key_that_ecr_cannot_use_is_rejected(
    app: cdk.App, use: str, choose: Callable[[kms.IKey], Encryption], unusable: str
) -> None:
    stack = new_stack(app, "Containers", region=HERE)
    make, sentence = UNUSABLE[unusable]
    key = make(stack)

    with pytest.raises(EcrConstructsError) as refused:
        USES[use](stack, choose(key))

    assert any(each.startswith(sentence) for each in refused.value.problems)
    assert stack.node.try_find_child("It") is None


def test_the_resource_of_a_key_is_checked_as_well(stack: cdk.Stack) -> None:
    key = kms.CfnKey(stack, "Key", key_policy={}, enabled=False)

    with pytest.raises(EcrConstructsError, match="the key has enabled=False"):
        HardenedRepository(stack, "It", encryption=Encryption.customer_key(key))


@each_use
@each_choice
def test_a_key_that_ecr_can_use_is_accepted(app: cdk.App, use: str, choose: Callable[[kms.IKey], Encryption]) -> None:
    stack = new_stack(app, "Containers", region=HERE)
    key = kms.Key(
        stack, "Key", enabled=True, key_spec=kms.KeySpec.SYMMETRIC_DEFAULT, key_usage=kms.KeyUsage.ENCRYPT_DECRYPT
    )

    USES[use](stack, choose(key))

    app.synth()
    assert not any(ID in each for each in warnings(stack))


@each_use
@each_choice
def test_a_key_of_another_account_is_a_warning(
    app: cdk.App, use: str, choose: Callable[[kms.IKey], Encryption]
) -> None:
    stack = new_stack(app, "Containers", region=HERE)
    arn = f"arn:aws-us-gov:kms:{HERE}:777788889999:key/{'0' * 36}"

    USES[use](stack, choose(kms.Key.from_key_arn(stack, "Key", arn)))

    (warning,) = [each for each in warnings(stack) if ID in each]
    assert warning.startswith("the key is of account 777788889999 and the repository of 111122223333")


def test_an_unknown_account_is_not_compared(stack: cdk.Stack) -> None:
    key = kms.Key.from_key_arn(stack, "Key", f"arn:aws:kms:us-east-1:777788889999:key/{'0' * 36}")

    HardenedRepository(stack, "It", encryption=Encryption.customer_key(key))

    assert warnings(stack) == []


@pytest.mark.parametrize("unusable", UNUSABLE)
def test_an_alias_of_a_key_that_ecr_cannot_use_is_rejected(stack: cdk.Stack, unusable: str) -> None:
    make, sentence = UNUSABLE[unusable]
    alias = kms.Alias(stack, "Alias", alias_name="alias/images", target_key=make(stack))

    with pytest.raises(EcrConstructsError) as refused:
        HardenedRepository(stack, "It", encryption=Encryption.customer_key(alias))

    assert any(each.startswith(sentence) for each in refused.value.problems)


LATER: Mapping[str, tuple[str, object]] = {
    "the key has enabled=False": ("enabled", False),
    "the key has key_spec 'RSA_4096'": ("key_spec", "RSA_4096"),
    "the key has key_usage 'SIGN_VERIFY'": ("key_usage", "SIGN_VERIFY"),
}


@pytest.mark.parametrize("sentence", LATER)
@pytest.mark.parametrize("is_shared", [True, False])
def test_a_key_that_is_changed_later_is_rejected_when_the_app_synthesizes(
    stack: cdk.Stack, sentence: str, *, is_shared: bool
) -> None:
    given = None if is_shared else kms.Key(stack, "Key")
    HardenedRepository(stack, "It", encryption=Encryption.customer_key(given) if given else Encryption.shared_key())
    key = given or stack.node.find_child("EcrConstructsKey")
    setattr(key.node.default_child, *LATER[sentence])

    with pytest.raises(RuntimeError, match=sentence):
        cdk.App.of(stack).synth()  # type: ignore[union-attr]  # the stack is in an app
