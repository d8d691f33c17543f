"""Brings what is to be translated into the template and the catalogues for translators."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from engine.language.catalogue import FOLDER
from engine.language.source import Message
from engine.language.tongue import LANGUAGES, SOURCE

TEMPLATE = "casetable.pot"
DAILY = (
    "webui/templates/layout/",
    "webui/templates/sign_in/",
    "webui/templates/report/",
    "webui/templates/worklist/",
    "webui/templates/work/",
    "webui/templates/form/",
    "engine/form/",
    "webui/templates/case/",
    "webui/wording.py",
    "webui/when.py",
    "engine/language/",
    "webui/pagehelp.py",
    "tasks/mail.py",
    "webui/templates/event/",
    "webui/templates/signal/",
    "webui/templates/own/",
    "webui/templates/absence/",
    "webui/templates/agreement/",
    "webui/templates/membership/",
    "webui/templates/sharing/",
    "webui/templates/error/",
    "webui/templates/",
    "webui/",
    "engine/",
    "tasks/",
)
"""What people meet every day comes first in a catalogue."""
LATE = (
    "webui/frontend/src/editor/",
    "webui/templates/workshop/",
    "webui/templates/editor/",
    "webui/templates/case_migration/",
    "webui/views/workshop",
    "webui/views/play",
    "webui/views/scenario",
)
"""What process owners alone meet comes last."""


@dataclass(frozen=True)
class Gathered:
    """One text with the files that show it."""

    message: Message
    files: tuple[str, ...]


def gather(found: Iterable[tuple[str, Message]]) -> list[Gathered]:
    """Return each text once, under the file that comes first, in the order of translation."""
    files: dict[Message, list[str]] = {}
    for file, message in found:
        known = files.setdefault(message, [])
        if file not in known:
            known.append(file)
    # A text that is counted in one place and not in another is one entry of a catalogue.
    counted = {one.text: one for one in files if one.many}
    for one in [one for one in files if not one.many and one.text in counted]:
        files[counted[one.text]].extend(files.pop(one))
    gathered = [Gathered(one, tuple(sorted(where, key=_order))) for one, where in files.items()]
    place = {one: number for number, one in enumerate(gathered)}
    return sorted(gathered, key=lambda one: (_order(one.files[0]), place[one]))


def _order(file: str) -> tuple[int, int, str]:
    late = any(file.startswith(one) for one in LATE)
    return (
        late,
        next(number for number, one in enumerate((*DAILY, "")) if file.startswith(one)),
        file,
    )


def template(gathered: Iterable[Gathered]) -> bytes:
    """Return the template: every text, no translation."""
    return _written(_catalog(None, gathered, {}))


def updated(language: str, gathered: Iterable[Gathered], former: bytes) -> bytes:
    """Return a catalogue with the texts of now: what was translated stays, new ones are empty."""
    known = {_key(one): one.string for one in read_po(BytesIO(former), locale=language) if one.id}
    return _written(_catalog(language, gathered, known))


def _key(message: object) -> tuple[str | None, str]:
    found = getattr(message, "id", "")
    return getattr(message, "context", None), found[0] if isinstance(found, tuple | list) else found


def _catalog(
    language: str | None,
    gathered: Iterable[Gathered],
    known: Mapping[tuple[str | None, str], Any],
) -> Catalog:
    catalog = Catalog(locale=language, domain="casetable", project="Casetable", charset="utf-8")
    for one in gathered:
        message = one.message
        text = (message.text, message.many) if message.many else message.text
        said = known.get((message.context, message.text), "")
        if bool(message.many) != isinstance(said, tuple | list):
            said = ("", "") if message.many else ""
        # Babel's types ask for line numbers; they are left out, so that changes stay small.
        places: list[Any] = [(file, None) for file in one.files[:3]]
        flags = {"python-format"} if "%(" in message.text else set()
        catalog.add(text, said, places, flags, context=message.context)
    return catalog


def _written(catalog: Catalog) -> bytes:
    """Return the file without dates and line numbers, so that changes of it stay small."""
    out = BytesIO()
    write_po(out, catalog, width=100, omit_header=True, include_lineno=False)
    language = f'"Language: {catalog.locale_identifier or ""}\\n"\n'
    plural = f'"Plural-Forms: {catalog.plural_forms}\\n"\n' if catalog.locale else ""
    head = (
        'msgid ""\nmsgstr ""\n'
        f'"Project-Id-Version: Casetable\\n"\n{language}{plural}'
        '"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n\n'
    )
    return head.encode() + out.getvalue().lstrip(b"\n")


@dataclass(frozen=True)
class Kept:
    """A catalogue that was written: how many texts, and how many of them wait for a translation."""

    path: Path
    texts: int
    missing: int


def keep(gathered: list[Gathered], folder: Path = FOLDER) -> list[Kept]:
    """Write the template and bring each language's catalogue up to it."""
    folder.mkdir(exist_ok=True)
    (folder / TEMPLATE).write_bytes(template(gathered))
    done = [Kept(folder / TEMPLATE, len(gathered), 0)]
    for language in LANGUAGES:
        if language == SOURCE:
            continue
        path = folder / f"{language}.po"
        path.write_bytes(updated(language, gathered, path.read_bytes() if path.is_file() else b""))
        done.append(Kept(path, len(gathered), len(missing(path.read_bytes(), language))))
    return done


def missing(content: bytes, language: str) -> list[str]:
    """Return the texts of a catalogue that have no translation, or a doubtful one."""
    return [
        _key(one)[1]
        for one in read_po(BytesIO(content), locale=language)
        if one.id and (one.fuzzy or not all(_forms(one.string)))
    ]


def _forms(said: object) -> list[str]:
    return list(said) if isinstance(said, tuple | list) else [str(said or "")]
