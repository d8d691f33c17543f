"""S19: whatever one human does with all accounts and stand-ins, two persons stay two persons.

Each search goes through all sequences of acts on the real engine. The same search with the
accounts given to different humans has to reach the effect: else it would show nothing. Small
here, up to six acts with `CASETABLE_TORTURE=yes`.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from engine import (
    absence,
    administration,
    agreement,
    emergency,
    emergency_review,
    erasure,
    invitation,
    printing,
    recusal,
    second_person,
    sharing,
    worklist,
)
from engine.errors import InputError
from engine.models import Absence, CaseStanding, EmergencyAccess, FilePrinting, SharingRequest
from engine.scenario import read_scenario, read_steps
from engine.settings import ROOT
from tests.torture.house import HUMAN, Act, House, search

MOST = 6 if os.environ.get("CASETABLE_TORTURE") == "yes" else 3
WORDS = "Because it is needed now, as was discussed on the telephone with the desk."
Prepare = Callable[[House], object]


def each(verb: str, deed: Callable[[House, str], object], who: Sequence[str] = HUMAN) -> list[Act]:
    return [Act(f"{name} {verb}", lambda house, name=name: deed(house, name)) for name in who]


# -- letting others read everything ------------------------------------------------------------


def _change(level: str, *, table: bool) -> Callable[[House, str], object]:
    def do(house: House, name: str) -> object:
        change = sharing.Change(None if table else house.other_id, level, "", "Covenant")
        return sharing.change_sharing(
            house.application, house.contribution_id, house.id[name], change
        )

    return do


def _request(house: House) -> Any:
    return house.one(select(SharingRequest.id).where(SharingRequest.outcome.is_(None)))


def _agree(house: House, name: str) -> object:
    return agreement.agree(house.application, _request(house), house.id[name])


def _refuse(house: House, name: str) -> object:
    return agreement.refuse(house.application, _request(house), house.id[name], "No.")


def _withdraw(house: House, name: str) -> object:
    return agreement.withdraw(house.application, _request(house), house.id[name])


SHARING = [
    *each("asks that all read everything", _change("full", table=True)),
    *each("asks that one reads everything", _change("full", table=False), HUMAN[:2]),
    *each("lets all read nothing", _change("nothing", table=True), HUMAN[:2]),
    *each("agrees", _agree),
    *each("refuses", _refuse, HUMAN[:2]),
    *each("takes it back", _withdraw, HUMAN[:2]),
]

# -- being away, stepping out, coming back --------------------------------------------------------


def _away(absent: str, deputy: str) -> Act:
    return Act(f"{absent} is away for {deputy}", lambda house: house.away(absent, deputy))


def _back(house: House, name: str) -> object:
    found = select(Absence.id).where(
        Absence.account_id == house.id[name], Absence.ended_at.is_(None)
    )
    return absence.end(house.application, house.one(found), house.id[name])


AWAY = [
    *(_away(one, other) for one, other in permutations(HUMAN[:2], 2)),
    _away("one.c", "one.a"),
    *each("is back", _back, HUMAN[:3]),
]


def _step_out(house: House, name: str) -> object:
    return recusal.recuse(house.application, house.case_id, house.id[name], "friend", "")


def _recused(house: House) -> Any:
    return house.one(
        select(CaseStanding.id).where(CaseStanding.state == "recused", CaseStanding.until.is_(None))
    )


def _ask_return(house: House, name: str) -> object:
    return recusal.ask_return(house.application, _recused(house), house.case_id, house.id[name])


def _allow_return(house: House, name: str) -> object:
    return recusal.allow_return(house.application, _recused(house), house.case_id, house.id[name])


def _invite(whom: str) -> Callable[[House, str], object]:
    def do(house: House, name: str) -> object:
        wanted = invitation.Invitation(house.id[whom], "partner", "Covenant")
        return invitation.invite(house.application, house.case_id, house.id[name], wanted)

    return do


def _accept(house: House, name: str) -> object:
    found = select(CaseStanding.id).where(
        CaseStanding.account_id == house.id[name],
        CaseStanding.state == "invited",
        CaseStanding.until.is_(None),
    )
    return invitation.accept(house.application, house.one(found), house.id[name], neutral=True)


RETURN = [
    *each("steps out", _step_out, HUMAN[:3]),
    *each("asks for the return", _ask_return, HUMAN[:3]),
    *each("allows the return", _allow_return, HUMAN[:3]),
    *each("invites the first", _invite("one.a"), HUMAN[:3]),
    *each("accepts", _accept, HUMAN[:3]),
]


def _lead_beside(house: House) -> None:
    """The third account leads the case too, and the first has stepped out of it."""
    house.take_part("one.c", "process_coordinator")
    _step_out(house, "one.a")


def _another_out(house: House) -> None:
    """A colleague has stepped out; the human leads the case in two functions."""
    _step_out(house, "away.l")


# -- emergencies ----------------------------------------------------------------------------------


def _open(house: House, name: str) -> object:
    wanted = emergency.Request(house.code, "violence", WORDS)
    answer = emergency.open_case(house.application, house.id[name], wanted)
    if answer.access_id is None:
        raise InputError("Nothing was opened.")
    return answer


def _review(house: House, name: str) -> object:
    found = house.one(select(EmergencyAccess.id))
    finding = emergency_review.Finding("justified", WORDS)
    return emergency_review.review(house.application, found, house.id[name], finding)


REVIEW = [*each("opens the case", _open), *each("reviews", _review)]


def _opened_by_another(house: House) -> None:
    _open(house, "care.karin")


# -- printing a whole file ------------------------------------------------------------------------


def _ask_to_print(house: House, name: str) -> object:
    return printing.ask(house.application, house.case_id, house.id[name], WORDS)


def _printing(house: House) -> Any:
    return house.one(select(FilePrinting.id).where(FilePrinting.printed_at.is_(None)))


def _agree_to_print(house: House, name: str) -> object:
    return printing.agree(house.application, _printing(house), house.id[name])


def _withdraw_printing(house: House, name: str) -> object:
    return printing.withdraw(house.application, _printing(house), house.id[name])


def _print(house: House, name: str) -> object:
    return printing.take(house.application, house.case_id, _printing(house), house.id[name])


PRINTING = [
    *each("asks to print", _ask_to_print),
    *each("agrees to the printing", _agree_to_print),
    *each("takes the printing back", _withdraw_printing, HUMAN[:2]),
    *each("prints", _print),
]

# -- erasing a file -------------------------------------------------------------------------------


def _ask_erasure(house: House, name: str) -> object:
    wanted = erasure.Request(house.code, "wrong_person", "Art. 17", WORDS)
    return erasure.ask(house.application, house.id[name], wanted)


_REVIEW = {"retention_decision": "erase", "reasons": WORDS, "neutral_words": WORDS}


def _review_file(house: House, name: str) -> object:
    return _give(house, name, "review_retention", _REVIEW)


def _agree_erasure(house: House, name: str) -> object:
    return _give(house, name, "agree_erasure", {"erasure_agreement": "agree"})


def _hand_back(house: House, name: str) -> object:
    given = {"erasure_agreement": "back", "refusal_reason": WORDS}
    return _give(house, name, "agree_erasure", given)


ERASING = [
    *each("asks for the erasure", _ask_erasure),
    *each("reviews the file", _review_file),
    *each("agrees to the erasure", _agree_erasure),
    *each("hands it back", _hand_back, HUMAN[2:]),
]


def _case_is_over(house: House) -> None:
    """Another authority has the case; all accounts and stand-ins review, and one is the officer."""
    for step in read_scenario(ROOT / "processes/scenarios/intake_transfer.toml").steps:
        if "do" in step:
            assert house.world.take("do", step) == []
    now = house.world.clock.now()
    with house.application.database.transaction() as session:
        for name in (*HUMAN[:3], "away.k", "away.l"):
            roles = frozenset({"desk_head", "chair", "partner"})
            administration.change_roles(session, name, roles, "head.greta", "head.hanna", now)


# -- accounts -------------------------------------------------------------------------------------


def _together(do: Callable[..., object], *told: Any) -> list[Act]:
    def act(by: str, second: str, whom: str) -> Act:
        def deed(house: House) -> object:
            now = house.world.clock.now()
            with house.application.database.transaction() as session:
                return do(session, whom, *told, by, second, now)

        return Act(f"{by} and {second}: {do.__name__} {whom}", deed)

    return [
        act(by, second, whom)
        for by, second in permutations(HUMAN, 2)
        for whom in ("police.peter", *HUMAN[:2])
    ]


ACCOUNTS = [
    *_together(administration.change_roles, frozenset({"desk_head"})),
    *_together(administration.link_provider, ("https://provider.example", "a-number")),
    *_together(administration.declare_person, None),
]

# -- the first steps of a case --------------------------------------------------------------------


def _answers(element: str) -> dict[str, Any]:
    steps = [
        step
        for name in ("signal_to_route", "intake_to_multi_agency")
        for step in read_steps(ROOT / f"processes/scenarios/fragments/{name}.toml")
    ]
    return next(dict(step["answers"]) for step in steps if step.get("do") == element)


def _complete(element: str) -> Callable[[House, str], object]:
    return lambda house, name: _give(house, name, element, _answers(element))


def _give(house: House, name: str, element: str, answers: dict[str, Any]) -> object:
    with house.application.database.reading() as session:
        item = session.get_one(worklist.WorkItem, house.item(element))
        account = session.get_one(worklist.Account, house.id[name])
        filled = worklist.form_for(session, house.application, item, account).initial
    given = {**filled, **answers}
    result = worklist.complete(
        house.application, item.id, house.id[name], given, f"search-{uuid4()}"
    )
    if isinstance(result, worklist.Refused):
        raise InputError("The form was refused.")
    return result


FIRST = ("check_source", "assess_signal", "decide_route")
STEPS = [
    Act(f"{name} does {element}", lambda house, n=name, e=element: _complete(e)(house, n))
    for element, name in product(FIRST, HUMAN[:3])
]


def _at_the_desk(house: House) -> None:
    """All accounts of the human, and the absent colleagues, may do the first steps."""
    now = house.world.clock.now()
    roles = frozenset({"intake_desk", "chair", "partner"})
    with house.application.database.transaction() as session:
        for name in (*HUMAN[:3], "away.k", "away.l"):
            people = ("head.greta", "head.hanna")
            administration.change_roles(session, name, roles, *people, now)


# -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Aim:
    """An effect that takes two persons, and what the human tries to reach it."""

    acts: Sequence[Act]
    effect: str
    prepare: Prepare = lambda _: None
    least: int = 2


EVERYTHING = (
    "SELECT 1 FROM contribution_share WHERE level = 'full' "
    "UNION ALL SELECT 1 FROM contribution WHERE level = 'full'"
)
AIMS = {
    "others read everything": Aim([*SHARING, *AWAY], EVERYTHING),
    "a recused person comes back": Aim(
        [*RETURN, *AWAY], "SELECT 1 FROM case_standing WHERE ended_as = 'returned'", _lead_beside
    ),
    "another recused person comes back": Aim(
        [*RETURN, *AWAY], "SELECT 1 FROM case_standing WHERE ended_as = 'returned'", _another_out
    ),
    "an own emergency is reviewed": Aim(
        REVIEW,
        "SELECT 1 FROM emergency_review WHERE opener_id IN "
        "(SELECT id FROM account WHERE username LIKE 'one.%')",
        least=2,
    ),
    "one human writes both reviews": Aim(
        REVIEW,
        "SELECT 1 FROM emergency_review GROUP BY access_id HAVING count(*) > 1",
        _opened_by_another,
    ),
    "a whole file is printed": Aim(
        [*PRINTING, *AWAY],
        "SELECT 1 FROM file_printing WHERE printed_at IS NOT NULL",
        least=3,
    ),
    "a file is erased": Aim(
        [*ERASING, *AWAY],
        "SELECT 1 FROM casework_case WHERE state = 'erased'",
        _case_is_over,
        least=3,
    ),
    "roles, links and humans change": Aim(
        ACCOUNTS,
        "SELECT 1 FROM audit_entry WHERE event IN ('account:role:change', "
        "'account:provider:link', 'account:person:declare')",
        least=1,
    ),
    "a case gets its route": Aim(
        STEPS, "SELECT 1 FROM decision WHERE kind = 'route'", _at_the_desk, least=3
    ),
}


@pytest.mark.parametrize("aim", AIMS)
def test_one_human_reaches_nothing_that_takes_two(aim: str) -> None:
    found = _searched(AIMS[aim], humans=1)
    assert found.reached is None, found.reached
    assert found.acts >= len(AIMS[aim].acts)
    print(f"{aim}: {found.acts} acts tried, {found.done} done, {found.states} states")  # noqa: T201


@pytest.mark.parametrize("aim", AIMS)
def test_search_reaches_it_with_two_humans(aim: str) -> None:
    found = _searched(AIMS[aim], humans=2, most=3)
    assert found.reached is not None
    assert len(found.reached) == AIMS[aim].least


def _searched(aim: Aim, *, humans: int, most: int = MOST) -> Any:
    house = House(humans=humans)
    aim.prepare(house)
    return search(house, aim.acts, aim.effect, most)


def test_absent_colleague_of_the_asker_is_not_reached_by_a_second_account() -> None:
    house = House(humans=1)
    _change("full", table=True)(house, "one.a")
    with house.application.database.reading() as session:
        row = session.get_one(SharingRequest, _request(house))
        able = {one.username for one in second_person.able(session, row)}
    assert not able & set(HUMAN)
    assert {"police.peter", "lead.petra"} & able == {"lead.petra"}
