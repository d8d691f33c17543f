"""The bill of materials is whole, and each licence in it was looked at by somebody (S17)."""

import json
import re
from collections import Counter

import pytest

from docs import materials
from engine.settings import ROOT

PERMISSIVE = {
    "(MPL-2.0 OR Apache-2.0)",
    "Apache Software License",
    "Apache-2.0",
    "Apache-2.0 AND BSD-2-Clause",
    "Apache-2.0 AND CNRI-Python",
    "Apache-2.0 OR BSD-2-Clause",
    "Apache-2.0 OR BSD-3-Clause",
    "BSD License",
    "BSD License OR Apache Software License",
    "BSD-0-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BlueOak-1.0.0",
    "CC0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT AND PSF-2.0",
    "MIT License",
    "MIT OR Apache-2.0",
    "MIT-0",
    "MIT-CMU",
    "PSF-2.0",
    "Python Software Foundation License",
}
WEAK = {
    "GNU Library or Lesser General Public License (LGPL)",
    "LGPL-3.0-only",
    "MPL-2.0",
    "MPL-2.0 AND (Apache-2.0 OR MIT)",
    "Mozilla Public License 2.0 (MPL 2.0)",
}
"""Copyleft for the library alone: used as it is, and named in the appendix of the EUPL."""
TOOLS = {"GPL-3.0-or-later"}
"""For programs that look at our sources and are part of nothing that is handed on."""
BY_NAME = {
    **dict.fromkeys(
        (
            "bpmn-js",
            "dmn-js",
            "dmn-js-boxed-expression",
            "dmn-js-decision-table",
            "dmn-js-drd",
            "dmn-js-literal-expression",
            "dmn-js-shared",
            "@bpmn-io/form-js",
            "@bpmn-io/form-js-carbon-styles",
            "@bpmn-io/form-js-editor",
            "@bpmn-io/form-js-playground",
            "@bpmn-io/form-js-viewer",
        ),
        "the MIT text, and the mark of bpmn.io stays visible in drawings",
    ),
    "async-timeout": "Apache-2.0; for older interpreters only",
    "cli-table": "MIT, in its read-me",
    "colorama": "BSD-3-Clause; for another operating system only",
    "component-props": "MIT, in its package",
}
"""What says no licence in words of a list, or is not installed here, with what was found."""


@pytest.fixture(scope="module")
def parts() -> list[materials.Component]:
    found: list[materials.Component] = materials.bill()["components"]
    return found


def test_bill_holds_everything_that_is_locked_with_its_hashes(
    parts: list[materials.Component],
) -> None:
    listed = Counter(part["purl"].partition("/")[0] for part in parts)
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert listed["pkg:pypi"] == len(re.findall(r"^[A-Za-z0-9].*==", text, re.MULTILINE))
    folders = json.loads(materials.NODE.read_text(encoding="utf-8"))["packages"]
    versions = {
        (path.rpartition("node_modules/")[2], entry["version"])
        for path, entry in folders.items()
        if path
    }
    assert listed["pkg:npm"] == len(versions) > 100
    assert len({part["bom-ref"] for part in parts}) == len(parts)
    for part in parts:
        assert part["hashes"], part["purl"]
        for one in part["hashes"]:
            wanted = {"SHA-256": 64, "SHA-512": 128}[one["alg"]]
            assert re.fullmatch(rf"[0-9a-f]{{{wanted}}}", one["content"])


def test_bill_tells_what_runs_from_what_builds(parts: list[materials.Component]) -> None:
    scopes = {part["name"]: part["scope"] for part in parts}
    for name in ("flask", "werkzeug", "markupsafe", "psycopg-binary", "argon2-cffi-bindings"):
        assert scopes[name] == "required", name
    for name in ("pytest", "ruff", "djlint", "playwright", "esbuild", "axe-core"):
        assert scopes[name] == "excluded", name
    assert scopes["bootstrap"] == "required"


def test_bill_is_the_same_twice() -> None:
    assert materials.bill() == materials.bill()


def test_licences_are_those_that_fit(parts: list[materials.Component]) -> None:
    """A new licence is looked at by a person and added to the list, or the library is left out."""
    for part in parts:
        told = part["licenses"][0]["license"]["name"] if "licenses" in part else ""
        fits = PERMISSIVE | WEAK | (TOOLS if part["scope"] == "excluded" else set())
        assert told in fits or part["name"] in BY_NAME, f"{part['purl']}: {told or 'no licence'}"


def test_licences_that_were_looked_at_are_still_met(parts: list[materials.Component]) -> None:
    told = {part["licenses"][0]["license"]["name"] for part in parts if "licenses" in part}
    assert told >= PERMISSIVE | WEAK | TOOLS
    assert {part["name"] for part in parts} >= set(BY_NAME)
