"""What the lists of a person hold: the own, and while somebody is away the absent person's."""

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import Session

from engine.access.condition import cases_of, cases_through, work_items_of, work_items_through
from engine.access.person import persons
from engine.models import Account


def visible_cases(session: Session, account: Account) -> ColumnElement[bool]:
    """Return the condition under which a row of Case is visible to the account."""
    own, *absent = persons(session, account)
    ways = [cases_of(own), *(cases_through(account, one) for one in absent)]
    return or_(*ways)


def visible_work_items(session: Session, account: Account) -> ColumnElement[bool]:
    """Return the condition under which an open WorkItem may be done by the account."""
    own, *absent = persons(session, account)
    return or_(work_items_of(own), *(work_items_through(account, one) for one in absent))
