"""The chart of remaining images: it begins with all images and ends with those that the schedule keeps."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.cli.formatting import total_size
from ecr_constructs.cli.output.html.storage_chart import (
    DailyTotals,
    ImageTotals,
    StorageChart,
    daily_totals,
    storage_chart,
)
from ecr_constructs.cli.preview.result import RepositoryPreview
from ecr_constructs.model import Image, LifecyclePolicy, expire_older_than
from ecr_constructs.model.lifecycle.schedule import ScheduledAction
from ecr_constructs.testing import archived, pipeline_images, release_images
from tests.cli.output.html.pages import AT, POLICY, is_legible, page_of, preview, table
from tests.model.lifecycle.image_strategies import AT as DRAWN_AT
from tests.model.lifecycle.image_strategies import repositories
from tests.model.lifecycle.strategies import policies

TODAY = AT.date()
RULE = POLICY.rules[0]
FULL = preview()
LABEL = "Images that remain. The numbers are in the table below."


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def leaves(image: Image, number: int, action: str = "expire", *, is_certain: bool = True) -> ScheduledAction:
    act = POLICY.rules[2] if action == "archive" else RULE
    return ScheduledAction(
        image=image,
        day=day(number),
        action="archive" if action == "archive" else "expire",
        rule=act,
        is_certain=is_certain,
    )


def chart_of(shown: RepositoryPreview) -> StorageChart:
    chart = storage_chart(shown)
    assert chart is not None
    return chart


def every_level(shown: RepositoryPreview) -> list[DailyTotals]:
    evaluation = shown.evaluation
    images = [each.image for each in (*evaluation.decisions, *evaluation.uncertain, *evaluation.kept)]
    return list(daily_totals(images, shown.schedule, today=shown.at.date()))


@st.composite
def previews(draw: st.DrawFn) -> RepositoryPreview:
    policy = draw(policies)
    images = draw(repositories(archive=True, restoration=True, indexes=True, referrers=True))
    return RepositoryPreview(
        repository="prod/api",
        policy=policy,
        where="template.json",
        at=DRAWN_AT,
        evaluation=policy.evaluate(images, at=DRAWN_AT),
        schedule=policy.schedule(images, at=DRAWN_AT),
        findings=(),
    )


# --- remaining images -------------------------------------------------------------------------------------------------


@given(shown=previews())
def test_the_chart_begins_with_all_images(shown: RepositoryPreview) -> None:
    evaluation = shown.evaluation
    images = [each.image for each in (*evaluation.decisions, *evaluation.uncertain, *evaluation.kept)]
    shelved = [image for image in images if image.status == "archived"]
    others = [image for image in images if image.status != "archived"]
    first = every_level(shown)[0]

    assert first.certain == first.possible
    assert first.certain.standard == ImageTotals(images=len(others), size=total_size(others))
    assert first.certain.archive == ImageTotals(images=len(shelved), size=total_size(shelved))


@given(shown=previews())
def test_standard_storage_never_grows_and_uncertainty_only_reduces_it(shown: RepositoryPreview) -> None:
    every = every_level(shown)

    for before, after in pairwise(every):
        assert before.day <= after.day
        for reading in ("certain", "possible"):
            old, new = getattr(before, reading).standard, getattr(after, reading).standard
            assert new.images <= old.images
            assert new.size <= old.size
    for level in every:
        assert 0 <= level.possible.standard.images <= level.certain.standard.images


@given(shown=previews())
def test_the_chart_ends_with_the_images_that_the_schedule_keeps(shown: RepositoryPreview) -> None:
    every = every_level(shown)
    gone = {each.image.digest for each in shown.schedule if each.action == "expire"}
    evaluation = shown.evaluation
    images = [each.image for each in (*evaluation.decisions, *evaluation.uncertain, *evaluation.kept)]
    left = every[-1].possible

    assert every[-1].day == max((each.day for each in shown.schedule), default=shown.at.date())
    assert left.standard.images + left.archive.images == sum(image.digest not in gone for image in images)


def test_an_image_that_is_archived_and_then_deleted_is_in_the_archive_meanwhile() -> None:
    (image,) = pipeline_images("build-{n}", days=1, until=AT)
    stages = list(daily_totals([image], [leaves(image, 3, "archive"), leaves(image, 9)], today=TODAY))

    assert [(each.day, each.certain.standard.images, each.certain.archive.images) for each in stages] == [
        (day(0), 1, 0),
        (day(3), 0, 1),
        (day(9), 0, 0),
    ]


def test_images_that_are_in_the_archive_already_are_deleted_from_it() -> None:
    (image,) = archived(pipeline_images("build-{n}", days=1, until=AT), at=AT)
    last = list(daily_totals([image], [leaves(image, 9)], today=TODAY))[-1]

    assert last.certain.archive == last.certain.standard == ImageTotals(images=0, size=0)


def test_an_image_is_subtracted_once_and_a_missing_one_never() -> None:
    image, stranger = pipeline_images("build-{n}", days=2, until=AT)
    stages = list(daily_totals([image], [leaves(stranger, 3), leaves(image, 6), leaves(image, 9)], today=TODAY))

    assert [each.certain.standard.images for each in stages] == [1, 1, 0, 0]


def test_certain_and_uncertain_deletions_are_reported_separately() -> None:
    sure, unsure = pipeline_images("build-{n}", days=2, until=AT)
    last = list(daily_totals([sure, unsure], [leaves(sure, 1), leaves(unsure, 1, is_certain=False)], today=TODAY))[-1]

    assert (last.certain.standard.images, last.possible.standard.images) == (1, 0)


# --- the charts -------------------------------------------------------------------------------------------------------


def test_the_line_begins_at_the_top_and_never_rises() -> None:
    for panel in chart_of(FULL).panels:
        tops = [float(top) for top in re.findall(r"V([\d.]+)", panel.standard)]

        assert panel.standard.startswith("M0 0H")
        assert tops == sorted(tops)
        assert max(tops) <= 100


@given(shown=previews())
def test_lines_run_from_left_to_right_inside_the_chart(shown: RepositoryPreview) -> None:
    chart = storage_chart(shown)
    for panel in chart.panels if chart else ():
        for path in filter(None, (panel.standard, panel.archive)):
            places = [float(place) for place in re.findall(r"H([\d.-]+)", path)]
            assert places == sorted(places)
            assert 40 <= places[0] <= places[-1] == 1000
            assert all(0 <= float(top) <= 100 for top in re.findall(r"V([\d.-]+)", path))


def test_the_upper_edge_is_the_most_there_ever_is() -> None:
    images, bytes_ = chart_of(FULL).panels
    first = every_level(FULL)[0].certain.standard

    assert (images.highest, bytes_.highest) == (first.images, first.size)


def test_archived_and_uncertain_images_are_drawn_if_there_are_any() -> None:
    images = pipeline_images("build-{n}", days=4, until=AT)
    plain = chart_of(preview(images, schedule=(leaves(images[0], 3),)))
    both = chart_of(preview(images, schedule=(leaves(images[0], 3, "archive"), leaves(images[1], 5, is_certain=False))))

    assert (plain.has_archive, plain.has_uncertain) == (False, False)
    assert {panel.archive + panel.uncertain + panel.archive_uncertain for panel in plain.panels} == {""}
    assert (both.has_archive, both.has_uncertain) == (True, True)
    assert all(panel.archive and panel.uncertain for panel in both.panels)


def test_the_area_between_two_lines_is_closed() -> None:
    images = pipeline_images("build-{n}", days=2, until=AT)
    chart = chart_of(preview(images, schedule=(leaves(images[0], 15, is_certain=False),)))

    assert chart.panels[0].uncertain == "M0 0H520V0H1000V50H520V0H0V0Z"


def test_images_without_a_known_size_can_be_drawn() -> None:
    nothing = Image(digest="sha256:" + "0" * 64, pushed_at=AT)
    chart = chart_of(preview([nothing], schedule=(leaves(nothing, 3),)))

    assert chart.panels[1].highest == 0
    assert "nan" not in chart.panels[1].standard


@given(shown=previews())
def test_the_labels_of_days_do_not_overlap(shown: RepositoryPreview) -> None:
    chart = storage_chart(shown)
    labels = chart.labels if chart else ()

    assert is_legible(labels, width=544)
    assert is_legible([tick for tick in labels if not tick.is_minor], width=320)


def test_the_number_at_the_end_of_a_line_is_the_remaining_size() -> None:
    images = pipeline_images("build-{n}", days=4, until=AT)
    chart = chart_of(preview(images, schedule=(leaves(images[0], 3),)))
    both = chart_of(preview(images, schedule=(leaves(images[0], 3, "archive"),)))
    close = chart_of(preview(images, schedule=(leaves(images[0], 3, "archive"), leaves(images[1], 3, "archive"))))

    assert [[end.value for end in panel.ends] for panel in chart.panels] == [[3], [300_000_000]]
    assert chart.panels[0].ends[0].top == 16 + 140 / 4 - 4
    assert [end.value for end in both.panels[0].ends] == [3, 1]
    assert [end.value for end in close.panels[0].ends] == [2]
    page = page_of(preview(images, schedule=(leaves(images[0], 3),)))
    assert [
        each.text
        for each in page.one("svg", class_="storage-chart", **{"aria-label": LABEL}).all("text", class_="peak")
    ] == ["3"]


def test_a_line_that_ends_at_zero_has_no_unit() -> None:
    (image,) = pipeline_images("build-{n}", days=1, until=AT)
    page = page_of(preview([image], schedule=(leaves(image, 3),)))

    assert [each.text for each in page.all("text", class_="peak")][-2:] == ["0", "0"]


# --- the text and the table -------------------------------------------------------------------------------------------


def test_the_table_has_the_remaining_images_after_each_day() -> None:
    images = pipeline_images("build-{n}", days=3, until=AT)
    page = page_of(preview(images, schedule=(leaves(images[0], 2), leaves(images[1], 9, is_certain=False))))

    assert table(page, "Images that remain after the actions of a day") == [
        ["before", "3", "300.0 MB"],
        ["2026-06-03", "2", "200.0 MB"],
        ["2026-06-10", "2 (or 1)", "200.0 MB (or 100.0 MB)"],
    ]


def test_a_long_table_is_cut_to_days_that_are_named() -> None:
    images = pipeline_images("build-{n}", days=100, until=AT)
    chart = chart_of(preview(images, policy=LifecyclePolicy.of(expire_older_than(after_days=200, matching="build-*"))))

    assert len(chart.rows) <= 12
    assert chart.rows[0].certain.standard.images == 100
    assert chart.rows[1].day == TODAY
    assert chart.rows[-1].certain.standard.images == 0
    assert all(before.day <= after.day for before, after in pairwise(chart.rows))


def test_a_chart_of_thousands_of_days_has_a_few_hundred_steps() -> None:
    images = pipeline_images("build-{n}", days=1500, until=AT)
    scheduled = tuple(leaves(image, number) for number, image in enumerate(images))
    panel = chart_of(preview(images, schedule=scheduled)).panels[0]

    assert panel.standard.count("V") <= 201
    assert panel.standard.endswith("V100H1000")


def test_a_sentence_replaces_the_chart_if_no_image_is_deleted() -> None:
    page = page_of(preview(pipeline_images("build-{n}", days=1, until=AT), schedule=()))

    assert "No image is deleted or archived, unless others are pushed or pulled." in page.text
    assert page.all("svg", class_="storage-chart") == []


def test_deletions_after_years_are_reported_and_not_drawn() -> None:
    images = pipeline_images("build-{n}", days=2, until=AT)
    late = preview(images, schedule=(leaves(images[0], 4000),))
    both = preview(images, schedule=(leaves(images[0], 4000), leaves(images[1], 10)))

    assert storage_chart(late) is None
    assert "No image is deleted or archived within five years." in page_of(late).text
    assert "1 action later than five years is not shown." in page_of(both).text


def test_days_are_named_as_far_apart_as_they_can_be_read() -> None:
    cases: list[tuple[int, list[str]]] = [
        (1, ["now", "8 Jun", "15 Jun", "22 Jun", "29 Jun"]),
        (60, ["now", "22 Jun", "13 Jul", "3 Aug"]),
        (150, ["now", "Jul 2026", "Aug 2026", "Sep 2026", "Oct 2026", "Nov 2026"]),
        (365, ["now", "Jul 2026", "Oct 2026", "Jan 2027", "Apr 2027"]),
        (1700, ["now", "Jan 2027", "Jan 2028", "Jan 2029", "Jan 2030", "Jan 2031"]),
    ]
    for last, names in cases:
        (image,) = release_images("release-{n}", count=1, until=AT)

        assert [label.text for label in chart_of(preview([image], schedule=(leaves(image, last),))).labels] == names
