"""Checks the recorded history of an episode against the rules when it ends, or was repaired.

A difference does not stop the case: it calls the head of the desk, who has to look (L1 to L12).
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from engine.deployment import ResolvedDeployment
from engine.incident import OWNER, call_for
from engine.models import ProcessInstance
from engine.proof.history import Broken, Past, history_rules
from engine.running import happened

RULE = "rule:"
"""How the keys of these incidents begin."""


def recheck(
    session: Session,
    deployment: ResolvedDeployment,
    instance: ProcessInstance,
    now: datetime,
    past: Sequence[Past] | None = None,
) -> list[Broken]:
    """Return the rules that the history breaks; each has called its owner, once an instance.

    `past` is the history in parts, each under the drawing that the case stood on then.
    """
    parts = past or [Past(deployment, tuple(happened(session, instance)))]
    found: list[Broken] = []
    for number, part in enumerate(parts):
        rules = history_rules(part.deployment, instance.process_id)
        over = instance.ended_at is not None and number == len(parts) - 1
        found += rules.broken(part.happened, over=over, earlier=parts[:number])
    for broken in found:
        call_for(
            session,
            key=f"{RULE}{instance.id}:{broken.rule.id}",
            message=str(broken),
            now=now,
            about=broken.element_id,
            role=OWNER,
            case_id=instance.case_id,
        )
    return found
