"""Hands a concern over to another body: its file opens with what was expressly given, no more."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.application import Application
from engine.cases import add_episode
from engine.errors import InputError, OperatorError
from engine.job import Handler, register
from engine.language import gettext
from engine.language.telling import told
from engine.lifecycle import HANDED_OVER
from engine.linked_file import (
    ENDED,
    FILE,
    is_told,
    new_file,
    open_file_of,
    opener_of,
    running_process,
)
from engine.models import Case, CaseLink, Contribution, Decision, Job, Person
from engine.operator import recorder
from engine.separate_file import SeparateFile, first_of, opened_from
from engine.sharing import why_not
from engine.turn import Turn, take_turn
from tasks.note import add_note
from tasks.person import age_group, person_of

NEWS = "new_information"
"""What a file that is open already hears of more that is handed over."""


@dataclass(frozen=True)
class Handing:
    """What crosses: a concern without its reason, or words written for the other body."""

    crossing_level: str
    crossing_words: str = ""
    crossing_basis: str = ""


@recorder("file/hand_over", inputs=Handing)
def hand_over(turn: Turn, inputs: Handing) -> None:
    """Hand the concern over to the next body: its own file opens, with these words alone (P21).

    Where that body has an open file already, the words go there and its process is told. Raises
    InputError where the words may not be handed on.
    """
    target = _target(turn)
    words = inputs.crossing_words.strip() if inputs.crossing_level == "summary" else ""
    if inputs.crossing_level == "summary" and not words:
        raise InputError(gettext("Write what the other body may read, or hand over less."))
    basis = inputs.crossing_basis
    reason = why_not(turn.session, turn.case.id, turn.profile, inputs.crossing_level, basis)
    if reason:
        raise InputError(reason)
    turn.session.flush()
    there = open_file_of(turn.session, turn.case.id, target.code)
    case = there or _open(turn, target)
    _cross(turn, case, inputs.crossing_level, words, basis)
    if there is None:
        _begin(turn, case)
    else:
        _tell_more(turn, case)
    add_note(turn, "file_handover", words or "-", details=turn.details("crossing_words"))
    turn.audit("case:file:hand_over", turn.case.id, file=target.code, level=inputs.crossing_level)


def _target(turn: Turn) -> SeparateFile:
    files = turn.profile.files
    first = first_of(files)
    # A case that began before its structure kept files apart is the one that reports begin.
    own = turn.case.file or (first.code if first else "")
    target = opened_from(files, own)
    if target is None:
        raise OperatorError(
            told("No file is opened out of this one; say so in [files] of the profile."),
            retryable=False,
        )
    return target


def _open(turn: Turn, target: SeparateFile) -> Case:
    """Add the other file with its own key; who it is about is what it cannot do without."""
    case = new_file(turn.case.kind, turn.deployment.id, turn.now, target)
    turn.session.add(case)
    turn.session.flush()
    known = person_of(turn)
    turn.session.add(
        Person(
            case_id=case.id,
            name=known.name,
            birth_date=known.birth_date,
            details={"age_group": age_group(turn)},
        )
    )
    turn.session.add(CaseLink(case_id=turn.case.id, other_case_id=case.id, kind=FILE))
    turn.session.flush()
    return case


def _cross(turn: Turn, case: Case, level: str, words: str, basis: str) -> None:
    """Write what crosses into the other file: of the organisation, and of nobody by name."""
    own = turn.statement()["organisation_id"]
    turn.session.add(
        Contribution(
            case_id=case.id,
            element_id="",
            organisation_id=own,
            at=turn.now,
            details={},
            level=level,
            one_person=False,
            concern=True,
            summary=words or None,
            body=None,
            legal_basis=basis or None,
        )
    )
    turn.session.flush()


def _begin(turn: Turn, case: Case) -> None:
    """Start the other file's process with codes alone, as an intake would have left them."""
    instance, episode = add_episode(turn.session, case, turn.deployment.id, turn.now)
    turn.session.flush()
    ages = turn.decide(
        "minor_rule",
        {"age_group": age_group(turn), "child_protection_done": _child_protection_asked(turn)},
    )
    turn.begin_beside(
        instance,
        HANDED_OVER,
        {
            "case_type": case.kind,
            "episode_number": episode.number,
            "start_phase": None,
            "file": case.file,
            "age_group": age_group(turn),
            "is_minor": ages["is_minor"],
            "child_protection_done": _child_protection_asked(turn),
            "urgency": "normal",
        },
    )


def _child_protection_asked(turn: Turn) -> bool:
    asked = select(Decision.id).where(
        Decision.case_id == turn.case.id, Decision.kind == "child_protection"
    )
    return turn.session.scalar(asked.limit(1)) is not None


def _tell_more(turn: Turn, case: Case) -> None:
    """Let the process of the other file hear that there is something new to read."""
    instance = running_process(turn.session, case.id)
    if instance is None or turn.submission is None:
        return
    turn.post(NEWS, key=f"{NEWS}:{turn.submission.work_item.id}", instance=instance)


@dataclass(frozen=True)
class _News:
    """That an episode ended, and in which case; the message is the profile's."""

    case_id: UUID
    message: str
    key: str


def _prepare(application: Application, session: Session, job: Job) -> _News:
    del application, session
    return _News(UUID(job.payload["case_id"]), str(job.payload["message"]), job.key)


def _perform(application: Application, news: _News) -> _News:
    """Do nothing outside: the work is rows in one transaction."""
    del application
    return news


def _finish(application: Application, session: Session, job: Job, news: _News) -> None:
    """Tell the file that opened this one, once; one that runs no longer needs no news."""
    del job
    opener = opener_of(session, news.case_id)
    instance = running_process(session, opener) if opener is not None else None
    if instance is None or is_told(session, news.key):
        return

    def stimulus(turn: Turn) -> None:
        posted: Any = turn.post(news.message, key=news.key)
        turn.audit("case:file:told", posted.id, message=news.message)

    take_turn(application, session, instance, stimulus)


register(ENDED, Handler(_prepare, _perform, _finish))
