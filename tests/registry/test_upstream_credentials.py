"""The credentials of a cache: a new secret, a secret of the app, and an existing secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager

from ecr_constructs import Credentials, InvalidRegistry, PullThroughCache, Upstream
from tests.templates import ACCOUNT, KEY, OTHER_ACCOUNT, new_stack, resources, template

STORED = "AWS::SecretsManager::Secret"
RULE = "AWS::ECR::PullThroughCacheRule"
NAME = "ecr-pullthroughcache/docker-hub"


def secret_arn(name: str = f"{NAME}-a1B2c3", region: str = "eu-west-1", account: str = ACCOUNT) -> str:
    return f"arn:aws:secretsmanager:{region}:{account}:secret:{name}"


def make(scope: cdk.Stack, id: str = "Cache", **options: Any) -> PullThroughCache:
    return PullThroughCache(scope, id, **{"upstream": Upstream.docker_hub(), **options})


def credential(stack: cdk.Stack) -> object:
    (rule,) = resources(stack, RULE).values()
    return rule["Properties"].get("CredentialArn")


def problems_of(stack: cdk.Stack, credentials: Credentials, **options: Any) -> Sequence[str]:
    """Return the problems of credentials that are rejected. Nothing is added to the stack."""
    before = [child.node.id for child in stack.node.children]
    with pytest.raises(InvalidRegistry) as refused:
        make(stack, credentials=credentials, **options)
    assert [child.node.id for child in stack.node.children] == before
    return refused.value.problems


@pytest.fixture
def here(stack_in: Callable[[str], cdk.Stack]) -> cdk.Stack:
    return stack_in("eu-west-1")


# --- a secret that the construct creates ------------------------------------------------------------------------------


def new_secret(stack: cdk.Stack) -> Mapping[str, Any]:
    (found,) = resources(stack, STORED).values()
    properties: Mapping[str, Any] = found["Properties"]
    return properties


def test_a_new_secret_has_the_required_name_with_the_prefix(stack: cdk.Stack) -> None:
    make(stack, credentials=Credentials.new_secret())

    assert new_secret(stack)["Name"] == NAME


@pytest.mark.parametrize(
    ("prefix", "name"), [("ROOT", "ecr-pullthroughcache/ROOT"), ("team/hub", "ecr-pullthroughcache/team/hub")]
)
def test_the_name_follows_the_prefix_of_the_cache(stack: cdk.Stack, prefix: str, name: str) -> None:
    make(stack, prefix=prefix, credentials=Credentials.new_secret())

    assert new_secret(stack)["Name"] == name


@pytest.mark.parametrize("name", ["hub-2", "a/b_+=.@-Z", "n" * (512 - len("ecr-pullthroughcache/"))])
def test_the_name_may_be_given(stack: cdk.Stack, name: str) -> None:
    make(stack, credentials=Credentials.new_secret(name))

    assert new_secret(stack)["Name"] == f"ecr-pullthroughcache/{name}"


def test_the_rule_has_the_arn_of_the_new_secret(stack: cdk.Stack) -> None:
    cache = make(stack, credentials=Credentials.new_secret())

    (secret,) = resources(stack, STORED)
    assert credential(stack) == {"Ref": secret} == stack.resolve(cache.credential_arn)


def test_a_new_secret_has_the_two_keys_and_no_value_that_opens_anything(stack: cdk.Stack) -> None:
    make(stack, credentials=Credentials.new_secret())

    secret = new_secret(stack)
    generated = secret["GenerateSecretString"]
    assert "SecretString" not in secret
    assert generated["GenerateStringKey"] == "accessToken"
    assert json.loads(generated["SecretStringTemplate"]) == {"username": "fill-in-after-deployment"}


def test_the_generation_of_the_value_does_not_change(stack: cdk.Stack) -> None:
    make(stack, credentials=Credentials.new_secret())

    assert new_secret(stack)["GenerateSecretString"] == {
        "GenerateStringKey": "accessToken",
        "SecretStringTemplate": '{"username":"fill-in-after-deployment"}',
    }


def test_a_new_secret_is_encrypted_with_the_aws_managed_key(stack: cdk.Stack) -> None:
    make(stack, credentials=Credentials.new_secret())

    assert "KmsKeyId" not in new_secret(stack)
    assert resources(stack, KEY) == {}


def test_a_new_secret_is_retained_when_its_stack_is_deleted(stack: cdk.Stack) -> None:
    make(stack, credentials=Credentials.new_secret())

    (secret,) = resources(stack, STORED).values()
    assert (secret["DeletionPolicy"], secret["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_template_suppresses_checks_for_a_key_and_a_rotation_of_the_secret(stack: cdk.Stack) -> None:
    make(stack, credentials=Credentials.new_secret())

    (secret,) = resources(stack, STORED).values()
    assert [each["id"] for each in secret["Metadata"]["checkov"]["skip"]] == ["CKV_AWS_149"]
    assert secret["Metadata"]["guard"]["SuppressedRules"] == [
        "SECRETSMANAGER_USING_CMK",
        "SECRETSMANAGER_ROTATION_ENABLED_CHECK",
    ]


def test_the_docs_have_the_command_that_fills_it_in() -> None:
    told = " ".join((Credentials.new_secret.__doc__ or "").split())

    assert "aws secretsmanager put-secret-value --secret-id NAME --secret-string" in told
    assert '{"username": "...", "accessToken": "..."}' in told


def test_the_docs_describe_how_the_value_is_renewed_with_the_same_arn() -> None:
    told = " ".join((PullThroughCache.__doc__ or "").split())

    assert "create-only" in told
    assert "Change the value of the secret instead." in told


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a b", "secret name 'ecr-pullthroughcache/a b' is not well formed; use letters, digits and /_+=.@-"),
        ("ü", "is not well formed; use letters"),
        ("n" * 492, "secret name has 513 characters; AWS allows 512, shorten it"),
        (cdk.Aws.REGION, "is known only at deployment; it must be known at synthesis, so use a literal name"),
    ],
    ids=["space", "umlaut", "long", "token"],
)
def test_a_name_that_no_secret_can_have_is_rejected(stack: cdk.Stack, name: str, sentence: str) -> None:
    (problem,) = problems_of(stack, Credentials.new_secret(name))

    assert problem.startswith("credentials: ")
    assert sentence in problem


def test_two_new_secrets_of_one_name_are_rejected(here: cdk.Stack) -> None:
    make(here, credentials=Credentials.new_secret("hub"))
    (problem,) = problems_of(here, Credentials.new_secret("hub"), id="Again", prefix="again")

    assert "Containers-eu-west-1/Cache/Credentials has the name 'ecr-pullthroughcache/hub'; share it with" in problem


def test_two_new_secrets_of_one_name_in_two_regions_are_fine(stack_in: Callable[[str], cdk.Stack]) -> None:
    stacks = [stack_in(region) for region in ("eu-west-1", "eu-central-1")]
    for each in stacks:
        make(each, credentials=Credentials.new_secret("hub"))

    assert [new_secret(each)["Name"] for each in stacks] == ["ecr-pullthroughcache/hub"] * 2


def test_the_representation_of_credentials_is_the_code_that_creates_them() -> None:
    assert repr(Credentials.new_secret()) == "Credentials.new_secret()"
    assert repr(Credentials.new_secret("hub")) == "Credentials.new_secret('hub')"


# --- a secret of the app, or an imported one --------------------------------------------------------------------------


def test_a_secret_of_the_app_is_used(stack: cdk.Stack) -> None:
    secret = secretsmanager.Secret(stack, "Secret", secret_name=NAME)
    make(stack, credentials=Credentials.secret(secret))

    (found,) = resources(stack, STORED)
    assert credential(stack) == {"Ref": found}


def test_an_l1_secret_is_used(stack: cdk.Stack) -> None:
    secret = secretsmanager.CfnSecret(stack, "Secret", name=NAME)
    make(stack, credentials=Credentials.secret(secret))

    assert credential(stack) == {"Ref": "Secret"}


def test_one_secret_may_be_for_two_caches(stack: cdk.Stack) -> None:
    secret = secretsmanager.Secret(stack, "Secret", secret_name=NAME)
    for prefix in ("one", "two"):
        make(stack, prefix, prefix=prefix, credentials=Credentials.secret(secret))

    assert len({str(rule["Properties"]["CredentialArn"]) for rule in resources(stack, RULE).values()}) == 1
    assert len(resources(stack, STORED)) == 1


def test_an_imported_secret_is_used_by_its_complete_arn(here: cdk.Stack) -> None:
    secret = secretsmanager.Secret.from_secret_complete_arn(here, "Secret", secret_arn())
    make(here, credentials=Credentials.secret(secret))

    assert credential(here) == secret_arn()
    assert resources(here, STORED) == {}


def test_an_imported_secret_whose_arn_is_known_only_at_deployment_is_accepted(here: cdk.Stack) -> None:
    arn = cdk.CfnParameter(here, "SecretArn").value_as_string
    make(here, credentials=Credentials.secret(secretsmanager.Secret.from_secret_complete_arn(here, "Secret", arn)))

    assert credential(here) == {"Ref": "SecretArn"}


@pytest.mark.parametrize("by", ["name", "partial ARN"])
def test_a_secret_without_a_complete_arn_is_rejected(here: cdk.Stack, by: str) -> None:
    imported = (
        secretsmanager.Secret.from_secret_name_v2(here, "Secret", NAME)
        if by == "name"
        else secretsmanager.Secret.from_secret_partial_arn(here, "Secret", secret_arn(NAME))
    )
    (problem,) = problems_of(here, Credentials.secret(imported))

    assert "is not the ARN of a secret for caches; write the complete ARN, such as 'arn:aws:secretsmanager:" in problem


def test_a_secret_imported_by_its_name_is_rejected_in_an_unknown_environment(stack: cdk.Stack) -> None:
    imported = secretsmanager.Secret.from_secret_name_v2(stack, "Secret", NAME)
    (problem,) = problems_of(stack, Credentials.secret(imported))

    assert "imported without its complete ARN" in problem


@pytest.mark.parametrize("kind", [secretsmanager.Secret, secretsmanager.CfnSecret])
def test_a_secret_with_another_name_is_rejected(stack: cdk.Stack, kind: Any) -> None:
    name = {"secret_name" if kind is secretsmanager.Secret else "name": "docker-hub"}
    (problem,) = problems_of(stack, Credentials.secret(kind(stack, "Secret", **name)))

    assert problem == (
        "credentials: the secret has the name 'docker-hub'; ECR requires one that begins with 'ecr-pullthroughcache/'"
    )


@pytest.mark.parametrize("kind", [secretsmanager.Secret, secretsmanager.CfnSecret])
def test_a_secret_without_a_name_is_rejected(stack: cdk.Stack, kind: Any) -> None:
    (problem,) = problems_of(stack, Credentials.secret(kind(stack, "Secret")))

    assert problem.startswith("credentials: the secret has no name; ECR requires one that begins with")


def test_a_secret_whose_name_is_known_only_at_deployment_is_accepted(stack: cdk.Stack) -> None:
    name = cdk.CfnParameter(stack, "Name").value_as_string
    make(stack, credentials=Credentials.secret(secretsmanager.Secret(stack, "Secret", secret_name=name)))

    assert len(resources(stack, RULE)) == 1


@pytest.mark.parametrize("how", ["made", "CloudFormation", "imported"])
def test_a_secret_with_a_customer_managed_key_is_rejected(here: cdk.Stack, how: str) -> None:
    key = kms.Key(here, "Key")
    secrets: dict[str, Callable[[], Any]] = {
        "made": lambda: secretsmanager.Secret(here, "Secret", secret_name=NAME, encryption_key=key),
        "CloudFormation": lambda: secretsmanager.CfnSecret(here, "Secret", name=NAME, kms_key_id=key.key_id),
        "imported": lambda: secretsmanager.Secret.from_secret_attributes(
            here, "Secret", secret_complete_arn=secret_arn(), encryption_key=key
        ),
    }
    (problem,) = problems_of(here, Credentials.secret(secrets[how]()))

    assert problem == (
        "credentials: the secret has a customer managed key, and ECR reads no secret with another key than "
        "aws/secretsmanager; remove encryption_key"
    )


@pytest.mark.parametrize(
    ("in_environment", "sentence"),
    [
        (
            ("eu-central-1", ACCOUNT),
            "the secret is in Region eu-central-1 and the cache in eu-west-1; ECR requires the same",
        ),
        (
            ("eu-west-1", OTHER_ACCOUNT),
            f"the secret is in account {OTHER_ACCOUNT} and the cache in {ACCOUNT}; ECR requires",
        ),
    ],
    ids=["region", "account"],
)
@pytest.mark.parametrize("how", ["made", "imported", "ARN"])
def test_a_secret_of_another_environment_is_rejected(
    app: cdk.App, here: cdk.Stack, how: str, in_environment: tuple[str, str], sentence: str
) -> None:
    region, account = in_environment
    there = new_stack(app, "There", region=region, account=account)
    arn = secret_arn(region=region, account=account)
    credentials = {
        "made": lambda: Credentials.secret(secretsmanager.Secret(there, "Secret", secret_name=NAME)),
        "imported": lambda: Credentials.secret(secretsmanager.Secret.from_secret_complete_arn(here, "Secret", arn)),
        "ARN": lambda: Credentials.secret_arn(arn),
    }
    (problem,) = problems_of(here, credentials[how]())

    assert sentence in problem


# --- an existing secret, by its ARN -----------------------------------------------------------------------------------


def test_a_secret_that_exists_is_used_by_its_arn(here: cdk.Stack) -> None:
    cache = make(here, credentials=Credentials.secret_arn(secret_arn()))

    assert credential(here) == cache.credential_arn == secret_arn()
    assert resources(here, STORED) == {}


def test_in_an_unknown_environment_every_arn_of_a_secret_is_accepted(stack: cdk.Stack) -> None:
    make(stack, credentials=Credentials.secret_arn(secret_arn(region="us-east-1")))

    assert credential(stack) == secret_arn(region="us-east-1")


def test_an_arn_known_only_at_deployment_is_accepted(stack: cdk.Stack) -> None:
    make(stack, credentials=Credentials.secret_arn(cdk.CfnParameter(stack, "SecretArn").value_as_string))

    assert credential(stack) == {"Ref": "SecretArn"}


def test_an_arn_of_612_characters_is_accepted(here: cdk.Stack) -> None:
    arn = secret_arn(f"{NAME}-{'n' * (612 - len(secret_arn()) - 1)}-a1B2c3")
    make(here, credentials=Credentials.secret_arn(arn))

    assert len(arn) == 612
    assert credential(here) == arn


def test_an_arn_of_613_characters_is_rejected(here: cdk.Stack) -> None:
    arn = secret_arn(f"{NAME}-{'n' * (613 - len(secret_arn()) - 1)}-a1B2c3")
    (problem,) = problems_of(here, Credentials.secret_arn(arn))

    assert problem == "credentials: the ARN of the secret has 613 characters; ECR allows 612, rename it"


def test_a_text_that_is_not_the_arn_of_a_cache_secret_is_rejected(here: cdk.Stack) -> None:
    cases: list[str] = [
        "",
        NAME,
        secret_arn("docker-hub-a1B2c3"),
        secret_arn(NAME),
        secret_arn("ecr-pullthroughcache/"),
        secret_arn().replace("secretsmanager", "ssm"),
        secret_arn().replace(ACCOUNT, "1234"),
        secret_arn() + "\n",
        secret_arn() + " ",
    ]
    for arn in cases:
        (problem,) = problems_of(here, Credentials.secret_arn(arn))

        assert problem == (
            f"credentials: {arn!r} is not the ARN of a secret for caches; write the complete ARN, such as "
            "'arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/docker-hub-a1B2c3'"
        )


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-iso-east-1", "aws-iso")]
)
def test_secrets_of_other_partitions_are_accepted(
    stack_in: Callable[[str], cdk.Stack], region: str, partition: str
) -> None:
    stack = stack_in(region)
    arn = secret_arn(region=region).replace("arn:aws:", f"arn:{partition}:")
    make(stack, credentials=Credentials.secret_arn(arn))

    assert credential(stack) == arn


# --- of the wrong kind ------------------------------------------------------------------------------------------------


def test_a_value_that_is_not_a_secret_is_a_type_error() -> None:
    cases: list[Any] = [secret_arn(), 1, None, secretsmanager.Secret, object()]
    for given in cases:
        with pytest.raises(TypeError, match=r"secret must be a secretsmanager.Secret such as "):
            Credentials.secret(given)


@pytest.mark.parametrize("given", [1, None, b"arn"])
def test_an_arn_that_is_no_text_is_a_type_error(given: Any) -> None:
    with pytest.raises(TypeError, match="arn must be a string such as "):
        Credentials.secret_arn(given)


@pytest.mark.parametrize("given", [1, b"hub", ["hub"]])
def test_a_name_that_is_no_text_is_a_type_error(given: Any) -> None:
    with pytest.raises(TypeError, match="name must be a string such as "):
        Credentials.new_secret(given)


def test_no_value_of_a_secret_is_ever_in_a_template(here: cdk.Stack) -> None:
    secret = secretsmanager.Secret.from_secret_complete_arn(here, "Secret", secret_arn())
    make(here, credentials=Credentials.secret(secret))
    make(here, "New", prefix="new", credentials=Credentials.new_secret())

    written = json.dumps(template(here))
    assert '"SecretString":' not in written
    assert "{{resolve:" not in written
