"""The form of one work item on its way between browser, draft and engine."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from engine.form import Draft, FieldError, Upload, change_rows, fill
from engine.language import current_language, locale_of
from engine.models import Account, WorkItem
from engine.worklist import TaskForm, form_for, load_draft, save_draft
from webui.context import application, now, profile
from webui.formview import FormView, form_view


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
    task = form_for(session, application(), item, account)
    kept = load_draft(session, item, account)
    if answers is None:
        answers = dict(kept.values) if kept else {}
    return OpenForm(task, _fill(task, answers), kept.saved_at if kept else None)


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
