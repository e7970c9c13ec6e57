"""Lists of our own: the helpdesk's address may be a group, whose server puts the lines of a mailing
list above every letter. They say nothing of whoever wrote it, and are left out of the reading.
"""

import re

from mailing.base.settings import current

_LONGEST = 256 * 1024
_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"([!-9;-~]{1,76})[ \t]*:(.*(?:\n[ \t].*)*)\n?")
_ID = re.compile(rb"<([^<>\s]{1,255})>")
_OF_A_LIST = re.compile(rb"(?i)list-.{1,30}|(?:x-)?mailing-list|precedence|x-google-group-id")
# Our own mail that somebody sends back as it is carries these lines by right.
_OF_OURS = b"x-kelisim-delivery"


def without(raw: bytes) -> bytes:
    """A letter without the lines of a list at the helpdesk's own domain; any other as it is."""
    found = _END.search(raw, 0, _LONGEST)
    header = raw[: found.start() + 1] if found else b""
    fields = [(one[1].lower(), one[2], one[0]) for one in _FIELD.finditer(header)]
    if not _is_by_ours(fields):
        return raw
    kept = b"".join(whole for name, _, whole in fields if not _OF_A_LIST.fullmatch(name))
    return kept + raw[len(header) :]


def _is_by_ours(fields: list[tuple[bytes, bytes, bytes]]) -> bool:
    """Whether its only lists are ours (RFC 2919)."""
    names = {name for name, _, _ in fields}
    lists = [_ID.search(value) for name, value, _ in fields if name == b"list-id"]
    return bool(lists) and _OF_OURS not in names and all(one and _is_ours(one[1]) for one in lists)


def _is_ours(identifier: bytes) -> bool:
    domain = current().helpdesk_address.rpartition("@")[2].lower()
    return identifier.decode("utf-8", "replace").lower().endswith(f".{domain}")
