"""Checks a bundle of Casetable by itself: python verify.py BUNDLE.zip [SHA-256 of manifest.json].

It travels in the bundle and needs nothing but Python 3. It compares every file with the list in
manifest.json, and with a given SHA-256 that the list is the one that was handed over.
"""

import hashlib
import hmac
import json
import sys
import zipfile


def problems(path: str, expected: str = "") -> list[str]:
    """Return what is wrong with a bundle, one line each."""
    try:
        with zipfile.ZipFile(path) as bundle:
            names = bundle.namelist()
            found = {name: hashlib.sha256(bundle.read(name)).hexdigest() for name in names}
            manifest = json.loads(bundle.read("manifest.json"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        return [f"the bundle cannot be read: {type(error).__name__}"]
    listed = manifest["files"]
    wrong = [f"{name} is missing" for name in listed if name not in found]
    wrong += [f"{name} is not in the list" for name in found if name not in listed]
    wrong.remove("manifest.json is not in the list")
    wrong += [
        f"{name} was changed" for name in listed if found.get(name, "") not in {"", listed[name]}
    ]
    if len(names) != len(set(names)):
        wrong.append("a file is there twice")
    if expected and not hmac.compare_digest(found["manifest.json"], expected.lower()):
        wrong.append("manifest.json is not the one that was handed over")
    return wrong


if __name__ == "__main__":
    lines = problems(*sys.argv[1:3]) if len(sys.argv) > 1 else [str(__doc__)]
    sys.stdout.write("\n".join(lines or ["every file is as it was handed over"]) + "\n")
    sys.exit(1 if lines else 0)
