"""A process owner sees where cases stand and how long steps take, and never a case."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from engine.application import Application
from engine.workshop.whereabouts import whereabouts
from tests.webui.site import Site, Visitor
from tests.webui.story import tell

INTAKE = "/workshop/running?diagram=signal_intake"
CODE = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b")


def _marks(visitor: Visitor) -> dict[str, dict[str, str]]:
    assert visitor.page is not None
    found: dict[str, dict[str, str]] = json.loads(visitor.page.xpath("//@data-marks")[0])
    return found


def test_two_cases_look_like_none_and_three_are_counted(site: Site) -> None:
    olga = site.visit("owner.olga")
    olga.get(INTAKE)
    nothing = olga.text()
    codes = [tell(site, "signal_to_route", until="decide_route").code for _ in range(2)]
    olga.get(INTAKE)
    assert olga.text() == nothing
    codes.append(tell(site, "signal_to_route", until="decide_route").code)
    olga.get(INTAKE)
    assert olga.text() != nothing
    assert _marks(olga)["decide_route"]["here"] == "3 here"
    assert not any(code in olga.text() for code in codes)
    assert not CODE.search(olga.text())


def test_median_is_told_of_steps_that_enough_cases_did(site: Site) -> None:
    cases = [site.report() for _ in range(3)]
    for case, days in zip(cases, (1, 5, 9), strict=True):
        item = site.item(case, "check_source")
        site.change(
            item.id,
            state="completed",
            completed_at=item.created_at + timedelta(days=days),
        )
    site.application.clock.advance(timedelta(days=10))  # type: ignore[attr-defined]
    olga = site.visit("owner.olga")
    olga.get(INTAKE)
    assert _marks(olga)["check_source"]["words"] == "5 days"
    assert _marks(olga)["check_source"]["mark"] == "heat2"
    assert _marks(olga)["decide_route"]["words"] == ""


@pytest.mark.parametrize("days", [(2, 4), (1, 2, 8, 9)])
def test_middle_is_the_mean_of_two_and_two_cases_are_kept_back(
    application: Application, days: tuple[int, ...], site: Site
) -> None:
    for count in days:
        item = site.item(site.report(), "check_source")
        done = item.created_at + timedelta(days=count)
        site.change(item.id, state="completed", completed_at=done)
    with application.database.reading() as session:
        deployment = application.deployment(session)
        now = application.now(session) + timedelta(days=20)
    found = {
        one.element.id: one.days
        for one in whereabouts(application, deployment, "signal_intake", now)
    }
    expected: Any = None if len(days) == 2 else pytest.approx(5)
    assert found["check_source"] == expected


def test_others_find_nothing(site: Site) -> None:
    for username in ("chair.clara", "operator.otto", "police.peter"):
        assert site.visit(username).get("/workshop/running").status_code == 404
    olga = site.visit("owner.olga")
    assert olga.get(f"/workshop/running?version={'0' * 64}").status_code == 404
