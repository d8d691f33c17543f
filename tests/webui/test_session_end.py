"""A session that has ended opens no address any more, whatever has ended it (S8)."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.routing import Rule

from engine import accounts, administration, factor
from engine.models import Account, TotpFactor, WebSession
from tests.goal import Figure
from tests.webui.site import Site, Visitor
from webui.guard import permission_of
from webui.identity import wall_clock

ANNA = "intake.anna"
NOBODYS = "00000000-0000-4000-8000-000000000000"


def by_signing_out(site: Site, _: Account) -> None:
    with site.application.database.transaction() as session:
        row = session.scalars(select(WebSession)).unique().one()
        row.revoked_at = wall_clock()


def by_a_new_password(site: Site, _: Account) -> None:
    with site.application.database.transaction() as session:
        person = accounts.find_account(session, ANNA)
        accounts.set_password(session, person, "seven wet birds on a chair", wall_clock())


def by_resetting_the_factor(site: Site, anna: Account) -> None:
    with site.application.database.transaction() as session:
        key = site.application.settings.account_key
        sealed = factor.seal_secret(key, anna.id, factor.new_secret())
        session.add(TotpFactor(account_id=anna.id, secret=sealed, created_at=wall_clock()))
        session.flush()
        administration.reset_factor(session, ANNA, "head.greta", "process.daan", wall_clock())


def by_other_roles(site: Site, _: Account) -> None:
    roles = frozenset({"chair"})
    with site.application.database.transaction() as session:
        administration.change_roles(
            session, ANNA, roles, "head.greta", "process.daan", wall_clock()
        )


def by_disabling(site: Site, _: Account) -> None:
    with site.application.database.transaction() as session:
        accounts.disable(session, ANNA, wall_clock())


def by_idling(site: Site, _: Account) -> None:
    with site.application.database.transaction() as session:
        row = session.scalars(select(WebSession)).unique().one()
        row.seen_at = wall_clock() - timedelta(minutes=21)


def by_age(site: Site, _: Account) -> None:
    with site.application.database.transaction() as session:
        row = session.scalars(select(WebSession)).unique().one()
        row.ends_at = wall_clock()


ENDS = (
    by_signing_out,
    by_a_new_password,
    by_resetting_the_factor,
    by_other_roles,
    by_disabling,
    by_idling,
    by_age,
)


def _guarded(site: Site) -> Iterator[Rule]:
    with site.app.app_context():
        for rule in site.app.url_map.iter_rules():
            permission = permission_of(rule.endpoint)
            if permission is not None and permission.action != "public":
                yield rule


def _address(rule: Rule) -> str:
    """Return an address of the rule, with something in the place of what is variable."""
    kinds = {name: type(found).__name__ for name, found in rule._converters.items()}
    found = {name: NOBODYS if "UUID" in kind else "2222-2222" for name, kind in kinds.items()}
    return "".join(found[part] if varies else part.lstrip("|") for varies, part in rule._trace)


def _knock(visitor: Visitor, rule: Rule, csrf: str) -> set[int]:
    methods = sorted((rule.methods or set()) & {"GET", "POST"})
    address = _address(rule)
    return {
        visitor.client.open(address, method=method, data={"csrf_token": csrf}).status_code
        for method in methods
    }


@pytest.mark.parametrize("end", ENDS)
def test_session_that_has_ended_opens_no_address(
    site: Site, end: Callable[[Site, Account], None], figure: Figure
) -> None:
    anna = site.visit(ANNA)
    csrf = anna.csrf()
    assert anna.get("/").status_code == 200
    with site.application.database.reading() as session:
        account = accounts.find_account(session, ANNA)
    end(site, account)
    answers = {rule.rule: _knock(anna, rule, csrf) for rule in _guarded(site)}
    figure("S8", addresses=len(answers), opened=sum(200 in found for found in answers.values()))
    assert len(answers) > 30
    assert {rule: found for rule, found in answers.items() if found != {302}} == {}
