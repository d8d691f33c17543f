"""Changing an opinion on closing, until the accountable person has decided (P92)."""

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from engine.errors import NotFoundError
from engine.language import gettext, mark
from engine.opinion import change_opinion, current_opinion, may_change_opinion
from webui.casepage import CaseFrame, case_page, open_case
from webui.context import account, application, end_reading, reading, subject
from webui.guard import action
from webui.loading import case as by_code

pages = Blueprint("opinion", __name__)
CHOICES = (
    ("agree", mark("We agree with closing")),
    ("disagree", mark("We do not agree")),
    ("abstain", mark("We abstain")),
)


@pages.get("/cases/<code>/opinion")
@action("case:event", of=by_code)
def edit(code: str) -> str:
    """Show the opinion of one's organisation as it stands."""
    del code
    frame = _frame()
    episode = frame.episode
    now = current_opinion(reading(), episode, account().organisation_id) if episode else None
    given = {"choice": now.choice, "reasons": now.reasons or ""} if now else {}
    return _page(frame, given, {})


def _frame() -> CaseFrame:
    frame = open_case("opinion")
    if frame.episode is None or not may_change_opinion(reading(), account(), frame.episode):
        raise NotFoundError(gettext("There is no opinion to change, or not for this person."))
    return frame


def _page(frame: CaseFrame, given: Any, errors: dict[str, str]) -> str:
    return case_page(
        "event/opinion.html",
        "opinion",
        frame=frame,
        given=given,
        errors=errors,
        choices=[(code, gettext(words)) for code, words in CHOICES],
    )


@pages.post("/cases/<code>/opinion")
@action("case:event", of=by_code)
def change(code: str) -> Response | tuple[str, int]:
    """Record the new opinion; the earlier one stays on file."""
    choice, reasons = request.form.get("choice", ""), request.form.get("reasons", "").strip()
    errors = {} if choice in dict(CHOICES) else {"choice": gettext("Choose one of the three.")}
    if not reasons:
        errors["reasons"] = gettext("Say in a few words why.")
    if errors:
        return _page(_frame(), request.form, errors), 422
    case_id, me = subject().id, account().id
    end_reading()
    change_opinion(application(), case_id, me, choice, reasons)
    flash(gettext("Your opinion is recorded; the earlier one stays on file."), "success")
    return redirect(url_for("case.show", code=code))
