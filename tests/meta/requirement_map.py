"""The map of processes/README.md, read as data: one row for each thing that the paper asks."""

import re
from dataclasses import dataclass

from engine.settings import ROOT

LAST = 105
ROW = re.compile(r"^\| (P\d+) \| (.+?) \| (.+) \| (.+?) \|$")
SHOWS = ("scenario:", "test:")


@dataclass(frozen=True)
class Row:
    """One requirement: where it lives in the product, and what shows that it holds."""

    id: str
    what: str
    where: str
    shown_by: str

    @property
    def references(self) -> list[str]:
        return re.findall(r"`([^`]+)`", f"{self.where} {self.shown_by}")

    @property
    def evidence(self) -> list[str]:
        return [found for found in self.references if found.startswith(SHOWS)]

    @property
    def later(self) -> str:
        """Return the part of the product plan that the rest of the row waits for."""
        found = re.search(r"later: ([a-z -]+)", self.shown_by)
        return found[1].strip() if found else ""


def read_map() -> list[Row]:
    """Return the rows in the order of the page."""
    lines = (ROOT / "processes/README.md").read_text(encoding="utf-8").splitlines()
    return [Row(*found.groups()) for line in lines if (found := ROW.match(line))]
