"""The data-protection officer verifies the trail, takes its head along, and reads no case."""

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from engine.checkpoint import read_head
from engine.models import AccountRole, AuditEntry, CaseMember
from engine.models.guard import release_audit
from tests.conftest import with_all_rights
from tests.webui.site import Site
from tests.webui.story import tell

PAGE = "/data-protection"


def test_officer_finds_a_planted_change_of_one_row(site: Site) -> None:
    case = site.report()
    paula = site.visit("privacy.paula")
    paula.get(PAGE)
    assert "not been checked yet" in paula.text()
    paula.post(f"{PAGE}/verification")
    paula.get(PAGE)
    assert "whole" in paula.text()
    with with_all_rights(site.application.database) as session:
        release_audit(session.connection())
        session.execute(
            update(AuditEntry)
            .where(AuditEntry.case_id == case.id, AuditEntry.sequence == 1)
            .values(subject="somebody else")
        )
    paula.post(f"{PAGE}/verification")
    paula.get(PAGE)
    assert f"Case {case.code}: entry 1 was changed" in paula.text()


def test_officer_takes_the_head_along_and_checks_against_it(site: Site) -> None:
    site.report()
    paula = site.visit("privacy.paula")
    answer = paula.post(f"{PAGE}/head")
    assert "attachment" in answer.headers["Content-Disposition"]
    line = answer.get_data(as_text=True)
    assert read_head(site.application.settings.audit_key, line).sequence == 1
    assert paula.post(f"{PAGE}/verification", {"head": line}).status_code == 302
    paula.get(PAGE)
    assert "against a line that was kept elsewhere" in paula.text()
    assert "Paula Vries" in paula.text()
    assert paula.post(f"{PAGE}/verification", {"head": "made up"}).status_code == 422
    assert "no exported head" in paula.text()


def test_officer_sees_who_looked_most_and_no_content(site: Site) -> None:
    case = tell(site, "intake_to_multi_agency")
    anna = site.visit("intake.anna")
    for _ in range(3):
        anna.get(f"/cases/{case.code}")
    site.visit("head.greta").get(f"/cases/{case.code}")
    paula = site.visit("privacy.paula")
    paula.get(PAGE)
    for words in ("Anna Visser", "Greta Postma", "Asked for in vain"):
        assert words in paula.text(), words
    for path in ("", "/timeline", "/people"):
        assert paula.get(f"/cases/{case.code}{path}").status_code == 404
    asked = paula.get(f"{PAGE}/readers?code={case.code.lower()}")
    assert asked.headers["Location"] == f"/cases/{case.code}/readers"
    assert paula.get(f"/cases/{case.code}/readers").status_code == 200
    assert "Anna Visser" in paula.text()
    assert "Person A" not in paula.text()


@pytest.mark.parametrize("username", ["head.greta", "chair.clara", "police.peter"])
def test_page_is_the_officers_alone(site: Site, username: str) -> None:
    visitor = site.visit(username)
    assert visitor.get(PAGE).status_code == 404
    assert visitor.post(f"{PAGE}/verification").status_code == 404
    assert visitor.post(f"{PAGE}/head").status_code == 404


def test_officer_cannot_be_made_a_member_of_a_case(site: Site) -> None:
    case = site.report()
    database = site.application.database
    with (
        pytest.raises(DBAPIError, match="takes part in no case"),
        database.transaction() as session,
    ):
        session.add(
            CaseMember(
                case_id=case.id,
                account_id=site._account(session, "privacy.paula").id,
                function="partner",
                since=case.created_at,
            )
        )


def test_member_of_a_case_cannot_be_made_the_officer(site: Site) -> None:
    tell(site, "intake_to_multi_agency")
    database = site.application.database
    with database.reading() as session:
        member = session.scalars(select(CaseMember.account_id)).first()
    with (
        pytest.raises(DBAPIError, match="takes part in no case"),
        database.transaction() as session,
    ):
        session.add(AccountRole(account_id=member, role="dpo"))
