"""Builds the bundle that answers a request: a ZIP of own data, its list of hashes, and proof (S21).

It is made in memory each time it is asked for and is never stored. Into it goes what engine.release
classes as own data and somebody decided to release, the texts written instead, the grounds of what
is withheld, who received the data, and the head of each case's audit chain under a signed line.
"""

import hashlib
import html
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import audit, checkpoint, verify_bundle
from engine.application import Application
from engine.errors import ConflictError, NotFoundError
from engine.language import SOURCE, current_language, gettext, mark, ngettext, speaking, tongue
from engine.language.moment import day
from engine.models import (
    Account,
    AuditEntry,
    Case,
    Disclosure,
    Organisation,
)
from engine.profile import Profile
from engine.release import Record, all_records
from engine.wordbook import deployment_words

OPENED = ("case:file:read", "case:file:break_glass")
README = mark(
    (
        "This bundle holds what is told about the person named in the request %(code)s.",
        "index.html: the data, to be read",
        "data.json: the same data for machines",
        "files/: documents that go out with it",
        "manifest.json: all files with their SHA-256, and the heads of the audit chains",
        "audit-head.txt: the signed state of the whole audit trail at this moment",
        "verify.py: checks the bundle without any other program: python verify.py BUNDLE.zip",
        (
            "Whoever handed the bundle over can tell you the SHA-256 of manifest.json; give it to "
            "verify.py as well. Whoever runs the system proves with "
            "`casetable audit verify --head audit-head.txt` that its audit trail is still the one "
            "from which this bundle was made."
        ),
    )
)
"""The lines of the file that explains the others: what it is, then one for each, then the proof."""


def build(
    application: Application, disclosure_id: UUID, account_id: UUID, language: str = SOURCE
) -> tuple[str, bytes, str]:
    """Return code, bytes and SHA-256 of the manifest of a released request; it goes on record.

    `language` is that of who gets the bundle. What people wrote stays as they wrote it.
    """
    with application.database.transaction() as session:
        found = session.get(Disclosure, disclosure_id)
        account = session.get_one(Account, account_id)
        if found is None or "dpo" not in account.role_codes:
            raise NotFoundError(gettext("This page does not exist, or it is not for you."))
        if found.outcome != "released" or found.erased_at is not None:
            raise ConflictError(gettext("There is no bundle of this request."))
        now, deployment = application.now(session), application.deployment(session)
        cases = [_locked(session, link.case_id) for link in sorted(found.cases, key=_by_case)]
        heads = [
            {"case": one.code, "entry": one.audit_sequence, "hash": one.audit_head} for one in cases
        ]
        with speaking(language, deployment.profile.terms.get(language)):
            profile = deployment_words(deployment).profile(deployment.profile)
            records = all_records(session, application, found)
            told = _told(session, found, cases, records, profile, now)
            readme, page = _readme(found.code), _page(told)
        files = {
            "README.txt": readme.encode(),
            "index.html": page.encode(),
            "data.json": json.dumps(told, indent=1, ensure_ascii=False).encode(),
            "audit-head.txt": f"{checkpoint.export(session, now, account.id)}\n".encode(),
            "verify.py": Path(verify_bundle.__file__).read_bytes(),
            **_documents(records),
        }
        content, digest = _pack(found.code, now, heads, files)
        for case in cases:
            audit.record(
                session,
                case,
                at=now,
                actor_id=account.id,
                event="case:disclosure:export",
                subject=found.id,
                manifest_sha256=digest,
                language=language,
            )
        return found.code, content, digest


def _by_case(link: Any) -> Any:
    return link.case_id


def _locked(session: Session, case_id: UUID) -> Case:
    return session.scalars(select(Case).where(Case.id == case_id).with_for_update(of=Case)).one()


def _pack(
    code: str, now: datetime, heads: list[dict[str, Any]], files: dict[str, bytes]
) -> tuple[bytes, str]:
    manifest = {
        "request": code,
        "made_at": now.isoformat(),
        "chains": heads,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    listed = json.dumps(manifest, indent=1).encode()
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in {**files, "manifest.json": listed}.items():
            packed.writestr(name, content)
    return memory.getvalue(), hashlib.sha256(listed).hexdigest()


def _documents(records: Iterable[Record]) -> dict[str, bytes]:
    """Return the released documents under names of our own: theirs may lead anywhere."""
    return {
        f"files/{one.id}": one.content
        for one in records
        if one.content is not None and _outcome(one) == "release"
    }


def _outcome(record: Record) -> str:
    # Without a decision nothing goes out: silence never releases.
    return record.decision.outcome if record.decision else "refuse"


def _told(
    session: Session,
    found: Disclosure,
    cases: list[Case],
    records: list[Record],
    profile: Profile,
    now: datetime,
) -> dict[str, Any]:
    words = profile.lists.get("disclosure_records", {})
    grounds = profile.lists.get("disclosure_grounds", {})
    withheld = Counter(
        one.decision.ground or ""
        for one in records
        if one.decision is not None and one.decision.outcome != "release"
    )
    return {
        "request": found.code,
        "received_on": found.received_on.isoformat(),
        "answered_on": now.astimezone(profile.zone).date().isoformat(),
        "ordered": found.scope or "",
        "records": [
            {
                "what": words.get(one.kind, one.kind),
                "on": one.at.astimezone(profile.zone).date().isoformat() if one.at else "",
                "file": f"files/{one.id}"
                if one.content is not None and _outcome(one) == "release"
                else "",
                "words": _words(one),
            }
            for one in records
            if _outcome(one) != "refuse"
        ],
        "withheld": [
            {"ground": grounds.get(ground, ground), "records": count}
            for ground, count in sorted(withheld.items())
        ],
        "recipients": _recipients(session, cases, records, profile),
    }


def _words(record: Record) -> dict[str, str]:
    if record.decision is not None and record.decision.outcome == "part":
        return {"text": record.decision.text or ""}
    return dict(record.words)


def _recipients(
    session: Session, cases: list[Case], records: list[Record], profile: Profile
) -> list[dict[str, Any]]:
    """Return who read the files: organisations, functions, and people where the profile says so.

    An organisation that withholds something of its own is told by its kind alone: its name beside
    a ground would say what it withholds.
    """
    quiet = {
        one.organisation_id
        for one in records
        if one.decision is not None and one.decision.outcome != "release"
    }
    rows = session.execute(
        select(AuditEntry, Account, Organisation)
        .join(Account, Account.id == AuditEntry.actor_id)
        .join(Organisation, Organisation.id == Account.organisation_id)
        .where(AuditEntry.case_id.in_([case.id for case in cases]), AuditEntry.event.in_(OPENED))
        .order_by(AuditEntry.at)
    ).unique()
    found: dict[tuple[str, str, str], list[str]] = {}
    names_staff = bool(profile.values["disclosure_names_staff"])
    for entry, account, organisation in rows:
        kind = profile.disciplines.get(organisation.discipline, organisation.discipline)
        quietly = gettext("An organisation: %(kind)s", kind=kind)
        who = str(quietly) if organisation.id in quiet else organisation.name
        acting = entry.detail.get("acting") or sorted(account.role_codes)
        functions = ", ".join(sorted(profile.role_name(code) for code in acting))
        person = account.display_name if names_staff else ""
        day = entry.at.astimezone(profile.zone).date().isoformat()
        found.setdefault((who, functions, person), []).append(day)
    return [
        {"organisation": who, "function": functions, "first": days[0], "last": days[-1]}
        | ({"person": person} if person else {})
        for (who, functions, person), days in sorted(found.items())
    ]


def _page(told: dict[str, Any]) -> str:
    """Return the data as a page that needs nothing but a browser."""
    parts = [_heading(1, gettext("Answer to the request %(code)s", code=told["request"]))]
    facts = {
        gettext("Came in"): _day(told["received_on"]),
        gettext("Answered"): _day(told["answered_on"]),
    }
    if told["ordered"]:
        facts[gettext("What the order names")] = told["ordered"]
    parts.append(_facts(facts))
    parts.append(_heading(2, gettext("What is kept")))
    for record in told["records"]:
        on = f" {_day(record['on'])}" if record["on"] else ""
        parts.append(_heading(3, f"{record['what']}{on}"))
        parts.append(_facts(record["words"]))
        if record["file"]:
            words = html.escape(gettext("The document itself"))
            parts.append(f'<p><a href="{record["file"]}" download>{words}</a></p>')
    parts.append(_heading(2, gettext("What is withheld")))
    parts += [f"<p>{html.escape(_withheld(one))}</p>" for one in told["withheld"]] or [
        f"<p>{html.escape(gettext('Nothing.'))}</p>"
    ]
    parts.append(_heading(2, gettext("Who has read it")) + "<ul>")
    parts += [f"<li>{html.escape(', '.join(_reader(one)))}</li>" for one in told["recipients"]]
    parts.append("</ul>")
    spoken, title = tongue(current_language()), html.escape(gettext("Own data"))
    head = f'<!doctype html><html lang="{spoken.tag}" dir="{spoken.direction}">'
    head += f'<meta charset="utf-8"><title>{title}</title>'
    return head + "<body>" + "\n".join(parts) + "</body></html>\n"


def _readme(code: str) -> str:
    first, *files, last = (gettext(line) for line in README)
    return "\n\n".join([first % {"code": code}, "\n".join(files), last]) + "\n"


def _heading(level: int, words: str) -> str:
    return f"<h{level}>{html.escape(words)}</h{level}>"


def _day(value: str) -> str:
    """Write a day as the readers of the language do; for machines it stays as it is."""
    return day(date.fromisoformat(value))


def _withheld(one: dict[str, Any]) -> str:
    return ngettext(
        "%(ground)s: %(count)s record, whole or in part.",
        "%(ground)s: %(count)s records, whole or in part.",
        one["records"],
        ground=one["ground"],
    )


def _reader(one: dict[str, Any]) -> list[str]:
    return [_day(value) if name in {"first", "last"} else str(value) for name, value in one.items()]


def _facts(words: dict[str, str]) -> str:
    lines = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>"
        for name, value in words.items()
    )
    return f"<dl>{lines}</dl>"
