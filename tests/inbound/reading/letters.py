"""Octets of messages for tests: everybody in them is invented."""

from email import message_from_string
from email.message import Message
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

FROM = "Aigerim <aigerim@mail.example>"
HELPDESK = "helpdesk@koktem.example"
FAILED = (
    "Final-Recipient: rfc822; reader@mail.example\nAction: failed\n"
    "Status: {}\nDiagnostic-Code: smtp; {}"
)


def plain(text: str, **fields: str) -> bytes:
    """A letter of a person: `Subject`, `From` and others by name, `_` for `-`."""
    return headed(MIMEText(text, "plain", "utf-8"), **fields).as_bytes()


def headed(message: Message, **fields: str) -> Message:
    """The message with a header; whatever is not given is a person's to the helpdesk."""
    given = {name.replace("_", "-"): value for name, value in fields.items()}
    stated = {"From": FROM, "To": HELPDESK, "Message-ID": "<one@mail.example>", **given}
    for name, value in stated.items():
        message[name] = value
    return message


def report(*recipients: str, text: str = "It did not arrive.", **fields: str) -> bytes:
    """An RFC 3464 report; each recipient is its block of fields."""
    whole = MIMEMultipart("report", report_type="delivery-status")
    whole.attach(MIMEText(text))
    blocks = "\n\n".join(("Reporting-MTA: dns; mx.mail.example", *recipients))
    whole.attach(_part("message/delivery-status", blocks + "\n"))
    whole.attach(MIMEMessage(returned()))
    stated = {
        "From": "MAILER-DAEMON@mx.mail.example",
        "Subject": "Undelivered",
        "Return-Path": "<>",
    }
    return headed(whole, **{**stated, **fields}).as_bytes()


def feedback(kind: str, *lines: str, **fields: str) -> bytes:
    """An RFC 5965 report of one type."""
    whole = MIMEMultipart("report", report_type="feedback-report")
    whole.attach(MIMEText("This is a report."))
    said = "\n".join(("User-Agent: Loop/1", "Version: 1", f"Feedback-Type: {kind}", *lines))
    whole.attach(_part("message/feedback-report", said + "\n"))
    whole.attach(MIMEMessage(returned()))
    stated = {"From": "loop@provider.example", "Subject": "Report"}
    return headed(whole, **{**stated, **fields}).as_bytes()


def returned() -> Message:
    """A message of ours, as it comes back."""
    message = MIMEText("Three new books.", "plain", "utf-8")
    message["From"] = "Köktem <news@koktem.example>"
    message["To"] = "reader@mail.example"
    message["Subject"] = "New books"
    message["Message-ID"] = "<d.abc123@koktem.example>"
    message["X-Kelisim-Delivery"] = "abc123"
    message["List-Unsubscribe"] = "<https://koktem.example/u/tokenTOKENtokenTOKEN>"
    return message


def _part(kind: str, text: str) -> Message:
    part = Message()
    part["Content-Type"] = kind
    part.set_payload([message_from_string(block) for block in text.split("\n\n")])
    return part
