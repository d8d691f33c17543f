"""Which files a draft may hold, under which names, and what each has to be to be kept at all."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import orjson
from lxml import etree

from engine.decision.notation import NAMESPACES
from engine.drawing.vocabulary import BPMN
from engine.errors import InputError
from engine.inheritance import PROFILE, PROFILE_RULES, SELFCHECK
from engine.language import mark
from engine.language.telling import message_of, told
from engine.profile import read_tables
from engine.wordbook import CATALOGUES, read_entries
from engine.xml import MAX_BYTES, parse_xml

LONGEST_NAME = 80
MOST_FILES = 400
NAME = rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{LONGEST_NAME - 1}}}"


@dataclass(frozen=True)
class Kind:
    """One kind of file: where it lies, how it ends, what people call it."""

    code: str
    folder: str
    ending: str
    words: str
    plural: str
    max_bytes: int = MAX_BYTES

    def place(self, name: str) -> str:
        """Return the path of a file of this kind."""
        return f"{self.folder}{name}{self.ending}"


DIAGRAM = Kind("diagram", "", ".bpmn", mark("diagram"), mark("Diagrams"))
TABLE = Kind("table", "decisions/", ".dmn", mark("decision table"), mark("Decision tables"))
FORM = Kind("form", "forms/", ".form", mark("form"), mark("Forms"), 500_000)
SCENARIO = Kind("scenario", "scenarios/", ".toml", mark("scenario"), mark("Scenarios"), 200_000)
FRAGMENT = Kind(
    "fragment",
    "scenarios/fragments/",
    ".toml",
    mark("part of scenarios"),
    mark("Parts of scenarios"),
    200_000,
)
SETTING = Kind("setting", "", ".toml", mark("profile"), mark("Profile and own rules"), 500_000)
CATALOGUE = Kind("catalogue", CATALOGUES, ".po", mark("catalogue of a language"), mark("Languages"))
KINDS = (DIAGRAM, TABLE, FORM, SCENARIO, FRAGMENT, CATALOGUE)
SETTINGS = frozenset({PROFILE, PROFILE_RULES, SELFCHECK})
_OF = tuple((kind, re.compile(kind.place(NAME))) for kind in KINDS)


def kind_of(path: str) -> Kind | None:
    """Return what a path is in a draft; None where a draft has no such place."""
    if path in SETTINGS:
        return SETTING
    return next((kind for kind, pattern in _OF if pattern.fullmatch(path)), None)


def require_kind(path: str) -> Kind:
    """Return what a path is; raise InputError naming the places that there are."""
    found = kind_of(path)
    if found is None:
        raise InputError(
            told(
                "%(file)s: a draft holds NAME.bpmn, decisions/NAME.dmn, forms/NAME.form, "
                "scenarios/NAME.toml, %(languages)sLANGUAGE.po, %(profile)s, %(selfcheck)s and "
                "%(rules)s; names are of letters, digits, - and _, at most %(most)s.",
                file=_shown(path),
                languages=CATALOGUES,
                profile=PROFILE,
                selfcheck=SELFCHECK,
                rules=PROFILE_RULES,
                most=LONGEST_NAME,
            )
        )
    return found


def place_of_upload(filename: str) -> str:
    """Return where an uploaded file belongs by its ending; raise InputError for any other."""
    name = PurePosixPath(filename.replace("\\", "/")).name
    stem, dot, ending = name.rpartition(".")
    for kind in (DIAGRAM, TABLE, FORM, CATALOGUE):
        if dot and f".{ending}".lower() == kind.ending:
            path = kind.place(_as_name(stem))
            require_kind(path)
            return path
    raise InputError(
        told("%(file)s: choose a file that ends in .bpmn, .dmn, .form or .po.", file=_shown(name))
    )


def _as_name(stem: str) -> str:
    """Return a name that a place may have: other tools write spaces and brackets."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_-")[:LONGEST_NAME]


def _shown(path: str) -> str:
    printable = "".join(sign for sign in path if sign.isprintable())
    return printable[:LONGEST_NAME] or "file"


def check_content(path: str, content: bytes, profile: str) -> None:
    """Refuse what is not a file of its kind at all; raise InputError naming file and mend.

    What is one, however unfinished, is kept: the findings say what is missing to publish it.
    """
    kind = require_kind(path)
    if len(content) > kind.max_bytes:
        most = kind.max_bytes // 1000
        raise InputError(
            told(
                "%(path)s: larger than %(most)s kB; split the %(kind)s.",
                path=path,
                most=most,
                kind=told(kind.words),
            )
        )
    if kind in {DIAGRAM, TABLE}:
        _check_xml(path, content)
    elif kind is FORM:
        _check_form(path, content)
    elif kind is CATALOGUE:
        read_entries(content, file=path)
    else:
        tables = read_tables(content, path)
        if path == PROFILE:
            _check_profile(tables, profile)


def _check_xml(path: str, content: bytes) -> None:
    tag = etree.QName(parse_xml(content, file=path))
    tool, known = ("BPMN 2.0", {BPMN}) if path.endswith(DIAGRAM.ending) else ("DMN", NAMESPACES)
    if tag.localname != "definitions" or tag.namespace not in known:
        raise InputError(
            told(
                "%(path)s: this is not %(tool)s; export it again as %(tool)s.",
                path=path,
                tool=tool,
            )
        )


def _check_form(path: str, content: bytes) -> None:
    try:
        schema = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InputError(
            told(
                "%(path)s: not JSON (%(error)s); export the form again.",
                path=path,
                error=message_of(error),
            )
        ) from error
    if not isinstance(schema, dict) or not isinstance(schema.get("components"), list):
        raise InputError(
            told("%(path)s: not a form: it has no list of components; export it again.", path=path)
        )


def _check_profile(tables: Mapping[str, object], profile: str) -> None:
    head = tables.get("profile")
    if not isinstance(head, dict) or head.get("code") != profile:
        raise InputError(
            told(
                '%(file)s: this draft is of the profile %(profile)s; keep code = "%(profile)s" '
                "in [profile].",
                file=PROFILE,
                profile=profile,
            )
        )
