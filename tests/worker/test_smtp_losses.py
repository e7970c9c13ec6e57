"""Cuts, silence and nonsense: what is known about the message afterwards."""

import time

import pytest

from mailing.deliveries.message.octets import Octets
from tests.peers.driving import HASTY, attempt, connect, deliver, ended, outcome_of, permit
from tests.peers.faults import NEVER, Cut, Fault, Stage
from tests.peers.smtp_peer import SmtpPeer
from tests.peers.smtp_session import Offers
from worker.smtp import Phase, Verdict

BEFORE_THE_DOT = [Stage.MAIL, Stage.RCPT, Stage.DATA]
END = b"\r\n.\r\n"


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
        connection.send(permit(), Octets.of(b"line\r\n" * 1_000_000))
        outcome = outcome_of(connection)
        assert (outcome.verdict, outcome.dot_written) == (Verdict.LOST, False)
        assert peer.records.finished == []


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
        assert 0.9 < time.monotonic() - began < 30
        assert (outcome.verdict, outcome.dot_written) == (Verdict.LOST, False)
        assert outcome.text == f"no answer to {stage.upper()} within 1 s"
        assert connection.phase is Phase.CLOSED


def test_silence_after_the_dot_ends_unknown() -> None:
    with SmtpPeer(Fault(Stage.DOT, wait=NEVER)) as peer:
        _, outcome = attempt(peer)
        assert (outcome.verdict, outcome.dot_written) == (Verdict.UNKNOWN, True)
        assert outcome.text == "no answer to the final dot within 1 s"


def test_a_peer_that_stops_reading_is_given_up_after_a_block_without_progress() -> None:
    with SmtpPeer(Fault(Stage.BODY, wait=NEVER), offers=Offers(keywords=[])) as peer:
        connection = connect(peer.url, HASTY)
        connection.send(permit(), Octets.of(b"line\r\n" * 5_000_000))
        outcome = outcome_of(connection)
        assert (outcome.verdict, outcome.dot_written) == (Verdict.LOST, False)
        assert outcome.text == "the peer took no data for 1 s"


def test_answers_that_trickle_byte_by_byte_are_understood() -> None:
    slow = [Fault(stage, trickle=0.01) for stage in Stage if stage is not Stage.BODY]
    with SmtpPeer(*slow) as peer:
        connection = connect(peer.url)
        assert deliver(connection, permit()).verdict is Verdict.ACCEPTED
        ended(connection)


def test_trickled_bytes_do_not_buy_time() -> None:
    with SmtpPeer(Fault(Stage.MAIL, raw=b"250-" * 100, trickle=0.1)) as peer:
        began = time.monotonic()
        _, outcome = attempt(peer)
        assert outcome.verdict is Verdict.LOST
        assert time.monotonic() - began < 20, "its 400 bytes take 40 seconds"


def test_an_endless_answer_costs_no_memory_and_ends() -> None:
    with SmtpPeer(Fault(Stage.MAIL, raw=b"250-more\r\n" * 100_000)) as peer:
        _, outcome = attempt(peer)
        assert outcome.verdict is Verdict.LOST
        assert "does not end" in outcome.text
