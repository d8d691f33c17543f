"""Brings the texts of templates to translation when a template is compiled."""

import re
from collections.abc import Iterator

from jinja2 import Environment
from jinja2.ext import Extension

from webui.pagetext.message import Writer
from webui.pagetext.node import nodes_of
from webui.pagetext.token import Token, tokens

SHOWN = re.compile(
    r"(\s(?:aria-label|title|placeholder|alt|data-label|data-saving|data-saved|data-failed"
    r"|data-changed|data-unchanged|data-here)=\")"
)
"""Attributes that people read or hear."""


class PageText(Extension):
    """Rewrites a template before it is read: its visible texts become calls of `gettext`."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Return the source of a page with its texts as messages; other templates as they are."""
        del filename
        return written(source) if name is None or name.endswith(".html") else source


def written(source: str) -> str:
    """Return a template whose visible texts are calls of `gettext`."""
    writer = Writer()
    pieces = tokens(source)
    for piece in pieces:
        if piece.kind == "tag":
            piece.raw = "".join(_attributes(piece.raw, writer))
    return writer.write(nodes_of(_without_unread(pieces)))


def _without_unread(pieces: list[Token]) -> list[Token]:
    """Take what is marked by hand, and what is no text, for a bound that nothing changes."""
    out: list[Token] = []
    inside = ""
    for piece in pieces:
        begun = re.match(r"\{%[-+]?\s*(trans|raw)\b|<(script|style|pre|code|title-)\b", piece.raw)
        if not inside and begun and piece.kind in ("statement", "tag"):
            inside = begun[1] or begun[2]
            out.append(Token("comment", piece.raw))
            if inside == "code":
                out[-1] = piece
                inside = ""
        elif inside:
            out[-1].raw += piece.raw
            if re.match(rf"\{{%[-+]?\s*end{inside}\b|</{inside}\b", piece.raw):
                inside = ""
        else:
            out.append(piece)
    return out


def _attributes(tag: str, writer: Writer) -> Iterator[str]:
    parts = SHOWN.split(tag)
    yield parts[0]
    for mark, rest in zip(parts[1::2], parts[2::2], strict=True):
        yield mark
        end = _end_of_value(rest)
        yield writer.write(nodes_of(tokens(rest[:end])))
        yield rest[end:]


def _end_of_value(rest: str) -> int:
    at = 0
    for piece in tokens(rest):
        if piece.kind in ("text", "tag") and '"' in piece.raw:
            return at + piece.raw.index('"')
        at += len(piece.raw)
    return at


def messages(environment: Environment, source: str, name: str) -> Iterator[tuple[int, str, object]]:
    """Yield the messages of a template: line, function, English text or texts."""
    from jinja2.ext import extract_from_ast

    tree = environment.parse(source, name)
    yield from extract_from_ast(tree, ("_", "gettext", "ngettext", "pgettext"))
