"""Pages in a language in which every text of the set stands in brackets."""

from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po
from lxml import etree, html
from sqlalchemy import inspect, select

from engine.application import Application
from engine.database import Database
from engine.deployment import ResolvedDeployment, publish
from engine.language import speaking
from engine.models import Base, FormSubmission, WorkItem
from engine.settings import ROOT
from engine.wordbook import distinct, visible_texts
from tests.conftest import with_all_rights
from tests.webui.site import Site, Visitor
from tests.webui.story import tell
from tests.webui.test_work import CHECKED, send
from tests.wordbook.brackets import CLOSE, LANGUAGE, OPEN, bracketed, left_over
from webui.application import create_app

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
LONG = 3
"""Words that a text has at least to be recognised: "done" stands on pages of our own too."""
TO_DECISION = ("intake_to_multi_agency",)


@pytest.fixture
def bracketed_site(
    application: Application, shipped_processes: ResolvedDeployment
) -> Iterator[Site]:
    """Pages of an installation whose set opens in a language of brackets."""
    with application.database.transaction() as session:
        deployment = application.deployments.remember(bracketed(shipped_processes.files))
        publish(session, deployment, at=application.now(session))
    with speaking(LANGUAGE):
        yield Site(application, create_app(application))


def texts_of(site: Site) -> list[str]:
    """Return the longer texts of the set that are not texts of the pages themselves."""
    with site.application.database.reading() as session:
        files = site.application.deployment(session).files
    with (ROOT / "engine" / "language" / "catalogues" / "casetable.pot").open("rb") as template:
        own = {one.id for one in read_po(template)}
    texts = distinct(visible_texts(files))
    return [text for text in texts if len(text.split()) >= LONG and text not in own]


def plain_words(site: Site, visitor: Visitor) -> list[str]:
    """Return the texts of the set that a page shows without brackets."""
    assert visitor.page is not None
    shown = [" ".join(visitor.page.text_content().split())]
    shown += [" ".join(str(one).split()) for one in visitor.page.xpath("//@aria-label")]
    rest = " ".join(left_over(one) for one in shown)
    return [text for text in texts_of(site) if " ".join(text.split()) in rest]


@ON_SQLITE
def test_pages_of_a_case_say_every_text_of_the_set_in_the_language(bracketed_site: Site) -> None:
    site = bracketed_site
    case = tell(site, *TO_DECISION, until="decide_route")
    clara = site.visit("chair.clara")
    addresses = ["/", "/?sort=step", "/profile", f"/work/{site.item(case, 'decide_route').id}"]
    addresses += [
        f"/cases/{case.code}{part}" for part in ("", "/timeline", "/plan", "/people", "/diagram")
    ]
    for address in addresses:
        assert clara.get(address).status_code == 200, address
        assert plain_words(site, clara) == [], address
        assert OPEN in clara.text(), address
        assert f"{OPEN}{OPEN}" not in clara.text(), address


@ON_SQLITE
def test_task_page_says_form_guidance_button_and_errors_in_the_language(
    bracketed_site: Site,
) -> None:
    site = bracketed_site
    item = site.item(site.report(), "check_source")
    anna = site.visit("intake.anna")
    response = send(anna, item, source_motives="A quarrel, perhaps.")
    assert response.status_code == 422
    assert plain_words(site, anna) == []
    assert anna.page is not None
    links = anna.page.xpath("//div[contains(@class,'error-summary')]//a")
    assert len(links) == 4
    assert all(link.text_content().strip().startswith(OPEN) for link in links)
    assert anna.page.xpath(f"//button[contains(., '{OPEN}Record the source check{CLOSE}')]")
    assert anna.page.xpath(f"//h1[text()='{OPEN}Check the source{CLOSE}']")
    guidance = anna.page.xpath("//div[@class='guidance']")[0].text_content()
    assert guidance.startswith(OPEN)


@ON_SQLITE
def test_drawing_of_the_viewer_has_the_words_and_keeps_its_ids(bracketed_site: Site) -> None:
    site = bracketed_site
    case = site.report()
    anna = site.visit("intake.anna")
    anna.get(f"/cases/{case.code}/diagram?process=case_management")
    assert anna.page is not None
    address = anna.page.xpath("//@data-diagram-url")[0]
    drawn = etree.fromstring(anna.client.get(address).data)
    with site.application.database.reading() as session:
        source = etree.fromstring(site.application.deployment(session).diagram("case_management"))
    ids = [(node.tag, node.get("id")) for node in source.iter("{*}*")]
    assert [(node.tag, node.get("id")) for node in drawn.iter("{*}*")] == ids
    names = {node.get("id"): node.get("name") for node in drawn.iter("{*}userTask")}
    assert names["change_partners"] == f"{OPEN}Change the partners{CLOSE}"
    messages = [node.get("name") for node in drawn.iter("{*}message")]
    assert messages
    assert not any(OPEN in name for name in messages)


@ON_SQLITE
def test_what_is_stored_is_the_same_in_every_language(
    bracketed_site: Site, database: Database
) -> None:
    site = bracketed_site
    item = site.item(site.report(), "check_source")
    anna = site.visit("intake.anna")
    anna.post(f"/work/{item.id}/draft", {"action": "save-draft", "source_summary": "Half a word."})
    assert send(anna, item, **CHECKED).status_code == 302
    anna.get("/")
    assert f"{OPEN}Check the source{CLOSE}" in anna.text()
    with with_all_rights(database) as session:
        (answer,) = session.scalars(select(FormSubmission)).unique()
        kept = {key: value for key, value in answer.values.items() if key in CHECKED}
        assert kept
        assert kept == {key: CHECKED[key] for key in kept}
        names = set(session.scalars(select(WorkItem.name)))
        assert names >= {"Check the source"}
        for mapper in Base.registry.mappers:
            if mapper.local_table.name.startswith(("deployment", "workshop")):
                continue
            for row in session.scalars(select(mapper.class_)).unique():
                told = {one.key: getattr(row, one.key) for one in inspect(row).mapper.column_attrs}
                assert OPEN not in repr(told), mapper.local_table.name


@ON_SQLITE
def test_case_that_began_before_a_language_is_read_in_it(
    application: Application, shipped_processes: ResolvedDeployment
) -> None:
    files = shipped_processes.files
    english = {path: files[path] for path in files if not path.startswith("languages/")}
    _publish(application, ResolvedDeployment(english))
    site = Site(application, create_app(application))
    item = site.item(site.report(), "check_source")
    _publish(application, bracketed(files))
    with speaking(LANGUAGE):
        anna = site.visit("intake.anna")
        anna.get("/")
        assert f"{OPEN}Check the source{CLOSE}" in anna.text()
        anna.get(f"/work/{item.id}")
    assert anna.page is not None
    assert html.tostring(anna.page, encoding="unicode").count(f"{OPEN}Check the source") >= 1


def _publish(application: Application, wanted: ResolvedDeployment) -> None:
    with application.database.transaction() as session:
        deployment = application.deployments.remember(wanted)
        publish(session, deployment, at=application.now(session))
