"""What all tables say, apart from what differs each time: ids, instants, nonces, hashes."""

import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import LargeBinary, inspect, select
from sqlalchemy.orm import Session, undefer

from engine.bpmn import unseal
from engine.models import Base, ProcessInstance

_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.0-9]*(?:Z|[+-]\d\d:\d\d)?")
_NONCE = re.compile(r"(?<=:)[0-9a-f]{8}\b")
TRIED = frozenset({"attempts", "last_error"})
"""Of a job: that it was tried twice is what a killed worker leaves, and no second effect."""
RANDOM = {("casework_case", "code")}


def standing(session: Session, key: bytes, known: frozenset[str] = frozenset()) -> Iterator[str]:
    """Give each row of each table as a line; ids that were `known` before stay in it."""
    for mapper in sorted(Base.registry.mappers, key=lambda one: one.class_.__tablename__):
        table = mapper.class_.__tablename__
        for row in session.scalars(select(mapper.class_).options(undefer("*"))).unique():
            values = {
                name: _plain(table, name, getattr(row, attribute.key))
                for attribute in inspect(mapper).column_attrs
                for name in (attribute.columns[0].name,)
                if not (table == "job" and name in TRIED)
            }
            if isinstance(row, ProcessInstance):
                values["blob"] = repr(unseal(row.blob, key)) if row.blob else ""
            for attribute in inspect(mapper).column_attrs:
                column = attribute.columns[0]
                if column.primary_key and isinstance(getattr(row, attribute.key), int):
                    values.pop(column.name)
            yield f"{table} {_masked(json.dumps(values, sort_keys=True, default=str), known)}"


def _plain(table: str, name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return "an instant"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return "bytes"
    if (table, name) in RANDOM:
        return "random"
    return value


def _masked(line: str, known: frozenset[str]) -> str:
    line = _INSTANT.sub("an instant", line)
    line = _HASH.sub("a hash", line)
    return _NONCE.sub("a nonce", _UUID.sub(lambda found: _id(found.group(), known), line))


def _id(text: str, known: frozenset[str]) -> str:
    plain = text.replace("-", "")
    return plain if plain in known else "a new id"


def ids(session: Session) -> frozenset[str]:
    """Return all ids that stand anywhere now."""
    found: set[str] = set()
    for table in Base.metadata.sorted_tables:
        columns = [one for one in table.columns if not isinstance(one.type, LargeBinary)]
        for row in session.connection().execute(select(*columns)):
            found |= {one.replace("-", "") for one in _UUID.findall(" ".join(map(str, row)))}
    return frozenset(found)
