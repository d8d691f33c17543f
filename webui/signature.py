"""Signing a decision: the accountable person types the password again (screen 4, S8)."""

from flask import request

from engine.errors import TooManyAttemptsError
from engine.form import FieldError
from engine.language import gettext
from engine.models import WorkItem
from webui.attempt import is_my_password

SIGNING_ROLES = frozenset({"accountable_person"})
FIELD = "_password"


def is_needed(item: WorkItem) -> bool:
    """Say whether the answer to a work item is a decision that has to be signed."""
    return item.role in SIGNING_ROLES


def missing(item: WorkItem) -> tuple[FieldError, ...]:
    """Return what is wrong with the signature of this request; nothing when it is right."""
    if not is_needed(item):
        return ()
    typed = request.form.get(FIELD, "")
    if not typed:
        return (_error(gettext("Type your password to sign.")),)
    try:
        is_right = is_my_password(typed)
    except TooManyAttemptsError as error:
        return (_error(str(error)),)
    return () if is_right else (_error(gettext("This is not your password; nothing was signed.")),)


def _error(message: str) -> FieldError:
    return FieldError(FIELD, gettext("Your password"), message, "signature")
