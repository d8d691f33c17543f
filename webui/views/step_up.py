"""Typing the password again before something sensitive (S8)."""

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from engine.language import gettext, mark
from webui import identity
from webui.attempt import is_my_password
from webui.guard import own
from webui.target import safe_target

pages = Blueprint("step_up", __name__)
WRONG = mark("This is not your password.")


@pages.get("/confirm")
@own
def show() -> str:
    """Ask for the password."""
    return _page({})


def _page(errors: dict[str, str]) -> str:
    target = safe_target(request.values.get("next", ""))
    return render_template("sign_in/step_up.html", errors=errors, target=target)


@pages.post("/confirm")
@own
def confirm() -> str | Response | tuple[str, int]:
    """Go on to the sensitive page with a new session token when the password is right."""
    if not is_my_password(request.form.get("password", "")):
        return _page({"password": gettext(WRONG)}), 422
    identity.renew()
    return redirect(safe_target(request.form.get("next", "")))
