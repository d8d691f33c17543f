"""Finds organisations and accounts by the codes that forms and process variables carry."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import OperatorError
from engine.language import gettext
from engine.models import Account, AccountRole, Organisation


def organisations(session: Session, codes: Iterable[str]) -> list[Organisation]:
    """Return the organisations in the order of their codes; OperatorError names unknown codes."""
    wanted = list(dict.fromkeys(codes))
    found = {
        row.code: row
        for row in session.scalars(select(Organisation).where(Organisation.code.in_(wanted)))
    }
    unknown = [code for code in wanted if code not in found]
    if unknown:
        raise OperatorError(
            gettext(
                "There is no organisation %(names)s; add it to the directory.",
                names=", ".join(unknown),
            ),
            retryable=False,
        )
    return [found[code] for code in wanted]


def account(session: Session, username: str) -> Account:
    """Return the account with a user name; OperatorError when there is none."""
    found = session.scalars(select(Account).where(Account.username == username)).unique().first()
    if found is None:
        raise OperatorError(
            gettext("There is no account %(name)s; choose another.", name=repr(username)),
            retryable=False,
        )
    return found


def holders(session: Session, organisations: Iterable[Organisation], role: str) -> list[Account]:
    """Return the people of some organisations who hold a role and can sign in."""
    return list(
        session.scalars(
            select(Account)
            .join(AccountRole, AccountRole.account_id == Account.id)
            .where(
                Account.organisation_id.in_([organisation.id for organisation in organisations]),
                Account.disabled_at.is_(None),
                AccountRole.role == role,
            )
            .order_by(Account.username)
        ).unique()
    )
