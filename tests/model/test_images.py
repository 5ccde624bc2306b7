"""Images as boto3 and the AWS CLI return them, with both formats of time and with several pages."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ecr_constructs.errors import InvalidImage
from ecr_constructs.model import Image
from ecr_constructs.model.images import read_images
from tests.model.lifecycle.strategies import json_values

DIGEST = "sha256:" + "0123456789abcdef" * 4
NOON = datetime(2026, 1, 31, 12, 0, tzinfo=timezone.utc)
BOTO3 = {
    "registryId": "111122223333",
    "repositoryName": "prod/api",
    "imageDigest": DIGEST,
    "imageTags": ["v1", "latest"],
    "imageSizeInBytes": 1234,
    "imagePushedAt": NOON,
    "imageScanStatus": {"status": "ACTIVE"},
    "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
    "artifactMediaType": "application/vnd.oci.image.config.v1+json",
    "lastRecordedPullTime": NOON + timedelta(days=1),
    "subjectManifestDigest": "sha256:" + "f" * 64,
    "imageStatus": "ACTIVE",
    "lastArchivedAt": NOON + timedelta(days=2),
    "lastActivatedAt": NOON + timedelta(days=3),
}


def faults(**fields: Any) -> list[str]:
    values: dict[str, Any] = {"digest": DIGEST, "pushed_at": NOON, **fields}
    with pytest.raises(InvalidImage) as caught:
        Image(**values)
    return list(caught.value.problems)


def faults_in(document: object) -> list[str]:
    with pytest.raises(InvalidImage) as caught:
        read_images(document)
    return list(caught.value.problems)


def test_every_field_that_decides_is_read() -> None:
    assert Image.from_describe_images(BOTO3) == Image(
        digest=DIGEST,
        tags=["latest", "v1"],
        size=1234,
        pushed_at=NOON,
        last_pulled_at=NOON + timedelta(days=1),
        status="active",
        archived_at=NOON + timedelta(days=2),
        activated_at=NOON + timedelta(days=3),
        manifest_media_type="application/vnd.oci.image.manifest.v1+json",
        artifact_media_type="application/vnd.oci.image.config.v1+json",
        subject_digest="sha256:" + "f" * 64,
    )


@pytest.mark.parametrize(
    "time",
    [
        NOON,
        NOON.astimezone(timezone(timedelta(hours=-5))),
        "2026-01-31T12:00:00+00:00",
        "2026-01-31T13:00:00+01:00",
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00",
        "2026-01-31T12:00:00.000000+00:00",
        1769860800,
        1769860800.0,
    ],
)
def test_a_time_is_read_in_each_of_its_formats(time: object) -> None:
    image = Image.from_describe_images({"imageDigest": DIGEST, "imagePushedAt": time})

    assert image.pushed_at == NOON
    assert image.pushed_at.tzinfo is timezone.utc


@given(st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(timezone.utc)))  # noqa: DTZ001  (bounds)
def test_epoch_and_iso_times_are_equal_to_the_millisecond(time: datetime) -> None:
    time = time.replace(microsecond=time.microsecond // 1000 * 1000)
    written = [{"imageDigest": DIGEST, "imagePushedAt": each} for each in (time.isoformat(), time.timestamp(), time)]
    read = [Image.from_describe_images(each).pushed_at for each in written]

    assert max(read) - min(read) < timedelta(milliseconds=1)


def test_missing_fields_have_defaults() -> None:
    image = Image.from_describe_images({"imageDigest": DIGEST, "imagePushedAt": NOON, "imageTags": None})

    assert (image.tags, image.status, image.size, image.last_pulled_at) == ((), "active", 0, None)
    assert image.referenced_digests is None


def test_every_status_of_ecr_is_read() -> None:
    cases: list[str] = ["ACTIVE", "ARCHIVED", "ACTIVATING"]
    for word in cases:
        detail = {"imageDigest": DIGEST, "imagePushedAt": NOON, "imageStatus": word, "lastArchivedAt": NOON}

        assert Image.from_describe_images(detail).status == word.lower()


def test_images_are_read_from_the_output_of_the_aws_command_line() -> None:
    cases: list[object] = [
        {"imageDetails": [BOTO3]},
        [BOTO3],
        [{"imageDetails": [BOTO3], "nextToken": "..."}, {"imageDetails": []}],
        {"imageDetails": [BOTO3], "ResponseMetadata": {}},
    ]
    for document in cases:
        assert read_images(document) == (Image.from_describe_images(BOTO3),)


def test_images_of_several_pages_keep_the_order_in_which_they_are_listed() -> None:
    one, two, three = ({"imageDigest": name, "imagePushedAt": NOON} for name in ("one", "two", "three"))
    pages = [{"imageDetails": [two, one]}, {"imageDetails": [three]}]

    assert [image.digest for image in read_images(pages)] == ["two", "one", "three"]


def test_lists_are_kept_in_one_order_and_without_repetition() -> None:
    image = Image(digest=DIGEST, pushed_at=NOON, tags=[*"hgfedcbab"], referenced_digests=[*"hgfedcbab"])

    assert (image.tags, image.referenced_digests) == (tuple("abcdefgh"), tuple("abcdefgh"))
    assert Image(digest=DIGEST, pushed_at=NOON, referenced_digests=[]).referenced_digests == ()


def test_an_index_is_recognized_by_its_media_type_or_its_references() -> None:
    cases: list[tuple[dict[str, Any], bool]] = [
        ({}, False),
        ({"manifest_media_type": "application/vnd.oci.image.manifest.v1+json"}, False),
        ({"manifest_media_type": "application/vnd.oci.image.index.v1+json"}, True),
        ({"manifest_media_type": "application/vnd.docker.distribution.manifest.list.v2+json"}, True),
        ({"referenced_digests": []}, True),
    ]
    for fields, is_index in cases:
        assert Image(digest=DIGEST, pushed_at=NOON, **fields).is_index is is_index


def test_an_ordinary_image_depends_on_no_other_image() -> None:
    def is_ordinary(**fields: Any) -> bool:
        return Image(digest=DIGEST, pushed_at=NOON, **fields).is_ordinary

    assert is_ordinary(tags=["v1"], last_pulled_at=NOON)
    assert not is_ordinary(referenced_digests=["x"])
    assert not is_ordinary(subject_digest="x")
    assert not is_ordinary(activated_at=NOON)
    assert not is_ordinary(status="archived", archived_at=NOON)
    assert not is_ordinary(status="activating")


def test_all_problems_are_listed_with_python_names() -> None:
    assert faults(
        digest="", pushed_at="2026", tags="v1", status="ACTIVE", size=-1, subject_digest=5, referenced_digests=[3, "ok"]
    ) == [
        "digest: '' is not a digest; write 'sha256:' and 64 hexadecimal digits",
        "pushed_at: '2026' is not a datetime; give one with a time zone",
        "status: 'ACTIVE' is unknown; write 'active', 'archived' or 'activating'",
        "size: -1 is not a number of bytes; write 0 or more",
        "subject_digest: 5 is not a text",
        "tags: 'v1' is not a list of strings; write ['v1']",
        "referenced_digests[0]: 3 is not valid; use a non-empty string without line breaks",
    ]


def test_a_value_of_another_type_is_one_problem() -> None:
    cases: list[tuple[str, object]] = [
        ("digest", 5),
        ("pushed_at", None),
        ("size", True),
        ("size", "1"),
        ("manifest_media_type", 5),
        ("artifact_media_type", 5),
        ("tags", None),
        ("tags", 5),
        ("referenced_digests", ""),
        ("referenced_digests", 5),
    ]
    for name, value in cases:
        (fault,) = faults(**{name: value})

        assert fault.startswith(f"{name}: {value!r} is not a")


def test_a_time_without_a_zone_is_rejected() -> None:
    cases: list[str] = ["pushed_at", "last_pulled_at", "archived_at", "activated_at"]
    for name in cases:
        assert faults(**{name: NOON.replace(tzinfo=None)}) == [
            f"{name}: 2026-01-31 12:00:00 has no time zone; give one, such as timezone.utc"
        ]


def test_a_time_zone_without_an_offset_is_rejected() -> None:
    class Nowhere(tzinfo):
        def utcoffset(self, _: datetime | None) -> None:
            return None

        dst = tzname = utcoffset

    (fault,) = faults(pushed_at=NOON.replace(tzinfo=Nowhere()))

    assert fault == "pushed_at: 2026-01-31 12:00:00 has no time zone; give one, such as timezone.utc"


def test_a_time_beyond_the_range_of_datetime_is_rejected() -> None:
    ends = datetime.min.replace(tzinfo=timezone(timedelta(hours=10)))

    assert faults(pushed_at=ends) == [
        "pushed_at: 0001-01-01 00:00:00+10:00 is not a possible time of a push; correct the year"
    ]


def test_a_time_is_accepted_up_to_two_days_from_both_ends_of_the_range() -> None:
    first, last = datetime(1, 1, 3, tzinfo=timezone.utc), datetime(9999, 12, 29, tzinfo=timezone.utc)
    instant = timedelta(microseconds=1)

    assert Image(digest=DIGEST, pushed_at=first, last_pulled_at=last).pushed_at == first
    for time in (first - instant, last + instant):
        assert faults(pushed_at=time) == [f"pushed_at: {time} is not a possible time of a push; correct the year"]


def test_a_tag_with_a_separator_is_rejected() -> None:
    assert faults(tags=["a\0b", "a\nb", ""]) == [
        f"tags[{index}]: {text!r} is not valid; use a non-empty string without line breaks"
        for index, text in enumerate(["a\0b", "a\nb", ""])
    ]


def test_an_archived_image_needs_the_time_of_its_archival() -> None:
    assert faults(status="archived") == [
        "archived_at: missing for an archived image; its days in the archive count from it"
    ]
    assert faults_in([BOTO3 | {"imageStatus": "ARCHIVED", "lastArchivedAt": None}]) == [
        "[0].lastArchivedAt: missing for an archived image; its days in the archive count from it"
    ]


def test_a_value_of_another_type_is_one_problem_of_its_field_of_aws() -> None:
    cases: list[tuple[str, object]] = [
        ("imageDigest", None),
        ("imagePushedAt", None),
        ("imagePushedAt", True),
        ("imagePushedAt", 1e300),
        ("imagePushedAt", float("nan")),
        ("imagePushedAt", []),
        ("imageStatus", 5),
        ("imageManifestMediaType", 5),
    ]
    for key, value in cases:
        (fault,) = faults_in([BOTO3 | {key: value}])

        assert fault.startswith(f"[0].{key}: ")


def test_problems_of_a_listing_have_their_place_and_the_names_of_aws() -> None:
    documents = {
        "imageDetails": [BOTO3, {"imageTags": ["v1"]}, BOTO3 | {"imagePushedAt": "yesterday", "imageTags": [1]}, 7]
    }

    assert faults_in(documents) == [
        "imageDetails[1].imageDigest: missing; DescribeImages returns it",
        "imageDetails[1].imagePushedAt: missing; DescribeImages returns it",
        "imageDetails[2].imagePushedAt: 'yesterday' is not a time; write it as 2026-01-31T12:00:00+00:00",
        "imageDetails[3]: 7 is not an object; give one of the imageDetails of DescribeImages",
    ]
    assert faults_in([{"imageDetails": [BOTO3 | {"imageTags": [1]}]}]) == [
        "[0].imageDetails[0].imageTags[0]: 1 is not valid; use a non-empty string without line breaks"
    ]


def test_a_document_that_is_not_a_listing_is_rejected() -> None:
    cases: list[tuple[object, str]] = [
        (5, "5"),
        (None, "None"),
        ("text", "'text'"),
        ({"imageIds": []}, "{'imageIds': []}"),
        ({"imageIds": [], "nextToken": "x"}, "{'imageIds': [], 'nextToken': 'x'}"),
        ({}, "{}"),
        ({"imageDetails": 5}, "imageDetails: 5"),
        ([{"imageDetails": {}}], "[0].imageDetails: {}"),
    ]
    for document, told in cases:
        assert faults_in(document) == [
            f"{told} is not the output of `aws ecr describe-images`: an object with imageDetails"
        ]


@given(st.one_of(json_values, st.dictionaries(st.sampled_from(list(BOTO3)), json_values)))
def test_any_json_is_an_image_or_a_typed_error(value: Any) -> None:
    for document in (value, [value], {"imageDetails": value}, {"imageDetails": [value]}):
        try:
            images = read_images(document)
        except InvalidImage:
            continue
        assert all(isinstance(image, Image) for image in images)


def test_an_image_can_be_pickled_and_copying() -> None:
    image = Image.from_describe_images(BOTO3)

    assert pickle.loads(pickle.dumps(image)) == copy.deepcopy(image) == image
    assert len({image, copy.deepcopy(image)}) == 1


@pytest.mark.parametrize("key", ["nextToken", "NextToken"])
@pytest.mark.parametrize("as_pages", [False, True])
def test_an_incomplete_listing_is_rejected(key: str, *, as_pages: bool) -> None:
    page = {"imageDetails": [BOTO3], key: "abc"}

    assert faults_in([{"imageDetails": []}, page] if as_pages else page) == [
        "nextToken: the listing is incomplete; list all images, without --max-items, or pass all pages"
    ]
    assert read_images([page, {"imageDetails": []}]) == (Image.from_describe_images(BOTO3),)


def test_an_unknown_status_is_quoted_in_the_message() -> None:
    assert faults_in([BOTO3 | {"imageStatus": "FROZEN"}]) == [
        "[0].imageStatus: 'FROZEN' is unknown; write 'active', 'archived' or 'activating'"
    ]


TIMES: st.SearchStrategy[object] = st.one_of(
    st.sampled_from(["2026-01-31T12:00:00+00:00", "2026-01-31T12:00:00.5+01:00", "2026-01-31T12:00:00Z", "2026-01-31"]),
    st.sampled_from(["0001-01-01T00:00:00+00:00", "9999-12-31T23:00:00+00:00", "", 0, 1767225600.5, True, None]),
    st.just(NOON),
    st.just(NOON.replace(tzinfo=None)),
)
MEDIA_TYPES = st.sampled_from([BOTO3["imageManifestMediaType"], "application/vnd.oci.image.index.v1+json", "", None, 1])
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "imageDigest": st.sampled_from([DIGEST, "", None, 1]),
    "imagePushedAt": TIMES,
    "lastRecordedPullTime": TIMES,
    "imageTags": st.sampled_from([["v2", "v1", "v2"], ["v1"], [], ("v1",), "v1", [""], ["a\nb"], ["a\0b"], [1], None]),
    "imageSizeInBytes": st.sampled_from([0, 1234, 2**63, -1, 1.5, True, None]),
    "imageStatus": st.sampled_from(["ACTIVE", "active", "ARCHIVED", "ACTIVATING", "gone", None, 1, []]),
    "lastArchivedAt": TIMES,
    "lastActivatedAt": TIMES,
    "subjectManifestDigest": st.sampled_from([DIGEST, "", None, 1]),
    "imageDetails": st.just([]),
    "imageManifestMediaType": MEDIA_TYPES,
    "artifactMediaType": MEDIA_TYPES,
}


_ORDINARY = {key: value for key, value in BOTO3.items() if not key.startswith(("last", "subject"))}


def _outcomes(details: list[dict[str, Any]]) -> object:
    try:
        images = read_images(details)
    except InvalidImage as error:
        return error.problems
    return [(image, repr(image), image.is_ordinary, image.age_reference_seconds) for image in images]


@given(st.lists(st.fixed_dictionaries({}, optional=FIELDS), max_size=4))
@example([{"imageDetails": []}])  # a page among the images, with the fields of an image
def test_details_that_are_read_field_by_field_are_read_like_one_by_one(odd: list[dict[str, Any]]) -> None:
    details = [_ORDINARY, *(_ORDINARY | each for each in odd), _ORDINARY]
    by_field = _outcomes(details)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ecr_constructs.model.images._plain_images", lambda _: None)
        assert by_field == _outcomes(details)


def test_usual_details_are_read_field_by_field(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = _ORDINARY | {"imagePushedAt": 1767225600.5}
    archived = _ORDINARY | {"imageStatus": "ARCHIVED", "lastArchivedAt": NOON.isoformat()}
    with monkeypatch.context() as patch:
        patch.setattr("ecr_constructs.model.images.Image.__init__", None)
        read = [read_images([each] * 300) for each in (_ORDINARY, BOTO3, stored, archived, BOTO3 | {"imageTags": None})]
    assert [len(images) for images in read] == [300] * 5
