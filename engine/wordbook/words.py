"""Says the texts of a deployment in the language of whoever reads them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, TypeVar

from engine.drawing import Process
from engine.form import Form
from engine.language import current_speech
from engine.language.speech import Speech
from engine.profile import Profile
from engine.wordbook.catalogue import catalogue_path, read_entries
from engine.wordbook.drawing_text import spoken_drawing
from engine.wordbook.form_text import spoken_form
from engine.wordbook.process_text import spoken_process
from engine.wordbook.profile_text import spoken_profile
from engine.wordbook.text import as_key

T = TypeVar("T")
Key = tuple[str, tuple[tuple[str, str], ...], int]


class Words:
    """The words of a set in one language. What has no translation is said as it is written.

    Forms, processes and profiles come back with other texts and the same codes; they are for
    showing. What is stored is made from those of the deployment itself.
    """

    def __init__(self, speech: Speech, entries: Mapping[str, str]) -> None:
        self._speech = speech
        self._entries = entries
        self._kept: dict[str, tuple[object, object]] = {}

    @cached_property
    def changes_nothing(self) -> bool:
        """Say whether every text stays as it is written: plain English."""
        told = "A concern"
        return not self._entries and not self._speech.terms and self._speech.say(told) == told

    def say(self, text: str) -> str:
        """Return a text of the set in this language, with the structure's own terms."""
        if not text or self.changes_nothing:
            return text
        return self._speech.say(self._entries.get(as_key(text), text))

    def form(self, form: Form) -> Form:
        """Return a form in this language."""
        return self._spoken(f"form {form.id}", form, spoken_form)

    def process(self, process: Process) -> Process:
        """Return a process in this language: names, guidance, words of buttons."""
        return self._spoken(f"process {process.id}", process, spoken_process)

    def profile(self, profile: Profile) -> Profile:
        """Return a profile in this language."""
        return self._spoken("profile", profile, spoken_profile)

    def diagram(self, content: bytes, file: str) -> bytes:
        """Return a BPMN file for the viewer with its names in this language."""
        return self._spoken(
            f"file {file}", content, lambda one, say: spoken_drawing(one, file, say)
        )

    def _spoken(self, name: str, source: T, speak: Callable[[T, Callable[[str], str]], T]) -> T:
        if self.changes_nothing:
            return source
        kept = self._kept.get(name)
        if kept is None or kept[0] is not source:
            kept = (source, speak(source, self.say))
            self._kept[name] = kept
        return kept[1]  # type: ignore[return-value]


@dataclass(frozen=True)
class Wordbook:
    """The catalogues of a set, each read on first use."""

    files: Mapping[str, bytes]
    _read: dict[str, Mapping[str, str]] = field(default_factory=dict, compare=False, repr=False)
    _words: dict[Key, tuple["Wordbook | None", Words]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def translations(self, language: str) -> Mapping[str, str]:
        """Return `{text: translation}` of a language; empty where the set does not speak it."""
        if language not in self._read:
            path = catalogue_path(language)
            content = self.files.get(path)
            entries = read_entries(content, file=path) if content else {}
            self._read[language] = {
                text: entry.translation for text, entry in entries.items() if entry.counts
            }
        return self._read[language]

    def words(self, speech: Speech, beside: "Wordbook | None" = None) -> Words:
        """Return the words in what is being spoken; `beside` says what this set cannot."""
        key = (speech.language, tuple(sorted(speech.terms.items())), id(beside))
        kept = self._words.get(key)
        if kept is None or kept[0] is not beside:
            own = self.translations(speech.language)
            under = beside.translations(speech.language) if beside else {}
            kept = (beside, Words(speech, {**under, **own}))
            self._words[key] = kept
        return kept[1]


class Speaking(Protocol):
    """A deployment, as far as it has words."""

    @property
    def wordbook(self) -> Wordbook:
        """Return the catalogues of the deployment."""


def deployment_words(deployment: Speaking, newest: Speaking | None = None) -> Words:
    """Return the words of a deployment in the language that is being spoken.

    `newest` is what new cases are started on: a case that began before a language was there is
    read in it as far as the texts are still the same.
    """
    beside = None if newest is None or newest is deployment else newest.wordbook
    return deployment.wordbook.words(current_speech(), beside)
