"""What is known of the mail relays: which one is down, why, and when it is tried again."""

from datetime import datetime

from psycopg import Connection
from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.database import OPERATIONAL, Table

At = TIMESTAMP(timezone=True)


class RelayHealth(Table):
    """One relay; `trouble` is empty while it works."""

    __tablename__ = "relays"

    name: Mapped[str] = mapped_column(Text, primary_key=True, info=OPERATIONAL)
    trouble: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    since: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    retry_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)


def down(connection: Connection, name: str, trouble: str, seconds: float) -> None:
    """Leave a relay alone for some seconds, and let everybody know why."""
    connection.execute(
        "INSERT INTO relays (name, trouble, since, retry_at) "
        "VALUES (%(name)s, %(trouble)s, now(), now() + make_interval(secs => %(seconds)s)) "
        "ON CONFLICT (name) DO UPDATE SET trouble = excluded.trouble, "
        "since = CASE WHEN relays.trouble IS NULL THEN now() ELSE relays.since END, "
        "retry_at = excluded.retry_at",
        {"name": name, "trouble": trouble[:300], "seconds": seconds},
    )


def up(connection: Connection, name: str) -> None:
    """A relay works (again)."""
    connection.execute(
        "UPDATE relays SET trouble = NULL, retry_at = NULL, since = now() "
        "WHERE name = %s AND trouble IS NOT NULL",
        [name],
    )


def left_alone(connection: Connection) -> set[str]:
    """The relays that are not to be tried yet.

    Nothing is left alone for longer than half a minute at a time: a later time is that of a clock
    that was wrong.
    """
    query = "SELECT name FROM relays WHERE retry_at BETWEEN now() AND now() + interval '1 minute'"
    return {row[0] for row in connection.execute(query)}
