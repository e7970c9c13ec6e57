"""Mails about a login: through the gate like every mail, once, for hours, and telling nobody."""

import email
import email.policy
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import select, text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.settings import Settings, current
from mailing.base.tokens import AccountToken, link_keys
from mailing.deliveries import account_mails
from mailing.deliveries.account_mails import AccountMail
from mailing.deliveries.letters import Letters
from mailing.people import suppression
from mailing.people.canonical import canonical
from mailing.people.subscribers import digest_of
from mailing.people.suppression import Why as NoReason
from mailing.staff import passwords, staff, team
from mailing.staff.audit import Actor
from mailing.staff.staff import Role, Staff
from tests import road
from tests.deliveries.conftest import Sender
from tests.heard import before_each

GOOD = "four unrelated words here"
NEW = "another four good words"
BOSS = Actor("root", Role.ADMIN)
NOBODY = "nobody@example.com"


@pytest.fixture
def dana(app: Flask) -> Staff:
    road.lay()
    staff.add("boss@example.com", Role.ADMIN, GOOD)
    person = staff.add("dana@example.com", Role.MARKETER, GOOD)
    db.session.commit()
    return person


def after(**time: float) -> Callable[[], datetime]:
    later = clock.now() + timedelta(**time)
    return lambda: later


def ask(address: str = "dana@example.com", language: str = "en") -> None:
    account_mails.ask_reset(address, language)
    db.session.commit()


def token() -> str:
    """The token of the newest mail, as the letter writes it."""
    query = "SELECT delivery_id FROM account_mails ORDER BY created_at DESC LIMIT 1"
    newest = db.session.execute(text(query)).scalar_one()
    return AccountToken(newest).text(link_keys(current().secret_keys))


def number(table: str) -> int:
    return int(db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


def letter(sender: Sender, settings: Settings) -> tuple[str, EmailMessage]:
    """The one letter that passes the gate: its recipient, and what it says."""
    [passed] = sender.ask(sender.claim())
    octets = Letters(settings).write(passed)
    message = email.message_from_bytes(bytes(octets.wire), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert (passed.permit.kind, passed.permit.return_path) == ("account", "")
    return passed.permit.recipient, message


def test_an_invitation_leaves_with_a_permit_and_its_link_sets_the_first_password(
    dana: Staff, sender: Sender, settings: Settings
) -> None:
    person = account_mails.invite("Aigul@example.com", Role.VIEWER, "ru", BOSS)
    db.session.commit()
    assert staff.authenticate("aigul@example.com", "") is None
    recipient, message = letter(sender, settings)
    assert recipient.casefold() == "aigul@example.com"
    plain = message.get_body(("plain",))
    assert plain
    found = re.search(r"/studio/password/([^?\s]+)\?lang=ru", plain.get_content())
    assert found
    assert account_mails.look(found[1]) is person
    assert account_mails.take(found[1], NEW) is person
    assert staff.authenticate("aigul@example.com", NEW) is person


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_mail_is_no_list_mail_and_says_why_it_came(
    dana: Staff, sender: Sender, settings: Settings, language: str
) -> None:
    ask(language=language)
    _, message = letter(sender, settings)
    assert [name for name in message if name.lower().startswith("list-")] == []
    assert message["Auto-Submitted"] == "auto-generated"
    html = message.get_body(("html",))
    assert html
    assert f'<html lang="{language}"' in html.get_content()
    assert "dana" not in html.get_content()
    assert "unsubscribe" not in message.as_string().lower()


def test_what_a_subscriber_said_is_not_asked_of_staff(dana: Staff, sender: Sender) -> None:
    """Whoever left the newsletter still gets the link that they asked for at the login."""
    suppression.suppress(digest_of(canonical("dana@example.com")), NoReason.COMPLAINT, "")
    ask()
    assert len(sender.ask(sender.claim())) == 1


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (lambda person: staff.change_password(person, NEW), "request_closed"),
        (lambda person: team.change_role(person, Role.VIEWER, BOSS), "request_closed"),
        (lambda person: team.close(person, BOSS), "request_closed"),
        (lambda person: staff.end_logins(person), "request_closed"),
        (
            lambda person: db.session.execute(
                text("UPDATE account_mails SET expires_at = now() - interval '1 second'")
            ),
            "request_expired",
        ),
    ],
)
def test_the_gate_holds_a_link_that_would_not_open_any_more(
    dana: Staff, sender: Sender, happens: Callable[[Staff], object], reason: str
) -> None:
    ask()
    happens(dana)
    db.session.commit()
    [claim] = sender.claim()
    assert sender.ask([claim]) == []
    assert sender.row(claim.delivery_id)["reason"] == reason
    assert account_mails.look(token()) is None


def test_a_link_opens_once_and_looking_does_not_use_it_up(dana: Staff) -> None:
    """T31: what opens links ahead of people leaves the link to the person."""
    ask()
    link = token()
    for _ in range(3):
        assert account_mails.look(link) is dana
    with pytest.raises(Invalid):
        account_mails.take(link, "short")
    db.session.rollback()
    assert account_mails.take(link, NEW) is dana
    db.session.commit()
    assert account_mails.take(link, GOOD) is None
    assert account_mails.look(link) is None
    assert list(db.session.scalars(select(AccountMail.recipient))) == [None]


def test_two_who_use_one_link_at_once_set_one_password(app: Flask, dana: Staff) -> None:
    ask()
    link, taken = token(), []

    def second() -> None:
        with app.app_context():
            taken.append(account_mails.take(link, GOOD))
            db.session.commit()

    assert account_mails.take(link, NEW) is dana
    other = threading.Thread(target=second)
    other.start()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as apart:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        mine = text(f"{waiting} AND datname = current_database()")
        road.wait_for(lambda: apart.execute(mine).scalar_one() > 0)
    db.session.commit()
    other.join()
    assert taken == [None]
    assert staff.authenticate("dana@example.com", NEW) is not None


def test_a_link_is_over_after_its_hours(dana: Staff) -> None:
    ask()
    with clock.use(after(minutes=119)):
        assert account_mails.look(token()) is dana
    with clock.use(after(minutes=121)):
        assert account_mails.look(token()) is None


def test_a_forged_link_opens_nothing(dana: Staff) -> None:
    ask()
    link = token()
    for forged in ("", "x", link[:-1], link + "A", link.swapcase()):
        assert account_mails.look(forged) is None


def test_an_address_that_nobody_has_leaves_no_trace(dana: Staff) -> None:
    tables = ("account_mails", "deliveries", "batches", "audit_log", "staff")
    before = [number(table) for table in tables]
    ask(NOBODY)
    assert [number(table) for table in tables] == before


def test_known_or_not_the_same_is_done_for_an_address(dana: Staff) -> None:
    """Counted, not timed: the statements, by their text, and the passwords hashed."""
    db.session.remove()  # Each request has a session of its own.
    with _statements() as known:
        ask()
    db.session.remove()
    with _statements() as unknown:
        ask(NOBODY)
    assert len(known) > 5
    # Only the end of the savepoint differs: what is taken back, and what stays.
    ends = ("RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")
    assert [one for one in known if not one.startswith(ends)] == [
        one for one in unknown if not one.startswith(ends)
    ]


def test_one_password_is_verified_for_a_known_and_an_unknown_address(
    dana: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    kept = passwords.is_right

    def counted(hashed: str, password: str) -> bool:
        verified.append(hashed.split("$")[3])
        return kept(hashed, password)

    monkeypatch.setattr(passwords, "is_right", counted)
    staff.authenticate("dana@example.com", NEW)
    staff.authenticate(NOBODY, NEW)
    dana.active = False
    staff.authenticate("dana@example.com", GOOD)
    # Once each, and with the same parameters of argon2: the same work.
    assert verified == [verified[0]] * 3


def test_a_mailbox_is_not_flooded_whoever_asks(dana: Staff) -> None:
    for _ in range(5):
        ask()
    assert number("account_mails") == account_mails.MOST_RESETS_AN_HOUR
    with clock.use(after(minutes=61)):
        ask()
    assert number("account_mails") == account_mails.MOST_RESETS_AN_HOUR + 1


def test_a_new_invitation_ends_the_link_of_the_one_before(dana: Staff) -> None:
    person = account_mails.invite("aigul@example.com", Role.VIEWER, "kk", BOSS)
    db.session.commit()
    first = token()
    account_mails.invite_again(person, "kk", BOSS)
    db.session.commit()
    assert account_mails.look(first) is None
    assert account_mails.look(token()) is person


def test_the_address_lies_sealed_in_the_queue_of_mails(dana: Staff) -> None:
    ask()
    row = db.session.execute(text("SELECT m::text FROM account_mails m")).scalar_one()
    assert "dana" not in str(row)


def test_no_address_is_kept_for_a_link_that_is_over(dana: Staff) -> None:
    ask()
    with clock.use(after(hours=3)):
        ask()
        kept = select(AccountMail.recipient).order_by(AccountMail.created_at)
        assert [one is None for one in db.session.scalars(kept)] == [True, False]


@contextmanager
def _statements() -> Iterator[list[str]]:
    heard: list[str] = []

    def hear(statement: str, _backend: int) -> None:
        heard.append(re.sub(r"sa_savepoint_\d+", "sa_savepoint", statement))

    with before_each(hear):
        yield heard
