"""Who is around a case: people with their functions, agencies with what they share (P55, P69)."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from engine.language import gettext, mark
from engine.models import Account, CaseMember, CasePartner, Organisation
from engine.reading.viewer import CONTENT, Viewer

TOLD = (
    ("can_share", mark("Can share")),
    ("cannot_share", mark("Cannot share")),
    ("conditions", mark("Conditions")),
    ("legal_basis", mark("Legal basis")),
    ("interests", mark("Goal or interest")),
    ("definition_remarks", mark("On the definition")),
)
"""What an organisation declares to the whole table (P22, P24, P30), in the order of its form."""


def statement_of(partner: CasePartner, viewer: Viewer) -> list[tuple[str, str]] | None:
    """Return what an organisation declared about sharing; None when there is more than is read."""
    said = partner.sharing_statement
    told = [(gettext(label), str(said[key])) for key, label in TOLD if said.get(key)]
    if not told or viewer.organisation_id == partner.organisation_id or viewer.reads(CONTENT):
        return told
    return None


@dataclass(frozen=True)
class Around:
    """The people and the agencies of a case; those who left are kept, with their date."""

    members: list[CaseMember]
    former_members: list[CaseMember]
    partners: list[CasePartner]
    former_partners: list[CasePartner]


def around(session: Session, case_id: UUID) -> Around:
    """Return people and agencies of a case; two statements."""
    members = (
        session.scalars(
            select(CaseMember)
            .where(CaseMember.case_id == case_id)
            .options(joinedload(CaseMember.account).joinedload(Account.organisation))
        )
        .unique()
        .all()
    )
    partners = (
        session.scalars(select(CasePartner).where(CasePartner.case_id == case_id)).unique().all()
    )
    # One step lets several in at one instant; on each page they stand in the same order.
    members = sorted(members, key=lambda one: (one.since, one.account.display_name, one.function))
    partners = sorted(partners, key=lambda one: (one.joined_at, one.organisation.name))
    return Around(
        members=[member for member in members if member.until is None],
        former_members=[member for member in members if member.until is not None],
        partners=[partner for partner in partners if partner.state == "active"],
        former_partners=[partner for partner in partners if partner.state != "active"],
    )


def organisations_around(session: Session, case_id: UUID) -> list[Organisation]:
    """Return the organisations at the table and those of the case's members, by name."""
    at_the_table = select(CasePartner.organisation_id).where(
        CasePartner.case_id == case_id, CasePartner.state == "active"
    )
    of_members = (
        select(Account.organisation_id)
        .join(CaseMember, CaseMember.account_id == Account.id)
        .where(CaseMember.case_id == case_id, CaseMember.until.is_(None))
    )
    return list(
        session.scalars(
            select(Organisation)
            .where(or_(Organisation.id.in_(at_the_table), Organisation.id.in_(of_members)))
            .order_by(Organisation.name)
        )
    )
