"""Signing in by the organisation's own directory, where one is set (V6.8, V10.5)."""

from urllib.parse import urlencode

import structlog
from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response

from engine import audit, provider
from engine.errors import NotFoundError
from engine.language import gettext, mark
from engine.throttle import BY_PROVIDER
from webui import arrival, attempt, identity
from webui.context import application, now, writing
from webui.guard import public
from webui.openid import Directory, Proved, ProviderError
from webui.requestid import request_id

pages = Blueprint("provider", __name__)
log = structlog.get_logger()
FLOW = "flow"
"""What the cookie keeps while somebody is at the provider: a token that opens nothing."""
FAILED = mark(
    "Signing in by your organisation did not work. Try again, or sign in with your password."
)
PASSED_ON = ("code", "state", "iss", "error")
LONGEST = 2000


def _directory() -> Directory:
    settings = application().settings
    if settings.provider is None:
        raise NotFoundError(gettext("No provider is set."))
    kept: Directory | None = current_app.extensions.get("casetable_directory")
    if kept is None or kept.settings != settings.provider:
        kept = Directory(settings.provider, settings.base_url)
        current_app.extensions["casetable_directory"] = kept
    return kept


@pages.get("/sign-in/organisation")
@public
def begin() -> Response:
    """Send the browser to the provider, with a state that only this browser comes back with."""
    directory = _directory()
    attempt.claim((BY_PROVIDER, request.remote_addr or ""))
    with writing() as database:
        token, flow = provider.begin_flow(
            database, request.args.get("next", ""), identity.wall_clock()
        )
    try:
        address = directory.address_for(flow)
    except ProviderError as error:
        return _failed(error)
    session[FLOW] = token
    return redirect(address)


@pages.get("/sign-in/organisation/back")
@public
def back() -> str:
    """Take the answer along to a page of ours.

    The browser comes from elsewhere, so it has not sent our cookies, which are strict. The page
    asks for the next one itself, and then they come. It may set no cookie: that would replace
    the one that it does not see.
    """
    _directory()
    given = {name: request.args[name][:LONGEST] for name in PASSED_ON if name in request.args}
    target = f"{url_for('provider.enter')}?{urlencode(given)}"
    return render_template("sign_in/back.html", target=target)


@pages.get("/sign-in/organisation/enter")
@public
def enter() -> Response:
    """Check the answer; lead whoever it proves in, or on to the own second factor."""
    directory = _directory()
    with writing() as database:
        flow = provider.take_flow(
            database,
            session.pop(FLOW, ""),
            request.args.get("state", ""),
            identity.wall_clock(),
        )
    if flow is None:
        return _failed(ProviderError(gettext("No sign-in waits for this answer in this browser.")))
    try:
        proved = directory.prove(
            flow, request.args.get("code", ""), request.args.get("iss"), identity.wall_clock()
        )
    except ProviderError as error:
        return _failed(error)
    return _go_on(proved, flow.target)


def _go_on(proved: Proved, target: str) -> Response:
    with writing() as database:
        found = provider.linked_account(database, proved.issuer, proved.subject)
    if found is None:
        flash(
            gettext(
                "Your organisation knows you, but no account here is linked to you. Give "
                "those who look after the accounts this number: %(subject)s",
                subject=proved.subject,
            ),
            "warning",
        )
        return redirect(url_for("sign_in.show"))
    if proved.session:
        key, at = application().settings.account_key, (proved.issuer, proved.session)
        with writing() as database:
            provider.note_session(database, key, found.id, at, identity.wall_clock())
    return arrival.go_on(found, target, is_enough=proved.has_second_factor)


@pages.post("/sign-in/organisation/left")
@public
def left() -> tuple[str, int]:
    """Hear from the provider that somebody has left there, and end the sessions here (V7.6.1).

    The answer is the same whether or not we know the person, or anybody was signed in.
    """
    directory = _directory()
    moment = identity.wall_clock()
    try:
        word = directory.hear_of_leaving(request.form.get("logout_token", ""), moment)
    except ProviderError as error:
        log.warning("provider sign-out refused", request_id=request_id(), error=str(error))
        return "", 400
    key, at = application().settings.account_key, now()
    with writing() as database:
        counts, who = provider.leave(database, key, word, moment)
        if who is not None:
            event = "account:session:provider"
            audit.record(database, None, at=at, actor_id=who, event=event, subject=who)
    return "", 200 if counts else 400


def _failed(error: ProviderError) -> Response:
    # The text names what did not fit, never a token, a code or a person.
    log.warning("provider sign-in refused", request_id=request_id(), why=str(error))
    flash(gettext(FAILED), "warning")
    return redirect(url_for("sign_in.show"))
