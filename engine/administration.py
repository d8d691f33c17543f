"""Changes to somebody's account that two other persons make together, on record (S9)."""

from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import account_notice, accounts, audit, factor, human, leaving, provider
from engine.errors import ConflictError, InputError, SeparationError
from engine.models import Account

OPERATOR = "operator"
ADDED = "account:account:add"
ENOUGH = 2


def reset_factor(session: Session, username: str, by: str, second: str, now: datetime) -> None:
    """Take the second factor of somebody who lost it; he or she sets up a new one."""

    def change(account: Account) -> None:
        if not factor.remove_all(session, account.id):
            raise ConflictError(f"{username} has no second factor.")
        accounts.end_sessions(session, account.id, now)
        account_notice.tell(session, account.id, "account_factor_reset", now)

    _together(session, "account:factor:reset", (username, by, second), now, change)


def reset_password(
    session: Session, username: str, password: str, by: str, second: str, now: datetime
) -> None:
    """Give somebody who forgot it a new password, which is changed before anything else."""

    def change(account: Account) -> None:
        accounts.set_password(session, account, password, now, is_lent=True)
        account_notice.tell(session, account.id, "account_password_reset", now)

    _together(session, "account:password:reset", (username, by, second), now, change)


def change_roles(
    session: Session, username: str, roles: frozenset[str], by: str, second: str, now: datetime
) -> None:
    """Replace somebody's roles; the sessions of that person end at once (S8)."""
    if not roles:
        raise InputError("Give at least one role, or disable the account.")
    leaving.check_roles(session, accounts.find_account(session, username).id, roles)
    _together(
        session,
        "account:role:change",
        (username, by, second),
        now,
        lambda account: accounts.set_roles(session, account, roles, now),
        roles=sorted(roles),
    )


def link_provider(
    session: Session, username: str, at: tuple[str, str], by: str, second: str, now: datetime
) -> None:
    """Let somebody sign in `at` an issuer, under its number for the person (V6.8.1)."""
    issuer, subject = at

    def change(account: Account) -> None:
        provider.link(session, account.id, issuer, subject.strip(), now)
        accounts.end_sessions(session, account.id, now)
        account_notice.tell(session, account.id, "account_linked", now)

    _together(session, "account:provider:link", (username, by, second), now, change)


def unlink_provider(
    session: Session, username: str, issuer: str, by: str, second: str, now: datetime
) -> None:
    """Let somebody sign in by the provider no more; the sessions of that person end at once."""

    def change(account: Account) -> None:
        if not provider.unlink(session, account.id, issuer):
            raise ConflictError(f"{username} is not linked.")
        accounts.end_sessions(session, account.id, now)
        account_notice.tell(session, account.id, "account_unlinked", now)

    _together(session, "account:provider:unlink", (username, by, second), now, change)


def declare_person(
    session: Session, username: str, same_as: str | None, by: str, second: str, now: datetime
) -> None:
    """Say that two accounts are one human's, or (without the other) that an account is nobody's.

    Wherever two persons are asked for they count as one from now on (S19).
    """
    other = accounts.find_account(session, same_as) if same_as else None
    if other is not None and other.username in {by, second}:
        raise SeparationError("This takes two persons, and neither may be the one concerned.")

    def change(account: Account) -> None:
        if other is not None:
            human.join(session, account, other.person_id)
        else:
            account.person_id = uuid4()

    told = {"same_as": str(other.id) if other else ""}
    _together(session, "account:person:declare", (username, by, second), now, change, **told)


def note_added(
    session: Session, account: Account, by: str | None, second: str | None, now: datetime
) -> None:
    """Put on record that an account was added, with its roles: by two, once there are two others.

    Threat: one person adds an account of the own, and is two from then on.
    """
    account.password_is_lent = True
    session.flush()
    others = select(func.count(Account.person_id.distinct())).where(
        Account.disabled_at.is_(None), Account.person_id != account.person_id
    )
    told: dict[str, object] = {"roles": sorted(account.role_codes)}
    if by and second:
        _together(session, ADDED, (account.username, by, second), now, lambda _: None, **told)
    elif (session.scalar(others) or 0) >= ENOUGH:
        raise SeparationError("An account takes two persons: name them with --by and --second.")
    else:
        audit.record(session, None, at=now, actor_id=None, event=ADDED, subject=account.id, **told)


def two_operators(session: Session, by: str, second: str) -> tuple[Account, Account]:
    """Return the two who change or bring back keys; raise SeparationError when they are not two."""
    first, other = (accounts.find_account(session, name) for name in (by, second))
    if not human.are_apart(first, other):
        raise SeparationError("This takes two persons; name a second operator.")
    for person in (first, other):
        if person.disabled_at is not None or OPERATOR not in person.role_codes:
            raise SeparationError(
                f"{person.username} is no operator; see casetable user roles --role {OPERATOR}."
            )
    return first, other


def _together(
    session: Session,
    event: str,
    people: tuple[str, str, str],
    now: datetime,
    change: Callable[[Account], None],
    **detail: object,
) -> None:
    account, by, second = (accounts.find_account(session, name) for name in people)
    if not human.are_apart(account, by, second):
        raise SeparationError("This takes two persons, and neither may be the one concerned.")
    for person in (by, second):
        if person.disabled_at is not None:
            raise SeparationError(f"{person.username} is disabled; name somebody who works here.")
    change(account)
    audit.record(
        session,
        None,
        at=now,
        actor_id=by.id,
        event=event,
        subject=account.id,
        second=str(second.id),
        **detail,
    )
