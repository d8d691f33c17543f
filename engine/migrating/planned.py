"""A plan as it grows slice by slice: positions and counts, nothing of a case."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self
from uuid import UUID

from engine.language.telling import named, series, told
from engine.migrating.judging import REFUSED, Judged

UNREADABLE = told(
    "Its stored state cannot be read with its drawing; the operator has to look at it."
)


@dataclass
class Planned:
    """What would become of the cases that were judged so far."""

    counted: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """How many cases by place, verdict and sentence."""
    needs: dict[str, Any] = field(default_factory=dict)
    after: UUID | None = None
    """The last case that was judged, in the order of ids; forgotten when the plan is whole."""

    @classmethod
    def read(cls, plan: Mapping[str, Any]) -> Self:
        """Read what earlier slices kept."""
        counted = Counter(
            {
                (one["places"], one["verdict"], one["sentence"]): one["count"]
                for one in plan.get("groups", ())
            }
        )
        after = plan.get("after")
        return cls(counted, dict(plan.get("needs", {})), UUID(after) if after else None)

    @property
    def total(self) -> int:
        """Return how many cases were judged."""
        return sum(self.counted.values())

    def count(self, asked: Sequence[UUID], judged: Iterable[tuple[UUID, Judged | None]]) -> None:
        """Count what would become of some cases; what was not come to is left for later."""
        self.after = asked[-1]
        for case_id, one in judged:
            self.after = case_id
            if one is None:
                self.counted["", REFUSED, UNREADABLE] += 1
            else:
                self.counted[places_told(one.places), one.verdict, one.sentence] += 1
                self.needs |= {need.key: asdict(need) for need in one.needs}

    def written(self, proofs: int, *, over: bool) -> dict[str, Any]:
        """Return the plan as a run keeps it."""
        groups = [group(*told, count) for told, count in self.counted.most_common()]
        found = {"groups": groups, "needs": self.needs, "proofs": proofs}
        return found if over else {**found, "after": str(self.after) if self.after else ""}


def places_told(labels: Iterable[str]) -> str:
    """Return the open steps by name."""
    return series(map(named, labels)) or ""


def group(places: str, verdict: str, sentence: str, count: int) -> dict[str, Any]:
    """Return one group of cases as pages and the command line read it."""
    return {"places": places, "verdict": verdict, "sentence": sentence, "count": count}
