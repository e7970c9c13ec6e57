"""A message on the wire: what a relay can do wrong, and what is known afterwards."""

import selectors
import time

import pytest

from tests.peers.faults import NEVER, Cut, Fault, Stage
from tests.peers.smtp_peer import SmtpPeer
from tests.worker.driving import (
    HASTY,
    MESSAGE,
    connect,
    deliver,
    drive,
    ended,
    outcome_of,
    permit,
    to_the_dot,
)
from worker.smtp import Connection, Outcome, Phase, Relay, Verdict

BEFORE_THE_DOT = [Stage.MAIL, Stage.RCPT, Stage.DATA]
END = b"\r\n.\r\n"


def attempt(peer: SmtpPeer) -> tuple[Connection, Outcome]:
    connection = connect(peer.url, HASTY)
    return connection, deliver(connection, permit())


@pytest.mark.parametrize("stage", [*BEFORE_THE_DOT, Stage.DOT])
@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (550, Verdict.REFUSED),
        (599, Verdict.REFUSED),
        (450, Verdict.DEFERRED),
        (499, Verdict.DEFERRED),
    ],
)
def test_a_refusal_ends_the_message_and_the_next_one_goes_out_on_the_same_connection(
    stage: Stage, code: int, verdict: Verdict
) -> None:
    with SmtpPeer(Fault(stage, code=code, text="5.7.1 not now", times=1)) as peer:
        connection, outcome = attempt(peer)
        assert (outcome.verdict, outcome.code, outcome.text) == (verdict, code, "5.7.1 not now")
        assert outcome.dot_written is (stage is Stage.DOT)
        assert connection.phase is Phase.IDLE
        assert deliver(connection, permit("next@example.net")).verdict is Verdict.ACCEPTED
        assert [message.recipients for message in peer.accepted] == [["next@example.net"]]
        assert peer.connections == 1
        assert peer.records.complaints == []
        ended(connection)


@pytest.mark.parametrize("stage", BEFORE_THE_DOT)
def test_no_body_is_written_when_the_envelope_is_refused(stage: Stage) -> None:
    with SmtpPeer(Fault(stage, code=550)) as peer:
        connection, _ = attempt(peer)
        ended(connection)
        assert b"Subject" not in peer.records.until_closed(1)


def test_only_the_refused_recipient_is_refused() -> None:
    with SmtpPeer(Fault(Stage.RCPT, to="gone@*", code=550)) as peer:
        connection = connect(peer.url)
        names = ["a@example.net", "gone@example.net", "b@example.net"]
        verdicts = [deliver(connection, permit(name)).verdict for name in names]
        assert verdicts == [Verdict.ACCEPTED, Verdict.REFUSED, Verdict.ACCEPTED]
        ended(connection)


@pytest.mark.parametrize("stage", [*BEFORE_THE_DOT, Stage.BODY, Stage.DOT])
def test_421_defers_the_message_and_closes_the_connection(stage: Stage) -> None:
    with SmtpPeer(Fault(stage, code=421, text="4.3.2 going down")) as peer:
        connection = connect(peer.url, HASTY)
        connection.send(permit(), MESSAGE)
        if stage is Stage.BODY:
            outcome = drive(connection, lambda: False)
            assert outcome is not None
        else:
            outcome = outcome_of(connection)
        assert (outcome.verdict, outcome.code) == (Verdict.DEFERRED, 421)
        assert outcome.dot_written is (stage is Stage.DOT)
        assert (connection.phase, connection.trouble) == (Phase.CLOSED, "421 4.3.2 going down")
        assert peer.accepted == []


def test_a_wish_for_a_login_blames_our_settings_and_not_the_message() -> None:
    with SmtpPeer(Fault(Stage.MAIL, code=530, text="5.7.0 authenticate first")) as peer:
        connection, outcome = attempt(peer)
        assert (outcome.verdict, outcome.code) == (Verdict.DEFERRED, 530)
        assert connection.trouble == "530 5.7.0 authenticate first"


@pytest.mark.parametrize("stage", BEFORE_THE_DOT)
def test_a_connection_cut_before_the_dot_surely_delivered_nothing(stage: Stage) -> None:
    with SmtpPeer(Fault(stage, cut=Cut.BEFORE)) as peer:
        connection, outcome = attempt(peer)
        assert (outcome.verdict, outcome.code, outcome.dot_written) == (Verdict.LOST, None, False)
        assert connection.phase is Phase.CLOSED
        assert connection.trouble == outcome.text != ""
        assert peer.records.finished == []


def test_a_cut_in_the_middle_of_the_body_surely_delivered_nothing() -> None:
    with SmtpPeer(Fault(Stage.BODY, cut=Cut.BEFORE)) as peer:
        connection = connect(peer.url, HASTY)
        connection.send(permit(), b"line\r\n" * 1_000_000)
        outcome = outcome_of(connection)
        assert (outcome.verdict, outcome.dot_written) == (Verdict.LOST, False)
        assert peer.records.finished == []


def test_a_peer_that_hangs_up_while_the_dot_is_held_back_gets_no_dot() -> None:
    with SmtpPeer() as peer:
        connection = connect(peer.url)
        assert to_the_dot(connection) is None
        peer.close()
        # The loop has not turned since: only a look at the socket can tell.
        connection.finish()
        outcome = connection.advance()
        assert outcome is not None
        assert (outcome.verdict, outcome.dot_written) == (Verdict.LOST, False)


EARLY = [
    (b"250 2.0.0 queued\r\n", Verdict.LOST, None),
    (b"552 5.3.4 too large\r\n", Verdict.REFUSED, 552),
    (b"451 4.3.0 disk full\r\n", Verdict.DEFERRED, 451),
]


@pytest.mark.parametrize(("raw", "verdict", "code"), EARLY)
def test_an_answer_before_the_dot_ends_the_message_by_its_class(
    raw: bytes, verdict: Verdict, code: int | None
) -> None:
    with SmtpPeer(Fault(Stage.BODY, raw=raw, trickle=0.01)) as peer:
        connection = connect(peer.url, HASTY)
        assert to_the_dot(connection) is None
        outcome = drive(connection, lambda: False)
        assert_ended_without_dot(peer, connection, outcome)
        assert outcome is not None
        assert (outcome.verdict, outcome.code) == (verdict, code)


@pytest.mark.parametrize(("raw", "verdict", "code"), [*EARLY, (b"2", Verdict.LOST, None)])
def test_finish_looks_for_an_early_answer_before_it_writes_the_dot(
    raw: bytes, verdict: Verdict, code: int | None
) -> None:
    with SmtpPeer(Fault(Stage.BODY, raw=raw, trickle=0.01)) as peer:
        connection = connect(peer.url, HASTY)
        assert to_the_dot(connection) is None
        time.sleep(0.01 * (len(raw) + 10))
        connection.finish()
        outcome = connection.advance()
        assert_ended_without_dot(peer, connection, outcome)
        assert outcome is not None
        assert (outcome.verdict, outcome.code) == (verdict, code)


def test_half_an_answer_before_the_dot_cannot_become_its_answer_afterwards() -> None:
    with SmtpPeer(Fault(Stage.BODY, raw=b"250 ok\r\n", trickle=0.2)) as peer:
        connection = connect(peer.url, HASTY)
        assert to_the_dot(connection) is None
        time.sleep(0.3)
        assert connection.advance() is None
        assert connection.phase is Phase.AT_DOT
        connection.finish()
        assert_ended_without_dot(peer, connection, connection.advance())


def assert_ended_without_dot(
    peer: SmtpPeer, connection: Connection, outcome: Outcome | None
) -> None:
    assert outcome is not None
    assert not outcome.dot_written
    assert connection.phase is Phase.CLOSED
    assert END not in peer.records.until_closed(1)


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
def test_after_the_dot_a_lost_answer_leaves_the_message_unknown(cut: Cut) -> None:
    with SmtpPeer(Fault(Stage.DOT, cut=cut)) as peer:
        connection, outcome = attempt(peer)
        assert (outcome.verdict, outcome.code, outcome.dot_written) == (Verdict.UNKNOWN, None, True)
        assert len(peer.records.finished) == 1
        # The two look the same from here; that is why the message must not be sent again.
        assert len(peer.accepted) == (cut is Cut.AFTER)
        assert connection.phase is Phase.CLOSED


@pytest.mark.parametrize(
    "raw",
    [b"what?\r\n", b"2500 ok\r\n", b"25\r\n", b"354 go on\r\n", b"150 wait\r\n", b"\xff\xfe\r\n"],
)
def test_nonsense_after_the_dot_leaves_the_message_unknown(raw: bytes) -> None:
    with SmtpPeer(Fault(Stage.DOT, raw=raw)) as peer:
        connection, outcome = attempt(peer)
        assert (outcome.verdict, outcome.dot_written) == (Verdict.UNKNOWN, True)
        assert connection.phase is Phase.CLOSED


@pytest.mark.parametrize("stage", BEFORE_THE_DOT)
@pytest.mark.parametrize("raw", [b"what?\r\n", b"150 wait\r\n", b"999 no\r\n", b"\r\n"])
def test_nonsense_before_the_dot_closes_the_connection_and_delivers_nothing(
    stage: Stage, raw: bytes
) -> None:
    with SmtpPeer(Fault(stage, raw=raw)) as peer:
        connection, outcome = attempt(peer)
        assert (outcome.verdict, outcome.dot_written) == (Verdict.LOST, False)
        assert connection.phase is Phase.CLOSED
        assert END not in peer.records.until_closed(1)


def test_data_that_is_answered_250_gets_no_body() -> None:
    with SmtpPeer(Fault(Stage.DATA, raw=b"250 ok\r\n")) as peer:
        _, outcome = attempt(peer)
        assert outcome.verdict is Verdict.LOST
        assert b"Subject" not in peer.records.until_closed(1)


@pytest.mark.parametrize("stage", BEFORE_THE_DOT)
def test_silence_before_the_dot_ends_at_the_deadline_and_delivers_nothing(stage: Stage) -> None:
    with SmtpPeer(Fault(stage, wait=NEVER)) as peer:
        began = time.monotonic()
        connection, outcome = attempt(peer)
        assert 0.9 < time.monotonic() - began < 3
        assert (outcome.verdict, outcome.dot_written) == (Verdict.LOST, False)
        assert outcome.text == f"no answer to {stage.upper()} within 1 s"
        assert connection.phase is Phase.CLOSED


def test_silence_after_the_dot_ends_unknown() -> None:
    with SmtpPeer(Fault(Stage.DOT, wait=NEVER)) as peer:
        _, outcome = attempt(peer)
        assert (outcome.verdict, outcome.dot_written) == (Verdict.UNKNOWN, True)
        assert outcome.text == "no answer to the final dot within 1 s"


def test_a_peer_that_stops_reading_is_given_up_after_a_block_without_progress() -> None:
    with SmtpPeer(Fault(Stage.BODY, wait=NEVER)) as peer:
        connection = connect(peer.url, HASTY)
        connection.send(permit(), b"line\r\n" * 5_000_000)
        outcome = outcome_of(connection)
        assert (outcome.verdict, outcome.dot_written) == (Verdict.LOST, False)
        assert outcome.text == "the peer took no data for 1 s"


def test_answers_that_trickle_byte_by_byte_are_understood() -> None:
    slow = [Fault(stage, trickle=0.01) for stage in Stage if stage is not Stage.BODY]
    with SmtpPeer(*slow) as peer:
        connection, outcome = attempt(peer)
        assert outcome.verdict is Verdict.ACCEPTED
        ended(connection)


def test_trickled_bytes_do_not_buy_time() -> None:
    with SmtpPeer(Fault(Stage.MAIL, raw=b"250-" * 100, trickle=0.1)) as peer:
        began = time.monotonic()
        _, outcome = attempt(peer)
        assert outcome.verdict is Verdict.LOST
        assert time.monotonic() - began < 3


def test_an_endless_answer_costs_no_memory_and_ends() -> None:
    with SmtpPeer(Fault(Stage.MAIL, raw=b"250-more\r\n" * 100_000)) as peer:
        _, outcome = attempt(peer)
        assert outcome.verdict is Verdict.LOST
        assert "does not end" in outcome.text


def test_a_tarpit_delays_its_own_message_only() -> None:
    with SmtpPeer(Fault(Stage.DOT, to="slow@*", wait=1.5)) as peer:
        slow, quick = connect(peer.url), connect(peer.url)
        slow.send(permit("slow@example.net"), MESSAGE)
        drive(slow, lambda: slow.phase is Phase.AT_DOT)
        slow.finish()
        began = time.monotonic()
        for _ in range(20):
            assert deliver(quick, permit()).verdict is Verdict.ACCEPTED
            assert slow.advance() is None
        assert time.monotonic() - began < 1
        outcome = drive(slow, lambda: False)
        assert outcome is not None
        assert outcome.verdict is Verdict.ACCEPTED
        assert time.monotonic() - began > 1.4
        ended(slow)
        ended(quick)


def test_an_idle_connection_that_the_peer_closed_is_found_stale() -> None:
    with SmtpPeer() as peer:
        connection = connect(peer.url)
        assert not connection.is_stale()
        assert deliver(connection, permit()).verdict is Verdict.ACCEPTED
        assert not connection.is_stale()
        peer.close()
        assert connection.is_stale()
        assert (connection.phase, connection.fileno()) == (Phase.CLOSED, -1)


def test_a_421_to_an_idle_connection_closes_it_with_its_words() -> None:
    fault = Fault(Stage.EHLO, raw=b"250 peer.example\r\n421 4.4.2 idle too long\r\n")
    with SmtpPeer(fault) as peer:
        connection = connect(peer.url)
        drive(connection, lambda: connection.phase is Phase.CLOSED)
        assert connection.trouble == "421 4.4.2 idle too long"


@pytest.mark.parametrize("fault", [Fault(Stage.QUIT, wait=NEVER), Fault(Stage.QUIT, cut=Cut.AFTER)])
def test_goodbye_is_bounded(fault: Fault) -> None:
    with SmtpPeer(fault) as peer:
        connection = connect(peer.url, HASTY)
        began = time.monotonic()
        ended(connection)
        assert time.monotonic() - began < 1
        assert connection.trouble is None


def test_64_connections_in_one_thread_deliver_everything_once() -> None:
    count, wide = 640, 64
    with SmtpPeer(keeps_bytes=False) as peer, selectors.DefaultSelector() as selector:
        relay = Relay.parse(peer.url)
        connections = [Connection(relay, helo="sender.example.com") for _ in range(wide)]
        for connection in connections:
            connection.open()
            selector.register(connection, connection.wants())
        waiting = [permit(f"p{number}@example.net") for number in range(count)]
        verdicts: list[Verdict] = []
        while len(verdicts) < count:
            for key, _ in selector.select(5):
                assert isinstance(key.fileobj, Connection)
                outcome = (connection := key.fileobj).advance()
                verdicts += [outcome.verdict] if outcome else []
                if connection.phase is Phase.IDLE and waiting:
                    connection.send(waiting.pop(), MESSAGE)
                elif connection.phase is Phase.AT_DOT:
                    connection.finish()
                selector.modify(connection, connection.wants())
        for connection in connections:
            ended(connection)
        assert set(verdicts) == {Verdict.ACCEPTED}
        arrived = [message.recipients[0] for message in peer.accepted]
        assert sorted(arrived) == sorted(f"p{number}@example.net" for number in range(count))
        assert peer.connections == wide
