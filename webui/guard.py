"""Refuses every request that no view has said who may make it: default deny (S1)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from flask import current_app, g, redirect, request, url_for
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from engine import access
from engine.errors import CasetableError, NotFoundError
from engine.language import gettext
from engine.models import EmergencyAccess, SessionStage
from webui import identity
from webui.context import account, application, end_reading, now, reading
from webui.reading_record import note_refusal

View = TypeVar("View", bound=Callable[..., Any])
Loader = Callable[..., access.SUBJECT]


class SignedOutError(CasetableError):
    """A script asked without a session; a page would have been sent to the sign-in page."""


@dataclass(frozen=True)
class Permission:
    """Who may call a view. `of` loads the subject from the session and the URL's values."""

    action: str
    of: Loader | None = None
    stage: SessionStage = SessionStage.FULL
    asks_password: str = ""
    """The endpoint to come back to when the password was typed too long ago."""
    across: str = ""
    """Why the view reads across cases, past the policies of the database (S3)."""


CHANGING_A_PASSWORD = frozenset(
    {"password.edit", "password.save", "step_up.show", "step_up.confirm", "sign_in.leave"}
)
"""All that is open as long as others know the password (V6.4.1)."""
PUBLIC = Permission("public")
OWN = Permission("own")


def public(view: View) -> View:
    """Let everybody call the view: sign-in, the public report page, health."""
    return _annotated(view, PUBLIC)


def own(view: View) -> View:
    """Let every signed-in person call the view; it may touch only what is that person's own."""
    return _annotated(view, OWN)


def half(stage: SessionStage) -> Callable[[View], View]:
    """Let those call the view who typed their password and owe this second step, nobody else.

    The view finds their session in `g.half`.
    """
    return lambda view: _annotated(view, Permission("half", stage=stage))


def sensitive(back: str) -> Callable[[View], View]:
    """Ask for the password first unless it was typed in the last five minutes (S8).

    Written above the annotation that says who may call the view. What was sent is not kept:
    the person comes back to the page of the endpoint `back`.
    """

    def annotate(view: View) -> View:
        permission: Permission = view.casetable_permission  # type: ignore[attr-defined]
        return _annotated(view, replace(permission, asks_password=back))

    return annotate


def across(reason: str) -> Callable[[View], View]:
    """Let the view read across cases for a reason; its own conditions are all that stands there.

    Written above the annotation that says who may call the view. tests/meta/test_sight.py keeps
    the list short.
    """

    def annotate(view: View) -> View:
        permission: Permission = view.casetable_permission  # type: ignore[attr-defined]
        return _annotated(view, replace(permission, across=reason))

    return annotate


def action(name: str, of: Loader | None = None) -> Callable[[View], View]:
    """Let those call the view who may do `name` to the subject that `of` loads.

    The view finds the subject in `webui.context.subject()`. A loader that finds nothing raises
    NotFoundError or returns None: both look exactly like "not permitted".
    """
    return lambda view: _annotated(view, Permission(name, of))


def permission_of(endpoint: str) -> Permission | None:
    """Return what the view of an endpoint has declared, None when it has declared nothing."""
    found: Permission | None = getattr(
        current_app.view_functions[endpoint], "casetable_permission", None
    )
    return found


def check_request() -> Response | None:
    """Refuse, send to the sign-in page, or let pass; runs before every request."""
    if request.endpoint is None:
        return None  # no such address: the routing itself answers 404
    permission = permission_of(request.endpoint)
    if permission is None:
        raise NotFoundError(gettext("This address has not declared who may use it."))
    g.across = permission.across
    if permission.action == PUBLIC.action:
        return None
    if permission.stage is not SessionStage.FULL:
        return _check_half(permission.stage)
    return _check_signed_in(permission)


def _check_half(stage: SessionStage) -> Response | None:
    g.half = identity.load_half(stage)
    if g.half is None:
        return redirect(url_for("sign_in.show", next=request.values.get("next") or None))
    return None


def _check_signed_in(permission: Permission) -> Response | None:
    if not current_user.is_authenticated:
        if request.accept_mimetypes.best == "application/json":
            raise SignedOutError(
                gettext("You are signed out. Sign in in another window, then try again.")
            )
        return _to_sign_in()
    if account().password_is_lent and request.endpoint not in CHANGING_A_PASSWORD:
        return redirect(url_for("password.edit"))
    if permission.asks_password and not identity.is_fresh():
        return redirect(url_for("step_up.show", next=url_for(permission.asks_password)))
    if permission.action != OWN.action:
        g.asks_again = partial(_ask, permission)
        _ask(permission)
    return None


def _ask(permission: Permission) -> None:
    g.subject = _permitted(permission, reading())


def _permitted(permission: Permission, session: Session) -> access.SUBJECT:
    if permission.of is None:
        access.require(session, account(), permission.action)
        return None
    try:
        found = permission.of(session, **(request.view_args or {}))
        _require(session, permission.action, found)
    except NotFoundError:
        end_reading()
        note_refusal(_named(permission.of))
        raise
    return found


def _named(of: Loader) -> access.SUBJECT:
    """Return what the address names, whoever may see it: a refusal belongs to its case's record."""
    with application().database.reading() as session:
        try:
            return of(session, **(request.view_args or {}))
        except NotFoundError:
            return None


def _require(session: Session, name: str, found: access.SUBJECT) -> None:
    if found is None:
        raise NotFoundError(gettext("There is no such thing, or not for this person."))
    at = now() if isinstance(found, EmergencyAccess) else None
    access.require(session, account(), name, found, at=at)


def _to_sign_in() -> Response:
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("sign_in.show", next=target if target != "/" else None))


def _annotated(view: View, permission: Permission) -> View:
    view.casetable_permission = permission  # type: ignore[attr-defined]
    return view
