"""Lets who works at the machine prove to be the process owner who is named.

Each types the own password, and the code of a second factor where there is one, as on the pages.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import click

from engine.errors import NotPermittedError

if TYPE_CHECKING:
    from engine.application import Application

WRONG = "Name and password do not fit, or the code is wrong."


def prove(application: "Application", username: str) -> UUID:
    """Let a person type the password, and a code where there is a second factor; return who it is.

    Five attempts, counted with those of the sign-in page; raise NotPermittedError for a wrong one.
    """
    from engine import accounts, factor, throttle

    password = click.prompt(f"Password of {username}", hide_input=True, err=True)
    now = datetime.now(UTC)
    key = application.settings.account_key
    with application.database.transaction() as session:
        claimed = throttle.claim(session, key, [(throttle.BY_NAME, username)], now)
    with application.database.transaction() as session:
        account = accounts.authenticate(session, username, password)
        if account is None:
            raise NotPermittedError(WRONG)
        has_factor = factor.has_factor(session, account.id)
    if has_factor:
        code = click.prompt("Code of your app, or a recovery code", err=True)
        with application.database.transaction() as session:
            attempts = throttle.claim(session, key, [(throttle.BY_FACTOR, str(account.id))], now)
        with application.database.transaction() as session:
            if not factor.verify(session, key, account.id, code, now):
                raise NotPermittedError(WRONG)
            throttle.give_back(session, attempts)
    with application.database.transaction() as session:
        throttle.give_back(session, claimed)
    return account.id
