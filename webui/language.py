"""Which language the pages of a request are in: the person's, the browser's, the structure's."""

from flask import Flask, g, request, session
from flask_login import current_user

from engine.deployment import ResolvedDeployment
from engine.errors import InputError
from engine.language import PSEUDO, SOURCE, Tongue, best_of, gettext, offered, speak
from engine.language.telling import name_by
from engine.wordbook import deployment_words
from webui.context import READING, account, application, end_reading, is_reading, newest

CHOSEN = "language"
"""What the session of a visitor who is not signed in keeps."""
UNSPOKEN = frozenset({"static", "health.show", "probe.live", "probe.ready"})


def register(app: Flask) -> None:
    """Let each request speak its language, and nothing of it stay for the next one."""
    app.teardown_request(lambda _error: _fall_silent())


def _fall_silent() -> None:
    speak()
    name_by(None)


def begin() -> None:
    """Speak before it is known what the request may see: what refuses it is read too."""
    _fall_silent()
    if request.endpoint in UNSPOKEN:
        speak(_of_visitor() or SOURCE)
        return
    g.language = _of_person() if current_user.is_authenticated else _of_visitor()
    speak(g.language or SOURCE)


def settle() -> None:
    """Speak the structure's language to whoever chose none, and its terms to everybody."""
    if request.endpoint in UNSPOKEN:
        return
    structure = _structure()
    profile = structure.profile
    language = g.get("language") or best_of([profile.language], pseudo=allows_pseudo()) or SOURCE
    speak(language, profile.terms.get(language))
    # Steps, roles and rules in findings are called as in the tasks of the set that is in force.
    name_by(lambda name: deployment_words(structure).say(name))


def _structure() -> ResolvedDeployment:
    """Return the structure in force, and hold no connection for it that nobody held before.

    A request that writes would wait for a second one, and many at once for ever for each other.
    """
    held = is_reading()
    found = newest()
    if not held and request.method not in READING:
        end_reading()
    return found


def _of_person() -> str | None:
    chosen = account().language
    return best_of([chosen], pseudo=allows_pseudo()) if chosen else None


def _of_visitor() -> str | None:
    """Return what somebody chose who is not signed in, else what the browser asks for."""
    if session.get(CHOSEN):
        return best_of([session[CHOSEN]], pseudo=allows_pseudo())
    return best_of(request.accept_languages.values(), pseudo=allows_pseudo())


def given(code: str) -> str:
    """Return the code that somebody chose, as it is; refuse one that is not offered."""
    if code and best_of([code], pseudo=allows_pseudo()) != code:
        raise InputError(gettext("Choose one of the languages in the list."))
    return code


def allows_pseudo() -> bool:
    """Say whether the made-up languages are offered: where everything is made up."""
    return application().settings.demo


def choices() -> tuple[Tongue, ...]:
    """Return the languages that somebody may choose here."""
    return offered(pseudo=allows_pseudo())


def is_pseudo(code: str) -> bool:
    """Say whether a language is made up."""
    return code in PSEUDO
