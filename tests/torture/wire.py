"""Hands a request to the application as a socket would, whatever stands in it."""

import traceback
from typing import Any
from urllib.parse import unquote_to_bytes

from flask.testing import FlaskClient
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

CRASHED = "599 the application raised"


def ask(client: FlaskClient, method: str, path: str, options: dict[str, Any]) -> TestResponse:
    """Send a request whose query and headers may be anything a socket could bring."""
    plain, mark, query = path.partition("?")
    builder = EnvironBuilder(
        path="/",
        method=method,
        data=options.get("data"),
        content_type=options.get("content_type"),
        headers={name: _on_the_wire(value) for name, value in options["headers"].items()},
        environ_base={"REMOTE_ADDR": "127.0.0.1"},
        base_url="http://localhost/",
    )
    environ = builder.get_environ()
    environ["PATH_INFO"] = _unquoted(plain)
    environ["QUERY_STRING"] = query if mark else ""
    environ.update(options["environ_overrides"])
    request = builder.request_class(environ)
    if "Cookie" not in options["headers"]:
        client._add_cookies_to_wsgi(environ)
    try:
        body, status, headers = run_wsgi_app(client.application, environ, buffered=True)
    except Exception:  # noqa: BLE001 - whatever comes out of the application is a finding
        return TestResponse([traceback.format_exc().encode()], CRASHED, Headers(), request)
    answer = TestResponse(body, status, headers, request)
    client._update_cookies_from_response("localhost", "/", answer.headers.getlist("Set-Cookie"))
    return answer


def _on_the_wire(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ").encode("utf-8").decode("latin-1")


def _unquoted(path: str) -> str:
    """Return a path as a server hands it over: bytes, read as Latin-1."""
    return unquote_to_bytes(path).decode("latin-1")
