"""Asides: a sentence that speaks of a wish without wishing it now.

It takes an earlier wish back, makes it depend on something, tells what somebody else wished or did,
or uses one of its words in another sense. Words stand here as the folding spells them.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from mailing.inbound.reading.said import Said, begins_with

_CANCELS = ("annulir", "otmen", "ignor", "disregard", "cancel", "jaramsyz", "nedeistv")
_WISH = re.compile(r"otzyv(?:a|e|om|u)?|uithdraual|revocation")
_CONSENT = ("soglas", "consent", "kelisim")
_LETTERS = ("zaiav", "zapros", "pismo", "request", "letter", "email")
_UNDONE = ("peredum", "razdum", "reshenie", "obratno")
_UNSURE = {"thinking", "considering", "dumaiu", "podumyvaiu", "planiruiu"}
_TOLD = ("sovet", "posovet", "told", "advis", "suggest", "recommend")
_IF = {"if", "esli", "eger", "or", "ili", "unless", "otheruise", "inache"}
# Later, and only then.
_LATER = re.compile(r"otzovu|udaliu|otpishus")
_WILL = {"uill", "ill", "shall"}
_SOMEBODY = {"uho", "uhoever", "hochet", "hotiat", "uants"}
_MISTAKEN = ("sluchain", "oshibk", "accidental", "mistak")
_DID = re.compile(r"otpisal\w*|otozval\w*|unsubscribed|uithdreu|revoked")
_PRESSED = {"najal", "najala", "clicked", "pressed", "bastym"}
_WRITTEN = ("stati", "opechatk", "article", "typo", "knig", "kniga", "book")
_NOT_OURS = ("klient", "pokupatel", "chitatel", "page", "form", "article")
_NO_CONSENT = {"bez", "s"}
_OF_CONSENT = re.compile(r"soglasi[iy]a")
_NOT_TO_BE = ("schita", "iavlia")
_HAS_NOT = re.compile(r"[gk][ae]n(?:ym|im|myn|min)? jok|(?:tart|toktat|joi|oshir)[mp][ae](?!k)")
_IN_CASE = re.compile(r"(?:alsam|alsak|tartsa\w*|oshirse\w*|joisa\w*|kaitarsa\w*)$")

# «Отпишите мне» asks for an answer, unless the sentence speaks of mail.
_ANSWER_TO = {"po", "mne", "nam", "kogda", "kak", "ob"}
_OF_MAIL = ("rassyl", "podpis", "pis", "novost", "reklam", "spam", "menia", "ot", "vas", "vseh")
_CALM = re.compile(r"bespokoi(?:tes|sia)")
_SENT = (
    *("zakaz", "posylk", "knig", "tovar", "kurier", "dokument", "schet", "order", "parcel"),
    *("kitap", "kitab", "tauar", "tapsyrys", "tolem"),
)
_FILLERS = {"mne", "nam", "bolshe", "poka", "pojaluista", "uje", "eshe", "etu", "etot"}
_SENDS = ("prisyl", "shlite", "otpravlia", "jiberme")
_MISSED = {"miss", "lose", "late", "get", "getting", "receive", "receiving", "come", "coming", "arrive"}
_NO = {"ne", "no", "not", "dont", "never"}
_ENDS = ("stop", "ceas", "prekra", "perest", "uithdra", "revok", "unsub", "otpis", "toktat")
_LOSES = ("teriat", "poteriat", "propus")


def is_aside(said: Said) -> bool:
    """Whether the sentence only speaks of the wish."""
    ways = (_is_taken_back, _depends, _is_anothers, _is_mistaken, _has_not_been_done)
    return any(way(said) for way in (*ways, _is_another_sense))


def _is_taken_back(said: Said) -> bool:
    """ "I cancel my withdrawal"; "my letter is no withdrawal"; "I changed my mind about leaving"."""
    before = said.tokens[max(0, said.start - 7) : said.at[-1]]
    if begins_with(said.tokens[max(0, said.start - 1) : said.start], _UNDONE):
        return True
    if any(a == "ne" and b.startswith(_NOT_TO_BE) for a, b in pairwise(before)):
        return True
    around = said.tokens[max(0, said.start - 7) : said.at[-1] + 7]
    return any(_is_cancelled(around, at) for at in range(len(around)))


def _is_cancelled(words: Sequence[str], at: int) -> bool:
    """Whether a wish that is named there is taken back, or the letter that holds one."""
    if words[at].startswith("otinish"):
        return begins_with(words[at + 1 : at + 3], _CANCELS)
    if not (_WISH.fullmatch(words[at]) and begins_with(words[at + 1 : at + 4], _CONSENT)):
        return False
    is_of_letter = begins_with(words[:at], _LETTERS) and begins_with(words[at:], _CANCELS)
    return is_of_letter or begins_with(words[max(0, at - 4) : at], _CANCELS)


def _depends(said: Said) -> bool:
    """ "Otherwise I shall withdraw"; "if you do not answer, I shall"."""
    before = set(said.tokens[max(0, said.start - 12) : said.start])
    if said.before(said.start, 4) & _UNSURE or any(map(_IN_CASE.search, _end(said))):
        return True
    own = [said.tokens[at] for at in said.at]
    will = said.before(said.start, 3) & _WILL or any(map(_LATER.match, own))
    return bool(will and before & _IF)


def _is_anothers(said: Said) -> bool:
    """ "My friend told me to"; "it was not me who"."""
    before = said.tokens[max(0, said.start - 4) : said.start]
    told = begins_with(before, _TOLD) and ("me" in before or "mne" in before)
    is_alleged = {"said", "uhat"} <= set(said.tokens[max(0, said.start - 5) : said.at[-1]])
    return told or is_alleged or bool(said.before(said.start, 2) & _SOMEBODY)


def _is_mistaken(said: Said) -> bool:
    """ "I unsubscribed by mistake"; not "I was put on it by mistake, unsubscribe me"."""
    around = said.tokens[max(0, said.start - 4) : said.at[-1] + 5]
    did = any(_DID.fullmatch(said.tokens[at]) for at in said.at)
    is_pressed = bool(said.before(said.start, 2) & _PRESSED)
    return is_pressed or (did and begins_with(around, _MISTAKEN))


def _has_not_been_done(said: Said) -> bool:
    """In Kazakh the no stands at the end of the verb, or behind it."""
    return _HAS_NOT.search(" ".join(_end(said))) is not None


def _is_another_sense(said: Said) -> bool:
    own = [said.tokens[at] for at in said.at]
    if any(map(_OF_CONSENT.fullmatch, own)) and _is_with_consent(said):
        return True
    if own[0].startswith("otpis"):
        return _asks_for_an_answer(said) or _was_done_to_them(said)
    after_first = said.tokens[said.start + 1 : said.start + 2]
    if own[0] == "stop" and after_first == ["by"] or "stopped" in own:
        return True
    if begins_with(said.before(said.start, 4), _WRITTEN):
        return True
    if own[0] in ("otzyv", "unsubscribe") and begins_with(after_first, _NOT_OURS):
        return True
    if begins_with(said.inside, _LOSES) or _is_denied_twice(said):
        return True
    if any(map(_CALM.fullmatch, own)) or (begins_with(own, _SENDS) and _is_of_goods(said)):
        return True
    return bool({"uant", "uish", "more"} & set(own) and _MISSED & _around(said))


def _is_denied_twice(said: Said) -> bool:
    """ "Do not stop processing my data"."""
    return bool(_NO & {said.tokens[at] for at in said.at}) and begins_with(said.inside, _ENDS)


def _around(said: Said) -> set[str]:
    """The words beside it and in it that are not its own."""
    return said.before(said.start, 3) | (set(said.inside) | set(said.afterwards)) - said.own


def _is_with_consent(said: Said) -> bool:
    """«без согласия», «с согласия»: a review stands beside it, or a complaint."""
    at = next(at for at in said.at if _OF_CONSENT.fullmatch(said.tokens[at]))
    return bool(said.before(at, 2) & _NO_CONSENT)


def _asks_for_an_answer(said: Said) -> bool:
    return bool(_ANSWER_TO & set(said.afterwards)) and not begins_with(said.following(8), _OF_MAIL)


def _was_done_to_them(said: Said) -> bool:
    return said.tokens[said.start] == "otpisali" and bool(said.before(said.start, 3) & {"vy"})


def _is_of_goods(said: Said) -> bool:
    """What is not to be sent is a parcel."""
    what = (word for word in said.following(6) if word not in _FILLERS)
    before = said.tokens[max(0, said.start - 1) : said.start]
    return begins_with([next(what, ""), *before], _SENT)


def _end(said: Said) -> Sequence[str]:
    """The mark's last word and what stands behind it."""
    return said.tokens[said.at[-1] : said.at[-1] + 4]
