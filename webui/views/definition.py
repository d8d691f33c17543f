"""The definition in force, in one case: who has confirmed it, and confirming it (P30)."""

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from engine.definition import confirm as confirm_definition
from engine.errors import ConflictError, InputError
from engine.language import gettext
from engine.reading.definition import confirmations
from webui.casepage import case_page, open_case
from webui.context import account, application, end_reading, profile, reading, subject
from webui.guard import action
from webui.loading import case as by_code

pages = Blueprint("definition", __name__)


@pages.get("/cases/<code>/definition")
@action("case:read", of=by_code)
def show(code: str) -> str:
    """Show the definition in force and what each partner has confirmed."""
    del code
    return _page({}, {})


def _page(given: Any, errors: dict[str, str]) -> str:
    frame = open_case("definition")
    return case_page(
        "case/definition.html",
        "definition",
        frame=frame,
        confirmations=confirmations(application(), reading(), frame.case, account()),
        definition=profile().texts.get("definition", ""),
        given=given,
        errors=errors,
    )


@pages.post("/cases/<code>/definition")
@action("case:write", of=by_code)
def confirm(code: str) -> Response | tuple[str, int]:
    """Record that one's organisation works with the definition in force."""
    if request.form.get("confirmed") != "yes":
        missing = gettext("Confirm the definition, or talk about it with the coordinator first.")
        return _page(request.form, {"confirmed": missing}), 422
    case_id, me = subject().id, account().id
    version, remarks = request.form.get("version", ""), request.form.get("remarks", "")
    try:
        end_reading()
        confirm_definition(application(), case_id, me, version, remarks)
    except InputError as error:
        return _page(request.form, {"remarks": str(error)}), 422
    except ConflictError as error:
        flash(str(error), "danger")
        return redirect(url_for("definition.show", code=code))
    flash(gettext("Recorded: your organisation works with this definition here."), "success")
    return redirect(url_for("case.show", code=code))
