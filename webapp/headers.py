"""Security headers: strict by default, and loosened by nobody but the studio for itself."""

from flask import Flask, Response, request

from mailing.base.settings import current

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
A_YEAR = 365 * 24 * 3600


def register(app: Flask) -> None:
    """Put the headers on every answer of the application."""
    app.after_request(protect)


def protect(response: Response) -> Response:
    """Set what a view has not set for itself."""
    given = response.headers
    given.setdefault("Content-Security-Policy", CONTENT_POLICY)
    given.setdefault("X-Content-Type-Options", "nosniff")
    given.setdefault("Referrer-Policy", "no-referrer")
    given.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    given.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if current().public_url.startswith("https:"):
        given.setdefault("Strict-Transport-Security", f"max-age={A_YEAR}")
    return _cached(response)


def personal(response: Response) -> Response:
    """Mark a page about one person: never indexed, never kept (policy 2.6)."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Cache-Control"] = "no-store"
    return response


def holding_a_form(response: Response) -> Response:
    """Let our own server see where a form was posted from.

    With `no-referrer` browsers post `Origin: null`, which is nobody's origin.
    """
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _cached(response: Response) -> Response:
    if request.endpoint == "static" and request.args.get("v") and response.status_code == 200:
        response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    return response
