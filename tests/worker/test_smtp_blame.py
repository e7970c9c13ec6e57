"""Which refusals suppress an address, and which say nothing against it."""

import pytest

from tests.peers.driving import permit
from worker.smtp import Outcome, Stage, Verdict, blames_the_address

NO_SUCH_PERSON = [
    (550, "5.1.1 The email account that you tried to reach does not exist."),
    (550, "5.1.1 <a@example.net>: Recipient address rejected: User unknown"),
    (550, "5.1.2 Host or domain name not found"),
    (501, "5.1.3 Bad recipient address syntax"),
    (551, "5.1.6 Mailbox has moved, no forwarding address"),
    (556, "5.1.10 Recipient address has null MX"),
    (550, "5.2.1 The email account that you tried to reach is disabled"),
    (554, "5.1.1 Mailbox does not exist"),
    (550, "sorry, no mailbox here by that name (#5.1.1 - chkusr)"),
]
BARE = [
    (550, "No such user here"),
    (550, "Unrouteable address"),
    (551, "User not local"),
    (553, "mailbox name not allowed"),
    (550, "5.0.0 unknown user"),
    (550, ""),
]
NOT_THE_ADDRESS = [
    (550, "5.7.1 Message rejected as spam"),
    (550, "5.7.26 This mail is unauthenticated"),
    (550, "5.7.515 Access denied, sending domain does not meet the required level"),
    (550, "5.2.2 Mailbox full"),
    (550, "5.3.4 Message too big"),
    (550, "5.4.1 Recipient address rejected: Access denied"),
    (550, "5.1.8 Sender address has null MX"),
    (550, "5.1.7 Bad sender's address"),
    (552, "Mailbox full"),
    (554, "Transaction failed"),
    (500, "unknown command"),
    (550, "relay not permitted"),
    (550, "Relaying denied"),
    (553, "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"),
    (550, "Message was not accepted: blocked, see https://postmaster.example/"),
    (550, "Sender verify failed"),
    (550, "too many messages from your network"),
]


def refused(code: int, text: str, stage: Stage | None) -> Outcome:
    return Outcome(permit(), Verdict.REFUSED, code, text, stage is Stage.DOT, stage)


@pytest.mark.parametrize(("code", "text"), NO_SUCH_PERSON)
@pytest.mark.parametrize("stage", [Stage.RCPT, Stage.DOT])
def test_a_status_that_names_the_address_blames_it(code: int, text: str, stage: Stage) -> None:
    assert blames_the_address(refused(code, text, stage))


@pytest.mark.parametrize(("code", "text"), BARE)
def test_a_bare_code_blames_the_address_at_rcpt_but_the_content_at_the_dot(
    code: int, text: str
) -> None:
    assert blames_the_address(refused(code, text, Stage.RCPT))
    assert not blames_the_address(refused(code, text, Stage.DOT))


@pytest.mark.parametrize(("code", "text"), NOT_THE_ADDRESS)
@pytest.mark.parametrize("stage", [Stage.RCPT, Stage.DOT])
def test_policy_content_and_full_mailboxes_do_not_blame_the_address(
    code: int, text: str, stage: Stage
) -> None:
    assert not blames_the_address(refused(code, text, stage))


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.DATA, Stage.BODY, None])
@pytest.mark.parametrize(("code", "text"), [*NO_SUCH_PERSON, *BARE])
def test_nothing_that_was_said_elsewhere_blames_the_address(
    code: int, text: str, stage: Stage | None
) -> None:
    assert not blames_the_address(refused(code, text, stage))


@pytest.mark.parametrize("verdict", [one for one in Verdict if one is not Verdict.REFUSED])
def test_only_a_refusal_blames_the_address(verdict: Verdict) -> None:
    outcome = Outcome(permit(), verdict, 550, "5.1.1 gone", False, Stage.RCPT)
    assert not blames_the_address(outcome)


def test_our_own_refusal_blames_nobody() -> None:
    outcome = Outcome(permit(), Verdict.REFUSED, None, "5.1.1 is what we say", False, Stage.RCPT)
    assert (outcome.status, blames_the_address(outcome)) == (None, False)


@pytest.mark.parametrize(
    ("code", "text", "status"),
    [
        (550, "5.1.1 gone", "5.1.1"),
        (550, "5.1.10 null MX", "5.1.10"),
        (450, "4.7.28 slow down", "4.7.28"),
        (250, "2.0.0 queued as 5.1.1", "2.0.0"),
        (550, "gone (#5.1.1)", "5.1.1"),
        (550, "4.1.1 contradicts its code", None),
        (550, "192.0.2.1 is listed", None),
        (550, "5.1.1.1 is no status", None),
        (550, "host 5.1.1 in the middle", None),
        (550, "5.1111.1 too long", None),
        (550, "5.1", None),
        (550, "", None),
    ],
)
def test_the_enhanced_status_is_read_where_relays_put_it(
    code: int, text: str, status: str | None
) -> None:
    assert refused(code, text, Stage.RCPT).status == status
