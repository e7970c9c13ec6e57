"""The header of a message, octet by octet.

The standard library's modern policy encodes a long `List-Unsubscribe` as RFC 2047 words, which
is illegal in that field and hides the button from every client; so the fields are written here.
"""

import re
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from functools import lru_cache

from mailing.deliveries.message.encoded import LONGEST_LINE, encode_words, is_plain
from mailing.deliveries.message.frame import Frame, Kind, Stamp, UnsafeValue, one_line
from mailing.deliveries.message.mailbox import ascii_domain, mailbox

LINE_LIMIT = 998  # RFC 5322 section 2.1.1, without CRLF
FOLD_AT = 78
SENDER = re.compile(r"\s*(?:(?P<name>.*?)\s*<(?P<inner>[^<>]+)>|(?P<bare>[^<>\s]+))\s*", re.DOTALL)
ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
ADDRESS = re.compile(r"(?:https?://|mailto:)[!#-;=?-~]+")  # visible ASCII, no quotes or brackets
LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")
OPAQUE = re.compile(r"[A-Za-z0-9._=+-]{1,200}")
MESSAGE_ID = re.compile(r"[A-Za-z0-9._=+-]{1,200}@[A-Za-z0-9.-]{1,255}")


def opening(frame: Frame) -> str:
    """`From`, which is the same for all; raises `UnsafeValue`."""
    found = SENDER.fullmatch(one_line("KELISIM_FROM", frame.sender))
    if not found:
        raise UnsafeValue("KELISIM_FROM is `a@b.example` or `Name <a@b.example>`.", "sender")
    box = mailbox("KELISIM_FROM", found["inner"] or found["bare"])
    name = (found["name"] or "").strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return f"From: {_named(name, box, column=len('From: ')) if name else box}"


# The fields that differ by person or delivery, in their order.
PERSONAL = (
    "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "X-Kelisim-Delivery", "Content-Type",
)  # fmt: skip


# An answer to one person's own request belongs to no list: it has no `List-` field.
UNLISTED = tuple(name for name in PERSONAL if not name.startswith("List-"))


def personal(recipient: str, subject: str, stamp: Stamp) -> list[str]:
    """The fields of `PERSONAL` without the last, `subject` encoded; raises `UnsafeValue`.

    Those of `UNLISTED` where the stamp has no address to leave.
    """
    fields = [
        f"To: {mailbox('The recipient', recipient)}",
        f"Subject: {subject}",
        f"Date: {_date(stamp.date)}",
        f"Message-ID: <{_matching(MESSAGE_ID, 'Message-ID', stamp.message_id)}>",
        f"X-Kelisim-Delivery: {_matching(OPAQUE, 'X-Kelisim-Delivery', stamp.delivery)}",
    ]
    if stamp.leave_url:
        fields.insert(-1, list_unsubscribe(stamp.leave_url, stamp.leave_mailto))
    return fields


def common(frame: Frame) -> list[str]:
    """The fields that say which list this is, the same for all; raises `UnsafeValue`."""
    if frame.reason is Kind.CORRESPONDENCE:
        return ["MIME-Version: 1.0", *_kind(frame), "Auto-Submitted: auto-generated"]
    fields = [
        "MIME-Version: 1.0",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",  # RFC 8058 section 3.1: exactly this
        list_id(frame),
        f"List-Help: <{_matching(ADDRESS, 'List-Help', frame.help_url)}>",
        f"Feedback-ID: {feedback_id(frame)}",
        *_kind(frame),
        "Precedence: bulk",
    ]
    if frame.reason not in (Kind.CAMPAIGN, Kind.TEST):
        fields.append("Auto-Submitted: auto-generated")  # RFC 3834 section 5
    return fields


def _kind(frame: Frame) -> list[str]:
    """The kind of mailing, never the message: the wish of Mail.ru's postmaster rules."""
    return [f"X-Postmaster-Msgtype: {frame.reason}", f"X-Mailru-Msgtype: {frame.reason}"]


def subject_text(subject: str) -> str:
    """The subject as its field carries it: plain when short ASCII, else encoded words."""
    one_line("The subject", subject)
    if is_plain(subject) and len("Subject: ") + len(subject) <= FOLD_AT:
        return subject
    return encode_words(subject, column=len("Subject: "))


def list_unsubscribe(url: str, box: str) -> str:
    """RFC 2369 and 8058: the address first, the mailbox second, folded only between the two.

    They share one line while it stays within 998 octets; each must fit a line of its own.
    """
    address = f"<{_matching(ADDRESS, 'List-Unsubscribe', url)}>"
    mailto = f"<mailto:{mailbox('List-Unsubscribe', box)}>"
    line = f"List-Unsubscribe: {address}, {mailto}"
    if len(line) <= LINE_LIMIT:
        return line
    if len(line) - len(mailto) - 1 > LINE_LIMIT:
        raise UnsafeValue("The address to leave is too long for a header line.", "leave_url")
    return f"List-Unsubscribe: {address},\r\n {mailto}"


def list_id(frame: Frame) -> str:
    """RFC 2919: `phrase <topic.domain>`; the identifier is stable and at most 255 octets."""
    slug = _matching(LABEL, "The topic's slug", frame.topic_slug)
    identifier = f"{slug}.{ascii_domain('KELISIM_PUBLIC_URL', frame.list_domain)}"
    if len(identifier) > 255:
        raise UnsafeValue("List-Id is longer than 255 octets.", "list_domain")
    name = one_line("The topic's name", frame.topic_name).strip()
    return f"List-Id: {_named(name, identifier, column=len('List-Id: '))}"


def feedback_id(frame: Frame) -> str:
    """Gmail's `a:b:c:SenderId`: campaign, topic, kind; nothing that is unique to a message."""
    campaign = _matching(LABEL, "Feedback-ID", frame.feedback)
    letters = re.sub(r"[^a-z0-9]", "", ascii_domain("List-Id", frame.list_domain).lower())
    sender = letters[:15].ljust(5, "0")
    return f"c-{campaign}:t-{frame.topic_slug}:{frame.reason}:{sender}"


def _date(moment: datetime) -> str:
    """RFC 5322 section 3.3. A group of the gate shares one moment, and mostly one second."""
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("a message's date is aware")
    return _second(int(moment.timestamp()), offset)


@lru_cache(maxsize=64)
def _second(unix: int, offset: timedelta) -> str:
    return format_datetime(datetime.fromtimestamp(unix, timezone(offset)))


def _named(name: str, inner: str, column: int) -> str:
    """`phrase <inner>`, folded before the bracket where the line would grow too long."""
    if not name:
        return f"<{inner}>"
    phrase = _phrase(name, column)
    last = phrase.rpartition("\r\n")[2]
    used = len(last) + (column if last == phrase else 0)
    blank = " " if used + len(inner) + 3 <= LONGEST_LINE else "\r\n "
    return f"{phrase}{blank}<{inner}>"


def _phrase(name: str, column: int) -> str:
    if not is_plain(name) or column + len(name) > LONGEST_LINE - 10:
        return encode_words(name, column)
    if ATOMS.fullmatch(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _matching(pattern: re.Pattern[str], what: str, text: str) -> str:
    if not pattern.fullmatch(text):
        raise UnsafeValue(f"{what} holds what its header field cannot carry.", what)
    return text
