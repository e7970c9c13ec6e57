"""Politeness: a wish that is put as a question, with the words that make it one left out."""

from collections.abc import Sequence

from mailing.inbound.reading.said import begins_with

_HELPERS = {"can", "could", "uould", "uill"}
_CAN_YOU = {"mojete", "mogli", "mojno"}
_FILLERS = {
    "li",
    "by",
    "vy",
    "you",
    "please",
    "pls",
    "kindly",
    "pojaluista",
    "just",
    "prosto",
    "me",
}
# What only we can do: whoever asks whether we can wishes it. To withdraw is the author's own.
_WE_DO = (
    *("delet", "eras", "remov", "destro", "uipe", "stop", "unsubscrib", "cancel", "take", "forget"),
    *("udalit", "steret", "unichtoj", "otpisat", "ubrat", "iskliuchit", "prekratit", "perestat"),
)
_LOOKED_AT = 40


def plainly(tokens: Sequence[str]) -> Sequence[str]:
    """ "Could you please delete" is "delete"; "you could delete" stays."""
    for at, word in enumerate(tokens[:_LOOKED_AT]):
        if _opens(tokens, at, word):
            rest = at + 1
            while rest < len(tokens) and tokens[rest] in _FILLERS:
                rest += 1
            if begins_with(tokens[rest : rest + 1], _WE_DO):
                first = at - 1 if tokens[max(0, at - 1) : at] == ["ne"] else at
                return [*tokens[:first], *tokens[rest:]]
    return tokens


def _opens(tokens: Sequence[str], at: int, word: str) -> bool:
    """Whether a polite question begins there: "can you", not "you can"."""
    if word in _HELPERS:
        return tokens[at + 1 : at + 2] == ["you"]
    return word in _CAN_YOU and "vy" not in tokens[max(0, at - 1) : at]
