"""Replication: destinations, filters and merged rules."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.errors import InvalidName
from ecr_constructs.model import Namespace, Replication, ReplicationFilter, ScanFilter
from ecr_constructs.model.registry.replication import (
    EXPECTED_RULES,
    MAXIMUM_DESTINATIONS,
    MAXIMUM_FILTERS,
    MAXIMUM_RULES,
    Destination,
    ReplicationConfiguration,
    ReplicationRule,
    merge_replications,
    merged_problems,
)
from tests.model.lifecycle.strategies import replication_filters, repository_names

# A digit for Python that ECR rejects.
FOREIGN_DIGIT = "\N{ARABIC-INDIC DIGIT ONE}"


@given(repository_names)
def test_every_repository_is_replicated_by_default(name: str) -> None:
    assert Replication.to("eu-west-1").copies(name)
    assert Replication.to("eu-west-1").filters == ()


@given(st.lists(replication_filters, min_size=1, max_size=4), repository_names)
def test_a_repository_is_replicated_if_its_name_begins_with_any_filter(filters: list[str], name: str) -> None:
    expected = any(name.startswith(text) for text in filters)

    assert Replication.to("eu-west-1", repositories=filters).copies(name) is expected


def test_a_text_is_a_plain_prefix_and_a_namespace_ends_at_its_slash() -> None:
    plain = Replication.to("eu-west-1", repositories="prod")
    namespace = Replication.to("eu-west-1", repositories=Namespace("prod"))

    assert plain.copies("production/api")
    assert not namespace.copies("production/api")
    assert plain.copies("prod/api")
    assert namespace.copies("prod/api")


def test_filters_are_kept_in_order_and_once() -> None:
    replication = Replication.to(
        "eu-west-1",
        account="111122223333",
        repositories=[Namespace("prod"), "base/", ReplicationFilter("prod/"), "base/"],
    )

    assert replication.filters == (ReplicationFilter("prod/"), ReplicationFilter("base/"))
    assert (replication.region, replication.account) == ("eu-west-1", "111122223333")


def test_a_hundred_filters_are_allowed_and_not_one_more() -> None:
    hundred = [f"team-{number}/" for number in range(100)]

    assert len(Replication.to("eu-west-1", repositories=hundred).filters) == MAXIMUM_FILTERS
    expected = "repositories: 101 filters; ECR allows 100, use a shorter prefix"
    with pytest.raises(InvalidName, match=rf"\A{re.escape(expected)}\Z"):
        Replication.to("eu-west-1", repositories=[*hundred, "other/"])


def test_an_empty_list_is_rejected_because_it_would_replicate_everything() -> None:
    expected = "repositories: the list is empty; remove it to replicate all repositories"

    with pytest.raises(InvalidName, match=rf"\A{re.escape(expected)}\Z"):
        Replication.to("eu-west-1", repositories=[])


def test_regions_of_every_partition_are_accepted() -> None:
    cases: list[str] = [
        "eu-west-1",
        "ap-southeast-7",
        "us-gov-west-1",
        "cn-northwest-1",
        "us-isob-east-1",
        "eusc-de-east-1",
    ]
    for region in cases:
        assert Replication.to(region).region == region


def test_a_text_that_is_not_a_region_is_rejected() -> None:
    cases: list[tuple[str, str]] = [
        ("", "Region is empty; write a Region such as 'eu-west-1'"),
        (
            "EU-West-1",
            "Region 'EU-West-1' has 'E' at position 0; write a Region such as 'eu-west-1', as in 'eu-west-1'",
        ),
        ("Ireland", "Region 'Ireland' has 'I' at position 0; write a Region such as 'eu-west-1'"),
        ("eu-west-1a", "Region 'eu-west-1a' is not well formed; write a Region such as 'eu-west-1'"),
        ("eu-west", "Region 'eu-west' is not well formed; write a Region such as 'eu-west-1'"),
        (
            "${Token[AWS.Region.4]}",
            (
                "Region '${Token[AWS.Region.4]}' is known only at deployment; it must be known at synthesis, so use a "
                "literal value"
            ),
        ),
    ]
    for region, problem in cases:
        with pytest.raises(InvalidName, match=rf"\A{re.escape(problem)}\Z"):
            Replication.to(region)


def test_a_text_that_is_not_an_account_is_rejected() -> None:
    cases: list[tuple[str, str]] = [
        ("", "account is empty; write its 12 digits as a string"),
        ("12345", "account '12345' is not well formed; write its 12 digits as a string"),
        ("1234567890123", "account '1234567890123' is not well formed; write its 12 digits as a string"),
        ("1111-2222-3333", "account '1111-2222-3333' has '-' at position 4; write its 12 digits as a string"),
        (
            FOREIGN_DIGIT * 12,
            f"account '{FOREIGN_DIGIT * 12}' has '{FOREIGN_DIGIT}' at position 0; write its 12 digits as a string",
        ),
    ]
    for account, problem in cases:
        with pytest.raises(InvalidName, match=rf"\A{re.escape(problem)}\Z"):
            Replication.to("eu-west-1", account=account)


def test_an_account_written_as_a_number_is_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"\Aaccount must be a string, got 111122223333\Z"):
        Replication.to("eu-west-1", account=111122223333)  # type: ignore[arg-type]


def test_region_and_account_are_reported_at_once() -> None:
    with pytest.raises(InvalidName) as caught:
        Replication.to("nowhere", account="none")

    assert len(caught.value.problems) == 2


def test_malformed_filters_are_reported_together() -> None:
    with pytest.raises(InvalidName) as caught:
        Replication.to("eu-west-1", repositories=["prod/*", "B", "ok/"])

    assert [problem.partition(" has ")[0] for problem in caught.value.problems] == [
        "repositories: replication filter 'prod/*'",
        "repositories: replication filter 'B'",
        "repositories: replication filter 'B'",
    ]


def test_anything_else_is_a_type_error() -> None:
    cases: list[Any] = [7, {"prod": 1}, [7], ScanFilter("prod"), [ScanFilter("prod")]]
    for value in cases:
        with pytest.raises(TypeError):
            Replication.to("eu-west-1", repositories=value)


def test_the_constructor_accepts_filters_and_not_texts() -> None:
    expected = "filters[0] must be a ReplicationFilter, got 'prod'; write filters as in [ReplicationFilter('prod/')]"

    with pytest.raises(TypeError, match=rf"\A{re.escape(expected)}\Z"):
        Replication(region="eu-west-1", filters=["prod"])  # type: ignore[list-item]


def test_values_are_frozen_hashable_and_compared_by_content() -> None:
    assert Replication.to("eu-west-1") == Replication(region="eu-west-1", filters=[])
    assert len({Replication.to("eu-west-1"), Replication.to("eu-west-1"), Replication.to("eu-west-2")}) == 2


# --- overlapping replications -----------------------------------------------------------------------------------------

# Few letters, so one name often begins with another.
_few = st.text("ab/", min_size=2, max_size=4).filter(lambda text: not text.startswith("/") and "//" not in text)
_places = st.tuples(st.sampled_from(["eu-west-1", "sa-east-1"]), st.sampled_from([None, "111122223333"]))
replications = st.builds(
    lambda place, filters: Replication.to(place[0], account=place[1], repositories=filters),
    _places,
    st.one_of(st.none(), st.lists(_few, min_size=1, max_size=4)),
)
given_replications = st.lists(replications, max_size=6)
NAMES = ["".join(letters) for size in (2, 3, 4, 5) for letters in product("ab/", repeat=size)]


@given(replications, replications)
def test_two_replications_overlap_if_both_replicate_a_name(one: Replication, other: Replication) -> None:
    expected = any(one.copies(name) and other.copies(name) for name in NAMES)

    assert one.overlaps(other) is expected
    assert other.overlaps(one) is expected


# --- merged rules -----------------------------------------------------------------------------------------------------


def copied(rules: Sequence[ReplicationRule]) -> set[tuple[str, Destination]]:
    """Return pairs of a name and a destination, for all names that can match a filter."""
    return {
        (name, place)
        for rule in rules
        for name in NAMES
        if not rule.filters or name.startswith(rule.filters)
        for place in rule.destinations
    }


@given(given_replications)
def test_merged_rules_replicate_the_same_repositories_to_the_same_destinations(given: list[Replication]) -> None:
    expected = {(name, each.destination) for each in given for name in NAMES if each.copies(name)}

    assert copied(merge_replications(given)) == expected


@given(given_replications, st.randoms(use_true_random=False))
def test_the_order_of_replications_changes_no_rule(given: list[Replication], chance: random.Random) -> None:
    assert merge_replications(chance.sample(given, len(given))) == merge_replications(given)
    assert merge_replications([*given, *given]) == merge_replications(given)


@given(given_replications)
def test_merging_the_merged_rules_changes_nothing(given: list[Replication]) -> None:
    rules = merge_replications(given)
    again = [
        Replication.to(place.region, account=place.account, repositories=rule.filters or None)
        for rule in rules
        for place in rule.destinations
    ]

    assert merge_replications(again) == rules


@given(given_replications)
def test_no_filter_is_covered_by_a_shorter_one_to_the_same_place(given: list[Replication]) -> None:
    pairs = [
        (text, place)
        for rule in merge_replications(given)
        for text in rule.filters or ("",)
        for place in rule.destinations
    ]

    assert len(pairs) == len(set(pairs))
    assert [
        (longer, shorter, place)
        for longer, place in pairs
        for shorter, other in pairs
        if place == other and longer != shorter and longer.startswith(shorter)
    ] == []


@given(given_replications)
def test_there_is_one_rule_for_each_set_of_places(given: list[Replication]) -> None:
    rules = merge_replications(given)

    assert len({rule.destinations for rule in rules}) == len(rules)
    assert all(rule.destinations for rule in rules)


@given(given_replications)
def test_filters_and_places_are_sorted(given: list[Replication]) -> None:
    for rule in merge_replications(given):
        assert list(rule.filters) == sorted(rule.filters)
        assert list(rule.destinations) == sorted(
            rule.destinations, key=lambda place: (place.region, place.account or "")
        )


def test_a_rule_has_at_most_a_hundred_filters_and_only_the_last_has_fewer() -> None:
    cases: list[int] = [1, 99, 100, 101, 200, 201]
    for count in cases:
        texts = [f"team-{number:03}/" for number in range(count)]
        rules = merge_replications(Replication.to("eu-west-1", repositories=text) for text in texts)

        assert [text for rule in rules for text in rule.filters] == texts
        assert [len(rule.filters) for rule in rules[:-1]] == [MAXIMUM_FILTERS] * (len(rules) - 1)
        assert 0 < len(rules[-1].filters) <= MAXIMUM_FILTERS


def test_an_empty_list_of_replications_is_no_rule() -> None:
    assert merge_replications([]) == ()


# --- quotas -----------------------------------------------------------------------------------------------------------


def rules_of(count: int, places: int = 1) -> list[ReplicationRule]:
    everywhere = tuple(Destination(f"eu-west-{number}", None) for number in range(places))
    return [ReplicationRule(filters=(f"team-{number}/",), destinations=everywhere) for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, EXPECTED_RULES + 1, MAXIMUM_RULES])
def test_as_many_rules_as_ecr_allows_have_no_problem(count: int) -> None:
    assert [*merged_problems(rules_of(count))] == []


def test_a_rule_above_the_limit_is_reported() -> None:
    assert [*merged_problems(rules_of(26))] == [
        "26 replication rules; ECR allows 25; replicate more namespaces to the same destinations"
    ]


def test_destinations_count_once_over_all_rules() -> None:
    assert [*merged_problems(rules_of(3, places=MAXIMUM_DESTINATIONS))] == []
    assert [*merged_problems(rules_of(3, places=26))] == ["26 destinations of replication; ECR allows 25; remove some"]


def test_every_exceeded_limit_is_reported_at_once() -> None:
    assert len([*merged_problems(rules_of(26, places=26))]) == 2


def test_the_regions_of_a_repository_are_those_whose_filters_match_its_name() -> None:
    everything = Replication.to("eu-west-1")
    some = Replication.to("eu-north-1", repositories=Namespace("prod"))
    configuration = ReplicationConfiguration(account=None, region="us-east-1").adding(everything, some)

    assert configuration.regions_of("prod/api") == ("eu-west-1", "eu-north-1")
    assert configuration.regions_of("test/api") == ("eu-west-1",)
    assert configuration.regions_of(None) == ("eu-west-1",)
