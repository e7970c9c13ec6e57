"""Bounces in prose: which addresses a mail system names as failed, and what it says of each.

No system is asked for by name. What they share is asked for: an address that begins a line, an
address behind the words for "could not be delivered to", an address in a refused command.
"""

import json
import re
from collections.abc import Iterable

from mailing.inbound.reading.diagnosis import code_of, judge
from mailing.inbound.reading.values import Action, Report

_A = r"[^\s<>()\[\],;:\"\\@']{1,64}@[^\s<>()\[\],;:\"\\@']{1,250}[^\s<>()\[\],;:\"\\@'.]"
_BELOW = re.compile(
    r"(?im)^[ \t>*#=-]*(?:"
    r"(?:this|below|here|included|enclosed) (?:is|line is|the line is)?.{0,20}cop(?:y|ies) of .{0,60}"
    r"|below this line is .{0,40}|.{0,24}original[ -]m(?:essage|ail)\b.{0,40}"
    r"|(?:the header of the original|message headers? follows?|unsent message).{0,60}"
    r"|returned (?:message|mail)\b.{0,20}|bounced e-?mail:|(?:undelivered|rejected) message:?"
    r"|(?:received|return-path|dkim-signature|message-id|x-originating-ip|mime-version):.{0,900}"
    r")[ \t-]*$"
)
_LEADS = re.compile(
    rf"^[ \t*>-]{{0,12}}<?(?:mailto:)?(?P<a>{_A})>?(?:[ \t]+on .{{0,80}}|[ \t]+\(.{{0,200}}|[ \t]*"
    rf"|[ \t]*[:;,.].{{0,900}}|[ \t]*-.{{0,400}}|[ \t]*\.\.\..{{0,400}})$"
)
_STATED = re.compile(
    rf"(?im)^[ \t]*(?P<n>original|final)-recipient[ \t]*:[ \t]*(?:[\w-]+[ \t]*;)?[ \t]*<?(?P<a>{_A})"
)
_NAMED = re.compile(
    r"(?i)(?:rcpt to:|recipients?(?:\(s\))?(?: is| was)?[ :]|address(?:es)?(?:\(s\))?(?: is)?[ :]"
    r"|userid:?|user:? |deliver\w*(?: \w+){0,5} to:?|delivered to:?|for user|mail(?:box)? for"
    r"|your (?:mail|message|e-mail) (?:\w+ ){0,3}to:?|(?:send|sent|sending|message) to:?|送信|宛先"
    rf"|failed:?|rejected:?)[ \t\n]{{0,4}}[\"'<(]{{0,3}}(?P<a>{_A})"
)
_REPLIED = re.compile(rf"(?m)^[ \t]*(?:<<<[ \t]*)?[45]\d\d[ -].{{0,120}}?<(?P<a>{_A})>")
_CHANGED = re.compile(
    rf"(?i)\((?:expanded|ultimately generated|generated) from:?[ \t]+<?(?P<a>{_A})>?\)"
)
_DELAY = re.compile(
    r"(?i)\bdelay(?:ed)?\b|warning message|will (?:be )?(?:retried|retry|keep trying|continue)"
    r"|still (?:trying|being)|not yet been delivered|has not been delivered yet|warning:"
)
_FINAL = re.compile(r"(?i)permanent|giv(?:en|ing) up|could not be delivered|failure|failed|undeliver")
_MOST_TEXT = 48 * 1024
_MOST = 200


def reports_of(text: str, failed: list[str], ours: set[str], subject: str) -> list[Report]:
    """What a text in prose reports. `failed` are the addresses that the header names, `ours`
    those that sent it."""
    said = above(text)
    found = failed or _first_that_finds(said, ours)
    delayed = _is_delay(subject, said)
    action = Action.DELAYED if delayed else Action.FAILED
    return [_report(address, said, action, found) for address in found[:_MOST]]


def above(text: str) -> str:
    """What stands above the message that was returned."""
    head = text[:_MOST_TEXT]
    match = _BELOW.search(head)
    while match and len(head[: match.start()].strip()) < 20:
        match = _BELOW.search(head, match.end())
    return head[: match.start()] if match else head


def returned_header(text: str) -> str:
    """The header of the message that a text returns, unfolded lines kept as they are."""
    below = text[len(above(text)) : _MOST_TEXT]
    match = re.search(r"(?im)^[ \t]*(?:[\w-]{2,40}):[ \t]\S", below)
    if not match:
        return ""
    lines = below[match.start() :].lstrip().splitlines()
    end = next((at for at, line in enumerate(lines) if not line.strip()), len(lines))
    return "\n".join(lines[: min(end, 400)])


def said_of(text: str, address: str) -> str:
    """What a text says behind this address; all that it says where the address is not in it."""
    said = above(text)
    lowered, wanted = said.lower(), address.lower()
    at = lowered.find(wanted)
    return " ".join(said[max(at, 0) : max(at, 0) + 1200].split())


def of_json(text: str) -> tuple[str, list[tuple[str, str, str]]] | None:
    """A notification of Amazon SES: its type, and address, status and words of each recipient."""
    start = text.find("{")
    if start < 0 or "otificationType" not in text and "eventType" not in text:
        return None
    try:
        told, _ = json.JSONDecoder().raw_decode(text[start:].replace("\n ", "").replace("\r", ""))
        told = json.loads(told["Message"]) if isinstance(told.get("Message"), str) else told
        named = str(told.get("notificationType") or told.get("eventType") or "")
        return named.lower(), _of_notification(told, named.lower())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _of_notification(told: dict[str, object], named: str) -> list[tuple[str, str, str]]:
    inner = told.get(named)
    if not isinstance(inner, dict):
        return []
    listed = inner.get("bouncedRecipients") or inner.get("complainedRecipients") or []
    permanent = {"Permanent": "5.0.0", "Transient": "4.0.0"}.get(str(inner.get("bounceType")), "")
    kind = f"{inner.get('bounceType', '')} {inner.get('bounceSubType', '')}"
    return [
        (
            str(one["emailAddress"]),
            str(one.get("status") or permanent),
            str(one.get("diagnosticCode") or kind),
        )
        for one in listed
        if isinstance(one, dict) and one.get("emailAddress")
    ]


def _first_that_finds(said: str, ours: set[str]) -> list[str]:
    for find in (_stated, _leading, _named):
        if found := _without(find(said), ours):
            return found
    return []


def _stated(said: str) -> list[str]:
    """Fields of RFC 3464 within the prose; the original recipient goes before the final one."""
    hits = [(match["n"].lower(), match["a"]) for match in _STATED.finditer(said)]
    originals = [address for name, address in hits if name == "original"]
    return originals or [address for _, address in hits]


def _leading(said: str) -> list[str]:
    """Addresses that begin a line."""
    found = []
    for line in said.splitlines():
        if match := _LEADS.match(line[:1200]):
            changed = _CHANGED.search(line)
            found.append(changed["a"] if changed else match["a"])
    return found


def _named(said: str) -> list[str]:
    """Addresses behind words, in a refused command or in a reply, in the order of the text."""
    hits = [*_NAMED.finditer(said), *_REPLIED.finditer(said)]
    return [match["a"] for match in sorted(hits, key=lambda match: match.start())]


def _without(found: Iterable[str], ours: set[str]) -> list[str]:
    clean = (address.strip(".'") for address in found)
    return list(dict.fromkeys(one for one in clean if one.lower() not in ours))


def _is_delay(subject: str, said: str) -> bool:
    if _DELAY.search(subject):
        return True
    return bool(_DELAY.search(said)) and not _FINAL.search(said)


def _report(address: str, said: str, action: Action, all_of: list[str]) -> Report:
    near = said_of(said, address)
    if len(all_of) > 1:
        near = _until_another(near, [one for one in all_of if one != address])
    words = " ".join(said.split()) if len(all_of) == 1 else near
    status = code_of("", near) or code_of("", words)
    return Report(address, action, status, near[:2000], judge(action, status, words))


def _until_another(near: str, others: list[str]) -> str:
    ends = [at for one in others if (at := near.lower().find(one.lower())) > 0]
    return near[: min(ends, default=len(near))]
