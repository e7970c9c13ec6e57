"""What a machine may lack: a named skip here, a failure in `.ci/run`, which installs it."""

import os
import shutil

import pytest


def demand(*programs: str, is_installed: bool = True) -> str:
    """The path of the first of these programs that is here; skips the test where none is.

    Under `KELISIM_CI=1` the test fails instead, since there everything is installed, but for what
    not every Debian has.
    """
    places = "/usr/sbin:/usr/local/sbin:/sbin"
    for program in programs:
        found = shutil.which(program) or shutil.which(program, path=places)
        if found:
            return found
    missing = f"this machine has no {' or '.join(programs)}"
    if is_installed and os.environ.get("KELISIM_CI") == "1":
        pytest.fail(missing)
    pytest.skip(missing)
