"""Who takes part in a file that is kept apart, read off its column `roles` (decision 90).

The column says it as it was when the file was opened. The same is asked by conditions of SQL
(engine/access/condition.py), by triggers (guard.py) and by policies (sight.sql).
"""

from collections.abc import Iterable


def admits(column: str, role: str) -> bool:
    """Say whether holders of a role may take part in a file with these roles."""
    return not column or f" {role} " in column


def admits_any(column: str, roles: Iterable[str]) -> bool:
    """Say whether one of some roles may take part; a file for everybody admits who has none."""
    return not column or any(admits(column, role) for role in roles)


def admitted(column: str, roles: Iterable[str]) -> frozenset[str]:
    """Return those of some roles that count in a file.

    Threat: who has roles of two bodies would do in the file of one what the other's role allows.
    """
    return frozenset(role for role in roles if admits(column, role))
