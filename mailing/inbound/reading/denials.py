"""Denials: the words of a mark are there, and the sentence does not ask for it.

It says no, asks how, tells what one may do, or speaks of a form or of goods. What is denied by
mistake is a person's to read; what is not denied by mistake ends somebody's consent. Words stand
here as the folding spells them (`w` is `u`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HOW = {"hou", "kak", "kalai", "mojno", "can", "uhat", "chto", "uhether"}
_NOT = {"ne", "not", "dont", "never", "emes", "no", "uithout", "bez"}
_NOT_INSIDE = {"ne", "not", "never", "dont", "emes"}
_MAY = {
    *("may", "might", "could", "can", "right", "mojet", "mojete", "mogut", "mogu", "pravo"),
    *("vprave", "mojno"),
}
_USES_IT = ("exercis", "using", "polzu", "ispolzu", "realizu")
# What follows in Kazakh: "is not", "may be", "he can", "with the mark".
_AFTERWARDS = re.compile(
    r"alma(?:i|s|d)|kelmei|emes|bola(?:dy|di)?$|bolmai|mumkin|kukygy?n?$|ala$|belgis"
)
_NOT_TAKEN_BACK = re.compile(r"kaitarma(?!k)|udalil|sotril|unichtojil")
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
    *("order", "offer", "tender", "complaint", "candid", "nomin"),
)
_AGREED = {"boiynsha", "boinsha"}
_ALONG = {"uith", "uithout", "by", "under", "after", "upon", "given", "having"}
_OTHER_WORDS = ("kelisimsha",)


@dataclass(frozen=True)
class Said:
    """The words of a sentence, where the mark begins, where its own words stand, their stems."""

    tokens: Sequence[str]
    start: int
    at: tuple[int, ...]
    own: frozenset[str]

    @property
    def inside(self) -> Sequence[str]:
        """From the mark's first word to its last, those in between."""
        return [self.tokens[n] for n in range(self.start + 1, self.at[-1]) if n not in self.at]

    def before(self, at: int, size: int) -> set[str]:
        """Words before a place, none of the mark's own."""
        return set(self.tokens[max(0, at - size) : at]) - self.own

    @property
    def afterwards(self) -> Sequence[str]:
        """The few words after its last one."""
        return self.tokens[self.at[-1] + 1 : self.at[-1] + 4]


def is_denied(said: Said) -> bool:
    """Whether the sentence asks for nothing of the kind."""
    return _says_no(said) or _tells_what_may_be(said) or _is_of_something_else(said)


def _says_no(said: Said) -> bool:
    before = said.before(said.start, 3)
    if before & _NOT or before & HOW:
        return True
    if any(said.before(at, min(2, at - said.start)) & _NOT_INSIDE for at in said.at):
        return True
    own = [said.tokens[at] for at in said.at]
    return any(map(_NOT_TAKEN_BACK.match, own)) or _is_a_tale(said) or _is_unwilling(said)


def _is_unwilling(said: Said) -> bool:
    """In Russian the no may stand behind it: "отзывать не хочу"."""
    first, *rest = [*said.afterwards, ""]
    return first == "ne" and _begins(rest[:1], _UNWILLING)


def _is_a_tale(said: Said) -> bool:
    """ "I deleted my data" tells; "my data deleted" wishes."""
    return any(_DONE.fullmatch(said.tokens[at]) and said.before(at, 2) & _WHO for at in said.at)


def _tells_what_may_be(said: Said) -> bool:
    before = said.before(said.start, 5)
    if before & _MAY and not any(word.startswith(_USES_IT) for word in said.before(said.start, 7)):
        return True
    return bool(_MAY & set(said.inside)) or any(map(_AFTERWARDS.match, said.afterwards))


def _is_of_something_else(said: Said) -> bool:
    """Of a form, of money, of an agreement."""
    own = [said.tokens[at] for at in said.at]
    inside = said.inside
    # «Согласие и отзыв»: a review stands beside a consent.
    if any(word.startswith(_OTHER_WORDS) for word in own) or ("otzyv" in own and inside == ["i"]):
        return True
    if _begins(inside, _GOODS) or _AGREED & set(inside):
        return True
    if _begins(inside, _DOCUMENTS) and not _BY_THIS & set(inside) and "forme" not in inside:
        return True
    return any(_is_only_along(said, at) for at in said.at if said.tokens[at].startswith("consent"))


def _is_only_along(said: Said, at: int) -> bool:
    """ "the consent form", "with your consent"."""
    follows = said.tokens[at + 1 : at + 2]
    return _begins(follows, _DOCUMENTS_AFTER) or bool(said.before(at, 2) & _ALONG)


def _begins(found: Iterable[str], stems: tuple[str, ...]) -> bool:
    return any(word.startswith(stems) for word in found)
