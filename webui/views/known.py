"""Asking whether another organisation knows a person, and who may learn it of one's own (S22)."""

import time
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from engine import hit
from engine.errors import InputError
from engine.hit import QueryError
from engine.language import gettext
from engine.models import Organisation
from webui.context import account, application, end_reading, profile, reading
from webui.guard import action, sensitive

pages = Blueprint("known", __name__)
SECONDS = 0.5
"""How long an answer takes at least: a hit writes more than a miss, and nobody is to see that."""
SIZE = 32_768
"""An answer is filled up to a multiple of so many bytes: its length tells nothing."""


@pages.get("/known")
@action("identity:ask")
def new() -> str:
    """Show the form."""
    return _page({}, {})


def _page(errors: dict[str, str], given: Any, answer: hit.Answer | None = None) -> str:
    purposes = profile().lists.get("identity_purposes", {})
    return render_template(
        "known/new.html",
        errors=errors,
        given=given,
        answer=answer,
        purposes=list(purposes.items()),
        most=profile().values.get("identity_queries", 20),
    )


@pages.post("/known")
@action("identity:ask")
def ask() -> Response | tuple[str, int]:
    """Answer, in the same time and the same number of bytes whatever there is to say."""
    began = time.monotonic()
    me = account().id
    try:
        question = _question()
        end_reading()
        answer = hit.ask(application(), me, question)
    except QueryError as error:
        return _page({error.field: str(error)}, request.form), 422
    if answer.stopped:
        stop = gettext(
            "You have asked as often as a day allows. The data-protection officer is called."
        )
        return _page({"name": stop}, {}), 429
    body = _page({}, {}, answer).encode()
    filled = body + b" " * (-len(body) % SIZE)
    time.sleep(max(0.0, SECONDS - (time.monotonic() - began)))
    return make_response(filled)


def _question() -> hit.Question:
    form = request.form
    try:
        born = date.fromisoformat(form.get("birth_date", "").strip())
    except ValueError as error:
        raise QueryError(
            "birth_date", gettext("Write the date of birth like 2004-03-17.")
        ) from error
    return hit.Question(
        form.get("name", "").strip(), born, form.get("purpose", ""), form.get("reason", "")
    )


@pages.get("/known/allowance")
@sensitive("known.allowance")
@action("identity:allow")
def allowance() -> str:
    """Show which organisations may learn that one's own knows somebody."""
    session = reading()
    own = account().organisation_id
    others = session.scalars(
        select(Organisation).where(Organisation.id != own).order_by(Organisation.name)
    )
    chosen = hit.allowed(session, own)
    return render_template("known/allowance.html", others=list(others), chosen=chosen)


@pages.post("/known/allowance")
@sensitive("known.allowance")
@action("identity:allow")
def change_allowance() -> Response:
    """Record the choice."""
    me = account().id
    try:
        audience = {UUID(one) for one in request.form.getlist("audience")}
    except ValueError as error:
        raise InputError(gettext("Choose organisations from the list.")) from error
    end_reading()
    hit.allow(application(), me, audience)
    flash(gettext("The choice is recorded."), "success")
    return redirect(url_for("known.allowance"))
