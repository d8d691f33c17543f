"""Leads somebody whose first step was right to what is still owed, or in."""

from uuid import UUID

from flask import redirect, url_for
from sqlalchemy.orm import Session
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
        return _to_set_up(found, target)
    return let_in(found, target)


def after_code(found: Account, target: str) -> Response:
    """Let in whoever typed a right code, or lead on to a security key where one is owed.

    The code was needed all the same: else whoever knows the password could add a key of their own.
    """
    if owes_factor(reading(), found.id):
        return _to_set_up(found, target)
    return let_in(found, target)


def let_in(found: Account, target: str) -> Response:
    """Open a session and go to the page that was asked for."""
    identity.begin(found, arrives=True)
    return redirect(safe_target(target))


def owes_factor(session: Session, account_id: UUID) -> bool:
    """Say whether an account lacks what this installation requires of everybody."""
    settings = application().settings
    if settings.require_security_key:
        return not factor.has_key(session, account_id)
    return settings.require_second_factor and not factor.has_factor(session, account_id)


def takes_app(session: Session, account_id: UUID) -> bool:
    """Say whether codes of an app are taken: not beside a key where keys are required.

    Threat: a false page would ask for the code, whatever the key prevents.
    """
    return not (application().settings.require_security_key and factor.has_key(session, account_id))


def _to_set_up(found: Account, target: str) -> Response:
    key = application().settings.account_key
    secret = factor.seal_secret(key, found.id, factor.new_secret())
    identity.begin_half(found, SessionStage.ENROLMENT, secret)
    return redirect(url_for("second_factor.first", next=target or None))
