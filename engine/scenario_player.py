"""Does the steps of one scenario, as the people and at the times that it names."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine import access, agreement, cases, due, inbox, second_person, worklist
from engine.application import Application
from engine.calendar import occurrence, parse_duration
from engine.clock import TestClock
from engine.erasure import ask_in_words
from engine.errors import CasetableError, InputError, SeparationError
from engine.expression import compile_expression, to_json
from engine.language.telling import message_of, series, source, told
from engine.lifecycle import STARTS
from engine.linked_file import file_beside
from engine.models import (
    Account,
    Case,
    Episode,
    Incident,
    ProcessInstance,
    StepHistory,
    WorkItem,
    WorkItemState,
)
from engine.recheck import RULE
from engine.scenario_expectation import compare

DEFAULT_SIGNAL: dict[str, Any] = {
    "text": "A concern was reported.",
    "channel": "telephone",
    "about": {"name": "Person A", "birth_date": "1998-03-14"},
}


_OWED_STEPS: Final = (
    select(WorkItem)
    .where(
        WorkItem.case_id == bindparam("case_id"),
        WorkItem.element_id == bindparam("element_id"),
        WorkItem.state == WorkItemState.OPEN.value,
    )
    .order_by(WorkItem.created_at, WorkItem.organisation_id)
)


class Player:
    """Does the steps of one scenario, as the people and at the times that it names."""

    def __init__(self, application: Application, clock: TestClock, zone: ZoneInfo) -> None:
        self.application = application
        self.clock = clock
        self.zone = zone
        self._case_id: Any = None

    @property
    def today(self) -> date:
        """The scenario's calendar day."""
        return self.clock.now().astimezone(self.zone).date()

    @property
    def case_id(self) -> UUID | None:
        """The case of this world; None before it has begun."""
        found: UUID | None = self._case_id
        return found

    def take(self, kind: str, step: Mapping[str, Any]) -> list[str]:
        """Do one step; return what went otherwise than told."""
        if kind != "start" and self._case_id is None:
            return [told("a scenario begins with a step `start`")]
        found: list[str] = getattr(self, f"_{kind}")(step)
        if kind in {"start", "do", "message", "reopen", "erase"}:
            due.run_due(self.application)
        return found

    def has_place(self, kind: str, step: Mapping[str, Any]) -> bool:
        """Say whether a step can be tried at all: it expects nothing, and somebody owes it."""
        return kind != "expect" and (kind != "do" or bool(self._open_items(str(step["do"]))))

    def broken_rules(self) -> list[str]:
        """Return which safety rules did not hold in an episode that has ended."""
        with self.application.database.reading() as session:
            called = select(Incident.message).where(Incident.key.startswith(RULE))
            return list(session.scalars(called))

    def gone_over(self) -> tuple[str, ...]:
        """Return `process element` of all that the case went over or stands on."""
        with self.application.database.reading() as session:
            done = session.execute(
                select(StepHistory.process_id, StepHistory.element_id)
                .where(StepHistory.state == "completed")
                .distinct()
            ).all()
            active = session.scalars(select(ProcessInstance.active)).all()
        found = {f"{process} {element}" for process, element in done}
        found |= {f"{name} {one}" for row in active for name, ids in row.items() for one in ids}
        return tuple(sorted(found))

    # -- steps -------------------------------------------------------------------------------

    def _start(self, step: Mapping[str, Any]) -> list[str]:
        kinds = {message: kind for kind, message in STARTS.items()}
        if step["start"] not in kinds:
            return [
                told(
                    "there is no start %(start)s; use one of %(kinds)s",
                    start=repr(step["start"]),
                    kinds=", ".join(kinds),
                )
            ]
        signal = DEFAULT_SIGNAL | dict(step.get("signal", {}))
        report = cases.Report(
            text=str(signal["text"]),
            channel=str(signal["channel"]),
            about=dict(signal["about"]),
            reporter=dict(signal.get("reporter", {})),
            urgent=bool(signal.get("urgent", False)),
        )
        receipt = cases.report_concern(self.application, report, kind=kinds[step["start"]])
        self._case_id = receipt.case_id
        return []

    def _do(self, step: Mapping[str, Any]) -> list[str]:
        items = self._open_items(str(step["do"]), step.get("for_"))
        if not items:
            return [
                told(
                    "nobody owes this now; owed: %(owed)s",
                    owed=", ".join(self._owed()) or told("nothing"),
                )
            ]
        wanted = items if step.get("each") else items[:1]
        problems: list[str] = []
        for item in wanted:
            problems += self._answer(item, step)
        return problems

    def _answer(self, item: WorkItem, step: Mapping[str, Any]) -> list[str]:
        problem: str = told("nobody may do this step")
        people, filled = self._prepare(item, step.get("as"))
        for account in people:
            try:
                return self._complete(item, account, filled, step)
            except SeparationError as error:
                problem = message_of(error)
        return [problem]

    def _complete(
        self,
        item: WorkItem,
        account: Account,
        filled: Mapping[str, Any],
        step: Mapping[str, Any],
    ) -> list[str]:
        worked_out = {key: self._told(value) for key, value in step.get("answers", {}).items()}
        answers = {**filled, **worked_out}
        result = worklist.complete(
            self.application, item.id, account.id, answers, f"scenario-{uuid4()}"
        )
        if isinstance(result, worklist.Refused):
            return [f"{error.label or error.path}: {error.message}" for error in result.errors]
        if isinstance(result, worklist.Postponed):
            return [told("the step behind it failed: %(problem)s", problem=result.message)]
        return []

    def _told(self, value: Any) -> Any:
        """Return an answer; a text such as `=today() + duration("P14D")` is worked out."""
        if isinstance(value, dict):
            return {key: self._told(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._told(inner) for inner in value]
        if not (isinstance(value, str) and value.startswith("=")):
            return value
        expression = compile_expression(value[1:].strip())
        return to_json(expression.evaluate({}, now=self.clock.now(), zone=self.zone))

    def _after(self, step: Mapping[str, Any]) -> list[str]:
        duration = parse_duration(str(step["after"]))
        target = occurrence(self.clock.now(), duration, 1, self.zone)
        due.advance(self.application, self.clock, target)
        return []

    def _message(self, step: Mapping[str, Any]) -> list[str]:
        inbox.post_event(
            self.application,
            self._case_id,
            self._member(step.get("as")).id,
            str(step["message"]),
            str(step.get("text", "Something happened.")),
            key=f"scenario-{uuid4()}",
            payload=dict(step.get("payload", {})),
        )
        return []

    def _reopen(self, step: Mapping[str, Any]) -> list[str]:
        who = str(step.get("as", "process.daan"))
        cases.request_reopening(self.application, self._case_id, self._account(who).id)
        return []

    def _erase(self, step: Mapping[str, Any]) -> list[str]:
        """Ask that the file be erased before its time, on a ground of the profile."""
        with self.application.database.reading() as session:
            code = session.get_one(Case, self._case_id).code
        ask_in_words(self.application, code, self._account(str(step["as"])).id, step)
        return []

    def _file(self, step: Mapping[str, Any]) -> list[str]:
        """Go on in another file of the same person, as its own people do."""
        with self.application.database.reading() as session:
            found = file_beside(session, self._case_id, str(step["file"]))
        if found is None:
            return [told("there is no file %(file)s", file=repr(step["file"]))]
        self._case_id = found
        return []

    def _opinion(self, step: Mapping[str, Any]) -> list[str]:
        from engine.opinion import change_opinion

        change_opinion(
            self.application,
            self._case_id,
            self._account(str(step["as"])).id,
            choice=str(step["opinion"]),
            reasons=str(step.get("reasons", "")),
        )
        return []

    def _agree(self, step: Mapping[str, Any]) -> list[str]:
        """Let the named person agree that others read everything of an organisation."""
        account = self._account(str(step["as"]))
        with self.application.database.reading() as session:
            rows = second_person.waiting(session, account)
            mine = [row.id for row in rows if row.organisation.code == step["agree"]]
        for row_id in mine:
            agreement.agree(self.application, row_id, account.id, str(step.get("reasons", "")))
        return [] if mine else [told("nothing waits for this person to agree")]

    def _refused(self, step: Mapping[str, Any]) -> list[str]:
        """Expect that a step cannot be done, by anybody or by the named person."""
        try:
            agrees = step["refused"] == "agree"
            asked = {**step, "do": step["refused"], "agree": step.get("for_")}
            problems = self._agree(asked) if agrees else self._do(asked)
        except CasetableError as error:
            problems = [message_of(error)]
        if not problems:
            return [told("it was possible, but should have been refused")]
        wanted = str(step.get("says", ""))
        if wanted and not any(wanted.lower() in source(text).lower() for text in problems):
            return [
                told(
                    "it was refused with other words: %(problems)s",
                    problems=series(problems, "; "),
                )
            ]
        return []

    def _expect(self, step: Mapping[str, Any]) -> list[str]:
        with self.application.database.reading() as session:
            return compare(session, self._case_id, self.zone, step["expect"])

    # -- who and what --------------------------------------------------------------------------

    def _open_items(self, element_id: str, organisation: object = None) -> list[WorkItem]:
        with self.application.database.reading() as session:
            wanted = {"case_id": self._case_id, "element_id": element_id}
            items = session.scalars(_OWED_STEPS, wanted).unique()
            return [
                item
                for item in items
                if organisation is None
                or (item.organisation and item.organisation.code == organisation)
            ]

    def _owed(self) -> list[str]:
        with self.application.database.reading() as session:
            return sorted(
                session.scalars(
                    select(WorkItem.element_id).where(
                        WorkItem.case_id == self._case_id,
                        WorkItem.state == WorkItemState.OPEN.value,
                    )
                )
            )

    def _prepare(
        self, item: WorkItem, username: object = None
    ) -> tuple[list[Account], Mapping[str, Any]]:
        """Return who may do the step, and with what the form of the first of them opens."""
        with self.application.database.reading() as session:
            if username:
                people = [_find_account(session, str(username))]
            else:
                people = access.able_accounts(session, item)
            if not people:
                return [], {}
            opened = worklist.form_for(session, self.application, item, people[0])
            return people, opened.initial

    def _account(self, username: str) -> Account:
        with self.application.database.reading() as session:
            return _find_account(session, username)

    def _member(self, username: object) -> Account:
        """Return the named person, or somebody who may report events of the case."""
        if username:
            return self._account(str(username))
        with self.application.database.reading() as session:
            case = session.get_one(Case, self._case_id)
            accounts = session.scalars(select(Account).order_by(Account.username)).unique()
            for account in accounts:
                if access.may(session, account, "case:event", case):
                    return account
        raise InputError(told("Nobody may report an event of this case."))

    def episode(self, session: Session) -> Episode:
        """Return the newest episode of the case."""
        return (
            session.scalars(
                select(Episode)
                .where(Episode.case_id == self._case_id)
                .order_by(Episode.number.desc())
            ).first()
            or _missing()
        )


def _missing() -> Episode:
    raise InputError(told("The case has no episode."))


def _find_account(session: Session, username: str) -> Account:
    account = session.scalar(select(Account).where(Account.username == username))
    if account is None:
        raise InputError(told("There is no demo person %(username)s.", username=repr(username)))
    return account
