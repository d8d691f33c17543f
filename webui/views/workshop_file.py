"""One file of a draft without an editor: read, written as text, named anew, taken in and out."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.errors import DraftConflictError, InputError, NotFoundError
from engine.language import gettext
from engine.workshop import draft as drafts
from engine.workshop import parcel
from engine.workshop.draft import NOT_HERE, contents, load, manifest
from engine.workshop.glance import glance
from engine.workshop.place import kind_of
from webui.context import account, application, end_reading, reading
from webui.guard import action
from webui.views.workshop import back, deed, draft_page
from webui.workshoplist import EDITED

pages = Blueprint("workshop_file", __name__)
BYTES = "application/octet-stream"


def _file(draft_id: UUID) -> tuple[str, str, bytes]:
    """Return path, hash and content of the file that the address asks for."""
    session, path = reading(), request.values.get("path", "")
    there = manifest(session, load(session, draft_id))
    if path not in there:
        raise NotFoundError(NOT_HERE)
    return path, there[path], contents(session, {path: there[path]})[path]


@pages.get("/workshop/drafts/<uuid:draft_id>/file")
@action("workshop:edit")
def show(draft_id: UUID) -> str:
    """Show a file as text, with what can be done to it."""
    return _page(draft_id, {})


def _page(draft_id: UUID, errors: dict[str, str], typed: str | None = None) -> str:
    path, digest, content = _file(draft_id)
    draft = load(reading(), draft_id)
    looked = glance(reading(), draft)
    kind = kind_of(path)
    return render_template(
        "workshop/file.html",
        draft=draft,
        path=path,
        kind=kind,
        title=looked.titles.get(path, path),
        has_editor=kind in EDITED,
        digest=digest,
        text=content.decode("utf-8", "replace"),
        typed=typed,
        found=[one for one in looked.findings if one.file == path],
        errors=errors,
        given=request.form,
    )


@pages.post("/workshop/drafts/<uuid:draft_id>/file")
@action("workshop:edit")
def save(draft_id: UUID) -> Response | tuple[str, int]:
    """Save a file that was written as text, unless somebody saved it in between."""
    path, me = request.form.get("path", ""), account().id
    typed = request.form.get("text", "").replace("\r\n", "\n")
    expected = request.form.get("expected") or None
    end_reading()
    try:
        drafts.save(application(), draft_id, me, path, typed.encode(), expected)
    except DraftConflictError as error:
        return _page(draft_id, {"text": str(error)}, typed), 409
    except InputError as error:
        return _page(draft_id, {"text": str(error)}, typed), 422
    flash(gettext("Saved."), "success")
    return redirect(url_for("workshop_file.show", draft_id=draft_id, path=path))


@pages.get("/workshop/drafts/<uuid:draft_id>/download")
@action("workshop:edit")
def download(draft_id: UUID) -> Response:
    """Give a file as it is."""
    path, _digest, content = _file(draft_id)
    return _attached(content, path.rpartition("/")[2])


def _attached(content: bytes, name: str) -> Response:
    # Threat: a drawing that a browser shows by itself could run as a page of ours.
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, mimetype=BYTES, headers=headers)


@pages.get("/workshop/drafts/<uuid:draft_id>/parcel")
@action("workshop:edit")
def pack(draft_id: UUID) -> Response:
    """Give the whole draft as a zip archive."""
    files = drafts.files(reading(), load(reading(), draft_id))
    return _attached(parcel.pack(files), f"draft-{str(draft_id)[:8]}.zip")


@pages.post("/workshop/drafts/<uuid:draft_id>/upload")
@action("workshop:edit")
def upload(draft_id: UUID) -> Response | tuple[str, int]:
    """Take in a file of another tool, or a whole archive."""
    sent = request.files.get("file")
    name, content = (sent.filename or "", sent.read()) if sent else ("", b"")
    me = account().id
    end_reading()
    try:
        if name.lower().endswith(".zip"):
            told = gettext(
                "Taken in: %(content)s files differ.",
                content=parcel.receive(application(), draft_id, me, content),
            )
        else:
            told = gettext(
                "Taken in as %(content)s.",
                content=parcel.upload(application(), draft_id, me, name, content),
            )
    except InputError as error:
        return draft_page(draft_id, {"file": str(error)}), 422
    flash(gettext("%(told)s Read below what has to be mended.", told=told), "success")
    return back(draft_id)


@pages.post("/workshop/drafts/<uuid:draft_id>/new")
@action("workshop:edit")
def create(draft_id: UUID) -> Response | tuple[str, int]:
    """Begin a new file from a template."""
    kind, name = request.form.get("kind", ""), request.form.get("new_name", "").strip()
    return deed(
        draft_id,
        "new_name",
        gettext("The file is there; open it below."),
        lambda me: drafts.new_from_template(application(), draft_id, me, kind, name),
    )


@pages.post("/workshop/drafts/<uuid:draft_id>/name")
@action("workshop:edit")
def name_anew(draft_id: UUID) -> Response | tuple[str, int]:
    """Give a file another name, or lay a copy beside it."""
    path, new_path, me = (
        request.form.get("path", ""),
        request.form.get("new_path", ""),
        account().id,
    )
    do = drafts.copy if request.form.get("deed") == "copy" else drafts.rename
    end_reading()
    try:
        do(application(), draft_id, me, path, new_path.strip())
    except (DraftConflictError, InputError) as error:
        return _page(draft_id, {"new_path": str(error)}), 422
    flash(gettext("Done. Diagrams that use the file by its name have to follow."), "success")
    return redirect(url_for("workshop_file.show", draft_id=draft_id, path=new_path.strip()))


@pages.post("/workshop/drafts/<uuid:draft_id>/remove")
@action("workshop:edit")
def remove(draft_id: UUID) -> Response | tuple[str, int]:
    """Take a file away."""
    path, me = request.form.get("path", ""), account().id
    end_reading()
    try:
        drafts.remove(application(), draft_id, me, path)
    except InputError as error:
        return _page(draft_id, {"new_path": str(error)}), 422
    flash(
        gettext("%(path)s is taken away; a version that has it brings it back.", path=path),
        "success",
    )
    return back(draft_id)
