"""Remembers in which browsers somebody has signed in, so that a stranger locks nobody out (S10).

A stranger who fails on purpose uses up the attempts of a name. Who has signed in before from the
same browser has attempts of an own count there. The cookie opens nothing: a thief of it gets five
guesses more in five minutes.
"""

import hmac
import secrets
from datetime import timedelta

from flask import Response, after_this_request, current_app, request

from engine.models import Account
from engine.sealing import fingerprint
from webui.context import application

PURPOSE = "known browser"
LASTS = timedelta(days=90)


def remember(person: Account) -> None:
    """Give this browser a cookie that names it for one account until the password changes."""
    mark = secrets.token_urlsafe(16)
    value = f"{mark}.{_proof(mark, person)}"

    @after_this_request
    def set_cookie(response: Response) -> Response:
        settings = current_app.config
        response.set_cookie(
            _name(),
            value,
            max_age=LASTS,
            secure=settings["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Strict",
        )
        return response


def mark_of(person: Account | None) -> str:
    """Return the mark of this browser when `person` has signed in here before, else nothing."""
    mark, _, proof = request.cookies.get(_name(), "").partition(".")
    if person is None or not mark:
        return ""
    return mark if hmac.compare_digest(proof.encode(), _proof(mark, person).encode()) else ""


def _proof(mark: str, person: Account) -> str:
    """Return what only we can say about a mark; another password makes it worthless."""
    key = application().settings.account_key
    return fingerprint(key, PURPOSE, f"{mark}:{person.id}:{person.password_hash}")


def _name() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-known"
