"""The safety rules as data: what must hold on every path, in words and in a small formal form.

A rule names moments of a case by what the drawing says of them (milestone, role, form, operator,
message), never by where they stand, so that a redrawn diagram is held to the same rule.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Final

from engine.errors import ExpressionError, InputError
from engine.expression import Expression, compile_expression
from engine.inheritance import RULES
from engine.language.telling import located, message_of, told

KINDS: Final = ("before", "never", "apart", "owned", "sound", "awaits", "asks")
ALONG: Final = ("before", "never")
"""Kinds of checks that speak of what happens one after the other."""
AWAITS: Final = "awaits"


@dataclass(frozen=True)
class Moment:
    """What a step has to say of itself to be meant; empty entries mean any."""

    milestone: str = ""
    role: str = ""
    form: str = ""
    operator: str = ""
    decision: str = ""
    message: str = ""
    """An event that waits for this message: a start, or one on a border."""
    collection: str = ""
    """A step repeated for each entry of this collection."""
    deadline_of: str = ""
    """A timer on the border of a step with this form."""
    ends: str = ""
    """The end of the whole process of this name, whichever end event comes last; only for `at`."""
    when: Expression | None = None
    """What has to hold of the variables after the step."""


@dataclass(frozen=True)
class Check:
    """One formal part of a rule."""

    kind: str
    process: str = "case_management"
    at: tuple[Moment, ...] = ()
    """The moment that the rule is about; one of these."""
    needs: tuple[tuple[Moment, ...], ...] = ()
    """What must have happened before: one moment of each group."""
    since: tuple[Moment, ...] = ()
    """What makes earlier moments count no longer: a new round, a changed plan."""
    after: tuple[Moment, ...] = ()
    """The rule holds only once one of these has happened."""
    until: tuple[Moment, ...] = ()
    """The rule holds no longer once one of these has happened."""
    unless: tuple[Moment, ...] = ()
    """The rule does not ask anything of a path on which one of these has happened."""
    asked: tuple[Moment, ...] = ()
    """Steps whose doer may not decide at `at`."""
    message: str = ""
    form: str = ""
    """The form of `asks`."""
    questions: tuple[str, ...] = ()
    """Questions that the form has, by their keys."""
    required: tuple[str, ...] = ()
    """Questions that the form has and that nobody may leave empty where they are shown."""
    answers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Questions with the answers that can be chosen at least."""
    only_if: Expression | None = None
    """What has to hold of the profile for the rule to ask anything."""


@dataclass(frozen=True)
class Rule:
    """One rule: a sentence for people, its sources, and how it is checked."""

    id: str
    sentence: str
    sources: tuple[str, ...]
    checks: tuple[Check, ...]
    weakened: str = ""
    """The law with which a profile weakens the rule; empty where it holds in full."""


def moments(rule: Rule) -> Iterator[Moment]:
    """Yield every moment that a rule names, in the order of its entries."""
    for check in rule.checks:
        yield from check.at
        for group in check.needs:
            yield from group
        for entry in (check.since, check.after, check.until, check.unless, check.asked):
            yield from entry


@lru_cache(maxsize=64)
def read_rules(content: bytes, *, file: str = RULES, weakens: bool = False) -> tuple[Rule, ...]:
    """Read the rules; raise InputError naming the rule and entry to mend.

    A file that `weakens` is a profile's: a rule that names the law need not say more. All profiles
    share the rules of the base, so a file is read once.
    """
    try:
        data = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            told("%(file)s: this is not TOML: %(error)s.", file=file, error=message_of(error))
        ) from error
    unknown = sorted(data.keys() - {"rule"})
    if unknown:
        raise InputError(
            told(
                "%(file)s: %(entry)s is not known here; rules begin with [[rule]].",
                file=file,
                entry=unknown[0],
            )
        )
    rules = tuple(_rule(entry, file, weakens=weakens) for entry in data.get("rule", []))
    ids = [rule.id for rule in rules]
    twice = next((one for one in ids if ids.count(one) > 1), None)
    if twice:
        raise InputError(
            told(
                "%(file)s: there are two rules %(rule)s; give each an id of its own.",
                file=file,
                rule=twice,
            )
        )
    return rules


def _rule(entry: Mapping[str, Any], file: str, *, weakens: bool) -> Rule:
    name = str(entry.get("id", ""))
    where = told("%(file)s: rule %(rule)s", file=file, rule=name or "?")
    unknown = sorted(entry.keys() - {"id", "sentence", "sources", "check", "weakened"})
    if unknown:
        raise InputError(
            told("%(where)s: %(entry)s is not an entry of a rule.", where=where, entry=unknown[0])
        )
    weakened = " ".join(str(entry.get("weakened", "")).split())
    if weakened and not weakens:
        raise InputError(
            told("%(where)s: only a profile weakens a rule, in its own file.", where=where)
        )
    for needed in ("id",) if weakened else ("id", "sentence", "sources", "check"):
        if not entry.get(needed):
            raise InputError(
                told("%(where)s: has no %(entry)s; every rule says it.", where=where, entry=needed)
            )
    return Rule(
        name,
        " ".join(str(entry.get("sentence", "")).split()),
        tuple(entry.get("sources", ())),
        tuple(_check(one, where) for one in entry.get("check", ())),
        weakened,
    )


def _check(entry: Mapping[str, Any], where: str) -> Check:
    known = {one.name for one in fields(Check)}
    unknown = sorted(entry.keys() - known)
    if unknown:
        raise InputError(
            told(
                "%(where)s: %(entry)s is not an entry of a check.",
                where=where,
                entry=unknown[0],
            )
        )
    if entry.get("kind") not in KINDS:
        raise InputError(
            told("%(where)s: kind is one of %(items)s.", where=where, items=", ".join(KINDS))
        )
    given: dict[str, Any] = {"kind": entry["kind"]}
    for name in ("process", "message", "form"):
        if name in entry:
            given[name] = str(entry[name])
    for name in ("questions", "required"):
        given[name] = tuple(str(one) for one in _listed(entry.get(name, ())))
    answers = entry.get("answers", {})
    if not isinstance(answers, Mapping):
        raise InputError(
            told("%(where)s: `answers` is a table of questions with lists of answers.", where=where)
        )
    given["answers"] = tuple(
        (name, tuple(str(one) for one in _listed(values))) for name, values in answers.items()
    )
    if "only_if" in entry:
        given["only_if"] = _condition(entry["only_if"], where)
    for name in ("at", "since", "after", "until", "unless", "asked"):
        given[name] = _moments(entry.get(name, ()), where)
    given["needs"] = tuple(_moments(group, where) for group in _listed(entry.get("needs", ())))
    check = Check(**given)
    _complete(check, where)
    _ends(check, where)
    return check


def _complete(check: Check, where: str) -> None:
    """Refuse a check that leaves out what its kind looks at."""
    if check.kind in {"before", "never", "apart"} and not check.at:
        raise InputError(
            told(
                "%(where)s: a check of kind %(kind)s says which moment it is `at`.",
                where=where,
                kind=check.kind,
            )
        )
    if check.kind == "before" and not check.needs:
        raise InputError(
            told("%(where)s: a check of kind before says what it `needs`.", where=where)
        )
    asked = check.questions or check.required or check.answers
    if check.kind == "asks" and not (check.form and asked):
        raise InputError(
            told(
                "%(where)s: a check of kind asks names a `form` and its `questions`, those that "
                "are `required`, or their `answers`.",
                where=where,
            )
        )


def _ends(check: Check, where: str) -> None:
    for name in ("at", "needs", "since", "after", "until", "unless", "asked"):
        groups = check.needs if name == "needs" else (getattr(check, name),)
        for moment in (moment for group in groups for moment in group):
            if moment.ends and (name != "at" or check.kind not in {"before", "never"}):
                raise InputError(
                    told(
                        "%(where)s: `ends` stands in the `at` of a check of kind before or never.",
                        where=where,
                    )
                )
            if moment.ends and moment.ends != check.process:
                raise InputError(
                    told(
                        "%(where)s: `ends` names %(ends)s; a check looks at the end of its own "
                        "process, here %(process)s.",
                        where=where,
                        ends=moment.ends,
                        process=check.process,
                    )
                )


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found] if found else []


def _moments(found: Any, where: str) -> tuple[Moment, ...]:
    return tuple(_moment(one, where) for one in _listed(found))


def _moment(entry: Any, where: str) -> Moment:
    known = {one.name for one in fields(Moment)}
    if not isinstance(entry, Mapping) or not entry or entry.keys() - known:
        raise InputError(
            told(
                "%(where)s: a moment is a table with some of %(items)s.",
                where=where,
                items=", ".join(sorted(known)),
            )
        )
    given = {name: str(value) for name, value in entry.items() if name != "when"}
    when = _condition(entry["when"], where) if "when" in entry else None
    if when is None and not given:
        raise InputError(
            told("%(where)s: a moment names a step, not only a condition.", where=where)
        )
    return Moment(**given, when=when)


def _condition(source: Any, where: str) -> Expression:
    try:
        return compile_expression(str(source))
    except ExpressionError as error:
        raise InputError(located(where, message_of(error))) from error
