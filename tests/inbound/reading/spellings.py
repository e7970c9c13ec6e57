"""How people really write a mark: every class of mail-standards A.3, made from the mark itself."""

import html
import unicodedata
from collections.abc import Iterator

WITHDRAW = "Дербес деректерді өңдеуге келісімді қайтарып алу"
RECTIFY = "Дербес деректерді өзектілендіру"
RUSSIAN = "Отзыв согласия на обработку персональных данных"
ENGLISH = "Withdrawal of consent to the processing of personal data"

_RUSSIAN_LETTERS = str.maketrans("әіңғүұқөһ", "аинууукох"[:9].replace("ууу", "гуу"))
_LOOKALIKES = str.maketrans("аеорсхукі", "aeopcxyki")
_DIGITS = str.maketrans("әіңғүұқөһ", "2345890-=")
_RU_KEYS = "йцукенгшщзхъфывапролджэячсмитьбю"
_EN_KEYS = "qwertyuiop[]asdfghjkl;'zxcvbnm,."
_WRONG_LAYOUT = str.maketrans(_RU_KEYS, _EN_KEYS)
_LATIN = {
    **dict(zip("абвгдезийклмнопрстуфхыэ", "abvgdeziiklmnoprstufhye", strict=True)),
    **dict(zip("ңғқ", "ngq", strict=True)),
    "ә": "a",
    "і": "i",
    "ү": "u",
    "ұ": "u",
    "ө": "o",
    "һ": "h",
    "ж": "zh",
    "ю": "iu",
    "я": "ia",
}
_LATIN_2021 = {
    **_LATIN,
    "ә": "ä",
    "ң": "ñ",
    "ғ": "ğ",
    "ү": "ü",
    "ұ": "ū",
    "ө": "ö",
    "і": "ı",
    "ж": "j",
}
_LATIN_2018 = {**_LATIN, "ә": "á", "ң": "ń", "ғ": "ǵ", "ү": "ú", "ө": "ó", "у": "ý", "й": "ı"}

PREFIXES = (
    *(
        "",
        "Re: ",
        "RE[2]: ",
        "Fwd: Re: ",
        "На: ",
        "Отв: ",
        "Ответ: ",
        "Пересл: ",
        "Қайта: ",
        "Жауап: ",
    ),
    *("AW: ", "WG: ", "[EXTERNAL] ", "[SPAM] Re: ", "Өтініш: ", "Заявление: "),
)
FRAMES = (
    *("{}", "«{}»", "“{}”", '"{}"', "{}!", "{}...", "— {} —", "  {}  ", "{}.", "🙏 {}", "({})"),
    *("{} — Серік С. А., +7 701 000 00 00", "{} (мен, Серік)"),
)


def spellings(mark: str) -> Iterator[tuple[str, str]]:
    """Name of the class, and the mark so written."""
    low = mark.lower()
    yield "exact", mark
    yield "capitals", mark.upper()
    yield "title", mark.title()
    yield "russian letters", low.translate(_RUSSIAN_LETTERS)
    yield "n for ng", mark.replace("ң", "н")
    yield "latin i", mark.replace("і", "i")
    yield "look-alikes", low.translate(_LOOKALIKES)
    yield "digit keys", low.translate(_DIGITS)
    yield "wrong layout", low.translate(_DIGITS).translate(_WRONG_LAYOUT)
    yield "latin", _spelled(low, _LATIN)
    yield "latin 2021", _spelled(low, _LATIN_2021)
    yield "latin 2018", _spelled(low, _LATIN_2018)
    yield "nfd", unicodedata.normalize("NFD", mark)
    yield "entities", html.escape(mark).encode("ascii", "xmlcharrefreplace").decode()
    yield "nbsp", mark.replace(" ", "\u00a0")
    yield "tabs", mark.replace(" ", "\t ")
    yield "zero width", "\u200b".join(mark)
    yield "bidi", f"\u200e\u202b{mark}\u202c"
    yield "fold", mark.replace(" ", "\r\n ", 2)
    yield "underscores", mark.replace(" ", "_")
    yield "full width", _wide(mark)
    yield from (
        (f"lossy {name}", _lossy(mark, name))
        for name in ("cp1251", "koi8-r", "cp866", "iso-8859-5")
    )
    yield from ((f"mojibake {name}", _mojibake(mark, name)) for name in ("cp1251", "latin-1"))


def slips(mark: str) -> Iterator[str]:
    """One slip of the finger in each longer word: a letter lost, doubled, or two swapped."""
    for place, word in enumerate(words := mark.split(" ")):
        if len(word) >= 7:
            for at in range(2, 5):
                for typed in (
                    word[:at] + word[at + 1 :],
                    word[:at] + word[at] + word[at:],
                    _swap(word, at),
                ):
                    yield " ".join([*words[:place], typed, *words[place + 1 :]])


def _swap(word: str, at: int) -> str:
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _spelled(text: str, letters: dict[str, str]) -> str:
    return "".join(letters.get(letter, letter) for letter in text)


def _wide(text: str) -> str:
    return "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)


def _lossy(text: str, charset: str) -> str:
    return text.encode(charset, "replace").decode(charset)


def _mojibake(text: str, charset: str) -> str:
    return text.encode().decode(charset, "ignore" if charset == "cp1251" else "strict")
