"""The stems of words by which findings are recognised, in three languages. Pure.

Stems are looked for one by one with `in`, never by an expression that spans words: whatever the
text, looking takes time in proportion to its length.
"""

import re

Stems = tuple[tuple[str, ...], ...]

BIN = re.compile(r"(?<!\d)\d{12}(?!\d)")
HTTP = re.compile(r"http://[^\s<>«»\"')\]]{1,100}")
_KAZAKH = re.compile("[әғқңөұүһі]")
_CYRILLIC = re.compile("[а-яёәғқңөұүһі]")
_LATIN = re.compile("[a-z]")
_QUOTES = str.maketrans("", "", "«»“”„\"'‹›*_\\")

# Each line: stems that stand in one clause together.
UNLIMITED: Stems = (
    ("мерзім", "шектеусіз"),
    ("мерзім", "шектелме"),
    ("мерзім", "шексіз"),
    ("мерзімсіз",),
    ("срок", "неограничен"),
    ("срок", "не ограничен"),
    ("неопределенный срок",),
    ("неопределённый срок",),
    ("бессрочн",),
    ("term", "unlimited"),
    ("period", "unlimited"),
    ("no end date",),
    ("no time limit",),
    ("indefinitely",),
    ("indefinite term",),
    ("indefinite period",),
    ("unlimited time",),
)
NEVER_HANDED: Stems = (
    ("үшінші", "тұлға", "берілме"),
    ("третьим лицам", "не переда"),
    ("третьим лицам", "не будут перед"),
    ("third part", " not "),
    ("third part", "never"),
)
SERVICES = {
    "Yandex Metrica": re.compile(r"яндекс[ .\-]{0,2}метри|yandex[ .\-]{0,2}metri"),
    "Google Analytics": re.compile(r"google[ .\-]{0,2}analytic|гугл[ .\-]{0,2}анали"),
    "Meta Pixel": re.compile(r"facebook pixel|meta pixel|пиксел\w{0,3} facebook"),
    "AppMetrica": re.compile(r"appmetrica"),
    "Hotjar": re.compile(r"hotjar"),
    "LiveInternet": re.compile(r"liveinternet"),
    "Mailchimp": re.compile(r"mailchimp"),
    "SendPulse": re.compile(r"sendpulse"),
    "Unisender": re.compile(r"unisender"),
}
# Phrases of the usual template that lost a part: stems that stand there, and the words of which
# one would stand there too if nothing had been lost (reference: clauses 2.4, 2.5 and 2.8).
LOST: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("сондай-ақ оларды пайдаланусыз",), ("автоматтандыру", "пайдаланумен", "пайдалана отырып")),
    (("также без их использования",), ("автоматизац", "с использованием")),
    (("also without using them",), ("automat", "with or without", "using or")),
    (("иесіздендіру", "мүмкіндігі"), ("мүмкін емес", "мүмкіндігі жоқ", "болмайтын")),
    (("обезличивани", "возможно"), ("невозможн", "не возможн", "не позвол")),
    (("depersonalisation", "possible"), ("impossible", "not possible", "nobody", "cannot")),
    (("anonymisation", "possible"), ("impossible", "not possible", "nobody", "cannot")),
    (("кез келген басқа тасығыш",), ("компьютер", "қағаз", "сервер")),
    (("любых других носител",), ("компьютер", "бумаж", "электронн")),
    (("любых иных носител",), ("компьютер", "бумаж", "электронн")),
    (("any other medi",), ("computer", "paper", "electronic")),
)


def possible(whole: str, lines: Stems) -> Stems:
    """The lines whose stems stand somewhere in the text: no others need be looked for by clause."""
    return tuple(line for line in lines if all(stem in whole for stem in line))


def holds(lowered: str, lines: Stems) -> bool:
    """Whether all stems of one of the lines stand in the clause."""
    return any(all(stem in lowered for stem in line) for line in lines)


def lacks(lowered: str, there: tuple[str, ...], partners: tuple[str, ...]) -> bool:
    """Whether these stems stand in the clause, and none of what belongs with them."""
    return all(s in lowered for s in there) and not any(s in lowered for s in partners)


def unquoted(text: str) -> str:
    """Without quotes and the signs of Markdown, which may stand inside a name or mark."""
    return text.translate(_QUOTES)


def looks_like(language: str, lowered: str) -> bool:
    """Whether a text may be in that language: by its letters, and generously.

    Kazakh has letters that Russian lacks; a short text proves nothing.
    """
    kazakh, cyrillic = len(_KAZAKH.findall(lowered)), len(_CYRILLIC.findall(lowered))
    latin = len(_LATIN.findall(lowered))
    if cyrillic + latin < 200:
        return True
    if language == "en":
        return latin > cyrillic
    share = kazakh / max(cyrillic, 1)
    is_kazakh = share > 0.03
    return cyrillic > latin and (is_kazakh if language == "kk" else not is_kazakh)
