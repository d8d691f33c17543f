"""Every kind of thing that moves a case on, each as a state before it and the deed itself.

`prepare` brings an empty installation to just before it, in the process of the test. `do` is what
a browser, a worker or a command does, in a process that may be killed in the middle; done again it
gets the same words and the same key, as somebody would who had no answer.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from engine import agenda, cases, due, inbox, letterbox, worklist
from engine.application import Application
from engine.challenge import Challenge
from engine.deployment import ResolvedDeployment, store
from engine.errors import ConflictError, OperatorError
from engine.migrating import run as runs
from engine.models import CurrentDeployment, Incident
from engine.operator import operator
from engine.turn import Turn
from tests.bpmn import builder as b
from tests.engine.desk import Desk
from tests.engine.small import FORM, GO_ON, PROFILE, Nothing, _task
from tests.torture import process

Words = dict[str, str]
"""Ids and keys, as they are handed from the process of the test to the one that dies."""


class Register:
    """A register outside that a test breaks and mends."""

    broken = False


@operator("torture/ask_register", inputs=Nothing)
def ask_register(turn: Turn, inputs: Nothing) -> None:
    """Ask a register in the turn; what it says goes into a table without a unique key."""
    if Register.broken:
        raise OperatorError("The register did not answer.")
    process.note(turn, inputs)


def lifecycle(asked: str = "Ask") -> bytes:
    """Ask, note it, wait a second, call the outside, ask again; hear what comes meanwhile."""
    return b.diagram(
        b.process(
            "case_management",
            b.start("signal_received", b.message("signal_received")),
            b.xor("merge"),
            _task("ask", "intake_desk", escalateTo="desk_head").replace('"Ask"', f'"{asked}"'),
            b.xor("again", "note_it"),
            b.service("note_it", "torture/ask_register"),
            b.catch("wait", b.after("PT1S")),
            b.service("call_out", "torture/call"),
            b.end("finish"),
            b.boundary("heard", "ask", b.message("new_information"), interrupts=False),
            _task("triage", "chair"),
            b.end("triaged"),
            b.chain("signal_received", "merge", "ask", "again"),
            b.flow("again", "note_it"),
            b.flow("again", "finish", 'choice = "stop"'),
            b.chain("note_it", "wait", "call_out", "merge"),
            b.chain("heard", "triage", "triaged"),
        ),
        messages=("signal_received", "new_information"),
    )


def write_processes(folder: Path) -> Path:
    """Write the process into a folder and return it."""
    (folder / "forms").mkdir(parents=True)
    (folder / "profiles/base").mkdir(parents=True)
    (folder / "case_management.bpmn").write_bytes(lifecycle())
    (folder / "forms/ask.form").write_text(json.dumps(FORM))
    (folder / "profiles/base/profile.toml").write_text(PROFILE)
    return folder


@dataclass(frozen=True)
class Stimulus:
    """One kind of thing that moves a case on."""

    prepare: Callable[[Desk], Words]
    do: Callable[[Application, Words], None]


# -- people ----------------------------------------------------------------------------------------


def _asked(desk: Desk) -> Words:
    case = desk.open()
    due.run_due(desk.application)
    item, anna = desk.item(case, "ask"), desk.account("intake.anna")
    return {"case": str(case), "item": str(item.id), "anna": str(anna.id), "key": "one click"}


def _complete(application: Application, words: Words) -> None:
    item, anna = UUID(words["item"]), UUID(words["anna"])
    result = worklist.complete(application, item, anna, GO_ON, words["key"])
    assert isinstance(result, worklist.Completed)


def _tell(application: Application, words: Words) -> None:
    inbox.post_event(
        application,
        UUID(words["case"]),
        UUID(words["anna"]),
        "new_information",
        "Somebody rang.",
        key=words["key"],
    )


def _while_nobody_waits(desk: Desk) -> Words:
    words = _asked(desk)
    desk.do(UUID(words["case"]), "ask", "intake.anna", GO_ON)
    return words


def _start(application: Application, words: Words) -> None:
    report = cases.Report("A worry.", "telephone", {"name": "A"}, {"name": "B"})
    cases.report_concern(application, report, received_by=UUID(words["anna"]), key=words["key"])


def _desk_alone(desk: Desk) -> Words:
    return {"anna": str(desk.account("intake.anna").id), "key": "one click"}


def _drop(application: Application, words: Words) -> None:
    with application.database.reading() as session:
        now = application.now(session)
    letter = letterbox.Letter("A worry.", {"name": "A"}, {"name": "B"})
    challenge = Challenge("report", words["key"], now, 14, 5, "", (1, 2))
    letterbox.drop_report(application, letter, challenge, now)


def _dropped(desk: Desk) -> Words:
    words = _desk_alone(desk)
    _drop(desk.application, words)
    return words | {"kind": "job"}


# -- time ------------------------------------------------------------------------------------------


def _perform(application: Application, words: Words) -> None:
    """Do the oldest due thing of one kind, as a worker does that has just found it."""
    with application.database.reading() as session:
        found = agenda.find_due(session, application.now(session))
    one = next((one for one in found if one.kind == words["kind"]), None)
    # A worker that died may have done it: then there is nothing to find any more.
    if one is not None:
        due.perform(application, one)


def _timer_due(desk: Desk) -> Words:
    _while_nobody_waits(desk)
    desk.clock.set(desk.clock.now() + timedelta(seconds=2))
    return {"kind": "timer"}


def _effect_owed(desk: Desk) -> Words:
    _perform(desk.application, _timer_due(desk))
    return {"kind": "job"}


def _mail_owed(desk: Desk) -> Words:
    desk.open()
    return {"kind": "job"}


def _days(kind: str, number: int) -> Callable[[Desk], Words]:
    def prepare(desk: Desk) -> Words:
        _asked(desk)
        desk.clock.set(desk.clock.now() + timedelta(days=number, minutes=1))
        return {"kind": kind}

    return prepare


def _step_failed(desk: Desk) -> Words:
    words = _asked(desk)
    Register.broken = True
    try:
        result = desk.do(UUID(words["case"]), "ask", "intake.anna", GO_ON)
    finally:
        Register.broken = False
    assert isinstance(result, worklist.Postponed)
    with desk.application.database.reading() as session:
        retry_at = session.scalars(select(Incident.retry_at)).one()
    assert retry_at is not None
    desk.clock.set(retry_at)
    return {"kind": "retry"}


# -- another drawing -------------------------------------------------------------------------------


def _run_asked(desk: Desk) -> Words:
    for _ in range(2):
        desk.open()
    due.run_due(desk.application)
    application = desk.application
    with application.database.transaction() as session:
        shipped = application.deployment(session)
        files = {**shipped.files, "case_management.bpmn": lifecycle("Ask in other words")}
        changed = ResolvedDeployment(files)
        store(session, changed, at=application.now(session), note="edited")
        session.merge(CurrentDeployment(profile="base", deployment_id=shipped.id))
    head = desk.account("head.greta").id
    run_id = runs.ask(application, head, shipped.id, changed.id, {})
    return {"kind": "job", "run": str(run_id), "head": str(head)}


def _run_begun(desk: Desk) -> Words:
    words = _run_asked(desk)
    _perform(desk.application, words)
    runs.begin(desk.application, UUID(words["run"]), UUID(words["head"]))
    return words


def _begin(application: Application, words: Words) -> None:
    # Pressed again it says that the run is under way, which is what was wanted.
    with suppress(ConflictError):
        runs.begin(application, UUID(words["run"]), UUID(words["head"]))


def _run_planned(desk: Desk) -> Words:
    words = _run_asked(desk)
    _perform(desk.application, words)
    return words


STIMULI = {
    "a user task is completed": Stimulus(_asked, _complete),
    "a message comes in": Stimulus(_asked, _tell),
    "a message is kept": Stimulus(_while_nobody_waits, _tell),
    "a person starts a case": Stimulus(_desk_alone, _start),
    "a letter is dropped": Stimulus(_desk_alone, _drop),
    "a letter is taken up": Stimulus(_dropped, _perform),
    "a timer is due": Stimulus(_timer_due, _perform),
    "an effect is owed": Stimulus(_effect_owed, _perform),
    "a mail is owed": Stimulus(_mail_owed, _perform),
    "a reminder is due": Stimulus(_days("reminder", 6), _perform),
    "an escalation is due": Stimulus(_days("escalation", 8), _perform),
    "an incident is retried": Stimulus(_step_failed, _perform),
    "a migration is planned": Stimulus(_run_asked, _perform),
    "a migration is begun": Stimulus(_run_planned, _begin),
    "a running case is migrated": Stimulus(_run_begun, _perform),
}
"""Every kind of stimulus that the engine knows."""
