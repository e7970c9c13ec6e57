"""The fields of a delivery status notification (RFC 3464), as they are really written."""

import re
from collections.abc import Iterator
from email.message import Message
from itertools import islice

from mailing.inbound.reading.addresses import typed
from mailing.inbound.reading.charsets import decode
from mailing.inbound.reading.headers import text_of
from mailing.inbound.reading.limits import TooHostile
from mailing.inbound.reading.opened import Opened, Part
from mailing.inbound.reading.values import Action, Report

Fields = dict[str, str]

# Ours have one recipient each; a mail system takes a hundred at once (RFC 5321 4.5.3.1.8).
MOST_REPORTS = 200
TOO_MANY = "a report on more recipients than a message has"
_MOST_FIELDS = 200
_LONGEST = 128 * 1024

_FIELD = re.compile(r"^([A-Za-z][A-Za-z0-9-]{1,40})[ \t]*:[ \t]*(.*)$")
_STARTS = ("final-recipient", "original-recipient", "x-actual-recipient", "action", "status")
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ACTIONS = {action.value: action for action in Action}
_PER_RECIPIENT = re.compile(r"(?im)^[ \t]*(?:final|original)-recipient[ \t]*:")


def reports(opened: Opened) -> list[Report]:
    """What the machine-readable part says, one report a recipient; empty where there is none."""
    blocks = [block for part in opened.own(*_TYPES) for block in _blocks(part)]
    return _made_of(blocks)


_TYPES = ("message/delivery-status", "message/global-delivery-status")


def reports_in(text: str) -> list[Report]:
    """The same fields where a system writes them into its sentences."""
    found = _PER_RECIPIENT.search(text)
    return _made_of(_split(text)) if found else []


def _made_of(blocks: list[Fields]) -> list[Report]:
    if len(blocks) > MOST_REPORTS:
        raise TooHostile(TOO_MANY)
    made = [report for block in blocks if (report := _report(block))]
    return list({report.address.casefold(): report for report in reversed(made)}.values())[::-1]


def _report(block: Fields) -> Report | None:
    """`Final-Recipient` is where it failed; the others stand in where it is no address."""
    final = typed(block.get("final-recipient", ""))
    original = typed(block.get("original-recipient", ""))
    address = final or original or typed(block.get("x-actual-recipient", ""))
    if not address:
        return None
    code = _STATUS.search(block.get("status", ""))
    return Report(
        address=address,
        action=_action(block.get("action", "")),
        status=code[0] if code else "",
        diagnostic=block.get("diagnostic-code", "") or block.get("status", ""),
        original=original if original and original != address else "",
    )


def _action(word: str) -> Action:
    """Any case, and with comments; what is missing or unknown counts as failed."""
    name = re.split(r"[^a-z]", word.strip().lower())[0]
    return _ACTIONS.get(name, Action.FAILED)


def _blocks(part: Part) -> list[Fields]:
    payload = part.message.get_payload() if part.message.is_multipart() else None
    if isinstance(payload, list):
        inner = [one for one in payload if isinstance(one, Message)]
        if len(inner) > 2 * MOST_REPORTS:
            raise TooHostile(TOO_MANY)
        texts = [_as_text(one) for one in inner]
        return [block for text in texts for block in _split(text)]
    return _split(part.text)


def _as_text(block: Message) -> str:
    fields = islice(block.raw_items(), _MOST_FIELDS)
    lines = [f"{name}: {text_of(value)}" for name, value in fields]
    rest = block.get_payload()
    body = decode(rest.encode("utf-8", "surrogateescape")) if isinstance(rest, str) else ""
    return "\n".join(lines) + "\n" + body


def _split(text: str) -> list[Fields]:
    """Blocks of fields: an empty line or a second recipient ends one."""
    blocks: list[Fields] = [{}]
    for name, value in _fields(text):
        if not name or (name == "final-recipient" and name in blocks[-1]):
            blocks.append({})
        if name and (name not in blocks[-1] or not blocks[-1][name]):
            blocks[-1][name] = value
    return _joined([block for block in blocks if any(key in block for key in _STARTS)])


def _joined(blocks: list[Fields]) -> list[Fields]:
    """Some systems put an empty line between a recipient and what is said of them."""
    out: list[Fields] = []
    for block in blocks:
        is_new = _has_recipient(block) or not out
        if is_new and not (out and not _has_recipient(out[-1])):
            out.append(dict(block))
        else:
            out[-1] = {**block, **out[-1]}
    return out


def _has_recipient(block: Fields) -> bool:
    return "final-recipient" in block or "original-recipient" in block


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Name and unfolded value; an empty name where a block ends."""
    name, value = "", ""
    for line in text[:_LONGEST].split("\n"):
        if line[:1] in (" ", "\t") and line.strip() and name and not _names_field(line):
            value += " " + line.strip()
            continue
        if name:
            yield name, value
        found = _FIELD.match(line.strip("\r"))
        name, value = (found[1].lower(), found[2].strip()) if found else ("", "")
        if not line.strip():
            yield "", ""
    if name:
        yield name, value


def _names_field(line: str) -> bool:
    found = _FIELD.match(line.strip())
    return bool(found and found[1].lower() in _STARTS)
