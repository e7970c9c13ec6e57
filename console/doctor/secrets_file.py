"""The file that holds the secrets: only its owner may read it."""

import stat
from collections.abc import Iterator
from pathlib import Path

from console.doctor.finding import Finding, fine, look

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def secrets_file(path: Path) -> Iterator[Finding]:
    """How `.env` lies there; nothing is said where everything comes from the environment."""
    if not path.is_file():
        return
    if path.stat().st_mode & OTHERS:
        yield look("env", f"other users of this machine may open {path}: chmod 600 {path}")
    else:
        yield fine("env", f"only its owner may open {path}")
