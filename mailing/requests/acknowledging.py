"""Receipts: "we have your message, its number is …", by itself and to the letter of RFC 3834.

Never to automatic mail, to lists or to the null path (`is_answerable` says so of the message), nor
to names that only machines have; and once for each sender, kind of request and day, so that two
robots cannot keep each other busy. To senders whom nobody has authenticated only so many an hour
go out together: whoever forges a thousand of them makes us write to a thousand strangers. It
repeats nothing that was written, and it says the same whether or not we know the sender.
"""

from datetime import timedelta
from email.utils import parseaddr

from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.languages import LANGUAGES
from mailing.base.operator import is_named
from mailing.base.settings import current
from mailing.deliveries import answers
from mailing.deliveries.answers import Answer, AnswerKind
from mailing.inbound.reading.robots import is_robot
from mailing.requests import answering, timeline, twins, wordings
from mailing.requests.correspondent import Correspondent
from mailing.requests.kinds import UNSPOKEN, Channel, Happened, State
from mailing.requests.requests import Request, find

A_DAY = timedelta(days=1)
# Of all kinds together: a sender who is answered this often learns nothing new by one more.
MOST_A_DAY = 3
AN_HOUR = timedelta(hours=1)
# More letters than a helpdesk answers. Beyond it the request is opened without a receipt.
MOST_AN_HOUR = 60


def acknowledge(request: Request) -> bool:
    """Send the receipt for a request, where one may be sent and none has been; whether it was."""
    correspondent = request.correspondent
    if correspondent is None or not _is_due(request, correspondent):
        return False
    wording = wordings.newest(wordings.RECEIVED, _tongue(request))
    said = answering.compose(request, wording)
    delivery_id = answering.send(request, said, AnswerKind.RECEIPT, to_sender=True)
    _note(request, wording, str(delivery_id))
    return True


def ask_to_confirm(request: Request, link: str) -> bool:
    """Send the receipt of a request that came by the form, with the link that says it was them:
    the same whether or not we know them, once for those that are the same, and no more a day than
    other receipts; whether it was."""
    correspondent = request.correspondent
    is_due = is_named(current()) and correspondent is not None and _is_a_person(correspondent)
    if correspondent is None or not is_due:
        return False
    if len(_receipts_today(request)) >= MOST_A_DAY or twins.twins_of(request):
        return False
    if _is_flood(correspondent):
        return False
    wording = wordings.newest(wordings.BY_FORM, request.tongue)
    said = answering.compose(request, wording, link=link)
    delivery_id = answering.send(request, said, AnswerKind.RECEIPT, to_sender=True)
    _note(request, wording, str(delivery_id))
    return True


def _note(request: Request, wording: wordings.Wording, delivery: str) -> None:
    timeline.note(
        request.id,
        Happened.ACKNOWLEDGED,
        template=wording.slug,
        version=wording.version,
        language=wording.language,
        delivery=delivery,
    )


def _tongue(request: Request) -> str:
    """The message's own language; the person's only where it is they who read it. Whoever named
    them would learn by it that they are known here."""
    is_to_them = request.language is not None or answering.is_sender_on_file(request)
    return request.tongue if is_to_them else LANGUAGES[0]


def _is_due(request: Request, correspondent: Correspondent) -> bool:
    is_asked = request.what not in UNSPOKEN and request.state == State.OPEN
    by_mail = request.channel == Channel.MAIL and is_named(current())
    if not (is_asked and by_mail and correspondent.is_answerable and _is_a_person(correspondent)):
        return False
    return _is_first_today(request) and not _is_flood(correspondent)


def _is_flood(correspondent: Correspondent) -> bool:
    if answering.is_sure(correspondent):
        return False
    return answers.receipts_to_anybody(clock.now() - AN_HOUR, MOST_AN_HOUR) >= MOST_AN_HOUR


def _is_a_person(correspondent: Correspondent) -> bool:
    """Whether nobody of ours, and no machine by its name, would get the receipt."""
    settings, mailbox = current(), correspondent.mailbox
    ours = {settings.helpdesk_address.lower(), parseaddr(settings.from_)[1].lower()}
    local_part = mailbox.display.rpartition("@")[0]
    is_ours = mailbox.text in ours or mailbox.provider == settings.bounce_domain.lower()
    return not is_ours and not is_robot(local_part)


def _is_first_today(request: Request) -> bool:
    sent = _receipts_today(request)
    answered = [find(one.request_id) for one in sent if one.request_id is not None]
    is_new = all(one.id != request.id and one.kind != request.kind for one in answered)
    return is_new and len(sent) < MOST_A_DAY and not _was_acknowledged(request)


def _receipts_today(request: Request) -> list[Answer]:
    digest = request.sender_digest or b""
    # Two messages of one sender at the same moment are asked about one after the other.
    db.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('kelisim receipts'), hashtext(:sender))"),
        {"sender": digest.hex()},
    )
    return answers.receipts_to(digest, clock.now() - A_DAY)


def _was_acknowledged(request: Request) -> bool:
    return any(line.what == Happened.ACKNOWLEDGED for line in timeline.of(request.id))
