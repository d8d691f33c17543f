"""What may happen at any time in a case: new information, danger, withdrawal, a note, reopening."""

from typing import Any
from uuid import uuid4

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from engine.cases import request_reopening
from engine.errors import NotFoundError
from engine.inbox import EVENTS, post_event
from engine.language import gettext, mark
from engine.note import KINDS, add_note
from webui.casepage import case_page
from webui.context import account, application, end_reading, form_key, subject
from webui.guard import action
from webui.loading import case as by_code

pages = Blueprint("event", __name__)
TAKEN_UP = (mark("Recorded; the process has taken it up."), "success")
KEPT = (mark("Recorded. It is kept on the case page until the process can take it up."), "info")


@pages.get("/cases/<code>/events/<name>")
@action("case:event", of=by_code)
def new(code: str, name: str) -> str:
    """Ask for the words that go with an event."""
    del code
    if name not in EVENTS:
        raise NotFoundError(gettext("There is no such event."))
    return _page(name, {})


def _page(name: str, errors: dict[str, str]) -> str:
    key = request.form.get("_key") or uuid4().hex
    given = request.form.get("text", "")
    return case_page("event/new.html", "events", name=name, errors=errors, key=key, given=given)


@pages.post("/cases/<code>/events/<name>")
@action("case:event", of=by_code)
def create(code: str, name: str) -> Response | tuple[str, int]:
    """Record the words as a note and tell the running process."""
    text = request.form.get("text", "").strip()
    if name not in EVENTS:
        raise NotFoundError(gettext("There is no such event."))
    if not text:
        return _page(name, {"text": gettext("Say in a few words what happened.")}), 422
    case_id, me = subject().id, account().id
    key = f"{me}:{request.form.get('_key', uuid4().hex)[:60]}"
    end_reading()
    posted = post_event(application(), case_id, me, name, text, key=key)
    words, category = TAKEN_UP if posted.delivered else KEPT
    flash(gettext(words), category)
    return redirect(url_for("case.show", code=code))


@pages.get("/cases/<code>/notes/new")
@action("case:write", of=by_code)
def new_note(code: str) -> str:
    """Ask for a note."""
    del code
    return _note_page({}, {})


def _note_page(errors: dict[str, str], given: Any) -> str:
    return case_page(
        "event/note.html",
        "notes",
        errors=errors,
        given=given,
        kinds={kind: gettext(words) for kind, words in KINDS.items()},
    )


@pages.post("/cases/<code>/notes/new")
@action("case:write", of=by_code)
def create_note(code: str) -> Response | tuple[str, int]:
    """Add a note to the case file; nothing else changes."""
    text, kind = request.form.get("text", "").strip(), request.form.get("kind", "note")
    errors = {} if text else {"text": gettext("Write the note.")}
    if kind not in KINDS:
        errors["kind"] = gettext("Choose what kind of note it is.")
    if errors:
        return _note_page(errors, request.form), 422
    case_id, me = subject().id, account().id
    end_reading()
    add_note(application(), case_id, me, kind, text, key=form_key())
    flash(gettext("The note is on file."), "success")
    return redirect(url_for("case.show", code=code))


@pages.get("/cases/<code>/reopening")
@action("case:reopen", of=by_code)
def new_reopening(code: str) -> str:
    """Explain what asking for a reopening does."""
    del code
    return case_page("event/reopen.html", "reopening")


@pages.post("/cases/<code>/reopening")
@action("case:reopen", of=by_code)
def create_reopening(code: str) -> Response:
    """Start the reopening of a case that has ended (P89)."""
    case_id, me = subject().id, account().id
    end_reading()
    request_reopening(application(), case_id, me)
    flash(
        gettext("The reopening is under way: give the reason in the step that now waits."),
        "success",
    )
    return redirect(url_for("case.show", code=code))
