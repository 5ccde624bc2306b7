"""Triggers: `on_image` of a repository and `on_refresh` of a cache."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs

from ecr_constructs import (
    ADOPTED,
    AlertTarget,
    AlertTopic,
    HardenedRepository,
    PullThroughCache,
    TagPattern,
    Upstream,
)
from ecr_constructs.errors import InvalidRegistry, InvalidRepository
from ecr_constructs.model.events import ecr_events
from ecr_constructs.model.events.repository_filter import RepositoryFilter
from tests.templates import resources

RULE = "AWS::Events::Rule"


@pytest.fixture
def queue(stack: cdk.Stack) -> events.IRuleTarget:
    return targets.SqsQueue(sqs.Queue(stack, "Queue"))


@pytest.fixture
def repository(stack: cdk.Stack) -> HardenedRepository:
    return HardenedRepository(stack, "Api", settings=ADOPTED, repository_name="prod/api")


@pytest.fixture
def cache(stack: cdk.Stack) -> PullThroughCache:
    return PullThroughCache(stack, "Cache", upstream=Upstream.quay(), prefix="quay")


@pytest.mark.parametrize(("tag", "patterns"), [(None, ["*"]), ("v*", ["v*"]), (TagPattern("release"), ["release"])])
def test_a_push_starts_a_target_with_the_pattern_of_the_alert(
    tag: str | TagPattern | None,
    patterns: list[str],
    stack: cdk.Stack,
    repository: HardenedRepository,
    queue: events.IRuleTarget,
) -> None:
    repository.on_image(queue, tag=tag)

    (repository_id,) = resources(stack, "AWS::ECR::Repository")
    (rule,) = resources(stack, RULE).values()
    expected = ecr_events.image_pushed(RepositoryFilter(names=("NAME",)), patterns).pattern()
    assert rule["Properties"]["EventPattern"] == {
        **expected,
        "detail": {**dict(expected["detail"]), "repository-name": [{"Ref": repository_id}]},  # type: ignore[call-overload]  # it is a mapping
    }
    assert len(rule["Properties"]["Targets"]) == 1


@pytest.mark.parametrize(
    ("image", "watched"),
    [
        ("prometheus/node-exporter:v1.8.*", ("quay/prometheus/node-exporter", "v1.8.*")),
        ("quay.io/prometheus/node-exporter:latest", ("quay/prometheus/node-exporter", "latest")),
        ("prometheus/node-exporter", ("quay/prometheus/node-exporter", "*")),
    ],
)
def test_a_refresh_starts_a_target_with_the_pattern_of_the_alert(
    image: str, watched: tuple[str, str], stack: cdk.Stack, cache: PullThroughCache, queue: events.IRuleTarget
) -> None:
    cache.on_refresh(image, queue)

    (rule,) = resources(stack, RULE).values()
    expected = ecr_events.cache_refreshed(RepositoryFilter(names=watched[:1]), watched[1:]).pattern()
    assert rule["Properties"]["EventPattern"] == expected
    assert len(rule["Properties"]["Targets"]) == 1


def test_several_triggers_have_ids_of_their_own(
    repository: HardenedRepository, cache: PullThroughCache, queue: events.IRuleTarget
) -> None:
    rules = [
        repository.on_image(queue),
        repository.on_image(queue, tag="v*"),
        repository.on_image(queue, tag="v*", id="Deploy"),
        cache.on_refresh("a/b:1", queue),
        cache.on_refresh("a/b:1", queue, id="Build"),
    ]

    assert [rule.node.id for rule in rules] == ["On image", "On v*", "Deploy", "On a--b:1", "Build"]
    with pytest.raises(InvalidRepository, match="id 'Deploy' is used by another trigger or construct here"):
        repository.on_image(queue, id="Deploy")
    with pytest.raises(InvalidRegistry, match="id 'On a--b:1' is used by another"):
        cache.on_refresh("a/b:1", queue)


def test_a_tag_that_is_known_at_deployment_needs_an_id(
    stack: cdk.Stack, repository: HardenedRepository, queue: events.IRuleTarget
) -> None:
    tag = cdk.CfnParameter(stack, "Tag").value_as_string

    with pytest.raises(InvalidRepository, match="the id of a construct cannot have a token; give a word such as id="):
        repository.on_image(queue, tag=tag)
    repository.on_image(queue, tag=tag, id="Deploy")
    (rule,) = resources(stack, RULE).values()
    assert rule["Properties"]["EventPattern"]["detail"]["image-tag"] == [{"Ref": "Tag"}]


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        (f"a/b@sha256:{'a' * 64}", "has a digest, and the event of an import is matched by its tag; use a tag"),
        ("A/b", "image: repository name 'A/b' has 'A' at position 0"),
        ("a/b:x y", "tag: tag pattern 'x y' has ' ' at position 1"),
        ("ghcr.io/a/b:1", "is of ghcr.io, and this cache is of quay.io"),
        ("", "image: "),
    ],
)
def test_an_image_that_the_cache_cannot_import_is_rejected(
    image: str, problem: str, cache: PullThroughCache, queue: events.IRuleTarget
) -> None:
    with pytest.raises(InvalidRegistry) as error:
        cache.on_refresh(image, queue)

    assert any(problem in each for each in error.value.problems)


def test_a_target_of_alerts_and_other_kinds_are_type_errors(
    stack: cdk.Stack, repository: HardenedRepository, cache: PullThroughCache
) -> None:
    target: Any = AlertTarget.topic(AlertTopic(stack, "Topic").topic)
    message = r"target must be an events\.IRuleTarget such as targets\.CodeBuildProject"

    with pytest.raises(TypeError, match=message):
        repository.on_image(target)
    with pytest.raises(TypeError, match=message):
        repository.on_image(actions.SnsAction(AlertTopic(stack, "Action").topic))  # type: ignore[arg-type]  # an alarm action
    with pytest.raises(TypeError, match=message):
        cache.on_refresh("a/b", target)
    with pytest.raises(TypeError) as error:
        repository.on_image(3, tag=3, id=4)  # type: ignore[arg-type]  # the kinds are wrong
    assert len(str(error.value).splitlines()) == 4
