"""Sizes, days and instants as text: the fast ways have the same results as the plain ones."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from ecr_constructs.cli.formatting import format_day, format_exact, format_size

_ZONES = st.sampled_from([timezone.utc, timezone(timedelta(hours=2)), None])


@given(st.one_of(st.dates(), st.datetimes(timezones=_ZONES)))
def test_a_day_is_the_begin_of_its_iso_text(moment: date) -> None:
    assert format_day(moment) == moment.isoformat()[:10]


@given(st.datetimes(timezones=_ZONES))
@example(datetime(2026, 6, 1, 9, 5, 7, tzinfo=timezone.utc))
def test_an_exact_instant_is_its_iso_text(moment: datetime) -> None:
    assert format_exact(moment) == moment.isoformat()


@given(st.integers(0, 2**63))
@example(999)
@example(999_949)
@example(999_950)
@example(999_949_999)
@example(2**63 - 1)
def test_a_size_has_the_unit_with_one_to_three_digits_before_the_point(number: int) -> None:
    size, unit = float(number), 0
    while round(size, 1) >= 1000 and unit < 5:
        size, unit = size / 1000, unit + 1
    text = f"{size:,.1f}" if unit else f"{size:,.0f}"
    assert format_size(number) == f"{text} {('bytes', 'kB', 'MB', 'GB', 'TB', 'PB')[unit]}"
