"""Runs the scenarios of a draft piece by piece; a worker that dies loses the piece it was at."""

from typing import Any

from sqlalchemy.orm import Session

from engine.application import Application
from engine.job import Handler, register
from engine.models import Job
from engine.workshop import rehearsal
from engine.workshop.rehearsal import Piece


def _prepare(application: Application, session: Session, job: Job) -> Piece:
    """Read what the next scenarios need."""
    return rehearsal.next_piece(application, session, job.payload)


def _perform(application: Application, piece: Piece) -> Any:
    """Run them without a database of the installation."""
    del application
    return piece, piece.do()


def _finish(application: Application, session: Session, job: Job, result: Any) -> None:
    """Store how they went and owe the rest, in the commit that marks this job done."""
    piece, found = result
    rehearsal.keep(application, session, piece, found)
    rehearsal.go_on(application, session, job.payload)


register(rehearsal.KIND, Handler(_prepare, _perform, _finish))
