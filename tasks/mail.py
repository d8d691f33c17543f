"""Mails: an opaque case code and a step, never content (R17). Sent after the commit, with a key."""

import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, account_notice
from engine.application import Application
from engine.deputy import deputies_of
from engine.errors import OperatorError
from engine.job import Handler, register
from engine.language import SOURCE, best_of, gettext, mark, speaking
from engine.models import (
    Account,
    AccountRole,
    Case,
    CaseMember,
    Job,
    Notice,
    WorkItem,
    WorkItemState,
)
from tasks.relay import open_relay

SUBJECTS = mark(
    {
        "deputy_named": "You deputise for a colleague",
        "absence_entered": "An absence was entered for you",
        "queue_short": "Too few people for a queue",
        "work_item_new": "A step waits for you",
        "work_item_handed": "A step was handed to you",
        "work_item_moved": "A step that you had taken is now for others",
        "work_item_reminder": "A step is due soon",
        "work_item_overdue": "A step is overdue",
        "invitation": "You are invited to a case",
        "supervision": "Time to talk about your own part",
        "case_news": "There is news",
        "case_reopened": "A case you worked on is open again",
        "urgent_danger": "Urgent: look at the case now",
        "emergency_opened": "Somebody opened a case in an emergency",
        "identity_hit": "Somebody asked for a person you work with",
        "answer_missing": "An answer is still missing",
        "sharing_raised": "A partner shares more",
        "agreement_asked": "A colleague asks for your agreement",
        "agreement_given": "A colleague has agreed",
        "agreement_refused": "A colleague has not agreed",
        "agreement_without_person": "A partner has nobody who may agree: a second person is needed",
        "printing_asked": "Somebody asks to print a whole file",
        "printing_agreed": "You may print a file once",
        "printing_refused": "The printing of a file was refused",
        "erasure_answered": "The erasure that you asked for was decided on",
        "membership_invitation": "You are asked to take part in a case",
        "invitation_declined": "Somebody cannot take part",
        "member_left": "Somebody does not take part any more",
        "step_without_person": "A step has nobody: name somebody",
        "handover_proposed": "A part in a case is being handed on",
        "handover_accepted": "A part in a case was handed on",
        "reader_report": "The weekly report on who opened how much is there",
        "membership_due": "Confirm who still takes part",
        "membership_overdue": "A part in a case is not confirmed",
        "membership_suspended": "A part in a case is suspended",
        "return_asked": "Decide whether somebody may come back",
        "conference_planned": "A case conference is planned",
        "plan_published": "A plan is published",
        "release_asked": "Decide what goes out to somebody who asks for his or her data",
        "report_answered": "A reporter has answered",
        "many_reports": "Many reports are coming in by the public page",
        "reports_refused": "Reports were turned away: more came in than anybody can read",
        "publication_asked": "A process owner asks for your agreement to publish",
        "publication_agreed": "A process owner has agreed to publish",
        "publication_refused": "A process owner has not agreed to publish",
    }
)
"""The subject by template; an unknown template is a plain notice."""


@dataclass(frozen=True)
class Letter:
    """One mail that is owed, ready to be sent without a database."""

    notice_id: UUID
    message_id: str
    to: str
    subject: str
    text: str
    date: str


def recipients(session: Session, job: Job) -> list[Account]:
    """Return whom a notice is for: the person named, else who can do the work item.

    What goes to somebody who is away goes to the deputy as well (P36).
    """
    found = {account.id: account for account in _meant(session, job)}
    if job.payload.get("alone"):
        return list(found.values())
    for _, deputy in deputies_of(session, found):
        if _may_know(session, deputy, job.payload):
            found.setdefault(deputy.id, deputy)
    return list(found.values())


def _may_know(session: Session, deputy: Account, payload: dict[str, Any]) -> bool:
    """Say whether what a notice tells is the deputy's too: who cannot do a step is not asked to."""
    if payload.get("work_item_id"):
        item = session.get(WorkItem, UUID(payload["work_item_id"]))
        return item is not None and access.may(session, deputy, "work_item:complete", item)
    if payload.get("case_id"):
        case = session.get(Case, UUID(payload["case_id"]))
        return case is not None and access.may(session, deputy, "case:read", case)
    return True


def _meant(session: Session, job: Job) -> list[Account]:
    payload = job.payload
    if payload.get("account_id"):
        account = session.get(Account, UUID(payload["account_id"]))
        return [account] if account and account.disabled_at is None else []
    found: list[Account] = []
    if payload.get("work_item_id"):
        item = session.get(WorkItem, UUID(payload["work_item_id"]))
        if item is not None and item.state == WorkItemState.OPEN.value:
            found = _who_owes(session, item, everybody=bool(payload.get("everybody")))
            # Of an overdue step a second person is told: whoever has the role in this case.
            if payload.get("role"):
                barred = access.members_of(session, item.case_id).barred
                others = _members(session, payload) or _holders(session, payload["role"])
                found += [account for account in others if account.id not in barred]
    elif payload.get("case_id"):
        found = _members(session, payload)
    elif payload.get("role"):
        found = _holders(session, payload["role"])
    return found


def _who_owes(session: Session, item: WorkItem, *, everybody: bool) -> list[Account]:
    """Return who has taken a step, else who can do it; everybody who can when so asked."""
    able = access.able_accounts(session, item)
    if everybody:
        return able
    return [account for account in able if item.assignee_id in {None, account.id}]


def _members(session: Session, payload: dict[str, str | None]) -> list[Account]:
    """Return the members of the case with the role or organisation that the notice names."""
    query = (
        select(Account)
        .join(CaseMember, CaseMember.account_id == Account.id)
        .where(
            CaseMember.case_id == UUID(payload["case_id"]),
            CaseMember.until.is_(None),
            Account.disabled_at.is_(None),
        )
    )
    if payload.get("role"):
        query = query.where(CaseMember.function == payload["role"])
    if payload.get("organisation_id"):
        query = query.where(Account.organisation_id == UUID(payload["organisation_id"] or ""))
    return list(session.scalars(query).unique())


def _holders(session: Session, role: str) -> list[Account]:
    return list(
        session.scalars(
            select(Account)
            .join(AccountRole, AccountRole.account_id == Account.id)
            .where(AccountRole.role == role, Account.disabled_at.is_(None))
        ).unique()
    )


def _prepare(application: Application, session: Session, job: Job) -> list[Letter]:
    """Write a Notice row for each recipient, once, and return those not yet sent."""
    letters = []
    case = session.get(Case, UUID(job.payload["case_id"])) if job.payload.get("case_id") else None
    now = application.now(session)
    for account in recipients(session, job):
        message_id = f"<{job.id}.{account.id}@casetable.invalid>"
        notice = session.scalar(select(Notice).where(Notice.message_id == message_id))
        if notice is None:
            notice = Notice(
                message_id=message_id,
                account_id=account.id,
                case_id=case.id if case else None,
                work_item_id=UUID(job.payload["work_item_id"])
                if job.payload.get("work_item_id")
                else None,
                template=str(job.payload.get("template", "notice")),
                created_at=now,
            )
            session.add(notice)
            session.flush()
        if notice.sent_at is None:
            with speaking(*_tongue_of(application, session, account)):
                letters.append(_letter(application, notice, account, case))
    return letters


def _tongue_of(
    application: Application, session: Session, account: Account
) -> tuple[str, Mapping[str, str]]:
    """Return the language of who gets the mail, with the structure's terms in it."""
    profile = application.deployment(session).profile
    pseudo = application.settings.demo
    code = best_of([account.language or profile.language], pseudo=pseudo) or SOURCE
    return code, profile.terms.get(code, {})


def _letter(
    application: Application, notice: Notice, account: Account, case: Case | None
) -> Letter:
    code = case.code if case else ""
    if notice.template in account_notice.KINDS:
        return _account_letter(application, notice, account)
    subject = gettext(SUBJECTS.get(notice.template, mark("Something changed")))
    link = f"{application.settings.base_url}/"
    return Letter(
        notice.id,
        notice.message_id,
        account.email,
        f"{subject} ({code})" if code else subject,
        _text_of_a_case(subject, code, link) if code else _text(subject, link),
        format_datetime(notice.created_at),
    )


def _text_of_a_case(subject: str, code: str, link: str) -> str:
    return gettext(
        "Hello,\n\n%(subject)s in case %(code)s.\nSign in to see what it is about: %(link)s\n\n"
        "This mail says nothing about the case on purpose.\n",
        subject=subject,
        code=code,
        link=link,
    )


def _text(subject: str, link: str) -> str:
    return gettext(
        "Hello,\n\n%(subject)s.\nSign in to see what it is about: %(link)s\n\n"
        "This mail says nothing about the case on purpose.\n",
        subject=subject,
        link=link,
    )


def _account_letter(application: Application, notice: Notice, account: Account) -> Letter:
    subject = gettext(account_notice.KINDS[notice.template])
    return Letter(
        notice.id,
        notice.message_id,
        account.email,
        subject,
        gettext(
            "Hello,\n\n%(subject)s.\n\nWas it you? Then there is nothing to do. If not, sign in, "
            "close all other sessions, change your password and tell who looks after the "
            "accounts: %(base_url)s/sessions\n",
            subject=subject,
            base_url=application.settings.base_url,
        ),
        format_datetime(notice.created_at),
    )


def build(letter: Letter, sender: str) -> EmailMessage:
    """Build the mail; the Message-ID lets the receiver drop a repetition."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Date"] = letter.date
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message


def _perform(application: Application, letters: list[Letter]) -> list[Letter]:
    """Hand the mails to the relay, or write them to a folder where no relay is set."""
    settings = application.settings
    if not letters:
        return letters
    if not settings.mail_host:
        folder = settings.data_dir / "mail"
        folder.mkdir(parents=True, exist_ok=True)
        for letter in letters:
            path = folder / f"{letter.notice_id}.eml"
            path.write_bytes(bytes(build(letter, settings.mail_from)))
        return letters
    try:
        with open_relay(settings) as relay:
            refused = [letter for letter in letters if not _send(application, relay, letter)]
    except smtplib.SMTPException as error:
        raise OperatorError(
            gettext("The mail relay refused: %(kind)s.", kind=type(error).__name__)
        ) from error
    if refused:
        raise OperatorError(
            gettext(
                "The mail relay refused %(refused)s of %(all)s mails.",
                refused=len(refused),
                all=len(letters),
            )
        )
    return letters


def _send(application: Application, relay: smtplib.SMTP, letter: Letter) -> bool:
    """Hand over one mail and write that down at once; say whether the relay took it.

    Else one wrong address would have everybody else's mail sent again at each attempt (R17).
    """
    try:
        relay.send_message(build(letter, application.settings.mail_from))
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError):
        return False
    with application.database.transaction() as session:
        session.get_one(Notice, letter.notice_id).sent_at = application.now(session)
    return True


def _finish(application: Application, session: Session, job: Job, letters: list[Letter]) -> None:
    del job
    for letter in letters:
        notice = session.get_one(Notice, letter.notice_id)
        notice.sent_at = notice.sent_at or application.now(session)


register("notice", Handler(_prepare, _perform, _finish))
