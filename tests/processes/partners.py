"""Twelve organisations at one table, all of which owe their opinion on closing."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from engine import scenario
from engine.application import Application
from engine.models import Account, AccountRole, Organisation, WorkItem, WorkItemState
from engine.scenario_world import Player
from engine.settings import ROOT

FRAGMENTS = ROOT / "processes/scenarios/fragments"
TO_CLOSURE = (
    "intake_to_multi_agency",
    "analysis_to_plan",
    "plan_to_implementation",
    "implementation_to_closure",
)
DISCIPLINES = ("police", "youth_work", "education", "mental_health", "family_support")
TWELVE = 12


def bring_to_opinions(application: Application, player: Player) -> dict[UUID, UUID]:
    """Play a case of twelve partners until all owe an opinion; return account by work item."""
    application.sends_mail = False
    _add_partners(application)
    codes = [f"agency_{number}" for number in range(TWELVE)]
    for name in TO_CLOSURE:
        for step in scenario.read_steps(FRAGMENTS / f"{name}.toml"):
            told = _renamed(step)
            if told.get("do") == "select_partners":
                told["answers"]["selected_partners"] = codes
            problems = player.take(scenario.step_kind(told), told)
            assert problems == [], (told, problems)
    player.take("do", scenario.read_steps(FRAGMENTS / "closure_to_monitoring.toml")[0])
    with application.database.reading() as session:
        items = session.scalars(
            select(WorkItem).where(
                WorkItem.element_id == "give_closing_opinion",
                WorkItem.state == WorkItemState.OPEN.value,
            )
        ).unique()
        people = {
            item.id: session.scalars(
                select(Account.id).where(Account.organisation_id == item.organisation_id)
            ).one()
            for item in items
        }
    assert len(people) == TWELVE
    return people


def _add_partners(application: Application) -> None:
    with application.database.transaction() as session:
        for number in range(TWELVE):
            place = Organisation(
                code=f"agency_{number}",
                name=f"Agency {number}",
                discipline=DISCIPLINES[number % len(DISCIPLINES)],
            )
            session.add(place)
            session.flush()
            account = Account(
                username=f"agency.{number}",
                display_name=f"Person {number}",
                email=f"{number}@example.org",
                password_hash="none",
                organisation_id=place.id,
                created_at=application.now(session),
            )
            account.roles = [AccountRole(role="partner")]
            session.add(account)


def _renamed(value: Any) -> Any:
    """Let the new agencies stand where the fragments name those of the demonstration."""
    if isinstance(value, dict):
        return {key: _renamed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner) for inner in value]
    old = ("police", "youth_work", "school", "mental_health")
    return f"agency_{old.index(value)}" if value in old else value
