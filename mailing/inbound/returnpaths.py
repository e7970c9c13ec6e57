"""Return paths: which messages of ours a report came back to, by our own signature alone."""

import re
from collections.abc import Sequence
from urllib.parse import unquote
from uuid import UUID

from mailing.base.settings import current
from mailing.base.tokens import ReturnPath, link_keys

# Mail systems fold the case of a local part, percent-encode or quote its plus (=2B), put another
# character in its place, or wrap it (prvs=…=bounce+…). The MAC says what is ours, so all of these
# may be read alike: 26 octets in base32.
_TOKEN = re.compile(r"bounce[+=-]([a-z2-7]{42})(?![a-z2-7])")
_QUOTED = re.compile(r"=([0-9a-f]{2})")
_TORN = re.compile(r"=?[\r\n]+[ \t]*")
_LONGEST = 1000
MOST = 50


def of(recipients: Sequence[str]) -> list[UUID]:
    """The deliveries whose signed return path is among these, each once, in the order of ids."""
    keys = link_keys(current().secret_keys)
    read = (ReturnPath.read(keys, f"bounce+{token}") for token in _tokens(recipients))
    return sorted({path.delivery for path in read if path is not None})


def is_claimed(recipients: Sequence[str]) -> bool:
    """Whether anything here says that it is a return path of ours, signed or not."""
    return any(
        "bounce+" in spelling or "bounce=" in spelling
        for address in recipients[:MOST]
        for spelling in _spellings(address)
    )


def _tokens(recipients: Sequence[str]) -> list[str]:
    found = (
        token
        for address in recipients[:MOST]
        for spelling in _spellings(address)
        for token in _TOKEN.findall(spelling)
    )
    return list(dict.fromkeys(found))


def _spellings(address: str) -> tuple[str, ...]:
    """As it stands, and with what was encoded decoded; ASCII only, as we wrote it."""
    whole = _TORN.sub("", address[:_LONGEST])
    if not whole.isascii():
        return ()
    plain = unquote(whole.lower())
    return plain.lower(), _QUOTED.sub(_decoded, plain).lower()


def _decoded(quoted: re.Match[str]) -> str:
    return chr(int(quoted[1], 16))
