"""The models behave as CloudFormation and ECR do. This tests the code of the tests, without the CLI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types

from tests.e2e.samples import (
    CHANGED,
    COMPANIONS,
    GENERATED_IDS,
    ILLEGAL,
    LEGAL,
    OTHER_ACCOUNT,
    SINGLETONS,
    cache_rule,
    connection,
    repository,
    topic,
    topic_policy,
    type_of,
)

if TYPE_CHECKING:
    from tests.e2e.assemblies import Deployed
    from tests.e2e.emulator import Emulator

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

HERE = ("123456789012", "eu-central-1")


def template(name: str, properties: Mapping[str, Any], **attributes: str) -> str:
    resources = {"Thing": {"Type": type_of(name), "Properties": properties}, **COMPANIONS.get(name, {})}
    return json.dumps({"Resources": {name: {**each, **attributes} for name, each in resources.items()}})


def deploy(
    emulator: Emulator, body: str, *, stack: str = "Stack", account: str = HERE[0], region: str = HERE[1]
) -> None:
    cloudformation = emulator.client("cloudformation", account, region)
    stacks = {each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]}
    put = cloudformation.update_stack if stack in stacks else cloudformation.create_stack
    put(StackName=stack, TemplateBody=body)


def delete(emulator: Emulator) -> None:
    emulator.client("cloudformation", *HERE).delete_stack(StackName="Stack")


def thing(emulator: Emulator) -> Deployed:
    """Give the resource of the one stack that is tested."""
    from tests.e2e.assemblies import Deployed

    resources = emulator.client("cloudformation", *HERE).describe_stack_resources(StackName="Stack")["StackResources"]
    (found,) = (each for each in resources if each["LogicalResourceId"] == "Thing")
    return Deployed(
        resource_type=found["ResourceType"],
        physical_id=found["PhysicalResourceId"],
        properties=emulator.resolved_properties("Stack", *HERE)["Thing"],
        retained=False,
        account=HERE[0],
        region=HERE[1],
    )


def content(emulator: Emulator, resource: Deployed) -> Mapping[str, Any]:
    from tests.e2e.state import read

    found = read(emulator, resource)
    assert found is not None
    return found


def check_content(emulator: Emulator, resource: Deployed) -> None:
    from tests.e2e.state import answer, asked_for

    wanted = asked_for(resource)
    assert answer(content(emulator, resource), wanted) == wanted


def is_there(emulator: Emulator, resource: Deployed) -> bool:
    from tests.e2e.state import read

    return read(emulator, resource) is not None


@pytest.mark.parametrize(
    ("name", "properties", "message"), ILLEGAL, ids=lambda value: value if isinstance(value, str) else ""
)
def test_an_invalid_resource_fails_the_deployment_with_its_name(
    emulator: Emulator, name: str, properties: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(ClientError) as failure:
        deploy(emulator, template(name, properties))

    assert f"Thing ({type_of(name)})" in str(failure.value)
    assert message in str(failure.value)


@pytest.mark.parametrize("name", LEGAL)
def test_a_valid_resource_is_created_and_deleted_with_the_stack(emulator: Emulator, name: str) -> None:
    deploy(emulator, template(name, LEGAL[name]))
    made = thing(emulator)

    check_content(emulator, made)
    delete(emulator)
    assert not is_there(emulator, made)


@pytest.mark.parametrize("name", CHANGED)
def test_a_change_is_made_in_place(emulator: Emulator, name: str) -> None:
    deploy(emulator, template(name, LEGAL[name]))
    before = thing(emulator)
    created = content(emulator, before).get("createdAt")

    deploy(emulator, template(name, CHANGED[name]))

    after = thing(emulator)
    check_content(emulator, after)
    assert after.physical_id == before.physical_id
    assert content(emulator, after).get("createdAt") == created


@pytest.mark.parametrize("name", CHANGED)
def test_a_wrong_change_fails_the_deployment(emulator: Emulator, name: str) -> None:
    deploy(emulator, template(name, LEGAL[name]))

    with pytest.raises(ClientError, match="Wrong"):
        deploy(emulator, template(name, {**CHANGED[name], "Wrong": True}))


@pytest.mark.parametrize("name", [name for name in LEGAL if name not in GENERATED_IDS])
def test_an_account_has_one_in_a_region(emulator: Emulator, name: str) -> None:
    deploy(emulator, template(name, LEGAL[name]))

    with pytest.raises(ClientError, match="AlreadyExists"):
        deploy(emulator, template(name, LEGAL[name]), stack="Other")


@pytest.mark.parametrize("name", SINGLETONS)
def test_another_region_and_another_account_have_their_own(emulator: Emulator, name: str) -> None:
    deploy(emulator, template(name, SINGLETONS[name]))

    deploy(emulator, template(name, SINGLETONS[name]), region="ap-south-1")
    deploy(emulator, template(name, SINGLETONS[name]), account=OTHER_ACCOUNT)


@pytest.mark.parametrize("name", LEGAL)
@pytest.mark.parametrize("policy", ["Retain", "RetainExceptOnCreate"])
def test_a_retained_resource_is_kept_when_the_stack_is_deleted(emulator: Emulator, name: str, policy: str) -> None:
    deploy(emulator, template(name, LEGAL[name], DeletionPolicy=policy))
    made = thing(emulator)

    delete(emulator)

    check_content(emulator, made)


def test_a_retained_resource_is_kept_when_it_is_removed_from_the_template(emulator: Emulator) -> None:
    deploy(emulator, template("Repository", repository(), DeletionPolicy="Retain"))
    made = thing(emulator)

    deploy(emulator, template("RegistryPolicy", LEGAL["RegistryPolicy"]).replace("Thing", "OtherThing"))

    assert is_there(emulator, made)


def test_a_policy_and_a_tag_that_leave_the_template_are_deleted(emulator: Emulator) -> None:
    deploy(
        emulator, template("Repository", repository(RepositoryPolicyText=CHANGED["Repository"]["RepositoryPolicyText"]))
    )

    deploy(emulator, template("Repository", {"RepositoryName": "prod/shop"}))

    found = content(emulator, thing(emulator))
    assert (found["lifecyclePolicyText"], found["policyText"], found["tags"]) == (None, None, [])


def test_a_repository_without_a_name_keeps_the_one_it_got(emulator: Emulator) -> None:
    deploy(emulator, template("Repository", {"ImageTagMutability": "MUTABLE"}))
    before = thing(emulator)

    deploy(emulator, template("Repository", {"ImageTagMutability": "IMMUTABLE"}))

    assert thing(emulator).physical_id == before.physical_id


class TestReplacement:
    def test_the_old_resource_is_deleted_after_the_new_one_is_created(self, emulator: Emulator) -> None:
        deploy(emulator, template("PullThroughCacheRule", cache_rule()))
        old = thing(emulator)

        deploy(emulator, template("PullThroughCacheRule", cache_rule(EcrRepositoryPrefix="mirror")))

        assert thing(emulator).physical_id == "mirror"
        assert not is_there(emulator, old)

    def test_the_old_resource_is_kept_if_it_is_retained(self, emulator: Emulator) -> None:
        deploy(emulator, template("PullThroughCacheRule", cache_rule()))
        old = thing(emulator)

        deploy(
            emulator,
            template("PullThroughCacheRule", cache_rule(EcrRepositoryPrefix="mirror"), UpdateReplacePolicy="Retain"),
        )

        assert is_there(emulator, old)

    def test_a_second_one_of_the_same_name_is_rejected(self, emulator: Emulator) -> None:
        deploy(emulator, template("PullThroughCacheRule", cache_rule()))
        deploy_other = template("PullThroughCacheRule", cache_rule(UpstreamRegistryUrl="registry.k8s.io"))

        with pytest.raises(ClientError, match="AlreadyExists"):
            deploy(emulator, deploy_other)

        assert content(emulator, thing(emulator))["upstreamRegistryUrl"] == "quay.io"

    def test_a_repository_with_another_encryption_is_another_repository(self, emulator: Emulator) -> None:
        deploy(emulator, template("Repository", repository()))

        with pytest.raises(ClientError, match="AlreadyExists"):
            deploy(emulator, template("Repository", repository(EncryptionConfiguration={"EncryptionType": "KMS"})))


class TestImages:
    def push(self, emulator: Emulator) -> None:
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}
        ecr = emulator.client("ecr", *HERE)
        ecr.put_image(repositoryName="prod/shop", imageManifest=json.dumps(manifest), imageTag="v1")

    def test_a_repository_with_images_is_not_deleted(self, emulator: Emulator) -> None:
        deploy(emulator, template("Repository", repository()))
        self.push(emulator)

        with pytest.raises(ClientError, match="still contains images"):
            delete(emulator)

    def test_a_repository_is_emptied_if_the_template_requires_it(self, emulator: Emulator) -> None:
        deploy(emulator, template("Repository", repository(EmptyOnDelete=True)))
        self.push(emulator)
        made = thing(emulator)

        delete(emulator)

        assert not is_there(emulator, made)


class TestConnections:
    def test_the_secret_of_the_connection_has_the_value_of_the_secret_that_the_template_refers_to(
        self, emulator: Emulator
    ) -> None:
        secrets = emulator.client("secretsmanager", *HERE)
        secrets.create_secret(Name="pager", SecretString="a-token")
        arn = secrets.create_secret(Name="keys", SecretString='{"pager": "another-token"}')["ARN"]

        for reference, token in (("pager", "a-token"), (f"{arn}:SecretString:pager", "another-token")):
            deploy(emulator, template("Events::Connection", connection(f"{{{{resolve:secretsmanager:{reference}}}}}")))
            found = content(emulator, thing(emulator))
            value = json.loads(secrets.get_secret_value(SecretId=found["secretArn"])["SecretString"])
            assert value == {"api_key_name": "Authorization", "api_key_value": token}
            assert "token" not in json.dumps(found["authParameters"])

        delete(emulator)
        assert {each["Name"] for each in secrets.list_secrets()["SecretList"]} == {"pager", "keys"}

    def test_a_name_of_the_longest_stack_is_short_enough(self, emulator: Emulator) -> None:
        unnamed = {name: value for name, value in connection().items() if name != "Name"}
        stack = "a" * 128

        deploy(emulator, template("Events::Connection", unnamed), stack=stack)

        (found,) = emulator.client("events", *HERE).list_connections()["Connections"]
        assert found["Name"].startswith("aaa")
        assert len(found["Name"]) == 64


class TestTopics:
    def policy(self, emulator: Emulator, arn: str) -> Mapping[str, Any]:
        attributes = emulator.client("sns", *HERE).get_topic_attributes(TopicArn=arn)["Attributes"]
        found: Mapping[str, Any] = json.loads(attributes["Policy"])
        return found

    def test_a_topic_has_its_default_policy_again_without_the_resource(self, emulator: Emulator) -> None:
        sns = emulator.client("sns", *HERE)
        first, second = (sns.create_topic(Name=name)["TopicArn"] for name in ("first", "second"))
        default = {arn: self.policy(emulator, arn) for arn in (first, second)}
        wanted = {**topic_policy("Own", Resource="*"), "Topics": [first, second]}
        deploy(emulator, template("SNS::TopicPolicy", wanted))
        assert self.policy(emulator, first) == self.policy(emulator, second) == wanted["PolicyDocument"]

        deploy(emulator, template("SNS::TopicPolicy", {**wanted, "Topics": [first]}))
        assert self.policy(emulator, first) == wanted["PolicyDocument"]
        assert self.policy(emulator, second) == default[second]

        delete(emulator)
        assert self.policy(emulator, first) == default[first]

    def test_a_changed_topic_keeps_its_policy_and_its_subscriptions(self, emulator: Emulator) -> None:
        deploy(emulator, template("SNS::Topic", topic()))
        arn = thing(emulator).physical_id
        sns = emulator.client("sns", *HERE)
        policy = {"Version": "2012-10-17", "Statement": []}
        sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(policy))
        sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="security@larkspur.example")

        deploy(emulator, template("SNS::Topic", topic(DisplayName="Changed")))

        assert self.policy(emulator, arn) == policy
        assert len(sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]) == 1


def test_every_model_has_samples() -> None:
    from tests.e2e import models, monitoring, perimeter  # noqa: F401  (their types are listed below)
    from tests.e2e.cloudformation import Resource

    assert {type_of(name) for name in LEGAL} == {model.resource_type for model in Resource.models()}


def test_a_type_without_a_model_fails_the_deployment(emulator: Emulator) -> None:
    with pytest.raises(ClientError, match="there is no model of AWS::ECR::PublicRepository"):
        deploy(emulator, template("PublicRepository", {}))


def test_types_of_other_services_are_compared_with_their_schemas(emulator: Emulator) -> None:
    role = template("Role", {"AssumeRolePolicyDocument": {}, "Pth": "/"}).replace("AWS::ECR", "AWS::IAM")

    with pytest.raises(ClientError, match="Pth"):
        deploy(emulator, role)
