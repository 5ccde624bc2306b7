"""The resource types of alerts, metrics and suppression rules, with the backends of moto."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import uuid4

from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.core.common_models import CloudFormationModel
from moto.core.utils import camelcase_to_underscores
from moto.events.models import Connection as MotoConnection
from moto.events.models import Destination, EventsBackend, events_backends
from moto.events.models import Rule as MotoRule
from moto.iam.policy_validation import IAMPolicyDocumentValidator
from moto.inspector2.models import Inspector2Backend, inspector2_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import SNSBackend, sns_backends
from moto.utilities.utils import CamelToUnderscoresWalker

from ecr_constructs.model.iam.values import as_list
from tests.e2e.cloudformation import Resource, refuse, refuse_for, request
from tests.e2e.validation import FILTER_MEMBERS, SECRET_VALUES, api_names, as_text, without

# The attributes of topics that moto returns.
TOPIC_ATTRIBUTES = ("DisplayName", "KmsMasterKeyId")
# https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
PROTOCOLS = {"application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"}
# Members of PutMetricAlarm that cannot be combined with Metrics:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
OF_ONE_METRIC = {"Dimensions", "ExtendedStatistic", "MetricName", "Namespace", "Period", "Statistic", "Unit"}
# Parameters of moto whose name is not that of the member of PutMetricAlarm.
ALARM_PARAMETERS = {
    "AlarmDescription": "description",
    "AlarmName": "name",
    "Metrics": "metric_data_queries",
    "OKActions": "ok_actions",
}
# Parameters that moto requires, and CloudWatch does not.
ALARM_DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(("namespace", "metric_name", "period", "threshold", "statistic")),
    "description": "",
    "dimensions": [],
    "alarm_actions": [],
}


class Monitoring(Resource):
    """The base class of the types of this module."""

    @property
    def sns(self) -> SNSBackend:
        return sns_backends[self.account][self.region]

    @property
    def events(self) -> EventsBackend:
        return events_backends[self.account][self.region]

    @property
    def cloudwatch(self) -> CloudWatchBackend:
        return cloudwatch_backends[self.account][self.region]

    @property
    def inspector(self) -> Inspector2Backend:
        return inspector2_backends[self.account][self.region]


class Named(Monitoring):
    """The base class of types with a name, which CloudFormation generates if the template has none."""

    name_property: ClassVar[str] = "Name"
    longest_name: ClassVar[int] = 64

    @property
    def identity(self) -> str:
        return str(self.properties.get(self.name_property, self._generated))

    @property
    def named(self) -> dict[str, Any]:
        """The properties with the name."""
        return {**self.properties, self.name_property: self.physical_resource_id}

    @property
    def _generated(self) -> str:
        """Return a generated name that is short enough. Its end is random."""
        name = self.generated_name
        return name if len(name) <= self.longest_name else name[: self.longest_name - 13] + name[-13:]


class Generated(Monitoring):
    """The base class of types with a generated id. Another stack can have a resource with the same properties."""

    @property
    def identity(self) -> str:
        return ""

    def exists(self) -> bool:
        return False


# --- Amazon SNS -------------------------------------------------------------------------------------------------------


class Topic(Monitoring, CloudFormationModel):
    """The topic of moto, whose subscriptions and policy are kept by an update."""

    resource_type = "AWS::SNS::Topic"

    @property
    def identity(self) -> str:
        return f"arn:aws:sns:{self.region}:{self.account}:{self.name}"

    @property
    def name(self) -> str:
        return str(self.properties.get("TopicName", self.generated_name))

    def exists(self) -> bool:
        return self.physical_resource_id in self.sns.topics

    def put(self) -> None:
        attributes = {name: self.properties.get(name, "") for name in TOPIC_ATTRIBUTES}
        request("CreateTopic", service="sns", Name=self.name, Attributes=attributes)
        tags = {tag["Key"]: tag["Value"] for tag in self.properties.get("Tags", ())}
        topic = self.sns.create_topic(self.name)
        topic._tags = tags
        for name, value in attributes.items():
            self.sns.set_topic_attribute(topic.arn, camelcase_to_underscores(name), value)

    def remove(self) -> None:
        self.sns.delete_topic(self.physical_resource_id)

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return {"TopicArn": self.physical_resource_id, "TopicName": self.name}[attribute_name]


class TopicPolicy(Generated, CloudFormationModel):
    """
    The policy of topics, which have their default policy again when it is deleted.

    It does what the handlers do that AWS publishes: https://github.com/aws-cloudformation/
    aws-cloudformation-resource-providers-sns .
    """

    resource_type = "AWS::SNS::TopicPolicy"
    topics: frozenset[str] = frozenset()

    @property
    def identity(self) -> str:
        return self.generated_name

    def put(self) -> None:
        policy = as_text(self.properties["PolicyDocument"])
        IAMPolicyDocumentValidator(policy).validate()
        check_actions_of_topics(policy)
        wanted = frozenset(self.properties["Topics"])
        for arn in wanted:
            request("SetTopicAttributes", service="sns", TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
            self.sns.get_topic(arn).policy = policy
        self._reset(self.topics - wanted)
        self.topics = wanted

    def remove(self) -> None:
        self._reset(self.topics)

    def _reset(self, arns: frozenset[str]) -> None:
        for arn in arns & self.sns.topics.keys():
            topic = self.sns.topics[arn]
            topic._policy_json = topic._create_default_topic_policy(self.region, self.account, topic.name)


class Subscription(Generated, CloudFormationModel):
    """A subscription of a topic of the same Region. SNS generates its ARN, and the email is not confirmed."""

    resource_type = "AWS::SNS::Subscription"

    def put(self) -> None:
        if self.physical_resource_id not in self.sns.subscriptions:
            self._subscribe(*(self.properties.get(name, "") for name in ("TopicArn", "Protocol", "Endpoint")))
        policy = self.properties.get("FilterPolicy")
        attribute = "" if policy is None else as_text(policy)
        self.sns.set_subscription_attributes(self.physical_resource_id, "FilterPolicy", attribute)

    def remove(self) -> None:
        self.sns.unsubscribe(self.physical_resource_id)

    def _subscribe(self, topic: str, protocol: str, endpoint: str) -> None:
        request("Subscribe", service="sns", TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
        if protocol not in PROTOCOLS:
            refuse(f"Subscribe: {protocol} is not one of {', '.join(sorted(PROTOCOLS))}")
        if protocol.startswith("email") and "@" not in endpoint:
            refuse(f"Subscribe: {endpoint} is not an email address")
        self.physical_resource_id = self.sns.subscribe(topic, endpoint, protocol).arn


def check_actions_of_topics(policy: str) -> None:
    """Reject actions of other services, as SNS does."""
    for statement in as_list(json.loads(policy)["Statement"]):
        for action in as_list(statement.get("Action", [])):
            if ":" in action and not action.lower().startswith("sns:"):
                refuse(f"SetTopicAttributes: the policy has the action {action}, which is not of SNS")


# --- Amazon EventBridge -----------------------------------------------------------------------------------------------


class Connection(Named, CloudFormationModel):
    """The connection of moto, which returns no secret values. They are in the managed secret of the connection."""

    resource_type = "AWS::Events::Connection"

    @property
    def connection(self) -> MotoConnection:
        return self.events.connections[self.physical_resource_id]

    def exists(self) -> bool:
        return self.physical_resource_id in self.events.connections

    def put(self) -> None:
        wanted = request("CreateConnection", service="events", **self.named)
        parameters = wanted["AuthParameters"]
        if self.exists():
            self._put_secret(parameters)
        else:
            self.events.create_connection(wanted["Name"], "", wanted["AuthorizationType"], parameters)
        self.connection.description = wanted.get("Description", "")
        self.connection.authorization_type = wanted["AuthorizationType"]
        self.connection.auth_parameters = without(SECRET_VALUES, parameters)

    def remove(self) -> None:
        self.events.delete_connection(self.physical_resource_id)

    def get_cfn_attribute(self, attribute_name: str) -> str:
        arn = self.connection.arn
        attributes = {"Arn": arn, "ArnForPolicy": arn.rpartition("/")[0], "SecretArn": self.connection.secret_arn}
        return attributes[attribute_name]

    def _put_secret(self, parameters: Mapping[str, Mapping[str, Any]]) -> None:
        """Change the secret value, which has the form that moto gives it at the creation."""
        value: dict[str, Any] = {}
        for each in parameters.values():
            value |= each
        text = json.dumps(CamelToUnderscoresWalker.parse(value))
        secrets = secretsmanager_backends[self.account][self.region]
        secrets.put_secret_value(self.connection.secret_arn, text, "", str(uuid4()), ["AWSCURRENT"])


class ApiDestination(Named, CloudFormationModel):
    resource_type = "AWS::Events::ApiDestination"

    @property
    def destination(self) -> Destination:
        return self.events.destinations[self.physical_resource_id]

    def exists(self) -> bool:
        return self.physical_resource_id in self.events.destinations

    def put(self) -> None:
        wanted = request("CreateApiDestination", service="events", **self.named)
        connection = wanted["ConnectionArn"]
        if connection not in [each.arn for each in self.events.connections.values()]:
            refuse(f"CreateApiDestination: there is no connection {connection} in {self.account} {self.region}")
        settings = {
            "description": wanted.get("Description", ""),
            "connection_arn": connection,
            "invocation_endpoint": wanted["InvocationEndpoint"],
            "invocation_rate_limit_per_second": wanted.get("InvocationRateLimitPerSecond", 300),
            "http_method": wanted["HttpMethod"],
        }
        put = self.events.update_api_destination if self.exists() else self.events.create_api_destination
        put(wanted["Name"], **settings)

    def remove(self) -> None:
        self.events.delete_api_destination(self.physical_resource_id)

    def get_cfn_attribute(self, attribute_name: str) -> str:
        arn = self.destination.arn
        return {"Arn": arn, "ArnForPolicy": arn.rpartition("/")[0]}[attribute_name]


class Rule(Named, CloudFormationModel):
    """The rule of moto, whose targets are kept by an update unless the template no longer has them."""

    resource_type = "AWS::Events::Rule"

    @property
    def rules(self) -> dict[str, MotoRule]:
        bus = self.properties.get("EventBusName", "default").rpartition("/")[2]
        rules: dict[str, MotoRule] = self.events._get_event_bus(bus).rules
        return rules

    def exists(self) -> bool:
        return self.physical_resource_id in self.rules

    def put(self) -> None:
        settings = {name: value for name, value in self.named.items() if name != "Targets"}
        if "EventPattern" in settings:
            settings["EventPattern"] = as_text(settings["EventPattern"])
        wanted = request("PutRule", service="events", **settings)
        self.events.put_rule(
            wanted["Name"],
            description=wanted.get("Description"),
            event_bus_arn=wanted.get("EventBusName"),
            event_pattern=wanted.get("EventPattern"),
            role_arn=wanted.get("RoleArn"),
            scheduled_expression=wanted.get("ScheduleExpression"),
            state=wanted.get("State"),
            tags=wanted.get("Tags"),
        )
        self._put_targets(self.properties.get("Targets", []), wanted.get("EventBusName"))

    def remove(self) -> None:
        self.rules[self.physical_resource_id].delete(self.account, self.region)

    def get_cfn_attribute(self, attribute_name: str) -> str:
        rule = self.rules[self.physical_resource_id]
        return {"Arn": rule.arn, "RuleName": rule.name}[attribute_name]

    def _put_targets(self, targets: list[dict[str, Any]], bus: str | None) -> None:
        self.rules[self.physical_resource_id].targets.clear()
        if targets:
            wanted = request("PutTargets", service="events", Rule=self.physical_resource_id, Targets=targets)
            self.events.put_targets(wanted["Rule"], bus, wanted["Targets"])


# --- Amazon CloudWatch ------------------------------------------------------------------------------------------------


class Alarm(Named, CloudFormationModel):
    """An alarm in the CloudWatch of moto, which the CloudFormation of moto does not support."""

    resource_type = "AWS::CloudWatch::Alarm"
    name_property = "AlarmName"
    longest_name = 255

    def exists(self) -> bool:
        return self.physical_resource_id in self.cloudwatch.alarms

    def put(self) -> None:
        wanted = request("PutMetricAlarm", service="cloudwatch", **self.named)
        check_metrics(wanted)
        parameters = {ALARM_PARAMETERS.get(name, camelcase_to_underscores(name)): wanted[name] for name in wanted}
        self.cloudwatch.put_metric_alarm(**{**ALARM_DEFAULTS, **parameters})

    def remove(self) -> None:
        self.cloudwatch.delete_alarms([self.physical_resource_id])

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return {"Arn": self.cloudwatch.alarms[self.physical_resource_id].alarm_arn}[attribute_name]


class Dashboard(Named, CloudFormationModel):
    """The dashboard of moto, which keeps its generated name in an update."""

    resource_type = "AWS::CloudWatch::Dashboard"
    name_property = "DashboardName"
    longest_name = 255

    def exists(self) -> bool:
        return self.physical_resource_id in self.cloudwatch.dashboards

    def put(self) -> None:
        wanted = request("PutDashboard", service="cloudwatch", **self.named)
        check_widgets(wanted["DashboardBody"])
        self.cloudwatch.put_dashboard(wanted["DashboardName"], wanted["DashboardBody"])

    def remove(self) -> None:
        self.cloudwatch.delete_dashboards([self.physical_resource_id])


def check_metrics(alarm: Mapping[str, Any]) -> None:
    """Reject an alarm without one metric or one expression, as CloudWatch does."""
    metrics = alarm.get("Metrics", ())
    combined = sorted(OF_ONE_METRIC & alarm.keys())
    if metrics and combined:
        refuse(f"PutMetricAlarm: Metrics cannot be combined with {', '.join(combined)}")
    if not metrics and "MetricName" not in alarm:
        refuse("PutMetricAlarm: an alarm requires MetricName or Metrics")
    returned = [each["Id"] for each in metrics if each.get("ReturnData", True)]
    if metrics and len(returned) != 1:
        refuse(f"PutMetricAlarm: exactly one element of Metrics returns data, and {len(returned)} do")


def check_widgets(body: str) -> None:
    """Reject a dashboard that is not JSON, or has a widget without a type, as CloudWatch does."""
    try:
        widgets = json.loads(body)["widgets"]
        faults = [f"widget {number} has no type" for number, each in enumerate(widgets) if "type" not in each]
    except (ValueError, TypeError, KeyError) as fault:
        faults = [f"the body is no dashboard: {fault!r}"]
    refuse_for([f"PutDashboard: {fault}" for fault in faults])


# --- Amazon Inspector -------------------------------------------------------------------------------------------------


class Filter(Generated, CloudFormationModel):
    """A filter in the Inspector of moto, which cannot update filters. Inspector generates its ARN."""

    resource_type = "AWS::InspectorV2::Filter"

    def put(self) -> None:
        wanted = api_names(self.properties, FILTER_MEMBERS)
        wanted["filterCriteria"] = wanted.pop("criteria")
        wanted = {"description": None, "tags": {}, **request("CreateFilter", service="inspector2", **wanted)}
        kept = self.inspector.filters.get(self.physical_resource_id)
        if kept is None:
            self.physical_resource_id = self.inspector.create_filter(
                wanted["action"],
                wanted["description"],
                wanted["filterCriteria"],
                wanted["name"],
                reason="",
                tags=wanted["tags"],
            )
            return
        kept.name, kept.action, kept.description = wanted["name"], wanted["action"], wanted["description"]
        kept.filter_criteria = wanted["filterCriteria"]

    def remove(self) -> None:
        self.inspector.delete_filter(self.physical_resource_id)

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return {"Arn": self.physical_resource_id}[attribute_name]
