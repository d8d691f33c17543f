"""S12: how many entries of the audit trail are verified in a second of processor time."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.orm import Session

from benchmarks.harness import Figure, figure, measure
from benchmarks.place import Place, place
from engine import audit, verification
from engine.models import AuditEntry, AuditHead

CHAINS = 200
ENTRIES = 100_000
RUNS = 7
GOAL = ">= 100000"


def run(kind: str, *, quick: bool) -> list[Figure]:
    """Write a trail of readings by many people and verify it several times."""
    with place(kind) as found:
        _write(found, ENTRIES // (10 if quick else 1))
        speeds = [_speed(found) for _ in range(3 if quick else RUNS)]
    return [figure("S12", f"entries verified, {kind}", speeds, unit="a second", goal=GOAL)]


def _write(found: Place, entries: int) -> None:
    anna = found.account("intake.anna").id
    with found.application.database.transaction() as session:
        for _ in range(CHAINS):
            head = AuditHead(chain_id=uuid4(), sequence=0, hash="")
            rows = [_entry(session, head, anna, number) for number in range(entries // CHAINS)]
            session.execute(insert(AuditEntry), rows)
            session.add(head)


def _entry(session: Session, head: AuditHead, actor_id: UUID, number: int) -> dict[str, object]:
    """Return an entry as the pages write them: ids, codes, and every other instant whole."""
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number, microseconds=number % 2)
    detail = {"section": "overview", "request": str(uuid4()), "levels": ["summary", "full"]}
    return audit.chain(
        audit.key_of(session),
        head,
        at=at,
        actor_id=actor_id,
        event="case:file:read",
        subject=uuid4(),
        detail=detail,
    )


def _speed(found: Place) -> float:
    with found.application.database.reading() as session:
        checked: list[verification.Verified] = []
        _, milliseconds = measure(lambda: checked.append(verification.verify(session)))
    if checked[0].breaks:
        raise SystemExit(f"The trail does not hold: {checked[0].breaks[0]}")
    return checked[0].entries / milliseconds * 1000
