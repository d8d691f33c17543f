"""What a colleague asks: that others read everything; a second person agrees or refuses (S19)."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import agreement
from engine.errors import InputError
from engine.reading.agreement import agreements
from webui.context import account, application, end_reading, reading
from webui.guard import across, own
from webui.reading_record import note_listing

pages = Blueprint("agreement", __name__)
ACROSS = "the lead of an organisation agrees in cases that the lead does not read"


@pages.get("/agreements")
@across(ACROSS)
@own
def index() -> str:
    """List what waits for this person's agreement, and what this person asked."""
    return _page({}, {})


def _page(given: Any, errors: dict[str, str]) -> str:
    found = agreements(reading(), account())
    note_listing("agreements", found.codes)
    return render_template("agreement/index.html", agreements=found, given=given, errors=errors)


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
    return _back("Recorded: they read everything from now on. Whoever reads more is told.")


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
    return _back("Recorded: it stays as it is. Your colleague is told.")


@pages.post("/agreements/<uuid:request_id>/withdraw")
@across(ACROSS)
@own
def withdraw(request_id: UUID) -> Response:
    """Take back what one asked."""
    me = account().id
    end_reading()
    agreement.withdraw(application(), request_id, me)
    return _back("Taken back: it stays as it is.")


def _back(words: str) -> Response:
    flash(words, "success")
    return redirect(url_for("agreement.index"))
