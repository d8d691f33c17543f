"""Recorders of the ways out of the intake: child protection, transfer, police, care, unfounded."""

from dataclasses import dataclass

from engine.models import Decision, Note
from engine.operator import recorder
from engine.turn import Turn
from tasks.answer import statement
from tasks.note import add_note
from tasks.signal import shield


@dataclass(frozen=True)
class ChildProtection:
    """What child protection says."""

    child_protection_answer: str
    child_protection_reasons: str


@dataclass(frozen=True)
class ChildProtectionAsked:
    """That child protection was asked in this case."""

    child_protection_done: bool


@recorder("signal/record_child_protection", inputs=ChildProtection, outputs=ChildProtectionAsked)
def record_child_protection(turn: Turn, inputs: ChildProtection) -> ChildProtectionAsked:
    """Record the answer of child protection, which comes before any other partner (P27, L6)."""
    turn.session.add(
        Decision(
            **statement(turn, "child_protection_reasons"),
            kind="child_protection",
            outcome=inputs.child_protection_answer,
            reasons=inputs.child_protection_reasons,
        )
    )
    return ChildProtectionAsked(child_protection_done=True)


@dataclass(frozen=True)
class Transfer:
    """What another authority got and whether it took over."""

    handed_over: str
    transfer_answer: str


@recorder("signal/record_transfer", inputs=Transfer)
def record_transfer(turn: Turn, inputs: Transfer) -> None:
    """Record a transfer with its receipt, or that it was refused (P26)."""
    turn.session.add(
        Note(**statement(turn, "handed_over"), kind="transfer", text=inputs.handed_over)
    )
    turn.audit("case:transfer:record", turn.case.id, answer=inputs.transfer_answer)
    shield(turn)


@dataclass(frozen=True)
class PoliceHandover:
    """What the police got."""

    handed_over: str
    safety: str = ""


@recorder("signal/record_police_handover", inputs=PoliceHandover)
def record_police_handover(turn: Turn, inputs: PoliceHandover) -> None:
    """Record that a security signal went to the police (P25), and what it means for safety."""
    turn.session.add(
        Note(
            **statement(turn, "handed_over", "safety"),
            kind="police_handover",
            text=inputs.handed_over,
        )
    )
    add_note(turn, "safety", inputs.safety)
    shield(turn)


@dataclass(frozen=True)
class Support:
    """What regular support was agreed and promised."""

    agreed: str
    promised: str = ""


@recorder("signal/record_support", inputs=Support)
def record_support(turn: Turn, inputs: Support) -> None:
    """Record regular support without a file about radicalisation (P28, P29, P98)."""
    turn.session.add(
        Note(**statement(turn, "agreed", "promised"), kind="handover", text=inputs.agreed)
    )
    add_note(turn, "promise", inputs.promised)
    shield(turn)


@dataclass(frozen=True)
class ClearingUp:
    """Who was told that a report is unfounded."""

    told_whom: str


@recorder("signal/record_clearing_up", inputs=ClearingUp)
def record_clearing_up(turn: Turn, inputs: ClearingUp) -> None:
    """Record that everybody who heard of an unfounded report was told so (P33)."""
    turn.session.add(
        Note(**statement(turn, "told_whom"), kind="clearing_up", text=inputs.told_whom)
    )
    shield(turn)
