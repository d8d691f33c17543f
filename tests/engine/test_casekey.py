"""The keys of cases: changed while work goes on, taken along apart, destroyed for good (S15)."""

from uuid import UUID

import pytest
from sqlalchemy import delete, select

from engine import casekey, cases, keyring
from engine.application import Application
from engine.errors import InputError, SettingsError, StateError
from engine.keyring import Place
from engine.masterkey import MasterKeys, parse
from engine.models import Case, CaseKey, Signal
from engine.models.sealed import Closed
from tests.tasks.casefile import play

WORDS = "What somebody said about somebody else."


def report(application: Application) -> UUID:
    told = cases.Report(WORDS, "telephone", {"name": "Person A"}, {})
    return cases.report_concern(application, told).case_id


def words(application: Application, case_id: UUID) -> str:
    with application.database.reading() as session:
        return session.scalars(select(Signal).where(Signal.case_id == case_id)).one().text


def rotate(application: Application) -> int:
    master = application.database.master_keys
    master.add()
    total = 0
    while True:
        with application.database.transaction() as session:
            count = casekey.rewrap(session, master, limit=2)
        total += count
        if not count:
            return total


def test_rotation_wraps_all_keys_anew_and_stops_nobody(application: Application) -> None:
    found = [report(application) for _ in range(5)]
    file = application.database.master_keys.path
    assert file is not None
    other = MasterKeys(path=file)
    assert other.newest()[0] == 1, "another process has read the file before"
    assert rotate(application) == 5
    with application.database.reading() as session:
        assert casekey.standing(session) == casekey.Standing({2: 5}, 0)
    application.database.master_keys = other
    assert [words(application, case_id) for case_id in found] == [WORDS] * 5
    newest = [entry for entry in file.read_text().splitlines() if entry.startswith("2:")]
    file.write_text("\n".join(newest))
    application.database.master_keys = MasterKeys(path=file)
    assert [words(application, case_id) for case_id in found] == [WORDS] * 5


def test_old_master_key_opens_nothing_after_the_rotation(application: Application) -> None:
    case_id = report(application)
    file = application.database.master_keys.path
    assert file is not None
    old = file.read_text()
    rotate(application)
    application.database.master_keys = MasterKeys(text=old)
    with pytest.raises(StateError, match="Master key 2 is missing"):
        words(application, case_id)


def test_master_key_file_is_for_its_owner_alone(application: Application) -> None:
    report(application)
    file = application.database.master_keys.path
    assert file is not None
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["1:short", "x:" + "A" * 43 + "=", "nothing", " ,\n"])
def test_master_keys_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"[Mm]aster key"):
        parse(text)


def test_missing_keys_come_back_from_their_own_backup(application: Application) -> None:
    case_id = report(application)
    with application.database.reading() as session:
        lines = list(casekey.export(session))
    with application.database.transaction() as session:
        session.execute(delete(CaseKey))
    with pytest.raises(StateError, match="casetable key restore"):
        words(application, case_id)
    with application.database.transaction() as session:
        assert casekey.bring_back(session, lines) == (1, 0)
    assert words(application, case_id) == WORDS


def test_file_that_is_no_backup_of_keys_is_refused(application: Application) -> None:
    with application.database.transaction() as session, pytest.raises(InputError):
        casekey.bring_back(session, ['{"anything": 1}'])


def destroyed(application: Application, case_id: UUID) -> None:
    with application.database.transaction() as session:
        case = session.get_one(Case, case_id)
        casekey.destroy(session, case, application.now(session))


def test_destroyed_key_never_comes_back_from_an_older_backup(application: Application) -> None:
    case_id, other = report(application), report(application)
    with application.database.reading() as session:
        old = list(casekey.export(session))
    destroyed(application, case_id)
    with application.database.transaction() as session:
        assert casekey.bring_back(session, old) == (0, 0)
    with pytest.raises(StateError, match="the case is erased"):
        words(application, case_id)
    assert words(application, other) == WORDS


def test_database_from_before_the_erasure_reads_nothing_with_the_newest_keys(
    application: Application,
) -> None:
    """S15: a backup that left the keys out is brought back after the case was erased."""
    case_id = report(application)
    destroyed(application, case_id)
    with application.database.reading() as session:
        newest = list(casekey.export(session))
    with application.database.transaction() as session:
        session.execute(delete(CaseKey))
    with application.database.transaction() as session:
        assert casekey.bring_back(session, newest) == (1, 1)
    with pytest.raises(StateError, match="the case is erased"):
        words(application, case_id)


def test_erasing_a_file_destroys_its_key() -> None:
    with play("retention_prolong_and_erase") as world:
        [key] = world.rows(CaseKey)
        assert key.wrapped is None
        assert key.destroyed_at is not None


def test_copy_made_before_the_erasure_opens_no_more() -> None:
    """Every sealed value of a copy, tried with what is left of the key: 0 open."""
    with play("retention_prolong_and_erase", until=3) as world:
        application = world.application
        with application.database.reading() as session:
            table = Signal.__table__
            [row] = session.connection().execute(select(table)).mappings()
        destroyed(application, row["case_id"])
        with application.database.reading() as session:
            ring = keyring.load(session, row["case_id"])
            for name, kind in (("text", "text"), ("about", "json")):
                assert isinstance(row[name], Closed)
                place = Place("signal", name, kind, str(row["id"]), row["case_id"])
                with pytest.raises(StateError, match="the case is erased"):
                    ring.open(place, row[name])
