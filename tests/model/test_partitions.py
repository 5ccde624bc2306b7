"""The partition of a Region, by the names of the Regions."""

from __future__ import annotations

import pytest

from ecr_constructs.model.partitions import arn_problems, partition_of, region_problems


def test_each_region_is_in_its_partition() -> None:
    cases: list[tuple[str, str]] = [
        ("eu-west-1", "aws"),
        ("us-east-1", "aws"),
        ("mx-central-1", "aws"),
        ("xx-new-1", "aws"),
        ("cn-northwest-1", "aws-cn"),
        ("us-gov-east-1", "aws-us-gov"),
        ("eusc-de-east-1", "aws-eusc"),
        ("us-iso-west-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("us-isof-south-1", "aws-iso-f"),
    ]
    for region, name in cases:
        assert partition_of(region).name == name


def test_a_problem_has_both_regions_and_both_partitions() -> None:
    (of_regions,) = region_problems("upstream", "eu-west-1", "cn-north-1")
    (of_arn,) = arn_problems("role", "arn:aws:iam::1:role/a", "cn-north-1")

    assert of_regions == (
        "upstream: Region 'eu-west-1' is in partition 'aws' and 'cn-north-1' in 'aws-cn'; name a Region of 'aws-cn'"
    )
    assert of_arn == (
        "role: 'arn:aws:iam::1:role/a' is of partition 'aws' and 'cn-north-1' in 'aws-cn'; write 'arn:aws-cn:...'"
    )


@pytest.mark.parametrize("here", [None, "${Token[AWS.Region.1]}"])
def test_a_region_that_is_not_known_is_not_compared(here: str | None) -> None:
    assert list(region_problems("upstream", "eu-west-1", here)) == []
    assert list(arn_problems("role", "arn:aws-cn:iam::111122223333:role/a", here)) == []


def test_an_arn_without_a_known_partition_is_not_compared() -> None:
    cases: list[str] = ["", "role", "arn:${Token[AWS.Partition.1]}:iam::1:role/a", "arn:aws*:iam::1:role/a"]
    for arn in cases:
        assert list(arn_problems("role", arn, "cn-north-1")) == []
