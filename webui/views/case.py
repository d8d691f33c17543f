"""The pages of a case: overview, timeline, plan, people and agencies, diagram."""

from dataclasses import replace
from functools import partial
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from engine.access import may
from engine.drawing import Process
from engine.erasure import offers
from engine.errors import NotFoundError
from engine.language import gettext
from engine.models import Case, ProcessInstance
from engine.opinion import may_change_opinion
from engine.reading.about import about
from engine.reading.agreement import owed_agreements
from engine.reading.cases import PAGE, cases
from engine.reading.contribution import SharedContribution, contributions
from engine.reading.definition import confirmations
from engine.reading.membership import standings
from engine.reading.opening import opening_steps
from engine.reading.owed import Owed, owed
from engine.reading.partner import around, statement_of
from engine.reading.plan import plan as read_plan
from engine.reading.recorded import findings, gaps
from engine.reading.timeline import Entry, newest, offered_kinds, timeline
from engine.reading.timeline_rows import ACCESS
from engine.reading.travel import in_words, latest_instances, processes_of, travel
from webui.casepage import CaseFrame, case_page, open_case
from webui.context import (
    account,
    application,
    now,
    page_number,
    profile,
    reading,
    subject,
    today,
)
from webui.guard import action, own
from webui.loading import case as by_code
from webui.reading_record import note_listing, note_search
from webui.spoken import said_entries, said_owed, words

pages = Blueprint("case", __name__)
RECENT = 8


@pages.get("/cases")
@own
def index() -> str | AnyResponse:
    """List the cases one takes part in; an exact code leads straight to its case."""
    code = request.args.get("code", "").strip().upper()
    page = page_number()
    state = request.args.get("state", "")
    if code:
        note_search(code)
    found, total = cases(reading(), account(), code, state, page)
    if code and len(found) == 1 and found[0].code == code:
        return redirect(url_for("case.show", code=code))
    note_listing("cases", [row.code for row in found])
    last = max(1, -(-total // PAGE))
    return render_template(
        "case/index.html", cases=found, total=total, code=code, state=state, page=page, last=last
    )


@pages.get("/cases/<code>")
@action("case:read", of=by_code)
def show(code: str) -> str:
    """Show where the case stands, what is owed next and what happened last."""
    del code
    frame = open_case("overview")
    session, case = reading(), frame.case
    entries = said_entries(newest(session, case, frame.viewer, today(), RECENT))
    found = said_owed(owed(session, case.id, frame.deployment, now()))
    return case_page(
        "case/overview.html",
        "overview",
        frame=frame,
        owed=found,
        agreements=owed_agreements(session, case, account()),
        definition=confirmations(application(), session, case, account()),
        newest=entries,
        opening=_opening(frame, entries, found),
        concerns=_unexplained(frame),
        gaps=gaps(session, case.id, frame.viewer),
        about=about(session, case, frame.viewer),
        opinion=_has_opinion(frame),
        reopens=may(session, account(), "case:reopen", case),
        erases=offers(session, account(), case, profile()),
    )


def _opening(frame: CaseFrame, entries: list[Entry], found: Owed | None = None) -> frozenset[UUID]:
    """Return which of the steps that a page tells about open to this person."""
    offered = [entry.id for entry in entries if entry.kind == "step"]
    offered += [step.item_id for step in found.steps] if found else []
    return opening_steps(reading(), account(), frame.case.id, offered)


def _has_opinion(frame: CaseFrame) -> bool:
    """Say whether this person may still change an opinion on closing here."""
    episode = frame.episode
    return episode is not None and may_change_opinion(reading(), account(), episode)


@pages.get("/cases/<code>/timeline")
@action("case:read", of=by_code)
def history(code: str) -> str:
    """Show the merged timeline, by kinds and pages."""
    del code
    frame = open_case("timeline", anew=ACCESS in request.args.getlist("kind"))
    offered = offered_kinds(frame.viewer)
    kinds = [kind for kind in request.args.getlist("kind") if kind in offered]
    page = page_number()
    found = timeline(reading(), frame.case, frame.viewer, today(), kinds, page)
    return case_page(
        "case/timeline.html",
        "timeline",
        frame=frame,
        timeline=replace(found, entries=said_entries(found.entries)),
        opening=_opening(frame, found.entries),
        kinds=kinds,
        all_kinds=offered,
    )


@pages.get("/cases/<code>/plan")
@action("case:read", of=by_code)
def plan(code: str) -> str:
    """Show the plan in force, or the version asked for."""
    del code
    frame = open_case("plan")
    number = request.args.get("version", type=int)
    return case_page(
        "case/plan.html",
        "plan",
        frame=frame,
        plan=read_plan(reading(), frame.case.id, frame.viewer, number),
        findings=findings(reading(), frame.case.id, frame.viewer),
    )


@pages.get("/cases/<code>/people")
@action("case:read", of=by_code)
def people(code: str) -> str:
    """Show people and agencies with what each agency shares."""
    del code
    frame = open_case("people")
    return case_page(
        "case/people.html",
        "people",
        frame=frame,
        around=around(reading(), frame.case.id),
        definition=confirmations(application(), reading(), frame.case, account()),
        names_people=may(reading(), account(), "case:member:name", frame.case),
        standings=standings(reading(), frame.case.id),
        own=[
            one for one in contributions(reading(), frame.case.id, frame.viewer, today()) if one.own
        ],
        statement_of=partial(statement_of, viewer=frame.viewer),
    )


def _unexplained(frame: CaseFrame) -> list[SharedContribution]:
    """Return the concerns that are shared without a reason: they count as such (P23)."""
    found = contributions(reading(), frame.case.id, frame.viewer, today())
    return [one for one in found if one.concern and one.summary is None]


@pages.get("/cases/<code>/diagram")
@action("case:read", of=by_code)
def diagram(code: str) -> str:
    """Show one diagram of the case with the travelled path, drawn and in words."""
    del code
    frame = open_case("diagram")
    choices = _diagrams(frame.case)
    wanted = request.args.get("process", "")
    instance, process_id = next(
        (pair for pair in choices if pair[1] == wanted), choices[0] if choices else (None, "")
    )
    if instance is None:
        raise NotFoundError(gettext("This case has no diagram."))
    process = _process(instance, process_id)
    path = travel(reading(), instance, process_id)
    return case_page(
        "case/diagram.html",
        "diagram",
        frame=frame,
        instance=instance,
        process=process,
        choices=[(other, _process(other, name)) for other, name in choices],
        steps=in_words(process, path),
        path=path,
    )


def _process(instance: ProcessInstance, process_id: str) -> Process:
    """Return a process of an instance as this reader reads it."""
    deployment = application().deployments.get(reading(), instance.deployment_id)
    return words(deployment.id).process(deployment.processes[process_id])


def _diagrams(case: Case) -> list[tuple[ProcessInstance, str]]:
    """Return the diagrams that the case has entered, those of the newest instance first."""
    session = reading()
    found: dict[str, tuple[ProcessInstance, str]] = {}
    for instance in latest_instances(session, case.id):
        known = application().deployments.get(session, instance.deployment_id).processes
        for process_id in processes_of(session, instance):
            if process_id in known:
                found.setdefault(process_id, (instance, process_id))
    return list(found.values())


def _instance(instance_id: UUID) -> ProcessInstance:
    found = reading().get(ProcessInstance, instance_id)
    if found is None or found.case_id != subject().id:
        raise NotFoundError(gettext("There is no such diagram, or not for this person."))
    return found


@pages.get("/cases/<code>/diagrams/<uuid:instance_id>/<process_id>.bpmn")
@action("case:read", of=by_code)
def diagram_file(code: str, instance_id: UUID, process_id: str) -> Response:
    """Return the BPMN file that an instance of the case runs on, in words of this reader."""
    del code
    instance = _instance(instance_id)
    deployment = application().deployments.get(reading(), instance.deployment_id)
    if process_id not in deployment.processes:
        raise NotFoundError(gettext("There is no such diagram, or not for this person."))
    drawn = deployment.diagram(process_id)
    spoken = words(deployment.id).diagram(drawn, deployment.drawings[process_id].file)
    return Response(spoken, mimetype="application/xml")


@pages.get("/cases/<code>/diagrams/<uuid:instance_id>/<process_id>.json")
@action("case:read", of=by_code)
def diagram_path(code: str, instance_id: UUID, process_id: str) -> dict[str, object]:
    """Return the travelled path on a diagram: ids and counts."""
    del code
    return travel(reading(), _instance(instance_id), process_id).as_json()
