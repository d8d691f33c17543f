"""What the profile names, the forms and the pages name too."""

from collections import Counter

from engine.application import Application
from engine.demo_cast import ORGANISATIONS, PEOPLE
from engine.form.form import walk
from engine.lifecycle import STARTS
from tests.meta.house import shipped
from webui.application import create_app
from webui.views.signal import CHANNELS, KINDS


def test_public_page_says_where_to_report(application: Application) -> None:
    page = create_app(application).test_client().get("/report").get_data(as_text=True)
    said = shipped().profile.texts["where_to_report"].strip()
    assert said.partition("?")[0] in page
    assert "you may stay anonymous" in page


def test_forms_of_extremism_are_the_same_in_profile_and_form() -> None:
    fields = walk(shipped().forms["assess_signal"].components)
    asked = next(field for field, _ in fields if field.key == "ideology")
    offered = [option.value for option in asked.options]
    assert offered == list(shipped().profile.lists["ideologies"])
    assert {"unclear", "none"} <= set(offered)


def test_every_intake_route_has_a_way_in() -> None:
    offered = {"public_page", *dict(CHANNELS)} | (set(dict(KINDS)) - {"signal"})
    assert offered == set(shipped().profile.lists["intake_routes"])


def test_every_type_of_case_has_a_start() -> None:
    assert set(STARTS) == set(dict(KINDS)) == set(shipped().profile.lists["case_types"])


def test_no_desk_of_the_demonstration_is_one_person_alone() -> None:
    holders = Counter(role for person in PEOPLE for role in person.roles)
    assert set(shipped().profile.roles) <= set(holders)
    assert all(holders[role] > 1 for role in shipped().roles_that_owe)


def test_organisations_of_the_demonstration_are_of_fields_that_the_profile_knows() -> None:
    fields = {discipline for _, _, discipline in ORGANISATIONS}
    assert fields <= set(shipped().profile.disciplines)
