"""Playing a draft by hand: a journal of acts, played again through the engine to go on from it.

The journal is all that is kept. The world behind it lives in the memory of an operating-system
process of its own (engine/workshop/room.py), is made anew when there is none, and never touches a
case, a mail or a job.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.application import Application
from engine.deployment import ResolvedDeployment
from engine.errors import ConflictError, InputError
from engine.language import gettext, mark
from engine.language.telling import message_of, series, told
from engine.models import DraftState, WorkshopAct, WorkshopDraft, WorkshopPlay
from engine.workshop import draft as drafts
from engine.workshop.executable import executable
from engine.workshop.place import SCENARIO, kind_of
from engine.workshop.room import PlayEndedError, Room
from engine.workshop.sandbox import Sandbox, Step
from engine.workshop.script import Script, write_script

MOST_ACTS: Final = 200
"""A whole episode with all its monitoring takes about sixty."""
LIVE: Final = 4
"""Worlds that a web process keeps; any other is played again, which takes a second or two."""
BUSY_SECONDS: Final = 10
"""So long a window waits for what another one of the same play does."""
KEPT: Final = timedelta(days=90)
"""Since the last act: what somebody typed into forms of a play may be about somebody."""
BUSY = mark("This play is busy with another step of yours; try again in a moment.")
NOT_ALONE = told("Somebody, or another window of yours, went on with this play; look at it again.")


@dataclass(frozen=True)
class Played:
    """A play as far as it goes: `stopped` says at which act the draft no longer goes on."""

    sandbox: Room
    acts: tuple[Step, ...]
    stopped: str = ""

    @property
    def number(self) -> int:
        """Return how many acts there are, those that no longer go on with them."""
        return len(self.acts)


_LIVE: OrderedDict[tuple[UUID, UUID], Room] = OrderedDict()
_LOCK = Lock()


@contextmanager
def playing(application: Application, draft_id: UUID, me: UUID) -> Iterator[Played]:
    """Give one's own play of a draft, gone as far as it goes; nobody else uses it meanwhile.

    Raise InputError when the draft cannot be executed, NotFoundError when there is none.
    """
    with application.database.reading_as(me) as session:
        draft = _open(session, draft_id)
        deployment = executable(session, draft)
        acts = tuple(_acts(session, draft_id, me))
    room = _live(application, (draft_id, me), deployment, acts)
    if not room.lock.acquire(timeout=BUSY_SECONDS):
        raise ConflictError(gettext(BUSY))
    try:
        stopped = _go_on(room, acts)
        yield Played(room, acts, stopped)
    finally:
        if room.is_left:
            room.close()
        room.lock.release()


def _open(session: Session, draft_id: UUID) -> WorkshopDraft:
    draft = drafts.load(session, draft_id)
    if draft.state != DraftState.OPEN.value:
        raise ConflictError(
            told("This draft is %(state)s; play an open one.", state=told(draft.state))
        )
    return draft


def _play(session: Session, draft_id: UUID, me: UUID) -> WorkshopPlay | None:
    return session.scalars(
        select(WorkshopPlay).where(WorkshopPlay.draft_id == draft_id, WorkshopPlay.account_id == me)
    ).one_or_none()


def _acts(session: Session, draft_id: UUID, me: UUID) -> Iterator[Step]:
    rows = session.scalars(
        select(WorkshopAct)
        .join(WorkshopPlay, WorkshopPlay.id == WorkshopAct.play_id)
        .where(WorkshopPlay.draft_id == draft_id, WorkshopPlay.account_id == me)
        .order_by(WorkshopAct.number)
    )
    for row in rows:
        yield dict(row.step)


def _live(
    application: Application,
    key: tuple[UUID, UUID],
    deployment: ResolvedDeployment,
    acts: tuple[Step, ...],
) -> Room:
    """Return the world in which the first of these acts were done, or a new one."""
    left = []
    with _LOCK:
        found = _LIVE.get(key)
        if found is None or not _is_beginning(found, deployment, acts):
            left += [] if found is None else [found]
            found = _LIVE[key] = _anew(application, found, deployment)
        _LIVE.move_to_end(key)
        while len(_LIVE) > LIVE:
            left.append(_LIVE.popitem(last=False)[1])
    for room in left:
        room.leave()
    return found


def _anew(application: Application, before: Room | None, deployment: ResolvedDeployment) -> Room:
    room = Room(application.settings.processes_dir, deployment)
    if before is not None and before.deployment.id == deployment.id:
        room.stuck = before.stuck
    return room


def _is_beginning(room: Room, deployment: ResolvedDeployment, acts: tuple[Step, ...]) -> bool:
    same = room.deployment.id == deployment.id
    return same and room.done == list(acts[: len(room.done)])


def forget(draft_id: UUID, me: UUID) -> None:
    """Let the world in memory go: it is no longer what the journal says."""
    with _LOCK:
        room = _LIVE.pop((draft_id, me), None)
    if room is not None:
        room.leave()


def _go_on(room: Room, acts: tuple[Step, ...]) -> str:
    for number, step in enumerate(acts[len(room.done) :], start=len(room.done) + 1):
        if room.stuck is not None and room.stuck[0] == acts[:number]:
            # Tried once: each look at the page would take as long as it may again.
            return _stuck(number, room.stuck[1])
        try:
            problems = room.take(step)
        except PlayEndedError as error:
            if error.is_late:
                raise
            room.stuck = (acts[:number], message_of(error))
            return _go_on(room, acts)
        if problems:
            return _stuck(number, series(problems, "; "))
    return ""


def _stuck(number: int, why: str) -> str:
    return told("Act %(number)s no longer goes: %(why)s", number=number, why=why)


def act(
    application: Application, draft_id: UUID, me: UUID, step: Mapping[str, Any], number: int
) -> list[str]:
    """Do one more act and keep it; return what speaks against it, when nothing is kept.

    `number` is how many acts the person has seen: who went on elsewhere is told (ConflictError).
    """
    wanted = dict(step)
    with playing(application, draft_id, me) as played:
        if played.stopped:
            return [told("%(stopped)s Go back to before it first.", stopped=played.stopped)]
        if played.number != number:
            raise ConflictError(NOT_ALONE)
        if number >= MOST_ACTS:
            raise InputError(
                told("A play has at most %(most)s acts; go back or begin anew.", most=MOST_ACTS)
            )
        problems = played.sandbox.take(wanted)
        if problems:
            # What an act that failed has left behind is not known.
            forget(draft_id, me)
            return problems
        try:
            _keep(application, draft_id, me, wanted, number)
        except (IntegrityError, ConflictError) as error:
            forget(draft_id, me)
            raise ConflictError(NOT_ALONE) from error
    return []


def _keep(application: Application, draft_id: UUID, me: UUID, step: Step, number: int) -> None:
    with application.database.transaction() as session:
        now = application.now(session)
        play = _play(session, draft_id, me)
        if play is None and number > 0:
            raise ConflictError(NOT_ALONE)  # begun anew, or erased, in between
        if play is None:
            play = WorkshopPlay(draft_id=draft_id, account_id=me, typed={}, begun_at=now)
            session.add(play)
            session.flush()
        play.typed = {}
        session.add(WorkshopAct(play_id=play.id, number=number, step=step, at=now))
        session.flush()


def as_scenario(played: Played, title: str) -> Script:
    """Return a play as a scenario that expects in the end what the play shows now."""
    if played.stopped or not played.acts:
        raise InputError(told("Play something that goes to its end first."))
    expected = played.sandbox.ask(Sandbox.facts)
    return Script({"title": title}, [*played.acts, {"expect": expected}])


def keep_as_scenario(
    application: Application, draft_id: UUID, me: UUID, name: str, title: str
) -> None:
    """Lay one's play into the draft as a new scenario; raise InputError with the mend."""
    if not title.strip():
        raise InputError(told("Give the scenario a title."))
    path = SCENARIO.place(name)
    if kind_of(path) is not SCENARIO:
        raise InputError(
            told("Give it a name of letters, digits, - and _, for example late_answer.")
        )
    with application.database.reading_as(me) as session:
        if path in drafts.manifest(session, drafts.load(session, draft_id)):
            raise InputError(
                told("The draft has a scenario %(name)s already; choose another name.", name=name)
            )
    with playing(application, draft_id, me) as played:
        content = write_script(as_scenario(played, title.strip()), path)
    drafts.save(application, draft_id, me, path, content, None)


def back(application: Application, draft_id: UUID, me: UUID, keep: int) -> None:
    """Take back all acts but the first `keep`; 0 begins anew."""
    with application.database.transaction() as session:
        _open(session, draft_id)
        play = _play(session, draft_id, me)
        if play is not None:
            session.execute(
                delete(WorkshopAct).where(
                    WorkshopAct.play_id == play.id, WorkshopAct.number >= max(0, keep)
                )
            )
            play.typed = {}
    forget(draft_id, me)


def typed(session: Session, draft_id: UUID, me: UUID, step: str) -> dict[str, Any] | None:
    """Return what was typed into the form of a step before it is answered."""
    play = _play(session, draft_id, me)
    found = play.typed.get(step) if play else None
    return dict(found) if found else None


def keep_typed(
    application: Application, draft_id: UUID, me: UUID, step: str, values: Mapping[str, Any]
) -> None:
    """Keep what was typed into the form of a step, as the drafts of real steps are kept."""
    with application.database.transaction() as session:
        _open(session, draft_id)
        play = _play(session, draft_id, me)
        if play is None:
            raise ConflictError(NOT_ALONE)
        play.typed = {step: dict(values)}


def sweep(application: Application) -> None:
    """Erase what nobody goes on with; the worker does so by itself."""
    with application.database.transaction() as session:
        _sweep(session, application.now(session))


def _sweep(session: Session, now: datetime) -> None:
    """Erase the plays of drafts that are worked on no more, and those left alone for long."""
    last = (
        select(func.max(WorkshopAct.at))
        .where(WorkshopAct.play_id == WorkshopPlay.id)
        .scalar_subquery()
    )
    gone = (
        select(WorkshopPlay.id)
        .join(WorkshopDraft, WorkshopDraft.id == WorkshopPlay.draft_id)
        .where(
            or_(
                WorkshopDraft.state != DraftState.OPEN.value,
                func.coalesce(last, WorkshopPlay.begun_at) < now - KEPT,
            )
        )
    )
    ids = list(session.scalars(gone))
    if ids:
        session.execute(delete(WorkshopAct).where(WorkshopAct.play_id.in_(ids)))
        session.execute(delete(WorkshopPlay).where(WorkshopPlay.id.in_(ids)))
