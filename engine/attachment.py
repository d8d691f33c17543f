"""Takes files of strangers: rewritten by a child process, or refused with a kind sentence.

What is kept is never what was sent: a picture is painted anew and a PDF put together anew, so
hidden places, programs and pages in disguise do not come along (engine/rewriting.py). Where a virus
scanner is set, it sees first what was sent: what it knows, and what it could not look at, is
refused. Nothing waits for it unseen, because what waits lies on our disk and is forgotten there;
whoever reports keeps the words, and the desk can ask for the file later.
"""

import hashlib
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

import structlog

from engine.errors import InputError
from engine.language import gettext, mark
from engine.virus import ScannerAwayError, is_harmful

log = structlog.get_logger()
MOST_FILES = 3
MOST_BYTES = 8_000_000
"""Of one file. A photograph of a telephone has three to six million."""
LONGEST_NAME = 100
SECONDS = 30
SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
}
REFUSALS = mark(
    {
        "type": "File %(number)s is of a kind that we cannot take. Send a picture, a PDF or plain "
        "text.",
        "broken": "File %(number)s cannot be opened. Open it on your side and save it once more.",
        "large": "File %(number)s has too many pixels or pages. Send a smaller picture, or fewer "
        "pages.",
        "locked": "File %(number)s is locked with a password. Save it without one.",
        "virus": "File %(number)s carries a harmful program. Leave it out, and have your device "
        "looked at.",
        "unscanned": "File %(number)s cannot be looked at for viruses now. Leave it out; the desk "
        "can ask for it.",
    }
)
UNREADABLE = mark("File %(number)s could not be looked at. Leave it out; the desk can ask for it.")


class AttachmentError(InputError):
    """A file is not taken; the message names it by its place and says what to do."""


@dataclass(frozen=True)
class Attachment:
    """A file as it is kept; `name` is only what the sender calls it."""

    name: str
    media_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        """Return the digest of what is kept."""
        return hashlib.sha256(self.content).hexdigest()


def rewrite_all(files: list[tuple[str, bytes]], scanner: str = "") -> tuple[Attachment, ...]:
    """Return the files rewritten; raise AttachmentError for the first that cannot be taken.

    `scanner` is where ClamAV listens, see engine/virus.py; empty: files are rewritten only.
    """
    if len(files) > MOST_FILES:
        raise AttachmentError(
            gettext(
                "Send at most %(most_files)s files; the desk can ask for more.",
                most_files=MOST_FILES,
            )
        )
    return tuple(_rewrite(number, *file, scanner) for number, file in enumerate(files, 1))


def _rewrite(number: int, name: str, content: bytes, scanner: str) -> Attachment:
    if len(content) > MOST_BYTES:
        most = MOST_BYTES // 1_000_000
        raise AttachmentError(
            gettext(
                "File %(number)s is too large. At most %(most)s megabytes each, please.",
                number=number,
                most=most,
            )
        )
    if not content:
        raise AttachmentError(gettext("File %(number)s is empty. Leave it out.", number=number))
    if scanner:
        _scan(number, content, scanner)
    kept = _in_a_child(number, content)
    media_type, _, rewritten = kept.partition(b"\n")
    kind = media_type.decode()
    return Attachment(shown_name(name, kind), kind, rewritten)


def _scan(number: int, content: bytes, scanner: str) -> None:
    """Refuse what is harmful or could not be looked at; before any library takes it apart."""
    try:
        if not is_harmful(scanner, content):
            return
    except ScannerAwayError as error:
        log.warning("virus_scanner_away", error=str(error))
        raise AttachmentError(_refusal("unscanned", number)) from error
    # Neither the name of the virus nor who sent it: the line would lead to somebody who reported.
    log.warning("virus_found")
    raise AttachmentError(_refusal("virus", number))


def _refusal(code: str, number: int) -> str:
    return gettext(REFUSALS.get(code, UNREADABLE), number=number)


def _in_a_child(number: int, content: bytes) -> bytes:
    """Run the rewriting where a mistake in a library ends a child and not the pages."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "engine.rewriting"],
            input=content,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired as error:
        raise AttachmentError(_refusal("large", number)) from error
    if done.returncode == 0:
        return done.stdout
    # Threat: the child's last words may quote the file; only its own code is taken over.
    code = done.stderr.decode("ascii", "replace").strip()
    raise AttachmentError(_refusal(code, number))


def shown_name(name: str, media_type: str) -> str:
    """Return the sender's name for a file without folders, control signs and its own ending."""
    last = name.replace("\\", "/").rpartition("/")[2]
    # Threat: signs that turn the direction of writing make "exe.gpj" out of "jpg.exe".
    visible = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C")
    stem = PurePosixPath(visible).stem.strip(" .")[:LONGEST_NAME]
    return f"{stem or 'file'}{SUFFIXES[media_type]}"
