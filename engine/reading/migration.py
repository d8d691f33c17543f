"""Runs that move cases, as a process owner reads them: positions and counts, never a case."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.errors import NotFoundError
from engine.language import gettext
from engine.models import CurrentDeployment, Deployment, MigrationRun

FEWEST: Final = 3
"""A group of fewer cases is not counted out: its place may tell which case is meant."""
LARGE: Final = 20
"""From so many cases on it may be told how far a run is."""
MOST_RUNS: Final = 30
GOOD: Final = frozenset({"moves", "moved"})


@dataclass(frozen=True)
class Version:
    """One stored deployment as it is chosen from a list."""

    id: str
    words: str
    is_current: bool


@dataclass(frozen=True)
class Group:
    """Cases that stand in the same place and of which the same is said."""

    places: str
    verdict: str
    sentence: str
    count: str


@dataclass(frozen=True)
class Need:
    """One element for which the owner names what takes its place."""

    key: str
    label: str
    kind: str
    choices: tuple[Mapping[str, Any], ...]
    chosen: str


@dataclass(frozen=True)
class RunShown:
    """One run with what may be told of it."""

    run: MigrationRun
    groups: tuple[Group, ...]
    needs: tuple[Need, ...]
    total: str
    percent: int | None
    """How far it is, in tens; None where there are too few cases to tell."""
    may_revert: bool
    reverts: bool

    @property
    def any_good(self) -> bool:
        """Say whether any case moves."""
        return any(group.verdict in GOOD for group in self.groups)

    @property
    def waits(self) -> bool:
        """Say whether a worker has to do something before there is more to see."""
        return self.run.state in {"planning", "running"}


def versions(session: Session, profile: str) -> list[Version]:
    """Return the stored versions of a profile, the newest first."""
    current = session.scalar(
        select(CurrentDeployment.deployment_id).where(CurrentDeployment.profile == profile)
    )
    rows = session.scalars(
        select(Deployment)
        .where(Deployment.profile == profile)
        .order_by(Deployment.published_at.desc(), Deployment.id)
    )
    return [
        Version(row.id, words_of(row, is_current=row.id == current), row.id == current)
        for row in rows
    ]


def words_of(row: Deployment, *, is_current: bool = False) -> str:
    """Return how a version is called: day, note, the beginning of its id."""
    note = f", {row.note}" if row.note else ""
    now = " (current)" if is_current else ""
    return f"{row.published_at:%Y-%m-%d}{note}, {row.id[:12]}{now}"


def runs_of(session: Session, profile: str) -> list[MigrationRun]:
    """Return the newest runs between versions of a profile."""
    wanted = (
        select(MigrationRun)
        .join(Deployment, Deployment.id == MigrationRun.from_id)
        .where(Deployment.profile == profile)
        .order_by(MigrationRun.asked_at.desc(), MigrationRun.id)
        .limit(MOST_RUNS)
    )
    return list(session.scalars(wanted).unique())


def run_shown(session: Session, run_id: UUID, profile: str) -> RunShown:
    """Return one run; raise NotFoundError when there is none in this profile."""
    run = session.get(MigrationRun, run_id)
    if run is None or run.old.profile != profile:
        raise NotFoundError(gettext("There is no such run, or not for this person."))
    began = run.state in {"running", "done"} or (run.started_at is not None)
    told = run.result if began else run.plan
    # What a plan has counted so far changes with single cases: it is told when it is whole.
    groups = [] if run.state == "planning" else list(told.get("groups", ()))
    reverted = session.scalar(
        select(MigrationRun.id).where(
            or_(MigrationRun.reverts_id == run_id), MigrationRun.state != "failed"
        )
    )
    moved = any(group["verdict"] == "moved" for group in groups)
    return RunShown(
        run=run,
        groups=tuple(_group(one) for one in groups),
        needs=() if began else tuple(_needs(run)),
        total=_total(groups),
        percent=run.done * 10 // run.total * 10 if began and run.total >= LARGE else None,
        may_revert=run.state == "done" and moved and reverted is None and run.reverts_id is None,
        reverts=run.reverts_id is not None,
    )


def _group(one: Mapping[str, Any]) -> Group:
    return Group(one["places"], one["verdict"], one["sentence"], shown(one["count"]))


def shown(count: int) -> str:
    """Return a count of cases as it may be told."""
    return str(count) if count >= FEWEST else f"fewer than {FEWEST}"


def _total(groups: Iterable[Mapping[str, Any]]) -> str:
    """Return the sum, such that no small group can be worked out from it."""
    counts = [one["count"] for one in groups]
    small = sum(count < FEWEST for count in counts)
    large = sum(count for count in counts if count >= FEWEST)
    return f"at least {large + small}" if small else str(large)


def _needs(run: MigrationRun) -> Iterable[Need]:
    for key, need in run.plan.get("needs", {}).items():
        alike = (one["element"] for one in need["choices"] if one["is_alike"])
        chosen = run.places.get(key) or next(alike, "")
        yield Need(key, need["label"], need["kind"], tuple(need["choices"]), chosen)
