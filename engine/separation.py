"""Keeps two steps of one case with two persons where the drawing says so (L10)."""

from sqlalchemy import or_, select

from engine import human
from engine.errors import SeparationError
from engine.models import WorkItem
from engine.turn import Turn


def check_separation(turn: Turn, item: WorkItem, elements: str) -> None:
    """Refuse that one person does both of two steps that the drawing keeps apart (L10).

    Whoever acts for an absent person acts as both, and two accounts of one human are one, so that
    nobody can be two persons (P36, S19).
    """
    names = [name.strip() for name in elements.split(",") if name.strip()]
    if not names:
        return
    persons = human.accounts_like(person.id for person in turn.persons)
    done = turn.session.scalar(
        select(WorkItem)
        .where(
            WorkItem.instance_id == turn.instance.id,
            WorkItem.element_id.in_(names),
            or_(
                WorkItem.completed_by_id.in_(persons),
                WorkItem.completed_for_id.in_(persons),
            ),
        )
        .limit(1)
    )
    if done is not None:
        whoever = f"You or {turn.behalf.display_name}" if turn.behalf else "You"
        deputy = " or your deputy" if turn.actor and done.completed_for_id == turn.actor.id else ""
        raise SeparationError(
            f"{whoever}{deputy} did the step “{done.name}” in this case, so somebody else has to "
            f"do “{item.name}”."
        )
