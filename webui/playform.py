"""The form of a step that is owed in a play, on its way between browser, journal and sandbox."""

from typing import Any

from engine.errors import NotFoundError
from engine.form import FieldError
from engine.language import gettext
from engine.workshop import play, room
from engine.workshop.sandbox import Owed
from webui.context import account, application, reading
from webui.playfill import Asked, Filled, fill_in

room.make_ready("webui.playfill")


def open_form(
    played: room.Room,
    asked: Asked,
    answers: Any = None,
    *,
    judged: bool = False,
    refused: tuple[FieldError, ...] = (),
) -> Filled:
    """Return the form with `answers`, else with what was typed before, else as it begins."""
    if answers is None:
        answers = play.typed(reading(), asked.draft_id, account().id, asked.key) or {}
    return played.ask(fill_in, asked, answers, judged=judged, refused=refused)


def keep(played: room.Room, asked: Asked, answers: Any, action: str) -> Filled:
    """Keep what was typed, doing first what a row button asked for."""
    filled = played.ask(fill_in, asked, answers, action=action)
    play.keep_typed(application(), asked.draft_id, account().id, asked.key, filled.typed)
    return filled


def person_in(owed: Owed, username: str) -> str:
    """Return as whom the step is answered: who was chosen, else the first who may."""
    names = [name for name, _ in owed.people]
    if username in names:
        return username
    if not names:
        raise NotFoundError(gettext("Nobody may do this step."))
    return names[0]
