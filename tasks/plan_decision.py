"""Operators behind a checked plan: accepted by its owners, approved, agreed to, published."""

from dataclasses import dataclass
from typing import Annotated

from engine.errors import OperatorError
from engine.language.telling import told
from engine.models import Decision
from engine.operator import Given, OneOf, operator, recorder
from engine.turn import Turn
from tasks.note import add_note
from tasks.plan import Nothing, current_draft, published_plan


@dataclass(frozen=True)
class Acceptance:
    """Whether an organisation will do what the plan asks of it."""

    acceptance: str
    acceptance_reason: str = ""
    remark: str = ""
    safety: str = ""


@recorder("plan/record_acceptance", inputs=Acceptance)
def record_acceptance(turn: Turn, inputs: Acceptance) -> None:
    """Record that an organisation accepts or declines its actions, with its reason (P64)."""
    organisation = turn.submission.organisation if turn.submission else None
    plan = current_draft(turn)
    for action in plan.actions:
        if organisation is not None and action.owner_organisation_id == organisation.id:
            action.acceptance = inputs.acceptance
            action.acceptance_reason = inputs.acceptance_reason or None
    add_note(turn, "note", inputs.remark)
    add_note(turn, "safety", inputs.safety)
    turn.audit("case:plan:accept", plan.id, version=plan.number, acceptance=inputs.acceptance)


@dataclass(frozen=True)
class Counted:
    """How many organisations accepted, declined, did not answer."""

    accepted_count: int
    declined_count: int
    missing_count: int


@operator("plan/count_acceptances", inputs=Nothing, outputs=Counted)
def count_acceptances(turn: Turn, _inputs: Nothing) -> Counted:
    """Count the answers of the organisations that own actions."""
    answers = {
        action.owner_organisation_id: action.acceptance for action in current_draft(turn).actions
    }
    given = list(answers.values())
    return Counted(given.count("accepted"), given.count("declined"), given.count("asked"))


@dataclass(frozen=True)
class Approval:
    """What the chair decided on the plan."""

    plan_decision: str
    reasons: str


@recorder("plan/approve_plan", inputs=Approval)
def approve_plan(turn: Turn, inputs: Approval) -> None:
    """Record the decision on the plan; no action starts without it (L8)."""
    plan = current_draft(turn)
    turn.session.add(
        Decision(
            **turn.statement()
            | {
                "details": {
                    **turn.details("reasons", "overview", "findings", "replies"),
                    "version": plan.number,
                }
            },
            kind="plan_approval",
            outcome=inputs.plan_decision,
            reasons=inputs.reasons,
        )
    )
    if inputs.plan_decision == "approve":
        plan.state, plan.approved_at = "approved", turn.now
        plan.approved_by_id = turn.actor.id if turn.actor else None
    else:
        plan.state = "refused"
    turn.audit("case:plan:decide", plan.id, version=plan.number, outcome=inputs.plan_decision)


@dataclass(frozen=True)
class SupportConsent:
    """What the person answered about the support."""

    support_consent: str
    explained: str = ""
    promises: str = ""


@recorder("plan/record_support_consent", inputs=SupportConsent)
def record_support_consent(turn: Turn, inputs: SupportConsent) -> None:
    """Record whether the person agrees to the support, and what was explained (L7, P98)."""
    turn.session.add(
        Decision(
            **turn.statement() | {"details": turn.details("explained", "promises")},
            kind="consent",
            outcome=inputs.support_consent,
            reasons=inputs.explained,
        )
    )
    add_note(turn, "promise", inputs.promises)
    turn.audit("case:consent:record", turn.case.id, outcome=inputs.support_consent)


@dataclass(frozen=True)
class Published:
    """The version that is now in force."""

    plan_version: int
    plan_outcome: Annotated[str, OneOf("published")]


@operator("plan/publish_plan", inputs=Nothing, outputs=Published)
def publish_plan(turn: Turn, _inputs: Nothing) -> Published:
    """Put the approved version in force; the one before stays as it was (P54, P70, L8)."""
    plan = current_draft(turn)
    if plan.state != "approved":
        raise OperatorError(
            told(
                "Version %(number)s of the plan is not approved; approve it first.",
                number=plan.number,
            ),
            retryable=False,
        )
    before = published_plan(turn.session, turn.case.id)
    if before is not None:
        before.state = "replaced"
    plan.state, plan.published_at = "published", turn.now
    turn.audit("case:plan:publish", plan.id, version=plan.number)
    for partner in turn.partners():
        turn.notify("plan_published", role="partner", organisation_id=partner.organisation_id)
    return Published(plan.number, "published")


@dataclass(frozen=True)
class Aside:
    """Why no plan is published: `not_feasible` or `consent_refused`."""

    outcome: str


@dataclass(frozen=True)
class SetAside:
    """What the overview diagram reads."""

    plan_outcome: Annotated[str, Given("outcome")]


@operator("plan/set_aside", inputs=Aside, outputs=SetAside)
def set_aside(turn: Turn, inputs: Aside) -> SetAside:
    """Mark the version as not carried out; what was in force before stays on file."""
    plan = current_draft(turn)
    plan.state = "refused"
    turn.audit("case:plan:set_aside", plan.id, version=plan.number, outcome=inputs.outcome)
    return SetAside(inputs.outcome)
