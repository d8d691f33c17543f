"""Reads XML that a stranger may have written, without entities, network, DTD or unbounded size."""

from lxml import etree

from engine.errors import XmlError
from engine.language.telling import located, told

MAX_BYTES = 2_000_000
MAX_ELEMENTS = 20_000
MAX_DEPTH = 200


def parse_xml(content: bytes, *, file: str = "file") -> etree._Element:
    """Return the root element of `content`; raise XmlError with the mend (S4, ASVS V1.5.1).

    A diagram of 300 elements with its layout is about 3,000 XML elements, so the limits
    (2 MB, 20,000 elements, depth 200) bind only hostile files.
    """
    if len(content) > MAX_BYTES:
        raise XmlError(
            located(
                file,
                told(
                    "larger than %(size)s MB; split the diagram.",
                    size=MAX_BYTES // 1_000_000,
                ),
            )
        )
    # Threat: libxml2 expands internal entities before we could look; a DOCTYPE has no use here.
    # UTF-16 would hide the word from this look, so only UTF-8 (or plain ASCII) is taken.
    if b"\x00" in content[:4] or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise XmlError(located(file, told("not UTF-8; save the file as UTF-8.")))
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise XmlError(
            located(file, told("contains a DOCTYPE; remove it, diagrams do not need one."))
        )
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise XmlError(
            located(
                file,
                told(
                    "not well-formed XML (%(error)s); export it again.",
                    error=error,
                ),
            )
        ) from error
    if root is None:
        raise XmlError(located(file, told("empty; export the diagram again.")))
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlError(
            located(file, told("contains a DOCTYPE; remove it, diagrams do not need one."))
        )
    encoding = (root.getroottree().docinfo.encoding or "UTF-8").upper()
    if encoding not in {"UTF-8", "ASCII", "US-ASCII"}:
        raise XmlError(
            located(
                file,
                told(
                    "encoded as %(encoding)s; save the file as UTF-8.",
                    encoding=encoding,
                ),
            )
        )
    _check_size(root, file)
    return root


def _check_size(root: etree._Element, file: str) -> None:
    """Refuse trees that are too large or too deep to be a drawing, and names without namespace."""
    count = 0
    pending = [(root, 1)]
    while pending:
        element, depth = pending.pop()
        count += 1
        if count > MAX_ELEMENTS:
            raise XmlError(
                located(
                    file,
                    told(
                        "more than %(most)s elements; split the diagram.",
                        most=MAX_ELEMENTS,
                    ),
                )
            )
        if depth > MAX_DEPTH:
            raise XmlError(
                located(
                    file,
                    told(
                        "nested deeper than %(most)s; flatten the diagram.",
                        most=MAX_DEPTH,
                    ),
                )
            )
        # A later warning makes lxml forget that a prefix is undeclared; such names break any look.
        for name in (element.tag, *element.attrib):
            if ":" in str(name) and not str(name).startswith("{"):
                raise XmlError(
                    located(
                        file,
                        told(
                            "%(name)s has no namespace; export the diagram again.",
                            name=name,
                        ),
                    )
                )
        pending.extend((child, depth + 1) for child in element)
