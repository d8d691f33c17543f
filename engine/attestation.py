"""Memberships end unless somebody says again that they are needed (security.md, A6, ex-employees).

The lead of the organisation confirms or ends. What nobody confirms lapses after a grace period,
never silently: notices before, and an incident instead where the last able person would go.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine import access, human
from engine.application import Application
from engine.calendar import occurrence, parse_duration
from engine.errors import NotFoundError, OperatorError, SeparationError
from engine.incident import raise_incident, resolve_incident
from engine.language import gettext
from engine.membership import (
    COORDINATING,
    NOT_HERE,
    Deed,
    begin,
    check_able,
    deed,
    end,
    finish,
    leaders,
    stand,
    tell_leaders,
)
from engine.models import (
    Account,
    AccountRole,
    Case,
    CaseMember,
    CaseStanding,
    CaseState,
    Incident,
    Outcome,
    Standing,
)
from engine.models.base import other_than
from engine.profile import Profile

LEAD = "agency_lead"
CONFIRM = "membership:confirm"
FUNCTIONS = ("partner", *COORDINATING)
"""What is confirmed: parts in a single case. A desk role is held in every case, or not at all."""
NOT_CONFIRMED = "not_confirmed"
NOTICE = timedelta(days=14)
"""How long before the last day the lead is told."""
PORTION = 20
"""Cases after which the sweep lets other work go before it."""
Row = TypeVar("Row", CaseMember, CaseStanding)
AWAY = (CaseState.ERASED.value, CaseState.SEALED.value)


@dataclass(frozen=True)
class Period:
    """How long a membership lasts without being confirmed, and how long it is waited for."""

    every: str
    grace: str
    profile: Profile

    def ends(self, member: CaseMember) -> datetime:
        """Return until when the membership should be confirmed."""
        anchor = member.confirmed_at or member.since
        return occurrence(anchor, parse_duration(self.every), 1, self.profile.zone)

    def lapses(self, member: CaseMember) -> datetime:
        """Return when it is suspended."""
        return occurrence(self.ends(member), parse_duration(self.grace), 1, self.profile.zone)


def period(profile: Profile) -> Period:
    """Return the period of a profile."""
    values = profile.values
    return Period(
        str(values.get("membership_confirmation", "P90D")),
        str(values.get("membership_grace", "P14D")),
        profile,
    )


def of_organisation(session: Session, organisation_id: UUID) -> list[CaseMember]:
    """Return the memberships that the lead of an organisation answers for, the oldest first."""
    return list(
        session.scalars(
            _memberships()
            .where(Account.organisation_id == organisation_id)
            .order_by(func.coalesce(CaseMember.confirmed_at, CaseMember.since), CaseMember.id)
        ).unique()
    )


def lapsed(session: Session, organisation_id: UUID) -> list[CaseStanding]:
    """Return the memberships of an organisation that were suspended for want of a confirmation."""
    return list(
        session.scalars(
            select(CaseStanding)
            .join(Account, Account.id == CaseStanding.account_id)
            .where(
                Account.organisation_id == organisation_id,
                CaseStanding.state == Standing.SUSPENDED.value,
                CaseStanding.reason == NOT_CONFIRMED,
                CaseStanding.until.is_(None),
            )
            .order_by(CaseStanding.since)
        ).unique()
    )


def _memberships() -> Select[CaseMember]:
    return (
        select(CaseMember)
        .join(Account, Account.id == CaseMember.account_id)
        .join(Case, Case.id == CaseMember.case_id)
        .where(
            CaseMember.until.is_(None),
            CaseMember.function.in_(FUNCTIONS),
            Case.state.not_in(AWAY),
        )
    )


def confirm(application: Application, member_id: UUID, by_id: UUID) -> None:
    """Record that a membership is still needed; nobody confirms the own."""
    with _answering(application, CaseMember, member_id, by_id) as (what, member):
        member.confirmed_at = what.now
        resolve_incident(what.session, _key(member), what.now)
        what.audit("case:member:confirm", member.account_id, function=member.function)


def release(application: Application, member_id: UUID, by_id: UUID) -> None:
    """End a membership that is no longer needed; whoever leads the case is told."""
    with _answering(application, CaseMember, member_id, by_id) as (what, member):
        resolve_incident(what.session, _key(member), what.now)
        end(what, member.account, function=member.function)
        tell_leaders(what, member.account_id)


def let_in(application: Application, standing_id: UUID, by_id: UUID) -> None:
    """Confirm a membership that has lapsed: access begins again."""
    with _answering(application, CaseStanding, standing_id, by_id) as (what, row):
        rows = [
            one
            for one in lapsed(what.session, row.account.organisation_id)
            if (one.case_id, one.account_id) == (row.case_id, row.account_id)
        ]
        if row not in rows:
            raise NotFoundError(gettext(NOT_HERE))
        for one in rows:
            finish(what, one, Outcome.RETURNED)
        for one in rows:
            begin(
                what,
                one.account,
                one.function,
                granted_by_id=by_id,
                legal_basis=one.legal_basis,
                reason="confirmed again",
            )
        check_able(what)


@contextmanager
def _answering(
    application: Application, table: type[Row], row_id: UUID, by_id: UUID
) -> Iterator[tuple[Deed, Row]]:
    """Open the deed of a lead about a row of the own organisation that still holds."""
    with application.database.reading() as session:
        found = session.get(table, row_id)
        if found is None:
            raise NotFoundError(gettext(NOT_HERE))
        case_id = found.case_id
    with deed(application, case_id, by_id) as what:
        row = what.session.get_one(table, row_id, populate_existing=True)
        by = what.actor
        if by is None or not _holds(row) or not _answers_for(what.session, by, row.account):
            raise NotFoundError(gettext(NOT_HERE))
        if not human.are_apart(row.account, by):
            raise SeparationError(
                gettext("Somebody else of your organisation confirms your own part.")
            )
        yield what, row


def _holds(row: Row) -> bool:
    """Say whether a row waits for an answer at all: a desk role and a closed file have no lead."""
    if isinstance(row, CaseMember) and (row.function not in FUNCTIONS or row.case.state in AWAY):
        return False
    return row.until is None


def _answers_for(session: Session, by: Account, account: Account) -> bool:
    return access.may(session, by, CONFIRM) and by.organisation_id == account.organisation_id


def sweep(application: Application, *, pause: Callable[[], object] = lambda: None) -> int:
    """Tell, and after the grace period suspend, what nobody confirmed; return how many lapsed.

    Also looks again at steps that had nobody, so that an alarm ends when its reason has ended.
    `pause` is called now and then, for what must not wait until thousands of cases are looked at.
    """
    with application.database.reading() as session:
        now, rule = application.now(session), period(application.deployment(session).profile)
        rows = session.scalars(_memberships()).unique()
        cases = {row.case_id for row in rows if now >= rule.ends(row) - NOTICE}
        cases |= set(
            session.scalars(
                select(Incident.case_id).where(
                    Incident.key.startswith("nobody_able:"), other_than(Incident.state, "resolved")
                )
            )
        )
    done = 0
    for number, case_id in enumerate(sorted(one for one in cases if one is not None), 1):
        if number % PORTION == 0:
            pause()
        with deed(application, case_id, None) as what:
            found = what.session.scalars(
                _memberships().where(CaseMember.case_id == case_id)
            ).unique()
            # Whoever holds two parts lapses with both at the first.
            done += sum(_look_at(what, row, rule) for row in list(found) if row.until is None)
            check_able(what)
    return done


def _look_at(what: Deed, member: CaseMember, rule: Period) -> bool:
    """Tell whom it concerns how a membership stands; say whether it lapsed now."""
    ends, told = rule.ends(member), f"{member.id}:{rule.ends(member):%Y%m%d}"
    leads = set(_leads(what.session, member.account)) - {member.account_id}
    if what.now < ends - NOTICE:
        return False
    what.tell("membership_due", leads or leaders(what), once=told)
    if what.now >= ends:
        what.tell("membership_overdue", {*leads, *leaders(what), member.account_id}, once=told)
    if what.now < rule.lapses(member):
        return False
    if _is_last(what, member):
        _alarm(what, member)
        return False
    account = member.account
    for function in end(what, account):
        stand(what, account.id, function, Standing.SUSPENDED, NOT_CONFIRMED)
        what.audit("case:member:suspend", account.id, function=function, reason=NOT_CONFIRMED)
    what.tell("membership_suspended", {*leads, *leaders(what), account.id})
    return True


def _leads(session: Session, account: Account) -> list[UUID]:
    return list(
        session.scalars(
            select(Account.id)
            .join(AccountRole, AccountRole.account_id == Account.id)
            .where(
                AccountRole.role == LEAD,
                Account.organisation_id == account.organisation_id,
                Account.disabled_at.is_(None),
            )
        )
    )


def _is_last(what: Deed, member: CaseMember) -> bool:
    """Say whether nobody else holds the function: of coordinators in the case, else at home."""
    others = what.session.scalars(
        select(CaseMember)
        .join(Account, Account.id == CaseMember.account_id)
        .where(
            CaseMember.case_id == what.case.id,
            CaseMember.account_id != member.account_id,
            CaseMember.until.is_(None),
            Account.disabled_at.is_(None),
        )
    ).unique()
    home = member.account.organisation_id
    mine = {
        row.function
        for row in what.session.scalars(
            select(CaseMember).where(
                CaseMember.case_id == what.case.id,
                CaseMember.account_id == member.account_id,
                CaseMember.until.is_(None),
            )
        ).unique()
    }
    left = {
        other.function
        for other in others
        if other.function in COORDINATING or other.account.organisation_id == home
    }
    return not mine <= left


def _key(member: CaseMember) -> str:
    return f"membership_unconfirmed:{member.id}"


def _alarm(what: Deed, member: CaseMember) -> None:
    """Raise an incident once: without this person the case would stand still."""
    key = _key(member)
    if what.session.scalar(select(Incident.id).where(Incident.key == key)) is not None:
        return
    raised = raise_incident(
        what.session,
        key=key,
        error=OperatorError(
            gettext(
                "In case %(code)s a part that only one person holds is not confirmed; have the "
                "lead of that organisation confirm it, or the coordinator name somebody else.",
                code=what.case.code,
            ),
            retryable=False,
        ),
        now=what.now,
        instance_id=None,
        stimulus={"kind": "membership"},
    )
    raised.case_id = what.case.id
    what.audit("case:member:alarm", member.account_id, function=member.function)
