"""Lines for the person who waits; standard output belongs to the document."""

import sys


def say(line: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"bench | {line}\n")
    sys.stderr.flush()
