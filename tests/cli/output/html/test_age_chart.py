"""The chart of images by age: each image is drawn once, in the row of its outcome and the column of its age."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr_constructs.cli.output.html.age_chart import AgeAxis, AgeChart, age_chart
from ecr_constructs.cli.output.html.axis_labels import place_labels
from ecr_constructs.cli.preview.result import RepositoryPreview
from ecr_constructs.model import LifecyclePolicy, expire_older_than, keep_latest
from ecr_constructs.testing import pipeline_images, release_images
from tests.cli.output.html.pages import AT, Element, is_legible, page_of, preview, table
from tests.model.lifecycle.image_strategies import AT as DRAWN_AT
from tests.model.lifecycle.image_strategies import repositories
from tests.model.lifecycle.strategies import policies

GROUPS = ("expired", "archived", "uncertain", "kept")


@st.composite
def previews(draw: st.DrawFn) -> RepositoryPreview:
    policy, images = (
        draw(policies),
        draw(repositories(archive=True, restoration=True, indexes=True, referrers=True)),
    )
    evaluation = policy.evaluate(images, at=DRAWN_AT)
    return RepositoryPreview(
        repository="prod/api",
        policy=policy,
        where="template.json",
        at=DRAWN_AT,
        evaluation=evaluation,
        schedule=(),
        findings=(),
        in_use={each.image.digest: ("task batch",) for each in evaluation.kept[::2]},
    )


def chart_of(shown: RepositoryPreview) -> AgeChart:
    chart = age_chart(shown)
    assert chart is not None
    return chart


def rows_of(page: Element) -> dict[str, Element]:
    return {group: row for group in GROUPS for row in page.all("svg", class_=group)}


# --- images and rows --------------------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(shown=previews())
def test_the_page_draws_every_image_once_in_the_row_of_its_outcome(shown: RepositoryPreview) -> None:
    drawn = {
        group: sum(int(bar.attributes["data-count"]) for bar in row.all("rect"))
        for group, row in rows_of(page_of(shown)).items()
    }

    assert drawn == {
        group: len(getattr(shown.evaluation, group)) for group in GROUPS if getattr(shown.evaluation, group)
    }


@given(shown=previews())
def test_a_chart_has_the_numbers_of_its_table_and_no_bar_beyond_its_edges(shown: RepositoryPreview) -> None:
    chart = age_chart(shown)
    if chart is None:
        assert [len(getattr(shown.evaluation, group)) for group in GROUPS] == [0] * 4
        return

    assert [row.count for row in chart.rows] == [
        sum(row.counts[number] for row in chart.numbers) for number in range(len(chart.rows))
    ]
    assert sum(row.in_use for row in chart.numbers) == len(shown.in_use or ()) == sum(row.in_use for row in chart.rows)
    for row in chart.rows:
        assert all(bar.left >= 0 and bar.left + bar.width <= 100 for bar in row.bars)
        assert all(bar.top >= 0 and bar.height > 0 and bar.top + bar.height <= row.baseline + 0.1 for bar in row.bars)
        assert row.baseline < row.height <= 160


def test_the_bars_of_many_images_are_as_high_as_their_counts() -> None:
    shown = preview(pipeline_images("build-{n}", days=300, until=AT, a_day=2))
    chart = chart_of(shown)
    expired = chart.rows[0]
    heights = {bar.count: bar.height for bar in expired.bars}

    assert not chart.has_blocks
    assert expired.group == "expired"
    assert expired.height <= 160
    assert heights[14] * 60 == pytest.approx(heights[60] * 14, abs=5)
    assert max(heights) == expired.peak[0]


def test_a_row_of_few_images_is_legible_beside_one_of_many() -> None:
    shown = preview(
        [*pipeline_images("build-{n}", days=1, until=AT), *pipeline_images("build-1{n}", days=300, until=AT, a_day=20)]
    )
    rows = {row.group: row for row in chart_of(shown).rows}

    assert max(bar.height for bar in rows["kept"].bars) >= 28
    assert min(bar.height for row in rows.values() for bar in row.bars) >= 2
    assert rows["kept"].height < rows["expired"].height


def test_each_of_few_images_is_a_block_with_a_title() -> None:
    page = page_of(preview(pipeline_images("build-{n}", days=20, until=AT)))
    titles = [bar.text for bar in rows_of(page)["expired"].all("rect")]

    assert titles[-1] == "build-5, pushed 2026-05-17: it was pushed more than 14 days ago"
    assert {bar.attributes["data-count"] for bar in page.all("rect")} == {"1"}


def test_a_chart_has_blocks_up_to_250_images_and_30_in_a_column() -> None:
    for number, has_blocks in ((250, True), (251, False)):
        images = release_images("release-{n}", count=number, every_days=3, until=AT)
        assert chart_of(preview(images)).has_blocks == has_blocks, number
    for number, has_blocks in ((30, True), (31, False)):
        images = pipeline_images("build-{n}", days=1, a_day=number, until=AT)
        assert chart_of(preview(images)).has_blocks == has_blocks, number


def test_a_dot_marks_images_in_use() -> None:
    images = pipeline_images("build-{n}", days=10, until=AT)
    page = page_of(preview(images, in_use={images[0].digest: ("task batch",), images[9].digest: ("task batch",)}))

    assert [dot.text for dot in rows_of(page)["kept"].all("circle")] == ["1 in use", "1 in use"]
    assert page.one("span", class_="in-use-count").text == "2 in use"
    assert [row[2] for row in table(page, "Images by age")] == ["1", *["0"] * 8, "1"]


def test_the_ages_at_which_rules_act_are_thresholds_of_the_chart() -> None:
    policy = LifecyclePolicy.of(
        keep_latest(3, matching="v*"),
        expire_older_than(after_days=7, matching="build-*"),
        expire_older_than(after_days=7, matching="dev-*"),
        expire_older_than(after_days=4000, matching="base-*"),
    )
    chart = chart_of(preview(pipeline_images("build-{n}", days=14, until=AT), policy=policy))

    assert [(each.left, each.days, each.rules) for each in chart.thresholds] == [(50.0, 7, (2, 3))]


# --- the axis ---------------------------------------------------------------------------------------------------------


def axis(days: float) -> AgeAxis:
    return AgeAxis(AT, AT - timedelta(days=days))


def test_an_age_is_labelled_in_days_weeks_months_or_years() -> None:
    expected = {
        -3: "less than a day",
        0: "less than a day",
        0.99: "less than a day",
        1: "1 to 2 days",
        13.99: "13 to 14 days",
        14: "2 to 3 weeks",
        90.99: "12 to 13 weeks",
        91: "3 to 4 months",
        365: "12 to 13 months",
        729.99: "23 to 24 months",
        730: "2 to 3 years",
        3652: "10 years or more",
        20_000: "10 years or more",
    }

    axes = {days: axis(max(days, 0)) for days in expected}
    assert {days: ages.label(ages.column(AT - timedelta(days=days))) for days, ages in axes.items()} == expected


@given(days=st.lists(st.floats(0, 9000), min_size=2, max_size=2).map(sorted))
def test_the_older_of_two_images_is_never_to_the_right(days: list[float]) -> None:
    ages = axis(days[1])
    younger, older = (ages.column(AT - timedelta(days=each)) for each in days)

    assert 0 <= younger <= older < ages.columns
    assert ages.left_of(older) <= ages.left_of(younger)


def test_the_newest_column_ends_at_the_right_and_the_oldest_begins_at_the_left() -> None:
    for days in (0, 1, 30, 400, 5000):
        ages = axis(days)
        assert ages.left_of(0) + ages.width == pytest.approx(100), days
        assert ages.left_of(ages.columns - 1) == pytest.approx(0), days
        assert ages.left_of_age(0) == 100, days


def test_an_age_above_that_of_the_oldest_image_has_no_position() -> None:
    assert axis(10).left_of_age(14) == pytest.approx(0)
    assert axis(10).left_of_age(15) is None


def test_labels_do_not_overlap_on_a_wide_or_a_narrow_screen() -> None:
    for days in (0, 20, 100, 400, 800, 2000, 5000):
        labels = axis(days).labels()
        assert labels[-1].text == "now", days
        assert is_legible(labels, width=544), days
        assert is_legible([label for label in labels if not label.is_minor], width=320), days


def test_a_label_that_would_overlap_an_earlier_one_is_left_out() -> None:
    assert [label.text for label in place_labels([(50.0, "first"), (51.0, "second"), (60.0, "third")])] == [
        "first",
        "third",
    ]
    assert [label.is_minor for label in place_labels([(50.0, "first"), (60.0, "third")])] == [False, True]


def test_an_image_with_a_push_time_in_the_future_is_in_the_newest_column() -> None:
    images = pipeline_images("build-{n}", days=1, until=datetime(2027, 1, 1, tzinfo=AT.tzinfo))

    assert [row.label for row in chart_of(preview(images)).numbers] == ["less than a day"]
