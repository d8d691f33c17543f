"""seal what people wrote with a key for each case."""

import json
import secrets
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.models.base import Instant, JsonValue

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TEXT, LINE, JSON_VALUE, DAY, BYTES = "text", "line", "json", "day", "bytes"
PLAIN: dict[str, Any] = {
    TEXT: sa.Text(),
    LINE: sa.String(length=300),
    JSON_VALUE: JsonValue,
    DAY: sa.Date(),
    BYTES: sa.LargeBinary(),
}
STATEMENT = {"details": JSON_VALUE}
COLUMNS: dict[str, dict[str, str]] = {
    "person": {"name": LINE, "birth_date?": DAY, "details": JSON_VALUE},
    "case_member": {"legal_basis?": LINE},
    "case_standing": {"text?": TEXT, "legal_basis?": LINE},
    "case_partner": {"sharing_statement": JSON_VALUE},
    "signal": {"about": JSON_VALUE, "text": TEXT},
    "signal_source": {"said": JSON_VALUE},
    "report_question": {"text": TEXT},
    "report_answer": {"text": TEXT},
    "report_attachment": {"name": LINE, "content": BYTES},
    "emergency_access": {"motive": TEXT},
    "emergency_review": {"reasons": TEXT},
    "identity_query": {"reason": TEXT},
    "assessment": STATEMENT | {"summary": TEXT, "evidence_for?": TEXT, "evidence_against?": TEXT},
    "contribution": STATEMENT | {"summary?": TEXT, "body?": TEXT, "legal_basis?": LINE},
    "contribution_share": {"summary?": TEXT, "legal_basis?": LINE},
    "information_gap": STATEMENT | {"question": TEXT, "answer?": TEXT},
    "plan_version": STATEMENT | {"reason": TEXT, "social_context": TEXT, "evaluator?": LINE},
    "goal": STATEMENT | {"title": LINE, "reason?": TEXT, "indicator?": TEXT, "baseline?": TEXT},
    "action": STATEMENT | {"title": LINE, "acceptance_reason?": TEXT},
    "check_in": STATEMENT | {"summary": TEXT},
    "closing_dossier": STATEMENT,
    "opinion": STATEMENT | {"reasons?": TEXT},
    "decision": STATEMENT | {"reasons": TEXT},
    "note": STATEMENT | {"text": TEXT},
    "document": STATEMENT | {"name": LINE, "content": BYTES},
    "inbox_message": {"payload": JSON_VALUE},
    "draft": {"values": JSON_VALUE},
    "form_submission": {"values": JSON_VALUE},
}
"""What was stored plainly until now; `?` marks what may be empty."""
KEYS = {"draft": ("work_item_id", "account_id")}
OWNERS = {"goal": ("plan_version", "plan_id"), "action": ("plan_version", "plan_id")}
OWNERS["draft"] = ("work_item", "work_item_id")
OWNERS["emergency_review"] = ("emergency_access", "access_id")
"""Tables that get to know their case, and through which row."""
WITHOUT_CASE = {"identity_query"}
NO_CASE = b"casetable: what belongs to no case"
ERASED = b"\x00"

WRITE: dict[str, Callable[[Any], bytes]] = {
    TEXT: lambda value: str(value).encode(),
    LINE: lambda value: str(value).encode(),
    JSON_VALUE: lambda value: json.dumps(value, separators=(",", ":")).encode(),
    DAY: lambda value: value.isoformat().encode(),
    BYTES: bytes,
}
READ: dict[str, Callable[[bytes], Any]] = {
    TEXT: bytes.decode,
    LINE: bytes.decode,
    JSON_VALUE: json.loads,
    DAY: lambda stored: date.fromisoformat(stored.decode()),
    BYTES: bytes,
}
CASE = sa.table("casework_case", sa.column("id", sa.Uuid()), sa.column("created_at", Instant()))
CASE_KEY = sa.table(
    "case_key",
    sa.column("case_id", sa.Uuid()),
    sa.column("version", sa.Integer()),
    sa.column("master_version", sa.Integer()),
    sa.column("wrapped", sa.LargeBinary()),
    sa.column("created_at", Instant()),
)


def upgrade() -> None:
    op.create_table(
        "case_key",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("master_version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("destroyed_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "(wrapped IS NULL) = (destroyed_at IS NOT NULL)",
            name=op.f("ck_case_key_there_or_destroyed"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["casework_case.id"], name=op.f("fk_case_key_case_id_casework_case")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_key")),
    )
    with op.batch_alter_table("case_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_key_master_version"), ["master_version"])
    for table, (owner, key) in OWNERS.items():
        _name_the_case(table, owner, key)
    ciphers = _make_keys()
    for table, columns in COLUMNS.items():
        _convert(table, columns, ciphers, seal=True)


def downgrade() -> None:
    ciphers = _open_keys()
    for table, columns in COLUMNS.items():
        _convert(table, columns, ciphers, seal=False)
    for table in OWNERS:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(
                batch_op.f(f"fk_{table}_case_id_casework_case"), type_="foreignkey"
            )
            batch_op.drop_index(batch_op.f(f"ix_{table}_case_id"))
            batch_op.drop_column("case_id")
    op.drop_table("case_key")


def _name_the_case(table: str, owner: str, key: str) -> None:
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.add_column(sa.Column("case_id", sa.Uuid(), nullable=True))
    rows = sa.table(table, sa.column("case_id", sa.Uuid()), sa.column(key, sa.Uuid()))
    owners = sa.table(owner, sa.column("case_id", sa.Uuid()), sa.column("id", sa.Uuid()))
    of_owner = sa.select(owners.c.case_id).where(owners.c.id == rows.c[key]).scalar_subquery()
    op.get_bind().execute(sa.update(rows).values(case_id=of_owner))
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.alter_column("case_id", existing_type=sa.Uuid(), nullable=False)
        batch_op.create_foreign_key(
            batch_op.f(f"fk_{table}_case_id_casework_case"), "casework_case", ["case_id"], ["id"]
        )
        batch_op.create_index(batch_op.f(f"ix_{table}_case_id"), ["case_id"])


def _masters() -> Any:
    return context.config.attributes["database"].master_keys


def _key_place(case_id: Any, master_version: int) -> bytes:
    return f"case_key|{case_id}|1|{master_version}".encode()


def _apart() -> tuple[AESGCM, int]:
    """Return what seals a report that has no case yet, and questions about nobody's case."""
    version, master = _masters().newest()
    derived = HKDF(hashes.SHA256(), length=32, salt=None, info=NO_CASE).derive(master)
    return AESGCM(derived), version


def _make_keys() -> dict[Any, AESGCM]:
    """Give each case its key; return what seals with it."""
    connection = op.get_bind()
    found: dict[Any, AESGCM] = {}
    for case_id, created_at in connection.execute(sa.select(CASE.c.id, CASE.c.created_at)).all():
        version, master = _masters().newest()
        key, nonce = secrets.token_bytes(32), secrets.token_bytes(12)
        wrapped = nonce + AESGCM(master).encrypt(nonce, key, _key_place(case_id, version))
        row = {"case_id": case_id, "version": 1, "master_version": version, "wrapped": wrapped}
        connection.execute(sa.insert(CASE_KEY).values(**row, created_at=created_at))
        found[case_id] = AESGCM(key)
    return found


def _open_keys() -> dict[Any, AESGCM]:
    found: dict[Any, AESGCM] = {}
    keys = sa.select(CASE_KEY.c.case_id, CASE_KEY.c.master_version, CASE_KEY.c.wrapped)
    for case_id, version, wrapped in op.get_bind().execute(
        keys.where(CASE_KEY.c.wrapped.is_not(None))
    ):
        place = _key_place(case_id, version)
        key = AESGCM(_masters().get(version)).decrypt(wrapped[:12], wrapped[12:], place)
        found[case_id] = AESGCM(key)
    return found


def _convert(
    table: str, columns: dict[str, str], ciphers: dict[Any, AESGCM], *, seal: bool
) -> None:
    """Seal or open the columns of one table: beside the old ones, which are then dropped."""
    kinds = {name.rstrip("?"): kind for name, kind in columns.items()}
    stored: Any = sa.LargeBinary()
    with op.batch_alter_table(table, schema=None) as batch_op:
        for name, kind in kinds.items():
            batch_op.add_column(sa.Column(f"{name}_", stored if seal else PLAIN[kind]))
    _fill(table, kinds, ciphers, seal=seal)
    with op.batch_alter_table(table, schema=None) as batch_op:
        for name in kinds:
            batch_op.drop_column(name)
        for name, kind in columns.items():
            plain = name.rstrip("?")
            batch_op.alter_column(
                f"{plain}_",
                new_column_name=plain,
                existing_type=stored if seal else PLAIN[kind],
                nullable=name.endswith("?"),
            )
    if seal and op.get_bind().dialect.name == "postgresql":
        # Threat: a dropped column stays in the file of the table until its rows are written anew.
        name = next(iter(kinds))
        op.execute(
            f'ALTER TABLE {table} ALTER COLUMN "{name}" TYPE bytea USING "{name}" || \'\'::bytea'
        )


def _fill(table: str, kinds: dict[str, str], ciphers: dict[Any, AESGCM], *, seal: bool) -> None:
    keys = KEYS.get(table, ("id",))
    types: dict[str, Any] = dict.fromkeys(keys, sa.Uuid())
    if table not in WITHOUT_CASE:
        types |= {"case_id": sa.Uuid()}
    for name, kind in kinds.items():
        types |= {name: PLAIN[kind] if seal else sa.LargeBinary()}
        types |= {f"{name}_": sa.LargeBinary() if seal else PLAIN[kind]}
    rows = sa.table(table, *(sa.column(name, kind) for name, kind in types.items()))
    work = _seal if seal else _open
    for row in _rows(rows, keys):
        key = ":".join(str(row[name]) for name in keys)
        case_id = row.get("case_id")
        cipher, version = (ciphers.get(case_id), 1) if case_id else _apart()
        values = {
            f"{name}_": work(cipher, kind, f"{table}|{name}|{key}|{case_id}|{version}", row[name])
            for name, kind in kinds.items()
            if row[name] is not None or (kind == JSON_VALUE and seal)
        }
        here = (rows.c[name] == row[name] for name in keys)
        if values:
            op.get_bind().execute(sa.update(rows).where(*here).values(**values))


def _rows(rows: Any, keys: tuple[str, ...]) -> Iterator[Any]:
    """Read a table row by row: the documents of all cases at once would not fit."""
    connection = op.get_bind()
    for one in connection.execute(sa.select(*(rows.c[name] for name in keys))).all():
        here = (rows.c[name] == value for name, value in zip(keys, one, strict=True))
        yield connection.execute(sa.select(rows).where(*here)).mappings().one()


def _seal(cipher: AESGCM | None, kind: str, place: str, value: Any) -> bytes:
    if cipher is None:
        raise ValueError(f"There is no case for {place}.")
    nonce = secrets.token_bytes(12)
    return b"\x01" + nonce + cipher.encrypt(nonce, WRITE[kind](value), b"\x01" + place.encode())


def _open(cipher: AESGCM | None, kind: str, place: str, stored: bytes) -> Any:
    if stored == ERASED:
        return {} if kind == JSON_VALUE else None
    if cipher is None:
        raise ValueError("There is a sealed row without a key; bring the keys back first.")
    return READ[kind](cipher.decrypt(stored[1:13], stored[13:], stored[:1] + place.encode()))
