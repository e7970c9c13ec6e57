"""Figures for Prometheus, counted in the database at each scrape, so that every process agrees.

They carry ids of campaigns at the most, never a person.
"""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import text

from mailing.base.database import db

COUNTED = (
    (
        "kelisim_deliveries",
        "Deliveries by kind and state.",
        ("kind", "state"),
        "SELECT kind, state, count(*) FROM deliveries GROUP BY kind, state",
    ),
    (
        "kelisim_deliveries_held",
        "Held deliveries by reason.",
        ("reason",),
        "SELECT reason, count(*) FROM deliveries WHERE state = 'held' GROUP BY reason",
    ),
    (
        "kelisim_campaigns",
        "Campaigns by kind and state.",
        ("kind", "state"),
        "SELECT kind, state, count(*) FROM campaigns GROUP BY kind, state",
    ),
    (
        "kelisim_optins",
        "Opt-in requests by state.",
        ("state",),
        "SELECT state, count(*) FROM optins GROUP BY state",
    ),
    (
        "kelisim_standings",
        "Subscribers of topics by standing.",
        ("standing",),
        "SELECT standing, count(*) FROM standings GROUP BY standing",
    ),
    (
        "kelisim_suppressed_addresses",
        "Suppressed addresses by reason.",
        ("reason",),
        "SELECT reason, count(*) FROM suppressions GROUP BY reason",
    ),
    (
        "kelisim_came_back",
        "Messages that came back or were complained about, by campaign and kind.",
        ("campaign", "kind"),
        "SELECT coalesce(campaign_id, 0), kind, count(DISTINCT delivery_id) FROM returns "
        "GROUP BY 1, 2",
    ),
    (
        "kelisim_reports_ignored",
        "Bounces and complaints that changed nothing, by why.",
        ("why",),
        "SELECT why, count(*) FROM ignored_reports GROUP BY why",
    ),
    (
        "kelisim_bounces_held_back",
        "Messages in bounce storms that wait for a person's decision.",
        (),
        "SELECT count(DISTINCT r.delivery_id) FROM returns r JOIN storms m ON m.id = r.storm_id "
        "WHERE m.state = 'open'",
    ),
    (
        "kelisim_blocked_by_letter",
        "People blocked within the last hour by letters whose author nobody can be sure of.",
        (),
        "SELECT count(DISTINCT subscriber_id) FROM ledger WHERE at > now() - interval '1 hour' "
        "AND kind = 'blocked' AND source = 'mail' AND actor = 'subscriber'",
    ),
    (
        "kelisim_sending_on",
        "1 while anything may leave, 0 while sending is switched off.",
        (),
        "SELECT sending_on::int FROM installation",
    ),
)


class Figures(Collector):
    """What Prometheus collects from one scrape."""

    def collect(self) -> Iterator[Metric]:
        """Every figure of COUNTED; raises what the database raises, which is then a 503."""
        for name, meaning, labels, question in COUNTED:
            family = GaugeMetricFamily(name, meaning, labels=labels)
            for *values, count in db.session.execute(text(question)):
                family.add_metric([str(value) for value in values], count)
            yield family

    def describe(self) -> Iterator[Metric]:
        """Nothing beforehand: registering must not ask the database."""
        return iter(())
