"""The pages on which a process owner plays a draft: buttons, forms, one step back."""

from typing import Any
from uuid import UUID

import pytest

from engine.workshop import draft as drafts
from engine.workshop import play
from tests.engine.test_play import INTAKE, do, edit, person, told
from tests.webui.site import Site, Visitor


@pytest.fixture
def draft_id(site: Site) -> UUID:
    me = person(site.application, "owner.olga")
    return drafts.open_draft(site.application, me, "base", "Trying")


@pytest.fixture
def olga(site: Site) -> Visitor:
    return site.visit("owner.olga")


def press(visitor: Visitor, draft_id: UUID, kind: str, what: str = "") -> str:
    """Press a button of the page that was looked at last; return the page that follows."""
    number = visitor.hidden("number")
    data = {"kind": kind, "what": what, "number": number}
    assert visitor.post(f"/workshop/drafts/{draft_id}/play", data).status_code == 302
    visitor.get(f"/workshop/drafts/{draft_id}/play")
    return visitor.text()


def form_of(visitor: Visitor) -> dict[str, Any]:
    assert visitor.page is not None
    return {"_number": visitor.hidden("_number")}


def test_play_begins_goes_on_and_back(olga: Visitor, draft_id: UUID) -> None:
    address = f"/workshop/drafts/{draft_id}/play"
    assert olga.get(address).status_code == 200
    assert "How does it begin?" in olga.text()
    text = press(olga, draft_id, "start", "signal_received")
    assert "Check the source" in text
    assert "Answer as" in text
    assert "15 January 2026" in text
    text = press(olga, draft_id, "after", "P7D")
    assert "22 January 2026" in text
    olga.post(f"{address}/back", {"keep": "1"})
    olga.get(address)
    assert "15 January 2026" in olga.text()
    olga.post(f"{address}/back", {"keep": "0"})
    olga.get(address)
    assert "How does it begin?" in olga.text()


def test_step_is_answered_with_its_own_form(site: Site, olga: Visitor, draft_id: UUID) -> None:
    address = f"/workshop/drafts/{draft_id}/play"
    olga.get(address)
    press(olga, draft_id, "start", "signal_received")
    step = f"{address}/steps/check_source?as=intake.bram"
    olga.get(step)
    assert "Bram Jansen" in olga.text()
    number = form_of(olga)
    assert olga.post(step, {**number, "action": "submit"}).status_code == 422
    assert "There are problems" in olga.text()
    answers = told("intake_multi_agency")[1]["answers"]
    assert isinstance(answers, dict)
    data = {**number, "action": "submit", **answers}
    assert olga.post(step, data).status_code == 302
    olga.get(address)
    assert "Check the source, by intake.bram" in olga.text()
    with play.playing(site.application, draft_id, person(site.application, "owner.olga")) as found:
        assert found.acts[1]["answers"] == answers


def test_what_is_typed_is_kept_until_it_is_answered(olga: Visitor, draft_id: UUID) -> None:
    address = f"/workshop/drafts/{draft_id}/play"
    olga.get(address)
    press(olga, draft_id, "start", "signal_received")
    step = f"{address}/steps/check_source"
    kept = olga.post(f"{step}/draft", {"source_summary": "An invented word.", "action": ""})
    assert kept.status_code == 200
    assert "fragment" in kept.get_json()
    olga.get(step)
    assert olga.page is not None
    assert "An invented word." in olga.page.xpath("//textarea[@name='source_summary']/text()")[0]


def test_form_of_an_event_waits_for_nothing_else(olga: Visitor, draft_id: UUID) -> None:
    olga.get(f"/workshop/drafts/{draft_id}/play")
    press(olga, draft_id, "start", "signal_received")
    for kind, what in (("after", "P9999Y"), ("message", "no_such_event"), ("dance", "")):
        assert "Choose one of the buttons" in press(olga, draft_id, kind, what)


def test_draft_that_cannot_run_says_what_to_mend(site: Site, olga: Visitor, draft_id: UUID) -> None:
    me = person(site.application, "owner.olga")
    edit(site.application, draft_id, me, INTAKE, 'value="check_source"', 'value="no_such_form"')
    assert olga.get(f"/workshop/drafts/{draft_id}/play").status_code == 422
    assert "no_such_form" in olga.text()


def test_whole_episode_is_played(site: Site, olga: Visitor, draft_id: UUID) -> None:
    me = person(site.application, "owner.olga")
    do(site.application, draft_id, me, *told("straight_path_to_closed"))
    olga.get(f"/workshop/drafts/{draft_id}/play")
    assert "closed" in olga.text()
    assert "Ask to reopen the case" in olga.text()
    assert "P92D" in olga.text() or "Time passes" in olga.text()


@pytest.mark.parametrize("username", ["chair.clara", "operator.otto"])
def test_others_find_no_play(site: Site, draft_id: UUID, username: str) -> None:
    visitor = site.visit(username)
    address = f"/workshop/drafts/{draft_id}/play"
    for one in (address, f"{address}/steps/check_source"):
        assert visitor.get(one).status_code == 404
    for one in (address, f"{address}/back", f"{address}/steps/x", f"{address}/steps/x/draft"):
        assert visitor.post(one).status_code == 404


def test_draft_that_is_not_there_is_not_found(olga: Visitor) -> None:
    missing = "/workshop/drafts/00000000-0000-4000-8000-000000000000/play"
    assert olga.get(missing).status_code == 404
    assert olga.post(missing, {"kind": "start", "what": "signal_received"}).status_code == 404
