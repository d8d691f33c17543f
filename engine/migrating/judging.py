"""Judges one case on a copy: moves by itself, needs a place named, waits, or is refused and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.orm import Session

from engine.application import Application
from engine.bpmn import Instance, Open, Scope, open_elements, transfer
from engine.errors import MigrationRefusedError
from engine.migrating.owing import Renewed, check_owed, renewed
from engine.migrating.places import Element, Need, Sides
from engine.migrating.proving import proving_of
from engine.models import ProcessInstance
from engine.running import Reader, load, past

MOVES, NAMED, WAITS, REFUSED = "moves", "name", "waits", "refused"
UNDER_WAY: Final = (
    "Something is being sent to the outside for it; it stays where it is until a later run."
)
Position = tuple[tuple[str, tuple[Open, ...]], ...]
"""For each running process of a case its open elements, with their nesting."""


@dataclass
class Carried:
    """One process instance with its copy in the new drawing."""

    row: ProcessInstance
    instance: Instance
    items: list[Renewed]


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

    def case(self, session: Session, rows: list[ProcessInstance]) -> Judged:
        """Judge the running instances of a case; nothing is stored."""
        loaded = [(row, load(self._application, session, row)) for row in rows]
        position = _position(loaded)
        judged = Judged(position, self._labels(position))
        judged.needs = tuple(self._all_needs(position))
        if judged.needs:
            judged.verdict, judged.sentence = NAMED, " ".join(one.sentence for one in judged.needs)
        elif any(instance.effects() for _, instance in loaded):
            judged.verdict, judged.sentence = WAITS, UNDER_WAY
        else:
            self._carry(session, judged, loaded)
        return judged

    def places_of(self, session: Session, rows: list[ProcessInstance]) -> tuple[str, ...]:
        """Return where a case stands, as the old drawing calls it."""
        loaded = [(row, load(self._application, session, row)) for row in rows]
        return self._labels(_position(loaded))

    def _carry(
        self, session: Session, judged: Judged, loaded: list[tuple[ProcessInstance, Instance]]
    ) -> None:
        try:
            judged.carried = [self._carried(session, row, before) for row, before in loaded]
        except MigrationRefusedError as error:
            judged.verdict, judged.sentence, judged.carried = REFUSED, str(error), []

    def _carried(self, session: Session, row: ProcessInstance, before: Instance) -> Carried:
        new = self.sides.new
        if row.process_id not in new.processes:
            raise MigrationRefusedError(
                f"The new drawings have no process {row.process_id}; it runs here."
            )
        scope = Scope(
            self._application.now(session), new.profile.zone, {"profile": new.profile.values}
        )
        program = new.program(row.process_id)
        after = transfer(before, program, Reader(), scope, self.places)
        check_owed(before, after, new.profile, new)
        items = list(renewed(row.open_items, after, self.sides.old, new))
        parts = past(self._application.deployments, session, row)
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
