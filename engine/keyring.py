"""Closes and opens the sealed columns of rows, with the key of the case they belong to (S14).

AES-256-GCM, a random nonce each time. What is sealed is bound to its table, column, row, case and
key: moved anywhere else it does not open. Each session opens the key of a case once; that key
comes with the row of the case, so that a turn pays no statement for it.
"""

import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Uuid, bindparam, event, inspect, select
from sqlalchemy.orm import Mapper, Session, object_session

from engine.errors import StateError
from engine.masterkey import MasterKeys
from engine.models import Base, Case, CaseKey
from engine.models.sealed import BYTES, DAY, ERASED, JSON_VALUE, TEXT, Closed, Sealed

NONCE = 12
FORMAT = b"\x01"
"""Of what is stored: a later way of sealing gets the next one, so that both can be read."""
WRITE: dict[str, Callable[[Any], bytes]] = {
    TEXT: lambda value: str(value).encode(),
    JSON_VALUE: lambda value: json.dumps(value, separators=(",", ":")).encode(),
    DAY: lambda value: value.isoformat().encode(),
    BYTES: bytes,
}
READ: dict[str, Callable[[bytes], Any]] = {
    TEXT: bytes.decode,
    JSON_VALUE: json.loads,
    DAY: lambda stored: date.fromisoformat(stored.decode()),
    BYTES: bytes,
}
NOTHING: dict[str, Callable[[], Any]] = {
    TEXT: str,
    JSON_VALUE: dict,
    DAY: lambda: None,
    BYTES: bytes,
}


BODY = len(FORMAT) + NONCE


@dataclass(frozen=True)
class Place:
    """Where a sealed value stands; it opens nowhere else."""

    table: str
    column: str
    kind: str
    row: str
    case_id: UUID | None

    def bind(self, form: bytes, version: int) -> bytes:
        """Return what the value is bound to."""
        words = (self.table, self.column, self.row, self.case_id, version)
        return form + "|".join(map(str, words)).encode()


@dataclass(frozen=True)
class WrappedKey:
    """The key of a case as its row has it."""

    case_id: UUID
    version: int
    master_version: int
    wrapped: bytes | None


class Keyring:
    """The opened keys of the cases that one session works with."""

    def __init__(self, master: MasterKeys) -> None:
        self.master = master
        self._wrapped: dict[UUID, WrappedKey] = {}
        self._opened: dict[UUID, tuple[int, AESGCM]] = {}

    def make(self, case_id: UUID, now: datetime) -> CaseKey:
        """Return the row of a new key, for a new case."""
        key = wrap(self.master, case_id, 1, secrets.token_bytes(32))
        self.learn(key)
        return CaseKey(**asdict(key), created_at=now)

    def learn(self, key: WrappedKey) -> None:
        """Take note of a key that was read along with its case; it is opened when needed."""
        self._wrapped[key.case_id] = key
        self._opened.pop(key.case_id, None)

    def knows(self, case_id: UUID) -> bool:
        """Say whether the key of a case has been read already."""
        return case_id in self._wrapped

    def close(self, place: Place, value: Any) -> Closed:
        """Seal one value for its place."""
        version, cipher = self._cipher(place.case_id)
        nonce = secrets.token_bytes(NONCE)
        plain = WRITE[place.kind](value)
        return Closed(FORMAT + nonce + cipher.encrypt(nonce, plain, place.bind(FORMAT, version)))

    def open(self, place: Place, closed: Closed) -> Any:
        """Return what was sealed; StateError when it was moved here, or its key is gone."""
        if closed == ERASED:
            return NOTHING[place.kind]()
        version, cipher = self._cipher(place.case_id)
        form, nonce, body = closed.stored[:1], closed.stored[1:BODY], closed.stored[BODY:]
        try:
            plain = cipher.decrypt(nonce, body, place.bind(form, version))
        except (InvalidTag, ValueError) as error:
            raise StateError(
                f"{place.table}.{place.column} of {place.row} does not open: it was changed or "
                "moved, or belongs to another key."
            ) from error
        return READ[place.kind](plain)

    def _cipher(self, case_id: UUID | None) -> tuple[int, AESGCM]:
        if case_id is None:
            raise StateError("What belongs to no case cannot be sealed; give it its case first.")
        if case_id not in self._opened:
            key = self._wrapped.get(case_id)
            if key is None:
                raise StateError(
                    f"The key of case {case_id} is missing; bring the keys back with "
                    "`casetable key restore`."
                )
            self._opened[case_id] = (key.version, AESGCM(unwrap(self.master, key)))
        return self._opened[case_id]


def wrap(master: MasterKeys, case_id: UUID, version: int, plain: bytes) -> WrappedKey:
    """Return the key of a case sealed under the newest master key, for this case alone."""
    nonce = secrets.token_bytes(NONCE)
    newest, key = master.newest()
    body = AESGCM(key).encrypt(nonce, plain, _key_place(case_id, version, newest))
    return WrappedKey(case_id, version, newest, nonce + body)


def unwrap(master: MasterKeys, key: WrappedKey) -> bytes:
    """Return the key of a case; StateError when it was destroyed or the master key is wrong."""
    if key.wrapped is None:
        raise StateError(f"The key of case {key.case_id} was destroyed: the case is erased.")
    cipher = AESGCM(master.get(key.master_version))
    try:
        return cipher.decrypt(
            key.wrapped[:NONCE],
            key.wrapped[NONCE:],
            _key_place(key.case_id, key.version, key.master_version),
        )
    except InvalidTag as error:
        raise StateError(
            f"The key of case {key.case_id} does not open under master key {key.master_version}."
        ) from error


def _key_place(case_id: UUID, version: int, master_version: int) -> bytes:
    return f"case_key|{case_id}|{version}|{master_version}".encode()


def row_id(values: Iterable[Any]) -> str:
    """Return the primary key of a row as what is sealed is bound to it."""
    return ":".join(str(value) for value in values)


def of(session: Session) -> Keyring:
    """Return the keys that a session works with."""
    found: Keyring | None = session.info.get("keyring")
    if found is None:
        raise StateError("Sealed rows are read and written through the application's database.")
    return found


_WRAPPED = (CaseKey.case_id, CaseKey.version, CaseKey.master_version, CaseKey.wrapped)
_KEY: Final = select(*_WRAPPED).where(CaseKey.case_id == bindparam("case", type_=Uuid()))


def load(session: Session, case_id: UUID | None) -> Keyring:
    """Return the keys of a session with that of one case among them."""
    ring = of(session)
    if case_id is not None and not ring.knows(case_id):
        # Words of SQL and no row: this also runs in the middle of loading other rows.
        found = session.connection().execute(_KEY, {"case": case_id}).first()
        if found is not None:
            ring.learn(WrappedKey(*found))
    return ring


def sealed_row(session: Session, kind: type[Base], row: dict[str, Any]) -> dict[str, Any]:
    """Return a row for an insert that goes past the session, with its sealed columns closed."""
    mapper = inspect(kind)
    key = row_id(row[str(column.key)] for column in mapper.primary_key)
    ring = load(session, row["case_id"])
    closed = {
        name: ring.close(Place(*field, key, row["case_id"]), row[name])
        for name, field in sealed_fields(mapper).items()
        if row.get(name) is not None
    }
    return row | closed


@cache
def sealed_fields(mapper: Mapper[Any]) -> dict[str, tuple[str, str, str]]:
    """Return table, column and kind of what is sealed, by the names of the attributes."""
    found: dict[str, tuple[str, str, str]] = {}
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        if isinstance(column.type, Sealed):
            found[attribute.key] = (mapper.class_.__tablename__, column.name, column.type.kind)
    return found


# -- what happens to each row ---------------------------------------------------------------------

OPENED = "_opened_while_stored"


def _close_row(mapper: Mapper[Any], connection: Connection, row: Any) -> None:
    """Put what is sealed in the place of what is open, while the row is written."""
    del connection
    state = inspect(row)
    values, before = state.dict, state.committed_state
    changed = [
        name
        for name in sealed_fields(mapper)
        if _is_to_store(mapper, values, name)
        and (not state.persistent or (name in before and before[name] != values[name]))
    ]
    if not changed:
        return
    session = object_session(row)
    if session is None:
        raise StateError("A sealed row is stored through a session.")
    ring, key = load(session, row.case_id), row_id(mapper.primary_key_from_instance(row))
    values[OPENED] = {name: values[name] for name in changed}
    for name in changed:
        place = Place(*sealed_fields(mapper)[name], key, row.case_id)
        values[name] = ring.close(place, values[name])


def _is_to_store(mapper: Mapper[Any], values: dict[str, Any], name: str) -> bool:
    if name not in values or isinstance(values[name], Closed):
        return False
    # A column that must not be empty keeps the null of JSON.
    return values[name] is not None or not mapper.column_attrs[name].columns[0].nullable


def _give_back(mapper: Mapper[Any], connection: Connection, row: Any) -> None:
    """Let the row show its content again, as if it were stored plainly."""
    del mapper, connection
    values = inspect(row).dict
    values.update(values.pop(OPENED, {}))


def _open_row(row: Any, context: Any, *_: Any) -> None:
    """Open what was just loaded."""
    state = inspect(row)
    values = state.dict
    fields = sealed_fields(state.mapper)
    closed = {name: values[name] for name in fields if isinstance(values.get(name), Closed)}
    if not closed:
        return
    case_id, key = values["case_id"], row_id(state.identity)
    ring = load(context.session, case_id)
    for name, stored in closed.items():
        values[name] = ring.open(Place(*fields[name], key, case_id), stored)


def _note_key(key: CaseKey, context: Any, *_: Any) -> None:
    ring = context.session.info.get("keyring")
    if ring is not None:
        ring.learn(WrappedKey(key.case_id, key.version, key.master_version, key.wrapped))


@event.listens_for(Session, "before_flush")
def _make_keys(session: Session, *_: Any) -> None:
    """Give each new case its key in the same commit."""
    for row in [row for row in session.new if isinstance(row, Case)]:
        if not of(session).knows(row.id):
            session.add(of(session).make(row.id, row.created_at))


def _listen() -> None:
    event.listen(CaseKey, "load", _note_key)
    event.listen(CaseKey, "refresh", _note_key)
    for mapper in Base.registry.mappers:
        if not sealed_fields(mapper):
            continue
        for moment in ("before_insert", "before_update"):
            event.listen(mapper.class_, moment, _close_row)
        for moment in ("after_insert", "after_update"):
            # First of all: whoever else looks at a row that was written sees its content.
            event.listen(mapper.class_, moment, _give_back, insert=True)
        for moment in ("load", "refresh"):
            event.listen(mapper.class_, moment, _open_row)


_listen()
