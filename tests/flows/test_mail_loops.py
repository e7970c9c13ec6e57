"""Machines that answer each other through a real Postfix come to an end (T59, RFC 3834)."""

import base64
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from console.daemons import free_port
from console.embedded import Services
from mailing.base.database import db
from mailing.base.settings import load
from mailing.bootstrap import create_base
from mailing.deliveries.deliveries import Delivery
from mailing.inbound.messages import State
from mailing.leaving import replay
from mailing.requests.acknowledging import MOST_A_DAY
from tests import road
from tests import services as parts
from tests.flows.intake import delivered, hand_in, kept, taking_in
from tests.peers import postfix
from tests.peers.postfix import GONE, Postfix
from tests.peers.smtp_peer import SmtpPeer
from tests.worker.postbox import letter

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]

ITS_HELPDESK = "helpdesk@other.example"
WRITER = "dana@example.org"


@pytest.fixture(scope="module")
def people() -> Iterator[SmtpPeer]:
    """The mail server of everybody who runs no Kelisim."""
    with SmtpPeer() as one:
        yield one


@pytest.fixture(scope="module")
def listens_at() -> tuple[int, int]:
    """Where our installation and the other one take mail in."""
    return free_port(), free_port()


@pytest.fixture(scope="module")
def post(listens_at: tuple[int, int], people: SmtpPeer) -> Iterator[Postfix]:
    ours, other = listens_at
    routes = {"glazik.example": ours, "bounce.glazik.example": ours}
    routes |= {"other.example": other, "bounce.other.example": other}
    with postfix.running(routes, int(people.url.rpartition(":")[2])) as one:
        yield one


@pytest.fixture
def environment(
    environment: dict[str, str], post: Postfix, listens_at: tuple[int, int]
) -> dict[str, str]:
    at = f"127.0.0.1:{listens_at[0]}"
    return environment | {"KELISIM_SMTP_URL": post.url, "KELISIM_INBOUND_LISTEN": at}


@pytest.fixture
def other(
    environment: dict[str, str],
    services: Services,
    template: str,
    listens_at: tuple[int, int],
    tmp_path: Path,
) -> Iterator[dict[str, str]]:
    """The settings of a second installation, with everything of its own."""
    with parts.scratch_database(services, template) as database:
        yield environment | {
            "KELISIM_DATABASE_URL": database,
            "KELISIM_QUEUE_PREFIX": environment["KELISIM_QUEUE_PREFIX"] + "other:",
            "KELISIM_VAR": str(tmp_path / "other"),
            "KELISIM_DATA_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "KELISIM_SUPPRESSION_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "KELISIM_FROM": "Other <news@other.example>",
            "KELISIM_HELPDESK_ADDRESS": ITS_HELPDESK,
            "KELISIM_BOUNCE_DOMAIN": "bounce.other.example",
            "KELISIM_INBOUND_LISTEN": f"127.0.0.1:{listens_at[1]}",
        }


@pytest.fixture
def its_app(other: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The second installation, laid out."""
    with monkeypatch.context() as patch:
        for name, value in other.items():
            patch.setenv(name, value)
        made = create_base(load(_env_file=None))
    with made.app_context():
        _lay()
        db.session.remove()
    return made


def test_two_installations_that_write_to_each_other_end_after_one_receipt(
    its_app: Flask,
    app: Flask,
    environment: dict[str, str],
    other: dict[str, str],
    tmp_path: Path,
    post: Postfix,
) -> None:
    _lay()
    (tmp_path / "b").mkdir()
    with (
        taking_in(environment, tmp_path),
        taking_in(other, tmp_path / "b"),
        road.working(environment, tmp_path / "a.log", 1),
        road.working(other, tmp_path / "b.log", 1),
    ):
        hand_in(post, question(ITS_HELPDESK), sender=ITS_HELPDESK)
        with its_app.app_context():
            road.wait_for(lambda: [one.state for one in kept()] == [State.ACTED])
            (came,) = kept()
            assert (came.kind, came.action) == ("auto-reply", "kept")
            assert _answers() == 0
            db.session.remove()
            db.engine.dispose()
        delivered(post)
        assert len(kept()) == _answers() == 1


def test_a_receipt_that_nobody_takes_comes_back_to_nobody(
    app: Flask, environment: dict[str, str], post: Postfix, tmp_path: Path
) -> None:
    """It left by the null path (RFC 3834 4): Postfix drops what it cannot deliver of it."""
    _lay()
    before = len(post.log)
    with taking_in(environment, tmp_path), road.working(environment, tmp_path / "w.log", 1):
        hand_in(post, question(f"nobody@{GONE}"))
        road.wait_for(lambda: "status=bounced" in post.log[before:])
        delivered(post)
    assert len(kept()) == _answers() == 1


@pytest.mark.parametrize("says_so", [True, False], ids=["well-behaved", "ill-behaved"])
def test_an_out_of_office_answers_receipts_until_they_stop(
    app: Flask,
    environment: dict[str, str],
    post: Postfix,
    people: SmtpPeer,
    tmp_path: Path,
    says_so: bool,
) -> None:
    """One that says what it is (RFC 3834) is not answered; one that does not, three times a day."""
    _lay()
    who = f"{secrets.token_hex(4)}.{WRITER}"
    mark = "Auto-Submitted: auto-replied" if says_so else ""
    answered = 0
    with taking_in(environment, tmp_path), road.working(environment, tmp_path / "w.log", 1):
        hand_in(post, question(who))
        _settled(post, 1)
        while (received := _received(people, who)) > answered:
            answered += 1
            assert answered <= MOST_A_DAY, "they keep each other busy"
            hand_in(post, question(who, f"I am away. Can it wait until Monday? {answered}", mark))
            _settled(post, 1 + answered)
    assert received == answered == _answers()
    assert answered == 1 if says_so else 1 <= answered <= MOST_A_DAY


@pytest.mark.parametrize(
    "mark", ["List-Id: <talk.example.org>", "Precedence: bulk", "X-Autoreply: yes"]
)
def test_a_list_and_other_machines_get_no_receipt(
    app: Flask, environment: dict[str, str], post: Postfix, tmp_path: Path, mark: str
) -> None:
    _lay()
    with taking_in(environment, tmp_path):
        hand_in(post, question("talk@example.org", more=mark), sender="talk-bounces@example.org")
        delivered(post)
    assert [one.state for one in kept()] != [State.TAKEN]
    assert (len(kept()), _answers()) == (1, 0)


def question(sender: str, words: str = "Деректерім қайда сақталады?", more: str = "") -> bytes:
    """What a person asks, and is sent a receipt for."""
    return letter(sender, "Сұрақ", more) + f"{words}\r\n".encode()


def _lay() -> None:
    road.lay()
    replay.run()


def _answers() -> int:
    query = select(func.count()).where(Delivery.kind == "correspondence")
    return db.session.scalars(query).one()


def _received(people: SmtpPeer, who: str) -> int:
    return sum(list(one.recipients) == [who] for one in people.accepted)


def _settled(post: Postfix, letters: int) -> None:
    """So many letters have been acted upon, and whatever answers them has left Postfix as well."""
    road.wait_for(lambda: len(kept()) == letters)
    road.wait_for(lambda: State.TAKEN not in {one.state for one in kept()})
    unsent = select(func.count()).where(
        Delivery.kind == "correspondence", Delivery.state != "accepted"
    )

    def is_sent() -> bool:
        db.session.rollback()
        return db.session.scalars(unsent).one() == 0

    road.wait_for(is_sent)
    delivered(post)
