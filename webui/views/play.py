"""Playing a draft by hand: where its tokens are, what can be done next, one step back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.errors import ConflictError, InputError
from engine.form import FieldError
from engine.inbox import EVENTS
from engine.language import current_language, gettext, mark
from engine.lifecycle import STARTS
from engine.scenario import step_kind
from engine.workshop import draft as drafts
from engine.workshop import play
from engine.workshop.play import MOST_ACTS, Played
from engine.workshop.room import PlayEndedError
from engine.workshop.sandbox import Step
from webui.context import account, application, end_reading, reading
from webui.guard import action
from webui.playfill import Asked, Filled
from webui.playform import keep, open_form, person_in
from webui.taskform import list_anchor, posted
from webui.when import When
from webui.wording import sentence, word

pages = Blueprint("play", __name__)
JUMPS = (
    ("P1D", mark("1 day")),
    ("P7D", mark("7 days")),
    ("P1M", mark("1 month")),
    ("P3M", mark("3 months")),
)
INVENTED = "Something happened."


@pages.get("/workshop/drafts/<uuid:draft_id>/play")
@action("workshop:edit")
def show(draft_id: UUID) -> str | tuple[str, int]:
    """Show where one's play of a draft stands."""
    draft = drafts.load(reading(), draft_id)
    try:
        with play.playing(application(), draft_id, account().id) as played:
            return _page(draft, played)
    except (InputError, ConflictError) as error:
        return render_template("workshop/play.html", draft=draft, refused=str(error)), 422


def _page(draft: Any, played: Played) -> str:
    sandbox = played.sandbox
    given = {
        "draft": draft,
        "acts": list(enumerate(_in_words(played), start=1)),
        "number": played.number,
        "most": MOST_ACTS,
        "stopped": played.stopped,
        "done": len(sandbox.done),
        "starts": [(message, word(kind)) for kind, message in STARTS.items()],
    }
    if not sandbox.done:
        return render_template("workshop/play.html", standing=None, **given)
    standing = sandbox.standing()
    names = {name: sandbox.deployment.processes[name].name or name for name in standing.diagrams}
    wanted = request.args.get("diagram", "")
    shown = wanted if wanted in names else next(reversed(names), "")
    marks = sandbox.marks(shown)
    return render_template(
        "workshop/play.html",
        standing=standing,
        clock=When(standing.now, sandbox.zone, current_language()),
        names=names,
        shown=shown,
        marks=marks,
        places=[
            (sandbox.deployment.element(shown, element).label, element)
            for element, found in marks.items()
            if found["mark"] == "token"
        ],
        messages=[(name, sentence(name)) for name in standing.messages],
        jumps=[(code, gettext(words)) for code, words in JUMPS],
        **given,
    )


def _in_words(played: Played) -> list[str]:
    deployment = played.sandbox.deployment
    processes = deployment.processes.values()
    names = {one.id: one.label for process in processes for one in process.elements}
    files = {code: one.name for code, one in deployment.profile.files.items()}
    return [told(step, names, files) for step in played.acts]


def told(step: Step, names: Mapping[str, str], files: Mapping[str, str]) -> str:
    """Return an act as one says it; steps and files are called as in the draft."""
    kind = step_kind(step)
    what = str(step[kind])
    whose = gettext(" for %(step)s", step=step["for_"]) if step.get("for_") else ""
    words = {
        "start": gettext("It begins: %(sentence)s", sentence=sentence(what)),
        "do": f"{names.get(what, what)}{whose}",
        "after": gettext("Time passes: %(what)s", what=what),
        "message": gettext("Something happens: %(sentence)s", sentence=sentence(what)),
        "file": gettext("On in another file: %(name)s", name=files.get(what, what)),
        "reopen": gettext("Somebody asks to reopen the case"),
    }
    by = gettext(", by %(step)s", step=step["as"]) if step.get("as") else ""
    return words.get(kind, f"{sentence(kind)} {what}") + by


@pages.post("/workshop/drafts/<uuid:draft_id>/play")
@action("workshop:edit")
def act(draft_id: UUID) -> Response:
    """Begin, let time pass, or let something happen."""
    number = request.form.get("number", 0, type=int)
    end_reading()
    try:
        step = _step(draft_id, request.form.get("kind", ""), request.form.get("what", ""))
        problems = play.act(application(), draft_id, account().id, step, number)
    except (InputError, ConflictError) as error:
        problems = [str(error)]
    for problem in problems:
        flash(problem, "danger")
    return redirect(url_for("play.show", draft_id=draft_id))


def _step(draft_id: UUID, kind: str, what: str) -> Step:
    """Return the act that a button asks for; raise InputError for any other."""
    if kind == "start" and what in STARTS.values():
        return {"start": what}
    if kind == "after" and what in dict(JUMPS):
        return {"after": what}
    if kind == "message" and what in EVENTS:
        return {"message": what, "text": INVENTED}
    if kind == "reopen":
        return {"reopen": "a relapse"}
    if kind == "file":
        return _to_file(draft_id, what)
    if kind == "next":
        with play.playing(application(), draft_id, account().id) as played:
            target = played.sandbox.standing().next_at
            if target is not None:
                return {"after": played.sandbox.until(target)}
        raise InputError(gettext("Nothing waits for a date."))
    raise InputError(gettext("Choose one of the buttons on the page."))


def _to_file(draft_id: UUID, code: str) -> Step:
    """Return the act by which one goes on in another file, or comes back out of it."""
    with play.playing(application(), draft_id, account().id) as played:
        there = {one.code for one in played.sandbox.standing().others}
    if code not in there:
        raise InputError(gettext("This file is not there yet; a step hands over to it first."))
    return {"file": code}


@pages.post("/workshop/drafts/<uuid:draft_id>/play/back")
@action("workshop:edit")
def back(draft_id: UUID) -> Response:
    """Take back acts from the end, or all of them."""
    end_reading()
    try:
        play.back(application(), draft_id, account().id, request.form.get("keep", 0, type=int))
    except ConflictError as error:
        flash(str(error), "danger")
    return redirect(url_for("play.show", draft_id=draft_id))


def _asked(draft_id: UUID, element: str) -> Asked:
    return Asked(draft_id, element, request.args.get("for", ""), request.args.get("as", ""))


@pages.post("/workshop/drafts/<uuid:draft_id>/play/scenario")
@action("workshop:edit")
def keep_scenario(draft_id: UUID) -> Response:
    """Lay the play into the draft as a scenario."""
    name, title = request.form.get("name", "").strip(), request.form.get("title", "")[:300]
    end_reading()
    try:
        play.keep_as_scenario(application(), draft_id, account().id, name, title)
    except (InputError, ConflictError) as error:
        flash(str(error), "danger")
        return redirect(url_for("play.show", draft_id=draft_id, _anchor="keep"))
    flash(gettext("The play is a scenario of the draft now."), "success")
    return redirect(url_for("scenario.edit", draft_id=draft_id, name=name))


@pages.get("/workshop/drafts/<uuid:draft_id>/play/steps/<element>")
@action("workshop:edit")
def step_form(draft_id: UUID, element: str) -> Response | str:
    """Show the form of a step that is owed in the play."""
    try:
        with play.playing(application(), draft_id, account().id) as played:
            asked = _asked(draft_id, element)
            return _form(asked, played, open_form(played.sandbox, asked))
    except (InputError, ConflictError) as error:
        flash(str(error), "danger")
        return redirect(url_for("play.show", draft_id=draft_id))


def _form(asked: Asked, played: Played, opened: Filled) -> str:
    return render_template(
        "workshop/play_step.html",
        draft=drafts.load(reading(), asked.draft_id),
        asked=asked,
        opened=opened,
        username=person_in(opened.owed, asked.username),
        view=opened.view,
        clock=When(played.sandbox.now, played.sandbox.zone, current_language()),
        number=played.number,
    )


@pages.post("/workshop/drafts/<uuid:draft_id>/play/steps/<element>")
@action("workshop:edit")
def answer(draft_id: UUID, element: str) -> Response | str | tuple[str, int]:
    """Answer a step of the play, or add or remove a row of its form."""
    asked, wanted = _asked(draft_id, element), request.form.get("action", "submit")
    try:
        with play.playing(application(), draft_id, account().id) as played:
            if wanted == "submit":
                return _answered(asked, played)
            keep(played.sandbox, asked, posted(), wanted)
            address = url_for("play.step_form", _anchor=list_anchor(wanted), **_values(asked))
            return redirect(address)
    except (InputError, ConflictError) as error:
        flash(str(error), "danger")
    return redirect(url_for("play.show", draft_id=draft_id))


def _values(asked: Asked) -> dict[str, Any]:
    return {
        "draft_id": asked.draft_id,
        "element": asked.element,
        "for": asked.organisation,
        "as": asked.username,
    }


def _answered(asked: Asked, played: Played) -> Response | tuple[str, int]:
    answers, me = posted(), account().id
    opened = open_form(played.sandbox, asked, answers, judged=True)
    if opened.errors:
        return _form(asked, played, opened), 422
    step: Step = {"do": asked.element, "as": person_in(opened.owed, asked.username)}
    step |= {"for_": asked.organisation} if asked.organisation else {}
    step |= {"answers": opened.answers} if opened.answers else {}
    seen = request.form.get("_number", -1, type=int)
    end_reading()
    try:
        problems = play.act(application(), asked.draft_id, me, step, seen)
    except PlayEndedError as error:
        problems = [str(error)]
    if not problems:
        return redirect(url_for("play.show", draft_id=asked.draft_id))
    refused = tuple(FieldError("", "", text, "refused") for text in problems)
    with play.playing(application(), asked.draft_id, me) as again:
        form = open_form(again.sandbox, asked, answers, refused=refused)
        return _form(asked, again, form), 422


@pages.post("/workshop/drafts/<uuid:draft_id>/play/steps/<element>/draft")
@action("workshop:edit")
def save_draft(draft_id: UUID, element: str) -> dict[str, object]:
    """Keep what was typed so far and say which fields are asked now."""
    answers, wanted = posted(), request.form.get("action", "")
    end_reading()
    with play.playing(application(), draft_id, account().id) as played:
        opened = keep(played.sandbox, _asked(draft_id, element), answers, wanted)
        fragment = render_template("work/fragment.html", view=opened.view)
    return {"saved_at": datetime.now(UTC).isoformat(), "fragment": fragment}
