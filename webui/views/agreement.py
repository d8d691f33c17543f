"""What a colleague asks and a second person agrees to or refuses (S19, security.md 2.4).

That others read everything, and that a whole file is printed.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import agreement, printing
from engine.application import Application
from engine.errors import ConflictError, InputError
from engine.language import gettext
from engine.reading.agreement import agreements
from engine.reading.printing import printings
from webui.context import account, application, end_reading, now, reading
from webui.guard import across, own
from webui.reading_record import note_listing

pages = Blueprint("agreement", __name__)
ACROSS = "the lead of an organisation agrees in cases that the lead does not read"
Answer = Callable[[Application, UUID, UUID, str], None]


@pages.get("/agreements")
@across(ACROSS)
@own
def index() -> str:
    """List what waits for this person's agreement, and what this person asked."""
    return _page({}, {})


def _page(given: Any, errors: dict[str, str]) -> str:
    found = agreements(reading(), account())
    papers = printings(reading(), account(), now())
    note_listing("agreements", [*found.codes, *papers.codes])
    return render_template(
        "agreement/index.html", agreements=found, printings=papers, given=given, errors=errors
    )


@pages.post("/agreements/<uuid:request_id>/agree")
@across(ACROSS)
@own
def agree(request_id: UUID) -> Response | tuple[str, int]:
    """Agree; from this commit on others read everything."""
    me, reason = account().id, request.form.get("reason", "")
    try:
        end_reading()
        agreement.agree(application(), request_id, me, reason)
    except InputError as error:
        return _page(request.form, {f"reason-{request_id}": str(error)}), 422
    return _back(gettext("Recorded: they read everything from now on. Whoever reads more is told."))


@pages.post("/agreements/<uuid:request_id>/refuse")
@across(ACROSS)
@own
def refuse(request_id: UUID) -> Response | tuple[str, int]:
    """Refuse, with the reason for who asked."""
    me, reason = account().id, request.form.get("reason", "")
    try:
        end_reading()
        agreement.refuse(application(), request_id, me, reason)
    except InputError as error:
        return _page(request.form, {f"reason-{request_id}": str(error)}), 422
    return _back(gettext("Recorded: it stays as it is. Your colleague is told."))


@pages.post("/agreements/<uuid:request_id>/withdraw")
@across(ACROSS)
@own
def withdraw(request_id: UUID) -> Response:
    """Take back what one asked."""
    me = account().id
    end_reading()
    agreement.withdraw(application(), request_id, me)
    return _back(gettext("Taken back: it stays as it is."))


@pages.post("/agreements/printing/<uuid:printing_id>/agree")
@across(ACROSS)
@own
def agree_printing(printing_id: UUID) -> Response | tuple[str, int]:
    """Agree; for a short time the file may be printed once."""
    return _answer(printing.agree, printing_id, gettext("Recorded: the file may be printed once."))


@pages.post("/agreements/printing/<uuid:printing_id>/refuse")
@across(ACROSS)
@own
def refuse_printing(printing_id: UUID) -> Response | tuple[str, int]:
    """Refuse, with the reason for who asked."""
    return _answer(printing.refuse, printing_id, gettext("Recorded: it is not printed."))


def _answer(deed: Answer, printing_id: UUID, done: str) -> Response | tuple[str, int]:
    me, reason = account().id, request.form.get("reason", "")
    try:
        end_reading()
        deed(application(), printing_id, me, reason)
    except InputError as error:
        return _page(request.form, {f"reason-{printing_id}": str(error)}), 422
    except ConflictError as error:
        flash(str(error), "danger")
        return redirect(url_for("agreement.index"))
    return _back(done)


@pages.post("/agreements/printing/<uuid:printing_id>/withdraw")
@across(ACROSS)
@own
def withdraw_printing(printing_id: UUID) -> Response:
    """Take back that a file is printed."""
    me = account().id
    end_reading()
    printing.withdraw(application(), printing_id, me)
    return _back(gettext("Taken back: it is not printed."))


def _back(words: str) -> Response:
    flash(words, "success")
    return redirect(url_for("agreement.index"))
