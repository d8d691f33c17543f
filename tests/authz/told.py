"""What is read of incidents, contacts and functions, compared with what is written here by hand."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access
from engine.models import (
    Account,
    AccountRole,
    Case,
    CaseMember,
    CaseStanding,
    Incident,
    Organisation,
    ProcessInstance,
    WorkItem,
)
from engine.profile import Profile
from engine.reading.contribution import contributions
from engine.reading.incident import incidents
from engine.reading.viewer import Viewer, viewer_of
from tests.authz import paper
from tests.authz.gallery import FAR, HOME
from tests.authz.standing import DAY, NOW

TEXT = {"level": "full", "text": "all", "for_the_table": "", "for_the_reader": "", "last_day": ""}


def somebody(session: Session, house: UUID, *roles: str) -> Account:
    """Add a person of an organisation who holds roles and is in no case."""
    found = Account(
        username=uuid4().hex,
        display_name="Somebody",
        email="somebody@localhost",
        password_hash="-",
        organisation_id=house,
        person_id=uuid4(),
        created_at=NOW,
        roles=[AccountRole(role=one) for one in roles],
    )
    session.add(found)
    session.flush()
    return found


def case(session: Session) -> Case:
    """Add a case in which nobody is."""
    found = Case(code=uuid4().hex[:20], kind="signal", deployment_id="d", created_at=NOW)
    session.add(found)
    session.flush()
    return found


def own_words(session: Session, houses: dict[str, UUID], account: Any) -> Iterator[str]:
    """Give what is wrong where an organisation reads its own words, and whom to call for more."""
    session.get_one(Organisation, houses[FAR]).contact = "desk@far"
    for house, function, expected in (
        (FAR, "", ("full", "first", "body", "soon", "desk@far")),
        (FAR, "partner", ("full", "first", "body", "soon", "desk@far")),
        (HOME, "content_coordinator", ("full", "first", "body", "soon", "desk@far")),
        (HOME, "", ("withheld", None, None, "", "desk@far")),
    ):
        row = paper.contribution(session, TEXT, houses, account)
        viewer = Viewer(account.id, houses[house], frozenset({function} - {""}))
        (one,) = contributions(session, row.id, viewer, paper.TODAY)
        told = (one.level, one.summary, one.body, one.urgency, one.contact)
        if told != expected:
            yield f"words of {FAR} for {house} as {function or 'nobody'}: {told}"
    session.get_one(Organisation, houses[FAR]).contact = None


def called(session: Session, houses: dict[str, UUID]) -> Iterator[str]:
    """Give what is wrong in the incidents that somebody is called for."""
    head = somebody(session, houses[HOME], "desk_head")
    inside, outside = case(session), case(session)
    barred = {"function": "partner", "state": "recused", "reason": "friend"}
    session.add(CaseStanding(case_id=outside.id, account_id=head.id, since=NOW, **barred))
    rows = (
        ("general", None, "desk_head", "open", True),
        ("of a case", inside, "desk_head", "waiting_for_owner", True),
        ("resolved", inside, "desk_head", "resolved", False),
        ("of others", inside, "chair", "open", False),
        ("kept out", outside, "desk_head", "open", False),
    )
    expected = []
    for number, (name, about, role, state, told) in enumerate(rows):
        session.add(
            Incident(
                case_id=about.id if about else None,
                key=f"{head.id}:{name}",
                element_id="",
                message=f"{head.id} {name}",
                owner_role=role,
                state=state,
                created_at=NOW + number * DAY,
            )
        )
        if told:
            expected.append((f"{head.id} {name}", about.code if about else ""))
    session.flush()
    found = [(one.message, code) for one, code in incidents(session, head)]
    if [one for one in found if one[0].startswith(str(head.id))] != expected:
        yield f"incidents: {found}"


def kept_steps(session: Session, houses: dict[str, UUID]) -> Iterator[str]:
    """Give what is wrong in who does an overdue step: some are nobody else's, however late."""
    head, here = somebody(session, houses[HOME], "desk_head"), case(session)
    for role, expected in (("chair", True), ("accountable_person", False), ("dpo", False)):
        item = WorkItem(
            case=here,
            case_id=here.id,
            state="open",
            role=role,
            desk=True,
            deputies="anybody",
            escalate_to="desk_head",
            escalated_at=NOW,
        )
        if access.may(session, head, "work_item:complete", item) is not expected:
            yield f"an overdue step of {role} is {'not ' if expected else ''}done by another role"


def functions(session: Session, houses: dict[str, UUID], profile: Profile) -> Iterator[str]:
    """Give what is wrong in which functions somebody has: those of now, not those of before."""
    for name, membership, step, expected in (
        ("nothing", None, None, set()),
        ("a member", "now", None, {"partner"}),
        ("a former member", "ended", None, set()),
        ("a taken step", None, "open", {"content_coordinator"}),
        ("a step that was done", None, "completed", set()),
    ):
        account, here = somebody(session, houses[HOME], "content_coordinator"), case(session)
        if membership:
            until = NOW if membership == "ended" else None
            member = CaseMember(
                case_id=here.id, account_id=account.id, function="partner", since=NOW, until=until
            )
            session.add(member)
        if step:
            _step(session, here, account, step)
        session.flush()
        found = viewer_of(session, here, account, profile).functions
        if found != expected:
            yield f"functions with {name}: {sorted(found)}"


def _step(session: Session, here: Case, account: Account, state: str) -> None:
    instance = ProcessInstance(
        case_id=here.id,
        process_id="case_management",
        deployment_id=session.scalars(select(Case.deployment_id)).first() or "d",
        blob=b"",
        started_at=NOW,
    )
    session.add(instance)
    session.flush()
    session.add(
        WorkItem(
            instance_id=instance.id,
            case_id=here.id,
            token="",
            process_id="case_management",
            element_id="step",
            name="Step",
            form_id="step",
            role="content_coordinator",
            assignee_id=account.id,
            created_at=NOW,
            due_at=NOW + DAY,
            state=state,
        )
    )
