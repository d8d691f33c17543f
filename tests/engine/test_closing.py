"""The one door to closed against an oracle that knows only days, and against single wrongs."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, event, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine import closing, migration
from engine.database import Database
from engine.errors import ClosingRefusedError, EpisodeClosedError
from engine.keyring import Keyring
from engine.masterkey import MasterKeys, line
from engine.models import (
    Account,
    AccountRole,
    Assessment,
    Base,
    Case,
    CaseMember,
    CasePartner,
    CaseState,
    CheckIn,
    ClosingDossier,
    Decision,
    Deployment,
    Episode,
    Opinion,
    Organisation,
    PlanVersion,
    ProcessInstance,
    separation,
)
from engine.profile import Profile, parse_profile
from engine.settings import ROOT

MASTER = MasterKeys(text=line(1))
DAY_ZERO = date(2026, 1, 1)
PEOPLE = ("mayor", "deputy", "coordinator")
PARTNERS = ("police", "school", "youth_work")
AGREED_ON = 40
CHECKS = tuple(
    (DAY_ZERO + timedelta(AGREED_ON) + relativedelta(months=3 * n)) for n in (1, 2, 3, 4)
)
CHECK_DAYS = tuple((day - DAY_ZERO).days for day in CHECKS)


@dataclass(frozen=True)
class Story:
    """What was recorded, in days after the first; by default everything that closing needs."""

    round: int = 1
    plans: tuple[int, ...] = (5,)
    proposals: tuple[tuple[int, str], ...] = ((20, "coordinator"),)
    dossier: int | None = 22
    due: int = 36
    partners: tuple[tuple[str, int, int | None], ...] = tuple((name, 3, None) for name in PARTNERS)
    listed: tuple[str, ...] = PARTNERS
    opinions: tuple[tuple[str, str, int, int], ...] = (
        ("police", "agree", 25, 1),
        ("school", "disagree", 26, 1),
        ("youth_work", "no_answer", 36, 1),
    )
    """Organisation, choice, day, round."""
    assessments: tuple[tuple[str, int], ...] = (("risk", 21),)
    decisions: tuple[tuple[str, str, int, int, str], ...] = (
        ("mayor", "agreed", AGREED_ON, 1, "contested"),
    )
    """Who, outcome, day, round, what the table had proposed."""
    holders: tuple[str, ...] = ("mayor", "deputy")
    members: tuple[tuple[str, int, int | None], ...] = ()
    """Who was accountable person in this case, from day, until day."""
    checks: tuple[tuple[int | None, str, int], ...] = tuple(
        (day, "go_on", day + 1) for day in CHECK_DAYS
    )
    """Planned day (none for an extra check), outcome, day on which it was recorded."""
    today: int = 420


def may_close(story: Story) -> bool:
    """The oracle: the rules once more, written on days and names instead of rows."""
    mine = [d for d in story.decisions if d[3] == story.round]
    if story.dossier is None or not mine:
        return False
    last = max(d[2] for d in mine)
    decisive = [d for d in mine if d[2] == last]
    who, outcome, day, _, proposed = decisive[0]
    accountable = who in story.holders or any(
        name == who and since <= day and (until is None or day <= until)
        for name, since, until in story.members
    )
    proposals = [p for p in story.proposals if p[0] <= story.dossier]
    proposed_on, proposer = max(proposals) if proposals else (0, None)
    l1 = outcome == "agreed" and accountable and day >= story.dossier and proposed != "blocked"
    l10 = who != proposer
    there = {
        name
        for name, joined, left in story.partners
        if joined < story.dossier and (left is None or left > story.dossier)
    }
    spoke = {
        name
        for name, choice, on, number in story.opinions
        if number == story.round
        and story.dossier <= on <= day
        and (
            choice in {"agree", "disagree", "abstain"}
            or (choice == "no_answer" and on >= story.due)
        )
    }
    l2 = there | set(story.listed) <= spoke
    since = max([proposed_on, *story.plans])
    l3 = any(kind in {"risk", "effect"} and since <= on <= day for kind, on in story.assessments)
    agreed = DAY_ZERO + timedelta(days=day)
    fulfilled = {
        planned
        for planned, _, on in story.checks
        if planned is not None and on >= day and day < planned <= on
    }
    relapsed = any(found == "relapse" and on >= day for _, found, on in story.checks)
    full = DAY_ZERO + timedelta(days=story.today) >= agreed + relativedelta(years=1)
    return l1 and l10 and l2 and l3 and full and len(fulfilled) >= 4 and not relapsed


@pytest.fixture(scope="module")
def profile() -> Profile:
    return parse_profile((ROOT / "processes/profiles/base/profile.toml").read_bytes())


def new_session() -> Session:
    """An own database in memory in which a savepoint can take everything back."""
    engine = create_engine("sqlite://")

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    Base.metadata.create_all(engine)
    return Session(engine, expire_on_commit=False, info={"keyring": Keyring(MASTER)})


def at(day: int) -> datetime:
    return datetime.combine(DAY_ZERO, datetime.min.time(), UTC).replace(hour=12) + timedelta(
        days=day
    )


@dataclass
class Written:
    """The rows of a story, and what `close_episode` wants of a turn."""

    session: Session
    story: Story
    profile: Profile
    audits: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        story, add = self.story, self.session.add
        organisations = {name: uuid4() for name in PARTNERS}
        people = {name: uuid4() for name in PEOPLE}
        add(Deployment(id="d", profile="base", manifest={}, note="", published_at=at(0)))
        home = Organisation(id=uuid4(), code="town", name="Town", discipline="public_safety")
        add(home)
        for name, key in organisations.items():
            add(Organisation(id=key, code=name, name=name, discipline=name))
        self.session.flush()
        for name, key in people.items():
            roles = [AccountRole(role="accountable_person")] if name in story.holders else []
            add(
                Account(
                    id=key,
                    username=name,
                    display_name=name,
                    email=f"{name}@localhost",
                    password_hash="-",
                    organisation_id=home.id,
                    created_at=at(0),
                    roles=roles,
                )
            )
        self.case = Case(
            id=uuid4(), code="AAAA-BBBB", kind="signal", deployment_id="d", created_at=at(0)
        )
        self.case.state = CaseState.OPEN.value
        add(self.case)
        self.session.flush()
        instance = ProcessInstance(
            id=uuid4(),
            case_id=self.case.id,
            process_id="case_management",
            deployment_id="d",
            blob=b"",
            started_at=at(0),
        )
        add(instance)
        self.session.flush()
        self.episode = Episode(
            id=uuid4(),
            case_id=self.case.id,
            number=1,
            instance_id=instance.id,
            status="running",
            closing_round=story.round,
            started_at=at(0),
        )
        add(self.episode)
        self.session.flush()
        self._write(organisations, people)
        self.session.flush()
        self.now = at(story.today)

    def _write(self, organisations: dict[str, UUID], people: dict[str, UUID]) -> None:
        story = self.story
        own: dict[str, Any] = {"case_id": self.case.id, "episode_id": self.episode.id}
        rows: list[Any] = []
        for number, day in enumerate(story.plans, start=1):
            rows.append(
                PlanVersion(
                    **own,
                    at=at(day),
                    number=number,
                    state="published",
                    reason="",
                    social_context="",
                    check_in_interval="P1M",
                    published_at=at(day),
                )
            )
        rows += [
            CasePartner(
                case_id=self.case.id,
                organisation_id=organisations[name],
                joined_at=at(joined),
                left_at=at(left) if left is not None else None,
            )
            for name, joined, left in story.partners
        ]
        rows += [
            CheckIn(
                **own,
                by_id=people[who],
                at=at(day),
                kind="check_in",
                number=number,
                outcome="propose_closing",
                summary="",
            )
            for number, (day, who) in enumerate(sorted(story.proposals), start=1)
        ]
        if story.dossier is not None:
            rows.append(
                ClosingDossier(
                    **own,
                    at=at(story.dossier),
                    closing_round=story.round,
                    opinions_due=at(story.due),
                    organisations=[str(organisations[name]) for name in story.listed],
                )
            )
        rows += [
            Opinion(
                **own,
                organisation_id=organisations[name],
                choice=choice,
                at=at(day),
                closing_round=number,
            )
            for name, choice, day, number in story.opinions
        ]
        rows += [
            Assessment(**own, kind=kind, at=at(day), summary="") for kind, day in story.assessments
        ]
        rows += [
            Decision(
                **own,
                by_id=people[who],
                kind="closure",
                outcome=outcome,
                at=at(day),
                closing_round=number,
                proposed=proposed,
                reasons="",
            )
            for who, outcome, day, number, proposed in story.decisions
        ]
        rows += [
            CaseMember(
                case_id=self.case.id,
                account_id=people[who],
                function="accountable_person",
                since=at(since),
                until=at(until) if until is not None else None,
            )
            for who, since, until in story.members
        ]
        rows += [
            CheckIn(
                **own,
                at=at(day),
                kind="monitoring_check",
                number=number,
                planned_for=DAY_ZERO + timedelta(days=planned) if planned is not None else None,
                outcome=outcome,
                summary="",
            )
            for number, (planned, outcome, day) in enumerate(story.checks, start=1)
        ]
        self.session.add_all(rows)

    def audit(self, name: str, _subject: object, **_detail: Any) -> None:
        self.audits.append(name)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with new_session() as found:
        # The database refuses one person for two before closing is asked; this asks closing.
        for statement in separation.removal("sqlite", set(separation.TABLES)):
            found.connection().exec_driver_sql(statement)
        yield found


DAYS = st.integers(0, 60)
WHO = st.sampled_from(PEOPLE)
NAMES = st.sampled_from(PARTNERS)
WRONGS: dict[str, st.SearchStrategy[Any]] = {
    "round": st.integers(1, 2),
    "plans": st.lists(st.integers(0, 430), max_size=3).map(tuple),
    "proposals": st.lists(st.tuples(DAYS, WHO), max_size=2, unique_by=lambda p: p[0]).map(tuple),
    "dossier": st.one_of(st.none(), DAYS),
    "due": DAYS,
    "partners": st.lists(
        st.tuples(NAMES, DAYS, st.one_of(st.none(), DAYS)), max_size=3, unique_by=lambda p: p[0]
    ).map(tuple),
    "listed": st.lists(NAMES, max_size=3, unique=True).map(tuple),
    "opinions": st.lists(
        st.tuples(
            NAMES,
            st.sampled_from(("agree", "disagree", "abstain", "no_answer", "maybe")),
            DAYS,
            st.integers(1, 2),
        ),
        max_size=6,
    ).map(tuple),
    "assessments": st.lists(
        st.tuples(st.sampled_from(("risk", "effect", "signal")), DAYS), max_size=3
    ).map(tuple),
    "decisions": st.lists(
        st.tuples(
            WHO,
            st.sampled_from(("agreed", "refused")),
            DAYS,
            st.integers(1, 2),
            st.sampled_from(("agreed", "contested", "blocked")),
        ),
        max_size=3,
        unique_by=lambda d: d[2],
    ).map(tuple),
    "holders": st.lists(WHO, max_size=3, unique=True).map(tuple),
    "members": st.lists(
        st.tuples(WHO, DAYS, st.one_of(st.none(), DAYS)), max_size=2, unique_by=lambda m: m[0]
    ).map(tuple),
    "checks": st.lists(
        st.tuples(
            st.one_of(st.none(), st.sampled_from(CHECK_DAYS), st.integers(0, 430)),
            st.sampled_from(("go_on", "go_on", "go_on", "relapse")),
            st.integers(30, 430),
        ),
        max_size=6,
    ).map(tuple),
    "today": st.integers(0, 800),
}


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """A complete story with up to three of its parts replaced by anything."""
    parts = draw(st.lists(st.sampled_from(sorted(WRONGS)), max_size=3, unique=True))
    return replace(Story(), **{part: draw(WRONGS[part]) for part in parts})


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(stories())
def test_closing_agrees_with_the_oracle(session: Session, profile: Profile, story: Story) -> None:
    with session.begin_nested() as point:
        turn = Written(session, story, profile)
        record = closing.read_record(session, turn.episode)
        found = closing.objections(record, turn.episode, turn.now, profile)
        point.rollback()
    assert (not found) is may_close(story), found


def wrong(**parts: Any) -> Story:
    return replace(Story(), **parts)


REFUSALS = {
    "nobody agreed": (wrong(decisions=()), "L1"),
    "the agreement is of another round": (
        wrong(decisions=(("mayor", "agreed", 40, 2, "agreed"),)),
        "L1",
    ),
    "a later refusal takes it back": (
        wrong(
            decisions=(
                ("mayor", "agreed", 40, 1, "agreed"),
                ("deputy", "refused", 41, 1, "agreed"),
            )
        ),
        "L1",
    ),
    "somebody else agreed": (wrong(decisions=(("coordinator", "agreed", 40, 1, "agreed"),)), "L1"),
    "the closing rule blocked": (wrong(decisions=(("mayor", "agreed", 40, 1, "blocked"),)), "L1"),
    "the proposer decided": (wrong(proposals=((20, "mayor"),)), "L10"),
    "no dossier": (wrong(dossier=None), "L2"),
    "a partner was not asked": (wrong(opinions=Story().opinions[:2]), "L2"),
    "a partner left out of the list": (
        wrong(listed=("police",), opinions=Story().opinions[:1]),
        "L2",
    ),
    "silence before the last day": (
        wrong(opinions=(*Story().opinions[:2], ("youth_work", "no_answer", 30, 1))),
        "L2",
    ),
    "no evidence": (wrong(assessments=()), "L3"),
    "the plan changed after the evidence": (wrong(plans=(5, 30)), "L3"),
    "the evidence is of an earlier proposal": (wrong(assessments=(("risk", 10),)), "L3"),
    "monitoring is shortened": (wrong(today=300), "L4"),
    "a check is missing": (wrong(checks=Story().checks[:3]), "L4"),
    "an extra check replaces none": (
        wrong(checks=(*Story().checks[:3], (None, "go_on", 400))),
        "L4",
    ),
    "a relapse was found": (wrong(checks=(*Story().checks, (None, "relapse", 200))), "L4"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_closing_names_the_broken_rule(session: Session, profile: Profile, name: str) -> None:
    story, rule = REFUSALS[name]
    assert not may_close(story)
    with session.begin_nested() as point:
        turn = Written(session, story, profile)
        with pytest.raises(ClosingRefusedError, match=rf"\b{rule}:"):
            closing.close_episode(turn)  # type: ignore[arg-type]
        assert (turn.episode.status, turn.case.state, turn.audits) == ("running", "open", [])
        point.rollback()


def test_closing_sets_episode_and_case_when_nothing_is_missing(
    session: Session, profile: Profile
) -> None:
    assert may_close(Story())
    with session.begin_nested() as point:
        turn = Written(session, Story(), profile)
        closing.close_episode(turn)  # type: ignore[arg-type]
        session.flush()
        assert (turn.episode.status, turn.episode.outcome, turn.case.state) == ("closed",) * 3
        assert turn.episode.ended_at == turn.case.ended_at == turn.now
        assert turn.audits == ["case:episode:close"]
        with pytest.raises(EpisodeClosedError):
            closing.close_episode(turn)  # type: ignore[arg-type]
        point.rollback()


def test_closing_counts_an_agreement_by_a_mayor_who_has_left_office(
    session: Session, profile: Profile
) -> None:
    story = wrong(holders=("deputy",), members=(("mayor", AGREED_ON, None),))
    with session.begin_nested() as point:
        turn = Written(session, story, profile)
        closing.close_episode(turn)  # type: ignore[arg-type]
        assert turn.episode.status == "closed"
        point.rollback()


@pytest.mark.parametrize("outcome", ["transferred", "withdrawn"])
def test_end_episode_never_closes(session: Session, profile: Profile, outcome: str) -> None:
    with session.begin_nested() as point:
        turn = Written(session, Story(), profile)
        closing.end_episode(turn, outcome)  # type: ignore[arg-type]
        assert (turn.episode.status, turn.episode.outcome) == ("ended", outcome)
        assert turn.case.state == "ended"
        point.rollback()


def test_end_episode_refuses_to_be_called_closed(session: Session, profile: Profile) -> None:
    with session.begin_nested() as point:
        turn = Written(session, Story(), profile)
        with pytest.raises(ClosingRefusedError):
            closing.end_episode(turn, "closed")  # type: ignore[arg-type]
        point.rollback()


def test_end_episode_keeps_a_sealed_case_sealed(session: Session, profile: Profile) -> None:
    with session.begin_nested() as point:
        turn = Written(session, Story(), profile)
        turn.case.state = CaseState.SEALED.value
        closing.end_episode(turn, "unfounded")  # type: ignore[arg-type]
        assert turn.case.state == "sealed"
        point.rollback()


def test_close_episode_needs_an_episode(profile: Profile) -> None:
    turn = SimpleNamespace(episode=None, profile=profile)
    with pytest.raises(ClosingRefusedError):
        closing.close_episode(turn)  # type: ignore[arg-type]


BELOW_PYTHON = {
    "no agreement": wrong(decisions=()),
    "no evidence": wrong(assessments=()),
    "no monitoring": wrong(checks=()),
}


@pytest.mark.parametrize("name", BELOW_PYTHON)
def test_database_refuses_a_closed_episode_without_what_closing_needs(
    database: Database, profile: Profile, name: str
) -> None:
    with Session(database.engine, info={"keyring": Keyring(MASTER)}) as session:
        turn = Written(session, BELOW_PYTHON[name], profile)
        with pytest.raises(DBAPIError, match="joint decision"):
            session.execute(
                update(Episode).where(Episode.id == turn.episode.id).values(status="closed")
            )
        session.rollback()


def test_database_refuses_a_closed_case_without_a_closed_episode(
    database: Database, profile: Profile
) -> None:
    with Session(database.engine, info={"keyring": Keyring(MASTER)}) as session:
        turn = Written(session, Story(), profile)
        with pytest.raises(DBAPIError, match="joint decision"):
            session.execute(
                text("UPDATE casework_case SET state = 'closed' WHERE code = :code"),
                {"code": turn.case.code},
            )
        session.rollback()


def test_migrations_put_the_refusal_into_the_database(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.sqlite'}")
    migration.upgrade(database)
    with database.engine.connect() as connection:
        found = connection.execute(
            text("SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'")
        )
        assert {"casework_case", "episode"} <= set(found.scalars())
    database.close()


def test_database_accepts_what_the_door_lets_through(database: Database, profile: Profile) -> None:
    with Session(database.engine, info={"keyring": Keyring(MASTER)}) as session:
        turn = Written(session, Story(), profile)
        closing.close_episode(turn)  # type: ignore[arg-type]
        session.flush()
        session.rollback()
