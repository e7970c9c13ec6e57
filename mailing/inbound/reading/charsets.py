"""Text out of octets whose charset is stated wrongly, or not at all."""

import codecs
import re
from collections.abc import Iterable

# In the order of preference where nothing is stated: what mail in Kazakhstan is written in.
CANDIDATES = ("kz1048", "ptcp154", "cp1251", "koi8-r")

# Names that senders write and Python does not know (mail-standards A.3).
_OTHER_NAMES = {
    "strk1048-2002": "kz1048",
    "rk1048": "kz1048",
    "pt154": "ptcp154",
    "cp154": "ptcp154",
    "x-mac-cyrillic": "mac-cyrillic",
    "windows-31j": "cp932",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "x-unknown": "utf-8",
    "unknown-8bit": "utf-8",
    "ansi_x3.4-1968": "utf-8",
    "us-ascii": "utf-8",
    "iso-8859-8-i": "iso-8859-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
}
# Charsets whose decoders are slow or change what octets mean (RFC 2152: UTF-7 hides anything).
_REFUSED = {
    *("utf-7", "punycode", "idna", "undefined", "hz", "mbcs", "oem"),
    *("unicode-escape", "unicode_escape", "raw-unicode-escape", "raw_unicode_escape"),
}
_WORDS = re.compile(r"[Ѐ-ӿ]{3,}")
_STEMS = ("согласи", "персональн", "данны", "келіс", "деректер", "отпис", "жазыл", "өңде", "қайтар")


def known(charset: str | None) -> str | None:
    """The name of a text codec for what a message calls its charset; None for an unknown one."""
    name = (charset or "").strip(" '\"").lower()
    name = _OTHER_NAMES.get(name, name)
    if not name or len(name) > 40 or not name.isascii():
        return None
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    is_text = getattr(info, "_is_text_encoding", True) and info.name not in _REFUSED
    return info.name if is_text else None


def decode(octets: bytes, charset: str | None = None) -> str:
    """Text for any octets: as stated where that works, else as UTF-8, else by what reads best."""
    for name in filter(None, ("utf-8" if octets.isascii() else None, known(charset), "utf-8")):
        if name != "utf-8" or not _is_iso_2022(octets, charset):
            text = _strictly(octets, name)
            if text is not None:
                return text
    if charset is not None and (named := known(charset)) and named != "utf-8":
        return octets.decode(named, "replace")
    return _likeliest(octets)


def _is_iso_2022(octets: bytes, charset: str | None) -> bool:
    return (charset or "").lower().startswith("iso-2022") and b"\x1b" in octets


def _strictly(octets: bytes, charset: str) -> str | None:
    try:
        return octets.decode(charset)
    except (UnicodeError, ValueError):
        return None


def _likeliest(octets: bytes) -> str:
    """The candidate whose text holds words that we know, else the most words at all."""
    read = [text for name in CANDIDATES if (text := _strictly(octets, name)) is not None]
    if not read:
        return octets.decode("utf-8", "replace")
    return max(read, key=_sense)


def _sense(text: str) -> tuple[int, int]:
    folded = text.casefold()
    return _count(folded, _STEMS), sum(map(len, _WORDS.findall(_lower_case(text))))


def _count(text: str, stems: Iterable[str]) -> int:
    return sum(stem in text for stem in stems)


def _lower_case(text: str) -> str:
    """Capitals inside words speak against a charset; KOI8-R read as another one is full of them."""
    return re.sub(r"(?<=[а-яё])[А-ЯЁ]", " ", text)
