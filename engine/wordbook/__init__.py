"""The words of a deployment: what people see of its drawings, forms, tables and profile.

The files are written in English and stay as they are; a person reads them in a language by its
catalogue (`languages/<language>.po`). Whatever is stored in a case is the source text or a code.
"""

from engine.wordbook.catalogue import (
    CATALOGUES,
    PATH,
    Entry,
    catalogue_path,
    language_of,
    read_entries,
)
from engine.wordbook.laying import joined
from engine.wordbook.text import VisibleText, distinct, visible_texts
from engine.wordbook.words import Wordbook, Words, deployment_words

__all__ = [
    "CATALOGUES",
    "PATH",
    "Entry",
    "VisibleText",
    "Wordbook",
    "Words",
    "catalogue_path",
    "deployment_words",
    "distinct",
    "joined",
    "language_of",
    "read_entries",
    "visible_texts",
]
