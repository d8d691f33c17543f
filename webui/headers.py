"""Puts the security headers on every response, whatever produced it (S7)."""

from flask import Response, request

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
}
SANDBOX = "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""For what strangers sent, in case a browser shows it after all."""
HSTS = "max-age=63072000; includeSubDomains"
# Names of built files carry a hash of their content, so a copy can never be stale.
BUILT_FILES = "public, max-age=31536000, immutable"


def protect(response: Response) -> Response:
    """Add the headers; pages are never kept by a cache, for the next person at the same desk."""
    response.headers.update(HEADERS)
    if response.headers.get("Content-Disposition", "").startswith("attachment"):
        response.headers["Content-Security-Policy"] = SANDBOX
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = HSTS
    built = request.endpoint == "static" and response.status_code in {200, 304}
    response.headers["Cache-Control"] = BUILT_FILES if built else "no-store"
    return response
