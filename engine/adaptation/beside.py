"""Two profiles beside each other: structure, values, roles and words, then the files in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.comparison import Change, Side, compare, marked
from engine.comparison.report import titles
from engine.inheritance import PROFILE, SELFCHECK, read_files
from engine.profile import Profile
from engine.structure import ROWS


@dataclass(frozen=True)
class Pair:
    """One entry on both sides; empty where a side has none."""

    name: str
    first: str
    second: str

    @property
    def differs(self) -> bool:
        """Say whether both sides say something else."""
        return self.first != self.second


@dataclass(frozen=True)
class Group:
    """Entries of one kind."""

    title: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Beside:
    """The whole comparison: `files` holds path, title and sentences of each file that differs."""

    first: Side
    second: Side
    groups: tuple[Group, ...]
    files: tuple[tuple[str, str, tuple[Change, ...]], ...]


def side(processes_dir: Path, code: str) -> Side:
    """Return a shipped profile as one side; raise InputError naming those that there are."""
    return Side(code, read_files(processes_dir, code))


def beside(first: Side, second: Side) -> Beside:
    """Compare two profiles; raise CasetableError where a file cannot be read."""
    groups = tuple(_groups(first.deployment.profile, second.deployment.profile))
    # What the profile's own tables say stands in the groups, side by side.
    told = [one for one in compare(first, second) if one.file not in (PROFILE, SELFCHECK)]
    names = titles(first) | titles(second)
    paths = dict.fromkeys(one.file for one in told)
    files = tuple(
        (path, names.get(path, path), tuple(one for one in told if one.file == path))
        for path in paths
    )
    return Beside(first, second, groups, files)


def _groups(one: Profile, two: Profile) -> Iterator[Group]:
    yield Group(
        "How this structure works",
        tuple(
            Pair(question, *(_arranged(each, code) for each in (one, two)))
            for code, question in ROWS.items()
        ),
    )
    yield _group(
        "Values",
        *({name: _shown(v.value) for name, v in each.parameters.items()} for each in (one, two)),
    )
    yield _group("Roles", *({r.code: r.name for r in each.roles.values()} for each in (one, two)))
    yield _group("Fields", one.disciplines, two.disciplines)
    for name in dict.fromkeys([*one.lists, *two.lists]):
        title = name.replace("_", " ").capitalize()
        yield _group(title, one.lists.get(name, {}), two.lists.get(name, {}))
    for language in dict.fromkeys([*one.terms, *two.terms]):
        words = one.terms.get(language, {}), two.terms.get(language, {})
        yield _group(f"Own words ({language})", *words)
    glossaries = ({e.term: e.text for e in each.glossary.values()} for each in (one, two))
    yield _group("Glossary", *glossaries)


def _arranged(profile: Profile, code: str) -> str:
    return profile.structure[code].value if code in profile.structure else ""


def _group(title: str, one: Mapping[str, str], two: Mapping[str, str]) -> Group:
    names = dict.fromkeys([*one, *two])
    return Group(title, tuple(Pair(name, one.get(name, ""), two.get(name, "")) for name in names))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def as_text(found: Beside) -> str:
    """Return what differs, for a terminal."""
    return "\n".join(_lines(found))


def _lines(found: Beside) -> Iterator[str]:
    yield f"{found.first.deployment.profile.name}  |  {found.second.deployment.profile.name}"
    for group in found.groups:
        pairs = [pair for pair in group.pairs if pair.differs]
        if pairs:
            yield f"\n{group.title}"
            yield from (
                f"- {one.name}: {one.first or '-'}  |  {one.second or '-'}" for one in pairs
            )
    for _path, title, changes in found.files:
        told = [one for one in changes if one.weight != "layout"]
        yield f"\n{title}"
        yield from (f"- {marked(one.sentence)}" for one in told)
        if len(told) < len(changes):
            yield "- Besides, the drawing looks different." if told else "- Only drawn otherwise."
