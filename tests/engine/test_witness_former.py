"""S12: while an upgrade rolls, rows that the version before wrote last raise no false alarm."""

from typing import Any

import pytest
from sqlalchemy import update

from engine import verification, witness
from engine.application import Application
from engine.models import Base, Case
from tests.conftest import with_all_rights
from tests.webui.site import Site
from webui.application import create_app


def _reported_by_the_version_before(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> Case:
    with monkeypatch.context() as before:
        before.setitem(witness.WITNESSED, Case, witness.FORMER[Case])
        return Site(application, create_app(application)).report()


def _breaks(application: Application) -> list[str]:
    with application.database.reading() as session:
        return [str(one) for one in verification.verify(session).breaks]


def _tamper(application: Application, case: Case, **values: Any) -> None:
    table = Base.metadata.tables[Case.__tablename__]
    with with_all_rights(application.database) as session:
        session.connection().execute(update(table).where(table.c.id == case.id).values(**values))


def test_row_of_the_version_before_is_held_against_what_that_witnessed(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = _reported_by_the_version_before(application, monkeypatch)
    assert _breaks(application) == []
    _tamper(application, case, state="ended")
    [found] = _breaks(application)
    assert "casework_case" in found
    assert "changed past the application" in found


def test_row_that_this_version_writes_again_is_held_against_all_of_it(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = _reported_by_the_version_before(application, monkeypatch)
    with application.database.transaction() as session:
        session.get_one(Case, case.id).erase_after = case.created_at.date()
    assert _breaks(application) == []
    _tamper(application, case, steward="nobody")
    assert len(_breaks(application)) == 1


@pytest.mark.parametrize("model", witness.FORMER, ids=lambda model: str(model.__tablename__))
def test_version_before_witnesses_less(model: type[Base]) -> None:
    assert set(witness.FORMER[model]) < set(witness.WITNESSED[model])
