"""How much is measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace


def _size(default: int, meaning: str) -> int:
    size: int = field(default=default, metadata={"meaning": meaning})
    return size


@dataclass(frozen=True)
class Sizes:
    """The numbers that an option may change; the defaults are the full sizes."""

    messages: int = _size(20_000, "messages of a campaign")
    message_size: int = _size(10_000, "least octets of a message")
    rounds: int = _size(2, "times that each is measured, in turns with its reference")
    concurrency: int = _size(2, "sending processes")
    connections: int = _size(20, "SMTP connections of each sending process")
    batch: int = _size(500, "deliveries that a process claims at once")
    people: int = _size(100_000, "people of the audience")
    rows: int = _size(20_000, "rows of an import")
    leaves: int = _size(300, "people who leave, at rest and again while a campaign runs")

    @classmethod
    def meanings(cls) -> dict[str, str]:
        """What each number means."""
        return {one.name: one.metadata["meaning"] for one in fields(cls)}

    def with_given(self, given: Mapping[str, int | None]) -> "Sizes":
        """These sizes with what was asked for; None was not asked for."""
        return replace(self, **{name: size for name, size in given.items() if size is not None})


FULL = Sizes()
MODEST = Sizes(messages=5_000, people=20_000, rows=5_000, leaves=100)
