"""Fills the form of a step in a play; this runs in the process of the play, like the draft itself.

Threat: conditions and rules of a draft's form are worked out here, and nobody has proved them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from engine.form import FieldError, Upload, change_rows, fill, judge
from engine.language import current_language, gettext, locale_of
from engine.workshop.sandbox import Owed, Sandbox
from webui.formview import FormView, form_view

EMPTY: Final[tuple[Any, ...]] = ("", None, [])


@dataclass(frozen=True)
class Asked:
    """Which step of whose play is meant, and as whom it is answered."""

    draft_id: UUID
    element: str
    organisation: str
    username: str

    @property
    def key(self) -> str:
        """Return under which name the answers are kept before they are given."""
        return f"{self.element}:{self.organisation}" if self.organisation else self.element


@dataclass(frozen=True)
class Filled:
    """An open step of a play with its form as it is filled in."""

    owed: Owed
    guidance: str
    consequence: str
    view: FormView
    """What the template renders."""
    errors: tuple[FieldError, ...]
    """What the form itself says against the answers, where that was asked."""
    answers: dict[str, Any]
    """The answers as a step of a scenario tells them: without what stayed empty."""
    typed: dict[str, Any]
    """What was typed, to be kept until the step is answered."""


def fill_in(
    sandbox: Sandbox,
    asked: Asked,
    answers: Any,
    *,
    action: str = "",
    judged: bool = False,
    refused: tuple[FieldError, ...] = (),
) -> Filled:
    """Return the form of a step with answers, done first what a row button (`action`) asked for.

    With `judged` it says what it has against the answers; `refused` is what others have.
    """
    with sandbox.looking() as session:
        item, task, owed = sandbox.form(session, asked.element, asked.organisation, asked.username)

        def filled(given: Any) -> Any:
            return fill(
                task.form,
                given,
                context=task.context,
                directory=task.directory,
                initial=task.initial,
                now=sandbox.now,
                zone=sandbox.zone,
            )

        draft = filled(answers)
        typed = without_files(draft.typed)
        state = draft.state
        if change_rows(state.form, typed, action, context=state.context, moment=state.moment):
            draft = filled(typed)
        errors = tuple(judge(draft).errors) if judged else refused
        properties = sandbox.deployment.element(item.process_id, asked.element).properties
        return Filled(
            owed=owed,
            guidance=properties.get("guidance", ""),
            consequence=properties.get("consequence", "") or gettext("Answer this step"),
            view=form_view(draft, errors, locale=locale_of(current_language())),
            errors=errors,
            answers=_told(typed, task.initial),
            typed=typed,
        )


def _told(typed: Mapping[str, Any], initial: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in typed.items()
        if value not in EMPTY or initial.get(key) not in EMPTY
    }


def without_files(typed: Any) -> Any:
    """Leave out uploads: a play keeps words."""
    if isinstance(typed, dict):
        return {key: without_files(value) for key, value in typed.items()}
    if isinstance(typed, list):
        return [without_files(value) for value in typed if not isinstance(value, Upload)]
    return typed
