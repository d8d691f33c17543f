"""The workshop of process owners: what is published, the drafts, their versions."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.errors import ConflictError, InputError
from engine.language import gettext
from engine.models import CurrentDeployment, Deployment
from engine.workshop import draft as drafts
from engine.workshop import judgement, publishing, shipped, version
from engine.workshop.draft import load, open_draft, open_drafts
from engine.workshop.glance import glance
from webui.context import account, application, end_reading, reading
from webui.guard import action
from webui.workshoplist import groups

pages = Blueprint("workshop", __name__)


@pages.get("/workshop")
@action("workshop:edit")
def index() -> str:
    """Show what is published, what waits, and the open drafts."""
    return _index({})


def _index(errors: dict[str, str]) -> str:
    session, profile = reading(), application().settings.profile
    current = session.get(CurrentDeployment, profile)
    deployment = session.get(Deployment, current.deployment_id) if current else None
    published = [one for one in publishing.all_of(session, profile) if one.outcome == "agreed"]
    is_last = bool(published and deployment and published[0].deployment_id == deployment.id)
    return render_template(
        "workshop/index.html",
        deployment=deployment,
        publication=published[0] if is_last else None,
        waiting=publishing.open_of(session, profile),
        drafts=open_drafts(session),
        new_rules=shipped.new_rules(application(), session, profile),
        own_files=drafts.own_files,
        session=session,
        errors=errors,
        given=request.form,
    )


@pages.post("/workshop/drafts")
@action("workshop:edit")
def create() -> Response | tuple[str, int]:
    """Begin a draft from what is published, with the product's new safety rules where asked for."""
    me, title = account().id, request.form.get("title", "")
    begin = shipped.open_with_rules if request.form.get("rules") == "new" else open_draft
    end_reading()
    try:
        draft_id = begin(application(), me, application().settings.profile, title)
    except InputError as error:
        return _index({"title": str(error)}), 422
    return redirect(url_for("workshop.show", draft_id=draft_id))


@pages.get("/workshop/drafts/<uuid:draft_id>")
@action("workshop:edit")
def show(draft_id: UUID) -> str:
    """Show a draft: its files, what is wrong, what it changes, its versions."""
    return draft_page(draft_id, {})


def draft_page(draft_id: UUID, errors: dict[str, str]) -> str:
    """Return the page of a draft, with what has to be mended at one of its forms."""
    session = reading()
    draft = load(session, draft_id)
    looked = glance(session, draft)
    return render_template(
        "workshop/draft.html",
        draft=draft,
        looked=looked,
        groups=groups(session, draft, looked),
        versions=version.versions(session, draft),
        is_behind=version.is_behind(session, draft),
        judged=judgement.latest(session, draft),
        errors=errors,
        given=request.form,
    )


def back(draft_id: UUID) -> Response:
    """Lead back to a draft."""
    return redirect(url_for("workshop.show", draft_id=draft_id))


def deed(draft_id: UUID, name: str, done: str, do: Any) -> Response | tuple[str, int]:
    """Do something to a draft and say so, or show its page with what has to be mended."""
    me = account().id
    end_reading()
    try:
        do(me)
    except ConflictError as error:
        flash(str(error), "danger")
    except InputError as error:
        return draft_page(draft_id, {name: str(error)}), 422
    else:
        flash(done, "success")
    return back(draft_id)


@pages.post("/workshop/drafts/<uuid:draft_id>/versions")
@action("workshop:edit")
def keep(draft_id: UUID) -> Response | tuple[str, int]:
    """Give the present state a name."""
    name, note = request.form.get("name", ""), request.form.get("note", "")
    return deed(
        draft_id,
        "name",
        gettext("This version is kept."),
        lambda me: version.keep(application(), draft_id, me, name, note),
    )


@pages.post("/workshop/drafts/<uuid:draft_id>/versions/<uuid:version_id>")
@action("workshop:edit")
def restore(draft_id: UUID, version_id: UUID) -> Response | tuple[str, int]:
    """Make the draft as it was."""
    return deed(
        draft_id,
        "name",
        gettext("Restored. What the draft was before stays on record."),
        lambda me: version.restore(application(), draft_id, me, version_id),
    )


@pages.post("/workshop/drafts/<uuid:draft_id>/catch-up")
@action("workshop:edit")
def catch_up(draft_id: UUID) -> Response:
    """Lay the draft over what is published now."""
    me = account().id
    end_reading()
    both = version.catch_up(application(), draft_id, me)
    told = gettext("The draft stands on what is published now.")
    if both:
        told = gettext(
            "The draft stands on what is published now. Both changed: %(files)s; the draft's own "
            "stay, read what they undo.",
            files=", ".join(both),
        )
    flash(told, "warning" if both else "success")
    return back(draft_id)


@pages.post("/workshop/drafts/<uuid:draft_id>/discard")
@action("workshop:edit")
def discard(draft_id: UUID) -> Response:
    """Put a draft away."""
    me = account().id
    end_reading()
    drafts.discard(application(), draft_id, me)
    flash(gettext("The draft is put away. What was changed in it stays on record."), "success")
    return redirect(url_for("workshop.index"))
