"""Erasing before its time: who asks for it, and what became of it; the drawing decides (P90)."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import erasure
from engine.errors import ConflictError
from engine.language import gettext
from engine.reading.erasure import rounds
from webui.context import account, application, end_reading, profile, reading
from webui.guard import action

pages = Blueprint("erasure", __name__)


@pages.get("/erasures")
@action("erasure:read")
def index() -> str:
    """List the files that were reviewed, or asked to be erased, and what was answered."""
    found = rounds(reading(), account())
    return render_template(
        "erasure/index.html", found=found, grounds=_grounds(), allowed=erasure.is_allowed(profile())
    )


def _grounds() -> dict[str, str]:
    return dict(profile().lists.get("erasure_grounds", {}))


@pages.get("/erasures/new")
@action("erasure:ask")
def new() -> str:
    """Show the form with which the erasure of a file is asked for."""
    return _form({}, {"code": request.args.get("code", "")[:20]})


def _form(errors: dict[str, str], given: Any) -> str:
    return render_template(
        "erasure/new.html",
        errors=errors,
        given=given,
        grounds=list(_grounds().items()),
        allowed=erasure.is_allowed(profile()),
        law=profile().parameters.get("erasure_on_request"),
        officer=erasure.OFFICER in account().role_codes,
    )


@pages.post("/erasures/new")
@action("erasure:ask")
def create() -> Response | tuple[str, int]:
    """Ask for the erasure; the review and the officer's agreement follow."""
    form, me, officer = request.form, account().id, erasure.OFFICER in account().role_codes
    wanted = erasure.Request(
        form.get("code", "").strip().upper()[:20],
        form.get("ground", ""),
        form.get("legal_basis", ""),
        form.get("reason", ""),
    )
    end_reading()
    try:
        erasure.ask(application(), me, wanted)
    except erasure.ErasureError as error:
        return _form({error.field: str(error)}, form), 422
    except ConflictError as error:
        return _form({"code": str(error)}, form), 409
    flash(
        gettext("The erasure is asked for. The file is reviewed now; nothing is erased yet."),
        "success",
    )
    return redirect(url_for("erasure.index" if officer else "worklist.show"))
