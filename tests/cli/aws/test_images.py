from __future__ import annotations

from datetime import timedelta

import pytest

from ecr_constructs.cli.aws import Account
from ecr_constructs.model.immutability import Immutability
from tests.cli.aws.cloud import NOW, Cloud, digest, image
from tests.cli.aws.record import Gather, Record


def test_repositories_are_listed_over_all_pages(cloud: Cloud, account: Account) -> None:
    for number in range(2_300):
        cloud.add(f"team/service-{number}")

    assert [*account.immutability()] == [f"team/service-{number}" for number in range(2_300)]
    assert cloud.called("DescribeRepositories") == 3


def test_repositories_are_read_with_their_mutable_tags(cloud: Cloud, account: Account) -> None:
    cloud.add("all").bind("IMMUTABLE")
    cloud.add("most").bind("IMMUTABLE_WITH_EXCLUSION", "latest", "dev-*")
    cloud.add("some").bind("MUTABLE_WITH_EXCLUSION", "v*")
    cloud.add("none")
    cloud.add("unknown").bind("IMMUTABLE_ON_SUNDAYS")
    cloud.add("untold").mutability = {}

    assert account.immutability() == {
        "all": Immutability.all_tags(),
        "most": Immutability.all_tags_except("latest", "dev-*"),
        "some": Immutability.only_tags("v*"),
        "none": Immutability.off(),
        "unknown": None,
        "untold": None,
    }


def test_images_are_listed_over_all_pages_and_counted(cloud: Cloud, gather: Gather, record: Record) -> None:
    for name in ("prod/api", "prod/web"):
        cloud.add(name, *(image(number, f"v{number}") for number in range(3_500)))

    api, web = gather({"prod/api": None, "prod/web": None}).repositories

    assert [image.digest for image in api.images] == [digest(number) for number in range(3_500)]
    assert (api.name, web.name, len(web.images)) == ("prod/api", "prod/web", 3_500)
    assert cloud.called("DescribeImages") == 8
    assert record.texts[-1] == "7,000 images"
    assert record.done == record.steps == 2


def test_images_in_the_archive_are_listed_too(cloud: Cloud, gather: Gather) -> None:
    now = NOW.timestamp()
    archived = image(2, imageStatus="ARCHIVED", lastArchivedAt=now)
    restored = image(3, imageStatus="ACTIVATING", lastArchivedAt=now, lastActivatedAt=now)
    cloud.add("prod/api", image(1), archived, restored)

    [repository] = gather("prod/api").repositories

    assert [image.status for image in repository.images] == ["active", "archived", "activating"]
    assert repository.images[1].archived_at == NOW
    assert repository.images[2].activated_at == NOW


def test_every_field_of_describe_images_is_kept(cloud: Cloud, gather: Gather) -> None:
    cloud.add(
        "prod/api",
        image(
            1,
            "v1",
            "stable",
            days=30,
            subjectManifestDigest=digest(9),
            artifactMediaType="application/vnd.cncf.notary.signature",
            lastRecordedPullTime=(NOW - timedelta(days=2)).timestamp(),
        ),
    )

    [found] = gather("prod/api").repositories[0].images

    assert found.tags == ("stable", "v1")
    assert found.pushed_at == NOW - timedelta(days=30)
    assert found.last_pulled_at == NOW - timedelta(days=2)
    assert found.subject_digest == digest(9)
    assert found.artifact_media_type == "application/vnd.cncf.notary.signature"
    assert found.size == 1_001


def test_an_image_on_two_pages_is_one_image(cloud: Cloud, gather: Gather) -> None:
    """An image that is pushed while pages are read moves other images to the next page."""
    cloud.add("prod/api", *(image(number) for number in range(1_000)), image(999, "v1"), image(1_000))

    [repository] = gather("prod/api").repositories

    assert len(repository.images) == 1_001
    assert repository.images[999].tags == ("v1",)


def test_an_image_that_cannot_be_one_is_a_problem_of_its_repository(cloud: Cloud, gather: Gather) -> None:
    cloud.add("prod/odd", image(1, imageStatus="ARCHIVED"))
    cloud.add("prod/api", image(1))

    gathered = gather({"prod/odd": None, "prod/api": None})

    assert [repository.name for repository in gathered.repositories] == ["prod/api"]
    [problem] = gathered.problems
    assert problem.startswith("prod/odd: ECR returned an image that cannot be read: lastArchivedAt: missing")


# --- indexes ----------------------------------------------------------------------------------------------------------


def test_without_read_indexes_no_manifest_is_pulled(cloud: Cloud, gather: Gather) -> None:
    cloud.add("prod/api", image(1)).add_index(10, 1, tag="v1")

    [repository] = gather("prod/api").repositories

    assert cloud.called("BatchGetImage") == 0
    assert repository.images[1].is_index
    assert repository.images[1].referenced_digests is None


def test_indexes_are_read_for_the_images_that_they_name(cloud: Cloud, gather: Gather) -> None:
    stored = cloud.add("prod/api", *(image(number) for number in range(250)))
    for number in range(250):
        stored.add_index(1_000 + number, number, tag=f"v{number}")

    [repository] = gather("prod/api", read_indexes=True).repositories

    assert repository.images[0].referenced_digests is None
    assert repository.images[250].referenced_digests == (digest(0),)
    assert repository.images[499].referenced_digests == (digest(249),)
    assert cloud.called("BatchGetImage") == 3


def test_only_indexes_are_pulled_and_only_after_their_last_pull_was_read(cloud: Cloud, gather: Gather) -> None:
    stored = cloud.add("prod/api", image(1))
    stored.add_index(10, 1, tag="v1")

    [repository] = gather("prod/api", read_indexes=True).repositories

    assert ["lastRecordedPullTime" in detail for detail in stored.images] == [False, True]
    assert [image.last_pulled_at for image in repository.images] == [None, None]


def test_an_archived_index_is_not_pulled(cloud: Cloud, gather: Gather) -> None:
    stored = cloud.add("prod/api", image(1))
    stored.add_index(10, 1, tag="v1")
    stored.images[1] |= {"imageStatus": "ARCHIVED", "lastArchivedAt": NOW.timestamp()}

    [repository] = gather("prod/api", read_indexes=True).repositories

    assert cloud.called("BatchGetImage") == 0
    assert repository.images[1].referenced_digests is None


def test_an_index_without_a_manifest_has_unknown_images(cloud: Cloud, gather: Gather) -> None:
    stored = cloud.add("prod/api")
    stored.add_index(10, 1, tag="v1")
    stored.add_index(11, 1, tag="v2")
    stored.manifests.popitem()

    gathered = gather("prod/api", read_indexes=True)

    assert [image.referenced_digests is None for image in gathered.repositories[0].images] == [False, True]
    assert gathered.problems == ()


def test_a_repository_whose_indexes_may_not_be_read_is_there_without_them(cloud: Cloud, gather: Gather) -> None:
    cloud.add("prod/api").add_index(10, 1, tag="v1")
    cloud.deny("BatchGetImage")

    gathered = gather("prod/api", read_indexes=True)

    assert gathered.repositories[0].images[0].referenced_digests is None
    [problem] = gathered.problems
    assert problem.startswith("prod/api: ecr:BatchGetImage is not allowed")


@pytest.mark.parametrize("current", [True, False])
def test_every_announced_step_is_completed(cloud: Cloud, gather: Gather, record: Record, *, current: bool) -> None:
    for number in range(40):
        cloud.add(f"team/service-{number}", image(1))

    gather(dict.fromkeys([*cloud.repositories, "team/gone"]), current=current, in_use=True, read_indexes=True)

    services = 2  # Amazon ECS and AWS Lambda, which have nothing
    assert record.done == record.steps == 41 + 40 + (40 if current else 0) + services
