"""Words folded so far that the ways of writing one Kazakh or Russian phrase become one.

Letters that only Kazakh has are typed as Russian ones, as Latin ones that look alike, as the
digits whose keys they share, or are lost as `?` (mail-standards A.3). All of that ends in the
same plain Latin skeleton; what was lost stays `?`, which stands for any letter.
"""

import html
import re
import unicodedata
from collections.abc import Iterator

LONGEST = 2000
LOST = "?"

_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\ufe00-\ufe0f\ufeff"
)
_INVISIBLE = re.compile(f"[{_UNSEEN}]")
# A field folds before white space (RFC 5322 2.2.3), and some programs fold inside a word.
_FOLDED = re.compile(f"[{_UNSEEN}]*\r?\n[ \t{_UNSEEN}]+")
# A text breaks a word behind a hyphen, or where a sign that nobody sees allows it.
_BROKEN_WORD = re.compile(
    f"(?<=\\w)(?:-|[{_UNSEEN}]+)[ \t]*\r?\n[ \t{_UNSEEN}]*(?=\\w)"
    f"|(?<=\\w)\r?\n[ \t]*[{_UNSEEN}]+[ \t]*(?=\\w)"
)
_FROM_CYRILLIC = str.maketrans(
    {
        **dict(zip("абвгдезийклмнопрстуфхыэ", "abvgdeziiklmnoprstufhye", strict=True)),
        **dict(zip("әіңғүұқөһё", "ainguukohe", strict=True)),
        "ж": "j",
        "ц": "c",
        "ч": "ch",
        "ш": "sh",
        "щ": "sh",
        "ю": "iu",
        "я": "ia",
        "ъ": "",
        "ь": "",
    }
)
_TO_CYRILLIC = str.maketrans("aeopcxykimthb3", "аеорсхукімтнвз")
_FROM_LATIN = str.maketrans(
    {
        **dict(zip("ıqwýúüūùǵğńñóöőáäâşțž", "ikuuuuuuggnnoooaaastj", strict=True)),
        "ʻ": "",
        "'": "",
        "’": "",
        "`": "",
        "ə": "a",
        "ŋ": "n",
        "ø": "o",
    }
)
_DIGIT_KEYS = dict(zip("2345890-=", "әіңғүұқөһ", strict=True))
_KEYS_EN = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_KEYS_RU = "йцукенгшщзхъфывапролджэячсмитьбюё"
_TO_RU = str.maketrans(_KEYS_EN, _KEYS_RU)
_TO_EN = str.maketrans(_KEYS_RU, _KEYS_EN)
_KEYS = re.compile(r"[0234589=-]+")
_IS_CYRILLIC, _IS_LATIN = re.compile("[а-яёәіңғүұқөһ]"), re.compile("[0-9a-z]")
_TOKEN = re.compile(r"[a-z?\ufffd]+")
_BROKEN = re.compile("[РСÐÑ]")
_CYRILLIC_LETTER, _LATIN_LETTER = re.compile("[\u0400-\u04ff]"), re.compile("[a-z]")
_SHORTEST_RETYPED = 4
_MOJIBAKE = ("cp1251", "latin-1", "cp1252")


def readings(text: str) -> Iterator[list[str]]:
    """The words of a text in each way that it may have been meant, the plain way first."""
    plain = _plain(text[:LONGEST])
    yield words(plain)
    for other in _others(plain, text):
        if other != plain:
            yield words(other)


def words(text: str) -> list[str]:
    """The folded words of a text."""
    # Which letters a word is of matters where there are Cyrillic ones; else it is one look at all.
    pieces = text.split() if _CYRILLIC_LETTER.search(text) else [text]
    found = (word for piece in pieces for word in _TOKEN.findall(_skeleton(piece)))
    return [word for word in found if word.strip("?\ufffd")]


def _plain(text: str) -> str:
    text = html.unescape(_FOLDED.sub(" ", text)) if "&" in text else _FOLDED.sub(" ", text)
    whole = unicodedata.normalize("NFKC", text)[: 2 * LONGEST]
    return _INVISIBLE.sub("", whole).casefold()


def rejoined(text: str) -> str:
    """The text with the words whole that were broken over two lines."""
    return _BROKEN_WORD.sub("", text)


def _others(plain: str, text: str) -> Iterator[str]:
    if "\n" in text:
        yield _plain(_FOLDED.sub("", text[:LONGEST]))
    yield _digits(plain)
    yield _digits(_retyped(plain, _TO_RU, _CYRILLIC_LETTER))
    yield _retyped(plain, _TO_EN, _LATIN_LETTER)
    for charset in _MOJIBAKE:
        yield _plain(_unbroken(text, charset))


def _retyped(text: str, keys: dict[int, int], other: re.Pattern[str]) -> str:
    """Words that may have been typed in the other layout; those in its own letters stay."""
    shortest = _SHORTEST_RETYPED if other.search(text) else 1
    return " ".join(
        word if len(word) < shortest or other.search(word) else word.translate(keys)
        for word in text.split(" ")
    )


def _digits(text: str) -> str:
    """Keys of digits read as the letters on them, where they touch Cyrillic ones; one look at each
    row of keys, however long it is."""
    return _KEYS.sub(_retyped_keys, text)


def _retyped_keys(keys: re.Match[str]) -> str:
    row, before = keys[0], keys.string[keys.start() - 1 : keys.start()]
    if not _IS_CYRILLIC.match(before):
        if not _IS_CYRILLIC.match(keys.string, keys.end()):
            return row
        if _IS_LATIN.match(before):  # A number or a word ends here; a letter may begin behind it.
            kept = 1 + min((at for at in map(row.find, "-=") if at >= 0), default=len(row))
            return row[:kept] + _letters(row[kept:])
    return _letters(row)


def _letters(row: str) -> str:
    return "".join(_DIGIT_KEYS.get(key, key) for key in row)


def _unbroken(text: str, charset: str) -> str:
    """UTF-8 that somebody read as another charset, read again; else the text as it was."""
    if len(_BROKEN.findall(text)) < 4:
        return text
    return text.encode(charset, "ignore").decode("utf-8", "ignore")


def _skeleton(token: str) -> str:
    """One word in plain Latin letters; in a word of Cyrillic letters, look-alikes are Cyrillic."""
    if _CYRILLIC_LETTER.search(token):
        return token.translate(_TO_CYRILLIC).translate(_FROM_CYRILLIC).replace("\ufffd", LOST)
    token = token.translate(_FROM_LATIN)
    if token.isascii():
        return token.replace("zh", "j")
    bare = unicodedata.normalize("NFD", token)
    bare = "".join(sign for sign in bare if not unicodedata.combining(sign))
    return bare.replace("zh", "j").replace("\ufffd", LOST)
