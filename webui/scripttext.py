"""What the scripts of a page say, given to them in the language that its reader reads."""

import json
from collections.abc import Iterable
from functools import cache

from engine.language import SOURCE, current_speech
from engine.language.source import Message
from engine.language.speech import forms_in_speech
from engine.settings import ROOT
from webui.pagetext.script import SOURCES, of_libraries, of_script, scripts

EDITOR = f"{SOURCES}/editor/"


def said(editor: str) -> str:
    """Return as JSON the texts of an editor: `{English: [translation, ...]}`, two where one counts.

    Empty in English, which the scripts know; the words of a structure stand in place of the usual.
    """
    speech = current_speech()
    if speech.language == SOURCE and not speech.terms:
        return "{}"
    return json.dumps(
        {one.text: forms_in_speech(one.text, one.many) for one in _texts(editor)},
        ensure_ascii=False,
    )


@cache
def _texts(editor: str) -> tuple[Message, ...]:
    own = (one for name, source in scripts(ROOT) for one in _of(name, source))
    return tuple(dict.fromkeys((*own, *map(Message, of_libraries(ROOT)[editor]))))


def _of(name: str, source: str) -> Iterable[Message]:
    return of_script(source) if name.startswith(EDITOR) else ()
