"""The guards of the mail that comes in, and of the forms that anybody may post."""

from tests.incidents.guard import Guard

_BOUNCES = "mailing/inbound/bounces.py"
_COMPLAINTS = "mailing/inbound/complaints.py"
_AUTOMATIC = "mailing/inbound/reading/automatic.py"
_CAME = "tests/inbound/test_bounces.py::test_"
_FLOODS = "tests/webapp/public/test_floods.py::test_"
_TO_ONE = (_FLOODS + "many_networks_at_one_address_cost_it_two_mails_a_day",)
_MACHINES = (
    "tests/incidents/test_answers_of_machines.py::"
    "test_it_costs_nobody_anything_and_is_never_answered",
)
_STORM = (_CAME + "a_storm_brakes_and_holds_back_until_a_person_decides",)
_SOFT = (_CAME + "soft_bounces_of_one_day_cost_nobody_and_of_five_days_do",)
_NO_ID = (_CAME + "a_complaint_that_shows_no_id_of_ours_changes_nothing",)
_BY_ADDRESS = """\
    from mailing.people import subscribers
    from mailing.people.canonical import canonical
    found = [subscribers.find(canonical(one)) for one in reading.complained_of]
    people |= {one.id for one in found if one is not None}
"""

GUARDS = (
    Guard(
        "T59",
        "mailing/inbound/reading/machines.py",
        "    yield _automatic(places)\n",
        "",
        _MACHINES,
    ),
    Guard(
        "T59",
        _AUTOMATIC,
        '    if said and said != "no":\n        return True\n',
        "",
        _MACHINES,
    ),
    Guard(
        "T59",
        _AUTOMATIC,
        "    if opened.says(*_HEADERS):\n        return True\n",
        "",
        _MACHINES,
    ),
    Guard(
        "T59",
        _AUTOMATIC,
        '    if opened.field("Precedence").lower() in ("auto_reply", "auto-reply"):\n'
        "        return True\n",
        "",
        _MACHINES,
    ),
    Guard(
        "T59",
        _AUTOMATIC,
        "return said is not None or says_so_in_its_header(opened)",
        "return says_so_in_its_header(opened)",
        _MACHINES,
    ),
    Guard(
        "T59",
        "mailing/requests/acts.py",
        "Kind.AUTO_REPLY: _unless_out(_keep)",
        "Kind.AUTO_REPLY: _unless_out(_show)",
        _MACHINES,
    ),
    Guard("T60", _BOUNCES, "SOFT_DAYS = 5\n", "SOFT_DAYS = 1\n", _SOFT),
    Guard(
        "T60",
        _BOUNCES,
        "count(DISTINCT (r.at AT TIME ZONE 'UTC')::date)",
        "count(*)",
        _SOFT,
    ),
    Guard("T60", _BOUNCES, "    if is_storm:\n", "    if False:\n", _STORM),
    Guard(
        "T60",
        _BOUNCES,
        "        storms.stop_campaigns(storm)\n",
        "        pass\n",
        _STORM,
    ),
    Guard(
        "T60",
        "mailing/deliveries/storms.py",
        "            suppression.forget_bounce(digest, detail_of(return_id))\n",
        "            pass\n",
        _STORM,
    ),
    Guard(
        "T61",
        "mailing/inbound/reading/machines.py",
        "    yield _complaint(places.message)\n",
        "",
        ("tests/inbound/reading/test_read.py::test_a_feedback_report_is_a_complaint_of_its_type",),
    ),
    Guard("T61", _COMPLAINTS, "    if len(people) != 1:\n", "    if not people:\n", _NO_ID),
    Guard(
        "T61",
        _COMPLAINTS,
        "    return people - {NOBODY}, ",
        f"{_BY_ADDRESS}    return people - {{NOBODY}}, ",
        _NO_ID,
    ),
    Guard(
        "T61",
        _COMPLAINTS,
        "    if _type(reading) not in IS_A_NO:\n",
        "    if False:\n",
        (_CAME + "not_spam_and_a_failed_signature_are_no_complaints",),
    ),
    Guard(
        "T62",
        "webapp/public/brake.py",
        "        return forms <= limit and ",
        "        return ",
        (_FLOODS + "one_network_at_many_addresses_is_told_to_wait",),
    ),
    Guard(
        "T62",
        "mailing/requests/fresh.py",
        "len(sent) < MOST_A_DAY and all",
        "all",
        _TO_ONE,
    ),
    Guard(
        "T62",
        "mailing/requests/fresh.py",
        " and all(at <= now - BEFORE_A_RESEND for at in sent)",
        "",
        _TO_ONE,
    ),
    Guard(
        "T62",
        "mailing/deliveries/confirmations.py",
        "if len(sent) < 2 and free else None",
        "if free else None",
        _TO_ONE,
    ),
    Guard(
        "T62",
        "mailing/deliveries/confirmations.py",
        "BEFORE_A_RESEND = timedelta(seconds=60)",
        "BEFORE_A_RESEND = timedelta(0)",
        _TO_ONE,
    ),
    Guard(
        "T62",
        "mailing/leaving/wish.py",
        "return [t for t in topic_ids if t not in held or held[t].standing not in _NO]",
        "return list(topic_ids)",
        (_FLOODS + "a_flood_to_the_address_to_leave_by_writes_one_entry_and_no_mail",),
    ),
    Guard(
        "T62",
        "mailing/requests/claim_mails.py",
        "    if len(sent) < MOST_A_DAY and not since_blocked:\n",
        "    if not since_blocked:\n",
        (
            "tests/requests/test_withdrawals.py::"
            "test_a_flood_of_forged_letters_mails_at_most_three_a_day",
        ),
    ),
)
