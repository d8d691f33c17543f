"""What people do with work items: claim, release, reassign, complete."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from mimetypes import guess_type
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine import access, audit, keyring
from engine.answer_draft import load_draft, save_draft, who_was_first
from engine.application import Application
from engine.choices import CaseDirectory
from engine.deployment import ResolvedDeployment
from engine.deputy import away
from engine.errors import CasetableError, ConflictError, NotFoundError
from engine.form import Directory, FieldError, Form, submit
from engine.form import Submission as FormAnswer
from engine.incident import TURN_FAILURES, raise_incident, resolve_incident
from engine.language import gettext
from engine.lock import lock_instance
from engine.models import (
    Account,
    Case,
    Document,
    FormSubmission,
    Job,
    ProcessInstance,
    WorkItem,
    WorkItemState,
)
from engine.operator import find
from engine.outcome import Submission
from engine.prefill import FillContext, has_prefill, initial_values
from engine.separation import check_separation
from engine.turn import Turn, take_turn


@dataclass(frozen=True)
class Completed:
    """The answer was recorded, now or (repeated) the first time it was sent."""

    item_id: UUID
    case_id: UUID
    repeated: bool
    new_items: tuple[WorkItem, ...] = ()


@dataclass(frozen=True)
class Refused:
    """The answer has errors; nothing was stored."""

    errors: tuple[FieldError, ...]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Postponed:
    """The answer is kept, but the step behind it failed and is retried; somebody owns that."""

    message: str
    incident_id: UUID


@dataclass(frozen=True)
class TaskForm:
    """What a page needs to show the form of a work item."""

    form: Form
    initial: Mapping[str, Any]
    context: Mapping[str, Any]
    directory: Directory


def open_item(session: Session, item_id: UUID, account: Account) -> WorkItem:
    """Return an open work item that the account may complete; ConflictError when it is done."""
    item = session.get(WorkItem, item_id)
    if item is None:
        raise NotFoundError(gettext("This page does not exist, or it is not for you."))
    if item.state != WorkItemState.OPEN.value:
        access.require(session, account, "work_item:read", item)
        raise ConflictError(who_was_first(session, item))
    access.require(session, account, "work_item:complete", item)
    return item


def claim(session: Session, item: WorkItem, account: Account, now: datetime) -> None:
    """Take a work item from the pool; ConflictError when somebody who is there has it."""
    case = _lock_open(session, item, account)
    access.require(session, account, "work_item:complete", item)
    holder = item.assignee_id
    if holder is not None and holder != account.id and not away(session, [holder]):
        other = session.get(Account, holder)
        who = other.display_name if other else gettext("Somebody")
        raise ConflictError(gettext("%(who)s has taken this step.", who=who))
    taker = access.taker(session, account, item)
    item.assignee_id, item.claimed_at = taker.id, now
    _audit(session, case, item, account, now, "work_item:claim", taker)


def release(session: Session, item: WorkItem, account: Account, now: datetime) -> None:
    """Give a work item back to the pool."""
    case = _lock_open(session, item, account)
    holders = {one.id: one for one in access.persons(session, account)}
    if item.assignee_id not in holders:
        raise ConflictError(gettext("You have not taken this step, so you cannot give it back."))
    holder = holders[item.assignee_id]
    item.assignee_id, item.claimed_at = None, None
    _audit(session, case, item, account, now, "work_item:release", holder)


def reassign(
    application: Application, session: Session, item: WorkItem, by: Account, to: Account
) -> None:
    """Hand a work item to somebody who may do it, who is told; the case does not stop (P36)."""
    now = application.now(session)
    case = _lock_open(session, item, by)
    access.require(session, by, "work_item:complete", item)
    if not access.may(session, to, "work_item:complete", item):
        raise ConflictError(
            gettext("%(who)s cannot do this step; choose somebody who can.", who=to.display_name)
        )
    if away(session, [to.id]):
        raise ConflictError(
            gettext("%(who)s is away; choose somebody who is there.", who=to.display_name)
        )
    absent = access.acting_for(session, by, item)
    item.assignee_id, item.claimed_at = access.taker(session, to, item).id, now
    _audit(session, case, item, by, now, "work_item:reassign", absent or by, to=str(to.id))
    # Handed back and on again, each hand-on is told: the key is one of this deed.
    owe_notice(application, session, item, "work_item_handed", now, deed=f":{uuid4()}")


def owe_notice(
    application: Application,
    session: Session,
    item: WorkItem,
    template: str,
    now: datetime,
    *,
    role: str | None = None,
    deed: str = "",
    everybody: bool = False,
) -> None:
    """Owe a mail about a work item to who owes it, and to the holders of `role` when given.

    `everybody` who could do it is told although somebody has taken it.
    """
    payload = {
        "template": template,
        "case_id": str(item.case_id),
        "work_item_id": str(item.id),
        "role": role,
        "everybody": everybody,
    }
    session.add(
        Job(
            kind="notice",
            key=f"{template}:{item.id}{deed}",
            state=application.job_state("notice"),
            payload=payload,
            instance_id=item.instance_id,
            run_after=now,
            created_at=now,
        )
    )


def _lock_open(session: Session, item: WorkItem, account: Account) -> Case:
    """Lock the item's case and read the item again; ConflictError when it is done.

    The case comes first, as in every turn: whoever locked the item first and then asked for the
    case would wait for a turn that waits for the item. The lock also keeps the chain from forking.
    """
    case = session.scalars(
        select(Case)
        .where(Case.id == item.case_id)
        .with_for_update(of=Case)
        .execution_options(populate_existing=True)
    ).one()
    session.refresh(item)
    if item.state != WorkItemState.OPEN.value:
        access.require(session, account, "work_item:read", item)
        raise ConflictError(who_was_first(session, item))
    return case


def _audit(  # noqa: PLR0917 - one entry has these parts
    session: Session,
    case: Case,
    item: WorkItem,
    account: Account,
    now: datetime,
    event: str,
    person: Account,
    **detail: Any,
) -> None:
    """Write who did what to a step; `person` is whose right was used: somebody absent, or one's."""
    told = detail | audit.acting_for(None if person.id == account.id else person)
    audit.record(session, case, at=now, actor_id=account.id, event=event, subject=item.id, **told)


def form_for(
    session: Session, application: Application, item: WorkItem, account: Account
) -> TaskForm:
    """Return the form of a work item with its initial values: draft, else what is on file."""
    instance = session.get_one(ProcessInstance, item.instance_id)
    deployment = application.deployments.get(session, instance.deployment_id)
    case = session.get_one(Case, item.case_id)
    draft = load_draft(session, item, account)
    if draft is not None:
        initial = dict(draft.values)
    else:
        initial = _on_file(session, deployment, case, item, application.now(session))
    return TaskForm(
        deployment.forms[item.form_id],
        initial,
        {**item.variables, "profile": deployment.profile.values},
        CaseDirectory(session, case),
    )


def _on_file(
    session: Session,
    deployment: ResolvedDeployment,
    case: Case,
    item: WorkItem,
    now: datetime,
) -> dict[str, Any]:
    """Return what a form begins with because it is on file already."""
    if not has_prefill(item.form_id):
        return {}
    episode = session.get_one(ProcessInstance, item.instance_id).episode
    today = now.astimezone(deployment.profile.zone).date()
    found = initial_values(
        item.form_id, FillContext(session, case, episode, item, deployment.profile, today)
    )
    # A profile may leave a question out, such as the name before the person has consented.
    asked = {field.key for field in deployment.forms[item.form_id].fields()}
    return {key: value for key, value in found.items() if key in asked}


def complete(
    application: Application,
    item_id: UUID,
    account_id: UUID,
    raw: Mapping[str, Any],
    idempotency_key: str,
) -> Completed | Refused | Postponed:
    """Validate and record the answer to a work item and let the case go on, all or nothing.

    The second answer to the same item is a ConflictError that names who was first and when; the
    same idempotency key again gives the first result (R5, R16).
    """
    values: dict[str, Any] = {}
    try:
        with application.database.transaction() as session:
            row = _lock_for(session, item_id)
            return _complete(
                application, session, row, item_id, account_id, raw, idempotency_key, values
            )
    except TURN_FAILURES as error:
        return _postpone(application, item_id, account_id, values, idempotency_key, error)


def _lock_for(session: Session, item_id: UUID) -> ProcessInstance:
    return lock_instance(session, item_id, of=WorkItem)


def _complete(  # noqa: PLR0917 - one private step of `complete`
    application: Application,
    session: Session,
    row: ProcessInstance,
    item_id: UUID,
    account_id: UUID,
    raw: Mapping[str, Any],
    key: str,
    kept: dict[str, Any],
) -> Completed | Refused:
    account, members = access.enter(session, account_id, row.case_id)
    item = session.get_one(WorkItem, item_id)
    if item.state != WorkItemState.OPEN.value:
        return _repeated(session, item, account, key)
    access.require(session, account, "work_item:complete", item, members=members)
    answer = _read_answer(application, session, row, item, raw)
    if answer.errors:
        return Refused(tuple(answer.errors), answer.values)
    kept.update(answer.values)
    outcome = take_turn(
        application,
        session,
        row,
        lambda turn: _apply(turn, item, account, answer, key),
        actor=account,
        behalf=access.acting_for(session, account, item, members),
        members=members,
    )
    if item.had_incident:
        # An earlier attempt had failed.
        resolve_incident(session, f"work_item:{item.id}", application.now(session))
    return Completed(item.id, row.case_id, repeated=False, new_items=tuple(outcome.new_items))


def _repeated(session: Session, item: WorkItem, account: Account, key: str) -> Completed:
    first = session.scalar(select(FormSubmission).where(FormSubmission.work_item_id == item.id))
    if first is not None and first.idempotency_key == _stored_key(item.id, account.id, key):
        return Completed(item.id, item.case_id, repeated=True)
    access.require(session, account, "work_item:read", item)
    raise ConflictError(who_was_first(session, item))


def _stored_key(item_id: UUID, account_id: UUID, key: str) -> str:
    """Return the key as it is stored: one person's for one item, whatever a browser has sent.

    Threat: a key that was used for another item would otherwise break the table's UNIQUE.
    """
    return hashlib.sha256(f"{item_id}:{account_id}:{key}".encode()).hexdigest()


def _read_answer(
    application: Application,
    session: Session,
    row: ProcessInstance,
    item: WorkItem,
    raw: Mapping[str, Any],
) -> FormAnswer:
    deployment = application.deployments.get(session, row.deployment_id)
    now = application.now(session)
    form = deployment.forms[item.form_id]
    fixed = form.fixed_keys()
    on_file = _on_file(session, deployment, row.case, item, now) if fixed else {}
    return submit(
        form,
        raw,
        context={**item.variables, "profile": deployment.profile.values},
        directory=CaseDirectory(session, row.case),
        # What is shown and not asked comes from the file again, whatever a browser sends for it.
        initial={key: value for key, value in on_file.items() if key in fixed},
        now=now,
        zone=deployment.profile.zone,
    )


_SUBMIT: Final = insert(FormSubmission)


def _apply(
    turn: Turn,
    item: WorkItem,
    account: Account,
    answer: FormAnswer,
    key: str,
) -> None:
    """Record the submission, let the recorder write the case file, complete the user task."""
    element = turn.deployment.element(item.process_id, item.element_id)
    check_separation(turn, item, element.properties.get("notDoneBy", ""))
    turn.element_id = item.element_id
    turn.submission = Submission(item, item.form_id, answer.values, answer.case)
    item.state = WorkItemState.COMPLETED.value
    item.completed_at, item.completed_by_id = turn.now, account.id
    item.completed_for_id = turn.behalf.id if turn.behalf else None
    _keep_files(turn, answer)
    data = dict(answer.process)
    recorder = element.properties.get("recordWith")
    if recorder:
        data |= find(recorder).run(turn, answer.values)
    _store(turn, turn.submission, account, _stored_key(item.id, account.id, key))
    milestone = element.properties.get("milestone")
    turn.audit("case:work_item:complete", item.id, element=item.element_id, milestone=milestone)
    # A deputy becomes no member: that would outlast the absence.
    person = turn.behalf or account
    if item.role not in access.IN_NO_CASE:
        turn.add_member(person, _function_of(item, person))
    turn.submission = None
    turn.running.complete(item.token, data)


def _store(turn: Turn, submission: Submission, account: Account, key: str) -> None:
    """Store the answers with the form, but for those that fewer people may read."""
    item, kept = submission.work_item, submission.kept_elsewhere
    values = {
        "id": uuid4(),
        "work_item_id": item.id,
        "case_id": item.case_id,
        "element_id": item.element_id,
        "form_id": submission.form_id,
        "values": {name: value for name, value in submission.values.items() if name not in kept},
        "by_id": account.id,
        "at": turn.now,
        "idempotency_key": key,
    }
    # Before the process goes on: an operator that erases the case has to find it.
    row = keyring.sealed_row(turn.session, FormSubmission, values)
    turn.session.connection().execute(_SUBMIT, row)


def _keep_files(turn: Turn, answer: FormAnswer) -> None:
    """Store the files that came with a form as documents of the case."""
    for field, uploads in answer.files.items():
        for upload in uploads:
            turn.session.add(
                Document(
                    **turn.statement(),
                    name=upload.name[:300],
                    media_type=guess_type(upload.name)[0] or "application/octet-stream",
                    size=len(upload.content),
                    content=upload.content,
                    details={"field": field},
                )
            )


def _function_of(item: WorkItem, account: Account) -> str:
    """Return the function in which whoever did a step becomes a member: one that he holds.

    Threat: who helped out with an overdue step would go on reading as what he is not.
    """
    return item.role if item.role in account.role_codes else item.escalate_to or item.role


def _postpone(
    application: Application,
    item_id: UUID,
    account_id: UUID,
    values: Mapping[str, Any],
    key: str,
    error: CasetableError,
) -> Postponed:
    """Keep the answer as the person's draft and raise an incident; the turn left nothing else."""
    with application.database.transaction() as session:
        now = application.now(session)
        account = session.get_one(Account, account_id)
        item = session.get_one(WorkItem, item_id)
        _lock_open(session, item, account)
        save_draft(session, item, account, values, now)
        item.had_incident = True
        incident = raise_incident(
            session,
            key=f"work_item:{item_id}",
            error=error,
            now=now,
            instance_id=item.instance_id,
            element_id=item.element_id,
            stimulus={
                "kind": "complete",
                "work_item_id": str(item_id),
                "account_id": str(account_id),
                "key": key,
                "answer": answer_digest(application.settings.state_key, values),
            },
        )
        session.flush()
        return Postponed(str(error), incident.id)


def answer_digest(key: bytes, values: Mapping[str, Any]) -> str:
    """Return a keyed hash of an answer: a retry sends what was sent, not what was typed since.

    Threat: a decision is signed once; the draft behind it could be changed without a signature.
    """
    body = json.dumps(dict(values), sort_keys=True, separators=(",", ":"), default=str)
    return hmac.digest(key, body.encode(), "sha256").hex()
