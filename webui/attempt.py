"""Counts the attempts of this request at passwords and codes (S10)."""

from uuid import UUID

from flask import request

from engine import accounts, throttle
from engine.throttle import BY_ADDRESS, BY_ALL, BY_BROWSER, BY_NAME, BY_SESSION
from webui import known_browser
from webui.context import account, application, web_session
from webui.identity import wall_clock


def claim(*keys: tuple[tuple[throttle.Limit, ...], str]) -> list[UUID]:
    """Count an attempt, before it is looked at; raise TooManyAttemptsError when none is left."""
    key = application().settings.account_key
    with application().database.transaction() as session:
        return throttle.claim(session, key, keys, wall_clock())


def claim_sign_in(username: str) -> list[UUID]:
    """Count an attempt to sign in; known and unknown names are counted alike."""
    with application().database.reading_as(None) as session:
        mark = known_browser.mark_of(accounts.account_named(session, username))
    if mark:
        return claim((BY_BROWSER, mark))
    return claim((BY_NAME, username), (BY_ADDRESS, request.remote_addr or ""), (BY_ALL, ""))


def give_back(claimed: list[UUID]) -> None:
    """Forget an attempt that was right."""
    with application().database.transaction() as session:
        throttle.give_back(session, claimed)


def is_my_password(typed: str) -> bool:
    """Say whether this is the password of who is signed in; five failures a session."""
    claimed = claim((BY_SESSION, str(web_session().id)))
    if not accounts.check_password(account(), typed):
        return False
    give_back(claimed)
    return True
