"""M5: the worklist and the pages around it, with few cases and with a hundred thousand."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from statistics import median
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import insert, select

from benchmarks import crowd
from benchmarks.harness import Figure, in_turn, ninety_fifth, single
from benchmarks.place import Place, place, play
from benchmarks.web import fetch, signed_in
from engine.models import Account, AccountRole, Case, CaseMember, WorkItem

CASES = 100_000
FEW = 1000
"""Each case has two open steps: 200,000 and 2,000."""
GROUPS, SAME = 300, 150
"""Of the groups, so many owe the same in both sizes: what is measured there is what others owe."""
PER_PERSON, MEMBERS = 10, 3
RUNS = 60
PERSON = "crowd.0"
STANDING = ("intake_to_multi_agency", "analysis_to_plan", "plan_to_implementation")
CASE_ROLE = "content_coordinator"


@dataclass(frozen=True)
class Page:
    """A page and who opens it."""

    what: str
    path: str
    username: str
    goal: str = ""
    ratio: str = "<= 1.2"


PAGES = (
    Page("worklist", "/", PERSON, "<= 30"),
    Page("what one has taken, by step", "/?sort=step&mine=1", PERSON),
    Page("list of cases", "/cases", PERSON),
    Page("search by code", "/cases?code=B0000050", PERSON),
    Page("search by a code of others", "/cases?code=B0000503", PERSON),
    Page("health", "/health", PERSON),
    Page("incidents", "/incidents", "head.greta"),
    Page("our people in cases", "/memberships", "lead.petra"),
    Page("what they open", "/memberships/readers", "lead.petra"),
    Page("protection of data", "/data-protection", "privacy.paula"),
)


def run(kind: str, *, quick: bool) -> list[Figure]:
    """Measure the same pages in a small and in a large installation, one and the other in turn."""
    few, many = FEW // (4 if quick else 1), CASES // (50 if quick else 1)
    with place(kind) as small, place(kind) as large:
        populate(small, few, few)
        populate(large, few, many)
        return list(_figures(kind, many, (small, large), quick=quick))


def _figures(kind: str, many: int, places: tuple[Place, Place], *, quick: bool) -> Iterator[Figure]:
    clients: dict[str, list[FlaskClient]] = {}
    for page in PAGES:
        if page.username not in clients:
            clients[page.username] = [signed_in(found, page.username) for found in places]
        opens = [partial(fetch, client, page.path) for client in clients[page.username]]
        before, after = in_turn(opens, 8 if quick else RUNS)
        what = f"{page.what}, p95, {2 * many} open steps in {many} cases, {kind}"
        yield ninety_fifth("M5", what, after, unit="ms", goal=page.goal)
        grown = round(median(after) / median(before), 2)
        yield single("M5", f"{page.what}, many : few, medians, {kind}", grown, "x", page.ratio)


def populate(found: Place, few: int, cases: int) -> None:
    """Make the cases: three people each as members, a step of theirs, and one of a group."""
    play(found.player(), *STANDING)
    found.pass_time("P1M")
    with found.application.database.reading() as session:
        template = session.scalars(select(Case.id)).one()
        person = session.scalars(select(Account).where(Account.username == "content.emma"))
        emma = person.unique().one()
    people = cases * MEMBERS // PER_PERSON
    _add_people(found, emma, people)
    _add_cases(found, template, few, cases)
    # Counted first: the triggers that a member wakes would look through the steps of all cases.
    found.count_rows()
    _add_members(found, template, emma.id, people, cases)
    found.count_rows()


def _add_people(found: Place, emma: Account, people: int) -> None:
    roles = {0: (CASE_ROLE, "group_0", "group_1", "group_2")}
    accounts = [
        {
            "id": crowd.id_of(emma.id, number),
            "username": f"crowd.{number}",
            "display_name": f"Person {number}",
            "email": f"crowd.{number}@example.org",
            "password_hash": emma.password_hash,
            "organisation_id": emma.organisation_id,
            "created_at": found.clock.now(),
        }
        for number in range(people)
    ]
    held = [
        {"account_id": account["id"], "role": role}
        for number, account in enumerate(accounts)
        for role in roles.get(number, (CASE_ROLE, f"group_{3 + number % (GROUPS - 3)}"))
    ]
    with found.application.database.transaction() as session:
        session.execute(insert(Account), accounts)
        session.execute(insert(AccountRole), held)


def _add_cases(found: Place, template: UUID, few: int, cases: int) -> None:
    with found.application.database.transaction() as session:
        spread = "((n.i * 7919) % 7776000) - 864000"
        due = crowd.instant(session.connection(), spread)
    group = f"CASE WHEN n.i <= {few} THEN n.i % {SAME} ELSE {SAME} + n.i % {GROUPS - SAME} END"
    ahead: dict[str, str] = {
        "work_item.due_at": due,
        "work_item.remind_at": "NULL",
        "work_item.escalated_at": "NULL",
        "work_item.reminded_at": "NULL",
    }
    numbers = range(1, cases + 1)
    own = {"work_item": "t.state = 'open'", "case_member": "false"}
    crowd.copy_case(found, template, numbers, ahead, only={**own, "case_partner": "false"})
    of_group = {
        **ahead,
        "work_item.id": _other_id(found),
        "work_item.token": "'g' || substr(t.token, 2)",
        "work_item.role": f"'group_' || ({group})",
        "work_item.desk": "true",
        "work_item.name": "'Look at what came in'",
    }
    crowd.copy_case(found, template, numbers, of_group, models=(WorkItem,), only=own)


def _other_id(found: Place) -> str:
    lite = found.application.database.is_sqlite
    return "lower(hex(randomblob(16)))" if lite else "gen_random_uuid()"


def _add_members(found: Place, template: UUID, emma: UUID, people: int, cases: int) -> None:
    with found.application.database.transaction() as session:
        connection = session.connection()
        text = f"'{emma.hex}'" if connection.dialect.name == "sqlite" else f"'{emma}'"
        members = [
            crowd.number_id(connection, text, f"((n.i * {MEMBERS} + {number}) % {people})")
            for number in range(MEMBERS)
        ]
    for account in members:
        _add_member(found, template, range(1, cases + 1), account)


def _add_member(found: Place, template: UUID, numbers: range, account: str) -> None:
    of_role = f"m.case_id = t.case_id AND m.function = '{CASE_ROLE}'"
    first = f"(SELECT m.id FROM case_member m WHERE {of_role} LIMIT 1)"  # noqa: S608 - our own words
    only = {"case_member": f"t.id = {first}"}
    changes = {"case_member.account_id": account, "case_member.id": _other_id(found)}
    crowd.copy_case(found, template, numbers, changes, models=(CaseMember,), only=only)
