"""Makes a text that looks foreign and can still be read: what stays plain is not translated."""

import re

from engine.language.term import KEPT

ACCENTED = str.maketrans(
    "abcdeghiklnoprstuyzACDEGHIKLNOPRSTUYZ",
    "áƀçðéĝĥîķļñöþŕšţûýžÅÇÐÉĜĤÎĶĻÑÖÞŔŠŢÛÝŽ",
)
LONGER = 0.4
"""How much longer a text may become in another language; short words become longer still."""
BACKWARDS = "\u202e"
FORWARDS = "\u202c"


def changed(text: str, language: str) -> str:
    """Return the text in the pseudo-language: `en-XA` accented, `ar-XB` from right to left.

    Both stand in brackets, so that a text that is cut off or glued together shows.
    """
    if not text.strip():
        return text
    parts = KEPT.split(text)
    letters = sum(len(part) for part in parts[::2])
    if language == "ar-XB":
        return "[" + "".join(_turned(part, at) for at, part in enumerate(parts)) + "]"
    said = "".join(part if at % 2 else part.translate(ACCENTED) for at, part in enumerate(parts))
    padding = "~" * max(1, round(letters * LONGER))
    return f"[{said} {padding}]"


def _turned(part: str, at: int) -> str:
    """Turn what is to be read; placeholders keep the direction of what is filled in."""
    return part if at % 2 or not re.search(r"\w", part) else f"{BACKWARDS}{part}{FORWARDS}"
