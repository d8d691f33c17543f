"""Which people of an organisation still need their part in a case: its lead confirms or ends."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from engine import attestation
from engine.language import gettext
from webui.context import account, application, end_reading, now, profile, reading
from webui.guard import across, action
from webui.reading_record import note_listing

pages = Blueprint("attestation", __name__)


@pages.get("/memberships")
@across("the lead of an organisation confirms parts in cases that the lead does not read")
@action("membership:confirm")
def show() -> str:
    """List the parts that people of the own organisation have, those due first."""
    home = account().organisation_id
    members = attestation.of_organisation(reading(), home)
    gone = attestation.lapsed(reading(), home)
    note_listing(
        "memberships", sorted({row.case.code for row in members} | {row.case.code for row in gone})
    )
    rule = attestation.period(profile())
    return render_template(
        "membership/attestation.html",
        rows=[(row, rule.ends(row), now() >= rule.ends(row)) for row in members],
        lapsed=gone,
    )


@pages.post("/memberships/<uuid:member_id>/confirm")
@action("membership:confirm")
def confirm(member_id: UUID) -> Response:
    """Confirm that somebody still takes part."""
    me = account().id
    end_reading()
    attestation.confirm(application(), member_id, me)
    return _back(gettext("Confirmed."))


@pages.post("/memberships/<uuid:member_id>/end")
@action("membership:confirm")
def release(member_id: UUID) -> Response:
    """End somebody's part."""
    me = account().id
    end_reading()
    attestation.release(application(), member_id, me)
    return _back(gettext("The part has ended. Whoever leads the case is told."))


@pages.post("/memberships/lapsed/<uuid:standing_id>/confirm")
@action("membership:confirm")
def let_in(standing_id: UUID) -> Response:
    """Confirm a part that was suspended because nobody confirmed it."""
    me = account().id
    end_reading()
    attestation.let_in(application(), standing_id, me)
    return _back(gettext("Confirmed; the case is open again to that person."))


def _back(words: str) -> Response:
    flash(words, "success")
    return redirect(url_for("attestation.show"))
