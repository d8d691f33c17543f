"""Brings names into one form and one sound, so that spellings of one name meet (S22).

The sound is the Cologne phonetics: made for European names, and since it forgets vowels, doubled
letters and `h`, also forgiving where names come from another script (Mohammed, Muhammad). Names in
other scripts than Latin are compared as they are written.
"""

import re
import unicodedata
from itertools import combinations, groupby

APART = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"}
)
"""Letters that Unicode does not take apart into a plain letter and an accent."""
APOSTROPHES = re.compile(r"['’‘`´]")  # noqa: RUF001 - what keyboards make of an apostrophe
WORDS = re.compile(r"[^\W_]+")
PARTICLES = frozenset(
    {"van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "el", "al", "ul", "bin"}
    | {"ibn", "ben", "abu", "bint", "la", "le", "ter", "ten", "te", "zu"}
)
"""Words that so many names share that they say nothing about who somebody is."""
MOST_WORDS = 8
"""How many words of a name are compared: pairs of them grow with the square."""

SOUND = {
    letter: code
    for code, letters in {
        "0": "aeijouy",
        "1": "bp",
        "2": "dt",
        "3": "fvw",
        "4": "gkq",
        "5": "l",
        "6": "mn",
        "7": "r",
        "8": "sz",
    }.items()
    for letter in letters
}


def words(name: str) -> list[str]:
    """Return the words of a name in one form: without accents, signs and capitals, in order."""
    # Once more afterwards: some signs become capitals only when they are taken apart.
    cased = APOSTROPHES.sub("", unicodedata.normalize("NFKD", name.casefold()).casefold())
    folded = unicodedata.normalize("NFKD", cased.translate(APART))
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return sorted(WORDS.findall(plain))[:MOST_WORDS]


def form(name: str) -> str:
    """Return a name in the form in which two are called the same: `Dekker, Peter` is one."""
    return " ".join(words(name))


def sounds(name: str) -> list[str]:
    """Return the pairs of words of a name as they sound, for a name of one word that word.

    Pairs, because people leave out a second given name or one of two family names.
    """
    told = [word for word in words(name) if word not in PARTICLES] or words(name)
    heard = sorted({sound(word) for word in told})
    if len(heard) < 2:  # noqa: PLR2004 - a pair
        return heard
    return [" ".join(pair) for pair in combinations(heard, 2)]


def sound(word: str) -> str:
    """Return how one word sounds; a word without Latin letters is its own sound."""
    letters = "".join(letter for letter in word if "a" <= letter <= "z")
    if not letters:
        return word
    codes = "".join(_code(letters, place) for place in range(len(letters)))
    once = "".join(code for code, _ in groupby(codes))
    return once[:1] + once[1:].replace("0", "")


def _code(word: str, place: int) -> str:
    """Return the code of one letter; some depend on the letters beside them."""
    letter, before = word[place], word[place - 1 : place]
    after = word[place + 1 : place + 2]
    if letter == "c":
        return _code_of_c(before, after)
    if letter == "x":
        return "8" if before in {"c", "k", "q"} else "48"
    if letter == "p" and after == "h":
        return "3"
    if letter in "dt" and after and after in "csz":
        return "8"
    return SOUND.get(letter, "")


def _code_of_c(before: str, after: str) -> str:
    if not before:
        return "4" if after and after in "ahkloqrux" else "8"
    if before in "sz":
        return "8"
    return "4" if after and after in "ahkoqux" else "8"
