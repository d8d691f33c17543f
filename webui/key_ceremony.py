"""What a page asks a security key in this browser, and the challenge that its answer has to fit."""

import json

from engine import security_key
from engine.language import gettext
from engine.models import WebSession
from engine.place import Place, place_of
from webui import identity
from webui.context import application, writing

ANSWER = "credential"
"""The form field in which the page's script sends what the key said."""


def place() -> Place | None:
    """Return what keys belong to here; None where browsers offer none."""
    return place_of(application().settings.base_url)


def asked_to_make(found: WebSession) -> str | None:
    """Return as JSON what the browser needs to make a key in a session; None without keys here."""
    here = place()
    if here is None:
        return None
    with writing() as session:
        challenge = security_key.new_challenge(session, found.token_hash, identity.wall_clock())
        keys = security_key.keys_of(session, found.account_id)
        return security_key.ask_to_make(here, found.account, keys, challenge)


def asked_to_sign(found: WebSession) -> str | None:
    """Return as JSON what the browser needs to have a key sign; None for who has no key."""
    here = place()
    with writing() as session:
        keys = security_key.keys_of(session, found.account_id)
        if here is None or not keys:
            return None
        challenge = security_key.new_challenge(session, found.token_hash, identity.wall_clock())
        return security_key.ask_to_sign(here, keys, challenge)


def taken_challenge(found: WebSession) -> bytes | None:
    """Return the challenge of a session; it is used up by that, whatever the answer is."""
    with writing() as session:
        return security_key.take_challenge(session, found.token_hash, identity.wall_clock())


def words() -> str:
    """Return what the script says while it asks a key, as JSON, in the language of the reader."""
    told = {
        "unknown": gettext("This browser knows no security keys; take a newer one."),
        "touch": gettext("Now touch your key, or do what your device asks you to."),
        "silent": gettext("No key answered. Try again when you have it at hand."),
        "known": gettext("This key is set up already; take another one."),
        "failed": gettext(
            "That did not work with this key or browser. Try again, or take another one."
        ),
    }
    return json.dumps(told)
