"""What could not be done by itself, shown to those who own it."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from engine.incident import ask_again
from engine.language import gettext
from engine.models import Account, Incident
from engine.reading.incident import incidents
from webui.context import account, application, reading, writing
from webui.guard import action, own

pages = Blueprint("incident", __name__)


def by_id(session: Session, incident_id: UUID) -> Incident | None:
    """Load the incident that the address names."""
    return session.get(Incident, incident_id)


@pages.get("/incidents")
@own
def index() -> str:
    """List the open incidents of one's own roles."""
    return render_template("incident/index.html", incidents=incidents(reading(), account()))


@pages.post("/incidents/<uuid:incident_id>/retry")
@action("incident:retry", of=by_id)
def retry(incident_id: UUID) -> Response:
    """Have it tried again, now that what had failed is mended."""
    with writing() as session:
        incident = session.get_one(Incident, incident_id)
        me = session.get_one(Account, account().id)
        ask_again(session, incident, me, application().now(session))
        settled = incident.state == "resolved"
    flash(
        gettext("That you looked is recorded.")
        if settled
        else gettext("It is tried again within seconds."),
        "success",
    )
    return redirect(url_for("incident.index"))
