"""Judges one case on a copy: moves by itself, needs a place named, waits, or is refused and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from engine.application import Application
from engine.bpmn import Instance, Open, Scope, open_elements, transfer
from engine.errors import MigrationRefusedError
from engine.language.telling import message_of, series, told
from engine.migrating.owing import Renewed, check_owed, renewed
from engine.migrating.places import Element, Need, Sides
from engine.migrating.proving import proving_of
from engine.models import InstanceMove, ProcessInstance
from engine.proof.history import Past
from engine.running import Known, Reader, load, pasts

MOVES, NAMED, WAITS, REFUSED = "moves", "name", "waits", "refused"
UNDER_WAY: Final = told(
    "Something is being sent to the outside for it; it stays where it is until a later run."
)
MOST_HISTORIES: Final = 200
"""Histories that are kept from one case to the next: many are alike, and some are long."""
Position = tuple[tuple[str, tuple[Open, ...]], ...]
"""For each running process of a case its open elements, with their nesting."""


@dataclass
class Carried:
    """One process instance with its copy in the new drawing."""

    row: ProcessInstance
    instance: Instance
    items: list[Renewed]


@dataclass(frozen=True)
class Seen:
    """What is read of many instances at once, before they are judged one by one."""

    now: datetime
    pasts: Mapping[UUID, list[Past]]
    """The history of each instance, in parts."""
    moves: Mapping[UUID, InstanceMove]
    """The move of each instance that is to be undone."""


@dataclass
class Judged:
    """What would become of one case."""

    position: Position
    places: tuple[str, ...]
    """The innermost open steps, as the old drawing calls them."""
    verdict: str = MOVES
    sentence: str = ""
    needs: tuple[Need, ...] = ()
    carried: list[Carried] = field(default_factory=list)
    revisions: dict[UUID, int] = field(default_factory=dict)
    """Of its instances as they were judged."""


class Judge:
    """Judges cases of one deployment for another."""

    def __init__(
        self, application: Application, sides: Sides, places: Mapping[Element, str]
    ) -> None:
        self.sides = sides
        self.places = places
        self.proving = proving_of(sides.new)
        self.only_known = False
        """Whether a proof that is not made yet raises NotProvedError."""
        self._application = application
        self._needs: dict[Element, Need | None] = {}
        self._histories = Known()

    def see(self, session: Session, rows: Iterable[ProcessInstance]) -> Seen:
        """Read for many instances at once what judging each of them needs."""
        self._histories.forget_above(MOST_HISTORIES)
        past = pasts(self._application.deployments, session, rows, self._histories)
        return Seen(self._application.now(session), past, {})

    def case(
        self, session: Session, rows: list[ProcessInstance], seen: Seen | None = None
    ) -> Judged:
        """Judge the running instances of a case; nothing is stored."""
        known = seen or self.see(session, rows)
        loaded = [(row, load(self._application, session, row, known.now)) for row in rows]
        position = _position(loaded)
        judged = Judged(position, self._labels(position))
        judged.revisions = {row.id: row.revision for row in rows}
        judged.needs = tuple(self._all_needs(position))
        if judged.needs:
            judged.verdict, judged.sentence = (
                NAMED,
                series([one.sentence for one in judged.needs], " "),
            )
        elif any(instance.effects() for _, instance in loaded):
            judged.verdict, judged.sentence = WAITS, UNDER_WAY
        else:
            self._carry(judged, loaded, known)
        return judged

    def places_of(self, session: Session, rows: list[ProcessInstance]) -> tuple[str, ...]:
        """Return where a case stands, as the old drawing calls it."""
        loaded = [(row, load(self._application, session, row)) for row in rows]
        return self._labels(_position(loaded))

    def again(self, carried: Carried, row: ProcessInstance) -> Carried:
        """Return an instance that was judged with its rows as they are read under the lock."""
        judged = {one.item.id: one for one in carried.items}
        if all(item.id in judged and judged[item.id].is_of(item) for item in row.open_items):
            items = [replace(judged[item.id], item=item) for item in row.open_items]
        else:
            items = self._items(row, carried.instance)
        return Carried(row, carried.instance, items)

    def _items(self, row: ProcessInstance, after: Instance) -> list[Renewed]:
        return list(renewed(row.open_items, after, self.sides.old, self.sides.new))

    def _carry(
        self, judged: Judged, loaded: list[tuple[ProcessInstance, Instance]], seen: Seen
    ) -> None:
        try:
            judged.carried = [self._carried(row, before, seen) for row, before in loaded]
        except MigrationRefusedError as error:
            judged.verdict, judged.sentence, judged.carried = REFUSED, message_of(error), []

    def _carried(self, row: ProcessInstance, before: Instance, seen: Seen) -> Carried:
        new = self.sides.new
        if row.process_id not in new.processes:
            raise MigrationRefusedError(
                told(
                    "The new drawings have no process %(process)s; it runs here.",
                    process=row.process_id,
                )
            )
        scope = Scope(seen.now, new.profile.zone, {"profile": new.profile.values})
        program = new.program(row.process_id)
        after = transfer(before, program, Reader(), scope, self.places)
        check_owed(before, after, new.profile, new)
        items = self._items(row, after)
        parts = seen.pasts[row.id]
        refusal = self.proving.refusal(row.process_id, after, parts, only_known=self.only_known)
        if refusal:
            raise MigrationRefusedError(refusal)
        return Carried(row, after, items)

    # -- where it stands ---------------------------------------------------------------------------

    def _all_needs(self, position: Position) -> list[Need]:
        found = {}
        for _, opened in position:
            for one in opened:
                place = (one.process, one.element)
                need = self._need(one, place)
                if need is not None:
                    found[place] = need
        return list(found.values())

    def _need(self, one: Open, place: Element) -> Need | None:
        if one.on_border and not one.keeps_time:
            return None  # nobody has to listen for a message that the new drawing does not know
        if place not in self._needs:
            kept = self.sides.new_kinds.get((place[0], self.places.get(place, place[1])))
            fits = kept == one.kind
            self._needs[place] = None if fits else self.sides.need(*place)
        return self._needs[place]

    def _labels(self, position: Position) -> tuple[str, ...]:
        found = []
        for _, opened in position:
            around = {
                (*one.path[:depth],) for one in opened for depth in range(1, len(one.path) + 1)
            }
            for one in opened:
                if not one.on_border and (*one.path, one.element) not in around:
                    element = self.sides.old.processes[one.process].by_id[one.element]
                    found.append(element.label)
        return tuple(sorted(found))


def _position(loaded: list[tuple[ProcessInstance, Instance]]) -> Position:
    return tuple((row.process_id, tuple(open_elements(instance))) for row, instance in loaded)
