"""Draws the figures that have a goal as bars: how much of its goal each one uses up."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from benchmarks.harness import Figure

WIDTH, ROW, TOP, LEFT, BARS = 1120, 26, 92, 470, 380
MOST = 2.0
"""Bars end at so many times the goal; the number beside them goes on."""
REACHED, MISSED, INK, QUIET, PAPER = "#1b7f79", "#c2410c", "#1f2937", "#6b7280", "#ffffff"


def draw(figures: Iterable[Figure], machine: str, taken: str) -> str:
    """Return an SVG; what has no goal is not drawn."""
    rows = [(one, one.ratio) for one in figures if one.ratio is not None]
    height = TOP + ROW * len(rows) + 46
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" role="img" font-family="sans-serif" font-size="13">'
        ),
        "<title>Reached against goal</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>',
        _text(16, 28, "Reached against goal", size=20),
        _text(16, 50, machine, fill=QUIET),
        _text(16, 68, f"Taken {taken}. Shorter is better; up to the line the goal is reached."),
        *_rows(rows),
        *_line_of_goal(height),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _rows(rows: Sequence[tuple[Figure, float | None]]) -> Iterator[str]:
    for number, (one, ratio) in enumerate(rows):
        used, y = float(ratio or 0), TOP + ROW * number
        colour = REACHED if used <= 1 else MISSED
        length = max(2.0, BARS * min(used, MOST) / MOST)
        if number % 2 == 0:
            yield f'<rect x="0" y="{y}" width="{WIDTH}" height="{ROW}" fill="#f3f4f6"/>'
        yield _text(16, y + 17, one.goal_id, fill=QUIET)
        yield _text(66, y + 17, _short(one.what))
        yield (
            f'<rect x="{LEFT}" y="{y + 5}" width="{length:.1f}" height="{ROW - 10}" '
            f'fill="{colour}"/>'
        )
        words = f"{one.reached:g} {one.unit} (goal {one.goal})"
        yield _text(LEFT + BARS + 12, y + 17, words, fill=INK if used <= 1 else MISSED)


def _line_of_goal(height: int) -> Iterator[str]:
    x = LEFT + BARS / MOST
    yield (
        f'<line x1="{x}" y1="{TOP - 6}" x2="{x}" y2="{height - 34}" stroke="{INK}" '
        'stroke-dasharray="4 3"/>'
    )
    yield _text(x - 14, height - 16, "goal")
    yield _text(LEFT + BARS - 50, height - 16, f"{MOST:g} x or more", fill=QUIET)


def _short(words: str, most: int = 60) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"


def _text(x: float, y: float, words: str, *, fill: str = INK, size: int = 13) -> str:
    return f'<text x="{x}" y="{y}" fill="{fill}" font-size="{size}">{escape(words)}</text>'
