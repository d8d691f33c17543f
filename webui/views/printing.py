"""Printing the whole file of a case: asked with a purpose, agreed by another, shown once (S19)."""

from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import printing
from engine.errors import ConflictError, InputError, NotFoundError
from engine.language import gettext
from engine.models import FilePrinting
from engine.reading.about import about
from engine.reading.partner import around, statement_of
from engine.reading.plan import plan
from engine.reading.printing import own_in, whole_timeline
from engine.reading.recorded import findings, gaps
from webui.casepage import case_page, open_case
from webui.context import account, application, end_reading, now, reading, subject, today
from webui.guard import action, sensitive
from webui.loading import case as by_code
from webui.spoken import said_entries

pages = Blueprint("printing", __name__)


@pages.get("/cases/<code>/printing")
@action("case:print", of=by_code)
def new(code: str) -> str:
    """Show how far the own request is, or the form that asks."""
    del code
    return _page({}, {})


def _page(given: Any, errors: dict[str, str]) -> str:
    frame = open_case("printing")
    return case_page(
        "printing/new.html",
        "printing",
        frame=frame,
        asked=own_in(reading(), account(), frame.case, now()),
        may_ask=printing.may_ask(reading(), account(), frame.case),
        given=given,
        errors=errors,
    )


@pages.post("/cases/<code>/printing")
@action("case:print", of=by_code)
def create(code: str) -> Response | tuple[str, int]:
    """Ask, with the purpose; whoever may agree is told."""
    me, case_id, purpose = account().id, subject().id, request.form.get("purpose", "")
    end_reading()
    try:
        printing.ask(application(), case_id, me, purpose)
    except InputError as error:
        return _page(request.form, {"purpose": str(error)}), 422
    except ConflictError as error:
        flash(str(error), "danger")
    else:
        flash(
            gettext("Asked: as soon as a second person has agreed you may print once."), "success"
        )
    return redirect(url_for("printing.new", code=code))


@pages.post("/cases/<code>/printing/<uuid:printing_id>")
@sensitive("agreement.index")
@action("case:print", of=by_code)
def print_file(code: str, printing_id: UUID) -> Response | str:
    """Use the agreement up and show the whole file, as much of it as this person reads."""
    me, case_id = account().id, subject().id
    end_reading()
    try:
        printing.take(application(), case_id, printing_id, me)
    except ConflictError as error:
        flash(str(error), "danger")
        return redirect(url_for("printing.new", code=code))
    return _file(printing_id)


def _file(printing_id: UUID) -> str:
    frame = open_case("whole_file")
    session, case, viewer = reading(), frame.case, frame.viewer
    taken = session.get(FilePrinting, printing_id)
    if taken is None:
        raise NotFoundError(gettext("There is no such printing, or not for this person."))
    return render_template(
        "printing/file.html",
        frame=frame,
        case=case,
        taken=taken,
        about=about(session, case, viewer),
        plan=plan(session, case.id, viewer),
        findings=findings(session, case.id, viewer),
        gaps=gaps(session, case.id, viewer),
        around=around(session, case.id),
        statement_of=partial(statement_of, viewer=viewer),
        entries=said_entries(whole_timeline(session, case, viewer, today())),
    )
