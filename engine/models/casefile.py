"""The case file: what people wrote and decided. Tables, not process variables (architecture.md).

Rows are statements of a named person at a named instant: they are added, not changed. Fields of
a form that have no column of their own are kept in `details`, so that a policy team can add
fields without Python.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Code, Id, Line
from engine.models.directory import Account, Organisation
from engine.models.sealed import SealedBytes, SealedJson, SealedText


class Statement:
    """Columns that every row of the case file has: which case and episode, by whom, when."""

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    episode_id: Mapped[UUID | None] = mapped_column(ForeignKey("episode.id"), index=True)
    element_id: Mapped[Code] = mapped_column(default="")
    """The step of the diagram at which it was recorded."""
    by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    for_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    """The absent person on whose behalf a deputy stated it (P36)."""
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    at: Mapped[datetime]
    details: Mapped[SealedJson] = mapped_column(default=dict)


class Signal(Base):
    """A concern that came in: a signal, never at once a case file (P11, P15, P37-P39).

    Who reported stands in SignalSource. Without a case it has just come in by the public page.
    """

    __tablename__ = "signal"

    id: Mapped[Id]
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("casework_case.id"), index=True)
    receipt_hash: Mapped[Line | None] = mapped_column(unique=True)
    """Keyed hash of the receipt code with which a reporter comes back."""
    channel: Mapped[Code]
    """`public_page`, `telephone`, `partner`, `in_person`, `returnee`, `release`."""
    about: Mapped[SealedJson] = mapped_column(default=dict)
    """Who it is about, as the reporter put it."""
    text: Mapped[SealedText]
    urgent: Mapped[bool] = mapped_column(default=False)
    received_at: Mapped[datetime] = mapped_column(index=True)
    received_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))


class Assessment(Base, Statement):
    """A judgement in words: source, signal, risk, effect. No number, no score."""

    __tablename__ = "assessment"

    kind: Mapped[Code]
    """`source`, `signal`, `arrival`, `gaps`, `conference`, `need`, `risk`, `effect`, ..."""
    summary: Mapped[SealedText]
    evidence_for: Mapped[SealedText | None]
    evidence_against: Mapped[SealedText | None]
    """P28, P101: what speaks against it is asked as explicitly as what speaks for it."""
    by: Mapped[Account | None] = relationship(foreign_keys="Assessment.by_id")


class Contribution(Base, Statement):
    """What a partner shares about a case, at the level that the partner chose (P21-P23)."""

    __tablename__ = "contribution"
    __table_args__ = (CheckConstraint("level <> 'full' OR one_person", name="full_takes_two"),)

    level: Mapped[Code]
    """`nothing`, `concern_only`, `summary`; `full` where one person is enough."""
    one_person: Mapped[bool] = mapped_column(default=False)
    """Whether one person was enough: the profile says so, or it was before there was the rule."""
    concern: Mapped[bool]
    summary: Mapped[SealedText | None]
    body: Mapped[SealedText | None]
    legal_basis: Mapped[SealedText | None]
    by: Mapped[Account | None] = relationship(foreign_keys="Contribution.by_id")
    organisation: Mapped[Organisation | None] = relationship(
        foreign_keys="Contribution.organisation_id"
    )


class InformationGap(Base, Statement):
    """Something that is known, not known, asked, or refused (P43, P44)."""

    __tablename__ = "information_gap"

    question: Mapped[SealedText]
    state: Mapped[Code]
    """`known`, `not_known`, `asked`, `refused`, `answered`."""
    important: Mapped[bool]
    asked_organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    due: Mapped[date | None]
    answer: Mapped[SealedText | None]


class PlanVersion(Base, Statement):
    """One version of the action plan; a change makes a new version (P54)."""

    __tablename__ = "plan_version"
    __table_args__ = (UniqueConstraint("case_id", "number"),)

    number: Mapped[int]
    state: Mapped[Code]
    """`draft`, `approved`, `published`, `replaced`, `refused`."""
    reason: Mapped[SealedText]
    """Why this plan, or why this change (P48, P54)."""
    social_context: Mapped[SealedText]
    check_in_interval: Mapped[Code]
    """ISO 8601 duration (P53)."""
    first_check_in: Mapped[date | None]
    evaluator: Mapped[SealedText | None]
    approved_at: Mapped[datetime | None]
    approved_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    published_at: Mapped[datetime | None]
    goals: Mapped[list["Goal"]] = relationship(back_populates="plan", order_by="Goal.position")
    actions: Mapped[list["Action"]] = relationship(
        back_populates="plan", order_by="Action.position"
    )


class Goal(Base):
    """A SMART goal of one plan version (P47-P50)."""

    __tablename__ = "goal"

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("plan_version.id"), index=True)
    position: Mapped[int]
    code: Mapped[Code]
    """Stable over versions, e.g. `g1`, so that progress can be followed."""
    title: Mapped[SealedText]
    reason: Mapped[SealedText | None]
    indicator: Mapped[SealedText | None]
    baseline: Mapped[SealedText | None]
    due: Mapped[date | None]
    details: Mapped[SealedJson] = mapped_column(default=dict)

    plan: Mapped[PlanVersion] = relationship(back_populates="goals")


class Action(Base):
    """One action of a plan version: who does what, when, for which goal (P49, P51)."""

    __tablename__ = "action"

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("plan_version.id"), index=True)
    position: Mapped[int]
    goal_code: Mapped[Code | None]
    title: Mapped[SealedText]
    kind: Mapped[Code]
    """`security` or `social` (P60)."""
    owner_organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    outsourced: Mapped[bool] = mapped_column(default=False)
    starts: Mapped[date | None]
    due: Mapped[date | None]
    acceptance: Mapped[Code] = mapped_column(default="asked")
    """`asked`, `accepted`, `declined` (P64)."""
    acceptance_reason: Mapped[SealedText | None]
    progress: Mapped[Code] = mapped_column(default="open")
    """`open`, `under_way`, `done`, `stopped`."""
    details: Mapped[SealedJson] = mapped_column(default=dict)

    plan: Mapped[PlanVersion] = relationship(back_populates="actions")
    owner: Mapped[Organisation] = relationship(lazy="joined")


class CheckIn(Base, Statement):
    """A check-in during implementation or a check during the fade-out (P67, P95, P96)."""

    __tablename__ = "check_in"
    __table_args__ = (Index("ix_check_in_newest", "case_id", "episode_id", "kind", "number"),)

    kind: Mapped[Code]
    """`check_in` or `monitoring_check`."""
    number: Mapped[int]
    planned_for: Mapped[date | None]
    outcome: Mapped[Code]
    summary: Mapped[SealedText]
    still_necessary: Mapped[Code | None]
    by: Mapped[Account | None] = relationship(foreign_keys="CheckIn.by_id")


class ClosingDossier(Base, Statement):
    """The start of a closing round: which organisations are asked, and until when (L2)."""

    __tablename__ = "closing_dossier"
    __table_args__ = (
        UniqueConstraint("episode_id", "closing_round"),
        CheckConstraint("closing_round > 0", name="round_counts_from_one"),
    )

    closing_round: Mapped[int]
    opinions_due: Mapped[datetime]
    """From here on silence counts as `no_answer`; before it, it counts as nothing."""
    organisations: Mapped[list[str]]
    """Ids of the organisations that were active partners when the dossier was prepared."""


class Opinion(Base, Statement):
    """A partner's opinion on closing; changeable by its author until the decision (P92)."""

    __tablename__ = "opinion"

    closing_round: Mapped[int]
    choice: Mapped[Code]
    """`agree`, `disagree`, `abstain`, or `no_answer` when the deadline passed (L2)."""
    reasons: Mapped[SealedText | None]
    replaced_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("opinion.id"))
    """The newer opinion of the same organisation in the same round; dissent is never deleted."""
    by: Mapped[Account | None] = relationship(foreign_keys="Opinion.by_id")
    organisation: Mapped[Organisation | None] = relationship(foreign_keys="Opinion.organisation_id")


class Decision(Base, Statement):
    """A decision by a named person with its reasons (P18, P93)."""

    __tablename__ = "decision"

    kind: Mapped[Code]
    """`route`, `need_for_plan`, `plan_approval`, `closure`, `withdrawal`, `reopening`,
    `retention`, `triage`, `danger`, `consent`, ..."""
    outcome: Mapped[Code]
    reasons: Mapped[SealedText]
    proposed: Mapped[Code | None]
    """What a decision table had proposed, so that a deviation stays visible."""
    closing_round: Mapped[int | None]
    by: Mapped[Account | None] = relationship(foreign_keys="Decision.by_id")


class Note(Base, Statement):
    """Free text at any time: new information, promise, minutes, safety (P70, P98, P103)."""

    __tablename__ = "note"

    kind: Mapped[Code]
    """`note`, `new_information`, `withdrawal`, `danger`, `promise`, `safety`, `conference`,
    `handover`, `partner_change`, ..."""
    text: Mapped[SealedText]
    by: Mapped[Account | None] = relationship(foreign_keys="Note.by_id")


class Document(Base, Statement):
    """A file that belongs to the case."""

    __tablename__ = "document"

    name: Mapped[SealedText]
    media_type: Mapped[Code]
    size: Mapped[int]
    content: Mapped[SealedBytes]
