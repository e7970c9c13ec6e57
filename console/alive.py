"""`python -m console.alive NOUN`: whether one program of an installation lives; exit 0 or 1.

For the health checks of containers. Liveness, not readiness: a database that is away is no
reason to restart the web, so only the program itself is asked.
"""

import http.client
import socket
import sys
import time
from typing import NoReturn

import click

from mailing.base.errors import KelisimError
from mailing.base.jobs import celery_app
from mailing.base.settings import load

# worker.beat touches this file in KELISIM_VAR at every tick.
BEAT_FILE = "beat.alive"
_OLDEST_BEAT = 60.0
_PATIENCE = 4.0


@click.group()
def alive() -> None:
    """Whether one program of this installation lives."""


@alive.command()
@click.option("--port", type=int, default=8080, show_default=True)
def web(port: int) -> None:
    """The web answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/healthz")
        _answer(connection.getresponse().status == http.client.OK, "/healthz is not 200")
    except (OSError, http.client.HTTPException) as error:
        _answer(False, str(error))
    finally:
        connection.close()


@alive.command()
def worker() -> None:
    """A worker of this host answers on the queue."""
    here = f"@{socket.gethostname()}"
    with celery_app(load()) as queue:
        replies = queue.control.ping(timeout=_PATIENCE)
    names = [name for reply in replies for name in reply]
    _answer(any(name.endswith(here) for name in names), f"no worker answers for {here}")


@alive.command()
def beat() -> None:
    """Beat has ticked within the last minute."""
    path = load().var / BEAT_FILE
    try:
        age = time.time() - path.stat().st_mtime
    except OSError as error:
        _answer(False, str(error))
    _answer(age < _OLDEST_BEAT, f"the last tick was {age:.0f} s ago")


@alive.command()
@click.option("--port", type=int, required=True)
def inbound(port: int) -> None:
    """Something greets as a mail server does."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE) as peer:
            _answer(peer.recv(4) == b"220 ", "no greeting")
    except OSError as error:
        _answer(False, str(error))


def _answer(is_alive: bool, why_not: str) -> NoReturn:
    click.echo("alive" if is_alive else why_not)
    sys.exit(0 if is_alive else 1)


if __name__ == "__main__":
    try:
        alive()
    except KelisimError as error:
        _answer(False, error.message)
