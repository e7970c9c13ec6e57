"""The guards of what a destruction leaves behind: proof, a "no", and where other copies lie."""

from tests.incidents.guard import Guard

_DONE = "tests/requests/test_certificates.py::test_"

GUARDS = (
    Guard(
        "T56",
        "mailing/requests/certifying.py",
        "[_scope(step) for step in steps if step.state == progress.DONE],",
        "[],",
        (_DONE + "it_tells_what_went_and_names_nobody",),
    ),
    Guard(
        "T57",
        "mailing/leaving/destroyed.py",
        "        suppression.suppress(one, Why.DESTROYED)\n        source",
        "        source",
        (
            "tests/requests/test_destructions.py::"
            "test_what_goes_is_gone_what_stays_leads_to_nobody_and_the_chain_holds",
        ),
    ),
    Guard(
        "T58",
        "mailing/requests/certifying.py",
        '        *({"what": "relay", "where": relay} for relay in sorted(relays)),\n',
        "",
        (_DONE + "where_copies_lie_that_are_not_in_our_hands_is_named",),
    ),
)
