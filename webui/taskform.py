"""The form of one work item on its way between browser, draft and engine."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import request
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from engine.answer_draft import load_draft, save_draft
from engine.form import Draft, FieldError, Upload, change_rows, fill, judge
from engine.language import current_language, locale_of
from engine.models import Account, WorkItem
from engine.worklist import TaskForm, form_for
from webui.context import application, now, profile
from webui.formview import FormView, form_view
from webui.spoken import words_for


@dataclass(frozen=True)
class OpenForm:
    """A form that is being filled in, and when it was last saved."""

    task: TaskForm
    draft: Draft
    saved_at: datetime | None

    def view(self, errors: tuple[FieldError, ...] = ()) -> FormView:
        """Return what the template renders."""
        return form_view(self.draft, errors, locale=locale_of(current_language()))


def posted() -> MultiDict[str, Any]:
    """Return the answers of this request, with its files as uploads."""
    answers: MultiDict[str, Any] = MultiDict(request.form)
    for name, files in request.files.lists():
        for file in files:
            if file.filename:
                answers.add(name, Upload(file.filename, file.read()))
    return answers


def open_form(session: Session, item: WorkItem, account: Account, answers: Any = None) -> OpenForm:
    """Return the form with `answers`, else with the person's draft, else as it begins."""
    task = _spoken(form_for(session, application(), item, account), item)
    kept = load_draft(session, item, account)
    if answers is None:
        answers = dict(kept.values) if kept else {}
    return OpenForm(task, _fill(task, answers), kept.saved_at if kept else None)


def _spoken(task: TaskForm, item: WorkItem) -> TaskForm:
    """Return the form in the language of this reader: other texts, the same keys and values.

    Texts of the profile that a form shows (the definition, P30) are said too; they are shown
    only, the engine puts them in again when it records the answer.
    """
    spoken = words_for(item)
    if spoken.changes_nothing:
        return task
    shown = {
        key: spoken.say(value) if key in task.form.fixed_keys() and key in TEXTS else value
        for key, value in task.initial.items()
    }
    return replace(task, form=spoken.form(task.form), initial=shown)


TEXTS = frozenset({"definition"})
"""Fields that show a text of the profile."""


def spoken_errors(opened: OpenForm, errors: tuple[FieldError, ...]) -> tuple[FieldError, ...]:
    """Return the errors that recording found with the labels that this reader sees."""
    seen = {(one.path, one.code): one for one in judge(opened.draft).errors}
    return tuple(seen.get((one.path, one.code), one) for one in errors)


def _fill(task: TaskForm, answers: Any) -> Draft:
    return fill(
        task.form,
        answers,
        context=task.context,
        directory=task.directory,
        initial=task.initial,
        now=now(),
        zone=profile().zone,
    )


def keep(session: Session, item: WorkItem, account: Account, action: str) -> OpenForm:
    """Save what was posted as the person's draft, doing first what a row button asked for."""
    opened = open_form(session, item, account, posted())
    typed = _without_files(opened.draft.typed)
    if change_rows(
        opened.task.form,
        typed,
        action,
        context=opened.task.context,
        moment=opened.draft.state.moment,
    ):
        opened = OpenForm(opened.task, _fill(opened.task, typed), None)
    instant = application().now(session)
    save_draft(session, item, account, typed, instant)
    return OpenForm(opened.task, opened.draft, instant)


def _without_files(typed: Any) -> Any:
    """Leave out uploads: a draft keeps words; a file is chosen again before it is sent."""
    if isinstance(typed, dict):
        return {key: _without_files(value) for key, value in typed.items()}
    if isinstance(typed, list):
        return [_without_files(value) for value in typed if not isinstance(value, Upload)]
    return typed


def list_anchor(action: str) -> str:
    """Return the fragment of the list that a row button belongs to."""
    return f"f-{action.split(':')[1]}" if ":" in action else "content"
