"""Finds the built styles and scripts by their stable names."""

import json
from functools import cache
from pathlib import Path

BUILD = Path(__file__).parent / "static" / "build"
BUILD_COMMAND = "python -m webui.frontend_build"


def asset(name: str) -> str | None:
    """Return the path below `static/` of a built file, e.g. of `app.css`; None before the build."""
    file = _manifest(_changed_at()).get(name)
    return f"build/{file}" if file else None


def _changed_at() -> float:
    """Return when the front-end was last built, so that a new build is seen without a restart."""
    try:
        return (BUILD / "manifest.json").stat().st_mtime
    except OSError:
        return 0.0


@cache
def _manifest(changed_at: float) -> dict[str, str]:
    if not changed_at:
        return {}
    loaded: dict[str, str] = json.loads((BUILD / "manifest.json").read_text())
    return loaded
