"""Puts the words of a structure in place of the usual ones: whole words, capitals kept."""

import re
from collections.abc import Mapping

KEPT = re.compile(r"(%\(\w+\)[sd]|%%|\{\{.*?\}\}|\{\w*\}|<[^>]*>|&#?\w+;)")
"""Placeholders and tags: they carry names of ours, not words."""


class Terms:
    """Replaces in one pass, the longest term first, so that nothing is replaced twice."""

    def __init__(self, terms: Mapping[str, str]) -> None:
        self._terms = {old.lower(): new for old, new in terms.items()}
        longest = sorted(terms, key=len, reverse=True)
        words = "|".join(re.escape(old) for old in longest)
        self._pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE) if words else None

    def apply(self, text: str) -> str:
        """Return the text with the terms; placeholders and tags stay."""
        if self._pattern is None:
            return text
        parts = KEPT.split(text)
        return "".join(
            part if number % 2 else self._pattern.sub(self._replace, part)
            for number, part in enumerate(parts)
        )

    def _replace(self, found: re.Match[str]) -> str:
        old = found[0]
        new = self._terms[old.lower()]
        if len(old) > 1 and old.isupper():
            return new.upper()
        return new[:1].upper() + new[1:] if old[:1].isupper() else new
