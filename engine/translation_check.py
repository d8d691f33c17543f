"""Checks that people can read a set in the languages of its profile."""

import re
from collections.abc import Iterable, Iterator, Mapping

from engine.check.finding import WHOLE_FILE, Finding, error, warning
from engine.errors import InputError
from engine.wordbook import (
    Entry,
    VisibleText,
    catalogue_path,
    distinct,
    read_entries,
    visible_texts,
)

SOURCE = "en"
SHOWN = 60
KEPT = re.compile(r"\{\{.*?\}\}|\{[^{}]*\}|%\(\w+\)\w|\*\*")
"""What a translation keeps as it is: places for values, formulas, marks of strong words."""
EXTRACT = "run `casetable language extract` and fill them in."


def check_translations(
    files: Mapping[str, bytes], languages: Iterable[str], own: Mapping[str, bytes]
) -> Iterator[Finding]:
    """Yield what is missing, broken or of no use in the catalogues of a set.

    `languages` are those that the profile promises; `own` holds the catalogues that lie beside it,
    without what it inherits: texts that a parent shows and this set does not are no fault of it.
    """
    wanted = sorted({*languages} - {SOURCE})
    if not wanted and not own:
        return
    texts = distinct(visible_texts(files))
    for language in wanted:
        yield from _of_language(files, language, texts)
    for path, content in own.items():
        yield from _of_no_use(path, content, texts)


def _of_language(
    files: Mapping[str, bytes], language: str, texts: Mapping[str, list[VisibleText]]
) -> Iterator[Finding]:
    path = catalogue_path(language)
    try:
        entries = read_entries(files[path], file=path) if path in files else {}
    except InputError as problem:
        yield error(path, WHOLE_FILE, "unreadable_catalogue", str(problem))
        return
    yield from _missing(path, entries, texts)
    yield from _broken(path, entries)


def _missing(
    path: str, entries: Mapping[str, Entry], texts: Mapping[str, list[VisibleText]]
) -> Iterator[Finding]:
    """Yield one finding for each file that shows texts without a translation."""
    by_file: dict[str, list[str]] = {}
    for text, places in texts.items():
        entry = entries.get(text)
        if entry is None or not entry.counts:
            by_file.setdefault(places[0].file, []).append(text)
    for file, found in by_file.items():
        name = file.rpartition("/")[2]
        count = f"{len(found)} texts of {name} are" if len(found) > 1 else f"a text of {name} is"
        first = "the first is" if len(found) > 1 else "it is"
        mend = EXTRACT if len(found) > 1 else EXTRACT.replace("them", "it")
        yield warning(
            path,
            name,
            "not_translated",
            f"{count} not translated yet, {first} “{_short(found[0])}”; {mend}",
        )


def _broken(path: str, entries: Mapping[str, Entry]) -> Iterator[Finding]:
    for text, entry in entries.items():
        kept, said = sorted(KEPT.findall(text)), sorted(KEPT.findall(entry.translation))
        if entry.counts and kept != said:
            yield error(
                path,
                WHOLE_FILE,
                "other_placeholders",
                f"“{_short(text)}” has {_listed(kept)}, its translation has {_listed(said)}; "
                "write the same there.",
            )


def _listed(found: list[str]) -> str:
    return ", ".join(found) or "nothing to keep"


def _of_no_use(
    path: str, content: bytes, texts: Mapping[str, list[VisibleText]]
) -> Iterator[Finding]:
    try:
        entries = read_entries(content, file=path)
    except InputError as problem:
        yield error(path, WHOLE_FILE, "unreadable_catalogue", str(problem))
        return
    found = [text for text in entries if text not in texts]
    if found:
        one = len(found) == 1
        yield warning(
            path,
            WHOLE_FILE,
            "of_no_use",
            f"{'an entry is' if one else f'{len(found)} entries are'} for a text that is nowhere "
            f"any more, {'it is' if one else 'the first is'} “{_short(found[0])}”; run `casetable "
            "language extract`, which puts such entries away.",
        )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"{line[:SHOWN]}…" if len(line) > SHOWN else line
