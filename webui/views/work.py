"""The page of one work item: its form with draft and context, and what became of it."""

from uuid import UUID, uuid4

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.errors import ConflictError, InputError, SeparationError
from engine.form import FieldError, judge
from engine.language import gettext
from engine.models import Account, WorkItem, WorkItemState
from engine.worklist import Completed, Postponed, Refused, complete
from webui import signature
from webui.context import account, application, end_reading, reading, subject, writing
from webui.guard import action
from webui.loading import work_item
from webui.reading_record import note_reading
from webui.spoken import said_of
from webui.taskform import keep, list_anchor, open_form, posted, spoken_errors
from webui.taskpage import finished, surroundings, template_of

pages = Blueprint("work", __name__)


@pages.get("/work/<uuid:item_id>")
@action("work_item:read", of=work_item)
def show(item_id: UUID) -> str:
    """Show the form, or what was answered when the step is done."""
    # The page shows what is on file beside the form, so it is a reading of the case (S13).
    note_reading(subject().case_id, "work_item")
    item = reading().get_one(WorkItem, item_id)
    if item.state != WorkItemState.OPEN.value:
        return render_template("work/done.html", **finished(item), says="")
    return _page(item, uuid4().hex)


def _page(item: WorkItem, key: str, errors: tuple[FieldError, ...] = ()) -> str:
    answers = posted() if errors else None
    opened = open_form(reading(), item, account(), answers)
    return render_template(
        template_of(item),
        view=opened.view(spoken_errors(opened, errors) if errors else ()),
        saved_at=opened.saved_at,
        key=key,
        signed=signature.is_needed(item),
        **surroundings(item),
    )


@pages.post("/work/<uuid:item_id>")
@action("work_item:read", of=work_item)
def submit(item_id: UUID) -> Response | str | tuple[str, int]:
    """Record the answer, add or remove a row, or say everything that is wrong at once."""
    item: WorkItem = subject()
    wanted = request.form.get("action", "submit")
    if wanted != "submit":
        _keep(item_id, wanted)
        return redirect(url_for("work.show", item_id=item_id, _anchor=list_anchor(wanted)))
    key = request.form.get("_key", "")[:80] or uuid4().hex
    unsigned = signature.missing(item) if item.state == WorkItemState.OPEN.value else ()
    if unsigned:
        opened = open_form(reading(), item, account(), posted())
        return _page(item, key, (*judge(opened.draft).errors, *unsigned)), 422
    return _record(item, key)


def _record(item: WorkItem, key: str) -> Response | tuple[str, int]:
    me, answers = account().id, posted()
    end_reading()
    try:
        result = complete(application(), item.id, me, answers, key)
    except ConflictError as error:
        note_reading(item.case_id, "work_item")
        fresh = reading().get_one(WorkItem, item.id)
        return render_template("work/done.html", **finished(fresh), says=str(error)), 409
    except (InputError, SeparationError) as error:
        # What only the case file knows speaks against it: the answers stay on the page.
        refusal = FieldError("", "", str(error), "refused")
        return _page(reading().get_one(WorkItem, item.id), key, (refusal,)), 422
    if isinstance(result, Refused):
        return _page(reading().get_one(WorkItem, item.id), key, result.errors), 422
    flash(*_words(item, result))
    return redirect(url_for("worklist.show"))


def _words(item: WorkItem, result: Completed | Postponed) -> tuple[str, str]:
    if isinstance(result, Postponed):
        return gettext(
            "Your answer is kept, but the next step could not run: %(message)s",
            message=result.message,
        ), "warning"
    following = ", ".join(dict.fromkeys(said_of(new) for new in result.new_items))
    if not following:
        return gettext("“%(name)s” is recorded.", name=said_of(item)), "success"
    return gettext(
        "“%(name)s” is recorded. Next: %(following)s.", name=said_of(item), following=following
    ), "success"


@pages.post("/work/<uuid:item_id>/draft")
@action("work_item:complete", of=work_item)
def save_draft(item_id: UUID) -> dict[str, object]:
    """Keep what was typed so far and say which fields are asked now."""
    if subject().state != WorkItemState.OPEN.value:
        raise ConflictError(gettext("This step is done; what you typed since was not kept."))
    saved_at, fragment = _keep(item_id, request.form.get("action", ""))
    return {"saved_at": saved_at, "fragment": fragment}


def _keep(item_id: UUID, wanted: str) -> tuple[str, str]:
    with writing() as session:
        item = session.get_one(WorkItem, item_id)
        opened = keep(session, item, session.get_one(Account, account().id), wanted)
        fragment = render_template("work/fragment.html", view=opened.view())
    return opened.saved_at.isoformat() if opened.saved_at else "", fragment
