"""The table in which a scenario is edited, between browser and draft; it needs no script."""

from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from engine.errors import InputError
from engine.language import gettext, mark
from engine.scenario import STEP_KINDS
from engine.workshop.script import MOST_STEPS, Row, Script

KIND_WORDS = mark(
    {
        "start": "it begins by",
        "do": "somebody does",
        "after": "time passes",
        "message": "it happens that",
        "refused": "is refused:",
        "expect": "expect",
        "opinion": "opinion changes to",
        "reopen": "reopening is asked because",
        "agree": "somebody agrees for",
        "erase": "erasure is asked because",
        "file": "from here on in the file",
    }
)
"""The kinds of steps as one reads them; the codes of engine.scenario are their order."""
LISTS = ("requirements", "use")
TEXTS = ("title", "starts", "profile")


@dataclass
class ScenarioForm:
    """What stands on the page."""

    head: dict[str, str]
    rows: list[Row]
    kept: dict[str, Any] = field(default_factory=dict)
    """Entries of the head that the page does not show; they stay as they are."""

    @classmethod
    def of(cls, script: Script) -> "ScenarioForm":
        """Return the form of a scenario as it is kept."""
        head = {name: str(script.head.get(name, "")) for name in TEXTS}
        head |= {name: ", ".join(script.head.get(name, [])) for name in LISTS}
        return cls(head, script.rows(), _kept(script))

    @classmethod
    def posted(cls, form: MultiDict[str, Any], script: Script) -> "ScenarioForm":
        """Return the form as it was sent."""
        head = {name: form.get(name, "").strip() for name in (*TEXTS, *LISTS)}
        count = min(form.get("rows", 0, type=int), MOST_STEPS)
        rows = [_posted_row(form, number) for number in range(count)]
        return cls(head, rows, _kept(script))

    def change(self, action: str) -> None:
        """Add, move or take away a row: `add:3`, `up:3`, `down:3`, `delete:3`."""
        what, _, at = action.partition(":")
        number = int(at) if at.isdecimal() else -1
        if what == "add" and 0 <= number <= len(self.rows) < MOST_STEPS:
            self.rows.insert(number, Row("do"))
        elif not 0 <= number < len(self.rows):
            return
        elif what == "delete":
            del self.rows[number]
        elif what in {"up", "down"}:
            other = number + (1 if what == "down" else -1)
            if 0 <= other < len(self.rows):
                rows = self.rows
                rows[number], rows[other] = rows[other], rows[number]

    def script(self) -> Script:
        """Return the scenario that stands on the page; raise InputError naming the row to mend."""
        head: dict[str, Any] = {name: self.head[name] for name in TEXTS}
        for name in LISTS:
            head[name] = [one.strip() for one in self.head[name].split(",") if one.strip()]
        if not head["title"]:
            raise InputError(gettext("Give the scenario a title."))
        steps = [row.step(number) for number, row in enumerate(self.rows, start=1)]
        return Script(head | self.kept, steps)


def _posted_row(form: MultiDict[str, Any], number: int) -> Row:
    return Row(
        kind=form.get(f"kind-{number}", ""),
        what=form.get(f"what-{number}", ""),
        by=form.get(f"by-{number}", ""),
        whose=form.get(f"whose-{number}", ""),
        details=form.get(f"details-{number}", "").replace("\r\n", "\n"),
    )


def _kept(script: Script) -> dict[str, Any]:
    return {key: value for key, value in script.head.items() if key not in (*TEXTS, *LISTS)}


def kinds() -> list[tuple[str, str]]:
    """Return the kinds of steps with their words."""
    return [(kind, gettext(KIND_WORDS[kind])) for kind in STEP_KINDS]
