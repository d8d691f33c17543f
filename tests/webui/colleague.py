"""Gives an organisation of the demonstration a second person in a case."""

from engine import accounts, demo, membership
from engine.models import Case, Organisation
from tests.webui.site import Site


def add_colleague(
    site: Site, username: str, like: str, case: Case | None = None, role: str = "partner"
) -> None:
    """Add an account of somebody's organisation, with a part in a case where one is given."""
    with site.application.database.transaction() as session:
        first = site._account(session, like)
        accounts.add_account(
            session,
            username=username,
            display_name=username.title(),
            password_hash=demo._password_hash(),
            organisation=session.get_one(Organisation, first.organisation_id),
            roles=frozenset({role}),
            email=f"{username}@example.org",
            now=site.application.now(session),
        )
    if case is not None:
        take_part(site, username, case, role)


def take_part(site: Site, username: str, case: Case, function: str) -> None:
    """Give somebody a part in a case."""
    with membership.deed(site.application, case.id, None) as what:
        person = site._account(what.session, username)
        membership.begin(
            what, person, function, granted_by_id=None, legal_basis=None, reason="added"
        )
