"""Messages a second: of a whole campaign, and of its middle."""

from typing import Any

from sqlalchemy import text

from bench.measure import demand
from mailing.base.database import db

# The tenth and the ninth tenth of the results: what lies between knows neither the start nor
# the end, which weigh more in a short campaign than in a long one.
_FROM, _TO = 0.1, 0.9

_RESULTS = """
    SELECT extract(epoch FROM percentile_disc(:low) WITHIN GROUP (ORDER BY finished_at)),
           extract(epoch FROM percentile_disc(:high) WITHIN GROUP (ORDER BY finished_at)),
           extract(epoch FROM max(finished_at))
    FROM deliveries WHERE campaign_id = :campaign AND state IN ('accepted', 'uncertain')
"""


def of(campaign_id: int, messages: int, began: float) -> dict[str, Any]:
    """The rate from `began` (Unix time) to the last result, and between its tenths.

    Raises DoesNotCount for a campaign that is too short to have a middle.
    """
    values = {"campaign": campaign_id, "low": _FROM, "high": _TO}
    row = db.session.execute(text(_RESULTS), values).one()
    db.session.rollback()
    demand(row[2] is not None and row[1] > row[0], "too few messages to tell a rate")
    low, high, last = (float(one) for one in row)
    return {
        "seconds": round(last - began, 3),
        "rate": round(messages / (last - began), 1),
        "steady_rate": round(messages * (_TO - _FROM) / (high - low), 1),
    }
