"""A restore: everything is back, and nothing that has happened since is forgotten."""

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.backups import restores, restoring
from mailing.backups.restoring import Order
from mailing.base import clock, installation, schema
from mailing.base.database import db
from mailing.base.errors import ConfigurationError, Conflict, KelisimError, Missing, NotReady
from mailing.base.settings import Settings
from mailing.leaving import by_staff, kept_out, replay
from mailing.leaving.by_staff import Because, Ground
from mailing.leaving.journal import JournalError
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import ledger, lost, standings, subscribers, suppression, topics
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind
from mailing.people.suppression import Why
from mailing.policies.versions import PolicyVersion
from mailing.requests import carrying, certificates, granting, rights, sweeping, verifying
from mailing.requests.bundles import making
from mailing.requests.bundles import state as bundles
from mailing.requests.kinds import Kind as Asks
from tests import road
from tests.backups.ground import back_up, copied, quiet, restored, rows
from tests.person import Person, elsewhere
from tests.requests import destroying

# What a restore writes itself.
_OF_THE_RESTORE = {"installation", "restores", "audit_log"}
AWKWARD = "tab\t line\n back\\slash \\N \\. ‘ғ’\n\\.\n"


@pytest.fixture
def policy(app: Flask) -> PolicyVersion:
    replay.run()
    return road.lay()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "backup"


def test_every_row_comes_back_as_it_was(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, place: Path
) -> None:
    somebody = Person(policy)
    somebody.say_yes("news", "offers")
    road.campaign(body=AWKWARD)
    road.another()
    somebody.one_click("news")
    before = rows(settings.database)
    made = back_up(settings, place)
    assert rows(settings.database) == before
    with restored(settings, empty_database_url, place) as (_, told):
        assert list(ledger.verify()) == []
        assert told["rows"] == made.manifest.rows == sum(map(len, before.values())) - 1
        assert told["replayed"]["lines"] == 0
        assert "kelisim sending on" in (installation.here().sending_off_reason or "")
        restores.demand_finished()
        # Numbers go on where they were, and the journal, too.
        assert road.campaign() == 3
        assert somebody.undo("news")
        somebody.one_click("news")
    after = rows(empty_database_url)
    same = {name for name in before if before[name] == after[name]}
    assert set(before) - same == _OF_THE_RESTORE | {"campaigns", "batches"} | _SINCE


# What the test itself does in the restored database.
_SINCE = {
    *("campaign_bodies", "campaign_versions", "evidence", "journal_entries", "ledger"),
    *("receipts", "standings", "subscribers"),
}


def test_a_database_that_somebody_uses_is_refused_and_left_alone(
    policy: PolicyVersion, settings: Settings, place: Path
) -> None:
    back_up(settings, place)
    before = rows(settings.database)
    with (
        pytest.raises(Conflict, match="is not empty"),
        restored(settings, settings.database, place),
    ):
        pass
    assert rows(settings.database) == before


def test_a_database_that_was_only_migrated_is_taken(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, place: Path
) -> None:
    somebody = Person(policy)
    somebody.say_yes("news")
    back_up(settings, place)
    schema.upgrade(empty_database_url)
    with elsewhere(database_url=empty_database_url, journal_dir=place.with_name("begun")):
        installation.check_keys()
        replay.run()
    with restored(settings, empty_database_url, place):
        assert somebody.standing("news") == "given"


def test_a_backup_that_lacks_a_table_of_ours_is_refused(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, place: Path
) -> None:
    db.session.execute(text("DROP TABLE receipts"))
    db.session.commit()
    back_up(settings, place)
    there = settings.model_copy(update={"database_url": empty_database_url})
    with pytest.raises(NotReady, match="not those of schema"):
        restoring.load(there, Order(place, (settings.journal,)), quiet)
    assert rows(empty_database_url) == {}


def test_a_table_that_is_not_ours_is_left_out(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, place: Path
) -> None:
    db.session.execute(text("CREATE TABLE somebody_elses AS SELECT generate_series(1, 3) AS id"))
    db.session.commit()
    back_up(settings, place)
    there = settings.model_copy(update={"database_url": empty_database_url})
    told: list[str] = []
    restoring.load(there, Order(place, (settings.journal,)), told.append)
    assert "somebody_elses is no table of this product and is left out" in told
    assert "somebody_elses" not in rows(empty_database_url)


def test_an_older_schema_is_migrated(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, place: Path
) -> None:
    somebody = Person(policy)
    somebody.say_yes("news")
    db.session.remove()
    assert schema.downgrade(settings.database, "0020") == "0020"
    assert back_up(settings, place).manifest.schema == "0020"
    with restored(settings, empty_database_url, place):
        assert somebody.standing("news") == "given"
        installation.check_keys()


class Since:
    """People of a backup, and what they did after it."""

    def __init__(self, policy: PolicyVersion) -> None:
        names = ("stays", "left", "withdrew", "blocked", "complained", "moved", "undone", "kept")
        self.people = {name: Person(policy, f"{name}@example.com") for name in names}
        for one in self.people.values():
            one.say_yes("news", "offers")
        self.digests = {name: one.row.digest for name, one in self.people.items()}

    def act(self) -> None:
        people = self.people
        people["left"].one_click("news")
        people["withdrew"].leave(kind=Kind.WITHDRAWN)
        people["blocked"].leave(kind=Kind.BLOCKED)
        leave(Leaving(people["complained"].id, Scope.everything(), source="complaint"))
        kept_out.write_down(people["moved"].id, self.digests["moved"], Why.MOVED)
        by_staff.keep_out(people["kept"].id, Because(Ground.RELATIVE), road.ACTOR)
        db.session.commit()
        people["undone"].one_click("news")
        assert people["undone"].undo("news")


def test_whoever_has_left_since_is_out_before_anything_can_be_sent(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, place: Path
) -> None:
    """T13, T19, T25: the backup has them in the queue, with a yes and without a suppression."""
    since = Since(policy)
    number = road.another()
    back_up(settings, place)
    since.act()
    with restored(settings, empty_database_url, place) as (_, told):
        kinds = {"blocked": 1, "kept out": 1, "moved": 1, "unsubscribed": 3, "withdrawn": 1}
        assert told["replayed"] == kinds | {"lines": 7}
        assert told["campaigns"] == {"paused": [number], "stopped": []}
        held = {name: _held(number, one.id) for name, one in since.people.items()}
        assert held == {
            "stays": ("pending", None),
            "left": ("held", "unsubscribed"),
            "withdrew": ("held", "withdrawn"),
            "blocked": ("held", "blocked"),
            "complained": ("held", "suppressed_complaint"),
            # The gate asks for the suppression.
            "moved": ("pending", None),
            "kept": ("pending", None),
            # An undo is a yes, and one that is lost is not guessed.
            "undone": ("held", "unsubscribed"),
        }
        barred = {name: set(suppression.reasons(d)) for name, d in since.digests.items()}
        assert {name: why for name, why in barred.items() if why} == {
            "withdrew": {Why.WITHDRAWN},
            "complained": {Why.COMPLAINT},
            "moved": {Why.MOVED},
            "kept": {Why.STAFF},
        }
        assert list(ledger.verify()) == []
        assert replay.run() == 0


def _held(number: int, person: UUID) -> tuple[str, str | None]:
    query = "SELECT state, reason FROM deliveries WHERE campaign_id = :c AND subscriber_id = :p"
    row = db.session.execute(text(query), {"c": number, "p": person}).one()
    return row.state, row.reason


def test_somebody_who_came_after_the_backup_and_left_is_never_imported_again(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, place: Path
) -> None:
    """Their yes is lost, their no is not: the digest alone is kept, and a form may ask them."""
    back_up(settings, place)
    late = Person(policy, "late@example.com")
    late.say_yes("news")
    digest = late.row.digest
    late.one_click("news")
    with restored(settings, empty_database_url, place):
        kept = subscribers.find(canonical(late.address))
        assert kept is not None
        assert (kept.digest, kept.personal) == (digest, None)
        assert subscribers.is_forgotten(kept)
        assert standings.of(kept.id)[topics.find("news").id].refused
        late.say_yes("news")
        assert late.standing("news") == "given"


@pytest.mark.parametrize("wrong", ["suppression_key", "data_key"])
def test_with_another_key_of_the_installation_nothing_is_restored(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, place: Path, wrong: str
) -> None:
    installation.check_keys()
    db.session.commit()
    Person(policy).say_yes("news")
    back_up(settings, place)
    other = base64.b64encode(os.urandom(32)).decode()
    with elsewhere(**{wrong: other}, database_url=empty_database_url) as there:
        order = Order(place, (settings.journal,), keys=(settings.key_dir,))
        with pytest.raises(ConfigurationError, match=wrong.upper()):
            restoring.load(there.extensions["kelisim"], order, quiet)
    assert rows(empty_database_url) == {}


def test_without_the_dated_key_or_with_a_damaged_file_nothing_is_restored(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, place: Path
) -> None:
    made = back_up(settings, place)
    order = Order(place, (settings.journal,))
    there = settings.model_copy(update={"database_url": empty_database_url})
    key = made.key.path.read_bytes()
    made.key.path.unlink()
    with pytest.raises(Missing, match="nothing opens the backup"):
        restoring.load(there, order, quiet)
    made.key.path.write_bytes(key)
    for kept in made.manifest.tables[:3]:
        path = place / kept.file
        whole = path.read_bytes()
        for damaged in (whole[:-1], b"", bytes([whole[0] ^ 1]) + whole[1:]):
            path.write_bytes(damaged)
            with pytest.raises(KelisimError, match="is not what the backup wrote"):
                restoring.load(there, order, quiet)
        path.write_bytes(whole)
    assert rows(empty_database_url) == {}
    restoring.load(there, order, quiet)


def test_a_journal_that_lacks_what_the_backup_has_recorded_is_refused(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, place: Path
) -> None:
    somebody = Person(policy)
    somebody.say_yes("news", "offers")
    early = copied(settings.journal, place.with_name("early"))
    somebody.one_click("news")
    back_up(settings, place)
    elsewhere_kept = {"database_url": empty_database_url, "journal_dir": place.with_name("own")}
    there = settings.model_copy(update=elsewhere_kept)
    for place_of in (early, place.with_name("none")):
        with pytest.raises(JournalError, match="missing"):
            restoring.load(there, Order(place, (place_of,)), quiet)
    assert rows(empty_database_url) == {}


def test_while_a_restore_is_open_sending_stays_off(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, place: Path
) -> None:
    """Killed between the rows and what has happened since."""
    back_up(settings, place)
    there = settings.model_copy(update={"database_url": empty_database_url})
    restoring.load(there, Order(place, (settings.journal,)), quiet)
    with elsewhere(database_url=empty_database_url):
        assert installation.here().sending_off_reason == restores.UNFINISHED
        with pytest.raises(NotReady, match="broken off"):
            restores.demand_finished()
    with pytest.raises(Conflict, match="not empty"):
        restoring.load(there, Order(place, (settings.journal,)), quiet)


def test_every_login_has_to_be_made_anew(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, place: Path
) -> None:
    """Whoever was shut out since the backup comes back with it, their cookie must not."""
    db.session.execute(
        text(
            "INSERT INTO staff (email, password, fs_uniquifier, role) "
            "VALUES ('a@example.com', 'x', 'one', 'admin'), ('b@example.com', 'x', 'two', 'viewer')"
        )
    )
    db.session.commit()
    back_up(settings, place)
    with restored(settings, empty_database_url, place):
        found = list(db.session.scalars(text("SELECT fs_uniquifier FROM staff")))
        assert len(set(found)) == 2
        assert not {"one", "two"} & set(found)


@contextmanager
def days_later(days: int) -> Iterator[Any]:
    at = clock.now() + timedelta(days=days)
    with clock.use(lambda: at):
        yield


def test_an_expired_backup_opens_with_no_key_that_remains(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, place: Path
) -> None:
    back_up(settings, place)
    there = settings.model_copy(update={"database_url": empty_database_url})
    with days_later(settings.backup_days):
        newer = back_up(settings, place.with_name("newer"))
        assert list(settings.key_dir.iterdir()) == [newer.key.path]
        with pytest.raises(Missing, match="nothing opens the backup"):
            restoring.load(there, Order(place, (settings.journal,)), quiet)


def test_nobody_is_destroyed_by_a_decision_that_may_have_been_called_off_since(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, place: Path
) -> None:
    """Nor is a file that may have been taken since taken twice."""
    somebody = Person(policy)
    somebody.say_yes("news")
    asked = destroying.granted(somebody.id)
    bundle = making.order(asked, destroying.OFFICER)
    db.session.commit()
    making.work_on(bundle.id)
    asked_id, bundle_id = asked.id, bundle.id
    back_up(settings, place)
    granting.call_off(asked_id, destroying.OFFICER)
    db.session.commit()
    with restored(settings, empty_database_url, place):
        assert sweeping.run() == 0
        assert somebody.row.personal is not None
        assert rights.named(asked_id, Asks.DESTRUCTION).is_open
        assert (bundles.find(bundle_id).state, bundles.file_of(bundle_id)) == ("expired", b"")
        assert granting.approve(asked_id, destroying.OFFICER).state == "decided"


def test_what_was_being_destroyed_when_the_backup_was_made_is_certified_under_another_number(
    policy: PolicyVersion,
    settings: Settings,
    empty_database_url: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first number was handed out since, on another paper."""
    somebody = Person(policy)
    somebody.say_yes("news")
    asked = destroying.granted(somebody.id)
    with monkeypatch.context() as patch:
        patch.setattr(carrying, "_finish", _dies)
        with pytest.raises(KeyboardInterrupt):
            carrying.carry_out(asked.id, destroying.OFFICER)
    db.session.rollback()
    asked_id = asked.id
    back_up(settings, place)
    first = carrying.carry_out(asked_id, destroying.OFFICER)
    number, given_out = first.number, verifying.render(first)
    with restored(settings, empty_database_url, place):
        assert verifying.was_given(number)
        assert sweeping.run() == 1
        again = certificates.newest()
        assert again is not None
        assert again.number != number
        assert again.said["repeats"] == number
        assert verifying.stored(again.number).is_sound
        repeated = verifying.repeated_by(number)
        assert repeated is not None
        assert repeated.number == again.number
        shown = verifying.shown(number, given_out)
        assert (shown.is_sound, shown.is_kept) == (True, False)


def _dies(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_wrong_suppression_key_is_named_also_where_the_journal_holds_a_destruction(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, place: Path
) -> None:
    installation.check_keys()
    somebody = Person(policy)
    somebody.say_yes("news")
    back_up(settings, place)
    destroying.destroyed(somebody.id)
    other = base64.b64encode(os.urandom(32)).decode()
    with elsewhere(suppression_key=other, database_url=empty_database_url) as there:
        order = Order(place, (settings.journal,), keys=(settings.key_dir,))
        with pytest.raises(KelisimError, match="KELISIM_SUPPRESSION_KEY"):
            restoring.load(there.extensions["kelisim"], order, quiet)
    assert rows(empty_database_url) == {}


def test_nothing_leads_from_the_id_of_somebody_destroyed_to_their_address_after_a_restore(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, place: Path
) -> None:
    """They came after the backup; their digest is kept for their "no", and for nothing else."""
    Person(policy, "stays@example.com").say_yes("news")
    back_up(settings, place)
    late = Person(policy, "late@example.com")
    late.say_yes("news")
    mine, digest = late.id, late.row.digest
    late.one_click("news")
    destroying.destroyed(mine)
    with restored(settings, empty_database_url, place):
        assert Why.DESTROYED in suppression.reasons(digest)
        assert lost.digest_of(mine) != digest
