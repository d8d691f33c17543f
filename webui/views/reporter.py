"""The desk's page of who reported: questions to the reporter, answers, files (P34, P38)."""

from uuid import UUID

from flask import Blueprint, Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from engine import reporter
from engine.attachment import SUFFIXES
from engine.errors import ConflictError, InputError
from engine.language import gettext
from webui.casepage import case_page, open_case
from webui.context import account, application, end_reading, form_key, reading, subject
from webui.guard import action
from webui.loading import case as by_code

pages = Blueprint("reporter", __name__)


@pages.get("/cases/<code>/reporter")
@action("report:read", of=by_code)
def show(code: str) -> str:
    """Show who reported, after it was written down who reads it."""
    del code
    return _page({})


def _page(errors: dict[str, str]) -> str:
    case_id, me = subject().id, account().id
    end_reading()
    reporter.note_source_reading(application(), case_id, me)
    frame = open_case("reporter")
    return case_page(
        "case/reporter.html",
        "reporter",
        frame=frame,
        reporters=reporter.reporters(reading(), case_id),
        may_ask=reporter.may_ask(reading(), case_id),
        given=request.form,
        errors=errors,
    )


@pages.post("/cases/<code>/reporter")
@action("report:ask", of=by_code)
def ask(code: str) -> AnyResponse | tuple[str, int]:
    """Ask the reporter back; the question waits behind the receipt code."""
    case_id, me = subject().id, account().id
    end_reading()
    try:
        words, key = request.form.get("question", ""), form_key()
        reporter.ask(application(), case_id, _signal_id(), me, words, key=key)
    except ConflictError as error:
        return _page({"question": str(error)}), 409
    except InputError as error:
        return _page({"question": str(error)}), 422
    flash(
        gettext("The question waits for the reporter, who sees it with the receipt code."),
        "success",
    )
    return redirect(url_for("reporter.show", code=code))


def _signal_id() -> UUID:
    try:
        return UUID(request.form.get("signal", ""))
    except ValueError as error:
        raise InputError(gettext("Choose the report that the question is about.")) from error


@pages.get("/cases/<code>/reporter/files/<uuid:file_id>")
@action("report:read", of=by_code)
def fetch(code: str, file_id: UUID) -> Response:
    """Hand out one file as a download under a neutral name; that it was fetched is on record."""
    case_id, me = subject().id, account().id
    end_reading()
    found = reporter.fetch(application(), case_id, file_id, me)
    name = f"report-{code}-{found.sha256[:8]}{SUFFIXES[found.media_type]}"
    return Response(
        found.content,
        mimetype=found.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
