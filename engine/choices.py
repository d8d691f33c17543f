"""Options of form fields that come from the directory and the case file."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import ScalarSelect, select
from sqlalchemy.orm import Session

from engine.form import Option
from engine.models import (
    Account,
    AccountRole,
    Action,
    Case,
    CasePartner,
    Goal,
    Organisation,
    PlanVersion,
)
from engine.session import asked_once

COORDINATING = ("process_coordinator", "content_coordinator")


@dataclass(frozen=True)
class CaseDirectory:
    """The people, organisations, goals and actions that can be chosen in one case."""

    session: Session
    case: Case
    _found: dict[str, Sequence[Option]] = field(default_factory=dict, init=False, repr=False)
    """Read once for one form: each row of a list asks for the same options."""

    def options(self, name: str) -> Sequence[Option]:
        """Return the options called `name`; an unknown name has none."""
        if name not in self._found:
            question = ("options", self.case.id, name)
            self._found[name] = asked_once(self.session, question, lambda: self._read(name))
        return self._found[name]

    def _read(self, name: str) -> Sequence[Option]:
        found = {
            "people": self._people,
            "organisations": self._organisations,
            "partners": self._partners,
            "goals": self._goals,
            "actions": self._actions,
        }.get(name)
        return found() if found else ()

    def _people(self) -> list[Option]:
        rows = self.session.scalars(
            select(Account)
            .join(AccountRole, AccountRole.account_id == Account.id)
            .where(Account.disabled_at.is_(None), AccountRole.role.in_(COORDINATING))
            .order_by(Account.display_name)
        ).unique()
        return [Option(account.username, account.display_name) for account in rows]

    def _organisations(self) -> list[Option]:
        rows = self.session.scalars(select(Organisation).order_by(Organisation.name))
        return [Option(row.code, row.name) for row in rows]

    def _partners(self) -> list[Option]:
        rows = self.session.scalars(
            select(Organisation)
            .join(CasePartner, CasePartner.organisation_id == Organisation.id)
            .where(CasePartner.case_id == self.case.id, CasePartner.state == "active")
            .order_by(Organisation.name)
        )
        return [Option(row.code, row.name) for row in rows]

    def _newest_plan(self) -> ScalarSelect[UUID]:
        return (
            select(PlanVersion.id)
            .where(PlanVersion.case_id == self.case.id)
            .order_by(PlanVersion.number.desc())
            .limit(1)
            .scalar_subquery()
        )

    def _goals(self) -> list[Option]:
        rows = self.session.scalars(
            select(Goal).where(Goal.plan_id == self._newest_plan()).order_by(Goal.position)
        )
        return [Option(row.code, row.title) for row in rows]

    def _actions(self) -> list[Option]:
        rows = self.session.scalars(
            select(Action).where(Action.plan_id == self._newest_plan()).order_by(Action.position)
        )
        return [Option(str(row.position), row.title) for row in rows]
