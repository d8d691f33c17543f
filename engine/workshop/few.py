"""Keeps small counts of cases back: that a single case exists is known to few (S3)."""

from typing import Final

from engine.workshop.judgement import LEAST

FEWEST: Final = LEAST
"""Below this nothing is told apart from nothing: one or two look like none."""


def is_told(count: int) -> bool:
    """Say whether a count of cases is told to who takes part in none of them."""
    return count >= FEWEST


def told(count: int) -> str:
    """Return the count, or that it is too small to be told."""
    return str(count) if is_told(count) else f"fewer than {FEWEST}"
