"""How much is measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from worker.__main__ import PROCESSES


def _size(default: int, meaning: str) -> int:
    size: int = field(default=default, metadata={"meaning": meaning})
    return size


@dataclass(frozen=True)
class Sizes:
    """The numbers that an option may change; the defaults are the full sizes."""

    messages: int = _size(40_000, "messages of a campaign of `campaign` and `dkim`")
    message_size: int = _size(10_000, "least octets of a message")
    rounds: int = _size(3, "times that each is measured, in turns with its reference")
    processes: int = _size(PROCESSES, "sending processes of a worker, as many as its default")
    connections: int = _size(64, "SMTP connections of each sending process")
    few: int = _size(20, "the same for relays that allow few; `campaign` measures both")
    small: int = _size(10_000, "people of the small list of `scale`")
    large: int = _size(1_000_000, "people of the large list of `scale`")
    far: int = _size(3_000, "messages a worker of `distance`")
    many: int = _size(4, "workers of `distance` that are compared with one")
    delay: int = _size(50, "milliseconds of a round trip to the relay of `distance`")
    crowd: int = _size(150_000, "people of the campaigns of `leave` and `crash`")
    leaves: int = _size(400, "people who leave, at rest and again while a campaign runs")
    kills: int = _size(10, "kills of each kind whose consequences `crash` times")
    every: int = _size(5, "seconds between two kills of a campaign that goes on under them")
    people: int = _size(100_000, "people of `audience`")
    campaigns: int = _size(10_000, "campaigns that have been sent before, of `studio`")
    rows: int = _size(1_000_000, "rows of an import")
    kept: int = _size(250_000, "people of the database that `backup` backs up")
    replayed: int = _size(100_000, "lines of the journal that `backup` replays")
    import_rounds: int = _size(2, "imports of so many rows, each beside its COPY")

    @classmethod
    def meanings(cls) -> dict[str, str]:
        """What each number means."""
        return {one.name: one.metadata["meaning"] for one in fields(cls)}

    def with_given(self, given: Mapping[str, int | None]) -> "Sizes":
        """These sizes with what was asked for; None was not asked for."""
        return replace(self, **{name: size for name, size in given.items() if size is not None})


FULL = Sizes()
MODEST = Sizes(
    messages=5_000,
    rounds=2,
    small=5_000,
    large=40_000,
    far=600,
    crowd=20_000,
    every=1,
    leaves=100,
    kills=3,
    people=20_000,
    campaigns=2_000,
    rows=20_000,
    kept=20_000,
    replayed=5_000,
)
