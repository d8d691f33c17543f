"""Being away: own absences and deputies, and those of somebody who cannot enter them (P36)."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from engine.absence import (
    AbsenceError,
    Wish,
    deputies_for,
    deputising,
    end,
    enter,
    of_others,
    own_absences,
    people_to_enter_for,
)
from engine.errors import NotFoundError
from engine.language import gettext
from engine.models import Absence, Account
from webui.context import account, application, end_reading, now, reading, subject, today
from webui.guard import action, own

pages = Blueprint("absence", __name__)


def by_id(session: Session, absence_id: UUID) -> Absence | None:
    """Load the absence that the address names."""
    return session.get(Absence, absence_id)


@pages.get("/absences")
@own
def index() -> str:
    """Show one's own absences, whom one deputises for, and the form for a new absence."""
    return _own_page({}, {})


def _own_page(given: Any, errors: dict[str, str]) -> str:
    me = account()
    return render_template(
        "absence/index.html",
        absences=own_absences(reading(), me, now()),
        deputising=deputising(reading(), me, now()),
        deputies=deputies_for(reading(), me),
        given=given,
        errors=errors,
        today=today(),
    )


@pages.post("/absences")
@own
def create() -> Response | tuple[str, int]:
    """Enter an own absence, or say what is missing."""
    me = account().id
    try:
        _enter(me)
    except AbsenceError as error:
        return _own_page(request.form, {error.field: str(error)}), 422
    flash(gettext("Your absence is entered. Your deputy is told."), "success")
    return redirect(url_for("absence.index"))


@pages.get("/absences/others")
@action("absence:enter_for")
def others() -> str:
    """Show the absences of others, and the form for one person once that person is chosen."""
    return _others_page(_chosen(request.args.get("person", "")), {}, {})


def _chosen(username: str) -> Account | None:
    """Return the person of a user name, if one may enter an absence for that person."""
    for one in people_to_enter_for(reading(), account()):
        if one.username == username:
            return one
    return None


def _others_page(person: Account | None, given: Any, errors: dict[str, str]) -> str:
    me = account()
    candidates = deputies_for(reading(), person) if person else []
    return render_template(
        "absence/others.html",
        absences=of_others(reading(), me, now()),
        people=people_to_enter_for(reading(), me),
        person=person,
        deputies=[
            one
            for one in candidates
            if person and one.organisation_id == person.organisation_id and one.id != me.id
        ],
        given=given,
        errors=errors,
        today=today(),
    )


@pages.post("/absences/others")
@action("absence:enter_for")
def create_for_other() -> Response | tuple[str, int]:
    """Enter an absence for somebody who cannot, or say what is missing."""
    person = _chosen(request.form.get("person", ""))
    if person is None:
        raise NotFoundError(gettext("There is no such person, or it is not for you."))
    try:
        _enter(person.id)
    except AbsenceError as error:
        return _others_page(person, request.form, {error.field: str(error)}), 422
    flash(
        gettext(
            "The absence of %(display_name)s is entered. Both are told.",
            display_name=person.display_name,
        ),
        "success",
    )
    return redirect(url_for("absence.others"))


@pages.post("/absences/<uuid:absence_id>/end")
@action("absence:end", of=by_id)
def finish(absence_id: UUID) -> Response:
    """End an absence now; the deputy's access ends with it."""
    me, mine = account().id, subject().account_id == account().id
    end_reading()
    end(application(), absence_id, me)
    flash(gettext("The absence is ended, and with it the deputy's access."), "success")
    return redirect(url_for("absence.index" if mine else "absence.others"))


def _enter(person: UUID) -> None:
    me, wish = account().id, _wish(person)
    end_reading()
    enter(application(), me, wish)


def _wish(person: UUID) -> Wish:
    given = request.form
    try:
        deputy = UUID(given["deputy"]) if given.get("deputy") else None
    except ValueError as error:
        raise AbsenceError(
            "deputy", gettext("Choose somebody from the list to deputise.")
        ) from error
    return Wish(person, deputy, _day("first_day"), _day("last_day"), given.get("note", ""))


def _day(name: str) -> date | None:
    written = request.form.get(name, "").strip()
    try:
        return date.fromisoformat(written) if written else None
    except ValueError as error:
        raise AbsenceError(name, gettext("This is no date; write it like 2026-12-31.")) from error
