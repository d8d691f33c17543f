"""Every place at which a process can die while it works: found by running, not written down.

Nothing in the product knows of it. A process of these tests counts each statement and commit that
it sends, and each entry to and return from the parts of a turn and the calls to the outside; told
to, it kills itself at the n-th of them. A new statement is a new place by itself.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from engine import bookkeeping, due, firing, inbox, job, operator, witness, worklist
from engine.bpmn import Instance
from engine.database import Database
from engine.migrating import moving, run
from engine.turn import Turn
from tasks import mail

PARTS: tuple[tuple[Any, str], ...] = (
    (Session, "flush"),
    (Session, "commit"),
    (witness, "seal"),
    (Instance, "load"),
    (Instance, "start"),
    (Instance, "advance"),
    (Instance, "deliver"),
    (Instance, "dump"),
    (bookkeeping, "write_down"),
    (Turn, "run"),
    (Turn, "settle"),
    (worklist, "take_turn"),
    (firing, "take_turns"),
    (inbox, "take_turn"),
    (due, "run_next_job"),
    (job, "_finish"),
    (firing, "fire"),
    (due, "perform"),
    (mail, "_send"),
    (moving, "write"),
    (moving, "settle"),
    (run, "move_many"),
)
"""What a turn, a job and a migration are made of; before and after each one may die."""


@dataclass
class Reaper:
    """Counts the places that a process passes, and ends it at one of them."""

    active: bool = False
    die_at: int = 0
    """0: nowhere."""
    passed: list[str] = field(default_factory=list)

    def pass_by(self, place: str) -> None:
        """Note a place; die there, without a warning, if it is the one."""
        if not self.active:
            return
        self.passed.append(place)
        if len(self.passed) == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, database: Database) -> None:
        """Count what is sent to a database."""
        for engine in database.engines:
            event.listen(engine, "before_cursor_execute", self._statement)
            event.listen(engine, "rollback", lambda _: self.pass_by("before a rollback"))
            event.listen(engine, "savepoint", lambda *_: self.pass_by("before a savepoint"))

    def _statement(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        # Before one is after the one before it: to the database these are the same.
        self.pass_by("before " + " ".join(statement.split()[:3]))

    def wrap(self) -> None:
        """Count entries to and returns from the parts, in this process and for good."""
        for owner, name in PARTS:
            label = f"{getattr(owner, '__name__', owner)}.{name}".removeprefix("engine.")
            # By the class: a class method has to stay one.
            held = vars(owner)[name]
            if isinstance(held, classmethod):
                setattr(owner, name, classmethod(self._around(held.__func__, label)))
            else:
                setattr(owner, name, self._around(held, label))
        operator.catalogue()  # registers the handlers
        for kind, handler in list(job._HANDLERS.items()):
            perform = self._around(handler.perform, f"the outside call of {kind}")
            job._HANDLERS[kind] = replace(handler, perform=perform)

    def _around(self, function: Callable[..., Any], label: str) -> Callable[..., Any]:
        @wraps(function)
        def counted(*arguments: Any, **named: Any) -> Any:
            self.pass_by(f"before {label}")
            found = function(*arguments, **named)
            self.pass_by(f"after {label}")
            return found

        return counted
