"""The editors of the workshop: one file of a draft, saved, judged while it is edited."""

from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for

from engine.deployment import ResolvedDeployment
from engine.errors import DraftConflictError, InputError, NotFoundError
from engine.form.form import Type
from engine.inheritance import is_profile
from engine.language import gettext
from engine.models import WorkshopDraft
from engine.workshop import draft as drafts
from engine.workshop.place import DIAGRAM, FORM, TABLE, Kind, kind_of
from webui.candidate import BusyError, candidate, problems, rules
from webui.catalogue import offered, readable
from webui.context import account, application, end_reading, reading
from webui.guard import action
from webui.pagehelp import when
from webui.scripttext import said
from webui.typed import judged

pages = Blueprint("editor", __name__)
EDITORS = {DIAGRAM: "bpmn", TABLE: "dmn", FORM: "form"}
Answer = dict[str, Any] | tuple[dict[str, Any], int]


def _file(draft_id: UUID, path: str) -> tuple[WorkshopDraft, bytes, str, Kind]:
    """Return a file that an editor opens, with its draft and hash."""
    draft = drafts.load(reading(), draft_id)
    digest = drafts.manifest(reading(), draft).get(path)
    kind = kind_of(path)
    if digest is None or kind not in EDITORS:
        raise NotFoundError(gettext("There is no such file to edit in this draft."))
    return draft, drafts.contents(reading(), {path: digest})[path], digest, kind


def _sent(name: str) -> str:
    """Return one text of the JSON that a script sends."""
    body = request.get_json(silent=True)
    found = body.get(name) if isinstance(body, dict) else None
    if not isinstance(found, str) or "\0" in found:
        raise InputError(
            gettext("The page sent something that is not a file; reload it and try again.")
        )
    return found


@pages.get("/workshop/drafts/<uuid:draft_id>/files/<path:path>")
@action("workshop:edit")
def show(draft_id: UUID, path: str) -> str:
    """Show the editor of a file; the file itself is loaded by the script."""
    draft, _content, _digest, kind = _file(draft_id, path)
    return render_template(
        "editor/show.html",
        draft=draft,
        path=path,
        kind=kind,
        editor=EDITORS[kind],
        components=[str(one) for one in Type],
        texts=said(EDITORS[kind]),
    )


@pages.get("/workshop/drafts/<uuid:draft_id>/content/<path:path>")
@action("workshop:edit")
def content(draft_id: UUID, path: str) -> Answer:
    """Return a file and the hash by which a later save is recognised as following this one."""
    _draft, found, digest, _kind = _file(draft_id, path)
    return {"content": found.decode(), "hash": digest}


@pages.post("/workshop/drafts/<uuid:draft_id>/content/<path:path>")
@action("workshop:edit")
def save(draft_id: UUID, path: str) -> Answer:
    """Save a file unless somebody else has saved it since it was opened."""
    _file(draft_id, path)
    written, expected, me = _sent("content"), _sent("expected"), account().id
    end_reading()
    try:
        digest = drafts.save(application(), draft_id, me, path, written.encode(), expected)
    except DraftConflictError as conflict:
        said = when().moment(conflict.at)
        return {
            "message": gettext(
                "%(by)s saved this file on %(said)s, after you had opened it.",
                by=conflict.by,
                said=said,
            )
        }, 409
    return {"hash": digest}


@pages.post("/workshop/drafts/<uuid:draft_id>/copy/<path:path>")
@action("workshop:edit")
def copy(draft_id: UUID, path: str) -> Answer:
    """Keep what somebody has edited under a name that is free, beside the file."""
    draft, _content, _digest, _kind = _file(draft_id, path)
    written, me = _sent("content"), account().id
    free = _free(path, set(drafts.manifest(reading(), draft)))
    end_reading()
    drafts.save(application(), draft_id, me, free, written.encode(), None)
    return {"path": free, "href": url_for("editor.show", draft_id=draft_id, path=free)}


def _free(path: str, taken: set[str]) -> str:
    """Return the next name that no file of the draft has, such as `intake_copy2.bpmn`."""
    place = PurePosixPath(path)
    numbers = range(1, len(taken) + 2)
    named = (str(place.with_stem(f"{place.stem}_copy{number}")) for number in numbers)
    return next(name for name in named if name not in taken)


@pages.post("/workshop/drafts/<uuid:draft_id>/check/<path:path>")
@action("workshop:edit")
def check(draft_id: UUID, path: str) -> Answer:
    """Say what is wrong with the draft if the file were saved as it is on the page."""
    draft, _content, _digest, _kind = _file(draft_id, path)
    files = candidate(reading(), draft, path, _sent("content"))
    end_reading()
    return {"findings": problems(files, draft_id)}


@pages.post("/workshop/drafts/<uuid:draft_id>/verify/<path:path>")
@action("workshop:edit")
def verify(draft_id: UUID, path: str) -> Answer:
    """Prove the rules if the file were saved as it is on the page."""
    draft, _content, _digest, _kind = _file(draft_id, path)
    files = candidate(reading(), draft, path, _sent("content"))
    end_reading()
    try:
        return rules(files, draft_id)
    except BusyError as busy:
        return {"busy": str(busy)}, 202


@pages.get("/workshop/drafts/<uuid:draft_id>/catalogue")
@action("workshop:edit")
def catalogue(draft_id: UUID) -> Answer:
    """Return what the editors of a draft offer to choose from."""
    draft = drafts.load(reading(), draft_id)
    return offered(readable(drafts.files(reading(), draft)))


@pages.post("/workshop/drafts/<uuid:draft_id>/expression")
@action("workshop:edit")
def expression(draft_id: UUID) -> Answer:
    """Say what is wrong with one expression while somebody types it."""
    whole = drafts.manifest(reading(), drafts.load(reading(), draft_id))
    wanted = {path: digest for path, digest in whole.items() if is_profile(path)}
    found = ResolvedDeployment(drafts.contents(reading(), wanted)).profile
    return {"error": judged(_sent("kind"), _sent("source"), found)}
