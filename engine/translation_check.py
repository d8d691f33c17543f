"""Checks that people can read a set in the languages of its profile."""

import re
from collections.abc import Iterable, Iterator, Mapping

from engine.check.finding import WHOLE_FILE, Finding, error, warning
from engine.errors import InputError
from engine.language.telling import counted, message_of, told
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
        yield error(path, WHOLE_FILE, "unreadable_catalogue", message_of(problem))
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
        yield warning(
            path,
            name,
            "not_translated",
            counted(
                "a text of %(name)s is not translated yet, it is “%(short)s”; run "
                "`casetable language extract` and fill it in.",
                "%(count)s texts of %(name)s are not translated yet, the first is “%(short)s”; "
                "run `casetable language extract` and fill them in.",
                len(found),
                name=name,
                short=_short(found[0]),
            ),
        )


def _broken(path: str, entries: Mapping[str, Entry]) -> Iterator[Finding]:
    for text, entry in entries.items():
        kept, said = sorted(KEPT.findall(text)), sorted(KEPT.findall(entry.translation))
        if entry.counts and kept != said:
            yield error(
                path,
                WHOLE_FILE,
                "other_placeholders",
                told(
                    "“%(short)s” has %(kept)s, its translation has %(said)s; write the same there.",
                    short=_short(text),
                    kept=_listed(kept),
                    said=_listed(said),
                ),
            )


def _listed(found: list[str]) -> str:
    return ", ".join(found) or told("nothing to keep")


def _of_no_use(
    path: str, content: bytes, texts: Mapping[str, list[VisibleText]]
) -> Iterator[Finding]:
    try:
        entries = read_entries(content, file=path)
    except InputError as problem:
        yield error(path, WHOLE_FILE, "unreadable_catalogue", message_of(problem))
        return
    found = [text for text in entries if text not in texts]
    if found:
        yield warning(
            path,
            WHOLE_FILE,
            "of_no_use",
            counted(
                "an entry is for a text that is nowhere any more, it is “%(short)s”; run "
                "`casetable language extract`, which puts such entries away.",
                "%(count)s entries are for a text that is nowhere any more, the first is "
                "“%(short)s”; run `casetable language extract`, which puts such entries away.",
                len(found),
                short=_short(found[0]),
            ),
        )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"{line[:SHOWN]}…" if len(line) > SHOWN else line
