"""Makes sure that a change was asked for by one of our own pages (S7)."""

import hmac
import secrets
from typing import Any

from flask import request, session
from flask_login import current_user

from engine.errors import InputError
from engine.language import gettext

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SIGNED = frozenset({"provider.left"})
"""Sent by another machine, which signs what it says; no browser and no cookie is in play."""
FIELD = "csrf_token"
HEADER = "X-CSRFToken"


class ForgedRequestError(InputError):
    """The request did not come from one of our pages, or from one that is too old."""


def csrf_token() -> str:
    """Return the token of this session, or of this visit for somebody not signed in."""
    asking: Any = current_user._get_current_object()  # noqa: SLF001 - werkzeug's way to the object
    if asking.is_authenticated:
        return str(asking.web_session.csrf)
    if "visit" not in session:
        session["visit"] = secrets.token_urlsafe(32)
    return str(session["visit"])


def check_origin() -> None:
    """Raise ForgedRequestError unless a changing request comes from our own page."""
    if request.method in SAFE_METHODS or request.endpoint in SIGNED:
        return
    # Browsers set this header themselves and pages cannot forge it; old ones leave it out.
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise ForgedRequestError(
            gettext("This was sent from another site; open the page here and retry.")
        )
    given = request.headers.get(HEADER) or request.form.get(FIELD, "")
    expected = csrf_token()
    if not given or not hmac.compare_digest(given.encode(), expected.encode()):
        raise ForgedRequestError(
            gettext("This page was open for too long; go back, reload it and send it again.")
        )
