"""One message behind another: its envelope goes out with the dot before it (RFC 2920 3.1)."""

import select
from collections.abc import Iterator

import pytest

from mailing.deliveries.message.octets import Octets
from mailing.deliveries.permit import SendPermit
from tests.peers.authority import create
from tests.peers.driving import (
    HASTY,
    MESSAGE,
    SENDER,
    connect,
    deliver,
    drive,
    ended,
    opened,
    permit,
    to_the_dot,
)
from tests.peers.faults import NEVER, Cut, Fault, Stage
from tests.peers.smtp_peer import SmtpPeer
from tests.peers.smtp_session import Offers
from worker.smtp import Connection, Outcome, Phase, Relay, Verdict
from worker.smtp import Stage as Answered
from worker.smtp.wire import Wire

KEYWORDS = ["SIZE 1000", "8BITMIME", "PIPELINING"]
FIRST, SECOND, THIRD = "dana@example.net", "second@example.net", "third@example.net"


@pytest.fixture(params=[False, True], ids=["each answer at once", "answers gathered"])
def peer(request: pytest.FixtureRequest) -> Iterator[SmtpPeer]:
    with SmtpPeer(offers=Offers(keywords=KEYWORDS, gathers_replies=request.param)) as peer:
        yield peer
    assert peer.records.complaints == []


def followed(connection: Connection, by: str = SECOND) -> SendPermit:
    """Write the dot of what is carried, with another message behind it."""
    behind = permit(by)
    assert connection.may_be_followed()
    connection.follow(behind, Octets.of(MESSAGE))
    connection.finish()
    return behind


def outcomes(connection: Connection, count: int) -> list[Outcome]:
    """So many outcomes, without another dot."""
    found: list[Outcome] = []
    while len(found) < count:
        outcome = connection.take() or drive(connection, lambda: False)
        assert outcome is not None
        found.append(outcome)
    return found


def reached(peer: SmtpPeer) -> list[str]:
    return [message.recipients[0] for message in peer.accepted]


def test_an_envelope_goes_out_with_the_dot_before_it_and_each_has_an_outcome_of_its_own(
    peer: SmtpPeer,
) -> None:
    connection = connect(peer.url)
    assert to_the_dot(connection) is None
    names = [f"p{number}@example.net" for number in range(10)]
    for name in names:
        behind = followed(connection, name)
        before = drive(connection, lambda: False)
        assert before is not None
        assert (before.verdict, before.dot_written) == (Verdict.ACCEPTED, True)
        assert before.permit is not behind
        assert drive(connection, lambda: connection.phase is Phase.AT_DOT) is None
    connection.finish()
    last = drive(connection, lambda: False)
    assert last is not None
    assert (last.permit, last.verdict) == (behind, Verdict.ACCEPTED)
    assert connection.phase is Phase.IDLE
    assert connection.transactions == 11
    ended(connection)
    assert reached(peer) == [FIRST, *names]
    assert {message.raw for message in peer.accepted} == {MESSAGE}
    size = f"SIZE={len(MESSAGE)}"
    glued = [
        f".\r\nMAIL FROM:<{SENDER}> {size}\r\nRCPT TO:<{name}>\r\nDATA\r\n".encode()
        for name in names
    ]
    assert [octets for octets in glued if octets not in peer.records.until_closed(1)] == []
    assert len([write for write in peer.records.writes[1] if write.startswith(b"MAIL")]) == 1


def test_over_tls_it_is_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    authority = create(tmp_path_factory.mktemp("authority"))
    offers = Offers(keywords=KEYWORDS)
    with SmtpPeer(offers=offers, implicit_tls=authority.server()) as peer:
        relay = Relay.parse(f"smtps://localhost:{peer.port}")
        trust = authority.client()
        connection = Connection(relay, helo="a.example.com", timeouts=HASTY, trust=trust)
        assert to_the_dot(opened(connection)) is None
        followed(connection)
        assert [one.verdict for one in outcomes(connection, 1)] == [Verdict.ACCEPTED]
        drive(connection, lambda: connection.phase is Phase.AT_DOT)
        connection.finish()
        outcomes(connection, 1)
        ended(connection)
    assert reached(peer) == [FIRST, SECOND]


@pytest.mark.parametrize(("code", "verdict"), [(554, Verdict.REFUSED), (451, Verdict.DEFERRED)])
def test_a_refused_dot_is_of_its_own_message_alone(
    peer: SmtpPeer, code: int, verdict: Verdict
) -> None:
    peer.behave(Fault(Stage.DOT, to=FIRST, code=code, text="no"))
    connection = connect(peer.url, HASTY)
    to_the_dot(connection)
    followed(connection)
    [before] = outcomes(connection, 1)
    assert (before.verdict, before.code, before.stage) == (verdict, code, Answered.DOT)
    assert drive(connection, lambda: connection.phase is Phase.AT_DOT) is None
    connection.finish()
    [behind] = outcomes(connection, 1)
    assert behind.verdict is Verdict.ACCEPTED
    assert reached(peer) == [SECOND]
    ended(connection)


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA])
@pytest.mark.parametrize(("code", "verdict"), [(554, Verdict.REFUSED), (451, Verdict.DEFERRED)])
def test_a_refused_envelope_behind_a_dot_takes_nothing_from_the_message_before_it(
    peer: SmtpPeer, stage: Stage, code: int, verdict: Verdict
) -> None:
    peer.behave(Fault(stage, code=code, text="no", skip=1, times=1))
    connection = connect(peer.url, HASTY)
    to_the_dot(connection)
    followed(connection)
    before, behind = outcomes(connection, 2)
    assert before.verdict is Verdict.ACCEPTED
    assert (behind.verdict, behind.code, behind.stage) == (verdict, code, Answered(stage))
    assert not behind.dot_written
    assert connection.phase is Phase.IDLE
    assert deliver(connection, permit(THIRD)).verdict is Verdict.ACCEPTED
    assert reached(peer) == [FIRST, THIRD]
    ended(connection)


def test_a_relay_that_closes_with_the_dots_answer_loses_what_stands_behind_it(
    peer: SmtpPeer,
) -> None:
    peer.behave(Fault(Stage.DOT, code=421, text="4.3.2 going down"))
    connection = connect(peer.url, HASTY)
    to_the_dot(connection)
    permitted = followed(connection)
    before, behind = outcomes(connection, 2)
    assert (before.verdict, before.code) == (Verdict.DEFERRED, 421)
    assert (behind.permit, behind.verdict, behind.dot_written) == (permitted, Verdict.LOST, False)
    assert (connection.phase, connection.trouble) == (Phase.CLOSED, "421 4.3.2 going down")
    assert peer.accepted == []


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA])
@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
def test_a_cut_behind_an_answered_dot_surely_delivered_no_second_message(
    peer: SmtpPeer, stage: Stage, cut: Cut
) -> None:
    peer.behave(Fault(stage, cut=cut, skip=1))
    connection = connect(peer.url, HASTY)
    to_the_dot(connection)
    followed(connection)
    before, behind = outcomes(connection, 2)
    # What is cut may take the dot's answer with it, where the peer gathers its answers.
    assert before.verdict in (Verdict.ACCEPTED, Verdict.UNKNOWN)
    assert before.dot_written
    assert (behind.verdict, behind.code, behind.dot_written) == (Verdict.LOST, None, False)
    assert connection.phase is Phase.CLOSED
    assert reached(peer) == [FIRST]


def test_a_cut_dot_is_unknown_and_what_stands_behind_it_is_lost(peer: SmtpPeer) -> None:
    peer.behave(Fault(Stage.DOT, cut=Cut.AFTER))
    connection = connect(peer.url, HASTY)
    to_the_dot(connection)
    followed(connection)
    before, behind = outcomes(connection, 2)
    assert (before.verdict, before.dot_written) == (Verdict.UNKNOWN, True)
    assert (behind.verdict, behind.dot_written) == (Verdict.LOST, False)


def test_where_the_peer_has_hung_up_before_the_dot_both_are_lost(peer: SmtpPeer) -> None:
    connection = connect(peer.url, HASTY)
    to_the_dot(connection)
    peer.close()
    connection.follow(permit(SECOND), Octets.of(MESSAGE))
    wait_for_the_end(connection)
    connection.finish()
    before, behind = outcomes(connection, 2)
    assert [before.verdict, behind.verdict] == [Verdict.LOST] * 2
    assert [before.dot_written, behind.dot_written] == [False, False]


def test_an_address_that_drops_what_stands_behind_a_dot_is_tried_with_one_message(
    peer: SmtpPeer,
) -> None:
    peer.behave(Fault(Stage.MAIL, wait=NEVER, skip=2))
    relay = Relay.parse(peer.url)
    trying, waiting = (
        opened(Connection(relay, helo="a.example.com", timeouts=HASTY)) for _ in range(2)
    )
    for connection in (trying, waiting):
        assert to_the_dot(connection) is None
    permitted = followed(trying)
    assert not waiting.may_be_followed(), "one message tries it for all"
    waiting.finish()
    assert outcomes(waiting, 1)[0].verdict is Verdict.ACCEPTED
    before, behind = outcomes(trying, 2)
    assert before.verdict is Verdict.ACCEPTED
    assert (behind.permit, behind.verdict) == (permitted, Verdict.LOST)
    assert behind.text == "no answer to MAIL within 1 s"
    peer.heal()
    again = opened(Connection(relay, helo="a.example.com", timeouts=HASTY))
    assert to_the_dot(again) is None
    assert not again.may_be_followed()
    for connection in (waiting, again):
        connection.abandon()


def test_once_one_was_answered_every_connection_may_do_it(peer: SmtpPeer) -> None:
    relay = Relay.parse(peer.url)
    first, second = (opened(Connection(relay, helo="a.example.com")) for _ in range(2))
    for connection in (first, second):
        assert to_the_dot(connection) is None
    followed(first)
    outcomes(first, 1)
    drive(first, lambda: first.phase is Phase.AT_DOT)
    assert first.may_be_followed()
    assert second.may_be_followed()
    for connection in (first, second):
        connection.abandon()


def test_nothing_stands_behind_a_dot_where_pipelining_is_not_offered() -> None:
    with SmtpPeer() as peer:
        connection = connect(peer.url)
        assert to_the_dot(connection) is None
        assert not connection.may_be_followed()
        connection.abandon()


def test_what_is_called_back_never_gets_its_body_and_the_connection_ends(peer: SmtpPeer) -> None:
    peer.behave(Fault(Stage.DOT, wait=0.3))
    connection = connect(peer.url)
    to_the_dot(connection)
    followed(connection)
    assert connection.call_back()
    [before] = outcomes(connection, 1)
    assert before.verdict is Verdict.ACCEPTED
    assert connection.take() is None
    assert (connection.phase, connection.fileno()) == (Phase.CLOSED, -1)
    assert reached(peer) == [FIRST]
    assert peer.records.until_closed(1).count(b"Subject: Hello") == 1


def test_what_this_relay_cannot_take_is_refused_and_nothing_is_said_of_it(peer: SmtpPeer) -> None:
    connection, large = followed_by_too_much(peer)
    found = {one.permit: one for one in outcomes(connection, 2)}
    assert (found[large].verdict, found[large].code) == (Verdict.REFUSED, None)
    assert "the relay takes 1000 at most" in found.pop(large).text
    assert [one.verdict for one in found.values()] == [Verdict.ACCEPTED]
    assert connection.phase is Phase.IDLE
    ended(connection)
    assert SECOND.encode() not in peer.records.until_closed(1)


def test_what_was_refused_here_cannot_be_called_back_and_has_its_outcome(peer: SmtpPeer) -> None:
    connection, large = followed_by_too_much(peer)
    assert connection.deadline() == 0.0, "its outcome waits, whether anything can be written or not"
    assert not connection.call_back()
    refused, before = outcomes(connection, 2)
    assert (refused.permit, refused.verdict) == (large, Verdict.REFUSED)
    assert before.verdict is Verdict.ACCEPTED
    assert connection.phase is Phase.IDLE
    ended(connection)


def followed_by_too_much(peer: SmtpPeer) -> tuple[Connection, SendPermit]:
    """A connection with its dot written, and a message behind it that the relay cannot take."""
    connection = connect(peer.url)
    to_the_dot(connection)
    large = permit(SECOND)
    connection.follow(large, Octets.of(b"x" * 2000 + b"\r\n"))
    connection.finish()
    return connection, large


def test_only_a_permit_follows_and_only_at_the_dot(peer: SmtpPeer) -> None:
    connection = connect(peer.url)
    with pytest.raises(RuntimeError, match="follow needs a connection that is at_dot"):
        connection.follow(permit(), Octets.of(MESSAGE))
    to_the_dot(connection)
    with pytest.raises(TypeError, match="permit"):
        connection.follow("dana@example.net", Octets.of(MESSAGE))  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="call_back needs a connection that is confirming"):
        connection.call_back()
    connection.abandon()


def wait_for_the_end(connection: Connection) -> None:
    """Wait until the kernel knows that the peer has hung up."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLRDHUP | select.POLLHUP | select.POLLERR)
    assert poll.poll(5000)


def test_only_a_body_behind_a_dot_may_wait_for_its_own(
    peer: SmtpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first shows whether the relay is prompt: one that hangs up over a body is noticed before
    the dot."""
    may_wait: list[bool] = []
    put = Wire.put

    def watched(wire: Wire, data: bytes, is_followed: bool = False) -> None:
        if data == Octets.of(MESSAGE).wire:
            may_wait.append(is_followed)
        put(wire, data, is_followed)

    monkeypatch.setattr(Wire, "put", watched)
    connection = connect(peer.url)
    to_the_dot(connection)
    followed(connection)
    outcomes(connection, 1)
    drive(connection, lambda: connection.phase is Phase.AT_DOT)
    connection.finish()
    outcomes(connection, 1)
    to_the_dot(connection)
    connection.finish()
    outcomes(connection, 1)
    assert may_wait == [False, True, False]
    ended(connection)
    assert reached(peer) == [FIRST, SECOND, FIRST]
