"""The joint decision: evidence, opinions, counting, the decision, the handover."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from engine.errors import NotFoundError
from engine.models import (
    Account,
    AccountRole,
    Assessment,
    ClosingDossier,
    Decision,
    Note,
    Opinion,
)
from engine.scenario import STEP_KINDS, read_scenario
from engine.scenario_world import World
from engine.settings import ROOT

Begin = Callable[..., Any]
RISK = {
    "what_changed": "New friends.",
    "evidence_for": "Stable for months.",
    "evidence_against": "One old friend writes.",
    "residual_risk": "A hard time may bring it back.",
    "second_reader": "process.daan",
}
AGREE = {
    "closure_decision": "agree",
    "reasons": "The goals are reached.",
    "residual_risk": "Small and seen.",
    "dossier_read": True,
}
REFUSE = {
    "closure_decision": "refuse",
    "reasons": "Too early.",
    "missing": "The exams.",
    "dossier_read": True,
}


@pytest.fixture
def asked(phase: Begin) -> Begin:
    """Begin the closing and come to the point where the partners are asked."""

    def begin(**values: Any) -> Any:
        world = phase("closure_decision", values=values, closing_evidence="risk")
        world.do("reassess_risk", RISK, **{"as": "content.emma"})
        return world

    return begin


def say(world: Any, organisation: str, choice: str) -> None:
    answers = {"opinion": choice, "reasons": f"We {choice}."}
    world.do("give_closing_opinion", answers, for_=organisation)


def test_evidence_is_words_with_both_sides(asked: Begin) -> None:
    world = asked()
    (row,) = world.rows(Assessment)
    assert (row.kind, row.summary) == ("risk", "New friends.")
    assert row.evidence_against == "One old friend writes."
    assert row.details["second_reader"] == "process.daan"


def test_dossier_names_who_is_asked_and_until_when(asked: Begin) -> None:
    world = asked()
    world.shows(
        timer_dates={"opinion_deadline_passed": "2026-01-29"},
        owed_by={"give_closing_opinion": ["mental_health", "police", "youth_work"]},
    )
    (row,) = world.rows(ClosingDossier)
    assert (row.closing_round, len(row.organisations)) == (1, 3)
    assert (row.opinions_due - row.at).days == 14


def test_opinions_are_kept_as_given_and_counted(asked: Begin) -> None:
    world = asked()
    say(world, "police", "disagree")
    say(world, "youth_work", "abstain")
    world.shows(owed=["give_closing_opinion"])
    say(world, "mental_health", "agree")
    world.shows(owed=["decide_closure"])
    (item,) = world._open_items("decide_closure")
    counts = ("asked", "agree", "disagree", "abstain", "missing")
    assert [item.variables[f"{name}_count"] for name in counts] == [3, 1, 1, 1, 0]
    assert item.variables["closing_advice"] == "contested"


def test_silence_is_a_row_without_an_author(asked: Begin) -> None:
    world = asked()
    say(world, "police", "agree")
    world.wait("P14D")
    world.shows(owed=["decide_closure"])
    silent = [row for row in world.rows(Opinion) if row.choice == "no_answer"]
    assert [row.by_id for row in silent] == [None, None]
    (dossier,) = world.rows(ClosingDossier)
    assert {str(row.organisation_id) for row in silent} < set(dossier.organisations)
    assert all(row.at >= dossier.opinions_due for row in silent)


@pytest.mark.parametrize(
    ("rule", "choices", "owed"),
    [
        ("advice", ("disagree", "disagree", "disagree"), ["decide_closure"]),
        ("consensus", ("agree", "agree", "disagree"), []),
        ("consensus", ("agree", "abstain", "agree"), ["decide_closure"]),
        ("quorum", ("agree", "agree", "disagree"), ["decide_closure"]),
        ("quorum", ("agree", "abstain", "abstain"), []),
    ],
)
def test_closing_rule_keeps_the_decision_back(
    asked: Begin, rule: str, choices: tuple[str, ...], owed: list[str]
) -> None:
    world = asked(closing_rule=rule)
    for organisation, choice in zip(
        ("police", "youth_work", "mental_health"), choices, strict=True
    ):
        say(world, organisation, choice)
    world.shows(owed=owed)
    blocked = [note for note in world.rows(Note) if note.kind == "closing_blocked"]
    assert bool(blocked) is not bool(owed)
    assert all(note.by_id is None for note in blocked)


def all_agree(world: Any) -> None:
    for organisation in ("police", "youth_work", "mental_health"):
        say(world, organisation, "agree")


def test_decision_keeps_what_the_table_had_proposed(asked: Begin) -> None:
    world = asked()
    all_agree(world)
    world.do("decide_closure", AGREE, **{"as": "mayor.fatima"})
    (row,) = world.rows(Decision)
    assert (row.kind, row.outcome, row.proposed, row.closing_round) == (
        "closure",
        "agreed",
        "agreed",
        1,
    )
    assert row.details["residual_risk"] == "Small and seen."


def test_agreement_needs_the_residual_risk_in_words(asked: Begin) -> None:
    world = asked()
    all_agree(world)
    silent = {**AGREE, "residual_risk": ""}
    problems = world.take("do", {"do": "decide_closure", "answers": silent})
    assert problems
    world.shows(owed=["decide_closure"], not_decisions=["closure:agreed"])


def test_overdue_decision_does_not_pass_to_somebody_else(asked: Begin) -> None:
    world = asked()
    all_agree(world)
    world.wait("P60D")
    step = {"do": "decide_closure", "answers": AGREE, "as": "head.greta"}
    with pytest.raises(NotFoundError):
        world.take("do", step)
    world.do("decide_closure", AGREE, **{"as": "deputy.farid"})


def test_refusal_ends_the_round_without_handover(asked: Begin) -> None:
    world = asked()
    all_agree(world)
    world.do("decide_closure", REFUSE, **{"as": "mayor.fatima"})
    world.shows(owed=[], decisions=["closure:refused"], notices=["case_news"])


def test_handover_names_who_accepted_and_keeps_the_text(asked: Begin) -> None:
    world = asked()
    all_agree(world)
    world.do("decide_closure", AGREE, **{"as": "mayor.fatima"})
    world.do(
        "arrange_regular_care",
        {
            "care_outcome": "accepted",
            "service": "Family Support Centre",
            "accepted_by": "The team leader",
            "accepted_on": "2026-01-15",
            "handover_text": "Needs somebody to talk to.",
            "neutral_text": True,
        },
    )
    world.do(
        "inform_surroundings",
        {"informed": ["family"], "reopening_explained": "yes", "promises": "We answer calls."},
    )
    notes = {note.kind: note for note in world.rows(Note)}
    assert notes["handover"].text == "Needs somebody to talk to."
    assert notes["handover"].details["accepted_by"] == "The team leader"
    assert notes["promise"].text == "We answer calls."
    world.shows(owed=[])


def test_proposer_may_not_decide_even_as_accountable_person() -> None:
    told = read_scenario(ROOT / "processes/scenarios/only_the_accountable_person_decides.toml")
    with World(ROOT / "processes", "base", datetime(2026, 1, 15, 9), {}) as world:  # noqa: DTZ001 - local time
        for step in told.steps:
            kind = next(kind for kind in STEP_KINDS if kind in step)
            if kind == "refused":
                break
            assert world.take(kind, step) == []
        with world.application.database.transaction() as session:
            emma = session.scalars(select(Account.id).where(Account.username == "content.emma"))
            session.add(AccountRole(account_id=emma.one(), role="accountable_person"))
        step = {"do": "decide_closure", "answers": AGREE, "as": "content.emma"}
        (problem,) = world.take("do", step)
        assert "You did the step" in problem
        assert world.take("do", {**step, "as": "mayor.fatima"}) == []
