"""Octets spelled in letters, for links and mail addresses: one spelling each, and no other."""

import base64
import binascii
from functools import lru_cache
from itertools import product

_LONGEST = 200
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
# Ten bits, two letters: a look-up for each pair takes half the time of the standard library.
_PAIRS = ["".join(pair) for pair in product("abcdefghijklmnopqrstuvwxyz234567", repeat=2)]


def base64url(raw: bytes) -> str:
    """RFC 4648 section 5, without padding."""
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=").decode()


def from_base64url(token: str) -> bytes:
    """The octets, or none for what `base64url` would not have written."""
    # A second spelling of the same octets is refused: what we did not write is not ours.
    if not 0 < len(token) <= _LONGEST or not token.isascii():
        return b""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return b""
    return raw if base64url(raw) == token else b""


def base32(raw: bytes) -> str:
    """RFC 4648 section 6 in small letters, without padding."""
    letters, spare, places = _places(len(raw))
    bits = int.from_bytes(raw, "big") << spare
    return "".join([_PAIRS[bits >> at & 1023] for at in places])[:letters]


@lru_cache(maxsize=_LONGEST)
def _places(octets: int) -> tuple[int, int, tuple[int, ...]]:
    """How many letters so many octets take, and where their bits are found in pairs."""
    letters = -(-octets * 8 // 5)
    bits = (letters + 1) // 2 * 10
    return letters, bits - octets * 8, tuple(range(bits - 10, -1, -10))


def from_base32(token: str) -> bytes:
    """The octets, whatever case they came back in; none for what `base32` would not write."""
    # ASCII first: the Kelvin sign would fold to a k, and be a second spelling.
    if not 0 < len(token) <= _LONGEST or not token.isascii():
        return b""
    folded = token.lower()
    try:
        raw = base64.b32decode(folded.upper() + "=" * (-len(folded) % 8))
    except (binascii.Error, ValueError):
        return b""
    return raw if base32(raw) == folded else b""
