"""Collects every text of a set of files that people see, with where it stands and what it is.

Codes, ids and expressions are no texts. The order is that of use: each drawing in the order in
which a case comes to it, followed by the forms of its steps; then the profile, tables and rules.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.errors import CasetableError
from engine.lifecycle import LIFECYCLE
from engine.wordbook.drawing_text import called_by, forms_of, texts_of_drawing
from engine.wordbook.form_text import texts_of_form
from engine.wordbook.profile_text import texts_of_profile, texts_of_rules
from engine.wordbook.table_text import texts_of_table

PROFILES = ("profile.toml", "selfcheck.toml")
"""The files of a profile, of what it inherits, and of the base, each by the end of its path."""
LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class VisibleText:
    """One text: `file` and `place` (an id, a key) where it stands, `what` it is in plain words."""

    text: str
    file: str
    place: str
    what: str


def visible_texts(files: Mapping[str, bytes]) -> Iterator[VisibleText]:
    """Yield the texts of all files that can be read; what cannot has findings of its own.

    `files` holds contents by path, as a deployment or a folder of processes has them.
    """
    for path in in_order_of_use(files):
        yield from texts_of(path, files[path])


def texts_of(path: str, content: bytes) -> Iterator[VisibleText]:
    """Yield the texts of one file, in the order in which they stand in it."""
    read = _reader(path)
    if read is None:
        return
    try:
        found = list(read(content, path))
    except CasetableError:
        return
    for text, place, what in found:
        told = as_key(text)
        # A figure or a sign is the same in every language, and "=" begins an expression.
        if LETTER.search(told) and not told.startswith("="):
            yield VisibleText(told, path, place, what)


def _reader(path: str) -> Callable[[bytes, str], Iterator[tuple[str, str, str]]] | None:
    if path.endswith(".bpmn"):
        return texts_of_drawing
    if path.endswith(".form"):
        return texts_of_form
    if path.endswith(".dmn"):
        return texts_of_table
    if path.endswith("rules.toml"):
        return texts_of_rules
    if path.endswith(PROFILES):
        return texts_of_profile
    return None


def as_key(text: str) -> str:
    """Return a text as catalogues know it: without space around it."""
    return text.strip()


def distinct(texts: Iterable[VisibleText]) -> dict[str, list[VisibleText]]:
    """Return each text once, with all its places."""
    found: dict[str, list[VisibleText]] = {}
    for one in texts:
        found.setdefault(one.text, []).append(one)
    return found


def in_order_of_use(files: Mapping[str, bytes]) -> list[str]:
    """Return the paths so that what everybody meets daily comes first."""
    drawings = _drawings_in_order(files)
    ordered: dict[str, None] = {}
    for path in drawings:
        ordered[path] = None
        for form in forms_of(files[path], path):
            if f"forms/{form}.form" in files:
                ordered[f"forms/{form}.form"] = None
    last = sorted(files, key=lambda path: (_rank(path), path))
    return list(ordered | dict.fromkeys(last))


def _rank(path: str) -> int:
    endings = (".bpmn", ".form", "profile.toml", ".dmn", ".toml")
    if path.endswith("rules.toml"):
        return len(endings) + 1
    return next((rank for rank, one in enumerate(endings) if path.endswith(one)), len(endings))


def _drawings_in_order(files: Mapping[str, bytes]) -> list[str]:
    paths = sorted(path for path in files if path.endswith(".bpmn"))
    drawn = {path: called_by(files[path], path) for path in paths}
    home = {process: path for path, (own, _) in drawn.items() for process in own}
    first = home.get(LIFECYCLE)
    pending = [first] if first else []
    ordered: dict[str, None] = {}
    while pending:
        path = pending.pop(0)
        if path in ordered:
            continue
        ordered[path] = None
        pending += [home[called] for called in drawn[path][1] if called in home]
    return list(ordered | dict.fromkeys(paths))
