"""Retractions: a wish that is taken back, depends on something, or was somebody else's.

Words stand here as the folding spells them.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from mailing.inbound.reading.said import Said, begins_with

_CANCELS = ("annulir", "otmen", "ignor", "disregard", "cancel", "jaramsyz", "nedeistv")
_WISH = re.compile(r"otzyv(?:a|e|om|u)?|uithdraual|revocation")
_CONSENT = ("soglas", "consent", "kelisim")
_LETTERS = ("zaiav", "zapros", "pismo", "request", "letter", "email")
_UNDONE = ("peredum", "razdum")
_UNSURE = {"thinking", "considering", "dumaiu", "podumyvaiu", "planiruiu"}
_TOLD = ("sovet", "posovet", "told", "advis", "suggest", "recommend")
_ABOUT = (["of"], ["about"], ["ob"])
_ONLY_IF = {"if", "esli", "eger"}
_IF = _ONLY_IF | {"or", "ili", "unless", "otheruise", "inache"}
# Later, and only then.
_LATER = re.compile(r"otzovu|udaliu|otpishus")
_WILL = {"uill", "ill", "shall"}
_SOMEBODY = {"uho", "uhoever", "hochet", "hotiat", "uants"}
_MISTAKEN = ("sluchain", "oshibk", "accidental", "mistak")
_DID = re.compile(r"otpisal\w*|otozval\w*|unsubscribed|uithdreu|revoked")
_PRESSED = {"najal", "najala", "clicked", "pressed", "bastym"}
_DO_THIS = ("click", "repl", "visit", "press", "follou", "use", "go")
_NOT_TO_BE = ("schita", "iavlia")
_IN_CASE = re.compile(r"(?:alsam|alsak|tartsa\w*|oshirse\w*|joisa\w*|kaitarsa\w*)$")


def is_retracted(said: Said) -> bool:
    """Whether the wish is not its author's, or not now."""
    ways = (_is_taken_back, _depends, _is_anothers, _is_mistaken)
    return any(way(said) for way in ways)


def _is_taken_back(said: Said) -> bool:
    """ "I cancel my withdrawal"; "my letter is no withdrawal"; "I have thought better of it"."""
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
    if _is_for_whoever_got_it(said) or _is_a_way(said):
        return True
    if _is_considered(said) or any(map(_IN_CASE.search, said.end)):
        return True
    own = [said.tokens[at] for at in said.at]
    will = said.before(said.start, 3) & _WILL or any(map(_LATER.match, own))
    return bool(will and before & _IF)


def _is_considered(said: Said) -> bool:
    """ "I am thinking about"; not "after long thinking I"."""
    last = said.tokens[max(0, said.start - 2) : said.start]
    return bool(_UNSURE & {*last[-1:], *(last[:1] if last[-1:] in _ABOUT else ())})


def _is_for_whoever_got_it(said: Said) -> bool:
    """ "If this came to you by mistake, delete it": what lawyers put below a letter."""
    until = said.tokens[max(0, said.start - 12) : said.at[-1] + 1]
    return bool(_ONLY_IF & set(until)) and begins_with(until, (*_MISTAKEN, "kate", "error"))


def _is_a_way(said: Said) -> bool:
    """ "To unsubscribe, click here"."""
    if said.start == 1 and said.tokens[0] == "chtoby":
        return True
    is_to = said.tokens[max(0, said.start - 1) : said.start] == ["to"]
    return is_to and begins_with(said.following(2), _DO_THIS)


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
