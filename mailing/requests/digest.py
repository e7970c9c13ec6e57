"""The digest: what is overdue and due, in numbers, by mail to the officers who want it.

Once each working day, in the morning, to whoever may answer requests and has chosen a language for
it. It holds numbers and a link, nobody's name. A day is a day whether or not anything is due: a
digest that stays away says that something is broken.
"""

from datetime import date, time
from zoneinfo import ZoneInfo

from sqlalchemy import select

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.languages import LANGUAGES
from mailing.base.operator import is_named
from mailing.base.settings import current
from mailing.deliveries import account_mails
from mailing.deliveries.account_mails import AccountMail
from mailing.requests import due, queue
from mailing.staff import audit
from mailing.staff.audit import Actor
from mailing.staff.permissions import PERMISSIONS, Act
from mailing.staff.staff import Staff

FROM = time(8)
UNTIL = time(18)


def choose(person: Staff, language: str, actor: Actor) -> None:
    """Have the digest in a language, or (empty) not at all. Raises Invalid for another."""
    if language and language not in LANGUAGES:
        raise Invalid("Choose a language, or no digest.", field="digest")
    if (person.digest_language or "") != language:
        person.digest_language = language or None
        audit.record(actor, "digest chosen", person.name, language=language or None)


def send_due() -> int:
    """Write what is due this morning and has not been written; how many. Twice is safe: the
    database holds one of a day for each person."""
    today = _morning()
    wanting = _wanting(today) if today and is_named(current()) else []
    if today is None or not wanting or not due.calendar_of(today.year).is_working(today):
        return 0
    told = queue.owed().as_numbers()
    return sum(account_mails.digest(person, today, told) for person in wanting)


def _morning() -> date | None:
    """Today, once its working hours have begun and while they last; None otherwise."""
    now = clock.now().astimezone(ZoneInfo(current().time_zone))
    return now.date() if FROM <= now.time() < UNTIL else None


def _wanting(today: date) -> list[Staff]:
    """Whoever wants it and has not had today's; somebody who was invited has no login yet."""
    has_had = (
        select(AccountMail.delivery_id)
        .where(AccountMail.staff_id == Staff.id, AccountMail.day == today)
        .exists()
    )
    query = select(Staff).where(
        Staff.digest_language.is_not(None),
        Staff.active,
        Staff.password_at.is_not(None),
        Staff.role.in_([role.value for role in PERMISSIONS[Act.ANSWER_REQUESTS]]),
        ~has_had,
    )
    return list(db.session.scalars(query.order_by(Staff.id)))
