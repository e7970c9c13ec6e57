"""The kept connections: what counts as trouble, and what is forgotten again."""

from collections.abc import Callable

import pytest
from flask import Flask

from mailing.deliveries import relays, status
from tests import road
from tests.peers.faults import Fault, Stage
from tests.peers.smtp_peer import SmtpPeer
from tests.worker.conftest import CONNECTIONS, Desk
from worker.smtp import Phase


@pytest.fixture
def environment(environment: dict[str, str], peer: SmtpPeer) -> dict[str, str]:
    return environment | {
        "KELISIM_SMTP_URL": peer.url,
        "KELISIM_SMTP_CONNECTIONS": str(CONNECTIONS),
    }


def troubles(desk: Desk) -> list[tuple[object, ...]]:
    return desk.database.execute("SELECT name FROM relays WHERE trouble IS NOT NULL").fetchall()


def test_a_relay_that_hangs_up_on_an_idle_connection_is_in_no_trouble(
    desk: Desk, peer: SmtpPeer
) -> None:
    """Opened for a message that another process took, it may never have carried one."""
    road.lay()
    lines = desk.engine._lines
    for line in lines.grow(2):
        desk.engine._note(line)
    desk_listens(desk, lambda: len(lines.by_phase[Phase.IDLE]) == 2)
    first = lines.all()[0].connection
    peer._call(peer._listener.stop())
    desk_listens(desk, lambda: not lines.all())
    assert first.transactions == 0
    assert lines.all() == []
    assert troubles(desk) == []
    assert not lines.are_down()


def test_a_limit_that_a_relay_set_is_forgotten_after_a_while(
    desk: Desk, peer: SmtpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.lines._FEWER_SECONDS", 0.5)
    number, _ = road.under_way(12)
    peer.behave(Fault(Stage.BANNER, code=421, skip=1, times=CONNECTIONS - 1))
    peer.behave(Fault(Stage.DOT, wait=0.1))
    desk.work()
    assert road.outcomes(number)["accepted"] == 12
    road.wait_for(lambda: desk.work() is False)
    road.another()
    desk.work()
    assert len(desk.engine._lines.all()) == CONNECTIONS


def test_a_relay_rests_longer_each_time_and_never_longer_than_half_a_minute(desk: Desk) -> None:
    road.lay()
    [relay] = desk.engine._lines._relays
    waits = []
    for _ in range(8):
        relay.rests_until = 0.0
        desk.engine._lines._leave_alone(relay, "refused")
        row = desk.database.execute(
            "SELECT extract(epoch FROM retry_at - now())::int FROM relays"
        ).fetchone()
        assert row is not None
        waits.append(row[0])
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_relay_that_works_while_all_its_connections_are_busy_is_noted_as_working(
    desk: Desk, peer: SmtpPeer
) -> None:
    number, _ = road.under_way(20)
    [relay] = desk.engine._lines._relays
    relays.down(desk.database, relay.relay.name, "connection refused", 0.0)
    relay.failures = 3
    desk.work()
    assert road.outcomes(number)["accepted"] == 20
    assert troubles(desk) == []


def test_what_another_process_found_down_is_left_alone(desk: Desk, peer: SmtpPeer) -> None:
    number, _ = road.under_way(1)
    [relay] = desk.engine._lines._relays
    relays.down(desk.database, relay.relay.name, "connection refused", 20)
    assert desk.work() is False
    assert peer.connections == 0
    assert desk.states() == {"pending": 1}
    assert status.status(number)["waiting_for"].endswith("connection refused")


def test_a_relay_that_turns_every_sender_down_rests_and_nobody_pays_for_it(
    desk: Desk, peer: SmtpPeer
) -> None:
    """T54: it has something against us. A campaign of a million must not be refused for that."""
    number, _ = road.under_way(30)
    peer.behave(Fault(Stage.MAIL, code=550, text="your network is blocked"))
    desk.work()
    states = desk.states()
    assert states.pop("refused") == 4
    assert sum(states.values()) == 26
    assert "550 your network is blocked" in status.status(number)["waiting_for"]
    assert peer.accepted == []


def test_a_worn_connection_is_replaced(
    desk: Desk, peer: SmtpPeer, monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    monkeypatch.setattr("worker.lines._MESSAGES_A_CONNECTION", 3)
    road.under_way(20)
    desk.work()
    assert desk.states() == {"accepted": 20}
    by_connection = [message.connection for message in peer.accepted]
    assert max(by_connection.count(number) for number in set(by_connection)) == 3


def desk_listens(desk: Desk, until: Callable[[], bool]) -> None:
    def once() -> bool:
        desk.engine._listen(0.05)
        return until()

    road.wait_for(once)


def test_a_clock_that_was_wrong_leaves_no_relay_alone_for_a_day(desk: Desk, peer: SmtpPeer) -> None:
    number, _ = road.under_way(1)
    [relay] = desk.engine._lines._relays
    relays.down(desk.database, relay.relay.name, "connection refused", 86_400)
    desk.work()
    assert road.outcomes(number)["accepted"] == 1
