"""Machines that answer each other come to an end (T59, RFC 3834): each letter is read from its
octets and taken in as any other, and what answers it is what the gate let out, as it goes."""

import pytest
from flask import Flask

from mailing.inbound.messages import State
from mailing.policies.versions import PolicyVersion
from mailing.requests import incoming
from mailing.requests.acknowledging import MOST_A_DAY
from tests.requests.conftest import Asker
from tests.requests.post import rows_now
from tests.requests.test_answering import mails, receipts
from tests.worker.postbox import HELPDESK, letter

OTHER = "helpdesk@other.example"
SAYS_SO = "Auto-Submitted: auto-replied"
AWAY = "I am away and read no mail. Can it wait until Monday?"


def question(sender: str, words: str = "Деректерім қайда сақталады?", more: str = "") -> bytes:
    """What a person asks, and is sent a receipt for."""
    return letter(sender, "Сұрақ", more) + f"{words}\r\n".encode()


def comes(raw: bytes, sender: str, to: str = HELPDESK) -> incoming.Taken:
    """As the server that delivers it hands it in: the envelope's sender on top."""
    return incoming.take(f"Return-Path: <{sender}>\r\n".encode() + raw, [to])


def the_receipt(asker: Asker) -> tuple[bytes, str]:
    """What the gate lets out now: one message, with the path that it leaves by."""
    ((passed, raw),) = mails(asker)
    return raw, passed.permit.return_path


def test_what_another_installation_answers_is_the_end_of_it(
    policy: PolicyVersion, asker: Asker
) -> None:
    """Its receipt is made by the same verbs as ours: ours comes in there and asks for nothing."""
    comes(question(OTHER), OTHER)
    ours, path = the_receipt(asker)
    there = comes(ours, path, OTHER)
    assert (there.kind, there.action, there.request_id) == ("auto-reply", "kept", None)
    assert (mails(asker), receipts()) == ([], 1)


@pytest.mark.parametrize(
    ("mark", "path", "answers"),
    [("", "", 0), (SAYS_SO, OTHER, 0), ("", OTHER, 1)],
    ids=["only the null path", "only Auto-Submitted", "neither"],
)
def test_either_mark_of_an_automatic_answer_is_enough(
    policy: PolicyVersion, asker: Asker, mark: str, path: str, answers: int
) -> None:
    """A relay on the way may lose one of the two. Without both it is a letter like any other."""
    assert comes(question(OTHER, more=mark), path).action in ("kept", "opened", "waiting")
    assert (len(mails(asker)), receipts()) == (answers, answers)


def test_an_out_of_office_that_says_what_it_is_gets_no_answer(
    policy: PolicyVersion, asker: Asker
) -> None:
    comes(question("dana@example.org"), "dana@example.org")
    the_receipt(asker)
    away = question("dana@example.org", AWAY, SAYS_SO)
    assert comes(away, "dana@example.org").kind == "auto-reply"
    assert (mails(asker), receipts()) == ([], 1)


def test_an_out_of_office_that_hides_what_it_is_stops_being_answered(
    policy: PolicyVersion, asker: Asker
) -> None:
    """It answers each receipt as a person would, and never in the same words."""
    said = 0
    comes(question("dana@example.org"), "dana@example.org")
    while mails(asker):
        said += 1
        assert said <= MOST_A_DAY, "they keep each other busy"
        comes(question("dana@example.org", f"{AWAY} {said}"), "dana@example.org")
    assert 1 <= receipts() == said <= MOST_A_DAY
    assert all(one.state != State.TAKEN for one in rows_now())


@pytest.mark.parametrize(
    ("mark", "path"),
    [
        ("List-Id: <talk.example.org>", "talk-bounces@example.org"),
        ("Precedence: bulk", "talk-bounces@example.org"),
        ("X-Autoreply: yes", "talk@example.org"),
        ("X-Loop: talk@example.org", "talk@example.org"),
        ("", ""),
    ],
    ids=["list", "bulk", "autoreply", "loop", "null path"],
)
def test_a_list_and_other_machines_get_no_receipt_and_are_kept(
    policy: PolicyVersion, asker: Asker, mark: str, path: str
) -> None:
    """One that came by the list's address to the list itself would reach everybody on it."""
    comes(question("talk@example.org", more=mark), path)
    assert (mails(asker), receipts()) == ([], 0)
    assert [one.state for one in rows_now()] in ([State.ACTED], [State.WAITING])


def test_a_receipt_leaves_by_the_null_path_so_that_nobody_returns_it(
    app: Flask, policy: PolicyVersion, asker: Asker
) -> None:
    """RFC 3834 4, RFC 5321 4.5.5: a mailbox that is not there ends it."""
    comes(question("nobody@example.org"), "nobody@example.org")
    _, path = the_receipt(asker)
    assert path == ""
