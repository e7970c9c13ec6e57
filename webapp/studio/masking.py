"""Addresses as the studio shows them: enough to tell two people apart, not enough to write to."""

from mailing.people import address

LONG_ENOUGH = 5


def masked(text: str) -> str:
    """`pe…0@example.com`; a name of up to four letters keeps its first alone: `p…@example.com`."""
    local, _, domain = text.rpartition("@")
    if len(local) < LONG_ENOUGH:
        return address.masked(text)
    return f"{local[:2]}…{local[-1]}@{domain}"
