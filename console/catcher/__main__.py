"""`python -m console.catcher`: catch mail until SIGINT or SIGTERM.

Prints one line of JSON once it listens, `{"smtp_port": …, "http_port": …}`, and the same for a
person on standard error. Port 0 takes a free one.
"""

import json
import sys
import threading
import time
from pathlib import Path

import click

from console.catcher.intake import listen
from console.catcher.mailbox import Mailbox
from console.catcher.page import serve
from console.daemons import free_port
from console.processes import Interruption


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--smtp-port", type=int, default=1025, show_default=True)
@click.option("--http-port", type=int, default=8025, show_default=True)
@click.option(
    "--dir", "directory", type=click.Path(file_okay=False, path_type=Path), default="var/mail"
)
def catch(host: str, smtp_port: int, http_port: int, directory: Path) -> None:
    """Catch mail and show it."""
    mailbox = Mailbox(directory)
    with Interruption() as interruption, serve(mailbox, host, http_port) as page:
        smtp_port = smtp_port or free_port()
        intake = listen(mailbox, host, smtp_port)
        threading.Thread(target=page.serve_forever, kwargs={"poll_interval": 0.1}).start()
        sys.stdout.write(json.dumps({"smtp_port": smtp_port, "http_port": page.server_port}) + "\n")
        sys.stdout.flush()
        caught = f"Catching all mail sent to smtp://{host}:{smtp_port}"
        click.echo(f"{caught}; read it at http://{host}:{page.server_port}/", err=True)
        while not interruption:
            time.sleep(0.1)
        page.shutdown()
        intake.stop()


if __name__ == "__main__":
    catch()
