"""Looking the sending domain up in the DNS: a worker's errand, no call inside a transaction."""

from concurrent.futures import ThreadPoolExecutor

from mailing.base.database import db
from mailing.base.settings import current
from mailing.deliveries import dns_checks

AT_ONCE = 8


def look_up_waiting() -> int:
    """Look up what is waited for, all at once; how many. Commits."""
    resolver = current().resolver
    waiting = dns_checks.take()
    db.session.commit()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda one: dns_checks.look_up(one[0], one[1], resolver), waiting))
    for (host, kind), (said, trouble) in zip(waiting, found, strict=True):
        dns_checks.keep(host, kind, said, trouble)
    db.session.commit()
    return len(waiting)
