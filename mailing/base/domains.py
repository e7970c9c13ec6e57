"""Domains: who registered a name, by the public-suffix list that is installed (no network)."""

from functools import cache, lru_cache

import idna
from publicsuffixlist import PublicSuffixList

_LONGEST = 253


@lru_cache(maxsize=4096)
def organisation(domain: str) -> str:
    """The domain that somebody registered, in ASCII; empty for a suffix and for what is no name.

    Private suffixes count like public ones: two users of one free host are two people.
    """
    name = _ascii(domain)
    return (_suffixes().privatesuffix(name) or "") if name else ""


def _ascii(domain: str) -> str:
    if len(domain) > _LONGEST:
        return ""
    try:
        return idna.encode(domain.strip().rstrip("."), uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return ""


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
