"""Where the brakes count: Redis, asked briefly, because somebody is waiting for a page."""

from redis import Redis

from mailing.base.settings import Settings

# Seconds. With Redis away a page is late by so much and no more: the brakes then let pass.
PATIENCE = 0.5


def counters(settings: Settings) -> Redis:
    """A connection, opened with the first question."""
    return Redis.from_url(
        settings.queue,
        socket_connect_timeout=PATIENCE,
        socket_timeout=PATIENCE,
        decode_responses=True,
    )
