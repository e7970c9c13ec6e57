"""Permits: what this process asks the gate, with the results of earlier messages riding along."""

import time
from contextlib import suppress
from uuid import UUID

import structlog
from psycopg import Connection as Database

from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.deliveries import gate
from mailing.deliveries.gate import Passed
from mailing.deliveries.queue import Claim
from mailing.deliveries.results import Ending, Result
from mailing.people import suppression
from mailing.people.suppression import Why
from worker.sendjournal import Reply, SendJournal
from worker.smtp import Outcome, Verdict, blames_the_address

_ENDINGS = {
    Verdict.ACCEPTED: Ending.ACCEPTED,
    Verdict.REFUSED: Ending.REFUSED,
    Verdict.DEFERRED: Ending.DEFERRED,
    Verdict.LOST: Ending.LOST,
    Verdict.UNKNOWN: Ending.UNCERTAIN,
}
# How long a result waits for a group that it can ride with.
_RESULTS_WAIT = 0.02

_log = structlog.get_logger()


class Permits:
    """The gate, seen from one process."""

    def __init__(
        self, settings: Settings, database: Database, owner: UUID, journal: SendJournal
    ) -> None:
        self._settings = settings
        self._database = database
        self._owner = owner
        self._journal = journal
        self._results: list[Result] = []
        self._replies: list[Reply] = []
        self._told_at = time.monotonic()
        # False while this process ends because of its database: the journal alone is written then.
        self.may_write = True

    @property
    def is_all_told(self) -> bool:
        """Whether every result is written down."""
        return not self._results

    def is_overdue(self) -> bool:
        """Whether results have waited long enough for a group to ride with."""
        return bool(self._results) and time.monotonic() - self._told_at > _RESULTS_WAIT

    def ask(self, claims: list[Claim]) -> list[Passed]:
        """Ask about these, and write down all results; the yeses."""
        passed = gate.ask(self._database, self._settings, self._owner, claims, self._results)
        self._results, self._told_at = [], time.monotonic()
        return passed

    def hear(self, passed: Passed, outcome: Outcome) -> None:
        """Keep an answer to a dot for the journal, before anything is done about it."""
        if outcome.dot_written and outcome.code is not None:
            permit = passed.permit
            said = Reply(permit.delivery_id, permit.fence, outcome.code, outcome.text)
            self._replies.append(said)

    def conclude(self, passed: Passed, outcome: Outcome, is_of_us: bool = False) -> None:
        """Take in what became of a message.

        `is_of_us`: the relay takes nothing from us now; then this person's message is tried again.
        """
        if self.may_write and blames_the_address(outcome):
            self._suppress(passed, outcome)
        ending = Ending.DEFERRED if is_of_us else _ENDINGS[outcome.verdict]
        self.tell(passed, ending, outcome.code, outcome.text)

    def tell(self, passed: Passed, ending: Ending, code: int | None = None, text: str = "") -> None:
        """Note a result; it is written down with the next question."""
        permit = passed.permit
        self._results.append(
            Result(permit.delivery_id, permit.fence, ending, passed.attempts, code, text)
        )

    def note_replies(self) -> None:
        """Write the replies of this turn into the journal, all at once."""
        if not self._replies:
            return
        replies, self._replies = self._replies, []
        try:
            self._journal.replies(replies)
        except OSError as error:
            # The database is told as well; the next dot will not be written.
            with suppress(OSError):
                _log.error("replies are not in the send journal", error=str(error))

    def _suppress(self, passed: Passed, outcome: Outcome) -> None:
        # The words, which often repeat the address, stay with the delivery.
        detail = " ".join(str(part) for part in (outcome.code, outcome.status) if part)
        suppression.suppress(passed.digest, Why.BOUNCE, detail)
        db.session.commit()
