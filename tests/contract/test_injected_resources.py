"""Property injectors cannot change the required properties of the resources that the constructs create."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from ecr_constructs import (
    CACHED,
    HARDENED,
    CreationTemplate,
    Credentials,
    EcrConstructsError,
    HardenedRepository,
    InvalidRegistry,
    InvalidRepository,
    PrivateRegistry,
    PullThroughCache,
    Replication,
    Scanning,
    Upstream,
)
from ecr_constructs._cdk.property_injectors import typed_refusal
from tests.injectors import Overruling
from tests.registries import warnings
from tests.templates import ACCOUNT, KEY, OTHER_ACCOUNT, new_app, new_stack, resources, template

ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/anyone"


def public() -> iam.PolicyStatement:
    return iam.PolicyStatement(principals=[iam.AnyPrincipal()], actions=["kms:*"], resources=["*"])


def everything() -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=["*"], resources=["*"])


def everyone(scope: Construct) -> iam.IManagedPolicy:
    del scope
    return iam.ManagedPolicy.from_aws_managed_policy_name("AdministratorAccess")


Hostile = Mapping[str, Callable[[Construct], Any]]

# For each class that the constructs create: a value for each property that they do not set, with its JavaScript name.
HOSTILE: Mapping[Any, Hostile] = {
    iam.Role: {
        "assumedBy": lambda _: iam.AnyPrincipal(),
        "description": lambda _: "Another",
        "externalIds": lambda _: ["x"],
        "inlinePolicies": lambda _: {"All": iam.PolicyDocument(statements=[everything()])},
        "managedPolicies": lambda scope: [everyone(scope)],
        "maxSessionDuration": lambda _: cdk.Duration.hours(12),
        "path": lambda _: "/team/",
        "permissionsBoundary": everyone,
        "roleName": lambda _: "one-for-all",
    },
    iam.Policy: {
        "document": lambda _: iam.PolicyDocument(statements=[everything()]),
        "force": lambda _: True,
        "groups": lambda scope: [iam.Group.from_group_name(scope, "G", "everyone")],
        "policyName": lambda _: "one-for-all",
        "roles": lambda scope: [iam.Role.from_role_arn(scope, "Other", ROLE_ARN)],
        "statements": lambda _: [everything()],
        "users": lambda scope: [iam.User.from_user_name(scope, "U", "someone")],
    },
    secretsmanager.Secret: {
        "description": lambda _: "Another",
        "encryptionKey": lambda scope: kms.Key.from_key_arn(scope, "K", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"),
        "generateSecretString": lambda _: {"excludePunctuation": True},
        "removalPolicy": lambda _: "destroy",
        "replicaRegions": lambda _: [{"region": "eu-central-1"}],
        "secretName": lambda _: "foo/bar",
        "secretObjectValue": lambda _: {"username": cdk.SecretValue.unsafe_plain_text("x")},
        "secretStringBeta1": lambda _: secretsmanager.SecretStringValueBeta1.from_unsafe_plaintext("x"),
        "secretStringValue": lambda _: cdk.SecretValue.unsafe_plain_text("x"),
    },
    kms.Key: {
        "admins": lambda scope: [iam.Role.from_role_arn(scope, "Admin", ROLE_ARN)],
        "alias": lambda _: "alias/ours",
        "description": lambda _: "Another",
        "enableKeyRotation": lambda _: False,
        "enabled": lambda _: False,
        "keySpec": lambda _: kms.KeySpec.RSA_4096,
        "keyUsage": lambda _: kms.KeyUsage.SIGN_VERIFY,
        "multiRegion": lambda _: True,
        "pendingWindow": lambda _: cdk.Duration.days(7),
        "policy": lambda _: iam.PolicyDocument(statements=[public()]),
        "removalPolicy": lambda _: "destroy",
        "rotationPeriod": lambda _: cdk.Duration.days(2560),
    },
    ecr.Repository: {
        "autoDeleteImages": lambda _: True,
        "emptyOnDelete": lambda _: True,
        "encryption": lambda _: ecr.RepositoryEncryption.AES_256,
        "encryptionKey": lambda scope: kms.Key.from_key_arn(scope, "K", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"),
        "imageScanOnPush": lambda _: False,
        "imageTagMutability": lambda _: ecr.TagMutability.MUTABLE,
        "imageTagMutabilityExclusionFilters": lambda _: [ecr.ImageTagMutabilityExclusionFilter.wildcard("x*")],
        "lifecycleRegistryId": lambda _: OTHER_ACCOUNT,
        "lifecycleRules": lambda _: [{"maxImageCount": 1}],
        "removalPolicy": lambda _: "destroy",
        "repositoryName": lambda _: "another",
    },
}
# Properties without a value, which an organization may set.
FREE = {
    "AWS::IAM::Role": {"Description", "MaxSessionDuration", "PermissionsBoundary", "RoleName"},
    "AWS::IAM::Policy": {"PolicyName"},
    "AWS::SecretsManager::Secret": {"Description"},
    "AWS::KMS::Key": {"Description"},
}
# Those of them that the CDK has no default for: nothing is rejected, and there is no warning.
UNCHOSEN: Mapping[Any, Collection[str]] = {
    iam.Role: {"description", "maxSessionDuration", "permissionsBoundary"},
    iam.Policy: {"policyName", "force"},
    secretsmanager.Secret: {"description"},
    kms.Key: {"description"},
}


def build_repository(scope: Construct) -> None:
    HardenedRepository(scope, "Api", repository_name="api")


def build_roles(scope: Construct) -> None:
    """Create three roles: of a template, of the template of a cache, and of the cache."""
    CreationTemplate(scope, "Teams", prefix="teams", applied_for=["REPLICATION"], settings=HARDENED)
    tagged = CACHED.but(resource_tags={"a": "b"})
    partner = Upstream.ecr(account=OTHER_ACCOUNT, region="eu-west-1")
    PullThroughCache(scope, "Partner", upstream=partner, prefix="partner", settings=tagged)


def build_secret(scope: Construct) -> None:
    PullThroughCache(scope, "Hub", upstream=Upstream.docker_hub(), credentials=Credentials.new_secret())


def build_all(scope: Construct) -> None:
    """Create every construct of the library, with all resources that they can create."""
    build_repository(scope)
    build_roles(scope)
    build_secret(scope)
    registry = PrivateRegistry(scope, "Registry", scanning=Scanning.enhanced())
    registry.add_replication(Replication.to("us-east-1"))
    registry.accept_caches_of(OTHER_ACCOUNT)


Build = Callable[[Construct], None]
# For each class the constructs that create it.
BUILDS: Mapping[Any, Build] = {
    iam.Role: build_roles,
    iam.Policy: build_roles,
    secretsmanager.Secret: build_secret,
    kms.Key: build_repository,
    ecr.Repository: build_repository,
}


def stack_with(injector: Overruling | None = None, place: str = "stack", build: Build | None = None) -> cdk.Stack:
    """Return a stack with the constructs that create the class of an injector, and the injector in a place above."""
    app = new_app()
    stage = cdk.Stage(app, "Production")
    stack = new_stack(stage, "Containers", region="eu-west-1")
    scope = Construct(stack, "Team")
    places: Mapping[str, Construct] = {"app": app, "stage": stage, "stack": stack, "scope": scope}
    if injector is not None:
        cdk.PropertyInjectors.of(places[place]).add(injector)
    (build or build_of(injector))(scope)
    return stack


def build_of(injector: Overruling | None) -> Build:
    builds = {construct.PROPERTY_INJECTION_ID: build for construct, build in BUILDS.items()}
    return build_all if injector is None else builds[injector.construct_unique_id]


def hostile(construct: Any, *names: str) -> Overruling:
    """Return an injector that changes properties of a class."""
    in_environment = new_stack(new_app(), "Elsewhere", region="eu-west-1")
    values = {name: HOSTILE[construct][name](Construct(in_environment, name)) for name in names}
    return Overruling(values, construct=construct.PROPERTY_INJECTION_ID)


def what_matters(stack: cdk.Stack) -> Mapping[str, Any]:
    """Return the resources of a stack without the properties that an organization may set."""
    found: Mapping[str, Any] = template(stack)["Resources"]
    return {
        logical_id: {
            **resource,
            "Properties": {
                name: value
                for name, value in resource.get("Properties", {}).items()
                if name not in FREE.get(resource["Type"], ())
            },
        }
        for logical_id, resource in found.items()
    }


def outcome_with(injector: Overruling) -> cdk.Stack | EcrConstructsError:
    """Return a stack with an injector, or the error."""
    try:
        return stack_with(injector)
    except EcrConstructsError as refused:
        return refused


@cache
def expected(construct: Any) -> Mapping[str, Any]:
    """Return the required properties of a stack with the constructs that create a class, without an injector."""
    return what_matters(stack_with(build=BUILDS[construct]))


def injection_warnings(stack: cdk.Stack) -> list[str]:
    """Return the warnings about property injectors, after synthesis."""
    template(stack)
    return [text for text in warnings(stack) if "injected" in text]


def test_the_table_has_every_class_of_the_cdk_that_the_constructs_create() -> None:
    created = {type(construct) for construct in stack_with().node.find_all()}
    injectable = {each for each in created if hasattr(each, "PROPERTY_INJECTION_ID")}

    assert {ecr.Repository if each is HardenedRepository else each for each in injectable} == set(HOSTILE)


@pytest.mark.parametrize("construct", HOSTILE, ids=lambda construct: construct.__name__)
def test_the_table_has_every_property_of_a_class(construct: Any) -> None:
    parameters = list(inspect.signature(construct.__init__).parameters)[3:]
    camel = {re.sub(r"_(\w)", lambda found: found[1].upper(), name) for name in parameters}

    assert camel <= set(HOSTILE[construct])


@pytest.mark.parametrize("construct", HOSTILE, ids=lambda construct: construct.__name__)
def test_a_property_of_an_injector_changes_nothing_that_matters_or_is_rejected(construct: Any) -> None:
    for name in HOSTILE[construct]:
        injector = hostile(construct, name)
        outcome = outcome_with(injector)

        is_free = name in UNCHOSEN.get(construct, ())
        assert injector.seen > 0, name
        if isinstance(outcome, EcrConstructsError):
            assert not is_free, name
            assert outcome.path.startswith("Production/Containers/"), name
            assert "injector" in str(outcome), name
        else:
            assert what_matters(outcome) == expected(construct), name
            assert not (is_free and injection_warnings(outcome)), name


@pytest.mark.parametrize(
    ("construct", "place"),
    [(iam.Role, "app"), (iam.Policy, "stage"), (secretsmanager.Secret, "stack"), (iam.Role, "scope")],
)
def test_an_injector_of_any_scope_has_no_effect(construct: Any, place: str) -> None:
    names = set(HOSTILE[construct]) - {"path", "force", "policyName", "description"}

    with pytest.raises(InvalidRegistry):
        stack_with(hostile(construct, *names), place)


@pytest.mark.parametrize("place", ["app", "stage", "stack"])
def test_an_injector_for_keys_has_no_effect_wherever_it_is_registered(place: str) -> None:
    names = ("enableKeyRotation", "enabled", "alias", "pendingWindow", "removalPolicy", "multiRegion")

    assert what_matters(stack_with(hostile(kms.Key, *names), place)) == expected(kms.Key)


def test_an_injector_that_is_registered_late_has_no_effect() -> None:
    def late(scope: Construct) -> None:
        CreationTemplate(scope, "First", prefix="first", applied_for=["REPLICATION"])
        stack = cdk.Stack.of(scope)
        for construct, name in (
            (iam.Role, "path"),
            (kms.Key, "removalPolicy"),
            (secretsmanager.Secret, "replicaRegions"),
        ):
            cdk.PropertyInjectors.of(stack).add(hostile(construct, name))
        build_all(scope)

    found = what_matters(stack_with(build=late))

    assert {key: value for key, value in found.items() if "First" not in key} == what_matters(stack_with())


# --- roles ------------------------------------------------------------------------------------------------------------


def role_problem(name: str, value: Any = None) -> str:
    injector = hostile(iam.Role, name)
    if value is not None:
        injector = Overruling({name: value}, construct=iam.Role.PROPERTY_INJECTION_ID)
    with pytest.raises(InvalidRegistry) as refused:
        stack_with(injector)
    return refused.value.problems[0]


def test_a_path_is_removed_with_a_warning() -> None:
    stack = stack_with(hostile(iam.Role, "path"))

    assert all("Path" not in each["Properties"] for each in resources(stack, "AWS::IAM::Role").values())
    found = [text for text in warnings(stack) if "ecr-constructs:injectedPropertyIsNotUsed" in text]
    assert len(found) == 3
    assert all("changes path of Production/Containers/Team/" in text for text in found)
    assert all(
        "CloudFormation accepts no ARN of a role with a path here; exclude Production/" in text for text in found
    )


def test_a_permissions_boundary_is_kept() -> None:
    stack = stack_with(hostile(iam.Role, "permissionsBoundary"))

    assert all("PermissionsBoundary" in each["Properties"] for each in resources(stack, "AWS::IAM::Role").values())
    assert injection_warnings(stack) == []


@pytest.mark.parametrize("name", ["assumedBy", "externalIds"])
def test_another_trust_policy_is_rejected(name: str) -> None:
    assert "changes the trust policy of the role, with assumedBy or externalIds; exclude the role" in role_problem(name)


def test_a_trust_policy_of_more_principals_is_rejected() -> None:
    both = iam.CompositePrincipal(iam.ServicePrincipal("ecr.amazonaws.com"), iam.AnyPrincipal())

    assert "changes the trust policy of the role" in role_problem("assumedBy", both)


@pytest.mark.parametrize("name", ["managedPolicies", "inlinePolicies"])
def test_more_permissions_of_a_role_are_rejected(name: str) -> None:
    assert "adds permissions to the role, with managedPolicies or inlinePolicies" in role_problem(name)


def test_one_name_for_several_roles_is_rejected_with_the_paths() -> None:
    problem = role_problem("roleName")

    assert "names the role 'one-for-all', as it names Production/Containers/Team/Teams/Role, and role names" in problem


def test_one_name_for_roles_of_two_regions_is_rejected() -> None:
    app = new_app()
    cdk.PropertyInjectors.of(app).add(hostile(iam.Role, "roleName"))
    settings = CACHED.but(resource_tags={"a": "b"})
    here, there = (new_stack(app, f"In-{region}", region=region) for region in ("eu-west-1", "us-east-1"))
    CreationTemplate(here, "It", prefix="teams", applied_for=["REPLICATION"], settings=settings)

    with pytest.raises(InvalidRegistry, match="as it names In-eu-west-1/It/Role"):
        CreationTemplate(there, "It", prefix="teams", applied_for=["REPLICATION"], settings=settings)


def test_one_name_that_is_known_only_at_deployment_is_rejected_for_two_in_a_stack() -> None:
    problem = role_problem("roleName", f"{cdk.Aws.STACK_NAME}-role")

    assert problem.startswith("a property injector names the role '${AWS::StackName}-role', as it names Production/")


def test_one_name_that_is_known_only_at_deployment_is_used_in_two_stacks() -> None:
    app = new_app()
    injector = Overruling({"roleName": f"{cdk.Aws.STACK_NAME}-role"}, construct=iam.Role.PROPERTY_INJECTION_ID)
    cdk.PropertyInjectors.of(app).add(injector)
    stacks = [new_stack(app, f"In-{region}", region=region) for region in ("eu-west-1", "us-east-1")]
    settings = CACHED.but(resource_tags={"a": "b"})
    for stack in stacks:
        CreationTemplate(stack, "It", prefix="teams", applied_for=["REPLICATION"], settings=settings)

    assert all("RoleName" in str(template(stack)) for stack in stacks)


def test_names_that_differ_are_used() -> None:
    class Naming(Overruling):
        def inject(self, original_props: Any, *, id: str, scope: Any) -> Any:  # noqa: ARG002
            return {**original_props, "roleName": scope.node.path.replace("/", "-")[-64:]}

    stack = stack_with(Naming({}, construct=iam.Role.PROPERTY_INJECTION_ID))

    assert len({each["Properties"]["RoleName"] for each in resources(stack, "AWS::IAM::Role").values()}) == 3


@pytest.mark.parametrize("value", ["team", "/" + "x" * 600 + "/"])
def test_a_property_that_the_cdk_rejects_is_a_typed_error(value: str) -> None:
    problem = role_problem("path", value)

    assert problem.startswith("a property injector for aws-cdk-lib.aws-iam.Role makes the CDK raise an error: ")
    assert problem.endswith("exclude Production/Containers/Team/Teams from the injector")


@pytest.mark.parametrize("name", ["document", "statements", "users", "groups", "roles"])
def test_another_policy_of_a_role_is_rejected(name: str) -> None:
    with pytest.raises(InvalidRegistry, match="changes the policy of the role, with document, statements, users, gro"):
        stack_with(hostile(iam.Policy, name))


def test_the_policies_of_roles_that_are_given_are_left_to_an_injector() -> None:
    def given(scope: Construct) -> None:
        role = iam.Role(scope, "Mine", assumed_by=iam.ServicePrincipal("ecr.amazonaws.com"))
        CreationTemplate(scope, "It", prefix="teams", applied_for=["REPLICATION"], role=role)

    (policy,) = resources(stack_with(hostile(iam.Policy, "statements"), build=given), "AWS::IAM::Policy").values()
    assert len(policy["Properties"]["PolicyDocument"]["Statement"]) == 2


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_another_name_of_a_secret_is_rejected_with_both_names() -> None:
    with pytest.raises(InvalidRegistry, match="names the secret 'foo/bar', and its name is 'ecr-pullthroughcache/dock"):
        stack_with(hostile(secretsmanager.Secret, "secretName"))


def test_properties_of_a_secret_that_ecr_requires_are_reverted_with_one_warning() -> None:
    names = ("encryptionKey", "generateSecretString", "removalPolicy", "replicaRegions")
    stack = stack_with(hostile(secretsmanager.Secret, *names))
    template(stack)

    (found,) = [text for text in warnings(stack) if "ecr-constructs:injectedPropertyIsNotUsed" in text]
    assert "changes generate_secret_string, kms_key_id, replica_regions, removal_policy of Production/" in found
    assert (
        "ECR reads no secret with another key than aws/secretsmanager, and no other copy of the token exists" in found
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda secret: setattr(secret, "name", "foo/bar"), "the secret has the name 'foo/bar'; ECR requires one"),
        (lambda secret: setattr(secret, "kms_key_id", "alias/ours"), "the secret has a customer managed key"),
    ],
    ids=["name", "key"],
)
def test_a_secret_that_is_changed_later_is_rejected_when_the_app_synthesizes(
    change: Callable[[secretsmanager.CfnSecret], None], sentence: str
) -> None:
    stack = stack_with(build=build_secret)
    secret: Any = stack.node.find_child("Team").node.find_child("Hub").node.find_child("Credentials").node.default_child
    change(secret)

    with pytest.raises(RuntimeError, match=sentence):
        template(stack)


# --- the shared key ---------------------------------------------------------------------------------------------------


def key_problems(**values: Any) -> str:
    injector = Overruling(values, construct=kms.Key.PROPERTY_INJECTION_ID)
    with pytest.raises(InvalidRepository) as refused:
        stack_with(injector)
    assert refused.value.path == "Production/Containers/EcrConstructsKey"
    return str(refused.value)


ROOT = iam.PolicyStatement(principals=[iam.AccountRootPrincipal()], actions=["kms:*"], resources=["*"])


@pytest.mark.parametrize(
    "values",
    [
        {"policy": iam.PolicyDocument()},
        {"policy": iam.PolicyDocument(statements=[public()])},
        {"policy": iam.PolicyDocument(statements=[ROOT, public()])},
        {"policy": iam.PolicyDocument(statements=[ROOT, everything()])},
        {"admins": [iam.AccountPrincipal("1" * 12)]},
    ],
    ids=["empty", "public", "public beside the default", "more", "administrators"],
)
def test_another_key_policy_is_rejected(values: Mapping[str, Any]) -> None:
    problem = key_problems(**values)

    assert "changes the policy of the shared key, with policy or admins, and the account administers" in problem
    assert "exclude EcrConstructsKey from the injector, or use Encryption.customer_key(key) with a" in problem


def test_the_default_key_policy_of_an_injector_is_accepted() -> None:
    policy = {"policy": iam.PolicyDocument(statements=[ROOT])}

    assert what_matters(stack_with(Overruling(policy, construct=kms.Key.PROPERTY_INJECTION_ID))) == expected(kms.Key)


def test_the_safety_settings_of_the_key_are_restored_with_one_warning() -> None:
    names = ("enableKeyRotation", "enabled", "multiRegion", "pendingWindow", "removalPolicy")
    stack = stack_with(hostile(kms.Key, *names))
    template(stack)

    (found,) = [text for text in warnings(stack) if "ecr-constructs:injectedPropertyIsNotUsed" in text]
    assert "changes enabled, enable_key_rotation, multi_region, pending_window_in_days, removal_policy of Prod" in found
    assert found.partition(";")[0].endswith("which is not used: images cannot be read without their key")


def test_a_key_that_cannot_encrypt_is_reverted() -> None:
    stack = stack_with(hostile(kms.Key, "enableKeyRotation", "keySpec", "keyUsage"))

    assert what_matters(stack) == expected(kms.Key)
    assert any("changes enable_key_rotation, key_spec, key_usage of" in text for text in warnings(stack))


@pytest.mark.parametrize(
    ("name", "value"), [("policy", "none"), ("pendingWindow", 7), ("keySpec", kms.KeySpec.RSA_4096)]
)
def test_a_property_of_the_key_that_the_cdk_cannot_use_is_a_typed_error(name: str, value: Any) -> None:
    problem = key_problems(**{name: value})

    assert "a property injector for aws-cdk-lib.aws-kms.Key makes the CDK raise an error: " in problem
    assert problem.endswith("exclude Production/Containers/EcrConstructsKey from the injector")


def test_an_error_of_the_cdk_without_an_injector_is_not_changed(stack: cdk.Stack) -> None:
    with (
        pytest.raises(RuntimeError, match="Invalid roleName"),
        typed_refusal(stack, lambda: iam.Role.PROPERTY_INJECTION_ID, InvalidRegistry, path="Containers/Role"),
    ):
        iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal(), role_name="not a name")


def test_an_injector_with_the_values_of_the_library_has_no_warning() -> None:
    values = {"removalPolicy": "retain", "enableKeyRotation": True, "pendingWindow": cdk.Duration.days(30)}
    stack = stack_with(Overruling(values, construct=kms.Key.PROPERTY_INJECTION_ID))

    assert injection_warnings(stack) == []


def shared_key(stack: cdk.Stack) -> kms.Key:
    HardenedRepository(stack, "Api")
    key = stack.node.find_child("EcrConstructsKey")
    assert isinstance(key, kms.Key)
    return key


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        (iam.PolicyDocument(), "no longer has the statement that allows the account to administer it"),
        ({"Statement": []}, "no longer has the statement that denies kms:CreateGrant to all but AWS services"),
        ({}, "no longer has the statement that denies"),
    ],
)
def test_a_key_policy_that_is_replaced_later_is_rejected_when_the_app_synthesizes(
    stack: cdk.Stack, policy: object, sentence: str
) -> None:
    resource: Any = shared_key(stack).node.default_child
    resource.key_policy = policy

    with pytest.raises(RuntimeError, match=sentence):
        template(stack)


def test_statements_that_are_added_to_the_shared_key_later_are_used(stack: cdk.Stack) -> None:
    key = shared_key(stack)
    for account in (ACCOUNT, OTHER_ACCOUNT):
        principals = [iam.AccountPrincipal(account)]
        key.add_to_resource_policy(iam.PolicyStatement(principals=principals, actions=["kms:*"], resources=["*"]))
    key.grant_decrypt(iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal()))

    (found,) = resources(stack, KEY).values()
    assert OTHER_ACCOUNT in str(found["Properties"]["KeyPolicy"])


@pytest.mark.parametrize("name", [1, True, False])
def test_a_role_name_of_an_injector_that_is_no_text_is_a_typed_error(name: Any) -> None:
    assert role_problem("roleName", name).startswith("a property injector for aws-cdk-lib.aws-iam.Role makes the CDK")
