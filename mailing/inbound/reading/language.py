"""In which of our languages somebody wrote, as far as the letters and commonest words tell it."""

import re

_KAZAKH = re.compile(
    r"[әғқңөұүһ]|\b(?:және|мен|керек|деректер\w*|келісім\w*|сәлем\w*)\b", re.IGNORECASE
)
_RUSSIAN = re.compile(r"[а-яё]", re.IGNORECASE)
_ENGLISH = re.compile(
    r"\b(?:the|and|you|your|my|please|data|consent|hello|what|how)\b", re.IGNORECASE
)


def language_of(text: str) -> str | None:
    """`kk` by letters that only Kazakh has, `ru` by Cyrillic, `en` by its commonest words."""
    cut = text[:4000]
    if _KAZAKH.search(cut):
        return "kk"
    if len(_RUSSIAN.findall(cut)) > 3:
        return "ru"
    return "en" if _ENGLISH.search(cut) else None
