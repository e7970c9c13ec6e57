"""One invented operator, campaign and person, from which the tests of the message start."""

from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import Message

from mailing.campaigns.content import Content
from mailing.deliveries.message import (
    Compiled,
    Frame,
    Operator,
    Recipient,
    SignedUp,
    Stamp,
    compile,
)

OPERATOR = Operator(
    "«Көзілдірік» ЖШС", "123456789012", "Астана қ., Абай даңғылы, 1", "helpdesk@glasses.example"
)
FRAME = Frame(
    operator=OPERATOR,
    sender="Көзілдірік <news@glasses.example>",
    topic_slug="products",
    topic_name="Жаңа өнімдер мен қызметтер",
    list_domain="lists.glasses.example",
    feedback="42",
    policy_url="https://glasses.example/policy/3",
    policy_label="3",
    help_url="mailto:helpdesk@glasses.example",
)
# Everything around the author's words is ASCII here, the quotes of the catalogue too.
IN_ENGLISH = replace(
    FRAME,
    operator=replace(OPERATOR, name="Glasses", address="1 Abay Avenue, Astana"),
    topic_name="New products",
    gettext=lambda text: text.translate({0x201C: '"', 0x201D: '"'}),
)
LEAVE_URL = "https://glasses.example/u/AbC-d_9?k=1&z=2"
PREFERENCES_URL = "https://glasses.example/preferences/AbC-d_9?k=1&z=2"
STAMP = Stamp(
    delivery="d5f0c1a2",
    message_id="k3j2h1.d5f0c1a2@glasses.example",
    date=datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
    leave_url=LEAVE_URL,
    leave_mailto="unsubscribe+mzxw6ytb@glasses.example",
    preferences_url=PREFERENCES_URL,
    signed_up=SignedUp(date(2026, 3, 12), "glasses.example"),
)
PERSON = Recipient(
    "asem@glasses.test", {"given_name": "Әсем", "surname": "", "phone": "+77010000000"}
)
BODY = """# Сәлем, {{ given_name|default('құрметті оқырман') }}!

Жаңа көзілдіріктер [дүкенде](https://glasses.example/new?a=1&b=2).

- жеңіл
- берік
"""


def content(body: str = BODY, **changes: str) -> Content:
    """A campaign's words in Kazakh."""
    start = Content("kk", "{{ given_name|default('Оқырман') }}, жаңа көзілдіріктер", body)
    return replace(start, **changes)


def compiled(body: str = BODY, **changes: str) -> Compiled:
    """The same, compiled."""
    return compile(content(body, **changes), FRAME)


def text_of(body: str, person: Recipient = PERSON, **changes: str) -> str:
    """The author's part of the text that this person reads, without the footer."""
    return compiled(body, **changes).preview(person, STAMP).text.rpartition("\n\n----\n")[0]


def html_of(body: str, person: Recipient = PERSON, **changes: str) -> str:
    """The whole HTML that this person gets."""
    return compiled(body, **changes).preview(person, STAMP).html


def parts_of(raw: bytes) -> dict[str, str]:
    """The decoded parts of a message's octets, by subtype."""
    return {
        part.get_content_subtype(): _decoded(part)
        for part in message_from_bytes(raw).walk()
        if not part.is_multipart()
    }


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()
