"""Each recipient of a report has a verdict of its own, and ours is the one that counts."""

from mailing.deliveries.returns import Came
from mailing.inbound import blame
from mailing.inbound.reading import Kind, Reading, Report, read
from tests.inbound.reading.letters import FAILED, report

FULL = FAILED.format("5.2.2", "552 5.2.2 Mailbox full")
GONE = FAILED.replace("reader@", "other@").format("5.1.1", "550 5.1.1 User unknown")
LATE = "Final-Recipient: rfc822; late@mail.example\nAction: delayed\nStatus: 4.4.1"
READER = "reader@mail.example"


def _judged(reading: Reading, email: str) -> Came | None:
    return blame.judge(blame.report_of(reading, email))


def test_the_worst_of_a_report_is_not_everybodys() -> None:
    for blocks in ((FULL, GONE, LATE), (GONE, LATE, FULL)):
        told = read(report(*blocks))
        assert _judged(told, READER) is Came.SOFT
        assert _judged(told, "Other@mail.example") is Came.HARD
        assert _judged(told, "late@mail.example") is None


def test_the_address_that_was_written_to_is_asked_before_the_one_it_came_to() -> None:
    """RFC 3464 2.3.1: a list passed one copy on to a reader of ours, and another copy elsewhere."""
    passed_on = "Original-Recipient: rfc822; list@mail.example\n" + FULL
    told = read(report(passed_on, "Original-Recipient: rfc822; reader@mail.example\n" + GONE))
    assert _judged(told, READER) is Came.HARD
    assert _judged(told, "list@mail.example") is Came.SOFT
    assert told.recipients == (READER, "other@mail.example")


def test_a_dead_mailbox_to_which_a_reader_passes_their_mail_on_is_not_the_readers() -> None:
    assert _judged(read(report(LATE, GONE)), "alias@mail.example") is Came.OTHER


def test_where_a_report_names_nobody_it_goes_by_what_failed() -> None:
    told = Reading(Kind.BOUNCE_HARD, "words alone", reports=(Report("", kind=Kind.BOUNCE_HARD),))
    assert _judged(told, "alias@mail.example") is Came.HARD
