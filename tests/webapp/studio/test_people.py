"""People in the studio: found and counted, masked until there is a reason, and what staff do."""

import logging
import re
from collections.abc import Callable
from html import unescape
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.people import ledger, listed, profile, standings, subscribers, suppression
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind
from mailing.people.suppression import Why
from mailing.requests import requests
from mailing.staff.audit import AuditEntry, latest
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World, let_go

Browse = Callable[[Role], Browser]

WHO = "person0@example.com"
LEFT = "person10@example.com"


@pytest.fixture
def officer(browse: Browse, world: World) -> Browser:
    return browse(Role.OFFICER)


@pytest.fixture
def marketer(browse: Browse, world: World) -> Browser:
    return browse(Role.MARKETER)


@pytest.fixture
def person(web: Flask, world: World) -> str:
    return number_of(web, WHO)


def number_of(web: Flask, address: str) -> str:
    with web.app_context():
        return str(profile.of_address(address).id)


def read(browser: Browser, path: str) -> str:
    return unescape(browser.get(f"{path}{'&' if '?' in path else '?'}lang=en").text)


def counts(page: str) -> list[int]:
    return [int(one) for one in re.findall(r'<span class="count">(\d+)</span>', page)]


def newest(web: Flask) -> AuditEntry:
    with web.app_context():
        (entry,) = latest(1)
        db.session.expunge(entry)
        return entry


def standing(web: Flask, person: str) -> set[str]:
    with web.app_context():
        return {row.standing for row in standings.of(UUID(person)).values()}


def test_the_counts_of_the_standings_add_up_with_a_filter_and_without(
    web: Flask, marketer: Browser
) -> None:
    assert counts(read(marketer, "/studio/people")) == [12, 9, 1, 2, 0, 0]
    assert counts(read(marketer, "/studio/people?topic=offers")) == [12, 9, 1, 2, 0, 0]
    with web.app_context():
        db.session.execute(
            text("UPDATE subscribers SET language = 'ru', provider = 'mail.ru' WHERE id = :id"),
            {"id": profile.of_address(LEFT).id},
        )
        db.session.commit()
    page = read(marketer, "/studio/people?language=ru&topic=offers&provider=mail.ru")
    assert counts(page) == [1, 0, 0, 1, 0, 0]
    assert "standing=unsubscribed" in page
    assert "provider=mail.ru" in page, "the filter goes along to the other standings"


def test_a_sentence_says_who_is_shown(marketer: Browser) -> None:
    page = read(
        marketer, "/studio/people?topic=offers&standing=given&provider=example.com&since=2026-03-01"
    )
    assert (
        '<b class="figure">9 people</b>: standing “Said yes” on “Offers”, at example.com, '
        "since 1 March 2026." in page
    )
    assert '<b class="figure">12 people</b>: everybody who has said anything.' in read(
        marketer, "/studio/people"
    )
    nobody = read(marketer, "/studio/people?bar=blocked")
    assert '<b class="figure">Nobody</b>: blocked.' in nobody
    assert "Nobody is like this." in nobody


def test_each_page_masks_every_address_and_leads_to_the_profiles(
    marketer: Browser, person: str
) -> None:
    page = read(marketer, "/studio/people")
    assert page.count("pe…") == 12
    assert not re.findall(r"person\d+@", page)
    assert f"/studio/people/{person}?lang=en" in page
    one = read(marketer, f"/studio/people/{person}")
    assert "<h1>pe…0@example.com</h1>" in one
    assert WHO not in one


def test_one_walks_from_page_to_page_and_each_look_is_logged(
    web: Flask, marketer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Policy 2.7."""
    monkeypatch.setattr(listed, "A_PAGE", 5)
    page, met = read(marketer, "/studio/people?provider=example.com&topic=offers"), []
    while True:
        met += re.findall(r"/studio/people/([0-9a-f-]{36})", page)
        older = re.search(r'href="([^"]+before=[^"]+)">Older', page)
        if not older:
            break
        page = unescape(marketer.get(older[1]).text)
    assert len(met) == len(set(met)) == 12
    with web.app_context():
        seen = [one for one in latest(50) if one.action == "people seen"]
        assert [one.details["rows"] for one in seen] == [2, 5, 5]
        assert seen[0].subject == "people"
        # The domain of an address may be somebody's own.
        assert seen[0].details == {"rows": 2, "by_topic": "offers", "by_provider": "one"}


@pytest.mark.parametrize("spelling", ["address", "digest", "number"])
def test_one_person_is_found_by_address_digest_or_number(
    web: Flask, marketer: Browser, person: str, spelling: str
) -> None:
    with web.app_context():
        digest = subscribers.digest_of(canonical(WHO)).hex()
    who = {"address": f" {WHO.upper()} ", "digest": digest, "number": person}[spelling]
    answer = marketer.post("/studio/people/search?lang=en", {"who": who})
    assert answer.status_code == 303
    assert answer.location == f"/studio/people/{person}?lang=en"
    assert (newest(web).action, newest(web).details) == ("person sought", {"found": "yes"})


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ("nobody@example.com", "Nobody with this address is known."),
        ("nobody", "Enter an address like name@example.kz."),
        ("", "Enter an address like name@example.kz."),
        ("0" * 64, "Nobody with this digest is known."),
        ("3f0b7c1e-5f0e-4d6c-9a54-0c1c7d5e2a11", "Nobody of this number is known."),
        ("é" * 64, "Enter an address like name@example.kz."),
        ("z" * 64, "Enter an address like name@example.kz."),
    ],
)
def test_who_is_not_known_is_said_and_nothing_typed_is_lost(
    marketer: Browser, who: str, told: str
) -> None:
    answer = marketer.post("/studio/people/search?lang=en", {"who": who})
    assert answer.status_code == 422
    assert told in unescape(answer.text)
    assert f'name="who" value="{who}"' in answer.text


def test_no_address_stands_in_a_link_a_log_or_the_audit(
    web: Flask, officer: Browser, person: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    officer.post("/studio/people/search", {"who": WHO})
    officer.post("/studio/people/search", {"who": "nobody@example.com"})
    asked = officer.get(f"/studio/people?provider={WHO}&topic=offers&lang=en")
    assert asked.location == "/studio/people?topic=offers&lang=en"
    assert "A filter takes no address." in read(officer, asked.location)
    officer.post(f"/studio/people/{person}/open", {"reason": "check"})
    act = {"topic": "all", "reason": "told", "words": f"{WHO} rang"}
    officer.post(f"/studio/people/{person}/unsubscribe", act)
    for page in ("/studio/people", f"/studio/people/{person}"):
        assert not [one for one in re.findall(r'href="([^"]*)"', read(officer, page)) if "@" in one]
    with web.app_context():
        lines = [f"{one.action} {one.subject} {one.details}" for one in latest(50)]
        assert len(lines) > 6
        assert not [one for one in lines if "@" in one]
    assert WHO not in caplog.text


def test_the_profile_says_how_somebody_stands_by_the_verdict_of_the_gate(
    web: Flask, officer: Browser, person: str
) -> None:
    assert "Mailed about “Offers” since " in read(officer, f"/studio/people/{person}")
    assert "; blocked nowhere." in read(officer, f"/studio/people/{person}")
    with web.app_context():
        suppression.suppress(profile.of_address(WHO).digest, Why.COMPLAINT)
        db.session.commit()
    page = read(officer, f"/studio/people/{person}")
    assert "Yes to “Offers” of " in page
    assert "they complained about our mail" in page
    assert "no: complained about us" in page
    left = read(officer, f"/studio/people/{number_of(web, LEFT)}")
    assert "Left “Offers” on " in left
    assert "<h3>unsubscribed: offers</h3>" in left


def test_the_line_of_time_is_that_of_the_evidence_without_what_names_the_person(
    web: Flask, officer: Browser, marketer: Browser, person: str
) -> None:
    officer.post(
        f"/studio/people/{person}/unsubscribe",
        {"topic": "offers", "reason": "told", "words": "rang at noon"},
    )
    for browser in (officer, marketer):
        page = read(browser, f"/studio/people/{person}")
        assert "<h3>asked for: offers</h3>" in page
        assert "<h3>unsubscribed: offers</h3>" in page
        assert "Something more is sealed with it, which names the person." in page
        assert "rang at noon" not in page


def test_messages_stand_with_their_outcome_and_the_relays_words_are_not_quoted(
    web: Flask, officer: Browser, world: World
) -> None:
    let_go(web, world, ["refused", "held", "accepted"])
    with web.app_context():
        said = "UPDATE deliveries SET reply_code = 550, reply_text = 'no person0@example.com here'"
        db.session.execute(text(f"{said} WHERE state = 'refused'"))
        query = "SELECT state, subscriber_id FROM deliveries"
        of = {row.state: row.subscriber_id for row in db.session.execute(text(query))}
        db.session.commit()
    refused = read(officer, f"/studio/people/{of['refused']}?campaign={world.campaign_id}")
    assert "Refused for good <code>550</code>" in refused
    assert "The mail relay refused the message: 550" in refused
    assert "here" not in refused.split('id="messages"')[1].split("</table>")[0]
    assert "no person0@example.com" not in refused
    held = read(officer, f"/studio/people/{of['held']}")
    assert "Held back: unsubscribed" in held
    assert "Қараша хаты" in held


def test_why_they_did_or_did_not_get_a_campaign_is_told_and_logged(
    web: Flask, officer: Browser, world: World
) -> None:
    left = number_of(web, LEFT)
    page = read(officer, f"/studio/people/{left}?campaign={world.campaign_id}")
    assert "Held back: unsubscribed" in page
    assert newest(web).details == {"rows": 1, "campaign": world.campaign_id}
    for wrong in ("999", "x", "9" * 30, "-1"):
        answer = officer.get(f"/studio/people/{left}?campaign={wrong}&lang=en")
        assert answer.status_code == 422
        assert "There is no campaign of this number." in answer.text


def test_what_names_the_person_is_shown_for_a_reason_and_logged(
    web: Flask, officer: Browser, person: str
) -> None:
    refused = officer.post(f"/studio/people/{person}/open?lang=en")
    assert refused.status_code == 422
    assert '<a href="#open-reason">' in refused.text
    assert WHO not in refused.text
    shown = officer.post(f"/studio/people/{person}/open?lang=en", {"reason": "inspection"})
    assert f"<h1>{WHO}</h1>" in shown.text
    entry = newest(web)
    assert (entry.action, entry.subject) == ("person opened", f"subscriber {person}")
    assert entry.details == {"reason": "inspection", "fields": "personal"}


@pytest.mark.parametrize("topic", ["offers", "all"])
def test_staff_unsubscribe_somebody_with_the_reason_in_evidence_and_log(
    web: Flask, officer: Browser, person: str, topic: str
) -> None:
    act = {"topic": topic, "reason": "told", "words": "rang at noon"}
    answer = officer.post(f"/studio/people/{person}/unsubscribe?lang=en", act)
    assert answer.location == f"/studio/people/{person}?lang=en"
    assert standing(web, person) == {"unsubscribed"}
    with web.app_context():
        said = profile.entries_of(UUID(person))[-1]
        assert (said["kind"], said["source"], said["actor"]) == ("unsubscribed", "staff", "staff 3")
        assert said["private"] == {"reason": "told: rang at noon"}
    entry = newest(web)
    assert (entry.action, entry.details["reason"]) == ("person unsubscribed", "told")
    assert "rang" not in str(entry.details)
    assert "Unsubscribed." in read(officer, f"/studio/people/{person}")


def test_a_withdrawal_ends_everything_and_asks_for_destruction(
    web: Flask, officer: Browser, person: str
) -> None:
    officer.post(f"/studio/people/{person}/withdraw", {"reason": "written"})
    assert standing(web, person) == {"withdrawn"}
    with web.app_context():
        (asked,) = requests.of_subscriber(UUID(person))
        assert (asked.kind, asked.channel) == ("destruction", "staff")
        assert ledger.last(UUID(person), None, Kind.WITHDRAWN)
        assert Why.WITHDRAWN in suppression.reasons(subscribers.digest_of(canonical(WHO)))
    page = read(officer, f"/studio/people/{person}")
    assert "Withdrew consent on " in page
    assert f"{asked.number} · Destruction" in page
    assert "Record the withdrawal" not in page


def test_staff_keep_an_address_out_and_nothing_here_lets_it_in_again(
    web: Flask, officer: Browser, person: str
) -> None:
    officer.post(f"/studio/people/{person}/suppress", {"reason": "relative"})
    with web.app_context():
        (kept,) = suppression.of(subscribers.digest_of(canonical(WHO)))
        assert (kept.reason, kept.detail) == ("staff", "relative")
    assert newest(web).details == {"reason": "relative"}
    page = read(officer, f"/studio/people/{person}")
    assert "decided by staff (somebody close to them asked)" in page
    assert "Keep it out" not in page
    assert standing(web, person) == {"given"}, "what they said is theirs"


def test_a_request_of_theirs_is_written_down_by_their_number(
    web: Flask, officer: Browser, person: str
) -> None:
    asking = {"channel": "letter", "right": "access", "told": "Everything, please."}
    answer = officer.post(f"/studio/people/{person}/request", asking)
    with web.app_context():
        (asked,) = requests.of_subscriber(UUID(person))
        assert (asked.kind, asked.words) == ("access", "Everything, please.")
        assert answer.location == f"/studio/requests/{asked.id}"
    assert f"/studio/people/{person}" in read(officer, answer.location)


@pytest.mark.parametrize(
    ("act", "typed", "field"),
    [
        ("unsubscribe", {"reason": "told", "words": "kept words"}, "unsubscribe-topic"),
        ("unsubscribe", {"topic": "nothing", "reason": "told"}, "unsubscribe-topic"),
        ("unsubscribe", {"topic": "all", "words": "kept words"}, "unsubscribe-reason"),
        ("unsubscribe", {"topic": "all", "reason": "told", "words": "a\nb"}, "unsubscribe-words"),
        ("withdraw", {"reason": "a whim"}, "withdraw-reason"),
        ("suppress", {}, "suppress-reason"),
        ("request", {"channel": "letter", "told": "kept words"}, "request-right"),
        ("request", {"right": "access", "told": "kept words"}, "request-channel"),
    ],
)
def test_without_a_reason_nothing_is_done_and_nothing_typed_is_lost(
    web: Flask, officer: Browser, person: str, act: str, typed: dict[str, str], field: str
) -> None:
    answer = officer.post(f"/studio/people/{person}/{act}?lang=en", typed)
    assert answer.status_code == 422
    assert f'<a href="#{field}">' in answer.text
    assert f'id="{field}"' in answer.text
    assert typed.get("words") in (None, "a\nb") or "kept words" in answer.text
    assert standing(web, person) == {"given"}
    with web.app_context():
        assert requests.of_subscriber(UUID(person)) == []
        assert suppression.of(subscribers.digest_of(canonical(WHO))) == []


def test_a_marketer_looks_and_finds_no_act_and_no_names(
    web: Flask, marketer: Browser, person: str
) -> None:
    page = read(marketer, f"/studio/people/{person}")
    hidden = ("What you can do", "Show what names the person", "/requests", "/evidence")
    assert [one for one in hidden if one in page] == []
    for act in ("open", "unsubscribe", "withdraw", "suppress", "request"):
        assert marketer.post(f"/studio/people/{person}/{act}").status_code == 403
    assert standing(web, person) == {"given"}


def test_a_viewer_sees_nobody(browse: Browse, person: str) -> None:
    viewer = browse(Role.VIEWER)
    for address in ("/studio/people", f"/studio/people/{person}"):
        assert viewer.get(address).status_code == 403
    assert "/studio/people" not in viewer.get("/studio/").text


def test_whoever_was_destroyed_is_not_listed_and_their_profile_names_nobody(
    web: Flask, officer: Browser, person: str
) -> None:
    with web.app_context():
        profile.of_address(WHO).personal = None
        db.session.commit()
    assert counts(read(officer, "/studio/people"))[0] == 11
    page = read(officer, f"/studio/people/{person}")
    assert "Their data were destroyed. What is left names nobody." in page
    assert "What you can do" not in page
    assert officer.post(f"/studio/people/{person}/suppress", {"reason": "told"}).status_code == 404


def test_a_number_that_nobody_has_is_missing(officer: Browser, person: str) -> None:
    assert officer.get(f"/studio/people/{uuid4()}").status_code == 404
    for act in ("open", "unsubscribe", "withdraw", "suppress", "request"):
        assert officer.post(f"/studio/people/{uuid4()}/{act}").status_code == 404


def test_audience_lines_and_requests_lead_to_the_profiles(
    web: Flask, officer: Browser, world: World
) -> None:
    left = number_of(web, LEFT)
    line = read(officer, f"/studio/campaigns/{world.campaign_id}/audience/unsubscribed")
    assert f"/studio/people/{left}?lang=en" in line
