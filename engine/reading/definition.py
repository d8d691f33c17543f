"""Which definition the partners of a case have confirmed, and where a person has to (P30)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.orm import Session

from engine import definition
from engine.access import persons
from engine.application import Application
from engine.inheritance import is_profile, levels
from engine.models import (
    Account,
    Case,
    CaseMember,
    CasePartner,
    CaseState,
    Deployment,
    DeploymentFile,
)

_VERSIONS: dict[str, str] = {}
"""The version of the definition of each stored set, by its content address."""


@dataclass(frozen=True)
class Confirmation:
    """What one partner of a case has confirmed last."""

    organisation: str
    version: str
    at: datetime | None
    by: str
    remarks: str
    owed: bool
    """Whether it has to confirm the newest version."""
    mine: bool
    """Whether this person may do that."""


@dataclass(frozen=True)
class Confirmations:
    """The partners of a case and the version that is in force."""

    version: str
    partners: tuple[Confirmation, ...]

    @property
    def waits_for(self) -> list[str]:
        """Return the organisations that have to confirm the newest version."""
        return [one.organisation for one in self.partners if one.owed]

    @property
    def mine(self) -> bool:
        """Say whether this person's organisation has to confirm, and this person may."""
        return any(one.mine for one in self.partners)


_PARTNERS: Final = (
    select(CasePartner)
    .where(CasePartner.case_id == bindparam("case_id", type_=Uuid()), CasePartner.state == "active")
    .order_by(CasePartner.joined_at, CasePartner.id)
)


def confirmations(
    application: Application, session: Session, case: Case, account: Account
) -> Confirmations:
    """Return what each active partner of a case has confirmed, in the order of joining."""
    version = definition.newest(application, session).version
    found = list(session.scalars(_PARTNERS, {"case_id": case.id}).unique())
    owed = {row.id for row in found if definition.is_owed(row, version)}
    mine = definition.partner_of(session, account, case.id) if owed else None
    return Confirmations(
        version,
        tuple(
            _confirmation(row, owed=row.id in owed, mine=row is mine and row.id in owed)
            for row in found
        ),
    )


def _confirmation(row: CasePartner, *, owed: bool, mine: bool) -> Confirmation:
    said = row.sharing_statement
    at = definition.when(said)
    return Confirmation(
        organisation=row.organisation.name,
        version=definition.confirmed(row),
        at=datetime.fromisoformat(at) if at else None,
        by=definition.by_whom(said),
        remarks=str(said.get(definition.REMARKS, "")),
        owed=owed,
        mine=mine,
    )


def to_confirm(application: Application, session: Session, account: Account) -> list[str]:
    """Return the codes of the cases in which this person has to confirm the newest definition."""
    version = definition.newest(application, session).version
    # Statements are sealed, so they are opened only where there ever was another version.
    if _known_versions(session, application.settings.profile) <= {version}:
        return []
    people = [one.id for one in persons(session, account)]
    rows = session.scalars(
        select(CasePartner)
        .join(Case, Case.id == CasePartner.case_id)
        .where(
            Case.state == CaseState.OPEN.value,
            CasePartner.state == "active",
            CasePartner.organisation_id == account.organisation_id,
            CasePartner.case_id.in_(
                select(CaseMember.case_id).where(
                    CaseMember.account_id.in_(people),
                    CaseMember.function == "partner",
                    CaseMember.until.is_(None),
                )
            ),
        )
        .order_by(Case.code)
    ).unique()
    owed = [row for row in rows if definition.is_owed(row, version)]
    return [
        row.case.code
        for row in owed
        if definition.partner_of(session, account, row.case_id) is not None
    ]


def _known_versions(session: Session, profile: str) -> set[str]:
    """Return the versions that the stored sets of a profile have had; each is read once."""
    ids = set(session.scalars(select(Deployment.id).where(Deployment.profile == profile)))
    for deployment_id in ids - _VERSIONS.keys():
        manifest = session.get_one(Deployment, deployment_id).manifest
        _VERSIONS[deployment_id] = _version_of(session, manifest)
    return {_VERSIONS[deployment_id] for deployment_id in ids}


def _version_of(session: Session, manifest: Mapping[str, str]) -> str:
    """Read the version from the profile's files alone: a whole set takes far longer to parse."""
    wanted = {path: digest for path, digest in manifest.items() if is_profile(path)}
    rows = session.execute(
        select(DeploymentFile.hash, DeploymentFile.content).where(
            DeploymentFile.hash.in_(set(wanted.values()))
        )
    ).all()
    contents = {row.hash: row.content for row in rows}
    version = ""
    for _code, tables in levels({path: contents[digest] for path, digest in wanted.items()}):
        version = str(tables.get("profile", {}).get(definition.VERSION, version))
    return version
