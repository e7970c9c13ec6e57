"""When a hosted form was opened, signed: programs fill it in at once, people take their time.

A time alone refuses nobody. Somebody with a password manager is quicker than three seconds, and a
form on the operator's own page can carry no time at all. What comes without one is taken from a
smaller allowance of its network (brake.py), and leaving the time out gains nothing.
"""

from mailing.base import clock
from mailing.base.settings import current
from mailing.base.tokens import link_keys

LEAST_SECONDS = 3
LONGEST_SECONDS = 24 * 3600

_KIND = b"form opened"


def stamp(slug: str) -> str:
    """This moment, for the hidden field of a form."""
    now = int(clock.now().timestamp() * 1000)
    return link_keys(current().secret_keys).seal(_KIND, now.to_bytes(8, "big") + slug.encode())


def is_timely(slug: str, text: str) -> bool:
    """Whether a stamp is ours, of this form, and neither too young nor a day old."""
    opened_at = _opened_at(slug, text)
    if opened_at is None:
        return False
    return LEAST_SECONDS <= clock.now().timestamp() - opened_at <= LONGEST_SECONDS


def is_ours(slug: str, text: str) -> bool:
    """Whether a stamp is ours, of this form, however old: the hosted form was filled in."""
    return _opened_at(slug, text) is not None


def _opened_at(slug: str, text: str) -> float | None:
    payload = link_keys(current().secret_keys).unseal(_KIND, text)
    if payload is None or payload[8:] != slug.encode():
        return None
    return int.from_bytes(payload[:8], "big") / 1000
