"""Bounces: what mail systems write when they could not deliver (RFC 3464, and the many others)."""

import re
from collections.abc import Sized
from dataclasses import dataclass
from email.message import Message

from mailing.inbound.reading import robots
from mailing.inbound.reading.addresses import addresses, without
from mailing.inbound.reading.blame import code_in
from mailing.inbound.reading.limits import TooHostile
from mailing.inbound.reading.markup import as_written
from mailing.inbound.reading.opened import Opened
from mailing.inbound.reading.report import MOST_REPORTS, TOO_MANY, reports, reports_in
from mailing.inbound.reading.returned import cut, inner_message, sent_by, sent_to
from mailing.inbound.reading.sentences import LONGEST, Sentences
from mailing.inbound.reading.values import Action, Report

_SUBJECT = re.compile(
    r"""undeliver|non[- ]?deliver|fail(?:ure|ed)?\s(?:notice|notification|delivery)
    |delivery\s(?:status|fail|report|problem|error|delay|has\sfailed|subsystem|notification)
    |deliver\w*\s(?:\w+\s)?fail|returned\s(?:mail|to\ssender)
    |mail\s(?:delivery\s)?(?:fail|error|system\serror)|(?:could|can)\s?not\sbe\sdelivered
    |not\sdelivered|bounce|rejected|errors\sfrom|warning:|error\ssending\syour
    |message\s(?:\S+\s)?(?:delay|status|failed|you\ssent|delivery)
    |не\sдоставлен|недоставлен|не\sможет\sбыть\sдоставлен|не\sудалось\sдоставить
    |жеткізілмеді|жеткізу\sмүмкін|メールエラー|配信|送信できません|退信
    |unzustellbar|no\sse\spud|remise""",
    re.IGNORECASE | re.VERBOSE,
)
_SENTENCE = re.compile(
    r"""(?:could|can|was|were)\s?n[o']t\s(?:be\s)?(?:able\sto\s)?deliver|unable\sto\sdeliver|wasn't\sable\sto\sdeliver|(?:could|can)\snot\sbe\s(?:delivered|reached|sent)
    |(?:delivery|deliver\w*)\s(?:\w+\s){0,6}fail|fail\w*\s(?:\w+\s){0,3}deliver|not\s(?:yet\s)?been\sdelivered|permanent\s(?:\w+\s)?(?:error|fail)|fatal\serrors?|undeliver|did\snot\sreach
    |(?:address|recipient)\w*(?:\(\S+\))?\s(?:\w+\s)?(?:was|were|had|failed|rejected)|has\sbeen\sdelayed|not\sdelivered|error\s(?:\w+\s){0,4}deliver|trouble\sdelivering|(?:message|mail)\s(?:\w+\s){0,4}(?:rejected|bounced|returned)
    |transcript\sof\ssession|returned\smessage|failure\sreasons|invalid\sfinal\sdelivery|no\svalid\srecipients|не\sможет\sбыть\sдоставлено|не\sудалось\sдоставить|送信できませんでした|жеткіз\w*\sалмады""",
    re.IGNORECASE | re.VERBOSE,
)

_DELAYED = re.compile(
    r"has\sbeen\sdelayed|not\s(?:yet\s)?been\sdelivered|warning\smessage\sonly|will\s(?:be\s)?(?:retried|retry|continue|keep)|still\sbeing\stried|delay\sreason",
    re.IGNORECASE,
)
_LONGEST_WORDS, _MOST_WORDS = 2000, 60_000


@dataclass(frozen=True)
class Bounce:
    """Its reports, none where it names nobody; `is_declared` where its structure says that it is
    one, not its words alone."""

    reports: list[Report]
    is_declared: bool


def bounce(opened: Opened) -> Bounce | None:
    """The bounce that a message is; None for any other."""
    by_machine = reports(opened)
    text = _own_text(opened)
    is_declared = bool(by_machine) or _declares_it(opened)
    if not (is_declared or _says_so(opened, text)):
        return None
    own, rest = cut(text)
    said = Sentences(own[:LONGEST])
    found = by_machine or reports_in(text[:LONGEST])
    completed = [_completed(report, said, _share(found)) for report in found]
    return Bounce(completed or _by_sentences(opened, said, rest), is_declared)


def sentences_of(opened: Opened) -> str:
    """What its author, a mail system perhaps, wrote above what it returns."""
    return cut(_own_text(opened))[0][:LONGEST]


def _declares_it(opened: Opened) -> bool:
    kind = opened.message.get_content_type()
    declared = str(opened.message.get_param("report-type") or "").lower()
    is_report = kind == "multipart/report" and "delivery-status" in declared
    return is_report or bool(opened.field("X-Failed-Recipients"))


def _says_so(opened: Opened, text: str) -> bool:
    """By a robot's name together with what it says."""
    if not _is_robot(opened):
        return False
    return bool(
        _SENTENCE.search(text[:LONGEST])
        or (_SUBJECT.search(opened.field("Subject")) and _names(text))
    )


def _names(text: str) -> bool:
    return bool(addresses(text[:LONGEST]))


def _is_robot(opened: Opened) -> bool:
    is_nameless = opened.message.get("From") is None
    return opened.has_null_path or is_nameless or robots.reports(opened.field("From"))


def _own_text(opened: Opened) -> str:
    """What the mail system wrote for people to read."""
    parts = list(opened.own("text/plain")) or list(opened.own("text/html"))
    texts = [as_written(part.text) if part.type == "text/html" else part.text for part in parts[:6]]
    return "\n\n".join(texts)


def _share(found: Sized) -> int:
    """How many letters of each are judged: many recipients are told apart by few words."""
    return min(_LONGEST_WORDS, _MOST_WORDS // max(1, len(found)))


def _completed(report: Report, said: Sentences, longest: int) -> Report:
    """A report that says little, with the sentences about its recipient."""
    if report.diagnostic and len(report.diagnostic) > 12:
        return report
    return _replaced(report, (said.about(report.address) or said.text)[:longest])


def _replaced(report: Report, words: str) -> Report:
    said = f"{report.diagnostic} {words}".strip()
    return Report(
        report.address, report.action, report.status, said[:_LONGEST_WORDS], report.original
    )


def _by_sentences(opened: Opened, said: Sentences, rest: str) -> list[Report]:
    action = Action.DELAYED if _DELAYED.search(said.text) else Action.FAILED
    made = []
    recipients = _recipients(opened, said, inner_message(opened, rest))
    if len(recipients) > MOST_REPORTS:
        raise TooHostile(TOO_MANY)
    for address in recipients:
        words = (said.about(address) or said.text)[: _share(recipients)]
        made.append(Report(address, action, code_in(words), words))
    return made


def _recipients(opened: Opened, said: Sentences, inner: Message) -> list[str]:
    """The surest way that finds somebody."""
    ours = _senders(opened, inner)
    ways = (
        addresses(opened.field("X-Failed-Recipients")),
        without(said.listed, ours),
        without(said.named, ours),
        without(sent_to(inner), [*ours, *addresses(opened.field("From"))]),
        sent_to(inner)[:1],
        without(addresses(said.text), ours)[:1],
    )
    return next((list(dict.fromkeys(found)) for found in ways if found), [])


def _senders(opened: Opened, inner: Message) -> list[str]:
    """Addresses that a bounce mentions because they sent the message, or report on it."""
    told = [
        a for name in ("To", "Delivered-To", "X-Original-To") for a in addresses(opened.field(name))
    ]
    wrote = [*sent_by(inner), *addresses(opened.field("Reply-To"))]
    to = {address.casefold() for address in sent_to(inner)}
    return [
        address for address in [*told, *wrote] if address.casefold() not in to or address in told
    ]
