"""What is done with the people of a chunk: the import in earnest, or its rehearsal."""

from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import update

from mailing.base import clock
from mailing.base.database import db
from mailing.people import ledger, wording
from mailing.people.imports import persons, preview, state, writing
from mailing.people.imports.person import Person
from mailing.people.imports.persons import Persons
from mailing.people.imports.rows import Row
from mailing.people.imports.state import Import, State
from mailing.people.ledger import Kind, NewEntry
from mailing.staff.audit import Actor


class Work(Protocol):
    """The import in earnest, or its rehearsal."""

    def meet(self, rows: list[Row]) -> Persons:
        """Everybody in these rows as they stand now, by digest."""

    def hold(self, rows: list[Row]) -> Persons:
        """The same anew, held until the commit: whoever leaves comes before this, or waits."""

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
        return cls(topic_id, sha256, actor, state.begin(topic_id, sha256, actor).id)

    def meet(self, rows: list[Row]) -> Persons:
        """Everybody in these rows; nobody has to wait for a look."""
        return persons.meet(rows, self.topic_id)

    def hold(self, rows: list[Row]) -> Persons:
        """The same anew, held until the commit."""
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
        ended = update(Import).where(Import.id == self.import_id)
        going_on = Import.state == State.IMPORTING.value  # What was cancelled stays cancelled.
        values = {"finished_at": clock.now(), "state": State.DONE.value}
        db.session.execute(ended.where(going_on).values(values))

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

    def hold(self, rows: list[Row]) -> Persons:
        """The same anew; nobody is held for what writes nothing."""
        return self.meet(rows)

    def keep(self, met: Persons) -> None:
        """Remember them for the rows to come."""
        preview.remember(met)

    def note(self, counts: dict[str, int]) -> None:
        """Nothing is noted."""

    def end(self) -> None:
        """Forget everybody."""
        preview.forget()
