"""The change report: what is different between two sets of process files, in words."""

from engine.comparison.change import Change, Sentence, Weight, marked
from engine.comparison.comparison import compare
from engine.comparison.report import as_json, as_text
from engine.comparison.side import Side
from engine.language.telling import Part

__all__ = [
    "Change",
    "Part",
    "Sentence",
    "Side",
    "Weight",
    "as_json",
    "as_text",
    "compare",
    "marked",
]
