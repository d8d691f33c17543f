"""Drafts lay files over what is published, keep every change, and overwrite nobody's work."""

from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from engine import accounts
from engine.application import Application
from engine.errors import ConflictError, DraftConflictError, InputError, NotFoundError
from engine.models import CurrentDeployment, DeploymentFile, WorkshopChange
from engine.workshop import draft, template

TABLE = "decisions/deadlines.dmn"


def who(application: Application, username: str) -> UUID:
    with application.database.reading() as session:
        return accounts.find_account(session, username).id


@pytest.fixture
def olga(application: Application) -> UUID:
    return who(application, "owner.olga")


@pytest.fixture
def opened(application: Application, olga: UUID) -> UUID:
    return draft.open_draft(application, olga, "base", "Longer monitoring")


def files(application: Application, draft_id: UUID) -> dict[str, bytes]:
    with application.database.reading() as session:
        return draft.files(session, draft.load(session, draft_id))


def own(application: Application, draft_id: UUID) -> set[str]:
    with application.database.reading() as session:
        return set(draft.own_files(session, draft.load(session, draft_id)))


def test_draft_begins_as_what_is_published_with_its_scenarios(
    application: Application, opened: UUID
) -> None:
    with application.database.reading() as session:
        found = draft.load(session, opened)
        published = application.deployment(session)
        whole = draft.files(session, found)
        assert [one.id for one in draft.open_drafts(session)] == [opened]
        assert draft.resolved(session, found).processes.keys() == published.processes.keys()
        assert found.base_deployment_id == published.id
    assert {path: whole[path] for path in published.files} == dict(published.files)
    beside = whole.keys() - published.files.keys()
    assert "scenarios/straight_path_to_closed.toml" in beside
    assert "scenarios/fragments/signal_to_route.toml" in beside
    assert all(path.startswith("scenarios/") for path in beside)


def test_saved_file_is_of_the_draft_alone(
    application: Application, opened: UUID, olga: UUID
) -> None:
    before = files(application, opened)[TABLE]
    after = before.replace(b"<definitions", b"<definitions ", 1)
    told = draft.save(application, opened, olga, TABLE, after, draft.hash_of(before))
    assert told == draft.hash_of(after)
    assert files(application, opened)[TABLE] == after
    assert own(application, opened) == {TABLE}
    with application.database.reading() as session:
        assert application.deployment(session).files[TABLE] == before
        assert draft.load(session, opened).number == 1
    draft.save(application, opened, olga, TABLE, before, told)
    assert own(application, opened) == set()
    with application.database.reading() as session:
        kept = session.scalars(select(WorkshopChange).order_by(WorkshopChange.number)).unique()
        assert [(one.before, one.after) for one in kept] == [
            (draft.hash_of(before), told),
            (told, draft.hash_of(before)),
        ]
        assert session.get_one(DeploymentFile, told).content == after


def test_who_saves_second_is_told_who_was_first(
    application: Application, opened: UUID, olga: UUID
) -> None:
    before = files(application, opened)[TABLE]
    opened_as = draft.hash_of(before)
    draft.save(application, opened, olga, TABLE, before + b"\n", opened_as)
    with pytest.raises(DraftConflictError) as told:
        draft.save(application, opened, olga, TABLE, before + b"\n\n", opened_as)
    assert told.value.by == "Olga Prins"
    assert "Olga Prins saved this file at 2026-01-15 08:00 UTC" in str(told.value)
    assert files(application, opened)[TABLE] == before + b"\n"


def test_of_two_who_save_at_once_one_is_refused(
    application: Application, opened: UUID, olga: UUID
) -> None:
    before = files(application, opened)[TABLE]
    barrier, ends = Barrier(2), []

    def save(text: bytes) -> None:
        barrier.wait()
        try:
            draft.save(application, opened, olga, TABLE, text, draft.hash_of(before))
            ends.append("saved")
        except DraftConflictError:
            ends.append("refused")

    threads = [Thread(target=save, args=[before + b"\n" * n]) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["refused", "saved"]


BAD = {
    "../case_management.bpmn": b"<a/>",
    "forms/a.bpmn": b"{}",
    "rules.toml": b"",
    "base_profile.toml": b"",
    "demo.toml": b"",
    "decisions/a.form": b"{}",
    "forms/../x.form": b"{}",
    "forms/%2e%2e.form": b"{}",
    "a b.bpmn": b"<a/>",
    "a.bpmn\n": b"<a/>",
    "new.bpmn": b"no xml",
    "new2.bpmn": b'<definitions xmlns="http://other"/>',
    "new3.bpmn": b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    "forms/new.form": b"[]",
    "forms/new2.form": b"\xff",
    "forms/new3.form": b"[" * 100_000,
    "decisions/new.dmn": b"<a/>",
    "scenarios/new.toml": b"= 3",
    "profile.toml": b'[profile]\ncode = "other"\n',
    "profile_rules.toml": b"\xff",
    "forms/large.form": b" " * 500_001,
}


@pytest.mark.parametrize("path", BAD)
def test_what_is_no_such_file_is_refused_with_the_mend(
    application: Application, opened: UUID, olga: UUID, path: str
) -> None:
    there = files(application, opened)
    expected = draft.hash_of(there[path]) if path in there else None
    with pytest.raises(InputError, match=r"[.]$"):
        draft.save(application, opened, olga, path, BAD[path], expected)
    assert own(application, opened) == set()
    with application.database.reading() as session:
        assert session.get(DeploymentFile, draft.hash_of(BAD[path])) is None


def test_file_is_renamed_copied_and_taken_away(
    application: Application, opened: UUID, olga: UUID
) -> None:
    content = files(application, opened)[TABLE]
    draft.copy(application, opened, olga, TABLE, "decisions/second.dmn")
    draft.rename(application, opened, olga, TABLE, "decisions/third.dmn")
    draft.remove(application, opened, olga, "scenarios/coordinators.toml")
    found = files(application, opened)
    assert TABLE not in found
    assert found["decisions/second.dmn"] == found["decisions/third.dmn"] == content
    assert "scenarios/coordinators.toml" not in found
    with pytest.raises(InputError, match="same folder"):
        draft.rename(application, opened, olga, "decisions/third.dmn", "forms/third.form")
    with pytest.raises(DraftConflictError):
        draft.copy(application, opened, olga, "decisions/third.dmn", "decisions/second.dmn")
    with pytest.raises(InputError, match="has this file already"):
        draft.copy(application, opened, olga, "decisions/third.dmn", "decisions/minor_rule.dmn")
    with pytest.raises(InputError, match="a profile stays"):
        draft.remove(application, opened, olga, "profile.toml")
    for path in ("decisions/nothing.dmn", "rules.toml"):
        with pytest.raises(NotFoundError):
            draft.remove(application, opened, olga, path)


@pytest.mark.parametrize("kind", template.KINDS)
def test_new_file_begins_as_one_of_its_kind(
    application: Application, opened: UUID, olga: UUID, kind: str
) -> None:
    path = draft.new_from_template(application, opened, olga, kind, "inform_school")
    assert files(application, opened)[path]
    with application.database.reading() as session:
        set_ = draft.resolved(session, draft.load(session, opened))
    names: dict[str, Any] = {
        "diagram": set_.processes,
        "table": set_.decisions,
        "form": set_.forms,
        "scenario": [*set_.files, "inform_school"],
    }
    assert "inform_school" in names[kind]
    with pytest.raises(InputError):
        draft.new_from_template(application, opened, olga, kind, "No Name")


def test_set_that_cannot_be_parsed_names_the_file(
    application: Application, opened: UUID, olga: UUID
) -> None:
    broken = b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"/>'
    draft.save(application, opened, olga, "decisions/broken.dmn", broken, None)
    with (
        application.database.reading() as session,
        pytest.raises(InputError, match=r"decisions/broken[.]dmn"),
    ):
        draft.resolved(session, draft.load(session, opened))


def test_nobody_but_process_owners_has_drafts(application: Application, opened: UUID) -> None:
    for username in ("intake.anna", "chair.clara", "operator.otto", "privacy.paula"):
        actor = who(application, username)
        with pytest.raises(NotFoundError):
            draft.open_draft(application, actor, "base", "Mine")
        with pytest.raises(NotFoundError):
            draft.remove(application, opened, actor, TABLE)
    with pytest.raises(NotFoundError):
        draft.open_draft(application, uuid4(), "base", "Mine")


def test_discarded_draft_is_not_changed_any_more(
    application: Application, opened: UUID, olga: UUID
) -> None:
    draft.discard(application, opened, olga)
    with pytest.raises(ConflictError, match="discarded"):
        draft.remove(application, opened, olga, TABLE)
    with application.database.reading() as session:
        assert draft.open_drafts(session) == []
        assert TABLE in draft.files(session, draft.load(session, opened))


def test_draft_needs_a_name_and_a_published_profile(application: Application, olga: UUID) -> None:
    for title, profile in (("", "base"), ("x" * 121, "base"), ("Mine", "nowhere")):
        with pytest.raises(InputError):
            draft.open_draft(application, olga, profile, title)
    with application.database.reading() as session:
        assert [one.profile for one in session.scalars(select(CurrentDeployment))] == ["base"]
