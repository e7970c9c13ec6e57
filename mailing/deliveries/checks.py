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
class Check:
    """One line of the list: a stable id, a short title, a sentence that says what to do, and where
    that is done."""

    id: str
    level: Level
    title: str
    detail: str
    fix: Fix = Fix.NOWHERE
