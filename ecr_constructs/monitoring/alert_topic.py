"""`AlertTopic`: an encrypted topic that EventBridge can publish to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from ecr_constructs._cdk.key_policies import GRANTS_DENIED, key_problems
from ecr_constructs._cdk.scope import ConstructLocation, id_problems, locate, stack_problems
from ecr_constructs.errors import DuckType, InvalidAlert, Problems
from ecr_constructs.model.validation import is_token
from ecr_constructs.monitoring.environments import environment_differences

__all__ = ["AlertTopic"]

_ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
# https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-cmk
_AWS_MANAGED = "alias/aws/"
_KEY = DuckType("a kms.IKey", "key_arn", "add_to_resource_policy")


class AlertTopic(Construct):
    """
    Define an Amazon SNS topic for alerts, encrypted with a customer managed key that EventBridge may use.

    The policy of the AWS managed key `alias/aws/sns` does not allow EventBridge to publish, and cannot be changed.
    Requests without TLS are denied. Each recipient must confirm its email subscription.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html

    Creates: an `AWS::SNS::Topic` with its policy, an `AWS::KMS::Key`, and an `AWS::SNS::Subscription` for each address.

    Attributes:
        topic: The topic.
        key: The key.

    >>> from aws_cdk import App, Stack
    >>> topic = AlertTopic(Stack(App(), "Alerts"), "Security", emails=["security@example.com"])
    >>> topic.topic.node.path
    'Alerts/Security/Topic'

    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        emails: Sequence[str] = (),
        key: kms.IKey | None = None,
    ) -> None:
        """
        Define a topic.

        Args:
            scope: The scope of the construct, in a stack.
            id: The ID of the construct, unique in its scope.
            emails: Email addresses that are subscribed. Default: none.
            key: The key, in the Region of the topic. A statement for EventBridge is added to its policy. The policy of
                an imported key must already have it. Default: a new key, which is rotated, and deleted with the stack.

        Raises:
            InvalidAlert: With all problems, before anything is added to the tree.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        problems = Problems()
        if problems.expect("emails", emails, Sequence, "['security@example.com']", each=str):
            malformed = (each for each in emails if not is_token(each) and not _ADDRESS.fullmatch(each))
            problems.extend(map(_ADDRESS_PROBLEM.format, malformed))
            problems.extend(_TWICE.format(each) for each in dict.fromkeys(emails) if list(emails).count(each) > 1)
        problems.expect("key", key, _KEY, "kms.Key(stack, 'Key')", optional=True)
        place = locate(scope, id, problems)
        problems.extend(id_problems(scope, id))
        problems.extend(stack_problems(place, "a topic"))
        if key is not None:
            problems.extend(_key_problems(place, key))
        problems.raise_if_any(InvalidAlert, place.path_of(id))
        super().__init__(scope, id)
        self.key = _create_key(self) if key is None else key
        self.key.add_to_resource_policy(_publisher())
        self.topic = sns.Topic(self, "Topic", master_key=self.key, enforce_ssl=True)
        for index, address in enumerate(emails):
            # The ID of a construct cannot have a token.
            subscription = f"Email {index if is_token(address) else address}"
            sns.Subscription(
                self, subscription, topic=self.topic, protocol=sns.SubscriptionProtocol.EMAIL, endpoint=address
            )


_ADDRESS_PROBLEM = "emails: {!r} is not an email address; write one such as 'security@example.com'"
_TWICE = "emails: {!r} is given twice; remove one"


def _key_problems(place: ConstructLocation, key: kms.IKey) -> Iterator[str]:
    yield from (f"key: {problem}" for problem in key_problems(key, service="Amazon SNS"))
    alias = getattr(key, "alias_name", None)
    if isinstance(alias, str) and alias.startswith(_AWS_MANAGED):
        yield (
            f"key: {alias!r} is an AWS managed key, whose policy does not allow EventBridge to use it; use a customer "
            "managed key, or omit it"
        )
    for noun, theirs, ours in environment_differences(place, key.env):
        if noun == "Region":
            yield f"key: {key.node.path} is in {theirs!r}, and the topic in {ours!r}; use a key in its Region"


def _create_key(topic: AlertTopic) -> kms.Key:
    key = kms.Key(
        topic,
        "Key",
        description="Encrypts the alerts of a topic",
        enable_key_rotation=True,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    key.add_to_resource_policy(iam.PolicyStatement.from_json(GRANTS_DENIED))
    return key


def _publisher() -> iam.PolicyStatement:
    """
    Return the statement of a key policy that allows EventBridge to publish to encrypted topics.

    `grant_publish` of the CDK adds the same statement, and the CDK renders equal statements once.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal("events.amazonaws.com")],
        actions=["kms:Decrypt", "kms:GenerateDataKey*"],
        resources=["*"],
    )
