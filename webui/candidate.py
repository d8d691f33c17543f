"""A draft as it would be with the file that somebody is editing, judged before it is saved.

Nothing here is stored. One proof runs at a time in each operating-system process: it keeps a core
busy for seconds, and others wait for pages.
"""

from collections import OrderedDict
from threading import Lock
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from engine.deployment import ResolvedDeployment
from engine.errors import CasetableError, ConflictError
from engine.language import current_speech, gettext, mark
from engine.models import WorkshopDraft
from engine.proof.proof import Proof, prove
from engine.workshop import draft as drafts
from engine.workshop.judging import findings
from engine.workshop.place import check_content
from webui.catalogue import readable
from webui.verdict import Places, findings_told, proof_told

LOST = (LookupError, TypeError, ValueError, AttributeError)
"""How a proof ends that follows a drawing with holes; without a finding it is a mistake of ours."""
UNREADABLE = mark("nobody can follow a drawing with these problems; mend them first.")
KEPT = 6
"""How many answers are remembered: undoing a change asks for the one before."""


Question = tuple[UUID, str, str, tuple[tuple[str, str], ...]]
"""Draft, deployment, and the language with its terms: verdicts are kept in the words they had."""


class BusyError(ConflictError):
    """Another proof is running in this process."""


class Prover:
    """Proves one deployment at a time and remembers what the last few proofs said.

    Only their words are kept: the states behind a proof fill tens of megabytes.
    """

    def __init__(self) -> None:
        self._running = Lock()
        self._known: OrderedDict[Question, dict[str, Any]] = OrderedDict()

    def told(self, places: Places) -> dict[str, Any]:
        """Return the verdicts on a draft; raise BusyError while another one is proved."""
        speech = current_speech()
        words = speech.language, tuple(sorted(speech.terms.items()))
        key = places.draft_id, places.deployment.id, *words
        known = self._known.get(key)
        if known is not None:
            return known
        if not self._running.acquire(blocking=False):
            raise BusyError(gettext("Another proof is running; this one waits for it."))
        try:
            told = proof_told(self.prove(places.deployment), places)
        finally:
            self._running.release()
        self._known[key] = told
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return told

    def prove(self, deployment: ResolvedDeployment) -> Proof:
        """Return the verdicts with all that they stand on."""
        return prove(deployment)


PROVER = Prover()


def candidate(session: Session, draft: WorkshopDraft, path: str, content: str) -> dict[str, bytes]:
    """Return the files of a draft with an unsaved content in place of the stored one."""
    written = content.encode()
    check_content(path, written, draft.profile)
    return {**drafts.files(session, draft), path: written}


def problems(files: dict[str, bytes], draft_id: UUID) -> list[dict[str, str]]:
    """Return what `casetable check` says of the files."""
    return findings_told(findings(files), draft_id, _names(files))


def _names(files: dict[str, bytes]) -> dict[tuple[str, str], str]:
    """Return the names of elements, as far as the drawings can be read."""
    return {
        (drawing.file, element.id): element.name
        for drawing in readable(files).drawings.values()
        for element in drawing.elements
    }


def rules(files: dict[str, bytes], draft_id: UUID) -> dict[str, Any]:
    """Return the verdict on every rule, or in one sentence why none can be given."""
    try:
        return PROVER.told(Places(draft_id, drafts.parsed(files)))
    except BusyError:
        raise
    except CasetableError as error:
        return {"refused": str(error)}
    except LOST:
        if not any(one.severity == "error" for one in findings(files)):
            raise
        return {"refused": gettext(UNREADABLE)}
