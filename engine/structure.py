"""What a national structure says of itself: its arrangements, its self-check, its own words.

The sixteen arrangements are the questions that every structure answers in its own way. Each answer
names what carries it out (`by`), so that a sentence without a step, value or rule behind it shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from engine.errors import InputError
from engine.language import mark
from engine.language.telling import told

ROWS: Final = mark(
    {
        "signal_receivers": "Who receives a concern",
        "anonymous_reporter": "Whether somebody may report without a name",
        "multi_agency_decision": "Who decides that several organisations look at a concern",
        "weighing_outcomes": "What the weighing of a concern may end in",
        "chair": "Who chairs the table",
        "closure_accountable": "Who answers for the closing of a case",
        "consent": "Whether the person is asked for consent, and when",
        "age_rules": "What is different for children and young people",
        "sharing_levels": "Who may read what somebody shares",
        "text_to_police": "What goes to the police, and who agrees to it",
        "weighing_rhythm": "How often the table meets to weigh concerns",
        "check_in": "How often a plan that runs is looked at",
        "monitoring": "How long and how often somebody looks after closing",
        "retention": "How long a file is kept",
        "assessment_tool": "Which professional guideline supports the analysis",
        "returnees_release": mark(
            "What happens at a return from a conflict zone or a release from prison"
        ),
    }
)
"""The arrangements that every profile has or inherits, with the question each one answers."""

REQUIREMENTS: Final = tuple(f"P{number}" for number in range(1, 106))
"""The rows of the map in processes/README.md, which the self-check answers one by one."""

Status = Literal["fulfils", "changes", "leaves_out"]
STATUSES: Final[tuple[Status, ...]] = ("fulfils", "changes", "leaves_out")

BY_KINDS: Final = (
    *("role", "value", "step", "table", "form", "rule"),
    *("text", "list", "operator", "message", "glossary", "page"),
)
"""What may carry something out; `form` also as form.field, `page` in plain words."""


@dataclass(frozen=True)
class Arrangement:
    """How this structure answers one of the sixteen questions."""

    code: str
    value: str
    source: str
    explain: str
    by: tuple[str, ...] = ()
    confirm: str = ""
    """What the authority has to confirm before it relies on this; empty where nothing is open."""


@dataclass(frozen=True)
class Standing:
    """Whether one wish of the source paper is fulfilled, changed or left out, and why."""

    code: str
    status: Status
    reason: str
    by: tuple[str, ...] = ()
    wish: str = ""
    """What the paper wishes, in some words; the base says it for all."""


@dataclass(frozen=True)
class GlossaryEntry:
    """One word of this structure with its meaning, offered as guidance at some steps."""

    code: str
    term: str
    text: str
    steps: tuple[str, ...] = ()


def read_structure(section: Mapping[str, Any], file: str) -> dict[str, Arrangement]:
    """Read the tables [structure.*]; raise InputError naming the one to mend."""
    found = {}
    for code, entry in section.items():
        place = f"[structure.{code}]"
        _require(entry, ("value", "source", "explain"), place, file)
        found[code] = Arrangement(
            code,
            entry["value"],
            entry["source"],
            entry["explain"],
            texts(entry, "by", place, file),
            str(entry.get("confirm", "")),
        )
    return found


def read_selfcheck(section: Mapping[str, Any], file: str) -> dict[str, Standing]:
    """Read the tables [selfcheck.*]; raise InputError naming the one to mend."""
    found = {}
    for code, entry in section.items():
        place = f"[selfcheck.{code}]"
        _require(entry, ("status", "reason"), place, file)
        if entry["status"] not in STATUSES:
            raise InputError(
                told(
                    "%(file)s: %(place)s needs status = %(items)s.",
                    file=file,
                    place=place,
                    items=", ".join(STATUSES),
                )
            )
        by = texts(entry, "by", place, file)
        wish = str(entry.get("wish", ""))
        found[code] = Standing(code, entry["status"], entry["reason"], by, wish)
    return found


def read_glossary(section: Mapping[str, Any], file: str) -> dict[str, GlossaryEntry]:
    """Read the tables [glossary.*]; raise InputError naming the one to mend."""
    found = {}
    for code, entry in section.items():
        place = f"[glossary.{code}]"
        _require(entry, ("term", "text"), place, file)
        steps = texts(entry, "steps", place, file)
        found[code] = GlossaryEntry(code, entry["term"], entry["text"], steps)
    return found


def read_terms(section: Mapping[str, Any], file: str) -> dict[str, dict[str, str]]:
    """Read the tables [terms.<language>]: own words by the usual ones; raise InputError."""
    found = {}
    for language, words in section.items():
        if not isinstance(words, dict) or not all(isinstance(word, str) for word in words.values()):
            raise InputError(
                told(
                    '%(file)s: [terms.%(language)s] holds lines "usual word" = "own word".',
                    file=file,
                    language=language,
                )
            )
        found[language] = dict(words)
    return found


def texts(entry: Mapping[str, Any], name: str, place: str, file: str) -> tuple[str, ...]:
    """Return a list of texts; raise InputError where it is something else."""
    found = entry.get(name, [])
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise InputError(
            told(
                '%(file)s: %(name)s in %(place)s is a list of texts like ["one", "two"].',
                file=file,
                name=name,
                place=place,
            )
        )
    return tuple(found)


def _require(entry: Any, names: tuple[str, ...], place: str, file: str) -> None:
    """Refuse a table that lacks one of the texts that it needs."""
    if not isinstance(entry, dict) or not all(
        isinstance(entry.get(name), str) and entry[name].strip() for name in names
    ):
        raise InputError(
            told(
                "%(file)s: %(place)s needs %(items)s.",
                file=file,
                place=place,
                items=", ".join(names),
            )
        )
