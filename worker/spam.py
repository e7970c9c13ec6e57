"""Showing campaigns to the operator's spam filter: a worker's errand, no call inside a
transaction."""

from concurrent.futures import ThreadPoolExecutor

import structlog

from mailing.base import rspamd
from mailing.base.database import db
from mailing.base.rspamd import Trouble, Unjudged
from mailing.base.settings import Settings, current
from mailing.deliveries import samples, spam_checks
from mailing.deliveries.spam_checks import Exhibit, Judged

AT_ONCE = 3

_log = structlog.get_logger()


def judge_waiting() -> int:
    """Have judged what is waited for, a few at a time; how many. Commits between them."""
    settings, done = current(), 0
    while spam_checks.is_configured() and (waiting := spam_checks.take()):
        db.session.commit()
        made = [spam_checks.exhibit(one) for one in waiting]
        db.session.commit()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            judged = list(pool.map(lambda one: judge(one, settings), filter(None, made)))
        spam_checks.keep(judged)
        db.session.commit()
        done += len(judged)
    return done


def judge(exhibit: Exhibit, settings: Settings) -> Judged:
    """What the filter makes of one; never raises."""
    try:
        return Judged(exhibit, rspamd.judge(exhibit.raw, samples.ADDRESS, settings))
    except Unjudged as error:
        return Judged(exhibit, None, error.trouble)
    except Exception as error:
        _log.error("a campaign cannot be judged", error=type(error).__name__)
        return Judged(exhibit, None, Trouble.NONSENSE)
