"""The web application: the shared base, the pages of both publics, one place for errors."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, abort, request, url_for
from werkzeug.middleware.proxy_fix import ProxyFix

from mailing.base import languages
from mailing.base.jobs import read_ahead
from mailing.base.settings import Settings
from mailing.bootstrap import create_base
from webapp import errors, headers, public, studio

STATIC = Path(__file__).parent / "static"
LARGEST_FORM = 1024 * 1024


def create_app(settings: Settings | None = None) -> Flask:
    """The whole web application; raises ConfigurationError when a setting is unusable."""
    app = create_base(settings, static_folder=str(STATIC))
    read_ahead(app)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_FORM
    # A one-click address answers itself: a client must never be sent elsewhere (RFC 8058 3.1).
    app.url_map.merge_slashes = False
    languages.install(app.jinja_env)
    app.jinja_env.globals["asset"] = asset
    app.before_request(speak_the_language)
    app.before_request(refuse_nul)
    trust_proxies(app)
    headers.register(app)
    errors.register(app)
    public.register(app)
    studio.register(app)
    return app


def trust_proxies(app: Flask) -> None:
    """Believe what as many proxies as are set up say of the client's network address.

    Without one nothing is believed: anybody can write an `X-Forwarded-For`.
    """
    number = app.extensions["kelisim"].trusted_proxies
    if number:
        proxied = ProxyFix(app.wsgi_app, x_for=number, x_proto=number)
        app.wsgi_app = proxied  # type: ignore[method-assign]


def speak_the_language() -> None:
    """`?lang=` beats `Accept-Language`; a page that knows its person may refine this."""
    asked = request.args.get("lang")
    languages.speak(languages.pick(asked, request.headers.get("Accept-Language")))


def refuse_nul() -> None:
    """No address of ours holds a NUL, and PostgreSQL takes none in a question."""
    if "\0" in request.path:
        abort(404)


def asset(name: str) -> str:
    """The address of a static file with its content's hash, so that caches may keep it."""
    return url_for("static", filename=name, v=_content_hash(name))


@cache
def _content_hash(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
