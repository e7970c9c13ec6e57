"""T59: an out-of-office is neither a wish to leave nor a bounce, wherever it is sent."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask

from mailing.base.database import db
from mailing.base.settings import Settings, current
from mailing.base.tokens import MailtoLeave, link_keys
from mailing.deliveries import returns
from mailing.deliveries.deliveries import Delivery
from mailing.deliveries.permit import SendPermit
from mailing.deliveries.results import Ending, Result
from mailing.leaving import replay
from mailing.people import ledger, subscribers, suppression, topics
from mailing.people.canonical import canonical
from mailing.requests import incoming, queue
from tests import road
from tests.deliveries.conftest import Sender, a_sender
from tests.worker.postbox import BOUNCES, HELPDESK

# The mark of a withdrawal and the word of an unsubscribe, quoted from the mail that is answered.
QUOTED = (
    "I am away until 14 December.\r\n\r\n"
    "> Дербес деректерді өңдеуге келісімді қайтарып алу\r\n> unsubscribe\r\n"
    "> 550 5.1.1 user unknown\r\n"
)
# As they are told apart in the wild. A subject is all that some of them say; where a field says it,
# the subject does not, or nobody would miss the field.
KINDS = {
    "RFC 3834": ("Re: Жаңалықтар", "Auto-Submitted: auto-replied"),
    "with a comment": ("Re: x", "Auto-Submitted: auto-replied (vacation)"),
    "X-Autoreply": ("Re: x", "X-Autoreply: yes"),
    "X-Autorespond": ("Re: x", "X-Autorespond: out until Monday"),
    "Precedence": ("Re: x", "Precedence: auto_reply"),
    "Outlook": ("Automatic reply: Жаңалықтар", "X-Auto-Response-Suppress: All"),
    "Outlook in Russian": ("Автоматический ответ: Жаңалықтар", "X-Mailer: x"),
    "Kazakh": ("Автоматты жауап: Жаңалықтар", "X-Mailer: x"),
    "English": ("Out of Office: Жаңалықтар", "X-Mailer: x"),
    "read receipt": (
        "Read: x",
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
    ),
}


@pytest.fixture
def sender(app: Flask, settings: Settings) -> Iterator[Sender]:
    replay.run()
    with a_sender(settings) as one:
        yield one


def handed_over(sender: Sender) -> SendPermit:
    """A message of a campaign that the relay has accepted."""
    road.under_way(1)
    (passed,) = sender.ask(sender.claim(1))
    sender.seal([passed])
    done = Result(passed.permit.delivery_id, passed.permit.fence, Ending.ACCEPTED, 1, 250)
    sender.ask([], done)
    return passed.permit


def whom(permit: SendPermit) -> UUID:
    found = subscribers.find(canonical(permit.recipient))
    assert found is not None
    return found.id


def addresses(permit: SendPermit) -> list[str]:
    """Wherever a mail program may answer a campaign to."""
    out = MailtoLeave(whom(permit), topics.find("news").id)
    return [HELPDESK, permit.return_path, out.address(link_keys(current().secret_keys), BOUNCES)]


@pytest.mark.parametrize("kind", list(KINDS))
def test_it_costs_nobody_anything_and_is_never_answered(sender: Sender, kind: str) -> None:
    """To each address, with its author's return path and with the null one; but a signed way out,
    which is obeyed whoever writes to it (RFC 2369 3.3)."""
    permit = handed_over(sender)
    before = [one.kind for one in ledger.history(whom(permit))]
    taken = [
        incoming.take(_raw(permit, kind, path), [to])
        for to in addresses(permit)
        if not to.startswith("unsubscribe+")
        for path in (permit.recipient, "")
    ]
    assert [(one.kind, one.action) for one in taken] == [("auto-reply", "kept")] * 4
    person = subscribers.find(canonical(permit.recipient))
    assert person is not None
    assert [one.kind for one in ledger.history(person.id)] == before
    assert (person.blocked_at, suppression.reasons(person.digest)) == (None, {})
    delivery = db.session.get_one(Delivery, permit.delivery_id, populate_existing=True)
    assert (delivery.state, delivery.bounced_at) == ("accepted", None)
    assert sum(returns.counts(delivery.campaign_id or 0).values()) == 0
    assert queue.due_within(None) == []
    assert db.session.query(Delivery).filter_by(kind="correspondence").count() == 0


def _raw(permit: SendPermit, kind: str, path: str) -> bytes:
    subject, mark = KINDS[kind]
    return "\r\n".join(
        (
            f"Return-Path: <{path}>",
            f"From: {permit.recipient}",
            f"Subject: {subject}",
            mark,
            "",
            QUOTED,
        )
    ).encode()
