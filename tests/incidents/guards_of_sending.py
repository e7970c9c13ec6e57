"""The guards of sending: started once, stopped when it is said so, and told of as it was."""

from tests.incidents.guard import Guard

_DISPATCH = "mailing/deliveries/dispatch.py"
_HALTING = "mailing/deliveries/halting.py"
_STARTS = "tests/deliveries/test_dispatch.py::test_"
_GATE = "tests/deliveries/test_gate.py::test_"
_BUTTONS = "tests/races/test_cancel_races.py::test_"
_CLAIMS = (
    "tests/deliveries/test_queue.py::test_what_another_is_claiming_is_passed_over_without_waiting",
)
_LINES = (
    "tests/deliveries/test_lines.py::"
    "test_lines_are_the_sets_of_an_independent_query_before_during_and_after",
)
_LOCK = """\
    db.session.execute(text(_QUEUE), {"campaign": campaign_id})
    query = select(Campaign).where(Campaign.id == campaign_id).with_for_update()
"""
_UNLOCKED = "    query = select(Campaign).where(Campaign.id == campaign_id)\n"
_CAMPAIGNS = "mailing/campaigns/campaigns.py"

GUARDS = (
    Guard(
        "T44, T47",
        _DISPATCH,
        "    if campaign.state not in _STARTABLE:\n",
        "    if False:\n",
        (_STARTS + "two_starts_at_once_are_one_start",),
    ),
    Guard(
        "T44",
        _CAMPAIGNS,
        _LOCK,
        _UNLOCKED,
        (_STARTS + "a_start_waits_for_the_one_before_it_and_is_refused",),
    ),
    Guard(
        "T44",
        "mailing/deliveries/queue.py",
        "ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED",
        "ORDER BY id LIMIT 1",
        _CLAIMS,
    ),
    Guard(
        "T44",
        "mailing/deliveries/queue.py",
        "AND (state = 'pending' OR (state = 'deferred' AND retry_at <= now()))\n        ORDER",
        "AND (state IN ('pending', 'claimed')\n"
        "                 OR (state = 'deferred' AND retry_at <= now()))\n        ORDER",
        _CLAIMS,
    ),
    Guard(
        "T47",
        _DISPATCH,
        "    campaigns.demand(campaign, State.SCHEDULED)\n    return campaign",
        "    return campaign",
        (_BUTTONS + "send_now_and_hold_have_one_winner",),
    ),
    Guard(
        "T47",
        "mailing/deliveries/incarnations.py",
        "        return Ending.UNCERTAIN\n",
        "        return Ending.LOST\n",
        ("tests/deliveries/test_incarnations.py::test_each_row_goes_where_the_journal_says",),
    ),
    Guard(
        "T47",
        "mailing/deliveries/usual.py",
        "    if twin is not None:\n",
        "    if False:\n",
        ("tests/deliveries/test_usual.py::test_the_same_words_to_the_same_topic_are_told_of",),
    ),
    Guard(
        "T50",
        _HALTING,
        "    _move(campaign, \"open\", \"state = 'aborting', reason = 'campaign_stopped'\")\n",
        "",
        (_STARTS + "a_stop_says_exactly_what_was_out_and_what_was_not",),
    ),
    Guard(
        "T50",
        "mailing/deliveries/gate.py",
        "                WHEN c.id IS NOT NULL AND c.state <> 'sending' THEN 'campaign_stopped'\n",
        "",
        (_GATE + "a_stop_that_comes_first_is_seen_by_the_gate",),
    ),
    Guard(
        "T50",
        _CAMPAIGNS,
        _LOCK,
        _UNLOCKED,
        (_STARTS + "a_call_back_and_the_release_have_one_winner",),
    ),
    Guard(
        "T50",
        _HALTING,
        "campaign.state, counted.out, counted.stopped)",
        "campaign.state, counted.open, counted.stopped)",
        (
            _BUTTONS
            + "a_worker_that_comes_first_is_told_of_and_one_that_comes_second_finds_nothing",
        ),
    ),
    Guard(
        "T50",
        "mailing/deliveries/letters.py",
        "recipient = Recipient(passed.permit.recipient, self._covered(passed))",
        "recipient = Recipient(self._settings.helpdesk_address, self._covered(passed))",
        ("tests/deliveries/test_letters.py::test_it_is_addressed_to_the_row_it_belongs_to",),
    ),
    Guard(
        "T52",
        "mailing/campaigns/audience.py",
        "considered(campaign, campaign.conditions)\n    # OFFSET",
        "considered(campaign, None)\n    # OFFSET",
        _LINES,
    ),
    Guard(
        "T52",
        "mailing/deliveries/lines.py",
        "    LEFT JOIN deliveries d ON",
        "    JOIN deliveries d ON",
        _LINES,
    ),
    Guard(
        "T52",
        _DISPATCH,
        "    if expect is not None and started.will_receive != expect:\n",
        "    if False:\n",
        (_STARTS + "a_start_that_expects_another_number_changes_nothing",),
    ),
    Guard(
        "T53",
        _DISPATCH,
        'b.campaign_id = c.id AND b.finished_at IS NULL"',
        'b.campaign_id = c.id AND b.written_at IS NULL"',
        (_STARTS + "a_campaign_is_done_when_nothing_is_left_and_not_before",),
    ),
    Guard(
        "T53",
        "mailing/deliveries/results.py",
        "                ELSE a.ending\n",
        "                ELSE 'accepted'\n",
        (_STARTS + "a_campaign_is_done_when_nothing_is_left_and_not_before",),
    ),
)
