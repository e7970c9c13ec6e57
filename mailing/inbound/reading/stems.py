"""Stems: whether a folded word begins like one; a letter may be lost, and one mistyped."""

from mailing.inbound.reading.folding import LOST

SHORTEST = 4


def begins(word: str, stem: str) -> bool:
    """Whether a word begins like the stem: letter by letter, `?` as any, one slip in a long one."""
    if len(stem) < SHORTEST:
        return word == stem
    head = word[: len(stem)]
    if LOST in word and len(head) == len(stem) and head.count(LOST) * 2 <= len(stem):
        return all(one in (other, LOST) for one, other in zip(head, stem, strict=True))
    return word.startswith(stem) or (len(stem) >= 6 and _one_slip(word, stem))


def _one_slip(word: str, stem: str) -> bool:
    """A letter too many, too few, another, or two that changed places; never the first, and the
    last only doubled: there the next word of the same family begins."""
    same = next(
        (n for n, (one, other) in enumerate(zip(word, stem, strict=False)) if one != other), 0
    )
    rest, wanted = word[same:], stem[same:]
    if same == 0 or rest[1:].startswith(wanted):
        return same > 0
    swapped = f"{rest[1:2]}{rest[:1]}{rest[2:]}"
    typed = (rest[1:].startswith(wanted[1:]), rest.startswith(wanted[1:]))
    return len(wanted) > 1 and (any(typed) or swapped.startswith(wanted))
