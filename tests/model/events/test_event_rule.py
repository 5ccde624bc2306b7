"""The event patterns, matched against the sample events of the AWS documentation and against near misses."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import botocore.session  # type: ignore[import-untyped]  # it ships no types
import pytest

from ecr_constructs.model.events import api_call_events, ecr_events, finding_events
from ecr_constructs.model.events.event_rule import MAXIMUM_PATTERN, EventRule
from ecr_constructs.model.events.finding_events import Severity
from ecr_constructs.model.events.repository_filter import RepositoryFilter
from tests.model.events.matcher import matches
from tests.model.events.samples import SAMPLES, api_call, changed

ALL = RepositoryFilter()
ARN = "arn:aws:ecr:us-east-2:123456789012:repository/"

# Each rule, and the samples that it matches.
RULES: Mapping[str, tuple[Callable[[RepositoryFilter], EventRule], Sequence[str]]] = {
    "pushed": (ecr_events.image_pushed, ["push"]),
    "deleted": (ecr_events.image_deleted, ["delete"]),
    "archived": (ecr_events.image_archived, ["archive"]),
    "restored": (ecr_events.image_restored, ["restore"]),
    "cached": (ecr_events.cache_refreshed, ["cache"]),
    "replication failed": (ecr_events.replication_failed, ["replication_failed"]),
    # In the sample, all repositories are scanned after the change.
    "scanning stopped": (ecr_events.scanning_stopped, []),
    "basic scan": (lambda names: finding_events.basic_scan(names, "LOW"), ["basic_scan"]),
    "enhanced scan": (lambda names: finding_events.enhanced_scan(names, "LOW", ARN), ["enhanced_scan"]),
    "finding": (lambda names: finding_events.enhanced_finding(names, "LOW"), ["enhanced_finding"]),
    "direct call": (lambda names: api_call_events.tampering(names)[0], []),
    "call of CloudFormation": (lambda names: api_call_events.tampering(names)[1], []),
}
each_rule = pytest.mark.parametrize("name", RULES)


@each_rule
def test_a_rule_matches_its_sample_and_no_other(name: str) -> None:
    make, expected = RULES[name]

    assert [sample for sample, event in SAMPLES.items() if matches(make(ALL), event)] == expected


# The samples with one repository, and where its name is.
NAMES = {
    "push": ("pushed", "detail.repository-name", ""),
    "delete": ("deleted", "detail.repository-name", ""),
    "archive": ("archived", "detail.repository-name", ""),
    "restore": ("restored", "detail.repository-name", ""),
    "cache": ("cached", "detail.repository-name", ""),
    "replication_failed": ("replication failed", "detail.repository-name", ""),
    "basic_scan": ("basic scan", "detail.repository-name", ""),
    "enhanced_scan": ("enhanced scan", "detail.repository-name", ARN),
    "enhanced_finding": ("finding", "detail.resources.0.details.awsEcrContainerImage.repositoryName", ""),
}


@pytest.mark.parametrize(
    ("selected", "repository", "expected"),
    [
        (["prod/api"], "prod/api", True),
        (["prod/api"], "prod/api2", False),
        (["prod/api"], "dev/prod/api", False),
        (["prod/*"], "prod/web/app", True),
        (["prod/*"], "production/api", False),
        (["prod/*"], "dev/prod/api", False),
        (["*/api"], "prod/api", True),
        (["*/api"], "prod/api/v2", False),
        (["dev/*", "prod/api"], "prod/api", True),
        (["dev/*", "prod/api"], "prod/web", False),
        (["prod/**"], "prod/api", True),
        (["*"], "anything", True),
    ],
)
def test_a_rule_selects_repositories(selected: list[str], repository: str, *, expected: bool) -> None:
    names = RepositoryFilter(names=selected)
    found = {
        sample: matches(RULES[rule][0](names), changed(sample, path, f"{beginning}{repository}"))
        for sample, (rule, path, beginning) in NAMES.items()
    }

    assert found == dict.fromkeys(NAMES, expected)


@pytest.mark.parametrize(("sample", "name"), [("push", "pushed"), ("delete", "deleted"), ("cache", "cached")])
@pytest.mark.parametrize(
    ("tags", "tag", "expected"),
    [(["v*"], "v1", True), (["v*"], "dev", False), (["latest"], "latest2", False), (["a", "*-rc*"], "v1-rc2", True)],
)
def test_a_rule_selects_tags(sample: str, name: str, tags: list[str], tag: str, *, expected: bool) -> None:
    rule: EventRule = RULES[name][0](ALL, tags)  # type: ignore[call-arg]  # these rules have tags

    assert matches(rule, changed(sample, "detail.image-tag", tag)) is expected


def test_an_image_without_a_tag_is_matched_only_without_tags() -> None:
    event = copy.deepcopy(dict(SAMPLES["push"]))
    del event["detail"]["image-tag"]

    assert matches(ecr_events.image_pushed(ALL), event)
    assert not matches(ecr_events.image_pushed(ALL, ["v*"]), event)


@pytest.mark.parametrize("name", ["push", "delete", "archive", "restore"])
def test_a_failed_action_is_not_matched(name: str) -> None:
    rule = RULES[NAMES[name][0]][0](ALL)

    assert not matches(rule, changed(name, "detail.result", "FAILURE"))


def test_a_cache_that_failed_is_not_matched() -> None:
    assert not matches(ecr_events.cache_refreshed(ALL), changed("cache", "detail.sync-status", "FAILED"))


# --- scan frequency ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frequency", ["MANUAL", "OFF"])
def test_a_repository_that_is_no_longer_scanned_is_matched(frequency: str) -> None:
    event = changed("scan_frequency_change", "detail.repositories.1.scan-frequency", frequency)

    assert matches(ecr_events.scanning_stopped(ALL), event)
    assert matches(ecr_events.scanning_stopped(RepositoryFilter(names=["repository-2"])), event)


def test_another_repository_of_the_same_event_is_not_matched() -> None:
    event = changed("scan_frequency_change", "detail.repositories.1.scan-frequency", "MANUAL")

    assert not matches(ecr_events.scanning_stopped(RepositoryFilter(names=["repository-1"])), event)


# --- findings ---------------------------------------------------------------------------------------------------------

SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@pytest.mark.parametrize("lowest", SEVERITIES)
def test_a_severity_matches_itself_and_higher_ones(lowest: Severity) -> None:
    basic = finding_events.basic_scan(ALL, lowest)
    summary = finding_events.enhanced_scan(ALL, lowest, ARN)
    finding = finding_events.enhanced_finding(ALL, lowest)
    for found in (*SEVERITIES, "UNDEFINED", "UNTRIAGED"):
        expected = found in SEVERITIES and SEVERITIES.index(found) <= SEVERITIES.index(lowest)
        counts = {found: 3, "TOTAL": 3}

        assert matches(basic, changed("basic_scan", "detail.finding-severity-counts", counts)) is expected, found
        assert matches(summary, changed("enhanced_scan", "detail.finding-severity-counts", counts)) is expected, found
        assert matches(finding, changed("enhanced_finding", "detail.severity", found)) is expected, found


@pytest.mark.parametrize("counts", [{}, {"HIGH": 0, "CRITICAL": 0}, {"MEDIUM": 5, "TOTAL": 5}])
def test_a_scan_without_findings_of_the_severity_is_not_matched(counts: Mapping[str, int]) -> None:
    basic, summary = finding_events.basic_scan(ALL, "HIGH"), finding_events.enhanced_scan(ALL, "HIGH", ARN)

    assert not matches(basic, changed("basic_scan", "detail.finding-severity-counts", counts))
    assert not matches(summary, changed("enhanced_scan", "detail.finding-severity-counts", counts))


@pytest.mark.parametrize(
    ("sample", "path", "value"),
    [
        ("basic_scan", "detail.scan-status", "FAILED"),
        ("enhanced_scan", "detail.scan-status", "SCAN_ERROR"),
        ("enhanced_scan", "detail.repository-name", "arn:aws:lambda:us-east-2:123456789012:function:prod"),
        ("enhanced_finding", "detail.status", "CLOSED"),
        ("enhanced_finding", "detail.status", "SUPPRESSED"),
        ("enhanced_finding", "detail.resources.0.type", "AWS_EC2_INSTANCE"),
    ],
)
def test_a_near_miss_is_not_matched(sample: str, path: str, value: str) -> None:
    assert not matches(RULES[NAMES[sample][0]][0](ALL), changed(sample, path, value))


@pytest.mark.parametrize(("fix", "expected"), [("YES", True), ("NO", False), ("PARTIAL", False)])
def test_only_fixable_findings_are_matched(fix: str, *, expected: bool) -> None:
    rule = finding_events.enhanced_finding(ALL, "LOW", fixable=True)

    assert matches(rule, changed("enhanced_finding", "detail.fixAvailable", fix)) is expected
    assert not matches(rule, SAMPLES["enhanced_finding"])


# --- API calls --------------------------------------------------------------------------------------------------------

TESTREPO = {"repositoryName": "testrepo"}
ADMIN = "arn:aws:iam::123456789012:role/Admin"


def called(event: Mapping[str, Any], names: Sequence[str] = ("testrepo",), roles: Sequence[str] = ()) -> list[str]:
    """Return the IDs of the rules that match an API call."""
    rules = api_call_events.tampering(RepositoryFilter(names=names), roles)
    return [rule.id for rule in rules if matches(rule, event)]


@pytest.mark.parametrize("name", api_call_events.REPOSITORY_CALLS)
def test_a_change_of_a_repository_is_matched_by_one_of_two_rules(name: str) -> None:
    through = api_call(name, TESTREPO, sourceIPAddress="cloudformation.amazonaws.com")

    for names in (["testrepo"], ["test*"], ["*"]):
        assert called(api_call(name, TESTREPO), names) == ["DirectCall"]
        assert called(through, names) == ["CloudFormationCall"]
    assert called(api_call(name, TESTREPO), ["other"]) == called(through, ["other"]) == []


@pytest.mark.parametrize("name", api_call_events.REGISTRY_CALLS)
def test_a_change_of_the_registry_is_matched_if_all_repositories_are_selected(name: str) -> None:
    assert called(api_call(name, {}), ["*"]) == ["DirectCall"]
    assert called(api_call(name, {}), ["testrepo"]) == []


@pytest.mark.parametrize("name", ["CreateRepository", "PutImage", "BatchGetImage", "GetLifecyclePolicy"])
def test_other_calls_are_not_matched(name: str) -> None:
    assert called(api_call(name, TESTREPO)) == []


def test_a_call_that_was_denied_is_not_matched() -> None:
    assert called(api_call("SetRepositoryPolicy", TESTREPO, errorCode="AccessDenied")) == []


def test_a_call_of_another_service_is_not_matched() -> None:
    assert called(api_call("DeleteRepository", TESTREPO, eventSource="codecommit.amazonaws.com"), ["*"]) == []


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ([ADMIN], []),
        (["arn:aws:iam::*:role/Adm*"], []),
        (["arn:aws:iam::**:role/Adm**"], []),
        (["arn:aws:iam::123456789012:role/Other", ADMIN], []),
        (["arn:aws:iam::123456789012:role/Other", "*:role/Ad*"], []),
        (["arn:aws:iam::123456789012:role/Adm"], ["DirectCall"]),
        (["arn:aws:iam::123456789012:role/Admin/x"], ["DirectCall"]),
        (["arn:aws:iam::123456789012:role/X*"], ["DirectCall"]),
    ],
)
def test_calls_of_excepted_roles_are_not_matched(roles: list[str], expected: list[str]) -> None:
    event = api_call("DeleteLifecyclePolicy", TESTREPO)
    through = api_call("DeleteLifecyclePolicy", TESTREPO, sourceIPAddress="cloudformation.amazonaws.com")

    assert called(event, roles=roles) == expected
    assert bool(called(through, roles=roles)) is bool(expected)


def test_consecutive_wildcards_of_a_role_are_one_because_eventbridge_rejects_them() -> None:
    for rule in api_call_events.tampering(ALL, ["arn:aws:iam::**:role/Adm***"]):
        assert "arn:aws:iam::*:role/Adm*" in json.dumps(rule.pattern())
        assert "**" not in json.dumps(rule.pattern())


def test_a_call_of_a_user_is_matched_with_and_without_excepted_roles() -> None:
    event = api_call("UpdateImageStorageClass", TESTREPO, by="UpdateImageStorageClass", sourceIPAddress="203.0.113.12")

    assert called(event, roles=["arn:aws:iam::*:role/*"]) == ["DirectCall"]


def test_an_unchanged_record_of_the_documentation_is_matched() -> None:
    assert called(api_call("UpdateImageStorageClass", TESTREPO, by="UpdateImageStorageClass")) == ["DirectCall"]


# Calls that change something and are not matched, with the reason.
OTHER_CALLS = {
    "CompleteLayerUpload": "a push",
    "InitiateLayerUpload": "a push",
    "UploadLayerPart": "a push",
    "PutImage": "a push, which ImagePushed matches",
    "CreateRepository": "adds a repository",
    "CreateRepositoryCreationTemplate": "adds a template",
    "CreatePullThroughCacheRule": "adds a cache",
    "StartImageScan": "a scan",
    "StartLifecyclePolicyPreview": "a preview",
    "StartReplicationBackfill": "copies images",
    "StopReplicationBackfill": "stops a copy",
    "RegisterPullTimeUpdateExclusion": "a setting of pull times",
    "DeregisterPullTimeUpdateExclusion": "a setting of pull times",
    "TagResource": "has an ARN in its request",
    "UntagResource": "has an ARN in its request",
    "ValidatePullThroughCacheRule": "changes nothing",
}
_READS = ("BatchCheck", "BatchGet", "Describe", "Get", "List")


def test_every_call_of_the_service_is_matched_or_accounted_for() -> None:
    service = botocore.session.get_session().get_service_model("ecr")
    changing = {name for name in service.operation_names if not name.startswith(_READS)}

    assert changing == {*api_call_events.REPOSITORY_CALLS, *api_call_events.REGISTRY_CALLS, *OTHER_CALLS}


def test_calls_of_repositories_have_the_name_of_the_repository_in_their_request() -> None:
    service = botocore.session.get_session().get_service_model("ecr")
    named = {
        name
        for name in service.operation_names
        if "repositoryName" in (service.operation_model(name).input_shape.members)
    }

    assert set(api_call_events.REPOSITORY_CALLS) <= named
    assert not named & set(api_call_events.REGISTRY_CALLS)


# --- quotas and values ------------------------------------------------------------------------------------------------


@each_rule
def test_a_rule_uses_wildcards_only_where_no_prefix_is_sufficient(name: str) -> None:
    make = RULES[name][0]

    assert "wildcard" not in json.dumps(make(RepositoryFilter(names=["prod/*", "dev/api"])).pattern())
    if name != "scanning stopped":
        assert "wildcard" in json.dumps(make(RepositoryFilter(names=["*/api"])).pattern())


@each_rule
def test_a_rule_for_a_repository_fits_into_the_quota(name: str) -> None:
    pattern = RULES[name][0](RepositoryFilter(names=["n" * 256])).pattern()

    assert len(json.dumps(pattern)) < MAXIMUM_PATTERN


@each_rule
def test_a_rule_copies_and_pickles(name: str) -> None:
    rule = RULES[name][0](ALL)

    assert copy.deepcopy(rule) == rule
    assert pickle.loads(pickle.dumps(rule)) == rule
