"""Scenarios of a draft: how they went, a table to edit one, and what none of them goes over."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from engine.errors import CasetableError, ConflictError, InputError, NotFoundError
from engine.language import gettext
from engine.lifecycle import LIFECYCLE
from engine.models import WorkshopDraft
from engine.workshop import draft as drafts
from engine.workshop import rehearsal
from engine.workshop.place import SCENARIO, kind_of
from engine.workshop.script import read_script, write_script
from webui.context import account, application, end_reading, reading
from webui.guard import action
from webui.scenarioform import ScenarioForm, kinds

pages = Blueprint("scenario", __name__)
DRAFT = "/workshop/drafts/<uuid:draft_id>"


@pages.get(f"{DRAFT}/scenarios")
@action("workshop:edit")
def show(draft_id: UUID) -> str:
    """List the scenarios of a draft with how each went last."""
    session = reading()
    draft = drafts.load(session, draft_id)
    found = rehearsal.results(session, draft)
    names = rehearsal.names_of(drafts.manifest(session, draft))
    waiting = [name for name in names if name in found and found[name].state == rehearsal.WAITING]
    return render_template(
        "workshop/scenarios.html",
        draft=draft,
        rows=[(name, _title(session, draft, name), found.get(name)) for name in names],
        now_hash=rehearsal.state_of(session, draft),
        waiting=len(waiting),
        total=len(names),
    )


def _title(session: Session, draft: WorkshopDraft, name: str) -> str:
    try:
        return str(read_script(_content(session, draft, name), name).head["title"])
    except InputError as error:
        return str(error)


def _content(session: Session, draft: WorkshopDraft, name: str) -> bytes:
    path = SCENARIO.place(name)
    found = drafts.manifest(session, draft).get(path)
    if found is None or kind_of(path) is not SCENARIO:
        raise NotFoundError(drafts.NOT_HERE)
    return drafts.contents(session, {path: found})[path]


@pages.post(f"{DRAFT}/scenarios")
@action("workshop:edit")
def run_all(draft_id: UUID) -> Response:
    """Have the worker run all scenarios."""
    end_reading()
    try:
        count = rehearsal.begin(application(), draft_id, account().id)
        flash(
            gettext("%(count)s scenarios run now; the page says how each went.", count=count),
            "success",
        )
    except ConflictError as error:
        flash(str(error), "danger")
    return redirect(url_for("scenario.show", draft_id=draft_id))


@pages.post(f"{DRAFT}/scenarios/<name>/run")
@action("workshop:edit")
def run(draft_id: UUID, name: str) -> Response:
    """Run one scenario now."""
    end_reading()
    problems = rehearsal.run_one(application(), draft_id, account().id, name)
    for problem in problems:
        flash(problem, "danger")
    if not problems:
        flash(gettext("It went as told."), "success")
    return redirect(url_for("scenario.edit", draft_id=draft_id, name=name))


@pages.get(f"{DRAFT}/scenarios/<name>")
@action("workshop:edit")
def edit(draft_id: UUID, name: str) -> str:
    """Show a scenario as a table of steps, or as it is written."""
    session = reading()
    content = _content(session, drafts.load(session, draft_id), name)
    is_raw = bool(request.args.get("raw"))
    form = None
    problem = ""
    if not is_raw:
        try:
            form = ScenarioForm.of(read_script(content, name))
        except InputError as error:
            problem = gettext("%(error)s Here is the file as it is written.", error=error)
    return _page(draft_id, name, form, content.decode(errors="replace"), problem=problem)


def _page(
    draft_id: UUID,
    name: str,
    form: ScenarioForm | None,
    text: str,
    *,
    problem: str = "",
    unsaved: bool = False,
) -> str:
    session = reading()
    draft = drafts.load(session, draft_id)
    expected = request.form.get("expected") or drafts.manifest(session, draft).get(
        SCENARIO.place(name), ""
    )
    return render_template(
        "workshop/scenario.html",
        draft=draft,
        name=name,
        form=form,
        text=text,
        kinds=kinds(),
        expected=expected,
        problem=problem,
        unsaved=unsaved,
        result=rehearsal.results(session, draft).get(name),
        now_hash=rehearsal.state_of(session, draft),
    )


@pages.post(f"{DRAFT}/scenarios/<name>")
@action("workshop:edit")
def save(draft_id: UUID, name: str) -> Response | str | tuple[str, int]:
    """Keep a scenario, or add, move or take away a row of the page without keeping it."""
    session = reading()
    before = _content(session, drafts.load(session, draft_id), name)
    wanted, text = request.form.get("action", "save"), request.form.get("text", "")
    form = None
    try:
        if wanted == "save-raw":
            content = text.replace("\r\n", "\n").encode()
            read_script(content, name)
        else:
            form = ScenarioForm.posted(request.form, read_script(before, name))
            if wanted != "save":
                form.change(wanted)
                return _page(draft_id, name, form, before.decode(), unsaved=True)
            content = write_script(form.script(), name)
        _save(draft_id, name, content)
    except (InputError, ConflictError) as error:
        text = text or before.decode(errors="replace")
        return _page(draft_id, name, form, text, problem=str(error), unsaved=True), 422
    flash(gettext("The scenario is kept in the draft."), "success")
    raw = "1" if wanted == "save-raw" else None
    return redirect(url_for("scenario.edit", draft_id=draft_id, name=name, raw=raw))


def _save(draft_id: UUID, name: str, content: bytes) -> None:
    expected = request.form.get("expected", "")
    end_reading()
    path = SCENARIO.place(name)
    drafts.save(application(), draft_id, account().id, path, content, expected)


@pages.get(f"{DRAFT}/coverage")
@action("workshop:edit")
def coverage(draft_id: UUID) -> str | tuple[str, int]:
    """Show on a drawing and in words what no scenario goes over."""
    session = reading()
    draft = drafts.load(session, draft_id)
    every_result = rehearsal.results(session, draft).values()
    results = [row for row in every_result if row.state == rehearsal.DONE]
    gone = rehearsal.gone_over(results)
    try:
        deployment = drafts.resolved(session, draft)
    except CasetableError as error:
        return render_template("workshop/coverage.html", draft=draft, refused=str(error)), 422
    unseen = {name: rehearsal.unseen(deployment, name, gone) for name in deployment.processes}
    wanted = request.args.get("diagram", "")
    first = LIFECYCLE if LIFECYCLE in unseen else next(iter(unseen), "")
    shown = wanted if wanted in unseen else first
    now_hash = rehearsal.state_of(session, draft)
    never = {one.element for one in unseen[shown]}
    process = deployment.processes[shown]
    every = [one.id for one in process.elements] + [one.id for one in process.flows]
    marks = {
        one: {"mark": "never", "words": "none"} if one in never else {"mark": "gone"}
        for one in every
    }
    return render_template(
        "workshop/coverage.html",
        draft=draft,
        names={name: one.name or name for name, one in deployment.processes.items()},
        counts={
            name: (rehearsal.places_of(one) - len(unseen[name]), rehearsal.places_of(one))
            for name, one in deployment.processes.items()
        },
        shown=shown,
        unseen=unseen[shown],
        marks=marks,
        ran=len(results),
        outdated=any(row.set_hash != now_hash for row in results),
    )
