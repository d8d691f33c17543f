"""Operators around the two coordinators of a case: process and content, both neutral."""

from dataclasses import dataclass

from sqlalchemy import select

from engine.errors import InputError
from engine.language import gettext
from engine.models import Account, CaseMember, Decision
from engine.operator import operator, recorder
from engine.prefill import FillContext, prefill
from engine.turn import Turn
from tasks.lookup import account

FUNCTIONS = ("process_coordinator", "content_coordinator")


@dataclass(frozen=True)
class Nothing:
    """No inputs."""


@dataclass(frozen=True)
class Prepared:
    """Whether somebody has to appoint coordinators first."""

    coordinators_appointed: bool


@operator("plan/prepare_plan", inputs=Nothing, outputs=Prepared)
def prepare_plan(turn: Turn, _inputs: Nothing) -> Prepared:
    """Look up whether both coordinators were appointed in this episode and are still there."""
    appointed = turn.session.scalar(
        select(Decision.id)
        .where(
            Decision.case_id == turn.case.id,
            Decision.episode_id == (turn.episode.id if turn.episode else None),
            Decision.kind == "coordinators",
        )
        .limit(1)
    )
    there = {member.function for member in _holders(turn)}
    return Prepared(appointed is not None and there.issuperset(FUNCTIONS))


def _holders(turn: Turn) -> list[CaseMember]:
    return list(
        turn.session.scalars(
            select(CaseMember).where(
                CaseMember.case_id == turn.case.id,
                CaseMember.function.in_(FUNCTIONS),
                CaseMember.until.is_(None),
            )
        ).unique()
    )


@dataclass(frozen=True)
class Appointment:
    """User names of the two coordinators, and whether each is neutral."""

    process_coordinator: str
    content_coordinator: str
    process_neutral: str
    content_neutral: str
    neutrality_exception: str = ""
    same_person_reason: str = ""


@recorder("plan/appoint_coordinators", inputs=Appointment)
def appoint_coordinators(turn: Turn, inputs: Appointment) -> None:
    """Give both functions to the people named and to nobody else (P56 to P58, P73 to P75).

    Raises InputError when somebody does not hold the role: the step could never be done.
    """
    chosen = {function: _able(turn, getattr(inputs, function), function) for function in FUNCTIONS}
    for member in _holders(turn):
        if member.account_id != chosen[member.function].id:
            turn.end_member(member.account, member.function, "somebody else was appointed")
    for function, person in chosen.items():
        turn.add_member(person, function, "appointed")
    neutral = inputs.process_neutral == "yes" and inputs.content_neutral == "yes"
    turn.session.add(
        Decision(
            **turn.statement() | {"details": turn.details("neutrality_exception")},
            kind="coordinators",
            outcome="neutral" if neutral else "exception",
            reasons=inputs.neutrality_exception,
        )
    )


def _able(turn: Turn, username: str, role: str) -> Account:
    person = account(turn.session, username)
    if role not in person.role_codes:
        raise InputError(
            gettext(
                "%(display_name)s does not hold the role %(role_name)s; choose somebody who does.",
                display_name=person.display_name,
                role_name=turn.profile.role_name(role),
            )
        )
    return person


@prefill("appoint_coordinators")
def fill_coordinators(context: FillContext) -> dict[str, object]:
    """Propose who coordinates the case already, when it is one person for each function."""
    found: dict[str, list[str]] = {}
    for member in context.session.scalars(
        select(CaseMember).where(
            CaseMember.case_id == context.case.id,
            CaseMember.function.in_(FUNCTIONS),
            CaseMember.until.is_(None),
        )
    ).unique():
        found.setdefault(member.function, []).append(member.account.username)
    return {function: names[0] for function, names in found.items() if len(names) == 1}
