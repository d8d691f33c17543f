"""The self-check: what a profile does about each wish of the source paper, as a file (P3).

Each row says whether a wish is fulfilled, changed or left out, why, what carries it out, and which
profile says so. What the authority has to confirm stands below it.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from engine.deployment import ResolvedDeployment
from engine.errors import InputError
from engine.inheritance import levels
from engine.language import mark
from engine.profile import Profile
from engine.structure import REQUIREMENTS, ROWS, STATUSES

STATUS_WORDS: Final[Mapping[str, str]] = {
    "fulfils": mark("fulfilled"),
    "changes": mark("changed"),
    "leaves_out": mark("left out"),
}
NOT_SAID: Final = mark("nothing is said about it")
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Row:
    """What one profile does about one wish; `status` is one of STATUSES, or empty."""

    code: str
    wish: str
    status: str
    reason: str
    by: tuple[str, ...]
    said_by: str
    """Code of the profile that says so."""

    @property
    def words(self) -> str:
        """Return the status in words."""
        return STATUS_WORDS.get(self.status, NOT_SAID)


@dataclass(frozen=True)
class Open:
    """Something that the authority has to confirm."""

    place: str
    what: str
    confirm: str


def rows(deployment: ResolvedDeployment, status: str = "") -> list[Row]:
    """Return a row for each wish, P1 to P105, or those of a status."""
    if status and status not in STATUSES:
        raise InputError(f"There is no status {status!r}; use {', '.join(STATUSES)}.")
    profile, said = deployment.profile, _said_by(deployment)
    found = []
    for code in REQUIREMENTS:
        one = profile.selfcheck.get(code)
        if one is None:
            found.append(Row(code, "", "", "", (), ""))
        else:
            origin = said.get(code, profile.code)
            found.append(Row(code, one.wish, one.status, one.reason, one.by, origin))
    return [row for row in found if not status or row.status == status]


def _said_by(deployment: ResolvedDeployment) -> dict[str, str]:
    return {
        code: name
        for name, tables in levels(deployment.files)
        for code in tables.get("selfcheck", {})
    }


def counts(found: list[Row]) -> dict[str, int]:
    """Return how many wishes have each status."""
    counted = Counter(row.status for row in found)
    return {status: counted[status] for status in STATUSES}


def to_confirm(profile: Profile) -> list[Open]:
    """Return what the authority has to confirm before it relies on the profile."""
    arranged = [
        Open(ROWS.get(one.code, one.code), one.value, one.confirm)
        for one in profile.structure.values()
        if one.confirm
    ]
    valued = [
        Open(f"value {one.name}", str(one.value), one.confirm)
        for one in profile.parameters.values()
        if one.confirm
    ]
    return arranged + valued


def as_markdown(deployment: ResolvedDeployment) -> str:
    """Return the self-check as a text to read and to print."""
    return "\n".join(_markdown(deployment)) + "\n"


def _markdown(deployment: ResolvedDeployment) -> Iterator[str]:
    profile, found = deployment.profile, rows(deployment)
    yield f"# Self-check: {profile.name}"
    yield ""
    yield ", ".join(f"{count} {STATUS_WORDS[name]}" for name, count in counts(found).items()) + "."
    yield ""
    yield "| P | Wish of the source paper | Status | Reason | Carried out by | Said by |"
    yield "|---|---|---|---|---|---|"
    for row in found:
        cells = (row.code, row.wish, row.words, row.reason, ", ".join(row.by), row.said_by)
        yield f"| {' | '.join(map(_cell, cells))} |"
    opened = to_confirm(profile)
    if opened:
        yield ""
        yield "## To be confirmed by the authority"
        yield ""
        yield from (f"- {one.place}: {one.what}. {one.confirm}" for one in opened)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def as_csv(deployment: ResolvedDeployment) -> str:
    """Return the self-check as a table for a spreadsheet."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(("code", "wish", "status", "reason", "by", "said_by"))
    for row in rows(deployment):
        cells = (row.code, row.wish, row.status, row.reason, "; ".join(row.by), row.said_by)
        writer.writerow(map(_harmless, cells))
    return target.getvalue()


def _harmless(text: str) -> str:
    """Threat: a spreadsheet runs a text that begins like a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
