"""Collects the files of a profile: those of the base, of its parents, and what it brings itself.

A profile says in `inherits` what lies underneath: the base, or another profile, so that a region
repeats nothing of its country. Files of the same name replace one another. The tables of a profile
are laid over one another entry by entry; an entry that is set to `false` is taken away.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.language.telling import message_of, told
from engine.profile import BASE, read_tables
from engine.wordbook import CATALOGUES, joined

RULES = "rules.toml"
PROFILE_RULES = "profile_rules.toml"
"""What a profile says of the safety rules, beside those of the base and never in their place."""
PROFILE = "profile.toml"
SELFCHECK = "selfcheck.toml"
"""The self-check, where it is too long for profile.toml."""
BASE_PROFILE = "base_profile.toml"
BASE_SELFCHECK = "base_selfcheck.toml"
INHERITED = "inherited/"
"""Where a set keeps profile.toml, selfcheck.toml and rules.toml of the profiles in between."""
PATTERNS = ("*.bpmn", "decisions/*.dmn", "forms/*.form")
SCENARIOS = ("scenarios/*.toml", "scenarios/fragments/*.toml")


def folder_of(folder: Path, profile: str) -> Path:
    """Return where a profile lies; raise InputError naming those that there are."""
    found = folder / "profiles" / profile
    # Threat: the name may come from a command or a page, and lead out of the folder.
    if profile not in known(folder):
        there = ", ".join(known(folder))
        raise InputError(
            told(
                "There is no profile %(profile)s in %(folder)s; use %(there)s.",
                profile=repr(profile),
                folder=str(folder / "profiles"),
                there=there,
            )
        )
    return found


def known(folder: Path) -> list[str]:
    """Return the codes of the profiles that lie in the folder `processes`, the base first."""
    found = {path.parent.name for path in folder.glob(f"profiles/*/{PROFILE}")}
    return sorted(found, key=lambda code: (code != BASE, code))


def chain(folder: Path, profile: str) -> list[str]:
    """Return the profiles that lie over one another, the base first, the named one last."""
    found: list[str] = []
    code = profile
    while code != BASE:
        if code in found:
            circle = " inherits ".join([*found[found.index(code) :], code])
            raise InputError(
                told(
                    "%(circle)s: profiles cannot inherit in a circle; let one name base.",
                    circle=circle,
                )
            )
        try:
            own = folder_of(folder, code)
        except InputError as error:
            if not found:
                raise
            raise InputError(
                told(
                    "The profile %(profile)s inherits %(code)s. %(error)s",
                    profile=found[-1],
                    code=repr(code),
                    error=message_of(error),
                )
            ) from error
        found.append(code)
        code = parent_of(read_tables((own / PROFILE).read_bytes(), f"profiles/{code}/{PROFILE}"))
    folder_of(folder, BASE)
    return [BASE, *reversed(found)]


def parent_of(tables: Mapping[str, Any]) -> str:
    """Return the code of the profile that lies underneath."""
    head = tables.get("profile")
    return str(head.get("inherits", BASE)) if isinstance(head, Mapping) else BASE


def read_files(folder: Path, profile: str) -> dict[str, bytes]:
    """Collect the files of a profile: the base, overlaid by each profile down to this one."""
    codes = chain(folder, profile)
    files = _collect(folder)
    for code in codes:
        files |= _collect(folder_of(folder, code))
    layers = [folder, *(folder_of(folder, code) for code in codes)]
    files |= joined([catalogues_in(layer) for layer in layers])
    for code in codes[1:-1]:
        _take(files, folder_of(folder, code), inherited(code))
    base = folder_of(folder, BASE)
    _take(files, base, {PROFILE: BASE_PROFILE, SELFCHECK: BASE_SELFCHECK})
    own = {PROFILE: PROFILE, SELFCHECK: SELFCHECK, RULES: PROFILE_RULES}
    _take(files, folder_of(folder, profile), own)
    _take(files, folder, {RULES: RULES})
    return files


def child_of(files: Mapping[str, bytes], parent: str) -> dict[str, bytes]:
    """Return the files of a set that inherits another one, without a profile of its own yet."""
    own = {PROFILE: PROFILE, SELFCHECK: SELFCHECK, PROFILE_RULES: RULES}
    found = {path: content for path, content in files.items() if path not in own}
    if parent != BASE:
        places = inherited(parent)
        found |= {places[name]: files[path] for path, name in own.items() if path in files}
    return found


def inherited(code: str) -> dict[str, str]:
    """Return where a set keeps the settings of a profile in between, by their own names."""
    return {name: f"{INHERITED}{code}/{name}" for name in (PROFILE, SELFCHECK, RULES)}


def _take(files: dict[str, bytes], folder: Path, places: Mapping[str, str]) -> None:
    for name, place in places.items():
        if (folder / name).is_file():
            files[place] = (folder / name).read_bytes()


def catalogues_in(folder: Path) -> dict[str, bytes]:
    """Return the catalogues of the base or of one profile, by their path."""
    found = sorted((folder / CATALOGUES).glob("*.po"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def _collect(folder: Path) -> dict[str, bytes]:
    found = (path for pattern in PATTERNS for path in sorted(folder.glob(pattern)))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def read_scenarios(folder: Path, profile: str) -> dict[str, bytes]:
    """Collect the scenarios of a profile and their parts: the base's, overlaid by its own.

    They belong to a set only once a draft has taken them along, so that they change no stored id.
    """
    return {name: path.read_bytes() for name, path in story_paths(folder, profile).items()}


def story_paths(folder: Path, profile: str) -> dict[str, Path]:
    """Return where the scenarios of a profile and their parts lie, by their place in a set.

    Those of the base and of the parents come along, unless [scenarios] `without` leaves them out.
    """
    found = _stories(folder)
    for code in chain(folder, profile):
        own = folder_of(folder, code)
        for name in left_out(read_tables((own / PROFILE).read_bytes(), f"{code}/{PROFILE}")):
            found.pop(f"scenarios/{name}.toml", None)
        found |= _stories(own)
    return found


def own_stories(folder: Path, profile: str) -> list[Path]:
    """Return the stories that only this profile tells: none of that name lies underneath."""
    codes = chain(folder, profile)
    under = _stories(folder)
    for code in codes[:-1]:
        under |= _stories(folder_of(folder, code))
    own = _stories(folder_of(folder, profile)) if codes[1:] else {}
    return [path for name, path in own.items() if name not in under and "/fragments/" not in name]


def left_out(tables: Mapping[str, Any]) -> dict[str, str]:
    """Return the stories that a profile says do not apply to it, with the reasons."""
    section = tables.get("scenarios")
    found = section.get("without") if isinstance(section, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}


def _stories(folder: Path) -> dict[str, Path]:
    found = (path for pattern in SCENARIOS for path in sorted(folder.glob(pattern)))
    return {path.relative_to(folder).as_posix(): path for path in found}


def levels(files: Mapping[str, bytes]) -> list[tuple[str, dict[str, Any]]]:
    """Return code and tables of each profile of a set, the base first, its own one last."""
    own = _tables(files, PROFILE, SELFCHECK)
    found: list[tuple[str, dict[str, Any]]] = []
    tables = own
    while (parent := parent_of(tables)) != BASE:
        if parent in {code for code, _tables_of in found}:
            raise InputError(
                told(
                    "%(file)s: profiles cannot inherit in a circle; inherit base.",
                    file=PROFILE,
                )
            )
        names = inherited(parent)
        if names[PROFILE] not in files:
            raise InputError(
                told(
                    "%(file)s: inherits %(parent)s, which is not in this set; begin the set from "
                    "the folder that has it.",
                    file=PROFILE,
                    parent=repr(parent),
                )
            )
        tables = _tables(files, names[PROFILE], names[SELFCHECK])
        found.append((parent, tables))
    base = _tables(files, BASE_PROFILE, BASE_SELFCHECK)
    head = own.get("profile")
    code = str(head.get("code", "")) if isinstance(head, Mapping) else ""
    return [*([(BASE, base)] if base else []), *reversed(found), *([(code, own)] if own else [])]


def _tables(files: Mapping[str, bytes], *names: str) -> dict[str, Any]:
    """Return what one profile says, its files laid over one another."""
    found: dict[str, Any] = {}
    for name in names:
        if name in files:
            found = laid_over(found, read_tables(files[name], name))
    return found


def laid_over(under: Mapping[str, Any], own: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """Lay the entries of a profile over those underneath, table by table.

    Directly in a table (a role, a word of a list, a value) `false` takes an entry away.
    """
    result = dict(under)
    for key, value in own.items():
        old = result.get(key)
        if depth == 1 and value is False:
            result.pop(key, None)
        elif isinstance(old, dict) and isinstance(value, dict):
            result[key] = laid_over(old, value, depth + 1)
        else:
            result[key] = value
    return result


def own_rules(files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield code and rules of each profile over the base that has rules of its own."""
    for code, _ in levels(files)[1:]:
        content = files.get(inherited(code)[RULES])
        if content is not None:
            yield code, content
    if PROFILE_RULES in files:
        yield levels(files)[-1][0], files[PROFILE_RULES]


def is_rules(path: str) -> bool:
    """Say whether a file of a set holds safety rules: the base's, a parent's, or its own."""
    return path in (RULES, PROFILE_RULES) or (
        path.startswith(INHERITED) and path.endswith(f"/{RULES}")
    )


def is_profile(path: str) -> bool:
    """Say whether the tables of a profile are read from this file of a set."""
    return path in (PROFILE, SELFCHECK, BASE_PROFILE, BASE_SELFCHECK) or (
        path.startswith(INHERITED) and not is_rules(path)
    )
