"""The turn: one stimulus becomes one transaction that moves a process instance to its next waits.

Load under the case's lock, apply the stimulus, let the diagram run, deliver what waits in the
inbox, write down what is new and what is gone, store the state by compare-and-set. The caller
commits. Whatever raises leaves nothing behind.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from engine import access, audit, bookkeeping, metrics, operator, taking_part
from engine.application import Application
from engine.audit import acting_for
from engine.bpmn import Instance, Scope, seal, unseal
from engine.deployment import ResolvedDeployment
from engine.errors import ConflictError, DiagramError
from engine.language import gettext
from engine.language.telling import told
from engine.membership_rows import Members
from engine.models import (
    Account,
    AuditEntry,
    Base,
    Case,
    CasePartner,
    Episode,
    InboxMessage,
    InstanceState,
    Job,
    ProcessInstance,
    StepHistory,
    WorkItem,
)
from engine.outcome import Outcome, Submission
from engine.pending_rows import PendingRows, send_all, table_of
from engine.plain_rows import store_plain
from engine.profile import Profile
from engine.recheck import recheck
from engine.running import past
from engine.stored_state import store

STEP_BUDGET = 2000
MAX_DELIVERIES = 100


Stimulus = Callable[["Turn"], None]
_PARTNERS: Final = (
    select(CasePartner)
    .where(CasePartner.case_id == bindparam("case_id"), CasePartner.state == "active")
    .order_by(CasePartner.joined_at)
)


class Turn:
    """One stimulus at one process instance; also what operators are handed."""

    def __init__(
        self,
        application: Application,
        session: Session,
        instance: ProcessInstance,
        *,
        now: datetime,
        actor: Account | None,
        behalf: Account | None = None,
        members: Members | None = None,
    ) -> None:
        self.application = application
        self.session = session
        self.now = now
        self.actor = actor
        self.behalf = behalf
        """The absent person for whom the actor deputises in this turn (P36)."""
        self.instance = instance
        self.case: Case = instance.case
        self.episode: Episode | None = instance.episode
        self.submission: Submission | None = None
        self.element_id = ""
        self.deployment: ResolvedDeployment = application.deployments.get(
            session, instance.deployment_id
        )
        self.outcome = Outcome(instance.id, instance.case_id)
        self.known_effects: frozenset[str] = frozenset()
        """Effects that were owed before this turn."""
        self._running: Instance | None = None
        self._members = members
        self._started: list[tuple[ProcessInstance, str | None, dict[str, Any]]] = []
        self.pending = PendingRows()
        """What is written at the end of the turn, together with that of other turns."""
        self._deeds: list[tuple[str, object, dict[str, Any]]] = []
        self._touched: dict[UUID, ProcessInstance] = {}

    # -- what operators use ------------------------------------------------------------------

    @property
    def profile(self) -> Profile:
        """The profile of the deployment that this case is pinned to."""
        return self.deployment.profile

    @property
    def today(self) -> date:
        """The calendar day in the profile's time zone."""
        return self.now.astimezone(self.profile.zone).date()

    @property
    def persons(self) -> list[Account]:
        """Who acts: the actor, and whoever the actor deputises for; both count as having acted."""
        return [person for person in (self.actor, self.behalf) if person is not None]

    @property
    def signature(self) -> str:
        """The names of who acts, as pages show them: "X", or "X for Y"."""
        return " for ".join(person.display_name for person in self.persons)

    def audit(self, event: str, subject: object, **detail: Any) -> None:
        """Write to the case's audit chain, at the end of the turn; ids and codes only."""
        self._deeds.append((event, subject, detail))

    def notify(
        self,
        template: str,
        *,
        role: str | None = None,
        organisation_id: UUID | None = None,
        account: Account | None = None,
        work_item: WorkItem | None = None,
    ) -> None:
        """Owe a mail that says no more than the opaque case code; sent after the commit."""
        payload = {
            "template": template,
            "case_id": str(self.case.id),
            "role": role,
            "organisation_id": str(organisation_id) if organisation_id else None,
            "account_id": str(account.id) if account else None,
            "work_item_id": str(work_item.id) if work_item else None,
        }
        self.owe("notice", f"notice:{uuid4()}", payload)

    def owe(
        self, kind: str, key: str, payload: dict[str, Any], run_after: datetime | None = None
    ) -> None:
        """Owe a background job; the same key is never owed twice."""
        self.append(
            Job,
            {
                "kind": kind,
                "key": key,
                "payload": payload,
                "instance_id": self.instance.id,
                "state": self.application.job_state(kind),
                "run_after": run_after or self.now,
                "created_at": self.now,
            },
        )

    def post(
        self,
        name: str,
        payload: dict[str, Any] | None = None,
        *,
        key: str,
        instance: ProcessInstance | None = None,
    ) -> InboxMessage:
        """Put a message into the durable inbox of an instance (default: this one).

        That of another file is locked by the caller.
        """
        target = instance or self.instance
        message = InboxMessage(
            id=uuid4(),
            instance_id=target.id,
            case_id=target.case_id,
            name=name,
            payload=payload or {},
            key=key,
            received_at=self.now,
            by_id=self.actor.id if self.actor and target.case_id == self.case.id else None,
            state="waiting",
        )
        self.session.add(message)
        target.pending_messages += 1
        if target is not self.instance:
            self._touched[target.id] = target
        return message

    def start(
        self, process_id: str, *, message: str | None = None, data: dict[str, Any] | None = None
    ) -> ProcessInstance:
        """Start another process of this case in the same transaction; it runs after this one."""
        if process_id not in self.deployment.processes:
            raise DiagramError(
                told("There is no diagram of the process %(id)s; draw it first.", id=process_id)
            )
        started = new_instance(self.session, self.case, process_id, self.deployment.id, self.now)
        self._started.append((started, message, data or {}))
        return started

    def begin_beside(self, instance: ProcessInstance, message: str, data: dict[str, Any]) -> None:
        """Let the process of another file begin in the same transaction, after this turn.

        What happens there is nobody's deed: who acts here need not be known there.
        """
        self._started.append((instance, message, data))

    def statement(self) -> dict[str, Any]:
        """Return the columns that every row of the case file has."""
        organisation = self.submission.organisation if self.submission else None
        speaker = self.behalf or self.actor
        own = speaker.organisation_id if speaker else None
        return {
            "case_id": self.case.id,
            "episode_id": self.episode.id if self.episode else None,
            "element_id": self.element_id,
            "by_id": self.actor.id if self.actor else None,
            "for_id": self.behalf.id if self.behalf else None,
            "organisation_id": organisation.id if organisation else own,
            "at": self.now,
        }

    def details(self, *known: str) -> dict[str, Any]:
        """Return the case-file answers that have no column of their own."""
        if self.submission is None:
            return {}
        return {k: v for k, v in self.submission.case_values.items() if k not in known}

    def partners(self) -> list[CasePartner]:
        """Return the active partner organisations of the case."""
        return list(self.session.scalars(_PARTNERS, {"case_id": self.case.id}).unique())

    @property
    def members(self) -> Members:
        """The active members of the case and their functions; read once in a turn."""
        if self._members is None:
            self._members = access.members_of(self.session, self.case.id)
        return self._members

    def add_member(self, account: Account, function: str, reason: str = "") -> bool:
        """Make a person a member of the case; say whether that is new.

        Whoever declared a conflict of interest or is suspended stays out, whatever step it is.
        """
        return taking_part.begin(self, account, function, reason)

    def end_member(self, account: Account, function: str, reason: str = "") -> None:
        """End a membership; access ends with the same commit (P69)."""
        taking_part.end(self, account, function, reason)

    # -- what the diagram reaches (engine.bpmn.Port) -------------------------------------------

    def call_operator(self, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Run an operator in the turn."""
        return operator.find(name).run(self, inputs)

    def is_deferred(self, name: str) -> bool:
        """Say whether an operator has an effect on the outside and must wait for the commit."""
        return operator.find(name).deferred

    def decide(self, decision_id: str, context: Mapping[str, Any]) -> dict[str, Any]:
        """Evaluate a decision table of the deployment: it proposes, it never decides."""
        table = self.deployment.decisions.get(decision_id)
        if table is None:
            raise DiagramError(
                told("There is no decision table %(id)s; add it or choose one.", id=decision_id)
            )
        names = {"profile": self.profile.values, **context}
        return table.evaluate(names, now=self.now, zone=self.profile.zone)

    # -- running -----------------------------------------------------------------------------

    @cached_property
    def scope(self) -> Scope:
        """What expressions see besides the process variables."""
        return Scope(now=self.now, zone=self.profile.zone, names={"profile": self.profile.values})

    @property
    def running(self) -> Instance:
        """The process instance as the adapter runs it."""
        if self._running is None:
            program = self.deployment.program(self.instance.process_id)
            key = self.application.settings.state_key
            self._running = Instance.load(
                program, unseal(self.instance.blob, key), self, self.scope
            )
            self.known_effects = frozenset(effect.token for effect in self._running.effects())
        return self._running

    def begin(self, message: str | None, data: dict[str, Any]) -> None:
        """Start the process instance at a start event."""
        program = self.deployment.program(self.instance.process_id)
        self._running = Instance.start(program, self, self.scope, message=message, data=data)

    def settle(self) -> Outcome:
        """Run to the next waits and write everything down."""
        settle_together(self.session, [self])
        return self.outcome

    def run(self) -> None:
        """Run to the next waits; what follows from it is not written yet."""
        self.running.advance(STEP_BUDGET)
        self._deliver_inbox()
        bookkeeping.write_down(self, self.running)
        self._set_down()

    def resume(self, running: Instance) -> None:
        """Write down an instance that was moved here and loaded; nothing has run in it since.

        What is `pending` then, the caller sends.
        """
        self._running = running
        self.known_effects = frozenset(effect.token for effect in running.effects())
        bookkeeping.write_down(self, running)
        self._set_down(running.loaded)

    def _deliver_inbox(self) -> None:
        """Hand waiting messages to the diagram while it waits for them; the rest stays (P68)."""
        for _ in range(MAX_DELIVERIES):
            if self.instance.pending_messages == 0:
                return
            awaited = self.running.awaited_messages()
            message = self.session.scalar(
                select(InboxMessage)
                .where(
                    InboxMessage.instance_id == self.instance.id,
                    InboxMessage.state == "waiting",
                    InboxMessage.name.in_(awaited),
                )
                .order_by(InboxMessage.received_at, InboxMessage.id)
                .limit(1)
            )
            if message is None or not self.running.deliver(message.name, message.payload):
                return
            message.state, message.delivered_at = "delivered", self.now
            self.instance.pending_messages -= 1
            self.outcome.delivered.add(message.id)
            self.running.advance(STEP_BUDGET)

    def _set_down(self, state: bytes = b"") -> None:
        row, running = self.instance, self.running
        self._chain_deeds()
        history = bookkeeping.history(self, running)
        row.step_count += len(history)
        self.append(StepHistory, *history)
        row.blob = seal(state or running.dump(), self.application.settings.state_key)
        row.awaited = sorted(running.awaited_messages())
        if running.completed:
            row.status, row.ended_at, self.outcome.ended = InstanceState.ENDED.value, self.now, True

    def conclude(self) -> None:
        """Look back at an instance that has ended, and run what the turn set going elsewhere."""
        if self.running.completed:
            parts = past(self.application.deployments, self.session, self.instance)
            recheck(self.session, self.deployment, self.instance, self.now, parts)
        # A later turn of the same transaction reads anew what is owed.
        self.session.expire(self.instance, ["open_items"])
        self._run_others()

    def _chain_deeds(self) -> None:
        by, key = self.actor.id if self.actor else None, audit.key_of(self.session)
        for event, subject, detail in self._deeds:
            told = detail | acting_for(self.behalf)
            deed: dict[str, Any] = {"event": event, "subject": subject, "detail": told}
            self.append(AuditEntry, audit.chain(key, self.case, at=self.now, actor_id=by, **deed))
        self._deeds.clear()

    def append(self, kind: type[Base], *rows: dict[str, Any]) -> None:
        """Write rows that nobody reads again in the turn: one statement for all of a table."""
        self.pending.append(table_of(kind), rows)

    def _run_others(self) -> None:
        """Run what this turn started or sent messages to, in the same transaction."""
        for started, message, data in self._started:
            other = self._beside(started)
            other.begin(message, data)
            self._absorb(other.settle())
        for touched in self._touched.values():
            if touched.status != InstanceState.RUNNING.value or not touched.blob:
                continue
            other = self._beside(touched)
            self._absorb(other.settle())

    def _beside(self, instance: ProcessInstance) -> "Turn":
        """Return a turn of another instance at the same instant; in this case, the same persons."""
        here = instance.case_id == self.case.id
        return Turn(
            self.application,
            self.session,
            instance,
            now=self.now,
            actor=self.actor if here else None,
            behalf=self.behalf if here else None,
        )

    def _absorb(self, other: Outcome) -> None:
        if other.case_id != self.case.id:
            return  # who acts here is not told what is owed in another file
        self.outcome.new_items.extend(other.new_items)
        self.outcome.delivered |= other.delivered


def new_instance(
    session: Session, case: Case, process_id: str, deployment_id: str, now: datetime
) -> ProcessInstance:
    """Add the row of a process instance that is about to start."""
    row = ProcessInstance(
        id=uuid4(),
        case_id=case.id,
        process_id=process_id,
        deployment_id=deployment_id,
        status=InstanceState.RUNNING.value,
        blob=b"",
        step_count=0,
        awaited=[],
        active={},
        timers={},
        pending_messages=0,
        started_at=now,
    )
    row.case = case
    row.episode = None
    set_committed_value(row, "open_items", [])
    session.add(row)
    return row


def take_turn(
    application: Application,
    session: Session,
    row: ProcessInstance,
    stimulus: Stimulus,
    *,
    actor: Account | None = None,
    behalf: Account | None = None,
    members: Members | None = None,
) -> Outcome:
    """Apply a stimulus to a locked instance in the caller's transaction.

    `members` are those of the case, when the caller has read them under the lock.
    """
    if row.status != InstanceState.RUNNING.value:
        raise ConflictError(gettext("This process has ended; reopen the case to go on."))
    now = application.now(session)
    turn = Turn(application, session, row, now=now, actor=actor, behalf=behalf, members=members)
    with metrics.timing_turns(1):
        stimulus(turn)
        return turn.settle()


def take_turns(
    application: Application,
    session: Session,
    stimuli: Sequence[tuple[ProcessInstance, Stimulus]],
    *,
    now: datetime,
) -> None:
    """Apply nobody's stimuli to locked running instances of different cases, in their order."""
    with metrics.timing_turns(len(stimuli)):
        turns = []
        for row, stimulus in stimuli:
            turn = Turn(application, session, row, now=now, actor=None)
            stimulus(turn)
            turns.append(turn)
        settle_together(session, turns)


def settle_together(session: Session, turns: Sequence[Turn]) -> None:
    """Run turns to their next waits and write down what follows from all of them at once.

    Their instances belong to different cases, or there is one alone.
    """
    for turn in turns:
        turn.run()
    store(session, [turn.instance for turn in turns])
    store_plain(session)
    session.flush()
    send_all(session, [turn.pending.take() for turn in turns])
    for turn in turns:
        turn.conclude()
