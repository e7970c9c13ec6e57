"""A relay that says no: to a message, or to go on at all."""

import pytest

from mailing.deliveries.message.octets import Octets
from tests.peers.driving import (
    HASTY,
    MESSAGE,
    attempt,
    connect,
    deliver,
    drive,
    ended,
    outcome_of,
    permit,
)
from tests.peers.faults import Fault, Stage
from tests.peers.smtp_peer import SmtpPeer
from worker.smtp import Phase, Verdict

BEFORE_THE_DOT = [Stage.MAIL, Stage.RCPT, Stage.DATA]


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
        connection.send(permit(), Octets.of(MESSAGE))
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
