"""The verdict: the first reason why somebody is not written to, or none.

One order serves the audience (a guess, shown beforehand) and the gate (the answer), so that a
preview and its outcome cannot drift apart: each person has one reason.

The text speaks of these names: `s` subscribers, `st` the standing on the campaign's topic
(may be missing), `t` the topic, `p` the policy version of that standing, and takes
suppressions by digest. Where a whole list is judged, the same order is asked of other facts
(`verdict_of_many`).
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a message is held."""

    WITHDRAWN = "withdrawn"
    COMPLAINT = "suppressed_complaint"
    BOUNCE = "suppressed_bounce"
    STAFF = "suppressed_staff"
    MOVED = "suppressed_moved"
    BLOCKED = "blocked"
    QUARANTINED = "quarantined"
    UNSUBSCRIBED = "unsubscribed"
    NOT_CONFIRMED = "not_confirmed"
    NO_TOPIC_LEFT = "no_topic_left"
    NO_POLICY_CONSENT = "no_policy_consent"
    PAUSED = "paused_by_subscriber"
    CAMPAIGN_STOPPED = "campaign_stopped"
    REQUEST_CLOSED = "request_closed"
    REQUEST_EXPIRED = "request_expired"
    CANNOT_RENDER = "cannot_render"


# Of all suppressions `x` of one address, the first of these.
OF_SUPPRESSIONS = """
    WHEN bool_or(x.reason IN ('withdrawn', 'destroyed')) THEN 'withdrawn'
    WHEN bool_or(x.reason = 'complaint') THEN 'suppressed_complaint'
    WHEN bool_or(x.reason = 'bounce') THEN 'suppressed_bounce'
    WHEN bool_or(x.reason = 'staff') THEN 'suppressed_staff'
"""

# Somebody who moved away keeps nobody out who asks from that mailbox now; a yes there is one that a
# backup brought back, and it went with them.
_KEPT_OUT = """
    WHEN s.personal IS NULL THEN 'withdrawn'
    WHEN EXISTS (SELECT FROM suppressions x WHERE x.digest = s.digest
                 AND (x.reason <> 'moved' OR {has_yes})) THEN (
        SELECT CASE {of_suppressions} ELSE 'suppressed_moved' END
        FROM suppressions x WHERE x.digest = s.digest)
    WHEN s.blocked_at IS NOT NULL THEN 'blocked'
"""
# In this order, with facts that are found in one way for a group and in another for a list.
ORDER_OF_A_CAMPAIGN = """
CASE {kept_out}
    WHEN st.standing = 'withdrawn' THEN 'withdrawn'
    WHEN st.standing = 'unsubscribed' THEN 'unsubscribed'
    WHEN st.quarantined THEN 'quarantined'
    WHEN st.standing IS DISTINCT FROM 'given' THEN 'not_confirmed'
    WHEN ({is_covered}) IS NOT TRUE THEN 'no_policy_consent'
    WHEN {is_paused} THEN 'paused_by_subscriber'
END
"""
SAYS_YES = "st.standing = 'given'"
_IS_PAUSED = "s.paused_until > now()"

CAMPAIGN = ORDER_OF_A_CAMPAIGN.format(
    kept_out=_KEPT_OUT.format(has_yes=SAYS_YES, of_suppressions=OF_SUPPRESSIONS),
    is_covered="t.purpose = ANY (p.purposes)",
    is_paused=_IS_PAUSED,
)

ORDER_OF_A_NOTICE = """
CASE {kept_out}
    WHEN {is_withdrawn} THEN 'withdrawn'
    WHEN ({has_topic}) IS NOT TRUE THEN
        CASE WHEN {has_withdrawn} THEN 'withdrawn'
             WHEN {has_left} THEN 'no_topic_left'
             WHEN {has_quarantined} THEN 'quarantined'
             ELSE 'not_confirmed' END
    -- Asking for the notices again, on the preference page, is no yes yet.
    WHEN {has_refused} THEN 'unsubscribed'
    WHEN {is_paused} THEN 'paused_by_subscriber'
END
"""
# Whether one of a person's standings, `o`, is such a one. The notices are no topic that keeps
# somebody on: a yes to them alone leaves no topic.
OF_STANDINGS = {
    "has_topic": "o.standing = 'given' AND o.topic_id <> "
    "(SELECT n.id FROM topics n WHERE n.slug = 'notices')",
    "has_withdrawn": "o.standing = 'withdrawn'",
    "has_left": "o.standing = 'unsubscribed'",
    "has_quarantined": "o.quarantined",
}
_FOUND = {
    name: f"EXISTS (SELECT FROM standings o WHERE o.subscriber_id = s.id AND {condition})"
    for name, condition in OF_STANDINGS.items()
}

NOTICE = ORDER_OF_A_NOTICE.format(
    kept_out=_KEPT_OUT.format(has_yes=_FOUND["has_topic"], of_suppressions=OF_SUPPRESSIONS),
    is_withdrawn="st.standing = 'withdrawn'",
    has_refused="st.refused",
    is_paused=_IS_PAUSED,
    **_FOUND,
)

# What somebody waits for goes to a mailbox that bounced again after thirty days.
_UNREACHABLE = """
    WHEN s.personal IS NULL THEN 'withdrawn'
    WHEN {unless}EXISTS (SELECT FROM suppressions x WHERE x.digest IN ({digests})
                 AND x.reason IN ('withdrawn', 'destroyed')) THEN 'withdrawn'
    WHEN {unless}EXISTS (SELECT FROM suppressions x WHERE x.digest IN ({digests})
                 AND x.reason = 'complaint') THEN 'suppressed_complaint'
    WHEN {unless}EXISTS (SELECT FROM suppressions x WHERE x.digest IN ({digests})
                 AND x.reason = 'bounce'
                 AND x.since > now() - interval '30 days') THEN 'suppressed_bounce'
    WHEN EXISTS (SELECT FROM suppressions x WHERE x.digest IN ({digests})
                 AND x.reason = 'staff') THEN 'suppressed_staff'
    WHEN s.blocked_at IS NOT NULL{though} THEN 'blocked'
"""

# Whoever asks by a letter from their own address, authenticated, takes their own "no" back, and
# has a mailbox: what a stranger's form may not reach, their request does.
_AUTHOR = "r.letter IS NULL AND "

CONFIRMATION = f"""
CASE {_UNREACHABLE.format(digests="s.digest", unless=_AUTHOR, though="")}
    WHEN r.state <> 'open' THEN 'request_closed'
    WHEN r.expires_at <= now() THEN 'request_expired'
END
"""

# An answer to what somebody wrote to us goes to them also after they have left, withdrawn or been
# blocked: nobody stays without an answer because they said no. An automatic receipt is not worth a
# mail to an address that staff keep out; whoever answers by hand has decided it. Nor does it go to
# whoever has withdrawn or complained, unless it is certain that they wrote: anybody can put their
# address over a letter, and would have us write to them against their no.
_FORGED = """
        WHEN w.kind = 'receipt' AND NOT w.is_to_author AND EXISTS (
            SELECT FROM suppressions x WHERE x.digest = coalesce(w.digest, s.digest)
            AND x.reason IN ('withdrawn', 'destroyed')) THEN 'withdrawn'
        WHEN w.kind = 'receipt' AND NOT w.is_to_author AND EXISTS (
            SELECT FROM suppressions x WHERE x.digest = coalesce(w.digest, s.digest)
            AND x.reason = 'complaint') THEN 'suppressed_complaint'"""
_WRITTEN_TO_US = f"""
    CASE WHEN w.content IS NULL OR coalesce(w.recipient, s.personal) IS NULL THEN 'withdrawn'
        WHEN EXISTS (SELECT FROM suppressions x WHERE x.digest = coalesce(w.digest, s.digest)
                     AND x.reason = 'bounce'
                     AND x.since > now() - interval '30 days') THEN 'suppressed_bounce'
        WHEN w.kind = 'receipt' AND EXISTS (
            SELECT FROM suppressions x WHERE x.digest = coalesce(w.digest, s.digest)
            AND x.reason = 'staff') THEN 'suppressed_staff'{_FORGED}
        WHEN w.expires_at <= now() THEN 'request_expired'
    END
"""  # noqa: S608 - our own text

# An answer to a person's own wish: `w` is the answer, `g` the address change that it is about.
# It does not ask whether they are subscribed: whoever has left may see their data, too. The mail
# that asks whether a withdrawal was theirs goes out because they are blocked.
_CLAIMED = " AND w.kind <> 'claim'"

CORRESPONDENCE = f"""
CASE WHEN w.request_id IS NOT NULL THEN ({_WRITTEN_TO_US}) ELSE
    CASE {_UNREACHABLE.format(digests="s.digest, w.digest", unless="", though=_CLAIMED)}
        WHEN EXISTS (SELECT FROM subscribers b WHERE b.digest = w.digest
                     AND (b.blocked_at IS NOT NULL OR b.personal IS NULL)) THEN 'blocked'
        WHEN w.delivery_id IS NULL OR g.state <> 'open' THEN 'request_closed'
        WHEN w.kind = 'claim' AND s.blocked_at IS NULL THEN 'request_closed'
        WHEN w.expires_at <= now() THEN 'request_expired'
    END
END
"""

# A test mail, `w`: what staff look at before a campaign goes out. It is sent to an address and not
# to an audience, so it asks for no yes; against a no of that address it is held like any other.
_OF_THE_ADDRESS = "SELECT FROM subscribers b WHERE b.digest = w.digest"
_LEFT = """
    SELECT FROM subscribers b JOIN standings o ON o.subscriber_id = b.id
    WHERE b.digest = w.digest AND {condition}
"""

TEST = f"""
CASE WHEN w.delivery_id IS NULL THEN 'request_closed'
    WHEN EXISTS ({_OF_THE_ADDRESS} AND b.personal IS NULL) THEN 'withdrawn'
    WHEN EXISTS (SELECT FROM suppressions x WHERE x.digest = w.digest) THEN (
        SELECT CASE {OF_SUPPRESSIONS} ELSE 'suppressed_moved' END
        FROM suppressions x WHERE x.digest = w.digest)
    WHEN EXISTS ({_OF_THE_ADDRESS} AND b.blocked_at IS NOT NULL) THEN 'blocked'
    WHEN EXISTS ({_LEFT.format(condition="o.standing = 'withdrawn'")}) THEN 'withdrawn'
    WHEN EXISTS ({_LEFT.format(condition="o.topic_id = t.id AND o.refused")}) THEN 'unsubscribed'
    WHEN w.sent_at < now() - interval '1 day' THEN 'request_expired'
END
"""  # noqa: S608 - our own text
