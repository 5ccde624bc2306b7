"""`AlertTarget`: the recipients of alerts. Each kind has its own form of messages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import jsii
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk.interfaces.aws_events import IRuleRef

from ecr_constructs._cdk.construct_references import ConstructReference
from ecr_constructs._cdk.scope import ConstructLocation
from ecr_constructs.errors import DuckType, expect
from ecr_constructs.model.events.message import AlertMessage, InputTransformer
from ecr_constructs.monitoring.environments import environment_differences, stage_problems

__all__ = ["TOPIC", "TOPIC_EXAMPLE", "AlertTarget", "topic_problems"]

_EVENTS = "events.amazonaws.com"
TOPIC = DuckType("an sns.ITopic", "topic_arn", "grant_publish")
TOPIC_EXAMPLE = "AlertTopic(stack, 'Alerts').topic"
_DESTINATION = DuckType("an events.IApiDestination", "api_destination_arn")


class AlertTarget(ABC):
    """
    A recipient of alerts: `topic`, `chat` or `api_destination`.

    Alerts also accept any `events.IRuleTarget`, such as those of `aws_cdk.aws_events_targets`. Such a target receives
    the event of EventBridge, unless it has its own input.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
    """

    __slots__ = ()

    @staticmethod
    def topic(topic: sns.ITopic) -> AlertTarget:
        """
        Return a target that publishes a readable message to an Amazon SNS topic, for example for email.

        EventBridge is granted `sns:Publish` on the topic, and with a key of the app the use of the key. For an imported
        topic, add both to its policy and to the policy of its key.

        https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html

        Args:
            topic: The topic, in the Region of the alert. `AlertTopic(...).topic` is an encrypted one. EventBridge does
                not support FIFO topics.

        Raises:
            TypeError: If it is not a topic.

        >>> from aws_cdk import App, Stack
        >>> stack = Stack(App(), "Alerts")
        >>> AlertTarget.topic(sns.Topic(stack, "Security"))
        AlertTarget.topic(Alerts/Security)

        """
        expect("topic", topic, TOPIC, TOPIC_EXAMPLE)
        return _Topic(ConstructReference(topic))

    @staticmethod
    def chat(topic: sns.ITopic) -> AlertTarget:
        """
        Return a target that publishes custom notifications of Amazon Q Developer in chat applications to a topic.

        Use another topic than for email, because the message is JSON. The topic must be one of the notification topics
        of a channel configuration, such as `chatbot.SlackChannelConfiguration(notification_topics=[topic])`. Messages
        about the same image have the same thread.

        https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html

        Args:
            topic: The topic, in the Region of the alert. EventBridge does not support FIFO topics.

        Raises:
            TypeError: If it is not a topic.

        >>> from aws_cdk import App, Stack
        >>> stack = Stack(App(), "Alerts")
        >>> AlertTarget.chat(sns.Topic(stack, "Chat"))
        AlertTarget.chat(Alerts/Chat)

        """
        expect("topic", topic, TOPIC, "sns.Topic(stack, 'Chat')")
        return _Chat(ConstructReference(topic))

    @staticmethod
    def api_destination(destination: events.IApiDestination) -> AlertTarget:
        """
        Return a target that calls an HTTP endpoint with a JSON object: `text`, `event` and the fields of the alert.

        EventBridge reads the credentials from the secret of the connection. A role with `events:InvokeApiDestination`
        is created for each rule.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html

        Args:
            destination: The API destination, in the account and Region of the alert.

        Raises:
            TypeError: If it is not an API destination.

        >>> from aws_cdk import App, SecretValue, Stack
        >>> stack = Stack(App(), "Alerts")
        >>> token = events.Authorization.api_key("Authorization", SecretValue.secrets_manager("pager"))
        >>> connection = events.Connection(stack, "Connection", authorization=token)
        >>> pager = events.ApiDestination(stack, "Pager", connection=connection, endpoint="https://pager.example.com")
        >>> AlertTarget.api_destination(pager)
        AlertTarget.api_destination(Alerts/Pager)

        """
        expect("destination", destination, _DESTINATION, "events.ApiDestination(...)")
        return _ApiDestination(ConstructReference(destination))

    def problems(self, place: ConstructLocation) -> Iterator[str]:  # noqa: ARG002  (subclasses use it)
        """Yield the reasons why a rule at a location cannot have the target."""
        yield from ()

    @abstractmethod
    def bind(self, rule: events.Rule, message: AlertMessage, id: str) -> events.IRuleTarget:
        """
        Return the target of a rule, and grant EventBridge the permissions that it needs.

        Args:
            rule: The rule.
            message: The message about an event.
            id: The ID of the target, unique in the rule.

        """


@dataclass(frozen=True, slots=True, repr=False)
class _Topic(AlertTarget):
    held: ConstructReference[sns.ITopic]

    def __repr__(self) -> str:
        return f"AlertTarget.topic({self.held.construct.node.path})"

    def problems(self, place: ConstructLocation) -> Iterator[str]:
        topic = self.held.construct
        yield from topic_problems(place, "targets", topic, "the alert")
        if topic.fifo:
            # "EventBridge does not support Amazon SNS FIFO (first in, first out) topics":
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
            yield (
                f"targets: the topic {topic.node.path} is a FIFO topic, which EventBridge does not support; use a "
                "standard topic"
            )

    def bind(self, rule: events.Rule, message: AlertMessage, id: str) -> events.IRuleTarget:  # noqa: ARG002  (the topic has the permission)
        topic = self.held.construct
        # A condition on the rule would be a circular dependency between the rule, the topic and the key of the topic.
        topic.grant_publish(iam.ServicePrincipal(_EVENTS))
        return _fixed_target(topic.topic_arn, self.transformer(message))

    def transformer(self, message: AlertMessage) -> InputTransformer:
        return message.as_text()


@dataclass(frozen=True, slots=True, repr=False)
class _Chat(_Topic):
    def __repr__(self) -> str:
        return f"AlertTarget.chat({self.held.construct.node.path})"

    def transformer(self, message: AlertMessage) -> InputTransformer:
        return message.as_custom_notification()


@dataclass(frozen=True, slots=True, repr=False)
class _ApiDestination(AlertTarget):
    held: ConstructReference[events.IApiDestination]

    def __repr__(self) -> str:
        return f"AlertTarget.api_destination({self.held.construct.node.path})"

    def problems(self, place: ConstructLocation) -> Iterator[str]:
        destination = self.held.construct
        # "The targets you associate with a rule must be in the same Region as the rule":
        # https://aws.amazon.com/premiumsupport/knowledge-center/sns-not-getting-eventbridge-notification/
        # API destinations are not among the targets in other accounts:
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html
        for noun, theirs, ours in environment_differences(place, destination.env):
            yield (
                f"targets: the API destination {destination.node.path} is in {noun} {theirs}, and the alert in {ours}; "
                f"use one in the {noun} of the alert"
            )
        yield from stage_problems(place, "targets", destination, destination.api_destination_arn, "the alert")

    def bind(self, rule: events.Rule, message: AlertMessage, id: str) -> events.IRuleTarget:
        arn = self.held.construct.api_destination_arn
        role = iam.Role(rule, f"{id}Role", assumed_by=iam.ServicePrincipal(_EVENTS))
        role.add_to_policy(iam.PolicyStatement(actions=["events:InvokeApiDestination"], resources=[arn]))
        return _fixed_target(arn, message.as_json(), role=role)


def topic_problems(place: ConstructLocation, argument: str, topic: sns.ITopic, user: str) -> Iterator[str]:
    """
    Yield the problems of a topic that is in another Region or stage than its user.

    Args:
        place: The location of the user.
        argument: The argument that has the topic.
        topic: The topic.
        user: The construct that publishes to it, with its article.

    """
    for noun, theirs, ours in environment_differences(place, topic.env):
        if noun == "Region":
            yield (
                f"{argument}: the topic {topic.node.path} is in {theirs!r}, and {user} in {ours!r}; use a topic in the "
                f"Region of {user}"
            )
    yield from stage_problems(place, argument, topic, topic.topic_arn, user)


def _fixed_target(arn: str, transformer: InputTransformer, *, role: iam.IRole | None = None) -> events.IRuleTarget:
    """Return a target with an input transformer. It has the role that EventBridge assumes, if there is one."""
    config = events.RuleTargetConfig(arn=arn, input=_TransformedInput(transformer), role=role)
    return _FixedTarget(config)  # type: ignore[return-value]  # jsii implements the interface at run time


@jsii.implements(events.IRuleTarget)
class _FixedTarget:
    def __init__(self, config: events.RuleTargetConfig) -> None:
        self._config = config

    def bind(self, _rule: events.IRule, _id: str | None = None) -> events.RuleTargetConfig:
        return self._config


class _TransformedInput(events.RuleTargetInput):
    def __init__(self, transformer: InputTransformer) -> None:
        super().__init__()
        self._transformer = transformer

    def bind(self, rule: IRuleRef) -> events.RuleTargetInputProperties:  # noqa: ARG002  (every rule has the same input)
        return events.RuleTargetInputProperties(
            input_paths_map=dict(self._transformer.paths), input_template=self._transformer.template
        )
