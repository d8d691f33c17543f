"""Lays a set of files out as a folder `processes`, privately, for what works on folders."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

from engine.deployment import ResolvedDeployment
from engine.inheritance import (
    BASE_PROFILE,
    BASE_SELFCHECK,
    INHERITED,
    PROFILE,
    PROFILE_RULES,
    SELFCHECK,
    known,
)

DEMO = "demo.toml"


@contextmanager
def laid_out(files: Mapping[str, bytes], shipped: Path) -> Iterator[Path]:
    """Give a folder that holds a set as the shipped one lies there; it is gone afterwards."""
    with TemporaryDirectory(prefix="casetable-workshop-") as name:
        folder = Path(name)
        profile = ResolvedDeployment(files).profile.code
        for path, content in files.items():
            target = folder / _place(path, profile)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        for script in [DEMO, *(f"profiles/{code}/{DEMO}" for code in known(folder))]:
            if (shipped / script).is_file():
                copyfile(shipped / script, folder / script)
        yield folder


def _place(path: str, profile: str) -> str:
    if path.startswith(INHERITED):
        return f"profiles/{path.removeprefix(INHERITED)}"
    own = f"profiles/{profile}"
    places = {
        BASE_PROFILE: "profiles/base/profile.toml",
        BASE_SELFCHECK: "profiles/base/selfcheck.toml",
        PROFILE: f"{own}/profile.toml",
        SELFCHECK: f"{own}/selfcheck.toml",
        PROFILE_RULES: f"{own}/rules.toml",
    }
    return places.get(path, path)
