"""Where one human must not be enough: keys, accounts of one human, the database itself (S19)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine import access, accounts, administration, cases, human, provider
from engine.application import Application
from engine.errors import SeparationError
from engine.models import (
    Account,
    Assessment,
    AuditEntry,
    Base,
    CaseStanding,
    CheckIn,
    Decision,
    EmergencyAccess,
    EmergencyReview,
    Episode,
    Note,
)
from tests.engine.desk import REPORT

ISSUER = "https://provider.example"


def named(session: Session, username: str) -> Account:
    return accounts.find_account(session, username)


def make_one(application: Application, *names: str) -> None:
    with application.database.transaction() as session:
        for name in names[1:]:
            human.join(session, named(session, name), named(session, names[0]).person_id)


def test_keys_are_changed_by_two_operators_and_by_nobody_else(application: Application) -> None:
    with application.database.transaction() as session:
        now = application.now(session)
        for by, second in (
            ("operator.otto", "operator.otto"),
            ("operator.otto", "head.greta"),
            ("head.greta", "operator.otto"),
        ):
            with pytest.raises(SeparationError):
                administration.two_operators(session, by, second)
        operators = frozenset({"operator"})
        administration.change_roles(
            session, "head.hanna", operators, "head.greta", "chair.clara", now
        )
        found = administration.two_operators(session, "operator.otto", "head.hanna")
        assert [one.username for one in found] == ["operator.otto", "head.hanna"]
        accounts.disable(session, "head.hanna", now)
        with pytest.raises(SeparationError):
            administration.two_operators(session, "operator.otto", "head.hanna")


def test_accounts_of_one_human_are_not_two_persons_on_the_command_line(
    application: Application,
) -> None:
    make_one(application, "head.greta", "head.hanna")
    with application.database.transaction() as session:
        now = application.now(session)
        for people in (("head.greta", "head.hanna"), ("chair.clara", "head.hanna")):
            concerned = "intake.anna" if "head.greta" in people else "head.greta"
            with pytest.raises(SeparationError):
                administration.change_roles(session, concerned, frozenset({"chair"}), *people, now)


def test_account_is_added_by_two_once_there_are_two(application: Application) -> None:
    def add(session: Session, name: str) -> Account:
        return accounts.add_account(
            session,
            username=name,
            display_name=name,
            password_hash="none",
            organisation=named(session, "intake.anna").organisation,
            roles=frozenset({"chair"}),
            email=f"{name}@example.org",
            now=application.now(session),
        )

    with application.database.transaction() as session:
        now = application.now(session)
        for by, second in (
            (None, None),
            ("head.greta", None),
            ("head.greta", "head.greta"),
            ("head.greta", "new.nora"),
        ):
            with pytest.raises(SeparationError), session.begin_nested():
                administration.note_added(session, add(session, "new.nora"), by, second, now)
        administration.note_added(
            session, add(session, "new.nils"), "head.greta", "chair.clara", now
        )
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.event == administration.ADDED)
        ).one()
        assert entry.detail["roles"] == ["chair"]
        assert entry.actor_id == named(session, "head.greta").id


def test_subject_of_a_provider_stays_one_human_when_it_moves_to_another_account(
    application: Application,
) -> None:
    with application.database.transaction() as session:
        now = application.now(session)
        anna, bram = named(session, "intake.anna"), named(session, "intake.bram")
        assert human.are_apart(anna, bram)
        provider.link(session, anna.id, ISSUER, "4711", now)
        provider.unlink(session, anna.id, ISSUER)
        provider.link(session, bram.id, ISSUER, "4711", now)
        assert not human.are_apart(anna, bram)
        provider.link(session, bram.id, ISSUER, "4712", now)
        administration.declare_person(
            session, "intake.bram", None, "head.greta", "chair.clara", now
        )
        assert human.are_apart(anna, bram)


def test_declaring_two_accounts_one_human_takes_two_others_and_is_on_record(
    application: Application,
) -> None:
    with application.database.transaction() as session:
        now = application.now(session)
        told = ("intake.bram", "intake.anna")
        with pytest.raises(SeparationError):
            administration.declare_person(session, *told, "intake.anna", "head.greta", now)
        administration.declare_person(session, *told, "chair.clara", "head.greta", now)
        assert not human.are_apart(named(session, told[0]), named(session, told[1]))
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.event == "account:person:declare")
        ).one()
        assert entry.detail["second"] == str(named(session, "head.greta").id)


def test_who_stepped_out_does_not_come_back_by_another_account(application: Application) -> None:
    receipt = cases.report_concern(application, REPORT)
    make_one(application, "intake.anna", "intake.bram")
    with application.database.transaction() as session:
        anna = named(session, "intake.anna")
        session.add(
            CaseStanding(
                case_id=receipt.case_id,
                account_id=anna.id,
                function="intake_desk",
                state="recused",
                since=application.now(session),
                reason="friend",
            )
        )
    with application.database.reading() as session:
        from engine.models import Case

        case = session.get_one(Case, receipt.case_id)
        for name in ("intake.anna", "intake.bram"):
            assert not access.may(session, named(session, name), "case:read", case)
        seen = access.visible_cases(session, named(session, "intake.bram"))
        assert session.scalars(select(Case.id).where(seen)).all() == []


# -- the database, below all Python ---------------------------------------------------------------

FIRST, TWIN, OTHER = "chair.clara", "chair.cora", "mayor.fatima"
"""Two accounts of one human, and somebody else."""


class Record:
    """One case with what somebody has stated, and what would be stated next."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.case_id = cases.report_concern(application, REPORT).case_id
        make_one(application, FIRST, TWIN)
        with application.database.reading() as session:
            rows = session.execute(select(Account.username, Account.id, Account.organisation_id))
            found = rows.all()
            self.id: dict[str, UUID] = {row.username: row.id for row in found}
            self.house: dict[str, UUID] = {row.username: row.organisation_id for row in found}
            self.now = application.now(session)
            self.episode_id = session.scalars(
                select(Episode.id).where(Episode.case_id == self.case_id)
            ).one()

    def statement(self, by: str, absent: str = "") -> dict[str, Any]:
        return {
            "case_id": self.case_id,
            "episode_id": self.episode_id,
            "by_id": self.id[by],
            "for_id": self.id[absent] if absent else None,
            "at": self.now,
        }

    def add(self, *rows: Base) -> None:
        with self.application.database.transaction() as session:
            session.add_all(rows)


def _decision(kind: str, outcome: str) -> Callable[..., Base]:
    def make(record: Record, *people: str) -> Base:
        return Decision(
            **record.statement(*people),
            kind=kind,
            outcome=outcome,
            reasons="Why.",
            closing_round=1,
        )

    return make


def _judged(record: Record) -> Base:
    return Assessment(**record.statement(FIRST), kind="signal", summary="What was seen.")


def _proposed(record: Record) -> Base:
    told = {"kind": "check_in", "number": 1, "outcome": "propose_closing", "summary": "Enough."}
    return CheckIn(**record.statement(FIRST), **told)


def _requested(record: Record) -> Base:
    return Note(**record.statement(FIRST), kind="reopening_request", text="It began again.")


DECISIONS = {
    "open a case": (_judged, _decision("route", "multi_agency")),
    "close a case": (_proposed, _decision("closure", "agreed")),
    "reopen a case": (_requested, _decision("reopening", "reopen")),
}


def test_database_refuses_a_decision_of_the_human_who_prepared_it(
    application: Application,
) -> None:
    for first, second in DECISIONS.values():
        record = Record(application)
        record.add(first(record))
        for people in ((FIRST,), (TWIN,), (OTHER, FIRST), (TWIN, OTHER)):
            with pytest.raises(IntegrityError, match="two persons"):
                record.add(second(record, *people))
        record.add(second(record, OTHER))
        # Not by a change afterwards either.
        twin = record.id[TWIN].hex if application.database.is_sqlite else record.id[TWIN]
        change = text("UPDATE decision SET by_id = :id")
        with pytest.raises(IntegrityError), application.database.transaction() as session:
            session.execute(change, {"id": twin})


def test_database_refuses_reviews_and_returns_of_one_human(application: Application) -> None:
    record = Record(application)
    opened = EmergencyAccess(
        case_id=record.case_id,
        account_id=record.id[FIRST],
        organisation_id=record.house[FIRST],
        category="violence",
        motive="Why.",
        opened_at=record.now,
        ends_at=record.now + timedelta(hours=4),
        review_by=record.now + timedelta(hours=72),
    )
    record.add(opened)

    def review(who: str, part: str, opener: str = FIRST) -> EmergencyReview:
        return EmergencyReview(
            access_id=opened.id,
            case_id=record.case_id,
            part=part,
            account_id=record.id[who],
            organisation_id=record.house["police.peter"],
            opener_id=record.id[opener],
            opener_organisation_id=record.house[FIRST],
            finding="justified",
            reasons="Looked at it.",
            at=record.now,
        )

    with pytest.raises(IntegrityError, match="two persons"):
        record.add(review(TWIN, "agency"))
    make_one(application, "police.peter", "privacy.paula")
    record.add(review("police.peter", "agency"))
    with pytest.raises(IntegrityError, match="two persons"):
        record.add(review("privacy.paula", "dpo"))
    back = {"state": "recused", "since": record.now, "reason": "friend", "function": "partner"}
    back |= {"until": record.now, "ended_as": "returned", "case_id": record.case_id}
    for asked, ended, who in ((FIRST, TWIN, OTHER), (FIRST, OTHER, TWIN), (OTHER, FIRST, TWIN)):
        with pytest.raises(IntegrityError, match="two persons"):
            record.add(
                CaseStanding(
                    **back,
                    account_id=record.id[who],
                    return_asked_by_id=record.id[asked],
                    ended_by_id=record.id[ended],
                )
            )
