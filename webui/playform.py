"""The form of a step that is owed in a play, on its way between browser, journal and sandbox."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from engine.errors import NotFoundError
from engine.form import Draft, FieldError, Upload, change_rows, fill, judge
from engine.language import current_language, gettext, locale_of
from engine.workshop import play
from engine.workshop.sandbox import Owed, Sandbox
from webui.context import account, application, reading
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
class PlayedForm:
    """An open step of a play with its form as it is filled in."""

    owed: Owed
    guidance: str
    consequence: str
    draft: Draft
    initial: dict[str, Any]

    def view(self, errors: tuple[FieldError, ...] = ()) -> FormView:
        """Return what the template renders."""
        return form_view(self.draft, errors, locale=locale_of(current_language()))

    def errors(self) -> tuple[FieldError, ...]:
        """Return what the form itself says against the answers."""
        return tuple(judge(self.draft).errors)

    def answers(self) -> dict[str, Any]:
        """Return the answers as a step of a scenario tells them: without what stayed empty."""
        told = without_files(self.draft.typed)
        return {
            key: value
            for key, value in told.items()
            if value not in EMPTY or self.initial.get(key) not in EMPTY
        }


def open_form(sandbox: Sandbox, asked: Asked, answers: Any = None) -> PlayedForm:
    """Return the form with `answers`, else with what was typed before, else as it begins."""
    if answers is None:
        answers = play.typed(reading(), asked.draft_id, account().id, asked.key) or {}
    with sandbox.looking() as session:
        item, task, owed = sandbox.form(session, asked.element, asked.organisation, asked.username)
        properties = sandbox.deployment.element(item.process_id, asked.element).properties
        draft = fill(
            task.form,
            answers,
            context=task.context,
            directory=task.directory,
            initial=task.initial,
            now=sandbox.now,
            zone=sandbox.zone,
        )
        found = PlayedForm(
            owed,
            properties.get("guidance", ""),
            properties.get("consequence", "") or gettext("Answer this step"),
            draft,
            dict(task.initial),
        )
        # The options are read while the session is open.
        found.view()
        return found


def keep(sandbox: Sandbox, asked: Asked, answers: Any, action: str) -> PlayedForm:
    """Keep what was typed, doing first what a row button asked for."""
    opened = open_form(sandbox, asked, answers)
    typed = without_files(opened.draft.typed)
    changed = change_rows(
        opened.draft.state.form,
        typed,
        action,
        context=opened.draft.state.context,
        moment=opened.draft.state.moment,
    )
    play.keep_typed(application(), asked.draft_id, account().id, asked.key, typed)
    if changed:
        opened = open_form(sandbox, asked, typed)
    return opened


def without_files(typed: Any) -> Any:
    """Leave out uploads: a play keeps words."""
    if isinstance(typed, dict):
        return {key: without_files(value) for key, value in typed.items()}
    if isinstance(typed, list):
        return [without_files(value) for value in typed if not isinstance(value, Upload)]
    return typed


def person_in(owed: Owed, username: str) -> str:
    """Return as whom the step is answered: who was chosen, else the first who may."""
    names = [name for name, _ in owed.people]
    if username in names:
        return username
    if not names:
        raise NotFoundError(gettext("Nobody may do this step."))
    return names[0]
