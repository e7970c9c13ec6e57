"""Links that are older than the database: it was restored since, and their person is not in it."""

from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mailing.base.database import db
from mailing.base.settings import Settings, current
from mailing.base.tokens import LeaveToken, MailtoLeave, OptInToken, link_keys
from mailing.inbound import addresses
from mailing.leaving import replay
from mailing.leaving.journal import Journal
from mailing.people import lost, standings, subscribers, topics
from mailing.people.canonical import canonical
from mailing.people.subscribers import digest_of
from tests.webapp.public.conftest import Rows, Shop
from tests.webapp.public.people import Asked, leave_link, say_yes, standing

LATE = UUID(int=77)
ADDRESS = "late@example.com"


def link(web: Flask, subscriber: UUID = LATE) -> str:
    """The link of a mail whose delivery the database does not know either."""
    with web.app_context():
        token = LeaveToken(subscriber, topics.find("offers").id, uuid4())
        return f"/u/{token.text(link_keys(current().secret_keys))}"


@pytest.fixture
def remembered(web: Flask, shop: Shop) -> None:
    """The send journals say whose address the mail went to."""
    with web.app_context():
        lost.note({LATE: digest_of(canonical(ADDRESS))})
        db.session.commit()


def test_a_link_of_a_known_person_leaves_though_its_delivery_is_unknown(
    web: Flask, client: FlaskClient, shop: Shop
) -> None:
    person = say_yes(web, shop.policy, "offers")
    assert client.post(link(web, person.subscriber)).status_code == 200
    assert standing(web, person.subscriber, "offers") == "unsubscribed"


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("page", ["/u/", "/preferences/"])
def test_of_whom_nothing_is_known_nothing_is_said_to_be_done(
    web: Flask, client: FlaskClient, shop: Shop, rows: Rows, method: str, page: str
) -> None:
    """Neither 200 nor "no such page": they may have come back under another id."""
    path = link(web).replace("/u/", page)
    with web.app_context():
        replay.run()
    before = rows()
    sent = {"act": "stop"} if method == "post" else None
    answer = client.open(path + "?lang=en", method=method.upper(), data=sent)
    # Whoever looks meets no wall: the preference page shows that nothing is known.
    assert answer.status_code == (410 if method == "post" else 200)
    assert "You are unsubscribed" not in answer.text
    if (page, method) != ("/preferences/", "get"):
        assert "newest" in answer.text
    assert rows() == before


def test_the_other_links_of_theirs_are_no_fault_of_ours(
    web: Flask, client: FlaskClient, shop: Shop
) -> None:
    with web.app_context():
        keys = link_keys(current().secret_keys)
        optin = OptInToken(uuid4(), LATE)
        confirm, cancel = optin.text(keys, "confirm"), optin.text(keys, "cancel")
    token = link(web).removeprefix("/u/")
    paths = [f"/confirm/{confirm}", f"/u/{cancel}", f"/agree/{token}", f"/u/{token}/undo"]
    paths += [f"/u/{token}/reason", f"/preferences/{token}/withdraw"]
    for path in paths:
        for method in ("GET", "POST"):
            status = client.open(path, method=method).status_code
            assert status < 500, (method, path)
            assert status in (200, 404, 405, 410), (method, path, status)


@pytest.mark.usefixtures("remembered")
def test_whoever_came_back_leaves_by_the_old_link(
    web: Flask, client: FlaskClient, shop: Shop
) -> None:
    """T37: the mailbox is the same; "done" for an id that nobody has would be a false one."""
    person = say_yes(web, shop.policy, "offers", address=ADDRESS)
    assert person.subscriber != LATE
    assert client.post(link(web)).status_code == 200
    assert standing(web, person.subscriber, "offers") == "unsubscribed"
    assert client.post(link(web)).status_code == 200


@pytest.mark.usefixtures("remembered")
def test_the_no_of_whoever_did_not_come_back_is_kept_for_the_day_when_they_do(
    web: Flask, client: FlaskClient, shop: Shop, settings: Settings
) -> None:
    answer = client.post(link(web), headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["in_flight"]) == (200, [])  # type: ignore[index]
    [line] = Journal(settings.journal).lines()
    with web.app_context():
        assert line.note.digest == digest_of(canonical(ADDRESS)).hex()
        kept = subscribers.find(canonical(ADDRESS))
        assert kept is not None
        assert kept.personal is None
        assert standings.of(kept.id)[topics.find("offers").id].refused
    assert client.get(link(web)).status_code == 200
    again = say_yes(web, shop.policy, "offers", address=ADDRESS)
    assert standing(web, again.subscriber, "offers") == "given"


def test_the_signed_address_of_a_mail_leads_to_the_same_person(
    web: Flask, shop: Shop, remembered: None
) -> None:
    person: Asked = say_yes(web, shop.policy, "offers", address=ADDRESS)
    with web.app_context():
        keys, topic_id = link_keys(current().secret_keys), topics.find("offers").id
        domain = current().bounce_domain
        out = MailtoLeave(LATE, topic_id).address(keys, domain)
        nobody = MailtoLeave(uuid4(), topic_id).address(keys, domain)
        assert [o.subscriber for o in addresses.whose_ways_out([out])] == [person.subscriber]
        assert addresses.whose_ways_out([nobody]) == []
    assert leave_link(web, person.subscriber)
