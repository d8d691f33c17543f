"""Who asks for the own data gets all of it, and nothing of others or of who reported (S21)."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from engine import checkpoint, due, release, verification, verify_bundle
from engine.keyring import sealed_fields
from engine.models import (
    Account,
    AuditEntry,
    Base,
    Case,
    CaseMember,
    Contribution,
    Disclosure,
    Document,
    Incident,
    Person,
    ReleaseDecision,
    ReportAttachment,
    Signal,
    SignalSource,
    WebSession,
)
from engine.models.sealed import DAY, JSON_VALUE, TEXT
from engine.release import Choice
from engine.sealed_column import CLASSES, LABELS, OWN
from tests.webui.site import Site, Visitor
from tests.webui.story import tell

OFFICER, DESK = "privacy.paula", "intake.anna"
STORY = (
    "intake_to_multi_agency",
    "analysis_to_plan",
    "plan_to_implementation",
    "implementation_to_closure",
)
FORM = {
    "relation": "person",
    "requester": "Quinn Quixote",
    "contact": "by letter",
    "about_name": "Quinn Quixote",
    "about_born": "2001-02-28",
    "received_on": "2026-01-10",
}


def rows(site: Site, table: Any, *conditions: Any) -> list[Any]:
    with site.application.database.reading() as session:
        return list(session.scalars(select(table).where(*conditions)).unique())


def id_of(site: Site, username: str) -> UUID:
    with site.application.database.reading() as session:
        return site._account(session, username).id


def sealed_of_case() -> Iterator[tuple[Any, str, str, str]]:
    """Every sealed attribute of a table that belongs to a case: model, attribute, kind, column."""
    for mapper in Base.registry.mappers:
        for name, (table, column, kind) in sealed_fields(mapper).items():
            if "case_id" in mapper.columns:
                yield mapper.class_, name, kind, f"{table}.{column}"


def plant(site: Site, case: Case) -> dict[str, str]:
    """Write a word of its own into every sealed text of a case; return word to column."""
    planted: dict[str, str] = {}

    def word(column: str) -> str:
        found = f"canary{uuid4().hex[:12]}x"
        planted[found] = column
        return found

    with site.application.database.transaction() as session:
        deployment = site.application.deployment(session)
        hidden = next(
            field.key
            for form in deployment.forms.values()
            for field in form.fields()
            if field.field_class == "source"
        )
        shown = next(key for key in release._keys(deployment) if key == "person_name")
        [signal] = session.scalars(select(Signal).where(Signal.case_id == case.id))
        common = {"case_id": case.id, "at": case.created_at}
        session.add_all(
            [
                SignalSource(signal_id=signal.id, said={}, **common),
                ReportAttachment(
                    signal_id=signal.id,
                    name="n",
                    media_type="text/plain",
                    size=1,
                    sha256="0" * 64,
                    content=word("report_attachment.content").encode(),
                    **common,
                ),
                Document(
                    name="n",
                    media_type="text/plain",
                    size=1,
                    content=word("document.content").encode(),
                    **common,
                ),
            ]
        )
        session.flush()
        for model, name, kind, column in sealed_of_case():
            for row in session.scalars(select(model).where(model.case_id == case.id)).unique():
                if kind == TEXT:
                    setattr(row, name, word(column))
                elif kind == JSON_VALUE:
                    own = {shown: word(column), hidden: word("source field")}
                    setattr(row, name, own if "details" in name else {"key": word(column)})
                elif kind == DAY:
                    assert model is Person
        person = session.scalars(select(Person).where(Person.case_id == case.id)).one()
        planted.pop(person.name)
        person.name, person.birth_date = "Quinn Quixote", date(2001, 2, 28)
    return planted


def register(site: Site, **other: str) -> tuple[Visitor, str]:
    paula = site.visit(OFFICER)
    answer = paula.post("/disclosures/new", {**FORM, **other})
    assert answer.status_code == 302, paula.text()
    address = answer.headers["Location"]
    proof = {"means": "document", "note": "Proof of custody seen."}
    assert paula.post(f"{address}/identity", proof).status_code == 302
    return paula, address


def find(site: Site, address: str, *codes: str, **other: str) -> None:
    anna = site.visit(DESK)
    assert anna.get(f"{address}/search").status_code == 200
    found = anna.post(f"{address}/search", {"case": list(codes), **other})
    assert found.status_code == 302, anna.text()


def decide_all(site: Site, choose: Any = None) -> int:
    """Decide every open record as the first who may; by default all goes out but reports."""
    application, count = site.application, 0
    with application.database.reading() as session:
        [disclosure] = session.scalars(
            select(Disclosure).where(Disclosure.closed_at.is_(None))
        ).unique()
        open_records = release.all_records(session, application, disclosure)
        profile = application.deployment(session).profile
        who = {one.id: release.deciders(session, one, profile)[0].id for one in open_records}
        key = disclosure.id
    for one in open_records:
        choice = choose(one) if choose else None
        if choice is None:
            withheld = Choice("refuse", "rights_of_others", "It may tell who reported.")
            choice = withheld if one.is_shielded else Choice("release")
        release.decide(application, key, who[one.id], one.id, choice)
        count += 1
    return count


def unpack(
    paula: Visitor, address: str, language: str = "en"
) -> tuple[dict[str, bytes], bytes, str]:
    given = {"csrf_token": paula.csrf(), "language": language}
    answer = paula.client.post(f"{address}/bundle", data=given)
    assert answer.status_code == 200
    content, digest = answer.get_data(), answer.headers["X-Manifest-SHA256"]
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}, content, digest


def test_every_sealed_column_is_classed_for_a_bundle() -> None:
    columns = {
        f"{table}.{column}"
        for mapper in Base.registry.mappers
        for table, column, _ in sealed_fields(mapper).values()
    }
    assert columns - set(CLASSES) == set(), "say in engine/sealed_column.py what may become of it"
    assert set(CLASSES) - columns == set()
    going_out = {one.split(".")[1] for one, kind in CLASSES.items() if kind == OWN} - {"content"}
    assert set(LABELS) == going_out
    tables = {table.__tablename__ for table in release.RECORDS}
    assert {one.split(".")[0] for one, kind in CLASSES.items() if kind == OWN} <= tables


def _is_dutch(paula: Visitor, address: str) -> None:
    """Ask for the bundle in a language that is offered, and in one that is not."""
    dutch, _, _ = unpack(paula, address, "nl")
    page = dutch["index.html"].decode()
    assert '<html lang="nl" dir="ltr">' in page
    assert "<h2>Wat niet wordt gegeven</h2>" in page
    assert "What is withheld" not in page
    assert "Outgoing canary" in page, "what people wrote stays as it is"
    assert "Deze bundel bevat" in dutch["README.txt"].decode()
    unknown = {"csrf_token": paula.csrf(), "language": "tlh"}
    assert paula.client.post(f"{address}/bundle", data=unknown).status_code == 400


def test_bundle_has_all_own_data_and_nothing_of_others(site: Site, tmp_path: Path) -> None:
    case = tell(site, *STORY)
    planted = plant(site, case)
    for username in ("content.emma", "police.peter"):
        assert site.visit(username).get(f"/cases/{case.code}").status_code == 200
    paula, address = register(site)
    find(site, address, case.code)
    contributions = rows(site, Contribution, Contribution.case_id == case.id)
    police = rows(site, Account, Account.username == "police.peter")[0].organisation_id
    [refused] = [one for one in contributions if one.organisation_id == police]
    part = next(one for one in contributions if one is not refused)

    def choose(one: release.Record) -> Choice | None:
        if one.id == part.id:
            return Choice("part", "rights_of_others", "Inner canary", "Outgoing canary")
        if one.id == refused.id:
            return Choice("refuse", "public_security", "Inner canary")
        return None

    assert decide_all(site, choose) > 15
    paula.get(address)
    assert "Release the answer" in paula.text()
    assert not [word for word in planted if word in paula.text()]
    assert paula.post(f"{address}/answer").status_code == 302
    files, content, digest = unpack(paula, address)
    whole = b"".join(files.values()).decode()
    held = set()
    for row in (part, refused):
        held |= {row.summary, row.body, row.legal_basis, *row.details.values()}
    shielded = rows(site, release.Assessment, release.Assessment.kind == "source")
    for row in shielded:
        held |= {row.summary, row.evidence_for, row.evidence_against, *row.details.values()}
    own = {word for word, column in planted.items() if CLASSES.get(column) == OWN} - held
    others = set(planted) - own
    assert len(own) > 60
    assert len(others) > 60
    assert {word for word in own if word not in whole} == set()
    assert {word for word in others if word in whole} == set()
    assert "Outgoing canary" in whole
    assert "Inner canary" not in whole
    assert "Quinn Quixote" in whole
    told = json.loads(files["data.json"])
    assert {one["ground"] for one in told["withheld"]} == {
        "Rights and freedoms of others (GDPR art. 15(4))",
        "Public security (GDPR art. 23(1)(c); LED art. 15(1)(d))",
    }
    staff = [one.display_name for one in rows(site, Account)]
    assert not [name for name in staff if name in whole]
    who = {(one["organisation"], one["function"]) for one in told["recipients"]}
    assert ("Municipality of Rivertown", "Content coordinator") in who
    assert ("An organisation: Police", "Partner") in who
    assert "Police, Rivertown district" not in whole
    _verifies(tmp_path, files, content, digest)
    _is_proven(site, files, case)
    _is_dutch(paula, address)
    assert not [path for path in tmp_path.rglob("*.zip") if path.name != "changed.zip"]


def _verifies(tmp_path: Path, files: dict[str, bytes], content: bytes, digest: str) -> None:
    """The script of the bundle, as a process of its own, finds every changed byte."""
    script, packed = tmp_path / "verify.py", tmp_path / "changed.zip"
    script.write_bytes(files["verify.py"])
    assert len(files["verify.py"].splitlines()) <= 50

    def run(bundle: bytes) -> tuple[int, str]:
        packed.write_bytes(bundle)
        command = [sys.executable, "-I", "-S", str(script), str(packed), digest]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    assert run(content) == (0, "every file is as it was handed over\n")
    code, said = run(_packed({**files, "data.json": _flipped(files["data.json"])}))
    assert (code, said) == (1, "data.json was changed\n")
    for name, whole in files.items():
        packed.write_bytes(_packed({**files, name: _flipped(whole)}))
        assert verify_bundle.problems(str(packed), digest), name
        packed.write_bytes(_packed({key: value for key, value in files.items() if key != name}))
        assert verify_bundle.problems(str(packed), digest), name
    packed.write_bytes(_packed({**files, "more.txt": b"more"}))
    assert verify_bundle.problems(str(packed), digest) == ["more.txt is not in the list"]


def _flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def _packed(files: dict[str, bytes]) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return memory.getvalue()


def _is_proven(site: Site, files: dict[str, bytes], case: Case) -> None:
    """The heads in the bundle are those of the trail, and its line fits the verification."""
    line = files["audit-head.txt"].decode()
    head = checkpoint.read_head(site.application.settings.audit_key, line)
    with site.application.database.reading() as session:
        assert verification.verify(session, head).breaks == []
        [chain] = json.loads(files["manifest.json"])["chains"]
        entry = session.scalars(
            select(AuditEntry).where(
                AuditEntry.chain_id == case.id, AuditEntry.sequence == chain["entry"]
            )
        ).one()
        exported = session.scalars(
            select(AuditEntry).where(AuditEntry.event == "case:disclosure:export")
        ).one()
    assert (chain["case"], chain["hash"]) == (case.code, entry.hash)
    assert exported.detail["manifest_sha256"]


def test_answer_is_the_same_for_the_unknown_and_the_withheld(site: Site) -> None:
    case = site.report()
    said = []
    for codes in ((), (case.code,)):
        paula, address = register(site)
        _find_by_code(site, address, " ".join(codes))
        if codes:
            decide_all(site, lambda _: Choice("refuse", "public_security", "For the file."))
        paula.post(f"{address}/answer")
        paula.get(address)
        page: Any = paula.page
        said.append(page.xpath("//blockquote")[0].text_content().strip())
        assert (
            paula.client.post(f"{address}/bundle", data={"csrf_token": paula.csrf()}).status_code
            == 302
        )
    assert said[0] == said[1]
    assert "nothing that we can tell you" in said[0]


def _find_by_code(site: Site, address: str, code: str, **other: str) -> None:
    anna = site.visit(DESK)
    assert anna.post(f"{address}/search", {"codes": code, **other}).status_code == 302


def test_guardian_who_is_a_party_is_told_nothing(site: Site) -> None:
    case = site.report()
    paula, address = register(site, relation="guardian", requester="A Father")
    anna = site.visit(DESK)
    assert anna.post(f"{address}/search", {"codes": case.code}).status_code == 422
    assert (
        anna.post(f"{address}/search", {"codes": case.code, "is_party": "yes"}).status_code == 302
    )
    paula.post(f"{address}/answer")
    assert rows(site, Disclosure)[0].outcome == "nothing"


def test_order_needs_to_name_what_it_wants_and_a_request_its_proof(site: Site) -> None:
    paula = site.visit(OFFICER)
    assert paula.post("/disclosures/new", {**FORM, "relation": "authority"}).status_code == 422
    assert "Write what the order names" in paula.text()
    for field in ("relation", "requester", "about_name", "received_on"):
        assert paula.post("/disclosures/new", {**FORM, field: ""}).status_code == 422, field
    answer = paula.post("/disclosures/new", {**FORM, "relation": "guardian"})
    address = answer.headers["Location"]
    assert paula.post(f"{address}/identity", {"means": "document"}).status_code == 422
    assert site.visit(DESK).get(f"{address}/search").status_code == 404


def test_each_organisation_decides_about_its_own_words_alone(site: Site) -> None:
    case = tell(site, *STORY[:2])
    _, address = register(site)
    _find_by_code(site, address, case.code)
    peter = site.visit("police.peter")
    assert peter.get(f"{address}/records").status_code == 200
    [mine] = [
        one
        for one in rows(site, Contribution, Contribution.case_id == case.id)
        if one.organisation_id
        == rows(site, Account, Account.username == "police.peter")[0].organisation_id
    ]
    one = f"{address}/records/{mine.id}"
    assert peter.get(one).status_code == 200
    for username in ("youth.yara", "chair.clara", "care.karin", OFFICER, "operator.otto"):
        visitor = site.visit(username)
        assert visitor.get(one).status_code == 404, username
        assert visitor.post(one, {"outcome": "release"}).status_code == 404, username
    assert peter.post(one, {"outcome": "part"}).status_code == 422
    assert peter.post(one, {"outcome": "refuse", "ground": "whim"}).status_code == 422
    good = {"outcome": "refuse", "ground": "investigation", "reason": "An inquiry runs."}
    assert peter.post(one, good).status_code == 302
    assert rows(site, ReleaseDecision)[0].by_id == id_of(site, "police.peter")
    ticked = {"record": str(mine.id)}
    assert peter.post(f"{address}/records", ticked).status_code == 302
    assert rows(site, ReleaseDecision)[0].outcome == "release"
    assert "case:disclosure:decide" in {one.event for one in rows(site, AuditEntry)}


def test_pages_of_a_request_do_not_exist_for_others(site: Site) -> None:
    _, address = register(site)
    for username in ("police.peter", "chair.clara", "operator.otto", DESK):
        visitor = site.visit(username)
        for path in ("/disclosures/new", address):
            assert visitor.get(path).status_code == 404, (username, path)
        for path in ("answer", "bundle", "identity", "end"):
            assert visitor.post(f"{address}/{path}").status_code == 404, (username, path)
        visitor.get("/disclosures")
        assert "Quinn" not in visitor.text()
    for username in ("police.peter", OFFICER):
        visitor = site.visit(username)
        assert visitor.get(f"{address}/search").status_code == 404
        assert visitor.post(f"{address}/search", {}).status_code == 404
        assert visitor.get(f"{address}/records").status_code == 404


def test_answer_waits_for_every_decision_and_for_a_second_person(site: Site) -> None:
    case = site.report()
    paula, address = register(site)
    _find_by_code(site, address, case.code)
    paula.post(f"{address}/answer")
    paula.get(address)
    assert "Some records are not decided yet" in paula.text()
    [found] = rows(site, Disclosure)
    assert found.outcome is None
    decide_all(site)
    for wrong in (DESK, "head.greta"):
        with pytest.raises(DBAPIError), site.application.database.transaction() as session:
            session.execute(
                text(
                    "UPDATE disclosure SET outcome = 'released', closed_at = registered_at, "
                    "released_by_id = (SELECT id FROM account WHERE username = :who)"
                ),
                {"who": wrong},
            )


def test_officer_is_called_before_and_when_a_request_is_due(site: Site) -> None:
    register(site)
    clock: Any = site.application.clock
    calls = Incident.key.like("disclosure_due:%")
    clock.advance(timedelta(days=17))
    due.run_due(site.application)
    assert rows(site, Incident, calls) == []
    clock.advance(timedelta(days=3))
    due.run_due(site.application)
    assert [one.owner_role for one in rows(site, Incident, calls)] == ["dpo"]


def test_words_of_a_request_and_of_the_file_are_gone_after_their_time(site: Site) -> None:
    paula, address = register(site, contact="canary-contact")
    find(site, address)
    paula.post(f"{address}/answer")
    clock: Any = site.application.clock
    clock.advance(timedelta(days=365 * 5))
    due.run_due(site.application)
    [found] = rows(site, Disclosure)
    assert found.erased_at is not None
    assert (found.requester, found.contact, found.about_name, found.about_born) == (
        "",
        "",
        "",
        None,
    )
    paula.get(address)
    assert "were erased" in paula.text()


def test_whoever_is_kept_out_of_a_case_decides_nothing_of_it(site: Site) -> None:
    case = tell(site, *STORY[:2])
    _, address = register(site)
    _find_by_code(site, address, case.code)
    peter = site.visit("police.peter")
    form = {"kind": "relative", "told": "He is a cousin."}
    assert peter.get(f"/cases/{case.code}/conflict").status_code == 200
    peter.post(f"/cases/{case.code}/conflict", form)
    left = rows(site, CaseMember, CaseMember.account_id == id_of(site, "police.peter"))
    assert all(one.until is not None for one in left), peter.text()
    assert peter.get(f"{address}/records").status_code == 404


def test_bundle_asks_for_the_password_again(site: Site) -> None:
    paula, address = register(site)
    with site.application.database.transaction() as session:
        for row in session.scalars(select(WebSession)).unique():
            row.confirmed_at -= timedelta(minutes=6)
    for deed in ("answer", "bundle"):
        answer = paula.post(f"{address}/{deed}")
        assert answer.headers["Location"].startswith("/confirm"), deed
    assert rows(site, Disclosure)[0].outcome is None
