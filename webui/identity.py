"""Who is signed in: Flask-Login as a thin shell around our own sessions in the database (S8)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog
from flask import Flask, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from sqlalchemy.orm import Session

from engine import account_notice, accounts, audit
from engine.models import Account, SessionStage, WebSession
from webui import known_browser
from webui.context import application, arriving, now, writing
from webui.device import device_words

log = structlog.get_logger()
COOKIE = "casetable"
HALF = "half"
"""What the cookie keeps between the two steps of signing in: a token that opens no page."""


def wall_clock() -> datetime:
    """Return the machine's time: moving the clock of a demonstration must not sign people out."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class SignedIn(UserMixin):  # type: ignore[misc]
    """A signed-in person; the id that the cookie carries is the session's token, nothing else."""

    token: str
    web_session: WebSession

    @property
    def account(self) -> Account:
        """Return the person's account."""
        return self.web_session.account

    def get_id(self) -> str:
        """Return what the cookie keeps: a random token that the server can revoke."""
        return self.token


def register(app: Flask, *, nobody: bool = False) -> None:
    """Connect Flask-Login; its own protection is off because the session row decides.

    `nobody` signs in where the public page is served on its own, whatever a cookie says.
    """
    manager = LoginManager()
    manager.session_protection = None
    manager.user_loader((lambda _: None) if nobody else load_signed_in)
    manager.init_app(app)


def load_signed_in(token: str) -> SignedIn | None:
    """Return who holds a token, None when it is unknown, revoked, idle for too long or over."""
    with arriving() as database:
        found = accounts.find_session(database, token, wall_clock(), SessionStage.FULL)
    if found is None:
        return None
    if accounts.touch_session(found, wall_clock()):
        with application().database.transaction() as database:
            database.merge(found)
    return SignedIn(token, found)


def load_half(stage: SessionStage) -> WebSession | None:
    """Return the session of who has typed the password and owes the second step."""
    token = session.get(HALF, "")
    return _find(token, stage) if token else None


def _find(token: str, stage: SessionStage) -> WebSession | None:
    with application().database.reading_as(None) as database:
        return accounts.find_session(database, token, wall_clock(), stage)


def is_fresh() -> bool:
    """Say whether the password was typed in the last minutes, which sensitive pages ask for."""
    confirmed: datetime = current_user.web_session.confirmed_at
    return wall_clock() - confirmed <= accounts.FRESH


def begin(account: Account, *, arrives: bool = False) -> None:
    """Open a session for somebody who has just proved who he or she is; the cookie changes.

    Whoever `arrives`, in a browser in which nobody has signed in as this person, is told so.
    """
    with writing() as database:
        _close_former(database)
        token = accounts.open_session(database, account, wall_clock(), device=device_words())
        if arrives and not known_browser.mark_of(account):
            _tell_of_new_browser(database, account.id)
    _keep(token)
    known_browser.remember(account)
    if arrives:
        log.info("signed_in", id=str(account.id))


def _tell_of_new_browser(database: Session, me: UUID) -> None:
    kind = "account_new_browser"
    account_notice.tell(database, me, kind, now(), device=device_words())
    event = "account:browser:new"
    audit.record(database, None, at=now(), actor_id=me, event=event, subject=me)


def begin_half(account: Account, stage: SessionStage, pending_secret: bytes | None = None) -> None:
    """Remember for a few minutes that the password was right; it opens the second step only."""
    with writing() as database:
        _close_former(database)
        token = accounts.open_session(
            database, account, wall_clock(), stage, device_words(), pending_secret
        )
    logout_user()
    session.clear()
    session[HALF] = token


def renew() -> None:
    """Give this browser a new token: its person typed the password or changed a secret (S8)."""
    with writing() as database:
        token = accounts.rotate_session(database, current_user.token, wall_clock())
    _keep(token)


def end(token: str) -> None:
    """Close the session on the server and forget it in the browser."""
    with writing() as database:
        accounts.close_session(database, token, wall_clock())
    logout_user()
    session.clear()


def _close_former(database: Session) -> None:
    """Close what this browser had before: nobody else may go on with it."""
    for token in (session.get("_user_id"), session.get(HALF)):
        if token:
            accounts.close_session(database, token, wall_clock())


def _keep(token: str) -> None:
    found = _find(token, SessionStage.FULL)
    if found is None:
        raise RuntimeError("A session that was just opened was not found again.")
    session.clear()  # nothing of the visit before the sign-in is carried over
    login_user(SignedIn(token, found))
