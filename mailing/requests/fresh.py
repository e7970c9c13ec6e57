"""Fresh links: what may be done by a link, and asking for a fresh one.

Mail gets forwarded, so the link of a campaign shows nobody's data. A fresh link was mailed to the
address on file because somebody asked for it, less than a day ago: whoever has it reads that
mailbox now.
"""

from datetime import timedelta
from uuid import UUID, uuid4

from mailing.base import clock
from mailing.base.database import db
from mailing.deliveries import answers
from mailing.deliveries.answers import AnswerKind, NewAnswer
from mailing.leaving import links, preferences
from mailing.people import subscribers
from mailing.people.canonical import canonical
from mailing.people.subscribers import Subscriber

LASTS = answers.FRESH_FOR
A_DAY = timedelta(hours=24)
BEFORE_A_RESEND = timedelta(hours=1)
MOST_A_DAY = 2


def is_fresh(token: str) -> bool:
    """Whether a link may show somebody their data, correct them and change the address."""
    return person_of_fresh(token) is not None


def person_of_fresh(token: str) -> Subscriber | None:
    """Whom a fresh link belongs to; None for any other link, and when nothing is known of them."""
    found = person_of(token) if preferences.is_fresh(token) else None
    return found if found is not None and found.personal is not None else None


def person_of(token: str) -> Subscriber | None:
    """Whom any link of ours to leave belongs to; None for one that is not ours."""
    whose = links.person_of(token)
    return db.session.get(Subscriber, whose) if whose else None


def mail_to(address: str) -> None:
    """Mail a fresh link to an address, where somebody is known by it; the caller learns nothing.

    Raises Invalid for what is no address.
    """
    found = subscribers.find(canonical(address))
    _mail(found.id if found else None)


def mail_to_holder(token: str) -> bool:
    """Mail a fresh link to the address on file of whoever a link belongs to; False for a link
    that is not ours."""
    whose = links.person_of(token)
    if whose is None:
        return False
    _mail(whose)
    return True


def _mail(subscriber_id: UUID | None) -> None:
    """The same work is done for everybody, and taken back where nothing may be mailed: the time
    of the answer tells nobody who is known."""
    stranger = uuid4()
    held = subscribers.lock(subscriber_id or stranger)
    asked = subscriber_id or stranger
    with db.session.begin_nested() as attempt:
        is_free = _may_have_one_more(asked)
        answers.write(NewAnswer(asked, AnswerKind.LINK, LASTS))
        if held is None or not is_free:
            attempt.rollback()


def _may_have_one_more(subscriber_id: UUID) -> bool:
    """One a day, and a second one after an hour: a link that was asked for may have got lost."""
    now = clock.now()
    sent = answers.since(subscriber_id, AnswerKind.LINK, now - A_DAY)
    return len(sent) < MOST_A_DAY and all(at <= now - BEFORE_A_RESEND for at in sent)
