"""Addresses of ours as mail systems respell them: they fold the case, quote or percent-encode the
plus. An address means what it meant when we wrote it, however it comes back.
"""

import re
from typing import NamedTuple

_LONGEST = 1000
# RFC 5321 4.1.2: a quoted local part and the same without quotes are one mailbox.
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_PLUS = re.compile(r"[=%]2b")
# Some wrap a return path (prvs=…=bounce+…) or put another sign in place of its plus.
_RETURN_PATH = re.compile(r"(?:^|[^a-z0-9])bounce(?:[+=-]|$)")


class Mailbox(NamedTuple):
    """The name before the plus, what stands behind it, and the domain."""

    name: str
    token: str
    domain: str


def plain(address: str) -> str:
    """An address as we would have written it: no brackets, quotes, codes, capitals, final dot."""
    bare = address[:_LONGEST].strip().strip("<>").strip()
    local_part, at, domain = bare.rpartition("@")
    if not at:
        local_part, domain = domain, ""
    quoted = _QUOTED.fullmatch(local_part)
    if quoted:
        local_part = _ESCAPED.sub(r"\1", quoted[1])
    decoded = _PLUS.sub("+", local_part.lower())
    return f"{decoded}{at}{domain.lower().removesuffix('.')}"


def mailbox(address: str) -> Mailbox:
    """An address taken apart; it need not be spelled as we would."""
    local_part, _, domain = plain(address).rpartition("@")
    name, _, token = local_part.partition("+")
    return Mailbox(name, token, domain)


def is_return_path(address: str) -> bool:
    """Whether it says that it is a return path of ours, signed or not."""
    return bool(_RETURN_PATH.search(plain(address).rpartition("@")[0]))
