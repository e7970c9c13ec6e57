"""Addresses inside text: pulled out of fields and sentences, never resolved."""

import re
from collections.abc import Iterable, Iterator

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]"
_LOCAL = rf"{_ATOM}{{1,64}}(?:\.+{_ATOM}{{1,64}}){{0,20}}\.?"
_LABEL = r"[A-Za-z0-9\u0080-\U0010ffff](?:[A-Za-z0-9\u0080-\U0010ffff-]{0,62})"
ADDRESS = rf"(?:\"[^\"\r\n@]{{1,64}}\"|{_LOCAL})@{_LABEL}(?:\.{_LABEL}){{1,10}}"
_ANY = re.compile(rf"(?<![A-Za-z0-9._%+=-]){ADDRESS}")
# What cannot go on as a host is passed over cheaply, however often it stands there.
_AT = re.compile(rf"@(?={_LABEL}\.{_LABEL})")
_LONGEST_LOCAL, _LONGEST_DOMAIN = 130, 260
_TYPE = re.compile(r"^\s*[A-Za-z0-9/-]{1,20}\s*;\s*")


def addresses(text: str) -> list[str]:
    """Every address in a text, in order, each once, as it was written."""
    return list(dict.fromkeys(address for address in _each(text) if address))


def first(text: str) -> str | None:
    """The first address in a text."""
    return next(_each(text), None)


def _each(text: str) -> Iterator[str]:
    """Around each `@`, so that text without one costs nothing, however it repeats itself."""
    end = 0
    for at in _AT.finditer(text):
        begin = max(end, at.start() - _LONGEST_LOCAL)
        found = _ANY.search(text, begin, at.start() + _LONGEST_DOMAIN)
        if found and found.start() < at.start() < found.end():
            yield clean(found[0])
            end = found.end()


def typed(value: str) -> str | None:
    """The address of an address-type field such as `rfc822; a@b.example` (RFC 3464 2.1.2)."""
    rest = _TYPE.sub("", value).strip().strip("<>").strip()
    found = _ANY.fullmatch(rest) or _ANY.search(value)
    return clean(found[0]) if found else None


def clean(address: str) -> str:
    """Without the punctuation that belongs to the sentence around it."""
    return address.strip("'`*").rstrip(".,;:-")


def without(found: Iterable[str], excluded: Iterable[str]) -> list[str]:
    """Those that are none of the excluded ones."""
    gone = {address.casefold() for address in excluded}
    return [address for address in found if address.casefold() not in gone]
