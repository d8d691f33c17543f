"""Compares what two sets say in other languages: texts said anew, otherwise, or no more."""

from collections.abc import Iterator, Mapping

from engine.comparison.change import Change, Kind, came_or_went, excerpts, named, say, valued
from engine.comparison.side import Side
from engine.language import mark
from engine.wordbook import Entry, language_of, read_entries


def compare_catalogues(old: Side, new: Side) -> Iterator[Change]:
    """Yield each catalogue that came or went; of others, each text that is said otherwise."""
    paths = sorted({*old.files, *new.files})
    for path in paths:
        language = language_of(path)
        if language is not None and old.files.get(path) != new.files.get(path):
            before, after = _entries(old, path), _entries(new, path)
            if before is None or after is None:
                yield _whole(path, language, before, after)
            else:
                yield from _texts(path, language, before, after)


def _entries(side: Side, path: str) -> Mapping[str, Entry] | None:
    content = side.files.get(path)
    return None if content is None else read_entries(content, file=path)


def _whole(
    path: str, language: str, before: Mapping[str, Entry] | None, after: Mapping[str, Entry] | None
) -> Change:
    came = before is None
    count = sum(entry.counts for entry in ((after if came else before) or {}).values())
    text = mark("The language %(language)s is gone: %(count)s of the texts that people see.")
    if came:
        text = mark("The language %(language)s is new: %(count)s of the texts that people see.")
    sentence = say(text, language=named(language), count=valued(str(count)))
    kind, one, other = came_or_went(came), None if came else path, path if came else None
    return Change(kind, path, "", "file", one, other, "wording", sentence=sentence)


def _texts(
    path: str, language: str, before: Mapping[str, Entry], after: Mapping[str, Entry]
) -> Iterator[Change]:
    for text in dict.fromkeys([*before, *after]):
        one, other = _said(before, text), _said(after, text)
        if one != other:
            yield _text(path, language, text, one, other)


def _said(entries: Mapping[str, Entry], text: str) -> str | None:
    entry = entries.get(text)
    return entry.translation if entry is not None and entry.counts else None


def _text(path: str, language: str, text: str, before: str | None, after: str | None) -> Change:
    told = excerpts(before or "", after or "")
    kind: Kind = "changed"
    template = mark("In %(language)s, %(text)s is %(after)s instead of %(before)s.")
    if before is None:
        kind, template = "added", mark("In %(language)s, %(text)s is now said: %(after)s.")
    elif after is None:
        kind, template = (
            "removed",
            mark("In %(language)s, %(text)s is said no more; it was %(before)s."),
        )
    sentence = say(
        template,
        language=named(language),
        text=valued(excerpts(text, text)[0]),
        before=valued(told[0]),
        after=valued(told[1]),
    )
    return Change(kind, path, text, "translation", before, after, "wording", sentence=sentence)
