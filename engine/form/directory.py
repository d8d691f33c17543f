"""What a form needs to know of people and organisations: who can be chosen."""

from collections.abc import Sequence
from typing import Protocol

from engine.form.form import Option

NAMES = ("people", "organisations", "partners", "goals", "actions")


class Directory(Protocol):
    """Gives the options of a field that takes them from the directory."""

    def options(self, name: str) -> Sequence[Option]:
        """Return what may be chosen under a name such as "partners"; empty when there is none."""
        ...


class EmptyDirectory:
    """A directory in which nothing can be chosen: for forms with fixed options only."""

    def options(self, name: str) -> Sequence[Option]:  # noqa: ARG002 - the protocol's name
        """Return no options."""
        return ()
