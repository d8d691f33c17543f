"""Legal holds: asked for, agreed to and lifted by two persons, one of them the officer (S15)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import hold
from engine.errors import ConflictError, NotFoundError, SeparationError
from engine.language import gettext
from engine.reading.hold import hold_of, holds, state_of
from webui.context import account, application, end_reading, form_key, profile, reading
from webui.guard import across, action

pages = Blueprint("hold", __name__)
ACROSS = "who sets holds keeps files that they do not read from erasure"


def _require_part() -> str:
    """Return as what the person sets holds; the profile says which functions do."""
    part = hold.part_of(account(), profile())
    if part is None:
        raise NotFoundError(gettext("This page does not exist, or it is not for you."))
    return part


@pages.get("/holds")
@across(ACROSS)
@action("hold:read")
def index() -> str:
    """List the holds that are asked for, on, and lifted."""
    _require_part()
    found = [(one, state_of(one)) for one in holds(reading(), account(), profile())]
    return render_template("hold/index.html", found=found, grounds=_grounds())


def _grounds() -> dict[str, str]:
    return dict(profile().lists.get("hold_grounds", {}))


@pages.get("/holds/new")
@across(ACROSS)
@action("hold:read")
def new() -> str:
    """Show the form with which a hold is asked for."""
    return _form({}, {})


def _form(errors: dict[str, str], given: Any) -> str:
    part = _require_part()
    grounds = list(_grounds().items())
    return render_template("hold/new.html", errors=errors, given=given, grounds=grounds, part=part)


@pages.post("/holds/new")
@across(ACROSS)
@action("hold:read")
def create() -> Response | tuple[str, int]:
    """Ask for a hold; the second person is called."""
    _require_part()
    form, me = request.form, account().id
    wanted = hold.Request(
        form.get("code", "").strip().upper()[:20],
        form.get("ground", ""),
        form.get("reference", ""),
        form.get("reason", ""),
        form.get("review_on", "").strip()[:20],
    )
    end_reading()
    try:
        hold_id = hold.ask(application(), me, wanted, key=form_key())
    except hold.HoldError as error:
        return _form({error.field: str(error)}, form), 422
    flash(
        gettext("The hold is asked for. It is on as soon as the second person agrees."), "success"
    )
    return redirect(url_for("hold.show", hold_id=hold_id))


@pages.get("/holds/<uuid:hold_id>")
@across(ACROSS)
@action("hold:read")
def show(hold_id: UUID) -> str:
    """Show one hold and what this person may do about it."""
    return _page(hold_id, {}, {})


def _page(hold_id: UUID, errors: dict[str, str], given: Any) -> str:
    part = _require_part()
    found = hold_of(reading(), account(), hold_id, profile())
    if found is None:
        raise NotFoundError(gettext("This page does not exist, or it is not for you."))
    return render_template(
        "hold/show.html",
        hold=found,
        state=state_of(found),
        grounds=_grounds(),
        part=part,
        me=account().id,
        errors=errors,
        given=given,
    )


def _do(deed: Callable[..., None], hold_id: UUID, done: str) -> Response:
    """Do one deed of the second person, or say why it is not this person's to do."""
    me = account().id
    _require_part()
    end_reading()
    try:
        deed(application(), hold_id, me)
    except (ConflictError, SeparationError) as error:
        flash(str(error), "danger")
    else:
        flash(done, "success")
    return redirect(url_for("hold.show", hold_id=hold_id))


@pages.post("/holds/<uuid:hold_id>/agreement")
@across(ACROSS)
@action("hold:read")
def agree(hold_id: UUID) -> Response:
    """Agree as the second person: the hold is on."""
    return _do(hold.agree, hold_id, gettext("The hold is on: nothing of this case is erased."))


@pages.post("/holds/<uuid:hold_id>/refusal")
@across(ACROSS)
@action("hold:read")
def decline(hold_id: UUID) -> Response:
    """Decline the request, or take the own one back."""
    return _do(hold.decline, hold_id, gettext("The request has ended; the file is not held by it."))


@pages.post("/holds/<uuid:hold_id>/lifting")
@across(ACROSS)
@action("hold:read")
def ask_lift(hold_id: UUID) -> Response | tuple[str, int]:
    """Ask for the lifting, with a reason."""
    me, reason = account().id, request.form.get("lift_reason", "")
    _require_part()
    end_reading()
    try:
        hold.ask_lift(application(), hold_id, me, reason)
    except hold.HoldError as error:
        return _page(hold_id, {error.field: str(error)}, request.form), 422
    except ConflictError as error:
        flash(str(error), "danger")
    return redirect(url_for("hold.show", hold_id=hold_id))


@pages.post("/holds/<uuid:hold_id>/lifting/agreement")
@across(ACROSS)
@action("hold:read")
def lift(hold_id: UUID) -> Response:
    """Agree to the lifting as the second person."""
    return _do(
        hold.lift,
        hold_id,
        gettext("The hold is lifted; the file is kept as long as its time says."),
    )


@pages.post("/holds/<uuid:hold_id>/lifting/refusal")
@across(ACROSS)
@action("hold:read")
def keep_on(hold_id: UUID) -> Response:
    """Leave the hold on."""
    return _do(hold.keep_on, hold_id, gettext("The hold stays on."))
