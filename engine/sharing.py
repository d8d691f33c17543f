"""Who reads how much of a contribution, and who may change that (P21-P24).

A contribution starts with one level for everybody at the table. Its author's organisation, and
nobody else, may give one organisation or the whole table more or less later: everything only with
a second person (engine/second_person.py), less at once by one. Nothing is changed in place: every
change is a row, so that it stays provable who could read what when.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import BindParameter, Uuid, bindparam, func, select
from sqlalchemy.orm import Session

from engine import access, audit, second_person
from engine.application import Application
from engine.errors import InputError, NotFoundError
from engine.language import gettext, mark
from engine.membership import Deed
from engine.models import (
    Account,
    Case,
    CaseMember,
    CasePartner,
    Contribution,
    ContributionShare,
    Decision,
    Job,
    SharingRequest,
)
from engine.profile import Profile

LEVELS = ("nothing", "concern_only", "summary", "full")
"""From least to most. `nothing` still shows that the organisation has answered."""
TELLING = frozenset({"summary", "full"})
"""Levels that hand content on: they need a legal basis and, where the profile asks, consent."""
LONGEST = 20_000
NO_SUCH_AUDIENCE = mark("Choose an organisation that takes part in this case.")


def rank(level: str) -> int:
    """Return how much a level shows, 0 for the least."""
    return LEVELS.index(level)


class SharingError(InputError):
    """A change of sharing that is incomplete or not allowed; `field` is what has to be mended."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Change:
    """What the author's organisation wants one audience to read; `audience` None is the table."""

    audience: UUID | None
    level: str
    summary: str = ""
    legal_basis: str = ""
    expires_on: date | None = None


def why_not(
    session: Session, case_id: UUID, profile: Profile, level: str, legal_basis: str | None
) -> str | None:
    """Return why content may not be handed on at this level, in a sentence with the mend (L7, P21).

    Checked by the server whatever a form or a drawing asks.
    """
    if level not in TELLING:
        return None
    if not (legal_basis or "").strip():
        return gettext("Name the law or agreement that allows you to share this, or share less.")
    if profile.values.get("consent") != "before_sharing":
        return None
    answer = session.scalar(
        select(Decision.outcome)
        .where(Decision.case_id == case_id, Decision.kind == "consent")
        .order_by(Decision.at.desc())
        .limit(1)
    )
    if answer == "given":
        return None
    return gettext(
        "The person has not agreed to sharing. Share a concern without its reason, or nothing."
    )


Standing = Mapping[UUID | None, ContributionShare]
"""The row that counts for each audience that has one; None is the whole table."""


_WANTED: Final[BindParameter[UUID]] = bindparam("wanted", type_=Uuid(), expanding=True)
_IN_ORDER: Final = (ContributionShare.contribution_id, ContributionShare.number)
_SHARES: Final = select(ContributionShare).where(_IN_ORDER[0].in_(_WANTED)).order_by(*_IN_ORDER)


def standing(
    session: Session, contribution_ids: Iterable[UUID], today: date
) -> dict[UUID, Standing]:
    """Return the sharing rows in force of some contributions, in one statement."""
    wanted = list(contribution_ids)
    if not wanted:
        return {}
    rows = session.scalars(_SHARES, {"wanted": wanted}).unique()
    newest: dict[UUID, dict[UUID | None, ContributionShare]] = {}
    for row in rows:
        newest.setdefault(row.contribution_id, {})[row.organisation_id] = row
    return {
        contribution: {
            audience: row
            for audience, row in found.items()
            if row.expires_on is None or today <= row.expires_on
        }
        for contribution, found in newest.items()
    }


def level_for(contribution: Contribution, rows: Standing, organisation_id: UUID) -> str:
    """Return the level at which an organisation reads a contribution; the author's own is full."""
    if contribution.organisation_id == organisation_id:
        return "full"
    own = rows.get(organisation_id) or rows.get(None)
    return own.level if own else contribution.level


def table_level(contribution: Contribution, rows: Standing) -> str:
    """Return the level at which everybody at the table reads who has no row of their own."""
    return rows[None].level if None in rows else contribution.level


def summary_for(
    contribution: Contribution, rows: Standing, organisation_id: UUID | None
) -> str | None:
    """Return the summary for an organisation: one written for it later stands before the first.

    Without an organisation it is what the whole table reads.
    """
    own = rows.get(organisation_id) or rows.get(None)
    return (own.summary if own else None) or contribution.summary


def may_change(session: Session, account: Account, contribution: Contribution) -> bool:
    """Say whether the person speaks for the organisation that wrote the contribution (P22)."""
    if contribution.organisation_id != account.organisation_id:
        return False
    return access.speaker(session, account, contribution.case_id) is not None


def change_sharing(
    application: Application, contribution_id: UUID, account_id: UUID, change: Change
) -> bool:
    """Let an audience read more or less of a contribution from now on; say whether it counts now.

    False: others will read everything as soon as a second person of the organisation agrees.
    Raise NotFoundError when the person does not speak for the author's organisation, SharingError
    with the mend when the change is incomplete or not allowed. Whoever reads more is told.
    """
    with application.database.transaction() as session:
        case = _lock_case(session, contribution_id)
        account = session.get_one(Account, account_id)
        contribution = session.get_one(Contribution, contribution_id)
        if not may_change(session, account, contribution):
            raise NotFoundError(gettext("This page does not exist, or it is not for you."))
        access.require(session, account, "case:write", case)
        what = Deed(application, session, case, application.now(session), account)
        speaker = access.speaker(session, account, case.id)
        absent = speaker if speaker is not None and speaker.id != account.id else None
        profile, rows = _checked(what, contribution, change)
        _overtake(what, contribution, rows, change)
        if change.level == "full" and second_person.is_needed(profile):
            _ask(what, contribution, rows, change, absent)
            return False
        one = Sharing(account.id, absent.id if absent else None, one_person=change.level == "full")
        _share(what, contribution, rows, change, one)
        return True


def share_together(what: Deed, contribution: Contribution, agreed: SharingRequest) -> None:
    """Let others read everything, as two persons of the organisation have agreed just now.

    Raise SharingError when it is not allowed any more: consent, legal basis, who takes part.
    """
    change = Change(
        agreed.audience_id,
        "full",
        agreed.summary or "",
        agreed.legal_basis or "",
        agreed.expires_on,
    )
    _, rows = _checked(what, contribution, change)
    two = Sharing(
        agreed.asked_by_id,
        agreed.asked_for_id,
        request_id=agreed.id,
        agreed_by_id=agreed.answered_by_id,
    )
    _share(what, contribution, rows, change, two)


@dataclass(frozen=True)
class Sharing:
    """Whose deed a change of sharing is."""

    by_id: UUID
    for_id: UUID | None
    request_id: UUID | None = None
    agreed_by_id: UUID | None = None
    one_person: bool = False


def _checked(what: Deed, contribution: Contribution, change: Change) -> tuple[Profile, Standing]:
    """Return the profile and what holds now; raise SharingError when the change is not allowed."""
    profile = what.application.deployments.get(what.session, what.case.deployment_id).profile
    today = what.now.astimezone(profile.zone).date()
    rows = standing(what.session, [contribution.id], today).get(contribution.id, {})
    _check(what.session, contribution, rows, change, profile, today)
    return profile, rows


def _overtake(what: Deed, contribution: Contribution, rows: Standing, change: Change) -> None:
    """End what waits for a second person where a newer will stands against it.

    Threat: somebody lets others read less, and an older wish for everything is agreed to after it.
    """
    waits = second_person.open_of(what.session, contribution.id)
    if rank(change.level) >= rank(_before(contribution, rows, change.audience)):
        same = change.level == "full"
        waits = [one for one in waits if same and one.audience_id == change.audience]
    second_person.overtake(what, waits)


def _ask(
    what: Deed, contribution: Contribution, rows: Standing, change: Change, absent: Account | None
) -> None:
    wish = second_person.Wish(
        change.audience,
        _kept_summary(rows, change),
        change.legal_basis.strip() or None,
        change.expires_on,
    )
    account = what.actor
    if account is None:
        raise NotFoundError(gettext("Nobody asks that others read more."))
    asked = second_person.ask(what, contribution, wish, account, absent)
    what.audit(
        "case:sharing:ask",
        asked.id,
        contribution=str(contribution.id),
        audience=str(change.audience) if change.audience else "table",
        **audit.acting_for(absent),
    )


def _share(
    what: Deed, contribution: Contribution, rows: Standing, change: Change, whose: Sharing
) -> None:
    before = _before(contribution, rows, change.audience)
    row = ContributionShare(
        case_id=what.case.id,
        contribution_id=contribution.id,
        number=_next_number(what.session, contribution),
        organisation_id=change.audience,
        level=change.level,
        summary=_kept_summary(rows, change),
        legal_basis=change.legal_basis.strip() or None,
        expires_on=change.expires_on,
        at=what.now,
        **asdict(whose),
    )
    what.session.add(row)
    what.session.flush()
    raised = rank(change.level) > rank(before)
    what.audit(
        "case:sharing:raise" if raised else "case:sharing:lower",
        contribution.id,
        before=before,
        level=change.level,
        audience=str(change.audience) if change.audience else "table",
        **({"for": str(whose.for_id)} if whose.for_id else {}),
        **({"asked_by": str(whose.by_id)} if whose.request_id else {}),
    )
    if raised:
        _tell(what.application, what.session, what.case, row)


def _next_number(session: Session, contribution: Contribution) -> int:
    last = session.scalar(
        select(func.max(ContributionShare.number)).where(
            ContributionShare.contribution_id == contribution.id
        )
    )
    return (last or 0) + 1


def _lock_case(session: Session, contribution_id: UUID) -> Case:
    """Lock the case of a contribution: its audit chain must not fork, and two clicks queue up."""
    case = session.scalar(
        select(Case)
        .join(Contribution, Contribution.case_id == Case.id)
        .where(Contribution.id == contribution_id)
        .with_for_update(of=Case)
    )
    if case is None:
        raise NotFoundError(gettext("This page does not exist, or it is not for you."))
    return case


def _before(contribution: Contribution, rows: Standing, audience: UUID | None) -> str:
    if audience is not None:
        return level_for(contribution, rows, audience)
    return table_level(contribution, rows)


def _kept_summary(rows: Standing, change: Change) -> str | None:
    """Keep the summary that the audience reads already when no new one is written."""
    written = change.summary.strip()
    earlier = rows.get(change.audience) or rows.get(None)
    return written or (earlier.summary if earlier else None)


def _check(
    session: Session,
    contribution: Contribution,
    rows: Standing,
    change: Change,
    profile: Profile,
    today: date,
) -> None:
    if change.level not in LEVELS:
        raise SharingError("level", gettext("Choose how much may be read."))
    if change.audience is not None and change.audience not in _audiences(session, contribution):
        raise SharingError("audience", gettext(NO_SUCH_AUDIENCE))
    if change.level == "full" and not contribution.body:
        raise SharingError(
            "level", gettext("There is no more than a summary on file; choose the summary.")
        )
    summary = _kept_summary(rows, change) or contribution.summary
    if change.level in TELLING and not summary:
        raise SharingError("summary", gettext("Write the summary that may be read."))
    if len(change.summary) > LONGEST:
        most = gettext("A summary has at most %(longest)s characters.", longest=LONGEST)
        raise SharingError("summary", most)
    reason = why_not(session, contribution.case_id, profile, change.level, change.legal_basis)
    if reason:
        raise SharingError("legal_basis", reason)
    if change.expires_on is not None:
        _check_last_day(contribution, rows, change, change.expires_on, today)


def _check_last_day(
    contribution: Contribution, rows: Standing, change: Change, last: date, today: date
) -> None:
    if change.audience is None:
        raise SharingError(
            "expires_on", gettext("A last day is for one organisation; leave it empty here.")
        )
    if last < today:
        raise SharingError(
            "expires_on", gettext("The last day lies in the past; choose today or later.")
        )
    if rank(change.level) <= rank(_before(contribution, rows, None)):
        # Threat: a restriction that ends by itself would hand content on without anybody's act.
        raise SharingError(
            "expires_on", gettext("They read no more than the table; leave this empty.")
        )


def _audiences(session: Session, contribution: Contribution) -> set[UUID]:
    """Return the organisations at the table and those of the people who lead the case."""
    partners = session.scalars(
        select(CasePartner.organisation_id).where(
            CasePartner.case_id == contribution.case_id, CasePartner.state == "active"
        )
    )
    members = session.scalars(
        select(Account.organisation_id)
        .join(CaseMember, CaseMember.account_id == Account.id)
        .where(CaseMember.case_id == contribution.case_id, CaseMember.until.is_(None))
    )
    return {*partners, *members} - {contribution.organisation_id}


def _tell(application: Application, session: Session, case: Case, row: ContributionShare) -> None:
    session.add(
        Job(
            kind="notice",
            key=f"sharing_raised:{row.id}",
            state=application.job_state("notice"),
            payload={
                "template": "sharing_raised",
                "case_id": str(case.id),
                "organisation_id": str(row.organisation_id) if row.organisation_id else None,
            },
            run_after=row.at,
            created_at=row.at,
        )
    )
