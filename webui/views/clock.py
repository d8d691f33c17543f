"""The clock of a demonstration: go on by days and months and see what becomes due."""

from flask import Blueprint, flash, redirect, request
from werkzeug.wrappers import Response

from engine.demo import advance_clock, advance_to_next
from engine.errors import InputError, NotFoundError
from engine.language import gettext
from webui.context import application, end_reading
from webui.guard import own
from webui.target import safe_target

pages = Blueprint("clock", __name__)
STEPS = ("P1D", "P7D", "P1M", "P92D")


@pages.post("/demonstration/clock")
@own
def advance() -> Response:
    """Move the clock of a demo database; elsewhere this address does not exist."""
    if not application().settings.demo:
        raise NotFoundError(gettext("Only the clock of a demonstration can be moved."))
    by = request.form.get("by", "")
    end_reading()
    if by == "next":
        done = advance_to_next(application())
    elif by in STEPS:
        done = advance_clock(application(), by)
    else:
        raise InputError(gettext("Choose one of the steps in time."))
    flash(_words(done), "info")
    return redirect(safe_target(request.form.get("back", "")))


def _words(done: int) -> str:
    if done == 0:
        return gettext("The clock went on; nothing became due.")
    if done == 1:
        return gettext("The clock went on; one thing became due and was done.")
    return gettext("The clock went on; %(done)s things became due and were done.", done=done)
