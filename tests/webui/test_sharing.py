"""Who reads how much: raised and lowered by the author's organisation alone (P21-P24)."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from engine.clock import TestClock
from engine.models import (
    AuditEntry,
    Case,
    Contribution,
    ContributionShare,
    Decision,
    Job,
    SharingRequest,
)
from engine.sharing import LEVELS, TELLING, why_not
from tests.webui.colleague import add_colleague
from tests.webui.site import Site, Visitor
from tests.webui.story import tell

TO_PLAN = ("intake_to_multi_agency", "analysis_to_plan", "plan_to_implementation")
PARTNERS = ("police.peter", "youth.yara", "school.sofia", "health.hugo")
COVENANT = "Covenant on case consultation"


class Table:
    """A case with one contribution of each partner, whose texts are canaries."""

    def __init__(self, site: Site, level: str = "concern_only") -> None:
        self.site = site
        self.case: Case = tell(site, *TO_PLAN)
        self.contribution: dict[str, UUID] = {}
        self.organisation: dict[str, UUID] = {}
        with site.application.database.transaction() as session:
            rows = {row.organisation_id: row for row in session.scalars(select(Contribution))}
            for person in PARTNERS:
                organisation_id = site._account(session, person).organisation_id
                row = rows[organisation_id]
                row.level, row.concern, row.one_person = level, True, level == "full"
                row.summary, row.body = f"summary-{person}", f"body-{person}"
                row.details = {}
                self.organisation[person] = organisation_id
                self.contribution[person] = row.id
            clara = site._account(session, "chair.clara")
            self.organisation["chair.clara"] = clara.organisation_id
        for person in PARTNERS:
            add_colleague(site, _second(person), person, self.case)
        self.visitors = {name: site.visit(name) for name in (*PARTNERS, "content.emma")}

    def path(self, author: str) -> str:
        return f"/cases/{self.case.code}/contributions/{self.contribution[author]}/sharing"

    def change(self, author: str, audience: str, level: str, **more: str) -> Any:
        whom = str(self.organisation[audience]) if audience in self.organisation else "table"
        form = {"audience": whom, "level": level, "legal_basis": COVENANT, **more}
        return self.visitors[author].post(self.path(author), form)

    def together(self, author: str, audience: str, level: str, **more: str) -> Any:
        """Change it as the author; a second person agrees where that is needed."""
        response = self.change(author, audience, level, **more)
        for row_id in open_requests(self.site):
            second = self.site.visit(_second(author))
            assert second.post(f"/agreements/{row_id}/agree").status_code == 302
        return response

    def read_by(self, person: str) -> str:
        visitor = self.visitors.get(person) or self.site.visit(person)
        return _pages(visitor, self.case)

    def seen(self, reader: str, author: str) -> str:
        """Return the level at which a reader reads the texts of an author."""
        return _level_in(self.read_by(reader), author)


def _level_in(text: str, author: str) -> str:
    if f"body-{author}" in text:
        return "full"
    return "summary" if f"summary-{author}" in text else "less"


def _second(author: str) -> str:
    return f"second.{author}"


def open_requests(site: Site) -> list[UUID]:
    """The ids of what waits for a second person."""
    with site.application.database.reading() as session:
        return list(
            session.scalars(select(SharingRequest.id).where(SharingRequest.outcome.is_(None)))
        )


def _pages(visitor: Visitor, case: Case) -> str:
    text = ""
    for path in (
        "",
        "/people",
        "/timeline?kind=contribution",
        "/timeline?kind=contribution&page=2",
    ):
        visitor.get(f"/cases/{case.code}{path}")
        text += visitor.text()
    return text


@pytest.fixture
def table(site: Site) -> Table:
    return Table(site)


def test_concern_that_may_not_be_explained_has_a_place_of_its_own(table: Table) -> None:
    emma = table.visitors["content.emma"]
    emma.get(f"/cases/{table.case.code}")
    assert "Concerns that may not be explained" in emma.text()
    assert "Mental Health Service East has a concern" in emma.text()
    assert "health.hugo" not in table.read_by("content.emma")


def test_author_lets_one_organisation_read_more_and_it_is_told(table: Table) -> None:
    written = "What the police may know."
    assert (
        table.change("health.hugo", "police.peter", "summary", summary=written).status_code == 302
    )
    assert written in table.read_by("police.peter")
    assert table.seen("youth.yara", "health.hugo") == "less"
    assert written not in table.read_by("youth.yara") + table.read_by("content.emma")
    with table.site.application.database.reading() as session:
        told = session.scalars(select(Job).where(Job.key.startswith("sharing_raised:"))).one()
        assert told.payload["organisation_id"] == str(table.organisation["police.peter"])
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.event == "case:sharing:raise")
        ).one()
        assert entry.detail["before"] == "concern_only"
        assert written not in str(entry.detail)


def test_author_lowers_the_table_and_it_is_confidential_at_once(site: Site) -> None:
    table = Table(site, level="full")
    assert table.seen("youth.yara", "health.hugo") == "full"
    assert table.change("health.hugo", "table", "nothing").status_code == 302
    assert table.seen("youth.yara", "health.hugo") == "less"
    assert "confidential" in table.read_by("youth.yara")
    assert table.seen("health.hugo", "health.hugo") == "full"


def test_more_for_one_organisation_ends_with_its_last_day(table: Table) -> None:
    clock = table.site.application.clock
    assert isinstance(clock, TestClock)
    last = (clock.now() + timedelta(days=2)).date().isoformat()
    table.together("health.hugo", "police.peter", "full", expires_on=last)
    assert table.seen("police.peter", "health.hugo") == "full"
    clock.advance(timedelta(days=2))
    assert table.seen("police.peter", "health.hugo") == "full"
    clock.advance(timedelta(days=1))
    assert table.seen("police.peter", "health.hugo") == "less"


@pytest.mark.parametrize(
    ("audience", "form", "words"),
    [
        ("police.peter", {"level": "summary", "legal_basis": " "}, "Name the law"),
        ("police.peter", {"level": "everything"}, "Choose how much"),
        ("police.peter", {"level": "full", "expires_on": "2020-01-01"}, "in the past"),
        ("police.peter", {"level": "full", "expires_on": "soon"}, "like 2026-12-31"),
        (
            "police.peter",
            {"level": "nothing", "expires_on": "2030-01-01"},
            "no more than",
        ),
        ("table", {"level": "full", "expires_on": "2030-01-01"}, "for one organisation"),
    ],
)
def test_change_that_is_not_allowed_says_what_to_mend_and_stores_nothing(
    table: Table, audience: str, form: dict[str, str], words: str
) -> None:
    response = table.change("health.hugo", audience, **form)
    assert response.status_code == 422
    hugo = table.visitors["health.hugo"]
    assert words in hugo.text()
    assert hugo.page is not None
    link = hugo.page.xpath("//div[contains(@class,'error-summary')]//a/@href")[0]
    assert hugo.page.xpath(f"//*[@id='{link[1:]}']")
    with table.site.application.database.reading() as session:
        assert session.scalars(select(ContributionShare)).unique().all() == []


def test_nobody_else_changes_what_an_organisation_shares(table: Table) -> None:
    for person in ("police.peter", "content.emma", "chair.clara", "mayor.fatima", "child.chris"):
        visitor = table.site.visit(person)
        form = {"audience": "table", "level": "full", "legal_basis": COVENANT}
        there = visitor.get(table.path("health.hugo"))
        nowhere = visitor.get(table.path("health.hugo")[:-12] + "0000/sharing")
        assert there.status_code == nowhere.status_code == 404, person
        assert visitor.post(table.path("health.hugo"), form).status_code == 404, person
    assert table.seen("police.peter", "health.hugo") == "less"


def test_random_changes_give_each_reader_what_the_oracle_says(site: Site) -> None:
    """The oracle keeps, by hand, the level of the table and of each organisation."""
    table = Table(site)
    chance = random.Random(5)
    of_table = dict.fromkeys(PARTNERS, "concern_only")
    of_one: dict[tuple[str, str], str] = {}
    for _ in range(30):
        author = chance.choice(PARTNERS)
        audience = chance.choice([*(one for one in PARTNERS if one != author), "table"])
        level = chance.choice(LEVELS)
        assert table.together(author, audience, level).status_code == 302
        if audience == "table":
            of_table[author] = level
        else:
            of_one[author, audience] = level
        reader = chance.choice(PARTNERS)
        text = table.read_by(reader)
        for one in PARTNERS:
            expected = of_one.get((one, reader), of_table[one])
            shown = expected if expected in TELLING else "less"
            assert _level_in(text, one) == ("full" if one == reader else shown)


def test_content_is_not_handed_on_without_consent_where_the_profile_asks_for_it(
    site: Site,
) -> None:
    case = site.report()
    with site.application.database.transaction() as session:
        profile = site.application.deployment(session).profile.with_values(
            {"consent": "before_sharing"}
        )
        told = (session, case.id, profile)
        assert why_not(*told, "concern_only", "") is None
        assert "has not agreed" in str(why_not(*told, "summary", COVENANT))
        for day, outcome in enumerate(("given", "refused"), 1):
            session.add(
                Decision(
                    case_id=case.id,
                    kind="consent",
                    outcome=outcome,
                    reasons="Asked.",
                    at=site.application.now(session) + timedelta(days=day),
                )
            )
            session.flush()
            assert (why_not(*told, "full", COVENANT) is None) is (outcome == "given")
