"""R4: a connection that is cut between two statements ends no page as an error."""

import pytest
from flask import Response
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine.application import Application
from engine.database import Database
from engine.models import Account
from tests.conftest import POSTGRES
from tests.webui.site import Site
from webui.application import create_app
from webui.context import is_reading, reading

pytestmark = pytest.mark.postgres


def _cut(session: Session) -> None:
    """End the connection of a session as an administrator of the server does."""
    backend = session.scalar(select(func.pg_backend_pid()))
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend})
    admin.dispose()


def test_reading_whose_connection_was_cut_ends_without_an_error(postgres_only: Database) -> None:
    with postgres_only.reading() as session:
        session.scalar(select(func.count()).select_from(Account))
        _cut(session)
    with postgres_only.reading() as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 0


def test_writing_whose_connection_was_cut_says_so(postgres_only: Database) -> None:
    with pytest.raises(OperationalError), postgres_only.transaction() as session:
        _cut(session)
    with postgres_only.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 0


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_page_that_was_read_whole_is_sent_though_its_connection_is_gone(
    application: Application,
) -> None:
    app, cut = create_app(application), []

    def cut_what_reads(response: Response) -> Response:
        if is_reading():
            cut.append(response.status_code)
            _cut(reading())
        return response

    anna = Site(application, app).visit("intake.anna")
    app.after_request(cut_what_reads)
    assert anna.get("/").status_code == 200
    assert cut == [200]
