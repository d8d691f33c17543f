"""Says what is wrong with a whole profile: its tables, and whether what they name is there."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from engine.check.finding import WHOLE_FILE, Finding, error
from engine.deployment import ResolvedDeployment
from engine.errors import CasetableError
from engine.form.form import walk
from engine.inheritance import PROFILE, SELFCHECK, laid_over, levels
from engine.language import mark
from engine.language.telling import Told, message_of, told, without_file
from engine.lifecycle import HANDED_OVER
from engine.operator import catalogue
from engine.profile import Profile
from engine.profile_schema import check_tables, nearest
from engine.proof.rulebook import rules_of
from engine.structure import BY_KINDS, REQUIREMENTS, ROWS

ROLE_VALUES: Final = ("hold_roles", "disclosure_desk", "disclosure_deciders")
"""Values that list roles."""
MOST_NAMED: Final = 5
BY_WORDS: Final = mark(
    {
        "role": "role",
        "value": "value",
        "step": "step",
        "table": "table",
        "form": "form",
        "rule": "rule",
        "text": "text",
        "list": "list",
        "operator": "operator",
        "message": "message",
        "glossary": "glossary",
        "page": "page",
    }
)
"""What the kinds of things are called that can carry something out."""
BROKEN: Final = "profile_broken"
"""The finding about a profile that cannot be read, so that nothing else can be looked at."""
CHOSEN: Final = ("consent", "closing_rule")
"""Values with a closed list of words: those that drawings and tables of the set know."""


def check_profile(deployment: ResolvedDeployment) -> Iterator[Finding]:
    """Yield the findings about the profile of a set of files."""
    try:
        found = levels(deployment.files)
    except CasetableError as problem:
        yield error(PROFILE, WHOLE_FILE, BROKEN, _sentence(problem))
        return
    under: dict[str, Any] = {}
    for _code, tables in found[:-1]:
        under = laid_over(under, tables)
    own = found[-1][1] if found else {}
    is_base = len(found) > 1 and found[-1][0] == found[0][0]
    slips = list(check_tables(own, {} if is_base else under))
    yield from slips
    if not slips:
        yield from _check_whole(deployment, own)


def _check_whole(deployment: ResolvedDeployment, own: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        profile = deployment.profile
    except CasetableError as problem:
        yield error(PROFILE, WHOLE_FILE, BROKEN, _sentence(problem))
        return
    yield from _complete(profile)
    yield from _roles_named(profile)
    yield from _words_known(deployment)
    yield from _files_fit(deployment)
    yield from _desk_reaches_all(profile)
    evidence = Evidence(deployment)
    try:
        _ = evidence.known
    except CasetableError:
        return  # a finding of its own says which drawing, table, form or rule cannot be read
    for group, entries in (("structure", profile.structure), ("selfcheck", profile.selfcheck)):
        for code, entry in entries.items():
            is_own = code in own.get(group, {})
            for name in entry.by:
                if (gap := evidence.missing(name)) is not None:
                    yield _unfounded(f"{group}.{code}", name, gap, is_own=is_own)
    for code, word in profile.glossary.items():
        for step in word.steps:
            if (gap := evidence.missing(f"step:{step}")) is not None:
                is_own = code in own.get("glossary", {})
                yield _unfounded(f"glossary.{code}", step, gap, is_own=is_own)


def _unfounded(place: str, name: str, problem: str, *, is_own: bool) -> Finding:
    if is_own:
        return error(
            PROFILE,
            place,
            "unknown_by",
            told("names %(name)s, %(problem)s", name=name, problem=problem),
        )
    return error(
        PROFILE,
        place,
        "by_gone",
        told(
            "is inherited and names %(name)s, which this profile no longer has; write [%(place)s]"
            " anew, with what carries it out here.",
            name=name,
            place=place,
        ),
    )


def _complete(profile: Profile) -> Iterator[Finding]:
    """Require every question of the structure and every requirement to be answered."""
    for code, question in ROWS.items():
        if code not in profile.structure:
            yield error(
                PROFILE,
                f"structure.{code}",
                "structure_missing",
                told(
                    "is missing; write [structure.%(code)s], which answers: %(question)s.",
                    code=code,
                    question=told(question),
                ),
            )
    missing = [code for code in REQUIREMENTS if code not in profile.selfcheck]
    if missing:
        yield error(
            SELFCHECK,
            WHOLE_FILE,
            "selfcheck_missing",
            _unanswered(missing),
        )


def _unanswered(missing: list[str]) -> Told:
    listed = ", ".join(missing[:MOST_NAMED])
    if missing[MOST_NAMED:]:
        return told(
            "says nothing about %(listed)s and others; add [selfcheck.P...] with status and "
            "reason.",
            listed=listed,
        )
    return told(
        "says nothing about %(listed)s; add [selfcheck.P...] with status and reason.",
        listed=listed,
    )


def _roles_named(profile: Profile) -> Iterator[Finding]:
    for name in ROLE_VALUES:
        for code in profile.values.get(name) or []:
            if code not in profile.roles:
                hint = nearest(str(code), profile.roles)
                yield error(
                    PROFILE,
                    f"values.{name}",
                    "unknown_role",
                    told("names %(code)s, which is no role; %(hint)s", code=code, hint=hint),
                )


def _words_known(deployment: ResolvedDeployment) -> Iterator[Finding]:
    """Require a word that is chosen from a list to be one that something of the set reads.

    Threat: consent = "before-support" would switch the question for consent off without a word.
    """
    base = levels(deployment.files)[0][1].get("values", {})
    models = [content for path, content in deployment.files.items() if not path.endswith(".toml")]
    for name in CHOSEN:
        value = deployment.profile.values.get(name)
        usual = base.get(name, {}).get("value")
        forms = [quote + str(value).encode() + quote for quote in (b'"', b"&#34;", b"&quot;")]
        if value not in (None, usual) and not any(
            form in text for form in forms for text in models
        ):
            yield error(
                PROFILE,
                f"values.{name}",
                "unknown_word",
                told(
                    "is %(value)s, a word that no drawing, table or form knows; correct it.",
                    value=repr(value),
                ),
            )


def _files_fit(deployment: ResolvedDeployment) -> Iterator[Finding]:
    """Require that files kept apart name roles, phases and messages that there are.

    Threat: a misspelled role would shut its people out, and a message that nobody waits for would
    leave the other body without the news.
    """
    profile, drawings = deployment.profile, deployment.drawings.values()
    messages = {message.name for drawing in drawings for message in drawing.messages}
    stages = {one.properties.get("stage") for drawing in drawings for one in drawing.elements}
    for code, one in profile.files.items():
        place = f"files.{code}"
        for role in (*one.roles, *one.instead, *one.alongside):
            if role not in profile.roles:
                hint = nearest(role, profile.roles)
                said = told("names %(code)s, which is no role; %(hint)s", code=role, hint=hint)
                yield error(PROFILE, place, "unknown_role", said)
        for stage in one.stages:
            if stage not in stages:
                known = nearest(stage, {str(name) for name in stages if name})
                said = told("names %(code)s, which is no phase; %(hint)s", code=stage, hint=known)
                yield error(PROFILE, place, "unknown_stage", said)
        if one.tells and one.tells not in messages:
            hint = nearest(one.tells, messages)
            said = told(
                "tells %(message)s, which no drawing waits for; %(hint)s",
                message=one.tells,
                hint=hint,
            )
            yield error(PROFILE, place, "unknown_message", said)
        if one.opened_by and HANDED_OVER not in messages:
            said = told(
                "is handed over, and no drawing starts with the message %(message)s; draw one.",
                message=HANDED_OVER,
            )
            yield error(PROFILE, place, "no_start", said)


def _desk_reaches_all(profile: Profile) -> Iterator[Finding]:
    """Require whoever looks for the cases of a request for access to take part in every file.

    Threat: a desk of one body would find the other's files; kept from them, it answers a person
    by half.
    """
    for role in profile.values.get("disclosure_desk") or []:
        missing = [one.name for one in profile.files.values() if role not in one.roles]
        if missing and role in profile.roles:
            said = told(
                "names %(role)s, who takes no part in “%(file)s” and finds nothing there; name a "
                "role of every file.",
                role=role,
                file=missing[0],
            )
            yield error(PROFILE, "values.disclosure_desk", "desk_of_one_body", said)


class Evidence:
    """What there is in a set of files that can carry something out."""

    def __init__(self, deployment: ResolvedDeployment) -> None:
        self._deployment = deployment

    @cached_property
    def known(self) -> dict[str, frozenset[str]]:
        """Return the names of each kind."""
        here, profile = self._deployment, self._deployment.profile
        drawings = {drawing.file: drawing for drawing in here.drawings.values()}.values()
        return {
            "role": frozenset(profile.roles),
            "value": frozenset(profile.values),
            "step": frozenset(one.id for drawing in drawings for one in drawing.elements)
            | frozenset(here.processes),
            "table": frozenset(here.decisions),
            "form": frozenset(self._forms()),
            "rule": frozenset(rule.id for rule in rules_of(here)),
            "text": frozenset(profile.texts),
            "list": frozenset(profile.lists) | {"disciplines"},
            "operator": frozenset(catalogue()),
            "message": frozenset(
                message.name for drawing in drawings for message in drawing.messages
            ),
            "glossary": frozenset(profile.glossary),
        }

    def _forms(self) -> Iterator[str]:
        for name, form in self._deployment.forms.items():
            yield name
            for field, rows in walk(form.components):
                yield ".".join((name, *rows, field.key))
                # Short names too: where a field stands in a list, the list need not be named.
                yield f"{name}.{field.key}"

    def missing(self, name: str) -> str | None:
        """Return why nothing of this name is there; None where it is."""
        kind, colon, rest = name.partition(":")
        if not colon or kind not in BY_KINDS:
            return told(
                "which is no kind of thing; write kind:name with %(listed)s.",
                listed=", ".join(BY_KINDS),
            )
        if kind == "page":
            return None if rest.strip() else told("a page without words; say which page.")
        if rest in self.known[kind]:
            return None
        return told(
            "and there is no %(kind)s called %(rest)s; %(nearest)s",
            kind=told(BY_WORDS[kind]),
            rest=rest,
            nearest=nearest(rest, self.known[kind]),
        )


def _sentence(problem: CasetableError) -> str:
    return without_file(message_of(problem), PROFILE)
