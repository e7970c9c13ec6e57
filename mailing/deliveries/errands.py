"""Errands: looks outside that somebody asks for and a worker runs, so that no page waits."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.database import OPERATIONAL

At = TIMESTAMP(timezone=True)

# A row that somebody waits for and no worker is at; who took one and died has a minute.
WAITS = """
    (checked_at IS NULL OR checked_at < asked_at)
    AND (taken_at IS NULL OR taken_at < asked_at OR taken_at < now() - interval '1 minute')
"""


class Errand:
    """When it was asked for, when a worker took it, and when it was done; of a table."""

    asked_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    taken_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    checked_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)

    @property
    def is_waited_for(self) -> bool:
        """Whether it was asked for since it was done."""
        return self.checked_at is None or self.checked_at < self.asked_at
