"""Judges a case that is to go back: exactly while it has not moved on, else by its position."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.application import Application
from engine.bpmn import Instance, Scope, unseal
from engine.errors import CasetableError
from engine.migrating.judging import Carried, Judge, Judged, Seen
from engine.migrating.places import Element, Sides
from engine.migrating.writing import digest
from engine.models import InstanceMove, ProcessInstance
from engine.running import Reader


class JudgeOfReturn(Judge):
    """Judges cases of a run that is brought back."""

    def __init__(
        self,
        application: Application,
        sides: Sides,
        places: dict[Element, str],
        reverted: UUID,
    ) -> None:
        super().__init__(application, sides, places)
        self._reverted = reverted

    def see(self, session: Session, rows: Iterable[ProcessInstance]) -> Seen:
        """Read how the instances were before they were moved, too."""
        found = list(rows)
        moves = session.scalars(
            select(InstanceMove).where(
                InstanceMove.run_id == self._reverted,
                InstanceMove.case_id.in_({row.case_id for row in found}),
            )
        )
        return replace(super().see(session, found), moves={one.instance_id: one for one in moves})

    def case(
        self, session: Session, rows: list[ProcessInstance], seen: Seen | None = None
    ) -> Judged:
        """Judge a case; one that has moved on since is judged like any other that moves."""
        known = seen or self.see(session, rows)
        if self._is_unchanged(rows, known):
            try:
                return self._exactly(session, rows, known)
            except CasetableError:
                pass  # judged anew below, which says in words what stands in the way
        return super().case(session, rows, known)

    def _is_unchanged(self, rows: list[ProcessInstance], seen: Seen) -> bool:
        cases = {row.case_id for row in rows}
        moved = {one.instance_id for one in seen.moves.values() if one.case_id in cases}
        return {row.id for row in rows} == moved and all(
            digest(row.blob) == seen.moves[row.id].after_hash for row in rows
        )

    def _exactly(self, session: Session, rows: list[ProcessInstance], seen: Seen) -> Judged:
        judged = Judged((), self.places_of(session, rows))
        judged.revisions = {row.id: row.revision for row in rows}
        for row in rows:
            instance = self._as_it_was(row, seen)
            judged.carried.append(Carried(row, instance, self._items(row, instance)))
        return judged

    def _as_it_was(self, row: ProcessInstance, seen: Seen) -> Instance:
        former = self.sides.new
        scope = Scope(seen.now, former.profile.zone, {"profile": former.profile.values})
        blob = unseal(seen.moves[row.id].before, self._application.settings.state_key)
        return Instance.load(former.program(row.process_id), blob, Reader(), scope)
