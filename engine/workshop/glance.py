"""What is said of a draft at once: its findings and its changes, kept as long as it is the same."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Any

from sqlalchemy.orm import Session

from engine.check import Finding
from engine.comparison import Side
from engine.deployment import id_of
from engine.errors import CasetableError
from engine.language.telling import message_of, told
from engine.models import WorkshopDraft
from engine.workshop import judging
from engine.workshop.draft import contents, manifest

REMEMBERED = 16
_KNOWN: OrderedDict[tuple[str, str], "Glance"] = OrderedDict()
_LOCK = Lock()


@dataclass(frozen=True)
class Glance:
    """Findings and changes of one state of a draft, and what people call its files."""

    findings: tuple[Finding, ...]
    changes: list[dict[str, Any]]
    uncompared: str
    """Why nothing can be said about the changes; empty where all was compared."""
    titles: dict[str, str]

    @property
    def errors(self) -> int:
        """Return how many findings keep the draft from being published."""
        return sum(one.severity == "error" for one in self.findings)


def glance(session: Session, draft: WorkshopDraft) -> Glance:
    """Look at a draft; the same state is looked at once in each operating-system process."""
    hashes = manifest(session, draft)
    key = id_of(hashes), id_of(draft.begun_with)
    with _LOCK:
        known = _KNOWN.get(key)
    if known is None:
        known = _look(session, draft, hashes)
        with _LOCK:
            _KNOWN[key] = known
            while len(_KNOWN) > REMEMBERED:
                _KNOWN.popitem(last=False)
    return known


def _look(session: Session, draft: WorkshopDraft, hashes: dict[str, str]) -> Glance:
    files = contents(session, hashes)
    before, after = judging.base_side(session, draft.base_deployment_id), Side(told("draft"), files)
    changes: list[dict[str, Any]] = []
    uncompared = ""
    try:
        changes = judging.changes_told(judging.compared(before, after, draft.begun_with), after)
    except CasetableError as problem:
        uncompared = message_of(problem)
    titles = judging.titles(before) | judging.titles(after)
    return Glance(tuple(judging.findings(files)), changes, uncompared, titles)
