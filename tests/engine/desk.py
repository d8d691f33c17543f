"""What people at a desk do, in the words of a test."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from engine import cases, due, worklist
from engine.application import Application
from engine.clock import TestClock
from engine.models import Account, WorkItem, WorkItemState

REPORT = cases.Report("A worry.", "telephone", {"name": "A"}, {})


@dataclass
class Desk:
    """One application with its test clock."""

    application: Application
    clock: TestClock

    def open(self, kind: str = "signal") -> UUID:
        return cases.report_concern(self.application, REPORT, kind=kind).case_id

    def account(self, username: str) -> Account:
        with self.application.database.reading() as session:
            return (
                session.scalars(select(Account).where(Account.username == username)).unique().one()
            )

    def item(self, case: UUID, element: str) -> WorkItem:
        with self.application.database.reading() as session:
            return (
                session.scalars(
                    select(WorkItem).where(
                        WorkItem.case_id == case,
                        WorkItem.element_id == element,
                        WorkItem.state == WorkItemState.OPEN.value,
                    )
                )
                .unique()
                .one()
            )

    def owed(self, case: UUID) -> list[str]:
        with self.application.database.reading() as session:
            return sorted(
                session.scalars(
                    select(WorkItem.element_id).where(
                        WorkItem.case_id == case, WorkItem.state == WorkItemState.OPEN.value
                    )
                )
            )

    def do(
        self,
        case: UUID,
        element: str,
        username: str,
        answers: Mapping[str, Any],
        key: str | None = None,
    ) -> Any:
        item = self.item(case, element)
        return self.answer(item, username, answers, key)

    def answer(
        self, item: WorkItem, username: str, answers: Mapping[str, Any], key: str | None = None
    ) -> Any:
        return worklist.complete(
            self.application, item.id, self.account(username).id, answers, key or str(uuid4())
        )

    def pass_time(self, **delta: int) -> int:
        target = self.clock.now() + timedelta(**delta)
        return due.advance(self.application, self.clock, target)
