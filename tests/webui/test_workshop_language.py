"""Process owners read in their language what the workshop refuses, plays and offers."""

from uuid import UUID

import pytest
from sqlalchemy import select

from engine.models import Account
from engine.workshop import draft as drafts
from tests.engine.test_play import INTAKE, do, edit, person, told
from tests.webui.site import Site, Visitor
from tests.webui.test_editor import sent as typed
from tests.webui.test_workshop import sent

PLACE = "/workshop/drafts/{}"


@pytest.fixture
def olga(site: Site) -> Visitor:
    with site.application.database.transaction() as session:
        found = session.scalars(select(Account).where(Account.username == "owner.olga")).unique()
        found.one().language = "nl"
    return site.visit("owner.olga")


@pytest.fixture
def draft_id(site: Site) -> UUID:
    return drafts.open_draft(site.application, person(site.application, "owner.olga"), "base", "x")


def test_refused_archive_is_refused_in_words_of_the_reader(olga: Visitor, draft_id: UUID) -> None:
    address = PLACE.format(draft_id)
    assert sent(olga, f"{address}/upload", "a.zip", b"no archive").status_code == 422
    assert "Het archief kan niet worden gelezen; maak een gewoon zipbestand" in olga.text()
    assert olga.post("/workshop/drafts", {"title": " "}).status_code == 422
    assert "Geef het concept een naam van ten hoogste" in olga.text()


def test_play_that_no_longer_goes_says_so_in_the_language(
    site: Site, olga: Visitor, draft_id: UUID
) -> None:
    me = person(site.application, "owner.olga")
    do(site.application, draft_id, me, *told("intake_multi_agency")[:2])
    edit(site.application, draft_id, me, INTAKE, '"check_source"', '"look_at_source"')
    edit(site.application, draft_id, me, INTAKE, ">check_source<", ">look_at_source<")
    edit(site.application, draft_id, me, INTAKE, "check_source,", "look_at_source,")
    edit(site.application, draft_id, me, INTAKE, 'value="look_at_source"', 'value="check_source"')
    olga.get(f"{PLACE.format(draft_id)}/play")
    assert "Handeling 2 gaat niet meer: niemand hoeft dit nu te doen" in olga.text()


def test_draft_that_cannot_be_played_says_why_in_the_language(
    site: Site, olga: Visitor, draft_id: UUID
) -> None:
    me = person(site.application, "owner.olga")
    edit(site.application, draft_id, me, INTAKE, 'value="check_source"', 'value="no_such_form"')
    assert olga.get(f"{PLACE.format(draft_id)}/play").status_code == 422
    assert "Het concept kan nog niet worden doorlopen: signal_intake.bpmn:" in olga.text()


def test_operators_are_offered_with_what_they_do(olga: Visitor, draft_id: UUID) -> None:
    found = olga.get(f"{PLACE.format(draft_id)}/catalogue").get_json()
    said = {one["id"]: one["summary"] for one in found["operators"]}
    assert said["closing/record_blocked"].startswith("Leg vast dat de afsluitregel van het profiel")


@pytest.mark.parametrize(
    ("kind", "source", "words"),
    [
        ("condition", "route =", "In de expressie `route =` op plaats 8: ze eindigt te vroeg"),
        ("tests", "date(2026) >", "In de expressie"),
    ],
)
def test_typed_expression_is_judged_in_the_language(
    olga: Visitor, draft_id: UUID, kind: str, source: str, words: str
) -> None:
    address = f"{PLACE.format(draft_id)}/expression"
    found = typed(olga, address, kind=kind, source=source).get_json()["error"]
    assert words in found
