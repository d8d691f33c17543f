"""A profile adds rules, and weakens one of the base only by name and with the law (P3)."""

import shutil
from pathlib import Path

import pytest

from engine.deployment import resolve
from engine.errors import InputError
from engine.proof.proof import Proof, prove
from engine.proof.report import as_json, as_text
from engine.settings import ROOT

LAW = "Act on Local Safety, section 5"
OWN = """
[[rule]]
id = "N1"
sentence = "The school is never told."
sources = ["assumption"]
[[rule.check]]
kind = "never"
at = { milestone = "closure_decided" }
"""
WEAKER = f"""
[[rule]]
id = "L10"
weakened = "{LAW}"
"""


def proved(folder: Path, rules: str) -> tuple[Proof, str]:
    processes = folder / "processes"
    shutil.copytree(ROOT / "processes", processes)
    (processes / "profiles" / "base" / "rules.toml").write_text(rules, encoding="utf-8")
    deployment = resolve(processes, "base")
    proof = prove(deployment)
    return proof, as_text(proof, deployment.profile)


def test_rule_of_a_profile_is_proved_beside_those_of_the_base(tmp_path: Path) -> None:
    proof, told = proved(tmp_path, OWN)
    ids = [one.rule.id for one in proof.verdicts]
    assert (ids[:12], ids[-1]) == ([f"L{n}" for n in range(1, 13)], "N1")
    assert [one.rule.id for one in proof.verdicts if not one.holds] == ["N1"]
    assert "N1   BROKEN" in told


def test_rule_is_weakened_by_name_with_the_law_and_the_report_says_so(tmp_path: Path) -> None:
    proof, told = proved(tmp_path, WEAKER)
    (weaker,) = [one for one in proof.verdicts if one.rule.weakened]
    assert (weaker.rule.id, weaker.rule.checks, weaker.holds) == ("L10", (), True)
    assert weaker.rule.sentence.startswith("Whoever decides never is the one who asked")
    assert f"weakened by the profile: {LAW}" in told
    assert f"{len(proof.verdicts)} rules, all hold, 1 weakened by the profile" in told
    assert f'"weakened": "{LAW}"' in as_json(proof)


@pytest.mark.parametrize(
    ("rules", "mend"),
    [
        (OWN.replace("N1", "L1"), "add `weakened` with the law"),
        (WEAKER.replace("L10", "L99"), "there is no rule of this name underneath"),
        (WEAKER.replace(LAW, " "), "has no sentence"),
        (OWN.replace('sources = ["assumption"]', ""), "has no sources"),
    ],
)
def test_rule_is_not_dropped_without_a_word(tmp_path: Path, rules: str, mend: str) -> None:
    with pytest.raises(InputError, match=mend):
        proved(tmp_path, rules)


@pytest.mark.parametrize(
    ("check", "mend"),
    [
        ('kind = "asks"\nform = "decide_route"', "names a `form` and its `questions`"),
        ('kind = "asks"\nquestions = ["reasons"]', "names a `form` and its `questions`"),
        ('kind = "apart"\nat = { ends = "case_management" }', "stands in the `at` of a check"),
        ('kind = "before"\nat = { ends = "retention" }\nneeds = { role = "chair" }', "its own"),
    ],
)
def test_check_that_means_nothing_is_refused(tmp_path: Path, check: str, mend: str) -> None:
    head, _, _ = OWN.partition("kind =")
    with pytest.raises(InputError, match=mend):
        proved(tmp_path, head + check)


def test_base_weakens_nothing(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "processes", tmp_path / "processes")
    rules = tmp_path / "processes" / "rules.toml"
    rules.write_text(rules.read_text() + WEAKER.replace("L10", "L13"))
    with pytest.raises(InputError, match="only a profile weakens a rule"):
        prove(resolve(tmp_path / "processes", "base"))
