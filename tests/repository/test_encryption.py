"""`Encryption`: the five kinds, and the shared key of a stack."""

from __future__ import annotations

from collections.abc import Callable

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Annotations, Match
from constructs import Construct

from ecr_constructs import Encryption, HardenedRepository, InvalidRepository
from tests.injectors import Overruling
from tests.templates import KEY, REPOSITORY, new_app, new_stack, properties, resources, template

KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012"


def encryption_of(repository: ecr.Repository) -> object:
    return properties(repository).get("EncryptionConfiguration")


# --- the five kinds -------------------------------------------------------------------------------------------------


def test_the_template_does_not_name_the_aws_managed_key(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", encryption=Encryption.aws_managed_key())

    assert encryption_of(repository) == {"EncryptionType": "KMS"}
    assert resources(stack, KEY) == {}


def test_aes256_writes_nothing_at_all(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", encryption=Encryption.aes256())

    assert encryption_of(repository) is None
    assert resources(stack, KEY) == {}


def test_a_customer_managed_key_is_used_as_it_is(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")
    repository = HardenedRepository(stack, "Api", encryption=Encryption.customer_key(key))

    (own,) = resources(stack, KEY)
    assert encryption_of(repository) == {"EncryptionType": "KMS", "KmsKey": {"Fn::GetAtt": [own, "Arn"]}}


def test_an_imported_key_is_used_as_it_is(stack: cdk.Stack) -> None:
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    repository = HardenedRepository(stack, "Api", encryption=Encryption.customer_key(key))

    assert encryption_of(repository) == {"EncryptionType": "KMS", "KmsKey": KEY_ARN}


def test_an_l1_key_is_accepted(stack: cdk.Stack) -> None:
    key = kms.CfnKey(stack, "Key")
    repository = HardenedRepository(stack, "Api", encryption=Encryption.customer_key(key))

    assert encryption_of(repository) == {"EncryptionType": "KMS", "KmsKey": {"Fn::GetAtt": ["Key", "Arn"]}}


def test_two_layers_need_no_customer_managed_key(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", encryption=Encryption.dual_layer())

    assert encryption_of(repository) == {"EncryptionType": "KMS_DSSE"}


def test_two_layers_can_have_a_customer_managed_key(stack: cdk.Stack) -> None:
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    repository = HardenedRepository(stack, "Api", encryption=Encryption.dual_layer(key))

    assert encryption_of(repository) == {"EncryptionType": "KMS_DSSE", "KmsKey": KEY_ARN}


def test_the_cdk_renders_the_same_for_the_aws_managed_key(stack: cdk.Stack) -> None:
    plain = ecr.Repository(stack, "Plain", encryption=ecr.RepositoryEncryption.KMS)
    ours = HardenedRepository(stack, "Ours", encryption=Encryption.aws_managed_key())

    assert encryption_of(ours) == encryption_of(plain)


def test_the_cdk_renders_the_same_for_a_customer_managed_key(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")
    plain = ecr.Repository(stack, "Plain", encryption_key=key)
    ours = HardenedRepository(stack, "Ours", encryption=Encryption.customer_key(key))

    assert encryption_of(ours) == encryption_of(plain)


def test_the_representation_of_a_choice_is_the_code_that_creates_it() -> None:
    choices = [Encryption.shared_key(), Encryption.aws_managed_key(), Encryption.aes256()]

    assert [repr(choice) for choice in choices] == [
        "Encryption.shared_key()",
        "Encryption.aws_managed_key()",
        "Encryption.aes256()",
    ]


# --- the shared key -------------------------------------------------------------------------------------------------


def test_the_repositories_of_a_stack_share_one_key(stack: cdk.Stack) -> None:
    repositories = [HardenedRepository(stack, id) for id in ("One", "Two", "Three")]

    (key,) = resources(stack, KEY)
    assert {str(encryption_of(each)) for each in repositories} == {
        str({"EncryptionType": "KMS", "KmsKey": {"Fn::GetAtt": [key, "Arn"]}})
    }


def test_a_repository_deep_in_the_tree_uses_the_key_of_the_stack(stack: cdk.Stack) -> None:
    HardenedRepository(Construct(Construct(stack, "Team"), "Service"), "Api")

    assert isinstance(stack.node.find_child("EcrConstructsKey"), kms.Key)
    assert list(resources(stack, KEY)) == ["EcrConstructsKeyC7A87EB6"]


def test_each_stack_has_its_own_key(app: cdk.App, stack: cdk.Stack) -> None:
    other = new_stack(app, "Other")
    HardenedRepository(stack, "Api")
    HardenedRepository(other, "Api")

    assert len(resources(stack, KEY)) == len(resources(other, KEY)) == 1
    assert set(template(other)) == {"Resources"}


def test_nested_stacks_use_the_key_of_the_stack_they_are_deployed_with(stack: cdk.Stack) -> None:
    nested = cdk.NestedStack(stack, "Nested")
    inner = cdk.NestedStack(nested, "Inner")
    repositories = [HardenedRepository(scope, "Api") for scope in (inner, nested)]

    assert len(resources(stack, KEY)) == 1
    for repository in repositories:
        assert resources(repository.stack, KEY) == {}
        encryption = properties(repository)["EncryptionConfiguration"]
        assert set(template(repository.stack)["Parameters"]) == {encryption["KmsKey"]["Ref"]}


def test_a_stack_that_stands_in_another_has_its_own_key(stack: cdk.Stack) -> None:
    inner = new_stack(stack, "Inner")
    HardenedRepository(stack, "Api")
    HardenedRepository(inner, "Api")

    assert len(resources(stack, KEY)) == len(resources(inner, KEY)) == 1


def test_the_stacks_of_a_stage_have_keys_of_their_own(app: cdk.App) -> None:
    stages = [cdk.Stage(app, id) for id in ("Test", "Production")]
    stacks = [new_stack(stage, "Containers") for stage in stages]
    for each in stacks:
        HardenedRepository(each, "Api")

    assert [list(resources(each, KEY)) for each in stacks] == [["EcrConstructsKeyC7A87EB6"]] * 2


def test_the_ids_of_the_shared_key_are_public_contract(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Api")

    assert isinstance(stack.node.find_child("EcrConstructsKey"), kms.Key)
    assert list(resources(stack, KEY)) == ["EcrConstructsKeyC7A87EB6"]


def test_the_shared_key_rotates_and_has_a_waiting_period_of_thirty_days(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Api")

    (key,) = resources(stack, KEY).values()
    assert key["Properties"]["EnableKeyRotation"] is True
    assert key["Properties"]["PendingWindowInDays"] == 30


def test_the_shared_key_is_retained_when_it_leaves_the_stack_and_when_it_is_replaced(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Api")

    (key,) = resources(stack, KEY).values()
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_shared_key_is_retained_even_where_the_repository_is_not(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Api", removal_policy=cdk.RemovalPolicy.DESTROY)

    (key,) = resources(stack, KEY).values()
    assert key["DeletionPolicy"] == "Retain"


def test_the_shared_key_has_no_alias_that_could_collide_when_it_is_made_again(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Api")

    assert resources(stack, "AWS::KMS::Alias") == {}


def test_only_aws_services_can_create_grants_on_the_shared_key(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Api")

    (key,) = resources(stack, KEY).values()
    assert key["Properties"]["KeyPolicy"]["Statement"][1:] == [
        {
            "Effect": "Deny",
            "Action": "kms:CreateGrant",
            "Principal": {"AWS": "*"},
            "Resource": "*",
            "Condition": {"BoolIfExists": {"kms:GrantIsForAWSResource": "false", "aws:PrincipalIsAWSService": "false"}},
        }
    ]


def test_no_shared_key_is_created_if_no_repository_uses_it(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Api", encryption=Encryption.aws_managed_key())

    assert stack.node.try_find_child("EcrConstructsKey") is None


def test_a_construct_with_the_id_of_the_shared_key_is_rejected_before_anything_is_made(stack: cdk.Stack) -> None:
    cdk.CfnWaitConditionHandle(stack, "EcrConstructsKey")

    with pytest.raises(
        InvalidRepository, match=("Containers/EcrConstructsKey has its construct ID; use another ID")
    ) as refused:
        HardenedRepository(stack, "Api")

    assert refused.value.path == "Containers/Api"
    assert [child.node.id for child in stack.node.children] == ["EcrConstructsKey"]


@pytest.mark.parametrize("where", ["app", "stack"])
def test_an_injector_for_keys_cannot_make_the_shared_key_deletable(app: cdk.App, stack: cdk.Stack, where: str) -> None:
    injector = Overruling({"removalPolicy": "destroy"}, construct=kms.Key.PROPERTY_INJECTION_ID)
    cdk.PropertyInjectors.of({"app": app, "stack": stack}[where]).add(injector)
    HardenedRepository(stack, "Api")

    (key,) = resources(stack, KEY).values()
    assert injector.seen == 1
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_an_injector_for_keys_cannot_change_the_safety_settings_of_the_shared_key(stack: cdk.Stack) -> None:
    promises = {"enableKeyRotation": False, "pendingWindow": cdk.Duration.days(7), "alias": "alias/ours"}
    cdk.PropertyInjectors.of(stack).add(Overruling(promises, construct=kms.Key.PROPERTY_INJECTION_ID))
    HardenedRepository(stack, "Api")

    (key,) = resources(stack, KEY).values()
    assert key["Properties"]["EnableKeyRotation"] is True
    assert key["Properties"]["PendingWindowInDays"] == 30
    assert resources(stack, "AWS::KMS::Alias") == {}


# --- keys that cannot be used ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("choose", [Encryption.customer_key, Encryption.dual_layer], ids=["customer_key", "dual_layer"])
@pytest.mark.parametrize("given", [KEY_ARN, "alias/ours", 42, object()], ids=["ARN", "alias", "number", "object"])
def test_a_value_that_is_not_a_key_is_a_type_error_with_the_way_to_import_one(
    choose: Callable[[object], Encryption], given: object
) -> None:
    with pytest.raises(TypeError, match=r"key must be a kms.Key such as kms.Key.from_key_arn"):
        choose(given)


@pytest.mark.parametrize("choose", [Encryption.customer_key, Encryption.dual_layer], ids=["customer_key", "dual_layer"])
def test_a_key_of_another_region_is_rejected(
    stack_in: Callable[[str], cdk.Stack], choose: Callable[[kms.IKey], Encryption]
) -> None:
    key = kms.Key(stack_in("eu-central-1"), "Key")
    stack = stack_in("eu-west-1")

    with pytest.raises(InvalidRepository) as refused:
        HardenedRepository(stack, "Api", encryption=choose(key))

    assert refused.value.problems == (
        "the key is in Region 'eu-central-1' and the repository in 'eu-west-1'; ECR requires a key in the same Region",
    )
    assert stack.node.children == []


def test_an_imported_key_of_another_region_is_rejected(stack_in: Callable[[str], cdk.Stack]) -> None:
    stack = stack_in("eu-central-1")
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)

    with pytest.raises(
        InvalidRepository, match="the key is in Region 'eu-west-1' and the repository in 'eu-central-1'"
    ):
        HardenedRepository(stack, "Api", encryption=Encryption.customer_key(key))


def test_a_key_of_another_account_in_the_same_region_is_used(stack_in: Callable[[str], cdk.Stack]) -> None:
    stack = stack_in("eu-west-1")
    arn = KEY_ARN.replace("111122223333", "444455556666")
    key = kms.Key.from_key_arn(stack, "Key", arn)
    repository = HardenedRepository(stack, "Api", encryption=Encryption.customer_key(key))

    assert encryption_of(repository) == {"EncryptionType": "KMS", "KmsKey": arn}


def test_in_an_unknown_region_every_key_is_accepted(app: cdk.App, stack: cdk.Stack) -> None:
    here = new_stack(app, "Here", region="eu-central-1")
    known = kms.Key.from_key_arn(stack, "Known", KEY_ARN)
    unknown = kms.Key.from_key_arn(here, "Unknown", cdk.CfnParameter(here, "KeyArn").value_as_string)

    one = HardenedRepository(stack, "One", encryption=Encryption.customer_key(known))
    two = HardenedRepository(here, "Two", encryption=Encryption.customer_key(unknown))

    assert encryption_of(one) == {"EncryptionType": "KMS", "KmsKey": KEY_ARN}
    assert encryption_of(two) == {"EncryptionType": "KMS", "KmsKey": {"Ref": "KeyArn"}}


def test_outside_a_stack_only_the_scope_is_reported(app: cdk.App, stack_in: Callable[[str], cdk.Stack]) -> None:
    key = kms.Key(stack_in("eu-west-1"), "Key")

    with pytest.raises(InvalidRepository) as refused:
        HardenedRepository(app, "Api", encryption=Encryption.customer_key(key))

    assert refused.value.problems == (
        "a repository must be in a stack, and the scope is not in one; use a Stack, or a construct in one",
    )


# --- a given key ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("choose", [Encryption.customer_key, Encryption.dual_layer], ids=["customer_key", "dual_layer"])
def test_a_key_that_was_given_is_known_by_its_arn(stack: cdk.Stack, choose: Callable[[kms.IKey], Encryption]) -> None:
    assert choose(kms.Key.from_key_arn(stack, "Key", KEY_ARN)).given_key_arn == KEY_ARN


def test_a_key_of_the_app_is_known_by_its_arn_at_deployment(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")

    assert Encryption.customer_key(key).given_key_arn == key.key_arn


@pytest.mark.parametrize(
    "choice",
    [Encryption.shared_key(), Encryption.aws_managed_key(), Encryption.aes256(), Encryption.dual_layer()],
    ids=["shared_key", "aws_managed_key", "aes256", "dual_layer"],
)
def test_there_is_no_arn_without_a_given_key(choice: Encryption) -> None:
    assert choice.given_key_arn is None


def test_no_key_is_created_if_one_was_given(stack: cdk.Stack) -> None:
    assert Encryption.shared_key().given_key_arn is None
    assert stack.node.children == []


# --- Regions with dual-layer encryption -----------------------------------------------------------------------------


@pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1"])
def test_two_layers_outside_govcloud_have_a_warning(stack_in: Callable[[str], cdk.Stack], region: str) -> None:
    stack = stack_in(region)
    HardenedRepository(stack, "Api", encryption=Encryption.dual_layer())

    sentence = f"dual-layer encryption .KMS_DSSE. is documented for the GovCloud Regions only, .* {region}; use"
    Annotations.from_stack(stack).has_warning(f"/Containers-{region}/Api", Match.string_like_regexp(sentence))


def test_the_warning_can_be_acknowledged_by_its_id(stack_in: Callable[[str], cdk.Stack]) -> None:
    stack = stack_in("eu-west-1")
    repository = HardenedRepository(stack, "Api", encryption=Encryption.dual_layer())
    cdk.Annotations.of(repository).acknowledge_warning("ecr-constructs:dualLayerRegion", "a Region that has it now")

    assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []


@pytest.mark.parametrize("region", ["us-gov-west-1", "us-gov-east-1", None])
def test_two_layers_are_accepted_in_govcloud_and_in_an_unknown_region(region: str | None) -> None:
    stack = new_stack(new_app(), "Containers", region=region)
    HardenedRepository(stack, "Api", encryption=Encryption.dual_layer())

    assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []


def test_one_layer_never_has_a_warning(stack_in: Callable[[str], cdk.Stack]) -> None:
    stack = stack_in("eu-west-1")
    HardenedRepository(stack, "Api")

    assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []
    assert len(resources(stack, REPOSITORY)) == 1


# --- key policies ---------------------------------------------------------------------------------------------------


def allowing(principal: iam.IPrincipal, conditions: dict[str, object] | None = None) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=["kms:Decrypt"], principals=[principal], resources=["*"], conditions=conditions or {}
    )


PUBLIC = "the policy of the key: the statement is public"


def shared(stack: cdk.Stack) -> kms.Key:
    HardenedRepository(stack, "Api")
    key = stack.node.find_child("EcrConstructsKey")
    assert isinstance(key, kms.Key)
    return key


def given(stack: cdk.Stack) -> kms.Key:
    key = kms.Key(stack, "Key")
    for name in ("One", "Two"):
        HardenedRepository(stack, name, encryption=Encryption.customer_key(key))
    return key


@pytest.mark.parametrize("make", [shared, given])
@pytest.mark.parametrize(
    ("principal", "conditions", "reason"),
    [
        (iam.AnyPrincipal(), {}, PUBLIC),
        (iam.AnyPrincipal(), {"StringEquals": {"kms:ViaService": "ecr.eu-west-1.amazonaws.com"}}, PUBLIC),
        (iam.AnyPrincipal(), {"StringLike": {"kms:CallerAccount": "*"}}, PUBLIC),
        (iam.ArnPrincipal("arn:aws:iam::444455556666:group/x"), {}, "is an IAM group"),
        (iam.AccountPrincipal("12"), {}, "has the account '12'"),
    ],
    ids=["everyone", "everyone through ECR", "any account", "group", "account"],
)
def test_a_key_policy_that_allows_too_many_principals_stops_the_synthesis(
    stack: cdk.Stack,
    make: Callable[[cdk.Stack], kms.Key],
    principal: iam.IPrincipal,
    conditions: dict[str, object],
    reason: str,
) -> None:
    make(stack).add_to_resource_policy(allowing(principal, conditions))

    stage = cdk.Stage.of(stack)
    assert stage is not None
    with pytest.raises(RuntimeError) as stopped:
        stage.synth()
    assert str(stopped.value).count(reason) == 1


@pytest.mark.parametrize("make", [shared, given])
def test_a_key_policy_for_one_account_is_accepted(
    app: cdk.App, stack: cdk.Stack, make: Callable[[cdk.Stack], kms.Key]
) -> None:
    key = make(stack)
    key.add_to_resource_policy(allowing(iam.AnyPrincipal(), {"StringEquals": {"kms:CallerAccount": "444455556666"}}))
    key.grant_decrypt(iam.AccountPrincipal("444455556666"))

    app.synth()


def test_the_policy_of_an_l1_key_is_checked(app: cdk.App, stack: cdk.Stack) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    key = kms.CfnKey(stack, "Key", key_policy={"Version": "2012-10-17", "Statement": [statement]})
    HardenedRepository(stack, "Api", encryption=Encryption.customer_key(key))

    with pytest.raises(RuntimeError, match=PUBLIC):
        app.synth()
