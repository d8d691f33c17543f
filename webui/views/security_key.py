"""Adding, naming and removing one's own security keys (S9)."""

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from engine import account_notice, accounts, audit, factor, security_key
from engine.errors import ConflictError, InputError, NotFoundError
from engine.language import gettext
from engine.models import Account, SessionStage, WebSession
from engine.throttle import BY_FACTOR
from webui import arrival, attempt, identity, key_ceremony
from webui.context import account, application, now, web_session, writing
from webui.device import device_words
from webui.guard import half, own, sensitive
from webui.target import safe_target

pages = Blueprint("security_key", __name__)


def _store(found: WebSession) -> list[str]:
    """Store a new key and end all sessions; return recovery codes where there were none."""
    here, me, at = key_ceremony.place(), found.account_id, now()
    if here is None:
        raise NotFoundError(gettext("There are no security keys at this address."))
    claimed = attempt.claim((BY_FACTOR, str(me)))
    challenge = key_ceremony.taken_challenge(found)
    with writing() as session:
        security_key.register(
            session,
            here,
            me,
            request.form.get(key_ceremony.ANSWER, ""),
            challenge,
            name=request.form.get("name", ""),
            now=identity.wall_clock(),
            unless=None if found.stage == SessionStage.FULL else _first_of(),
        )
        codes = _missing_codes(found, session)
        accounts.end_sessions(session, me, identity.wall_clock())
        account_notice.tell(session, me, "account_factor", at, device=device_words())
        event = "account:security_key:add"
        audit.record(session, None, at=at, actor_id=me, event=event, subject=me)
    attempt.give_back(claimed)
    return codes


def _first_of() -> Callable[[Session, UUID], bool]:
    """Return what must not be there yet at the first sign-in."""
    only_keys = application().settings.require_security_key
    return factor.has_key if only_keys else factor.has_factor


def _missing_codes(found: WebSession, session: Session) -> list[str]:
    if factor.codes_left(session, found.account_id):
        return []
    key = application().settings.account_key
    return factor.new_recovery_codes(session, key, found.account_id)


@pages.post("/sign-in/set-up/key")
@half(SessionStage.ENROLMENT)
def enrol_first() -> str | Response:
    """Store the first factor, sign in, and show the recovery codes once."""
    target = request.form.get("next", "")
    try:
        codes = _store(g.half)
    except InputError as error:
        flash(str(error), "warning")
        return redirect(url_for("second_factor.first", next=target or None))
    if not codes:
        response = arrival.let_in(g.half.account, target)
        flash(gettext("The key is added. The recovery codes that you have stay."), "success")
        return response
    identity.begin(g.half.account, arrives=True)
    return render_template("own/recovery_codes.html", codes=codes, target=safe_target(target))


@pages.get("/account/security-keys/new")
@sensitive(back="second_factor.show")
@own
def new() -> str:
    """Ask for a name and let the browser make a key."""
    return _page({})


def _page(errors: dict[str, str]) -> str:
    asked = key_ceremony.asked_to_make(web_session())
    if asked is None:
        raise NotFoundError(gettext("There are no security keys at this address."))
    name = request.form.get("name", "")
    return render_template("own/new_key.html", asked=asked, errors=errors, name=name)


@pages.post("/account/security-keys/new")
@sensitive(back="second_factor.show")
@own
def save() -> str | Response | tuple[str, int]:
    """Store the key; all other sessions are closed, this browser gets a new one."""
    try:
        codes = _store(web_session())
    except InputError as error:
        return _page({"name": str(error)}), 422
    identity.begin(account())
    target = url_for("second_factor.show")
    if codes:
        return render_template("own/recovery_codes.html", codes=codes, target=target)
    flash(gettext("The key is added. All your other sessions are closed."), "success")
    return redirect(target)


@pages.post("/account/security-keys/<uuid:key_id>/remove")
@sensitive(back="second_factor.show")
@own
def remove(key_id: UUID) -> Response:
    """Remove a key of one's own; where a factor is required the last one stays."""
    me, at = account().id, now()
    with writing() as session:
        security_key.remove(session, me, key_id)
        if arrival.owes_factor(session, me):
            raise ConflictError(
                gettext("This is the last one, and one is required; add another one first.")
            )
        accounts.end_sessions(session, me, identity.wall_clock())
        account_notice.tell(session, me, "account_factor_removed", at, device=device_words())
        event = "account:security_key:remove"
        audit.record(session, None, at=at, actor_id=me, event=event, subject=me, key=str(key_id))
        found = session.get_one(Account, me)
    identity.begin(found)
    flash(gettext("The key is removed. All your other sessions are closed."), "success")
    return redirect(url_for("second_factor.show"))
