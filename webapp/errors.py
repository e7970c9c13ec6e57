"""Every error in one place: what the domain refused becomes a status and a page.

Each page says what to do next. Nothing here asks the database: it may be the thing that failed.
"""

import traceback

import structlog
from flask import Flask, Response, make_response, render_template
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from mailing.base.database import db
from mailing.base.errors import (
    Conflict,
    Invalid,
    KelisimError,
    Missing,
    NotAllowed,
    NotReady,
    Unavailable,
)
from webapp.headers import personal

STATUS: dict[type[KelisimError], int] = {
    Missing: 404,
    Conflict: 409,
    NotReady: 409,
    Invalid: 422,
    NotAllowed: 403,
    Unavailable: 503,
}
RETRY_AFTER = "30"

log = structlog.get_logger()


def register(app: Flask) -> None:
    """Answer every error of the application with a page."""
    app.register_error_handler(KelisimError, refused)
    app.register_error_handler(HTTPException, http_error)
    for kind in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(kind, database_away)
    app.register_error_handler(Exception, unexpected)


def refused(error: KelisimError) -> Response:
    """A "no" of the domain. Its sentence speaks to the operator's staff; the public gets a page."""
    return page(status_of(error))


def status_of(error: KelisimError) -> int:
    """The status that says the same in HTTP."""
    return next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)


def http_error(error: HTTPException) -> Response:
    """What HTTP itself refuses: no such page, a method that is not allowed, too large a form."""
    if error.response is not None:
        return make_response(error.response)
    answer = page(error.code or 500)
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        answer.headers["Allow"] = ", ".join(sorted(allowed))
    return answer


def database_away(error: DBAPIError | PoolTimeout) -> Response:
    """The database does not answer: say so, and when to try again; never a false "done"."""
    log.error("database_away", kind=type(error).__name__)
    return page(503)


def unexpected(error: Exception) -> Response:
    """A fault of ours: the log says what and where, the page nothing."""
    log.error("unexpected", kind=type(error).__name__, where=places(error))
    return page(500)


def places(error: BaseException) -> list[str]:
    """Where an error came through. Its message is left out: it may carry an address or a name."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def page(status: int, sentence: str | None = None) -> Response:
    """The error page in the language spoken; `sentence` is shown where the domain gave one."""
    db.session.rollback()
    body = render_template("pages/public/error.html", status=status, sentence=sentence)
    answer = make_response(body, status)
    if status == 503:
        answer.headers["Retry-After"] = RETRY_AFTER
    return personal(answer)
