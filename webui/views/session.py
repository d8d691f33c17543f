"""Where one is signed in, and closing what one does not know (S8)."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from engine import account_notice, accounts
from engine.language import gettext
from engine.reading.account import sessions_of
from webui import identity
from webui.context import account, reading, web_session, writing
from webui.guard import own

pages = Blueprint("session", __name__)


@pages.get("/sessions")
@own
def index() -> str:
    """Show where one is signed in, and what happened to the account in the last year."""
    found = sessions_of(reading(), account(), identity.wall_clock())
    return render_template(
        "own/sessions.html",
        sessions=found,
        this=web_session(),
        events=account_notice.events_of(reading(), account().id),
        words=account_notice.KINDS,
    )


@pages.post("/sessions/close-others")
@own
def close_others() -> Response:
    """Close every other session of one's own."""
    me, kept = account(), web_session().token_hash
    with writing() as session:
        accounts.end_sessions(session, me.id, identity.wall_clock(), kept=kept)
    flash(gettext("All other sessions are closed."), "success")
    return redirect(url_for("session.index"))


@pages.post("/sessions/<uuid:session_id>/close")
@own
def close(session_id: UUID) -> Response:
    """Close one session of one's own; the browser that has it is signed out at once."""
    me = account()
    with writing() as session:
        accounts.end_one(session, me.id, session_id, identity.wall_clock())
    flash(gettext("The session is closed."), "success")
    return redirect(url_for("session.index"))
