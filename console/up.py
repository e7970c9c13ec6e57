"""All of it together: services, migrations, web, worker, beat and (where set) inbound."""

import http.client
import os
import socket
import time
from collections.abc import Callable

from console.embedded import environment, resolve, revive
from console.frame import domain
from console.processes import Crew, Interruption, Program, say
from console.programs import BEAT, INBOUND, web_program, worker_program
from mailing.base import schema
from mailing.base.errors import Conflict, KelisimError
from mailing.base.jobs import celery_app
from mailing.base.settings import Settings
from mailing.bootstrap import guard

HOST = "127.0.0.1"
_LOSSES_BEFORE_READY = 3
_LOOK_EVERY = 1.0


def up(settings: Settings, port: int, concurrency: int, announce: Callable[[], None]) -> None:
    """Run everything until SIGINT or SIGTERM; `announce` is called once all of it works.

    Raises Conflict when the port is taken, KelisimError when a program keeps dying before
    everything was ready.
    """
    _demand_free(port)
    with Interruption() as interruption, resolve(settings) as ready:
        schema.upgrade(ready.database)
        with domain(ready):
            guard()
        programs = _programs(ready, port, concurrency)
        with Crew(programs, _surroundings(ready, port), lambda: interruption.count > 1) as crew:
            _until_ready(crew, interruption, lambda: is_ready(ready, port))
            if not interruption:
                announce()
            _tend(crew, settings, lambda: bool(interruption))
            say("Ending; what is in flight is finished first (once more to end at once).")


def is_ready(settings: Settings, port: int) -> bool:
    """Whether the web says that it is ready, and a worker is consuming."""
    return _web_is_ready(port) and _worker_answers(settings)


def _until_ready(crew: Crew, interruption: Interruption, is_all_up: Callable[[], bool]) -> None:
    while not interruption and not is_all_up():
        crew.tend()
        for member in crew.members:
            if member.losses >= _LOSSES_BEFORE_READY:
                raise KelisimError(
                    f"{member.program.name} cannot be started; its last lines above say why."
                )
        time.sleep(0.1)


def _tend(crew: Crew, settings: Settings, is_over: Callable[[], bool]) -> None:
    looked_at = time.monotonic()
    while not is_over():
        crew.tend()
        if time.monotonic() - looked_at > _LOOK_EVERY:
            looked_at = time.monotonic()
            _revive(settings)
        time.sleep(0.1)


def _revive(settings: Settings) -> None:
    if not (settings.database_url and settings.redis_url):
        for name in revive(settings.var):
            say(f"{name} had died; it is started again.")


def _programs(settings: Settings, port: int, concurrency: int) -> list[Program]:
    programs = [
        Program("web", web_program(HOST, port)),
        Program("worker", worker_program(concurrency)),
        Program("beat", BEAT),
    ]
    if settings.inbound_listen or settings.imap_url:
        programs.append(Program("inbound", INBOUND))
    return programs


def _surroundings(settings: Settings, port: int) -> dict[str, str]:
    """Our environment, with the services' addresses and, unless set, our own public address."""
    given = os.environ | environment(settings)
    if "public_url" not in settings.model_fields_set:
        given["KELISIM_PUBLIC_URL"] = f"http://{HOST}:{port}"
    return given


def _web_is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _worker_answers(settings: Settings) -> bool:
    with celery_app(settings) as queue:
        return bool(queue.control.ping(timeout=1.0, limit=1))


def _demand_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise Conflict(f"Port {port} is taken; choose another with --port.") from None
