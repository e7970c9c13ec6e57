"""`kelisim demo`: the main job, walked on real parts and verified on the sent bytes."""

import sys
import time

import click

from console.demo.stage import Stage
from console.demo.walk import TEND_SECONDS, document, walk
from console.frame import leaf
from console.output import Answer, one_line


@click.command()
@click.option("--once", "is_once", is_flag=True, help="Walk, print the outcome, end.")
@leaf
def demo(is_once: bool) -> Answer:
    """Walk the main job: opt-in, confirmation, campaign, one-click, policy change.

    Everything is real, and everything is the demo's own; nothing of an installation is touched.
    """
    # The programs' lines go to a file meanwhile; the story goes to the terminal that we had.
    terminal = sys.stderr
    steps = walk(lambda line: click.echo(line, file=terminal), is_once, _stay)
    told = document(steps)
    code = 0 if told["ok"] else 1
    return Answer(told, one_line(told) if is_once else "", exit_code=code)


def _stay(stage: Stage) -> None:
    while not stage.interruption:
        stage.tend()
        time.sleep(TEND_SECONDS)
