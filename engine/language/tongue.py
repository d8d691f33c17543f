"""The languages that can be chosen, each with its own name, direction and forms of dates."""

from collections.abc import Iterable
from dataclasses import dataclass

SOURCE = "en"
"""The language that texts are written in; what has no translation is shown in it."""


@dataclass(frozen=True)
class Tongue:
    """One language as people choose it.

    `code` is a BCP 47 tag as it stands in `lang` attributes; `name` is what its readers call it;
    `locale` names the forms of dates and numbers (CLDR).
    """

    code: str
    name: str
    locale: str
    rtl: bool = False
    capital_nouns: bool = False
    """Whether a noun keeps its capital in the middle of a sentence."""

    @property
    def tag(self) -> str:
        """Return the `lang` attribute: the English here is British."""
        return self.locale.replace("_", "-") if self.code == SOURCE else self.code

    @property
    def direction(self) -> str:
        """Return the `dir` attribute: `ltr` or `rtl`."""
        return "rtl" if self.rtl else "ltr"


LANGUAGES = {
    one.code: one
    for one in (
        # British English: day before month, 24 hours.
        Tongue("en", "English", "en_GB"),
        Tongue("nl", "Nederlands", "nl"),
        Tongue("fr", "Français", "fr"),
        Tongue("de", "Deutsch", "de", capital_nouns=True),
        Tongue("sv", "Svenska", "sv"),
        Tongue("da", "Dansk", "da"),
        Tongue("fi", "Suomi", "fi"),
    )
}
PSEUDO = {
    one.code: one
    for one in (
        Tongue("en-XA", "[Ƥşéûðö]", "en_GB"),
        Tongue("ar-XB", "[Ƥşéûðö ←]", "en_GB", rtl=True),
    )
}
"""Made from the English by rule, to see what is not marked and what does not fit or turn.

They are offered by demonstrations and tests alone.
"""


def tongue(code: str) -> Tongue:
    """Return the language of a code; the source language for one that is not known."""
    return LANGUAGES.get(code) or PSEUDO.get(code) or LANGUAGES[SOURCE]


def locale_of(code: str) -> str:
    """Return the name of the forms of dates and numbers of a language."""
    return tongue(code).locale


def offered(*, pseudo: bool = False) -> tuple[Tongue, ...]:
    """Return the languages that somebody may choose."""
    return (*LANGUAGES.values(), *(PSEUDO.values() if pseudo else ()))


def best_of(wanted: Iterable[str], *, pseudo: bool = False) -> str | None:
    """Return the first offered language of the wanted tags, best first; None when there is none.

    `nl-BE` finds `nl` where the region has no texts of its own.
    """
    codes = {one.code.lower(): one.code for one in offered(pseudo=pseudo)}
    for tag in wanted:
        found = codes.get(tag.lower()) or codes.get(tag.lower().partition("-")[0])
        if found:
            return found
    return None
