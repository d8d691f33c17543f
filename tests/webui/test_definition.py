"""A newer definition is asked of the partners of running cases, and the case goes on (P30)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.definition import confirm
from engine.deployment import ResolvedDeployment, publish
from engine.errors import ConflictError, NotFoundError
from engine.models import AuditEntry, Case, CasePartner, CaseState
from tests.webui.colleague import take_part
from tests.webui.site import Site, Visitor

HUGO, PETER, EMMA, DAAN = "health.hugo", "police.peter", "content.emma", "process.daan"
NEW = "A newer meaning of the word."


class Running:
    """A case with two partners who have confirmed version 1, and one who has said nothing."""

    def __init__(self, site: Site) -> None:
        self.site, self.case = site, site.report()
        for person, function in (
            (HUGO, "partner"),
            (PETER, "partner"),
            ("youth.yara", "partner"),
            (EMMA, "content_coordinator"),
            (DAAN, "process_coordinator"),
        ):
            take_part(site, person, self.case, function)
        with site.application.database.transaction() as session:
            now = site.application.now(session)
            for person in (HUGO, PETER, "youth.yara"):
                account = site._account(session, person)
                said = person != "youth.yara"
                session.add(
                    CasePartner(
                        case_id=self.case.id,
                        organisation_id=account.organisation_id,
                        joined_at=now,
                        sharing_level="summary" if said else "undeclared",
                        sharing_statement={
                            "definition_version": "1",
                            "definition_remarks": "Agreed.",
                            "declared_at": now.isoformat(),
                            "declared_by": account.display_name,
                        }
                        if said
                        else {},
                    )
                )

    @property
    def path(self) -> str:
        return f"/cases/{self.case.code}/definition"

    def publish(self, version: str = "2") -> None:
        with self.site.application.database.reading() as session:
            before = self.site.application.deployment(session)
        text = before.files["profile.toml"].decode()
        old = before.profile.texts
        text = text.replace(
            f'definition_version = "{old["definition_version"]}"',
            f'definition_version = "{version}"',
        )
        assert f'definition_version = "{version}"' in text
        changed = ResolvedDeployment({**before.files, "profile.toml": text.encode()})
        with self.site.application.database.transaction() as session:
            at = self.site.application.now(session) + timedelta(minutes=1)
            publish(session, changed, at=at, note="a new definition")

    def statement(self, username: str) -> dict[str, object]:
        with self.site.application.database.reading() as session:
            house = self.site._account(session, username).organisation_id
            row = session.scalars(
                select(CasePartner).where(
                    CasePartner.case_id == self.case.id, CasePartner.organisation_id == house
                )
            ).one()
            return dict(row.sharing_statement)

    def account_id(self, username: str):  # type: ignore[no-untyped-def]  # noqa: ANN201
        with self.site.application.database.reading() as session:
            return self.site._account(session, username).id


@pytest.fixture
def running(site: Site) -> Running:
    return Running(site)


def _asked(visitor: Visitor, path: str) -> bool:
    visitor.get("/")
    return bool(visitor.page is not None and visitor.page.xpath(f"//a[@href='{path}']"))


def test_nobody_is_asked_while_the_definition_stays(running: Running) -> None:
    hugo = running.site.visit(HUGO)
    assert not _asked(hugo, running.path)
    assert "has to be confirmed" not in hugo.get(f"/cases/{running.case.code}").text
    assert "Confirm it for" not in hugo.get(running.path).text
    with pytest.raises(ConflictError, match="nothing to confirm"):
        confirm(running.site.application, running.case.id, running.account_id(HUGO), "1")


def test_partner_confirms_the_newer_definition_and_the_coordinator_sees_who_has_not(
    running: Running,
) -> None:
    running.publish()
    hugo, daan = running.site.visit(HUGO), running.site.visit(DAAN)
    assert _asked(hugo, running.path)
    assert not _asked(daan, running.path), "a coordinator confirms for no organisation"
    overview = daan.get(f"/cases/{running.case.code}").text
    assert "The new definition has to be confirmed" in overview
    for name in ("Mental Health Service", "Police"):
        assert name in overview.partition("Asked: ")[2].partition(".")[0]
    assert "Confirm the new definition" in hugo.get(f"/cases/{running.case.code}").text

    hugo.get(running.path)
    assert hugo.post(running.path, {"version": "2"}).status_code == 422
    assert "Confirm the definition, or talk" in hugo.text()
    given = {"version": "2", "confirmed": "yes", "remarks": "We would say it shorter."}
    assert hugo.post(running.path, given).status_code == 302
    assert not _asked(hugo, running.path)

    said = running.statement(HUGO)
    assert (said["definition_version"], said["definition_remarks"]) == ("2", given["remarks"])
    [earlier] = said["earlier_definitions"]  # type: ignore[misc]
    assert (earlier["definition_version"], earlier["definition_remarks"]) == ("1", "Agreed.")
    assert earlier["definition_confirmed_at"] == said["declared_at"]
    assert running.statement(PETER)["definition_version"] == "1"

    asked = daan.get(f"/cases/{running.case.code}").text.partition("Asked: ")[2].partition(".")[0]
    assert "Police" in asked
    assert "Mental Health Service" not in asked
    shown = daan.get(running.path).text
    assert given["remarks"] in shown
    assert "asked to confirm version 2" in shown
    assert "Confirm it for" not in shown


def test_confirmation_is_proved_in_the_audit_trail(running: Running) -> None:
    running.publish()
    me = running.account_id(HUGO)
    confirm(running.site.application, running.case.id, me, "2")
    with running.site.application.database.reading() as session:
        [entry] = session.scalars(
            select(AuditEntry).where(AuditEntry.event == "case:definition:confirm")
        )
        assert (entry.case_id, entry.actor_id) == (running.case.id, me)
        assert (entry.detail["version"], entry.detail["before"]) == ("2", "1")
    with pytest.raises(ConflictError, match="nothing to confirm"):
        confirm(running.site.application, running.case.id, me, "2")


def test_only_the_newest_version_is_confirmed_and_only_by_a_partner(running: Running) -> None:
    running.publish()
    running.publish("3")
    with pytest.raises(ConflictError, match="changed again"):
        confirm(running.site.application, running.case.id, running.account_id(HUGO), "2")
    with pytest.raises(NotFoundError):
        confirm(running.site.application, running.case.id, running.account_id(EMMA), "3")
    with pytest.raises(ConflictError, match="nothing to confirm"):
        confirm(running.site.application, running.case.id, running.account_id("youth.yara"), "3")
    stranger = running.site.visit("school.sofia")
    assert stranger.get(running.path).status_code == 404
    assert stranger.post(running.path, {"version": "3", "confirmed": "yes"}).status_code == 404
    assert running.statement(HUGO)["definition_version"] == "1"


def test_a_case_that_has_ended_asks_nobody(running: Running) -> None:
    running.publish()
    with running.site.application.database.transaction() as session:
        session.get_one(Case, running.case.id).state = CaseState.ENDED.value
    hugo = running.site.visit(HUGO)
    assert not _asked(hugo, running.path)
    with pytest.raises(ConflictError, match="nothing to confirm"):
        confirm(running.site.application, running.case.id, running.account_id(HUGO), "2")
