"""The messages about events, rendered from the sample events of the AWS documentation."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest

from ecr_constructs.model.events import api_call_events, ecr_events, finding_events
from ecr_constructs.model.events.event_rule import EventRule
from ecr_constructs.model.events.message import InputTransformer
from ecr_constructs.model.events.repository_filter import RepositoryFilter
from tests.model.events.samples import SAMPLES, api_call

ALL = RepositoryFilter()
ARN = "arn:aws:ecr:us-east-2:123456789012:repository/"
DIRECT, THROUGH = api_call_events.tampering(RepositoryFilter(names=["testrepo"]))
CALL = api_call("SetRepositoryPolicy", {"repositoryName": "testrepo"})
# Each rule with an event that it matches.
EVENTS: Mapping[str, tuple[EventRule, Mapping[str, Any]]] = {
    "pushed": (ecr_events.image_pushed(ALL), SAMPLES["push"]),
    "deleted": (ecr_events.image_deleted(ALL), SAMPLES["delete"]),
    "archived": (ecr_events.image_archived(ALL), SAMPLES["archive"]),
    "restored": (ecr_events.image_restored(ALL), SAMPLES["restore"]),
    "cached": (ecr_events.cache_refreshed(ALL), SAMPLES["cache"]),
    "replication failed": (ecr_events.replication_failed(ALL), SAMPLES["replication_failed"]),
    "scanning stopped": (ecr_events.scanning_stopped(ALL), SAMPLES["scan_frequency_change"]),
    "basic scan": (finding_events.basic_scan(ALL, "HIGH"), SAMPLES["basic_scan"]),
    "enhanced scan": (finding_events.enhanced_scan(ALL, "HIGH", ARN), SAMPLES["enhanced_scan"]),
    "finding": (finding_events.enhanced_finding(ALL, "MEDIUM"), SAMPLES["enhanced_finding"]),
    "direct call": (DIRECT, CALL),
    "call of CloudFormation": (THROUGH, CALL),
}
each_event = pytest.mark.parametrize("name", EVENTS)

# The parts of https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html that messages use.
NOTIFICATION = {
    "type": "object",
    "required": ["version", "source", "content"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": "1.0"},
        "source": {"const": "custom"},
        "id": {"type": "string"},
        "content": {
            "type": "object",
            "required": ["description"],
            "additionalProperties": False,
            "properties": {
                "textType": {"const": "client-markdown"},
                "title": {"type": "string", "minLength": 1},
                "description": {"type": "string", "minLength": 1},
                "nextSteps": {"type": "array", "items": {"type": "string"}},
                "keywords": {"type": "array", "items": {"type": "string"}},
            },
        },
        "metadata": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "threadId": {"type": "string", "minLength": 1},
                "summary": {"type": "string"},
                "eventType": {"type": "string"},
                "relatedResources": {"type": "array", "items": {"type": "string"}},
                "additionalContext": {"type": "object"},
            },
        },
    },
}


def value_at(event: Mapping[str, Any], path: str) -> object:
    """Return the value at a JSON path, or None if the event has none."""
    found: Any = event
    try:
        for key, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", path):
            found = found[key or int(index)]
    except (KeyError, IndexError):
        return None
    return found


def rendered(transformer: InputTransformer, event: Mapping[str, Any]) -> str:
    """Return the input of a target. A variable without a value does not appear in it."""

    def value(variable: re.Match[str]) -> str:
        found = value_at(event, transformer.paths[variable[1]])
        return "" if found is None else str(found)

    return re.sub(r"<([\w-]+)>", value, transformer.template)


# Fields that are not in every event, and not in these samples.
OPTIONAL = {
    ("basic scan", "imageTag"),
    ("basic scan", "high"),
    ("basic scan", "low"),
    ("basic scan", "informational"),
    ("enhanced scan", "low"),
    ("enhanced scan", "informational"),
    ("finding", "fixAvailable"),
}


def test_every_field_is_in_the_event() -> None:
    missing = {
        (name, variable)
        for name, (rule, event) in EVENTS.items()
        for variable, path in rule.message.as_text().paths.items()
        if value_at(event, path) is None
    }

    assert missing == OPTIONAL


@each_event
def test_every_variable_has_a_path_and_appears_in_every_form(name: str) -> None:
    message = EVENTS[name][0].message

    for each in (message.as_text(), message.as_json(), message.as_custom_notification()):
        assert set(re.findall(r"<([\w-]+)>", each.template)) == set(each.paths)
        assert all(re.fullmatch(r"[A-Za-z0-9_-]+", variable) for variable in each.paths)
        assert len(each.template) <= 8192


@each_event
def test_a_text_has_the_title_first_and_a_line_for_each_field(name: str) -> None:
    rule, event = EVENTS[name]

    first, *others = (json.loads(line) for line in rendered(rule.message.as_text(), event).splitlines())
    assert first
    assert all(re.match(r"[A-Z][\w ]+: ", line) for line in others)
    assert "Account: 123456789012" in others


@each_event
def test_a_json_message_is_an_object_of_texts(name: str) -> None:
    rule, event = EVENTS[name]

    found = json.loads(rendered(rule.message.as_json(), event))
    assert set(found) >= {"text", "event", "repository", "account", "region", "time"}
    assert all(isinstance(value, str) for value in found.values())
    assert found["account"] == "123456789012"


@each_event
def test_a_chat_message_is_a_custom_notification(name: str) -> None:
    rule, event = EVENTS[name]

    jsonschema.validate(json.loads(rendered(rule.message.as_custom_notification(), event)), NOTIFICATION)


def test_the_findings_of_an_image_are_one_thread() -> None:
    rule, event = EVENTS["finding"]
    found = json.loads(rendered(rule.message.as_custom_notification(), event))

    image = SAMPLES["enhanced_finding"]["detail"]["resources"][0]["details"]["awsEcrContainerImage"]
    assert found["metadata"]["threadId"] == image["imageHash"]
    assert found["content"]["title"] == "MEDIUM finding in amazon/amazon-ecs-sample: CVE-2019-17498 - libssh2"


def test_a_text_about_a_basic_scan_has_the_counts_that_exist() -> None:
    rule, event = EVENTS["basic scan"]

    lines = [json.loads(line) for line in rendered(rule.message.as_text(), event).splitlines()]
    assert lines[0] == "Image scan of my-repository-name has findings of severity HIGH or higher"
    assert {"Critical: 10", "High: ", "Medium: 9"} <= set(lines)


def test_a_message_names_calls_of_cloudformation() -> None:
    direct = json.loads(rendered(DIRECT.message.as_json(), CALL))["text"]
    through = json.loads(rendered(THROUGH.message.as_json(), CALL))["text"]

    assert direct == "SetRepositoryPolicy changed testrepo"
    assert through == "SetRepositoryPolicy changed testrepo through AWS CloudFormation"
