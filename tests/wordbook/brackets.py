"""A set in which every text has a translation that shows: the text itself in brackets."""

import re
from collections.abc import Mapping

from engine.deployment import ResolvedDeployment
from engine.wordbook import Entry, catalogue_path, distinct, visible_texts
from engine.wordbook.catalogue import written

LANGUAGE = "nl"
OPEN, CLOSE = "⟦", "⟧"
SAID = re.compile(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}")


def bracketed(files: Mapping[str, bytes]) -> ResolvedDeployment:
    """Return the same set with such a catalogue, opening in its language."""
    texts = distinct(visible_texts(files))
    entries = [Entry(text, f"{OPEN}{text}{CLOSE}") for text in texts]
    profile = files["profile.toml"].replace(b'language = "en"', b'language = "nl"', 1)
    assert profile != files["profile.toml"]
    catalogue = {catalogue_path(LANGUAGE): written(LANGUAGE, entries)}
    return ResolvedDeployment({**files, "profile.toml": profile, **catalogue})


def left_over(text: str) -> str:
    """Return what of a page is not in brackets."""
    return SAID.sub(" ", text)
