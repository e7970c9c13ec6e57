"""Somebody walks through everything, is destroyed, and is looked for everywhere."""

import logging
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from uuid import UUID

import pytest
from flask import Flask
from structlog.testing import capture_logs

from mailing.base.database import db
from mailing.base.settings import Settings, current
from mailing.base.tokens import ReturnPath, link_keys
from mailing.campaigns import campaigns
from mailing.deliveries import trying
from mailing.deliveries.results import Ending, Result
from mailing.deliveries.trying import Wish
from mailing.leaving import reasons, replay
from mailing.people.canonical import canonical
from mailing.people.imports import running, uploads
from mailing.people.subscribers import digest_of
from mailing.requests import (
    access,
    answering,
    carrying,
    incoming,
    moving,
    rectify,
    requests,
    sweeping,
)
from mailing.requests.answering import Draft
from tests import road
from tests.deliveries.conftest import Sender, sender  # noqa: F401 (a fixture)
from tests.inbound.reports import bounced
from tests.person import Person
from tests.requests.conftest import end_token, fresh_token, settle
from tests.requests.destroying import OFFICER, granted
from tests.requests.searching import Search, everywhere, tables

ADDRESS, MOVED_TO = "canary.zhibek@example.com", "zhibek.of.canaries@example.org"
FIELDS = {"given_name": "Канарейкин", "surname": "Zhibekova-Canary", "phone": "+7 701 555 01 99"}
WORDS = ("canary.zhibek", "zhibek.of.canaries", "Канарейкин", "Zhibekova-Canary", "555 01 99",
         "5550199", "Kanareika-Corrected")  # fmt: skip


@pytest.fixture
def told(app: Flask, caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], bytes]]:
    caplog.set_level(logging.INFO)
    with capture_logs() as events:
        yield lambda: (repr(list(events)) + caplog.text).encode()


def test_afterwards_nothing_of_them_is_found_in_any_table_file_queue_or_log(
    app: Flask,
    settings: Settings,
    sender: Sender,  # noqa: F811
    told: Callable[[], bytes],
) -> None:
    """T13, T57: in clear, in base64, UTF-16, quoted-printable, percent and hex; sealed values are
    opened with our own keys."""
    replay.run()
    person = Person(road.lay(), ADDRESS, fields=FIELDS)
    _walk(person, sender)
    mine, search = person.id, Search(WORDS)
    uploads.forget()
    before = everywhere(settings, search)
    assert {"table deliveries", "sealed in subscribers", "sealed in inbound_messages"} <= set(
        before
    )
    assert {"sealed in evidence_private", "sealed in answers", "sealed in imports"} <= set(before)
    assert {"sealed in leave_reasons", "sealed in trials", "sealed in requests"} <= set(before)
    certificate = carrying.carry_out(granted(mine).id, OFFICER)
    incoming.take(bounced(ADDRESS, said="late"), ["helpdesk@glazik.example"])
    sweeping.tidy()
    assert everywhere(settings, search) == {}
    assert search.found_in(told()) == set()
    assert certificate.said["verification"]["rows_before"] > 10
    assert _naming(settings, ADDRESS) == _naming(settings, MOVED_TO) == {"table suppressions"}


def _naming(settings: Settings, address: str) -> set[str]:
    """The tables in which the keyed digest of an address stands: the one that keeps it out."""
    named = digest_of(canonical(address)).hex().encode()
    return {name for name, octets in tables(settings) if named in octets}


def _walk(person: Person, sender: Sender) -> None:  # noqa: F811
    person.say_yes("news", "offers")
    _import_with_errors()
    delivery = _refused(sender)
    _test_mail()
    settle()
    _bounce(delivery)
    # To the address of the helpdesk, and so by no return path of ours: ignored, and kept.
    assert incoming.take(bounced(ADDRESS), ["helpdesk@glazik.example"]).action == "ignored"
    _write_to_the_helpdesk()
    assert access.look(fresh_token(person)) is not None
    rectify.correct(fresh_token(person), {"surname": "Kanareika-Corrected"})
    db.session.commit()
    settle()
    moving.ask(fresh_token(person), MOVED_TO)
    db.session.commit()
    for end in ("old", "new"):
        moving.agree(end_token(end, person))
    db.session.commit()
    person.address = MOVED_TO
    reasons.tell(road.link_in_mail(person.id), "other", f"It is me, {FIELDS['surname']}")
    settle()


def _import_with_errors() -> None:
    part = uploads.receive(current())
    part.write(f"email,surname\n{ADDRESS}x@,{FIELDS['surname']}\n".encode())
    kept = uploads.keep(part, "news", road.ACTOR)
    uploads.check(kept.id, {}, road.ACTOR)
    db.session.commit()
    running.work_on(kept.id, db.session.commit, lambda: False)
    uploads.cancel(kept.id, road.ACTOR)
    db.session.commit()


def _refused(sender: Sender) -> UUID:  # noqa: F811
    road.another()
    passed = sender.ask(sender.claim())
    sender.seal(passed)
    said = f"550 5.1.1 <{ADDRESS}>: no such user"
    for one in passed:
        permit = one.permit
        sender.ask([], Result(permit.delivery_id, permit.fence, Ending.REFUSED, 1, 550, said))
    campaign = [one for one in passed if one.permit.kind == "campaign"]
    return campaign[0].permit.delivery_id


def _test_mail() -> None:
    draft = campaigns.find(road.campaign())
    trying.send(draft, Wish("kk", "full", [ADDRESS]), road.ACTOR)
    db.session.commit()


def _bounce(delivery: UUID) -> None:
    path = ReturnPath(delivery).address(link_keys(current().secret_keys), current().bounce_domain)
    assert incoming.take(bounced(ADDRESS), [path]).subscriber is not None


def _write_to_the_helpdesk() -> None:
    letter = EmailMessage()
    letter["From"] = f"{FIELDS['given_name']} <{ADDRESS}>"
    letter["To"] = "helpdesk@glazik.example"
    letter["Subject"] = "Сұрақ"
    letter["Message-ID"] = "<canary@example.com>"
    letter.set_content(f"Менің телефоным {FIELDS['phone']}. Не сақтайсыздар? Сұрақ.")
    taken = incoming.take(letter.as_bytes(), ["helpdesk@glazik.example"])
    assert taken.request_id is not None
    asked = requests.find(taken.request_id)
    answering.answer(asked.id, Draft("answered", f"Dear {FIELDS['surname']}"), OFFICER)
    db.session.commit()
