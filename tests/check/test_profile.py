"""A profile says what it inherits, and the check finds each slip in it."""

import shutil
from pathlib import Path

import pytest

from engine.checking import check_paths
from engine.deployment import ResolvedDeployment
from engine.errors import InputError
from engine.inheritance import chain, known, levels, read_files, story_paths
from engine.profile_check import check_profile
from engine.proof.rulebook import rules_of
from engine.scenario import find_scenarios, fragments_of
from engine.settings import ROOT
from engine.structure import ROWS

SHIPPED = ROOT / "processes"
GROUNDS = "".join(
    f"{code} = false\n" for code in ("granted_request", "wrong_person", "unlawful", "authority")
)
REGION = """
[profile]
code = "{code}"
name = "Region"
inherits = "{parent}"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder of its own, with the shipped base."""
    target = tmp_path / "processes"
    shutil.copytree(SHIPPED, target, ignore=_others)
    return target


def _others(at: str, names: list[str]) -> set[str]:
    return {name for name in names if Path(at).name == "profiles" and name != "base"}


def _write(home: Path, code: str, text: str = "", parent: str = "base") -> Path:
    folder = home / "profiles" / code
    folder.mkdir(exist_ok=True)
    (folder / "profile.toml").write_text(REGION.format(code=code, parent=parent) + text)
    return folder


def _said(home: Path, code: str) -> list[str]:
    found = check_profile(ResolvedDeployment(read_files(home, code)))
    return [f"{one.element}: {one.message}" for one in found]


def test_region_has_what_its_country_says_and_what_the_base_says(home: Path) -> None:
    country = _write(
        home,
        "land",
        '[values.consent]\nvalue = "before_support"\nsource = "Act 1"\n'
        '[roles.team]\nname = "Team"\nscope = "desk"\nexplain = "Weighs."\n'
        "[ideologies]\nmixed = false\n",
    )
    (country / "decisions").mkdir()
    table = (home / "decisions/closing_rule.dmn").read_bytes().replace(b"advice", b"advice ")
    (country / "decisions/closing_rule.dmn").write_bytes(table)
    (country / "rules.toml").write_text('[[rule]]\nid = "L10"\nweakened = "Act 2"\n')
    _write(home, "area", '[roles.chair]\nname = "President"\n', "land")
    assert chain(home, "area") == ["base", "land", "area"]
    files = read_files(home, "area")
    assert [code for code, _ in levels(files)] == ["base", "land", "area"]
    assert files["decisions/closing_rule.dmn"] == table
    deployment = ResolvedDeployment(files)
    assert deployment.profile.values["consent"] == "before_support"
    assert deployment.profile.role_name("chair") == "President"
    assert "team" in deployment.profile.roles
    assert "mixed" not in deployment.profile.lists["ideologies"]
    assert next(rule for rule in rules_of(deployment) if rule.id == "L10").weakened == "Act 2"


def test_circle_and_unknown_parent_are_refused_in_one_sentence(home: Path) -> None:
    _write(home, "one", parent="two")
    _write(home, "two", parent="one")
    with pytest.raises(InputError, match="circle"):
        chain(home, "one")
    _write(home, "three", parent="nowhere")
    with pytest.raises(InputError, match=r"three inherits 'nowhere'.*use base"):
        read_files(home, "three")
    files = read_files(home, "base")
    mine = REGION.format(code="x", parent="gone").encode()
    with pytest.raises(InputError, match="'gone', which is not in this set"):
        levels({**files, "profile.toml": mine})


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ('[values.consnt]\nvalue = "none"\n', "values.consnt", "has no source"),
        ('[values.consent]\nvalu = "none"\n', "values.consent.valu", "did you mean value"),
        ('[values.consent]\nvalue = "before_support"\n', "values.consent", "source of its own"),
        ('[values.consent]\nvalue = true\nsource = "x"\n', "values.consent", "a text"),
        (
            '[values.consent]\nvalue = "before"\nsource = "x"\n',
            "values.consent",
            "no drawing, table or form knows",
        ),
        (
            '[values.monitoring_interval]\nvalue = "3 months"\nsource = "x"\n',
            "values.monitoring_interval",
            "is a duration like",
        ),
        (
            '[values.age_of_majority]\nvalue = "18"\nsource = "x"\n',
            "values.age_of_majority",
            "a number",
        ),
        (
            '[values.hold_roles]\nvalue = ["chairs"]\nsource = "x"\n',
            "values.hold_roles",
            "did you mean chair?",
        ),
        ("[values]\nconsent = false\n", "values.consent", "cannot be taken away"),
        ("[roles]\nchair = false\n", "roles.chair", "rights of the product stand on it"),
        ("[roles]\nchairs = false\n", "roles.chairs", "did you mean chair?"),
        (
            f"[erasure_grounds]\n{GROUNDS}",
            "erasure_grounds",
            "no entry any more",
        ),
        ('[ideologes]\nx = "X"\n', "ideologes", "did you mean ideologies?"),
        (
            '[structure.chairs]\nvalue = "x"\nsource = "x"\nexplain = "x"\n',
            "structure.chairs",
            "did you mean chair?",
        ),
        ('[structure.chair]\nby = ["role:chairs"]\n', "structure.chair", "did you mean chair?"),
        ('[structure.chair]\nby = ["chair"]\n', "structure.chair", "write kind:name"),
        ('[structure.chair]\nby = "role:chair"\n', "structure.chair.by", "list of texts"),
        ('[selfcheck.P106]\nreason = "x"\n', "selfcheck.P106", "did you mean P1"),
        ('[selfcheck.P1]\nstatus = "maybe"\n', "file", "fulfils, changes, leaves_out"),
        (
            '[glossary.x]\nterm = "X"\ntext = "x"\nsteps = ["decide_rout"]\n',
            "glossary.x",
            "did you mean decide_route?",
        ),
    ],
)
def test_slip_in_a_profile_is_named_with_its_mend(
    home: Path, text: str, place: str, says: str
) -> None:
    _write(home, "land", text)
    found = _said(home, "land")
    assert any(one.startswith(f"{place}: ") and says in one for one in found), found


def test_inherited_answer_whose_step_is_gone_has_to_be_written_anew(home: Path) -> None:
    folder = _write(home, "land")
    drawing = (home / "signal_intake.bpmn").read_text(encoding="utf-8")
    (folder / "signal_intake.bpmn").write_text(
        drawing.replace('"arrange_support"', '"give_support"'), encoding="utf-8"
    )
    found = _said(home, "land")
    assert any("step:arrange_support, which this profile no longer has" in one for one in found)


def test_folder_and_code_are_one_name_and_stories_left_out_are_there(home: Path) -> None:
    folder = _write(home, "land", '[scenarios]\nwithout = { intake_transfr = "Nobody else." }\n')
    (folder / "profile.toml").write_text(
        (folder / "profile.toml").read_text().replace('"land"', '"sea"')
    )
    found = [str(one) for one in check_paths((), "land", home=home).findings]
    assert any("profile.code" in one for one in found)
    assert any("did you mean intake_transfer?" in one for one in found)


def test_stories_of_a_profile_are_those_underneath_without_what_it_leaves_out(home: Path) -> None:
    folder = _write(home, "land", '[scenarios]\nwithout = { intake_transfer = "Nobody else." }\n')
    (folder / "scenarios/fragments").mkdir(parents=True)
    own = folder / "scenarios/fragments/signal_to_route.toml"
    own.write_bytes((home / "scenarios/fragments/signal_to_route.toml").read_bytes())
    names = {path.stem for path in find_scenarios(home, "land")}
    assert "intake_transfer" not in names
    assert "intake_police" in names
    assert fragments_of(home, "land")["signal_to_route"] == own
    assert len(story_paths(home, "land")) == len(story_paths(home, "base")) - 1


def test_every_shipped_profile_answers_all_questions() -> None:
    for folder in (SHIPPED / "profiles" / code for code in known(SHIPPED)):
        profile = ResolvedDeployment(read_files(SHIPPED, folder.name)).profile
        assert list(ROWS) == [code for code in ROWS if code in profile.structure]
        assert len(profile.selfcheck) == 105
        if folder.name != "base":
            assert len(list(folder.glob("scenarios/*.toml"))) >= 8


def test_name_of_a_role_is_said_wherever_pages_name_the_role(home: Path) -> None:
    _write(
        home,
        "land",
        '[roles.intake_desk]\nname = "Report Point (loket)"\n'
        '[roles.content_coordinator]\nname = "Case lead"\n[roles.partner]\nname = "Member"\n'
        '[terms.en]\n"content coordinator" = "lead of the case"\n"action plan" = "support plan"\n',
    )
    terms = ResolvedDeployment(read_files(home, "land")).profile.terms
    assert terms["en"] == {
        "content coordinator": "lead of the case",
        "action plan": "support plan",
        "intake desk": "report Point",
    }


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ('roles = ["chair", "chiar"]', "names chiar, which is no role; did you mean chair?"),
        ('roles = ["chair"]\nstages = ["anlysis"]', "names anlysis, which is no phase"),
        ('roles = ["chair"]\ntells = "nobody_hears"', "tells nobody_hears, which no drawing waits"),
    ],
)
def test_file_that_is_kept_apart_fits_the_drawings(home: Path, wrong: str, says: str) -> None:
    own = f'[files.first]\nname = "First"\nexplain = "The first."\n{wrong}\n'
    _write(home, "land", own)
    assert any(says in line for line in _said(home, "land")), _said(home, "land")
