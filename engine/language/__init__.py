"""The languages that people read the program in: what is said, how dates and numbers are written.

The source of every text is English. `gettext` and its kin translate at once into the language
that is being spoken (see `speaking`); `mark` only tells the extraction that a text is shown
later, by somebody who calls `gettext` on it. What is stored in a case is never translated.
"""

from engine.language.kept import parts_of, said_again, source_of
from engine.language.speech import (
    Speech,
    current_language,
    current_speech,
    gettext,
    mark,
    ngettext,
    pgettext,
    speak,
    speaking,
)
from engine.language.tongue import (
    LANGUAGES,
    PSEUDO,
    SOURCE,
    Tongue,
    best_of,
    locale_of,
    offered,
    tongue,
)

__all__ = [
    "LANGUAGES",
    "PSEUDO",
    "SOURCE",
    "Speech",
    "Tongue",
    "best_of",
    "current_language",
    "current_speech",
    "gettext",
    "locale_of",
    "mark",
    "ngettext",
    "offered",
    "parts_of",
    "pgettext",
    "said_again",
    "source_of",
    "speak",
    "speaking",
    "tongue",
]
