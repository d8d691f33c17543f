"""Files of strangers: rewritten, refused kindly, fetched by the desk alone."""

import io
import struct
import time
import zlib

import pikepdf
import pytest
from PIL import Image
from sqlalchemy import func, insert, select

from engine import letterbox, verification
from engine.attachment import SUFFIXES, AttachmentError, rewrite_all
from engine.models import AuditEntry, ReportAttachment, SpentChallenge
from tests.webui.reporting import WORRY, Desk, Reporter
from tests.webui.site import Site
from webui.identity import wall_clock


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), tells: str = "") -> bytes:
    """Return a picture that may tell something beside what it shows."""
    out = io.BytesIO()
    image = Image.new("RGB", size, "teal")
    exif = image.getexif()
    if tells:
        exif[0x010E] = tells
        exif.get_ifd(0x8825)[29] = tells  # the day of the satellites' time
    image.save(out, kind, **({"exif": exif} if tells else {}))
    return out.getvalue()


HOSTILE = "<img src=x onerror=alert(1)>"


def pdf_with_everything(picture_inside: bytes) -> bytes:
    """Return a PDF that runs a program, carries one, calls home and tells who made it."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        page, name = pdf.pages[0], pikepdf.Name
        script = pikepdf.Dictionary(S=name.JavaScript, JS=pikepdf.String("app.alert('CANARY')"))
        pdf.Root.OpenAction = script
        pdf.Root.Names = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=["x", script]))
        pdf.attachments["tool.exe"] = b"MZ CANARY"
        pdf.docinfo["/Author"] = "CANARY"
        page.AA = pikepdf.Dictionary(O=script)
        launch = pikepdf.Dictionary(S=name.Launch, F=pikepdf.String("CANARY.exe"))
        call = pikepdf.Dictionary(S=name.URI, URI="http://CANARY.example/")
        page.Annots = pikepdf.Array(
            pikepdf.Dictionary(Type=name.Annot, Subtype=name.Link, Rect=[0, 0, 9, 9], A=one)
            for one in (launch, call, script)
        )
        image = pikepdf.Stream(pdf, picture_inside)
        image.stream_dict = pikepdf.Dictionary(
            Type=name.XObject,
            Subtype=name.Image,
            Width=64,
            Height=48,
            ColorSpace=name.DeviceRGB,
            BitsPerComponent=8,
            Filter=name.DCTDecode,
        )
        # The resources may be called like what is taken out.
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(A=image))
        page.Contents = pikepdf.Stream(pdf, b"q 200 0 0 200 0 0 cm /A Do Q")
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def in_the_open(content: bytes) -> bytes:
    """Return a PDF with everything unpacked that can be unpacked."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        pdf.save(
            out,
            compress_streams=False,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
        )
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_picture_keeps_what_it_shows_and_tells_no_more(kind: str) -> None:
    sent = picture(kind, tells="CANARY")
    assert b"CANARY" in sent
    [kept] = rewrite_all([("DSC_0001.JPG", sent)])
    assert b"CANARY" not in kept.content
    assert kept.media_type == f"image/{kind.lower()}"
    with Image.open(io.BytesIO(kept.content)) as found:
        assert (found.size, found.format) == ((64, 48), kind)
        assert not found.getexif()
        assert not {"exif", "xmp", "icc_profile", "comment"} & set(found.info)
        red, green, blue = found.convert("RGB").getpixel((10, 10))
    assert abs(red) < 8
    assert abs(green - 128) < 8
    assert abs(blue - 128) < 8


def test_picture_is_kept_upright_although_its_turn_is_taken_out() -> None:
    image = Image.new("RGB", (64, 48), "teal")
    exif = image.getexif()
    exif[0x0112] = 6  # the telephone was held on its side
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    [kept] = rewrite_all([("a.jpg", out.getvalue())])
    with Image.open(io.BytesIO(kept.content)) as found:
        assert found.size == (48, 64)


def test_pdf_is_kept_without_programs_files_links_and_names() -> None:
    sent = pdf_with_everything(picture(tells="CANARY"))
    assert in_the_open(sent).count(b"CANARY") > 5
    [kept] = rewrite_all([("a.pdf", sent)])
    found = in_the_open(kept.content)
    for word in (b"CANARY", b"JavaScript", b"Launch", b"OpenAction", b"Embedded", b"/URI", b"/AA"):
        assert word not in found, word
    with pikepdf.open(io.BytesIO(kept.content)) as pdf:
        image = pikepdf.PdfImage(pdf.pages[0].Resources.XObject["/A"]).as_pil_image()
        assert image.size == (64, 48)


def test_text_is_kept_as_text() -> None:
    [kept] = rewrite_all([("notes.md", "BM wrote: “Grüße”\r\nand left.".encode())])
    assert (kept.media_type, kept.name) == ("text/plain", "notes.txt")
    assert kept.content.decode() == "BM wrote: “Grüße”\nand left."


def _refused(content: bytes) -> str:
    with pytest.raises(AttachmentError) as refusal:
        rewrite_all([("photo.jpg", content)])
    return str(refusal.value)


GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00"


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"  <html><body onload=alert(1)>",
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b"<svg onload=alert(1)>",
        b"hello <script src=//evil.example></script>",
        b"#!/bin/sh\nrm -rf /\n",
        b"<?php system($_GET[0]); ?>",
        b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00",
        b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00",
        b"PK\x03\x04\x14\x00\x00\x00\x08\x00",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64),
        b"{\\rtf1 \x00}",
        GIF + b"\x02\x02D\x01\x00;",
        "UTF-16 <script>".encode("utf-16"),
        b"+ADw-script+AD4-\x00",
        bytes(range(256)),
        b"text first %PDF-1.7 then more",
    ],
)
def test_other_kinds_of_files_are_refused_whatever_they_are_called(content: bytes) -> None:
    assert "of a kind that we cannot take" in _refused(content)


@pytest.mark.parametrize(
    "tail", [b"<script>alert(1)</script>", b"PK\x03\x04 zip", b"%PDF-1.7 /JS", b"MZ program"]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_file_that_is_two_kinds_at_once_keeps_the_picture_alone(kind: str, tail: bytes) -> None:
    [kept] = rewrite_all([("a.html", picture(kind) + tail * 3)])
    assert tail not in kept.content
    assert kept.name == f"a{SUFFIXES[kept.media_type]}"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_file_cut_off_in_the_middle_is_refused_kindly(kind: str) -> None:
    sent = picture(kind, (300, 300))
    assert "cannot be opened" in _refused(sent[: len(sent) // 2])
    pdf = pdf_with_everything(picture())
    assert "File 1 " in _refused(b"%PDF-1.7\n" + pdf[40:60])


def test_picture_of_too_many_pixels_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(out, "PNG")
    assert len(out.getvalue()) < 200_000
    assert "too many pixels" in _refused(out.getvalue())


def test_picture_that_lies_about_its_size_ends_a_child_and_not_the_pages() -> None:
    """A PNG of few pixels by its head whose data unpack to gigabytes."""
    head = struct.pack(">IIBBBBB", 6000, 6000, 16, 6, 0, 0, 0)
    data = zlib.compress(bytes(60_000_000), 9)
    chunks = [(b"IHDR", head), (b"zTXt", b"a\0\0" + data), (b"IDAT", data), (b"IEND", b"")]
    sent = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
    assert len(sent) < 200_000
    assert _refused(sent).startswith("File 1 ")


def test_pdf_that_unpacks_to_gigabytes_is_not_unpacked_here() -> None:
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        bomb = pikepdf.Stream(pdf, b"")
        bomb.write(zlib.compress(bytes(300_000_000), 9), filter=pikepdf.Name.FlateDecode)
        pdf.pages[0].Contents = bomb
        out = io.BytesIO()
        pdf.save(out, recompress_flate=False)
    started = time.monotonic()
    [kept] = rewrite_all([("a.pdf", out.getvalue())])
    assert len(kept.content) < 1_000_000
    assert time.monotonic() - started < 10


def test_pdf_of_too_many_pages_and_a_locked_one_are_refused_kindly() -> None:
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        for _ in range(101):
            pdf.add_blank_page()
        pdf.save(out)
    assert "pages" in _refused(out.getvalue())
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(out, encryption=pikepdf.Encryption(owner="a", user="b"))
    assert "password" in _refused(out.getvalue())


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd.png"),
        ("C:\\Users\\me\\photo.exe", "photo.png"),
        ("a\u202egnp.exe", "agnp.png"),
        ("line\r\nSet-Cookie: x=1.png", "lineSet-Cookie: x=1.png"),
        ("\u200b.png", "png.png"),
        ("\u200b", "file.png"),
        ("x" * 400 + ".png", "x" * 100 + ".png"),
        (HOSTILE, HOSTILE + ".png"),
    ],
)
def test_name_of_a_file_loses_folders_signs_and_its_own_ending(name: str, shown: str) -> None:
    [kept] = rewrite_all([(name, picture("PNG"))])
    assert kept.name == shown


# -- on the pages ----------------------------------------------------------------------------------


def test_files_come_to_the_desk_rewritten_and_each_download_is_on_record(site: Site) -> None:
    files = [
        ("IMG_1.jpg", picture(tells="CANARY")),
        (HOSTILE + ".pdf", pdf_with_everything(picture())),
        ("notes.txt", b"He said it on Monday."),
    ]
    Reporter(site).report(files)
    desk = Desk(site)
    assert "IMG_1.jpg" in desk.read()
    assert desk.visitor.page is not None
    assert not desk.visitor.page.xpath("//main//script")
    links = desk.visitor.page.xpath("//a[@download]/@href")
    assert len(links) == 3
    for link in links:
        response = desk.visitor.get(link)
        assert response.status_code == 200
        assert b"CANARY" not in response.data
        disposition = response.headers["Content-Disposition"]
        assert disposition.startswith(f'attachment; filename="report-{desk.case.code}-')
        assert disposition.isascii()
        assert "script" not in disposition
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response.headers["Content-Security-Policy"]
        assert response.mimetype in SUFFIXES
    with site.application.database.reading() as session:
        ids = {str(one) for one in session.scalars(select(ReportAttachment.id))}
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.event == "case:attachment:download")
        ).all()
        assert {entry.subject for entry in entries} == ids
        assert {entry.actor_id for entry in entries} == {site._account(session, "intake.anna").id}
        assert verification.verify(session).breaks == []


def test_files_are_for_the_desk_alone(site: Site) -> None:
    Reporter(site).report([("a.jpg", picture())])
    desk = Desk(site)
    desk.read()
    assert desk.visitor.page is not None
    [link] = desk.visitor.page.xpath("//a[@download]/@href")
    unknown = f"{desk.path}/files/00000000-0000-4000-8000-000000000000"
    assert desk.visitor.get(unknown).status_code == 404
    for username in ("police.peter", "chair.clara", "content.emma", "head.greta", "privacy.paula"):
        visitor = site.visit(username)
        assert visitor.get(link).status_code == 404, username
        assert visitor.get(desk.path).status_code == 404, username
    assert site.visit().get(link).status_code == 302


def test_file_of_one_case_is_not_fetched_through_another(site: Site) -> None:
    Reporter(site).report([("a.jpg", picture())])
    desk = Desk(site)
    desk.read()
    assert desk.visitor.page is not None
    [link] = desk.visitor.page.xpath("//a[@download]/@href")
    other = site.report()
    assert desk.visitor.get(link.replace(desk.case.code, other.code)).status_code == 404


def test_report_whose_file_is_refused_keeps_its_words_and_can_be_sent_without(site: Site) -> None:
    reporter = Reporter(site)
    reporter.open("/report")
    assert reporter.send("/report", WORRY, [("a.jpg", b"<html>")]).status_code == 422
    assert "File 1 is of a kind" in reporter.visitor.text()
    assert WORRY["text"] in reporter.visitor.text()
    many = [(f"{number}.txt", b"words") for number in range(4)]
    assert reporter.send("/report", WORRY, many).status_code == 422
    large = [("a.txt", b"a" * 8_000_001)]
    assert reporter.send("/report", WORRY, large).status_code == 422
    assert "at most 8 megabytes" in reporter.visitor.text().lower()
    with site.application.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ReportAttachment)) == 0
    assert reporter.send("/report", WORRY, [("a.txt", b"words")]).status_code == 302


def test_body_of_files_without_measure_is_refused(site: Site) -> None:
    reporter = Reporter(site)
    reporter.open("/report")
    response = reporter.send("/report", WORRY, [("a.txt", b"a" * 28_000_000)])
    assert response.status_code == 413


def test_files_are_not_taken_in_a_flood_and_words_still_are(site: Site) -> None:
    rows = [
        {"fingerprint": f"f{number}", "kind": "report", "at": wall_clock()}
        for number in range(letterbox.MOST_WITH_FILES)
    ]
    with site.application.database.transaction() as session:
        session.execute(insert(SpentChallenge), rows)
    reporter = Reporter(site)
    reporter.open("/report")
    assert reporter.send("/report", WORRY, [("a.jpg", picture())]).status_code == 422
    assert "the desk asks for files" in reporter.visitor.text()
    assert reporter.send("/report", WORRY).status_code == 302
