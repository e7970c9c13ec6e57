"""What is done with the people of a chunk: the import in earnest, or its rehearsal."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import DateTime, ForeignKey, Text, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db
from mailing.people import ledger, wording
from mailing.people.imports import persons, preview, writing
from mailing.people.imports.person import Person
from mailing.people.imports.persons import Persons
from mailing.people.imports.rows import Row
from mailing.people.ledger import Kind, NewEntry
from mailing.staff.audit import Actor


class Import(Table):
    """One import that was begun; `counts` tells how far it has come, also after a kill."""

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(primary_key=True, info=OPERATIONAL)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), info=OPERATIONAL)
    sha256: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    actor: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    counts: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), info=OPERATIONAL
    )
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), info=OPERATIONAL)
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), info=OPERATIONAL)


class Work(Protocol):
    """The import in earnest, or its rehearsal."""

    def meet(self, rows: list[Row]) -> Persons:
        """Everybody in these rows as they stand now, by digest."""

    def keep(self, met: Persons) -> None:
        """Keep what the rows have made of them."""

    def note(self, counts: dict[str, int]) -> None:
        """Note how far it has come."""

    def end(self) -> None:
        """All rows are behind."""


@dataclass(frozen=True)
class Attestation:
    """In earnest: an entry of the ledger for each evidenced row, by whom and from which file."""

    topic_id: int
    sha256: str
    actor: Actor
    import_id: int

    @classmethod
    def begin(cls, topic_id: int, sha256: str, actor: Actor) -> "Attestation":
        """Note that it begins."""
        begun = Import(topic_id=topic_id, sha256=sha256, actor=actor.name, created_at=clock.now())
        db.session.add(begun)
        db.session.flush()
        return cls(topic_id, sha256, actor, begun.id)

    def meet(self, rows: list[Row]) -> Persons:
        """Everybody in these rows, held until the commit."""
        return persons.meet_and_hold(rows, self.topic_id)

    def keep(self, met: Persons) -> None:
        """Write what changed: personal fields, quarantine, and the ledger."""
        _keep_wordings(met)
        self._introduce([one for one in met.values() if one.is_stranger and one.personal])
        persons.keep(met)
        persons.quarantine(met, self.topic_id, clock.now())
        known = [one for one in met.values() if not one.is_stranger and one.claim]
        ledger.append_many([self._entry(one) for one in known])

    def note(self, counts: dict[str, int]) -> None:
        """Keep the counts so far."""
        self._update(counts=counts)

    def end(self) -> None:
        """Keep when it ended."""
        self._update(finished_at=clock.now())

    def _introduce(self, strangers: list[Person]) -> None:
        now = clock.now()
        given = writing.introduce(strangers, self._entry, now)
        quarantined = [
            writing.waiting(one, self.topic_id, now) for one in strangers if one.is_quarantined
        ]
        writing.stand(given + quarantined)

    def _entry(self, person: Person) -> NewEntry:
        if person.claim is None:
            raise ValueError("who claims nothing has no entry")
        number, claim = person.claim
        origin = {"import": self.import_id, "file_sha256": self.sha256, "row": number}
        return NewEntry(
            subscriber_id=person.id,
            kind=Kind.ATTESTED,
            topic_id=self.topic_id,
            policy_id=claim.policy_id,
            source="import",
            actor=self.actor.name,
            evidence={**origin, "attested_by": self.actor.name, **claim.body()},
        )

    def _update(self, **values: Any) -> None:
        db.session.execute(update(Import).where(Import.id == self.import_id).values(values))


def _keep_wordings(met: Persons) -> None:
    """A file repeats a few wordings thousands of times: each is kept once a chunk."""
    for shown in {one.claim[1].shown for one in met.values() if one.claim} - {None}:
        wording.keep(*shown)  # type: ignore[misc]


@dataclass(frozen=True)
class Rehearsal:
    """A dry run: it looks, counts, and writes nothing."""

    topic_id: int

    def __post_init__(self) -> None:
        preview.begin()

    def meet(self, rows: list[Row]) -> Persons:
        """Everybody in these rows, as the rows before would have left them."""
        met = persons.meet(rows, self.topic_id)
        preview.recall(met)
        return met

    def keep(self, met: Persons) -> None:
        """Remember them for the rows to come."""
        preview.remember(met)

    def note(self, counts: dict[str, int]) -> None:
        """Nothing is noted."""

    def end(self) -> None:
        """Forget everybody."""
        preview.forget()
