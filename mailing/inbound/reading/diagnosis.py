"""What a failure says of an address: hard, soft, or nothing against it (RFC 3463).

A code that says something decides. `5.0.0` and its like say nothing; then the words decide.
"""

import re

from mailing.inbound.reading.values import Action, Kind

_CODE = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45])\d\d(?=[\s:;,-])")
_URL = re.compile(r"(?i)\bhttps?://\S{1,500}")

_HARD = {(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1)}
_SAYS_NOTHING = {(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0)}

_FULL = re.compile(
    r"(?i)quota|(?:mail\s?box|folder|inbox|mailfolder|account|storage|disk)\W.{0,40}\bfull\b"
    r"|\bfull\b.{0,20}mail\s?box|mailbox\s?full|exceed\w*.{0,40}(?:storage|mailbox|space)"
    r"|insufficient (?:system )?(?:storage|disk)|not enough (?:storage|disk|space)|too much mail data"
    r"|no space left|(?:переполнен|ящик.{0,20}полон|容量)|boîte.{0,30}pleine|voll\b"
)
_NOBODY = re.compile(
    r"(?i)(?:user|recipient|mailbox|account|userid|addressee|address|destinataire)s?\W{0,3}"
    r"(?:\S{1,80}\s){0,3}"
    r"(?:is |was |are )?(?:unknown|not found|not known|invalid|not recognized|not listed|disabled"
    r"|inactive|inactif|invalide|inconnu|suspended|deactivated|doesn't exist|does not exist"
    r"|doesn't have|not exist|no longer|is unavailable|unavailable|unrouteable)"
    r"|(?:unknown|invalid|no such|nonexistent|non-existent|unrouteable|bad destination|inactive"
    r"|disabled|undeliverable|no valid|unrouteable mail)"
    r"\s(?:\w{1,20}\s)?(?:user|recipient|mail\s?box|account|address|addressee|person|local part)"
    r"|invalid final delivery|no mailbox here|not a valid (?:user|recipient|mailbox|address)"
    r"|not a known user|not our customer|not listed in|recipient name is not recognized"
    r"|user\S* (?:is )?not known|not have an? \S{1,60} account|no account by that name|user unknown"
    r"|no such user|has moved|does not exist|doesn.t exist|couldn.t be found|could not be found"
    r"|address not found|wasn.t found|usuario desconocido|不存在|存在しない|見つかりません"
    r"|пользовател\w+ не (?:найден|существует)|нет такого пользовател|account.{0,40}is bloque"
)
_NOWHERE = re.compile(
    r"(?i)(?:host|domain|hostname|server)(?: name)?(?: \S{1,80})? (?:is )?(?:unknown|not found|non-existent"
    r"|does not exist|doesn.t exist|couldn.t be found|could not be found)"
    r"|unknown (?:host|domain|mail host)|no such (?:host|domain)|nxdomain|null ?mx|nullmx"
    r"|(?:couldn.t|cannot|could not|can.t|unable to) find (?:a|any)?\s?(?:host|mail exchanger|domain)"
    r"|does not accept (?:mail|e-?mail)|host or domain name not found|no route to domain"
    r"|illegal host/domain|no mx or a records|no mail server for"
)
_POLICY = re.compile(
    r"(?i)spam|\bube\b|unsolicited|bulk|black\s?list|block\s?list|blocked|dnsbl|\brbl\b|reputation"
    r"|\bspf\b|dkim|dmarc|polic(?:y|ies)|denied|prohibited|not (?:allowed|permitted|authori[sz]ed)"
    r"|relay|content|virus|malware|authenticat|too many (?:recipients|hops|connections)|reverse dns"
    r"|sender (?:address )?(?:rejected|verify)|too (?:large|big)|size (?:limit|exceeds)|refused by"
    r"|filter|rejected|unacceptable|restricted|not accepted|security"
)
_PASSING = re.compile(
    r"(?i)tempor|defer|delay|time[ds]? ?out|time(?:d)? out|try again|will (?:be )?retr|expired"
    r"|too long in|too long|retry (?:time|timeout)|connection (?:refused|reset|lost)|greylist"
    r"|could(?:n't| not) connect|cannot connect|unable to (?:connect|contact|establish)"
    r"|wasn't able to establish|not reachable|unreachable|network|hop count|loop|lost connection"
    r"|did not (?:accept|respond)|no route|resources|system (?:error|failure)|too busy|overload"
    r"|not accepting connections|service (?:currently )?unavailable|still (?:trying|undelivered)"
)

_REFUSED = re.compile(r"(?i)unauthenticated|not allowed|denied|\bspam\b|polic(?:y|ies)|blocked|black\s?list")


def code_of(status: str, diagnostic: str) -> str:
    """The code that says most: the status, unless it says nothing and the diagnostic more."""
    stated = _codes(status)[:1]
    found = stated + [code for code in _codes(diagnostic) if code[0] != "2"]
    telling = [code for code in found if _place(code) not in _SAYS_NOTHING]
    if telling and (not stated or telling[0][0] == stated[0][0]):
        return telling[0]
    return found[0] if found else ""


def judge(action: Action, status: str, words: str) -> Kind:
    """What one report says of its address."""
    if action is Action.DELAYED or status.startswith("4"):
        return Kind.BOUNCE_SOFT
    if not status and (reply := _REPLY.search(words)) and reply[1] == "4":
        return Kind.BOUNCE_SOFT
    clean = _URL.sub(" ", words[:4000])
    if not status or _place(status) in _SAYS_NOTHING:
        return of_words(clean)
    return _of_code(_place(status), clean)


def of_words(words: str) -> Kind:
    """What words say where no code does."""
    if _FULL.search(words):
        return Kind.BOUNCE_SOFT
    if _NOBODY.search(words) or _NOWHERE.search(words):
        return Kind.BOUNCE_HARD
    if _PASSING.search(words) and not _REFUSED.search(words):
        return Kind.BOUNCE_SOFT
    return Kind.BOUNCE_OTHER


def _of_code(place: tuple[int, int], words: str) -> Kind:
    subject, detail = place
    if place in _HARD or (place == (4, 4) and _NOWHERE.search(words)):
        return Kind.BOUNCE_HARD
    if subject == 5 and detail == 56:
        return Kind.BOUNCE_HARD
    if subject == 1 and detail > 10 and _NOBODY.search(words):
        return Kind.BOUNCE_HARD
    if subject in (2, 3) or (subject == 4 and not _POLICY.search(words)):
        return Kind.BOUNCE_SOFT
    return Kind.BOUNCE_OTHER


def _codes(text: str) -> list[str]:
    return [match[0] for match in _CODE.finditer(text[:4000])]


def _place(status: str) -> tuple[int, int]:
    match = _CODE.match(status)
    return (int(match[2]), int(match[3])) if match else (0, 0)
