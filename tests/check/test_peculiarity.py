"""A story of a profile goes wrong once what it shows is taken out; others are told to mend it.

All stories: `casetable profile peculiarities CODE`, which `make torture` does for every profile.
"""

import shutil
from pathlib import Path

import pytest

from engine.adaptation.showing import chosen, peculiar, showings
from engine.checking import check_paths
from engine.errors import InputError
from engine.inheritance import known, own_stories
from engine.peculiarity import Peculiar
from engine.profile import BASE
from engine.settings import ROOT

SHIPPED = ROOT / "processes"
FEWEST = 8


@pytest.fixture(scope="module")
def denmark() -> Peculiar:
    return peculiar(SHIPPED, "dk")


@pytest.mark.parametrize("code", [code for code in known(SHIPPED) if code != BASE])
def test_profile_has_stories_of_its_own(code: str) -> None:
    assert len(own_stories(SHIPPED, code)) >= FEWEST


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("decide_by_police", "write kind:name with step, flow"),
        ("role:chair", "no kind of thing that a story shows"),
        ("step:decide_by_polise", "did you mean decide_by_police?"),
        ("step:decide_route", "There is a step decide_route underneath, too"),
        ("flow:flow_is_police_alone_merge_decisions", "did you mean flow_is_police_alone"),
        ("flow:flow_check_source_is_concern", "underneath, too"),
        ("flow:flow_propose_route_decide_by_police", "the only way on; name the step behind it"),
        ("drawing:case_analysis", "The drawing case_analysis is as it is underneath"),
        ("drawing:case_analyses", "did you mean case_analysis?"),
        ("table:minor_rule", "as it is underneath"),
        ("form:decide_by_police", "Nothing lies under the form decide_by_police"),
        ("form:hold_case_conference.held_on", "as it is underneath"),
        ("form:hold_case_conference.well_being", "did you mean wellbeing?"),
        ("form:hold_conference.wellbeing", "There is no form hold_conference"),
        ("value:consent", "The value consent is 'none' underneath, too"),
        ("value:consents", "did you mean consent?"),
        ("value:deadline_notify_social_services", "has none underneath"),
    ],
)
def test_what_is_not_peculiar_is_refused(denmark: Peculiar, name: str, words: str) -> None:
    with pytest.raises(InputError) as refused:
        denmark.without(name)
    assert words in str(refused.value)


def test_step_leaves_its_drawing_and_nothing_else_does(denmark: Peculiar) -> None:
    without = denmark.without("step:notify_social_services")
    before = {one.id for one in denmark.own.processes["signal_intake"].elements}
    after = {one.id for one in without.processes["signal_intake"].elements}
    assert before - after == {"notify_social_services"}
    changed = {
        path for path, content in denmark.own.files.items() if without.files[path] != content
    }
    assert changed == {"signal_intake.bpmn"}


def test_field_leaves_its_form_alone(denmark: Peculiar) -> None:
    without = denmark.without("form:hold_case_conference.wellbeing")
    keys = [
        {field.key for field in one.forms["hold_case_conference"].fields()}
        for one in (denmark.own, without)
    ]
    assert keys[0] - keys[1] == {"wellbeing"}


def test_value_is_as_it_is_underneath() -> None:
    bavaria = peculiar(SHIPPED, "de-by")
    assert bavaria.own.profile.values["consent"] == "before_sharing"
    assert bavaria.without("value:consent").profile.values["consent"] == "none"


def test_shipped_story_goes_wrong_where_its_peculiarity_was() -> None:
    for code, name in (("dk", "child_is_notified_at_once"), ("fr", "adult_back_from_zone")):
        for one in showings(SHIPPED, code, chosen(SHIPPED, code, [name]), jobs=1):
            assert (one.problem, one.how[:5]) == ("", "step "), one


STORY = """title = "T"
requirements = ["P18"]
{shows}
use = ["signal_to_police"]

[[step]]
do = "decide_by_police"
answers = {{ route = "undecided", reasons = "Together." }}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    target = tmp_path / "processes"
    shutil.copytree(SHIPPED, target)
    return target


def _written(home: Path, shows: str, text: str = STORY, name: str = "tried") -> Path:
    path = home / f"profiles/dk/scenarios/{name}.toml"
    path.write_text(text.format(shows=shows), encoding="utf-8")
    return path


def test_story_about_something_else_is_told_so(home: Path) -> None:
    about_another = 'shows = ["step:notify_social_services"]'
    [one] = showings(home, "dk", [_written(home, about_another)], jobs=1)
    assert one.problem.startswith("It goes the same way without step:notify_social_services")
    the_way_there = STORY.partition("[[step]]")[0] + '[[step]]\n[step.expect]\ncase = "open"\n'
    path = _written(home, 'shows = ["step:decide_by_police"]', the_way_there)
    [one] = showings(home, "dk", [path], jobs=1)
    assert one.problem.startswith("It goes the same way without step:decide_by_police")
    [one] = showings(home, "dk", [_written(home, "")], jobs=1)
    assert one.problem.startswith("It names nothing that it shows")


def test_check_names_a_story_that_shows_nothing_peculiar(home: Path) -> None:
    told = {
        "nothing": ("", "warning", "says not what it shows"),
        "same": ('shows = ["value:consent"]', "error", "is 'none' underneath, too"),
        "text": ('shows = "value:consent"', "error", "shows in the story is a list of texts"),
    }
    for name, (shows, _severity, _words) in told.items():
        _written(home, shows, name=name)
    found = {one.file: one for one in check_paths((), "dk", home=home).findings}
    assert found.keys() == {f"scenarios/{name}.toml" for name in told}
    for name, (_shows, severity, words) in told.items():
        one = found[f"scenarios/{name}.toml"]
        assert (one.severity, words in one.message) == (severity, True)
