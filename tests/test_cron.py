"""When schedules are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statewright.cron import UnusableExpression, read_cron

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("expression", "after", "wanted"),
    [
        ("cron(0 0 * * ? *)", "2026-11-20T23:59:59", "2026-11-21T00:00:00"),
        ("cron(0 0 * * ? *)", "2026-11-21T00:00:00", "2026-11-22T00:00:00"),
        ("cron(*/15 8-9 * * ? *)", "2026-11-21T08:50:00", "2026-11-21T09:00:00"),
        ("cron(5/20 * * * ? *)", "2026-11-21T08:26:00", "2026-11-21T08:45:00"),
        ("cron(0 12 29 2 ? *)", "2026-11-21T00:00:00", "2028-02-29T12:00:00"),
        ("cron(0 0 ? * MON-FRI *)", "2026-11-20T00:00:00", "2026-11-23T00:00:00"),
        ("cron(0 0 ? * 1 *)", "2026-11-20T00:00:00", "2026-11-22T00:00:00"),
        ("cron(0,30 6 1 JAN,JUL ? 2027)", "2026-11-20T00:00:00", "2027-01-01T06:00:00"),
    ],
)
def test_the_next_time_is_the_first_that_every_field_names(expression: str, after: str, wanted: str) -> None:
    found = read_cron(expression).after(datetime.fromisoformat(after).replace(tzinfo=UTC))

    assert found == datetime.fromisoformat(wanted).replace(tzinfo=UTC)


def test_given_years_that_are_over_there_is_no_next_time() -> None:
    assert read_cron("cron(0 0 1 1 ? 2020)").after(datetime(2026, 1, 1, tzinfo=UTC)) is None


@given(moment=MOMENTS, days=st.integers(0, 40))
def test_between_two_moments_every_midnight_is_due_once(moment: datetime, days: int) -> None:
    end = moment + timedelta(days=days)

    found = list(read_cron("cron(0 0 * * ? *)").between(moment, end))

    assert len(found) == (end.date() - moment.date()).days
    assert all(moment < each <= end and (each.hour, each.minute) == (0, 0) for each in found)


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 day)",
        "at(2026-01-01T00:00:00)",
        "cron(0 0 * * ?)",
        "cron(0 0 * * * *)",
        "cron(0 0 ? * ? *)",
        "cron(60 0 * * ? *)",
        "cron(0 0 L * ? *)",
        "cron(0 0 ? * 2#1 *)",
        "cron(0 0 15W * ? *)",
        "cron(0 5-4 * * ? *)",
        "cron(*/0 0 * * ? *)",
        "cron(? 0 * * ? *)",
        "cron(0 0 * FEB-XYZ ? *)",
        "cron(٣ 0 * * ? *)",
        "",
    ],
)
def test_an_expression_that_is_not_understood_is_refused(expression: str) -> None:
    with pytest.raises(UnusableExpression):
        read_cron(expression)
