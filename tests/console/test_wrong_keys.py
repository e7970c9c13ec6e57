"""A wrong key stops every long-running command in one sentence, before anything is started."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from console.daemons import free_port
from mailing.base.database import db
from mailing.bootstrap import guard

# Whatever else listens on the usual port has no say in this.
PORTS = {"up": ["--port"], "web": ["--port"], "worker": [], "inbound": []}


@pytest.mark.parametrize("command", PORTS)
def test_another_suppression_key_is_told_in_one_sentence(
    app: Flask, environment: dict[str, str], command: str
) -> None:
    guard()
    db.session.remove()
    other = base64.b64encode(os.urandom(32)).decode()
    port = [word for name in PORTS[command] for word in (name, str(free_port()))]
    done = subprocess.run(
        [str(Path(sys.executable).with_name("kelisim")), command, *port],
        env={"PATH": os.environ["PATH"]} | environment | {"KELISIM_SUPPRESSION_KEY": other},
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "KELISIM_SUPPRESSION_KEY is not the key of this database" in done.stderr
