"""Terms of retention, as `KELISIM_RETENTION` spells them: `junk=90, left=1095`, in days.

A kind of data without a term is kept: the policy of the first operator has none.
"""

from mailing.base.values import words

KINDS = (
    "junk",
    "auto-replies",
    "bounces",
    "letters",
    "answers",
    "relay-replies",
    "remarks",
    "tests",
    "left",
)
LONGEST = 36_500


def terms(text: str) -> tuple[tuple[str, int], ...]:
    """Read them; raises ValueError that names the part at fault."""
    read = tuple(_term(word) for word in words(text))
    twice = {kind for kind, _ in read if [one for one, _ in read].count(kind) > 1}
    if twice:
        raise ValueError(f"names {min(twice)} more than once")
    return read


def _term(word: str) -> tuple[str, int]:
    kind, _, days = (part.strip() for part in word.partition("="))
    if kind not in KINDS:
        raise ValueError(f"cannot read {word!r}: the kinds are {', '.join(KINDS)}")
    if not (days.isascii() and days.isdecimal()) or not 1 <= int(days) <= LONGEST:
        raise ValueError(f"cannot read {word!r}: write {kind}=90, in days")
    return kind, int(days)
