"""Brings a draft into the form that the engine runs, or says why it cannot run yet."""

from collections import OrderedDict
from threading import Lock
from typing import Final

from sqlalchemy.orm import Session

from engine.check import check_deployment
from engine.checking import ENDINGS, context_of
from engine.deployment import ResolvedDeployment
from engine.errors import InputError
from engine.language.telling import told
from engine.models import WorkshopDraft
from engine.workshop import draft as drafts

KEPT: Final = 4
"""Sets that this process keeps: parsing and checking one takes a second."""
SCENARIOS: Final = "scenarios/"

_KNOWN: OrderedDict[tuple[tuple[str, str], ...], ResolvedDeployment | str] = OrderedDict()
_LOCK = Lock()


def executable(session: Session, draft: WorkshopDraft) -> ResolvedDeployment:
    """Return a draft's set without its scenarios; raise InputError where it cannot be executed.

    What a broken drawing does in the engine is not known, so none is handed to it.
    """
    manifest = drafts.manifest(session, draft)
    wanted = {path: at for path, at in manifest.items() if not path.startswith(SCENARIOS)}
    key = tuple(sorted(wanted.items()))
    with _LOCK:
        found = _KNOWN.get(key)
    if found is None:
        found = _judged(drafts.parsed(drafts.contents(session, wanted)))
        with _LOCK:
            _KNOWN[key] = found
            while len(_KNOWN) > KEPT:
                _KNOWN.popitem(last=False)
    if isinstance(found, str):
        raise InputError(found)
    return found


def _judged(deployment: ResolvedDeployment) -> ResolvedDeployment | str:
    """Return the set, or why it cannot run."""
    checked = {path: one for path, one in deployment.files.items() if path.endswith(ENDINGS)}
    found = check_deployment(checked, context_of(deployment.profile))
    errors = [finding for finding in found if finding.severity == "error"]
    if not errors:
        return deployment
    if len(errors) == 1:
        return told("The draft cannot be played yet: %(first)s", first=errors[0].told)
    return told(
        "The draft cannot be played yet: %(first)s (%(more)s more)",
        first=errors[0].told,
        more=len(errors) - 1,
    )
