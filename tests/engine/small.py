"""A small set of processes with operators of its own, to try the turn with."""

import json
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from engine.errors import OperatorError
from engine.operator import operator, recorder
from engine.turn import Turn
from tests.bpmn import builder as b

PROFILE = """
[profile]
code = "base"
name = "Small"
time_zone = "Europe/Amsterdam"
[values.remind_before]
value = "P2D"
[roles.intake_desk]
name = "Intake desk"
scope = "desk"
[roles.chair]
name = "Chair"
scope = "desk"
[roles.content_coordinator]
name = "Content coordinator"
scope = "case"
[roles.partner]
name = "Partner"
scope = "case"
[roles.desk_head]
name = "Head"
scope = "desk"
[disciplines]
police = "Police"
"""


@dataclass(frozen=True)
class Nothing:
    """No inputs."""


@dataclass(frozen=True)
class Answer:
    """What the recorder of the small form needs."""

    choice: str


@dataclass(frozen=True)
class Recorded:
    """What the recorder gives to the process."""

    recorded: bool


class Switch:
    """Lets a test break the operator and mend it again."""

    broken = False
    effects: list[str] = []  # noqa: RUF012 - counted across calls on purpose


@recorder("small/record_answer", inputs=Answer, outputs=Recorded)
def record_answer(turn: Turn, inputs: Answer) -> Recorded:
    """Record the answer as an audit entry."""
    turn.audit("small:answer:record", turn.case.id, choice=inputs.choice)
    return Recorded(recorded=True)


@operator("small/work", inputs=Nothing)
def work(turn: Turn, inputs: Nothing) -> None:
    """Do some work that a test can break."""
    del inputs
    turn.audit("small:work:do", turn.case.id)
    if Switch.broken:
        raise OperatorError("The register did not answer.")


def _task(name: str, role: str, *, form: str = "ask", **properties: str) -> str:
    found = {"formRef": form, "candidateRole": role, "dueIn": "P7D", **properties}
    written = "".join(
        f'<spiffworkflow:property name="{key}" value="{value}"/>' for key, value in found.items()
    )
    return b.node(
        "userTask",
        name,
        b.extension(f"<spiffworkflow:properties>{written}</spiffworkflow:properties>"),
        name=name.replace("_", " ").capitalize(),
    )


def lifecycle() -> bytes:
    """Ask, decide, work, wait thirty days, ask again, until somebody says stop."""
    return b.diagram(
        b.process(
            "case_management",
            b.start("signal_received", b.message("signal_received")),
            b.xor("merge"),
            _task("ask", "intake_desk", recordWith="small/record_answer", escalateTo="desk_head"),
            _task("decide", "intake_desk", notDoneBy="ask"),
            b.service("do_work", "small/work"),
            b.catch("wait", b.after("P30D")),
            b.xor("again", "merge"),
            b.end("finish"),
            b.boundary("heard", "ask", b.message("new_information"), interrupts=False),
            _task("triage", "chair"),
            b.end("triaged"),
            b.chain("signal_received", "merge", "ask", "decide", "do_work", "wait", "again"),
            b.flow("again", "merge"),
            b.flow("again", "finish", 'choice = "stop"'),
            b.chain("heard", "triage", "triaged"),
        ),
        messages=("signal_received", "new_information"),
    )


FORM = {
    "type": "default",
    "id": "ask",
    "components": [
        {
            "type": "radio",
            "key": "choice",
            "label": "What now?",
            "values": [{"label": "Go on", "value": "go_on"}, {"label": "Stop", "value": "stop"}],
            "validate": {"required": True},
            "properties": {"class": "process"},
        },
        {
            "type": "textarea",
            "key": "reason",
            "label": "Why?",
            "validate": {"required": True},
            "properties": {"class": "case"},
        },
        {
            "type": "filepicker",
            "key": "letter",
            "label": "A letter",
            "accept": ".txt",
            "properties": {"class": "case"},
        },
    ],
}


def write_processes(folder: Path) -> Path:
    """Write the small processes into a folder and return it."""
    (folder / "forms").mkdir(parents=True)
    (folder / "profiles/base").mkdir(parents=True)
    (folder / "case_management.bpmn").write_bytes(lifecycle())
    (folder / "forms/ask.form").write_text(json.dumps(FORM))
    (folder / "profiles/base/profile.toml").write_text(PROFILE)
    return folder


GO_ON = {"choice": "go_on", "reason": "Because."}
STOP = {"choice": "stop", "reason": "Because."}


@dataclass(frozen=True)
class Ids:
    """Ids that tests pass around."""

    case: UUID
