"""Pressed: tells the meter of a click, and never keeps anybody from where they were going."""

import time

import structlog
from redis.exceptions import RedisError

from mailing.base import clock
from mailing.base.settings import Settings
from mailing.deliveries.counted_links import Led
from mailing.deliveries.meter import Meter
from webapp.counters import counters
from webapp.networks import digest, is_everybody, network_of

# Seconds in which a meter that did not answer is not asked again: a question may cost half a one.
REST = 10.0

_log = structlog.get_logger()


class Pressed:
    """The meter of one installation as the web sees it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._meter = Meter(settings, counters(settings))
        self._rests_until = 0.0

    def count(self, led: Led, is_machine: bool, address: str | None) -> None:
        """Count one click; with the meter away none, and nobody waits for it."""
        if time.monotonic() < self._rests_until:
            return
        try:
            self._meter.count(led.token, clock.now(), is_machine, self._network(led, address))
        except RedisError as error:
            self._rests_until = time.monotonic() + REST
            _log.warning("click_not_counted", error=type(error).__name__)

    def _network(self, led: Led, address: str | None) -> str | None:
        """A digest that tells the clicks of one network on one campaign from others. None where a
        network may stand for everybody: many links at once are then no sign of anything."""
        network = network_of(address)
        if is_everybody(network):
            return None
        return digest(self._settings, "click", str(led.campaign_id), network)
