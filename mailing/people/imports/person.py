"""One person while an import's rows are taken: what is known, and what the rows make of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mailing.base.languages import DEFAULT
from mailing.people.imports.report import Outcome
from mailing.people.imports.rows import Claim, Row
from mailing.people.standings import Said
from mailing.people.subscribers import Personal


def fresh(row: Row) -> Personal:
    """Somebody unknown, as their first row describes them."""
    return Personal(row.address.display, **row.fields)


NOBODY = UUID(int=0)


@dataclass(slots=True)
class Person:
    """`id` is given once it is known who is a stranger; `first` is their first row here; `personal`
    is None for as long as nobody knows them.

    `refused` is a no to the topic or to everything, `locked_out` a block or data destroyed;
    `put_right_at` is when they last corrected their data or chose their language themselves;
    `is_waiting` says that they are in quarantine already, `is_quarantined` that they get there.
    """

    digest: bytes
    first: Row
    id: UUID = NOBODY
    is_stranger: bool = True
    suppressed: bool = False
    refused: bool = False
    locked_out: bool = False
    standing: Said = Said.NONE
    language: str = DEFAULT
    personal: Personal | None = None
    claim: tuple[int, Claim] | None = None
    is_waiting: bool = False
    is_quarantined: bool = False
    is_changed: bool = False
    put_right_at: datetime | None = None

    @property
    def is_to_be_held(self) -> bool:
        """Whether the rows change something of somebody who may act at the same moment."""
        is_written = bool(self.claim) or self.is_changed or self.is_quarantined
        return is_written and not self.is_stranger

    def take(self, row: Row) -> Outcome:
        """Take one row. No row turns a no or lifts a suppression (T15, T17, T21)."""
        if self.suppressed:
            return Outcome.SUPPRESSED
        if self.locked_out or (self.refused and self.standing is not Said.GIVEN):
            return Outcome.LEFT
        known = self.personal
        if known is None:
            self.personal, self.language = fresh(row), row.language or DEFAULT
            return Outcome.NEW if self._attest(row) else self._wait()
        if row.claim is None:
            return self._wait()
        changed, attested = self._change(known, row), self._attest(row)
        return Outcome.UPDATED if changed or attested else Outcome.UNCHANGED

    def _wait(self) -> Outcome:
        """Without evidence a row changes nothing; who has said nothing yet is in quarantine."""
        if self.standing is not Said.NONE:
            return Outcome.UNCHANGED
        self.is_quarantined = not self.is_waiting
        return Outcome.QUARANTINED

    def _attest(self, row: Row) -> bool:
        """Whether the row's evidence is what they are mailed on from now on."""
        if row.claim is None or self.standing is Said.GIVEN:
            return False
        self.standing, self.claim, self.is_quarantined = Said.GIVEN, (row.number, row.claim), False
        return True

    def _change(self, known: Personal, row: Row) -> bool:
        """Take over the fields that the row holds; whether one of them was another."""
        if self.put_right_at and row.claim and row.claim.at <= self.put_right_at:
            return False  # Their own word is the newer one.
        now = known.with_fields(row.fields), row.language or self.language
        if now == (known, self.language):
            return False
        (self.personal, self.language), self.is_changed = now, True
        return True
