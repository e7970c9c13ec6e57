"""What is known of the mail relays: which one is down, why, and when it is tried again."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from psycopg import Connection
from sqlalchemy import Text, select
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.settings import current

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}

At = TIMESTAMP(timezone=True)


class RelayHealth(Table):
    """One relay; `trouble` is empty while it works."""

    __tablename__ = "relays"

    name: Mapped[str] = mapped_column(Text, primary_key=True, info=OPERATIONAL)
    trouble: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    since: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    retry_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)


@dataclass(frozen=True)
class Known:
    """A relay of the settings, and what is known of it; `since` is None where nothing is."""

    name: str
    trouble: str | None
    since: datetime | None


def everyone() -> list[Known]:
    """The relays of the settings, named without their passwords."""
    rows = {row.name: row for row in db.session.scalars(select(RelayHealth))}
    names = dict.fromkeys(map(name_of, current().smtp_url))
    return [Known(name, *_health(rows.get(name))) for name in names]


def name_of(url: str) -> str:
    """What a relay is called here: its host and port."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or PORTS[parts.scheme]}"


def _health(row: RelayHealth | None) -> tuple[str | None, datetime | None]:
    return (row.trouble, row.since) if row else (None, None)


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
