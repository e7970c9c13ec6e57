"""Logins live in a signed cookie that exists under /studio alone.

Public pages neither read nor write it, whatever an extension does to the session there.
"""

from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask, Request, Response
from flask import request as current
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin

from mailing.base.settings import Settings

COOKIE = "kelisim_studio"
PATH = "/studio"
LONGEST_LOGIN = timedelta(hours=12)


class StudioSessions(SecureCookieSessionInterface):
    """Flask's signed cookie under /studio; elsewhere an empty session that is thrown away."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if _is_studio(request.path):
            return super().open_session(app, request)
        return self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if _is_studio(current.path):
            super().save_session(app, session, response)


def configure(app: Flask, settings: Settings) -> None:
    """Set the cookie and its keys; older keys of the ring still read it."""
    newest, *older = (_session_key(secret) for secret in settings.secret_keys)
    app.session_interface = StudioSessions()
    values: dict[str, Any] = {
        "SECRET_KEY": newest,
        "SECRET_KEY_FALLBACKS": older,
        "SESSION_COOKIE_NAME": COOKIE,
        "SESSION_COOKIE_PATH": PATH,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.public_url.startswith("https:"),
    }
    app.config.update(values)


def _is_studio(path: str) -> bool:
    return path == PATH or path.startswith(f"{PATH}/")


def _session_key(secret: str) -> bytes:
    # RFC 5869: each use of a secret gets a key of its own.
    return HKDF(SHA256(), length=32, salt=None, info=b"kelisim studio session").derive(
        secret.encode()
    )
