"""The owner of an incident has it tried again; nobody else sees it."""

from datetime import timedelta

from sqlalchemy import select

from engine.errors import OperatorError
from engine.incident import raise_incident
from engine.language import gettext
from engine.models import Account, CaseStanding, Incident, ProcessInstance
from tests.webui.site import Site
from tests.webui.story import tell


def _incident(site: Site, told: str = "The register did not answer.") -> Incident:
    tell(site, "intake_to_multi_agency")
    with site.application.database.transaction() as session:
        instance = session.scalars(select(ProcessInstance)).first()
        assert instance is not None
        incident = raise_incident(
            session,
            key="work_item:none",
            error=OperatorError(told, retryable=False),
            now=site.application.now(session),
            instance_id=instance.id,
            element_id="check_source",
            stimulus={"kind": "complete"},
        )
        session.flush()
        return incident


def test_incident_waits_for_its_owner_who_has_it_tried_again(site: Site) -> None:
    incident = _incident(site)
    greta = site.visit("head.greta")
    greta.get("/incidents")
    assert "needs you" in greta.text()
    assert greta.post(f"/incidents/{incident.id}/retry").status_code == 302
    with site.application.database.reading() as session:
        found = session.get_one(Incident, incident.id)
        assert found.state == "open"
        assert found.retry_at is not None
        assert found.retry_at <= site.application.now(session) + timedelta(seconds=1)


def test_incident_is_read_in_the_language_of_its_owner(site: Site) -> None:
    told = gettext("Check-ins every %(step)s lead nowhere; mend the plan.", step="P0D")
    incident = _incident(site, told)
    with site.application.database.transaction() as session:
        [greta] = session.scalars(select(Account).where(Account.username == "head.greta")).unique()
        greta.language = "nl"
    owner = site.visit("head.greta")
    owner.get("/incidents")
    assert "Voortgangsgesprekken elke P0D leiden nergens heen; herstel het plan." in owner.text()
    with site.application.database.transaction() as session:
        found = session.get_one(Incident, incident.id)
        assert found.message == "Check-ins every P0D lead nowhere; mend the plan."
        found.said = None  # as in records of before
    owner.get("/incidents")
    assert "Check-ins every P0D lead nowhere; mend the plan." in owner.text()


def test_incident_of_others_looks_like_none(site: Site) -> None:
    incident = _incident(site)
    peter = site.visit("police.peter")
    peter.get("/incidents")
    assert "nothing to mend" in peter.text()
    assert peter.post(f"/incidents/{incident.id}/retry").status_code == 404


def test_incident_of_a_case_that_one_is_kept_out_of_looks_like_none(site: Site) -> None:
    """Whoever declared a conflict of interest learns nothing more of it, whatever role is held."""
    incident = _incident(site)
    greta = site.visit("head.greta")
    greta.get("/incidents")
    assert "needs you" in greta.text()
    with site.application.database.transaction() as session:
        case_id = session.get_one(Incident, incident.id).case_id
        session.add(
            CaseStanding(
                case_id=case_id,
                account_id=site._account(session, "head.greta").id,
                function="desk_head",
                state="recused",
                since=site.application.now(session),
                reason="family",
            )
        )
    greta.get("/incidents")
    assert "nothing to mend" in greta.text()
    assert greta.post(f"/incidents/{incident.id}/retry").status_code == 404
    hanna = site.visit("head.hanna")
    assert hanna.post(f"/incidents/{incident.id}/retry").status_code == 302


def test_profile_is_shown_with_the_source_of_each_value(site: Site) -> None:
    peter = site.visit("police.peter")
    assert peter.get("/profile").status_code == 200
    for words in ("one shared goal", "local strategy", "monitoring_interval", "P3M", "P96"):
        assert words in peter.text()
    assert site.visit().get("/profile").status_code == 302
