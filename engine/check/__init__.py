"""Says what is wrong with the files of a deployment, where, and how to mend it."""

from engine.check.context import CheckContext, OperatorFacts, facts_of
from engine.check.finding import Finding, Severity
from engine.check.registry import CHECKS, check_deployment, check_folder
from engine.check.report import Level, as_json, as_text, level, ordered, summary, to_do

__all__ = [
    "CHECKS",
    "CheckContext",
    "Finding",
    "Level",
    "OperatorFacts",
    "Severity",
    "as_json",
    "as_text",
    "check_deployment",
    "check_folder",
    "facts_of",
    "level",
    "ordered",
    "summary",
    "to_do",
]
