"""Files that come in and go out: one at a time, or a whole draft as a zip archive."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from uuid import UUID

from engine.application import Application
from engine.deployment import keep_contents
from engine.errors import InputError
from engine.inheritance import BASE_PROFILE, BASE_SELFCHECK, INHERITED, RULES
from engine.language.telling import told
from engine.workshop.draft import Change, changing, hash_of, manifest
from engine.workshop.place import MOST_FILES, check_content, kind_of, place_of_upload, require_kind
from engine.xml import MAX_BYTES

MAX_ZIP = 20_000_000
MAX_UNPACKED = 40_000_000


def is_given(path: str) -> bool:
    """Say whether a file of a set comes with the product, so that no draft changes it."""
    return path in (RULES, BASE_PROFILE, BASE_SELFCHECK) or path.startswith(INHERITED)


WHEN = (2000, 1, 1, 0, 0, 0)
"""The same files make the same archive, whenever it is made."""


def upload(
    application: Application, draft_id: UUID, actor: UUID, filename: str, content: bytes
) -> str:
    """Take a file of another tool into a draft by its name; return where it lies now."""
    path = place_of_upload(filename)
    with changing(application, draft_id, actor) as change:
        check_content(path, content, change.draft.profile)
        keep_contents(change.session, [content])
        change.apply({path: hash_of(content)})
    return path


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return a whole set as a zip archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(path, WHEN), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def receive(application: Application, draft_id: UUID, actor: UUID, content: bytes) -> int:
    """Take all files of an archive into a draft as one change, or none; return how many differ.

    Files of the draft that the archive does not have stay.
    """
    found = unpack(content)
    with changing(application, draft_id, actor) as change:
        taken = _changed(change, found)
        for path, one in taken.items():
            check_content(path, one, change.draft.profile)
        keep_contents(change.session, taken.values())
        change.apply({path: hash_of(one) for path, one in taken.items()})
    return len(taken)


def _changed(change: Change, found: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return what differs from the draft; raise InputError where that is not for a draft."""
    there = manifest(change.session, change.draft)
    differ = {path: one for path, one in found.items() if there.get(path) != hash_of(one)}
    for path in sorted(filter(is_given, differ)):
        raise InputError(
            told("%(path)s: comes with the product; take it out of the archive.", path=path)
        )
    for path in differ:
        require_kind(path)
    return differ


def unpack(content: bytes) -> dict[str, bytes]:
    """Return the files of an archive; raise InputError for one that is broken or too large.

    Threat: a name could lead out of a folder, a small archive unpack to gigabytes. Nothing is
    written to a disk, each name has to be one of a draft, and what is read is counted.
    """
    if len(content) > MAX_ZIP:
        raise InputError(
            told("The archive is larger than %(most)s MB; split it.", most=MAX_ZIP // 1_000_000)
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return dict(_entries(archive))
    except (
        *(zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError),
        *(EOFError, OSError, ValueError),
    ) as error:
        raise InputError(
            told("The archive cannot be read; make a plain zip file without a password.")
        ) from error


def _entries(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    inside = [one for one in archive.infolist() if not one.is_dir()]
    if len(inside) > MOST_FILES:
        raise InputError(
            told("The archive holds more than %(most)s files; take some out.", most=MOST_FILES)
        )
    seen: set[str] = set()
    left = MAX_UNPACKED
    for one in inside:
        if not is_given(one.filename) and kind_of(one.filename) is None:
            require_kind(one.filename)
        if one.filename in seen:
            raise InputError(
                told("%(filename)s: is in the archive twice; take one out.", filename=one.filename)
            )
        seen.add(one.filename)
        with archive.open(one) as source:
            found = source.read(min(left, MAX_BYTES) + 1)
        if len(found) > min(left, MAX_BYTES):
            raise InputError(
                told(
                    "%(filename)s: larger than a file of a draft may be; split it.",
                    filename=one.filename,
                )
            )
        left -= len(found)
        yield one.filename, found
