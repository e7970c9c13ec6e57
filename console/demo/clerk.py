"""`python -m console.demo.clerk`: runs `kelisim` commands, each in a process of its own.

Starting Python and reading the product anew costs seconds a command; the clerk has read it
once and forks. One line of JSON in, `{"words": […], "typed": text}`, one line out,
`{"code": number, "out": text, "err": text}`. Ends when its input does.
"""

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from typing import IO

from console.cli import main


def serve() -> None:
    """Take orders until there are no more."""
    for line in sys.stdin:
        order = json.loads(line)
        done = _run(order["words"], order["typed"])
        sys.stdout.write(json.dumps(done) + "\n")
        sys.stdout.flush()


def _run(words: Sequence[str], typed: str) -> dict[str, object]:
    with _paper() as heard, _paper() as out, _paper() as err:
        heard.write(typed)
        heard.seek(0)
        child = os.fork()
        if child == 0:
            _command(words, (heard, out, err))
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        return {"code": code, "out": _read(out), "err": _read(err)}


def _command(words: Sequence[str], streams: tuple[IO[str], IO[str], IO[str]]) -> None:
    """In the child: the command on streams of its own. Never returns."""
    for number, stream in enumerate(streams):
        os.dup2(stream.fileno(), number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the whole process
    code = 1
    try:
        main(words)
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _paper() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8")


def _read(stream: IO[str]) -> str:
    stream.seek(0)
    return stream.read()


if __name__ == "__main__":
    serve()
