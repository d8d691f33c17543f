"""Each kind of refusal is read in the language of whoever reads it, with its values in place."""

import io
import warnings
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from engine.bpmn import Program
from engine.bpmn.variable import clean
from engine.errors import CasetableError, DraftConflictError
from engine.expression import compile_expression, compile_unary_tests
from engine.language import parts_of, said_again, source_of, speaking
from engine.profile import parse_profile
from engine.proof.rule import read_rules
from engine.workshop.parcel import unpack
from engine.workshop.place import check_content, place_of_upload
from engine.workshop.script import Row
from tests.bpmn.builder import chain, diagram, process, start, user
from tests.decision.support import table

AT = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
NO_END = diagram(process("main", start(), user("ask"), chain("begin", "ask")))
RULE = b'[[rule]]\nid = "L99"\nsentence = "x"\nsources = ["P1"]\n[[rule.check]]\nkind = "often"\n'


def twice() -> bytes:
    """Return an archive that holds one file twice."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("intake.bpmn", "")
        archive.writestr("intake.bpmn", "")
    return target.getvalue()


def conflict() -> None:
    raise DraftConflictError("Olga Prins", AT)


def decide() -> None:
    table([("score", "number")], [("route", "string")], [["> 3", '"a"']]).evaluate({"score": 1})


REFUSED: dict[str, tuple[Callable[[], object], str, str]] = {
    "expression": (
        lambda: compile_expression('1 + "a"').evaluate({}),
        "nl",
        'In de expressie `1 + "a"`: `+` werkt niet op deze soorten waarden: getal en tekst.',
    ),
    "function": (
        lambda: compile_expression("abs(x)").evaluate({"x": "a"}),
        "de",
        "Im Ausdruck `abs(x)`: abs braucht eine Zahl oder eine Dauer.",
    ),
    "cell": (
        lambda: compile_unary_tests("[5..1]").matches(3, {}),
        "nl",
        "In de expressie `[5..1]`: een bereik loopt achteruit; zet de kleinste waarde vooraan.",
    ),
    "table": (
        decide,
        "de",
        (
            "route.dmn: Entscheidung propose_route: keine Regel trifft zu; "
            "fügen Sie eine Regel oder eine Standardausgabe hinzu."
        ),
    ),
    "variable": (
        lambda: clean({"due": float("inf")}, {}, what="intake:ask"),
        "nl",
        "intake:ask: een getal moet eindig zijn.",
    ),
    "rules": (
        lambda: read_rules(RULE),
        "de",
        (
            "rules.toml: Regel L99: kind ist eines von "
            "before, never, apart, owned, sound, awaits, asks."
        ),
    ),
    "profile": (
        lambda: parse_profile(b"[profile]\n"),
        "nl",
        "profile.toml: code ontbreekt in [profile].",
    ),
    "zip": (
        lambda: unpack(twice()),
        "nl",
        "intake.bpmn: zit twee keer in het archief; haal er een uit.",
    ),
    "place": (
        lambda: place_of_upload("plan.docx"),
        "de",
        "plan.docx: wählen Sie eine Datei, die auf .bpmn, .dmn, .form oder .po endet.",
    ),
    "content": (
        lambda: check_content("forms/ask.form", b"{}", "base"),
        "nl",
        (
            "forms/ask.form: geen formulier: het heeft geen lijst van onderdelen (components); "
            "exporteer het opnieuw."
        ),
    ),
    "script": (
        lambda: Row("do").step(3),
        "de",
        "Schritt 3: sagen Sie, was, zum Beispiel die id des Schritts.",
    ),
    "draft": (
        conflict,
        "nl",
        (
            "Olga Prins heeft dit bestand opgeslagen op 2026-01-15 09:30 UTC, nadat u het had "
            "geopend; laad die versie, of bewaar de uwe als kopie."
        ),
    ),
}


def refusal(what: Callable[[], object]) -> CasetableError:
    with pytest.raises(CasetableError) as found:
        what()
    return found.value


@pytest.mark.parametrize("kind", REFUSED)
def test_refusal_is_read_in_the_language_that_is_spoken_then(kind: str) -> None:
    what, language, words = REFUSED[kind]
    error = refusal(what)
    with speaking(language):
        assert str(error) == words
    assert source_of(error) == str(error) != words


@pytest.mark.parametrize("kind", REFUSED)
def test_refusal_that_became_an_incident_is_said_again(kind: str) -> None:
    what, language, words = REFUSED[kind]
    with speaking("fi"):  # whoever raised it reads another language
        error = refusal(what)
        parts, stored = parts_of(error), source_of(error)
    assert stored == str(refusal(what))
    with speaking(language):
        assert said_again(parts, stored) == words


def test_drawing_that_the_last_door_refuses_is_told_line_by_line() -> None:
    error = refusal(lambda: Program.compile({"main.bpmn": NO_END}, "main", key="k"))
    assert str(error).splitlines() == [
        "main.bpmn:main: draw an end event.",
        "main.bpmn:ask: the way ends here; lead it to an end event.",
    ]
    with speaking("nl"):
        assert str(error).splitlines() == [
            "main.bpmn:main: teken een eindgebeurtenis.",
            "main.bpmn:ask: de weg eindigt hier; leid hem naar een eindgebeurtenis.",
        ]
