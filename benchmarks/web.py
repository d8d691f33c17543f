"""M1: complete a user task of the shipped lifecycle through the whole web stack."""

import re
from uuid import uuid4

from flask.testing import FlaskClient

from benchmarks.harness import Figure, figure, measure
from benchmarks.place import Place, answers_of, place
from engine import accounts, cases
from webui.application import create_app
from webui.identity import wall_clock

REPORT = cases.Report("A worry.", "telephone", {"name": "Person A"}, {})


def run(kind: str, *, quick: bool) -> list[Figure]:
    """Measure the request that records the source check: session, CSRF, access, form, audit."""
    count = 30 if quick else 150
    with place(kind) as found:
        for _ in range(count + 10):
            cases.report_concern(found.application, REPORT)
        times = _measure(found)[10:]
    goal = "<= 10 ms" if kind == "sqlite" else "<= 12 ms"
    return [
        figure("M1", f"web request, {kind}", [t[0] for t in times], unit="ms", goal=goal),
        figure("M1", f"its processor time, {kind}", [t[1] for t in times], unit="ms", goal=goal),
    ]


def signed_in(found: Place, username: str) -> FlaskClient:
    """Return a browser in which a person is signed in."""
    app = create_app(found.application)
    with found.application.database.transaction() as session:
        token = accounts.open_session(session, found.account(username), wall_clock())
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
    return client


def fetch(client: FlaskClient, path: str) -> str:
    """Return a page, or the answer that leads to one; anything else ends the measurement."""
    response = client.get(path)
    if response.status_code not in {200, 302}:
        raise SystemExit(f"{path} answered {response.status_code}.")
    return response.get_data(as_text=True)


def _measure(found: Place) -> list[tuple[float, float]]:
    client = signed_in(found, "intake.anna")
    page = client.get("/").get_data(as_text=True)
    match = re.search(r'name="csrf-token" content="([^"]+)"', page)
    if match is None:
        raise SystemExit("The worklist has no token; the sign-in did not work.")
    answers = answers_of("signal_to_route", "check_source")
    times = []
    for item in found.open_items("check_source"):
        form = {"csrf_token": match[1], "_key": uuid4().hex, **answers}
        path = f"/work/{item.id}"

        def send(path: str = path, form: dict[str, object] = form) -> None:
            response = client.post(path, data=form)
            if response.status_code != 302:
                raise SystemExit(f"{path} answered {response.status_code}.")

        times.append(measure(send))
        # As a browser does: else what each step has told would pile up in the cookie.
        client.get("/")
    return times
