"""M7: `casetable verify` of the shipped lifecycle, profile by profile: seconds, states a second."""

from benchmarks.harness import Figure, single
from engine.deployment import resolve
from engine.inheritance import known
from engine.proof.proof import prove
from engine.settings import ROOT

QUICK = ("base",)


def run(*, quick: bool) -> list[Figure]:
    """Prove all rules of each profile, one after the other in one process."""
    home = ROOT / "processes"
    found = []
    for code in QUICK if quick else known(home):
        proof = prove(resolve(home, code))
        if not proof.holds:
            raise SystemExit(f"A rule of {code} does not hold.")
        what = f"all rules on all paths of {code}, {proof.states} states"
        speed = round(proof.states / proof.seconds)
        found += [
            single("M7", what, round(proof.seconds, 2), "s", "<= 3"),
            single("M7", f"states of {code}", speed, "a second", ">= 50000"),
        ]
    return found
