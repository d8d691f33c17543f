"""Published sets of diagrams, tables and forms, content-addressed and immutable."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Code, Line


class Deployment(Base):
    """One immutable set of files of one profile; the id is the hash over its manifest."""

    __tablename__ = "deployment"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    profile: Mapped[Code]
    manifest: Mapped[dict[str, Any]]
    """`{path: sha256 of the content}`."""
    note: Mapped[Line]
    published_at: Mapped[datetime]
    published_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))


class DeploymentFile(Base):
    """The content behind a hash; shared by all deployments that contain it."""

    __tablename__ = "deployment_file"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[bytes]


class CurrentDeployment(Base):
    """Which deployment new cases of a profile are started on."""

    __tablename__ = "current_deployment"

    profile: Mapped[Code] = mapped_column(primary_key=True)
    deployment_id: Mapped[str] = mapped_column(ForeignKey("deployment.id"))


class DemoClock(Base):
    """How far the clock of a demo database is ahead of the machine's; absent in production."""

    __tablename__ = "demo_clock"

    id: Mapped[int] = mapped_column(primary_key=True)
    offset_seconds: Mapped[int]
