"""Which passwords are refused: short, well-known, names; no rules of composition (S11)."""

from collections.abc import Iterable

from engine.errors import InputError
from engine.language import gettext, mark

SHORTEST = 15
LONGEST = 128
PRODUCT = "casetable"
TELLING = 4
"""Letters from which on a name is looked for inside a password: `jo` is in too many words."""
WEAK = 10
"""Powers of ten: a password that falls within 10^10 guesses of an offline attack is refused."""
MENDS = mark(
    {
        "repeat": "It repeats the same signs; take several unrelated words instead.",
        "sequence": "It counts on or follows the alphabet; take several unrelated words instead.",
        "spatial": "It follows the keys of the keyboard; take several unrelated words instead.",
        "date": "It is mostly a date; take several unrelated words instead.",
        "dictionary": "It is among the passwords that are tried first; add more unrelated words.",
    }
)
GENERAL = mark("It is easily guessed; take several words that have nothing to do with each other.")


def check(password: str, names: Iterable[str] = ()) -> None:
    """Raise InputError with the mend when a password must not be used by the bearer of `names`.

    The first of `names` is the user name; it may not occur in the password at all.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputError(
            gettext(
                "A password has %(shortest)s to %(longest)s characters.",
                shortest=SHORTEST,
                longest=LONGEST,
            )
        )
    known = [name.lower() for name in names if name]
    for name in (PRODUCT, *known[:1]):
        if len(_letters(name)) >= TELLING and _letters(name) in _letters(password):
            raise InputError(
                gettext("A password does not contain the user name or the product's name.")
            )
    _check_guesses(password, [PRODUCT, *known, *_parts(known)])


def _check_guesses(password: str, known: list[str]) -> None:
    from zxcvbn import zxcvbn

    found = zxcvbn(password, user_inputs=known, max_length=LONGEST)
    if found["guesses_log10"] >= WEAK:
        return
    longest = max(found["sequence"], key=lambda part: len(part["token"]))
    raise InputError(gettext(MENDS.get(longest["pattern"], GENERAL)))


def _parts(names: Iterable[str]) -> list[str]:
    return [part for name in names for part in name.replace(".", " ").replace("@", " ").split()]


def _letters(text: str) -> str:
    """Return letters and digits alone: `intake.anna` hides in `Intake-Anna-2026` too."""
    return "".join(sign for sign in text.lower() if sign.isalnum())
