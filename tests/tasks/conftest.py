"""A case that stands at the beginning of one phase, with partners and a published plan."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from engine import due
from engine.models import (
    Account,
    Action,
    Case,
    CaseMember,
    CasePartner,
    Episode,
    Goal,
    Organisation,
    PlanVersion,
)
from engine.scenario_world import World
from engine.settings import ROOT
from engine.turn import Turn, new_instance

PARTNERS = ("police", "youth_work", "mental_health")


class Phase(World):
    """A scenario's world whose case begins in the middle: at one phase, with a plan in force."""

    def __init__(self, process_id: str, starts: str, values: dict[str, Any], **data: Any) -> None:
        local = datetime.fromisoformat(f"{starts}T09:00")
        super().__init__(ROOT / "processes", "base", local, values)
        with self.application.database.transaction() as session:
            deployment = self.application.deployment(session)
            now = self.clock.now()
            case = Case(
                id=uuid4(),
                code="TEST-CASE",
                kind="signal",
                state="open",
                deployment_id=deployment.id,
                created_at=now - timedelta(days=60),
                audit_sequence=0,
                audit_head="",
            )
            session.add(case)
            session.flush()
            codes = {row.code: row for row in session.scalars(select(Organisation))}
            for code in PARTNERS:
                session.add(
                    CasePartner(
                        case_id=case.id,
                        organisation_id=codes[code].id,
                        joined_at=now - timedelta(days=50),
                    )
                )
            for person in session.scalars(select(Account)).unique():
                if "partner" in person.role_codes and person.organisation.code in PARTNERS:
                    session.add(
                        CaseMember(
                            case_id=case.id, account_id=person.id, function="partner", since=now
                        )
                    )
            self._add_plan(session, case, codes)
            instance = new_instance(session, case, process_id, deployment.id, now)
            session.flush()
            episode = Episode(
                id=uuid4(),
                case_id=case.id,
                number=1,
                instance_id=instance.id,
                closing_round=0,
                stage="",
                outcome="",
                started_at=now - timedelta(days=60),
            )
            episode.case, instance.episode = case, episode
            session.add(episode)
            session.flush()
            turn = Turn(self.application, session, instance, now=now, actor=None)
            turn.begin(None, {"case_type": "signal", "is_minor": False, **data})
            turn.settle()
            self._case_id = case.id
        due.run_due(self.application)

    def _add_plan(self, session: Any, case: Case, codes: dict[str, Organisation]) -> None:
        now = self.clock.now()
        plan = PlanVersion(
            id=uuid4(),
            case_id=case.id,
            at=now,
            number=1,
            state="published",
            reason="to begin with",
            social_context="school and family",
            check_in_interval="P1M",
            first_check_in=date(2026, 1, 31),
            published_at=now,
        )
        session.add(plan)
        session.flush()
        own = {"case_id": plan.case_id, "plan_id": plan.id}
        session.add(Goal(**own, position=1, code="g1", title="Back at school"))
        for position, outsourced in ((1, False), (2, True)):
            session.add(
                Action(
                    case_id=plan.case_id,
                    plan_id=plan.id,
                    position=position,
                    goal_code="g1",
                    title=f"Action {position}",
                    kind="social",
                    owner_organisation_id=codes["youth_work"].id,
                    outsourced=outsourced,
                )
            )

    @property
    def case_id(self) -> UUID:
        return UUID(str(self._case_id))

    def do(self, element: str, answers: dict[str, Any] | None = None, **more: Any) -> None:
        """Complete a step; fail with the problem in words."""
        problems = self.take("do", {"do": element, "answers": answers or {}, **more})
        assert problems == []

    def wait(self, duration: str) -> None:
        assert self.take("after", {"after": duration}) == []

    def send(self, message: str) -> None:
        assert self.take("message", {"message": message}) == []

    def shows(self, **expected: Any) -> None:
        assert self.take("expect", {"expect": expected}) == []

    def rows(self, kind: Any) -> list[Any]:
        with self.application.database.reading() as session:
            return list(session.scalars(select(kind).order_by(kind.at)).unique())


@pytest.fixture
def phase() -> Iterator[Callable[..., Phase]]:
    """Begin a phase: `phase("implementation", starts="2026-01-15", values={...})`."""
    opened: list[Phase] = []

    def begin(
        process_id: str,
        starts: str = "2026-01-15",
        values: dict[str, Any] | None = None,
        **data: Any,
    ) -> Phase:
        opened.append(Phase(process_id, starts, values or {}, **data))
        return opened[-1]

    yield begin
    for world in opened:
        world.__exit__(None, None, None)
