"""Running cases in the shipped lifecycle, and edited drawings to move them to."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select

from engine.application import Application
from engine.deployment import ResolvedDeployment, store
from engine.migrating import run as runs
from engine.models import (
    Account,
    Case,
    CurrentDeployment,
    Deployment,
    InstanceState,
    MigrationRun,
    ProcessInstance,
    Timer,
    TimerState,
    WorkItem,
    WorkItemState,
)
from tests.proof.edit import BPMN, Sheet, property_of

OWNER = "owner.olga"


class House:
    """One application with its current deployment and those that are made from it."""

    def __init__(self, application: Application) -> None:
        self.application = application
        with application.database.reading() as session:
            self.shipped = application.deployment(session)

    # -- drawings ----------------------------------------------------------------------------------

    def stored(self, files: Mapping[str, bytes]) -> str:
        """Store the shipped files with others laid over them; new cases stay on the shipped."""
        changed = ResolvedDeployment({**self.shipped.files, **files})
        with self.application.database.transaction() as session:
            store(session, changed, at=self.application.now(session), note="edited")
            session.merge(CurrentDeployment(profile="base", deployment_id=self.shipped.id))
        return changed.id

    def sheet(self, file: str) -> Sheet:
        return Sheet(self.shipped.files[file])

    def edited(self, file: str, sheet: Sheet) -> str:
        return self.stored({file: sheet.content})

    # -- runs --------------------------------------------------------------------------------------

    def owner(self) -> UUID:
        with self.application.database.reading() as session:
            wanted = select(Account.id).where(Account.username == OWNER)
            return session.scalars(wanted).one()

    def planned(self, to: str, places: Mapping[str, str] | None = None) -> MigrationRun:
        owner = self.owner()
        run_id = runs.ask(
            self.application, owner, self.shipped.id, to, places or {}, by_worker=False
        )
        while not runs.work(self.application, run_id):
            pass
        return self.run(run_id)

    def moved(self, to: str, places: Mapping[str, str] | None = None) -> MigrationRun:
        run = self.planned(to, places)
        assert run.state == "planned", run.problem
        runs.begin(self.application, run.id, self.owner(), by_worker=False)
        return self.worked(run.id)

    def worked(self, run_id: UUID) -> MigrationRun:
        while not runs.work(self.application, run_id):
            pass
        run = self.run(run_id)
        assert run.state == "done", run.problem
        return run

    def reverted(self, run_id: UUID) -> MigrationRun:
        return self.worked(runs.revert(self.application, run_id, self.owner()))

    def run(self, run_id: UUID) -> MigrationRun:
        with self.application.database.reading() as session:
            return runs.find(session, run_id)

    # -- rows --------------------------------------------------------------------------------------

    def instance(self, case: Case) -> ProcessInstance:
        with self.application.database.reading() as session:
            return (
                session.scalars(
                    select(ProcessInstance).where(
                        ProcessInstance.case_id == case.id,
                        ProcessInstance.process_id == "case_management",
                        ProcessInstance.status == InstanceState.RUNNING.value,
                    )
                )
                .unique()
                .one()
            )

    def items(self, case: Case) -> dict[str, WorkItem]:
        with self.application.database.reading() as session:
            rows = session.scalars(
                select(WorkItem).where(
                    WorkItem.case_id == case.id, WorkItem.state == WorkItemState.OPEN.value
                )
            ).unique()
            return {row.element_id: row for row in rows}

    def timers(self, case: Case) -> dict[str, Timer]:
        with self.application.database.reading() as session:
            rows = session.scalars(
                select(Timer)
                .join(ProcessInstance, ProcessInstance.id == Timer.instance_id)
                .where(ProcessInstance.case_id == case.id, Timer.state == TimerState.WAITING.value)
            )
            return {row.element_id: row for row in rows}


def verdicts(run: MigrationRun, which: str = "result") -> list[tuple[str, int]]:
    """Return what was said of each group, with how many cases it has."""
    return sorted((one["verdict"], one["count"]) for one in getattr(run, which)["groups"])


def set_property(sheet: Sheet, element: str, name: str, value: str) -> None:
    property_of(sheet.named(element), name).set("value", value)


def rename(sheet: Sheet, element: str, name: str) -> None:
    sheet.named(element).set("name", name)


def duration(sheet: Sheet, definition: str, value: str) -> None:
    found = sheet.named(definition)[0]
    found.tag, found.text = BPMN + "timeDuration", value


__all__ = ["Deployment", "House", "duration", "rename", "set_property", "verdicts"]
