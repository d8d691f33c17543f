"""Initial values of forms that continue what is already on file (a plan, the goals so far)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from engine import operator
from engine.models import Case, Episode, WorkItem
from engine.profile import Profile


@dataclass(frozen=True)
class FillContext:
    """What a prefill may read. It only reads."""

    session: Session
    case: Case
    episode: Episode | None
    work_item: WorkItem
    profile: Profile
    today: date


Fill = Callable[[FillContext], dict[str, Any]]
_FILLS: dict[str, Fill] = {}


def prefill(form_id: str) -> Callable[[Fill], Fill]:
    """Register the function that gives the initial values of a form."""

    def decorate(function: Fill) -> Fill:
        _FILLS[form_id] = function
        return function

    return decorate


def has_prefill(form_id: str) -> bool:
    """Say whether a form begins with what is on file."""
    operator.catalogue()  # loads the packages in which prefills are registered too
    return form_id in _FILLS


def initial_values(form_id: str, context: FillContext) -> dict[str, Any]:
    """Return the initial values of a form; none when nobody registered any."""
    return _FILLS[form_id](context) if has_prefill(form_id) else {}
