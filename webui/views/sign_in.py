"""Signing in, in one step or in two, and signing out."""

from uuid import UUID

import structlog
from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from engine import accounts, factor, security_key
from engine.demo_cast import cast_of
from engine.language import gettext, mark
from engine.models import Account, SessionStage
from engine.reading.account import demo_accounts
from engine.throttle import BY_FACTOR
from webui import arrival, attempt, identity, key_ceremony
from webui.context import application, profile, reading, writing
from webui.guard import half, own, public
from webui.target import safe_target

pages = Blueprint("sign_in", __name__)
log = structlog.get_logger()
WRONG = mark("The user name or the password is wrong.")
WRONG_CODE = mark("This code is wrong, or it was used already; wait for the next one.")


@pages.get("/sign-in")
@public
def show() -> str | Response:
    """Show the sign-in page, or go on when already signed in."""
    if current_user.is_authenticated:
        return redirect(safe_target(request.args.get("next", "")))
    return _page()


def _page(username: str = "", says: str = "") -> str:
    demo = _demo_accounts() if application().settings.demo else []
    target = request.values.get("next", "")
    return render_template(
        "sign_in/show.html",
        username=username,
        says=says,
        demo=demo,
        target=target,
        provider=application().settings.provider,
    )


def _demo_accounts() -> list[Account]:
    """Return the demo accounts in the order in which a case meets them."""
    cast = cast_of(profile(), application().settings.processes_dir)
    order = {person.username: number for number, person in enumerate(cast.people)}
    found = demo_accounts(reading())
    return sorted(found, key=lambda one: order.get(one.username, len(order)))


@pages.post("/sign-in")
@public
def enter() -> str | Response | tuple[str, int]:
    """Check user name and password; the answer never tells which of the two was wrong."""
    username = request.form.get("username", "").strip().lower()[:100]
    claimed = attempt.claim_sign_in(username)
    with writing() as session:
        found = accounts.authenticate(session, username, request.form.get("password", ""))
    if found is None:
        _note_failure("password")
        return _page(username, gettext(WRONG)), 422
    attempt.give_back(claimed)
    return arrival.go_on(found, request.form.get("next", ""))


def _note_failure(kind: str, person: Account | None = None) -> None:
    """Log a failure (V16.3.1); not the name that was typed, in which people type passwords."""
    known = {"id": str(person.id)} if person is not None else {}
    log.warning("sign_in_failed", kind=kind, **known)


@pages.get("/sign-in/code")
@half(SessionStage.SECOND_STEP)
def second_step() -> str:
    """Ask for the second factor: a key, a code of an app, or a recovery code."""
    return _second_step({})


def _second_step(errors: dict[str, str]) -> str:
    target = request.values.get("next", "")
    return render_template(
        "sign_in/second_step.html",
        asked=key_ceremony.asked_to_sign(g.half),
        has_app=_has_app(g.half.account_id),
        errors=errors,
        target=target,
    )


def _has_app(me: UUID) -> bool:
    there = factor.find_factor(reading(), me) is not None
    return there and arrival.takes_app(reading(), me)


@pages.post("/sign-in/code")
@half(SessionStage.SECOND_STEP)
def enter_code() -> str | Response | tuple[str, int]:
    """Check the code; each is used once, whoever sends it and however often."""
    person: Account = g.half.account
    claimed = attempt.claim((BY_FACTOR, str(person.id)))
    with writing() as session:
        key, now = application().settings.account_key, identity.wall_clock()
        typed, takes_app = request.form.get("code", ""), arrival.takes_app(session, person.id)
        is_right = factor.verify(session, key, person.id, typed, now, takes_app=takes_app)
        left = factor.codes_left(session, person.id)
    if not is_right:
        _note_failure("code", person)
        return _second_step({"code": gettext(WRONG_CODE)}), 422
    attempt.give_back(claimed)
    response = arrival.after_code(person, request.form.get("next", ""))
    if left < factor.RECOVERY_CODES:
        flash(
            gettext(
                "%(left)s recovery codes are left; make new ones under My sessions and sign-in.",
                left=left,
            )
        )
    return response


@pages.post("/sign-in/key")
@half(SessionStage.SECOND_STEP)
def enter_key() -> str | Response | tuple[str, int]:
    """Check what a security key has signed; the challenge is used up by that."""
    person, here = g.half.account, key_ceremony.place()
    claimed = attempt.claim((BY_FACTOR, str(person.id)))
    challenge = key_ceremony.taken_challenge(g.half)
    answer = request.form.get(key_ceremony.ANSWER, "")
    with writing() as session:
        is_right = here is not None and security_key.verify(
            session, here, person.id, answer, challenge, identity.wall_clock()
        )
    if not is_right:
        _note_failure("key", person)
        return _second_step({"key": gettext(security_key.WRONG)}), 422
    attempt.give_back(claimed)
    return arrival.let_in(person, request.form.get("next", ""))


@pages.post("/sign-out")
@own
def leave() -> Response:
    """Close the session on the server, so that a stolen cookie is worth nothing (S8)."""
    identity.end(current_user.token)
    response = redirect(url_for("sign_in.show"))
    # What the browser may still hold of the pages is for nobody else at this desk.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response
