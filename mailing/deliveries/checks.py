"""One thing that was looked at before a campaign may start."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """`stop` keeps a campaign from starting; `warn` asks for a look."""

    STOP = "stop"
    WARN = "warn"
    FINE = "fine"


class Fix(StrEnum):
    """Where something is mended."""

    WRITE = "write"
    AUDIENCE = "audience"
    READY = "ready"
    POLICIES = "policies"
    DOMAIN = "domain"
    HEALTH = "health"
    SETTINGS = "settings"
    TEST = "test"
    NOWHERE = ""


@dataclass(frozen=True)
class Quoted:
    """What somebody else says, in English and untranslated, with a figure that is theirs."""

    figure: str
    words: str


@dataclass(frozen=True)
class Check:
    """One line of the list: a stable id, a short title, a sentence that says what to do, where
    that is done, and whom it quotes."""

    id: str
    level: Level
    title: str
    detail: str
    fix: Fix = Fix.NOWHERE
    quoted: tuple[Quoted, ...] = ()
