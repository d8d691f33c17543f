"""An opinion can be changed by its own organisation until the decision, and only until then."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from engine.application import Application
from engine.errors import CasetableError, ConflictError, InputError, NotFoundError
from engine.models import (
    Account,
    Case,
    CaseMember,
    CasePartner,
    ClosingDossier,
    Decision,
    Episode,
    Opinion,
)
from engine.opinion import change_opinion, may_change_opinion
from engine.turn import Turn, new_instance


@pytest.fixture
def case_id(application: Application) -> UUID:
    """A case in the middle of a closing round in which the police have given their opinion."""
    with application.database.transaction() as session:
        deployment, now = application.deployment(session), application.now(session)
        case = Case(
            id=uuid4(),
            code="TEST-CASE",
            kind="signal",
            state="open",
            deployment_id=deployment.id,
            created_at=now,
            audit_sequence=0,
            audit_head="",
        )
        session.add(case)
        session.flush()
        people = {a.username: a for a in session.scalars(select(Account)).unique()}
        partners = [people["police.peter"], people["youth.yara"]]
        for person in partners:
            session.add(
                CasePartner(
                    case_id=case.id,
                    organisation_id=person.organisation_id,
                    joined_at=now - timedelta(days=1),
                )
            )
            session.add(
                CaseMember(case_id=case.id, account_id=person.id, function="partner", since=now)
            )
        session.add(
            CaseMember(
                case_id=case.id, account_id=people["content.emma"].id, function="content", since=now
            )
        )
        instance = new_instance(session, case, "closure_decision", deployment.id, now)
        session.flush()
        episode = Episode(
            id=uuid4(),
            case_id=case.id,
            number=1,
            instance_id=instance.id,
            closing_round=1,
            stage="",
            outcome="",
            started_at=now,
        )
        episode.case, instance.episode = case, episode
        session.add(episode)
        session.flush()
        own: dict[str, Any] = {"case_id": case.id, "episode_id": episode.id, "at": now}
        session.add(
            ClosingDossier(
                **own,
                closing_round=1,
                opinions_due=now + timedelta(days=14),
                organisations=[str(person.organisation_id) for person in partners],
            )
        )
        session.add(
            Opinion(
                **own,
                by_id=partners[0].id,
                organisation_id=partners[0].organisation_id,
                closing_round=1,
                choice="agree",
                reasons="All well.",
            )
        )
        turn = Turn(application, session, instance, now=now, actor=None)
        turn.begin(None, {"case_type": "signal", "is_minor": False, "closing_evidence": "risk"})
        turn.settle()
        return case.id


def person(application: Application, username: str) -> UUID:
    with application.database.reading() as session:
        return session.scalars(select(Account.id).where(Account.username == username)).one()


def opinions(application: Application) -> list[Opinion]:
    with application.database.reading() as session:
        return list(session.scalars(select(Opinion).order_by(Opinion.replaced_by_id.is_(None))))


def offered(application: Application, case_id: UUID, username: str) -> bool:
    with application.database.reading() as session:
        episode = session.scalars(select(Episode).where(Episode.case_id == case_id)).one()
        account = session.get_one(Account, person(application, username))
        return may_change_opinion(session, account, episode)


def test_opinion_changed_keeps_the_old_one(application: Application, case_id: UUID) -> None:
    peter = person(application, "police.peter")
    changed = change_opinion(application, case_id, peter, "disagree", " Seen again. ")
    old, new = opinions(application)
    assert (old.choice, old.replaced_by_id) == ("agree", changed)
    assert (new.id, new.choice, new.reasons, new.replaced_by_id) == (
        changed,
        "disagree",
        "Seen again.",
        None,
    )
    assert (new.by_id, new.organisation_id, new.closing_round) == (peter, old.organisation_id, 1)


def test_opinion_is_not_changed_after_the_decision(application: Application, case_id: UUID) -> None:
    assert offered(application, case_id, "police.peter")
    with application.database.transaction() as session:
        episode = session.scalars(select(Episode).where(Episode.case_id == case_id)).one()
        session.add(
            Decision(
                case_id=case_id,
                episode_id=episode.id,
                at=application.now(session),
                kind="closure",
                outcome="refused",
                reasons="Too early.",
                closing_round=1,
            )
        )
    assert not offered(application, case_id, "police.peter")
    with pytest.raises(ConflictError, match="decision has been taken"):
        change_opinion(
            application, case_id, person(application, "police.peter"), "abstain", "Not sure."
        )
    assert [row.choice for row in opinions(application)] == ["agree"]


@pytest.mark.parametrize(
    ("username", "error"),
    [
        ("youth.yara", ConflictError),  # has not answered yet: the worklist is where to answer
        ("content.emma", NotFoundError),  # reads the case, but speaks for no partner
        ("school.sofia", NotFoundError),  # a partner elsewhere
    ],
)
def test_opinion_belongs_to_the_partner_that_gave_it(
    application: Application, case_id: UUID, username: str, error: type[CasetableError]
) -> None:
    assert not offered(application, case_id, username)
    with pytest.raises(error):
        change_opinion(application, case_id, person(application, username), "disagree", "Because.")
    assert [row.choice for row in opinions(application)] == ["agree"]


@pytest.mark.parametrize(
    ("choice", "reasons"), [("no_answer", "x"), ("maybe", "x"), ("agree", " ")]
)
def test_opinion_must_be_complete(
    application: Application, case_id: UUID, choice: str, reasons: str
) -> None:
    with pytest.raises(InputError):
        change_opinion(application, case_id, person(application, "police.peter"), choice, reasons)
