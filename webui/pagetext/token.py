"""Cuts a template into comments, statements, expressions, tags and text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

JINJA = {"{#": "#}", "{%": "%}", "{{": "}}"}
START = re.compile(r"\{[#%{]|<(?=[a-zA-Z/!{])")
LITERAL = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", re.DOTALL)


@dataclass
class Token:
    """A piece of a template: `kind` is comment, statement, expression, tag or text."""

    kind: str
    raw: str
    cooked: str = ""
    """Text without the white space that statements beside it take away."""


def tokens(source: str) -> list[Token]:
    """Return the pieces; put together again, their `raw` is the source."""
    found = [Token(kind, raw, raw) for kind, raw in _cut(source) if raw]
    for number, token in enumerate(found):
        if token.kind == "text":
            before = found[number - 1] if number else None
            after = found[number + 1] if number + 1 < len(found) else None
            token.cooked = _cooked(token.raw, before, after)
    return found


def _cooked(text: str, before: Token | None, after: Token | None) -> str:
    """Do what `trim_blocks`, `lstrip_blocks` and the minus signs do."""
    if before and before.kind in ("statement", "comment"):
        text = text.removeprefix("\n")
    if before and before.raw.endswith(("-%}", "-}}", "-#}")):
        text = text.lstrip()
    if after and after.kind in ("statement", "comment"):
        text = re.sub(r"(^|\n)[ \t]+$", r"\1", text)
    if after and after.raw.startswith(("{%-", "{{-", "{#-")):
        text = text.rstrip()
    return text


def _cut(source: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(source):
        start = START.search(source, at)
        if start is None:
            break
        yield "text", source[at : start.start()]
        mark = start[0]
        end = _end(source, start.start())
        kind = {"{#": "comment", "{%": "statement", "{{": "expression"}.get(mark, "tag")
        yield kind, source[start.start() : end]
        at = end
    yield "text", source[at:]


def _end(source: str, start: int) -> int:
    """Return where the piece that begins at `start` ends."""
    if source[start] == "<":
        return _end_of_tag(source, start)
    mark = source[start : start + 2]
    close = JINJA[mark]
    at = start + 2
    while at < len(source):
        if source.startswith(close, at):
            return at + 2
        literal = None if mark == "{#" else LITERAL.match(source, at)
        at = literal.end() if literal else at + 1
    return len(source)


def _end_of_tag(source: str, start: int) -> int:
    if source.startswith("<!--", start):
        return source.find("-->", start) + 3
    at, quote = start + 1, ""
    while at < len(source):
        if source[at : at + 2] in JINJA:
            at = _end(source, at)
            continue
        letter = source[at]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == ">":
            return at + 1
        at += 1
    return len(source)
