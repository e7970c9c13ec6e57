"""`campaign check`, the page and the start: one answer, whichever of them is asked."""

import re
from collections.abc import Callable
from html import unescape

from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.base.languages import speaking
from mailing.campaigns import campaigns
from mailing.deliveries import readiness
from tests.console.conftest import Kelisim

_COMPLAINED = """
    WITH batch AS (INSERT INTO batches (campaign_id, finished_at) VALUES (:id, now()) RETURNING id),
    got AS (INSERT INTO deliveries (kind, campaign_id, batch_id, subscriber_id, topic_id, state,
                                    finished_at)
            SELECT 'campaign', :id, batch.id, gen_random_uuid(), 1, 'accepted', now()
            FROM batch, generate_series(1, 1000) RETURNING id, subscriber_id)
    INSERT INTO returns (delivery_id, subscriber_id, campaign_id, kind, status, inbound_id, at)
    SELECT id, subscriber_id, :id, 'complaint', '', 1, now() FROM got LIMIT 5
"""


def complained(number: str) -> None:
    """Five of a thousand who got an earlier campaign complained."""
    db.session.execute(text(_COMPLAINED), {"id": int(number)})
    sent = "UPDATE campaigns SET state = 'done', audience = 1000, started_at = now() WHERE id = :id"
    db.session.execute(text(sent), {"id": int(number)})
    db.session.commit()


def test_what_stops_a_campaign_is_one_answer_wherever_it_is_asked(
    app: Flask, readers: Kelisim, draft: Callable[[], str]
) -> None:
    """F4, exit 3 of check and of start, in the same words; and each check is told with its level,
    its place of mending and one sentence."""
    before, number = draft(), draft()
    assert readers("campaign", "check", number).code == 0
    complained(before)
    checked = readers("campaign", "check", number, "--json")
    assert checked.code == 3
    told = checked.document
    assert told["is_ready"] is False
    [stop] = [one for one in told["checks"] if one["level"] == "stop"]
    assert (stop["id"], stop["fix"]) == ("complaints", "health")
    assert {"answers", "consent", "nod-kk"} <= {one["id"] for one in told["checks"]}
    assert all(one["detail"].strip() and one["title"] for one in told["checks"])
    started = readers("campaign", "start", number, "--now", "--json")
    assert started.code == 3
    assert stop["detail"] in unescape(re.sub(r"\s+", " ", started.out + started.err))
    with speaking("en"):
        same = readiness.check(campaigns.find(int(number))).checks
    assert [one.id for one in same] == [one["id"] for one in told["checks"]]
