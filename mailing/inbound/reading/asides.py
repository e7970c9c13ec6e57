"""Asides: a sentence that has the words of a wish in another sense, or with a no at their end.

Words stand here as the folding spells them.
"""

import re
from collections.abc import Sequence

from mailing.inbound.reading.said import Said, begins_with

_CONSENT = ("soglas", "consent", "kelisim")
_WRITTEN = ("stati", "opechatk", "article", "typo", "seminar", "vebinar")
_NOT_OURS = ("klient", "pokupatel", "chitatel", "page", "form", "article", "ostav")
_NO_CONSENT = {"bez", "s"}
_OF_CONSENT = re.compile(r"soglasi[iy]a")
_HAS_NOT = re.compile(r"[gk][ae]n(?:ym|im|myn|min)? jok|(?:tart|toktat|joi|oshir)[mp][ae](?!k)")
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
_MISSED = {
    *("miss", "lose", "late", "get", "getting", "receive", "receiving", "come", "coming"),
    "arrive",
}
_NO = {"ne", "no", "not", "dont", "never"}
_ENDS = ("stop", "ceas", "prekra", "perest", "uithdra", "revok", "unsub", "otpis", "toktat")
_LOSES = ("teriat", "poteriat", "propus")


def is_aside(said: Said) -> bool:
    """Whether the sentence only speaks of the wish."""
    return _has_not_been_done(said) or _is_another_sense(said)


def _has_not_been_done(said: Said) -> bool:
    """In Kazakh the no stands at the end of the verb, or behind it."""
    return _HAS_NOT.search(" ".join(said.end)) is not None


def _is_another_sense(said: Said) -> bool:
    own = [said.tokens[at] for at in said.at]
    if any(map(_OF_CONSENT.fullmatch, own)) and _is_with_consent(said):
        return True
    if own[0].startswith("otpis"):
        return _asks_for_an_answer(said) or _was_done_to_them(said)
    after_first = said.tokens[said.start + 1 : said.start + 2]
    if (own[0] == "stop" and after_first == ["by"]) or "stopped" in own:
        return True
    if begins_with(said.before(said.start, 4), _WRITTEN):
        return True
    if any(_is_a_review(said.tokens[at : at + 3]) for at in said.at):
        return True
    if begins_with(said.inside, _LOSES) or _is_denied_twice(said):
        return True
    if any(map(_CALM.fullmatch, own)) or (begins_with(own, _SENDS) and _is_of_goods(said)):
        return True
    return bool({"uant", "uish", "more"} & set(own) and _MISSED & _around(said))


def _is_a_review(words: Sequence[str]) -> bool:
    """«Отзыв» of a customer or about a book; "unsubscribe page"."""
    word, *after = words
    if word not in ("otzyv", "unsubscribe"):
        return False
    is_about = after[:1] in (["o"], ["ob"]) and not begins_with(after[1:], _CONSENT)
    return is_about or begins_with(after[:1], _NOT_OURS)


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
    return said.tokens[said.start] == "otpisali" and "vy" in said.before(said.start, 3)


def _is_of_goods(said: Said) -> bool:
    """What is not to be sent is a parcel."""
    what = (word for word in said.following(6) if word not in _FILLERS)
    before = said.tokens[max(0, said.start - 1) : said.start]
    return begins_with([next(what, ""), *before], _SENT)
