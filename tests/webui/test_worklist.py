"""The worklist: groups at their boundaries, who sees what, filter and sort in the address."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.reading.worklist import Filter, worklist
from tests.webui.site import Site
from webui.when import week_ahead

ZONE = ZoneInfo("Europe/Amsterdam")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("offset", "group"),
    [
        (-SECOND, "overdue"),
        (timedelta(), "this_week"),
        (timedelta(days=7), "this_week"),
        (timedelta(days=30), "later"),
    ],
)
def test_worklist_groups_by_due_date(site: Site, offset: timedelta, group: str) -> None:
    item = site.item(site.report(), "check_source")
    now = site.application.clock.now()
    site.change(item.id, due_at=now + offset)
    assert group in groups(site, "intake.anna")


def test_worklist_puts_the_first_instant_after_the_week_under_later(site: Site) -> None:
    item = site.item(site.report(), "check_source")
    end = week_ahead(site.application.clock.now(), ZONE)
    site.change(item.id, due_at=end)
    assert groups(site, "intake.anna") == ["later"]
    site.change(item.id, due_at=end - SECOND)
    assert groups(site, "intake.anna") == ["this_week"]


def groups(site: Site, username: str, wanted: Filter | None = None) -> list[str]:
    now = site.application.clock.now()
    with site.application.database.reading() as session:
        account = site._account(session, username)
        found = worklist(session, account, now, week_ahead(now, ZONE), wanted or Filter())
    names = ("overdue", "this_week", "later", "waiting")
    return [name for name in names if getattr(found, name)]


def test_worklist_is_empty_for_who_owes_nothing(site: Site) -> None:
    site.report()
    assert groups(site, "police.peter") == []
    peter = site.visit("police.peter")
    peter.get("/")
    assert "You owe nothing" in peter.text()
    assert "appears here" in peter.text()


def test_worklist_shows_what_a_colleague_has_taken_as_waiting(site: Site) -> None:
    item = site.item(site.report(), "check_source")
    site.visit("intake.bram").post(f"/work/{item.id}/claim")
    assert groups(site, "intake.anna") == ["waiting"]
    assert groups(site, "intake.bram") == ["this_week"]


def test_worklist_shows_the_steps_of_others_in_ones_cases(site: Site) -> None:
    from tests.webui.story import tell

    tell(site, "signal_to_route")
    assert groups(site, "intake.anna") == ["waiting"]
    assert "waiting" not in groups(site, "chair.clara")
    assert groups(site, "police.peter") == []


def test_worklist_keeps_filter_and_sort_in_the_address(site: Site) -> None:
    one, two = site.report(), site.report()
    anna = site.visit("intake.anna")
    anna.get(f"/?case={one.code[:6]}&sort=step")
    assert one.code in anna.text()
    assert two.code not in anna.text()
    assert anna.page is not None
    assert anna.page.xpath("//select[@name='sort']/option[@selected]/@value") == ["step"]
    anna.get("/?mine=1")
    assert "You owe nothing" in anna.text()


def test_worklist_names_the_exact_time_in_a_time_element(site: Site) -> None:
    site.report()
    anna = site.visit("intake.anna")
    anna.get("/")
    assert anna.page is not None
    tags = anna.page.xpath("//main//table//time")
    assert tags
    assert all(tag.get("datetime") and "2026" in tag.get("title") for tag in tags)
