"""The intake desk takes in a report by telephone or an announcement (P11, P39)."""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.cases import Report, report_concern
from engine.language import gettext, mark
from engine.models import Case
from webui.context import account, application, end_reading, form_key, reading
from webui.guard import action

pages = Blueprint("signal", __name__)
KINDS = (
    ("signal", mark("A concern about somebody")),
    ("returnee", mark("An announced return from a conflict zone")),
    ("release", mark("An announced release from prison")),
)
CHANNELS = (
    ("telephone", mark("By telephone")),
    ("in_person", mark("In person")),
    ("partner", mark("From a partner agency")),
)
ABOUT = ("name", "birth_date", "where", "expected_on")
SHORTEST = 10


def _said(choices: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(code, gettext(words)) for code, words in choices]


@pages.get("/signals/new")
@action("signal:create")
def new() -> str:
    """Show the form for what came by telephone, in person or as an announcement."""
    return _page({}, {"kind": request.args.get("kind", "signal"), "channel": "telephone"})


def _page(errors: dict[str, str], given: Any) -> str:
    return render_template(
        "signal/new.html", errors=errors, given=given, kinds=_said(KINDS), channels=_said(CHANNELS)
    )


@pages.post("/signals/new")
@action("signal:create")
def create() -> Response | tuple[str, int]:
    """Record the report and start its case; the desk gets the receipt code to pass on."""
    errors = _errors()
    if errors:
        return _page(errors, request.form), 422
    me, key = account().id, form_key()
    end_reading()
    receipt = report_concern(
        application(), _report(), kind=request.form["kind"], received_by=me, key=key
    )
    case = reading().get_one(Case, receipt.case_id)
    flash(
        gettext(
            "Recorded as case %(code)s. Receipt code for the caller: %(code2)s",
            code=case.code,
            code2=receipt.code,
        ),
        "success",
    )
    return redirect(url_for("case.show", code=case.code))


def _errors() -> dict[str, str]:
    errors = {}
    if request.form.get("kind") not in dict(KINDS):
        errors["kind"] = gettext("Say what has come in.")
    if request.form.get("channel") not in dict(CHANNELS):
        errors["channel"] = gettext("Say how it came in.")
    if len(request.form.get("text", "").strip()) < SHORTEST:
        errors["text"] = gettext("Write down what was said, in a few words.")
    return errors


def _report() -> Report:
    form = request.form
    reporter = (
        {}
        if "anonymous" in form
        else {
            "name": form.get("reporter_name", "").strip()[:300],
            "contact": form.get("reporter_contact", "").strip()[:300],
        }
    )
    kind = form["kind"]
    return Report(
        text=form["text"].strip(),
        channel=form["channel"] if kind == "signal" else kind,
        about={name: form[name].strip()[:300] for name in ABOUT if form.get(name, "").strip()},
        reporter={key: value for key, value in reporter.items() if value},
        urgent="urgent" in form,
    )
