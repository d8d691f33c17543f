"""Closes and opens the sealed columns of rows, with the key of the case they belong to (S14).

AES-256-GCM, a random nonce each time. What is sealed is bound to its table, column, row, case and
key: moved anywhere else it does not open. Each session opens the key of a case once; that key
comes with the row of the case, so that a turn pays no statement for it.
"""

import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, Uuid, bindparam, event, inspect, select
from sqlalchemy.orm import Mapper, Session, object_session
from sqlalchemy.orm.attributes import flag_modified

from engine.errors import StateError
from engine.masterkey import MasterKeys
from engine.models import Base, Case, CaseKey
from engine.models.sealed import BYTES, DAY, ERASED, JSON_VALUE, TEXT, Closed, Sealed

NONCE = 12
NO_CASE = b"casetable: what belongs to no case"
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
        version, cipher = next(self._ciphers(place.case_id))
        nonce = secrets.token_bytes(NONCE)
        plain = WRITE[place.kind](value)
        return Closed(FORMAT + nonce + cipher.encrypt(nonce, plain, place.bind(FORMAT, version)))

    def open(self, place: Place, closed: Closed) -> Any:
        """Return what was sealed; StateError when it was moved here, or its key is gone."""
        if closed == ERASED:
            return NOTHING[place.kind]()
        form, nonce, body = closed.stored[:1], closed.stored[1:BODY], closed.stored[BODY:]
        for version, cipher in self._ciphers(place.case_id):
            try:
                plain = cipher.decrypt(nonce, body, place.bind(form, version))
            except (InvalidTag, ValueError):
                continue
            return READ[place.kind](plain)
        raise StateError(
            f"{place.table}.{place.column} of {place.row} does not open: it was changed or "
            "moved, or belongs to another key."
        )

    def _ciphers(self, case_id: UUID | None) -> Iterator[tuple[int, AESGCM]]:
        """Give the key of a case; for what belongs to none, those made from the master keys.

        A report lies without a case until the desk's job has opened one, a few seconds.
        """
        if case_id is None:
            for version in self.master.versions():
                yield version, AESGCM(apart(self.master.get(version)))
        else:
            yield self._cipher(case_id)

    def _cipher(self, case_id: UUID) -> tuple[int, AESGCM]:
        if case_id not in self._opened:
            key = self._wrapped.get(case_id)
            if key is None:
                raise StateError(
                    f"The key of case {case_id} is missing; bring the keys back with "
                    "`casetable key restore`."
                )
            self._opened[case_id] = (key.version, AESGCM(unwrap(self.master, key)))
        return self._opened[case_id]


def apart(master_key: bytes) -> bytes:
    """Return the key for what belongs to no case, made from a master key (RFC 5869)."""
    return HKDF(hashes.SHA256(), length=32, salt=None, info=NO_CASE).derive(master_key)


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
    ring = load(session, row.get("case_id"))
    closed = {
        name: ring.close(Place(*field, key, row.get("case_id")), row[name])
        for name, field in sealed_fields(mapper).items()
        if _is_to_store(mapper, row, name)
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
    case_id = values.get("case_id")
    anew = not state.persistent or before.get("case_id", case_id) != case_id
    if state.persistent and anew and not sealed_fields(mapper).keys() <= values.keys():
        raise StateError("A row that gets another case is loaded whole, to be sealed anew.")
    changed = [
        name
        for name in sealed_fields(mapper)
        if _is_to_store(mapper, values, name)
        and (anew or (name in before and before[name] != values[name]))
    ]
    if not changed:
        return
    session = object_session(row)
    if session is None:
        raise StateError("A sealed row is stored through a session.")
    ring, key = load(session, case_id), row_id(mapper.primary_key_from_instance(row))
    values[OPENED] = {name: values[name] for name in changed}
    for name in changed:
        if state.persistent:
            # Else the statement leaves out what shows the same words as before.
            flag_modified(row, name)
        place = Place(*sealed_fields(mapper)[name], key, case_id)
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
    case_id, key = values.get("case_id"), row_id(state.identity)
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
