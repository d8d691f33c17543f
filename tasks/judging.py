"""Judges drafts of process owners piece by piece: rules, then scenarios some at a time."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from engine.application import Application
from engine.job import Handler, register
from engine.models import Job
from engine.workshop import judgement
from engine.workshop.judgement import Piece


def _prepare(application: Application, session: Session, job: Job) -> Piece | None:
    """Read what the next piece needs; None when another worker has done it."""
    row = judgement.find(session, UUID(job.payload["judgement"]))
    return judgement.next_piece(application, session, row)


def _perform(application: Application, piece: Piece | None) -> Any:
    """Judge without a database."""
    del application
    return (piece, piece.do()) if piece is not None else None


def _finish(application: Application, session: Session, job: Job, result: Any) -> None:
    """Store the piece and owe the next one, in the commit that marks this one done."""
    if result is None:
        return
    piece, found = result
    row = judgement.locked(session, UUID(job.payload["judgement"]))
    judgement.keep_piece(application, session, row, piece, found)
    judgement.go_on(application, session, row)


register(judgement.KIND, Handler(_prepare, _perform, _finish))
