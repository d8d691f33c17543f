"""Who plays in a demonstration: invented people and organisations for the roles of a profile.

Those of the base are laid under those that a profile brings in its `demo.toml`. Roles and fields of
a profile that nobody plays yet get people of their own, so that every profile can be tried at once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.inheritance import chain, folder_of
from engine.profile import Profile, read_tables

SCRIPT = "demo.toml"
HOLDERS = 2
"""No role is one person alone: a desk of one cannot keep people apart (P35)."""
SPARE_NAMES = (
    *("Ada Lind", "Ben Okoro", "Carla Novak", "David Roth", "Eva Silva", "Filip Horn"),
    *("Gina Costa", "Henry Boyd", "Ines Moreau", "Jakob Stern", "Kaja Berg", "Leo Marin"),
)
"""Names for roles and fields that only this profile has."""
NOT_PLAYED = frozenset({"probation", "community"})
"""Fields of the base that the demonstration leaves without an organisation."""

ORGANISATIONS = (
    ("municipality", "Municipality of Rivertown", "municipality"),
    ("police", "Police, Rivertown district", "police"),
    ("youth_work", "Youth Work Rivertown", "youth_work"),
    ("school", "Harbour College", "education"),
    ("mental_health", "Mental Health Service East", "mental_health"),
    ("family_support", "Family Support Centre", "family_support"),
    ("child_protection", "Child Protection Board", "child_protection"),
)

ALLOW_TO_BE_NAMED = frozenset({"municipality", "police", "youth_work"})
"""Organisations that let the others learn that they know somebody."""


@dataclass(frozen=True)
class DemoPerson:
    """One demo account."""

    username: str
    name: str
    organisation: str
    roles: tuple[str, ...]
    what: str = ""
    """What the person does, where the names of the roles do not say it."""


PEOPLE = (
    DemoPerson("intake.anna", "Anna Visser", "municipality", ("intake_desk",), "intake desk"),
    DemoPerson("intake.bram", "Bram Jansen", "municipality", ("intake_desk",), "intake desk"),
    DemoPerson("chair.clara", "Clara de Boer", "municipality", ("chair",), "chairs the table"),
    DemoPerson("chair.cora", "Cora Hendriks", "municipality", ("chair",), "second chair"),
    DemoPerson(
        "process.daan",
        "Daan Smit",
        "municipality",
        ("process_coordinator",),
        "process coordinator",
    ),
    DemoPerson(
        "process.dina",
        "Dina Mulder",
        "municipality",
        ("process_coordinator",),
        "process coordinator",
    ),
    DemoPerson(
        "content.emma",
        "Emma Bakker",
        "municipality",
        ("content_coordinator",),
        "content coordinator",
    ),
    DemoPerson(
        "content.erik",
        "Erik Meijer",
        "municipality",
        ("content_coordinator",),
        "content coordinator",
    ),
    DemoPerson("mayor.fatima", "Fatima Amrani", "municipality", ("accountable_person",), "mayor"),
    DemoPerson(
        "deputy.farid",
        "Farid Haddad",
        "municipality",
        ("accountable_person",),
        "deputy mayor",
    ),
    DemoPerson(
        "head.greta",
        "Greta Postma",
        "municipality",
        ("desk_head",),
        "head of the desk",
    ),
    DemoPerson(
        "head.hanna", "Hanna Peters", "municipality", ("desk_head",), "second head of the desk"
    ),
    DemoPerson("police.peter", "Peter Dekker", "police", ("partner",), "partner: police"),
    DemoPerson("youth.yara", "Yara Kok", "youth_work", ("partner",), "partner: youth work"),
    DemoPerson("school.sofia", "Sofia Vos", "school", ("partner",), "partner: school"),
    DemoPerson("health.hugo", "Hugo Maas", "mental_health", ("partner",), "partner: mental health"),
    DemoPerson(
        "care.karin", "Karin Blom", "family_support", ("partner",), "partner: family support"
    ),
    DemoPerson(
        "child.chris", "Chris Kuiper", "child_protection", ("partner",), "partner: child protection"
    ),
    DemoPerson("lead.lars", "Lars Hoekstra", "municipality", ("agency_lead",), "leads its people"),
    DemoPerson("lead.petra", "Petra Blok", "police", ("agency_lead",), "leads the police's people"),
    DemoPerson("privacy.paula", "Paula Vries", "municipality", ("dpo",), "data-protection officer"),
    DemoPerson("privacy.milan", "Milan Vos", "municipality", ("dpo",), "second officer"),
    DemoPerson("operator.otto", "Otto Kramer", "municipality", ("operator",), "runs the system"),
    DemoPerson("owner.olga", "Olga Prins", "municipality", ("process_owner",), "process owner"),
    DemoPerson(
        "owner.oscar", "Oscar Brink", "municipality", ("process_owner",), "second process owner"
    ),
)


@dataclass(frozen=True)
class Cast:
    """Everybody in one demonstration; organisations as (code, name, discipline)."""

    organisations: tuple[tuple[str, str, str], ...]
    people: tuple[DemoPerson, ...]


def cast_of(profile: Profile, processes_dir: Path) -> Cast:
    """Return who plays under a profile; raise InputError naming what its demo.toml has wrong."""
    organisations = {one[0]: one for one in ORGANISATIONS}
    people = {person.username: person for person in PEOPLE}
    for code in chain(processes_dir, profile.code):
        path = folder_of(processes_dir, code) / SCRIPT
        if path.is_file():
            _lay_over(organisations, people, path)
    for code, name in profile.disciplines.items():
        played = {discipline for _, _, discipline in organisations.values()}
        if code not in played | NOT_PLAYED:
            organisations[code] = (code, f"{name}, Rivertown", code)
    desks = {person.organisation for person in people.values() if person.roles != ("partner",)}
    kept = {
        code: one
        for code, one in organisations.items()
        if one[2] in profile.disciplines or code in desks
    }
    acting = [each for person in people.values() for each in _playing(person, profile, kept)]
    return Cast(tuple(kept.values()), (*acting, *_missing(acting, profile, kept)))


def _playing(
    person: DemoPerson, profile: Profile, organisations: Mapping[str, object]
) -> Iterator[DemoPerson]:
    """Yield the person with the roles that the profile has; nobody where none are left."""
    roles = tuple(code for code in person.roles if code in profile.roles)
    if roles and person.organisation in organisations:
        yield replace(person, roles=roles)


def _missing(
    acting: list[DemoPerson], profile: Profile, organisations: Mapping[str, tuple[str, str, str]]
) -> Iterator[DemoPerson]:
    """Yield people for the roles that nobody plays, and partners for organisations without any."""
    names = _spare_names({person.name for person in acting})
    desk = next(iter(organisations))
    for code in profile.roles:
        if not any(code in person.roles for person in acting):
            for _ in range(HOLDERS):
                name = next(names)
                yield DemoPerson(_username(code, name), name, desk, (code,))
    staffed = {person.organisation for person in acting}
    for code in organisations:
        if code not in staffed and "partner" in profile.roles:
            name = next(names)
            yield DemoPerson(_username(code, name), name, code, ("partner",))


def _spare_names(taken: set[str]) -> Iterator[str]:
    """Yield names without end: those of the list, then the same with a number."""
    yield from (name for name in SPARE_NAMES if name not in taken)
    for number in count(2):
        yield from (f"{name} {number}" for name in SPARE_NAMES)


def _username(code: str, name: str) -> str:
    first, _, rest = name.partition(" ")
    return f"{code.partition('_')[0]}.{first.lower()}{rest.partition(' ')[2]}"


def _lay_over(
    organisations: dict[str, tuple[str, str, str]], people: dict[str, DemoPerson], path: Path
) -> None:
    tables = read_tables(path.read_bytes(), path.name)
    for one in _entries(tables, "organisation", ("code", "name", "discipline"), path):
        organisations[one["code"]] = (one["code"], one["name"], one["discipline"])
    for one in _entries(tables, "person", ("username", "name", "organisation"), path):
        roles = one.get("roles")
        if not isinstance(roles, list) or not all(isinstance(code, str) for code in roles):
            raise InputError(f'{path.name}: {one["username"]} needs roles like ["chair"].')
        if one["organisation"] not in organisations:
            raise InputError(
                f"{path.name}: {one['username']} is of {one['organisation']}, which is no "
                "organisation of the demonstration; add it as [[organisation]]."
            )
        told = (one["username"], one["name"], one["organisation"], tuple(roles))
        people[one["username"]] = DemoPerson(*told, what=str(one.get("what", "")))


def _entries(
    tables: Mapping[str, Any], kind: str, wanted: tuple[str, ...], path: Path
) -> Iterator[dict[str, Any]]:
    found = tables.get(kind, [])
    if not isinstance(found, list):
        raise InputError(f"{path.name}: each {kind} begins with a line [[{kind}]].")
    for one in found:
        if not isinstance(one, dict) or not all(isinstance(one.get(key), str) for key in wanted):
            raise InputError(f"{path.name}: each [[{kind}]] needs {', '.join(wanted)}.")
        yield one


def what(person: DemoPerson, profile: Profile) -> str:
    """Return in words what somebody does in the demonstration."""
    return person.what or ", ".join(profile.role_name(code) for code in person.roles)
