"""Whom a refusal blames: the address (hard), the moment (soft), or something else (other).

The enhanced status code (RFC 3463) decides where it says enough; the words decide where it is
general, and wherever they name the sender's reputation, because nobody's address may be given
up for what we did ourselves.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from mailing.inbound.reading.values import Action, Kind, Report

_CODE = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?:^|[\s;:>(\[#=])([45]\d\d)(?=[\s\-:;,.\])]|$)")

HARD = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}
SOFT = {"5.2.2"}
_LOOPS = {"5.4.6", "5.4.14"}
# Too general to be believed without the words beside them.
_VAGUE = {
    "5.0.0",
    "5.1.0",
    "5.2.0",
    "5.3.0",
    "5.4.0",
    "5.4.1",
    "5.4.4",
    "5.5.0",
    "4.0.0",
    "5.1.351",
}

# The words are looked for in small letters: then most places of a text are passed over by their
# first sign; together these searches took 43 ms of 213 messages, and take 11.
_REPUTATION = re.compile(
    r"""spam|blacklist|black\slist|block\s?list|blocked|reputation|abus(?:e|ive)
    |spamhaus|unauthenticated|authenticat|reverse\sdns|rdns
    |polic(?:y|ies)|prohibited|unsolicited|malware|phish|content\srejected|not\sallowed\sto\s(?:send|relay)|unwanted|my\sname\swas\srejected|sender\swas\srejected
    |relay(?:ing)?\s(?:access\s)?(?:denied|not\spermitted|not\sallowed)|unable\sto\srelay|no\srelaying
    |access\sdenied|unacceptable\smail|bad\shelo|sender\s(?:address\s|domain\s)?(?:rejected|verify|not)
    |from\saddress|message\s(?:content|header)|too\smany\s(?:hops|unverif)|hop\scount|mail\sloop
    |daily\s(?:relay\s)?quota|sending\slimit|too\slarge|size\s(?:limit|exceed)|exceeds?\s(?:the\s)?(?:maximum|size)
    |redundant|banned|suspicious|complaints|unexpected\svolume|senders?\sare\sunverified""",
    re.VERBOSE,
)
_CHECKED = re.compile(r"\b(?:(?:rbl|dnsbl|spf|dkim|dmarc|ptr)\b|virus)")
_FULL = re.compile(
    r"""(?:mailbox|mail\s?folder|account|inbox|mail\s?box|quota|user'?s?\smailbox)\W{1,3}(?:\w+\W){0,4}?(?:full|over\squota|exceed|limit)
    |over\s?quota|quota\s(?:is\s)?exceed|exceed\w*\s(?:\w+\s){0,3}quota|insufficient\s(?:system\s)?(?:storage|space|disk)
    |disk\s(?:is\s)?full|no\sspace|out\sof\sstorage|mailbox\sfull|переполнен|квот""",
    re.VERBOSE,
)
_NOBODY = re.compile(
    r"""user\s(?:is\s)?(?:\w+\s)?(?:unknown|not\s(?:found|exist|known|listed))|unknown\s(?:\w+\s){0,2}(?:user|recipient|address|mailbox|account|alias|local)
    |unknown\sor\sillegal\salias|no\ssuch\s(?:\w+\s)?(?:user|address|mailbox|recipient|person|account|email)
    |(?:user|mailbox|recipient|address|account|alias|e-?mail)\s(?:\w+\s|<[^>]*>\s|[^\s@]+@\S+\s){0,3}?(?:does\s?n[o']t\sexist|not\sexist|not\sfound|is\snot\svalid|invalid|unknown|unavailable|not\srecogni[sz]ed|is\sinvalid)
    |(?:does\snot|doesn't)\s(?:exist|have\san?\s)|invalid\s(?:\w+\s)?(?:recipient|address|user|mailbox|userid|final\sdelivery)
    |not\sa\s(?:known|valid)\s(?:user|recipient|mailbox)|not\slisted\sin|recipient\snot\s(?:found|valid)|recipient\sname\sis\snot
    |no\smailbox\s(?:here|by)|mailbox\s(?:not\sfound|unavailable|invalid)|(?:account|address|mailbox)\s(?:has\sbeen\s|is\s)?(?:disabled|closed|deactivated|inactive|terminated|expired)
    |(?:user|account)\s(?:is\s)?(?:disabled|inactive)|disabled\s(?:recipient|mailbox|user)|discontinued|has\smoved|is\sno\slonger\s(?:\w+\s)?(?:valid|available|active|with|in\suse)
    |possibly\sincorrect|address\s(?:couldn't|could\snot)\sbe\sfound|not\sour\s(?:customer|user)|not\slocal\suser|is\snot\sa\s(?:valid|registered)|no\svalid\srecipients|usernotfound|recipientnotfound|recipnotfound|unrouteable\saddress
    |не\sсуществует|не\sнайден|отсутствует""",
    re.VERBOSE,
)
_NO_HOST = re.compile(
    r"""host\s(?:is\s)?unknown|unknown\s(?:host|domain)|host\s(?:or\sdomain\s)?(?:name\s)?(?:\w+\s)?not\sfound|no\ssuch\s(?:host|domain)
    |domain\s(?:name\s)?(?:\S+\s)?(?:not\sfound|does\snot\sexist|doesn't\sexist|not\sexist)|couldn'?t\sfind\sany\s(?:host|exchanger)|nxdomain
    |unrouteable\s(?:mail\s)?domain|no\smx\s(?:record|found|host)|null\s?mx|does\snot\saccept\smail|bad\sdestination|name\sor\sservice\snot\sknown|dns\s(?:server\s)?(?:domain|query).{0,30}(?:not\sexist|nonexistent)""",
    re.VERBOSE,
)
_MOMENT = re.compile(
    r"""tempor|try\sagain|retry|deferred|delay|time[d\s-]*out|timeout|expired|too\slong|giv\w+\sup|connection\s(?:refused|reset|lost|timed|closed|dropped)
    |connect(?:ion)?\s(?:to\s)?\S*\s?fail|unable\sto\sconnect|not\s(?:able\sto\s)?(?:establish|accept\sour\srequests\sto\sconnect)|no\sroute\sto\shost|network\s(?:is\s)?unreach|host\snot\sreachable
    |too\s(?:many|much|quickly)|rate\slimit|receiving\smail\s(?:at\sa\srate|too)|overload|busy|greylist|graylist|service\s(?:\w+\s)?(?:not\savail|unavail)|name\sservice\serror|dns\s(?:query|error)|not\saccepting\s(?:connections|mail|messages)|locked|suspended|system\s(?:not|error|resour)|socket\serror|try\slater|queue""",
    re.VERBOSE,
)


def kind_of(report: Report) -> Kind:
    """`bounce-hard`, `bounce-soft` or `bounce-other` for one recipient's report."""
    if report.action is Action.DELAYED:
        return Kind.BOUNCE_SOFT
    if report.action is not Action.FAILED:
        return Kind.BOUNCE_OTHER
    code, said = _best_code(report), report.diagnostic.lower()
    return _by_words(said, code) or _by_code(code, said)


def judged(report: Report) -> Report:
    """The same report with its kind."""
    return replace(report, kind=kind_of(report))


def worst(judged: Iterable[Report]) -> Kind:
    """One kind for a message that reports on several: the one that asks for the most."""
    kinds = {report.kind for report in judged}
    order = (Kind.BOUNCE_HARD, Kind.BOUNCE_SOFT)
    return next((kind for kind in order if kind in kinds), Kind.BOUNCE_OTHER)


def code_in(text: str) -> str:
    """The first enhanced status code in a text, else empty."""
    found = _CODE.search(text)
    return found[0] if found else ""


def _best_code(report: Report) -> str:
    """The remote server's own code, before what the reporting one made of it."""
    said = [found[0] for found in _CODE.finditer(report.diagnostic)]
    exact = [code for code in said if code not in _VAGUE and not code.startswith("2")]
    return exact[0] if exact else report.status or (said[0] if said else "")


def _by_words(text: str, code: str) -> Kind | None:
    if code.startswith(("5.7.", "4.7.")):
        return Kind.BOUNCE_SOFT if code[0] == "4" else Kind.BOUNCE_OTHER
    is_ours = _REPUTATION.search(text) or _CHECKED.search(text)
    if is_ours and not (code in HARD and _NOBODY.search(text)):
        return Kind.BOUNCE_SOFT if code.startswith("4.") else Kind.BOUNCE_OTHER
    if _FULL.search(text):
        return Kind.BOUNCE_SOFT
    if code in HARD:
        return Kind.BOUNCE_SOFT if _MOMENT.search(text) and code == "5.2.1" else Kind.BOUNCE_HARD
    return _by_weaker_words(text, code)


def _by_weaker_words(text: str, code: str) -> Kind | None:
    is_general = not code or code in _VAGUE or code.startswith("4.0.")
    if is_general and _is_for_good(text) and (_NOBODY.search(text) or _NO_HOST.search(text)):
        return Kind.BOUNCE_HARD
    if is_general and _MOMENT.search(text):
        return Kind.BOUNCE_SOFT
    return None


def _is_for_good(text: str) -> bool:
    """No reply code of the 4xx class, and no "try again" beside the words."""
    codes = _REPLY.findall(text)
    if codes and all(code.startswith("4") for code in codes):
        return False
    return not re.search(r"try\sagain\s(?:later|in\s)|temporar|deferred", text)


def _by_code(code: str, text: str) -> Kind:
    if code.startswith(("4.", "5.3.", "5.4.")) or code in SOFT:
        return Kind.BOUNCE_OTHER if code in _LOOPS else Kind.BOUNCE_SOFT
    if code and code not in _VAGUE:
        return Kind.BOUNCE_OTHER
    replies = _REPLY.findall(text)
    return Kind.BOUNCE_SOFT if replies and replies[0].startswith("4") else Kind.BOUNCE_OTHER
