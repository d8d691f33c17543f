"""Makes the Flask application: limits, cookies, guards and views in one place."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix

from engine.application import Application
from engine.language.telling import spoken
from webui import errorpage, guard, identity, language, measure, pagehelp, refusal, ring, views
from webui.character import check_characters
from webui.context import end_reading
from webui.csrf import check_origin
from webui.headers import protect
from webui.requestid import bind_request, name_request

MEGABYTE = 1024 * 1024
WITH_FILES = frozenset({"report.create", "report.answer", "workshop_file.upload"})
"""Where three photographs of a telephone come in: refusing them whole would lose the words too.

An archive of a whole draft comes in likewise.
"""
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class SpokenJson(DefaultJSONProvider):
    """Answers programs in a page in the language of whoever opened it."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Return JSON in which each sentence is told as it is read now."""
        return super().dumps(spoken(obj), **kwargs)


def create_app(application: Application, *, only_report: bool = False) -> Flask:
    """Return the pages over an open application; one for each operating-system process.

    `only_report`: the public page alone, for strangers on a host of its own (V3.5.4).
    """
    app = Flask("webui", static_folder="static", template_folder="templates")
    app.json = SpokenJson(app)
    app.config.update(_config(application))
    app.extensions["casetable"] = application
    app.extensions["casetable_only_report"] = only_report
    proxies = application.settings.proxies
    if proxies:
        # Threat: without the visitor's own address one visitor throttles all; with a header
        # that nobody checks, a visitor chooses the address. Only as many hops as are set count.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies
        )
    app.view_functions["static"] = guard.public(app.view_functions["static"])
    measure.register(app, application)
    refusal.register(app)
    identity.register(app, nobody=only_report)
    errorpage.register(app)
    pagehelp.register(app)
    language.register(app)
    app.before_request(bind_request)
    app.before_request(_refuse_other_hosts)
    app.before_request(_limit_body)
    app.before_request(language.begin)
    app.before_request(check_characters)
    app.before_request(guard.check_request)
    app.before_request(language.settle)
    app.before_request(check_origin)
    app.after_request(name_request)
    app.after_request(protect)
    app.teardown_request(end_reading)
    ring.register(app, application.settings)
    if only_report:
        views.register_report(app)
    else:
        views.register(app, with_report=not application.settings.report_url)
    return app


def _refuse_other_hosts() -> None:
    """Refuse a host that is not ours before anything else does, which would need its addresses."""
    if isinstance(request.routing_exception, SecurityError):
        raise request.routing_exception


def _limit_body() -> None:
    """Allow large bodies only where files come in."""
    if request.mimetype != "multipart/form-data":
        request.max_content_length = MEGABYTE
    elif request.endpoint in WITH_FILES:
        request.max_content_length = 26 * MEGABYTE


def _config(application: Application) -> dict[str, object]:
    """Return Flask's settings: nothing unlimited, nothing readable, nothing guessed."""
    settings = application.settings
    address = urlsplit(settings.base_url)
    secure = address.scheme == "https"
    hosts = {address.hostname or "localhost", *(() if settings.production else LOOPBACK)}
    return {
        "SECRET_KEY": settings.secret_key,
        "TRUSTED_HOSTS": sorted(hosts),
        "MAX_CONTENT_LENGTH": 12 * MEGABYTE,
        "MAX_FORM_MEMORY_SIZE": MEGABYTE,
        "MAX_FORM_PARTS": 2000,
        # A cookie with this prefix can come from this host alone; browsers want https for it.
        "SESSION_COOKIE_NAME": f"__Host-{identity.COOKIE}" if secure else identity.COOKIE,
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Strict",
        "SESSION_COOKIE_PATH": "/",
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=10),
        "PROVIDE_AUTOMATIC_OPTIONS": False,
        "PREFERRED_URL_SCHEME": address.scheme,
        "JSON_SORT_KEYS": False,
    }
