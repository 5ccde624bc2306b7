"""Which images are scanned, how, and when."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.errors import InvalidName
from ecr_constructs.model import Namespace, ReplicationFilter, ScanFilter, Scanning
from ecr_constructs.model.scanning import MAXIMUM_FILTERS, MAXIMUM_RULES
from tests.model.strategies import repository_names, scan_filters

NAMES = ("prod", "repo-prod", "prod-repo", "repo-prod-repo", "prodrepo")


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ("prod", {"prod", "repo-prod", "prod-repo", "repo-prod-repo", "prodrepo"}),
        ("*prod", {"prod", "repo-prod"}),
        ("prod*", {"prod", "prod-repo", "prodrepo"}),
        ("*prod*", {"prod", "repo-prod", "prod-repo", "repo-prod-repo", "prodrepo"}),
        ("prod*repo", {"prod-repo", "prodrepo"}),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_the_filter_table_of_the_user_guide(text: str, matched: set[str], name: str) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html, every cell."""
    assert ScanFilter(text).matches(name) is (name in matched)
    assert Scanning.basic(on_push=text).frequency(name) == ("SCAN_ON_PUSH" if name in matched else None)


@given(repository_names)
def test_the_default_covers_every_repository(name: str) -> None:
    assert Scanning.enhanced().frequency(name) == "CONTINUOUS_SCAN"
    assert Scanning.basic().frequency(name) == "SCAN_ON_PUSH"


def test_enhanced_scanning_on_push_alone_is_not_continuous_anywhere() -> None:
    scanning = Scanning.enhanced(on_push="*")

    assert (scanning.scan_type, scanning.continuous, scanning.on_push) == ("ENHANCED", (), (ScanFilter("*"),))
    assert scanning.frequency("prod/api") == "SCAN_ON_PUSH"


@given(st.lists(scan_filters, max_size=3), st.lists(scan_filters, min_size=1, max_size=3), repository_names)
def test_continuous_wins_where_both_match(continuous: list[str], on_push: list[str], name: str) -> None:
    scanning = Scanning.enhanced(continuous=continuous, on_push=on_push)
    expected = (
        "CONTINUOUS_SCAN"
        if any(ScanFilter(text).matches(name) for text in continuous)
        else "SCAN_ON_PUSH"
        if any(ScanFilter(text).matches(name) for text in on_push)
        else None
    )

    assert scanning.frequency(name) == expected


def test_repositories_are_named_by_namespaces_filters_and_texts() -> None:
    scanning = Scanning.enhanced(
        continuous=[Namespace("prod"), ScanFilter("base"), "golden-*", "base"], on_push=Namespace("dev/")
    )

    assert scanning.continuous == (ScanFilter("prod/*"), ScanFilter("base"), ScanFilter("golden-*"))
    assert scanning.on_push == (ScanFilter("dev/*"),)
    assert scanning.frequency("other") is None


def test_there_are_at_most_as_many_rules_as_frequencies() -> None:
    assert MAXIMUM_RULES == 2


def test_a_hundred_filters_are_allowed_and_not_one_more() -> None:
    hundred = [f"team-{number}/*" for number in range(100)]

    assert len(Scanning.enhanced(continuous=hundred, on_push=hundred).on_push) == MAXIMUM_FILTERS
    with pytest.raises(InvalidName, match=r"\Aon_push: 101 filters; ECR allows 100, merge some with '\*'\Z"):
        Scanning.basic(on_push=[*hundred, "x"])
    with pytest.raises(InvalidName, match=r"\Acontinuous: 101 filters; ECR allows 100, merge some with '\*'\Z"):
        Scanning.enhanced(continuous=[*hundred, "x"])


def test_the_same_filter_twice_counts_once() -> None:
    assert Scanning.basic(on_push=["prod"] * 101).on_push == (ScanFilter("prod"),)


def test_basic_scanning_may_wait_until_somebody_asks() -> None:
    assert Scanning.basic(on_push=[]).frequency("prod/api") is None


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (
            {"scan_type": "BASIC", "continuous": [ScanFilter("*")]},
            "continuous: only enhanced scanning is continuous; use Scanning.enhanced(continuous=...), or on_push=",
        ),
        (
            {"scan_type": "ENHANCED"},
            "enhanced scanning of no repository at all; leave continuous= and on_push= out to scan every one",
        ),
        (
            {"scan_type": "CLAIR"},
            "scan type 'CLAIR' is unknown; use Scanning.enhanced() or Scanning.basic()",
        ),
        (
            {"scan_type": "BASIC", "on_push": ["prod"]},
            "on_push: 'prod' is not a ScanFilter; write ScanFilter('prod')",
        ),
    ],
)
def test_what_ecr_would_refuse_or_ignore_is_refused(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidName, match=rf"\A{re.escape(problem)}\Z"):
        Scanning(**values)


def test_an_empty_list_for_enhanced_scanning_is_refused() -> None:
    with pytest.raises(InvalidName, match="enhanced scanning of no repository at all"):
        Scanning.enhanced(continuous=[])


def test_malformed_filters_are_told_together_with_their_argument() -> None:
    with pytest.raises(InvalidName) as caught:
        Scanning.enhanced(continuous=["Prod", "a b", "ok", Namespace("a--b")])

    assert [problem.partition(";")[0] for problem in caught.value.problems] == [
        "continuous: scan filter 'Prod' has 'P' at position 0",
        "continuous: scan filter 'a b' has ' ' at position 1",
        "continuous: scan filter 'a--b/*' is not well formed",
    ]


@pytest.mark.parametrize("value", [7, {"prod": 1}, [7], [None], ReplicationFilter("prod"), [ReplicationFilter("prod")]])
def test_anything_else_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError):
        Scanning.basic(on_push=value)


def test_a_filter_of_another_language_is_named() -> None:
    with pytest.raises(TypeError, match=r"\Aon_push takes a Namespace or a scan filter, got ReplicationFilter\("):
        Scanning.basic(on_push=ReplicationFilter("prod"))  # type: ignore[arg-type]


def test_values_are_frozen_hashable_and_compared_by_content() -> None:
    assert Scanning.basic(on_push=["a"]) == Scanning(scan_type="BASIC", on_push=[ScanFilter("a")])
    assert len({Scanning.basic(), Scanning.basic(), Scanning.enhanced()}) == 2
