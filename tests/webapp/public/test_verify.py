"""`/verify/<receipt>`: its holder sees that it is ours and what it says, and nobody's name."""

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.leaving import replay
from mailing.requests import certificates, sweeping
from tests import road
from tests.requests import destroying
from tests.requests.test_brought_back import Backup
from tests.webapp.public.conftest import Rows, Shop
from tests.webapp.public.people import say_yes

JSON = {"Accept": "application/json"}


def _left(client: FlaskClient, web: Flask, shop: Shop) -> str:
    """The number of the receipt of somebody who has just left."""
    asked = say_yes(web, shop.policy, "offers", address="dana@example.com")
    return str(client.post(f"/u/{asked.cancel}", headers=JSON).get_json()["receipt"])


def test_the_page_says_what_was_recorded_in_the_language_asked_for(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    number = _left(client, web, shop)
    page = client.get(f"/verify/{number}?lang=en").text
    assert "This receipt is ours" in page
    assert number in page
    assert "unsubscribed" in page
    assert "Offers" in page
    assert "Ұсыныстар" in client.get(f"/verify/{number}?lang=kk").text
    assert "dana" not in page


def test_a_program_is_told_the_same(client: FlaskClient, web: Flask, shop: Shop) -> None:
    number = _left(client, web, shop)
    said = client.get(f"/verify/{number}", headers=JSON).get_json()
    assert (said["receipt"], said["kind"], said["topic"]) == (number, "unsubscribed", "offers")
    assert (said["holds"], said["in_flight"]) == (True, [])
    assert len(said["entry"]) == 64
    assert set(said) == {
        *("receipt", "kind", "topic", "recorded_at", "in_flight", "entry", "holds"),
    }


def test_the_result_of_leaving_leads_there(client: FlaskClient, web: Flask, shop: Shop) -> None:
    asked = say_yes(web, shop.policy, "offers")
    page = client.post(f"/u/{asked.cancel}?lang=en", data={"page": "1"}).text
    with web.app_context():
        number = db.session.scalars(text("SELECT id FROM receipts")).one()
    assert f'href="/verify/{number}?lang=en"' in page


def test_a_record_that_was_tampered_with_is_admitted(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    number = _left(client, web, shop)
    with web.app_context():
        db.session.execute(text("UPDATE receipts SET kind = 'blocked'"))
        db.session.commit()
    answer = client.get(f"/verify/{number}?lang=en")
    assert answer.status_code == 200
    assert "Something is wrong with this receipt" in answer.text
    assert client.get(f"/verify/{number}", headers=JSON).get_json()["holds"] is False


def test_looking_changes_nothing_and_a_number_of_nobody_is_the_one_404(
    client: FlaskClient, web: Flask, shop: Shop, rows: Rows
) -> None:
    number = _left(client, web, shop)
    before = rows()
    other = number[:-1] + ("0" if number[-1] != "0" else "1")
    missing = client.get(f"/verify/{other}?lang=en")
    assert missing.status_code == 404
    assert missing.data == client.get("/nonsense?lang=en").data
    assert client.get(f"/verify/{number}").status_code == 200
    assert rows() == before


def test_a_certificate_that_a_restored_backup_does_not_know_is_told_by_its_number(
    client: FlaskClient, web: Flask, settings: Settings
) -> None:
    with web.app_context():
        (mine,) = road.subscribe(road.lay(), 1)
        replay.run()
        backup = Backup(settings)
        first = destroying.destroyed(mine).number
        backup.restore()
    assert client.get(f"/verify/{first}").status_code == 404
    with web.app_context():
        replay.run()
        assert sweeping.run() == 1
        again = certificates.newest()
        assert again is not None
        second = again.number
    page = client.get(f"/verify/{first}?lang=en")
    assert (page.status_code, second in page.text) == (200, True)
    told = client.get(f"/verify/{first}", headers=JSON).get_json()
    assert told == {"number": first, "kept": False, "repeated_by": second}
    other = first[:-1] + ("2" if first[-1] != "2" else "3")
    assert client.get(f"/verify/{other}").status_code == 404
