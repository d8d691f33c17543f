"""Says which content of a case a person may read; the rest is shown as confidential (P21, P74)."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.orm import Session

from engine import access
from engine.models import Account, Case, WorkItem, WorkItemState
from engine.profile import Profile

SIGNAL = "signal"
"""What came in and how its source was judged (A3): not for partners."""
CONTENT = "content"
"""Analysis, contributions, decisions with their reasons, check-ins, notes."""
ACTIONS = "actions"
"""Who does what until when: also for whoever looks after meetings and deadlines (P74)."""
SUMMARY = "summary"
"""Who it is about, and what partners let the table read, a summary at most."""
EMERGENCY = "emergency"
"""The function of somebody who opened a case in danger to life and takes no part in it."""
REPORTER = "reporter"
"""Who reported: class `source`, the intake desk alone."""
SOURCE = "source"
"""The class of fields that tell who reported."""

READERS = {
    REPORTER: frozenset({"intake_desk"}),
    SIGNAL: frozenset({"intake_desk", "chair", "content_coordinator", "accountable_person"}),
    CONTENT: frozenset({"chair", "content_coordinator", "accountable_person", "partner"}),
    SUMMARY: frozenset(
        {"chair", "content_coordinator", "accountable_person", "partner", EMERGENCY}
    ),
    ACTIONS: frozenset(
        {"chair", "content_coordinator", "accountable_person", "partner", "process_coordinator"}
    ),
}
SIGNAL_ASSESSMENTS = frozenset({"source", "signal", "arrival"})


@dataclass(frozen=True)
class Viewer:
    """One person in front of one case: the functions held there, by membership or at the desk."""

    account_id: UUID
    organisation_id: UUID
    functions: frozenset[str]
    areas: frozenset[str] = frozenset()
    """What the roles that the profile adds let the person read."""

    def reads(self, area: str) -> bool:
        """Say whether the person reads an area of the case file."""
        return area in self.areas or bool(self.functions & READERS[area])

    @property
    def is_emergency(self) -> bool:
        """Say whether nothing but an emergency access opens the case to this person."""
        return EMERGENCY in self.functions

    def reads_assessment(self, kind: str) -> bool:
        """Say whether the person reads assessments of a kind."""
        return self.reads(SIGNAL if kind in SIGNAL_ASSESSMENTS else CONTENT)

    def wrote(self, by_id: UUID | None) -> bool:
        """Say whether a statement is the person's own: one may always read back what one wrote."""
        return by_id == self.account_id

    def reads_answers(self, item: WorkItem) -> bool:
        """Say whether the person reads what was answered at a step.

        What one organisation answered stays with it: others read its contribution at the level
        that it chose, never the form (P22).
        """
        if self.wrote(item.completed_by_id):
            return True
        if item.organisation_id is not None:
            return item.organisation_id == self.organisation_id
        return self.reads(SIGNAL if item.role in READERS[REPORTER] else CONTENT)

    def reads_field(self, field_class: str) -> bool:
        """Say whether the person reads fields of a class at a step whose answers it reads."""
        return field_class != SOURCE or self.reads(REPORTER)


def role_reads(profile: Profile, code: str, area: str) -> bool:
    """Say whether holders of a role read an area of the case file."""
    return code in READERS[area] or (code in profile.roles and area in profile.roles[code].reads)


def emergency_viewer(account: Account) -> Viewer:
    """Return somebody in front of a case that an emergency opened: no desk role counts there."""
    return Viewer(account.id, account.organisation_id, frozenset({EMERGENCY}))


_TAKEN: Final = select(WorkItem).where(
    WorkItem.case_id == bindparam("case_id", type_=Uuid()),
    WorkItem.state == WorkItemState.OPEN.value,
    WorkItem.assignee_id.in_(bindparam("people", type_=Uuid(), expanding=True)),
)


def viewer_of(session: Session, case: Case, account: Account, profile: Profile) -> Viewer:
    """Return the person's functions in the case: memberships, desk roles, and steps taken.

    Whoever has taken a step needs what it is about before the answer makes a member of the case;
    those who merely could take it read nothing yet.
    """
    # A deputy reads what the absent person reads, at the level of the own organisation.
    people = access.persons_in(session, account, case.id)
    ids = {person.id for person in people}
    members = access.members_of(session, case.id)
    active = {function for member, function in members if member in ids}
    taken = session.scalars(_TAKEN, {"case_id": case.id, "people": list(ids)}).unique()
    # Whoever has left the case may still be written down as having taken a step of it.
    roles = {
        item.role for item in taken if access.may(session, account, "work_item:complete", item)
    }
    desk = {
        code
        for person in people
        for code in person.role_codes
        if code in profile.roles and profile.roles[code].scope == "desk" and case.admits(code)
    }
    functions = frozenset(active | roles | desk)
    held = (profile.roles[code] for code in functions if code in profile.roles)
    areas = {area for role in held for area in role.reads}
    return Viewer(account.id, account.organisation_id, functions, frozenset(areas))
