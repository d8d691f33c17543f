"""Leads somebody whose first step was right to what is still owed, or in."""

from flask import redirect, url_for
from werkzeug.wrappers import Response

from engine import factor
from engine.models import Account, SessionStage
from webui import identity
from webui.context import application, reading
from webui.target import safe_target


def go_on(found: Account, target: str, *, is_enough: bool = False) -> Response:
    """Ask for the second factor, or for setting one up, unless what was proved `is_enough`."""
    if not is_enough and factor.has_factor(reading(), found.id):
        identity.begin_half(found, SessionStage.SECOND_STEP)
        return redirect(url_for("sign_in.second_step", next=target or None))
    if not is_enough and application().settings.require_second_factor:
        key = application().settings.account_key
        secret = factor.seal_secret(key, found.id, factor.new_secret())
        identity.begin_half(found, SessionStage.ENROLMENT, secret)
        return redirect(url_for("second_factor.first", next=target or None))
    identity.begin(found, arrives=True)
    return redirect(safe_target(target))
