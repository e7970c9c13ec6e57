"""What a message may have of everything, counted in its octets before anybody parses them.

The standard parser looks at each line once for each boundary that is open, makes a message of each
block of a delivery status, and takes a field's parameters apart again and again: so these are
counted first. A message beyond a limit is a person's to read.
"""

import re

MOST_BOUNDARIES = 200
MOST_DASHES = 2000
MOST_HEADER_LINES = 5000
MOST_LINES = 100_000
MOST_LOOKS = 2_000_000
MOST_BLOCKS = 5000
MOST_PARAMETERS = 100
LONGEST_PARAMETERS = 4096
_BOUNDARY = re.compile(rb"boundary\s*=")
_PARAMETERS = re.compile(rb"content-(?:type|disposition):((?:[^\r\n]+|\r?\n[ \t]|\r[ \t])*)")


class TooHostile(Exception):
    """The octets are a message only to somebody who wants to keep us busy."""


def refuse(octets: bytes) -> None:
    """Raise TooHostile for what would cost more than a message is worth."""
    low = octets.lower()
    lines = _lines(low)
    boundaries = len(_BOUNDARY.findall(low))
    if boundaries > MOST_BOUNDARIES or low.count(b"\n--") + low.count(b"\r--") > MOST_DASHES:
        raise TooHostile("more parts inside parts than a message has")
    if lines > MOST_LINES or lines * (boundaries + 1) > MOST_LOOKS:
        raise TooHostile("more lines in more parts than a message has")
    if lines > MOST_HEADER_LINES and _lines(_header(low)) > MOST_HEADER_LINES:
        raise TooHostile("a longer header than a message has")
    if lines > MOST_BLOCKS and b"/delivery-status" in low and _blank(low) > MOST_BLOCKS:
        raise TooHostile("a report of more blocks than a message has")
    if any(_is_endless(found[1]) for found in _PARAMETERS.finditer(low)):
        raise TooHostile("a field of more parameters than a message has")


def _lines(octets: bytes) -> int:
    """A carriage return alone ends a line for the parser, too."""
    returns = octets.count(b"\r")
    return octets.count(b"\n") + (returns - octets.count(b"\r\n") if returns else 0)


def _blank(octets: bytes) -> int:
    return sum(octets.count(end) for end in (b"\n\n", b"\n\r", b"\r\r"))


def _header(octets: bytes) -> bytes:
    found = re.search(rb"\n\n|\n\r\n|\r\r", octets.lstrip(b"\r\n"))
    return octets[: found.start()] if found else octets


def _is_endless(value: bytes) -> bool:
    return len(value) > LONGEST_PARAMETERS or value.count(b";") > MOST_PARAMETERS
