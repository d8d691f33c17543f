"""Finds the texts to translate in the templates, the Python and the scripts of the program."""

from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment
from jinja2.ext import extract_from_ast

from engine.language.gathering import Gathered, gather
from engine.language.source import Message, messages, modules
from engine.settings import ROOT
from webui.pagetext.extension import PageText
from webui.pagetext.script import LIBRARIES, of_libraries, of_script, scripts

PACKAGES = ("engine", "tasks", "webui")
TEMPLATES = "webui/templates"
ASKED = ("_", "gettext", "ngettext", "pgettext", "mark")


def everything(root: Path = ROOT) -> list[Gathered]:
    """Return every text of the program with the files that show it."""
    return gather(_found(root))


def _found(root: Path) -> Iterator[tuple[str, Message]]:
    environment = Environment(
        extensions=["jinja2.ext.i18n", PageText],
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    for path in sorted((root / TEMPLATES).rglob("*.html")):
        name = path.relative_to(root).as_posix()
        for message in of_template(environment, path.read_text(encoding="utf-8"), path.name):
            yield name, message
    for name, source in scripts(root):
        for message in of_script(source):
            yield name, message
    for text in (text for texts in of_libraries(root).values() for text in texts):
        yield LIBRARIES, Message(text)
    for name, source in modules(root, PACKAGES):
        for message in messages(source):
            yield name, message


def of_template(environment: Environment, source: str, name: str) -> Iterator[Message]:
    """Yield the texts of a template."""
    tree = environment.parse(source, name)
    for _, function, said in extract_from_ast(tree, ASKED):
        texts = [one for one in (said if isinstance(said, tuple) else (said,)) if one]
        if not texts:
            continue
        if function == "ngettext":
            yield Message(texts[0], texts[1])
        elif function == "pgettext":
            yield Message(texts[1], context=texts[0])
        else:
            yield Message(texts[0])
