"""Operators around partner organisations: who is at the table and what each may share."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from engine.models import (
    Account,
    CaseMember,
    CasePartner,
    Decision,
    Organisation,
    WorkItem,
    WorkItemState,
)
from engine.operator import operator, recorder
from engine.prefill import FillContext, prefill
from engine.turn import Turn
from tasks.lookup import holders, organisations
from tasks.note import add_note

ROLE = "partner"


@dataclass(frozen=True)
class Selection:
    """The codes of the organisations that the chair chose."""

    selected_partners: list[str]
    selection_reason: str = ""


@dataclass(frozen=True)
class SelectionFacts:
    """What the table `required_disciplines` looks at."""

    discipline_count: int
    mental_health_included: bool
    child_protection_included: bool


@recorder("partner/select_partners", inputs=Selection, outputs=SelectionFacts)
def select_partners(turn: Turn, inputs: Selection) -> SelectionFacts:
    """Record which organisations are needed and why (P16, P18, P19); nobody is told yet (L5)."""
    chosen = organisations(turn.session, inputs.selected_partners)
    turn.session.add(
        Decision(
            **turn.statement() | {"details": turn.details("selection_reason")},
            kind="partner_selection",
            outcome="selected",
            reasons=inputs.selection_reason,
        )
    )
    disciplines = {organisation.discipline for organisation in chosen}
    return SelectionFacts(
        discipline_count=len(disciplines),
        mental_health_included="mental_health" in disciplines,
        child_protection_included="child_protection" in disciplines,
    )


@dataclass(frozen=True)
class Justification:
    """Whether the choice is kept although the profile asks for more."""

    selection_outcome: str
    justification: str = ""


@recorder("partner/justify_selection", inputs=Justification)
def justify_selection(turn: Turn, inputs: Justification) -> None:
    """Record why fewer fields are enough than the profile asks for (P19, P99)."""
    turn.session.add(
        Decision(
            **turn.statement() | {"details": turn.details("justification")},
            kind="partner_justification",
            outcome=inputs.selection_outcome,
            reasons=inputs.justification,
        )
    )


@dataclass(frozen=True)
class Invitation:
    """The codes of the organisations to invite."""

    selected_partners: list[str]


@dataclass(frozen=True)
class Invited:
    """The partners, as the repeated steps want them, and how many they are."""

    partners: dict[str, str]
    partner_count: int


@operator("partner/invite_partners", inputs=Invitation, outputs=Invited)
def invite_partners(turn: Turn, inputs: Invitation) -> Invited:
    """Make the chosen organisations partners of the case and end the part of all others (P69)."""
    chosen = organisations(turn.session, inputs.selected_partners)
    codes = {organisation.code for organisation in chosen}
    for partner in turn.partners():
        if partner.organisation.code not in codes:
            end_part(turn, partner, "not chosen again")
    begin_parts(turn, chosen)
    end_visits(turn)
    return Invited({code: code for code in inputs.selected_partners}, len(codes))


def begin_parts(turn: Turn, organisations: list[Organisation]) -> list[CasePartner]:
    """Give organisations their part in the case; their contact people become members (P55)."""
    before = {
        partner.organisation_id: partner
        for partner in turn.session.scalars(
            select(CasePartner).where(
                CasePartner.case_id == turn.case.id,
                CasePartner.organisation_id.in_([row.id for row in organisations]),
            )
        ).unique()
    }
    found = [_begin_part(turn, row, before.get(row.id)) for row in organisations]
    for person in holders(turn.session, organisations, ROLE):
        turn.add_member(person, ROLE, "invited")
    return found


def _begin_part(turn: Turn, organisation: Organisation, before: CasePartner | None) -> CasePartner:
    if before is None:
        partner = CasePartner(
            case_id=turn.case.id, organisation_id=organisation.id, joined_at=turn.now
        )
        partner.organisation = organisation
        turn.session.add(partner)
        turn.audit("case:partner:add", organisation.id)
        return partner
    if before.state != "active":
        # Whoever left and comes back says anew what may be shared.
        before.state, before.joined_at, before.left_at = "active", turn.now, None
        before.sharing_level, before.sharing_statement = "undeclared", {}
        turn.audit("case:partner:add", organisation.id)
    return before


def end_part(turn: Turn, partner: CasePartner, reason: str) -> None:
    """End an organisation's part; its people lose access with the same commit (P69)."""
    partner.state, partner.left_at = "left", turn.now
    for person in holders(turn.session, [partner.organisation], ROLE):
        turn.end_member(person, ROLE, reason)
    turn.audit("case:partner:end", partner.organisation_id)


def end_visits(turn: Turn) -> None:
    """End the access of people whose organisation was only asked a question and is no partner.

    Also when a question was cut off by an event: an open door would stay open.
    """
    turn.session.flush()
    visitors = turn.session.scalars(
        select(CaseMember)
        .join(Account, Account.id == CaseMember.account_id)
        .where(
            CaseMember.case_id == turn.case.id,
            CaseMember.function == ROLE,
            CaseMember.until.is_(None),
            Account.organisation_id.not_in(
                [partner.organisation_id for partner in turn.partners()]
            ),
        )
    ).unique()
    for member in visitors.all():
        turn.end_member(member.account, ROLE, "question closed")


@dataclass(frozen=True)
class Statement:
    """How much an organisation can share; the rest of the statement is kept as it is."""

    sharing_level: str


@recorder("partner/declare_sharing", inputs=Statement)
def declare_sharing(turn: Turn, inputs: Statement) -> None:
    """Record what a partner can and cannot share and its interests (P21, P22, P24, P30)."""
    organisation = turn.submission.organisation if turn.submission else None
    for partner in turn.partners():
        if organisation is not None and partner.organisation_id == organisation.id:
            partner.sharing_level = inputs.sharing_level
            partner.sharing_statement = {
                **turn.details("sharing_level", "definition"),
                "declared_at": turn.now.isoformat(),
                "declared_by": turn.signature,
                "definition_version": turn.profile.texts.get("definition_version", ""),
            }
            turn.audit(
                "case:sharing:declare",
                partner.id,
                level=inputs.sharing_level,
                definition=partner.sharing_statement["definition_version"],
            )


@dataclass(frozen=True)
class MissingStep:
    """The id of the repeated step whose deadline passed."""

    step: str


@dataclass(frozen=True)
class Missing:
    """Which organisations did not answer in time."""

    missing_partners: list[str] = field(default_factory=list)
    missing_count: int = 0


@operator("partner/note_missing", inputs=MissingStep, outputs=Missing)
def note_missing(turn: Turn, inputs: MissingStep) -> Missing:
    """Write down who let the deadline pass, and tell the process coordinator (P77, L9)."""
    # The items are still open here: they are withdrawn when this turn is written down.
    late = turn.session.scalars(
        select(WorkItem).where(
            WorkItem.instance_id == turn.instance.id,
            WorkItem.element_id == inputs.step,
            WorkItem.state == WorkItemState.OPEN.value,
        )
    ).unique()
    codes = sorted(_note_late(turn, late.all()))
    return Missing(codes, len(codes))


def _note_late(turn: Turn, items: Sequence[WorkItem]) -> set[str]:
    found = set()
    appointed = turn.session.scalar(
        select(CaseMember.id)
        .where(
            CaseMember.case_id == turn.case.id,
            CaseMember.function == "process_coordinator",
            CaseMember.until.is_(None),
        )
        .limit(1)
    )
    for item in items:
        if item.organisation is None:
            continue
        found.add(item.organisation.code)
        add_note(
            turn,
            "no_answer",
            f"{item.organisation.name} did not answer in time: {item.name}.",
            organisation_id=item.organisation.id,
            details={"step": item.element_id},
        )
        turn.audit("case:answer:missing", item.id, element=item.element_id)
        # Before anybody is appointed, every process coordinator is told.
        turn.notify(
            "answer_missing", role="process_coordinator", work_item=None if appointed else item
        )
    return found


@prefill("select_partners")
def fill_selection(context: FillContext) -> dict[str, object]:
    """Propose the organisations that already take part (a second analysis, a reopened case)."""
    active = context.session.scalars(
        select(CasePartner)
        .where(CasePartner.case_id == context.case.id, CasePartner.state == "active")
        .order_by(CasePartner.joined_at)
    ).unique()
    codes = [partner.organisation.code for partner in active]
    return {"selected_partners": codes} if codes else {}


@prefill("declare_sharing")
def fill_statement(context: FillContext) -> dict[str, object]:
    """Show the definition of the profile and what the organisation declared the last time."""
    partner = context.session.scalar(
        select(CasePartner).where(
            CasePartner.case_id == context.case.id,
            CasePartner.organisation_id == context.work_item.organisation_id,
        )
    )
    before: dict[str, object] = {}
    if partner is not None and partner.sharing_level != "undeclared":
        # Confirmations are given anew each time.
        kept = ("can_share", "cannot_share", "legal_basis", "conditions", "interests")
        before = {key: partner.sharing_statement.get(key, "") for key in kept}
        before["sharing_level"] = partner.sharing_level
    return before | {"definition": context.profile.texts.get("definition", "")}
