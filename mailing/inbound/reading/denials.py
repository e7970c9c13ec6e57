"""Denials: the words of a mark are there, and the sentence does not ask for it.

It says no, asks how, tells what one may do, or speaks of a form or of goods. What is denied by
mistake is a person's to read; what is not denied by mistake ends somebody's consent. Words stand
here as the folding spells them (`w` is `u`).
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from mailing.inbound.reading.asides import is_aside
from mailing.inbound.reading.retractions import is_retracted
from mailing.inbound.reading.said import Said, begins_with

HOW = {"hou", "kak", "kalai", "mojno", "can", "uhat", "chto", "uhether"}
# A question with one of these asks about it; one without may be a polite wish.
ASKS = HOW | {
    *("if", "uhen", "uhere", "should", "did", "does", "do", "is", "have", "has", "possible"),
    *("esli", "li", "kuda", "zachem", "gde", "kogda", "doljen", "doljna", "nujno", "nado"),
    *("kaida", "kashan", "bola", "eger"),
}
_NOT = {
    *("ne", "not", "dont", "never", "emes", "no", "uithout", "bez", "didnt", "havent", "hasnt"),
    *("uasnt", "uont", "uouldnt"),
}
_NOT_INSIDE = {"ne", "not", "never", "dont", "emes", "didnt", "havent", "hasnt"}
_BROKEN = (
    *("rabot", "deistv", "otkry", "nash", "uork", "open", "load", "poluch", "prihod", "otvech"),
    *("zna", "ponim", "spam", "receiv", "answer", "repl", "understand", "knou"),
)
_NO_WHAT = ("need", "uithdr", "revoc", "intent", "reason", "plan", "uish", "request")
_NEW_CLAUSE = {"i", "ia", "men", "poetomu", "so", "therefore", "no", "but", "birak", "please"}
_ANNOUNCES = (
    *("soobsha", "uvedoml", "zaiavl", "informir", "preduprej", "podtverj", "dovoju", "reshi"),
    *("proshu", "tom"),
)
_PLEASE = {"please", "proshu", "trebuiu", "prosim", "kindly"}
_MAY = {
    *("may", "might", "could", "can", "right", "mojet", "mojete", "mogut", "mogu", "pravo"),
    *("vprave", "mojno", "pravom"),
}
_YOU_MAY = {("you", "may"), ("you", "can"), ("vy", "mojete"), ("vy", "vprave")}
_USES_IT = ("exercis", "using", "polzu", "ispolzu", "realizu", "osnovan", "sootvet", "under")
# What follows in Kazakh: "is not", "may be", "he can", "with the mark".
_AFTERWARDS = re.compile(
    r"alma(?:i|s|d)|kelmei|emes|bola(?:dy|di)?$|bolmai|mumkin|kukygy?n?$|ala$|belgis"
)
_NOT_TAKEN_BACK = re.compile(r"kaitarma(?!k)|udalil|sotril|unichtojil|joiylyp|joiylgan|oshirilip")
_DONE = re.compile(r"(?:delet|eras|remov|destroi|destroy)\w*ed$")
_WHO = {"i", "ue", "you", "they", "he", "she", "accidentally"}

_DOCUMENTS = (
    *("form", "blank", "shablon", "proekt", "tekst", "dokument", "obrazc", "obrazec", "variant"),
    *("versi", "document", "template", "draft", "banner", "checkbox", "popup", "paragraph"),
    *("nysan", "ulgi", "matin", "joba", "kujat", "stranic", "razdel", "punkt"),
)
_DOCUMENTS_AFTER = (
    *("form", "document", "letter", "template", "page", "banner", "checkbox", "text", "sheet"),
    *("slip", "order", "decree", "paper", "draft", "uording", "screen", "popup", "box", "agenda"),
    *("manag", "platform", "setting", "record", "polic", "option", "button"),
)
_UNWILLING = ("hoch", "bud", "nado", "nujn", "sobira", "stan", "plani", "mog", "treb")
_BY_THIS = {"this", "etim", "dannym", "nastoiashim", "osy"}
_GOODS = (
    *("aksha", "tauar", "tolem", "kitap", "soman", "zat", "tapsyrys", "money", "fund", "tenge"),
    *("cash", "amount", "deneg", "dengi", "tovar", "summ", "zaiavk", "zakaz", "application"),
    *("order", "offer", "tender", "complaint", "candid", "nomin", "kitab", "uaiting", "guest"),
    *("comment", "kommentari", "item", "revieu", "dostavk", "product"),
)
_AGREED = {"boiynsha", "boinsha"}
_ALONG = {"uith", "uithout", "by", "under", "after", "upon", "given", "having"}
_OTHER_WORDS = ("kelisimsha",)


def is_denied(said: Said) -> bool:
    """Whether the sentence asks for nothing of the kind."""
    ways = (_says_no, _tells_what_may_be, _is_of_something_else, is_aside, is_retracted)
    return any(way(said) for way in ways)


def _says_no(said: Said) -> bool:
    asked = said.before(said.start, 3) & HOW
    if "esli" in said.before(said.start, 4):
        asked = asked - {"mojno"}
    if asked - {"chto"} or _is_refused(said) or (asked and not _is_announced(said)):
        return True
    if any(said.before(at, min(2, at - said.start)) & _NOT_INSIDE for at in said.at):
        return True
    own = [said.tokens[at] for at in said.at]
    is_past = any(map(_NOT_TAKEN_BACK.match, own)) and "chtoby" not in said.before(said.start, 4)
    return is_past or _is_a_tale(said) or _is_unwilling(said)


def _is_announced(said: Said) -> bool:
    """«Уведомляю, что отзываю»: what follows is said, not asked."""
    return begins_with(said.before(said.start, 7), _ANNOUNCES)


def _is_refused(said: Said) -> bool:
    """A no shortly before it, unless that is said of a link: "it does not work, do it for me"."""
    words = said.tokens[max(0, said.start - 3) : said.start + 1]
    no = _NOT - said.own
    return any(word in no and _reaches(word, words[n + 1 :]) for n, word in enumerate(words[:-1]))


def _reaches(no: str, after: Sequence[str]) -> bool:
    """Whether it reaches what follows: «но» is no English no, and a clause of its own ends it."""
    if no == "no" and not after[0].startswith(_NO_WHAT):
        return False
    return not (after[0].startswith(_BROKEN) or _NEW_CLAUSE & set(after[1:]))


def _is_unwilling(said: Said) -> bool:
    """In Russian the no may stand behind it: "отзывать не хочу"."""
    first, *rest = [*said.afterwards, ""]
    return first == "ne" and begins_with(rest[:1], _UNWILLING)


def _is_a_tale(said: Said) -> bool:
    """ "I deleted my data" tells; "my data deleted" wishes."""
    return any(
        _DONE.fullmatch(said.tokens[at])
        and said.before(at, 2) & _WHO
        and "if" not in said.before(at, 3)
        for at in said.at
    )


def _tells_what_may_be(said: Said) -> bool:
    is_wish = bool(said.before(said.start, 2) & _PLEASE) or begins_with(
        said.before(said.start, 7), _USES_IT
    )
    before = said.before(said.start, 5)
    may = before & _MAY - ({"mojno"} if "esli" in before else set())
    if not is_wish and (may or _is_told_to_others(said)):
        return True
    return bool(_MAY & set(said.inside) - said.own) or any(map(_AFTERWARDS.match, said.afterwards))


def _is_told_to_others(said: Said) -> bool:
    """ "You may … or withdraw it", however much stands between."""
    before = said.tokens[max(0, said.start - 12) : said.start]
    told = [n for n, pair in enumerate(pairwise(before)) if pair in _YOU_MAY]
    return bool(told) and not {"i", "ia", "men"} & set(before[told[-1] :])


def _is_of_something_else(said: Said) -> bool:
    """Of a form, of money, of an agreement."""
    own = [said.tokens[at] for at in said.at]
    inside = said.inside
    # «Согласие и отзыв»: a review stands beside a consent.
    if any(word.startswith(_OTHER_WORDS) for word in own) or ("otzyv" in own and inside == ["i"]):
        return True
    if begins_with(inside, _GOODS) or _AGREED & {*inside, *said.afterwards[:1]}:
        return True
    # In Kazakh what is returned stands before its verb.
    if own[0].startswith(("kaitar", "keri")) and begins_with(said.before(said.start, 1), _GOODS):
        return True
    if begins_with(inside, _DOCUMENTS) and not _BY_THIS & set(inside) and "forme" not in inside:
        return True
    return any(_is_only_along(said, at) for at in said.at if said.tokens[at].startswith("consent"))


def _is_only_along(said: Said, at: int) -> bool:
    """ "the consent form", "with your consent"."""
    follows = said.tokens[at + 1 : at + 2]
    return begins_with(follows, _DOCUMENTS_AFTER) or bool(said.before(at, 2) & _ALONG)
