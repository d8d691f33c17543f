"""Rewrites one file of a stranger; runs alone in a child process with narrow limits.

Reads the file from standard input and writes its type, a line end and the rewritten file to
standard output. A refusal is an exit code and one word of engine.attachment.REFUSALS.
"""

import io
import re
import resource
import sys
from collections.abc import Callable, Iterator

import pikepdf
import puremagic
from PIL import Image, ImageOps, UnidentifiedImageError

MEMORY = 1_500_000_000
"""Bytes of address space: a picture of the most pixels, three times over, and the libraries."""
CPU_SECONDS = 20
MOST_PIXELS = 40_000_000
MOST_PAGES = 100
MOST_OBJECTS = 50_000
MOST_BYTES = 16_000_000
FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
PICTURES = frozenset(FORMATS.values())
PDF = "application/pdf"
TEXT = "text/plain"
MARKUP = re.compile(
    r"<(!doctype|html|head|body|script|svg|\?xml|\?php|iframe)\b|%pdf-|#!/", re.IGNORECASE
)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
LOOKED_AT = 4096
"""Characters at the start of a text in which a page or program would show itself."""
DROPPED = frozenset(
    {
        "/AA",
        "/A",
        "/AcroForm",
        "/AF",
        "/Annots",
        "/B",
        "/Collection",
        "/EF",
        "/EmbeddedFiles",
        "/F",
        "/JavaScript",
        "/JS",
        "/LastModified",
        "/Metadata",
        "/Names",
        "/OpenAction",
        "/OPI",
        "/PieceInfo",
        "/PresSteps",
        "/Ref",
        "/Thumb",
        "/Trans",
        "/URI",
        "/VP",
        "/XFA",
    }
)
"""Keys of a PDF that lead to programs, other files, actions or who made it."""

MARKER, SCAN = 0xFF, 0xDA
TELLING = frozenset({*range(0xE0, 0xEE), 0xEF, 0xFE})
"""Segments of a JPEG with place, camera, names and comments."""


class RefusedError(Exception):
    """The file is not taken; the text is a key of engine.attachment.REFUSALS."""


def rewrite(content: bytes) -> tuple[str, bytes]:
    """Return type and content of the rewritten file; raise RefusedError."""
    kind = kind_of(content)
    if kind in PICTURES:
        return _picture(content)
    if kind == PDF:
        return kind, _pdf(content)
    if kind == TEXT:
        return kind, _text(content)
    raise RefusedError("type")


def kind_of(content: bytes) -> str:
    """Return what the content is, empty for what is not taken; the name says nothing."""
    try:
        found = str(puremagic.from_string(content, mime=True))
    except (puremagic.PureError, ValueError):
        found = ""
    if found in PICTURES or (found == PDF and content.startswith(b"%PDF-")):
        return found
    return TEXT if _is_text(content) else ""


def _is_text(content: bytes) -> bool:
    try:
        words = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not CONTROL.search(words) and not MARKUP.search(words[:LOOKED_AT])


def _text(content: bytes) -> bytes:
    return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").encode()


def _picture(content: bytes) -> tuple[str, bytes]:
    """Paint the first frame anew: what stands beside the picture does not come along."""
    try:
        with Image.open(io.BytesIO(content), formats=tuple(FORMATS)) as found:
            if found.width * found.height > MOST_PIXELS:
                raise RefusedError("large")
            kind = str(found.format)
            turned = ImageOps.exif_transpose(found)
            plain = turned.convert(_mode(kind, turned))
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError) as error:
        raise RefusedError("broken") from error
    clean = Image.new(plain.mode, plain.size)
    clean.paste(plain)
    out = io.BytesIO()
    clean.save(out, kind, quality=90)
    return FORMATS[kind], out.getvalue()


def _mode(kind: str, picture: Image.Image) -> str:
    see_through = picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info
    return "RGBA" if see_through and kind != "JPEG" else "RGB"


def _pdf(content: bytes) -> bytes:
    """Put the pages together anew, without anything that acts, is attached, or tells who."""
    try:
        with pikepdf.open(io.BytesIO(content)) as found, pikepdf.new() as clean:
            if found.is_encrypted:
                raise RefusedError("locked")
            if len(found.pages) > MOST_PAGES or len(found.objects) > MOST_OBJECTS:
                raise RefusedError("large")
            clean.pages.extend(found.pages)
            for one in _dictionaries(clean):
                _strip(one)
            out = io.BytesIO()
            clean.save(out, deterministic_id=True, fix_metadata_version=False)
    except pikepdf.PasswordError as error:
        raise RefusedError("locked") from error
    except (pikepdf.PdfError, ValueError, TypeError, KeyError) as error:
        raise RefusedError("broken") from error
    return out.getvalue()


def _dictionaries(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    """Yield every dictionary and stream, those that stand inside others too."""
    waiting: list[pikepdf.Object] = list(pdf.objects)
    while waiting:
        one = waiting.pop()
        if isinstance(one, pikepdf.Array):
            waiting += [part for part in one if _is_nested(part)]
        elif isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
            yield one
            waiting += [part for part in _values(one) if _is_nested(part)]


def _values(one: pikepdf.Object) -> list[pikepdf.Object]:
    return [one[key] for key in one.keys()]  # noqa: SIM118 - no dict of Python


def _is_nested(part: object) -> bool:
    """Say whether a part stands inside another object; those with a number come by themselves."""
    inside = isinstance(part, pikepdf.Array | pikepdf.Dictionary)
    return inside and not getattr(part, "is_indirect", False)


def _strip(one: pikepdf.Object) -> None:
    keys = set(one.keys())
    # Resource dictionaries may call a font or a colour what they like, "/A" or "/F" too.
    named_freely = not keys & {"/Type", "/Subtype", "/S", "/MediaBox", "/Contents"}
    for key in keys & DROPPED:
        if key in {"/A", "/B", "/F"} and named_freely:
            continue
        del one[key]
    if isinstance(one, pikepdf.Stream) and one.get("/Filter") == pikepdf.Name.DCTDecode:
        one.write(_without_segments(one.read_raw_bytes()), filter=pikepdf.Name.DCTDecode)


def _without_segments(jpeg: bytes) -> bytes:
    """Return a JPEG without its application and comment segments: no place, no camera, no name.

    Adobe's own (APP14) stays: it says how the colours are meant.
    """
    out, at = bytearray(jpeg[:2]), 2
    while at + 4 <= len(jpeg) and jpeg[at] == MARKER and jpeg[at + 1] != SCAN:
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4])
        if marker not in TELLING:
            out += jpeg[at : at + 2 + length]
        at += 2 + length
    return bytes(out) + jpeg[at:]


def _limit() -> None:
    """Give up memory, time, files and further processes before the first byte is read."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(refuse: Callable[[str], int] = sys.stderr.write) -> int:
    """Rewrite standard input to standard output and return the exit code."""
    _limit()
    try:
        kind, content = rewrite(sys.stdin.buffer.read())
    except RefusedError as error:
        refuse(str(error))
        return 2
    except (MemoryError, RecursionError, Image.DecompressionBombError):
        refuse("large")
        return 2
    if len(content) > MOST_BYTES:
        refuse("large")
        return 2
    sys.stdout.buffer.write(kind.encode() + b"\n" + content)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
