"""Erasing a file takes a review and the officer's agreement; who asks for it before its time (P90).

The drawing of retention asks both; this begins the same way when somebody asks, with a legal
basis, that the file of an ended case goes before its date. Nothing of it erases by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import access, audit
from engine.application import Application
from engine.errors import ConflictError, InputError
from engine.language import gettext, mark
from engine.lock import lock_instance
from engine.models import (
    Account,
    Case,
    CaseState,
    ErasureRound,
    InstanceState,
    ProcessInstance,
)
from engine.profile import Profile
from engine.turn import Turn, take_turn

OFFICER = "dpo"
PERIOD_OVER = "period_over"
"""The ground of a round that nobody asked for: the time of the file is over."""
ASKED = "erasure_asked"
"""The message for which the drawn process waits as long as a file is kept."""
LONGEST = 4000
UNKNOWN = mark("No ended case that you may ask for has this code, or its file is erased already.")
RUNS = mark("This case runs, and a running case is never erased; end it first.")
UNDER_WAY = mark("This file is being reviewed already, so nothing more has to be asked.")


class ErasureError(InputError):
    """What was asked is incomplete; `field` is what has to be mended."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Request:
    """Which file is to go: a code of the profile's `erasure_grounds`, and neutral words."""

    code: str
    ground: str
    legal_basis: str
    reason: str


def is_allowed(profile: Profile) -> bool:
    """Say whether the law of the profile lets a file go before its time."""
    return profile.values.get("erasure_on_request") is True


def may_ask(session: Session, account: Account, case: Case) -> bool:
    """Say whether a person asks for the erasure of this file: the officer, or who leads the case.

    The officer needs to read nothing for it. Nobody asks who is kept out of the case.
    """
    members = access.members_of(session, case.id)
    if account.id in members.barred or case.state == CaseState.ERASED.value:
        return False
    if OFFICER in account.role_codes:
        return True
    leads = any((account.id, function) in members for function in access.LEADING)
    return leads and access.may(session, account, "case:read", case)


def offers(session: Session, account: Account, case: Case, profile: Profile) -> bool:
    """Say whether the page of an ended case offers to ask: only to who may, where the law lets."""
    is_over = case.state in {CaseState.CLOSED.value, CaseState.ENDED.value}
    able = is_over and is_allowed(profile) and access.may(session, account, "erasure:ask")
    return able and may_ask(session, account, case)


def ask(application: Application, account_id: UUID, wanted: Request) -> UUID:
    """Ask that a file be erased before its time; raise ErasureError naming the field to mend.

    The review and the officer's agreement follow in the drawing.
    """
    with application.database.transaction() as session:
        profile = application.deployment(session).profile
        account = session.get_one(Account, account_id)
        access.require(session, account, "erasure:ask")
        _check(wanted, profile)
        case = session.scalar(select(Case).where(Case.code == wanted.code).with_for_update(of=Case))
        if case is not None and may_ask(session, account, case):
            return _begin(application, session, account, case, wanted)
        missed = {"event": "case:search:miss", "subject": "erasure"}
        audit.record(session, None, at=application.now(session), actor_id=account.id, **missed)
    raise ErasureError("code", gettext(UNKNOWN))


def ask_in_words(
    application: Application, code: str, account_id: UUID, told: Mapping[str, object]
) -> UUID:
    """Ask as a story tells it: `erase` is the ground, with `basis` and `text` where it says so."""
    basis, reason = told.get("basis", "Art. 17"), told.get("text", "It was asked for.")
    wanted = Request(code, str(told["erase"]), str(basis), str(reason))
    return ask(application, account_id, wanted)


def _check(wanted: Request, profile: Profile) -> None:
    if not is_allowed(profile):
        raise ConflictError(
            gettext("By the law of this structure no file is erased before its time.")
        )
    if wanted.ground not in profile.lists.get("erasure_grounds", {}):
        raise ErasureError("ground", gettext("Say on what ground the file is to be erased."))
    if not 0 < len(wanted.legal_basis.strip()) <= 300:  # noqa: PLR2004 - one line
        raise ErasureError("legal_basis", gettext("Name the law or the decision that asks for it."))
    if not 0 < len(wanted.reason.strip()) <= LONGEST:
        raise ErasureError(
            "reason", gettext("Write why, in at most %(longest)s characters.", longest=LONGEST)
        )


def _begin(
    application: Application, session: Session, account: Account, case: Case, wanted: Request
) -> UUID:
    if case.state == CaseState.OPEN.value:
        raise ConflictError(gettext(RUNS))
    row = _keeping(session, case.id)
    if row is None:
        raise ConflictError(gettext(UNDER_WAY))
    asked: list[UUID] = []

    def stimulus(turn: Turn) -> None:
        found = begin_round(
            turn,
            ErasureRound(
                ground=wanted.ground,
                asked_by_id=account.id,
                asked_at=turn.now,
                legal_basis=wanted.legal_basis.strip(),
                reason=wanted.reason.strip(),
            ),
        )
        asked.append(found.id)
        turn.audit("case:erasure:ask", found.id, ground=found.ground)
        turn.post(ASKED, key=f"{ASKED}:{found.id}")

    take_turn(application, session, row, stimulus, actor=account)
    return asked[0]


def _keeping(session: Session, case_id: UUID) -> ProcessInstance | None:
    """Return the retention of a case that waits for its date, under its lock."""
    running = session.scalars(
        select(ProcessInstance).where(
            ProcessInstance.case_id == case_id,
            ProcessInstance.status == InstanceState.RUNNING.value,
        )
    ).unique()
    for instance_id in [one.id for one in running if ASKED in one.awaited]:
        row = lock_instance(session, instance_id)
        if ASKED in row.awaited:
            return row
    return None


def begin_round(turn: Turn, row: ErasureRound) -> ErasureRound:
    """Add a round to the case of a turn, with the next number."""
    of_case = ErasureRound.case_id == turn.case.id
    highest = turn.session.scalar(select(func.max(ErasureRound.number)).where(of_case))
    row.case_id, row.instance_id = turn.case.id, turn.instance.id
    row.number = (highest or 0) + 1
    turn.session.add(row)
    turn.session.flush()
    return row


def newest_round(session: Session, instance_id: UUID) -> ErasureRound | None:
    """Return the round in which a retention stands, None when nobody asked or reviewed yet."""
    return session.scalars(
        select(ErasureRound)
        .where(ErasureRound.instance_id == instance_id)
        .order_by(ErasureRound.number.desc())
        .limit(1)
    ).one_or_none()
