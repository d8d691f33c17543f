"""The pages of a draft's scenarios: list, table of steps, file as written, coverage."""

import json
from typing import Any
from uuid import UUID

import pytest

from engine.job import run_next_job
from engine.workshop import draft as drafts
from engine.workshop.script import read_script
from tests.engine.test_play import do, person, told
from tests.engine.workshop import few_scenarios
from tests.webui.site import Site, Visitor

NAME = "intake_unread"


@pytest.fixture
def draft_id(site: Site) -> UUID:
    me = person(site.application, "owner.olga")
    made = drafts.open_draft(site.application, me, "base", "Trying")
    few_scenarios(site.application, made, me)
    return made


@pytest.fixture
def olga(site: Site) -> Visitor:
    return site.visit("owner.olga")


@pytest.fixture
def pages(draft_id: UUID) -> str:
    return f"/workshop/drafts/{draft_id}/scenarios"


def table(visitor: Visitor) -> dict[str, Any]:
    """Return what the table on the page would send."""
    assert visitor.page is not None
    form = visitor.page.xpath("//form[contains(@class,'scenario')]")[0]
    return dict(form.form_values())


def kept(site: Site, draft_id: UUID, name: str = NAME) -> list[dict[str, Any]]:
    with site.application.database.reading() as session:
        files = drafts.files(session, drafts.load(session, draft_id))
    return read_script(files[f"scenarios/{name}.toml"], name).steps


def test_worker_runs_all_and_the_list_says_how_each_went(
    site: Site, olga: Visitor, pages: str
) -> None:
    olga.get(pages)
    assert "not run yet" in olga.text()
    olga.post(pages)
    olga.get(pages)
    assert "0 of 1 have run" in olga.text()
    while run_next_job(site.application):
        pass
    olga.get(pages)
    assert "as told" in olga.text()
    assert "have run" not in olga.text()


def test_rows_are_moved_added_and_taken_away_on_the_page_alone(
    site: Site, olga: Visitor, pages: str, draft_id: UUID
) -> None:
    olga.get(f"{pages}/{NAME}")
    first = table(olga)
    before = kept(site, draft_id)
    assert olga.post(f"{pages}/{NAME}", first | {"action": "down:0"}).status_code == 200
    moved = table(olga)
    assert (moved["kind-0"], moved["what-0"]) == (first["kind-1"], first["what-1"])
    assert (moved["kind-1"], moved["what-1"]) == (first["kind-0"], first["what-0"])
    olga.post(f"{pages}/{NAME}", moved | {"action": "up:1"})
    assert {k: v for k, v in table(olga).items() if "csrf" not in k} == {
        k: v for k, v in first.items() if "csrf" not in k
    }
    olga.post(f"{pages}/{NAME}", first | {"action": "add:1"})
    assert table(olga)["rows"] == str(len(before) + 1)
    olga.post(f"{pages}/{NAME}", first | {"action": "delete:0"})
    assert table(olga)["rows"] == str(len(before) - 1)
    assert kept(site, draft_id) == before


def test_table_is_kept_in_the_draft(site: Site, olga: Visitor, pages: str, draft_id: UUID) -> None:
    olga.get(f"{pages}/{NAME}")
    sent = table(olga)
    last = int(sent["rows"])
    row = {
        f"kind-{last}": "after",
        f"what-{last}": "P3D",
        f"by-{last}": "",
        f"whose-{last}": "",
        f"details-{last}": "",
    }
    sent |= row | {"rows": str(last + 1), "title": "Another title", "action": "save"}
    assert olga.post(f"{pages}/{NAME}", sent).status_code == 302
    assert kept(site, draft_id)[-1] == {"after": "P3D"}
    olga.get(pages)
    assert "Another title" in olga.text()


def test_row_that_cannot_be_read_is_named_and_nothing_is_kept(
    site: Site, olga: Visitor, pages: str, draft_id: UUID
) -> None:
    olga.get(f"{pages}/{NAME}")
    before = kept(site, draft_id)
    sent = table(olga) | {"details-1": "answers.first = ", "action": "save"}
    assert olga.post(f"{pages}/{NAME}", sent).status_code == 422
    assert "Step 2, details: not readable as TOML" in olga.text()
    assert table(olga)["details-1"] == "answers.first = "
    assert kept(site, draft_id) == before


def test_somebody_who_saved_in_between_is_not_overwritten(olga: Visitor, pages: str) -> None:
    olga.get(f"{pages}/{NAME}")
    sent = table(olga)
    olga.post(f"{pages}/{NAME}", sent | {"title": "First", "action": "save"})
    assert (
        olga.post(f"{pages}/{NAME}", sent | {"title": "Second", "action": "save"}).status_code
        == 422
    )
    assert "Olga Prins saved this file" in olga.text()
    olga.get(pages)
    assert "First" in olga.text()


def test_file_is_edited_as_it_is_written(
    site: Site, olga: Visitor, pages: str, draft_id: UUID
) -> None:
    olga.get(f"{pages}/{NAME}?raw=1")
    sent = table(olga)
    text = '# A remark.\ntitle = "By hand"\n[[step]]\nstart = "signal_received"\n'
    assert (
        olga.post(f"{pages}/{NAME}", sent | {"text": text, "action": "save-raw"}).status_code == 302
    )
    with site.application.database.reading() as session:
        files = drafts.files(session, drafts.load(session, draft_id))
    assert files[f"scenarios/{NAME}.toml"].decode() == text
    olga.get(f"{pages}/{NAME}?raw=1")
    wrong = table(olga) | {"text": "title = ", "action": "save-raw"}
    assert olga.post(f"{pages}/{NAME}", wrong).status_code == 422
    assert "not readable as TOML" in olga.text()


def test_one_scenario_runs_at_once(olga: Visitor, pages: str) -> None:
    olga.get(pages)
    assert olga.post(f"{pages}/{NAME}/run").status_code == 302
    olga.get(f"{pages}/{NAME}")
    assert "as told" in olga.text()
    assert olga.post(f"{pages}/no_such/run").status_code == 404


def test_coverage_says_in_words_what_the_drawing_shows(
    olga: Visitor, pages: str, draft_id: UUID
) -> None:
    address = f"/workshop/drafts/{draft_id}/coverage?diagram=signal_intake"
    olga.get(address)
    assert "No scenario has run yet" in olga.text()
    olga.post(f"{pages}/{NAME}/run")
    olga.get(address)
    assert olga.page is not None
    marks = json.loads(olga.page.xpath("//@data-marks")[0])
    never = {one for one, mark in marks.items() if mark["mark"] == "never"}
    told_never = set(olga.page.xpath("//section[@aria-labelledby='told']//@data-element"))
    assert never == told_never
    assert "check_source" not in never
    assert never


def test_play_becomes_a_scenario_on_its_page(
    site: Site, olga: Visitor, pages: str, draft_id: UUID
) -> None:
    do(
        site.application,
        draft_id,
        person(site.application, "owner.olga"),
        *told("intake_multi_agency"),
    )
    address = f"/workshop/drafts/{draft_id}/play"
    olga.get(address)
    assert "Keep this play as a scenario" in olga.text()
    sent = {"name": "played", "title": "What I played"}
    assert olga.post(f"{address}/scenario", sent).headers["Location"].endswith("/scenarios/played")
    assert kept(site, draft_id, "played")[0]["start"] == "signal_received"
    assert kept(site, draft_id, "played")[-1]["expect"]["stage"] == "analysis"
    olga.post(f"{address}/scenario", sent)
    olga.get(address)
    assert "choose another name" in olga.text()
    olga.get(pages)
    assert "What I played" in olga.text()


@pytest.mark.parametrize("username", ["chair.clara", "operator.otto"])
def test_others_find_no_scenarios(site: Site, pages: str, draft_id: UUID, username: str) -> None:
    visitor = site.visit(username)
    coverage = f"/workshop/drafts/{draft_id}/coverage"
    for one in (pages, f"{pages}/{NAME}", coverage):
        assert visitor.get(one).status_code == 404
    play = f"/workshop/drafts/{draft_id}/play/scenario"
    for one in (pages, f"{pages}/{NAME}", f"{pages}/{NAME}/run", play):
        assert visitor.post(one).status_code == 404
