"""Ends what people hold in cases when they lose the role or leave (security.md, ex-employees)."""

from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from engine import access
from engine.application import Application
from engine.errors import SeparationError
from engine.language import gettext
from engine.membership import deed, end, tell_leaders
from engine.models import Account, AccountRole, CaseMember
from engine.profile import Profile
from engine.separate_file import clash


def end_unheld(application: Application) -> int:
    """End the parts whose role the person no longer holds, or whose account is disabled.

    Whoever leads the case is told; a step that has nobody then gets an incident. Return how many
    parts were ended.
    """
    held = exists().where(
        AccountRole.account_id == CaseMember.account_id, AccountRole.role == CaseMember.function
    )
    gone = (
        select(CaseMember.case_id, CaseMember.account_id, CaseMember.function)
        .join(Account, Account.id == CaseMember.account_id)
        .where(CaseMember.until.is_(None), or_(~held, Account.disabled_at.is_not(None)))
        .order_by(CaseMember.case_id, CaseMember.account_id)
    )
    with application.database.reading() as session:
        found = [(row[0], row[1], row[2]) for row in session.execute(gone)]
    for case_id, account_id, function in found:
        with deed(application, case_id, None) as what:
            if end(what, what.session.get_one(Account, account_id), function=function):
                tell_leaders(what, account_id)
    return len(found)


def check_roles(session: Session, account_id: UUID | None, roles: frozenset[str]) -> None:
    """Refuse roles that must not come together, or not with a part in a case; SeparationError.

    The database refuses the same; this says how to mend it.
    """
    outside = sorted(access.IN_NO_CASE & roles)
    inside = sorted(roles - access.IN_NO_CASE)
    if outside and inside:
        raise SeparationError(
            gettext(
                "Who is %(outside)s takes part in no case and cannot be %(inside)s too; give "
                "the roles to two persons.",
                outside=outside[0],
                inside=inside[0],
            )
        )
    member = select(CaseMember.id).where(
        CaseMember.account_id == account_id, CaseMember.until.is_(None)
    )
    if outside and account_id and session.scalar(member.limit(1)) is not None:
        raise SeparationError(
            gettext(
                "This person takes part in cases and cannot be %(outside)s; have those parts "
                "handed on or ended first.",
                outside=outside[0],
            )
        )


def check_bodies(
    session: Session, account: Account | None, roles: frozenset[str], profile: Profile
) -> None:
    """Refuse roles of two bodies that keep two files of one person; SeparationError (decision 94).

    All accounts of a human count. Without an account it is a new one, of somebody new.
    """
    held = roles | (roles_beside(session, account) if account else frozenset())
    found = clash(profile.files, held)
    if found is not None:
        one, other = (profile.role_name(role) for role in found)
        raise SeparationError(
            gettext(
                "“%(one)s” and “%(other)s” belong to two bodies of which each keeps a file that "
                "the other does not read; give the roles to two persons.",
                one=one,
                other=other,
            )
        )


def roles_beside(session: Session, account: Account) -> frozenset[str]:
    """Return the roles of the other accounts of the same human that are in use."""
    held = (
        select(AccountRole.role)
        .join(Account, Account.id == AccountRole.account_id)
        .where(
            Account.person_id == account.person_id,
            Account.id != account.id,
            Account.disabled_at.is_(None),
        )
    )
    return frozenset(session.scalars(held))
