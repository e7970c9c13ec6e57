"""What every command has in common: `--json`, the application around it, errors, exit codes."""

import functools
import getpass
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeGuard

import click
import psycopg
from sqlalchemy.exc import DBAPIError

from console.embedded import resolve
from console.output import Answer, complain, show
from mailing.base import settings
from mailing.base.database import db
from mailing.base.errors import KelisimError
from mailing.base.languages import SOURCE, speaking
from mailing.base.settings import Settings
from mailing.bootstrap import create_base, guard
from mailing.staff.audit import Actor
from mailing.staff.staff import Role

P = ParamSpec("P")
Printing = Callable[..., None]


def verb(function: Callable[P, Answer]) -> Printing:
    """A command that is one verb of the domain: inside the application, committed at the end."""

    @functools.wraps(function)
    def within(*args: P.args, **kwargs: P.kwargs) -> Answer:
        with application():
            answer = function(*args, **kwargs)
            db.session.commit()
            return answer

    return leaf(within)


def leaf(function: Callable[P, Answer]) -> Printing:
    """A command that answers once: takes `--json`, and no error leaves it as a traceback."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
    @functools.wraps(function)
    def run(as_json: bool, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            answer = function(*args, **kwargs)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            click.get_current_context().exit(explain(error, as_json))
        show(answer, as_json)
        click.get_current_context().exit(answer.exit_code)

    return run


@contextmanager
def application() -> Iterator[Settings]:
    """The domain ready for one verb, on a database of this program's version and keys.

    Raises NotReady or ConfigurationError where the database has others.
    """
    with serving() as ready, domain(ready):
        guard()
        yield ready


@contextmanager
def domain(ready: Settings) -> Iterator[None]:
    """The domain on these services, speaking English; its connections are closed afterwards."""
    with create_base(ready).app_context(), speaking(SOURCE):
        try:
            yield
        finally:
            db.session.remove()
            db.engine.dispose()


@contextmanager
def serving() -> Iterator[Settings]:
    """The settings, with database and queue running; embedded ones are kept up meanwhile."""
    with resolve(settings.load()) as ready:
        yield ready


def actor() -> Actor:
    """Whoever types: an admin, named by the system user."""
    return Actor(system_user(), Role.ADMIN)


def system_user() -> str:
    """The name of the system user; its number where a container knows no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"


def explain(error: Exception, as_json: bool) -> int:
    """Say in one sentence what went wrong; the exit code."""
    if os.environ.get("KELISIM_LOG_LEVEL", "").lower() == "debug":
        click.echo("".join(traceback.format_exception(error)), err=True)
    if isinstance(error, KelisimError):
        field = getattr(error, "field", None)
        more = {"field": field} if field else {}
        complain(error.message, _code(error), as_json, **more)
        return error.exit_code
    complain(_sentence(error), "error", as_json)
    return 1


def _code(error: KelisimError) -> str:
    """A stable name for programs: by the exit code, else by the kind of error."""
    names = {3: "not_ready", 4: "not_allowed", 5: "conflict", 6: "partial"}
    kind = type(error).__name__.removesuffix("Error").lower()
    return names.get(error.exit_code, "error" if kind == "kelisim" else kind)


def _sentence(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.errors.UndefinedTable):
        return "The database is not migrated. Run: kelisim db upgrade"
    if isinstance(cause, (psycopg.OperationalError, psycopg.InterfaceError)):
        return f"The database cannot be reached ({_first_line(cause)}). See: kelisim doctor"
    if _is_of_the_queue(cause):
        return f"The queue cannot be reached ({_first_line(cause)}). See: kelisim doctor"
    named = f"{type(error).__name__}: {_first_line(error)}"
    return f"Unexpected error: {named} (KELISIM_LOG_LEVEL=debug says where)"


def _is_of_the_queue(error: BaseException | None) -> TypeGuard[Exception]:
    """Whoever never asked the queue has not loaded its library, and need not for this."""
    known = sys.modules.get("redis.exceptions")
    return known is not None and isinstance(error, known.RedisError)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
