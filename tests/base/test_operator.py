"""Who writes: the settings' word until the studio holds one (contract.md)."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from mailing.base import operator
from mailing.base.database import db
from mailing.base.errors import Invalid, NotReady
from mailing.base.settings import Settings

PARTS = ("operator_name", "operator_bin", "operator_address")


@pytest.mark.parametrize("absent", PARTS)
def test_an_identity_is_whole_or_missing(app: Flask, settings: Settings, absent: str) -> None:
    """Policy 1.1."""
    assert operator.is_named(settings)
    lacking = settings.model_copy(update={absent: None})
    assert not operator.is_named(lacking)
    with pytest.raises(NotReady, match="KELISIM_OPERATOR_NAME"):
        operator.operator_of(lacking)


def test_what_the_studio_holds_counts_and_no_longer_what_the_settings_say(
    app: Flask, settings: Settings
) -> None:
    assert operator.operator_of(settings).name == settings.operator_name
    before, now = operator.hold("  Koktem\tLLP ", "9876 5432-1098", "Abai Avenue 1, Almaty")
    assert (before.name, now.name) == (settings.operator_name, "Koktem LLP")
    nameless = settings.model_copy(update=dict.fromkeys(PARTS))
    found = operator.operator_of(nameless)
    assert (found.name, found.bin, found.address) == (
        "Koktem LLP",
        "987654321098",
        "Abai Avenue 1, Almaty",
    )


@pytest.mark.parametrize(
    ("name", "number", "address", "field"),
    [
        ("", "987654321098", "Abai Avenue 1", "name"),
        ("Koktem\x00LLP", "987654321098", "Abai Avenue 1", "name"),
        ("Koktem LLP", "98765432109", "Abai Avenue 1", "bin"),
        ("Koktem LLP", "98765432109a", "Abai Avenue 1", "bin"),
        ("Koktem LLP", "987654321098", " \n ", "address"),
    ],
)
def test_what_names_nobody_is_refused_by_its_field(
    app: Flask, name: str, number: str, address: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        operator.hold(name, number, address)
    assert refused.value.field == field


def test_the_database_holds_all_of_it_or_nothing(app: Flask) -> None:
    with pytest.raises(IntegrityError, match="operator_is_named_in_full"):
        db.session.execute(text("UPDATE installation SET operator_name = 'Koktem LLP'"))


def test_a_page_names_us_even_while_the_database_is_away(app: Flask, settings: Settings) -> None:
    operator.hold("Koktem LLP", "987654321098", "Abai Avenue 1")
    db.session.commit()
    assert operator.shown().name == "Koktem LLP"
    with pytest.raises(IntegrityError):
        db.session.execute(text("UPDATE installation SET operator_name = NULL"))
    # The transaction has failed: nothing can be asked of it.
    assert operator.shown().name == settings.operator_name
