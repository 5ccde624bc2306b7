"""`SuppressionRules`: the filters of Amazon Inspector, and expired entries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime

import aws_cdk as cdk
import pytest

from ecr_constructs import AcceptedFinding, InvalidAlert, SuppressionRules
from tests.registries import warnings
from tests.templates import resources

FILTER = "AWS::InspectorV2::Filter"
TODAY = date(2026, 12, 1)
ON_IMAGES = {"ResourceType": [{"Comparison": "EQUALS", "Value": "AWS_ECR_CONTAINER_IMAGE"}]}


def accepted(
    *repositories: str, until: date = date(2027, 6, 30), reason: str = "not used", package: str | None = None
) -> AcceptedFinding:
    return AcceptedFinding(
        vulnerability="CVE-2024-12345",
        reason=reason,
        owner="team-a",
        expires=until,
        repositories=repositories or ("*",),
        package=package,
    )


def test_a_rule_suppresses_one_vulnerability_in_the_images_of_its_repositories(stack: cdk.Stack) -> None:
    SuppressionRules(stack, "Accepted", accepted=[accepted("base", "prod/*", package="openssl")], today=TODAY)

    (rule,) = resources(stack, FILTER).values()

    assert rule["Properties"] == {
        "Name": "CVE-2024-12345 of openssl in base, prod/*",
        "Description": "not used (owner: team-a, until 2027-06-30)",
        "FilterAction": "SUPPRESS",
        "FilterCriteria": {
            **ON_IMAGES,
            "VulnerabilityId": [{"Comparison": "EQUALS", "Value": "CVE-2024-12345"}],
            "EcrImageRepositoryName": [
                {"Comparison": "EQUALS", "Value": "base"},
                {"Comparison": "PREFIX", "Value": "prod/"},
            ],
            "VulnerablePackages": [{"Name": {"Comparison": "EQUALS", "Value": "openssl"}}],
        },
    }


def test_a_rule_for_all_repositories_has_no_names(stack: cdk.Stack) -> None:
    SuppressionRules(stack, "Accepted", accepted=[accepted(), accepted("base", "*")], today=TODAY)

    for rule in resources(stack, FILTER).values():
        assert sorted(rule["Properties"]["FilterCriteria"]) == ["ResourceType", "VulnerabilityId"]


def test_an_expired_finding_is_not_suppressed_and_reported(stack: cdk.Stack) -> None:
    entries = [accepted("base", until=TODAY), accepted("prod/api", until=date(2026, 11, 30))]

    rules = SuppressionRules(stack, "Accepted", accepted=entries, today=TODAY)

    assert [each.name for each in rules.filters] == ["CVE-2024-12345 in base"]
    (warning,) = warnings(stack)
    assert "they are not suppressed now: CVE-2024-12345 in prod/api (until 2026-11-30); update the images" in warning


def test_texts_are_not_longer_than_amazon_inspector_allows(stack: cdk.Stack) -> None:
    names = [f"prod/{'a' * 30}{number}" for number in range(9)]

    SuppressionRules(stack, "Accepted", accepted=[accepted(*names, reason="r" * 600)], today=TODAY)

    (rule,) = resources(stack, FILTER).values()
    assert len(rule["Properties"]["Name"]) == 128
    assert len(rule["Properties"]["Description"]) == 512


@pytest.mark.parametrize(
    "names", [("a/b", "a--b"), ("a" * 130 + "b", "a" * 130 + "c")], ids=["separators", "the same beginning"]
)
def test_rules_whose_names_would_be_the_same_have_a_hash(names: tuple[str, str], stack: cdk.Stack) -> None:
    first, second = SuppressionRules(stack, "Accepted", accepted=[*map(accepted, names)], today=TODAY).filters

    assert first.name != second.name
    for rule in (first, second):
        assert re.search(r" \([0-9a-f]{8}\)$", rule.name)
        assert len(rule.name) <= 128
    # The order has no effect on the names.
    other = SuppressionRules(stack, "Other", accepted=[*map(accepted, reversed(names))], today=TODAY).filters
    assert [each.name for each in other] == [second.name, first.name]


def test_a_day_with_a_time_is_a_type_error(stack: cdk.Stack) -> None:
    with pytest.raises(TypeError, match="today must be a date without a time"):
        SuppressionRules(stack, "Accepted", accepted=[accepted()], today=datetime(2026, 12, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([accepted(), accepted()], "accepted[1]: CVE-2024-12345 in * is accepted[0], too; remove one"),
        ([accepted("prod/*/api")], "accepted[0]: repositories: 'prod/*/api' has '*' before its end; "),
        (
            [accepted(*(f"r{number}" for number in range(11)))],
            "accepted[0]: 11 repositories; Amazon Inspector allows 10",
        ),
    ],
    ids=["twice", "wildcard", "many"],
)
def test_a_rule_that_amazon_inspector_does_not_support_is_rejected(
    entries: Sequence[AcceptedFinding], problem: str, stack: cdk.Stack
) -> None:
    with pytest.raises(InvalidAlert) as error:
        SuppressionRules(stack, "Accepted", accepted=entries)

    assert [each for each in error.value.problems if problem in each] == list(error.value.problems)
    assert not stack.node.children
