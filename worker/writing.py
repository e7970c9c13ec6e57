"""Writing: the messages of a group that has passed the gate."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from mailing.base.errors import Invalid, KelisimError
from mailing.base.settings import Settings
from mailing.deliveries.gate import Passed
from mailing.deliveries.letters import Letters
from mailing.deliveries.message import Composed, Octets
from mailing.deliveries.results import Ending
from worker.permits import Permits

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")

_log = structlog.get_logger()


class Writing:
    """Writes whole groups. One message must not keep all others from leaving, and again after
    every restart: where it cannot be made, that is told, and the others are written."""

    def __init__(self, settings: Settings, permits: Permits) -> None:
        self._letters = Letters(settings)
        self._permits = permits

    def group(self, passed: Sequence[Passed]) -> list[tuple[Passed, Octets]]:
        """Their messages, in that order, without those that cannot be made.

        All are composed before the first is signed, and signed before the caller sends the first:
        a signature and a system call both leave the processor's caches cold for what comes after.
        """
        composed = self._each(self._letters.compose, [(one, one) for one in passed])
        return self._each(Composed.signed, composed)

    def _each(
        self, make: Callable[[_Given], _Made], of: Sequence[tuple[Passed, _Given]]
    ) -> list[tuple[Passed, _Made]]:
        made = []
        for passed, given in of:
            try:
                made.append((passed, make(given)))
            except SQLAlchemyError:
                raise
            except Invalid as error:
                self._permits.tell(passed, Ending.CANNOT_RENDER, text=error.message)
            except KelisimError as error:
                self._permits.tell(passed, Ending.DEFERRED, text=error.message)
            except Exception as error:
                name, delivery = type(error).__name__, str(passed.permit.delivery_id)
                _log.error("a message cannot be made", delivery=delivery, error=name)
                self._permits.tell(passed, Ending.CANNOT_RENDER, text=name)
        return made
