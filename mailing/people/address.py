"""Addresses, as they have been read (`canonical.py`)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Address:
    """`text` is the key (never mailed to), `provider` its domain, `display` what is mailed to."""

    text: str
    provider: str
    display: str


def masked(address: str) -> str:
    """The address as a page may show it: `a…@example.com`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"
