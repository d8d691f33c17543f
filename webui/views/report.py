"""The public page to report a concern, and to come back with the receipt code (P15, P37-P39)."""

from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from engine.cases import Report, find_receipt, report_concern
from engine.reading.receipt import receipt_state
from webui.context import application, end_reading, reading
from webui.guard import public
from webui.identity import wall_clock
from webui.throttle import Throttle

pages = Blueprint("report", __name__)
reports = Throttle(10, timedelta(hours=1))
lookups = Throttle(30, timedelta(hours=1))
LONGEST = 20_000
SHORTEST = 10


@pages.get("/report")
@public
def new() -> str:
    """Show the short form and where else one can report."""
    return render_template("report/new.html", errors={}, given={})


@pages.post("/report")
@public
def create() -> Response | tuple[str, int]:
    """Take in a concern; the answer is the same whether or not a person is known."""
    address = request.remote_addr or ""
    reports.check(address, wall_clock())
    errors = _errors()
    if errors:
        return render_template("report/new.html", errors=errors, given=request.form), 422
    reports.count(address, wall_clock())
    end_reading()
    session["receipt"] = report_concern(application(), _report()).code
    return redirect(url_for("report.receipt"))


def _errors() -> dict[str, str]:
    text = request.form.get("text", "").strip()
    if len(text) < SHORTEST:
        return {"text": "Say in a few words what worries you."}
    if len(text) > LONGEST:
        return {"text": f"Write at most {LONGEST} characters; the desk can ask for more."}
    return {}


def _report() -> Report:
    about = {"name": _given("about_name"), "where": _given("about_where"), "age": _given("age")}
    reporter = {"name": _given("reporter_name"), "contact": _given("reporter_contact")}
    return Report(
        text=request.form["text"].strip(),
        channel="public_page",
        about={key: value for key, value in about.items() if value},
        reporter={key: value for key, value in reporter.items() if value},
        urgent="urgent" in request.form,
    )


def _given(name: str) -> str:
    return request.form.get(name, "").strip()[:300]


@pages.get("/report/receipt")
@public
def receipt() -> str | Response:
    """Show the receipt code once, to be written down."""
    code = session.pop("receipt", "")
    if not code:
        return redirect(url_for("report.look_up"))
    return render_template("report/receipt.html", code=code)


@pages.get("/report/status")
@public
def look_up() -> str:
    """Ask for the receipt code."""
    return render_template("report/look_up.html", errors={}, state="")


@pages.post("/report/status")
@public
def status() -> str | tuple[str, int]:
    """Say received, being looked at or finished: nothing about the person or the case."""
    address = request.remote_addr or ""
    lookups.check(address, wall_clock())
    lookups.count(address, wall_clock())
    found = find_receipt(reading(), request.form.get("code", "")[:40])
    if found is None:
        errors = {"code": "There is no report with this code. Check each character."}
        return render_template("report/look_up.html", errors=errors, state=""), 422
    state = receipt_state(reading(), found)
    return render_template("report/look_up.html", errors={}, state=state)
