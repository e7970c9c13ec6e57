"""Limits of recipient domains, as `KELISIM_DOMAIN_RATES` spells them."""

import math
from dataclasses import dataclass

import idna

from mailing.base.values import words

OTHERS = "*"


@dataclass(frozen=True, slots=True)
class DomainRate:
    """So many messages a second (0: no limit) to these domains together, named as A-labels.

    `domains` of `("*",)` means every domain that is not named, each by itself.
    """

    domains: tuple[str, ...]
    rate: float


def domain_rates(text: str) -> tuple[DomainRate, ...]:
    """Read `gmail.com=20, mail.ru+bk.ru=10, *=0`; raises ValueError that names the part at fault.

    Domains are compared as A-labels in small letters (RFC 5890 2.3.2.1), however they are written.
    """
    found = tuple(_one(word) for word in words(text))
    named = [domain for one in found for domain in one.domains]
    for domain in named:
        if named.count(domain) > 1:
            raise ValueError(f"names {domain} twice")
    return found


def _one(word: str) -> DomainRate:
    names, _, number = word.partition("=")
    domains = tuple(_domain(name.strip(), word) for name in names.split("+"))
    if OTHERS in domains and len(domains) > 1:
        raise ValueError(f"cannot read {word!r}: * stands alone")
    return DomainRate(domains, _rate(number.strip(), word))


def _domain(name: str, word: str) -> str:
    if name == OTHERS:
        return name
    try:
        return idna.encode(name, uts46=True).decode("ascii").lower()
    except idna.IDNAError:
        raise ValueError(f"cannot read {word!r}: write domain=messages a second") from None


def _rate(number: str, word: str) -> float:
    try:
        rate = float(number)
    except ValueError:
        rate = math.nan
    if not 0 <= rate < math.inf:
        raise ValueError(f"cannot read {word!r}: the rate is a number from 0 on")
    return rate
