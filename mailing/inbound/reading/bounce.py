"""Bounces: what mail systems write when they could not deliver (RFC 3464, and the many others)."""

import re
from collections.abc import Iterator
from email.message import Message

from mailing.inbound.reading.addresses import ADDRESS, addresses, clean, first, without
from mailing.inbound.reading.blame import code_in
from mailing.inbound.reading.limits import TooHostile
from mailing.inbound.reading.markup import as_written
from mailing.inbound.reading.opened import Opened
from mailing.inbound.reading.report import MOST_REPORTS, TOO_MANY, reports, reports_in
from mailing.inbound.reading.returned import cut, inner_message, sent_by, sent_to
from mailing.inbound.reading.values import Action, Report

_ROBOT = re.compile(
    r"mailer-?\s?daemon|postmaster|poo?stmaster|mail\s?deliver|delivery\s?(?:sub)?system|no-?reply|bounce|"
    r"administrator|sysadmin|mail\.delivery|interscan|^\s*<>\s*$|^\s*$",
    re.IGNORECASE,
)
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

_LIST = re.compile(rf"^[\s>*\"'#•-]*[<\"']?({ADDRESS})[>\"']?\s*(.*)$")
_AFTER = re.compile(
    rf"""(?<![\w@.-])(?:to|for|recipients?(?:\s(?:address|is))?|address(?:es)?(?:\(es\))?|userid|failed|rcpt(?:\sto)?|mailbox|user|account|адрес\w*|получател\w*|мекенжай\w*)
    [\s:=]{{1,8}}(?:--\s{{0,4}})?(?:smtp:)?[<"'\[(]?({ADDRESS})""",
    re.IGNORECASE | re.VERBOSE,
)
_REFUSED = re.compile(rf"(?:^|[\s>])[45]\d\d[\s-](?:[45]\.\d+\.\d+\s)?[<(]?({ADDRESS})")
_ASIDE = re.compile(
    r"mail\sfrom|envelope-from|contact|assistance|administrator|questions?|please\s(?:visit|see|forward)|support@|^\s*(?:From|Sender|Reply-To|Return-Path|To|Cc|Message-ID)\s*:",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"has\sbeen\sdelayed|not\s(?:yet\s)?been\sdelivered|warning\smessage\sonly|will\s(?:be\s)?(?:retried|retry|continue|keep)|still\sbeing\stried|delay\sreason",
    re.IGNORECASE,
)
_LONGEST = 20_000


def bounce(opened: Opened) -> list[Report] | None:
    """The reports of a bounce, none where it names nobody; None for what is no bounce."""
    by_machine = reports(opened)
    text = _own_text(opened)
    if not _is_bounce(opened, text, bool(by_machine)):
        return None
    found = by_machine or reports_in(text[:_LONGEST])
    return [_completed(report, text) for report in found] or _by_sentences(opened, text)


def _is_bounce(opened: Opened, text: str, has_report: bool) -> bool:
    """By its structure, or by a robot's name together with what it says."""
    kind = opened.message.get_content_type()
    declared = str(opened.message.get_param("report-type") or "").lower()
    if has_report or (kind == "multipart/report" and "delivery-status" in declared):
        return True
    if opened.field("X-Failed-Recipients"):
        return True
    if not _is_robot(opened):
        return False
    return bool(
        _SENTENCE.search(text[:_LONGEST])
        or (_SUBJECT.search(opened.field("Subject")) and _names(text))
    )


def _names(text: str) -> bool:
    return bool(addresses(text[:_LONGEST]))


def _is_robot(opened: Opened) -> bool:
    is_nameless = opened.message.get("From") is None
    return opened.has_null_path or is_nameless or bool(_ROBOT.search(opened.field("From")))


def _own_text(opened: Opened) -> str:
    """What the mail system wrote for people to read."""
    parts = list(opened.own("text/plain")) or list(opened.own("text/html"))
    texts = [as_written(part.text) if part.type == "text/html" else part.text for part in parts[:6]]
    return "\n\n".join(texts)


def _completed(report: Report, text: str) -> Report:
    """A report that says little, with the sentences about its recipient."""
    if report.diagnostic and len(report.diagnostic) > 12:
        return report
    own, _ = cut(text)
    return _replaced(report, _about(report.address, own) or own[:_LONGEST])


def _replaced(report: Report, words: str) -> Report:
    said = f"{report.diagnostic} {words}".strip()
    return Report(report.address, report.action, report.status, said[:2000], report.original)


def _by_sentences(opened: Opened, whole: str) -> list[Report]:
    text, rest = cut(whole)
    inner = inner_message(opened, rest)
    action = Action.DELAYED if _DELAYED.search(text[:_LONGEST]) else Action.FAILED
    made = []
    recipients = _recipients(opened, text[:_LONGEST], inner)
    if len(recipients) > MOST_REPORTS:
        raise TooHostile(TOO_MANY)
    for address in recipients:
        words = _about(address, text) or text[:_LONGEST]
        made.append(Report(address, action, code_in(words), words[:2000]))
    return made


def _recipients(opened: Opened, text: str, inner: Message) -> list[str]:
    """The surest way that finds somebody."""
    ours = _senders(opened, inner)
    ways = (
        addresses(opened.field("X-Failed-Recipients")),
        without(_listed(text), ours),
        without(_named(text), ours),
        without(sent_to(inner), [*ours, *addresses(opened.field("From"))]),
        sent_to(inner)[:1],
        without(addresses(text), ours)[:1],
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


def _listed(text: str) -> list[str]:
    """Addresses that begin a line, as in every list of failed recipients."""
    found = []
    for line in text.split("\n"):
        is_aside = "@" not in line or _ASIDE.search(line)
        match = None if is_aside else _LIST.match(line[:1000])
        if match and _ends_there(match[2]):
            found.append(clean(match[1]))
    return found


def _ends_there(rest: str) -> bool:
    """What may follow a listed address: nothing, a mark, a time, a code or a short reason."""
    return not rest or bool(
        re.match(
            r"[:(\[<.,;-]|on\s\d|on\s\w{3},|\d{3}\b|invalid|\.\.\.|failed|was\s|has\s|is\s",
            rest,
            re.IGNORECASE,
        )
    )


def _named(text: str) -> list[str]:
    """Addresses that a sentence names as the recipient."""
    return [address for line in text.split("\n") for address in _in_line(line[:1000])]


def _in_line(line: str) -> Iterator[str]:
    if "@" in line and (not _ASIDE.search(line) or "RCPT" in line):
        for pattern in (_AFTER, _REFUSED):
            yield from (clean(found[1]) for found in pattern.finditer(line))


def _about(address: str, text: str) -> str:
    """The lines from where the address is listed to the next listed one."""
    lines = text.split("\n")
    starts = [n for n, line in enumerate(lines) if address.casefold() in line.casefold()]
    if not starts:
        return ""
    before = max(0, starts[0] - 1)
    begin = starts[0] if first(lines[before]) else before
    end = next(
        (n for n in range(starts[0] + 1, len(lines)) if _starts_another(lines[n], address)),
        len(lines),
    )
    return "\n".join(lines[begin:end])


def _starts_another(line: str, address: str) -> bool:
    cut = line[:1000] if "@" in line else ""
    match = _LIST.match(cut) or _REFUSED.search(cut)
    return match is not None and clean(match[1]).casefold() != address.casefold()
