"""Outcomes: what became of a campaign's audience, counted. Every number adds up, at any moment."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from mailing.base.database import db
from mailing.campaigns import audience
from mailing.campaigns.campaigns import Campaign
from mailing.campaigns.campaigns import State as CampaignState
from mailing.deliveries.deliveries import State

_STOPPED = "campaign_stopped"

# What was put off before any relay had a say waits for its turn, whatever its time.
_PACED = "d.state = 'deferred' AND d.attempts = 0"
# Batches whose numbers are final are not counted again (batch_tallies).
_COUNTED = f"""
    WITH kept AS MATERIALIZED (
        SELECT b.id, t.outcomes FROM batches b JOIN batch_tallies t ON t.batch_id = b.id
        WHERE b.campaign_id = :campaign AND t.outcomes IS NOT NULL
    )
    SELECT state_now, reason, CAST(sum(number) AS bigint) AS number FROM (
        SELECT o.state AS state_now, o.reason, o.number
        FROM kept, jsonb_to_recordset(kept.outcomes) AS o (state text, reason text, number bigint)
        UNION ALL
        SELECT CASE WHEN {_PACED} THEN 'pending' ELSE d.state END, d.reason, count(*)
        FROM deliveries d WHERE d.batch_id = ANY (ARRAY(
            SELECT b.id FROM batches b WHERE b.campaign_id = :campaign
            EXCEPT SELECT id FROM kept))
        GROUP BY 1, 2
    ) told GROUP BY state_now, reason
"""  # noqa: S608 - our own text; every value is bound


@dataclass(frozen=True)
class Outcomes:
    """The balance: the sum of all of these is the audience (enforcement.md, "Uncertain").

    A message that somebody's leaving aborts is still `sending` until its connection is closed.
    Beside the balance: `claimed`, `open` and `sealed` are parts of `sending`; `stopped` is what a
    stop has kept back, with what it aborts.
    """

    accepted: int
    deferred: int
    refused: int
    uncertain: int
    held: dict[str, int]
    pending: int
    sending: int
    claimed: int
    open: int
    sealed: int
    stopped: int

    @property
    def out(self) -> int:
        """Handed over, or past recall."""
        return self.accepted + self.refused + self.uncertain + self.sealed

    def as_dict(self) -> dict[str, Any]:
        """As contract.md names them."""
        return {
            "accepted": self.accepted,
            "deferred": self.deferred,
            "refused": self.refused,
            "uncertain": self.uncertain,
            "held": self.held,
            "pending": self.pending,
            "sending": self.sending,
        }


def expected(campaign: Campaign) -> int:
    """How many will receive it: frozen at the start; in the holding window, as it would be now."""
    if campaign.state == CampaignState.SCHEDULED:
        return audience.count(campaign).will_receive
    return campaign.audience or 0


def count(campaign: Campaign) -> Outcomes:
    """Count what became of the audience, rows not yet written included."""
    rows = db.session.execute(text(_COUNTED), {"campaign": campaign.id}).all()
    by_state: dict[str, int] = {}
    for state, _reason, number in rows:
        by_state[state] = by_state.get(state, 0) + number
    held = {reason: number for state, reason, number in rows if state == State.HELD}
    aborting = sum(n for state, why, n in rows if (state, why) == (State.ABORTING, _STOPPED))
    unwritten = expected(campaign) - sum(by_state.values())
    if campaign.state == CampaignState.STOPPED:
        # The gate is shut: none of these leaves, whether that is written down already or not.
        waiting = (State.PENDING, State.DEFERRED, State.CLAIMED)
        kept_back = unwritten + sum(by_state.pop(state, 0) for state in waiting)
        held |= {_STOPPED: held.get(_STOPPED, 0) + kept_back} if kept_back else {}
        unwritten = 0
    return Outcomes(
        accepted=by_state.get(State.ACCEPTED, 0),
        deferred=by_state.get(State.DEFERRED, 0),
        refused=by_state.get(State.REFUSED, 0),
        uncertain=by_state.get(State.UNCERTAIN, 0),
        held=dict(sorted(held.items())),
        pending=by_state.get(State.PENDING, 0) + unwritten,
        sending=sum(
            by_state.get(state, 0)
            for state in (State.CLAIMED, State.OPEN, State.SEALED, State.ABORTING)
        ),
        claimed=by_state.get(State.CLAIMED, 0),
        open=by_state.get(State.OPEN, 0),
        sealed=by_state.get(State.SEALED, 0),
        stopped=held.get(_STOPPED, 0) + aborting,
    )
