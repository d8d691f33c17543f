"""One side of a comparison: its files, parsed once, and what its roles and values are called."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from engine.decision import DecisionTable, parse_decision
from engine.deployment import ResolvedDeployment
from engine.drawing import Drawing, parse_drawing
from engine.form import Form, parse_form
from engine.inheritance import BASE_PROFILE, PROFILE, RULES, SELFCHECK
from engine.profile import read_tables
from engine.proof.rule import Rule, read_rules
from engine.proof.rulebook import rules_of

DRAWINGS = (".bpmn", ".bpmn2", ".bpmn20.xml")
REMEMBERED = 64
"""Models that are kept: most files are the same on both sides, and are compared again and again."""


@dataclass(frozen=True)
class Side:
    """A set of process files by path; whole deployments have a profile and rules, folders may not.

    Each property raises CasetableError with the mend when a file cannot be read.
    """

    title: str
    files: Mapping[str, bytes]
    deployment_id: str = ""
    """The id in the database, where it comes from there."""

    @cached_property
    def deployment(self) -> ResolvedDeployment:
        """Return the same files as a deployment."""
        return ResolvedDeployment(self.files)

    @cached_property
    def drawings(self) -> dict[str, Drawing]:
        """Return the drawings by path."""
        return {
            path: _drawing(content, path)
            for path, content in self.files.items()
            if path.endswith(DRAWINGS)
        }

    @cached_property
    def forms(self) -> dict[str, Form]:
        """Return the forms by path."""
        return {
            path: _form(content, path)
            for path, content in self.files.items()
            if path.endswith(".form")
        }

    @cached_property
    def decisions(self) -> dict[str, DecisionTable]:
        """Return the decision tables by path."""
        return {
            path: _decision(content, path)
            for path, content in self.files.items()
            if path.endswith(".dmn")
        }

    @cached_property
    def profile_tables(self) -> dict[str, Any]:
        """Return the profile with the base's entries underneath; empty where there is none."""
        if self.has_profile:
            return self.deployment.profile_tables
        return read_tables(self.files[SELFCHECK], SELFCHECK) if SELFCHECK in self.files else {}

    @cached_property
    def has_profile(self) -> bool:
        """Say whether the files hold a profile."""
        return PROFILE in self.files or BASE_PROFILE in self.files

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """Return the safety rules by id; none where the files hold no rules."""
        if RULES not in self.files:
            return {}
        found = rules_of(self.deployment) if self.has_profile else read_rules(self.files[RULES])
        return {rule.id: rule for rule in found}

    @cached_property
    def is_whole(self) -> bool:
        """Say whether the rules can be proved: drawings, profile and rules are all there."""
        return self.has_profile and RULES in self.files and bool(self.drawings)

    def role(self, code: str) -> str:
        """Return what people here call a role."""
        if self.has_profile:
            return self.deployment.profile.role_name(code)
        return code.replace("_", " ").capitalize()

    def value(self, name: str) -> Any:
        """Return a value of the profile, None when it has none of this name."""
        return self.deployment.profile.values.get(name) if self.has_profile else None


@lru_cache(maxsize=REMEMBERED)
def _drawing(content: bytes, path: str) -> Drawing:
    return parse_drawing(content, file=path)


@lru_cache(maxsize=REMEMBERED)
def _form(content: bytes, path: str) -> Form:
    return parse_form(content, file=path)


@lru_cache(maxsize=REMEMBERED)
def _decision(content: bytes, path: str) -> DecisionTable:
    return parse_decision(content, file=path)
