"""What is read of answers and of partners' contributions, compared with the tables by hand."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, policy
from engine.deputy import away, deputies_of, is_away, may_deputise, principals
from engine.models import (
    Account,
    AccountRole,
    Case,
    Contribution,
    ContributionShare,
    Organisation,
    WorkItem,
)
from engine.profile import Profile
from engine.reading.contribution import SharedContribution, audiences, contributions, offered_levels
from engine.reading.viewer import Viewer, emergency_viewer, role_reads
from engine.sharing import standing
from tests.authz.gallery import FAR, HOME, Someone
from tests.authz.standing import DAY, NOW
from tests.authz.table import table

TODAY = NOW.date()
DAYS = {"yesterday": TODAY - DAY, "today": TODAY, "tomorrow": TODAY + DAY, "": None}
TEXTS = {"all": ("first", "body"), "summary": ("first", None), "none": (None, None)}
SIGNAL_KINDS = ("source", "signal", "arrival")
OTHER_KINDS = ("risk", "effect", "needs")
SOMEBODY = UUID(int=0)


def _viewer(function: str, account: Any, house: UUID) -> Viewer:
    if function.startswith("emergency"):
        return Viewer(account.id, house, emergency_viewer(account).functions)
    return Viewer(account.id, house, frozenset({"partner" if function == "author" else function}))


def contribution(session: Session, row: dict[str, str], houses: dict[str, UUID], by: Any) -> Any:
    """Write one contribution with its changes into a case of its own; return the case."""
    case = Case(code=uuid4().hex[:20], kind="signal", deployment_id="d", created_at=NOW)
    session.add(case)
    session.flush()
    summary, body = TEXTS[row["text"]]
    found = Contribution(
        case_id=case.id,
        by_id=by.id,
        organisation_id=houses[FAR],
        at=NOW,
        level=row["level"],
        one_person=True,
        concern=True,
        summary=summary,
        body=body,
        legal_basis="law",
        details={"online": "seen", "urgency": "soon"} if summary else {"online": ""},
    )
    session.add(found)
    session.flush()
    changes = (("for_the_table", None, ""), ("for_the_reader", houses[HOME], row["last_day"]))
    for number, (name, audience, last) in enumerate(changes):
        if row[name]:
            session.add(
                ContributionShare(
                    case_id=case.id,
                    contribution_id=found.id,
                    number=number,
                    organisation_id=audience,
                    level=row[name],
                    one_person=True,
                    summary="table" if audience is None else "reader",
                    expires_on=DAYS[last],
                    by_id=by.id,
                    at=NOW,
                )
            )
    session.flush()
    return case


def levels(session: Session, houses: dict[str, UUID], account: Any) -> Iterator[str]:
    """Give what speaks against levels.csv, one line for each row that is answered otherwise."""
    for row in table("levels"):
        case = contribution(session, row, houses, account)
        author = row["reader"].endswith("author")
        viewer = _viewer(row["reader"], account, houses[FAR if author else HOME])
        given = contributions(session, case.id, viewer, TODAY)
        told = _level(row, given)
        if told:
            yield f"{' '.join(row.values())}: {told}"


def _level(row: dict[str, str], given: list[SharedContribution]) -> str:
    if len(given) != 1:
        return f"{len(given)} contributions"
    found = given[0]
    tells = bool(row["summary"])
    expected = {
        "level": row["shown"],
        "concern": True if row["concern"] == "yes" else None,
        "urgency": "soon" if row["concern"] == "yes" and row["text"] != "none" else "",
        "summary": row["summary"] or None,
        "beside": (("online", "seen"),) if tells else (),
        "body": "body" if row["body"] == "yes" else None,
        "legal_basis": "law" if _is_full(row) else None,
        "withheld": row["withheld"] == "yes",
        "own": row["reader"] == "author",
        "contact": "",
        "organisation": FAR,
    }
    wrong = {
        name: getattr(found, name) for name in expected if getattr(found, name) != expected[name]
    }
    return str(wrong) if wrong else ""


def _is_full(row: dict[str, str]) -> bool:
    return row["shown"] == "full" or row["reader"] == "author"


def answers(houses: dict[str, UUID]) -> Iterator[str]:
    """Give what speaks against answers.csv, and against reading back what one wrote."""
    for row in table("answers"):
        viewer = Viewer(UUID(int=1), houses[HOME], frozenset({row["reader"]}))
        house = houses.get(row["house"])
        for by, expected in ((SOMEBODY, row["reads"] == "yes"), (viewer.account_id, True)):
            item = WorkItem(role=row["owed_by"], organisation_id=house, completed_by_id=by)
            if viewer.reads_answers(item) is not expected:
                yield f"answers: {' '.join(row.values())}"
        if viewer.wrote(SOMEBODY) or viewer.wrote(None) or not viewer.wrote(viewer.account_id):
            yield "what one wrote"


def areas() -> Iterator[str]:
    """Give what speaks against areas.csv: areas, the kinds of assessment, the fields of a form."""
    for row in table("areas"):
        viewer = Viewer(SOMEBODY, SOMEBODY, frozenset({row["function"]}))
        expected = {name: row[name] == "yes" for name in row if name != "function"}
        if {name: viewer.reads(name) for name in expected} != expected:
            yield f"areas of {row['function']}"
        for kind in SIGNAL_KINDS:
            if viewer.reads_assessment(kind) is not expected["signal"]:
                yield f"assessment {kind} of {row['function']}"
        for kind in OTHER_KINDS:
            if viewer.reads_assessment(kind) is not expected["content"]:
                yield f"assessment {kind} of {row['function']}"
        fields = (viewer.reads_field("source"), viewer.reads_field("content"))
        if fields != (expected["reporter"], True):
            yield f"fields of {row['function']}"
        if viewer.is_emergency is not (row["function"] == "emergency"):
            yield f"emergency of {row['function']}"


def audience_lines(session: Session, houses: dict[str, UUID], account: Any) -> Iterator[str]:
    """Give what is wrong where the author sees who reads how much."""
    home = session.get_one(Organisation, houses[HOME])
    for row in table("levels"):
        if row["reader"] != "partner":
            continue
        case = contribution(session, row, houses, account)
        found = session.query(Contribution).filter_by(case_id=case.id).one()
        changes = standing(session, [found.id], TODAY).get(found.id, {})
        table_line, line = audiences(found, changes, [home])
        if line.level != row["shown"] or line.name != HOME:
            yield f"audience {' '.join(row.values())}: {line}"
        expected = row["for_the_table"] or row["level"]
        if table_line.level != expected:
            yield f"table {' '.join(row.values())}: {table_line}"
        in_force = row["for_the_reader"] and row["last_day"] != "yesterday"
        if (line.expires_on, line.changed_by != "") != (
            DAYS[row["last_day"]] if in_force else None,
            bool(in_force),
        ):
            yield f"last day {' '.join(row.values())}: {line}"
        offered = ["nothing", "concern_only", "summary"]
        if offered_levels(found) != [*offered, *(["full"] if found.body else [])]:
            yield f"offered {offered_levels(found)}"


def roles(session: Session) -> Iterator[str]:
    """Give what speaks against roles.csv: what a role alone allows."""
    for row in table("roles"):
        for disabled in (None, NOW):
            account = Account(disabled_at=disabled, roles=[AccountRole(role=row["role"])])
            for action in (name for name in row if ":" in name):
                expected = row[action] == "yes" and disabled is None
                if access.may(session, account, action) is not expected:
                    yield f"{row['role']} {action}"


def kept_roles() -> Iterator[str]:
    """Give what speaks against roles.csv: a profile keeps every role that has a right there."""
    righted = {row["role"] for row in table("roles") if "yes" in row.values()}
    if righted != policy.PRODUCT_ROLES:
        yield f"roles that a profile keeps: {sorted(righted ^ policy.PRODUCT_ROLES)}"


def areas_of_roles(profile: Profile) -> Iterator[str]:
    """Give what speaks against areas.csv: what holders of a role would read of a file.

    A profile's own role reads there what the profile lets it, and nothing else.
    """
    adviser = replace(profile.roles["partner"], code="adviser", reads=("content",))
    profile = replace(profile, roles={**profile.roles, "adviser": adviser})
    own = [{"function": "adviser", "content": "yes"}, {"function": "no_role"}]
    for row in (*table("areas"), *own):
        for area in [name for name in table("areas")[0] if name != "function"]:
            if role_reads(profile, row["function"], area) is not (row.get(area) == "yes"):
                yield f"{row['function']} reads {area} by the role"


def deputising() -> Iterator[str]:
    """Give what speaks against deputising.csv: who may be named as whose deputy (P36)."""
    houses = {"same": UUID(int=1), "other": UUID(int=2)}
    humans = {"same": UUID(int=3), "other": UUID(int=4)}
    for row in table("deputising"):
        person = _holder(row["person"], houses["same"], humans["same"])
        deputy = _holder(row["deputy"], houses[row["house"]], humans[row["human"]])
        if may_deputise(deputy, person) is not (row["may"] == "yes"):
            yield f"deputising: {' '.join(row.values())}"


def _holder(roles: str, house: UUID, human: UUID) -> Account:
    held = [AccountRole(role=one) for one in roles.split() if one != "nobody"]
    return Account(organisation_id=house, person_id=human, roles=held)


def entering(session: Session, person: Someone) -> Iterator[str]:
    """Give what is wrong where somebody enters a case in which nobody is."""
    account, members = access.enter(session, person.id, SOMEBODY)
    if account.id != person.id or members or members.barred:
        yield f"somebody is in an empty case: {members}"


def absences(session: Session, people: list[Someone]) -> Iterator[str]:
    """Give what is wrong in who is away at this instant, in one question and as a condition."""
    expected = {
        one.absent.id
        for one in people
        if one.absent and one.standing not in {"deputy_early", "deputy_late", "deputy_ended"}
    }
    if away(session, [one.id for one in people]) != expected:
        yield "who is away"
    if set(session.scalars(select(Account.id).where(is_away(Account.id, NOW)))) != expected:
        yield "who is away, as a condition"
    some = sorted(expected)[:2]
    if away(session, some) != set(some) or away(session, []) or deputies_of(session, []):
        yield "who of some is away"
    yield from _without_account(
        session, [one for one in people if one.absent and one.absent.id in expected]
    )


def _without_account(session: Session, deputies: list[Someone]) -> Iterator[str]:
    """Give what is wrong where one of the two has no account any more: nobody is stood in for."""
    for one in deputies[:3]:
        if one.absent is None:
            continue
        deputy, absent = (session.get_one(Account, who.id) for who in (one, one.absent))
        for gone in (None, deputy, absent):
            with session.begin_nested() as save:
                if gone is not None:
                    gone.disabled_at = NOW
                    session.flush()
                stands_in = [principal.id for principal in principals(session, deputy)]
                known = deputies_of(session, [absent.id])
                save.rollback()
            if gone is not deputy and (absent.id in stands_in) is not (gone is None):
                yield f"principals of {one.name}: {gone and gone.username}"
            if gone is not absent and bool(known) is not (gone is None):
                yield f"deputies of {one.name}: {gone and gone.username}"
