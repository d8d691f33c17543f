"""All questions to the modules of access in one row: the first that speaks against them counts."""

import random
from collections.abc import Callable, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import Account
from tests.authz import apart_piece, cell, gallery, paper, told, two_files
from tests.authz.hall import Cell, Hall
from tests.authz.step_question import of_able
from tests.authz.two_files import TwoFiles

SEED = 20260115
AT_FIRST = 400
MOST = 150


class Jury:
    """Questions in an order in which a mistake is met early: some of each kind come first."""

    def __init__(self, hall: Hall, apart: TwoFiles) -> None:
        self.hall, self.apart = hall, apart
        # Some more than the pairs need: a mistake may show only where four things meet.
        asked, _ = cell.pairs(hall.gallery, (1,))
        asked += [
            one for person in hall.gallery.people for one in cell.personal(hall.gallery, person)
        ]
        places = [place for place in hall.gallery.places if place.step not in {"", gallery.DONE}]
        chance = random.Random(SEED)
        some = chance.sample(places, 40)
        asked += [(of_able, hall.gallery.people[0], place, None) for place in some]
        self.asked: list[Cell] = chance.sample(asked, len(asked))
        self.telling: list[Cell] = []
        """Questions that have told of a mistake, the latest first: the next one is alike."""

    def objection(self) -> str:
        """Return what speaks against the modules as they are now, or nothing.

        An error counts: a program that breaks lets nobody read.
        """
        try:
            return next(self._objections(), "")
        except Exception as error:  # noqa: BLE001 - whatever breaks
            self.hall.session.expire_all()
            self.apart.session.expire_all()
            return f"breaks: {error!r}"

    def _objections(self) -> Iterator[str]:
        yield from self._said(self.telling)
        yield from self._said(self.asked[:AT_FIRST])
        yield from apart_piece.objections(self.apart.session)
        yield from two_files.objections(self.apart)
        session = self.hall.session
        with session.begin_nested() as save:
            try:
                yield from papers(session, self.hall)
            finally:
                save.rollback()
        yield from self._said(self.asked[AT_FIRST:])

    def _said(self, asked: list[Cell]) -> Iterator[str]:
        for one in asked:
            if told := cell.ask(self.hall, one):
                self.telling = [one, *(other for other in self.telling if other is not one)][:MOST]
                yield told


def papers(session: Session, hall: Hall) -> Iterator[str]:
    """Give what speaks against the tables that no place or standing plays a part in."""
    houses = hall.gallery.houses
    account = session.scalars(select(Account).order_by(Account.username)).unique().first()
    tables: list[Callable[[], Iterator[str]]] = [
        lambda: paper.roles(session),
        paper.areas,
        paper.kept_roles,
        lambda: paper.areas_of_roles(hall.profile),
        lambda: paper.answers(houses),
        lambda: paper.levels(session, houses, account),
        lambda: paper.audience_lines(session, houses, account),
        paper.deputising,
        lambda: paper.absences(session, hall.gallery.people),
        lambda: paper.entering(session, hall.gallery.people[0]),
        lambda: told.own_words(session, houses, account),
        lambda: told.called(session, houses),
        lambda: told.kept_steps(session, houses),
        lambda: told.functions(session, houses, hall.profile),
    ]
    for one in tables:
        yield from one()
