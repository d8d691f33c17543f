"""The one door of access: who may do what (need-to-know).

A person reads a case as an active member of it, or because a work item of the case is owed by
a role (and organisation) that the person holds. Whoever declared a conflict of interest there or
is suspended has nothing of it. Everything else looks like not existing.

While somebody is away the deputy may in addition what the absent person may in cases and steps
(P36), but for what stays with the person, and not in a case that the deputy was taken out of.
"""

from engine.access.casefile import acting_for_in, speaker
from engine.access.condition import (
    READER,
    WATCHER,
    Who,
    cases_of,
    is_barred,
    left_cases,
    reader_like,
    work_items_of,
    work_items_through,
)
from engine.access.listing import (
    is_lite,
    listed_cases,
    near_items,
    own_given,
    own_near,
    own_seen,
    visible_cases,
    visible_work_items,
)
from engine.access.person import acting_functions, enter, members_of, persons, persons_in
from engine.access.question import SUBJECT, may, require
from engine.access.standing import IN_NO_CASE, KEEPS_SEALED, LEADING, UNREADABLE
from engine.access.step import able_accounts, acting_for, taker

__all__ = [
    "IN_NO_CASE",
    "KEEPS_SEALED",
    "LEADING",
    "READER",
    "SUBJECT",
    "UNREADABLE",
    "WATCHER",
    "Who",
    "able_accounts",
    "acting_for",
    "acting_for_in",
    "acting_functions",
    "cases_of",
    "enter",
    "is_barred",
    "is_lite",
    "left_cases",
    "listed_cases",
    "may",
    "members_of",
    "near_items",
    "own_given",
    "own_near",
    "own_seen",
    "persons",
    "persons_in",
    "reader_like",
    "require",
    "speaker",
    "taker",
    "visible_cases",
    "visible_work_items",
    "work_items_of",
    "work_items_through",
]
