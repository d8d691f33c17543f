"""Questions to the door of the pages, which asks the policy before every request (S1).

Quick enough to be asked again after every small mistake that is planted there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import event, func, select, update

from engine import accounts, demo
from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.models import Account, AuditEntry, Base, Case, SessionStage, WebSession
from tests.authz.hall import NOW
from tests.conftest import make_settings, not_to_the_disk
from tests.webui.site import Site, Visitor
from webui import guard
from webui.application import create_app
from webui.identity import wall_clock

MOTIVE = "The mother called: he left with a knife and does not answer."
ABSENT = "00000000-0000-4000-8000-000000000000"
OWN_PAGES = ("/", "/cases", "/sessions", "/profile")
REFUSED = "case:file:refuse"
MISSED = "case:search:miss"


@dataclass
class Door:
    """The pages with a case at the intake desk, and the people who come to the door."""

    site: Site
    case: Case
    item: UUID
    emergency: str
    """The address of an emergency access that a partner has opened."""


def build(folder: Path) -> Door:
    """Return the pages over an own database with the demo people and one case."""
    database = Database(f"sqlite:///{folder / 'door.sqlite'}")
    event.listen(database.engine, "connect", not_to_the_disk)
    Base.metadata.create_all(database.engine)
    application = Application(
        make_settings(folder, str(database.engine.url)), database, TestClock(NOW)
    )
    demo.seed(application)
    app = create_app(application)
    app.config["REFUSAL_SECONDS"] = 0
    _add_views(app)
    site = Site(application, app)
    case = site.report()
    form = {"code": case.code, "category": "violence", "motive": MOTIVE}
    chris = site.visit("child.chris")
    answer = chris.post("/emergency", form)
    assert answer.status_code == 302, chris.text()
    return Door(site, case, site.item(case, "check_source").id, answer.headers["Location"])


def _add_views(app: Flask) -> None:
    """Add a view that declares nothing, and one whose loader finds nothing."""
    app.add_url_rule("/undeclared", "undeclared", lambda: "shown")
    nobody = guard.action("case:read", lambda _session: None)(lambda: "shown")
    app.add_url_rule("/nobody", "nobody", nobody)


def objections(door: Door) -> Iterator[str]:
    """Give every question that is answered wrongly, in words."""
    for question in QUESTIONS:
        try:
            yield from (f"{question.__name__}: {told}" for told in question(door))
        except Exception as error:  # noqa: BLE001 - a door that breaks lets nobody in
            yield f"{question.__name__} breaks: {error!r}"


def _get(visitor: Visitor, path: str, **headers: str) -> tuple[int, str]:
    answer = visitor.client.get(path, headers=headers)
    return answer.status_code, answer.headers.get("Location", "")


def _unlike(expected: object, given: object, what: str) -> Iterator[str]:
    if expected != given:
        yield f"{what}: expected {expected}, is {given}"


def strangers(door: Door) -> Iterator[str]:
    """Who is not signed in sees what is public, and is sent to the sign-in page else."""
    stranger = door.site.visit()
    yield from _unlike(404, _get(stranger, "/nowhere")[0], "no such address")
    yield from _unlike(404, _get(stranger, "/undeclared")[0], "a view that declares nothing")
    for path in ("/sign-in", "/report", "/health"):
        yield from _unlike(200, _get(stranger, path)[0], path)
    yield from _unlike((302, "/sign-in"), _get(stranger, "/"), "/")
    yield from _unlike((302, "/sign-in?next=/cases"), _get(stranger, "/cases"), "/cases")
    there = f"/cases/{door.case.code}"
    yield from _unlike((302, f"/sign-in?next={there}"), _get(stranger, there), "a case")
    token = {"csrf_token": stranger.csrf()}
    sent = stranger.client.post("/sign-out", data=token)
    yield from _unlike((302, "/sign-in"), (sent.status_code, sent.headers["Location"]), "a form")
    path = f"/work/{door.item}/draft"
    answer = stranger.client.post(path, data=token, headers={"Accept": "application/json"})
    yield from _unlike(401, answer.status_code, "a script")


def halves(door: Door) -> Iterator[str]:
    """Who owes the second step does that and nothing else; nobody else comes there."""
    stranger = door.site.visit()
    yield from _unlike((302, "/sign-in"), _get(stranger, "/sign-in/code"), "without a password")
    asked = _get(stranger, "/sign-in/code?next=/cases")
    yield from _unlike((302, "/sign-in?next=/cases"), asked, "where to go afterwards")
    with door.site.application.database.transaction() as session:
        anna = door.site._account(session, "intake.anna")
        token = accounts.open_session(session, anna, wall_clock(), SessionStage.SECOND_STEP)
    with stranger.client.session_transaction() as cookie:
        cookie["half"] = token
    yield from _unlike(200, _get(stranger, "/sign-in/code")[0], "with a password")
    yield from _unlike((302, "/sign-in"), _get(stranger, "/"), "the worklist of a half session")


def lent(door: Door) -> Iterator[str]:
    """Who has a password that others know changes it before anything else (V6.4.1)."""
    visitor = door.site.visit("intake.bram")
    _set(door, "intake.bram", password_is_lent=True)
    for path in OWN_PAGES:
        yield from _unlike((302, "/account/password"), _get(visitor, path), path)
    for path in ("/account/password", "/confirm"):
        yield from _unlike(200, _get(visitor, path)[0], path)
    token = {"csrf_token": visitor.csrf()}
    for path in ("/account/password", "/confirm", "/sign-out"):
        answer = visitor.client.post(path, data=token)
        if answer.headers.get("Location") == "/account/password":
            yield f"{path} is closed although it is the way to change it, or to leave"
    visitor = door.site.visit("intake.bram")
    _set(door, "intake.bram", password_is_lent=False)
    for path in OWN_PAGES:
        yield from _unlike(200, _get(visitor, path)[0], path)
    yield from _unlike(200, _get(visitor, "/account/password")[0], "changing it freely")


def sensitive(door: Door) -> Iterator[str]:
    """What is sensitive asks for the password again after some minutes, and only that (S8)."""
    visitor = door.site.visit("intake.anna")
    yield from _unlike(200, _get(visitor, "/emergency")[0], "just typed")
    long_ago = wall_clock() - accounts.FRESH - timedelta(seconds=5)
    with door.site.application.database.transaction() as session:
        anna = door.site._account(session, "intake.anna").id
        session.execute(
            update(WebSession).where(WebSession.account_id == anna).values(confirmed_at=long_ago)
        )
    there = _get(visitor, "/emergency")
    yield from _unlike((302, "/confirm?next=/emergency"), there, "typed long ago")
    yield from _unlike(200, _get(visitor, "/cases")[0], "a page that is not sensitive")


def roles(door: Door) -> Iterator[str]:
    """What a role alone allows is there for the role and not there for others."""
    dora, anna = door.site.visit("privacy.paula"), door.site.visit("intake.anna")
    for path, there in (("/data-protection", dora), ("/signals/new", anna)):
        other = anna if there is dora else dora
        yield from _unlike(200, _get(there, path)[0], path)
        yield from _unlike(404, _get(other, path)[0], f"{path} of others")
    yield from _unlike(404, _get(anna, "/undeclared")[0], "a view that declares nothing")
    yield from _unlike(404, _get(anna, "/nowhere")[0], "no such address")


def subjects(door: Door) -> Iterator[str]:
    """What is named is there for who may, and not there for others and when nothing is found."""
    anna, chris = door.site.visit("intake.anna"), door.site.visit("child.chris")
    for path in (f"/cases/{door.case.code}", f"/work/{door.item}"):
        before = _entries(door, REFUSED, door.case.id)
        yield from _unlike(200, _get(anna, path)[0], path)
        yield from _unlike(before, _entries(door, REFUSED, door.case.id), "entries of refusals")
        yield from _unlike(404, _get(chris, path)[0], f"{path} of a stranger")
        yield from _unlike(before + 1, _entries(door, REFUSED, door.case.id), "one refusal more")
    missed = _entries(door, MISSED, None)
    for path in ("/cases/2222-2222", f"/work/{ABSENT}", "/nobody"):
        yield from _unlike(404, _get(anna, path)[0], path)
    yield from _unlike(missed + 3, _entries(door, MISSED, None), "entries of what is not there")


def emergencies(door: Door) -> Iterator[str]:
    """An emergency access opens the case to who opened it, and to nobody else."""
    chris, yara = door.site.visit("child.chris"), door.site.visit("youth.yara")
    yield from _unlike(200, _get(chris, door.emergency)[0], "the own one")
    yield from _unlike(404, _get(yara, door.emergency)[0], "that of another")


def _set(door: Door, username: str, **values: Any) -> None:
    with door.site.application.database.transaction() as session:
        session.execute(update(Account).where(Account.username == username).values(**values))


def _entries(door: Door, event: str, case_id: UUID | None) -> int:
    with door.site.application.database.reading() as session:
        counted = select(func.count()).where(
            AuditEntry.event == event, AuditEntry.case_id == case_id
        )
        return int(session.scalar(counted) or 0)


QUESTIONS: tuple[Callable[[Door], Iterator[str]], ...] = (
    strangers,
    halves,
    lent,
    sensitive,
    roles,
    subjects,
    emergencies,
)
