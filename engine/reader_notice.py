"""Tells the lead of each organisation once a week that the report on its readers is there."""

from datetime import date, timedelta
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.application import Application
from engine.models import Account, AccountRole, CurrentDeployment, Job

TEMPLATE = "reader_report"
LEAD = "agency_lead"


def tell(application: Application) -> int:
    """Owe each lead the notice of the week that has ended; return how many are new.

    The key names week and person: however often it is asked, and by two workers, one mail.
    """
    with application.database.reading() as session:
        if session.get(CurrentDeployment, application.settings.profile) is None:
            return 0
        week = _week(application, session)
        leads = session.scalars(
            select(Account.id)
            .join(AccountRole, AccountRole.account_id == Account.id)
            .where(AccountRole.role == LEAD, Account.disabled_at.is_(None))
        ).all()
        keys = {f"{TEMPLATE}:{week}:{lead}": lead for lead in leads}
        told = set(session.scalars(select(Job.key).where(Job.key.in_(keys))))
    if not keys.keys() - told:
        return 0
    with application.database.transaction() as session:
        now = application.now(session)
        rows = [
            {
                "id": uuid4(),
                "kind": "notice",
                "key": key,
                "state": application.job_state("notice"),
                "payload": {"template": TEMPLATE, "account_id": str(lead), "alone": True},
                "run_after": now,
                "created_at": now,
                "attempts": 0,
            }
            for key, lead in keys.items()
            if key not in told
        ]
        dialect = sqlite if application.database.is_sqlite else postgresql
        session.execute(dialect.insert(Job).values(rows).on_conflict_do_nothing())
        return len(rows)


def _week(application: Application, session: Session) -> str:
    """Return the number of the newest week that has ended, as in 2026-W48."""
    zone = application.deployment(session).profile.zone
    today: date = application.now(session).astimezone(zone).date()
    year, week, _ = (today - timedelta(days=7)).isocalendar()
    return f"{year}-W{week:02}"
