"""Scanning: filters, frequencies and scan types."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.errors import InvalidName
from ecr_constructs.model import Namespace, ReplicationFilter, ScanFilter, Scanning
from ecr_constructs.model.registry.scanning import MAXIMUM_FILTERS, MAXIMUM_RULES, ScanFrequency
from tests.model.lifecycle.strategies import repository_names, scan_filters

FREQUENCIES: tuple[ScanFrequency, ...] = ("CONTINUOUS_SCAN", "SCAN_ON_PUSH")
# The later frequency is the higher one.
LEAST_TO_MOST = (None, "SCAN_ON_PUSH", "CONTINUOUS_SCAN")
NAMES = ("prod", "repo-prod", "prod-repo", "repo-prod-repo", "prodrepo")


@pytest.mark.parametrize("name", NAMES)
def test_the_filter_table_of_the_user_guide(name: str) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html, every cell."""
    cases: list[tuple[str, set[str]]] = [
        ("prod", {"prod", "repo-prod", "prod-repo", "repo-prod-repo", "prodrepo"}),
        ("*prod", {"prod", "repo-prod"}),
        ("prod*", {"prod", "prod-repo", "prodrepo"}),
        ("*prod*", {"prod", "repo-prod", "prod-repo", "repo-prod-repo", "prodrepo"}),
        ("prod*repo", {"prod-repo", "prodrepo"}),
    ]
    for text, matched in cases:
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
def test_continuous_scanning_applies_if_both_match(continuous: list[str], on_push: list[str], name: str) -> None:
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


def test_basic_scanning_can_be_manual() -> None:
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
            "enhanced scanning has no filters; remove continuous= and on_push= to scan all repositories",
        ),
        (
            {"scan_type": "CLAIR"},
            "scan type 'CLAIR' is unknown; use Scanning.enhanced() or Scanning.basic()",
        ),
    ],
)
def test_values_that_ecr_rejects_or_ignores_are_rejected(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidName, match=rf"\A{re.escape(problem)}\Z"):
        Scanning(**values)


def test_the_constructor_accepts_filters_and_not_texts() -> None:
    with pytest.raises(TypeError, match=r"on_push\[0\] must be a ScanFilter, got 'prod'; write on_push as in"):
        Scanning(scan_type="BASIC", on_push=["prod"])  # type: ignore[list-item]


def test_an_empty_list_for_enhanced_scanning_is_rejected() -> None:
    with pytest.raises(InvalidName, match="enhanced scanning has no filters"):
        Scanning.enhanced(continuous=[])


def test_malformed_filters_are_reported_together_with_their_argument() -> None:
    with pytest.raises(InvalidName) as caught:
        Scanning.enhanced(continuous=["Prod", "a b", "ok", Namespace("a--b")])

    assert [problem.partition(";")[0] for problem in caught.value.problems] == [
        "continuous: scan filter 'Prod' has 'P' at position 0",
        "continuous: scan filter 'a b' has ' ' at position 1",
        "continuous: scan filter 'a--b/*' is not well formed",
    ]


def test_anything_else_is_a_type_error() -> None:
    cases: list[Any] = [7, {"prod": 1}, [7], [None], ReplicationFilter("prod"), [ReplicationFilter("prod")]]
    for value in cases:
        with pytest.raises(TypeError):
            Scanning.basic(on_push=value)


def test_a_filter_of_another_language_is_named() -> None:
    with pytest.raises(
        TypeError, match=r"\Aon_push must be a string, .*, a ScanFilter or a list such as .*, got ReplicationFilter\("
    ):
        Scanning.basic(on_push=ReplicationFilter("prod"))  # type: ignore[arg-type]


def test_values_are_frozen_hashable_and_compared_by_content() -> None:
    assert Scanning.basic(on_push=["a"]) == Scanning(scan_type="BASIC", on_push=[ScanFilter("a")])
    assert len({Scanning.basic(), Scanning.basic(), Scanning.enhanced()}) == 2


# --- an additional repository -----------------------------------------------------------------------------------------

_some = st.lists(scan_filters, max_size=3)
scannings = st.one_of(
    st.builds(lambda on_push: Scanning.basic(on_push=on_push), _some),
    st.builds(lambda filters, on_push: Scanning.enhanced(continuous=filters or ["x"], on_push=on_push), _some, _some),
)


@given(scannings, repository_names, st.sampled_from(FREQUENCIES), repository_names)
def test_a_repository_that_is_included_is_scanned_as_asked_and_others_no_less(
    scanning: Scanning, name: str, frequency: ScanFrequency, other: str
) -> None:
    try:
        included = scanning.including(name, frequency)
    except InvalidName:
        return

    assert included.frequency(name) == frequency
    assert LEAST_TO_MOST.index(included.frequency(other)) >= LEAST_TO_MOST.index(scanning.frequency(other))
    assert included.scan_type == scanning.scan_type
    assert included.including(name, frequency) == included


@given(scannings, repository_names, st.sampled_from(FREQUENCIES), repository_names)
def test_the_frequency_changes_only_for_names_that_begin_with_the_added_name(
    scanning: Scanning, name: str, frequency: ScanFrequency, other: str
) -> None:
    try:
        included = scanning.including(name, frequency)
    except InvalidName:
        return

    if not other.startswith(name):
        assert included.frequency(other) == scanning.frequency(other)


@given(scannings, repository_names)
def test_a_repository_that_is_scanned_so_already_changes_nothing(scanning: Scanning, name: str) -> None:
    if found := scanning.frequency(name):
        assert scanning.including(name, found) is scanning


@given(repository_names.filter(lambda name: "--" not in name and "__" not in name and len(name) < 255))
def test_every_plain_name_can_be_included_without_a_conflict(name: str) -> None:
    assert Scanning.basic(on_push=[]).including(name, "SCAN_ON_PUSH").on_push == (ScanFilter(f"{name}*"),)
    assert Scanning.enhanced(on_push="*").including(name, "CONTINUOUS_SCAN").frequency(name) == "CONTINUOUS_SCAN"


def test_given_filters_are_kept_beside_added_ones() -> None:
    scanning = Scanning.enhanced(continuous="base/*", on_push="dev/*")

    assert scanning.including("prod/a", "CONTINUOUS_SCAN") == Scanning.enhanced(
        continuous=["base/*", "prod/a*"], on_push="dev/*"
    )
    assert scanning.including("prod/a", "SCAN_ON_PUSH") == Scanning.enhanced(
        continuous="base/*", on_push=["dev/*", "prod/a*"]
    )


@pytest.mark.parametrize(
    ("scanning", "name", "frequency", "problem"),
    [
        (
            Scanning.enhanced(continuous=["x", "prod*"]),
            "prod/api",
            "SCAN_ON_PUSH",
            (
                "'prod/api' is scanned continuously, by the filter 'prod*' of the registry, which overrides "
                "scanning on push; narrow that filter, or remove scanning="
            ),
        ),
        (
            Scanning.basic(),
            "prod/api",
            "CONTINUOUS_SCAN",
            "continuous: only enhanced scanning is continuous; use Scanning.enhanced(continuous=...), or on_push=",
        ),
        (
            Scanning.basic(),
            "prod/api",
            "MANUAL",
            (
                "scan frequency 'MANUAL' is unknown; use 'CONTINUOUS_SCAN' or 'SCAN_ON_PUSH', or exclude the "
                "repository from every filter: CloudFormation does not support MANUAL"
            ),
        ),
        (
            Scanning.basic(on_push=[f"team-{number}/*" for number in range(100)]),
            "prod/api",
            "SCAN_ON_PUSH",
            "on_push: 101 filters; ECR allows 100, merge some with '*'",
        ),
    ],
    ids=["continuous wins", "basic", "manual", "one too many"],
)
def test_repositories_that_cannot_be_included_are_rejected(
    scanning: Scanning, name: str, frequency: Any, problem: str
) -> None:
    with pytest.raises(InvalidName, match=rf"\A{re.escape(problem)}\Z"):
        scanning.including(name, frequency)


@pytest.mark.parametrize("name", ["a--b", "a__b", "x" * 255])
def test_a_name_that_no_filter_can_have_is_rejected(name: str) -> None:
    with pytest.raises(InvalidName, match="scan filter"):
        Scanning.basic(on_push=[]).including(name, "SCAN_ON_PUSH")


def test_the_hundredth_filter_is_included() -> None:
    scanning = Scanning.basic(on_push=[f"team-{number}/*" for number in range(99)])

    assert len(scanning.including("prod/api", "SCAN_ON_PUSH").on_push) == MAXIMUM_FILTERS
