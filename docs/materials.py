"""Writes the bill of materials: every library by the lock files, as CycloneDX 1.6 (V15.1.2).

Run `make sbom`. What only builds and tests Casetable is marked as excluded. Licences of Python
libraries are read from what is installed here.
"""

import base64
import json
import re
import sys
import tomllib
import uuid
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import quote

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PYTHON, NODE = ROOT / "requirements.lock", ROOT / "webui/frontend/package-lock.json"
FOLDER = "node_modules/"
Component = dict[str, Any]


def bill() -> dict[str, Any]:
    """Return the whole bill; the same lock files and licences give the same bill."""
    parts = [*python_parts(), *node_parts()]
    content = json.dumps(parts, sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "version": 1,
        "metadata": {"component": _product()},
        "components": parts,
    }


def _product() -> Component:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {
        "type": "application",
        "bom-ref": project["name"],
        "name": project["name"],
        "version": project["version"],
        "licenses": [{"license": {"id": project["license"]}}],
    }


# -- Python ----------------------------------------------------------------------------------------


def locked() -> list[tuple[str, str, list[str]]]:
    """Return name, version and SHA-256 hashes, as the lock file has them.

    A name comes twice where another interpreter takes another version.
    """
    found = []
    for entry in re.split(r"\n(?=\S)", PYTHON.read_text(encoding="utf-8").strip()):
        named = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", entry)
        if named:
            hashes = sorted(set(re.findall(r"--hash=sha256:([0-9a-f]{64})", entry)))
            found.append((canonicalize_name(named[1]), named[2], hashes))
    return sorted(found)


def python_parts() -> list[Component]:
    """Return the Python libraries; `required` are those that the product runs with."""
    needed = runtime()
    return [
        _part(
            f"pkg:pypi/{name}@{version}",
            name,
            version,
            is_needed=name in needed,
            hashes=[("SHA-256", one) for one in hashes],
            licence=licence_of(name),
        )
        for name, version, hashes in locked()
    ]


def runtime() -> set[str]:
    """Return the names of the libraries that an installation has, with all that they need."""
    found: set[str] = set()
    waiting = [("casetable", frozenset[str]())]
    while waiting:
        name, extras = waiting.pop()
        for requirement in _requirements(name, extras):
            wanted = canonicalize_name(requirement.name)
            if wanted not in found or requirement.extras:
                found.add(wanted)
                waiting.append((wanted, frozenset(requirement.extras)))
    return found


def _requirements(name: str, extras: frozenset[str]) -> list[Requirement]:
    there = _installed(name)
    listed = [Requirement(text) for text in (there.requires or [] if there else [])]
    return [
        one
        for one in listed
        if one.marker is None or any(one.marker.evaluate({"extra": e}) for e in ("", *extras))
    ]


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def licence_of(name: str) -> str:
    """Return the licence that a library declares, empty when it is not installed here."""
    there = _installed(name)
    if there is None:
        return ""
    told = there.metadata
    classified = [
        line.rpartition(" :: ")[2]
        for line in told.get_all("Classifier") or []
        if line.startswith("License ::") and not line.endswith(("Approved", "approved"))
    ]
    old = (told.get("License") or "").partition("\n")[0]
    return str(told.get("License-Expression") or " OR ".join(classified) or old)


# -- the pages' packages ---------------------------------------------------------------------------


def node_parts() -> list[Component]:
    """Return the packages of which the pages' styles and scripts are built."""
    packages = json.loads(NODE.read_text(encoding="utf-8"))["packages"]
    parts: dict[str, Component] = {}
    for path, entry in sorted(packages.items()):
        if not path:
            continue
        name = path.rpartition(FOLDER)[2]
        purl = f"pkg:npm/{quote(name, safe='/')}@{entry['version']}"
        digest = base64.b64decode(entry["integrity"].removeprefix("sha512-")).hex()
        part = _part(
            purl,
            name,
            entry["version"],
            is_needed=not entry.get("dev", False),
            hashes=[("SHA-512", digest)],
            licence=entry.get("license", ""),
        )
        # The same version may lie in two folders; it is needed when one of them is.
        if purl not in parts or part["scope"] == "required":
            parts[purl] = part
    return list(parts.values())


def _part(
    purl: str,
    name: str,
    version: str,
    *,
    is_needed: bool,
    hashes: list[tuple[str, str]],
    licence: str,
) -> Component:
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "scope": "required" if is_needed else "excluded",
        "hashes": [{"alg": kind, "content": digest} for kind, digest in hashes],
        **({"licenses": [{"license": {"name": licence}}]} if licence else {}),
    }


def main() -> int:
    """Write the bill to the file that is named, and say where it is."""
    path = Path(sys.argv[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    found = bill()
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(f"{len(found['components'])} libraries are listed in {path}.")  # noqa: T201
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
