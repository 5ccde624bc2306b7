"""The assertions about replication."""

from __future__ import annotations

from typing import Any

import pytest

from ecr_constructs.testing import assert_replicated
from tests.testing.apps import OTHER, message_of, repository, template


def replication(*rules: dict[str, Any]) -> dict[str, Any]:
    properties = {"ReplicationConfiguration": {"Rules": list(rules)}}
    return {"Type": "AWS::ECR::ReplicationConfiguration", "Properties": properties}


def rule(*prefixes: str, region: Any = "eu-central-1", account: Any = OTHER) -> dict[str, Any]:
    filters = [{"Filter": each, "FilterType": "PREFIX_MATCH"} for each in prefixes]
    return {"Destinations": [{"Region": region, "RegistryId": account}], "RepositoryFilters": filters}


@pytest.mark.parametrize(
    ("rules", "to"),
    [
        ([], []),
        ([rule("test/")], []),
        ([rule("prod")], [f"{OTHER}/eu-central-1"]),
        ([rule()], [f"{OTHER}/eu-central-1"]),
        ([rule(account={"Ref": "AWS::AccountId"})], ["eu-central-1"]),
        ([rule("test/", "prod/a"), rule(region="eu-north-1")], [f"{OTHER}/eu-north-1", f"{OTHER}/eu-central-1"]),
    ],
)
def test_the_destinations_are_those_of_the_rules_that_match(rules: list[dict[str, Any]], to: list[str]) -> None:
    subject = template(Api=repository(), Replication=replication(*rules))

    assert_replicated(subject, "prod/api", to=to)
    lines = message_of(lambda: assert_replicated(subject, to=[*to, "us-east-1"]))
    assert lines[1].startswith("  prod/api is not replicated to us-east-1; add Replication.to(...)")
    if to:
        assert f"is replicated to {', '.join(sorted(to))}" in message_of(lambda: assert_replicated(subject, to=[]))[1]


@pytest.mark.parametrize(
    "resources",
    [
        {"Api": repository({"Ref": "Name"}), "Replication": replication(rule("prod/"))},
        {"Replication": replication(rule(region={"Ref": "Region"}))},
        {"Replication": replication(rule(account={"Ref": "Account"}))},
        {"Replication": replication({"Destinations": {"Ref": "Destinations"}})},
        {"Replication": {**replication(), "Properties": {"ReplicationConfiguration": {"Ref": "X"}}}},
    ],
)
def test_replication_that_cloudformation_decides_is_not_decidable(resources: dict[str, Any]) -> None:
    subject = template(**{"Api": repository(), **resources})

    assert message_of(lambda: assert_replicated(subject, to=[]))[1].startswith("  not decidable: ")


def test_a_single_text_as_destinations_is_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"write to=\['eu-west-1'\]"):
        assert_replicated(template(Api=repository()), to="eu-west-1")


def test_the_message_begins_with_the_number_of_repositories_that_differ() -> None:
    subject = template(
        Api=repository(), Test=repository("test/api"), Web=repository("test/web"), Rules=replication(rule("test/"))
    )
    first = message_of(lambda: assert_replicated(subject, to=[f"{OTHER}/eu-central-1"]))[0]

    assert first == "1 of 3 repositories are not replicated as expected:"
