"""Evidence in the studio (T55): one person, one line of time, read for a reason that is logged."""

from collections.abc import Callable
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.deliveries import confirmations
from mailing.deliveries.returns import Return
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import expiry, ledger, subscribers
from mailing.people.address_changes import AddressChange
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind, NewEntry
from mailing.people.optins import OptIn, Submission
from mailing.policies import versions
from mailing.policies.versions import NewText
from mailing.staff.audit import latest
from mailing.staff.staff import Role
from tests.person import token_of
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World

Browse = Callable[[Role], Browser]

WHO = "aigerim.serikova@example.com"
NEW = "serikova.new@example.org"
ASK = {"address": WHO, "reason": "inspection"}


@pytest.fixture
def person(web: Flask, world: World) -> str:
    """Somebody who filled in the form with a name, and confirmed; their number."""
    with web.app_context():
        page, name = "https://shop.example/subscribe", {"given_name": "Айгерим"}
        confirmations.submit(
            Submission("site", WHO, ("offers",), "ru", world.policy_id, page, name)
        )
        db.session.commit()
        optin = db.session.query(OptIn).one()
        confirmations.confirm(token_of(optin, "confirm"))
        db.session.commit()
        found = subscribers.find(canonical(WHO))
        assert found is not None
        return str(found.id)


def _read(browser: Browser, **more: str) -> tuple[int, str]:
    answer = browser.post("/studio/evidence?lang=en", {**ASK, **more})
    return answer.status_code, unescape(answer.text)


def test_it_shows_what_when_how_by_which_words_and_how_consent_stands(
    web: Flask, browse: Browse, person: str
) -> None:
    status, page = _read(browse(Role.OFFICER))
    assert status == 200
    assert "consent to “Offers” was valid: given on " in page
    assert "asked for: offers" in page
    assert "said yes: offers" in page
    assert page.count("Даю согласие Glazik Kazakhstan LLP") == 3
    assert "https://shop.example/subscribe" in page
    assert 'href="/studio/forms/site?lang=en"' in page
    assert "(Almaty time)" in page
    assert " UTC</span>" in page
    assert 'href="/policy/1?lang=en">2024-10-01</a>' in page
    assert person in page


def test_what_names_the_person_is_masked_until_it_is_asked_for(
    web: Flask, browse: Browse, person: str
) -> None:
    officer = browse(Role.OFFICER)
    _, page = _read(officer)
    assert "<h2>ai…a@example.com</h2>" in page
    assert "Айгерим" not in page
    _, opened = _read(officer, open="1")
    assert "given_name: Айгерим" in opened
    assert WHO in opened


def test_each_reading_is_logged_with_its_reason_and_without_the_address(
    web: Flask, browse: Browse, person: str
) -> None:
    """Policy 2.7."""
    officer = browse(Role.OFFICER)
    _read(officer)
    with web.app_context():
        entry = latest(1)[0]
        assert (entry.action, entry.subject) == ("evidence read", f"subscriber {person}")
        assert entry.details == {"entries": 2, "reason": "inspection"}
    _read(officer, open="1")
    with web.app_context():
        entry = latest(1)[0]
        assert entry.details == {"entries": 2, "reason": "inspection", "fields": "personal"}
        assert not [one for one in latest(50) if "example.com" in f"{one.subject} {one.details}"]


def test_as_of_a_moment_it_ends_there(browse: Browse, person: str) -> None:
    status, page = _read(browse(Role.OFFICER), moment="2025-01-01T09:00")
    assert status == 200
    assert "By then nothing had been said." in page
    assert "said yes" not in page


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"address": ""}, "address"),
        ({"address": "nobody@example.com"}, "address"),
        ({"address": "x" * 5000}, "address"),
        ({"address": "a\0@example.com"}, "address"),
        ({"reason": ""}, "reason"),
        ({"reason": "curiosity"}, "reason"),
        ({"moment": "yesterday"}, "moment"),
        ({"moment": "9999-99-99T00:00"}, "moment"),
        ({"moment": "0001-01-01T00:00"}, "moment"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_and_nothing_is_read(
    web: Flask, browse: Browse, person: str, wrong: dict[str, str], field: str
) -> None:
    status, page = _read(browse(Role.OFFICER), **wrong)
    assert status == 422
    assert f'<a href="#{field}">' in page
    assert "said yes" not in page
    with web.app_context():
        assert [one for one in latest(50) if one.action == "evidence read"] == []


def test_somebody_who_moved_is_found_by_the_address_before_and_the_page_says_so(
    web: Flask, browse: Browse, person: str
) -> None:
    with web.app_context():
        _move(person)
    status, page = _read(browse(Role.OFFICER))
    assert status == 200
    assert "Now at another address" in page
    assert "<h3>moved to another address</h3>" in page
    assert "on the pages that both mailboxes were sent to" in page
    _, by_the_new = _read(browse(Role.OFFICER), address=NEW)
    assert "Now at another address" not in by_the_new
    assert "<h3>moved to another address</h3>" in by_the_new


def test_a_page_of_ours_is_named_by_what_it_is(web: Flask, browse: Browse, person: str) -> None:
    with web.app_context():
        leave(Leaving(UUID(person), Scope.everything(), source="page", patience=0))
    _, page = _read(browse(Role.OFFICER))
    assert "on the page of the link to leave" in page


def test_a_yes_that_a_new_version_overtook_says_what_was_shown_and_what_was_in_force(
    web: Flask, browse: Browse, world: World
) -> None:
    with web.app_context():
        confirmations.submit(
            Submission("site", WHO, ("offers",), "ru", world.policy_id, "https://shop.example/")
        )
        new = NewText("kk", clock.today("Asia/Almaty"), "later")
        versions.publish(versions.find(versions.import_text(b"later", new).policy_id))
        confirmations.confirm(token_of(db.session.query(OptIn).one(), "confirm"))
        db.session.commit()
    _, page = _read(browse(Role.OFFICER))
    assert page.count("Agreed to version 2024-10-01, shown on ") == 1
    assert "while version later had been in force since " in page


def test_of_whoever_cancelled_and_was_forgotten_the_no_is_shown_and_no_address(
    web: Flask, browse: Browse, world: World
) -> None:
    with web.app_context():
        confirmations.submit(
            Submission("site", WHO, ("offers",), "ru", world.policy_id, "https://shop.example/")
        )
        db.session.commit()
        optin = db.session.query(OptIn).one()
        leave(Leaving(optin.subscriber_id, Scope.of_optin(optin.id), patience=0))
        later = clock.now() + timedelta(days=8)
        with clock.use(lambda: later):
            expiry.forget_unconfirmed()
            db.session.commit()
    _, page = _read(browse(Role.OFFICER))
    assert "<h2>(address forgotten)</h2>" in page
    assert "They never said yes, and said no." in page
    assert "<h3>unsubscribed: offers</h3>" in page
    assert "Show what names the person" not in page


def test_every_door_that_an_entry_can_come_by_has_its_words(
    web: Flask, browse: Browse, person: str
) -> None:
    with web.app_context():
        leave(Leaving(UUID(person), Scope.everything(), Kind.BLOCKED, "mail", patience=0))
        lifted = NewEntry(UUID(person), Kind.RESTORED, None, None, "claim", "subscriber")
        ledger.append(lifted)
        db.session.commit()
    _, page = _read(browse(Role.OFFICER))
    assert "<p>by mail</p>" in page
    assert "<p>by the link of the mail that asked them</p>" in page


def _move(person: str) -> None:
    found = db.session.get_one(subscribers.Subscriber, UUID(person))
    now = clock.now()
    db.session.add(
        AddressChange(
            subscriber_id=found.id,
            state="done",
            former=found.digest,
            old_agreed_at=now,
            new_agreed_at=now,
            created_at=now,
            expires_at=now,
            closed_at=now,
        )
    )
    found.digest = subscribers.digest_of(canonical(NEW))
    db.session.commit()


@pytest.mark.parametrize("role", [Role.MARKETER, Role.VIEWER])
def test_evidence_is_for_officers_and_admins(browse: Browse, person: str, role: Role) -> None:
    browser = browse(role)
    assert _read(browser)[0] == 403
    assert "/studio/evidence" not in browser.get("/studio/forms").text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("kk", ("хат қайтып келді", "жәшік жоқ", "Шара: ")),
        ("ru", ("сообщение вернулось", "ящика не существует", "Сделано: ")),
        ("en", ("a message came back", "the mailbox does not exist", "Done: ")),
    ],
)
def test_what_came_back_stands_in_the_line_of_time(
    web: Flask, browse: Browse, person: str, world: World, language: str, words: tuple[str, ...]
) -> None:
    with web.app_context():
        returned = Return(
            delivery_id=UUID(int=1),
            subscriber_id=UUID(person),
            campaign_id=world.campaign_id,
            kind="hard",
            status="5.1.1",
            inbound_id=0,
            at=clock.now(),
        )
        db.session.add(returned)
        db.session.commit()
    answer = browse(Role.OFFICER).post(f"/studio/evidence?lang={language}", ASK)
    page = unescape(answer.text)
    assert [one for one in words if one not in page] == []
    assert "<code>5.1.1</code>" in page
    assert f'href="/studio/campaigns/{world.campaign_id}/live?lang={language}"' in page


def test_it_takes_the_moment_from_a_campaign_and_hands_the_same_out_as_a_file(
    web: Flask, browse: Browse, person: str, world: World
) -> None:
    with web.app_context():
        db.session.execute(text(_SENT), {"person": person, "campaign": world.campaign_id})
        db.session.commit()
    officer, number = browse(Role.OFFICER), str(world.campaign_id)
    status, page = _read(officer, campaign=number)
    assert status == 200
    assert f"when campaign {number} (" in page
    assert "was sent to them, consent to “Offers” was valid: given on " in page
    answer = officer.post("/studio/evidence?lang=en", {**ASK, "campaign": number, "file": "1"})
    assert answer.headers["Content-Disposition"].startswith("attachment")
    told = answer.get_json()
    assert told["sentences"] == [one["sentence"] for one in told["topics"]]
    assert told["topics"][0]["agreed"]["wording"].startswith("Даю согласие")
    with web.app_context():
        read = [one for one in latest(50) if one.action == "evidence read"]
        assert [one.details["campaign"] for one in read] == [number, number]


_SENT = """
    INSERT INTO deliveries (kind, batch_id, campaign_id, subscriber_id, topic_id, state, sealed_at)
    SELECT 'campaign', 0, id, :person, topic_id, 'accepted', now()
    FROM campaigns WHERE id = :campaign
"""


@pytest.mark.parametrize(
    "wrong", [{"campaign": "x"}, {"campaign": "987654"}, {"campaign": "1", "moment": "2026-01-01"}]
)
def test_a_campaign_that_says_nothing_of_them_is_named_as_the_trouble(
    browse: Browse, person: str, wrong: dict[str, str]
) -> None:
    status, page = _read(browse(Role.OFFICER), **wrong)
    assert status == 422
    assert '<a href="#campaign">' in page
