"""Names of companies, as texts in several languages spell them. Pure.

«Sentiss Kazakhstan» ЖШС, ТОО «Сентис Казахстан» and Sentiss Kazakhstan LLP are one name: letters
are written in Latin, what sounds alike is spelt alike, and legal forms are left out.
"""

import re

_WORD = re.compile(r"[^\W\d_]+|\d+")
_LATIN = str.maketrans(
    "абвгдеёзийклмнопрстуфыэәғқңөұүһіхwqyj", "abvgdeezijklmnoprstufieagknouuhikvkii"
)
_SOUNDS = str.maketrans(
    {"ж": "zh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sh", "ю": "iu", "я": "ia", "ь": "", "ъ": ""}
)
_ALIKE = (("kh", "k"), ("ck", "k"), ("ph", "f"), ("x", "ks"))
_TWICE = re.compile(r"(.)\1+")
_VOWELS = "aeiou"
# What an ending of a case adds to a name: "Казахстаном", "Қазақстанның".
_ENDING = 4
_SHORTEST_STEM = 4

_FORMS = (
    "жшс тоо llp llc ltd inc ақ ао jsc plc ооо пао зао оао ип жк gmbh co company corp limited"
    " liability partnership жауапкершілігі шектеулі серіктестігі серіктестік акционерлік қоғамы"
    " товарищество с ограниченной ответственностью общество акционерное joint stock"
)


def spelt_alike(text: str) -> list[str]:
    """The words of a text in letters that every language shares."""
    latin = text.casefold().translate(_LATIN).translate(_SOUNDS)
    for one, other in _ALIKE:
        latin = latin.replace(one, other)
    return _WORD.findall(_TWICE.sub(r"\1", latin))


LEGAL_FORMS = frozenset(spelt_alike(_FORMS))


def core(name: str) -> list[str]:
    """The words of a company's name, without its legal form."""
    return [word for word in spelt_alike(name) if word not in LEGAL_FORMS]


def stands_in(name: str, text: str) -> bool:
    """Whether the name stands in the text in whatever spelling; no name but a form does not."""
    sought, words = core(name), spelt_alike(text)
    if not sought:
        return False
    starts = range(len(words) - len(sought) + 1)
    return any(
        all(_is(word, words[start + at]) for at, word in enumerate(sought)) for start in starts
    )


def _is(word: str, found: str) -> bool:
    """Whether `found` is the word, in whatever case of its language."""
    stem = word.rstrip(_VOWELS) if len(word) > _SHORTEST_STEM else word
    return found.startswith(stem or word) and len(found) <= len(word) + _ENDING
