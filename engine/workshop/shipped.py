"""The product's safety rules beside those of the published set: an update can bring new ones.

An update never lays its files over what process owners published (decision 64). So a set keeps the
rules that it was published with until a draft takes those of the product along, is judged by them
and published by two.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from engine.application import Application
from engine.comparison import Sentence, Side, compare
from engine.comparison.change import say
from engine.deployment import keep_contents
from engine.errors import CasetableError
from engine.inheritance import RULES
from engine.models import CurrentDeployment, Deployment
from engine.workshop.draft import changing, contents, hash_of, open_draft

UNREADABLE = say("The rules of the product and those of this set cannot be compared in words.")
REWRITTEN = say("The file is written in another way; each rule means the same.")


@dataclass(frozen=True)
class NewRules:
    """How the product's safety rules differ from those of the published set, in words."""

    sentences: tuple[Sentence, ...]


def new_rules(application: Application, session: Session, profile: str) -> NewRules | None:
    """Return what is different; None where the published set has the product's rules."""
    current = session.get(CurrentDeployment, profile)
    shipped = _shipped(application)
    if current is None or shipped is None:
        return None
    published = session.get_one(Deployment, current.deployment_id).manifest.get(RULES)
    if published == hash_of(shipped):
        return None
    before = contents(session, {RULES: published} if published else {})
    return NewRules(tuple(_told(before, shipped)))


def _told(before: dict[str, bytes], shipped: bytes) -> list[Sentence]:
    try:
        changes = compare(Side("published", before), Side("shipped", {RULES: shipped}))
    except CasetableError:
        return [UNREADABLE]
    return [change.sentence for change in changes] or [REWRITTEN]


def _shipped(application: Application) -> bytes | None:
    path = application.settings.processes_dir / RULES
    return path.read_bytes() if path.is_file() else None


def open_with_rules(application: Application, actor: UUID, profile: str, title: str) -> UUID:
    """Begin a draft from what is published, with the product's safety rules laid over it."""
    draft_id = open_draft(application, actor, profile, title)
    shipped = _shipped(application)
    if shipped is not None:
        with changing(application, draft_id, actor) as change:
            keep_contents(change.session, [shipped])
            change.apply({RULES: hash_of(shipped)}, given=True)
    return draft_id
