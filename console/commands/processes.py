"""`kelisim web`, `worker`, `beat`, `inbound`: one process in the foreground."""

from collections.abc import Sequence

import click

from console import foreground
from console.embedded import resolve
from console.frame import domain, leaf
from console.output import Answer
from console.programs import BEAT, INBOUND, web_program, worker_program
from mailing.base import settings as configuration
from mailing.bootstrap import guard


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@leaf
def web(host: str, port: int) -> Answer:
    """Serve the public pages and the studio."""
    return _run("web", web_program(host, port))


@click.command()
@click.option("--concurrency", type=click.IntRange(1, 64), help="Default: cores and one more.")
@leaf
def worker(concurrency: int | None) -> Answer:
    """Send what may be sent."""
    return _run("worker", worker_program(concurrency))


@click.command()
@leaf
def beat() -> Answer:
    """Ring for the sweeps."""
    return _run("beat", BEAT)


@click.command()
@leaf
def inbound() -> Answer:
    """Take in mail on KELISIM_INBOUND_LISTEN, from KELISIM_IMAP_URL, or both."""
    return _run("inbound", INBOUND)


def _run(name: str, program: Sequence[str]) -> Answer:
    given = configuration.load()
    with resolve(given) as ready:
        # Wrong keys or an old schema are told in one sentence, before anything is started.
        with domain(ready):
            guard()
        code = foreground.run(program, given, ready)
    return Answer({"process": name, "exit_code": code}, "", exit_code=code)
