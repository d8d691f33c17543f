"""Setting up, replacing and removing one's second factor, and its recovery codes (S9)."""

from dataclasses import dataclass

import segno
from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import account_notice, accounts, audit, factor, security_key
from engine.errors import ConflictError, InputError
from engine.language import gettext
from engine.models import Account, SessionStage, WebSession
from engine.throttle import BY_FACTOR
from webui import arrival, attempt, identity, key_ceremony
from webui.context import account, application, now, reading, web_session, writing
from webui.device import device_words
from webui.guard import half, own, sensitive
from webui.target import safe_target

pages = Blueprint("second_factor", __name__)


@dataclass(frozen=True)
class Offer:
    """A secret that is offered to an app."""

    secret: str
    address: str

    @property
    def groups(self) -> str:
        """The secret in groups of four, as people type it."""
        return " ".join(self.secret[at : at + 4] for at in range(0, len(self.secret), 4))

    @property
    def picture(self) -> str:
        """The address as a QR code, an image of its own within the page."""
        code = segno.make(self.address, error="m")
        return code.svg_data_uri(scale=5, border=4, dark="black", light="white")


def _offer(found: WebSession) -> Offer | None:
    """Return what is offered in a session: the secret lies there until a code was typed."""
    if found.pending_secret is None:
        return None
    key = application().settings.account_key
    secret = factor.unseal_secret(key, found.account_id, found.pending_secret)
    return Offer(secret, factor.address_of(secret, found.account.username))


def _enrol(found: WebSession, offer: Offer) -> list[str]:
    """Store the factor when the code is right; raise InputError when it is not."""
    claimed = attempt.claim((BY_FACTOR, str(found.account_id)))
    settings, at, me = application().settings, now(), found.account_id
    with writing() as session:
        code = request.form.get("code", "")
        codes = factor.enrol(
            session,
            settings.account_key,
            me,
            offer.secret,
            code,
            identity.wall_clock(),
            replaces=found.stage == SessionStage.FULL,
        )
        accounts.end_sessions(session, me, identity.wall_clock())
        account_notice.tell(session, me, "account_factor", at, device=device_words())
        audit.record(session, None, at=at, actor_id=me, event="account:factor:enrol", subject=me)
    attempt.give_back(claimed)
    return codes


# -- at the first sign-in, where a second factor is required ---------------------------------


@pages.get("/sign-in/set-up")
@half(SessionStage.ENROLMENT)
def first() -> str | Response:
    """Show the secret to somebody who cannot go on without a second factor."""
    return _first({})


def _keys_only() -> bool:
    return application().settings.require_security_key


def _refuse_apps() -> None:
    """Raise ConflictError where an app would be set up for nothing (S9)."""
    if _keys_only():
        raise ConflictError(gettext("Codes of an app are not enough here; add a security key."))


def _first(errors: dict[str, str]) -> str:
    target = request.values.get("next", "")
    if _keys_only():
        return render_template(
            "sign_in/first_key.html",
            has_app=factor.find_factor(reading(), g.half.account_id) is not None,
            asked=key_ceremony.asked_to_make(g.half),
            errors=errors,
            target=target,
        )
    return render_template(
        "sign_in/first_factor.html",
        offer=_offer(g.half),
        asked=key_ceremony.asked_to_make(g.half),
        errors=errors,
        target=target,
    )


@pages.post("/sign-in/set-up")
@half(SessionStage.ENROLMENT)
def enrol_first() -> str | tuple[str, int]:
    """Store the first factor, sign in, and show the recovery codes once."""
    _refuse_apps()
    offer = _offer(g.half)
    if offer is None:
        raise ConflictError(gettext("Nothing is being set up; sign in again."))
    try:
        codes = _enrol(g.half, offer)
    except InputError as error:
        return _first({"code": str(error)}), 422
    identity.begin(g.half.account, arrives=True)
    target = safe_target(request.form.get("next", ""))
    return render_template("own/recovery_codes.html", codes=codes, target=target)


# -- on one's own page ------------------------------------------------------------------------


@pages.get("/account/second-factor")
@own
def show() -> str:
    """Show whether there is a second factor, and what can be done about it."""
    me = account().id
    return render_template(
        "own/second_factor.html",
        factor=factor.find_factor(reading(), me),
        keys=security_key.keys_of(reading(), me),
        offers_keys=key_ceremony.place() is not None,
        left=factor.codes_left(reading(), me),
        is_required=application().settings.require_second_factor,
        keys_only=_keys_only(),
    )


@pages.post("/account/second-factor/begin")
@sensitive(back="second_factor.show")
@own
def begin() -> Response:
    """Make a new secret; nothing changes until a code shows that an app has it."""
    _refuse_apps()
    me, key = account().id, application().settings.account_key
    sealed = factor.seal_secret(key, me, factor.new_secret())
    token_hash = web_session().token_hash
    with writing() as session:
        session.get_one(WebSession, token_hash).pending_secret = sealed
    return redirect(url_for("second_factor.edit"))


@pages.get("/account/second-factor/new")
@sensitive(back="second_factor.show")
@own
def edit() -> str | Response:
    """Show the new secret."""
    offer = _offer(web_session())
    if offer is None:
        return redirect(url_for("second_factor.show"))
    return render_template("own/new_factor.html", offer=offer, errors={})


@pages.post("/account/second-factor/new")
@sensitive(back="second_factor.show")
@own
def save() -> str | Response | tuple[str, int]:
    """Store the factor, close all other sessions, and show the recovery codes once."""
    _refuse_apps()
    offer = _offer(web_session())
    if offer is None:
        return redirect(url_for("second_factor.show"))
    try:
        codes = _enrol(web_session(), offer)
    except InputError as error:
        page = render_template("own/new_factor.html", offer=offer, errors={"code": str(error)})
        return page, 422
    identity.begin(account())
    target = url_for("second_factor.show")
    return render_template("own/recovery_codes.html", codes=codes, target=target)


@pages.post("/account/second-factor/codes")
@sensitive(back="second_factor.show")
@own
def renew_codes() -> str:
    """Replace the recovery codes and show the new ones once."""
    me, at = account().id, now()
    key = application().settings.account_key
    with writing() as session:
        if not factor.has_factor(session, me):
            raise ConflictError(gettext("There is no second factor yet; set one up first."))
        codes = factor.new_recovery_codes(session, key, me)
        audit.record(session, None, at=at, actor_id=me, event="account:factor:codes", subject=me)
    target = url_for("second_factor.show")
    return render_template("own/recovery_codes.html", codes=codes, target=target)


@pages.post("/account/second-factor/remove")
@sensitive(back="second_factor.show")
@own
def remove() -> Response:
    """Remove the app where that is allowed; all sessions die, this browser gets a new one."""
    me, at = account().id, now()
    with writing() as session:
        if not factor.remove_app(session, me):
            raise ConflictError(gettext("There is no app to remove."))
        if arrival.owes_factor(session, me):
            raise ConflictError(
                gettext("A second factor is required here; set up another app instead.")
            )
        accounts.end_sessions(session, me, identity.wall_clock())
        account_notice.tell(session, me, "account_factor_removed", at, device=device_words())
        audit.record(session, None, at=at, actor_id=me, event="account:factor:remove", subject=me)
        found = session.get_one(Account, me)
    identity.begin(found)
    flash(gettext("The app is removed. All your other sessions are closed."), "success")
    return redirect(url_for("second_factor.show"))
