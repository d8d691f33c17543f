"""Who reads how much of a contribution: changed by its author's organisation alone (P21-P23)."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from engine.errors import NotFoundError
from engine.language import gettext, mark
from engine.models import Contribution
from engine.reading.contribution import audiences, offered_levels
from engine.reading.partner import organisations_around
from engine.second_person import open_of
from engine.sharing import (
    Change,
    SharingError,
    change_sharing,
    may_change,
    standing,
)
from webui.casepage import case_page, open_case
from webui.context import account, application, end_reading, reading, subject, today
from webui.guard import action
from webui.loading import case as by_code
from webui.wording import word

pages = Blueprint("sharing", __name__)
TABLE = "table"
DONE = mark("The change is recorded. Whoever reads more is told.")
ASKED = mark(
    "Recorded. Others read everything as soon as a second person of your organisation "
    "agrees; until then they read what they read now."
)


@pages.get("/cases/<code>/contributions/<uuid:contribution_id>/sharing")
@action("case:read", of=by_code)
def edit(code: str, contribution_id: UUID) -> str:
    """Show who reads how much, with the form to change it."""
    del code
    return _page(_own(contribution_id), {"audience": TABLE}, {})


def _own(contribution_id: UUID) -> Contribution:
    """Return a contribution of this case and of the person's organisation."""
    found = reading().get(Contribution, contribution_id)
    if found is None or found.case_id != subject().id:
        raise NotFoundError(gettext("There is no such contribution, or not for this person."))
    if not may_change(reading(), account(), found):
        raise NotFoundError(gettext("There is no such contribution, or not for this person."))
    return found


def _page(contribution: Contribution, given: Any, errors: dict[str, str]) -> str:
    frame = open_case("sharing")
    fresh = reading().get_one(Contribution, contribution.id)
    changes = standing(reading(), [fresh.id], today()).get(fresh.id, {})
    others = [
        one
        for one in organisations_around(reading(), fresh.case_id)
        if one.id != fresh.organisation_id
    ]
    return case_page(
        "sharing/edit.html",
        "sharing",
        frame=frame,
        contribution=fresh,
        audiences=audiences(fresh, changes, others),
        levels=[(level, word(level)) for level in offered_levels(fresh)],
        waits=open_of(reading(), fresh.id),
        given=given,
        errors=errors,
    )


@pages.post("/cases/<code>/contributions/<uuid:contribution_id>/sharing")
@action("case:write", of=by_code)
def change(code: str, contribution_id: UUID) -> Response | tuple[str, int]:
    """Record the change, or say what is missing."""
    contribution = _own(contribution_id)
    try:
        wanted = _wanted()
        me, identifier = account().id, contribution.id
        end_reading()
        counts = change_sharing(application(), identifier, me, wanted)
    except SharingError as error:
        return _page(contribution, request.form, {error.field: str(error)}), 422
    flash(gettext(DONE if counts else ASKED), "success")
    return redirect(url_for("sharing.edit", code=code, contribution_id=contribution_id))


def _wanted() -> Change:
    given = request.form
    audience = given.get("audience", TABLE)
    last = given.get("expires_on", "").strip()
    try:
        whom = None if audience == TABLE else UUID(audience)
    except ValueError as error:
        raise SharingError(
            "audience", gettext("Choose an organisation that takes part in this case.")
        ) from error
    try:
        expires = date.fromisoformat(last) if last else None
    except ValueError as error:
        raise SharingError(
            "expires_on", gettext("The last day is no date; write it like 2026-12-31.")
        ) from error
    return Change(
        whom,
        given.get("level", ""),
        given.get("summary", ""),
        given.get("legal_basis", "")[:300],
        expires,
    )
