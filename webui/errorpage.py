"""Turns every error into one kind page; what is not permitted looks as if it did not exist."""

import json
from traceback import extract_tb

import structlog
from flask import Flask, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, SecurityError

from engine.errors import (
    CasetableError,
    ConflictError,
    EpisodeClosedError,
    InputError,
    NotFoundError,
    NotPermittedError,
    SeparationError,
    TooManyAttemptsError,
)
from engine.language import gettext
from engine.outage import is_full
from webui import language
from webui.context import end_reading
from webui.guard import SignedOutError
from webui.reading_record import PasswordNeededError

log = structlog.get_logger()

STATUS = (
    ((NotFoundError, NotPermittedError), 404),
    ((ConflictError, EpisodeClosedError, SeparationError), 409),
    ((InputError,), 400),
    ((TooManyAttemptsError,), 429),
    ((SignedOutError, PasswordNeededError), 401),
)
FAILED = 500
AWAY = (OperationalError, InterfaceError, PoolTimeoutError)
"""The database does not answer, is locked for too long, or has no connection free (R4).

A full disk ends in the same page with other words (R13).
"""
RETRY_AFTER = "10"
FRAMES = 12
SAYS_WHY = frozenset({400, 401, 409, 429})


def register(app: Flask) -> None:
    """Let every exception of a view end in `show_error`."""
    app.register_error_handler(Exception, show_error)


def show_error(error: Exception) -> ResponseReturnValue:
    """Return the page, or JSON for a script, and the status for an error."""
    end_reading()
    if isinstance(error, SecurityError):
        # No page can be made for a host that is not ours: it has no addresses.
        return Response("This name is not served here.\n", 400, mimetype="text/plain")
    if isinstance(error, AWAY) or is_full(error):
        return _away(error)
    if isinstance(error, PasswordNeededError) and request.method == "GET":
        return redirect(url_for("step_up.show", next=request.full_path.rstrip("?")))
    status = status_of(error)
    if status == FAILED:
        # Threat: the text of an exception may quote what somebody typed; frames do not (S18).
        frames = [f"{frame.filename}:{frame.lineno}" for frame in extract_tb(error.__traceback__)]
        log.error(
            "request failed",
            error=type(error).__name__,
            at=frames[-FRAMES:],
        )
    else:
        # Whoever is refused is refused before the structure's language is known.
        language.settle()
    says = str(error) if status in SAYS_WHY and isinstance(error, CasetableError) else ""
    if request.accept_mimetypes.best == "application/json":
        return {"message": says or gettext("This did not work; reload the page and retry.")}, status
    template = f"error/{status}.html" if status in PAGES else "error/other.html"
    return render_template(template, says=says, status=status), status


def _away(error: Exception) -> Response:
    """Return a page that asks nothing of the database, not even who is signed in.

    Where the answer to a commit got lost nobody knows whether it was recorded, so only a full
    disk lets the page say that nothing was.
    """
    full = is_full(error)
    log.error("disk full" if full else "database away", error=type(error).__name__)
    headers = {"Retry-After": RETRY_AFTER}
    if request.accept_mimetypes.best == "application/json":
        says = (
            gettext("There is no room left on the disk; nothing was recorded. Tell the operator.")
            if full
            else gettext("The database does not answer. Wait a few seconds, then try again.")
        )
        return Response(json.dumps({"message": says}), 503, headers, mimetype="application/json")
    page = current_app.jinja_env.get_template("error/503.html").render(full=full)
    return Response(page, 503, headers, mimetype="text/html")


PAGES = frozenset({400, 404, 405, 409, 413, 429, 500})


def status_of(error: Exception) -> int:
    """Return the HTTP status of an error."""
    if isinstance(error, HTTPException):
        return error.code or FAILED
    return next((status for kinds, status in STATUS if isinstance(error, kinds)), FAILED)
