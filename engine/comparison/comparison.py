"""Compares two sets of process files and returns every difference, heaviest first in each file."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from engine.comparison.catalogue import compare_catalogues
from engine.comparison.change import WEIGHTS, Change, came_or_went, named, say
from engine.comparison.diagram import compare_drawings
from engine.comparison.form import compare_forms
from engine.comparison.profile import compare_profiles
from engine.comparison.rule import compare_rules
from engine.comparison.side import Side
from engine.comparison.table import compare_tables
from engine.decision import DecisionTable
from engine.drawing import Drawing
from engine.form import Form
from engine.language import mark

COME: Final = mark(
    {
        "diagram": "The diagram %(name)s is new.",
        "table": "The table %(name)s is new.",
        "form": "The form %(name)s is new.",
    }
)
GONE: Final = mark(
    {
        "diagram": "The diagram %(name)s is gone.",
        "table": "The table %(name)s is gone.",
        "form": "The form %(name)s is gone.",
    }
)


def compare(old: Side, new: Side) -> tuple[Change, ...]:
    """Return every difference, file by file; raise CasetableError where a file cannot be read.

    Diagrams and tables are found by their path, else by the id that others call them by; forms by
    their name.
    """
    found = [
        *_Files(old, new, "diagram", _process).compare("drawings", compare_drawings),
        *_Files(old, new, "table", _decision).compare("decisions", compare_tables),
        *_Files(old, new, "form", _stem).compare("forms", compare_forms),
        *compare_profiles(old, new),
        *compare_rules(old, new),
        *compare_catalogues(old, new),
    ]
    files = list(dict.fromkeys(change.file for change in found))
    return tuple(sorted(found, key=lambda one: (files.index(one.file), WEIGHTS.index(one.weight))))


def _process(path: str, drawing: Drawing) -> str:
    return drawing.processes[0].id if drawing.processes else path


def _decision(path: str, table: DecisionTable) -> str:
    del path
    return table.id


def _stem(path: str, form: Form) -> str:
    del form
    return PurePosixPath(path).stem


@dataclass(frozen=True)
class _Files:
    """The files of one kind on both sides."""

    old: Side
    new: Side
    what: str
    identify: Callable[[str, Any], str]

    def compare(
        self, models: str, differences: Callable[[Side, Side, Any, Any], Iterator[Change]]
    ) -> Iterator[Change]:
        """Yield files that came or went, and the differences of those that are on both sides."""
        old, new = getattr(self.old, models), getattr(self.new, models)
        pairs = self._pairs(old, new)
        for path, one in old.items():
            if path not in pairs:
                yield _whole(path, self.what, one, new=False)
                continue
            if pairs[path] != path:
                yield _renamed(path, pairs[path])
            if self.old.files[path] != self.new.files[pairs[path]]:
                yield from differences(self.old, self.new, one, new[pairs[path]])
        for path, one in new.items():
            if path not in pairs.values():
                yield _whole(path, self.what, one, new=True)

    def _pairs(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
        """Return `{path before: path after}` of the files that are on both sides."""
        pairs = {path: path for path in old if path in new}
        left = {self.identify(path, one): path for path, one in new.items() if path not in pairs}
        for path, one in old.items():
            identity = self.identify(path, one)
            if path not in pairs and identity in left:
                pairs[path] = left.pop(identity)
        return pairs


def _renamed(before: str, after: str) -> Change:
    sentence = say("The file %(old)s is now %(new)s.", old=named(before), new=named(after))
    return Change("changed", after, "", "file", before, after, "wording", sentence=sentence)


def _whole(path: str, what: str, model: Any, *, new: bool) -> Change:
    text = COME[what] if new else GONE[what]
    sentence = say(text, name=named(title_of(path, model)))
    before, after = (None, path) if new else (path, None)
    kind = came_or_went(new)
    return Change(kind, path, "", "file", before, after, "meaning", sentence=sentence)


def title_of(path: str, model: Any) -> str:
    """Return what people call a file: the name of its process, table or form."""
    if isinstance(model, Drawing):
        return next((one.name for one in model.processes if one.name), path)
    return getattr(model, "title", None) or getattr(model, "name", None) or path
