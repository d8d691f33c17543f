"""Compares what a scenario expects with what the case shows."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.access import may
from engine.deputy import now_of
from engine.language.telling import told
from engine.linked_file import linked_files
from engine.models import (
    Account,
    Assessment,
    Case,
    CaseMember,
    CasePartner,
    Contribution,
    Decision,
    Episode,
    InboxMessage,
    Incident,
    InformationGap,
    Job,
    Note,
    Opinion,
    PlanVersion,
    Timer,
    TimerState,
    WorkItem,
    WorkItemState,
)
from engine.sharing import standing, table_level


class Facts:
    """What a case shows, read when asked for."""

    def __init__(self, session: Session, case_id: UUID, zone: ZoneInfo) -> None:
        self._session = session
        self._case_id = case_id
        self._zone = zone

    def _episode(self) -> Episode | None:
        return self._session.scalars(
            select(Episode).where(Episode.case_id == self._case_id).order_by(Episode.number.desc())
        ).first()

    def case(self) -> str:
        """Return the state of the case."""
        return self._session.get_one(Case, self._case_id).state

    def stage(self) -> str:
        """Return the stage of the newest episode."""
        episode = self._episode()
        return episode.stage if episode else ""

    def episode(self) -> str:
        """Return the state of the newest episode."""
        episode = self._episode()
        return episode.status if episode else ""

    def episode_number(self) -> int:
        """Return which episode is the newest."""
        episode = self._episode()
        return episode.number if episode else 0

    def outcome(self) -> str:
        """Return how the newest episode ended."""
        episode = self._episode()
        return episode.outcome if episode else ""

    def items(self) -> list[WorkItem]:
        """Return the open work items."""
        return list(
            self._session.scalars(
                select(WorkItem).where(
                    WorkItem.case_id == self._case_id,
                    WorkItem.state == WorkItemState.OPEN.value,
                )
            ).unique()
        )

    def owed(self) -> list[str]:
        """Return the elements of the open work items, sorted, once each."""
        return sorted({item.element_id for item in self.items()})

    def due(self) -> dict[str, str]:
        """Return the local due date of each open work item."""
        return {
            item.element_id: item.due_at.astimezone(self._zone).date().isoformat()
            for item in self.items()
        }

    def owed_by(self) -> dict[str, list[str]]:
        """Return which organisations owe each open work item."""
        found: dict[str, list[str]] = {}
        for item in self.items():
            name = item.organisation.code if item.organisation else item.role
            found.setdefault(item.element_id, []).append(name)
        return {element: sorted(names) for element, names in found.items()}

    def escalated(self) -> list[str]:
        """Return the overdue items that came before a second person."""
        return sorted(item.element_id for item in self.items() if item.escalated_at)

    def notices(self) -> list[str]:
        """Return the kinds of mails that the case has owed."""
        jobs = self._session.scalars(select(Job).where(Job.kind == "notice"))
        mine = (job for job in jobs if job.payload.get("case_id") == str(self._case_id))
        return sorted({str(job.payload.get("template")) for job in mine})

    def timers(self) -> list[str]:
        """Return the elements of the waiting timers."""
        return sorted(self.timer_dates())

    def timer_dates(self) -> dict[str, str]:
        """Return the local due date of each waiting timer."""
        from engine.models import ProcessInstance

        rows = self._session.scalars(
            select(Timer)
            .join(ProcessInstance, ProcessInstance.id == Timer.instance_id)
            .where(
                ProcessInstance.case_id == self._case_id,
                Timer.state == TimerState.WAITING.value,
            )
        )
        return {
            row.element_id: row.due_at.astimezone(self._zone).date().isoformat() for row in rows
        }

    def waiting_messages(self) -> list[str]:
        """Return the messages that nobody has waited for yet."""
        return sorted(
            self._session.scalars(
                select(InboxMessage.name).where(
                    InboxMessage.case_id == self._case_id, InboxMessage.state == "waiting"
                )
            )
        )

    def incidents(self) -> list[str]:
        """Return the elements at which something failed and is not resolved."""
        return sorted(
            self._session.scalars(
                select(Incident.element_id).where(
                    Incident.case_id == self._case_id, Incident.state != "resolved"
                )
            )
        )

    def decisions(self) -> list[str]:
        """Return `kind:outcome` of all decisions in order."""
        rows = self._session.scalars(
            select(Decision).where(Decision.case_id == self._case_id).order_by(Decision.at)
        )
        return [f"{row.kind}:{row.outcome}" for row in rows]

    def plans(self) -> list[str]:
        """Return `number:state` of all versions of the plan, in order."""
        rows = self._session.scalars(
            select(PlanVersion)
            .where(PlanVersion.case_id == self._case_id)
            .order_by(PlanVersion.number)
        )
        return [f"{row.number}:{row.state}" for row in rows]

    def sharing(self) -> dict[str, str]:
        """Return how much each active partner declared that it can share."""
        rows = self._session.scalars(
            select(CasePartner).where(
                CasePartner.case_id == self._case_id, CasePartner.state == "active"
            )
        ).unique()
        return {row.organisation.code: row.sharing_level for row in rows}

    def contributions(self) -> list[str]:
        """Return `organisation:level`, as the table reads them now, of all contributions."""
        rows = list(
            self._session.scalars(
                select(Contribution).where(Contribution.case_id == self._case_id)
            ).unique()
        )
        today = now_of(self._session).astimezone(self._zone).date()
        changed = standing(self._session, [row.id for row in rows], today)
        return sorted(
            f"{row.organisation.code if row.organisation else ''}"
            f":{table_level(row, changed.get(row.id, {}))}"
            for row in rows
        )

    def gaps(self) -> list[str]:
        """Return `state` of each question on the board of what is known and not known."""
        rows = self._session.scalars(
            select(InformationGap.state).where(InformationGap.case_id == self._case_id)
        )
        return sorted(rows)

    def notes(self) -> list[str]:
        """Return the kinds of notes on file."""
        return sorted(
            set(self._session.scalars(select(Note.kind).where(Note.case_id == self._case_id)))
        )

    def findings(self) -> list[str]:
        """Return what the last check of the plan said, a sentence each."""
        found = self._session.scalar(
            select(Assessment)
            .where(Assessment.case_id == self._case_id, Assessment.kind == "plan_findings")
            .order_by(Assessment.at.desc())
            .limit(1)
        )
        return found.summary.splitlines() if found else []

    def opinions(self) -> list[str]:
        """Return `organisation:choice` of the opinions on closing that count, of all rounds."""
        rows = self._session.scalars(
            select(Opinion)
            .where(Opinion.case_id == self._case_id, Opinion.replaced_by_id.is_(None))
            .order_by(Opinion.at)
        ).unique()
        return [f"{row.organisation.code}:{row.choice}" for row in rows if row.organisation]

    def readers(self) -> list[str]:
        """Return `username` of everybody to whom the file opens."""
        case = self._session.get_one(Case, self._case_id)
        accounts = self._session.scalars(select(Account)).unique()
        return sorted(
            one.username for one in accounts if may(self._session, one, "case:read", case)
        )

    def links(self) -> dict[str, list[str]]:
        """Return by `username` which other files everybody sees who reads this one."""
        case = self._session.get_one(Case, self._case_id)
        accounts = self._session.scalars(select(Account)).unique()
        return {
            one.username: sorted(other.file for other in linked_files(self._session, one, case))
            for one in accounts
            if may(self._session, one, "case:read", case)
        }

    def members(self) -> list[str]:
        """Return `username` of all active members."""
        rows = self._session.scalars(
            select(CaseMember).where(
                CaseMember.case_id == self._case_id, CaseMember.until.is_(None)
            )
        ).unique()
        return sorted({row.account.username for row in rows})


def compare(
    session: Session, case_id: UUID, zone: ZoneInfo, expected: Mapping[str, Any]
) -> list[str]:
    """Return a sentence for each expectation that does not hold.

    Lists must all be there (those in EXACT and nothing else), and `not_<name>` lists what must
    not be there; tables are compared entry by entry.
    """
    facts = Facts(session, case_id, zone)
    problems: list[str] = []
    for name, wanted in expected.items():
        absent = name.startswith("not_")
        read: Callable[[], Any] | None = getattr(facts, name.removeprefix("not_"), None)
        if read is None:
            problems.append(told("a scenario cannot expect %(name)s", name=repr(name)))
            continue
        shown = read()
        if not _fits(name, wanted, shown, absent=absent):
            problems.append(
                told(
                    "%(name)s should be %(wanted)s, but is %(shown)s",
                    name=name,
                    wanted=repr(wanted),
                    shown=repr(shown),
                )
            )
    return problems


EXACT = frozenset({"owed", "timers", "waiting_messages", "incidents", "plans", "gaps"})


def _fits(name: str, wanted: Any, shown: Any, *, absent: bool) -> bool:
    if absent:
        return not set(wanted) & set(shown)
    if isinstance(wanted, dict):
        return all(
            shown.get(key) == (sorted(value) if isinstance(value, list) else value)
            for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        if name in EXACT:
            return sorted(wanted) == sorted(shown)
        return set(wanted) <= set(shown)
    return bool(wanted == shown)
