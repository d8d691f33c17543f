"""Proves of a database that came back that it is whole and can be worked with."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection, exists, func, select
from sqlalchemy.orm import Session

from engine import checkpoint, keyring, verification
from engine.application import Application
from engine.backup.creating import count_rows
from engine.backup.manifest import Manifest
from engine.bpmn import unseal
from engine.errors import CasetableError, StateError
from engine.models import Case, CaseKey, InstanceState, ProcessInstance, Timer, TimerState


@dataclass
class Proof:
    """What was looked at, and each thing that is not as it should be, in a sentence."""

    entries: int = 0
    """Of the audit trail."""
    keys: int = 0
    """Keys of cases that open under the master keys."""
    states: int = 0
    """Running process states that this installation signed."""
    timers: int = 0
    """Waiting timers of running instances."""
    problems: list[str] = field(default_factory=list)


def same_rows(connection: Connection, manifest: Manifest) -> None:
    """Raise CasetableError unless each table has as many rows as when the backup was made."""
    found = count_rows(connection)
    for name, expected in manifest.rows.items():
        if found.get(name) != expected:
            raise CasetableError(
                f"{name} has {found.get(name, 0)} rows and had {expected} when the backup was "
                "made; nothing was kept. Take another backup."
            )


def prove(application: Application, manifest: Manifest) -> Proof:
    """Check chains, keys and process states of a database that was brought back."""
    found = Proof()
    with application.database.reading() as session:
        head = checkpoint.read_head(application.settings.audit_key, manifest.head)
        verified = verification.verify(session, head)
        found.entries = verified.entries
        found.problems += [str(one) for one in verified.breaks]
    with application.database.reading() as session:
        found.problems += _keys(application, session, found)
        found.problems += _states(application, session, found)
        found.timers = session.scalar(_WAITING) or 0
    return found


_WAITING = (
    select(func.count())
    .select_from(Timer)
    .join(ProcessInstance, ProcessInstance.id == Timer.instance_id)
    .where(
        Timer.state == TimerState.WAITING.value,
        ProcessInstance.status == InstanceState.RUNNING.value,
    )
)


def _keys(application: Application, session: Session, found: Proof) -> Iterator[str]:
    kept = select(CaseKey.case_id, CaseKey.version, CaseKey.master_version, CaseKey.wrapped)
    for row in session.execute(kept.where(CaseKey.wrapped.is_not(None))):
        try:
            keyring.unwrap(application.database.master_keys, keyring.WrappedKey(*row))
        except StateError as error:
            yield str(error)
        else:
            found.keys += 1
    has_key = exists().where(CaseKey.case_id == Case.id)
    for code in session.scalars(select(Case.code).where(~has_key)):
        yield f"Case {code} has no key and cannot be read; run casetable key restore."


def _states(application: Application, session: Session, found: Proof) -> Iterator[str]:
    running = select(ProcessInstance.id, ProcessInstance.blob).where(
        ProcessInstance.status == InstanceState.RUNNING.value
    )
    for number, blob in session.execute(running.execution_options(yield_per=500)):
        try:
            unseal(blob, application.settings.state_key)
        except StateError as error:
            yield f"Process instance {number}: {error}"
        else:
            found.states += 1
