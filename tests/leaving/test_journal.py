"""The withdrawal journal: it takes away what an old backup brings back, and tells on tampering."""

import json
import shutil
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import installation
from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.leaving import links, marks, replay
from mailing.leaving.journal import Journal, JournalError, Note
from mailing.people import ledger, suppression, topics
from mailing.people.ledger import Kind
from mailing.people.suppression import Why
from tests import road
from tests.person import Person, at_once


@pytest.fixture
def person(app: Flask) -> Person:
    """Somebody who has left one of three topics, so that the journal has lines."""
    policy = road.lay()
    somebody = Person(policy)
    somebody.say_yes("news", "offers")
    for topic in ("news", "offers", "notices"):
        somebody.one_click(topic)
    assert replay.run() == 0
    return somebody


@pytest.fixture
def file(settings: Settings) -> Path:
    return settings.journal / "withdrawals.jsonl"


def sending() -> str | None:
    """Why sending is off; None while it is on."""
    here = installation.here()
    assert here.sending_on == (here.sending_off_reason is None)
    return here.sending_off_reason


def switched_back_on() -> None:
    installation.switch_sending(True)
    db.session.commit()


def line(person: Person, kind: str = "unsubscribed", scope: str = "all", **other: str) -> Note:
    values = {
        "subscriber": str(person.id),
        "digest": person.row.digest.hex(),
        "scope": scope,
        "kind": kind,
        "source": "page",
    }
    return Note(**(values | other))


def test_a_whole_journal_leaves_sending_on(person: Person) -> None:
    assert [replay.run(), replay.run()] == [0, 0]
    assert sending() is None


def test_a_flipped_bit_anywhere_in_any_line_stops_sending(person: Person, file: Path) -> None:
    whole = file.read_bytes()
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        file.write_bytes(damaged)
        replay.run()
        assert sending(), f"octet {place}: {whole[max(0, place - 20) : place + 20]!r}"
        file.write_bytes(whole)
        switched_back_on()
        replay.run()
        assert sending() is None


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_line_stops_sending(person: Person, file: Path, missing: int) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:missing] + lines[missing + 1 :]))
    replay.run()
    assert "line" in (sending() or "").lower()


def test_lines_that_changed_places_stop_sending(person: Person, file: Path) -> None:
    first, second, third = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(second + first + third)
    replay.run()
    assert "from line 1 on" in (sending() or "")


def test_a_recorded_line_cut_at_any_octet_stops_sending_and_stays_for_the_inspector(
    person: Person, file: Path
) -> None:
    whole = file.read_bytes()
    last = len(whole.splitlines(keepends=True)[-1])
    for cut in range(1, last + 1):
        file.write_bytes(whole[:-cut])
        replay.run()
        assert sending() == (
            f"Line 3 of the withdrawal journal {file} is missing or changed. "
            "Put back an untouched copy; sending stays off until then."
        )
        assert file.read_bytes() == whole[:-cut]
        switched_back_on()


def test_a_torn_line_that_was_never_recorded_is_cut_and_the_rest_goes_on(
    person: Person, file: Path
) -> None:
    whole = file.read_bytes()
    for octets in (b"{", b'{"seq": 4, "prev": "', whole.splitlines()[0]):
        file.write_bytes(whole + octets)
        assert replay.run() == 0
        assert (file.read_bytes(), sending()) == (whole, None)
    person.one_click("news")
    assert len(file.read_bytes().splitlines()) == 4


@pytest.mark.parametrize("what", ["file", "id", "directory"])
def test_a_journal_that_is_gone_stops_sending(
    person: Person, settings: Settings, what: str
) -> None:
    gone = {"file": "withdrawals.jsonl", "id": "id", "directory": "."}[what]
    place = settings.journal / gone
    shutil.rmtree(place) if what == "directory" else place.unlink()
    replay.run()
    assert "missing" in (sending() or "")


@pytest.mark.parametrize("lines", ["none", "some", "its own"])
def test_another_installations_journal_stops_sending(
    person: Person, settings: Settings, tmp_path: Path, lines: str
) -> None:
    other = Journal.create(tmp_path / "other")
    if lines == "some":
        other.append(line(person))
    if lines != "its own":
        shutil.copy(other.path, settings.journal)
    (settings.journal / "id").write_text(f"{other.id}\n")
    replay.run()
    assert "another database" in (sending() or "")


def test_another_journals_lines_under_our_id_stop_sending(
    person: Person, file: Path, tmp_path: Path
) -> None:
    other = Journal.create(tmp_path / "other")
    for _ in range(5):
        other.append(line(person))
    shutil.copy(other.path, file)
    replay.run()
    assert "Line 1 of the withdrawal journal" in (sending() or "")


@pytest.mark.parametrize("kind", ["given", "attested", "restored", "destroyed", "requested", "yes"])
def test_a_forged_line_can_raise_no_consent(person: Person, settings: Settings, kind: str) -> None:
    """A well-formed line by whoever can write the file: it may only ever say no."""
    before = person.said()
    Journal(settings.journal).append(line(person, kind))
    replay.run()
    said = {"destroyed": "was not written under this KELISIM_SUPPRESSION_KEY"}
    assert said.get(kind, "is no leaving") in (sending() or "")
    assert person.said() == before


@pytest.mark.parametrize(
    "broken",
    [{"scope": "topics:x"}, {"scope": "nothing"}, {"subscriber": "x", "digest": "y"}],
    ids=str,
)
def test_a_line_that_means_nothing_stops_sending_and_not_the_process(
    person: Person, settings: Settings, broken: dict[str, str]
) -> None:
    Journal(settings.journal).append(line(person, **broken))
    assert replay.run() == 0
    assert "is no leaving" in (sending() or "")


def test_what_the_database_lacks_is_applied_once(person: Person, settings: Settings) -> None:
    person_two = Person(person.policy, "dana@example.com")
    person_two.say_yes("news")
    Journal(settings.journal).append(line(person_two, scope=f"topics:{topics.find('news').id}"))
    assert [replay.run(), replay.run()] == [1, 0]
    assert person_two.said()[-1] == "unsubscribed news"
    assert person_two.undo("news")
    forget_what_this_process_knows()
    assert replay.run() == 0
    assert person_two.said()[-1] == "restored news"


def test_an_older_backup_is_brought_up_to_date(person: Person, settings: Settings) -> None:
    """The marks of the last two lines are as gone as what they marked."""
    db.session.execute(text("DELETE FROM journal_entries WHERE sequence > 1"))
    db.session.commit()
    assert replay.run() == 2
    assert sending() is None
    assert replay.run() == 0


def test_whoever_came_after_the_backup_and_withdrew_is_kept_out(
    person: Person, settings: Settings
) -> None:
    digest = b"\1" * 32
    nobody = str(uuid4())
    Journal(settings.journal).append(
        line(person, "withdrawn", subscriber=nobody, digest=digest.hex())
    )
    assert replay.run() == 1
    assert list(suppression.reasons(digest)) == [Why.WITHDRAWN]
    assert sending() is None


def test_somebody_who_has_another_id_since_is_known_by_the_digest(
    person: Person, settings: Settings
) -> None:
    other = Person(person.policy, "dana@example.com")
    other.say_yes("news")
    Journal(settings.journal).append(line(other, "withdrawn", subscriber=str(uuid4())))
    assert replay.run() == 1
    assert other.standing("news") == "withdrawn"


def test_a_topic_that_the_backup_does_not_know_stops_nothing(
    person: Person, settings: Settings
) -> None:
    Journal(settings.journal).append(line(person, scope="topics:999"))
    assert replay.run() == 1
    assert sending() is None


def test_a_number_that_was_cut_and_used_again_is_carried_out_all_the_same(
    person: Person, file: Path
) -> None:
    """Else the database would take the new "no" for the one that it has marked already."""
    other = Person(person.policy, "dana@example.com")
    other.say_yes("news")
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    other.one_click("news")
    assert other.standing("news") == "unsubscribed"
    replay.run()
    assert "Line 3" in (sending() or "")


def test_a_line_replayed_by_another_process_meanwhile_is_not_said_twice(
    person: Person, settings: Settings, app: Flask
) -> None:
    """A leaving that stalls between its line and its facts meets the watch of a web node."""
    other = Person(person.policy, "dana@example.com")
    other.say_yes("news")
    journal = marks.own_journal()
    written = journal.append(line(other, scope=f"topics:{topics.find('news').id}"))
    assert replay.run() == 1
    assert other.undo("news")
    other.ask("offers")
    assert not marks.apply(journal.id, written)
    db.session.rollback()
    assert replay.run() == 0
    assert other.standing("news") == "given"


def test_a_journal_grows_while_others_look_at_it(app: Flask, person: Person) -> None:
    people = [Person(person.policy, f"reader{n}@example.com") for n in range(4)]
    for one in people:
        one.say_yes("news")
    out = [one.link("news") for one in people]
    acts = [lambda link=link: links.by_token(link, 0) for link in out]
    looks = [lambda: [replay.run() for _ in range(10)]] * 3
    at_once(app, *acts, *looks)
    assert sending() is None
    assert {one.standing("news") for one in people} == {"unsubscribed"}
    assert all(one.said().count("unsubscribed news") == 1 for one in people)
    assert list(ledger.verify()) == []


def test_what_was_found_whole_is_not_read_again_until_the_file_changes(
    person: Person, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay.run()
    reads: list[int] = []
    whole = Journal.text

    def text_of(journal: Journal) -> bytes:
        reads.append(1)
        return whole(journal)

    monkeypatch.setattr(Journal, "text", text_of)
    replay.run()
    assert reads == []
    file.touch()
    replay.run()
    assert len(reads) == 1


def test_the_journal_names_nobody(person: Person, file: Path) -> None:
    told = [json.loads(raw) for raw in file.read_text().splitlines()]
    assert "example.com" not in file.read_text()
    assert {tuple(one) for one in told} == {
        ("seq", "prev", "subscriber", "digest", "scope", "kind", "source", "at", "hash")
    }


def test_a_second_journal_is_never_begun_beside_the_first(
    person: Person, settings: Settings
) -> None:
    shutil.rmtree(settings.journal)
    with pytest.raises(JournalError, match="missing"):
        marks.own_journal()
    assert not settings.journal.exists()


def forget_what_this_process_knows() -> None:
    """As after a restart."""
    replay._settled.clear()


def test_a_block_and_a_withdrawal_are_replayed_as_what_they_were(
    person: Person, settings: Settings
) -> None:
    journal = Journal(settings.journal)
    for kind in (Kind.BLOCKED, Kind.WITHDRAWN):
        journal.append(line(person, kind.value))
    assert replay.run() == 2
    assert person.row.blocked_at is not None
    assert person.said()[-2:] == ["blocked all", "withdrawn all"]
