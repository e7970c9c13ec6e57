"""The whole reading: its order, its limits, whom it believes."""

import base64
import json
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

from mailing.inbound.reading import Action, Kind, read
from tests.inbound.reading.letters import FAILED, feedback, headed, plain, report, returned
from tests.inbound.reading.spellings import WITHDRAW


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        ("5.1.1", "550 5.1.1 User unknown", Kind.BOUNCE_HARD),
        ("5.1.2", "550 5.1.2 Host unknown", Kind.BOUNCE_HARD),
        ("5.1.6", "551 5.1.6 Mailbox has moved", Kind.BOUNCE_HARD),
        ("5.1.10", "556 5.1.10 Recipient address has null MX", Kind.BOUNCE_HARD),
        ("5.2.1", "550 5.2.1 Mailbox disabled", Kind.BOUNCE_HARD),
        ("5.0.0", "550 No such user here", Kind.BOUNCE_HARD),
        ("5.2.2", "552 5.2.2 Mailbox full", Kind.BOUNCE_SOFT),
        ("5.1.1", "550 5.1.1 Mailbox is full", Kind.BOUNCE_SOFT),
        ("4.4.7", "421 4.4.7 Message expired", Kind.BOUNCE_SOFT),
        ("5.3.2", "554 5.3.2 System not accepting mail", Kind.BOUNCE_SOFT),
        ("5.7.1", "550 5.7.1 Message rejected as spam", Kind.BOUNCE_OTHER),
        ("5.7.26", "550 5.7.26 Unauthenticated mail, no such user policy", Kind.BOUNCE_OTHER),
        ("5.0.0", "554 Your address is on a blacklist", Kind.BOUNCE_OTHER),
        ("5.6.0", "554 5.6.0 Header not understood", Kind.BOUNCE_OTHER),
    ],
)
def test_the_code_and_the_words_say_whom_a_bounce_blames(
    status: str, said: str, kind: Kind
) -> None:
    found = read(report(FAILED.format(status, said)))
    assert (found.kind, found.recipients) == (kind, ("reader@mail.example",))


def test_an_action_is_not_a_status() -> None:
    """RFC 3464 2.3.3: `failed` with 4.x.x is legal; `delayed` is no failure whatever its code."""
    late = "Final-Recipient: rfc822; reader@mail.example\nAction: delayed\nStatus: 5.1.1"
    done = "Final-Recipient: rfc822; reader@mail.example\nAction: delivered\nStatus: 2.0.0"
    assert read(report(FAILED.format("4.2.2", "452 4.2.2 Over quota"))).kind is Kind.BOUNCE_SOFT
    assert read(report(late)).kind is Kind.BOUNCE_SOFT
    assert read(report(done)).kind is Kind.BOUNCE_OTHER


def test_a_report_on_several_names_each_with_its_own_reason() -> None:
    other = FAILED.replace("reader@", "other@")
    found = read(
        report(FAILED.format("5.1.1", "550 5.1.1 x"), other.format("5.2.2", "552 5.2.2 y"))
    )
    assert found.recipients == ("reader@mail.example", "other@mail.example")
    assert [one.status for one in found.reports] == ["5.1.1", "5.2.2"]
    assert found.kind is Kind.BOUNCE_HARD


def test_an_alias_keeps_the_address_that_was_written_to() -> None:
    block = "Original-Recipient: rfc822; list@mail.example\n" + FAILED.format("5.1.1", "550 x")
    assert read(report(block)).reports[0].original == "list@mail.example"


def test_a_bounce_leads_back_to_the_message_that_it_returns() -> None:
    found = read(report(FAILED.format("5.1.1", "550 5.1.1 x"))).traces
    assert found.deliveries == ("abc123",)
    assert "d.abc123@koktem.example" in found.message_ids
    assert found.leave_links == ("https://koktem.example/u/tokenTOKENtokenTOKEN",)


@pytest.mark.parametrize("kind", ["abuse", "opt-out", "fraud", "virus", "not-spam", "auth-failure"])
def test_a_feedback_report_is_a_complaint_of_its_type(kind: str) -> None:
    found = read(feedback(kind, "Original-Rcpt-To: reader@mail.example"))
    assert (found.kind, found.feedback_type) == (Kind.COMPLAINT, kind)
    assert found.recipients == ("reader@mail.example",)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("ABUSE", "abuse"),
        ("ab\0us\x7fe", "abuse"),
        ("opt-out-list", "opt-out"),
        ("abuse (spam)", "abuse"),
        ("dmarc", "other"),
        ("; DROP", "other"),
        ("", "other"),
    ],
)
def test_a_type_of_report_that_is_not_registered_is_another(said: str, kind: str) -> None:
    """RFC 5965 7.3 and its registry; nothing else is stored or acted upon."""
    found = read(feedback("x").replace(b"Feedback-Type: x", b"Feedback-Type: " + said.encode()))
    assert (found.kind, found.feedback_type) == (Kind.COMPLAINT, kind)


def _event(**said: object) -> bytes:
    event = {"mail": {"messageId": "1"}, **said}
    return plain(json.dumps(event), From="no-reply@service.example")


def test_a_sending_services_report_is_reduced_to_what_is_known() -> None:
    people = [{"emailAddress": "reader@mail.example\0\ud800"}, {"emailAddress": ["x"]}]
    told = {"complaintFeedbackType": "ab\0use\n", "complainedRecipients": people}
    found = read(_event(notificationType="Complaint", complaint=told))
    assert (found.feedback_type, found.recipients) == ("abuse", ("reader@mail.example",))
    odd = {"complaintFeedbackType": {"x": 1}, "complainedRecipients": people}
    assert read(_event(notificationType="Complaint", complaint=odd)).feedback_type == "other"
    one = {"emailAddress": "reader@mail.example", "status": "5.1.1\0 x", "diagnosticCode": "no\0"}
    bounce = {"bounceType": "Permanent", "bouncedRecipients": [one]}
    (report_,) = read(_event(notificationType="Bounce", bounce=bounce)).reports
    assert (report_.status, report_.diagnostic) == ("5.1.1", "no")


def test_a_sending_services_delivery_blames_nobody() -> None:
    """It is a report that nothing failed, like an RFC 3464 one of `delivered`."""
    told = {"recipients": ["reader@mail.example"]}
    found = read(_event(notificationType="Delivery", delivery=told))
    assert (found.kind, found.feedback_type) == (Kind.BOUNCE_OTHER, "")
    assert [(one.address, one.action) for one in found.reports] == [
        ("reader@mail.example", Action.DELIVERED)
    ]


@pytest.mark.parametrize(
    "charset", ["utf-8", "unicode_escape", "raw-unicode-escape", "utf_7", "U7"]
)
def test_what_no_database_takes_is_in_no_text_of_a_reading(charset: str) -> None:
    head = f"From: a@mail.example\nSubject: a\0b\nContent-Type: text/plain; charset={charset}\n\n"
    found = read(head.encode() + b"\x00\\ud800 \\u0041 \x1b[31m +AEE-")
    assert (found.subject, found.text) == ("ab", "\\ud800 \\u0041 [31m +AEE-")


def test_a_redacted_report_names_whom_the_returned_message_went_to() -> None:
    assert read(feedback("abuse")).recipients == ("reader@mail.example",)


@pytest.mark.parametrize(
    "fields",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; owner=x"},
        {"X_Autoreply": "yes"},
        {"Precedence": "auto_reply"},
        {"Subject": "Автоматический ответ: Новые книги"},
        {"Subject": "Out of office"},
        {"Subject": "Автожауап: демалыстамын"},
    ],
)
def test_a_machine_that_answers_is_told_by_its_header_or_subject(fields: dict[str, str]) -> None:
    found = read(plain("I am away until Monday.", **fields))
    assert (found.kind, found.is_answerable) == (Kind.AUTO_REPLY, False)
    marked = read(plain(f"{WITHDRAW}\nI am away until Monday.", **fields))
    expected = Kind.UNCLEAR if "Subject" in fields else Kind.AUTO_REPLY
    assert (marked.kind, marked.is_answerable) == (expected, False)


@pytest.mark.parametrize("prefix", ["Auto: ", "Re: Auto: "])
def test_a_prefix_alone_makes_no_machine_of_a_person_with_a_mark(prefix: str) -> None:
    """mail-standards A.3 lists it among those that people's programs write."""
    assert read(plain("x", Subject=prefix + WITHDRAW)).kind is Kind.WITHDRAWAL
    assert read(plain(WITHDRAW, Subject=f"{prefix}New books")).kind is Kind.WITHDRAWAL
    assert read(plain("I am away.", Subject=f"{prefix}New books")).kind is Kind.AUTO_REPLY


def test_a_mark_in_what_may_be_an_automatic_reply_is_shown_to_a_person() -> None:
    asks = read(plain("x", Subject=f"Вне офиса: {WITHDRAW}"))
    assert (asks.kind, asks.is_answerable) == (Kind.UNCLEAR, False)
    sure = read(plain("x", Subject=f"Вне офиса: {WITHDRAW}", Auto_Submitted="auto-replied"))
    assert sure.kind is Kind.AUTO_REPLY


def test_a_bounce_that_calls_itself_an_answer_is_a_bounce() -> None:
    fields = {"Auto_Submitted": "auto-replied"}
    assert read(report(FAILED.format("5.1.1", "550 5.1.1 x"), **fields)).kind is Kind.BOUNCE_HARD


@pytest.mark.parametrize(
    "fields",
    [
        {"Return_Path": "<>"},
        {"Precedence": "bulk"},
        {"List_Id": "<books.koktem.example>"},
        {"From": "no-reply@mail.example"},
        {"From": "postmaster@mail.example"},
        {"X_Auto_Response_Suppress": "All"},
    ],
)
def test_lists_robots_and_null_paths_are_never_answered(fields: dict[str, str]) -> None:
    assert not read(plain("Қандай деректерім бар?", **fields)).is_answerable


def test_a_persons_question_may_be_answered() -> None:
    found = read(plain("Какие данные вы храните?", Subject="Вопрос"))
    assert (found.kind, found.is_answerable, found.language) == (Kind.QUESTION, True, "ru")


def test_the_address_that_it_was_sent_to_says_what_it_is() -> None:
    letter = plain("", Subject="")
    assert read(letter, ["Unsubscribe+abc@b.koktem.example"]).kind is Kind.UNSUBSCRIBE
    assert read(letter, ["join@b.koktem.example"]).kind is Kind.JOIN


@pytest.mark.parametrize("box", ["unsubscribe+abc", "join", "join+books"])
def test_a_withdrawal_outweighs_the_address_that_it_was_sent_to(box: str) -> None:
    to = [f"{box}@b.koktem.example"]
    assert read(plain("x", Subject=WITHDRAW), to).kind is Kind.WITHDRAWAL
    assert read(plain(f"Сәлем\n{WITHDRAW}", Subject="x"), to).kind is Kind.WITHDRAWAL
    assert read(plain(f"> {WITHDRAW}", Subject="x"), to).kind is not Kind.WITHDRAWAL
    assert read(plain("x", Subject="Update of personal data"), to).kind is not Kind.RECTIFICATION


def test_a_mark_is_found_in_the_subject_the_text_html_a_forward_and_an_attachments_name() -> None:
    only_html = headed(MIMEText(f"<p>Сәлем</p><p>{WITHDRAW}</p>", "html", "utf-8"))
    passed = headed(MIMEMultipart(), Subject="Fwd")
    passed.attach(MIMEText("қараңыз", "plain", "utf-8"))
    passed.attach(MIMEMessage(headed(MIMEText("сәлем", "plain", "utf-8"), Subject=WITHDRAW)))
    named = headed(MIMEMultipart(), Subject="өтініш")
    file = MIMEText("-", "csv")
    file.add_header("Content-Disposition", "attachment", filename=("utf-8", "", f"{WITHDRAW}.pdf"))
    named.attach(file)
    inline = plain(f"қараңыз\n\n---------- Forwarded message ---------\nТема: {WITHDRAW}\n\nx")
    letters = (plain("x", Subject=WITHDRAW), plain(f"Сәлем\n{WITHDRAW}"), inline)
    built = (only_html.as_bytes(), passed.as_bytes(), named.as_bytes())
    assert [read(one).kind for one in (*letters, *built)] == [Kind.WITHDRAWAL] * 6


@pytest.mark.parametrize(
    "quoted",
    [
        f"> {WITHDRAW}",
        f"2026 ж. 5 қараша, Köktem <news@koktem.example> жазды:\n{WITHDRAW}",
        f"On 5 Nov 2026, Köktem <news@koktem.example> wrote:\n{WITHDRAW}",
        f"-----Original Message-----\nFrom: Köktem\n\n{WITHDRAW}",
        f"От: Köktem <news@koktem.example>\nТема: x\n\n{WITHDRAW}",
        f"________________________________\n{WITHDRAW}",
    ],
)
def test_our_own_footer_below_an_answer_asks_for_nothing(quoted: str) -> None:
    assert read(plain(f"Рахмет, жақсы кітап екен!\n\n{quoted}")).kind is Kind.UNCLEAR


def test_our_own_mail_passed_on_asks_for_nothing() -> None:
    ours = returned()
    ours.set_payload(WITHDRAW, "utf-8")
    passed = headed(MIMEMultipart(), Subject="Fwd: New books")
    passed.attach(MIMEText("смотри", "plain", "utf-8"))
    passed.attach(MIMEMessage(ours))
    assert read(passed.as_bytes()).kind is Kind.UNCLEAR


@pytest.mark.parametrize(
    "charset", ["utf-8", "kz1048", "ptcp154", "koi8-r", "cp1251", "iso-8859-5", "cp866", "utf-16"]
)
def test_a_text_in_every_charset_is_read(charset: str) -> None:
    octets = WITHDRAW.encode(charset, "replace")
    raw = (
        b"From: a@mail.example\nContent-Type: text/plain; charset="
        + charset.encode()
        + (
            b"\nContent-Transfer-Encoding: 8bit\n\n"
            if charset != "utf-16"
            else b"\nContent-Transfer-Encoding: base64\n\n"
        )
    )
    if charset == "utf-16":
        octets = base64.encodebytes(octets)
    assert read(raw + octets).kind is Kind.WITHDRAWAL


@pytest.mark.parametrize("charset", ["utf-8", "kz1048", "ptcp154", "cp1251"])
def test_raw_octets_in_a_subject_are_read(charset: str) -> None:
    subject = WITHDRAW.encode(charset, "replace")
    assert read(b"From: a@mail.example\nSubject: " + subject + b"\n\nx").kind is Kind.WITHDRAWAL


def test_two_authors_are_nobody() -> None:
    letter = b"From: other@mail.example\n" + plain("x")
    assert read(letter).sender is None
