"""Whether what the DNS says of the sending domain will do, in a sentence that says what to do."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from mailing.base import dns
from mailing.base.languages import gettext as _
from mailing.deliveries.dns_records import Name, Record

N_ = str  # Marks a text for the catalogues.


class Standing(StrEnum):
    """How what was found compares with what is needed."""

    FINE = "fine"
    OTHER = "other"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Verdict:
    """What is to be thought of what was found, in a sentence that says what to do."""

    standing: Standing
    sentence: str

    @property
    def is_fault(self) -> bool:
        """Whether the domain's owner has something to do."""
        return self.standing in (Standing.OTHER, Standing.MISSING)


def verdict(record: Record, found: tuple[str, ...], trouble: str | None) -> Verdict:
    """What a look at a record came to, `trouble` why nobody could say."""
    return unknown(record, trouble) if trouble else judge(record, found)


def judge(record: Record, found: tuple[str, ...]) -> Verdict:
    """What was found where the record should be; pure."""
    return _JUDGES[record.name](record, found)


def unknown(record: Record, trouble: str) -> Verdict:
    """Nobody could say; that is a thing to look at, and never a fault of the domain."""
    sentence = _("Could not be looked up: %(why)s.", why=trouble)
    if dns.is_reserved(record.host):
        sentence = _("This name is reserved for examples; no DNS knows it.")
    return Verdict(Standing.UNKNOWN, sentence)


def _judge_spf(_record: Record, found: tuple[str, ...]) -> Verdict:
    said = [text for text in found if re.match(r"(?i)v=spf1(?:\s|$)", text)]
    if not said:
        return _missing()
    if len(said) > 1:
        return _other(_("There are two SPF records, which counts as none: make one of them."))
    return next(_faults_of_spf(said[0].lower()), _fine(_("Found; it names who may send.")))


def _faults_of_spf(text: str) -> Iterator[Verdict]:
    if re.search(r"(?:^|\s)\+?all\b", text):
        yield _other(_("It lets everybody send in your name: end it with -all."))
    elif not re.search(r"[-~]all\b|redirect=", text):
        yield _other(_("It does not say what of all others: end it with -all."))


def _judge_dkim(record: Record, found: tuple[str, ...]) -> Verdict:
    keys = [_value(text, "p") for text in found if _value(text, "p") is not None]
    if not keys:
        return _missing()
    if _value(record.expected, "p") in keys:
        return _fine(_("Found; it is the key that messages are signed with."))
    if not any(keys):
        return _other(_("The key was revoked: no signature by it is believed."))
    return _other(_("Another key stands there than the one that signs: no signature is believed."))


def _judge_dmarc(_record: Record, found: tuple[str, ...]) -> Verdict:
    said = [text for text in found if re.match(r"(?i)v=DMARC1\b", text)]
    if not said:
        return _missing()
    if len(said) > 1:
        return _other(_("There are two DMARC records, which counts as none: make one of them."))
    step = _LADDER.get((_value(said[0], "p") or "").lower())
    return _fine(_(step)) if step else _other(_("Its p= is none of none, quarantine, reject."))


def _judge_mx(_record: Record, found: tuple[str, ...]) -> Verdict:
    if not found:
        return _missing()
    if any(text.split()[-1] == "." for text in found):
        return _other(_("It says that this domain takes no mail, so no bounce comes back."))
    return _fine(_("Found; bounces have a place to come back to."))


def _judge_ptr(_record: Record, found: tuple[str, ...]) -> Verdict:
    if not found:
        return _missing()
    if any(text.endswith(" ?") for text in found):
        return _other(_("An address has no name that leads back to it: ask its network for one."))
    return _fine(_("Found; each address has a name that leads back to it."))


def _value(text: str, tag: str) -> str | None:
    """The value of a tag of a list (RFC 6376 3.2), white space left out."""
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals and name.strip().lower() == tag:
            return re.sub(r"\s", "", value)
    return None


def _fine(sentence: str) -> Verdict:
    return Verdict(Standing.FINE, sentence)


def _other(sentence: str) -> Verdict:
    return Verdict(Standing.OTHER, sentence)


def _missing() -> Verdict:
    return Verdict(Standing.MISSING, _("Nothing is published there: add the record."))


_LADDER = {
    "none": N_("Found; it only watches. Once all mail passes, ask for quarantine, then reject."),
    "quarantine": N_("Found; what fails is put aside. Once all mail passes, ask for reject."),
    "reject": N_("Found; what fails is refused."),
}
_JUDGES: dict[Name, Callable[[Record, tuple[str, ...]], Verdict]] = {
    Name.SPF: _judge_spf,
    Name.DKIM: _judge_dkim,
    Name.DMARC: _judge_dmarc,
    Name.MX: _judge_mx,
    Name.PTR: _judge_ptr,
}
