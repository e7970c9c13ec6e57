"""Every stage, every class of answer, one by one and pipelined; however the bytes are cut."""

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailing.deliveries.message.octets import Octets
from tests.peers.driving import MESSAGE, permit
from tests.peers.hand import PIPELINING, PLAIN, Hand
from worker.smtp import Connection, Outcome, Phase, Stage, Verdict

OCTETS = Octets.of(MESSAGE)
GOOD = {
    Stage.MAIL: b"250 2.1.0 sender ok\r\n",
    Stage.RCPT: b"250-2.1.5 recipient\r\n250 2.1.5 ok\r\n",
    Stage.DATA: b"354 go ahead\r\n",
    Stage.DOT: b"250 2.0.0 queued\r\n",
}
ENVELOPE = [Stage.MAIL, Stage.RCPT, Stage.DATA]
HANGS_UP, SILENT = b"hangs up", b"falls silent"
# What is surely no end by the relay's word: nonsense, a wrong class, a cut, a time-out.
WORDLESS = [
    b"150 wait\r\n",
    b"333 more\r\n",
    b"257 \xff\r\n",
    b"999 no\r\n",
    b"ok\r\n",
    b"\r\n",
    b"250-one\r\n550 two\r\n",
    HANGS_UP,
    SILENT,
]
FITTING = {Stage.DATA: b"333 more\r\n"}
KIND_OF_GOOD = {Stage.MAIL: 2, Stage.RCPT: 2, Stage.DATA: 3, Stage.DOT: 2}


@dataclass(frozen=True)
class Told:
    """What is known of a message at its end, without the permit."""

    verdict: Verdict
    code: int | None
    stage: Stage | None
    dot_written: bool
    is_kept: bool


def told(connection: Connection, outcome: Outcome | None) -> Told:
    assert outcome is not None
    is_kept = connection.phase is Phase.IDLE
    assert is_kept or connection.phase is Phase.CLOSED
    return Told(outcome.verdict, outcome.code, outcome.stage, outcome.dot_written, is_kept)


def act(hand: Hand, answers: list[bytes]) -> None:
    """Give answers until the message has come to its end, in pieces as given."""
    for answer in answers:
        if hand.connection.phase in (Phase.CLOSED, Phase.IDLE):
            return
        if answer is HANGS_UP:
            hand.leave()
        elif answer is SILENT:
            hand.fall_silent()
        else:
            hand.say(answer)


def converse(hand: Hand, envelope: list[bytes], dot: list[bytes]) -> Told:
    """Send one message to answers; what is left unanswered ends by time-out."""
    connection = hand.connection
    connection.send(permit(), OCTETS)
    hand.listen()
    act(hand, envelope)
    if connection.phase is Phase.AT_DOT:
        connection.finish()
        hand.listen()
        act(hand, dot)
    if hand.outcome is None:
        hand.fall_silent()
    return told(connection, hand.outcome)


def answers_with(stage: Stage, answer: bytes) -> dict[Stage, bytes]:
    """Good answers up to a stage, and after a refusal what a server says that noticed."""
    after = {Stage.RCPT: b"503 5.5.1 MAIL first\r\n", Stage.DATA: b"503 5.5.1 RCPT first\r\n"}
    later = ENVELOPE[ENVELOPE.index(stage) + 1 :] if stage in ENVELOPE else []
    return GOOD | {one: after[one] for one in later} | {stage: answer}


def expected(stage: Stage, answer: bytes) -> Told:
    is_dot = stage is Stage.DOT
    if answer in WORDLESS and answer != FITTING.get(stage):
        verdict = Verdict.UNKNOWN if is_dot else Verdict.LOST
        return Told(verdict, None, None, is_dot, is_kept=False)
    code = int(answer[:3])
    is_final = code // 100 == 5 and code not in (530, 534, 535, 538)
    verdict = Verdict.REFUSED if is_final else Verdict.DEFERRED
    is_kept = code not in (421, 530, 534, 535, 538)
    return Told(verdict, code, stage, is_dot, is_kept)


REFUSALS = [
    b"450 4.7.1 later\r\n",
    b"499 unknown\r\n",
    b"550 5.1.1 no\r\n",
    b"550-5.7.1 no\r\n550 5.7.1 really\r\n",
    b"599\r\n",
    b"421 4.3.2 going down\r\n",
    b"530 5.7.0 log in\r\n",
    b"535 5.7.8 log in\r\n",
]
CASES = [
    (stage, answer)
    for stage in [*ENVELOPE, Stage.DOT]
    for answer in [*REFUSALS, *WORDLESS]
    if not (answer == b"257 \xff\r\n" and KIND_OF_GOOD[stage] == 2) and answer != FITTING.get(stage)
]


@pytest.mark.parametrize("offers", [PIPELINING, PLAIN], ids=["pipelined", "one by one"])
@pytest.mark.parametrize(("stage", "answer"), CASES)
def test_each_answer_at_each_stage_has_its_one_meaning(
    offers: bytes, stage: Stage, answer: bytes
) -> None:
    answers = answers_with(stage, answer)
    with Hand() as hand:
        hand.greet(offers)
        result = converse(hand, [answers[one] for one in ENVELOPE], [answers[Stage.DOT]])
        assert result == expected(stage, answer)
        wire = b"".join(hand.heard)
        assert (b"\r\n.\r\n" in wire) is (stage is Stage.DOT)
        assert (b"Subject" in wire) is (stage is Stage.DOT)
        if result.is_kept:
            hand.outcome = None
            begin = b"" if stage in (Stage.MAIL, Stage.DOT) else b"250 2.0.0 reset\r\n"
            envelope = [*([begin] if begin else []), *(GOOD[one] for one in ENVELOPE)]
            again = converse(hand, envelope, [GOOD[Stage.DOT]])
            assert again == Told(Verdict.ACCEPTED, 250, Stage.DOT, dot_written=True, is_kept=True)


@pytest.mark.parametrize("refused", [Stage.MAIL, Stage.RCPT])
@pytest.mark.parametrize("answer", REFUSALS[:5])
def test_a_relay_that_asks_for_a_message_it_refused_gets_no_dot_and_is_hung_up_on(
    refused: Stage, answer: bytes
) -> None:
    with Hand() as hand:
        hand.greet()
        answers = GOOD | {refused: answer}
        result = converse(hand, [answers[one] for one in ENVELOPE], [])
        meant = expected(refused, answer)
        assert result == Told(meant.verdict, meant.code, refused, dot_written=False, is_kept=False)
        assert hand.heard == [group()]


@pytest.mark.parametrize("end", [HANGS_UP, SILENT, b"421 going down\r\n", b"what?\r\n", b"250\r\n"])
def test_a_refusal_stands_whatever_happens_to_the_rest_of_the_group(end: bytes) -> None:
    with Hand() as hand:
        hand.greet()
        result = converse(hand, [GOOD[Stage.MAIL], REFUSALS[2], end], [])
        assert result == Told(Verdict.REFUSED, 550, Stage.RCPT, dot_written=False, is_kept=False)


def group(recipient: str = "dana@example.net", begin: bytes = b"") -> bytes:
    mail = b"MAIL FROM:<bounce+abc@b.example.com>\r\n"
    return begin + mail + f"RCPT TO:<{recipient}>\r\n".encode() + b"DATA\r\n"


def test_the_envelope_goes_out_in_one_write_and_the_next_one_after_its_reset() -> None:
    with Hand() as hand:
        connection = hand.greet()
        connection.send(permit(), OCTETS)
        hand.listen()
        assert hand.heard == [group()]
        hand.say(GOOD[Stage.MAIL] + REFUSALS[2] + b"554 5.5.1 no valid recipients\r\n")
        assert hand.outcome is not None
        assert (connection.phase, hand.outcome.stage) == (Phase.IDLE, Stage.RCPT)
        hand.heard.clear()
        connection.send(permit(), OCTETS)
        hand.listen()
        assert hand.heard == [group(begin=b"RSET\r\n")]


def test_the_body_follows_the_answer_at_once_and_arrives_while_the_dot_is_held_back() -> None:
    with Hand() as hand:
        connection = hand.greet()
        connection.send(permit(), OCTETS)
        hand.listen()
        hand.say(b"".join(GOOD[one] for one in ENVELOPE))
        assert connection.phase is Phase.AT_DOT
        assert hand.heard == [group(), OCTETS.wire]
        assert connection.advance() is None


def test_a_reset_that_is_refused_ends_the_connection_though_the_rest_is_taken() -> None:
    with Hand() as hand:
        hand.greet()
        converse(hand, [GOOD[Stage.MAIL], REFUSALS[2], REFUSALS[2]], [])
        hand.outcome = None
        result = converse(hand, [b"500 what?\r\n", *(GOOD[one] for one in ENVELOPE)], [])
        assert result == Told(Verdict.LOST, None, None, dot_written=False, is_kept=False)


def test_where_it_is_not_offered_each_command_waits_for_its_answer() -> None:
    with Hand() as hand:
        connection = hand.greet(PLAIN)
        connection.send(permit(), OCTETS)
        hand.listen()
        for stage in ENVELOPE:
            hand.say(GOOD[stage])
        lines = group().splitlines(keepends=True)
        assert hand.heard[:3] == lines
        assert connection.phase is Phase.AT_DOT


def test_one_answer_for_the_whole_group_is_a_time_out_and_never_an_acceptance() -> None:
    with Hand() as hand:
        hand.greet()
        hand.connection.send(permit(), OCTETS)
        hand.say(b"250 ok\r\n")
        assert hand.connection.deadline() == hand.clock.now + 300
        hand.fall_silent()
        assert hand.outcome is not None
        assert (hand.outcome.verdict, hand.outcome.text) == (
            Verdict.LOST,
            "no answer to RCPT within 300 s",
        )


@pytest.mark.parametrize("end", [HANGS_UP, SILENT])
def test_an_address_that_lost_a_group_gets_commands_one_by_one_for_a_while(end: bytes) -> None:
    with Hand() as hand:
        hand.greet()
        converse(hand, [GOOD[Stage.MAIL], end], [])
        hand.greet()
        hand.connection.send(permit(), OCTETS)
        assert hand.listen() == group().splitlines(keepends=True)[0]
        hand.connection.abandon()
        hand.clock.now += 601
        hand.greet()
        hand.connection.send(permit(), OCTETS)
        assert hand.listen() == group()


def test_a_relay_that_closes_in_order_is_still_believed() -> None:
    with Hand() as hand:
        hand.greet()
        converse(hand, [GOOD[Stage.MAIL], b"421 going down\r\n"], [])
        hand.greet()
        hand.connection.send(permit(), OCTETS)
        assert hand.listen() == group()


@pytest.mark.parametrize(
    "extra", [b"250 ok\r\n", b"354 go\r\n", b"550 no\r\n", b"421 bye\r\n", b"2"]
)
def test_an_answer_too_many_gets_no_dot(extra: bytes) -> None:
    with Hand() as hand:
        connection = hand.greet()
        connection.send(permit(), OCTETS)
        hand.say(b"".join(GOOD[one] for one in ENVELOPE) + extra)
        if connection.phase is Phase.AT_DOT:
            connection.finish()
            hand.say(b"")
        assert connection.phase is Phase.CLOSED
        assert hand.outcome is not None
        assert not hand.outcome.dot_written
        assert b"\r\n.\r\n" not in b"".join(hand.heard)


ANSWERS = st.sampled_from([*GOOD.values(), *REFUSALS, *(one for one in WORDLESS if b"\n" in one)])
# Mostly what fits, so that many messages come as far as the dot.
FITS = st.tuples(*(st.just(GOOD[one]) | ANSWERS for one in [*ENVELOPE, Stage.DOT]))


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, *(place % (len(data) + 1) for place in cuts), len(data)})
    return [data[start:end] for start, end in pairwise(places)]


@given(answers=FITS, cuts=st.lists(st.integers(0, 400), max_size=12), offers=st.booleans())
def test_an_outcome_is_the_same_however_the_answers_are_cut(
    answers: tuple[bytes, ...], cuts: list[int], offers: bool
) -> None:
    *envelope, dot = answers
    with Hand() as hand:
        hand.greet(PIPELINING if offers else PLAIN)
        whole = converse(hand, envelope, [dot])
    with Hand() as hand:
        hand.greet(PIPELINING if offers else PLAIN)
        pieces = (
            cut(b"".join(envelope), cuts)
            if offers
            else [piece for answer in envelope for piece in cut(answer, cuts)]
        )
        assert converse(hand, pieces, cut(dot, cuts)) == whole
        has_dot = b"\r\n.\r\n" in b"".join(hand.heard)
    is_good = [int(one[:3].isdigit() and one[:3]) // 100 for one in envelope] == [2, 2, 3]
    assert has_dot is (is_good and b"250-one" not in b"".join(envelope))
    assert whole.verdict is not Verdict.ACCEPTED or (has_dot and dot[:1] == b"2")


SCRAPS = st.sampled_from([b"250", b"354", b"421", b"550", b" ", b"-", b"ok", b"\r\n", b"\n", b"\0"])
NOISE = st.lists(SCRAPS | st.sampled_from([*GOOD.values()]) | st.binary(max_size=40), max_size=12)


@given(before=NOISE, after=NOISE, offers=st.booleans())
def test_whatever_a_peer_says_ends_a_message_once_and_only_a_dot_is_accepted(
    before: list[bytes], after: list[bytes], offers: bool
) -> None:
    with Hand() as hand:
        hand.greet(PIPELINING if offers else PLAIN)
        result = converse(hand, [piece for piece in before if piece], [one for one in after if one])
        has_dot = b"\r\n.\r\n" in b"".join(hand.heard)
        assert result.dot_written is has_dot
        assert has_dot or result.verdict not in (Verdict.ACCEPTED, Verdict.UNKNOWN)
        assert (result.code is None) is (result.verdict in (Verdict.LOST, Verdict.UNKNOWN))


def test_trickled_bytes_of_a_group_buy_no_time() -> None:
    with Hand() as hand:
        connection = hand.greet()
        connection.send(permit(), OCTETS)
        due = connection.deadline()
        for letter in b"250":
            hand.clock.now += 90
            hand.say(bytes([letter]))
            assert connection.deadline() == due
        hand.clock.now += 29
        hand.say(b" ok\r\n")
        assert connection.deadline() == hand.clock.now + 300
        hand.say(b"250 ok\r\n")
        assert connection.deadline() == hand.clock.now + 120
