"""Publishing a draft: what the judges say, one who asks, another who agrees, the record (S19)."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.errors import ConflictError, InputError, SeparationError
from engine.language import gettext
from engine.models import WorkshopDraft
from engine.workshop import judgement, publishing
from engine.workshop.draft import load
from engine.workshop.version import state_of
from webui.context import account, application, end_reading, reading
from webui.guard import action, sensitive

pages = Blueprint("workshop_publish", __name__)


@pages.get("/workshop/drafts/<uuid:draft_id>/publish")
@action("workshop:publish")
def sheet(draft_id: UUID) -> str:
    """Show what the judges say of a draft, and ask for its publication."""
    return _sheet(draft_id, {})


def _sheet(draft_id: UUID, errors: dict[str, str]) -> str:
    session = reading()
    draft = load(session, draft_id)
    judged = judgement.latest(session, draft)
    is_same = judged is not None and judged.deployment_id == state_of(session, draft)
    return render_template(
        "workshop/publish.html",
        draft=draft,
        judged=judged,
        is_same=is_same,
        problems=judgement.problems(judged) if judged else [],
        obstacles=publishing.obstacles(session, judged) if judged else [],
        waiting=publishing.open_of(session, draft.profile),
        errors=errors,
        given=request.form,
    )


@pages.post("/workshop/drafts/<uuid:draft_id>/judge")
@action("workshop:publish")
def judge(draft_id: UUID) -> Response:
    """Have the draft judged as it is now."""
    me = account().id
    end_reading()
    try:
        judgement.begin(application(), draft_id, me)
    except ConflictError as error:
        flash(str(error), "danger")
    return redirect(url_for("workshop_publish.sheet", draft_id=draft_id))


@pages.post("/workshop/drafts/<uuid:draft_id>/publish")
@sensitive("workshop.index")
@action("workshop:publish")
def ask(draft_id: UUID) -> Response | tuple[str, int]:
    """Ask that the judged draft be published."""
    me, note = account().id, request.form.get("note", "")
    judged = judgement.latest(reading(), load(reading(), draft_id))
    end_reading()
    if judged is None:
        return _sheet(draft_id, {"note": gettext("Have the draft judged first.")}), 422
    try:
        asked = publishing.ask(application(), judged.id, me, note)
    except InputError as error:
        return _sheet(draft_id, {"note": str(error)}), 422
    except ConflictError as error:
        flash(str(error), "danger")
        return redirect(url_for("workshop_publish.sheet", draft_id=draft_id))
    flash(
        gettext("Asked: as soon as another process owner agrees, new cases start on it."), "success"
    )
    return redirect(url_for("workshop_publish.show", publication_id=asked))


@pages.get("/workshop/publications")
@action("workshop:edit")
def index() -> str:
    """Show who published what, when and why."""
    found = publishing.all_of(reading(), application().settings.profile)
    return render_template("workshop/publications.html", found=found)


@pages.get("/workshop/publications/<uuid:publication_id>")
@action("workshop:edit")
def show(publication_id: UUID) -> str:
    """Show one asking with what the judges said, and the answer to it."""
    return _show(publication_id, {})


def _show(publication_id: UUID, errors: dict[str, str]) -> str:
    session = reading()
    asked = publishing.find(session, publication_id)
    is_open = asked.outcome is None
    return render_template(
        "workshop/publication.html",
        asked=asked,
        judged=asked.judgement,
        draft=session.get(WorkshopDraft, asked.draft_id) if asked.draft_id else None,
        may_answer=is_open and publishing.may_answer(session, account(), asked),
        is_mine=is_open and asked.asked_by_id == account().id,
        obstacles=publishing.obstacles(session, asked.judgement) if is_open else [],
        problems=judgement.problems(asked.judgement),
        errors=errors,
        given=request.form,
    )


@pages.post("/workshop/publications/<uuid:publication_id>/agree")
@sensitive("workshop_publish.index")
@action("workshop:publish")
def agree(publication_id: UUID) -> Response:
    """Agree and publish."""
    me = account().id
    end_reading()
    try:
        publishing.agree(application(), publication_id, me)
    except (ConflictError, SeparationError) as error:
        flash(str(error), "danger")
    else:
        flash(
            gettext("Published. New cases start on it; running cases stay where they are."),
            "success",
        )
    return redirect(url_for("workshop_publish.show", publication_id=publication_id))


@pages.post("/workshop/publications/<uuid:publication_id>/refuse")
@sensitive("workshop_publish.index")
@action("workshop:publish")
def refuse(publication_id: UUID) -> Response | tuple[str, int]:
    """Refuse, with the reason."""
    me, reason = account().id, request.form.get("reason", "")
    end_reading()
    try:
        publishing.refuse(application(), publication_id, me, reason)
    except InputError as error:
        return _show(publication_id, {"reason": str(error)}), 422
    except (ConflictError, SeparationError) as error:
        flash(str(error), "danger")
    else:
        flash(gettext("Refused. Nothing was published; the draft stays open."), "success")
    return redirect(url_for("workshop_publish.show", publication_id=publication_id))


@pages.post("/workshop/publications/<uuid:publication_id>/withdraw")
@action("workshop:publish")
def withdraw(publication_id: UUID) -> Response:
    """Take back what one asked."""
    me = account().id
    end_reading()
    try:
        publishing.withdraw(application(), publication_id, me)
    except ConflictError as error:
        flash(str(error), "danger")
    else:
        flash(gettext("Taken back."), "success")
    return redirect(url_for("workshop_publish.show", publication_id=publication_id))
