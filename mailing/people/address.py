"""Addresses: one spelling for each mailbox, so that no second spelling slips past a no.

The key is compatibility-folded and casefolded (stricter than RFC 6532, which leaves case and
width to the receiver): two spellings that a person cannot tell apart are one person here. What
mail is addressed to stays as it was written (RFC 5321 2.4), in NFC (RFC 6532 3.1).
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from mailing.base.errors import Invalid

MAX_OCTETS = 254  # RFC 3696, erratum 1690: what a path of RFC 5321 4.5.3.1.3 leaves for it.
MAX_FIELD = 200

_NOT_AN_ADDRESS = "Enter an address like name@example.kz."
_TOO_LONG = "The address is too long; an address has 254 bytes at the most."
_FIELD_TOO_LONG = "Enter 200 characters at the most."
_FIELD_BROKEN = "Enter plain text on one line."
_TEXT_BROKEN = "Enter plain text; a character in it cannot be shown."

# An input method that was left on full width writes these for ASCII; no mailbox has them.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}

# Controls, lines, paragraphs, surrogates, private and unassigned characters.
_BROKEN = frozenset({"Cc", "Zl", "Zp", "Cs", "Co", "Cn"})
_DIRECTION = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


# The plain case, for which the reader below takes twenty times as long: letters, digits and single
# dots, hyphens, underscores or plus signs between them. Whatever the domain is, the general
# reader reads it, once; a test asks both about whatever this matches.
_PLAIN = re.compile(
    r"([A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*)@([A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*\.[A-Za-z]+)",
    re.ASCII,
)
_ROLES = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)
_MAX_LOCAL = 64  # RFC 5321 4.5.3.1.1.


@dataclass(frozen=True)
class Address:
    """`text` is the key (never mailed to), `provider` its domain, `display` what is mailed to."""

    text: str
    provider: str
    display: str


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


def masked(address: str) -> str:
    """The address as a page may show it: `a…@example.com`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"


def clean_text(name: str, value: str, longest: int) -> str:
    """Some lines of plain text, NFC, trimmed, with `\\n` between them.

    Raises `Invalid` for more than `longest` characters and for what `clean_field` refuses but
    line ends.
    """
    lines = value.replace("\r\n", "\n").split("\n")
    if any(_is_broken(line) for line in lines):
        raise Invalid(_TEXT_BROKEN, field=name)
    cleaned = unicodedata.normalize("NFC", "\n".join(line.rstrip() for line in lines)).strip()
    if len(cleaned) > longest:
        raise Invalid(f"Enter {longest} characters at the most.", field=name)
    return cleaned


def clean_field(name: str, value: str) -> str:
    """A name or telephone as it may be stored and merged into mail: one line, NFC, trimmed.

    Raises `Invalid` for more than 200 characters and for line ends, controls, and characters
    that turn the direction of writing.
    """
    if _is_broken(value):
        raise Invalid(_FIELD_BROKEN, field=name)
    cleaned = unicodedata.normalize("NFC", value).strip()
    if len(cleaned) > MAX_FIELD:
        raise Invalid(_FIELD_TOO_LONG, field=name)
    return cleaned


def _is_broken(line: str) -> bool:
    # Whatever is broken or turns the direction is not printable, so most values end here.
    return not line.isprintable() and any(
        unicodedata.category(one) in _BROKEN or one in _DIRECTION for one in line
    )


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
