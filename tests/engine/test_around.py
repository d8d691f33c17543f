"""Who is around a case stands in one order on each page."""

from uuid import UUID

from sqlalchemy import select

from engine.models import Account, CaseMember, CasePartner, Organisation
from engine.reading.partner import around
from tests.engine.desk import Desk

LET_IN = "practitioner"


def _let_in(desk: Desk, case: UUID, *, backwards: bool) -> list[str]:
    """Let everybody of some agencies in at one instant; return the names, as they were added."""
    now = desk.clock.now()
    with desk.application.database.transaction() as session:
        names = Account.display_name.desc() if backwards else Account.display_name
        people = session.scalars(select(Account).order_by(names)).unique().all()[:8]
        for person in people:
            session.add(CaseMember(case_id=case, account_id=person.id, function=LET_IN, since=now))
        codes = Organisation.name.desc() if backwards else Organisation.name
        for one in session.scalars(select(Organisation).order_by(codes)):
            session.add(
                CasePartner(
                    case_id=case,
                    organisation_id=one.id,
                    state="active",
                    joined_at=now,
                )
            )
        return [person.display_name for person in people]


def test_who_came_in_at_one_instant_stands_by_name(desk: Desk) -> None:
    for backwards in (False, True):
        case = desk.open()
        added = _let_in(desk, case, backwards=backwards)
        with desk.application.database.reading() as session:
            found = around(session, case)
            names = [one.account.display_name for one in found.members if one.function == LET_IN]
            agencies = [one.organisation.name for one in found.partners]
        assert names == sorted(added)
        assert len(agencies) > 1
        assert agencies == sorted(agencies)
