"""Shared keys of teams and namespaces: their ids, their policies, and the default, which is unchanged."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import CreationTemplate, Encryption, HardenedRepository, Namespace
from ecr_constructs.errors import InvalidName, InvalidRepository
from tests.templates import properties, resources

ADMIN, DEPLOYER = "arn:aws:iam::111122223333:role/keys/admin", "arn:aws:iam::111122223333:user/deployer"


def key_policies(stack: cdk.Stack) -> dict[str, list[dict[str, Any]]]:
    keys = resources(stack, "AWS::KMS::Key")
    return {name: key["Properties"]["KeyPolicy"]["Statement"] for name, key in keys.items()}


def test_each_name_has_a_key_of_its_own_and_repositories_of_a_name_share_it(stack: cdk.Stack) -> None:
    payments = Encryption.shared_key(name="payments")
    encryptions = [Encryption.shared_key(), payments, Encryption.shared_key(name=Namespace("prod/shop")), payments]
    repositories = [HardenedRepository(stack, f"R{index}", encryption=each) for index, each in enumerate(encryptions)]
    CreationTemplate(
        cdk.NestedStack(stack, "Nested"),
        "Teams",
        prefix="teams",
        applied_for=["CREATE_ON_PUSH"],
        settings=_created_with(payments),
    )

    keys = [properties(each)["EncryptionConfiguration"]["KmsKey"] for each in repositories]
    assert keys[1] == keys[3]
    assert len({str(each) for each in keys}) == 3
    ids = {each.node.id for each in stack.node.children if each.node.id.startswith("EcrConstructsKey")}
    assert ids == {"EcrConstructsKey", "EcrConstructsKey-payments", "EcrConstructsKey-prod:shop"}
    descriptions = {each["Properties"]["Description"] for each in resources(stack, "AWS::KMS::Key").values()}
    assert descriptions == {
        "Encrypts the images in the repositories of this stack",
        "Encrypts the images in the repositories of payments",
        "Encrypts the images in the repositories of prod/shop",
    }


def _created_with(encryption: Encryption) -> Any:
    from ecr_constructs import CREATED

    return CREATED.but(encryption=encryption)


def test_administrators_and_users_have_statements_beside_those_of_every_shared_key(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Deployer", assumed_by=iam.AccountRootPrincipal())
    HardenedRepository(stack, "Default")
    encryption = Encryption.shared_key(name="payments", administrators=[ADMIN], users=[role, DEPLOYER])
    HardenedRepository(stack, "Payments", encryption=encryption)

    default, payments = key_policies(stack).values()
    account, administrators, users, *denied = [payments[0], *payments[2:], payments[1]]

    assert [account, *denied] == default
    assert administrators["Principal"] == {"AWS": ADMIN}
    assert not {"kms:Decrypt", "kms:Encrypt", "kms:*"} & {*administrators["Action"]}
    principals = users["Principal"]["AWS"]
    assert len(principals) == 2
    assert DEPLOYER in principals
    assert stack.resolve(role.role_arn) in principals
    assert users["Action"] == ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"]
    via = stack.resolve(users["Condition"])["StringEquals"]["kms:ViaService"]
    assert via["Fn::Join"][1][0] == "ecr."


def test_one_key_cannot_have_two_policies(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "One", encryption=Encryption.shared_key(name="payments", administrators=[ADMIN]))
    again = Encryption.shared_key(name="payments", administrators=[ADMIN])
    HardenedRepository(stack, "Same", encryption=again)

    with pytest.raises(InvalidRepository) as refused:
        HardenedRepository(stack, "Other", encryption=Encryption.shared_key(name="payments", users=[DEPLOYER]))

    (problem,) = refused.value.problems
    assert problem.startswith("the shared key Containers/EcrConstructsKey-payments has other administrators or users")
    assert stack.node.try_find_child("Other") is None


def test_a_statement_that_is_removed_from_the_policy_stops_the_synthesis(app: cdk.App, stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Api", encryption=Encryption.shared_key(name="payments", users=[DEPLOYER]))
    key = stack.node.find_child("EcrConstructsKey-payments")
    assert isinstance(key, cdk.aws_kms.Key)
    key.node.default_child.key_policy = {"Statement": []}  # type: ignore[union-attr]  # it is a CfnKey

    with pytest.raises(RuntimeError, match="no longer has the statement"):
        app.synth()


def test_a_named_key_that_is_removed_stops_the_synthesis(app: cdk.App, stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Api", encryption=Encryption.shared_key(name="payments"))
    stack.node.try_remove_child("EcrConstructsKey-payments")

    with pytest.raises(RuntimeError, match="the shared key Containers/EcrConstructsKey-payments was removed"):
        app.synth()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "Payments"}, "name: namespace 'Payments'"),
        ({"name": ""}, "namespace is empty"),
        ({"users": ["arn:aws:iam::111122223333:role/*"]}, r"users\[0\]: .* is not the ARN of a role or a user"),
        ({"users": ["111122223333"]}, r"users\[0\]"),
        ({"administrators": ["arn:aws:iam::111122223333:root", "x"]}, r"administrators\[1\]"),
        ({"administrators": [1]}, r"administrators\[0\] must be a role, a user or its ARN"),
        ({"users": DEPLOYER}, "users must be"),
        ({"name": 1}, "name must be"),
    ],
)
def test_wrong_arguments_are_rejected(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((InvalidName, TypeError), match=message):
        Encryption.shared_key(**arguments)
