"""What each verb makes of a delivery: the model's whole knowledge of the database's rows.

`test_table.py` runs every verb of the product against a real row in every state, with the right
and the wrong owner and fence, and demands exactly this; so the model cannot drift away from it.
"""

from collections.abc import Mapping
from types import MappingProxyType

STATES = (
    "pending",
    "claimed",
    "open",
    "sealed",
    "aborting",
    "accepted",
    "refused",
    "uncertain",
    "held",
    "deferred",
)
FINAL = frozenset({"accepted", "refused", "uncertain", "held"})

Moves = Mapping[str, str]

_AN_END = {"claimed": "pending", "open": "pending", "aborting": "held"}


def _ending(state: str) -> Moves:
    """What a result makes of a row; whoever left meanwhile has the last word."""
    return {"open": state, "sealed": state, "aborting": "held"}


TABLE: Mapping[str, Moves] = MappingProxyType(
    {
        "claim": {"pending": "claimed", "deferred": "claimed"},
        "put back": {"claimed": "pending"},
        "put back: not yet": {"claimed": "deferred"},
        "gate: yes": {"claimed": "open"},
        "gate: no": {"claimed": "held"},
        "gate: paused": {"claimed": "pending"},
        "gate: stopped": {"claimed": "held"},
        "gate: off": {"claimed": "pending"},
        "seal": {"open": "sealed"},
        # Nothing is accepted without its dot, and there is no dot without a seal.
        "record: accepted": {"sealed": "accepted"},
        "record: refused": _ending("refused"),
        "record: deferred": _ending("deferred"),
        "record: lost": _ending("deferred"),
        "record: aborted": _ending("deferred"),
        "record: cannot_render": _ending("held"),
        "record: uncertain": _ending("uncertain"),
        "record: uncertain, asked for": _ending("deferred"),
        "leave": {"pending": "held", "deferred": "held", "claimed": "held", "open": "aborting"},
        # What waits is stopped by the campaign's row; `close stopped` writes it down.
        "stop": {"open": "aborting"},
        "pause": {"claimed": "pending"},
        "close stopped": {"pending": "held", "deferred": "held"},
        "settle: nothing": _AN_END | {"sealed": "pending"},
        "settle: D": _AN_END | {"sealed": "uncertain"},
        "settle: D, asked for": _AN_END | {"sealed": "deferred"},
        "settle: K250": _AN_END | {"sealed": "accepted"},
        "settle: K450": _AN_END | {"sealed": "deferred"},
        "settle: K550": _AN_END | {"sealed": "refused"},
        "settle: lost journal": _AN_END | {"sealed": "uncertain"},
    }
)

# Which verbs compare what of the claim that they speak for. The others speak for nobody.
OWNER, FENCE = "owner", "fence"
COMPARES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "put back": frozenset({OWNER}),
        "gate": frozenset({OWNER, FENCE}),
        "seal": frozenset({OWNER, FENCE}),
        "record": frozenset({OWNER, FENCE}),
        "settle": frozenset({OWNER}),
    }
)


def compared(verb: str) -> frozenset[str]:
    """What a verb of the table compares: `gate: yes` asks as `gate` does."""
    return COMPARES.get(verb.partition(":")[0], frozenset())
