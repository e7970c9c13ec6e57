"""My data forgets no table."""

from mailing.base.database import OPERATIONAL, Table
from mailing.requests import held
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
