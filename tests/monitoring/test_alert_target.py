"""`AlertTarget` and `AlertTopic`: the permissions of EventBridge, and the form of each message."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns

from ecr_constructs import AlertTarget, AlertTopic, ImagePushed, InvalidAlert, Tampering
from ecr_constructs.model.events.ecr_events import image_pushed
from ecr_constructs.model.events.repository_filter import RepositoryFilter
from tests.templates import new_stack, resources, role_statements

HERE = "us-east-1"
MESSAGE = image_pushed(RepositoryFilter()).message
EVENTBRIDGE = {"Service": "events.amazonaws.com"}


@pytest.fixture
def here(stack_in: Callable[[str], cdk.Stack]) -> cdk.Stack:
    return stack_in(HERE)


def targets(stack: cdk.Stack) -> list[dict[str, Any]]:
    return [each for rule in resources(stack, "AWS::Events::Rule").values() for each in rule["Properties"]["Targets"]]


def allowed(stack: cdk.Stack, resource_type: str, name: str) -> list[dict[str, Any]]:
    """Return the statements for EventBridge in the policies of a kind of resource."""
    return [
        statement
        for resource in resources(stack, resource_type).values()
        for statement in resource["Properties"][name]["Statement"]
        if statement["Principal"] == EVENTBRIDGE
    ]


def api_destination(scope: cdk.Stack) -> events.ApiDestination:
    token = events.Authorization.api_key("Authorization", cdk.SecretValue.secrets_manager("pager"))
    connection = events.Connection(scope, "Connection", authorization=token)
    return events.ApiDestination(scope, "Pager", connection=connection, endpoint="https://pager.example.com/alerts")


# --- targets ----------------------------------------------------------------------------------------------------------


def test_each_kind_of_target_has_its_own_input(here: cdk.Stack) -> None:
    topic, chat = sns.Topic(here, "Topic"), sns.Topic(here, "Chat")
    destination = AlertTarget.api_destination(api_destination(here))
    ImagePushed(here, "It", targets=[AlertTarget.topic(topic), AlertTarget.chat(chat), destination])

    assert [each["InputTransformer"]["InputTemplate"] for each in targets(here)] == [
        MESSAGE.as_text().template,
        MESSAGE.as_custom_notification().template,
        MESSAGE.as_json().template,
    ]
    assert [each["Id"] for each in targets(here)] == ["Target0", "Target1", "Target2"]


def test_eventbridge_may_publish_to_the_topic_of_several_alerts_once(here: cdk.Stack) -> None:
    topic = AlertTarget.topic(sns.Topic(here, "Topic"))
    ImagePushed(here, "Pushed", targets=[topic])
    Tampering(here, "Tampering", targets=[topic])

    (statement,) = allowed(here, "AWS::SNS::TopicPolicy", "PolicyDocument")
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sns:Publish")


def test_eventbridge_may_use_the_key_of_a_topic(here: cdk.Stack) -> None:
    topic = sns.Topic(here, "Topic", master_key=kms.Key(here, "Key"))
    ImagePushed(here, "It", targets=[AlertTarget.topic(topic)])

    (statement,) = allowed(here, "AWS::KMS::Key", "KeyPolicy")
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]


def test_eventbridge_assumes_a_role_that_may_only_call_the_api_destination(here: cdk.Stack) -> None:
    ImagePushed(here, "It", targets=[AlertTarget.api_destination(api_destination(here))])

    (target,) = targets(here)
    assert role_statements(here) == [
        {"Action": "events:InvokeApiDestination", "Effect": "Allow", "Resource": target["Arn"]}
    ]
    ((logical_id, role),) = resources(here, "AWS::IAM::Role").items()
    assert target["RoleArn"] == {"Fn::GetAtt": [logical_id, "Arn"]}
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == EVENTBRIDGE
    assert "pager" in json.dumps(resources(here, "AWS::Events::Connection"))


@pytest.mark.parametrize("kind", [AlertTarget.topic, AlertTarget.chat])
def test_a_topic_of_another_region_is_rejected(kind: Any, app: cdk.App, here: cdk.Stack) -> None:
    there = sns.Topic(new_stack(app, "There", region="eu-west-1"), "Topic")

    with pytest.raises(InvalidAlert) as refused:
        ImagePushed(here, "It", targets=[kind(there)])
    (problem,) = refused.value.problems
    assert problem == (
        "targets: the topic There/Topic is in 'eu-west-1', and the alert in 'us-east-1'; use a topic in the Region of "
        "the alert"
    )
    with pytest.raises(InvalidAlert):
        ImagePushed(here, "Later").add_target(kind(there))


@pytest.mark.parametrize("kind", [AlertTarget.topic, AlertTarget.chat])
def test_a_fifo_topic_is_rejected(kind: Any, here: cdk.Stack) -> None:
    imported = sns.Topic.from_topic_arn(here, "Imported", f"arn:aws:sns:{HERE}:444455556666:alerts.fifo")

    for topic in (sns.Topic(here, "Topic", fifo=True), imported):
        with pytest.raises(InvalidAlert, match="is a FIFO topic, which EventBridge does not support"):
            ImagePushed(here, "It", targets=[kind(topic)])


@pytest.mark.parametrize(
    ("account", "region", "problem"),
    [(None, "eu-west-1", "is in Region eu-west-1, and"), ("444455556666", HERE, "is in account 444455556666, and")],
)
def test_an_api_destination_of_another_environment_is_rejected(
    account: str | None, region: str, problem: str, app: cdk.App, here: cdk.Stack
) -> None:
    there = new_stack(app, "There", region=region, account=account or here.account)

    with pytest.raises(InvalidAlert, match=f"targets: the API destination There/Pager {problem} the alert in"):
        ImagePushed(here, "It", targets=[AlertTarget.api_destination(api_destination(there))])


def test_an_imported_topic_of_the_region_is_accepted(here: cdk.Stack) -> None:
    arn = f"arn:aws:sns:{HERE}:444455556666:security"
    ImagePushed(here, "It", targets=[AlertTarget.topic(sns.Topic.from_topic_arn(here, "Topic", arn))])

    assert [each["Arn"] for each in targets(here)] == [arn]


@pytest.mark.parametrize("value", [None, "arn:aws:sns:us-east-1:111122223333:a", sns.Topic])
def test_a_target_of_the_wrong_kind_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError, match="topic must be"):
        AlertTarget.topic(value)
    with pytest.raises(TypeError, match="topic must be"):
        AlertTarget.chat(value)
    with pytest.raises(TypeError, match="destination must be"):
        AlertTarget.api_destination(value)


def test_targets_are_values(here: cdk.Stack) -> None:
    topic = sns.Topic(here, "Topic")

    assert AlertTarget.topic(topic) == AlertTarget.topic(topic) == copy.deepcopy(AlertTarget.topic(topic))
    assert AlertTarget.topic(topic) != AlertTarget.chat(topic)
    assert repr(AlertTarget.chat(topic)) == f"AlertTarget.chat({here.node.path}/Topic)"


# --- the encrypted topic ----------------------------------------------------------------------------------------------


def test_a_topic_has_a_key_that_eventbridge_may_use(here: cdk.Stack) -> None:
    topic = AlertTopic(here, "Security", emails=["security@example.com"])
    ImagePushed(here, "It", targets=[AlertTarget.topic(topic.topic)])

    ((key_id, key),) = resources(here, "AWS::KMS::Key").items()
    assert key["Properties"]["EnableKeyRotation"] is True
    (statement,) = allowed(here, "AWS::KMS::Key", "KeyPolicy")
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    (found,) = resources(here, "AWS::SNS::Topic").values()
    assert found["Properties"]["KmsMasterKeyId"] == {"Fn::GetAtt": [key_id, "Arn"]}
    (subscription,) = resources(here, "AWS::SNS::Subscription").values()
    assert (subscription["Properties"]["Protocol"], subscription["Properties"]["Endpoint"]) == (
        "email",
        "security@example.com",
    )


def test_a_topic_denies_requests_without_tls(here: cdk.Stack) -> None:
    AlertTopic(here, "Security")

    (policy,) = resources(here, "AWS::SNS::TopicPolicy").values()
    (denial,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert (denial["Effect"], denial["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_a_key_of_the_app_admits_eventbridge(here: cdk.Stack) -> None:
    key = kms.Key(here, "Key")
    AlertTopic(here, "Security", key=key)

    assert len(resources(here, "AWS::KMS::Key")) == 1
    assert len(allowed(here, "AWS::KMS::Key", "KeyPolicy")) == 1


def test_an_address_can_be_a_parameter(here: cdk.Stack) -> None:
    parameter = cdk.CfnParameter(here, "Address")
    AlertTopic(here, "Security", emails=["security@example.com", parameter.value_as_string])

    subscriptions = resources(here, "AWS::SNS::Subscription").values()
    assert [each["Properties"]["Endpoint"] for each in subscriptions] == ["security@example.com", {"Ref": "Address"}]


def test_a_key_that_the_topic_cannot_use_is_rejected(app: cdk.App, here: cdk.Stack) -> None:
    managed = kms.Alias.from_alias_name(here, "Managed", "alias/aws/sns")
    elsewhere = kms.Key(new_stack(app, "There", region="eu-west-1"), "Key")

    with pytest.raises(InvalidAlert, match="key: 'alias/aws/sns' is an AWS managed key, whose policy does not allow"):
        AlertTopic(here, "Security", key=managed)
    with pytest.raises(InvalidAlert, match="key: There/Key is in 'eu-west-1', and the topic in 'us-east-1'"):
        AlertTopic(here, "Security", key=elsewhere)
    with pytest.raises(InvalidAlert, match="key: the key has enabled=False, and Amazon SNS cannot encrypt with"):
        AlertTopic(here, "Security", key=kms.Key(here, "Disabled", enabled=False))
    with pytest.raises(InvalidAlert, match="key: the key has key_spec 'RSA_2048'; Amazon SNS requires SYMMETRIC"):
        AlertTopic(here, "Security", key=kms.Key(here, "Rsa", key_spec=kms.KeySpec.RSA_2048))


@pytest.mark.parametrize(
    ("emails", "expected"),
    [
        (["security"], "emails: 'security' is not an email address; write one such as 'security@example.com'"),
        (["a@b"], "emails: 'a@b' is not an email address; write one such as 'security@example.com'"),
        (["a b@c.de"], "emails: 'a b@c.de' is not an email address; write one such as 'security@example.com'"),
        (["a@b.c", "a@b.c"], "emails: 'a@b.c' is given twice; remove one"),
    ],
)
def test_an_address_that_is_malformed_or_given_twice_is_rejected(
    emails: list[str], expected: str, here: cdk.Stack
) -> None:
    with pytest.raises(InvalidAlert) as refused:
        AlertTopic(here, "Security", emails=emails)

    assert refused.value.problems == (expected,)
    assert here.node.try_find_child("Security") is None


@pytest.mark.parametrize(
    "arguments", [{"emails": "a@b.c"}, {"emails": [7]}, {"key": "alias/aws/sns"}, {"emails": None}]
)
def test_an_argument_of_a_topic_of_the_wrong_kind_is_a_type_error(arguments: dict[str, Any], here: cdk.Stack) -> None:
    with pytest.raises(TypeError, match=next(iter(arguments))):
        AlertTopic(here, "Security", **arguments)


def test_a_topic_outside_a_stack_is_rejected(app: cdk.App) -> None:
    with pytest.raises(InvalidAlert, match="a topic must be in a stack"):
        AlertTopic(app, "Security")
