"""Catalogues of a set in gettext's form (`.po`): read, checked, written.

Translators use any editor for such files. We read and write them ourselves because a set is put
together from several of them whenever it is read, and Babel takes a fifth of a second for each.
Only what our catalogues hold is understood: source text and translation. There are no plurals,
because names and labels count nothing, and no contexts: one text has one translation.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.errors import InputError
from engine.language.telling import told

CATALOGUES = "languages/"
ENDING = ".po"
PATH = re.compile(r"languages/([a-z]{2,3}(?:-[A-Z]{2})?)\.po")
MAX_BYTES = 2_000_000
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_PART = re.compile(r'(msgid|msgstr)?\s*"(.*)"')


@dataclass(frozen=True)
class Entry:
    """One text and its translation; `fuzzy` when a person has still to look at it."""

    text: str
    translation: str = ""
    fuzzy: bool = False
    files: tuple[str, ...] = ()
    """The files that show the text."""
    what: str = ""
    """What the text is, for the translator."""

    @property
    def counts(self) -> bool:
        """Say whether readers see the translation."""
        return bool(self.translation) and not self.fuzzy


def catalogue_path(language: str) -> str:
    """Return where the catalogue of a language lies in a set."""
    return f"{CATALOGUES}{language}{ENDING}"


def language_of(path: str) -> str | None:
    """Return the language of a catalogue by its path; None for what is no catalogue."""
    found = PATH.fullmatch(path)
    return found.group(1) if found else None


def read_entries(content: bytes, *, file: str) -> dict[str, Entry]:
    """Return the entries by their text, in order, without the head; InputError with the mend.

    Obsolete entries (`#~`) are left out: they are a translator's memory and say nothing.
    """
    if len(content) > MAX_BYTES:
        raise InputError(
            told(
                "%(file)s: larger than %(most)s MB; split the set.",
                file=file,
                most=MAX_BYTES // 1_000_000,
            )
        )
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(told("%(file)s: not UTF-8; save the file as UTF-8.", file=file)) from error
    found: dict[str, Entry] = {}
    for number, entry in _entries(lines, file):
        if entry.text in found:
            raise InputError(
                told(
                    "%(file)s, line %(number)s: %(text)s is there twice; take one out.",
                    file=file,
                    number=number,
                    text=_short(entry.text),
                )
            )
        if entry.text:
            found[entry.text] = entry
    return found


def _short(text: str) -> str:
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"  # noqa: PLR2004 - to recognise it


def _entries(lines: list[str], file: str) -> Iterator[tuple[int, Entry]]:
    block: list[tuple[int, str]] = []
    for number, line in enumerate([*lines, ""], start=1):
        if line.strip():
            block.append((number, line.strip()))
        elif block:
            yield from _entry(block, file)
            block = []


def _entry(block: list[tuple[int, str]], file: str) -> Iterator[tuple[int, Entry]]:
    texts: dict[str, str] = {}
    files: list[str] = []
    fuzzy, what, field = False, "", ""
    for number, line in block:
        if line.startswith("#"):
            fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
            if line.startswith("#: "):
                files += line[3:].split()
            elif line.startswith("#. "):
                what = line[3:]
            continue
        part = _PART.fullmatch(line)
        field = (part.group(1) or field) if part else ""
        if part is None or not field or (part.group(1) and field in texts):
            raise InputError(
                told(
                    '%(file)s, line %(number)s: is not of the form msgid "..." and msgstr "...", '
                    "with an empty line between entries; correct it.",
                    file=file,
                    number=number,
                )
            )
        texts[field] = texts.get(field, "") + _unescaped(part.group(2))
    if texts:
        text, said = texts.get("msgid"), texts.get("msgstr")
        if text is None or said is None:
            raise InputError(
                told(
                    "%(file)s, line %(number)s: needs msgid and msgstr; add them.",
                    file=file,
                    number=block[0][0],
                )
            )
        yield block[0][0], Entry(text, said, fuzzy, tuple(files), what)


def _unescaped(written: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPED.get(found.group(1), found.group(0)), written)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return '"' + escaped.replace("\r", "\\r").replace("\n", "\\n") + '"'


def head(language: str) -> str:
    """Return the first entry of a catalogue: what editors want to know, without dates."""
    told = (
        f"Language: {language}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=UTF-8",
        "Content-Transfer-Encoding: 8bit",
    )
    return "\n".join(['msgid ""', 'msgstr ""', *(_quoted(f"{line}\n") for line in told)]) + "\n"


def written(
    language: str,
    entries: Iterable[Entry],
    beginning: str = "",
    *,
    memory: Iterable[Entry] = (),
) -> bytes:
    """Return a catalogue as a file; `beginning` is a remark above it, one `#` line each.

    `memory` are entries of texts that are gone, kept as obsolete ones.
    """
    parts = [f"{beginning}{head(language)}", *(_written(entry) for entry in entries)]
    parts += [_put_away(_written(entry)) for entry in memory]
    return "\n".join(parts).encode()


OBSOLETE = "#~ "


def _put_away(entry: str) -> str:
    lines = (line for line in entry.splitlines() if not line.startswith("#"))
    return "".join(f"{OBSOLETE}{line}\n" for line in lines)


def obsolete(content: bytes) -> dict[str, Entry]:
    """Return the entries that were put away, by their text."""
    lines = content.decode("utf-8-sig").splitlines()
    kept = (line for line in lines if not line.strip() or line.startswith(OBSOLETE))
    old = [line.removeprefix(OBSOLETE) for line in kept]
    return {entry.text: entry for _, entry in _entries(old, "obsolete entries")}


def _written(entry: Entry) -> str:
    lines = [f"#. {entry.what}"] if entry.what else []
    lines += [f"#: {file}" for file in entry.files]
    lines += ["#, fuzzy"] if entry.fuzzy else []
    lines += [f"msgid {_broken(entry.text)}", f"msgstr {_broken(entry.translation)}"]
    return "\n".join(lines) + "\n"


def _broken(text: str) -> str:
    """Return a text in quotes; one of several lines stands on as many."""
    lines = text.splitlines(keepends=True)
    if len(lines) < 2:  # noqa: PLR2004 - one line
        return _quoted(text)
    return "\n".join(['""', *(_quoted(line) for line in lines)])
