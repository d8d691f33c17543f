"""Files that come with a form: type by name and by content, size, number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from engine.form.form import Component

MAX_FILE_BYTES = 10_000_000
MEGABYTE = 1_000_000

# What may come in, and how its content begins. Threat: a page or a program under another name;
# HTML, SVG and scripts are not here, so that a download never runs in a reader's browser.
SIGNATURES: dict[str, tuple[bytes, ...]] = {
    ".pdf": (b"%PDF-",),
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".docx": (b"PK\x03\x04",),
    ".xlsx": (b"PK\x03\x04",),
    ".odt": (b"PK\x03\x04",),
    ".ods": (b"PK\x03\x04",),
    ".txt": (),
}
MEDIA = {
    "image/*": (".png", ".jpg", ".jpeg"),
    "application/pdf": (".pdf",),
    "text/plain": (".txt",),
}


@dataclass(frozen=True)
class Upload:
    """A file as it was sent; the name is only what the sender calls it."""

    name: str
    content: bytes

    @property
    def facts(self) -> dict[str, Any]:
        """Return what the answers keep of the file: name, size in bytes, SHA-256."""
        digest = sha256(self.content).hexdigest()
        return {"name": self.name, "size": len(self.content), "sha256": digest}

    @property
    def suffix(self) -> str:
        """Return the ending of the name in lower case, with its dot."""
        return PurePosixPath(self.name).suffix.lower()


def accepted(component: Component) -> tuple[str, ...]:
    """Return the endings that a field takes: its `accept` within what we take at all."""
    wanted: list[str] = []
    for item in component.accept:
        wanted.extend(MEDIA.get(item, (item,)))
    known = tuple(SIGNATURES)
    return tuple(suffix for suffix in known if suffix in wanted) if wanted else known


def check_files(
    component: Component, files: Sequence[Upload]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield code and facts of each rule that the files break."""
    if len(files) > 1 and not component.multiple:
        yield "file_count", {}
    types = accepted(component)
    for file in files:
        if file.suffix not in types:
            yield "file_type", {"name": file.name, "types": ", ".join(types)}
        elif len(file.content) > MAX_FILE_BYTES:
            yield "file_size", {"name": file.name, "limit": MAX_FILE_BYTES // MEGABYTE}
        elif not _begins_well(file):
            yield "file_content", {"name": file.name}


def _begins_well(file: Upload) -> bool:
    signatures = SIGNATURES[file.suffix]
    if signatures:
        return file.content.startswith(signatures)
    return b"\x00" not in file.content
