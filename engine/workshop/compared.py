"""Two sets of process files beside each other: words by file, marks on drawings, consequences."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy.orm import Session

from engine.comparison import Change, Side, compare
from engine.comparison.consequence import Consequences, rule_effects
from engine.comparison.report import closing, layout_words, titles
from engine.comparison.running import touched_cases
from engine.drawing import Drawing
from engine.language import mark
from engine.language.telling import told
from engine.workshop.few import FEWEST

KEPT = 8
"""Proofs that are remembered: a page is opened again and again, and the files never change."""
MARKS = ("added", "removed", "changed", "reworded", "moved")
"""What a drawing shows of an element, the heaviest first."""
WORDS = mark(
    {
        "added": "+ new",
        "removed": "x gone",
        "changed": "~ changed",
        "reworded": "other words",
        "moved": "moved",
    }
)


@dataclass(frozen=True)
class FileChanges:
    """What differs in one file; `drawn` is one sentence for everything that only moved."""

    path: str
    title: str
    diagram: str
    """The id by which the drawing of the file is chosen; empty for a table or form."""
    changes: tuple[Change, ...]
    drawn: str


@dataclass(frozen=True)
class Compared:
    """The report on two sides."""

    files: tuple[FileChanges, ...]
    closing: str
    changes: tuple[Change, ...]

    @property
    def has_meaning(self) -> bool:
        """Say whether something else happens afterwards."""
        return any(change.weight == "meaning" for change in self.changes)


def compared(old: Side, new: Side) -> Compared:
    """Return the report; raise CasetableError naming the file that cannot be read."""
    changes = compare(old, new)
    names = titles(old) | titles(new)
    ids = {drawing.file: key for side in (old, new) for key, drawing in diagrams(side).items()}
    files = tuple(
        _of_file(path, names.get(path, path), ids.get(path, ""), changes)
        for path in dict.fromkeys(change.file for change in changes)
    )
    return Compared(files, closing(changes), changes)


def _of_file(path: str, title: str, diagram: str, changes: Iterable[Change]) -> FileChanges:
    own = [change for change in changes if change.file == path]
    drawn = [change for change in own if change.weight == "layout"]
    said = tuple(change for change in own if change.weight != "layout")
    words = layout_words(drawn, alone=not said) if drawn else ""
    return FileChanges(path, title, diagram, said, words)


def diagrams(side: Side) -> dict[str, Drawing]:
    """Return the drawings by the id of their first process, by which both sides find each other."""
    return {
        drawing.processes[0].id if drawing.processes else path: drawing
        for path, drawing in side.drawings.items()
    }


def marks(changes: Iterable[Change], drawing: Drawing | None, *, new: bool) -> dict[str, str]:
    """Return `{element: mark}` for the drawing of one side."""
    if drawing is None:
        return {}
    found: dict[str, str] = {}
    hidden = "removed" if new else "added"
    for change in changes:
        kind = _mark(change)
        if change.file != drawing.file or not change.element or kind == hidden:
            continue
        if kind == "moved" and (change.after if new else change.before) is None:
            continue
        if MARKS.index(kind) < MARKS.index(found.get(change.element, MARKS[-1])):
            found[change.element] = kind
        found.setdefault(change.element, kind)
    return found


def _mark(change: Change) -> str:
    if change.weight == "layout":
        return "moved"
    if not change.attribute and change.kind != "changed":
        return change.kind
    return "changed" if change.weight == "meaning" else "reworded"


def rules(old: Side, new: Side, changes: tuple[Change, ...]) -> Consequences:
    """Return what becomes of the safety rules: both sides are proved, which takes seconds."""
    key = (old.deployment.id, new.deployment.id)
    if key not in _proved():
        known = _proved()
        known[key] = rule_effects(old, new, changes)
        while len(known) > KEPT:
            known.pop(next(iter(known)))
    return _proved()[key]


@lru_cache(maxsize=1)
def _proved() -> dict[tuple[str, str], Consequences]:
    return {}


def cases(session: Session, old: Side, found: Compared) -> tuple[str, ...]:
    """Return how many running cases stand on what changes; small counts are kept back."""
    if not (old.deployment_id and found.has_meaning):
        return ()
    return touched_cases(session, old, found.changes, least=FEWEST)


def mark_words(found: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return what the page's script puts on a drawing: a mark is a colour and words."""
    return {element: {"mark": one, "words": told(WORDS[one])} for element, one in found.items()}
