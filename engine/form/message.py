"""The words of every rule that an answer can break: plain, and with the mend."""

from dataclasses import dataclass, field
from typing import Any

from engine.language import gettext, mark

MESSAGES = mark(
    {
        "number": "Enter a number, for example 12 or 12.5.",
        "number_too_long": "Enter a number of at most {limit} digits.",
        "integer": "Enter a whole number, for example 12.",
        "decimals": "Enter a number with at most {limit} decimal places.",
        "increment": "Enter a number in steps of {step}: the nearest are {below} and {above}.",
        "pattern": "Enter this in the form that is asked for.",
        "required": "Answer this question.",
        "required_text": "Enter an answer.",
        "required_choice": "Choose one answer.",
        "required_choices": "Choose at least one answer.",
        "required_date": "Enter a date.",
        "required_tick": "Tick the box to confirm.",
        "required_file": "Choose a file.",
        "minimum": "Enter {limit} or more.",
        "maximum": "Enter {limit} or less.",
        "limit": "This answer cannot be checked: its limit is not a number. "
        "Tell the process owner.",
        "min_length": "Enter at least {limit} characters; there are {length}.",
        "max_length": "Enter at most {limit} characters; there are {length}.",
        "phone": "Enter an international phone number, for example +32 2 555 12 12 without spaces.",
        "email": "Enter an e-mail address, for example name@example.org.",
        "text": "Enter text.",
        "too_long": "Shorten this to at most {limit} characters.",
        "characters": "Remove characters that cannot be seen; type the text instead of pasting it.",
        "option": "Choose one of the answers offered; this one is not (or no longer) among them.",
        "date": "Enter a date that exists, for example 2027-03-31.",
        "time": "Enter a time, for example 14:30.",
        "gap": "This time does not exist on that day, because the clocks "
        "change. Choose another one.",
        "year": "Enter a date between the years {first} and {last}.",
        "earliest": "Enter a date on or after {limit}.",
        "latest": "Enter a date on or before {limit}.",
        "past": "Enter today or a later date.",
        "min_rows": "Add at least {limit}; there are {count}.",
        "max_rows": "Keep at most {limit}.",
        "file_type": "Choose a file of type {types}; {name} is not one.",
        "file_content": "{name} does not contain what its name says; save it again in its program.",
        "file_size": "{name} is larger than {limit} MB; choose a smaller file.",
        "file_count": "Choose one file only.",
        "computed": "This value could not be computed from the answers above.",
        "unexpected": "The page sent something this form does not ask ({name}). Reload the page.",
    }
)


@dataclass(frozen=True)
class FieldError:
    """One broken rule. `path` is the control's name (`goals-0-title`), `code` for translation."""

    path: str
    label: str
    message: str
    code: str = ""
    facts: dict[str, Any] = field(default_factory=dict, compare=False)


def error(path: str, label: str, code: str, facts: dict[str, Any] | None = None) -> FieldError:
    """Return the error of a rule in the language of who typed."""
    told = facts or {}
    return FieldError(path, label, gettext(MESSAGES[code]).format(**told), code, told)
