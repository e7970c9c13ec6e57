"""`read`: a message understood once, in the order that stands here and nowhere else."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from mailing.inbound.reading import automatic, bounces, complaints, dialects, fields, prose
from mailing.inbound.reading.fields import Fields, TooMuch
from mailing.inbound.reading.parts import Part, parse
from mailing.inbound.reading.texts import written
from mailing.inbound.reading.traces import traces_of
from mailing.inbound.reading.trust import trust_of
from mailing.inbound.reading.values import Kind, Reading
from mailing.inbound.reading.wishes import Wish, strongest, wish_in, wish_of
from mailing.policies.marks import Marks

_LONGEST_SUBJECT = 1000
_KAZAKH = re.compile(r"[әғқңөұүһӘҒҚҢӨҰҮҺ]")
_RUSSIAN = re.compile(r"[а-яА-ЯёЁ]{3}")
_ENGLISH = re.compile(r"(?i)\b(?:the|and|please|you|my|is|consent|hello|thanks?|with)\b")


@dataclass(frozen=True)
class _Letter:
    """A message on its way to being read."""

    message: Part
    base: Reading
    returned: Fields
    mailboxes: tuple[str, ...]
    marks: Marks
    why_automatic: str = field(default="")


def read(
    raw: bytes,
    recipients: Sequence[str] = (),
    *,
    authserv_ids: Sequence[str] = (),
    marks: Marks | None = None,
) -> Reading:
    """What these octets say. Never raises, whatever they are; the same octets, the same reading.

    `recipients` are those of the envelope; `authserv_ids` name the receiving servers whose
    `Authentication-Results` are believed; `marks` are those of the policy beside the built-in ones.
    """
    try:
        return _read(raw, recipients, authserv_ids, _with_built_in(marks))
    except TooMuch as limit:
        return Reading(Kind.UNCLEAR, str(limit), is_answerable=False)
    except (ValueError, LookupError, ArithmeticError, TypeError, RecursionError, MemoryError):
        # What no test found must not stop the mailbox: a person reads it.
        return Reading(Kind.UNCLEAR, "unreadable", is_answerable=False)


def _read(
    raw: bytes, recipients: Sequence[str], authserv_ids: Sequence[str], marks: Marks
) -> Reading:
    message = parse(raw)
    returned = bounces.returned(message)
    base = _base(message, returned, authserv_ids)
    mailboxes = tuple(one.rpartition("@")[0].lower().partition("+")[0] for one in recipients)
    why = automatic.why_automatic(message, base.subject)
    base = replace(
        base,
        is_answerable=automatic.is_answerable(message, base.sender, base.return_path, why),
    )
    letter = _Letter(message, base, returned, mailboxes, marks, why)
    return next(found for step in _ORDER if (found := step(letter)))


def _reported(letter: _Letter) -> Reading | None:
    """A bounce in the form of RFC 3464."""
    reports = bounces.reports_of(letter.message)
    if not reports:
        return None
    if not bounces.has_failed(reports):
        return _as(letter, Kind.AUTO_REPLY, "delivery receipt", reports=reports)
    return _bounce(letter, "delivery status", reports)


def _notified(letter: _Letter) -> Reading | None:
    """A notification of Amazon SES by way of SNS."""
    if letter.message.type != "text/plain":
        return None
    told = dialects.of_json(letter.message.text)
    if told is None:
        return None
    named, listed = told
    if named == "complaint":
        people = tuple(address for address, _, _ in listed)
        return _as(letter, Kind.COMPLAINT, "notification", complained_of=people, feedback_type="abuse")
    if named != "bounce" or not listed:
        return _as(letter, Kind.AUTO_REPLY, "notification")
    return _bounce(letter, "notification", bounces.once(prose.of_listed(listed)))


def _told(letter: _Letter) -> Reading | None:
    """A bounce in prose."""
    was_ours = "bounce" in letter.mailboxes
    reports = prose.reports_of(letter.message, letter.base, letter.returned, was_ours)
    return _bounce(letter, "words of a mail system", bounces.once(reports)) if reports else None


def _nameless(letter: _Letter) -> Reading | None:
    """A bounce that names nobody."""
    kind = prose.kind_of_nameless(letter.message, letter.base)
    return _as(letter, kind, "words of a mail system, no address") if kind else None


def _complaint(letter: _Letter) -> Reading | None:
    found = complaints.complaint_of(letter.message)
    if found:
        return _as(
            letter,
            Kind.COMPLAINT,
            "feedback report",
            complained_of=found.recipients,
            feedback_type=found.feedback_type,
        )
    if complaints.is_aggregate(letter.base.subject, letter.message):
        return _as(letter, Kind.JUNK, "DMARC aggregate report")
    return None


def _automatic(letter: _Letter) -> Reading | None:
    why = letter.why_automatic
    if not why and "bounce" in letter.mailboxes and letter.base.return_path == "":
        why = "null path to a return path"
    return _as(letter, Kind.AUTO_REPLY, why) if why else None


def _addressed(letter: _Letter) -> Reading | None:
    """By the address that it was written to (RFC 2369 3.2)."""
    for kind in (Kind.UNSUBSCRIBE, Kind.JOIN):
        if kind.value in letter.mailboxes:
            return _as(letter, kind, f"address {kind.value}")
    return None


def _in_subject(letter: _Letter) -> Reading | None:
    values = letter.message.fields.get("subject", [])
    ways = dict.fromkeys(one for value in values[:3] for one in fields.readings(value))
    found = strongest(wish_of(one[:_LONGEST_SUBJECT], letter.marks) for one in ways)
    return _wished(letter, found, "subject")


def _in_body(letter: _Letter) -> Reading | None:
    return _wished(letter, wish_in(letter.base.text, letter.marks), "body")


def _in_forwarded(letter: _Letter) -> Reading | None:
    """In a letter that is forwarded as a part; never in one of ours, whose footer has the mark."""
    held = [part.inner[0] for part in letter.message.walk() if part.type == "message/rfc822"]
    theirs = [part for part in held[:5] if not _is_ours(part.fields)]
    subjects = (wish_of(fields.first(one.fields, "subject")[:1000], letter.marks) for one in theirs)
    found = strongest([*subjects, *(wish_in(written(one), letter.marks) for one in theirs)])
    return _wished(letter, found, "forwarded message")


def _in_attachment(letter: _Letter) -> Reading | None:
    names = [part.filename for part in letter.message.walk(into_messages=True) if part.filename]
    plain = (name.rpartition(".")[0] or name for name in names[:20])
    found = strongest(wish_of(re.sub(r"[_+.-]", " ", one)[:400], letter.marks) for one in plain)
    return _wished(letter, found, "name of an attachment")


def _otherwise(letter: _Letter) -> Reading:
    if automatic.is_spam(letter.message):
        return _as(letter, Kind.JUNK, "marked as spam")
    if automatic.is_bulk(letter.message):
        return _as(letter, Kind.JUNK, "mail of a list")
    if not (letter.base.text.strip() or letter.base.subject.strip()):
        return _as(letter, Kind.UNCLEAR, "no words")
    if letter.base.return_path == "" or not letter.base.sender:
        return _as(letter, Kind.UNCLEAR, "no sender")
    return _as(letter, Kind.QUESTION, "a letter")


_ORDER: tuple[Callable[[_Letter], Reading | None], ...] = (
    _reported,
    _notified,
    _complaint,
    _told,
    _automatic,
    _nameless,
    _addressed,
    _in_subject,
    _in_body,
    _in_forwarded,
    _in_attachment,
    _otherwise,
)


def _wished(letter: _Letter, wish: Wish | None, where: str) -> Reading | None:
    if wish is None:
        return None
    language = wish.language or letter.base.language
    return _as(letter, wish.kind, f"{wish.words} in {where}", language=language)


def _bounce(letter: _Letter, reason: str, reports: tuple[bounces.Report, ...]) -> Reading:
    kind = bounces.kind_of(reports)
    return _as(letter, kind, reason, reports=reports, is_answerable=False)


def _as(letter: _Letter, kind: Kind, reason: str, **more: object) -> Reading:
    return replace(letter.base, kind=kind, reason=reason, **more)  # type: ignore[arg-type]


def _base(message: Part, returned: Fields, authserv_ids: Sequence[str]) -> Reading:
    known = message.fields
    sender = _sender(known)
    text, subject = written(message), fields.first(known, "subject")[:_LONGEST_SUBJECT]
    ids = fields.first(known, "message-id").strip("<> \t")
    return Reading(
        Kind.UNCLEAR,
        "",
        message_id=ids or None,
        sender=sender,
        return_path=_return_path(known),
        reply_to=next(iter(fields.addresses(fields.first(known, "reply-to"))), None),
        subject=subject,
        text=text,
        language=_language(f"{subject}\n{text[:4000]}"),
        trust=trust_of(message, sender, authserv_ids),
        traces=traces_of(message, returned),
    )


def _sender(known: Fields) -> str | None:
    found = [one for value in known.get("from", ()) for one in fields.addresses(fields.text(value))]
    return found[0] if len(found) == 1 else None


def _return_path(known: Fields) -> str | None:
    if "return-path" not in known:
        return None
    return next(iter(fields.addresses(fields.first(known, "return-path"))), "")


def _is_ours(known: Fields) -> bool:
    return "x-kelisim-delivery" in known or "list-unsubscribe" in known


def _language(text: str) -> str | None:
    if _KAZAKH.search(text):
        return "kk"
    if _RUSSIAN.search(text):
        return "ru"
    return "en" if _ENGLISH.search(text) else None


def _with_built_in(marks: Marks | None) -> Marks:
    built_in = Marks()
    if marks is None:
        return built_in
    return Marks(
        withdrawal=tuple(dict.fromkeys((*built_in.withdrawal, *marks.withdrawal))),
        rectification=tuple(dict.fromkeys((*built_in.rectification, *marks.rectification))),
    )
