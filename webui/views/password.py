"""Changing one's own password (S11)."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import account_notice, accounts, audit
from engine.errors import InputError
from engine.language import gettext
from engine.models import Account
from webui import identity
from webui.context import account, now, writing
from webui.device import device_words
from webui.guard import own, sensitive

pages = Blueprint("password", __name__)


@pages.get("/account/password")
@sensitive(back="password.edit")
@own
def edit() -> str:
    """Show the form for a new password."""
    return render_template("own/password.html", errors={})


@pages.post("/account/password")
@sensitive(back="password.edit")
@own
def save() -> str | Response | tuple[str, int]:
    """Replace the password; all sessions die, and this browser gets a new one."""
    typed = request.form.get("new", "")
    if typed != request.form.get("again", ""):
        errors = {"again": gettext("The two are not the same; type the new password twice.")}
        return render_template("own/password.html", errors=errors), 422
    try:
        found = _replace(typed)
    except InputError as error:
        return render_template("own/password.html", errors={"new": str(error)}), 422
    identity.begin(found)
    flash(gettext("Your password is changed. All your other sessions are closed."), "success")
    return redirect(url_for("session.index"))


def _replace(typed: str) -> Account:
    me, at = account().id, now()
    with writing() as session:
        found = session.get_one(Account, me)
        if found.password_is_lent and accounts.authenticate(session, found.username, typed):
            raise InputError(gettext("Others know this one; choose one that you alone know."))
        accounts.set_password(session, found, typed, identity.wall_clock())
        account_notice.tell(session, me, "account_password", at, device=device_words())
        audit.record(session, None, at=at, actor_id=me, event="account:password:change", subject=me)
        return found
