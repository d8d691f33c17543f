"""Recorders and operators of what may happen at any time: news, danger, withdrawal, partners."""

from dataclasses import dataclass, field

from engine.errors import InputError
from engine.language import gettext
from engine.models import Assessment, Decision
from engine.operator import operator, recorder
from engine.turn import Turn
from tasks.answer import statement
from tasks.lookup import organisations
from tasks.note import add_note
from tasks.partner import begin_parts, end_part

TOLD = {
    "coordinators": ("process_coordinator", "content_coordinator"),
    "accountable_person": ("accountable_person",),
}


@dataclass(frozen=True)
class News:
    """What new information changes."""

    what_changes: str


@recorder("event/record_new_information", inputs=News)
def record_new_information(turn: Turn, inputs: News) -> None:
    """Record what new information means while the intake still runs (P68)."""
    turn.session.add(
        Assessment(
            **statement(turn, "what_changes"), kind="new_information", summary=inputs.what_changes
        )
    )


@dataclass(frozen=True)
class Triage:
    """What new information means for the work, and who must know."""

    triage_outcome: str
    what_changes: str
    reasons: str
    safety: str = ""
    who_must_know: list[str] = field(default_factory=list)


@recorder("event/record_triage", inputs=Triage)
def record_triage(turn: Turn, inputs: Triage) -> None:
    """Record the decision on new information and tell those who must know (P68, P70)."""
    turn.session.add(
        Decision(
            **statement(turn, "reasons", "safety"),
            kind="triage",
            outcome=inputs.triage_outcome,
            reasons=inputs.reasons,
        )
    )
    add_note(turn, "safety", inputs.safety)
    for group in inputs.who_must_know:
        for role in TOLD.get(group, ()):
            turn.notify("case_news", role=role)
    if "partners" in inputs.who_must_know:
        _tell_partners(turn)


def _tell_partners(turn: Turn) -> None:
    for partner in turn.partners():
        turn.notify("case_news", organisation_id=partner.organisation_id)


@dataclass(frozen=True)
class Nothing:
    """No inputs."""


@operator("message/request_check_in", inputs=Nothing)
def request_check_in(turn: Turn, inputs: Nothing) -> None:
    """Ask for a check-in now; it is kept until the team is at a point where it can meet (P68)."""
    del inputs
    key = f"check_in_requested:{turn.instance.id}:{turn.instance.step_count}"
    turn.post("check_in_requested", key=key)


@dataclass(frozen=True)
class Danger:
    """What was done about urgent danger."""

    done: str
    danger_over: str
    team_safety: str = ""


@recorder("event/record_danger", inputs=Danger)
def record_danger(turn: Turn, inputs: Danger) -> None:
    """Record what was done in urgent danger; the accountable person is told (P25, P103)."""
    turn.session.add(
        Decision(
            **statement(turn, "done", "team_safety"),
            kind="danger",
            outcome="over" if inputs.danger_over == "yes" else "not_over",
            reasons=inputs.done,
        )
    )
    add_note(turn, "safety", inputs.team_safety)
    turn.notify("urgent_danger", role="accountable_person")


@dataclass(frozen=True)
class Withdrawal:
    """How it goes on when the person does not want to, and why."""

    withdrawal_outcome: str
    reasons: str
    door_open: str = ""


@recorder("event/record_withdrawal", inputs=Withdrawal)
def record_withdrawal(turn: Turn, inputs: Withdrawal) -> None:
    """Record the decision after a withdrawal with its security check (P97); tell the partners.

    Support stops at once (L7), so every partner has to hear of it.
    """
    turn.session.add(
        Decision(
            **statement(turn, "reasons"),
            kind="withdrawal",
            outcome=inputs.withdrawal_outcome,
            reasons=inputs.reasons,
        )
    )
    add_note(turn, "promise", inputs.door_open)
    _tell_partners(turn)


@dataclass(frozen=True)
class PartnerChange:
    """Whose part begins or ends, and why."""

    partner_change: str
    changed_organisation: str
    reasons: str


@recorder("event/record_partner_change", inputs=PartnerChange)
def record_partner_change(turn: Turn, inputs: PartnerChange) -> None:
    """Record the decision that a partner joins or leaves (P69)."""
    codes = {partner.organisation.code for partner in turn.partners()}
    if inputs.partner_change == "leave" and inputs.changed_organisation not in codes:
        raise InputError(
            gettext("This organisation is not at the table; choose a partner of the case.")
        )
    turn.session.add(
        Decision(
            **statement(turn, "reasons"),
            kind="partner_change",
            outcome=inputs.partner_change,
            reasons=inputs.reasons,
        )
    )


@dataclass(frozen=True)
class Change:
    """`join` or `leave`, and the code of the organisation."""

    change: str
    organisation: str


@operator("partner/apply_change", inputs=Change)
def apply_change(turn: Turn, inputs: Change) -> None:
    """Give an organisation its part in the case, or end it and its access at once (P69)."""
    [organisation] = organisations(turn.session, [inputs.organisation])
    if inputs.change == "join":
        [partner] = begin_parts(turn, [organisation])
        turn.notify("invitation", organisation_id=partner.organisation_id)
        return
    for partner in turn.partners():
        if partner.organisation_id == organisation.id:
            end_part(turn, partner, "left the case")
