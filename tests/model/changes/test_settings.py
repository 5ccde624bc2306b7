"""Weakened settings of repositories, creation templates, keys and the registry."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model import Image, Immutability, LifecyclePolicy, keep_latest
from ecr_constructs.model.changes.change import CHANGE_TYPES
from ecr_constructs.model.changes.create_only import ECR_TYPES
from ecr_constructs.model.changes.settings import Listing
from ecr_constructs.model.immutability import is_at_least
from tests.model.changes.states import changes, ids, repository, resource

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"
SETTINGS = [
    Immutability.all_tags(),
    Immutability.all_tags_except("dev-*"),
    Immutability.all_tags_except("dev-a*"),
    Immutability.all_tags_except("latest", "dev-*"),
    Immutability.only_tags("v*"),
    Immutability.only_tags("v1*"),
    Immutability.only_tags("v*", "dev-*"),
    Immutability.off(),
]
TAGS = ["latest", "dev-a", "dev-b", "dev-", "v1.0", "v2.0", "v", "x"]


def tags(immutability: Immutability) -> dict[str, Any]:
    filters = [{"ImageTagMutabilityExclusionFilterValue": each} for each in immutability.filters]
    return {
        "ImageTagMutability": immutability.mode,
        **({"ImageTagMutabilityExclusionFilters": filters} if filters else {}),
    }


# --- tags -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("old", SETTINGS)
def test_immutability_is_weaker_if_a_tag_that_was_immutable_is_mutable(old: Immutability) -> None:
    for new in SETTINGS:
        found = ids(changes({"X": repository(**tags(old))}, {"X": repository(**tags(new))}))
        lost = any(old.is_immutable(tag) and not new.is_immutable(tag) for tag in TAGS)
        gained = any(new.is_immutable(tag) and not old.is_immutable(tag) for tag in TAGS)

        assert ("weaker-immutability" in found, "stricter-immutability" in found) == (lost, gained), new


@given(st.sampled_from(SETTINGS), st.sampled_from(SETTINGS), st.text("adelstv-.1", max_size=6))
def test_a_setting_that_is_at_least_as_strict_has_every_immutable_tag(
    one: Immutability, other: Immutability, tag: str
) -> None:
    if is_at_least(one, other) and other.is_immutable(tag):
        assert one.is_immutable(tag)


def test_a_setting_that_is_not_declared_any_more_is_weaker() -> None:
    [found] = changes({"X": repository(ImageTagMutability="IMMUTABLE")}, {"X": repository()})

    assert found.id == "weaker-immutability"
    assert "CloudFormation leaves the setting" in found.sentence


# --- scanning, encryption, deletion, keys -----------------------------------------------------------------------------


@pytest.mark.parametrize("now", [{}, {"ImageScanningConfiguration": {"ScanOnPush": False}}])
def test_a_repository_that_is_not_scanned_on_push_any_more_is_weaker(now: dict[str, Any]) -> None:
    scanned = repository(ImageScanningConfiguration={"ScanOnPush": "true"})

    assert ids(changes({"X": scanned}, {"X": repository(**now)})) == ["weaker-scanning"]
    assert changes({"X": repository(**now)}, {"X": scanned}) == ()


@pytest.mark.parametrize(
    ("before", "after", "is_weaker"),
    [
        ({"EncryptionType": "KMS"}, {"EncryptionType": "AES256"}, True),
        ({"EncryptionType": "KMS"}, None, True),
        ({"EncryptionType": "KMS", "KmsKey": "arn"}, {"EncryptionType": "KMS"}, True),
        ({"EncryptionType": "KMS_DSSE"}, {"EncryptionType": "KMS"}, True),
        (None, {"EncryptionType": "KMS"}, False),
        (None, {"EncryptionType": "AES256"}, False),
    ],
)
def test_weaker_encryption_of_a_creation_template_is_reported(before: Any, after: Any, is_weaker: object) -> None:
    old, new = (resource(TEMPLATE, {"EncryptionConfiguration": each} if each else {}) for each in (before, after))

    assert ids(changes({"X": old}, {"X": new})) == (["weaker-encryption"] if is_weaker else [])


def test_a_creation_template_with_fewer_purposes_is_weaker() -> None:
    old, new = (
        resource(TEMPLATE, {"AppliedFor": each}) for each in (["REPLICATION", "PULL_THROUGH_CACHE"], ["REPLICATION"])
    )
    [found] = changes({"X": old}, {"X": new})

    assert found.id == "removed-purpose"
    assert "PULL_THROUGH_CACHE" in found.sentence
    assert changes({"X": new}, {"X": old}) == ()


def test_a_repository_that_is_emptied_on_deletion_is_weaker() -> None:
    assert ids(changes({"X": repository()}, {"X": repository(EmptyOnDelete=True)})) == ["deletion-with-images"]
    assert changes({"X": repository(EmptyOnDelete=True)}, {"X": repository(EmptyOnDelete="true")}) == ()


def test_a_disabled_or_not_rotated_key_is_weaker() -> None:
    key = "AWS::KMS::Key"
    rotated = resource(key, {"EnableKeyRotation": True})

    assert ids(changes({"K": rotated}, {"K": resource(key)})) == ["weaker-key"]
    assert ids(changes({"K": resource(key)}, {"K": resource(key, {"Enabled": False})})) == ["disabled-key"]
    assert changes({"K": resource(key, {"Enabled": False})}, {"K": resource(key, {"Enabled": False})}) == ()


# --- the registry -----------------------------------------------------------------------------------------------------


def scanning(scan_type: str, *rules: tuple[str, str]) -> dict[str, Any]:
    written = [
        {"ScanFrequency": frequency, "RepositoryFilters": [{"Filter": text, "FilterType": "WILDCARD"}]}
        for frequency, text in rules
    ]
    return resource("AWS::ECR::RegistryScanningConfiguration", {"ScanType": scan_type, "Rules": written})


@pytest.mark.parametrize(
    ("old", "new", "number"),
    [
        ([("CONTINUOUS_SCAN", "prod/*")], [("SCAN_ON_PUSH", "prod/*")], 1),
        ([("SCAN_ON_PUSH", "prod/*")], [("CONTINUOUS_SCAN", "*")], 0),
        ([("SCAN_ON_PUSH", "prod")], [("SCAN_ON_PUSH", "prod/*")], 1),
        ([("SCAN_ON_PUSH", "prod/*")], [("SCAN_ON_PUSH", "prod")], 0),
        ([("SCAN_ON_PUSH", "a"), ("SCAN_ON_PUSH", "b")], [], 2),
        ([("MANUAL", "a")], [], 0),
    ],
)
def test_repositories_that_no_rule_scans_as_often(old: Any, new: Any, number: int) -> None:
    found = changes({"S": scanning("ENHANCED", *old)}, {"S": scanning("ENHANCED", *new)})

    assert ids(found) == ["weaker-scanning"] * number


def test_basic_scanning_is_weaker_than_enhanced_scanning() -> None:
    rule = ("SCAN_ON_PUSH", "*")

    assert ids(changes({"S": scanning("ENHANCED", rule)}, {"S": scanning("BASIC", rule)})) == ["weaker-scanning"]
    assert changes({"S": scanning("BASIC", rule)}, {"S": scanning("ENHANCED", rule)}) == ()


def replication(*rules: tuple[str, str | None]) -> dict[str, Any]:
    written = [
        {
            "Destinations": [{"Region": region, "RegistryId": "111122223333"}],
            **({"RepositoryFilters": [{"Filter": text, "FilterType": "PREFIX_MATCH"}]} if text else {}),
        }
        for region, text in rules
    ]
    properties = {"ReplicationConfiguration": {"Rules": written}}
    return resource("AWS::ECR::ReplicationConfiguration", properties)


@pytest.mark.parametrize(
    ("old", "new", "is_less"),
    [
        ([("eu-west-1", None)], [("eu-west-1", "prod/")], True),
        ([("eu-west-1", "prod/")], [("eu-west-1", None)], False),
        ([("eu-west-1", "prod/api")], [("eu-west-1", "prod/")], False),
        ([("eu-west-1", None), ("us-east-1", None)], [("eu-west-1", None)], True),
    ],
)
def test_replication_of_fewer_images_is_reported(old: Any, new: Any, is_less: object) -> None:
    found = changes({"R": replication(*old)}, {"R": replication(*new)})

    assert ids(found) == (["less-replication"] if is_less else [])


def test_signing_of_fewer_images_is_reported() -> None:
    def signing(*filters: str) -> dict[str, Any]:
        rule = {"SigningProfileArn": "arn", "RepositoryFilters": [{"Filter": each} for each in filters]}
        return resource("AWS::ECR::SigningConfiguration", {"Rules": [rule]})

    assert ids(changes({"S": signing("prod/*", "x")}, {"S": signing("prod/*")})) == ["less-signing"]
    assert changes({"S": signing("prod/api")}, {"S": signing("prod/*")}) == ()


# --- lifecycle policies -----------------------------------------------------------------------------------------------


def lifecycle(*, keep: int) -> dict[str, Any]:
    text = LifecyclePolicy.of(keep_latest(keep, matching="v*")).to_json()
    return {"LifecyclePolicy": {"LifecyclePolicyText": text}}


def listing(number: int) -> Listing:
    images = [
        Image(digest=f"sha256:{each:064x}", pushed_at=NOW - timedelta(days=each), tags=[f"v{each}"], size=1)
        for each in range(number)
    ]
    return Listing(images={"prod/api": images}, at=NOW)


def test_a_policy_that_keeps_fewer_images_shows_the_images_of_a_listing() -> None:
    old, new = {"X": repository(**lifecycle(keep=10))}, {"X": repository(**lifecycle(keep=5))}

    [found] = changes(old, new, listing(8))
    assert (found.id, found.severity) == ("more-deletions", "warning")
    assert [each.image.tags for each in found.images] == [("v7",), ("v6",), ("v5",)]
    assert "3 of 8 images" in found.sentence
    assert changes(new, old, listing(8)) == ()


def test_without_an_affected_image_the_change_is_an_info() -> None:
    [found] = changes({"X": repository(**lifecycle(keep=10))}, {"X": repository(**lifecycle(keep=5))}, listing(4))

    assert (found.severity, found.images) == ("info", ())


def test_without_a_listing_the_rules_are_compared() -> None:
    [found] = changes({"X": repository(**lifecycle(keep=10))}, {"X": repository(**lifecycle(keep=5))})

    assert found.sentence == "rule 1 deletes images beyond 5 images instead of 10"


def test_a_policy_that_is_removed_deletes_nothing_more() -> None:
    assert changes({"X": repository(**lifecycle(keep=1))}, {"X": repository()}) == ()
    assert ids(changes({"X": repository()}, {"X": repository(**lifecycle(keep=1))})) == ["more-deletions"]


def test_the_policy_of_a_creation_template_is_compared() -> None:
    old, new = (
        resource(
            TEMPLATE, {"Prefix": "prod", "LifecyclePolicy": lifecycle(keep=n)["LifecyclePolicy"]["LifecyclePolicyText"]}
        )
        for n in (10, 5)
    )

    assert ids(changes({"X": old}, {"X": new})) == ["more-deletions"]


# --- any values -------------------------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["", "IMMUTABLE", "{}", '{"Statement": 1}', '{"rules": []}', "*", "${X}", "ENHANCED"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Ref",
                    "Fn::Sub",
                    "Fn::Join",
                    "Fn::GetAtt",
                    "Fn::FindInMap",
                    "Statement",
                    "Rules",
                    "Principal",
                    "Action",
                    "Condition",
                    "Effect",
                    "Filter",
                    "RepositoryFilters",
                    "Destinations",
                    "EncryptionType",
                    "ScanOnPush",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)
NAMES = sorted(
    {"ImageTagMutability", "ImageTagMutabilityExclusionFilters", "ImageScanningConfiguration", "RepositoryPolicyText"}
    | {"LifecyclePolicy", "Rules", "ScanType", "ReplicationConfiguration", "PolicyText", "KeyPolicy", "Enabled"}
    | {"AppliedFor", "EncryptionConfiguration", "RepositoryName", "Prefix", "EmptyOnDelete", "RepositoryPolicy"}
)
RESOURCES = st.builds(
    lambda kind, properties, policy: {"Type": kind, "Properties": properties, "DeletionPolicy": policy},
    st.sampled_from([*ECR_TYPES, "AWS::KMS::Key"]),
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4) | VALUES,
    VALUES,
)


@given(RESOURCES, RESOURCES)
def test_values_of_any_kind_are_compared(old: Any, new: Any) -> None:
    found = changes({"X": old, "Y": old}, {"X": new})

    assert all(each.id in CHANGE_TYPES for each in found)
    assert all(each.sentence and each.remedy and "\n" not in each.sentence for each in found)


def test_a_value_that_cloudformation_computes_is_an_info() -> None:
    function = {"Fn::If": ["X", "IMMUTABLE", "MUTABLE"]}
    for properties in ({"ImageTagMutability": function}, {"LifecyclePolicy": {"LifecyclePolicyText": function}}):
        [found] = changes({"X": repository()}, {"X": repository(**properties)})
        assert found.id == "unknown-change"


def test_a_custom_resource_that_deletes_the_images_is_reported() -> None:
    custom = {"Type": "Custom::ECRAutoDeleteImages", "Properties": {"RepositoryName": {"Ref": "X"}}}
    old, new = {"X": repository()}, {"X": repository(), "Y": custom}

    assert ids(changes(old, new)) == ["deletion-with-images"]
    assert changes(new, new) == ()
    assert changes(new, old) == ()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([{"ImageTagMutabilityExclusionFilterValue": "*"}], "weaker-immutability"),
        ([{"ImageTagMutabilityExclusionFilterValue": "a b"}], "unknown-change"),
        (True, "unknown-change"),
        ([3], "unknown-change"),
    ],
)
def test_exclusion_filters_that_the_construct_rejects_are_compared_or_reported(filters: Any, expected: str) -> None:
    excluded = {"ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "ImageTagMutabilityExclusionFilters": filters}
    [found] = changes({"X": repository(ImageTagMutability="IMMUTABLE")}, {"X": repository(**excluded)})

    assert found.id == expected
    assert "CloudFormation computes it" not in found.sentence
