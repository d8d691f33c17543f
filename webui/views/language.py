"""Choosing the language of the pages: for oneself, or for this visit by who is not signed in."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from engine.language import gettext, speak
from engine.models import Account
from webui import language
from webui.context import account, writing
from webui.guard import own, public
from webui.pagehelp import home_address

pages = Blueprint("language", __name__)


@pages.get("/account/language")
@own
def edit() -> str:
    """Show the languages with the chosen one."""
    return render_template("own/language.html", chosen=account().language)


@pages.post("/account/language")
@own
def save() -> Response:
    """Keep the language of one's own pages and mails; nothing of a case changes by it."""
    code, me = _given(), account().id
    with writing() as database:
        database.get_one(Account, me).language = code
    if code:
        speak(code)
    flash(gettext("Your pages and mails are in this language from now on."), "success")
    return redirect(url_for("language.edit"))


@pages.post("/language")
@public
def choose() -> Response:
    """Keep the language of this visit; who is signed in has the own choice."""
    if current_user.is_authenticated:
        return redirect(url_for("language.edit"))
    session[language.CHOSEN] = _given()
    back = request.form.get("back", "")
    local = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    return redirect(back if local and "\\" not in back else home_address())


def _given() -> str:
    """Return the code that was chosen; empty for none, which means that of the structure."""
    return language.given(request.form.get("language", ""))
