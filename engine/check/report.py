"""Prints findings for people and machines, and says what a file may be used for."""

from collections.abc import Iterable
from typing import Any, Literal

import orjson

from engine.check.finding import Finding
from engine.language.telling import counted, source, told

Level = Literal["refused", "drawing", "executable"]
# These say that a file could not be opened at all.
_REFUSED = frozenset({"xml", "not_bpmn", "form_broken", "table_broken"})
_ORDER = {"error": 0, "warning": 1}


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings by file, errors first, then by element and message, each once."""
    return sorted(set(findings), key=_rank)


def _rank(finding: Finding) -> tuple[str, int, str, str, str]:
    severity = _ORDER[finding.severity]
    return finding.file, severity, finding.element, finding.code, source(finding.message)


def level(findings: Iterable[Finding], file: str) -> Level:
    """Return what a file is: refused, a drawing with a to-do list, or executable."""
    errors = {found.code for found in findings if found.file == file and found.severity == "error"}
    if errors & _REFUSED:
        return "refused"
    return "drawing" if errors else "executable"


def to_do(findings: Iterable[Finding], file: str) -> list[Finding]:
    """Return what is missing in a file before it can be executed, in order."""
    found = (finding for finding in findings if finding.file == file)
    return ordered(finding for finding in found if finding.severity == "error")


def as_text(findings: Iterable[Finding]) -> str:
    """Return one line for each finding, `file:element: message`, warnings marked as such."""
    return "\n".join(_line(finding) for finding in ordered(findings))


def _line(finding: Finding) -> str:
    if finding.severity == "error":
        return str(finding)
    place = f"{finding.file}:{finding.element}"
    return str(told("%(place)s: (warning) %(message)s", place=place, message=finding.message))


def summary(findings: Iterable[Finding], files: int) -> str:
    """Return one sentence: how many files were looked at, how many errors and warnings."""
    found = ordered(findings)
    errors = sum(finding.severity == "error" for finding in found)
    warnings = len(found) - errors
    looked = counted("%(count)s file checked", "%(count)s files checked", files)
    if not found:
        return str(told("%(files)s, nothing to mend.", files=looked))
    return str(
        told(
            "%(files)s: %(errors)s, %(warnings)s.",
            files=looked,
            errors=counted("%(count)s error", "%(count)s errors", errors),
            warnings=counted("%(count)s warning", "%(count)s warnings", warnings),
        )
    )


def as_json(findings: Iterable[Finding], files: Iterable[str]) -> str:
    """Return findings and the level of each file as JSON, for other programs."""
    found = ordered(findings)
    report: dict[str, Any] = {
        "files": {file: level(found, file) for file in sorted(files)},
        "findings": [
            {
                "file": finding.file,
                "element": finding.element,
                "severity": finding.severity,
                "code": finding.code,
                "message": finding.message,
            }
            for finding in found
        ],
    }
    return orjson.dumps(report, option=orjson.OPT_INDENT_2).decode()
