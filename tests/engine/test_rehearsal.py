"""Scenarios of a draft: read, edited as rows, written, run by the worker, and what they miss."""

from pathlib import Path
from uuid import UUID

import pytest

from engine.application import Application
from engine.deployment import ResolvedDeployment
from engine.errors import ConflictError, InputError, NotFoundError, SettingsError
from engine.job import run_next_job
from engine.models import ScenarioResult
from engine.settings import ROOT, load_settings
from engine.workshop import aside, play, rehearsal
from engine.workshop import draft as drafts
from engine.workshop.script import Script, read_script, write_script
from tests.engine.test_play import INTAKE, SHIPPED, do, edit, person, told
from tests.engine.workshop import few_scenarios

FILES = sorted(SHIPPED.glob("*.toml")) + sorted(SHIPPED.glob("../profiles/*/scenarios/*.toml"))
ONE = "intake_unread"


@pytest.fixture
def me(application: Application) -> UUID:
    return person(application, "owner.olga")


@pytest.fixture
def draft_id(application: Application, me: UUID) -> UUID:
    made = drafts.open_draft(application, me, "base", "Trying")
    few_scenarios(application, made, me)
    return made


def result(application: Application, draft_id: UUID, name: str) -> ScenarioResult:
    with application.database.reading() as session:
        return rehearsal.results(session, drafts.load(session, draft_id))[name]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_shipped_scenarios_say_the_same_after_a_way_through_the_table(path: Path) -> None:
    script = read_script(path.read_bytes(), path.name)
    again = [row.step(number) for number, row in enumerate(script.rows(), start=1)]
    assert again == script.steps
    written = write_script(Script(script.head, again), path.name)
    assert read_script(written, path.name) == script


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title = 1", "needs a title"),
        ('title = "T"\n[[step]]\ndo = "a"\nafter = "P1D"', "step 1 needs exactly one of"),
        ('title = "T"\nstarts = "soon"', "a date like 2026-01-15"),
        ("title = ", "not readable as TOML"),
    ],
)
def test_scenario_that_is_none_is_refused_with_the_mend(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_script(text.encode(), "one.toml")


def test_hard_words_are_written_so_that_they_are_read_again() -> None:
    words = 'He said "no" \\ twice;\nthen\tleft\x7f\x01 ünder [x] = {y} # z'
    step = {"do": "a", "answers": {"odd key": words, "n": 1.5, "yes": True, "rows": [{"a": words}]}}
    script = Script({"title": words, "values": {"a b": [1, "2"]}}, [step])
    assert read_script(write_script(script, "x"), "x") == script


def test_one_scenario_is_run_and_what_it_went_over_is_kept(
    application: Application, draft_id: UUID, me: UUID
) -> None:
    assert rehearsal.run_one(application, draft_id, me, ONE) == []
    found = result(application, draft_id, ONE)
    assert found.problems == []
    assert "signal_intake check_source" in found.gone
    with application.database.reading() as session:
        deployment = drafts.resolved(session, drafts.load(session, draft_id))
    missed = rehearsal.unseen(deployment, "signal_intake", set(found.gone))
    names = {one.element for one in missed}
    assert "check_source" not in names
    assert len(missed) < rehearsal.places_of(deployment.processes["signal_intake"])
    whole = rehearsal.unseen(deployment, "closure_decision", set(found.gone))
    assert len(whole) == rehearsal.places_of(deployment.processes["closure_decision"])
    with pytest.raises(NotFoundError):
        rehearsal.run_one(application, draft_id, me, "no_such_scenario")


def test_scenario_that_goes_otherwise_says_how(
    application: Application, draft_id: UUID, me: UUID
) -> None:
    steps = [{"start": "signal_received"}, {"expect": {"owed": ["decide_route"]}}]
    content = write_script(Script({"title": "Too early"}, steps), "early")
    drafts.save(application, draft_id, me, "scenarios/early.toml", content, None)
    [problem] = rehearsal.run_one(application, draft_id, me, "early")
    assert "owed should be ['decide_route'], but is ['check_source']" in problem
    assert result(application, draft_id, "early").problems == [problem]


def test_worker_runs_all_and_the_state_of_the_draft_is_noted(
    application: Application, draft_id: UUID, me: UUID
) -> None:
    assert rehearsal.begin(application, draft_id, me) == 1
    assert result(application, draft_id, ONE).state == rehearsal.WAITING
    with pytest.raises(ConflictError, match="run already"):
        rehearsal.begin(application, draft_id, me)
    while run_next_job(application):
        pass
    found = result(application, draft_id, ONE)
    assert (found.state, found.problems) == (rehearsal.DONE, [])
    with application.database.reading() as session:
        draft = drafts.load(session, draft_id)
        assert found.set_hash == rehearsal.state_of(session, draft)
    edit(application, draft_id, me, INTAKE, 'name="Decide the route"', 'name="Choose a route"')
    with application.database.reading() as session:
        draft = drafts.load(session, draft_id)
        assert found.set_hash != rehearsal.state_of(session, draft)


def test_scenario_that_is_taken_away_meanwhile_waits_no_more(
    application: Application, draft_id: UUID, me: UUID
) -> None:
    rehearsal.begin(application, draft_id, me)
    drafts.remove(application, draft_id, me, f"scenarios/{ONE}.toml")
    while run_next_job(application):
        pass
    with application.database.reading() as session:
        assert rehearsal.results(session, drafts.load(session, draft_id)) == {}
    rehearsal.begin(application, draft_id, me)


def test_play_becomes_a_scenario_that_passes(
    application: Application, draft_id: UUID, me: UUID
) -> None:
    do(application, draft_id, me, *told("intake_multi_agency"))
    play.keep_as_scenario(application, draft_id, me, "my_play", "What I played")
    assert rehearsal.run_one(application, draft_id, me, "my_play") == []
    with application.database.reading() as session:
        draft = drafts.load(session, draft_id)
        script = read_script(drafts.files(session, draft)["scenarios/my_play.toml"], "my_play")
    assert script.steps[-1]["expect"]["stage"] == "analysis"
    for name, title in (("my_play", "Again"), ("../up", "Up"), ("other", " ")):
        with pytest.raises(InputError):
            play.keep_as_scenario(application, draft_id, me, name, title)


def test_judging_that_takes_too_long_is_ended_with_the_setting_that_helps(
    shipped_processes: ResolvedDeployment,
) -> None:
    found = aside.rules(shipped_processes.files, ROOT / "processes", 0)
    assert found["rules"] == []
    assert "longer than 0 seconds" in found["unproved"]
    assert "CASETABLE_JUDGE_SECONDS" in found["unproved"]
    with pytest.raises(SettingsError, match="JUDGE_SECONDS: give a number of seconds, at least 10"):
        load_settings({"CASETABLE_JUDGE_SECONDS": "3"})
