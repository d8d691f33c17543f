"""The workshop's pages: process owners alone, each deed of theirs, and what is refused in words."""

import io
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from engine.workshop import draft, publishing
from tests.engine.workshop import SCENARIO, TABLE, content, few_scenarios, passed, save, who
from tests.webui.site import Site, Visitor

NEW_RULE = """
[[rule]]
id = "L99"
sentence = "Nothing is forgotten."
sources = ["P1"]
[[rule.check]]
kind = "sound"
process = "case_management"
"""
ONE, OTHER = "owner.olga", "owner.oscar"


@pytest.fixture
def olga(site: Site) -> UUID:
    return who(site.application, ONE)


@pytest.fixture
def opened(site: Site, olga: UUID) -> UUID:
    found = draft.open_draft(site.application, olga, "base", "Longer deadlines")
    few_scenarios(site.application, found, olga)
    return found


def place(opened: UUID, more: str = "") -> str:
    return f"/workshop/drafts/{opened}{more}"


def sent(visitor: Visitor, address: str, name: str, data: bytes) -> Any:
    return visitor.post(
        address, {"file": (io.BytesIO(data), name)}, content_type="multipart/form-data"
    )


def test_draft_is_started_changed_kept_and_restored(site: Site) -> None:
    visitor = site.visit(ONE)
    assert "shipped with the product" in (visitor.get("/workshop").text)
    assert visitor.post("/workshop/drafts", {"title": " "}).status_code == 422
    answer = visitor.post("/workshop/drafts", {"title": "Monitoring"})
    address = answer.headers["Location"]
    visitor.get(address)
    assert "nothing to mend" in visitor.text()
    assert "Nothing yet. Open a file below." in visitor.text()
    visitor.post(f"{address}/versions", {"name": "First", "note": "as it was"})
    file = f"{address}/file?path=scenarios/coordinators.toml"
    visitor.get(file)
    form = {"path": "scenarios/coordinators.toml", "expected": visitor.hidden("expected")}
    typed = 'title = "Coordinators"\n'
    assert visitor.post(f"{address}/file", {**form, "text": typed}).status_code == 302
    late = visitor.post(f"{address}/file", {**form, "text": "title = 'Mine'\n"})
    assert late.status_code == 409
    assert "Olga Prins saved this file at" in visitor.text()
    assert "title = 'Mine'" in visitor.text()
    visitor.get(address)
    assert "The scenario coordinators is told in another way." in visitor.text()
    assert visitor.page is not None
    restore = visitor.page.xpath("//form[contains(@action, '/versions/')]/@action")[0]
    visitor.post(restore)
    visitor.get(address)
    assert "Nothing yet. Open a file below." in visitor.text()
    assert "2 changes" in visitor.text()


def test_what_a_draft_breaks_is_read_with_file_element_and_mend(
    site: Site, opened: UUID, olga: UUID
) -> None:
    broken = b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"/>'
    save(site.application, opened, olga, TABLE, broken)
    visitor = site.visit(ONE)
    visitor.get(place(opened))
    assert "decisions/deadlines.dmn" in visitor.text()
    assert "mend" in visitor.text()
    visitor.get(place(opened, f"/file?path={TABLE}"))
    assert "mend" in visitor.text()


def test_foreign_file_is_taken_in_as_a_drawing_with_its_to_do_list(
    site: Site, opened: UUID
) -> None:
    visitor = site.visit(ONE)
    foreign = (
        b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" '
        b'targetNamespace="x"><process id="p" isExecutable="true"><complexGateway id="g" />'
        b"</process></definitions>"
    )
    assert (
        sent(visitor, place(opened, "/upload"), "My Process (2).bpmn", foreign).status_code == 302
    )
    visitor.get(place(opened))
    assert "My_Process_2.bpmn" in visitor.text()
    assert "mend" in visitor.text()
    for name, data, words in (
        ("a.exe", b"MZ", "ends in .bpmn, .dmn, .form or .po"),
        ("a.bpmn", b"<!DOCTYPE a><a/>", "DOCTYPE"),
        ("a.dmn", foreign, "not DMN"),
        ("a.form", b"{", "not JSON"),
        ("", b"", "ends in .bpmn, .dmn, .form or .po"),
        ("a.zip", b"PK nonsense", "cannot be read"),
    ):
        assert sent(visitor, place(opened, "/upload"), name, data).status_code == 422
        assert words in visitor.text()


def archive(**files: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as found:
        for name, text in files.items():
            found.writestr(name, text)
    return target.getvalue()


def test_whole_draft_goes_out_and_comes_in(site: Site, opened: UUID, olga: UUID) -> None:
    visitor = site.visit(ONE)
    out = visitor.get(place(opened, "/parcel"))
    assert out.headers["Content-Disposition"].startswith("attachment")
    before = content(site.application, opened)
    with zipfile.ZipFile(io.BytesIO(out.data)) as found:
        assert {name: found.read(name) for name in found.namelist()} == before
    save(site.application, opened, olga, SCENARIO, b'title = "Other"\n')
    assert sent(visitor, place(opened, "/upload"), "draft.zip", out.data).status_code == 302
    assert content(site.application, opened) == before


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"../../etc/passwd": b"x"}, "a draft holds"),
        ({"/etc/cron.d/x": b"x"}, "a draft holds"),
        ({"rules.toml": b"x = 1"}, "comes with the product"),
        ({"forms/big.form": b" " * 3_000_000}, "larger than a file of a draft may be"),
        ({f"forms/a{n}.form": b'{"components": []}' for n in range(500)}, "more than 400 files"),
        ({"forms/one.form": b'{"components": []}', "forms/two.form": b"{"}, "not JSON"),
    ],
)
def test_hostile_archive_stores_nothing(
    site: Site, opened: UUID, files: dict[str, bytes], words: str
) -> None:
    visitor = site.visit(ONE)
    before = content(site.application, opened)
    assert sent(visitor, place(opened, "/upload"), "a.zip", archive(**files)).status_code == 422
    assert words in visitor.text()
    assert content(site.application, opened) == before


def test_files_are_begun_named_copied_and_taken_away(site: Site, opened: UUID) -> None:
    visitor = site.visit(ONE)
    bad = visitor.post(place(opened, "/new"), {"kind": "form", "new_name": "No Name"})
    assert bad.status_code == 422
    visitor.post(place(opened, "/new"), {"kind": "form", "new_name": "inform_school"})
    form = {"path": "forms/inform_school.form", "new_path": "forms/tell_school.form"}
    visitor.post(place(opened, "/name"), {**form, "deed": "copy"})
    assert {form["path"], form["new_path"]} <= content(site.application, opened).keys()
    again = visitor.post(place(opened, "/name"), {**form, "deed": "rename"})
    assert again.status_code == 422
    visitor.post(place(opened, "/remove"), {"path": form["path"]})
    assert form["path"] not in content(site.application, opened)
    assert visitor.post(place(opened, "/remove"), {"path": "profile.toml"}).status_code == 422
    got = visitor.get(place(opened, "/download?path=forms/tell_school.form"))
    assert got.headers["Content-Disposition"] == 'attachment; filename="tell_school.form"'
    assert visitor.get(place(opened, "/download?path=../etc")).status_code == 404


def test_two_process_owners_publish_on_their_pages(site: Site, opened: UUID, olga: UUID) -> None:
    table = content(site.application, opened)[TABLE]
    save(site.application, opened, olga, TABLE, table + b"\n")
    one, other = site.visit(ONE), site.visit(OTHER)
    one.get(place(opened, "/publish"))
    assert "Nobody has judged this draft yet." in one.text()
    assert one.post(place(opened, "/publish"), {"note": "x"}).status_code == 422
    one.post(place(opened, "/judge"))
    one.get(place(opened, "/publish"))
    assert "being judged" in one.text()
    passed(site.application, opened, olga)
    one.get(place(opened, "/publish"))
    assert "everything is green" in one.text()
    assert one.post(place(opened, "/publish"), {"note": ""}).status_code == 422
    address = one.post(place(opened, "/publish"), {"note": "Tidied"}).headers["Location"]
    one.get(address)
    assert "another process owner has to agree" in one.text()
    one.post(f"{address}/agree")
    one.get(address)
    assert "waits for a second person" in one.text()
    other.get("/workshop")
    assert "Olga Prins asked on" in other.text()
    assert other.post(f"{address}/refuse", {"reason": " "}).status_code == 422
    other.post(f"{address}/agree")
    other.get(address)
    assert "published" in other.text()
    other.get("/workshop/publications")
    assert "Oscar Brink" in other.text()
    one.get("/workshop")
    assert "Oscar Brink" in one.text()
    one.get(place(opened))
    assert "Judge and publish" not in one.text()


def test_asking_and_answering_need_the_password_anew(site: Site, opened: UUID, olga: UUID) -> None:
    from datetime import timedelta

    from sqlalchemy import update

    from engine.models import WebSession
    from webui.identity import wall_clock

    asked = publishing.ask(site.application, _changed(site, opened, olga), olga, "Tidied")
    other = site.visit(OTHER)
    with site.application.database.transaction() as session:
        long_ago = wall_clock() - timedelta(hours=1)
        session.execute(update(WebSession).values(confirmed_at=long_ago))
    answer = other.post(f"/workshop/publications/{asked}/agree")
    assert answer.headers["Location"].startswith("/confirm")


def _changed(site: Site, opened: UUID, olga: UUID) -> UUID:
    save(site.application, opened, olga, SCENARIO, b'title = "Other"\n')
    return passed(site.application, opened, olga)


@pytest.mark.parametrize(
    "username", ["intake.anna", "chair.clara", "operator.otto", "privacy.paula", "head.greta"]
)
def test_nobody_else_learns_that_there_is_a_workshop(
    site: Site, opened: UUID, olga: UUID, username: str
) -> None:
    asked = publishing.ask(site.application, _changed(site, opened, olga), olga, "Tidied")
    visitor = site.visit(username)
    for address in (
        "/workshop",
        place(opened),
        place(opened, f"/file?path={TABLE}"),
        place(opened, f"/download?path={TABLE}"),
        place(opened, "/parcel"),
        place(opened, "/publish"),
        "/workshop/publications",
        f"/workshop/publications/{asked}",
    ):
        assert visitor.get(address).status_code == 404
    for address in (
        "/workshop/drafts",
        *(place(opened, one) for one in ("/versions", "/catch-up", "/discard", "/file", "/new")),
        *(place(opened, one) for one in ("/upload", "/name", "/remove", "/judge", "/publish")),
        *(f"/workshop/publications/{asked}/{one}" for one in ("agree", "refuse", "withdraw")),
    ):
        assert visitor.post(address).status_code == 404
    visitor.get("/")
    assert "Workshop" not in visitor.text()


def test_rules_that_an_update_brought_are_told_and_taken_along(site: Site, tmp_path: Path) -> None:
    visitor = site.visit(ONE)
    assert "safety rules have changed" not in visitor.get("/workshop").text
    shipped = site.application.settings.processes_dir
    folder = tmp_path / "updated"
    shutil.copytree(shipped, folder)
    rules = folder / "rules.toml"
    rules.write_text(
        rules.read_text().replace("No episode ends as closed", "No round ends as closed", 1)
        + NEW_RULE
    )
    settings = replace(site.application.settings, processes_dir=folder)
    site.application.settings = settings
    text = (visitor.get("/workshop"), visitor.text())[1]
    assert "The product's safety rules have changed" in text
    assert "The safety rule L99 is new: Nothing is forgotten." in text
    assert "No round ends as closed" in text
    answer = visitor.post("/workshop/drafts", {"title": "New rules", "rules": "new"})
    draft_id = UUID(answer.headers["Location"].rpartition("/")[2])
    assert content(site.application, draft_id)["rules.toml"] == rules.read_bytes()
    visitor.get(place(draft_id))
    assert "The safety rule L99 is new" in visitor.text()
    # What one types cannot reach them: neither a file nor an archive.
    visitor.post(place(draft_id, "/file"), {"path": "rules.toml", "text": "", "expected": ""})
    assert content(site.application, draft_id)["rules.toml"] == rules.read_bytes()
    # Another draft begins with the rules that are published.
    other = visitor.post("/workshop/drafts", {"title": "Other"}).headers["Location"]
    found = content(site.application, UUID(other.rpartition("/")[2]))
    assert found["rules.toml"] == (shipped / "rules.toml").read_bytes()
