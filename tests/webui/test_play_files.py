"""A play of a structure with two bodies goes on in the other body's file, and comes back."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.models import Account
from engine.scenario import fragments_of, read_scenario
from engine.workshop import draft as drafts
from engine.workshop import play
from tests.engine.apart import PROCESSES, open_application, structure
from tests.engine.test_play import do, person
from tests.webui.site import Site, Visitor
from tests.webui.test_play import press
from webui.application import create_app

GROUP, CELL = "File of the security group", "File of the cell"


@pytest.fixture
def site(database: Database, tmp_path: Path, clock: TestClock) -> Site:
    application = open_application(database, tmp_path, clock)
    speak_to(application, "owner.olga", "en")
    return Site(application, create_app(application))


@pytest.fixture
def draft_id(site: Site) -> UUID:
    return drafts.open_draft(
        site.application, _me(site.application), structure().profile.code, "Two files"
    )


def speak_to(application: Application, username: str, language: str) -> None:
    """Let somebody read a language of the own, whatever that of the structure is."""
    with application.database.transaction() as session:
        rows = session.scalars(select(Account).where(Account.username == username)).unique()
        rows.one().language = language


def _me(application: Application) -> UUID:
    return person(application, "owner.olga")


def to_handing_over() -> list[dict[str, object]]:
    """Return the acts up to where the desk has handed over to the cell."""
    code = structure().profile.code
    path = PROCESSES / "profiles" / code / "scenarios" / "two_files.toml"
    steps = read_scenario(path, fragments_of(PROCESSES, code), profile=code).steps
    acts = [step for step in steps if not {"expect", "refused"} & set(step)]
    last = next(place for place, step in enumerate(acts) if step.get("do") == "hand_over")
    return acts[: last + 1]


def owed(visitor: Visitor) -> list[str]:
    assert visitor.page is not None
    found: list[str] = visitor.page.xpath("//ul[@class='owed']/li/strong/text()")
    return found


def test_play_goes_on_in_the_other_file_and_comes_back(site: Site, draft_id: UUID) -> None:
    do(site.application, draft_id, _me(site.application), *to_handing_over())
    olga = site.visit("owner.olga")
    olga.get(f"/workshop/drafts/{draft_id}/play")
    assert f"In this file: {GROUP}" in olga.text()
    assert owed(olga) == []
    text = press(olga, draft_id, "file", "care")
    assert f"In this file: {CELL}" in text
    assert f"On in another file: {CELL}" in text
    assert owed(olga) == ["Choose the partners"]
    text = press(olga, draft_id, "file", "security")
    assert f"In this file: {GROUP}" in text
    assert owed(olga) == []
    number = olga.hidden("number")
    olga.post(f"/workshop/drafts/{draft_id}/play/back", {"keep": str(int(number) - 1)})
    olga.get(f"/workshop/drafts/{draft_id}/play")
    assert f"In this file: {CELL}" in olga.text()


def test_play_is_read_in_the_language_of_the_structure(site: Site, draft_id: UUID) -> None:
    speak_to(site.application, "owner.olga", "")
    do(site.application, draft_id, _me(site.application), *to_handing_over(), {"file": "care"})
    olga = site.visit("owner.olga")
    olga.get(f"/workshop/drafts/{draft_id}/play")
    assert f"Dans ce dossier\xa0: {CELL}" in olga.page.xpath("//main")[0].text_content()
    assert "15 janvier 2026" in olga.text()
    assert "January" not in olga.text()


def test_file_that_nothing_was_handed_over_to_is_refused(site: Site, draft_id: UUID) -> None:
    do(site.application, draft_id, _me(site.application), to_handing_over()[0])
    olga = site.visit("owner.olga")
    olga.get(f"/workshop/drafts/{draft_id}/play")
    assert "Another file" not in olga.text()
    for code in ("care", "security", "no_such_file"):
        assert "This file is not there yet" in press(olga, draft_id, "file", code)


def test_play_over_two_files_is_kept_as_a_scenario_that_passes(site: Site, draft_id: UUID) -> None:
    me = _me(site.application)
    do(site.application, draft_id, me, *to_handing_over(), {"file": "care"})
    with play.playing(site.application, draft_id, me) as played:
        script = play.as_scenario(played, "To the cell")
    assert script.steps[-2:-1] == [{"file": "care"}]
    assert script.steps[-1]["expect"]["stage"] == "analysis"


def test_structure_with_one_file_says_nothing_of_files(application: Application) -> None:
    site = Site(application, create_app(application))
    me = _me(application)
    draft_id = drafts.open_draft(application, me, "base", "One file")
    do(application, draft_id, me, {"start": "signal_received"})
    olga = site.visit("owner.olga")
    olga.get(f"/workshop/drafts/{draft_id}/play")
    assert "In this file" not in olga.text()
    assert "Another file" not in olga.text()
