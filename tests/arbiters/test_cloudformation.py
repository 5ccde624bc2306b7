"""The limits of the library are those of the CloudFormation schemas that cfn-lint ships."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from hypothesis import given

from ecr_constructs.model import immutability, validation
from ecr_constructs.model.lifecycle import policy
from ecr_constructs.model.registry import replication, scanning
from ecr_constructs.model.registry.upstreams import UpstreamRegistry
from ecr_constructs.model.validation import StringConstraint
from tests.arbiters.sources import every_short_text, language_of, node, ours, texts

pytestmark = pytest.mark.arbiter

# Each place in a schema that states the lengths and the language of a grammar.
PLACES = [
    ("REPOSITORY_NAME", "Repository", "properties/RepositoryName"),
    ("TEMPLATE_PREFIX", "RepositoryCreationTemplate", "properties/Prefix"),
    ("CACHE_PREFIX", "PullThroughCacheRule", "properties/EcrRepositoryPrefix"),
    ("CACHE_PREFIX", "PullThroughCacheRule", "properties/UpstreamRepositoryPrefix"),
    ("SCAN_FILTER", "RegistryScanningConfiguration", "definitions/Filter"),
    ("REPLICATION_FILTER", "ReplicationConfiguration", "definitions/Filter"),
    ("SIGNING_FILTER", "SigningConfiguration", "definitions/Filter"),
]
EXCLUSION_FILTERS = [
    (resource, "definitions/ImageTagMutabilityExclusionFilter/properties/ImageTagMutabilityExclusionFilterValue")
    for resource in ("Repository", "RepositoryCreationTemplate")
]
each_place = pytest.mark.parametrize(("name", "resource", "path"), PLACES)
each_exclusion_filter = pytest.mark.parametrize(("resource", "path"), EXCLUSION_FILTERS)


@pytest.mark.parametrize(
    ("name", "resource", "path"),
    [*PLACES, *(("EXCLUSION_FILTER", resource, path) for resource, path in EXCLUSION_FILTERS)],
)
def test_lengths_are_those_of_the_schema(name: str, resource: str, path: str) -> None:
    mine: StringConstraint = getattr(validation, name)
    theirs = node(resource, path)

    assert (mine.minimum, mine.maximum) == (theirs["minLength"], theirs["maxLength"])


@each_place
def test_the_language_is_that_of_the_pattern_for_every_short_text(name: str, resource: str, path: str) -> None:
    mine = ours(getattr(validation, name))
    theirs = node(resource, path)
    expected = language_of(theirs["pattern"], theirs["minLength"], theirs["maxLength"])

    assert [text for text in every_short_text() if mine(text) != expected(text)] == []


@each_place
@given(texts)
def test_the_language_is_that_of_the_pattern_for_other_texts(name: str, resource: str, path: str, text: str) -> None:
    theirs = node(resource, path)

    assert ours(getattr(validation, name))(text) is language_of(
        theirs["pattern"], theirs["minLength"], theirs["maxLength"]
    )(text)


@each_exclusion_filter
@given(texts)
def test_every_exclusion_filter_of_ours_is_one_of_the_schema(resource: str, path: str, text: str) -> None:
    if validation.EXCLUSION_FILTER.accepts(text):
        assert re.search(node(resource, path)["pattern"], text)


@pytest.mark.parametrize("resource", ["Repository", "RegistryPolicy", "ReplicationConfiguration"])
def test_an_account_is_a_registry_id(resource: str) -> None:
    theirs = re.compile(node(resource, "definitions/RegistryId")["pattern"])

    for account in ("111122223333", "11112222333", "1111222233334", "11112222333a", ""):
        assert validation.ACCOUNT_ID.accepts(account) is (theirs.fullmatch(account) is not None)


# --- counts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("resource", ["Repository", "RepositoryCreationTemplate"])
def test_the_limit_of_exclusion_filters_is_that_of_the_schema(resource: str) -> None:
    theirs = node(resource, "properties/ImageTagMutabilityExclusionFilters")

    assert (theirs["minItems"], theirs["maxItems"]) == (1, immutability.MAXIMUM_FILTERS)


def test_the_limits_of_scanning_rules_and_filters_are_those_of_the_schema() -> None:
    resource = "RegistryScanningConfiguration"

    assert node(resource, "properties/Rules")["maxItems"] == scanning.MAXIMUM_RULES
    assert (
        node(resource, "definitions/ScanningRule/properties/RepositoryFilters")["maxItems"] == scanning.MAXIMUM_FILTERS
    )


def test_the_limit_of_replication_rules_is_that_of_the_schema() -> None:
    theirs = node("ReplicationConfiguration", "definitions/ReplicationConfiguration/properties/Rules")

    assert theirs["maxItems"] == replication.MAXIMUM_RULES


def test_the_limit_of_replication_filters_is_that_of_the_schema() -> None:
    theirs = node("ReplicationConfiguration", "definitions/ReplicationRule/properties/RepositoryFilters")

    assert theirs["maxItems"] == replication.MAXIMUM_FILTERS


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ("Repository", "definitions/LifecyclePolicy/properties/LifecyclePolicyText"),
        ("RepositoryCreationTemplate", "properties/LifecyclePolicy"),
    ],
)
def test_the_length_of_the_lifecycle_text_is_that_of_the_schema(resource: str, path: str) -> None:
    theirs = node(resource, path)

    assert (theirs["minLength"], theirs["maxLength"]) == (policy.MINIMUM_CHARACTERS, policy.MAXIMUM_CHARACTERS)


# --- enumerations ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("resource", ["Repository", "RepositoryCreationTemplate"])
def test_mutability_modes_are_those_of_the_schema(resource: str) -> None:
    assert set(get_args(immutability.TagMutability)) == set(node(resource, "properties/ImageTagMutability")["enum"])


def test_scan_types_and_frequencies_are_those_of_the_schema() -> None:
    resource = "RegistryScanningConfiguration"

    assert set(get_args(scanning.ScanType)) == set(node(resource, "properties/ScanType")["enum"])
    assert set(get_args(scanning.ScanFrequency)) == set(node(resource, "definitions/ScanFrequency")["enum"])


def test_upstreams_are_those_of_the_schema() -> None:
    assert set(get_args(UpstreamRegistry)) == set(node("PullThroughCacheRule", "properties/UpstreamRegistry")["enum"])


# --- differences between the sources --------------------------------------------------------------------------------


@each_exclusion_filter
def test_the_schema_still_forgets_the_end_of_an_exclusion_filter(resource: str, path: str) -> None:
    """A schema's pattern is searched for, so without its `$` anything may follow the first character."""
    pattern = node(resource, path)["pattern"]

    assert not pattern.endswith("$")
    assert re.search(pattern, "latest tag")
    assert not validation.EXCLUSION_FILTER.accepts("latest tag")


def test_the_schema_still_allows_an_empty_list_of_replication_filters() -> None:
    assert node("ReplicationConfiguration", "definitions/ReplicationRule/properties/RepositoryFilters")["minItems"] == 0


def test_the_schema_still_rejects_an_empty_lifecycle_text_in_a_creation_template() -> None:
    assert node("RepositoryCreationTemplate", "properties/LifecyclePolicy")["minLength"] == policy.MINIMUM_CHARACTERS


def test_the_schema_does_not_have_manual_scanning_yet() -> None:
    assert "MANUAL" not in node("RegistryScanningConfiguration", "definitions/ScanFrequency")["enum"]


def test_the_schema_still_allows_a_repository_name_that_begins_with_a_digit() -> None:
    assert re.search(node("Repository", "properties/RepositoryName")["pattern"], "1password")
