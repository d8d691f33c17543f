"""Opening a case in danger to life, the short view of it, and its review by two others."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from engine import emergency, emergency_review
from engine.access import may
from engine.emergency import EmergencyError
from engine.errors import NotFoundError
from engine.language import gettext, mark
from engine.models import Account, EmergencyAccess
from engine.reading.emergency import openings, running, summary, watched
from engine.throttle import BY_EMERGENCY
from webui.attempt import claim, give_back
from webui.context import account, application, end_reading, now, profile, reading, subject, today
from webui.guard import action, own, sensitive
from webui.reading_record import note_emergency_reading

pages = Blueprint("emergency", __name__)
NOTHING = mark(
    "Nothing is opened. The code may be wrong, or the case is not one that opens to you. "
    "Your attempt is on record."
)
SUSPENDED = mark(
    "Nothing is opened: you have used your emergency accesses of this quarter. The "
    "data-protection officer is called. Ask somebody else on duty."
)


def by_id(session: Session, access_id: UUID) -> EmergencyAccess | None:
    """Load the emergency access that the address names."""
    return session.get(EmergencyAccess, access_id)


@pages.get("/emergency")
@sensitive("emergency.new")
@action("emergency:open")
def new() -> str:
    """Show the form, and the own accesses that run."""
    return _page({}, {})


def _page(errors: dict[str, str], given: Any) -> str:
    if not emergency.may_open(account(), profile()):
        raise NotFoundError(gettext("This page does not exist, or it is not for you."))
    return render_template(
        "emergency/new.html",
        errors=errors,
        given=given,
        reasons=list(profile().lists.get("emergency_reasons", {}).items()),
        running=running(reading(), account(), now()),
    )


@pages.post("/emergency")
@sensitive("emergency.new")
@action("emergency:open")
def create() -> Response | tuple[str, int]:
    """Open the case, or say that nothing is opened: the same for every code that does not open."""
    form = request.form
    wanted = emergency.Request(
        form.get("code", "").strip().upper()[:20], form.get("category", ""), form.get("motive", "")
    )
    me = account().id
    end_reading()
    claimed = claim((BY_EMERGENCY, str(me)))
    try:
        answer = emergency.open_case(application(), me, wanted)
    except EmergencyError as error:
        give_back(claimed)
        return _page(error.errors, form), 422
    if answer.access_id is None:
        return _page({"code": gettext(SUSPENDED if answer.suspended else NOTHING)}, form), 422
    give_back(claimed)
    return redirect(url_for("emergency.show", access_id=answer.access_id))


@pages.get("/emergency/<uuid:access_id>")
@action("emergency:read", of=by_id)
def show(access_id: UUID) -> str:
    """Show the case in short; that it was opened is on record before."""
    note_emergency_reading(subject().case_id)
    found = reading().get_one(EmergencyAccess, access_id)
    return render_template(
        "emergency/show.html",
        access=found,
        case=found.case,
        found=summary(reading(), found.case, account(), today()),
        disciplines=profile().disciplines,
    )


@pages.post("/emergency/<uuid:access_id>/end")
@action("emergency:end", of=by_id)
def end(access_id: UUID) -> Response:
    """End the access at once: by its opener, who leads the case, or the officer."""
    mine = subject().account_id == account().id
    me = account().id
    end_reading()
    emergency.end(application(), access_id, me)
    flash(gettext("The emergency access has ended."), "success")
    back = url_for("worklist.show") if mine else url_for("emergency.watch", access_id=access_id)
    return redirect(back)


@pages.get("/emergency/reviews")
@own
def index() -> str:
    """List the emergency accesses that one watches over."""
    return render_template("emergency/index.html", found=watched(reading(), account()))


@pages.get("/emergency/<uuid:access_id>/review")
@action("emergency:watch", of=by_id)
def watch(access_id: UUID) -> str:
    """Show who opened which case why, what was looked at, and the review."""
    return _review_page(access_id, {}, {})


def _review_page(access_id: UUID, errors: dict[str, str], given: Any) -> str:
    session = reading()
    found = session.get_one(EmergencyAccess, access_id)
    me = session.get_one(Account, account().id)
    return render_template(
        "emergency/review.html",
        access=found,
        openings=openings(session, found),
        why_not=emergency_review.why_not(session, found, me),
        is_running=found.ended_at is None and now() < found.ends_at,
        may_end=may(session, me, "emergency:end", found, at=now()),
        reasons=profile().lists.get("emergency_reasons", {}),
        errors=errors,
        given=given,
    )


@pages.post("/emergency/<uuid:access_id>/review")
@action("emergency:watch", of=by_id)
def review(access_id: UUID) -> Response | tuple[str, int]:
    """Record this person's part of the review."""
    form = request.form
    me = account().id
    end_reading()
    written = emergency_review.Finding(form.get("finding", ""), form.get("reasons", ""))
    try:
        emergency_review.review(application(), access_id, me, written)
    except EmergencyError as error:
        return _review_page(access_id, error.errors, form), 422
    flash(gettext("Your part of the review is recorded."), "success")
    return redirect(url_for("emergency.index"))
