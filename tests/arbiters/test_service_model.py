"""The limits of the library are those of botocore's model of the ECR API. Each is derived from a shape."""

from __future__ import annotations

import fnmatch
import json
import re
from pathlib import Path
from typing import Any, get_args

import botocore  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model import LifecycleRule, Replication, Upstream, immutability, validation
from ecr_constructs.model.lifecycle import policy
from ecr_constructs.model.lifecycle.rule import Action, StorageClass
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.registry import replication, scanning
from ecr_constructs.model.registry.upstreams import UpstreamRegistry
from ecr_constructs.model.validation import StringConstraint
from tests.arbiters.sources import every_short_text, language_of, ours, partitions, service_model, shape, texts

pytestmark = pytest.mark.arbiter

# Each grammar whose lengths and language a shape of the API states.
SHAPES = {
    "REPOSITORY_NAME": "RepositoryName",
    "TEMPLATE_PREFIX": "Prefix",
    "CACHE_PREFIX": "PullThroughCacheRuleRepositoryPrefix",
    "SCAN_FILTER": "ScanningRepositoryFilterValue",
    "REPLICATION_FILTER": "RepositoryFilterValue",
    "SIGNING_FILTER": "SigningRepositoryFilterValue",
    "EXCLUSION_FILTER": "ImageTagMutabilityExclusionFilterValue",
}
# The other grammars, and the reason why no shape of the API states them.
ELSEWHERE = {
    "NAMESPACE": "a path that leaves room for a slash and a name: derived from RepositoryName below",
    "REPOSITORY_PATTERN": "part of an ARN in a policy, where IAM knows '*'; as long as a RepositoryName",
    "TAG_PATTERN": "ImageTag states the length, nothing states the characters",
    "TAG_PREFIX": "ImageTag states the length, nothing states the characters",
    "IMAGE_TAG": "the OCI distribution specification is stricter than ImageTag",
    "IMAGE_DIGEST": "ImageDigest has no limits; the OCI image specification has",
    "REGISTRY_HOST": "the API takes any URL",
    "ACCOUNT_ID": "RegistryId states it in a pattern alone",
    "REGION": "Region allows any word of 2 to 25 characters",
    "ORGANIZATION_ID": "stated by the API of AWS Organizations",
    "ORGANIZATIONAL_UNIT": "stated by the IAM condition key aws:PrincipalOrgPaths",
    "ROLE_ARN": "stated by IAM",
}
each_shape = pytest.mark.parametrize(("name", "shape_name"), SHAPES.items())


def test_every_grammar_is_derived_or_accounted_for() -> None:
    grammars = {name for name, value in vars(validation).items() if isinstance(value, StringConstraint)}

    assert grammars == set(SHAPES) | set(ELSEWHERE)


@each_shape
def test_lengths_are_those_of_the_shape(name: str, shape_name: str) -> None:
    mine: StringConstraint = getattr(validation, name)
    theirs = shape(shape_name)

    assert (mine.minimum, mine.maximum) == (theirs["min"], theirs["max"])


@each_shape
def test_the_language_is_that_of_the_pattern_for_every_short_text(name: str, shape_name: str) -> None:
    mine = ours(getattr(validation, name))
    theirs = shape(shape_name)
    expected = language_of(theirs["pattern"], theirs["min"], theirs["max"])

    assert [text for text in every_short_text() if mine(text) != expected(text)] == []


@each_shape
@given(texts)
def test_the_language_is_that_of_the_pattern_for_other_texts(name: str, shape_name: str, text: str) -> None:
    theirs = shape(shape_name)

    assert ours(getattr(validation, name))(text) is language_of(theirs["pattern"], theirs["min"], theirs["max"])(text)


def test_a_namespace_leaves_room_for_a_slash_and_a_name() -> None:
    assert shape("RepositoryName")["max"] - len("/a") == validation.NAMESPACE.maximum


def test_a_repository_pattern_is_as_long_as_a_name() -> None:
    assert shape("RepositoryName")["max"] == validation.REPOSITORY_PATTERN.maximum


@given(texts)
def test_every_repository_name_is_a_repository_pattern_and_stars_may_stand_for_parts_of_it(text: str) -> None:
    theirs = shape("RepositoryName")
    if re.fullmatch(theirs["pattern"], text) and theirs["min"] <= len(text) <= theirs["max"]:
        assert validation.REPOSITORY_PATTERN.accepts(text)
        assert validation.REPOSITORY_PATTERN.accepts(f"{text}/*")
        assert validation.REPOSITORY_PATTERN.accepts(f"*{text[1:]}" if text[1].isalnum() else f"*-{text}")


def test_tag_patterns_and_prefixes_are_as_long_as_a_tag() -> None:
    theirs = shape("ImageTag")

    assert (validation.TAG_PATTERN.minimum, validation.TAG_PATTERN.maximum) == (theirs["min"], theirs["max"])
    assert (validation.TAG_PREFIX.minimum, validation.TAG_PREFIX.maximum) == (theirs["min"], theirs["max"])


def test_an_image_tag_is_within_the_shape() -> None:
    theirs = shape("ImageTag")

    assert theirs["min"] <= validation.IMAGE_TAG.minimum <= validation.IMAGE_TAG.maximum <= theirs["max"]


@given(texts)
def test_an_account_is_a_registry_id(text: str) -> None:
    for account in (text, "111122223333", "1111222233334", f"{text}111122223333"[-12:]):
        expected = re.fullmatch(shape("RegistryId")["pattern"], account) is not None

        assert validation.ACCOUNT_ID.accepts(account) is expected


@given(texts)
def test_an_organization_is_one_to_aws_organizations(text: str) -> None:
    theirs = re.compile(shape("OrganizationId", "organizations")["pattern"])
    for candidate in (text, f"o-{text}", f"o-{text}abcdefghij", f"o-{'a' * 32}", f"o-{'a' * 33}", f"o-{'a' * 9}"):
        assert validation.ORGANIZATION_ID.accepts(candidate) is (theirs.fullmatch(candidate) is not None)


# --- Regions --------------------------------------------------------------------------------------------------------


REGIONS = {region: partition for partition in partitions() for region in partition["regions"]}


def test_every_region_of_every_partition_is_accepted() -> None:
    assert [region for region in REGIONS if Replication.to(region).region != region] == []
    assert [region for region in REGIONS if not re.fullmatch(shape("Region")["pattern"], region)] == []


def test_lengths_of_regions_are_those_of_the_shape() -> None:
    theirs = shape("Region")

    assert (validation.REGION.minimum, validation.REGION.maximum) == (theirs["min"], theirs["max"])


def test_the_host_of_a_private_registry_ends_with_the_suffix_of_its_partition() -> None:
    for region, partition in REGIONS.items():
        url = Upstream.ecr(account="111122223333", region=region).url

        assert url == f"111122223333.dkr.ecr.{region}.{partition['dnsSuffix']}"


def test_each_region_is_in_the_same_partition_as_in_botocore() -> None:
    assert {region: partition_of(region).name for region in REGIONS} == {
        region: partition["partition"] for region, partition in REGIONS.items()
    }


def test_the_suffixes_of_hosts_are_those_of_botocore() -> None:
    data = json.loads((Path(botocore.__file__).parent / "data" / "partitions.json").read_text(encoding="utf-8"))

    for each in data["partitions"]:
        region = next(name for name in each["regions"] if "global" not in name)
        assert partition_of(region).dns_suffix == each["outputs"]["dnsSuffix"]
        assert partition_of(region).dual_stack_suffix == each["outputs"]["dualStackDnsSuffix"].replace("api.", "on.", 1)


# --- counts ---------------------------------------------------------------------------------------------------------


def test_the_limit_of_exclusion_filters_is_that_of_the_shape() -> None:
    theirs = shape("ImageTagMutabilityExclusionFilters")

    assert (theirs["min"], theirs["max"]) == (1, immutability.MAXIMUM_FILTERS)


def test_the_limits_of_scanning_rules_and_filters_are_those_of_the_shapes() -> None:
    assert shape("RegistryScanningRuleList")["max"] == scanning.MAXIMUM_RULES
    assert shape("ScanningRepositoryFilterList")["max"] == scanning.MAXIMUM_FILTERS


def test_the_limit_of_replication_filters_is_that_of_the_shape() -> None:
    assert shape("RepositoryFilterList")["max"] == replication.MAXIMUM_FILTERS


def test_the_limit_of_replication_rules_is_that_of_the_shape() -> None:
    assert shape("ReplicationRuleList")["max"] == replication.MAXIMUM_RULES


@pytest.mark.parametrize("name", ["RepositoryPolicyText", "RegistryPolicyText"])
def test_the_limits_of_the_length_of_policies_are_those_of_the_shapes(name: str) -> None:
    from ecr_constructs.model.iam import policies

    assert shape(name)["max"] == policies.MAXIMUM_CHARACTERS


def test_the_length_of_the_lifecycle_text_is_that_of_the_shape() -> None:
    theirs = shape("LifecyclePolicyText")

    assert (theirs["min"], theirs["max"]) == (policy.MINIMUM_CHARACTERS, policy.MAXIMUM_CHARACTERS)


def test_the_lowest_priority_is_that_of_the_shape() -> None:
    lowest: int = shape("LifecyclePolicyRulePriority")["min"]
    values: dict[str, Any] = {"tag_status": "any", "count_type": "imageCountMoreThan", "count_number": 1}

    assert LifecycleRule(rule_priority=lowest, **values).rule_priority == lowest
    with pytest.raises(InvalidLifecyclePolicy):
        LifecycleRule(rule_priority=lowest - 1, **values)


# --- enumerations ---------------------------------------------------------------------------------------------------


def test_mutability_modes_are_those_of_the_shape() -> None:
    assert set(get_args(immutability.TagMutability)) == set(shape("ImageTagMutability")["enum"])


def test_scan_types_are_those_of_the_shape() -> None:
    assert set(get_args(scanning.ScanType)) == set(shape("ScanType")["enum"])


def test_scan_frequencies_are_those_of_the_shape_without_manual() -> None:
    assert set(get_args(scanning.ScanFrequency)) == set(shape("ScanFrequency")["enum"]) - {"MANUAL"}


def test_upstreams_are_those_of_the_shape() -> None:
    assert set(get_args(UpstreamRegistry)) == set(shape("UpstreamRegistry")["enum"])


def test_lifecycle_actions_and_storage_classes_are_those_of_the_preview_in_lower_case() -> None:
    assert {action.upper() for action in get_args(Action)} == set(shape("ImageActionType")["enum"])
    assert {name.upper() for name in get_args(StorageClass)} == set(shape("LifecyclePolicyStorageClass")["enum"])


def test_a_transition_has_one_target() -> None:
    rule = LifecycleRule(
        rule_priority=1, tag_status="any", count_type="sinceImagePulled", count_number=1, action="transition"
    )

    assert [str(rule.target_storage_class).upper()] == shape("LifecyclePolicyTargetStorageClass")["enum"]


def test_every_action_of_the_library_is_one_of_the_api() -> None:
    from ecr_constructs.model.iam import permissions

    operations = {f"ecr:{name}" for name in service_model()["operations"]}
    # Permissions without an operation, which ECR uses on behalf of a principal.
    only_permissions = {"ecr:ReplicateImage", "ecr:BatchImportUpstreamImage", "ecr:GetImageCopyStatus"}
    others = {f"{service}:{name}" for service in ("inspector2", "kms") for name in service_model(service)["operations"]}

    known = operations | only_permissions | others
    for name in permissions.__all__:
        assert [each for each in getattr(permissions, name) if not fnmatch.filter(known, each)] == [], name


# --- differences between the sources --------------------------------------------------------------------------------


def test_the_api_still_allows_longer_tags_than_oci() -> None:
    assert shape("ImageTag")["max"] > validation.IMAGE_TAG.maximum


def test_the_api_still_has_no_limit_on_wildcards() -> None:
    theirs = shape("ImageTagMutabilityExclusionFilterValue")

    assert re.fullmatch(theirs["pattern"], "a*b*c*d")
    assert not validation.EXCLUSION_FILTER.accepts("a*b*c*d")


def test_the_api_still_allows_more_replication_rules_than_the_page_of_quotas() -> None:
    assert shape("ReplicationRuleList")["max"] > replication.EXPECTED_RULES


def test_the_api_still_allows_more_destinations_in_a_rule_than_a_registry_may_have() -> None:
    assert shape("ReplicationDestinationList")["max"] > replication.MAXIMUM_DESTINATIONS


def test_the_api_still_requires_a_filter_in_a_list_of_replication_filters() -> None:
    assert shape("RepositoryFilterList")["min"] == 1


def test_the_api_still_allows_an_empty_lifecycle_text_in_a_creation_template() -> None:
    assert shape("LifecyclePolicyTextForRepositoryCreationTemplate")["min"] < policy.MINIMUM_CHARACTERS


def test_the_api_still_allows_a_repository_name_that_begins_with_a_digit() -> None:
    assert re.fullmatch(shape("RepositoryName")["pattern"], "1password")
    assert validation.REPOSITORY_NAME.accepts("1password")


def test_the_api_still_has_manual_scanning() -> None:
    assert "MANUAL" in shape("ScanFrequency")["enum"]


def test_the_api_still_accepts_any_word_as_a_region() -> None:
    assert re.fullmatch(shape("Region")["pattern"], "nowhere")
    assert not validation.REGION.accepts("nowhere")
