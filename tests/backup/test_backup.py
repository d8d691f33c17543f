"""R14: what was backed up comes back whole, once, and without keys beside it."""

import email
import email.policy
import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from engine import accounts, casekey, due, restored, verification
from engine.application import Application
from engine.backup import creating, drill, manifest, restoring
from engine.database import Database
from engine.errors import CasetableError, InputError, SeparationError, StateError
from engine.models import (
    AuditEntry,
    Base,
    Case,
    CaseKey,
    Job,
    Signal,
    Timer,
    TimerState,
    WebSession,
)
from tests.backup.conftest import BY, Installation
from tests.conftest import POSTGRES, with_all_rights
from tests.engine.desk import Desk
from tests.goal import Figure

CASES = int(os.environ.get("CASETABLE_RESTORED", "6"))
GO_ON = {"choice": "go_on", "reason": "Because."}
LEFT_BEHIND = {"alembic_version", "case_key"}
IN_A_FILE = pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
"""What does not differ between the two systems."""
Opener = Callable[[], Desk]


def backed_up(installation: Installation, folder: Path) -> tuple[Path, Path]:
    where = folder / "backup", folder / "elsewhere" / "keys.jsonl"
    creating.create(installation.application, *where)
    return where


def brought_back(
    installation: Installation, where: tuple[Path, Path], by: tuple[str, str] | None = BY
) -> restoring.Restored:
    source = restoring.open_source(installation.elsewhere, *where)
    return restoring.restore(installation.elsewhere, source, by)


def rows(database: Database) -> dict[str, Counter[str]]:
    with with_all_rights(database) as session:
        return {
            table.name: Counter(
                repr(tuple(row)) for row in session.connection().execute(select(table))
            )
            for table in Base.metadata.sorted_tables
        }


def mails(application: Application) -> list[EmailMessage]:
    found: list[Any] = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in (application.settings.data_dir / "mail").glob("*.eml")
    ]
    return found


def numbers(found: list[EmailMessage]) -> set[str]:
    return {mail["Message-ID"] for mail in found}


def waiting(desk: Desk) -> UUID:
    """Open a case and lead it to its timer of thirty days."""
    case = desk.open()
    desk.do(case, "ask", "intake.anna", GO_ON)
    desk.do(case, "decide", "intake.bram", GO_ON)
    return case


def test_backup_brings_back_every_row_and_every_key(
    installation: Installation, tmp_path: Path, open_elsewhere: Opener
) -> None:
    waiting(installation.desk)
    where = backed_up(installation, tmp_path)
    found = brought_back(installation, where, None)
    assert found.proof.problems == []
    assert (found.keys, found.proof.keys, found.proof.states, found.proof.timers) == (1, 1, 1, 1)
    assert rows(open_elsewhere().application.database) == rows(installation.application.database)


def test_backup_holds_no_key_and_neither_is_for_others_to_read(
    installation: Installation, tmp_path: Path
) -> None:
    """S15: a backup that is kept for long must not open a case that is erased since."""
    installation.desk.open()
    folder, keys = backed_up(installation, tmp_path)
    with installation.application.database.reading() as session:
        [key] = session.scalars(select(CaseKey))
    assert key.wrapped is not None
    assert key.wrapped.hex() in keys.read_text()
    assert keys.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
    for file in folder.iterdir():
        content = file.read_bytes()
        assert key.wrapped not in content
        assert key.wrapped.hex().encode() not in content


def test_what_came_back_fires_each_timer_once_and_sends_nothing_again(
    installation: Installation, tmp_path: Path, open_elsewhere: Opener, figure: Figure
) -> None:
    """R14: timers neither doubled nor missed, and no mail goes out without a person's word."""
    before = installation.desk
    cases = [waiting(before) for _ in range(CASES)]
    due.run_due(before.application)
    owed = before.open()  # its mail is owed and not sent at the moment of the backup
    where = backed_up(installation, tmp_path)
    # What the database that will be lost still does, and people read.
    before.pass_time(days=31)
    sent = numbers(mails(before.application))
    count = len(mails(before.application))

    assert brought_back(installation, where).proof.problems == []
    after = open_elsewhere()
    due.run_due(after.application)
    due.run_due(after.application)
    assert len(mails(after.application)) == count, "a mail went out without a person's word"
    _each_timer_fired_once(after, cases)
    assert after.owed(owed) == ["ask"]

    with after.application.database.reading() as session:
        held = restored.kept_back(session)
    assert held.owed == 1
    assert held.since >= CASES
    _released(after, owed="send", since="drop")
    due.run_due(after.application)
    again = numbers(mails(after.application))
    assert again >= sent
    # Whoever may do the step by now is told too; nobody is told twice under two numbers.
    assert {number.split(".")[0] for number in again} == {number.split(".")[0] for number in sent}
    after.open()
    due.run_due(after.application)
    assert len(numbers(mails(after.application))) == len(again) + 2
    with after.application.database.reading() as session:
        assert verification.verify(session).breaks == []
    figure("R14", timers=CASES, doubled=0, missed=0, mails_again=0)


def _each_timer_fired_once(desk: Desk, cases: list[UUID]) -> None:
    with desk.application.database.reading() as session:
        timers = session.scalars(select(Timer)).all()
        assert [timer.state for timer in timers] == [TimerState.FIRED.value] * len(cases)
        entries = session.scalars(select(AuditEntry).where(AuditEntry.event == "case:timer:fire"))
        assert Counter(entry.case_id for entry in entries) == Counter(cases)
    assert all(desk.owed(case) == ["ask"] for case in cases)


def _released(desk: Desk, *, owed: restored.Answer, since: restored.Answer) -> None:
    with desk.application.database.transaction() as session:
        people = accounts.find_account(session, "otto"), accounts.find_account(session, "olaf")
        restored.answer(
            session, owed=owed, since=since, people=people, now=desk.application.now(session)
        )


@IN_A_FILE
def test_mail_that_is_dropped_after_a_restore_never_goes_out(
    installation: Installation, tmp_path: Path, open_elsewhere: Opener
) -> None:
    case = installation.desk.open()
    where = backed_up(installation, tmp_path)
    brought_back(installation, where)
    after = open_elsewhere()
    due.run_due(after.application)
    _released(after, owed="drop", since="send")
    after.pass_time(minutes=10)
    assert mails(after.application) == []
    assert after.owed(case) == ["ask"], "the step stands in the worklist all the same"
    with pytest.raises(StateError, match="nothing is kept back"):
        _released(after, owed="send", since="send")


def test_job_that_was_under_way_at_the_moment_of_the_backup_is_kept_back(
    installation: Installation, tmp_path: Path, open_elsewhere: Opener
) -> None:
    installation.desk.open()
    with installation.application.database.transaction() as session:
        job = session.scalars(select(Job).where(Job.kind == "notice")).one()
        job.state, job.attempts = "calling", 1
    brought_back(installation, backed_up(installation, tmp_path))
    after = open_elsewhere()
    after.pass_time(minutes=10)
    assert mails(after.application) == []
    with after.application.database.reading() as session:
        assert session.scalars(select(Job.state).where(Job.kind == "notice")).one() == restored.HELD


def test_restore_signs_everybody_out_and_is_on_record(
    installation: Installation, tmp_path: Path, open_elsewhere: Opener
) -> None:
    application = installation.application
    with application.database.transaction() as session:
        account = accounts.find_account(session, "intake.anna")
        now = application.now(session)
        accounts.open_session(session, account, now)
    brought_back(installation, backed_up(installation, tmp_path))
    with open_elsewhere().application.database.reading() as session:
        assert session.scalars(select(WebSession)).unique().one().revoked_at is not None
        events = set(session.scalars(select(AuditEntry.event)))
    assert {"system:backup:create", "system:backup:restore"} <= events


@IN_A_FILE
def test_case_that_was_erased_since_stays_unreadable(
    installation: Installation, tmp_path: Path, open_elsewhere: Opener
) -> None:
    """S15: an older backup, brought back with the newest keys."""
    case_id = installation.desk.open()
    folder, _ = backed_up(installation, tmp_path)
    application = installation.application
    with application.database.transaction() as session:
        casekey.destroy(session, session.get_one(Case, case_id), application.now(session))
    newest = tmp_path / "newest.jsonl"
    with application.database.reading() as session:
        newest.write_text("\n".join(casekey.export(session)))
    found = brought_back(installation, (folder, newest))
    assert (found.destroyed, found.proof.keys) == (1, 0)
    with (
        open_elsewhere().application.database.reading() as session,
        pytest.raises(StateError, match="the case is erased"),
    ):
        session.scalars(select(Signal)).one()


@IN_A_FILE
def test_row_that_was_written_past_the_application_is_named_by_the_restore(
    installation: Installation, tmp_path: Path
) -> None:
    installation.desk.open()
    with with_all_rights(installation.application.database) as session:
        case = session.scalars(select(Case)).one()
        session.connection().execute(
            Case.__table__.update().where(Case.id == case.id).values(audit_head="0" * 64)
        )
    found = brought_back(installation, backed_up(installation, tmp_path))
    assert any(case.code in problem for problem in found.proof.problems)


@IN_A_FILE
def test_keys_that_do_not_open_are_named(installation: Installation, tmp_path: Path) -> None:
    installation.desk.open()
    where = backed_up(installation, tmp_path)
    other = Path(tmp_path / "other_master_keys")
    other.write_text("1:" + "A" * 43 + "=\n")
    elsewhere = replace(installation.elsewhere, master_key_file=other)
    source = restoring.open_source(elsewhere, *where)
    problems = restoring.restore(elsewhere, source, BY).proof.problems
    assert len(problems) == 1
    assert "does not open under master key 1" in problems[0]


def test_restore_touches_nothing_that_has_tables(
    installation: Installation, tmp_path: Path
) -> None:
    installation.desk.open()
    where = backed_up(installation, tmp_path)
    settings = installation.application.settings
    before = rows(installation.application.database)
    with pytest.raises(InputError, match="is not empty"):
        restoring.restore(settings, restoring.open_source(settings, *where), BY)
    assert rows(installation.application.database) == before


def test_restore_that_fails_at_its_end_leaves_the_database_empty(
    installation: Installation,
    tmp_path: Path,
) -> None:
    installation.desk.open()
    where = backed_up(installation, tmp_path)
    with pytest.raises(SeparationError):
        brought_back(installation, where, ("otto", "otto"))
    assert brought_back(installation, where).proof.problems == [], "it can be tried again"


def test_backup_with_fewer_rows_than_it_says_is_not_brought_back(
    installation: Installation, tmp_path: Path
) -> None:
    installation.desk.open()
    folder, keys = backed_up(installation, tmp_path)
    key = installation.application.settings.audit_key
    told = manifest.read(folder, key)
    more = {**told.rows, "casework_case": told.rows["casework_case"] + 1}
    manifest.write(folder, replace(told, rows=more), key)
    with pytest.raises(CasetableError, match="casework_case has 1 rows and had 2"):
        brought_back(installation, (folder, keys))


def _changed_content(folder: Path) -> None:
    file = next(path for path in folder.iterdir() if path.name.startswith("database"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _changed_list(folder: Path) -> None:
    file = folder / manifest.NAME
    told = json.loads(file.read_text())
    told["rows"]["case_member"] = 7
    file.write_text(json.dumps(told))


def _no_list(folder: Path) -> None:
    (folder / manifest.NAME).unlink()


def _of_a_newer_version(folder: Path) -> None:
    key = b"audit:a key that only the tests use, long enough"
    manifest.write(folder, replace(manifest.read(folder, key), revision="9999"), key)


@IN_A_FILE
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_changed_content, "was changed since"),
        (_changed_list, "was changed, or another installation"),
        (_no_list, "is no backup"),
        (_of_a_newer_version, "which is newer"),
    ],
)
def test_backup_that_is_not_as_it_was_made_is_refused(
    installation: Installation, tmp_path: Path, change: Callable[[Path], None], said: str
) -> None:
    folder, keys = backed_up(installation, tmp_path)
    change(folder)
    with pytest.raises(InputError, match=said):
        restoring.open_source(installation.elsewhere, folder, keys)


@IN_A_FILE
def test_backup_never_lies_half_done_or_over_another(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = installation.application
    folder, keys = tmp_path / "one", tmp_path / "keys"
    with pytest.raises(InputError, match="outside the folder"):
        creating.create(application, folder, folder / "keys")
    with monkeypatch.context() as broken:
        broken.setattr(manifest, "digest", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            creating.create(application, folder, keys)
    assert not [path for path in tmp_path.iterdir() if "one" in path.name or path.name == "keys"]
    creating.create(application, folder, keys)
    with pytest.raises(InputError, match="is there already"):
        creating.create(application, folder, tmp_path / "other")
    with pytest.raises(InputError, match="is there already"):
        creating.create(application, tmp_path / "two", keys)


def test_drill_proves_a_backup_and_leaves_nothing_behind(
    installation: Installation, tmp_path: Path
) -> None:
    waiting(installation.desk)
    application = installation.application
    admin = "" if application.database.is_sqlite else POSTGRES
    before = rows(application.database)
    fresh = drill.drill(application, admin)
    assert fresh.restored.proof.problems == []
    assert fresh.creating is not None
    folder, keys = backed_up(installation, tmp_path)
    kept = drill.drill(application, admin, folder=folder, keys=keys)
    assert kept.restored.proof.states == 1
    assert kept.creating is None
    after = rows(application.database)
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"audit_entry", "audit_head", "audit_checkpoint", "audit_seal"}
    if admin:
        with application.database.engine.connect() as connection:
            left = "SELECT datname FROM pg_database WHERE datname LIKE 'casetable_drill_%'"
            assert not connection.exec_driver_sql(left.replace("%", "%%")).all()
