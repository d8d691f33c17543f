"""What process owners try out: plays of a draft by hand, and how its scenarios went.

Everything in it is invented: no row is about a case or a person whom a case is about.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Code, Id, Line, RetoldLines


class WorkshopPlay(Base):
    """One play of a draft by one process owner; its acts are played again to go on."""

    __tablename__ = "workshop_play"
    __table_args__ = (UniqueConstraint("draft_id", "account_id"),)

    id: Mapped[Id]
    draft_id: Mapped[UUID] = mapped_column(ForeignKey("workshop_draft.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    typed: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What was typed into forms that are not answered yet, by step."""
    begun_at: Mapped[datetime]


class WorkshopAct(Base):
    """One act of a play, written as a step of a scenario is."""

    __tablename__ = "workshop_act"

    play_id: Mapped[UUID] = mapped_column(ForeignKey("workshop_play.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    step: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class ScenarioResult(Base):
    """How a scenario of a draft went the last time that it was run."""

    __tablename__ = "scenario_result"

    draft_id: Mapped[UUID] = mapped_column(ForeignKey("workshop_draft.id"), primary_key=True)
    path: Mapped[Line] = mapped_column(primary_key=True)
    set_hash: Mapped[str] = mapped_column(String(64))
    """Of all files as they were: after another change the result is of before."""
    state: Mapped[Code]
    """`waiting` until the worker has run it, then `done`."""
    problems: Mapped[RetoldLines]
    """Empty where all went as told."""
    gone: Mapped[list[str]]
    """`process element` of everything that the scenario went over."""
    by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]
