"""`kelisim up`: all of an installation together, in the foreground."""

import sys

import click

from console.frame import leaf
from console.output import Answer, talk
from console.up import HOST
from console.up import up as run_all
from mailing.base import settings as configuration


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option("--concurrency", type=click.IntRange(1, 64), default=2, show_default=True)
@leaf
def up(port: int, concurrency: int) -> Answer:
    """Run web, worker and beat (and inbound, where set) until interrupted.

    Brings PostgreSQL and Valkey along where no address is set, migrates, and prints `ready`
    once everything works, then the addresses to look at on standard error.
    """
    run_all(configuration.load(), port, concurrency, lambda: _announce(port))
    return Answer({"ok": True}, "")


def _announce(port: int) -> None:
    # With --json, standard output belongs to the one document at the end.
    is_document = click.get_current_context().params.get("as_json", False)
    click.echo("ready", err=bool(is_document))
    (sys.stderr if is_document else sys.stdout).flush()
    talk(f"  the studio     http://{HOST}:{port}/studio/login")
    talk(f"  a form's page  http://{HOST}:{port}/join/SLUG")
    talk("Ctrl-C ends it.")
