"""Lays the catalogues of a profile over those of what it inherits, into one for each language."""

from collections.abc import Mapping, Sequence

from engine.wordbook.catalogue import Entry, catalogue_path, language_of, read_entries, written


def joined(layers: Sequence[Mapping[str, bytes]]) -> dict[str, bytes]:
    """Return `{languages/nl.po: content}` of all layers, the first underneath.

    Each layer holds catalogues by path. What nobody has translated yet is left out, and so is what
    a translator has to look at again: a set carries what its readers see, in one order, so that
    the same words are the same content.
    """
    found: dict[str, dict[str, Entry]] = {}
    for layer in layers:
        for path, content in layer.items():
            language = language_of(path)
            if language is not None:
                own = read_entries(content, file=path)
                kept = {text: entry for text, entry in own.items() if entry.counts}
                found[language] = found.get(language, {}) | kept
    return {
        catalogue_path(language): _content(language, entries)
        for language, entries in sorted(found.items())
        if entries
    }


def _content(language: str, entries: Mapping[str, Entry]) -> bytes:
    plain = (Entry(text, entries[text].translation) for text in sorted(entries))
    return written(language, plain)
