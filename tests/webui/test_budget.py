"""Whoever opens very many cases in a day is asked for the password, then stopped (S13)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine import budget, demo, verification
from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.deployment import resolve
from engine.models import Account, AuditEntry, Case, Incident, WebSession
from engine.settings import ROOT
from tests.conftest import make_settings
from tests.webui.site import Site, Visitor
from webui.application import create_app
from webui.identity import wall_clock

READER = "intake.anna"


@pytest.fixture
def strict(database: Database, tmp_path: Path, clock: TestClock) -> Site:
    """Pages over a world where two cases are free in a day and four the most."""
    url = database.url.render_as_string(hide_password=False)
    found = Application(make_settings(tmp_path, url), database, clock)
    values = {"reading_step_up": 2, "reading_stop": 4}
    demo.seed(found, resolve(ROOT / "processes", "base").with_values(values))
    return Site(found, create_app(found))


@pytest.fixture
def cases(strict: Site) -> list[Case]:
    return [strict.report() for _ in range(5)]


def _forget_the_password(site: Site) -> None:
    with site.application.database.transaction() as session:
        for row in session.scalars(select(WebSession)).unique():
            row.confirmed_at = wall_clock() - timedelta(minutes=6)


def _open(visitor: Visitor, case: Case, path: str = "") -> int:
    return int(visitor.get(f"/cases/{case.code}{path}").status_code)


def _type_the_password(visitor: Visitor, target: str) -> str:
    form = {"password": "demonstration only", "next": target}
    return str(visitor.post("/confirm", form).headers["Location"])


def test_reading_many_cases_asks_for_the_password(strict: Site, cases: list[Case]) -> None:
    anna = strict.visit(READER)
    _forget_the_password(strict)
    assert [_open(anna, case) for case in cases[:2]] == [200, 200]
    target = f"/cases/{cases[2].code}"
    answer = anna.get(target)
    assert answer.headers["Location"].startswith("/confirm?next=")
    assert target not in [entry.subject for entry in _read(strict)]
    assert len({entry.case_id for entry in _read(strict)}) == 2
    assert _type_the_password(anna, target) == target
    assert _open(anna, cases[2]) == 200
    # What is open already asks for nothing, also later.
    _forget_the_password(strict)
    assert [_open(anna, case, "/people") for case in cases[:3]] == [200] * 3
    assert _open(anna, cases[3]) == 302


def test_reading_too_many_cases_is_stopped_and_the_officer_called(
    strict: Site, cases: list[Case]
) -> None:
    anna = strict.visit(READER)
    assert [_open(anna, case) for case in cases] == [200] * 4 + [429]
    assert "data-protection officer is called" in anna.text()
    item = strict.item(cases[4], "check_source")
    assert anna.get(f"/work/{item.id}").status_code == 429
    assert cases[4].id not in {entry.case_id for entry in _read(strict)}
    assert _open(anna, cases[0]) == 200
    with strict.application.database.reading() as session:
        incident = session.scalars(select(Incident)).one()
        assert (incident.owner_role, incident.attempts) == ("dpo", 2)
        assert verification.verify(session).breaks == []
    assert _open(strict.visit("intake.bram"), cases[4]) == 200
    clock: Any = strict.application.clock
    clock.advance(timedelta(days=1))
    assert _open(anna, cases[4]) == 200


def _read(site: Site) -> list[AuditEntry]:
    with site.application.database.reading() as session:
        return list(
            session.scalars(
                select(AuditEntry)
                .join(Account, Account.id == AuditEntry.actor_id)
                .where(AuditEntry.event == budget.OPENED, Account.username == READER)
            )
        )


def test_reading_budget_is_what_the_profile_says(site: Site) -> None:
    with site.application.database.reading() as session:
        values = site.application.deployment(session).profile.values
    assert (values["reading_step_up"], values["reading_stop"]) == (budget.STEP_UP, budget.STOP)


def test_officer_who_looks_after_many_cases_is_not_stopped(strict: Site, cases: list[Case]) -> None:
    paula = strict.visit("privacy.paula")
    _forget_the_password(strict)
    assert [_open(paula, case, "/readers") for case in cases] == [200] * 5
