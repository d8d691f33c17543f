"""What the page of a work item shows around its form, as far as this person may see it."""

from dataclasses import replace
from typing import Any

from flask import url_for

from engine.access import IN_NO_CASE, able_accounts, acting_for, persons
from engine.deputy import away
from engine.language import gettext
from engine.models import Account, Case, Episode, ProcessInstance, WorkItem
from engine.reading.about import about
from engine.reading.cases import newest_episode
from engine.reading.dossier import dossier
from engine.reading.erasure import round_of
from engine.reading.recorded import answered_by, findings, gaps, recorded, submission_of
from engine.reading.task import other_drafts
from engine.reading.timeline import timeline
from engine.reading.viewer import CONTENT, Viewer, role_reads, viewer_of
from webui.answers import answers_of
from webui.context import account, application, profile, reading, today
from webui.spoken import said, speak_of, words

DOSSIER_FORMS = frozenset({"decide_closure", "give_closing_opinion"})


def template_of(item: WorkItem) -> str:
    """Return the page of an open step: without the case for who watches over data protection."""
    return "work/blind.html" if item.role in IN_NO_CASE else "work/show.html"


def surroundings(item: WorkItem) -> dict[str, Any]:
    """Return guidance, words of the button, the drawer and the diagram of an open work item."""
    session = reading()
    case = session.get_one(Case, item.case_id)
    instance = session.get_one(ProcessInstance, item.instance_id)
    deployment = application().deployments.get(session, instance.deployment_id)
    speak_of(deployment)
    element = deployment.element(item.process_id, item.element_id)
    name = said(item.name)
    around = {
        "item": item,
        "name": name,
        "case": case,
        "guidance": said(element.properties.get("guidance", "")),
        "consequence": said(element.properties.get("consequence", ""))
        or gettext("Record: %(name)s", name=name),
        "words": [
            one
            for one in words().profile(deployment.profile).glossary.values()
            if item.element_id in one.steps
        ],
        "colleagues": _colleagues(item),
        "holders": [one.id for one in persons(session, account())],
        "others": other_drafts(session, item.id, account()),
        "round": round_of(session, item, case),
    }
    if item.role in IN_NO_CASE:
        return around
    viewer = viewer_of(session, case, account(), profile())
    return around | {
        "behalf": acting_for(session, account(), item),
        "earlier": _earlier(case, viewer),
        "shared": timeline(session, case, viewer, today(), ["contribution"]).entries
        if viewer.reads(CONTENT)
        else [],
        "about": about(session, case, viewer),
        "can_read_by_taking": item.assignee_id is None
        and role_reads(profile(), item.role, CONTENT),
        "gaps": gaps(session, case.id, viewer),
        "findings": findings(session, case.id, viewer),
        "dossier": _dossier(item, case, viewer),
        "diagram": _diagram(case, instance, item),
    }


def _colleagues(item: WorkItem) -> list[Account]:
    """Return whom the step can be handed to by somebody who may do it."""
    able = able_accounts(reading(), item)
    if account().id not in {one.id for one in able}:
        return []
    out = away(reading(), [one.id for one in able])
    return [one for one in able if one.id not in {account().id, item.assignee_id, *out}]


def _earlier(case: Case, viewer: Viewer) -> list[dict[str, Any]]:
    session = reading()
    return [
        {
            "step": replace(step, name=said(step.name)),
            "answers": answers_of(session, step.submission, case, viewer)
            if step.submission
            else None,
        }
        for step in recorded(session, case.id, viewer)
    ]


def _dossier(item: WorkItem, case: Case, viewer: Viewer) -> object:
    episode: Episode | None = newest_episode(reading(), case)
    if item.form_id not in DOSSIER_FORMS or episode is None:
        return None
    return dossier(reading(), episode, viewer)


def _diagram(case: Case, instance: ProcessInstance, item: WorkItem) -> dict[str, str]:
    return {
        "url": url_for(
            "case.diagram_file",
            code=case.code,
            instance_id=instance.id,
            process_id=item.process_id,
        ),
        "path": url_for(
            "case.diagram_path",
            code=case.code,
            instance_id=instance.id,
            process_id=item.process_id,
        ),
    }


def finished(item: WorkItem) -> dict[str, Any]:
    """Return who answered a step, when and what, as far as this person may read it."""
    session = reading()
    case = session.get_one(Case, item.case_id)
    speak_of(application().deployments.get(session, case.deployment_id))
    viewer = viewer_of(session, case, account(), profile())
    submission = submission_of(session, item.id)
    readable = submission is not None and viewer.reads_answers(item)
    return {
        "item": item,
        "name": said(item.name),
        "case": case,
        "blind": item.role in IN_NO_CASE,
        "submission": submission,
        "who": answered_by(submission, item) if submission else "",
        "answers": answers_of(session, submission, case, viewer)
        if readable and submission
        else None,
    }
