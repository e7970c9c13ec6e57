"""What a web process has ready before its first answer."""

import os
import subprocess
import sys

_START = """
import sys
from webapp.app import create_app

create_app()
sys.exit("kombu.transport.redis" not in sys.modules)
"""


def test_nobody_waits_while_the_libraries_of_a_wake_up_are_read(
    environment: dict[str, str],
) -> None:
    """The first opt-in of each process took a quarter of a second longer."""
    told = subprocess.run(
        [sys.executable, "-c", _START], env=os.environ | environment, timeout=60, check=False
    )
    assert told.returncode == 0
