"""Letters made comparable: one skeleton for every way in which the same words are written.

Other letters for Kazakh ones, look-alikes, alphabets, keyboard layouts, lost letters, mojibake:
all end in the same few Latin letters, so that a stem is written once.
"""

import html
import re
import unicodedata

LOST = "?"
_MOST = 4000

_CYRILLIC = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюяәғқңөұүһі",
        "a b v g d e e j z i i k l m n a p r s t u f h c q w w _ i _ e u a a g k n a u u h i".split(),
        strict=True,
    )
)
_CYRILLIC = {letter: "" if to == "_" else to for letter, to in _CYRILLIC.items()}
_LATIN = {"y": "i", "o": "a", "q": "k", "w": "u", "ı": "i", "x": "h"}
_ACCENTED = {"ý": "u", "ǵ": "g", "ń": "n", "ñ": "n", "ŋ": "n", "ş": "w", "ó": "a", "ö": "a"}
# Latin letters within a Cyrillic word stand for what they look like.
_LOOKALIKE = str.maketrans("aeopcxykihbmtrugn", "аеорсхукіһвмтгигп")
_DIGIT_ROW = str.maketrans("234589 0-=", "әіңғүұ қөһ")
_ENGLISH = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_RUSSIAN = "йцукенгшщзхъфывапролджэячсмитьбюё"
_LAYOUT = str.maketrans(_ENGLISH, _RUSSIAN)
_KAZAKH_ROW = str.maketrans("234589 0-=", "әіңғүұ қөһ")
_HAS_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_TOKEN = re.compile(r"\S{1,200}")
_DIGITS = re.compile(r"[234589=0-]")
_MOJIBAKE = re.compile(r"(?:[РСТУФ][\u0080-\u04ff\u2010-\u2122°±µ¶·»«¤]){3}|(?:[ÐÑÒÓ].){3}|(?:╨|╤|п.я){2}")
_SPLIT = re.compile(r"[^a-z?]+")


def skeletons(text: str) -> list[str]:
    """Each way in which a text may have been meant, as words of `a`-`z` and `?` for a lost letter."""
    plain = _clean(text[:_MOST])
    meant = [plain, *_mended(plain)]
    meant += [_struck(one) for one in meant if _DIGITS.search(one) and _HAS_CYRILLIC.search(one)]
    if not _HAS_CYRILLIC.search(plain) and len(plain) <= 400:
        layout = plain.translate(_LAYOUT)
        meant += [layout, _row(plain)]
    return list(dict.fromkeys(skeleton(one) for one in meant))


def skeleton(text: str) -> str:
    """The words of one reading, in Latin letters."""
    folded = _TOKEN.sub(lambda match: _folded(match[0]), text)
    return " ".join(_SPLIT.sub(" ", folded).split())


def _clean(text: str) -> str:
    text = html.unescape(text).replace("\u00ad", "")
    # Mojibake holds octets that normalising would change.
    for mended in _unmojibaked(text):
        text = mended
    return _normal(text)


def _normal(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.replace("\ufffd", LOST))
    shown = "".join(" " if c in "\t\n\r" else c for c in text if unicodedata.category(c) != "Cf")
    return shown.casefold()


def _mended(text: str) -> list[str]:
    return [_normal(one) for one in _unmojibaked(text)]


def _unmojibaked(text: str) -> list[str]:
    """utf-8 that was read as another charset, read anew; nothing where it was not."""
    if not _MOJIBAKE.search(text):
        return []
    for wrong in ("cp1251", "cp1252", "latin-1", "koi8-r", "cp866", "kz1048"):
        octets = _octets(text, wrong)
        if octets is None:
            continue
        read = octets.decode("utf-8", "replace")
        if len(_HAS_CYRILLIC.findall(read)) > 5 and read.count("\ufffd") < len(read) / 4:
            return [read]
    return []


def _octets(text: str, name: str) -> bytes | None:
    found = bytearray()
    for letter in text:
        try:
            found += letter.encode(name)
        except UnicodeEncodeError:
            if ord(letter) > 255:
                found += b"?"
            else:
                found.append(ord(letter))
    return bytes(found) if found.count(b"?") < max(4, len(found) // 8) else None


def _struck(text: str) -> str:
    """Kazakh letters where the keys of the digit row were struck in a Russian layout."""
    return _TOKEN.sub(
        lambda match: (
            match[0].translate(_DIGIT_ROW) if _HAS_CYRILLIC.search(match[0]) else match[0]
        ),
        text,
    )


def _row(text: str) -> str:
    """A Kazakh layout that was meant, an English one that was on."""
    return text.translate(_LAYOUT).translate(_KAZAKH_ROW)


def _folded(token: str) -> str:
    if _HAS_CYRILLIC.search(token):
        return "".join(_CYRILLIC.get(c, c) for c in token.translate(_LOOKALIKE))
    accented = "".join(_ACCENTED.get(c, c) for c in token)
    bare = "".join(c for c in unicodedata.normalize("NFKD", accented) if not unicodedata.combining(c))
    return "".join(_LATIN.get(c, c) for c in _pairs(bare))


def _pairs(word: str) -> str:
    """Pairs of Latin letters that stand for one Cyrillic letter."""
    for pair, letter in (("shch", "w"), ("zh", "j"), ("kh", "h"), ("yu", "u"), ("ya", "a")):
        word = word.replace(pair, letter)
    return word
