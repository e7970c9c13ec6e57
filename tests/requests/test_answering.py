"""Answers and receipts: the words, the address, the octets, and nobody kept busy."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from hashlib import sha256
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.base.languages import LANGUAGES
from mailing.deliveries import answers
from mailing.deliveries.answers import Answer, AnswerKind
from mailing.deliveries.gate import Passed
from mailing.deliveries.letters import Letters
from mailing.inbound.reading import Kind as ReadAs
from mailing.inbound.reading import Reading, Trust
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import ledger, suppression
from mailing.people.canonical import canonical
from mailing.people.subscribers import Subscriber, digest_of
from mailing.people.suppression import Why
from mailing.policies.versions import PolicyVersion
from mailing.requests import acknowledging, acting, answering, timeline, wordings
from mailing.requests.acting import Closing
from mailing.requests.answering import Draft
from mailing.requests.correspondent import Correspondent
from mailing.requests.kinds import Channel, Kind, Resolution, State
from mailing.requests.requests import NewRequest, Request, open_request
from mailing.staff.audit import Actor
from mailing.staff.staff import Role
from tests.person import Person
from tests.requests.conftest import Asker
from tests.requests.desk import SENDER, asked
from tests.requests.post import Post, requests_now, sure

OFFICER = Actor("staff 1", Role.OFFICER)
# Whoever adds a version adds it here; whoever changes one is told not to.
FROZEN = {
    "answered.1": "1dd2d47748334e60",
    "blocked.1": "65990d89680f727e",
    "complaint_rights.1": "10a5a3df384d67a2",
    "confirm_change.1": "546b07e690037f09",
    "corrected.1": "e59b53bf8e8454b7",
    "data_ready.1": "5c5426ed95f7693c",
    "destroyed.1": "8ecc7309ed70303b",
    "extended.1": "bf7c0948861e2b60",
    "identity_link.1": "e7452d03ce3cd501",
    "need_identity.1": "5b1db2e221e790a0",
    "not_ours.1": "dcb7dc89c53e5861",
    "partly_refused.1": "1e879150a299f56e",
    "received.1": "1dfdb18088b5e70b",
    "received.2": "ed5ec06a0e265132",
    "received_form.1": "6650cb9320c7f829",
    "refused.1": "9b527636ca734532",
    "withdrawn.1": "0cb54f4a0cd52986",
}
DRAFT = Draft("answered", "We hold your address and nothing else.")


def mails(asker: Asker) -> list[tuple[Passed, bytes]]:
    """Everything that the gate lets through now, as it goes over the wire."""
    letters = Letters(asker.settings)
    return [(one, letters.write(one).message) for one in asker.passed()]


def receipts() -> int:
    query = select(func.count()).select_from(Answer).where(Answer.kind == AnswerKind.RECEIPT.value)
    return db.session.scalars(query).one()


def answered(request: Request, draft: Draft = DRAFT) -> None:
    answering.answer(request.id, draft, OFFICER)
    db.session.commit()


def test_a_receipt_keeps_rfc_3834_to_the_letter(policy: PolicyVersion, asker: Asker) -> None:
    request = asked()
    ((passed, raw),) = mails(asker)
    mail = message_from_bytes(raw, policy=default)
    assert passed.permit.return_path == ""
    assert passed.permit.recipient == mail["To"] == SENDER
    assert mail.get_all("Auto-Submitted") == ["auto-replied"]
    theirs = request.correspondent
    assert theirs
    assert mail["In-Reply-To"] == mail["References"] == f"<{theirs.message_id}>"
    assert mail.get_content_type() == "text/plain"
    assert mail["Reply-To"] is None
    assert [name for name in mail if name.startswith("List-") or name == "Precedence"] == []
    assert request.number in mail["Subject"]
    assert asker.settings.helpdesk_address in mail["From"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_receipt_speaks_the_language_and_says_number_and_due_date(
    policy: PolicyVersion, asker: Asker, language: str
) -> None:
    request = asked(language=language)
    ((_, raw),) = mails(asker)
    mail = message_from_bytes(raw, policy=default)
    text = mail.get_content()
    due = request.due_at.astimezone(ZoneInfo("Asia/Almaty"))
    assert request.number in text
    assert f"{due:%H:%M}" in text
    assert str(due.year) in text
    assert asker.settings.operator_name
    assert asker.settings.operator_name in text
    greeting = {"kk": "Сәлеметсіз бе", "ru": "Здравствуйте", "en": "Hello"}
    assert greeting[language] in text


def test_a_receipt_repeats_nothing_that_was_written(policy: PolicyVersion, asker: Asker) -> None:
    wrote = Correspondent(SENDER, "id@example.org", ("evil\r\nBcc: x@example.com",), True)
    request = open_request(NewRequest(Kind.QUESTION, language="en", correspondent=wrote))
    assert acknowledging.acknowledge(request)
    ((_, raw),) = mails(asker)
    assert b"Bcc" not in raw
    assert raw.count(SENDER.encode()) == 1


def test_a_stranger_and_a_subscriber_get_the_same_receipt(person: Person, asker: Asker) -> None:
    wrote = Correspondent(person.address, "same@example.org", (), True)
    known = NewRequest(Kind.QUESTION, language="kk", subscriber_id=person.id, correspondent=wrote)
    assert acknowledging.acknowledge(open_request(known))
    asked(language="kk")
    texts = [message_from_bytes(raw, policy=default).get_content() for _, raw in mails(asker)]
    first, second = (text.replace("0001", "N").replace("0002", "N") for text in texts)
    assert first == second


@pytest.mark.parametrize(
    "sender",
    [
        "MAILER-DAEMON@example.org",
        "noreply@example.org",
        "no-reply+7@example.org",
        "do-not-reply@example.org",
        "owner-news@example.org",
        "news-request@example.org",
        "bounces+1@example.org",
    ],
)
def test_names_that_only_machines_have_get_no_receipt(policy: PolicyVersion, sender: str) -> None:
    asked(sender=sender)
    assert receipts() == 0


def test_we_never_write_to_ourselves(policy: PolicyVersion, asker: Asker) -> None:
    for sender in (asker.settings.helpdesk_address, f"unsubscribe@{asker.settings.bounce_domain}"):
        asked(sender=sender)
    assert receipts() == 0


def test_automatic_mail_is_never_answered(policy: PolicyVersion) -> None:
    request = asked(is_answerable=False)
    assert receipts() == 0
    assert not acknowledging.acknowledge(request)


@pytest.mark.parametrize(
    ("trust", "is_answered"), [(Trust.ALIGNED, True), (Trust.UNKNOWN, True), (Trust.FAILED, False)]
)
def test_whoever_was_forged_by_the_word_of_our_own_server_gets_nothing(
    policy: PolicyVersion, trust: Trust, is_answered: bool
) -> None:
    reading = Reading(ReadAs.QUESTION, "", message_id="a@example.org", sender=SENDER, trust=trust)
    wrote = Correspondent.of(reading)
    request = open_request(NewRequest(Kind.QUESTION, correspondent=wrote))
    assert acknowledging.acknowledge(request) is is_answered


@pytest.mark.parametrize("sender", [None, "", "undisclosed", "a@b", "a b@example.org"])
def test_a_message_without_an_author_has_no_correspondent(app: Flask, sender: str | None) -> None:
    assert Correspondent.of(Reading(ReadAs.QUESTION, "", sender=sender)) is None


def test_what_nobody_has_understood_gets_its_receipt_once_somebody_has(
    policy: PolicyVersion,
) -> None:
    request = asked(Kind.UNCLEAR)
    assert receipts() == 0
    acting.reclassify(request.id, Kind.QUESTION, OFFICER)
    assert receipts() == 1
    assert not acknowledging.acknowledge(request)


def test_one_receipt_for_each_sender_kind_and_day(policy: PolicyVersion) -> None:
    now = clock.now()
    for hours in (0, 1, 23):
        with clock.use(lambda hours=hours: now + timedelta(hours=hours)):  # type: ignore[misc]
            asked()
            asked(Kind.ACCESS)
            asked(sender="Another@example.org")
    assert receipts() == 3
    with clock.use(lambda: now + timedelta(hours=25)):
        asked()
    assert receipts() == 4


def test_two_robots_do_not_keep_each_other_busy(policy: PolicyVersion) -> None:
    """Another desk answers each mail of ours, hides that it is one, and changes what it asks."""
    for kind in Kind:
        asked(kind)
        asked(kind)
    assert receipts() == acknowledging.MOST_A_DAY


def test_receipts_go_to_the_sender_and_answers_to_the_address_on_file(
    person: Person, asker: Asker
) -> None:
    """Whoever only says that they are somebody learns nothing about them."""
    wrote = Correspondent(SENDER, "id@example.org", (), True)
    request = open_request(
        NewRequest(Kind.ACCESS, subscriber_id=person.id, correspondent=wrote, language="en")
    )
    acknowledging.acknowledge(request)
    answered(request)
    sent = {one.permit.recipient: raw for one, raw in mails(asker)}
    assert set(sent) == {SENDER, person.address}
    assert b"In-Reply-To" not in sent[person.address]
    assert b"In-Reply-To" in sent[SENDER]


def test_an_answer_by_hand_is_no_automatic_mail_and_its_loss_is_noticed(
    policy: PolicyVersion, asker: Asker
) -> None:
    request = asked(is_answerable=False)
    answered(request)
    ((passed, raw),) = mails(asker)
    mail = message_from_bytes(raw, policy=default)
    assert mail["Auto-Submitted"] is None
    assert passed.permit.return_path.endswith(asker.settings.bounce_domain)
    assert DRAFT.words in mail.get_content()
    assert request.state == State.ANSWERED


def test_the_sent_text_is_kept_with_the_version_of_its_template(policy: PolicyVersion) -> None:
    request = asked()
    answered(request)
    kept = [answers.said_in(one) for one, _ in answers.of_request(request.id)]
    assert [DRAFT.words in one.text for one in kept if one] == [False, True]
    line = timeline.of(request.id)[-1]
    assert (line.what, line.details["template"], line.details["version"]) == (
        "answered",
        "answered",
        1,
    )


def test_a_retry_has_the_same_octets(policy: PolicyVersion, asker: Asker) -> None:
    answered(asked(is_answerable=False))
    (passed,) = asker.passed()
    first, second = (Letters(asker.settings).write(passed).wire for _ in range(2))
    assert first == second


def withdraw(person: Person) -> None:
    leave(Leaving(person.id, Scope.everything(), kind=ledger.Kind.WITHDRAWN, patience=0))


def destroy(person: Person) -> None:
    suppression.suppress(person.row.digest, Why.DESTROYED)


def complain(person: Person) -> None:
    suppression.suppress(person.row.digest, Why.COMPLAINT)


def block(person: Person) -> None:
    db.session.execute(update(Subscriber).values(blocked_at=clock.now()))


@pytest.mark.parametrize(
    ("say_no", "reason"),
    [
        (withdraw, "withdrawn"),
        (destroy, "withdrawn"),
        (complain, "suppressed_complaint"),
    ],
)
def test_a_forged_sender_who_has_said_no_gets_no_receipt_and_the_author_gets_one(
    person: Person, asker: Asker, say_no: Callable[[Person], None], reason: str
) -> None:
    """Anybody can put an address over a letter; the no of whoever reads there outlives that. It
    is the gate that asks, so a no between the letter and its receipt counts as well."""
    forged = Correspondent(person.address, "id@example.org", (), True)
    sure = Correspondent(person.address, "own@example.org", (), True, is_authenticated=True)
    for kind, wrote in ((Kind.QUESTION, forged), (Kind.ACCESS, sure)):
        acknowledging.acknowledge(open_request(NewRequest(kind, correspondent=wrote)))
    say_no(person)
    assert [b"In-Reply-To: <own@" in raw for _, raw in mails(asker)] == [True]
    assert asker.reasons() == [reason]


def test_a_letter_says_whether_its_author_is_sure(person: Person, post: Post) -> None:
    """From the receiving server's word to what the gate reads."""
    post.comes(ReadAs.QUESTION, person.address, **sure())
    post.comes(ReadAs.RECTIFICATION, person.address)
    query = select(Answer.is_to_author).order_by(Answer.created_at)
    assert list(db.session.scalars(query)) == [True, False]


def test_whoever_has_withdrawn_been_blocked_or_complained_is_still_answered(
    person: Person, asker: Asker
) -> None:
    for say_no in (withdraw, complain, block):
        say_no(person)
    wrote = Correspondent(person.address, "id@example.org", (), True, is_authenticated=True)
    request = open_request(
        NewRequest(Kind.WITHDRAWAL, subscriber_id=person.id, correspondent=wrote)
    )
    acknowledging.acknowledge(request)
    answered(request, Draft("withdrawn"))
    assert [one.permit.recipient for one, _ in mails(asker)] == [person.address] * 2


def test_a_mailbox_that_does_not_exist_is_not_written_to_and_the_desk_is_told(
    policy: PolicyVersion, asker: Asker
) -> None:
    suppression.suppress(digest_of(canonical(SENDER)), Why.BOUNCE)
    request = asked()
    assert asker.passed() == []
    assert [delivery.reason for _, delivery in answers.of_request(request.id)] == [
        "suppressed_bounce"
    ]


def test_whom_staff_keep_out_gets_no_receipt_but_an_answer_by_hand(
    policy: PolicyVersion, asker: Asker
) -> None:
    suppression.suppress(digest_of(canonical(SENDER)), Why.STAFF)
    request = asked()
    answered(request)
    ((_, raw),) = mails(asker)
    assert b"Auto-Submitted" not in raw


def test_two_officers_do_not_answer_the_same_thing_twice(policy: PolicyVersion) -> None:
    request = asked()
    draft = Draft("answered", "Yes.", expected=0)
    answered(request, draft)
    with pytest.raises(Conflict):
        answering.answer(request.id, draft, OFFICER)


def test_asking_for_more_makes_the_request_wait_for_the_person(policy: PolicyVersion) -> None:
    request = asked()
    answered(request, Draft("need_identity", "When did you sign up?"))
    assert request.state == State.WAITING


def test_a_letter_on_paper_cannot_be_answered_by_mail(policy: PolicyVersion) -> None:
    request = open_request(NewRequest(Kind.QUESTION, Channel.LETTER))
    with pytest.raises(Conflict):
        answering.answer(request.id, DRAFT, OFFICER)


def test_a_closed_request_is_taken_up_before_it_is_answered(policy: PolicyVersion) -> None:
    request = asked()
    acting.close(request.id, Closing(Resolution.DONE, "By telephone"), OFFICER)
    with pytest.raises(Conflict):
        answering.answer(request.id, DRAFT, OFFICER)


@pytest.mark.parametrize("words", ["", "  \n", "a\0b", "a\u2028b", "x" * 10_001])
def test_words_that_cannot_be_sent_are_refused_with_their_field(
    policy: PolicyVersion, words: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        answering.preview(asked(), Draft("answered", words))
    assert refusal.value.field == "words"


def test_an_unknown_template_is_refused_by_name(policy: PolicyVersion) -> None:
    with pytest.raises(Missing, match="answered"):
        answering.preview(asked(), Draft("apology"))


def test_what_an_officer_writes_is_never_read_as_a_template(policy: PolicyVersion) -> None:
    words = "Pay $5 or ${number}; {{ 7*7 }} $words"
    assert words in answering.preview(asked(), Draft("answered", words)).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_speaks_every_language(app: Flask, language: str) -> None:
    for slug in (*wordings.slugs(), wordings.RECEIVED):
        found = wordings.newest(slug, language)
        values = dict.fromkeys(("number", "received", "due", "words"), "7")
        subject, text = found.filled(values)
        assert found.language == language
        assert "$" not in subject + text
        assert "7" in subject


@given(st.text())
def test_whatever_stands_in_a_message_id_no_line_of_ours_is_broken(theirs: str) -> None:
    wrote = Correspondent(SENDER, theirs, (theirs, "good@example.org"))
    for one in (wrote.in_reply_to, *wrote.thread):
        assert one is None or (one.isascii() and one.isprintable() and not set(one) & set("<> "))


def test_the_words_of_a_used_version_are_never_edited(app: Flask) -> None:
    """A changed sentence is a new file: what was sent under a version must be found under it."""
    kept = {
        path.name.removesuffix(".toml"): sha256(path.read_bytes()).hexdigest()[:16]
        for path in wordings.FOLDER.glob("*.toml")
    }
    assert kept == FROZEN


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("slug", [*wordings.slugs(), *sorted(wordings.BY_A_VERB)])
def test_no_sentence_ends_twice_though_a_russian_date_ends_in_a_full_stop(
    policy: PolicyVersion, slug: str, language: str
) -> None:
    request = asked(language=language)
    said = answering.compose(request, wordings.newest(slug, language), "Words.")
    assert ".." not in said.text
    assert "$" not in said.text


def test_forged_senders_get_so_many_receipts_an_hour_and_the_requests_stay(
    policy: PolicyVersion, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of a thousand forged senders is written to for the first time today."""
    monkeypatch.setattr(acknowledging, "MOST_AN_HOUR", 2)
    for number in range(4):
        post.comes(ReadAs.QUESTION, f"n{number}@example.org")
    assert receipts() == 2
    assert len(requests_now()) == 4
    post.comes(ReadAs.QUESTION, "sure@example.org", **sure())
    assert receipts() == 3
    with clock.use(lambda: datetime.now(UTC) + timedelta(hours=1, minutes=1)):
        post.comes(ReadAs.QUESTION, "later@example.org")
    assert receipts() == 4
