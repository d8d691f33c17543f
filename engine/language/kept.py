"""Sentences as they are stored with a record, to be read in the language of whoever reads it.

There are two kinds: what `gettext` has said already (`Said`), and what is told later (`Told`).
Each may stand in the other.
"""

from collections.abc import Mapping
from typing import Any

from engine.language.speech import Said, english, gettext
from engine.language.telling import Told, is_packed, packed, unpacked


def source_of(text: object) -> str:
    """Return the English of a text, or of an error's message: what is stored is never translated.

    Values that were filled in are as they were when it was said.
    """
    found = _message(text)
    return english(found) if isinstance(found, str) else str(found)


def parts_of(text: object) -> dict[str, Any]:
    """Return what a text, or an error's message, was made from, to be kept as JSON.

    `{"text": English with placeholders, "values": {name: words, or parts again}}`; of a sentence
    that is told later what `packed` makes of it.
    """
    found = _message(text)
    if isinstance(found, Told):
        return dict(packed(found))
    if not isinstance(found, Said):
        return {"text": str(found), "values": {}}
    values = {
        name: parts_of(one) if isinstance(one, Said | Told) else str(one)
        for name, one in found.values.items()
    }
    return {"text": found.text, "values": values}


def said_again(parts: Mapping[str, Any] | None, stored: str) -> str:
    """Return what was kept in parts in the language that is being spoken.

    `stored` is the English of it, which is all that older records have.
    """
    if not parts:
        return gettext(stored)
    if is_packed(parts):
        return str(unpacked(parts))
    values = {
        name: said_again(one, "") if isinstance(one, Mapping) else one
        for name, one in parts["values"].items()
    }
    return gettext(parts["text"], **values)


def _message(text: object) -> object:
    return text.args[0] if isinstance(text, BaseException) and text.args else text
