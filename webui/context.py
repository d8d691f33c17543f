"""What a view may ask about the current request: application, session, person, time."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast

from flask import current_app, g, request
from flask_login import current_user
from sqlalchemy.orm import Session

from engine.deployment import ResolvedDeployment
from engine.deputy import now_of
from engine.language import current_speech
from engine.models import Account, WebSession
from engine.profile import Profile
from engine.wordbook import deployment_words

if TYPE_CHECKING:
    from engine.application import Application

LAST_PAGE = 100_000
READING = frozenset({"GET", "HEAD"})
"""Methods of requests that show a page, and write no more than that they do."""


def application() -> "Application":
    """Return the application behind this web server."""
    return cast("Application", current_app.extensions["casetable"])


def now() -> datetime:
    """Return the instant of this request; on a demo database the demo clock's."""
    if "now" not in g:
        # Through the session that is open: a second connection only to ask the time costs more.
        g.now = now_of(g.reading) if is_reading() else application().clock.now()
    return cast("datetime", g.now)


def today() -> date:
    """Return the calendar day of this request in the profile's time zone."""
    return now().astimezone(profile().zone).date()


def reading() -> Session:
    """Return the session in which this request reads; it is opened on first use.

    It sees what the person who is signed in may see (S3), or looks across cases where the view
    has said why (webui/guard.py).
    """
    if "reading" not in g:
        database = application().database
        me = current_user.account.id if current_user.is_authenticated else None
        if g.get("across") or "arriving" not in g:
            end_reading()
            g.reading = _held(database.reading() if g.get("across") else database.reading_as(me))
        else:
            g.reading = g.pop("arriving")
            if me is not None:
                database.read_on_as(g.reading, me)
    return cast("Session", g.reading)


@contextmanager
def arriving() -> Iterator[Session]:
    """Give a session that sees nothing of any case, to find out who asks.

    The request goes on in it as whoever that is. One that changes something and has asked nothing
    more lets it go before it begins (webui/language.py): it may have to wait for a connection that
    others hold, and must hold none meanwhile.
    """
    end_reading()
    g.arriving = _held(application().database.reading_as(None))
    yield g.arriving


def _held(opened: AbstractContextManager[Session]) -> Session:
    """Return a session that is open until `end_reading`."""
    g.reading_stack = ExitStack()
    return cast("Session", g.reading_stack.enter_context(opened))


@contextmanager
def writing() -> Iterator[Session]:
    """Give a transaction; what was read before may be out of date, so it is let go first."""
    end_reading()
    with application().database.transaction() as session:
        yield session


@contextmanager
def writing_beside() -> Iterator[Session]:
    """Give a transaction beside what is being read: to put a reading on record, and no more.

    Who reads waits here for a connection of the engine's, and nobody who holds one of those
    waits for a reader's.
    """
    database = application().database
    if g.get("across") or not database.reads_beside:
        end_reading()
    with database.transaction() as session:
        yield session


def is_reading() -> bool:
    """Say whether this request holds a reading session now."""
    return "reading" in g


def end_reading(_error: BaseException | None = None) -> None:
    """Close the reading session, at the end of the request or before something is written."""
    stack = g.pop("reading_stack", None)
    g.pop("reading", None)
    g.pop("arriving", None)
    if stack is not None:
        stack.close()


def account() -> Account:
    """Return the person who is signed in; only for views that are not public."""
    return cast("Account", current_user.account)


def web_session() -> WebSession:
    """Return the session of the browser; only for views that are not public."""
    return cast("WebSession", current_user.web_session)


def page_number() -> int:
    """Return the page that the address asks for, within what a database can count to."""
    return min(max(1, request.args.get("page", 1, type=int)), LAST_PAGE)


def form_key() -> str:
    """Return the key of the copy of a form that was sent; again it makes nothing new (R16)."""
    return request.form.get("_key", "")[:80]


def subject() -> Any:
    """Return what the guard has loaded and permitted for this view (see webui/guard.py)."""
    return g.subject


def ask_again() -> None:
    """Ask the guard anew in a fresh session, because rights have changed during the request.

    Raise NotFoundError where the page is not for this person any more.
    """
    end_reading()
    if "asks_again" in g:
        g.asks_again()


def newest() -> ResolvedDeployment:
    """Return what new cases are started on."""
    if "newest" not in g:
        app = application()
        g.newest = app.deployments.current(reading(), app.settings.profile)
    return cast("ResolvedDeployment", g.newest)


def profile() -> Profile:
    """Return its profile: names of roles, zone, texts; its words in the language of the reader."""
    spoken, found = g.get("profile", (None, None))
    if spoken is not current_speech():
        structure = newest()
        found = deployment_words(structure).profile(structure.profile)
        g.profile = (current_speech(), found)
    return cast("Profile", found)
