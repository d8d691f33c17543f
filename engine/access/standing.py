"""Which roles, functions and states matter to access whatever is asked."""

from engine.models import CaseState, guard

IN_NO_CASE = frozenset(guard.IN_NO_CASE)
"""Roles whose holders are members of no case: who watches over reading does not read (S13)."""

LEADING = frozenset({"process_coordinator", "content_coordinator", "chair"})
"""Functions in a case whose holders see who looked at it (S13) and look after who takes part."""

UNREADABLE = frozenset({CaseState.SEALED.value, CaseState.ERASED.value})
"""States in which no emergency opens a case: unfounded, or gone."""

KEEPS_SEALED = frozenset({"desk_head"})
"""Functions whose holders read a sealed file until it is erased: who answers for that (P33).

Threat: an invitation that was open when the file was sealed would else open it again.
"""
