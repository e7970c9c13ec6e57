"""Storms by command: listed, decided once, by the same verb as in the studio."""

import pytest

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.bootstrap import create_base
from mailing.deliveries.storms import Storm
from mailing.staff.audit import latest
from tests.console.conftest import Kelisim


def a_storm(settings: Settings) -> int:
    """A storm that nobody has decided; its number."""
    with create_base(settings).app_context():
        storm = Storm(
            cause=b"cause",
            provider="mail.example",
            sample="5.1.1 no such user here",
            state="open",
            began_at=clock.now(),
            last_at=clock.now(),
        )
        db.session.add(storm)
        db.session.commit()
        number = storm.id
        db.session.remove()
        db.engine.dispose()
    return number


@pytest.mark.parametrize(("act", "state"), [("suppress", "suppressed"), ("forget", "forgotten")])
def test_a_storm_is_listed_until_it_is_decided_once(
    kelisim: Kelisim, settings: Settings, act: str, state: str
) -> None:
    number = a_storm(settings)
    (told,) = kelisim("bounces", "list", "--json").document
    assert (told["id"], told["provider"], told["messages"]) == (number, "mail.example", 0)
    assert "no such user here" in kelisim("bounces", "list").out
    done = kelisim("bounces", act, str(number), "--json")
    assert (done.code, done.document) == (0, {"id": number, "state": state, "messages": 0})
    assert kelisim("bounces", "list", "--json").document == []
    again = kelisim("bounces", act, str(number), "--json")
    assert (again.code, again.document["code"]) == (5, "conflict")


def test_what_is_not_there_cannot_be_decided(kelisim: Kelisim) -> None:
    assert kelisim("bounces", "list").out == "Nothing is held back.\n"
    said = kelisim("bounces", "forget", "77", "--json")
    assert (said.code, said.document["code"]) == (1, "missing")
    assert kelisim("bounces", "forget", "all").code == 2


def test_who_decided_stands_in_the_audit_log(kelisim: Kelisim, settings: Settings) -> None:
    number = a_storm(settings)
    kelisim("bounces", "forget", str(number))
    with create_base(settings).app_context():
        newest = latest(1)[0]
        assert (newest.action, newest.subject) == ("bounces forgotten", f"storm {number}")
        db.session.remove()
        db.engine.dispose()
