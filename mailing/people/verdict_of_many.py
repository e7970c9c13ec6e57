"""The verdict over a whole list, in the order of `verdict` and by facts that are found for all at
once.

The gate looks at each person of a group. Done a million times, those looks were half of the time
of a count; so those few who are kept out whatever they said are found first, the policy versions
are read once, and what somebody said of all topics is gathered in one pass.

The texts speak of `st`, the standing on the campaign's topic, or for a notice `m`, what somebody
said of all topics (`SAID`); of `k`, who is kept out (`KEPT_OUT`; missing for nearly all); and of
:topic, the topic's number. What one way of asking says and the other does not is a failing test.
"""

from mailing.people import verdict

KEPT_OUT = f"""
    SELECT b.id,
        CASE WHEN b.personal IS NULL THEN 'withdrawn'
             {verdict.OF_SUPPRESSIONS}
             WHEN bool_and(x.reason = 'moved') THEN NULL
             -- A reason that is not known here keeps out as well.
             ELSE 'suppressed_moved' END AS reason,
        bool_or(x.reason = 'moved') AS has_moved,
        b.blocked_at IS NOT NULL AS is_blocked, b.paused_until > now() AS is_paused
    FROM subscribers b JOIN suppressions x ON x.digest = b.digest GROUP BY b.id
    UNION ALL
    SELECT b.id, CASE WHEN b.personal IS NULL THEN 'withdrawn' END, false,
        b.blocked_at IS NOT NULL, b.paused_until > now()
    FROM subscribers b
    WHERE (b.personal IS NULL OR b.blocked_at IS NOT NULL OR b.paused_until IS NOT NULL)
        AND NOT EXISTS (SELECT FROM suppressions x WHERE x.digest = b.digest)
"""  # noqa: S608 - our own text

_KEPT_OUT = """
    WHEN k.reason IS NOT NULL THEN k.reason
    WHEN k.has_moved AND {has_yes} THEN 'suppressed_moved'
    WHEN k.is_blocked THEN 'blocked'
"""

CAMPAIGN = verdict.ORDER_OF_A_CAMPAIGN.format(
    kept_out=_KEPT_OUT.format(has_yes=verdict.SAYS_YES),
    is_covered="""st.policy_id = ANY (ARRAY(
        SELECT p.id FROM policy_versions p JOIN topics t ON t.purpose = ANY (p.purposes)
        WHERE t.id = :topic))""",
    is_paused="k.is_paused",
)

_OF_STANDINGS = verdict.OF_STANDINGS | {
    "is_withdrawn": "o.topic_id = :topic AND o.standing = 'withdrawn'",
    "has_refused": "o.topic_id = :topic AND o.refused",
}
_GATHERED = ", ".join(f"bool_or({what}) AS {name}" for name, what in _OF_STANDINGS.items())

SAID = f"""
    SELECT o.subscriber_id AS id, {_GATHERED} FROM standings o GROUP BY o.subscriber_id
"""  # noqa: S608 - our own text; every value is bound

NOTICE = verdict.ORDER_OF_A_NOTICE.format(
    kept_out=_KEPT_OUT.format(has_yes="m.has_topic"),
    is_paused="k.is_paused",
    **{name: f"m.{name}" for name in _OF_STANDINGS},
)
