"""The guards of docs/incidents.md, each as the change that takes it out, and the test that cares.

A line is a file, its exact text, what stands there without the guard, and the tests of which one
at least must fail then. A line whose text is no longer found fails as well: it has to follow the
code that it speaks of. Here are those of consent and of leaving; those of sending, of destruction
and of the mail that comes in stand beside this file.
"""

from tests.incidents.guard import Guard
from tests.incidents.guards_of_destruction import GUARDS as OF_DESTRUCTION
from tests.incidents.guards_of_mail import GUARDS as OF_MAIL
from tests.incidents.guards_of_sending import GUARDS as OF_SENDING

_INCIDENTS = "tests/incidents/"
_ERASED = _INCIDENTS + "test_queue_and_erasure.py::test_"
_ONE_TRUTH = _INCIDENTS + "test_one_truth.py::test_"
_LINKS = _INCIDENTS + "test_sent_links.py::test_"
_VERDICT = (_INCIDENTS + "test_verdict_mutants.py::test_the_verdict_says_what_the_table_says",)
_LEAVE = "tests/webapp/public/test_leave.py::test_"
_SWEEP = ("tests/webapp/public/test_sweep.py::test_nothing_that_is_fetched_changes_a_row",)
_LIFE = ("tests/people/test_one_person.py::test_nobody_is_mailed_against_their_last_no",)
_IMPORTS = "tests/people/test_imports.py::test_"
_CENTRE = "tests/leaving/test_preferences.py::test_"

_VIEW = "webapp/public/leave.py"
_LOOK = "    view = links.look(token, asked_language()) or abort(404)\n    return _about(view, "
_LOOKED = f'{_LOOK}"leave" if view.is_subscribed'
_COUNTED = """\
    from sqlalchemy import text
    from mailing.base.database import db
    db.session.execute(text("UPDATE deliveries SET attempts = attempts + 1"))
    db.session.commit()
"""
_CLICK = "    by_hand = _is_own_page()\n"

GUARDS = (
    Guard(
        "T8",
        "mailing/people/verdict.py",
        "WHEN st.standing IS DISTINCT FROM 'given' THEN 'not_confirmed'",
        "WHEN st.standing IS NULL THEN 'not_confirmed'",
        _LIFE,
    ),
    Guard(
        "T10",
        "mailing/leaving/preference_view.py",
        "shown = topics.all_topics()",
        "shown = [topic for topic in topics.all_topics() if topic.slug != NOTICES]",
        (_CENTRE + "every_topic_stands_on_the_page_the_notices_too",),
    ),
    Guard(
        "T11",
        "mailing/leaving/scope.py",
        "return list(optin.topic_ids) if optin",
        "return list(optin.topic_ids)[:1] if optin",
        (_LINKS + "the_link_of_a_mail_about_two_topics_leaves_both",),
    ),
    Guard(
        "T12",
        "mailing/deliveries/confirmations.py",
        "    ring(SEND)\n",
        "    ring(SEND)\n    from sqlalchemy import text as sql\n"
        "    short_way = \"UPDATE standings SET standing = 'given' WHERE standing = 'requested'\"\n"
        "    db.session.execute(sql(short_way))\n",
        (_ONE_TRUTH + "the_standings_say_what_the_ledger_says_whatever_people_do",),
    ),
    Guard(
        "T13",
        "mailing/deliveries/gate.py",
        '"campaign": {"verdict": verdict.CAMPAIGN,',
        '"campaign": {"verdict": "NULL::text",',
        (_ERASED + "who_withdrew_or_was_erased_while_queued_is_held_and_never_counted_as_reached",),
    ),
    Guard(
        "T13, T14",
        "mailing/people/verdict.py",
        "WHEN s.personal IS NULL THEN 'withdrawn'\n    WHEN EXISTS",
        "WHEN EXISTS",
        _VERDICT,
    ),
    Guard(
        "T15, T17, T21",
        "mailing/people/imports/person.py",
        "if self.locked_out or (self.refused and self.standing is not Said.GIVEN):",
        "if self.locked_out:",
        (_IMPORTS + "an_import_over_somebody_who_left_leaves_them_out_and_says_so_t15_t17_t21",),
    ),
    Guard(
        "T16",
        "mailing/people/imports/rows.py",
        "if language not in (None, *LANGUAGES):",
        'if language and not re.search("|".join((*LANGUAGES, "active")), language):',
        (_IMPORTS + "a_row_that_cannot_be_read_is_invalid_and_writes_nothing_t16",),
    ),
    Guard(
        "T18",
        "mailing/people/imports/person.py",
        "        if self.suppressed:\n",
        "        if self.suppressed and row.claim is None:\n",
        (_ONE_TRUTH + "a_synchronisation_says_yes_for_nobody_and_mails_nobody",),
    ),
    # Audience and gate have words of their own: who gets past the one is held by the other.
    Guard(
        "T19",
        "mailing/people/verdict.py",
        "AND (x.reason <> 'moved' OR {has_yes})) THEN",
        "AND (x.reason = 'bounce')) THEN",
        _VERDICT,
    ),
    Guard(
        "T19",
        "mailing/people/verdict_of_many.py",
        "JOIN suppressions x ON x.digest = b.digest GROUP",
        "JOIN suppressions x ON x.digest = b.digest AND x.reason = 'bounce' GROUP",
        _VERDICT,
    ),
    Guard(
        "T20",
        "mailing/people/verdict.py",
        "AND (x.reason <> 'moved' OR {has_yes})) THEN",
        "AND (x.reason <> 'moved' OR {has_yes})\nAND x.since > now() - interval '30 days') THEN",
        _VERDICT,
    ),
    Guard(
        "T20",
        "mailing/people/verdict_of_many.py",
        "JOIN suppressions x ON x.digest = b.digest GROUP",
        "JOIN suppressions x ON x.digest = b.digest\n"
        "        AND x.since > now() - interval '30 days' GROUP",
        _VERDICT,
    ),
    Guard(
        "T21",
        "mailing/people/standings.py",
        "refused = CASE WHEN excluded.standing = 'requested' THEN s.refused\n"
        "                       ELSE excluded.refused END",
        "refused = excluded.refused",
        (_IMPORTS + "whoever_left_and_only_asked_again_stays_out_until_they_confirm",),
    ),
    Guard(
        "T19, T23",
        "mailing/requests/moving.py",
        "(is_shut or noes - _DISPROVED or ",
        "(is_shut or ",
        ("tests/requests/test_moving.py::test_an_address_that_is_kept_out_is_moved_to_by_nobody",),
    ),
    Guard(
        "T22",
        "mailing/leaving/preferences.py",
        "if slug in filled.ticked - filled.shown]",
        "if slug in filled.ticked]",
        (_CENTRE + "a_page_from_before_a_no_does_not_take_it_back",),
    ),
    Guard(
        "T22",
        "mailing/leaving/preferences.py",
        "for topic in topics.all_topics() if topic.slug in filled.listed}",
        "for topic in topics.all_topics()}",
        (_CENTRE + "a_form_that_lists_nothing_or_knows_no_such_topic_changes_nothing",),
    ),
    Guard(
        "T23",
        "mailing/people/canonical.py",
        'Address(f"{local.lower()}@{provider}"',
        'Address(f"{local}@{provider}"',
        ("tests/people/test_suppression.py::test_another_spelling_is_suppressed_as_well",),
    ),
    Guard(
        "T24",
        "mailing/deliveries/letters.py",
        "        compiled = self._campaign(passed.campaign_id, passed.language)\n",
        "        from mailing.people import canonical, subscribers\n"
        '        subscribers.create(canonical.canonical("reader@example.com"), "kk")\n'
        "        compiled = self._campaign(passed.campaign_id, passed.language)\n",
        (_ERASED + "telling_people_about_a_change_makes_nobody_a_subscriber",),
    ),
    Guard(
        "T25",
        "mailing/people/suppression.py",
        "disproved = (Why.BOUNCE.value, Why.MOVED.value)",
        "disproved = tuple(why.value for why in Why)",
        (_ERASED + "a_success_clears_no_suppression_and_time_clears_none",),
    ),
    Guard(
        "T25",
        "mailing/people/suppression.py",
        "disproved = (Why.BOUNCE.value, Why.MOVED.value)",
        "disproved = (Why.BOUNCE.value, Why.MOVED.value, Why.COMPLAINT.value)",
        (_ONE_TRUTH + "a_suppression_is_forgotten_by_three_verbs_each_for_its_own_reason",),
    ),
    Guard("T27, T29", _VIEW, _LOOKED, f"    links.by_token(token, 1.0)\n{_LOOKED}", _SWEEP),
    Guard(
        "T28",
        _VIEW,
        _LOOKED,
        _COUNTED + _LOOKED,
        _SWEEP,
    ),
    Guard(
        "T29",
        _VIEW,
        _LOOKED,
        f'    if request.method == "HEAD":\n        links.by_token(token, 1.0)\n{_LOOKED}',
        _SWEEP,
    ),
    Guard(
        "T30",
        "templates/pages/public/leave.html",
        "</form>",
        "</form>\n<script>document.forms[0].submit()</script>",
        (_LEAVE + "the_page_has_a_real_button_and_nothing_that_presses_it",),
    ),
    Guard(
        "T31",
        _VIEW,
        _LOOKED,
        _LOOKED.replace("    return", "    view.is_subscribed or abort(410)\n    return"),
        ("tests/webapp/public/test_every_answer.py::test_a_good_link_never_ends_in_a_wall",),
    ),
    Guard(
        "T32",
        "webapp/public/confirm.py",
        "    return _page(confirmations.look(token) or abort(404))",
        "    view = confirmations.confirm(token) or abort(404)\n"
        "    db.session.commit()\n    return _page(view)",
        _SWEEP,
    ),
    Guard(
        "T33",
        _VIEW,
        _CLICK,
        f'    if "bot" in request.user_agent.string:\n        return _plain(200)\n{_CLICK}',
        (_LINKS + "whoever_posts_has_left_whatever_program_they_use",),
    ),
    Guard(
        "T34",
        "mailing/leaving/undoing.py",
        "WITHIN = timedelta(hours=24)",
        "WITHIN = timedelta(0)",
        (_LEAVE + "undo_within_a_day_is_an_entry_of_its_own",),
    ),
    Guard(
        "T35",
        _VIEW,
        _CLICK,
        f'{_CLICK}    by_hand or "List-Unsubscribe" in request.form or abort(400)\n',
        (_LEAVE + "one_click_takes_any_body_of_any_type",),
    ),
    Guard(
        "T36",
        _VIEW,
        _CLICK,
        f"{_CLICK}    request.cookies or abort(403)\n",
        ("tests/webapp/public/test_curl.py::test_somebody_confirms_and_leaves_with_curl",),
    ),
    Guard(
        "T36",
        _VIEW,
        "return _result_page(token, receipt, status) if by_hand else _plain(status)",
        'return make_response("", 303, {"Location": "/"})',
        (_LEAVE + "one_click_needs_no_cookie_no_origin_and_no_redirect",),
    ),
    Guard(
        "T37",
        _VIEW,
        '"receipt": receipt.id,',
        '"receipt": "done",',
        (_LEAVE + "the_receipt_is_the_one_that_is_stored",),
    ),
    Guard(
        "T37",
        "mailing/leaving/leave.py",
        "        said += _stopping(leaving, topic_ids, covered)\n",
        "",
        (_LEAVE + "the_one_click_of_a_confirmation_mail_cancels_the_request",),
    ),
    Guard(
        "T38",
        "mailing/deliveries/message/headers.py",
        '        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",'
        "  # RFC 8058 section 3.1: exactly this\n",
        "",
        (
            "tests/deliveries/message/test_message.py::"
            "test_the_golden_message_has_not_changed_by_an_octet",
        ),
    ),
    Guard(
        "T39",
        "mailing/deliveries/stamps.py",
        'f"{settings.public_url}/u/{token}"',
        'f"{settings.public_url}/u/{delivery_id.hex}"',
        (_LINKS + "each_way_out_of_the_octets_that_leave_lets_its_reader_leave",),
    ),
    Guard(
        "T40",
        "mailing/base/tokens.py",
        "for cipher in self._ciphers.values()]",
        "for cipher in [self._ciphers[self.newest]]]",
        (_LINKS + "a_link_outlives_its_campaign_and_the_key_that_it_was_made_with",),
    ),
    Guard(
        "T40",
        "mailing/leaving/links.py",
        "    if left:\n",
        "    if left and db.session.get(Delivery, left.delivery):\n",
        (_LINKS + "a_link_outlives_its_campaign_and_the_key_that_it_was_made_with",),
    ),
    Guard(
        "T41",
        "mailing/deliveries/message/inspection.py",
        'in (("plain", "text"), ("html", "HTML")):',
        'in (("html", "HTML"),):',
        ("tests/deliveries/message/test_inspection.py::test_a_part_that_lost_something_is_found",),
    ),
    Guard(
        "T42",
        _VIEW,
        "    except Exception as error:",
        "    except ZeroDivisionError as error:",
        (_LEAVE + "a_page_that_cannot_be_drawn_never_denies_what_is_stored",),
    ),
    Guard(
        "T43",
        _VIEW,
        '    if request.method in ("POST", "OPTIONS"):\n',
        "    if False:\n",
        (_LEAVE + "a_browser_that_asks_first_is_told_that_it_may_post",),
    ),
    Guard(
        "T55",
        "mailing/people/optins.py",
        '"wording": self.wordings[str(topic_id)],',
        '"wording": next(iter(self.wordings.values())),',
        (
            "tests/deliveries/test_confirmations.py::"
            "test_each_yes_can_be_shown_with_everything_it_rests_on",
        ),
    ),
    *OF_SENDING,
    *OF_MAIL,
    *OF_DESTRUCTION,
)
