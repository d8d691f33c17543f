"""Operators that open the case file and end an episode: closed, ended, released or sealed."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, select

from engine import access, closing
from engine.models import Account, AccountRole, CaseMember, CaseState, Signal
from engine.operator import operator
from engine.turn import Turn
from tasks.person import age_group, count_namesakes, describe

DESK = "intake_desk"
KEEPS_RELEASED = frozenset({"desk_head", DESK})


@dataclass(frozen=True)
class OpenFile:
    """How the case began: `signal`, `returnee` or `release`."""

    case_type: str


@dataclass(frozen=True)
class FileOpened:
    """What the diagram may know of the new file: counts and codes."""

    possible_duplicates: int
    reported_urgent: bool


@operator("case/open_file", inputs=OpenFile, outputs=FileOpened)
def open_file(turn: Turn, inputs: OpenFile) -> FileOpened:
    """Open the case file for what came in; the whole intake desk sees it, never one alone (P35)."""
    signal = latest_signal(turn)
    person = describe(turn, dict(signal.about or {}) if signal else {})
    turn.session.flush()
    for account in _desk(turn):
        turn.add_member(account, DESK)
    duplicates = count_namesakes(turn, person)
    turn.audit("case:file:open", turn.case.id, kind=inputs.case_type, duplicates=duplicates)
    return FileOpened(
        possible_duplicates=duplicates, reported_urgent=bool(signal and signal.urgent)
    )


_LATEST_SIGNAL: Final = (
    select(Signal)
    .where(Signal.case_id == bindparam("case_id"))
    .order_by(Signal.received_at.desc(), Signal.id)
    .limit(1)
)


def latest_signal(turn: Turn) -> Signal | None:
    """Return the newest signal of the case."""
    return turn.session.scalar(_LATEST_SIGNAL, {"case_id": turn.case.id})


def _desk(turn: Turn) -> list[Account]:
    return list(
        turn.session.scalars(
            select(Account)
            .join(AccountRole, AccountRole.account_id == Account.id)
            .where(
                AccountRole.role == DESK,
                Account.disabled_at.is_(None),
                ~Account.roles.any(AccountRole.role.in_(access.IN_NO_CASE)),
            )
            .order_by(Account.username)
        ).unique()
    )


@dataclass(frozen=True)
class Nothing:
    """No inputs."""


@dataclass(frozen=True)
class End:
    """How the episode ends, e.g. `transferred`; also decides how long the file is kept."""

    outcome: str


@operator("case/close_episode", inputs=Nothing)
def close_episode(turn: Turn, inputs: Nothing) -> None:
    """Close the episode and its case by the one door that checks L1 to L4; retention begins."""
    del inputs
    closing.close_episode(turn)
    _keep(turn, "closed")


@operator("case/end_episode", inputs=End)
def end_episode(turn: Turn, inputs: End) -> None:
    """End the episode in another way than by closing, e.g. transfer or withdrawal (P26, P97)."""
    closing.end_episode(turn, inputs.outcome)
    _keep(turn, inputs.outcome)


@operator("case/release_file", inputs=End)
def release_file(turn: Turn, inputs: End) -> None:
    """End the intake for regular care: no file is kept; only the desk sees it till erased (P29)."""
    closing.end_episode(turn, inputs.outcome)
    _end_members(turn, KEEPS_RELEASED)
    _keep(turn, inputs.outcome)


@operator("case/seal_file", inputs=End)
def seal_file(turn: Turn, inputs: End) -> None:
    """Seal an unfounded or malicious report: nobody reads it any more, erased soon (P33)."""
    closing.end_episode(turn, inputs.outcome)
    turn.case.state = CaseState.SEALED.value
    _end_members(turn, access.KEEPS_SEALED)
    turn.audit("case:file:seal", turn.case.id, outcome=inputs.outcome)
    _keep(turn, inputs.outcome)


def _end_members(turn: Turn, kept: frozenset[str]) -> None:
    members = turn.session.scalars(
        select(CaseMember).where(
            CaseMember.case_id == turn.case.id,
            CaseMember.until.is_(None),
            CaseMember.function.not_in(kept),
        )
    ).unique()
    for member in list(members):
        turn.end_member(member.account, member.function, "The file is closed to readers.")


def _keep(turn: Turn, kind: str) -> None:
    """Start the clock until the file is reviewed and erased (P90)."""
    turn.start(
        "retention",
        data={
            "retention_kind": kind,
            "case_type": turn.case.kind,
            "is_minor": age_group(turn) == "minor",
        },
    )
