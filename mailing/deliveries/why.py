"""Why somebody did or did not get a campaign: one outcome, one reason, one sentence."""

from dataclasses import dataclass

from sqlalchemy import select

from mailing.base.database import db
from mailing.base.errors import Missing
from mailing.campaigns import audience, campaigns
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries.deliveries import Delivery, State
from mailing.people import subscribers
from mailing.people.canonical import canonical

NOT_CONSIDERED = "not_considered"
OUTSIDE = "outside_segment"

REASONS = {
    "withdrawn": "they have withdrawn their consent",
    "suppressed_complaint": "they complained about our mail",
    "suppressed_bounce": "their mailbox does not exist",
    "suppressed_staff": "staff have suppressed the address",
    "suppressed_moved": "they have moved to another address",
    "blocked": "they asked us to stop, and that is being confirmed",
    "quarantined": "they were imported without evidence of consent",
    "unsubscribed": "they have unsubscribed",
    "not_confirmed": "they have not confirmed their request",
    "no_topic_left": "they are subscribed to no topic any more",
    "no_policy_consent": "their consent does not cover this purpose",
    "paused_by_subscriber": "they have paused our messages",
    "campaign_stopped": "the campaign was stopped before their turn",
    "request_closed": "the request was answered or taken back",
    "request_expired": "the request was not confirmed within seven days",
    "cannot_render": "a value of theirs would have broken the message",
}

OUTCOMES = {
    State.ACCEPTED: "The mail relay accepted the message at {finished:%Y-%m-%d %H:%M:%S} UTC.",
    State.REFUSED: "The mail relay refused the message: {code} {text}",
    State.UNCERTAIN: "The message was handed over and the relay's answer was lost.",
    State.DEFERRED: "The relay asked to try again at {retry:%Y-%m-%d %H:%M:%S} UTC: {code} {text}",
    State.PENDING: "The message is waiting for its turn.",
}


_BOUNCED = {
    "hard": "the mailbox does not exist",
    "soft": "the mailbox could not take it then",
    "policy": "the other side refuses our mail, whoever it is for",
    "other": "the other side did not say clearly why",
}

# A stopped campaign's gate is shut; the sweep writes that down for each of these in its turn.
_KEPT_BACK = (State.PENDING, State.DEFERRED, State.CLAIMED)


@dataclass(frozen=True)
class Explained:
    """`outcome` is a state, `held` or `not_considered`; `reason` says why it is held."""

    outcome: str
    reason: str | None
    sentence: str


def why(address: str, campaign_id: int) -> Explained:
    """Explain one address; raises Missing for an unknown address or campaign."""
    campaign = campaigns.find(campaign_id)
    subscriber = subscribers.find(canonical(address))
    if subscriber is None:
        raise Missing("Nobody with this address is known.")
    return of_person(subscriber, campaign)


def of_person(
    subscriber: subscribers.Subscriber, campaign: Campaign, *, quotes: bool = True
) -> Explained:
    """The same of somebody who is known by their number. What a relay says often repeats the
    address: where that is masked, it is not quoted."""
    query = select(Delivery).where(
        Delivery.campaign_id == campaign.id, Delivery.subscriber_id == subscriber.id
    )
    delivery = db.session.execute(query).scalar_one_or_none()
    if delivery is None:
        return _of_audience(campaign, subscriber)
    return of_delivery(
        delivery, is_stopped=campaign.state == campaigns.State.STOPPED, quotes=quotes
    )


def of_delivery(delivery: Delivery, *, is_stopped: bool, quotes: bool = True) -> Explained:
    """The same of one message, whose campaign (where it is of one) may have been stopped."""
    if is_stopped and delivery.state in _KEPT_BACK:
        return _held("campaign_stopped")
    if delivery.state == State.HELD:
        return _held(delivery.reason or "")
    sentence = OUTCOMES.get(State(delivery.state), "The message is being handed over.").format(
        finished=delivery.finished_at,
        retry=delivery.retry_at,
        code=delivery.reply_code or "",
        text=(delivery.reply_text or "") if quotes else "",
    )
    return Explained(delivery.state, None, " ".join([sentence.strip(), *_note(delivery)]))


def _note(delivery: Delivery) -> list[str]:
    """What came back later; it does not change the outcome."""
    if delivery.bounced_at is None:
        return []
    said = _BOUNCED[delivery.bounce_kind or "other"]
    return [f"It bounced at {delivery.bounced_at:%Y-%m-%d %H:%M:%S} UTC: {said}."]


def _of_audience(campaign: Campaign, subscriber: subscribers.Subscriber) -> Explained:
    started = campaign.audience is not None
    look = audience.reason_at_start if started else audience.reason_now
    considered, reason = look(campaign, subscriber.id)
    if not considered:
        return _not_considered(campaign, subscriber)
    if reason:
        return _held(reason)
    if campaign.state == campaigns.State.STOPPED:
        return _held("campaign_stopped")
    sentence = "The message is waiting for its turn." if started else "They would receive it."
    return Explained("pending" if started else "will_receive", None, sentence)


def _not_considered(campaign: Campaign, subscriber: subscribers.Subscriber) -> Explained:
    if campaign.narrowed and audience.is_in_topic(campaign, subscriber.id):
        sentence = "They are outside the chosen segment, so they were not considered."
        return Explained(NOT_CONSIDERED, OUTSIDE, sentence)
    sentence = "They have nothing to do with this topic, so they were not considered."
    return Explained(NOT_CONSIDERED, None, sentence)


def _held(reason: str) -> Explained:
    return Explained("held", reason, f"Nothing was sent: {REASONS.get(reason, reason)}.")
