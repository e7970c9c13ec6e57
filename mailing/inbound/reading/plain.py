"""The plain reading: by the address that it was sent to, by what machines say of themselves in the
header, and by the marks as they are declared, letter for letter. What it does not understand is
`unclear`, never a guess.
"""

import re
from collections.abc import Sequence
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses

from mailing.inbound.reading.values import Kind, Reading, Traces, Trust

LONGEST_TEXT = 64 * 1024
# RFC 2033 and 5321 know no limit for a header; nobody's is as long as this.
LONGEST_HEADER = 256 * 1024

_PREFIX = re.compile(r"\s*(re|fwd?|aw|wg|отв|ответ|на|пересл|қайта|жауап)\s*(\[\d+\])?\s*:", re.I)
_LINK = re.compile(r"(?:https?://|mailto:)[!#-;=?-~]{1,1000}")
_ID = re.compile(r"<([^<>\s]{1,300})>")
_LISTED = ("list", "bulk", "junk", "auto_reply")
_BY_NAME = {"unsubscribe": Kind.UNSUBSCRIBE, "join": Kind.JOIN}
_QUOTED = (">", "|")


def read(
    raw: bytes,
    recipients: Sequence[str] = (),
    *,
    authserv_ids: Sequence[str] = (),
    marks: tuple[Sequence[str], Sequence[str]] = ((), ()),
) -> Reading:
    """Read one message; `marks` are those of withdrawal and of rectification. Never raises."""
    try:
        return _read(message_from_bytes(raw), recipients, authserv_ids, marks)
    except Exception as error:
        # Whatever somebody wrote to break a reader is for a person to look at.
        return Reading(Kind.UNCLEAR, f"cannot be read ({type(error).__name__})")


def _read(
    message: Message,
    recipients: Sequence[str],
    authserv_ids: Sequence[str],
    marks: tuple[Sequence[str], Sequence[str]],
) -> Reading:
    subject, text = _subject(message), _text(message)
    own = "\n".join(line for line in text.splitlines() if not line.startswith(_QUOTED))
    kind, reason = _kind(message, recipients, (subject, own), marks)
    sender = _only(message, "From")
    return Reading(
        kind=kind,
        reason=reason,
        message_id=_first_id(message["Message-ID"]),
        sender=sender,
        return_path=_return_path(message),
        reply_to=_only(message, "Reply-To"),
        subject=subject,
        text=own,
        trust=_trust(message, sender, authserv_ids),
        is_answerable=_is_answerable(message),
        traces=_traces(message, text),
    )


def _kind(
    message: Message,
    recipients: Sequence[str],
    words: tuple[str, str],
    marks: tuple[Sequence[str], Sequence[str]],
) -> tuple[Kind, str]:
    if message.get_content_type() == "multipart/report":
        is_complaint = message.get_param("report-type") == "feedback-report"
        return (Kind.COMPLAINT if is_complaint else Kind.BOUNCE_OTHER), "a report by its own word"
    if _auto_submitted(message) != "no":
        return Kind.AUTO_REPLY, "automatic by its own word"
    names = [address.partition("@")[0].partition("+")[0].lower() for address in recipients]
    for name in names:
        if name in _BY_NAME:
            return _BY_NAME[name], f"sent to {name}"
    subject, text = words
    for kind, said in zip((Kind.WITHDRAWAL, Kind.RECTIFICATION), marks, strict=True):
        if any(_is_mark(subject, mark) for mark in said):
            return kind, "the mark in the subject"
        if any(_is_mark(line, mark) for line in text.splitlines()[:20] for mark in said):
            return kind, "the mark in a line of its own"
    return Kind.UNCLEAR, "no mark as it is declared"


def _is_mark(line: str, mark: str) -> bool:
    return _bare(line) == _bare(mark)


def _bare(line: str) -> str:
    while found := _PREFIX.match(line):
        line = line[found.end() :]
    return " ".join(line.split()).strip(" «»“”\"'.!…").casefold()


def _subject(message: Message) -> str:
    """Encoded words, or octets that were sent as they are."""
    written = [value for name, value in message.raw_items() if name.lower() == "subject"]
    octets = str(written[0]).encode("utf-8", "surrogateescape") if written else b""
    return str(make_header(decode_header(octets.decode("utf-8", "replace"))))


def _text(message: Message) -> str:
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            octets = part.get_payload(decode=True)
            charset = part.get_content_charset("utf-8")
            return (
                octets.decode(charset, "replace")[:LONGEST_TEXT]
                if isinstance(octets, bytes)
                else ""
            )
    return ""


def _only(message: Message, name: str) -> str | None:
    """The one address of a field; None where there is none or more than one."""
    found = getaddresses([str(value) for value in message.get_all(name, [])])
    return found[0][1] or None if len(found) == 1 else None


def _return_path(message: Message) -> str | None:
    written = message["Return-Path"]
    return str(written).strip().strip("<>") if written is not None else None


def _first_id(value: object) -> str | None:
    found = _ID.search(str(value)) if value is not None else None
    return found[1] if found else None


def _auto_submitted(message: Message) -> str:
    return str(message.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()


def _is_answerable(message: Message) -> bool:
    """RFC 3834 section 2."""
    is_listed = any(name.lower().startswith("list-") for name in message)
    is_bulk = str(message.get("Precedence", "")).strip().lower() in _LISTED
    is_automatic = (
        _auto_submitted(message) != "no" or message.get_content_type() == "multipart/report"
    )
    return not (is_listed or is_bulk or is_automatic or _return_path(message) == "")


def _trust(message: Message, sender: str | None, authserv_ids: Sequence[str]) -> Trust:
    """RFC 8601: what the topmost field of the receiving server says; all others may be forged."""
    ours = {one.lower() for one in authserv_ids}
    domain = (sender or "").rpartition("@")[2].lower()
    for written in message.get_all("Authentication-Results", []):
        name, *results = str(written).split(";")
        if (name.split() or [""])[0].lower() in ours:
            said = [_result(one, domain) for one in results]
            return Trust.ALIGNED if domain and Trust.ALIGNED in said else Trust.FAILED
    return Trust.UNKNOWN


def _result(result: str, domain: str) -> Trust:
    properties = dict(word.lower().split("=", 1) for word in result.split() if "=" in word)
    if properties.get("dmarc") == "pass":
        return _aligned(properties.get("header.from", ""), domain)
    if properties.get("dkim") == "pass":
        return _aligned(properties.get("header.d", ""), domain)
    return Trust.FAILED


def _aligned(authenticated: str, domain: str) -> Trust:
    """The same domain: without the DNS nobody knows which others belong to it (RFC 9989 4.10)."""
    return Trust.ALIGNED if authenticated.strip('"') == domain else Trust.FAILED


def _traces(message: Message, text: str) -> Traces:
    named = " ".join(str(message.get(name, "")) for name in ("In-Reply-To", "References"))
    return Traces(
        message_ids=tuple(dict.fromkeys(_ID.findall(named))),
        leave_links=tuple(dict.fromkeys(_LINK.findall(text))),
    )
