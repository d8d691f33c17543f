"""Judges a set in an operating-system process of its own, which is ended when it takes too long.

Threat: what is judged was drawn by somebody. A drawing that never ends must cost a worker some
seconds and never its work; what it prints goes nowhere.
"""

import os
import subprocess  # nosec
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from engine.errors import CasetableError
from engine.inheritance import chain, known
from engine.language.telling import message_of, packed, told, unpacked
from engine.scenario import find_scenarios
from engine.scenario_run import run_file
from engine.workshop.folder import laid_out

RESULT: Final = "result.json"
RULES, SCENARIOS, REHEARSAL = "rules", "scenarios", "rehearsal"


def rules(files: Mapping[str, bytes], shipped: Path, seconds: int) -> dict[str, Any]:
    """Return the verdicts on the rules of a set."""
    found = _run(files, shipped, seconds, RULES, [])
    return found if isinstance(found, dict) else {"rules": [], "unproved": found}


def scenarios(
    files: Mapping[str, bytes], shipped: Path, seconds: int, names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return how some scenarios of a set went, in the order of their names."""
    found = _run(files, shipped, seconds, SCENARIOS, names)
    if isinstance(found, list):
        return found
    return [
        {"name": name, "title": "", "passed": False, "requirements": [], "problems": [found]}
        for name in names
    ]


def rehearsal(
    files: Mapping[str, bytes], shipped: Path, seconds: int, names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return how some scenarios went, with everything that each went over."""
    found = _run(files, shipped, seconds, REHEARSAL, names)
    if isinstance(found, list):
        return found
    return [{"name": name, "problems": [found], "gone": []} for name in names]


def _run(
    files: Mapping[str, bytes], shipped: Path, seconds: int, what: str, names: Sequence[str]
) -> Any:
    """Return what the other process found, or one sentence on why it found nothing."""
    with laid_out(files, shipped) as folder:
        command = [sys.executable, "-m", "engine.workshop.aside", str(folder), what, *names]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CASETABLE_")}
        try:
            subprocess.run(  # noqa: S603 - our own module
                command,
                check=True,
                timeout=seconds,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            return unpacked(orjson.loads((folder / RESULT).read_bytes()))
        except subprocess.TimeoutExpired:
            return told(
                "This took longer than %(seconds)s seconds and was ended. Make the drawing "
                "simpler; on a slow machine whoever runs it sets CASETABLE_JUDGE_SECONDS higher.",
                seconds=seconds,
            )
        except (subprocess.CalledProcessError, OSError, orjson.JSONDecodeError):
            return told("The process that judged this ended from outside; have it judged again.")


def main(folder: Path, what: str, names: Sequence[str]) -> None:
    """Judge the set in a folder and leave the result there."""
    from engine.deployment import resolve
    from engine.workshop.judging import rules_told

    profile = _profile_of(folder)
    found: Any
    if what == RULES:
        try:
            found = rules_told(resolve(folder, profile))
        except CasetableError as error:
            found = {"rules": [], "unproved": message_of(error)}
    else:
        paths = {path.stem: path for path in find_scenarios(folder)}
        results = [run_file(folder, paths[name], profile) for name in names]
        found = [one.as_dict() for one in results]
        if what == REHEARSAL:
            found = [each | {"gone": one.gone} for each, one in zip(found, results, strict=True)]
    (folder / RESULT).write_bytes(orjson.dumps(packed(found)))


def _profile_of(folder: Path) -> str:
    """Return the profile of a laid-out set: the one that all others lie underneath."""
    codes = known(folder)
    lines = [chain(folder, code) for code in codes]
    return max(lines, key=len)[-1]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
