"""A newer definition is asked of the partners of running cases, beside their process (P30).

The first confirmation stands in the statement with which a partner joins. A case keeps its version
of the drawings for a long time; what its members mean by the same word must not depend on that.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, audit
from engine.application import Application
from engine.errors import ConflictError, InputError, NotFoundError
from engine.language import gettext
from engine.membership import NOT_HERE, deed
from engine.models import Account, CasePartner, CaseState

LONGEST = 20_000
VERSION, REMARKS, EARLIER = "definition_version", "definition_remarks", "earlier_definitions"
UNDECLARED = "undeclared"


@dataclass(frozen=True)
class Definition:
    """What the structure means by radicalisation, in one version."""

    version: str
    text: str


def newest(application: Application, session: Session) -> Definition:
    """Return the definition of the set that new cases are started on."""
    texts = application.deployment(session).profile.texts
    return Definition(texts.get(VERSION, ""), texts.get("definition", ""))


def confirmed(partner: CasePartner) -> str:
    """Return the version that a partner confirmed last; empty while it has declared nothing."""
    return str(partner.sharing_statement.get(VERSION, ""))


def is_owed(partner: CasePartner, version: str) -> bool:
    """Say whether a partner of an open case has to confirm a version beside the process.

    Whoever has declared nothing yet confirms with the first statement.
    """
    return (
        partner.case.state == CaseState.OPEN.value
        and partner.state == "active"
        and partner.sharing_level != UNDECLARED
        and bool(version)
        and confirmed(partner) != version
    )


def partner_of(session: Session, account: Account, case_id: UUID) -> CasePartner | None:
    """Return the partner for whose organisation a person speaks in a case; None: for nobody."""
    if access.speaker(session, account, case_id, "partner") is None:
        return None
    return session.scalars(
        select(CasePartner).where(
            CasePartner.case_id == case_id,
            CasePartner.organisation_id == account.organisation_id,
            CasePartner.state == "active",
        )
    ).first()


def confirm(
    application: Application, case_id: UUID, account_id: UUID, version: str, remarks: str = ""
) -> None:
    """Record that a partner works with the newest definition from now on; the case goes on as is.

    Raise NotFoundError for who speaks for no partner here, ConflictError when `version` is not the
    newest any more or is confirmed already, InputError for remarks of more than 20,000 characters.
    """
    if len(remarks) > LONGEST:
        raise InputError(gettext("Write at most %(longest)s characters.", longest=LONGEST))
    with deed(application, case_id, account_id) as what:
        account = what.session.get_one(Account, account_id)
        partner = partner_of(what.session, account, case_id)
        if partner is None:
            raise NotFoundError(gettext(NOT_HERE))
        access.require(what.session, account, "case:write", what.case)
        if version != newest(application, what.session).version:
            raise ConflictError(
                gettext("The definition has changed again; read the newest one and confirm that.")
            )
        if not is_owed(partner, version):
            raise ConflictError(gettext("There is nothing to confirm in this case any more."))
        speaker = access.speaker(what.session, account, case_id, "partner")
        absent = speaker if speaker is not None and speaker.id != account.id else None
        names = [one.display_name for one in (account, absent) if one is not None]
        _write(
            partner,
            {
                VERSION: version,
                REMARKS: remarks.strip(),
                "definition_confirmed_at": what.now.isoformat(),
                "definition_confirmed_by": " for ".join(names),
            },
        )
        before = partner.sharing_statement[EARLIER][-1][VERSION]
        what.audit(
            "case:definition:confirm",
            partner.id,
            version=version,
            before=before,
            **audit.acting_for(absent),
        )


def _write(partner: CasePartner, fresh: dict[str, str]) -> None:
    """Put a confirmation into the statement; the one before stays in it."""
    said = partner.sharing_statement
    before = {key: said.get(key, "") for key in fresh}
    before["definition_confirmed_at"] = when(said)
    before["definition_confirmed_by"] = by_whom(said)
    partner.sharing_statement = {**said, **fresh, EARLIER: [*said.get(EARLIER, ()), before]}


def when(said: dict[str, object]) -> str:
    """Return when the definition of a statement was confirmed, as ISO 8601."""
    return str(said.get("definition_confirmed_at") or said.get("declared_at") or "")


def by_whom(said: dict[str, object]) -> str:
    """Return who confirmed the definition of a statement."""
    return str(said.get("definition_confirmed_by") or said.get("declared_by") or "")
