"""What sending needs: the database, its schema, the queue, the switch; and what is wrong with each.

Apart from the installation, which every command reads: few of them ask the queue, and its library
takes its time to load.
"""

from redis import Redis
from sqlalchemy.exc import SQLAlchemyError

from mailing.base.database import db
from mailing.base.errors import NotReady
from mailing.base.installation import here, is_current_schema
from mailing.base.settings import Settings, current


def readiness() -> dict[str, str | None]:
    """Each part that sending needs, and what is wrong with it (None: nothing)."""
    settings = current()
    try:
        migrated = is_current_schema()
        off = here().sending_off_reason if migrated and not here().sending_on else None
    except SQLAlchemyError:
        db.session.rollback()
        away = "the database does not answer"
        return {"database": away, "queue": queue_trouble(settings)}
    return {
        "database": None,
        "queue": queue_trouble(settings),
        "migrations": None if migrated else "run `kelisim db upgrade`",
        "sending": off,
    }


def queue_trouble(settings: Settings) -> str | None:
    """Why the queue cannot be used; None when it can."""
    client = Redis.from_url(settings.queue, socket_connect_timeout=2, socket_timeout=2)
    try:
        policy = client.config_get("maxmemory-policy").get("maxmemory-policy")
    except Exception as error:
        return f"the queue does not answer ({type(error).__name__})"
    finally:
        client.close()
    if policy not in (None, "noeviction"):
        return (
            f"the queue may throw wake-ups away: set maxmemory-policy to noeviction, not {policy}"
        )
    return None


def demand_noeviction(settings: Settings) -> None:
    """Stop the start of a worker on a queue that may throw wake-ups away."""
    trouble = queue_trouble(settings)
    if trouble and "maxmemory-policy" in trouble:
        raise NotReady(f"KELISIM_REDIS_URL: {trouble}.")
