"""A small world in memory in which one draft is played by hand; nothing in it is real.

It has its own database, its own clock and the demo people, as a scenario has. No mail is sent, no
job leaves it, and no case of the installation is in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, agenda, worklist
from engine.calendar import Duration, occurrence
from engine.deployment import ResolvedDeployment
from engine.errors import CasetableError, NotFoundError
from engine.inbox import EVENTS
from engine.language import gettext, said_again
from engine.language.telling import message_of, told
from engine.linked_file import file_beside
from engine.models import (
    Case,
    CaseState,
    Incident,
    InstanceState,
    ProcessInstance,
    Timer,
    TimerState,
    WorkItem,
    WorkItemState,
)
from engine.reading.travel import latest_instances, processes_of, travel
from engine.scenario import step_kind
from engine.scenario_expectation import Facts
from engine.scenario_world import World
from engine.worklist import TaskForm

BEGINS: Final = datetime(2026, 1, 15, 9)  # noqa: DTZ001 - local time, as in a scenario
Step = dict[str, Any]


@dataclass(frozen=True)
class Owed:
    """One step that somebody owes in the play, and who may do it."""

    element: str
    name: str
    role: str
    organisation: str
    organisation_name: str
    due_at: datetime
    people: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class OtherFile:
    """Another file of the same person, in which one can go on."""

    code: str
    name: str
    state: str


@dataclass(frozen=True)
class Standing:
    """Where a play stands: what can be done next, and where its tokens are."""

    now: datetime
    state: str
    stage: str
    owed: tuple[Owed, ...]
    timers: tuple[tuple[str, datetime], ...]
    next_at: datetime | None
    messages: tuple[str, ...]
    can_reopen: bool
    incidents: tuple[str, ...]
    diagrams: tuple[str, ...]
    """Those that were entered, the one in which most goes on last."""
    file: str = ""
    """The name of the file that one is in; empty where the structure keeps one."""
    others: tuple[OtherFile, ...] = ()


@dataclass
class Sandbox:
    """One play: the world, and the acts that were done in it."""

    world: World
    deployment: ResolvedDeployment
    done: list[Step] = field(default_factory=list)

    def take(self, step: Step) -> list[str]:
        """Do one act; return what speaks against it, in a sentence each."""
        try:
            problems = self.world.take(step_kind(step), step)
        except CasetableError as error:
            problems = [message_of(error)]
        if not problems:
            self.done.append(step)
        return problems

    @property
    def now(self) -> datetime:
        """Return the instant of the play's clock."""
        return self.world.clock.now()

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of the draft's profile."""
        return self.world.zone

    @property
    def case_id(self) -> UUID:
        """Return the play's case; raise NotFoundError before it has begun."""
        if self.world.case_id is None:
            raise NotFoundError(told("The play has not begun."))
        return self.world.case_id

    @contextmanager
    def looking(self) -> Iterator[Session]:
        """Give a session over the play's own database."""
        with self.world.application.database.reading_as(None) as session:
            yield session

    def close(self) -> None:
        """Let the world go."""
        self.world.application.database.close()

    # -- looking ------------------------------------------------------------------------------

    def standing(self) -> Standing:
        """Return where the play stands; raise NotFoundError before it has begun."""
        with self.looking() as session:
            case = self._case(session)
            running = self._running(session, case)
            return Standing(
                now=self.now,
                state=case.state,
                stage=next((row.episode.stage for row in running if row.episode), ""),
                owed=tuple(self._owed(session, item) for item in _open_items(session, case)),
                timers=tuple(self._timers(session, case)),
                next_at=agenda.next_due(session, self.now),
                messages=tuple(
                    sorted({name for row in running for name in row.awaited if name in EVENTS})
                ),
                can_reopen=case.state in {CaseState.CLOSED.value, CaseState.ENDED.value},
                incidents=tuple(self._incidents(session, case)),
                diagrams=tuple(self._diagrams(session, case)),
                file=self._file_name(case.file),
                others=tuple(self._others(session, case)),
            )

    def _case(self, session: Session) -> Case:
        return session.get_one(Case, self.case_id)

    def _running(self, session: Session, case: Case) -> Sequence[ProcessInstance]:
        return [
            row
            for row in latest_instances(session, case.id)
            if row.status == InstanceState.RUNNING.value
        ]

    def _owed(self, session: Session, item: WorkItem) -> Owed:
        people = access.able_accounts(session, item)
        organisation = item.organisation
        return Owed(
            element=item.element_id,
            name=item.name,
            role=self.deployment.profile.role_name(item.role),
            organisation=organisation.code if organisation else "",
            organisation_name=organisation.name if organisation else "",
            due_at=item.due_at,
            people=tuple((one.username, one.display_name) for one in people),
        )

    def _timers(self, session: Session, case: Case) -> Iterator[tuple[str, datetime]]:
        rows = session.scalars(
            select(Timer)
            .join(ProcessInstance, ProcessInstance.id == Timer.instance_id)
            .where(ProcessInstance.case_id == case.id, Timer.state == TimerState.WAITING.value)
            .order_by(Timer.due_at)
        )
        for row in rows:
            yield self.deployment.element(row.process_id, row.element_id).label, row.due_at

    def _incidents(self, session: Session, case: Case) -> Iterator[str]:
        rows = session.scalars(
            select(Incident).where(Incident.case_id == case.id, Incident.state == "open")
        )
        for row in rows:
            yield said_again(row.said, row.message)

    def _file_name(self, code: str) -> str:
        file = self.deployment.profile.files.get(code)
        return file.name if file else ""

    def _others(self, session: Session, case: Case) -> Iterator[OtherFile]:
        for code, one in self.deployment.profile.files.items():
            found = None if code == case.file else file_beside(session, case.id, code)
            if found is not None:
                yield OtherFile(code, one.name, session.get_one(Case, found).state)

    def _diagrams(self, session: Session, case: Case) -> list[str]:
        rows = latest_instances(session, case.id)
        running = [row for row in rows if row.status == InstanceState.RUNNING.value]
        entered = dict.fromkeys(name for row in rows for name in processes_of(session, row))
        active = dict.fromkeys(name for row in running for name in row.active)
        found = [name for name in entered if name not in active]
        return [name for name in [*found, *active] if name in self.deployment.processes]

    def marks(self, process_id: str) -> dict[str, dict[str, str]]:
        """Return for the drawing of a process where the tokens are and what was gone over."""
        found: dict[str, dict[str, str]] = {}
        with self.looking() as session:
            for row in reversed(latest_instances(session, self._case(session).id)):
                path = travel(session, row, process_id)
                for flow in path.flows:
                    found[flow] = {"mark": "gone"}
                for element, times in path.visited.items():
                    words = f"{times}×" if times > 1 else ""  # noqa: RUF001 - the sign
                    found[element] = {"mark": "gone", "words": words}
                if row.status == InstanceState.RUNNING.value:
                    for element in path.active:
                        found[element] = {"mark": "token", "words": gettext("here")}
        return found

    def facts(self) -> dict[str, Any]:
        """Return what a scenario can expect where the play stands now."""
        with self.looking() as session:
            facts = Facts(session, self.case_id, self.zone)
            return {"case": facts.case(), "stage": facts.stage(), "owed": facts.owed()}

    # -- doing --------------------------------------------------------------------------------

    def form(
        self, session: Session, element: str, organisation: str, username: str
    ) -> tuple[WorkItem, TaskForm, Owed]:
        """Return the open step that is meant with its form; raise NotFoundError when it is gone."""
        case = self._case(session)
        for item in _open_items(session, case):
            code = item.organisation.code if item.organisation else ""
            if item.element_id != element or (organisation and code != organisation):
                continue
            owed = self._owed(session, item)
            people = access.able_accounts(session, item)
            account = next((one for one in people if one.username == username), None)
            if account is None and not people:
                raise NotFoundError(told("Nobody may do this step."))
            form = worklist.form_for(session, self.world.application, item, account or people[0])
            return item, form, owed
        raise NotFoundError(told("This step is not owed any more."))

    def until(self, target: datetime) -> str:
        """Return the duration from now until an instant, whole days of the calendar first."""
        days = max(0, (target - self.now).days - 1)
        while occurrence(self.now, Duration(days=days + 1), 1, self.zone) <= target:
            days += 1
        rest = target - occurrence(self.now, Duration(days=days), 1, self.zone)
        seconds = -(-rest // timedelta(seconds=1))
        hours, seconds = divmod(seconds, 3600)
        minutes, seconds = divmod(seconds, 60)
        return str(Duration(days=days, hours=hours, minutes=minutes, seconds=seconds))


def _open_items(session: Session, case: Case) -> list[WorkItem]:
    return list(
        session.scalars(
            select(WorkItem)
            .where(WorkItem.case_id == case.id, WorkItem.state == WorkItemState.OPEN.value)
            .order_by(WorkItem.created_at, WorkItem.element_id, WorkItem.organisation_id)
        ).unique()
    )


def begin(processes_dir: Any, deployment: ResolvedDeployment, values: Mapping[str, Any]) -> Sandbox:
    """Return a world in which a draft has not begun yet; a process has one at a time."""
    world = World(
        processes_dir,
        deployment.profile.code,
        BEGINS,
        values,
        drawn=deployment,
    )
    return Sandbox(world, deployment)
