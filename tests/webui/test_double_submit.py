"""R16: what is sent twice is there once, and the second answer shows what the first one did.

A double click sends the same form twice at the same instant; going back or reloading sends it
again later, and so does a browser that got no answer.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from engine.models import (
    AuditEntry,
    Base,
    Case,
    Disclosure,
    FormSubmission,
    LegalHold,
    Note,
    ReportQuestion,
    Signal,
)
from tests.goal import Figure
from tests.webui import test_disclosure, test_hold
from tests.webui.site import Site, Visitor
from tests.webui.test_work import CHECKED

ANNA = "intake.anna"
CALL = {"kind": "signal", "channel": "telephone", "text": "A caller is worried.", "name": "P"}


@dataclass(frozen=True)
class Sent:
    """A form that makes something new: who sends it where, and what it makes."""

    who: str
    path: str
    answers: Callable[[Site, Visitor], dict[str, Any]]
    makes: type[Base]


def _question(_: Site, anna: Visitor) -> dict[str, str]:
    return {"signal": anna.hidden("signal"), "question": "When was it?"}


def _hold(site: Site, _: Visitor) -> dict[str, str]:
    with site.application.database.reading() as session:
        return {"code": session.scalars(select(Case.code)).one(), **test_hold.FORM}


FORMS = {
    "a report": Sent(ANNA, "/signals/new", lambda *_: CALL, Signal),
    "a note": Sent(
        ANNA, "/cases/{code}/notes/new", lambda *_: {"kind": "note", "text": "Rang."}, Note
    ),
    "a question": Sent(ANNA, "/cases/{code}/reporter", _question, ReportQuestion),
    "a hold": Sent(test_hold.HEAD, "/holds/new", _hold, LegalHold),
    "a request for access": Sent(
        test_disclosure.OFFICER, "/disclosures/new", lambda *_: test_disclosure.FORM, Disclosure
    ),
    "an answer to a step": Sent(
        ANNA, "/work/{item}", lambda *_: {"action": "submit", **CHECKED}, FormSubmission
    ),
}


def _count(site: Site, table: type[Base]) -> int:
    with site.application.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _deeds(site: Site) -> list[str]:
    """Return all that is on record, apart from what was opened and read."""
    with site.application.database.reading() as session:
        events = session.scalars(select(AuditEntry.event))
        return sorted(event for event in events if not event.endswith((":open", ":read")))


@pytest.mark.parametrize("name", FORMS)
def test_form_sent_again_makes_nothing_new(site: Site, name: str, figure: Figure) -> None:
    form, case = FORMS[name], site.report()
    item: UUID = site.item(case, "check_source").id
    path = form.path.format(code=case.code, item=item)
    first, token = site.visit(form.who), ""
    first.get(path)
    answers = {**form.answers(site, first), "_key": first.hidden("_key")}
    token = first.token or ""
    before = _count(site, form.makes)

    def click(_: int) -> TestResponse:
        return Visitor(site.app, token).post(path, answers)

    with ThreadPoolExecutor(2) as pool:
        clicks = list(pool.map(click, range(2)))
    deeds = _deeds(site)
    later = first.post(path, answers)
    assert {one.status_code for one in (*clicks, later)} == {302}
    assert len({one.headers["Location"] for one in (*clicks, later)}) == 1
    assert _count(site, form.makes) == before + 1
    assert _deeds(site) == deeds
    figure("R16", forms=1, sent=3, made=_count(site, form.makes) - before)


def test_report_sent_again_shows_the_case_and_the_code_of_the_first(site: Site) -> None:
    anna, told = site.visit(ANNA), []
    anna.get("/signals/new")
    form = {**CALL, "_key": anna.hidden("_key")}
    for _ in range(2):
        address = anna.post("/signals/new", form).headers["Location"]
        anna.get(address)
        assert anna.page is not None
        told.append([one.text_content() for one in anna.page.xpath("//*[@role='status']")])
        assert "Receipt code for the caller" in str(told[-1])
    assert told[0] == told[1]


def test_form_opened_anew_is_another_deed(site: Site) -> None:
    anna = site.visit(ANNA)
    for _ in range(2):
        anna.get("/signals/new")
        anna.post("/signals/new", {**CALL, "_key": anna.hidden("_key")})
    assert _count(site, Signal) == 2


def test_key_of_somebody_else_shows_nothing_of_what_that_person_made(site: Site) -> None:
    anna, bram, places = site.visit(ANNA), site.visit("intake.bram"), []
    for visitor in (anna, bram):
        answer = visitor.post("/signals/new", {**CALL, "_key": "a key that both have"})
        places.append(answer.headers["Location"])
    assert len(set(places)) == 2
    assert _count(site, Signal) == 2


def test_page_left_by_going_back_shows_what_was_answered(site: Site) -> None:
    item = site.item(site.report(), "check_source")
    anna = site.visit(ANNA)
    anna.get(f"/work/{item.id}")
    form = {"action": "submit", "_key": anna.hidden("_key"), **CHECKED}
    anna.post(f"/work/{item.id}", form)
    # Back to the form as the browser has kept it, and sent with other words.
    answer = anna.post(f"/work/{item.id}", {**form, "source_summary": "Other words."})
    assert answer.status_code == 302
    anna.get(f"/work/{item.id}")
    assert CHECKED["source_summary"] in anna.text()
    assert "Other words." not in anna.text()
    assert _count(site, FormSubmission) == 1
