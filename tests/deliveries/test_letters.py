"""The message of one delivery: the same octets whenever and by whomever it is written."""

import base64
import email
import email.policy
import re
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.campaigns import campaigns, notices
from mailing.deliveries.frames import domain_of
from mailing.deliveries.gate import Passed
from mailing.deliveries.letters import Letters
from mailing.deliveries.message import Octets, UnsafeValue
from mailing.people import ledger, standings, topics
from mailing.people.ledger import Kind, NewEntry
from mailing.policies import versions
from mailing.policies.versions import NewText
from tests import road
from tests.deliveries.conftest import Sender
from tests.deliveries.test_queue import ask
from webapp.app import create_app


def passed(sender: Sender) -> Passed:
    [one] = sender.ask(sender.claim(1))
    return one


def retry(sender: Sender) -> None:
    """Have what is open claimed again."""
    sender.database.execute("UPDATE deliveries SET state = 'pending', owner = NULL")
    road.make_due(sender.database)


def test_a_retry_is_byte_identical_in_another_process(sender: Sender, settings: Settings) -> None:
    road.under_way(1)
    one = passed(sender)
    first = Letters(settings).write(one)
    retry(sender)
    again = Letters(settings).write(passed(sender))
    assert first == again
    assert b"\r\n" in first.wire
    assert b"\n" not in first.wire.replace(b"\r\n", b"")


def test_a_confirmation_is_the_same_octets_too(sender: Sender, settings: Settings) -> None:
    road.lay()
    ask("someone@example.net")
    first = Letters(settings).write(passed(sender))
    retry(sender)
    assert Letters(settings).write(passed(sender)) == first


def test_a_confirmation_names_the_site_and_nothing_that_a_stranger_chose(
    sender: Sender, settings: Settings
) -> None:
    """A page's path may say anything; it stays in the evidence and out of our letter."""
    road.lay()
    ask("someone@example.net")
    page = "http://glazik.example/WIN-A-PRIZE-call-now"
    db.session.execute(text("UPDATE optins SET page = :page"), {"page": page})
    db.session.commit()
    read = email.message_from_bytes(Letters(settings).write(passed(sender)).message)
    parts = [part.get_payload(decode=True) for part in read.walk() if not part.is_multipart()]
    assert len(parts) == 2
    assert all(isinstance(part, bytes) and b"WIN-A-PRIZE" not in part for part in parts)
    assert all(isinstance(part, bytes) and b"http://glazik.example" in part for part in parts)


def test_it_is_addressed_to_the_row_it_belongs_to(sender: Sender, settings: Settings) -> None:
    """T50: each message goes to the one person whose name stands in it."""
    road.under_way(3)
    letters = Letters(settings)
    for number, one in enumerate(sender.ask(sender.claim())):
        read = email.message_from_bytes(letters.write(one).message, policy=email.policy.default)
        assert read["To"].addresses[0].addr_spec == one.permit.recipient
        person = int(one.permit.recipient.split("@")[0].removeprefix("person"))
        assert f"Аты{person}!" in read.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert read["X-Kelisim-Delivery"] == one.permit.delivery_id.hex, number


def test_a_value_that_would_break_out_of_its_line_is_refused_for_that_person(
    sender: Sender, settings: Settings
) -> None:
    road.under_way(1)
    one = passed(sender)
    one.fields["given_name"] = "Aida\r\nBcc: everybody@example.com"
    with pytest.raises(UnsafeValue):
        Letters(settings).write(one)


def test_the_domain_is_that_of_the_sender(settings: Settings, app: Flask) -> None:
    assert domain_of(settings) == "glazik.example"
    db.session.rollback()


def test_a_campaign_and_a_confirmation_are_signed_where_a_key_is_set(
    sender: Sender, settings: Settings, tmp_path: Path
) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    file = tmp_path / "key.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    given = {"dkim_domain": "glazik.example", "dkim_selector": "a", "dkim_key_file": file}
    signing = settings.model_copy(update=given)
    road.under_way(1)
    ask("someone@example.net")
    public = base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    for one in sender.ask(sender.claim()):
        octets = Letters(signing).write(one)
        assert octets == Letters(signing).write(one), "a retry has the same octets"
        signed = dkim.DKIM(octets.message)
        assert signed.verify(dnsfunc=lambda name, timeout=5: b"k=ed25519; p=" + public)
        assert signed.domain == b"glazik.example"


@pytest.mark.parametrize("subtype", ["plain", "html"])
def test_each_part_leads_to_what_its_reader_gets_and_that_page_stops_it(
    sender: Sender, settings: Settings, subtype: str
) -> None:
    """T39, T41: the link is read from the octets that go out, opened and used."""
    _, [person] = road.under_way(1)
    raw = Letters(settings).write(passed(sender)).message
    read = email.message_from_bytes(raw, policy=email.policy.default)
    part = read.get_body((subtype,))
    assert part is not None
    [link] = set(
        re.findall(r"http://127\.0\.0\.1:8080(/preferences/[^\s\"<]+)", part.get_content())
    )
    assert link.rpartition("/")[2] in read["List-Unsubscribe"]
    # Another worker may hold a row lock until its transaction ends.
    sender.database.rollback()
    web = create_app(settings)
    client = web.test_client()
    assert client.get(link).status_code == 200
    assert client.post(link, data={"act": "stop"}).status_code == 200
    assert standings.of(person)[topics.find("news").id].standing == "unsubscribed"
    with web.app_context():
        db.engine.dispose()


def test_a_confirmation_names_the_site_of_the_form_or_no_site_at_all(
    sender: Sender, settings: Settings
) -> None:
    road.lay()
    said = []
    for page in ("https://shop.example/any/words?here", ""):
        ask("someone@example.net", page)
        raw = Letters(settings).write(passed(sender)).message
        sender.database.rollback()
        db.session.execute(text("DELETE FROM deliveries"))
        db.session.commit()
        said.append(email.message_from_bytes(raw, policy=email.policy.default))
    named, silent = [
        [str(part.get_content()) for part in one.walk() if not part.is_multipart()] for one in said
    ]
    for part in named:
        assert "https://shop.example)" in part
        assert "any/words" not in part
    for part in silent:
        assert "жазылу формамызға енгізілді" in part
        assert "://)" not in part


def test_a_confirmation_leads_to_no_page_of_preferences(sender: Sender, settings: Settings) -> None:
    road.lay()
    ask("someone@example.net")
    read = email.message_from_bytes(Letters(settings).write(passed(sender)).message)
    parts = [part.get_payload(decode=True) for part in read.walk() if not part.is_multipart()]
    assert all(isinstance(part, bytes) and b"/preferences/" not in part for part in parts)


def footer(octets: Octets) -> tuple[str, str]:
    """The sentence of signing up and the link of the policy, as the text part has them."""
    read = email.message_from_bytes(octets.message, policy=email.policy.default)
    part = read.get_body(("plain",))
    assert part is not None
    plain = part.get_content().replace("\xa0", " ")
    [said] = re.findall(r"Сіз \d{4} ж\. .+ күні .*жазылдыңыз\.", plain)
    *_, link = re.findall(r"http://127\.0\.0\.1:8080/policy\S*", plain)
    return said, link


def sign_up(person: UUID, topic: str, at: datetime, page: str, policy_id: int) -> None:
    with clock.use(lambda: at):
        proof = {"page": page}
        ledger.append(
            NewEntry(person, Kind.GIVEN, topics.find(topic).id, policy_id, "form", "test", proof)
        )
    db.session.commit()


def test_the_footer_tells_of_the_yes_that_the_gate_has_read(
    sender: Sender, settings: Settings
) -> None:
    policy = road.lay()
    [person] = road.subscribe(policy, 1, "offers")
    # Midnight is past where the operator is.
    sign_up(person, "news", datetime(2025, 3, 11, 20, tzinfo=UTC), "https://a.example/x", policy.id)
    road.another("news")
    said, link = footer(Letters(settings).write(passed(sender)))
    assert said == "Сіз 2025 ж. 12 наурыз күні a.example сайтында жазылдыңыз."
    assert link.endswith(f"/policy/{policy.id}")


def test_agreeing_anew_and_a_new_policy_between_two_tries_change_no_octet(
    sender: Sender, settings: Settings
) -> None:
    """A year-old yes is renewed while its message waits for a retry."""
    number, [person] = road.under_way(1)
    old = "2025-01-01"
    db.session.execute(text("UPDATE standings SET signed_up_at = :old"), {"old": old})
    db.session.commit()
    first = Letters(settings).write(passed(sender))
    newer = versions.import_text(b"a newer text", NewText("kk", date(2025, 1, 1), "newer"))
    versions.publish(versions.find(newer.policy_id))
    sign_up(person, "news", clock.now(), f"{settings.public_url}/agree", newer.policy_id)
    retry(sender)
    again = passed(sender)
    assert again.policy_id == newer.policy_id
    assert Letters(settings).write(again) == first
    assert campaigns.find(number).started_at is not None


def test_a_notice_tells_of_the_first_yes_that_still_stands(
    sender: Sender, settings: Settings
) -> None:
    policy = road.lay()
    [person] = road.subscribe(policy, 1, "offers")
    sign_up(person, "news", datetime(2025, 3, 12, 9, tzinfo=UTC), "https://a.example", policy.id)
    new = NewText("kk", date(2025, 1, 1), "major", material=True)
    major = versions.find(versions.import_text(b"major", new).policy_id)
    notice = notices.publish(major, road.ACTOR)
    assert notice is not None
    db.session.commit()
    road.start(notice.id)
    road.write_out()
    said, _ = footer(Letters(settings).write(passed(sender)))
    assert said == "Сіз 2025 ж. 12 наурыз күні a.example сайтында жазылдыңыз."
