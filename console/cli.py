"""`kelisim NOUN VERB`: the frame that holds the commands."""

import os
import sys
from collections.abc import Sequence

import click

from console import commands
from console.lazy import Lazy
from console.output import complain, tolerate_narrow_terminals

USAGE = 2


@click.group(
    cls=Lazy,
    package=commands.__name__,
    modules=commands.NOUNS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="kelisim", prog_name="kelisim", message="%(prog)s %(version)s")
def cli() -> None:
    """Nobody is mailed against their no, and every yes can be shown.

    Every command accepts --json and then prints one JSON document on standard output.
    Exit codes: 0 done, 1 error, 2 usage, 3 not ready, 4 not allowed, 5 conflict, 6 in part.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """The program: runs one command and ends with its exit code."""
    tolerate_narrow_terminals()
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(_run(given))


def _run(given: list[str]) -> int:
    try:
        # Outside standalone mode click returns the code of `exit` instead of leaving by itself.
        return int(cli.main(args=given, prog_name="kelisim", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return USAGE
    except click.ClickException as error:
        return _refuse(error, as_json="--json" in given)
    except (click.Abort, KeyboardInterrupt):
        complain("Interrupted.", "interrupted", as_json="--json" in given)
        return 1
    except BrokenPipeError:
        # The reader has gone (`| head`); Python would complain once more while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _refuse(error: click.ClickException, as_json: bool) -> int:
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f" (see: {context.command_path} --help)" if context else ""
    complain(
        error.format_message() + hint, "usage" if error.exit_code == USAGE else "error", as_json
    )
    return error.exit_code


if __name__ == "__main__":
    main()
