"""Columns whose content is sealed with the key of the case that the row belongs to (S14).

A row shows its content as if it were stored plainly: engine/keyring.py closes it while it is
written and opens it while it is loaded. What reaches a statement in another way is refused here,
so that nothing a person wrote can get into the database in the open.
"""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from sqlalchemy import Dialect, LargeBinary, TypeDecorator
from sqlalchemy.orm import mapped_column

from engine.errors import StateError

TEXT, JSON_VALUE, DAY, BYTES = "text", "json", "day", "bytes"


@dataclass(frozen=True)
class Closed:
    """Content as it is stored. Shown by mistake, it says no more than that."""

    stored: bytes

    def __str__(self) -> str:
        return "sealed"


ERASED = Closed(b"\x00")
"""Stands for content that was erased in a row that stays; it opens to nothing."""


class Sealed(TypeDecorator[Any]):
    """A column that takes and gives Closed content only; `kind` says what is inside."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, kind: str = TEXT) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """Refuse what is not closed: a bulk statement, or a comparison with a name."""
        del dialect
        if value is not None and not isinstance(value, Closed):
            raise StateError("A sealed column is written and looked at row by row, not by SQL.")
        return value.stored if value is not None else None

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Closed | None:
        """Return what is stored; engine/keyring.py opens it for its row."""
        del dialect
        return Closed(bytes(value)) if value is not None else None


SealedText = Annotated[str, mapped_column(Sealed(TEXT))]
SealedJson = Annotated[dict[str, Any], mapped_column(Sealed(JSON_VALUE))]
SealedDay = Annotated[date, mapped_column(Sealed(DAY))]
SealedBytes = Annotated[bytes, mapped_column(Sealed(BYTES))]
