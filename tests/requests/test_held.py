"""My data forgets no table."""

from mailing.base.database import OPERATIONAL, Table
from mailing.leaving import preferences
from mailing.requests import access, held
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
