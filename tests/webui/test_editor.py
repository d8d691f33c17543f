"""The editors' side of the server: what is opened, saved, judged, and who may do so."""

import json
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from engine.application import Application
from engine.deployment import ResolvedDeployment
from engine.language import current_language, speaking
from engine.models import Account
from engine.proof.proof import Proof
from engine.workshop import draft as drafts
from tests.webui.site import Site, Visitor
from webui import candidate
from webui.catalogue import offered
from webui.typed import judged
from webui.views.editor import EDITORS

PATH = "fade_out_monitoring.bpmn"
NOBODYS = UUID(int=0)


def owner(application: Application, username: str = "owner.olga") -> UUID:
    with application.database.reading() as session:
        found = session.scalars(select(Account).where(Account.username == username)).unique().one()
        return found.id


@pytest.fixture
def draft(application: Application) -> UUID:
    return drafts.open_draft(application, owner(application), "base", "Longer monitoring")


@pytest.fixture
def olga(site: Site) -> Visitor:
    return site.visit("owner.olga")


def address(draft: UUID, deed: str, path: str = PATH) -> str:
    return f"/workshop/drafts/{draft}/{deed}/{path}".rstrip("/")


def sent(visitor: Visitor, url: str, **body: Any) -> Any:
    """Send JSON as the editor does, with the token of the session in a header."""
    headers = {"X-CSRFToken": visitor.csrf(), "Accept": "application/json"}
    return visitor.client.post(url, json=body, headers=headers)


def opened(visitor: Visitor, draft: UUID, path: str = PATH) -> dict[str, str]:
    found: dict[str, str] = visitor.get(address(draft, "content", path)).get_json()
    return found


# -- the page --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "bundle"),
    [
        (PATH, "editor_bpmn"),
        ("decisions/closing_rule.dmn", "editor_dmn"),
        ("forms/check_source.form", "editor_form"),
    ],
)
def test_each_kind_of_file_has_its_editor(
    olga: Visitor, draft: UUID, path: str, bundle: str
) -> None:
    response = olga.get(address(draft, "files", path))
    assert response.status_code == 200
    assert olga.page is not None
    assert olga.page.xpath(f"//main//h1[text()='{path}']")
    others = {f"editor_{name}" for name in EDITORS.values()} - {bundle}
    scripts = " ".join(olga.page.xpath("//script/@src"))
    assert bundle in scripts
    assert not [other for other in others if other in scripts]


@pytest.mark.parametrize("path", ["nowhere.bpmn", "profile.toml", "rules.toml", "../secret"])
def test_what_has_no_editor_does_not_exist(olga: Visitor, draft: UUID, path: str) -> None:
    assert olga.get(address(draft, "files", path)).status_code == 404


def test_everybody_but_process_owners_finds_nothing(site: Site, draft: UUID) -> None:
    urls = [address(draft, deed) for deed in ("files", "content")]
    urls.append(f"/workshop/drafts/{draft}/catalogue")
    absent = address(NOBODYS, "files")
    for username in ("mayor.fatima", "chair.clara", "head.greta", "privacy.paula"):
        visitor = site.visit(username)
        found = [visitor.get(url) for url in (*urls, absent)]
        assert {one.status_code for one in found} == {404}
        pages = {one.get_data(as_text=True).count("does not exist") for one in (found[0], found[3])}
        assert len(pages) == 1
        assert (
            sent(visitor, address(draft, "content"), content="x", expected="y").status_code == 404
        )
    assert site.visit().get(urls[0]).status_code == 302


# -- saving ----------------------------------------------------------------------------------


def test_saved_file_is_what_the_draft_holds(
    application: Application, olga: Visitor, draft: UUID
) -> None:
    before = opened(olga, draft)
    changed = before["content"].replace("Record the monitoring check", "Look whether all is well")
    answer = sent(olga, address(draft, "content"), content=changed, expected=before["hash"])
    assert answer.status_code == 200
    with application.database.reading() as session:
        files = drafts.files(session, drafts.load(session, draft))
    assert files[PATH].decode() == changed
    assert opened(olga, draft)["hash"] == answer.get_json()["hash"] != before["hash"]


def test_second_save_of_the_same_version_is_refused_with_who_and_when(
    olga: Visitor, draft: UUID
) -> None:
    before = opened(olga, draft)
    mine, theirs = (before["content"].replace("Close the case", f"Close it {n}") for n in "12")
    assert sent(olga, address(draft, "content"), content=mine, expected=before["hash"])
    answer = sent(olga, address(draft, "content"), content=theirs, expected=before["hash"])
    assert answer.status_code == 409
    assert "Olga Prins saved this file on 15 January 2026" in answer.get_json()["message"]
    assert opened(olga, draft)["content"] == mine


def test_copy_takes_a_name_that_is_free(olga: Visitor, draft: UUID) -> None:
    content = opened(olga, draft)["content"]
    paths = [sent(olga, address(draft, "copy"), content=content).get_json()["path"] for _ in "12"]
    assert paths == ["fade_out_monitoring_copy1.bpmn", "fade_out_monitoring_copy2.bpmn"]
    assert opened(olga, draft, paths[1])["content"] == content


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"content": "<broken", "expected": "x"}, "XML"),
        ({"content": "<a/>", "expected": "x"}, "not BPMN 2.0"),
        ({"content": 5, "expected": "x"}, "reload it"),
        ({"content": "a\0b", "expected": "x"}, "reload it"),
        ({"expected": "x"}, "reload it"),
    ],
)
def test_what_is_no_diagram_is_refused_in_words(
    olga: Visitor, draft: UUID, body: dict[str, Any], said: str
) -> None:
    before = opened(olga, draft)
    answer = sent(olga, address(draft, "content"), **body)
    assert answer.status_code == 400
    assert said in answer.get_json()["message"]
    assert opened(olga, draft) == before


def test_saving_without_the_token_of_the_session_is_refused(olga: Visitor, draft: UUID) -> None:
    before = opened(olga, draft)
    response = olga.client.post(
        address(draft, "content"),
        json={"content": before["content"] + "\n", "expected": before["hash"]},
        headers={"Accept": "application/json"},
    )
    assert response.status_code == 400
    assert opened(olga, draft) == before


# -- judging ---------------------------------------------------------------------------------


def test_unsaved_content_is_checked_among_the_other_files_and_not_kept(
    olga: Visitor, draft: UUID
) -> None:
    before = opened(olga, draft)
    broken = before["content"].replace('value="record_monitoring_check"', 'value="not_there"', 1)
    found = sent(olga, address(draft, "check"), content=broken).get_json()["findings"]
    (one,) = [each for each in found if each["severity"] == "error"]
    assert (one["file"], one["element"]) == (PATH, "record_monitoring_check")
    assert one["name"] == "Record the monitoring check"
    assert one["href"].endswith(f"/files/{PATH}#element=record_monitoring_check")
    assert "not_there" in one["message"]
    assert sent(olga, address(draft, "check"), content=before["content"]).get_json() == {
        "findings": []
    }
    assert opened(olga, draft) == before


def test_broken_rule_comes_with_its_path_through_several_drawings(
    olga: Visitor, draft: UUID
) -> None:
    path = "closure_decision.bpmn"
    content = opened(olga, draft, path)["content"]
    decision = "<bpmn:flowNodeRef>decide_closure</bpmn:flowNodeRef>"
    lane = '<bpmn:lane id="lane_process_coordinator"'
    head, tail = content.replace(decision, "").split(lane)
    place = tail.index("<bpmn:flowNodeRef>")
    moved = f"{head}{lane}{tail[:place]}{decision}{tail[place:]}"
    told = sent(olga, address(draft, "verify", path), content=moved).get_json()
    broken = {rule["id"]: rule for rule in told["rules"] if not rule["holds"]}
    assert set(broken) == {"L1"}
    (violation,) = broken["L1"]["violations"]
    assert (violation["file"], violation["element"]) == (PATH, "close_episode")
    assert violation["played"].startswith("Played through in the engine")
    steps = violation["steps"]
    decided = next(step for step in steps if "decide_closure" in step["elements"])
    assert decided["sentence"].startswith("Process coordinator: Decide on closing")
    assert decided["file"] == path
    assert {step["file"] for step in steps if step["file"]} > {path}
    assert steps[0]["waiting"][0]["file"] == path
    assert {"file": PATH, "element": "close_episode"} not in steps[0]["waiting"]
    assert set(told["drawings"]) >= {path, PATH}


def test_rules_of_what_cannot_be_read_are_refused_in_words(olga: Visitor, draft: UUID) -> None:
    path = "decisions/closing_rule.dmn"
    content = opened(olga, draft, path)["content"].replace('hitPolicy="FIRST"', 'hitPolicy="ODD"')
    told = sent(olga, address(draft, "verify", path), content=content).get_json()
    assert set(told) == {"refused"}
    assert "closing_rule" in told["refused"]


class Lost(candidate.Prover):
    """A proof that gets lost, as in a drawing with holes."""

    def prove(self, deployment: ResolvedDeployment) -> Proof:
        raise KeyError(deployment.id)


def test_proof_that_gets_lost_in_a_broken_drawing_is_no_crash(
    olga: Visitor, draft: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidate, "PROVER", Lost())
    content = opened(olga, draft)["content"]
    broken = content.replace('value="record_monitoring_check"', 'value="not_there"', 1)
    told = sent(olga, address(draft, "verify"), content=broken).get_json()
    assert told == {"refused": candidate.UNREADABLE}
    # Without a problem to mend it is our own mistake, and nobody is sent looking for one.
    assert sent(olga, address(draft, "verify"), content=content).status_code == 500


def test_second_proof_at_the_same_time_is_put_off(
    olga: Visitor, draft: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    prover = candidate.Prover()
    monkeypatch.setattr(candidate, "PROVER", prover)
    content = opened(olga, draft)["content"]
    with prover._running:
        answer = sent(olga, address(draft, "verify"), content=content)
    assert answer.status_code == 202
    assert set(answer.get_json()) == {"busy"}


def test_verdicts_are_kept_apart_by_the_language_they_were_told_in(
    draft: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    prover = candidate.Prover()
    asked: list[str] = []
    monkeypatch.setattr(prover, "prove", lambda one: one)

    def tell(*_: object) -> dict[str, Any]:
        asked.append(current_language())
        return {"rules": []}

    monkeypatch.setattr(candidate, "proof_told", tell)
    places: Any = SimpleNamespace(draft_id=draft, deployment=SimpleNamespace(id="same"))
    for language in ("en", "nl", "en", "nl"):
        with speaking(language):
            prover.told(places)
    assert asked == ["en", "nl"]


def test_editor_gets_its_texts_in_the_language_of_the_reader(
    application: Application, olga: Visitor, draft: UUID
) -> None:
    path = f"/workshop/drafts/{draft}/files/fade_out_monitoring.bpmn"
    olga.get(path)
    assert olga.page.xpath("//@data-texts") == ["{}"]
    with application.database.transaction() as session:
        session.get_one(Account, owner(application)).language = "de"
    olga.get(path)
    [texts] = map(json.loads, olga.page.xpath("//@data-texts"))
    assert texts["Guidance"] == ["Anleitung"]
    assert texts["Create task"] == ["Aufgabe erstellen"]
    assert texts["%(count)s problem"] == ["%(count)s Problem", "%(count)s Probleme"]
    assert "Add rule" not in texts


# -- what there is to choose from ------------------------------------------------------------


def test_catalogue_offers_what_the_draft_defines(
    application: Application, olga: Visitor, draft: UUID
) -> None:
    found = olga.get(f"/workshop/drafts/{draft}/catalogue").get_json()
    operators = {one["id"]: one for one in found["operators"]}
    inputs = {one["name"] for one in operators["monitoring/schedule_check"]["inputs"]}
    assert inputs == {"monitoring_interval", "monitoring_duration", "end_of_action"}
    assert "monitoring/record_monitoring_check" in {one["id"] for one in found["recorders"]}
    assert {"id": "mayor", "name": "Mayor"} not in found["roles"]
    for kind, name in [
        ("forms", "check_source"),
        ("processes", "fade_out_monitoring"),
        ("decisions", "closing_rule"),
        ("roles", "accountable_person"),
        ("milestones", "closure_decided"),
        ("stages", "analysis"),
        ("messages", "urgent_danger"),
    ]:
        assert name in {one["id"] for one in found[kind]}, kind
    drafts.new_from_template(application, draft, owner(application), "form", "inform_school")
    again = olga.get(f"/workshop/drafts/{draft}/catalogue").get_json()
    assert {"id": "inform_school", "name": "Inform school"} in again["forms"]


def test_names_come_from_rules_and_signals_too(olga: Visitor, draft: UUID) -> None:
    before = opened(olga, draft)
    changed = (
        before["content"]
        .replace('name="milestone" value="monitoring_check_held"', 'name="milestone" value="held"')
        .replace("</bpmn:process>", '</bpmn:process><bpmn:signal id="s1" name="moved_away" />')
    )
    assert sent(olga, address(draft, "content"), content=changed, expected=before["hash"])
    found = olga.get(f"/workshop/drafts/{draft}/catalogue").get_json()
    milestones = {one["id"]: one["name"] for one in found["milestones"]}
    assert milestones["held"] == ""
    # No step reaches it any more, but a rule waits for it: the name is still offered.
    assert milestones["monitoring_check_held"]
    assert found["signals"] == [{"id": "moved_away"}, {"id": "return_to_analysis"}]


def test_rules_that_cannot_be_read_keep_no_editor_closed(
    application: Application, draft: UUID
) -> None:
    with application.database.reading() as session:
        files = drafts.files(session, drafts.load(session, draft))
    found = offered(ResolvedDeployment({**files, "rules.toml": b"[[rule"}))
    names = {one["id"]: one["name"] for one in found["milestones"]}
    assert names["closure_decided"] == ""


def test_broken_file_keeps_no_editor_closed(olga: Visitor, draft: UUID) -> None:
    path = "decisions/closing_rule.dmn"
    before = opened(olga, draft, path)
    broken = before["content"].replace('hitPolicy="FIRST"', 'hitPolicy="ODD"')
    assert sent(olga, address(draft, "content", path), content=broken, expected=before["hash"])
    found = olga.get(f"/workshop/drafts/{draft}/catalogue").get_json()
    names = {one["id"] for one in found["decisions"]}
    assert "closing_rule" not in names
    assert "propose_route" in names
    assert olga.get(address(draft, "files", path)).status_code == 200


@pytest.mark.parametrize(
    ("kind", "source", "said"),
    [
        ("condition", 'route = "unfounded"', ""),
        ("condition", "route = ", "route ="),
        ("condition", "=route", "No = is needed"),
        ("expression", "profile.closing_rule", ""),
        ("expression", "profile.closing_rul", "no value closing_rul"),
        ("expression", "__import__('os')", "'"),
        ("script", "rounds = rounds + 1", ""),
        ("script", "rounds", "rounds"),
        ("due", "P7D", ""),
        ("due", "=profile.deadline_check_source", ""),
        ("due", "7 days", "Write P7D"),
        ("duration", "P3M", ""),
        ("duration", "monitoring_interval", ""),
        ("duration", "P3X + ", "duration such as"),
        ("date", "2026-05-31", ""),
        ("date", "next_monitoring_check", ""),
        ("date", "31.5.2026", "date such as"),
        ("formula", "=count(partners) > 1", ""),
        ("formula", "=profile.closing_rul", "no value closing_rul"),
        ("formula", "=count(partners", "ends too early"),
        ("formula", "route", "Begin the expression with ="),
        ("formula", "==route", "No = is needed"),
        ("day", "=today()", ""),
        ("day", "2026-05-31", ""),
        ("day", "31.5.2026", "date such as"),
        ("plain", "What is known", ""),
        ("plain", "=route", "shown as it is written"),
        ("plain", "It is {{route}}", "shown as it is written"),
        ("tests", "", ""),
        ("tests", '"unfounded", "urgent"', ""),
        ("tests", "[1..profile.closing_rul]", "no value closing_rul"),
        ("tests", '"unfounded', '"'),
    ],
)
def test_expression_is_judged_where_it_is_typed(
    olga: Visitor, draft: UUID, kind: str, source: str, said: str
) -> None:
    url = f"/workshop/drafts/{draft}/expression"
    found = sent(olga, url, kind=kind, source=source).get_json()["error"]
    assert (found == "") == (said == "")
    assert said in found


def test_unknown_kind_of_expression_is_refused(olga: Visitor, draft: UUID) -> None:
    answer = sent(olga, f"/workshop/drafts/{draft}/expression", kind="python", source="1")
    assert answer.status_code == 400


def test_expression_that_nobody_can_read_is_refused_unread(application: Application) -> None:
    with application.database.reading() as session:
        profile = application.deployments.current(session, "base").profile
    assert "Longer than" in judged("condition", "a + " * 5_000 + "1", profile)
