"""Keeps two steps of one case with two persons where the drawing says so (L10)."""

from sqlalchemy import or_, select

from engine import human
from engine.errors import SeparationError
from engine.language import gettext
from engine.models import WorkItem
from engine.turn import Turn
from engine.wordbook import deployment_words


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
        raise SeparationError(_why(turn, done, item))


def _why(turn: Turn, done: WorkItem, item: WorkItem) -> str:
    """Return who did the earlier step, in one sentence."""
    say = deployment_words(turn.deployment).say
    named = {"done": say(done.name), "next": say(item.name)}
    deputy = turn.actor is not None and done.completed_for_id == turn.actor.id
    if turn.behalf:
        named["absent"] = turn.behalf.display_name
        if deputy:
            return gettext(
                "You or %(absent)s or your deputy did the step “%(done)s” in this case, so "
                "somebody else has to do “%(next)s”.",
                **named,
            )
        return gettext(
            "You or %(absent)s did the step “%(done)s” in this case, so somebody else has to do "
            "“%(next)s”.",
            **named,
        )
    if deputy:
        return gettext(
            "You or your deputy did the step “%(done)s” in this case, so somebody else has to do "
            "“%(next)s”.",
            **named,
        )
    return gettext(
        "You did the step “%(done)s” in this case, so somebody else has to do “%(next)s”.", **named
    )
