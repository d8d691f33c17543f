"""Finds the texts to translate in the scripts of the pages, and those that nobody has marked."""

import json
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.extract import extract_javascript
from babel.messages.jslexer import Token, tokenize, unquote_string

from engine.language.source import Message

SOURCES = "webui/frontend/src"
LIBRARIES = f"{SOURCES}/editor/library_texts.json"
"""What the drawing libraries say, by the editor that says it: no script of ours names it."""
SAY = ("gettext", "ngettext")
READ = re.compile(r"[A-Z“][\w\u2019,;:()“” .?!…-]*|.*[a-z\u2019,;:] [a-zA-Z“(].*", re.DOTALL)
"""How a text looks that somebody reads: it begins with a capital, or has several words."""
CODE = re.compile(
    r"[a-z_.\-/0-9 ]*(btn|finding|rule|bio-properties|mark-|own-)|[\w/.@-]+\.(js|jsx|css|json)\Z"
    r"|[A-Z0-9_]+\Z|[\w/-]+:[\w-]+\Z|[A-Z]\w*[A-Z]\w*\Z|[\w-]*[:\[#>]|SHA-|input:|application/"
    r"|(Escape|Accept|Content-Type|X-CSRFToken|DataInput|Properties|Property|Parameters?)\Z"
)
"""What looks like a text and is none: classes, selectors, keys, headers, types of BPMN."""


def scripts(root: Path) -> Iterator[tuple[str, str]]:
    """Yield name and source of the scripts, in the order of their names."""
    for path in sorted((root / SOURCES).rglob("*.js*")):
        if path.suffix in (".js", ".jsx"):
            yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


def of_script(source: str) -> Iterator[Message]:
    """Yield the texts of a script: the arguments of `gettext` and `ngettext` that are written out.

    Raise ValueError for a call whose text is put together instead.
    """
    found = extract_javascript(BytesIO(source.encode()), dict.fromkeys(SAY), (), {})
    told = [(line, name, _texts(said)) for line, name, said, _ in found]
    written = sum(bool(texts and texts[0]) for _, _, texts in told)
    if written < _calls(source):
        raise ValueError("gettext needs its text itself, in quotation marks.")
    for line, name, texts in told:
        counted = name == "ngettext"
        if not all((*texts, None)[: 2 if counted else 1]):
            raise ValueError(f"line {line}: {name} needs its text itself, in quotation marks.")
        yield Message(texts[0], str(texts[1]) if counted else "")


def _texts(said: object) -> tuple[Any, ...]:
    """Return the arguments of a call: the library gives one alone as it is, several as a tuple."""
    return said if isinstance(said, tuple) else (said,)


def _calls(source: str) -> int:
    tokens = list(tokenize(source, jsx=True, dotted=False, template_string=True))
    return sum(
        one.value in SAY and after.value == "(" and before.value != "function"
        for before, one, after in zip(tokens, tokens[1:], tokens[2:], strict=False)
    )


def of_libraries(root: Path) -> dict[str, list[str]]:
    """Return the texts of the libraries by the kind of editor: `bpmn`, `dmn`, `form`."""
    found: dict[str, list[str]] = json.loads((root / LIBRARIES).read_text(encoding="utf-8"))
    return found


def unmarked(source: str) -> list[str]:
    """Return the texts of a script that look as if somebody read them, and that have no mark."""
    found, calls, before = [], [], None
    for token in tokenize(source, jsx=True, dotted=False, template_string=True):
        if token.value == "(":
            calls.append(_says(before))
        elif token.value == ")" and calls:
            calls.pop()
        elif token.type in ("string", "template_string") and not any(calls):
            text = _plain(token)
            if READ.fullmatch(text) and not CODE.match(text):
                found.append(text)
        before = token
    return found


def _plain(token: Token) -> str:
    """Return the words of a literal; what a template string puts between them is none of them."""
    if token.type == "string":
        return unquote_string(token.value)
    words = re.sub(r"\$\{(?:[^{}]|\{[^{}]*\})*\}", " ", token.value[1:-1])
    return words if re.search(r"[^\W\d_]{2}", words) else ""


def _says(token: Token | None) -> bool:
    """Say whether what stands before a bracket takes texts, or warnings for who writes scripts."""
    return token is not None and token.value in (*SAY, "translate", "warn", "error")
