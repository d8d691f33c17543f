"""National differences are data: no program text names a country, a nationality or a capital."""

import re

from engine.inheritance import known
from engine.settings import ROOT

PLACES = """
Albania Austria Belgium Bosnia Bulgaria Canada Croatia Cyprus Czechia Denmark England Estonia
Finland France Germany Greece Hungary Iceland Ireland Italy Kosovo Latvia Lithuania Luxembourg
Malta Moldova Montenegro Netherlands Norway Poland Portugal Romania Scotland Serbia Slovakia
Slovenia Spain Sweden Switzerland Turkey Ukraine Wales Bavaria Flanders Wallonia Britain Holland
Amsterdam Ankara Athens Belgrade Berlin Bern Bratislava Brussels Bucharest Budapest Copenhagen
Dublin Helsinki Lisbon Ljubljana London Madrid Munich Oslo Ottawa Paris Prague Reykjavik Riga Rome
Stockholm Tallinn Vienna Vilnius Warsaw Zagreb Dutch Belgian French German Danish Swedish Finnish
Norwegian Austrian Swiss Spanish Italian Polish Irish Scottish Bavarian Flemish
"""
"""Words that belong into a profile. English is the language of the program, Sofia also a name."""
LANGUAGES = frozenset({"French", "German", "Danish", "Swedish", "Finnish", "Dutch"})
"""Also names of languages: those may stand in engine/language, which is about nothing else."""
WORDS = re.compile(rf"\b({'|'.join(PLACES.split())})\b")
PARTS = ("engine", "tasks", "webui")


def test_program_names_no_country() -> None:
    found = []
    for part in PARTS:
        for path in (ROOT / part).rglob("*.py"):
            if "node_modules" in path.parts:
                continue
            allowed = LANGUAGES if path.parent.name == "language" else frozenset()
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                named = set(WORDS.findall(line)) - allowed
                if named:
                    found.append(f"{path.relative_to(ROOT)}:{number}: {', '.join(sorted(named))}")
    assert not found, "move this into a profile, or say it without the name:\n" + "\n".join(found)


def test_program_names_no_profile_but_the_base() -> None:
    codes = set(known(ROOT / "processes")) - {"base"}
    quoted = re.compile("|".join(rf"""["']{code}["']""" for code in sorted(codes)) or r"(?!)")
    found = [
        str(path.relative_to(ROOT))
        for part in PARTS
        for path in (ROOT / part).rglob("*.py")
        if "node_modules" not in path.parts
        and path.parent.name != "language"
        and quoted.search(path.read_text(encoding="utf-8"))
    ]
    assert not found, "a profile is found by its folder, never by its code"
