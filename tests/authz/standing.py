"""Puts a person into a standing by rows alone, below all rules but those of the database.

What follows from a standing is said by the tables written by hand and never here.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from engine.models import Absence, CaseMember, CaseStanding

NOW = datetime(2026, 1, 15, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
UNLIKE = "observer"
"""A function in a case that leads nothing and owes nothing."""

ROWS = {
    "none": "",
    "elsewhere": "there:member",
    "member": "member",
    "member_barred_elsewhere": "member there:recused",
    "member_again": "ended member",
    "member_unlike": "unlike",
    "member_unlike_busy": "unlike there:member",
    "member_unlike_before": "ended unlike",
    "returned": "ended recused_over member",
    "former": "ended",
    "former_busy": "ended there:member",
    "former_elsewhere": "there:ended",
    "invited": "invited",
    "invited_former": "ended invited",
    "declined": "invited_over",
    "suspended": "ended suspended",
    "suspended_member": "member suspended",
    "suspension_over": "ended suspended_over",
    "recused": "recused",
    "recused_former": "ended recused",
    "recused_member": "member recused",
    "recused_elsewhere": "there:recused",
    "disabled": "",
    "disabled_member": "member",
}
"""The periods of each standing, in the case or in another one."""

THROUGH = {
    "deputy": ("none", "member"),
    "deputy_other_house": ("none", "member"),
    "deputy_member": ("member", "member"),
    "deputy_member_of_none": ("member", "none"),
    "deputy_again": ("member_again", "member"),
    "deputy_invited": ("invited", "member"),
    "deputy_left_elsewhere": ("former_elsewhere", "member"),
    "deputy_barred_elsewhere": ("recused_elsewhere", "member"),
    "deputy_of_none": ("none", "none"),
    "deputy_of_former": ("none", "former"),
    "deputy_of_recused": ("none", "recused"),
    "deputy_of_disabled": ("none", "disabled_member"),
    "deputy_early": ("none", "member"),
    "deputy_late": ("none", "member"),
    "deputy_ended": ("none", "member"),
    "deputy_of_deputy": ("none", "none"),
    "deputy_former": ("former", "member"),
    "deputy_former_busy": ("former_busy", "member"),
    "deputy_of_recused_member": ("none", "recused_member"),
    "deputy_recused": ("recused", "member"),
    "deputy_suspended": ("suspended", "member"),
}
"""Of each standing of a deputy: the standing of the deputy, and that of the absent person."""


def periods(
    standing: str,
    account_id: UUID,
    function: str,
    case_id: UUID,
    now: datetime,
    *,
    there: bool = False,
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Give the rows of a standing in its case, or those that it has in another one, `there`."""
    for written in ROWS[standing].split():
        where, _, kind = written.rpartition(":")
        if bool(where) is not there:
            continue
        state, _, over = kind.partition("_")
        row: dict[str, Any] = {
            "case_id": case_id,
            "account_id": account_id,
            "since": now - 9 * DAY,
            "function": UNLIKE if kind == "unlike" else function,
            "until": now - DAY if over or kind == "ended" else None,
        }
        if kind in {"member", "ended", "unlike"}:
            yield CaseMember, row
        else:
            yield CaseStanding, {**row, "state": state, "reason": "friend"}


def absence(
    standing: str, account_id: UUID, deputy_id: UUID, now: datetime
) -> tuple[Any, dict[str, Any]]:
    """Give the absence of a person for whom somebody deputises, in time or out of it."""
    starts, ends, ended = now, now + DAY, None
    if standing == "deputy_early":
        starts = now + timedelta(microseconds=1)
    if standing == "deputy_late":
        starts, ends = now - DAY, now
    if standing == "deputy_ended":
        starts, ended = now - DAY, now - timedelta(hours=1)
    row = {
        "account_id": account_id,
        "deputy_id": deputy_id,
        "first_day": starts.date(),
        "last_day": ends.date(),
        "starts_at": starts,
        "ends_at": ends,
        "by_id": account_id,
        "at": now - 2 * DAY,
        "ended_at": ended,
    }
    return Absence, row
