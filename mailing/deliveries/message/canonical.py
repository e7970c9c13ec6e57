"""The relaxed form of a message, which its signature covers (RFC 6376 sections 3.4.2 and 3.4.4)."""

import re

_BLANKS = re.compile(rb"[ \t]+")
_TRAILING = re.compile(rb"[ \t]+(?=\r\n|\Z)")


def relaxed_field(field: str) -> bytes:
    """A header field: its name in small letters, unfolded, each run of blanks one space; no CRLF.

    `field` holds no line end but where it is folded.
    """
    name, _, value = field.encode().partition(b":")
    return name.strip().lower() + b":" + b" ".join(value.split())


def relaxed_body(body: bytes) -> bytes:
    """A body: blanks at line ends and empty lines at its end gone, each run of blanks one space."""
    lines = _BLANKS.sub(b" ", _TRAILING.sub(b"", body)).rstrip(b"\r\n")
    return lines + b"\r\n" if lines else b""
