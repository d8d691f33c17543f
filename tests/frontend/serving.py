"""Serves one form, its drafts and one diagram as the pages do, with the pages' security policy."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from engine.form import Form, change_rows
from engine.form.formula import Moment
from tests.form.support import NOW, ROOT, ZONE, environment, page, start
from webui.formview import form_view

BUILD = ROOT / "webui" / "static" / "build"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
DIAGRAM = ROOT / "processes" / "signal_intake.bpmn"


@dataclass
class Site:
    """A web site with one form; `fail` makes the draft address answer with an error."""

    form: Form
    diagram: bytes = b""
    path: dict[str, Any] = field(default_factory=dict)
    fail: bool = False
    zoom: str = ""
    drafts: list[MultiDict[str, str]] = field(default_factory=list)
    address: str = ""

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        routes: dict[str, Callable[[Request], Response]] = {
            "/": self._page,
            "/draft": self._draft,
            "/diagram": self._diagram_page,
            "/submit": lambda _request: Response("thank you"),
            "/favicon.ico": lambda _request: Response(status=204),
        }
        route = routes.get(request.path)
        if route is not None:
            return route(request)
        if request.path == "/model.bpmn":
            return Response(self.diagram, mimetype="application/xml")
        if request.path == "/path.json":
            return Response(json.dumps(self.path), mimetype="application/json")
        return self._file(request.path.removeprefix("/static/"))

    def _page(self, _request: Request) -> Response:
        return _html(page(start(self.form)))

    def _draft(self, request: Request) -> Response:
        if self.fail:
            body, status = {"message": "The work item was done by Bo Lind at 14:00."}, 409
        else:
            body, status = {"saved_at": NOW.isoformat(), "fragment": self._keep(request)}, 200
        return Response(json.dumps(body), status, mimetype="application/json")

    def _keep(self, request: Request) -> str:
        if request.headers.get("X-CSRFToken") != "t":
            return "refused"
        self.drafts.append(request.form)
        typed = start(self.form, request.form).typed
        moment = Moment(NOW, ZONE)
        change_rows(self.form, typed, request.form["action"], context={}, moment=moment)
        template = environment().from_string(
            '{% from "form/form.html" import render_fields %}{{ render_fields(view) }}'
        )
        return template.render(view=form_view(start(self.form, typed)))

    def _diagram_page(self, _request: Request) -> Response:
        return _html(
            "<!doctype html><html lang=en><head><meta charset=utf-8><title>d</title></head><body>"
            '<div class="diagram" data-diagram-url="/model.bpmn" data-path-url="/path.json"'
            f' data-here="You are here" data-zoom="{self.zoom}" aria-label="Diagram"></div>'
            "</body></html>",
            "diagram",
        )

    def _file(self, name: str) -> Response:
        kinds = {"css": "text/css", "js": "text/javascript", "woff2": "font/woff2"}
        file = BUILD / name
        if not file.is_file():
            return Response("no such file", 404)
        return Response(file.read_bytes(), mimetype=kinds[name.rpartition(".")[2]])


def _html(source: str, *more: str) -> Response:
    names = json.loads((BUILD / "manifest.json").read_text())
    links = "".join(
        f'<link rel="stylesheet" href="/static/{names[n + ".css"]}">'
        f'<script type="module" src="/static/{names[n + ".js"]}"></script>'
        for n in ("app", *more)
    )
    response = Response(source.replace("</head>", f"{links}</head>"), mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    return response


@contextmanager
def served(site: Site) -> Iterator[Site]:
    """Serve the site on a free port of this machine."""
    server = make_server("127.0.0.1", 0, Request.application(site.answer), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    site.address = f"http://127.0.0.1:{server.port}"
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
