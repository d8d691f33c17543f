"""Styles and scripts come from locked packages and stay within what a page may weigh."""

import gzip
import json
import re
import shutil
from pathlib import Path

import pytest

from tests.form.support import ROOT
from webui.frontend_build import build

FRONTEND = ROOT / "webui" / "frontend"
KILOBYTE = 1024
BUNDLES = ("app", "diagram", "editor_bpmn", "editor_dmn", "editor_form", "workshop")
COMPOSED = re.compile(r"Align elements |List contains |Text annotation\Z")
"""Texts that a library puts together where it shows them."""
WITH_EDITORS = {"editor_bpmn": 620, "editor_dmn": 520, "editor_form": 620}
"""Kilobytes of script of an editor with all that it loads; nobody else's page loads them."""


def test_lock_names_no_registry_and_checks_every_package() -> None:
    lock = json.loads((FRONTEND / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert all("resolved" not in entry for entry in packages.values())
    assert all("integrity" in entry for entry in packages.values())


def test_packages_are_pinned_to_exact_versions() -> None:
    package = json.loads((FRONTEND / "package.json").read_text())
    pins = package["dependencies"] | package["devDependencies"] | package["overrides"]
    assert [name for name, pin in pins.items() if not re.fullmatch(r"\d+\.\d+\.\d+", pin)] == []


@pytest.mark.node
@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
@pytest.mark.skipif(not (FRONTEND / "node_modules").is_dir(), reason="needs npm ci")
def test_build_gives_hashed_files_with_notice_and_is_skipped_when_nothing_changed() -> None:
    output = build(FRONTEND)
    names = json.loads((output / "manifest.json").read_text())
    both = {f"{name}.{kind}" for name in BUNDLES for kind in ("js", "css")}
    assert set(names) == both | {"app_rtl.css"}
    for stable, hashed in names.items():
        stem, _, suffix = stable.rpartition(".")
        assert re.fullmatch(rf"{stem}-[A-Z0-9]{{8}}\.{suffix}", hashed)
        assert (output / hashed).is_file()
    notice = (output / "third-party.txt").read_text()
    for package in ("bootstrap ", "bpmn-js ", "dmn-js ", "@bpmn-io/form-js-editor ", "htmx.org "):
        assert package in notice
    before = (output / "manifest.json").stat().st_mtime_ns
    build(FRONTEND)
    assert (output / "manifest.json").stat().st_mtime_ns == before


@pytest.mark.node
@pytest.mark.skipif(not (FRONTEND / "node_modules").is_dir(), reason="needs npm ci")
def test_pages_stay_light() -> None:
    output = build(FRONTEND)
    names = json.loads((output / "manifest.json").read_text())
    limits = {"app.js": 20, "app.css": 60, "diagram.js": 80, "diagram.css": 15}
    for name, limit in limits.items():
        weight = len(gzip.compress((output / names[name]).read_bytes())) / KILOBYTE
        assert weight <= limit, (name, round(weight))


@pytest.mark.node
@pytest.mark.skipif(not (FRONTEND / "node_modules").is_dir(), reason="needs npm ci")
def test_editors_are_loaded_on_their_own_pages_alone() -> None:
    output = build(FRONTEND)
    names = json.loads((output / "manifest.json").read_text())
    for name, limit in WITH_EDITORS.items():
        weight = sum(len(gzip.compress(one.read_bytes())) for one in loaded(output, names, name))
        assert weight / KILOBYTE <= limit, (name, round(weight / KILOBYTE))
    pages = loaded(output, names, "app") | loaded(output, names, "diagram")
    assert not [one for one in pages if b"propertiesPanel" in one.read_bytes()]


@pytest.mark.node
@pytest.mark.skipif(not (FRONTEND / "node_modules").is_dir(), reason="needs npm ci")
@pytest.mark.parametrize("editor", ["bpmn", "dmn"])
def test_listed_texts_of_the_libraries_are_in_the_editor_that_says_them(editor: str) -> None:
    """Those of the form editor are held by the build, which puts each into a question."""
    output = build(FRONTEND)
    names = json.loads((output / "manifest.json").read_text())
    scripts = "".join(one.read_text() for one in loaded(output, names, f"editor_{editor}"))
    texts = json.loads((FRONTEND / "src/editor/library_texts.json").read_text())[editor]
    assert [one for one in texts if one not in scripts and not COMPOSED.match(one)] == []


def loaded(output: Path, names: dict[str, str], bundle: str) -> set[Path]:
    """Return the scripts that a page with a bundle loads at once."""
    found: set[Path] = set()
    pending = [output / names[f"{bundle}.js"]]
    while pending:
        script = pending.pop()
        if script not in found:
            found.add(script)
            text = script.read_text()
            named = re.findall(r'(?:from|import)\s*"\./([\w.-]+\.js)"', text)
            pending += [output / one for one in named]
    return found
