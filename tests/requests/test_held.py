"""My data forgets no table."""

from mailing.base.database import OPERATIONAL, Table
from mailing.leaving import preferences
from mailing.requests import access, acknowledging, acting, answering, held
from mailing.requests.acting import Closing
from mailing.requests.answering import Draft
from mailing.requests.correspondent import Correspondent
from mailing.requests.kinds import Kind, Resolution
from mailing.requests.requests import NewRequest, open_request
from mailing.staff.audit import Actor
from mailing.staff.staff import Role
from tests.person import Person
from tests.requests.conftest import fresh_token
from tests.test_wiring import load_models


def test_every_column_that_leads_to_a_person_is_told_or_left_out_for_a_reason() -> None:
    load_models()
    told = {f"{table}.{name}" for table, names in held.TOLD.items() for name in names.split()}
    left_out = set().union(*held.LEFT_OUT.values())
    classed = {
        f"{table.name}.{column.name}"
        for table in Table.metadata.sorted_tables
        for column in table.columns
        if column.info["data"] != OPERATIONAL["data"]
    }
    assert classed - told - left_out == set()
    assert (told | left_out) - classed == set()


def test_what_was_chosen_on_the_preference_page_is_told(person: Person) -> None:
    token = fresh_token(person)
    assert preferences.pause(token, 30)
    told = access.look(token)
    assert told is not None
    assert [one["kind"] for one in told["choices"]] == ["pause"]


def test_what_they_asked_of_us_and_what_we_answered_is_told(person: Person) -> None:
    wrote = Correspondent(person.address, "id@example.org", (), True)
    new = NewRequest(Kind.ACCESS, subscriber_id=person.id, correspondent=wrote, language="en")
    request = open_request(new)
    acknowledging.acknowledge(request)
    officer = Actor("staff 7", Role.OFFICER)
    answering.answer(request.id, Draft("answered", "Here it is."), officer)
    acting.close(request.id, Closing(Resolution.DONE, "Sent by post, too"), officer)
    told = access.look(fresh_token(person))
    assert told is not None
    (asked,) = told["requests"]
    assert (asked["number"], asked["from"]) == (request.number, person.address)
    assert asked["reason"] == "Sent by post, too"
    assert [one["what"] for one in asked["timeline"]][-2:] == ["answered", "closed"]
    texts = [one["text"] for one in told["answers"] if one["kind"] != "link"]
    assert ["Here it is." in text for text in texts] == [False, True]
    assert "staff 7" not in str(told)


def test_who_else_wrote_in_their_name_is_not_told_to_them(person: Person) -> None:
    wrote = Correspondent("somebody@example.org", "id@example.org", (), True)
    open_request(NewRequest(Kind.ACCESS, subscriber_id=person.id, correspondent=wrote))
    told = access.look(fresh_token(person))
    assert told is not None
    assert "somebody" not in str(told["requests"])
