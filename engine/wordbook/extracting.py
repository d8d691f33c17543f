"""Brings the catalogues of a folder of processes up to date: new texts in, old ones put away."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.wordbook.catalogue import (
    CATALOGUES,
    ENDING,
    PATH,
    Entry,
    catalogue_path,
    obsolete,
    read_entries,
    written,
)
from engine.wordbook.text import VisibleText, distinct, visible_texts

BEGINNING = """\
# Words that people see of {whose}, for translators.
#
# msgid is the English text, msgstr its translation. Fill in the empty ones, from the top: what
# everybody meets daily comes first. Keep what stands between { } and ** as it is. An entry that is
# marked "fuzzy" is not shown: look at it, mend it, take the mark away.
# `casetable language extract` adds new texts and keeps what is translated;
# `casetable check` says what is missing.
"""
SOURCE = "en"


@dataclass(frozen=True)
class Updated:
    """What became of one catalogue: how many texts, translations missing, old ones put away."""

    path: Path
    texts: int
    missing: int
    gone: int


def update(
    folder: Path,
    files: Mapping[str, bytes],
    languages: Iterable[str],
    *,
    whose: str,
    inherited: Iterable[str] = (),
) -> list[Updated]:
    """Write `folder/languages/<language>.po` for the texts of `files`, and say what is in them.

    Translations stay, those of texts that are gone as obsolete entries. `inherited` are the texts
    that what the files stand on has already. Catalogues that lie there are brought up to date as
    well as those of `languages`.
    """
    known = set(inherited)
    texts = distinct(one for one in visible_texts(files) if one.text not in known)
    there = {path.stem for path in (folder / CATALOGUES).glob(f"*{ENDING}")}
    wanted = sorted((there | set(languages)) - {SOURCE})
    return [
        _update(folder / catalogue_path(language), language, texts, whose) for language in wanted
    ]


def _update(
    path: Path, language: str, texts: Mapping[str, Sequence[VisibleText]], whose: str
) -> Updated:
    before = read_entries(path.read_bytes(), file=path.name) if path.is_file() else {}
    memory = obsolete(path.read_bytes()) if path.is_file() else {}
    known = memory | before
    entries = [_entry(text, places, known.get(text)) for text, places in texts.items()]
    gone = {text: entry for text, entry in known.items() if text not in texts and entry.translation}
    content = written(
        language, entries, BEGINNING.replace("{whose}", whose), memory=list(gone.values())
    )
    if entries or gone or path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    missing = sum(not entry.counts for entry in entries)
    return Updated(path, len(entries), missing, len(gone.keys() - memory.keys()))


def _entry(text: str, places: Sequence[VisibleText], before: Entry | None) -> Entry:
    files = tuple(dict.fromkeys(place.file for place in places))
    what = ", ".join(dict.fromkeys(place.what for place in places))
    said, fuzzy = (before.translation, before.fuzzy) if before else ("", False)
    return Entry(text, said, fuzzy, files, what)


def languages_there(folder: Path) -> list[str]:
    """Return the languages that have a catalogue in a folder."""
    found = (PATH.fullmatch(path.relative_to(folder).as_posix()) for path in _catalogues(folder))
    return sorted(match.group(1) for match in found if match)


def _catalogues(folder: Path) -> list[Path]:
    return sorted((folder / CATALOGUES).glob(f"*{ENDING}"))
