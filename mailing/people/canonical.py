"""Canonical addresses: one spelling for each mailbox, so that no second spelling slips past a no.

The key is compatibility-folded and casefolded (stricter than RFC 6532, which leaves case and
width to the receiver): two spellings that a person cannot tell apart are one person here. What
mail is addressed to stays as it was written (RFC 5321 2.4), in NFC (RFC 6532 3.1).
"""

import re
import unicodedata
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from mailing.base.errors import Invalid
from mailing.people.address import Address

MAX_OCTETS = 254  # RFC 3696, erratum 1690: what a path of RFC 5321 4.5.3.1.3 leaves for it.

_NOT_AN_ADDRESS = "Enter an address like name@example.kz."
_TOO_LONG = "The address is too long; an address has 254 bytes at the most."

# An input method that was left on full width writes these for ASCII; no mailbox has them.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}

# The plain case, for which the reader below takes twenty times as long: letters, digits and single
# dots, hyphens, underscores or plus signs between them. Whatever the domain is, the general
# reader reads it, once; a test asks both about whatever this matches.
_PLAIN = re.compile(
    r"([A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*)@([A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*\.[A-Za-z]+)",
    re.ASCII,
)
_ROLES = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)
_MAX_LOCAL = 64  # RFC 5321 4.5.3.1.1.


def canonical(text: str) -> Address:
    """Read one address. Raises `Invalid` with a sentence that says what to enter instead."""
    plain = _PLAIN.fullmatch(text)
    if plain is not None:
        return _of_plain(plain[1], plain[2])
    return _read(text)


def _read(text: str) -> Address:
    """The general reader: every address that RFC 5321, 6531 and 5891 allow."""
    written = _tidy(text)
    try:
        # No look-ups here: this runs inside a request, and mail servers come and go.
        read = validate_email(
            written, check_deliverability=False, globally_deliverable=False, strict=True
        )
    except EmailNotValidError:
        raise Invalid(_NOT_AN_ADDRESS, field="email") from None
    if not read.ascii_domain or "." not in read.ascii_domain:
        raise Invalid(_NOT_AN_ADDRESS, field="email")
    return _address(read.local_part, read.domain, read.ascii_domain.lower())


def provider_of(domain: str) -> str:
    """The domain of an address, as it is kept for pacing. Raises `Invalid`."""
    return _read(f"a@{domain.strip().lower()}").provider


def _of_plain(local: str, domain: str) -> Address:
    is_long = len(local) > _MAX_LOCAL or len(local) + 1 + len(domain) > MAX_OCTETS
    # RFC 2142: of `WWW` and its like the general reader has a spelling of its own.
    if is_long or local.lower() in _ROLES:
        return _read(f"{local}@{domain}")
    written, provider = _plain_domain(domain)
    return Address(f"{local.lower()}@{provider}", provider, f"{local}@{written}")


@lru_cache(maxsize=10_000)
def _plain_domain(domain: str) -> tuple[str, str]:
    """As it is written, and as the key holds it. Raises `Invalid`, which is not remembered."""
    read = _read(f"a@{domain}")
    return read.display.rpartition("@")[2], read.provider


def _tidy(text: str) -> str:
    if len(text) > 4 * MAX_OCTETS:  # Before any work whose cost grows with the length.
        raise Invalid(_TOO_LONG, field="email")
    written = unicodedata.normalize("NFC", text.translate(_HALF_WIDTH).strip()).removesuffix(".")
    if len(written.encode("utf-8", "replace")) > MAX_OCTETS:
        raise Invalid(_TOO_LONG, field="email")
    return written


def _address(local: str, domain: str, provider: str) -> Address:
    key = f"{_fold(local)}@{provider}"
    if key.count("@") != 1 or len(key.encode()) > 2 * MAX_OCTETS:
        raise Invalid(_NOT_AN_ADDRESS, field="email")
    return Address(text=key, provider=provider, display=f"{local}@{domain}")


def _fold(local: str) -> str:
    """Unicode's toNFKC_Casefold, near enough: folding twice reaches the fixed point."""
    once = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", local).casefold())
    return unicodedata.normalize("NFKC", once.casefold())
