"""Decision tables (DMN): read as the editors write them, checked and evaluated."""

from engine.decision.coverage import DecisionFinding
from engine.decision.reader import parse_decision
from engine.decision.table import DecisionTable

__all__ = ["DecisionFinding", "DecisionTable", "parse_decision"]
