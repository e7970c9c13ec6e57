"""Automatic messages: what no person wrote, and what must never be answered (RFC 3834)."""

import re

from mailing.inbound.reading.addresses import first
from mailing.inbound.reading.opened import Opened
from mailing.inbound.reading.robots import is_robot

# What programs write before a subject of ours, and people hardly ever.
_PROGRAM = re.compile(
    r"""^\s*(?:(?:re|aw|sv|fw|fwd)\s*:\s*)*\W*(?:auto(?:matic(?:ally)?|mated|matische)?[\s:-]*(?:reply|response|respond|generated|antwort|svar)
    |abwesen|(?:out\sof\s(?:the\s)?office|вне\sофиса)(?:\s\w+)?\s?:|r[eé]ponse\sautomatique|risposta\sautomatica|respuesta\sautom
    |автоматическ\w+\sответ|автоответ|авто\s?жауап|автоматты\sжауап|自動応答|自動返信|不在)""",
    re.IGNORECASE | re.VERBOSE,
)
# What people write into the subject of their vacation note, and into others.
_ABSENT = re.compile(
    r"""^\s*(?:(?:re|aw|sv|fw|fwd)\s*:\s*)*\W*(?:out\sof\s(?:the\s)?office|(?:i\s(?:am|'m)\s)?(?:currently\s)?(?:away|on\s(?:vacation|holiday|leave))\b|vacation\b
    |вне\sофиса|нет\sна\sрабочем|(?:я\s)?(?:сейчас\s)?в\sотпуске\b|отсутствую\b|кеңседе\sжоқ|демалыста(?:мын|мыз)?\b)""",
    re.IGNORECASE | re.VERBOSE,
)
# Some mail programs write this before an answer of their own, and others before a person's.
_PREFIX = re.compile(r"^\s*(?:(?:re|aw|sv|fw|fwd)\s*:\s*)*auto\s?:", re.IGNORECASE)
_HEADERS = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-Auto-Response",
    "X-Auto-Reply-From",
)
_LISTS = ("List-Id", "List-Unsubscribe", "List-Post", "List-Help", "X-Mailing-List", "Mailing-List")
_PRECEDENCE = ("bulk", "list", "junk", "auto_reply", "auto-reply")


def is_automatic(opened: Opened) -> bool:
    """Whether a machine answers in somebody's name: a vacation note, a receipt, a challenge."""
    subject = opened.field("Subject")
    said = _PROGRAM.search(subject) or _ABSENT.search(subject)
    return said is not None or says_so_in_its_header(opened)


def repeats_our_subject(opened: Opened) -> bool:
    """Whether its subject is a program's prefix before the subject that it answers."""
    return _PROGRAM.search(opened.field("Subject")) is not None


def says_so_in_its_header(opened: Opened) -> bool:
    """Whether a field says so that only machines write."""
    said = _auto_submitted(opened)
    if said and said != "no":
        return True
    if opened.says(*_HEADERS):
        return True
    if opened.field("Precedence").lower() in ("auto_reply", "auto-reply"):
        return True
    return "disposition-notification" in str(opened.message.get_param("report-type") or "").lower()


def is_prefixed(opened: Opened) -> bool:
    """Whether only a prefix of the subject says so, which a person's letter may carry."""
    return bool(_PREFIX.match(opened.field("Subject")))


def is_answerable(opened: Opened) -> bool:
    """Whether an automatic answer may be sent at all (RFC 3834 section 2; mail-standards A-P5)."""
    sender = first(opened.field("From"))
    if is_automatic(opened) or sender is None or opened.has_null_path:
        return False
    if opened.field("Precedence").lower() in _PRECEDENCE or opened.field("X-Loop"):
        return False
    if opened.says(*_LISTS) or _suppresses(opened):
        return False
    return not is_robot(sender.partition("@")[0])


def _suppresses(opened: Opened) -> bool:
    said = opened.field("X-Auto-Response-Suppress").lower()
    return any(word in said for word in ("all", "autoreply", "oof"))


def _auto_submitted(opened: Opened) -> str:
    return re.split(r"[;\s(]", opened.field("Auto-Submitted").strip().lower())[0]
