"""PIPELINING with a peer that runs by itself: groups, and everything that can befall one."""

from collections.abc import Iterator

import pytest

from tests.peers.authority import create
from tests.peers.driving import HASTY, MESSAGE, SENDER, connect, deliver, ended, opened, permit
from tests.peers.faults import NEVER, Cut, Fault, Stage
from tests.peers.smtp_peer import SmtpPeer
from tests.peers.smtp_session import Offers
from worker.smtp import Connection, Phase, Relay, Verdict
from worker.smtp import Stage as Answered

OFFERS = ["SIZE 10485760", "8BITMIME", "SMTPUTF8", "PIPELINING"]
ENVELOPE = [Stage.MAIL, Stage.RCPT, Stage.DATA]


@pytest.fixture(params=[False, True], ids=["each answer at once", "answers gathered"])
def peer(request: pytest.FixtureRequest) -> Iterator[SmtpPeer]:
    with SmtpPeer(offers=Offers(keywords=OFFERS, gathers_replies=request.param)) as peer:
        yield peer
    assert peer.records.complaints == []


def group(recipient: str = "dana@example.net", begin: str = "") -> bytes:
    mail = f"{begin}MAIL FROM:<{SENDER}> SIZE={len(MESSAGE)}\r\n"
    return f"{mail}RCPT TO:<{recipient}>\r\nDATA\r\n".encode()


def test_each_envelope_comes_in_one_write_and_the_message_arrives_unchanged(
    peer: SmtpPeer,
) -> None:
    connection = connect(peer.url)
    names = [f"p{number}@example.net" for number in range(20)]
    for name in names:
        assert deliver(connection, permit(name)).verdict is Verdict.ACCEPTED
    ended(connection)
    assert [write for write in peer.records.writes[1] if write.startswith(b"MAIL")] == [
        group(name) for name in names
    ]
    assert [message.raw for message in peer.accepted] == [MESSAGE] * 20
    assert [message.recipients for message in peer.accepted] == [[name] for name in names]


@pytest.mark.parametrize("stage", [*ENVELOPE, Stage.DOT])
@pytest.mark.parametrize(("code", "verdict"), [(550, Verdict.REFUSED), (451, Verdict.DEFERRED)])
def test_a_refusal_within_a_group_leaves_the_connection_for_the_next_message(
    peer: SmtpPeer, stage: Stage, code: int, verdict: Verdict
) -> None:
    peer.behave(Fault(stage, code=code, text="5.7.1 no", times=1))
    connection = connect(peer.url, HASTY)
    outcome = deliver(connection, permit())
    assert (outcome.verdict, outcome.code, outcome.stage) == (verdict, code, Answered(stage))
    assert connection.phase is Phase.IDLE
    assert deliver(connection, permit("next@example.net")).verdict is Verdict.ACCEPTED
    begin = "RSET\r\n" if stage in (Stage.RCPT, Stage.DATA) else ""
    assert group("next@example.net", begin) in peer.records.writes[1]
    assert [message.recipients for message in peer.accepted] == [["next@example.net"]]
    ended(connection)


@pytest.mark.parametrize("stage", ENVELOPE)
def test_a_421_in_the_middle_of_a_group_defers_the_message(peer: SmtpPeer, stage: Stage) -> None:
    peer.behave(Fault(stage, code=421, text="4.3.2 going down"))
    connection = connect(peer.url, HASTY)
    outcome = deliver(connection, permit())
    assert (outcome.verdict, outcome.code, outcome.stage) == (
        Verdict.DEFERRED,
        421,
        Answered(stage),
    )
    assert (connection.phase, connection.trouble) == (Phase.CLOSED, "421 4.3.2 going down")
    assert b"Subject" not in peer.records.until_closed(1)


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
@pytest.mark.parametrize("stage", ENVELOPE)
def test_a_cut_between_any_two_answers_surely_delivered_nothing(
    peer: SmtpPeer, stage: Stage, cut: Cut
) -> None:
    peer.behave(Fault(stage, cut=cut))
    connection = connect(peer.url, HASTY)
    outcome = deliver(connection, permit())
    assert (outcome.verdict, outcome.code, outcome.dot_written) == (Verdict.LOST, None, False)
    assert connection.phase is Phase.CLOSED
    assert peer.records.finished == []


@pytest.mark.parametrize("stage", ENVELOPE)
def test_silence_in_a_group_names_the_command_that_was_not_answered(
    peer: SmtpPeer, stage: Stage
) -> None:
    peer.behave(Fault(stage, wait=NEVER))
    outcome = deliver(connect(peer.url, HASTY), permit())
    assert (outcome.verdict, outcome.text) == (
        Verdict.LOST,
        f"no answer to {stage.upper()} within 1 s",
    )


def test_answers_that_trickle_byte_by_byte_are_told_apart(peer: SmtpPeer) -> None:
    peer.behave(*(Fault(stage, trickle=0.002) for stage in [*ENVELOPE, Stage.DOT]))
    connection = connect(peer.url, HASTY)
    for _ in range(2):
        assert deliver(connection, permit()).verdict is Verdict.ACCEPTED
    ended(connection)


def test_a_large_message_and_a_slow_reader_do_not_disturb_a_group(peer: SmtpPeer) -> None:
    peer.behave(Fault(Stage.BODY, wait=0.2, times=1))
    connection = connect(peer.url)
    message = b"a line that is sent again and again\r\n" * 250_000
    assert deliver(connection, permit(), message).verdict is Verdict.ACCEPTED
    assert deliver(connection, permit()).verdict is Verdict.ACCEPTED
    assert [received.raw for received in peer.accepted] == [message, MESSAGE]
    ended(connection)


def test_after_starttls_only_the_second_offer_counts(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    authority = create(tmp_path_factory.mktemp("authority"))
    first = b"250-peer\r\n250-PIPELINING\r\n250 STARTTLS\r\n"
    offers = Offers(keywords=["8BITMIME"], tls=authority.server())
    with SmtpPeer(Fault(Stage.EHLO, raw=first, times=1), offers=offers) as peer:
        relay = Relay.parse(f"smtp+starttls://localhost:{peer.port}")
        connection = Connection(
            relay, helo="sender.example.com", timeouts=HASTY, trust=authority.client()
        )
        assert deliver(opened(connection), permit()).verdict is Verdict.ACCEPTED
        ended(connection)
        # The peer complains of commands that come at once where they were not offered.
        assert peer.records.complaints == []


def test_over_tls_a_group_is_pipelined_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    authority = create(tmp_path_factory.mktemp("authority"))
    with SmtpPeer(offers=Offers(keywords=OFFERS), implicit_tls=authority.server()) as peer:
        relay = Relay.parse(f"smtps://localhost:{peer.port}")
        connection = Connection(
            relay, helo="sender.example.com", timeouts=HASTY, trust=authority.client()
        )
        opened(connection)
        for _ in range(3):
            assert deliver(connection, permit(), b"x" * 400_000).verdict is Verdict.ACCEPTED
        ended(connection)
        writes = b"".join(peer.records.writes[1])
        assert writes.count(b"DATA\r\n") == 3
        assert any(write.endswith(b"DATA\r\n") and b"MAIL" in write
                   for write in peer.records.writes[1])  # fmt: skip


@pytest.mark.parametrize(
    ("limit", "size", "is_taken"), [(100, 100, True), (100, 101, False), (0, 101, True)]
)
def test_a_message_beyond_the_announced_size_is_refused_before_anything_is_written(
    limit: int, size: int, is_taken: bool
) -> None:
    with SmtpPeer(offers=Offers(keywords=[f"SIZE {limit}", "PIPELINING"])) as peer:
        connection = connect(peer.url)
        # Dots that are doubled on the wire do not count (RFC 1870 section 3).
        outcome = deliver(connection, permit(), b".\r\n" * 10 + b"x" * (size - 32) + b"\r\n")
        assert connection.phase is Phase.IDLE
        ended(connection)
        if is_taken:
            assert outcome.verdict is Verdict.ACCEPTED
        else:
            assert (outcome.verdict, outcome.code, outcome.stage) == (Verdict.REFUSED, None, None)
            assert outcome.text == (
                f"the message has {size} octets, and the relay takes {limit} at most"
            )
            assert b"MAIL" not in peer.records.until_closed(1)
