"""Age decides which path a case takes, so it is counted in birthdays and never guessed."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.person import age_group_of

ADULT_AT = 18


@pytest.mark.parametrize(
    ("birth_date", "today", "group"),
    [
        (date(2008, 1, 16), date(2026, 1, 15), "minor"),
        (date(2008, 1, 15), date(2026, 1, 15), "adult"),
        (date(2008, 2, 29), date(2026, 2, 28), "minor"),
        (date(2008, 2, 29), date(2026, 3, 1), "adult"),
    ],
)
def test_age_group_changes_on_the_birthday(birth_date: date, today: date, group: str) -> None:
    assert age_group_of(birth_date, today, ADULT_AT) == group


def test_age_group_is_not_guessed_without_a_date_of_birth() -> None:
    assert age_group_of(None, date(2026, 1, 15), ADULT_AT) is None


@given(st.dates(date(1930, 1, 1), date(2030, 1, 1)), st.integers(0, 36_500))
def test_age_group_never_falls_back_to_minor(birth_date: date, days: int) -> None:
    today = birth_date + timedelta(days=days)
    if age_group_of(birth_date, today, ADULT_AT) == "adult":
        assert age_group_of(birth_date, today + timedelta(days=1), ADULT_AT) == "adult"
