"""The public page to report a concern, and to come back with the receipt code (P15, P37-P39).

It reads no address and keeps none. All it knows of the database is engine/letterbox.py.
"""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from engine import letterbox
from engine.attachment import MOST_BYTES, Attachment, AttachmentError, rewrite_all
from engine.challenge import Challenge, ChallengeError, issue, judge, read
from engine.language import gettext
from engine.letterbox import Letter, Standing
from webui.context import application, end_reading, reading
from webui.guard import public
from webui.identity import wall_clock

pages = Blueprint("report", __name__)
LONGEST = 20_000
SHORTEST = 10
TOO_MANY = 429
Errors = dict[str, str]


@public
def home() -> Response:
    """Lead from the bare host name of the public page to its form."""
    return redirect(url_for("report.new"))


@pages.get("/report")
@public
def new() -> str:
    """Show the short form and where else one can report."""
    return _form({}, {}, _challenge("report"))


def _form(errors: Errors, given: Any, challenge: Challenge) -> str:
    return render_template("report/new.html", errors=errors, given=given, challenge=challenge)


def _challenge(kind: str) -> Challenge:
    return issue(_key(), kind, _load(kind), wall_clock())


def _key() -> bytes:
    return application().settings.report_key


def _load(kind: str) -> int:
    """Return how much came in lately; for a look at a receipt only wrong codes count."""
    counted = "miss" if kind == "look_up" else kind
    return letterbox.load(reading(), counted, wall_clock())


@pages.post("/report")
@public
def create() -> Response | tuple[str, int]:
    """Take in a concern; the answer is the same whether or not a person is known."""
    load = _load("report")
    errors, files, challenge = _checked("report", _text_errors("text", SHORTEST), load)
    if errors or challenge is None:
        return _form(errors, request.form, challenge or _challenge("report")), 422
    if load >= letterbox.MOST:
        return _turn_away(challenge)
    end_reading()
    session["receipt"] = letterbox.drop_report(
        application(), _letter(files), challenge, wall_clock()
    )
    return redirect(url_for("report.receipt"))


def _turn_away(challenge: Challenge) -> tuple[str, int]:
    """Say openly that nothing was recorded: more comes in than anybody can read."""
    end_reading()
    letterbox.tell_refusal(application(), wall_clock())
    says = gettext(
        "So much comes in that nobody could read it. Nothing was recorded: call, or come back."
    )
    return _form({"text": says}, request.form, challenge), TOO_MANY


def _checked(
    kind: str, errors: Errors, load: int
) -> tuple[Errors, tuple[Attachment, ...], Challenge | None]:
    """Return what has to be mended, the rewritten files, and the challenge to go on with.

    None in the place of the challenge: a new one has to be shown.
    """
    form = request.form
    files: tuple[Attachment, ...] = ()
    challenge = None
    sent = (form.get("challenge", ""), form.get("proof", ""), form.get("answer", ""))
    try:
        challenge = judge(_key(), kind, sent, load, wall_clock())
    except ChallengeError as error:
        errors = {**errors, "answer": str(error)}
        challenge = None if error.stale else _kept(kind)
    if not errors:
        # Work for strangers' files only after theirs: rewriting costs more than a proof.
        errors, files = _files(load)
    return errors, files, challenge


def _kept(kind: str) -> Challenge:
    """Return the challenge that was sent, so that the time that has passed counts."""
    return read(_key(), kind, request.form.get("challenge", ""), wall_clock())


def _files(load: int) -> tuple[Errors, tuple[Attachment, ...]]:
    sent = [file for file in request.files.getlist("files") if file.filename]
    if sent and load >= letterbox.MOST_WITH_FILES:
        return {
            "files": gettext("Much comes in now. Send the text alone; the desk asks for files.")
        }, ()
    try:
        given = [(file.filename or "", _read(file)) for file in sent]
        return {}, rewrite_all(given, application().settings.virus_scanner)
    except AttachmentError as error:
        return {"files": gettext("%(error)s Choose your files again.", error=error)}, ()


def _read(file: FileStorage) -> bytes:
    return file.stream.read(MOST_BYTES + 1)


def _text_errors(name: str, shortest: int) -> Errors:
    text = request.form.get(name, "").strip()
    if len(text) < shortest:
        return {name: gettext("Say in a few words what worries you.")}
    if len(text) > LONGEST:
        return {
            name: gettext(
                "Write at most %(longest)s characters; the desk can ask for more.", longest=LONGEST
            )
        }
    return {}


def _letter(files: tuple[Attachment, ...]) -> Letter:
    about = {"name": _given("about_name"), "where": _given("about_where"), "age": _given("age")}
    reporter = {"name": _given("reporter_name"), "contact": _given("reporter_contact")}
    return Letter(
        text=request.form["text"].strip(),
        about={key: value for key, value in about.items() if value},
        reporter={key: value for key, value in reporter.items() if value},
        urgent="urgent" in request.form,
        files=files,
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
    return _asking({})


def _asking(errors: Errors, challenge: Challenge | None = None) -> str:
    challenge = challenge or _challenge("look_up")
    return render_template(
        "report/look_up.html", errors=errors, given=request.form, challenge=challenge
    )


@pages.post("/report/status")
@public
def status() -> str | tuple[str, int]:
    """Say received, question or closed: nothing about the person or the case."""
    errors, _, challenge = _checked("look_up", {}, _load("look_up"))
    if errors or challenge is None:
        return _asking(errors, challenge), 422
    code = _code()
    end_reading()
    try:
        standing = letterbox.look_up(application(), code, challenge, wall_clock())
    except ChallengeError as error:
        return _asking({"answer": str(error)}), 422
    if standing is None:
        return _asking(
            {"code": gettext("There is no report with this code. Check each character.")}
        ), 422
    return _standing(standing, code, {}, _challenge("answer"))


def _code() -> str:
    return request.form.get("code", "")[:40]


def _standing(standing: Standing, code: str, errors: Errors, challenge: Challenge) -> str:
    return render_template(
        "report/standing.html",
        standing=standing,
        code=code,
        errors=errors,
        given=request.form,
        challenge=challenge,
    )


@pages.post("/report/answer")
@public
def answer() -> Response | tuple[str, int]:
    """Take in the answer to the desk's question, by whoever holds the receipt code."""
    text_errors = _text_errors("reply", 1)
    if "reply" in text_errors and not request.form.get("reply", "").strip():
        text_errors = {"reply": gettext("Write your answer; “I do not know” is an answer too.")}
    errors, files, challenge = _checked("answer", text_errors, _load("answer"))
    if errors or challenge is None:
        asked = Standing("needs_information", request.form.get("question", "")[:2_000])
        return _standing(asked, _code(), errors, challenge or _challenge("answer")), 422
    end_reading()
    text = request.form["reply"].strip()
    if letterbox.drop_answer(application(), _code(), text, files, challenge, wall_clock()):
        flash(gettext("Thank you. The desk has your answer."), "success")
    else:
        flash(gettext("There is no question that waits for an answer."), "warning")
    return redirect(url_for("report.look_up"))
