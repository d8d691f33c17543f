"""Recorders of what partners share: contributions at their own level, answers to questions."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from engine import second_person
from engine.calendar import occurrence, parse_duration
from engine.errors import InputError
from engine.membership import Deed
from engine.models import Contribution, Decision, InformationGap, Organisation
from engine.operator import operator, recorder
from engine.prefill import FillContext, prefill
from engine.sharing import rank, why_not
from engine.turn import Turn
from tasks.lookup import holders, organisations
from tasks.note import add_note
from tasks.partner import ROLE, end_visits

COLUMNS = ("level", "meanwhile", "concern", "summary", "body", "legal_basis", "safety")
"""Answers of the form that have a column or a row of their own."""


@dataclass(frozen=True)
class Shared:
    """What a partner shares; a concern needs no summary and no reason (P23)."""

    level: str
    meanwhile: str = "summary"
    """What others read until a second person agrees that they read everything."""
    concern: str | None = None
    summary: str = ""
    body: str = ""
    legal_basis: str = ""
    not_known: str = ""
    safety: str = ""


@recorder("partner/contribute_information", inputs=Shared)
def contribute_information(turn: Turn, inputs: Shared) -> None:
    """Record a partner's contribution at the level that it chose (P21 to P23, P40, P43).

    Everything is read only when a second person of the partner agrees; until then what it chose.
    Raises InputError where content may not be handed on: no legal basis, or no consent (P21, L7).
    """
    reason = why_not(turn.session, turn.case.id, turn.profile, inputs.level, inputs.legal_basis)
    if reason:
        raise InputError(reason)
    asks = inputs.level == "full" and second_person.is_needed(turn.profile)
    row = Contribution(
        **turn.statement() | {"details": turn.details(*COLUMNS)},
        level=min(inputs.meanwhile, "summary", key=rank) if asks else inputs.level,
        one_person=inputs.level == "full" and not asks,
        concern=inputs.level == "concern_only" or inputs.concern == "yes",
        summary=inputs.summary or None,
        body=inputs.body or None,
        legal_basis=inputs.legal_basis or None,
    )
    turn.session.add(row)
    add_note(turn, "safety", inputs.safety)
    if inputs.not_known.strip():
        add_gap(turn, inputs.not_known, state="not_known", important=False)
    turn.audit("case:contribution:share", row.id, level=row.level)
    if asks:
        _ask(turn, row)


def _ask(turn: Turn, contribution: Contribution) -> None:
    """Ask a second person of the organisation that the table may read everything (S19)."""
    if turn.actor is None:
        return
    turn.session.flush()
    what = Deed(turn.application, turn.session, turn.case, turn.now, turn.actor)
    wish = second_person.Wish(None, None, contribution.legal_basis)
    asked = second_person.ask(what, contribution, wish, turn.actor, turn.behalf)
    turn.audit("case:sharing:ask", asked.id, contribution=str(contribution.id), audience="table")


def add_gap(turn: Turn, question: str, *, state: str, important: bool) -> InformationGap:
    """Put a question on the board of what is known and not known (P44)."""
    gap = InformationGap(
        **turn.statement(), question=question.strip(), state=state, important=important
    )
    turn.session.add(gap)
    return gap


def in_order(gap: InformationGap) -> tuple[datetime, str]:
    """Return by what a board is sorted; the database cannot, it does not read the questions."""
    return gap.at, gap.question


@dataclass(frozen=True)
class Questions:
    """Rows of organisation, question, legal basis and importance."""

    questions: list[dict[str, Any]]
    reason: str = ""


@dataclass(frozen=True)
class Asked:
    """The organisations that are asked in this round."""

    asked_partners: dict[str, str]


@recorder("analysis/request_information", inputs=Questions, outputs=Asked)
def request_information(turn: Turn, inputs: Questions) -> Asked:
    """Put each question with its legal basis to one organisation, partner or not (P42).

    An organisation that is no partner may see the case only while its question is open.
    """
    asked = organisations(turn.session, [str(row["organisation"]) for row in inputs.questions])
    by_code = {organisation.code: organisation for organisation in asked}
    for row in inputs.questions:
        gap = add_gap(turn, row["question"], state="asked", important=bool(row.get("important")))
        gap.asked_organisation_id = by_code[str(row["organisation"])].id
        gap.due = _answer_due(turn)
        gap.details = {"legal_basis": row.get("legal_basis", "")}
    for person in holders(turn.session, asked, ROLE):
        turn.add_member(person, ROLE, "asked a question")
    turn.session.add(
        Decision(
            **turn.statement(), kind="information_request", outcome="asked", reasons=inputs.reason
        )
    )
    return Asked({organisation.code: organisation.code for organisation in asked})


def _answer_due(turn: Turn) -> date:
    variables = turn.submission.work_item.variables if turn.submission else {}
    time = variables.get("answer_time") or turn.profile.values["answer_deadline"]
    zone = turn.profile.zone
    return occurrence(turn.now, parse_duration(str(time)), 1, zone).astimezone(zone).date()


@dataclass(frozen=True)
class Answers:
    """Rows of outcome and answer, in the order of the questions."""

    answers: list[dict[str, Any]]
    legal_basis: str = ""
    remark: str = ""


@recorder("partner/answer_request", inputs=Answers)
def answer_request(turn: Turn, inputs: Answers) -> None:
    """Record the answers of an organisation; "not known" and "may not say" are answers (P43)."""
    organisation = turn.submission.organisation if turn.submission else None
    if organisation is None:
        return
    gaps = _open_questions(turn.session, turn.case.id, organisation)
    for gap, row in zip(gaps, inputs.answers, strict=False):
        gap.state = str(row.get("outcome"))
        gap.answer = row.get("answer") or None
        gap.details = {
            **gap.details,
            "answered_by": turn.signature,
            "answered_on": turn.today.isoformat(),
            "answer_basis": inputs.legal_basis,
        }
        turn.audit("case:gap:answer", gap.id, state=gap.state)
    add_note(turn, "note", inputs.remark)


def _open_questions(session: Any, case_id: Any, organisation: Organisation) -> list[InformationGap]:
    gaps = session.scalars(
        select(InformationGap).where(
            InformationGap.case_id == case_id,
            InformationGap.asked_organisation_id == organisation.id,
            InformationGap.state == "asked",
        )
    )
    return sorted(gaps, key=in_order)


@dataclass(frozen=True)
class Nothing:
    """No inputs."""


@operator("partner/close_questions", inputs=Nothing)
def close_questions(turn: Turn, _inputs: Nothing) -> None:
    """End the access of organisations that were only asked a question and are no partners."""
    end_visits(turn)


@prefill("answer_request")
def fill_questions(context: FillContext) -> dict[str, object]:
    """Show an organisation the open questions to it, and no others."""
    organisation = context.work_item.organisation
    if organisation is None:
        return {}
    gaps = _open_questions(context.session, context.case.id, organisation)
    return {"answers": [{"question": gap.question} for gap in gaps]}
