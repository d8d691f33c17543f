"""Files that are kept apart and belong to one person: opened by handing over, told of an end.

Opening is one commit: the step of who hands over, the new file, its key, its process. What comes
back later is a message without content. It is owed in the commit that ends the episode and
delivered in another one under the other file's lock, once by the key of the episode.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from sqlalchemy import BindParameter, CompoundSelect, Uuid, bindparam, or_, select
from sqlalchemy.orm import Session

from engine import access
from engine.incident import OWNER
from engine.lock import before_another, lock_instance
from engine.models import (
    Account,
    Case,
    CaseLink,
    CaseState,
    Episode,
    EpisodeState,
    InboxMessage,
    ProcessInstance,
)
from engine.profile import Profile
from engine.receipt import new_code
from engine.separate_file import SeparateFile

if TYPE_CHECKING:
    from engine.turn import Turn

FILE = "file"
"""The kind of link from the file that handed over to the file that this opened."""
ENDED = "file_ended"
"""The kind of job that tells a file of an end in the file that it opened."""


def new_file(kind: str, deployment_id: str, now: datetime, separate: SeparateFile | None) -> Case:
    """Return a new case: the file of one body, or the only one where `separate` is None."""
    return Case(
        id=uuid4(),
        code=new_code(),
        kind=kind,
        state=CaseState.OPEN.value,
        file=separate.code if separate else "",
        roles=f" {' '.join(separate.roles)} " if separate else "",
        steward=separate.role_for(OWNER) if separate else OWNER,
        deployment_id=deployment_id,
        created_at=now,
        audit_sequence=0,
        audit_head="",
    )


def open_file_of(session: Session, case_id: UUID, code: str) -> Case | None:
    """Return the open file that a case has opened already, locked; None where there is none.

    Whoever holds two locks took that of the opening file first, so nobody waits in a ring.
    """
    before_another(session)
    return session.scalar(
        select(Case)
        .join(CaseLink, CaseLink.other_case_id == Case.id)
        .where(
            CaseLink.case_id == case_id,
            CaseLink.kind == FILE,
            Case.file == code,
            Case.state == CaseState.OPEN.value,
        )
        .order_by(Case.created_at.desc())
        .limit(1)
        .with_for_update(of=Case)
    )


def running_process(session: Session, case_id: UUID) -> ProcessInstance | None:
    """Return the running process of a case's episode with the lock on the case, or None."""
    instance_id = session.scalar(
        select(Episode.instance_id).where(
            Episode.case_id == case_id, Episode.status == EpisodeState.RUNNING.value
        )
    )
    return lock_instance(session, instance_id) if instance_id is not None else None


def owe_end(turn: "Turn") -> None:
    """Owe the news that an episode ended to the file that opened this one, if the profile says so.

    The news is that it ended: not how, not why, and nothing of anybody.
    """
    own = turn.profile.files.get(turn.case.file)
    if own is None or not own.tells or turn.episode is None:
        return
    payload = {"case_id": str(turn.case.id), "message": own.tells}
    turn.owe(ENDED, f"{ENDED}:{turn.episode.id}", payload)


def opener_of(session: Session, case_id: UUID) -> UUID | None:
    """Return the case that opened a file; None where none did, or it is erased."""
    return session.scalar(
        select(CaseLink.case_id).where(CaseLink.other_case_id == case_id, CaseLink.kind == FILE)
    )


def is_told(session: Session, key: str) -> bool:
    """Say whether a message was put into an inbox already."""
    return session.scalar(select(InboxMessage.id).where(InboxMessage.key == key)) is not None


def linked_files(session: Session, account: Account, case: Case) -> list[Case]:
    """Return the files that belong to a case, for who sees both: nobody else learns of the link."""
    # Most cases have no other file, and to ask who sees it takes longer than to find that out.
    if not session.scalars(_BESIDE, {"case_id": case.id}).all():
        return []
    seen = list(
        session.scalars(
            select(Case)
            .where(
                or_(Case.id == case.id, Case.id.in_(_beside(case.id))),
                access.visible_cases(session, account),
            )
            .order_by(Case.created_at, Case.id)
        )
    )
    return [one for one in seen if one.id != case.id] if case in seen else []


def file_beside(session: Session, case_id: UUID, code: str) -> UUID | None:
    """Return the newest file of a kind that belongs to a case, whoever asks; None without one."""
    return session.scalar(
        select(Case.id)
        .where(Case.id.in_(_beside(case_id)), Case.file == code)
        .order_by(Case.created_at.desc(), Case.id)
        .limit(1)
    )


def _beside(case_id: UUID | BindParameter[UUID]) -> CompoundSelect[UUID]:
    opened = select(CaseLink.other_case_id).where(
        CaseLink.case_id == case_id, CaseLink.kind == FILE
    )
    opener = select(CaseLink.case_id).where(
        CaseLink.other_case_id == case_id, CaseLink.kind == FILE
    )
    return opened.union(opener)


_BESIDE: Final = _beside(bindparam("case_id", type_=Uuid()))


def is_handed_over(profile: Profile, case: Case) -> bool:
    """Say whether a case began by being handed over, and not with a report."""
    return profile.is_handed_over(case.file)
