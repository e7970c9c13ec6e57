"""Whether a message in prose is a bounce at all; who wrote it and what it says must both fit."""

import re
from collections.abc import Iterable

from mailing.inbound.reading import automatic, dialects, fields
from mailing.inbound.reading.diagnosis import code_of, judge, of_words
from mailing.inbound.reading.fields import Fields
from mailing.inbound.reading.parts import Part
from mailing.inbound.reading.texts import shown
from mailing.inbound.reading.values import Action, Kind, Reading, Report

_SUBJECT = re.compile(
    r"(?i)undeliver|deliver\w* (?:status|failure|failed|problem|error|notification|has failed)"
    r"|(?:mail|message|delivery)\b.{0,40}\b(?:fail|error|could not be delivered|not delivered)"
    r"|failure notice|returned mail|mail system error|notice: mail delivery|bounce"
    r"|(?:warning|delay).{0,40}(?:message|mail|deliver)|nondeliverable|non recapitabile|unzustellbar"
    r"|не ?доставлен|недоставлен|не может быть доставлено|жеткізілмеді|errors from|配信|送信"
)
_SAYS = re.compile(
    r"(?i)could ?n[o']t be deliver|cannot be deliver|can't be deliver|not (?:be )?delivered"
    r"|undeliver|unable to deliver|able to deliver|deliver\w*\b.{0,60}\bfail|fail\w* to deliver"
    r"|error\b.{0,60}\bdeliver|did not reach|not be reached|could not be reached|returned to sender"
    r"|permanent (?:fatal )?error|was rejected|rejected by|user unknown|unknown user|giv(?:en|ing) up"
    r"|fatal errors|failure reasons?|delivery status|invalid final delivery|host unknown|bounced"
    r"|transcript of session|delivery to the following|have been delayed|delayed\b|wird nicht"
    r"|не ?может быть доставлен|не ?доставлен|не удалось доставить|жеткізу мүмкін|送信できません"
    r"|配信(?:できません|不能)|mailbox is full|mailbox full|remote host said|undelivered|レポート"
)
_NAMES = re.compile(
    r"(?i)mail delivery|delivery (?:sub)?system|system administrator|mailer[ -]?daemon|postmaster"
    r"|\bndr\b|mail system|mail administrator|internet mail"
)
_MACHINE = "bounce"


def reports_of(
    message: Part, base: Reading, returned: Fields, was_ours: bool
) -> list[Report]:
    """The reports of a bounce in prose; none for whatever is not one.

    `was_ours`: it came to a return path of ours, so that the sender need not be a machine by name.
    """
    failed = fields.addresses(fields.first(message.fields, "x-failed-recipients"))
    text = _text(message)
    if not _is_bounce(message, base, text, was_ours or bool(failed)):
        return []
    ours = _ours(message, base, returned)
    found = dialects.reports_of(text, failed, ours, base.subject)
    return found or _of_returned(text, ours, returned)


def of_listed(listed: Iterable[tuple[str, str, str]]) -> list[Report]:
    """Reports from address, status and words."""
    found = []
    for address, stated, words in listed:
        status = code_of(stated, words)
        kind = judge(Action.FAILED, status, words)
        found.append(Report(address, Action.FAILED, status, words[:2000], kind))
    return found


def kind_of_nameless(message: Part, base: Reading) -> Kind | None:
    """The kind of a bounce that names nobody; None for whatever is not one beyond doubt."""
    text = _text(message)
    is_sure = _is_machine(message, base) and _SUBJECT.search(base.subject) and _SAYS.search(text)
    return of_words(dialects.above(text)) if is_sure else None


def _is_bounce(message: Part, base: Reading, text: str, is_known: bool) -> bool:
    said = dialects.above(text)
    told = bool(_SAYS.search(said) or _SUBJECT.search(base.subject))
    if is_known or _is_machine(message, base):
        return told
    return base.return_path == "" and bool(_SAYS.search(said) and _SUBJECT.search(base.subject))


def _is_machine(message: Part, base: Reading) -> bool:
    """Whether the sender is a mail system by its name or its path."""
    written = fields.first(message.fields, "from")
    local_part = (base.sender or "").partition("@")[0]
    path = (base.return_path or "").partition("@")[0]
    if automatic.ROBOT.match(local_part) or _NAMES.search(written):
        return True
    is_null = base.return_path == "" or bool(automatic.ROBOT.match(path))
    return "<>" in written or (not written and is_null) or (is_null and not base.sender)


def _text(message: Part) -> str:
    text = shown(message)
    report = [p.text for p in message.walk() if "delivery-status" in p.type]
    return "\n".join([text, *report])


def _ours(message: Part, base: Reading, returned: Fields) -> set[str]:
    """The addresses that cannot be what failed: the sender's, and the mail system's own.

    Some systems address the bounce to both; to whom the returned message went is none of ours.
    """
    own = _addresses(message.fields, ("to", "delivered-to", "x-original-to", "from", "reply-to"))
    own -= _addresses(returned, ("to",))
    own |= {one.lower() for one in (base.sender, base.return_path) if one}
    return own | _addresses(returned, ("from", "return-path", "sender", "reply-to", "errors-to"))


def _addresses(known: Fields, names: tuple[str, ...]) -> set[str]:
    values = [value for name in names for value in fields.every(known, name)]
    return {one.lower() for value in values for one in fields.addresses(value)}


def _of_returned(text: str, ours: set[str], returned: Fields) -> list[Report]:
    """The one to whom the returned message was written, where the words name nobody."""
    written = [one for value in fields.every(returned, "to") for one in fields.addresses(value)]
    said = dialects.above(text)
    status = code_of("", said)
    kind = judge(Action.FAILED, status, said)
    return [
        Report(one, Action.FAILED, status, " ".join(said.split())[:2000], kind)
        for one in dict.fromkeys(written)
        if one.lower() not in ours
    ][:1]
