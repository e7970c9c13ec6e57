"""There is one place where it stands who may be written to, and one way to it.

What people do is done here, and the standings compared with the ledger; and the product's own text
is read: who else writes to these tables would be a second store.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import ROOT
from mailing.deliveries.deliveries import Delivery
from mailing.people import expiry, ledger, suppression
from mailing.people.imports import ImportFile, import_people
from mailing.people.ledger import Entry, Kind, NewEntry
from mailing.people.suppression import Why
from tests import road
from tests.person import Person

PRODUCT = ("mailing", "webapp", "worker", "console")
YES = (Kind.GIVEN.value, Kind.ATTESTED.value, Kind.RESTORED.value)
# What the last word of the ledger says, reckoned anew and by itself, beside what stands there.
DRIFTED = """
    SELECT st.topic_id, st.standing, said.kind FROM standings st
    LEFT JOIN LATERAL (
        SELECT e.kind FROM ledger e
        WHERE e.subscriber_id = st.subscriber_id AND e.kind <> 'blocked'
            AND (e.topic_id = st.topic_id OR e.topic_id IS NULL AND e.kind <> 'restored')
        ORDER BY e.seq DESC LIMIT 1) said ON true
    WHERE st.standing <> CASE WHEN said.kind IS NULL THEN 'none'
        WHEN said.kind IN ('given', 'attested', 'restored') THEN 'given'
        WHEN said.kind = 'destroyed' THEN 'withdrawn' ELSE said.kind END
"""


def a_week_passes(person: Person) -> None:
    """Whatever is unconfirmed is forgotten."""
    later = clock.now() + timedelta(days=8)
    with clock.use(lambda: later):
        expiry.forget_unconfirmed()
        db.session.commit()


def a_block_is_lifted(person: Person) -> None:
    """A claim in their name came, and was not theirs."""
    person.leave(kind=Kind.BLOCKED)
    ledger.append(NewEntry(person.id, Kind.RESTORED, None, None, "claim", "subscriber"))
    person.row.blocked_at = None
    db.session.commit()


def synchronise(folder: Path, address: str, topic: str = "news") -> None:
    """The shop's nightly file, with evidence in every row."""
    file = folder / "nightly.csv"
    said = f"{address},2025-01-01T00:00:00+05:00,site,1"
    file.write_text(f"email,consent_at,consent_form,consent_policy\n{said}\n")
    import_people(ImportFile(file, topic), road.ACTOR)
    db.session.commit()


LIFE: list[tuple[str, Callable[[Person], Any]]] = [
    ("asks", lambda one: one.ask("news", "offers")),
    ("confirms", lambda one: one.confirm()),
    ("leaves a topic", lambda one: one.one_click("news")),
    ("takes it back", lambda one: one.undo("news")),
    ("asks for another", lambda one: one.ask("news")),
    ("is blocked, and is not", a_block_is_lifted),
    ("leaves everything", lambda one: one.leave()),
    ("a week passes", a_week_passes),
    ("withdraws", lambda one: one.leave(kind=Kind.WITHDRAWN)),
]


def test_the_standings_say_what_the_ledger_says_whatever_people_do(
    app: Flask, tmp_path: Path
) -> None:
    """T12: two stores of subscription drifted apart, and deleted accounts were mailed."""
    policy = road.lay()
    somebody, stranger = Person(policy), Person(policy, "stranger@example.com")
    stranger.ask("news")
    for step, act in LIFE:
        act(somebody)
        db.session.expire_all()
        assert db.session.execute(text(DRIFTED)).all() == [], step
    synchronise(tmp_path, somebody.address)
    synchronise(tmp_path, "imported@example.com")
    assert db.session.execute(text(DRIFTED)).all() == []


NOES: dict[str, Callable[[Person], Any]] = {
    "left": lambda one: one.one_click(),
    "left everything": lambda one: one.leave(),
    "withdrew": lambda one: one.leave(kind=Kind.WITHDRAWN),
    "blocked": lambda one: one.leave(kind=Kind.BLOCKED),
    "complained": lambda one: suppression.suppress(one.row.digest, Why.COMPLAINT),
    "kept out by staff": lambda one: suppression.suppress(one.row.digest, Why.STAFF),
}


@pytest.mark.parametrize("says_no", NOES.values(), ids=NOES)
def test_a_synchronisation_says_yes_for_nobody_and_mails_nobody(
    app: Flask, tmp_path: Path, says_no: Callable[[Person], Any]
) -> None:
    """T18: a resynchronisation subscribed thousands, and sent them the welcome series."""
    person = Person(road.lay())
    person.say_yes("news")
    says_no(person)
    db.session.commit()
    before = yeses(person), mails()
    # Who left one topic has said nothing of another; every other "no" is one to everything.
    covered = ("news",) if says_no is NOES["left"] else ("news", "offers")
    for topic in covered * 2:
        synchronise(tmp_path, person.address, topic)
    assert (yeses(person), mails()) == before


def test_a_file_without_evidence_subscribes_nobody_however_often_it_comes(
    app: Flask, tmp_path: Path
) -> None:
    """T18."""
    road.lay()
    file = tmp_path / "shop.csv"
    file.write_text("email\n" + "".join(f"buyer{n}@example.com\n" for n in range(5)))
    for _ in range(2):
        import_people(ImportFile(file, "news"), road.ACTOR)
        db.session.commit()
    held = db.session.execute(
        text("SELECT standing, quarantined, count(*) FROM standings GROUP BY 1, 2")
    )
    assert [tuple(row) for row in held] == [("none", True, 5)]
    assert mails() == 0


def yeses(person: Person) -> int:
    """How often the ledger says yes for them."""
    query = select(func.count()).select_from(Entry)
    return db.session.scalars(
        query.where(Entry.subscriber_id == person.id, Entry.kind.in_(YES))
    ).one()


def mails() -> int:
    """How many messages wait or have left."""
    return db.session.scalars(select(func.count()).select_from(Delivery)).one()


def test_standings_are_written_where_the_ledger_is_projected_and_nowhere_else() -> None:
    """Beside what is done above, which cannot do everything."""
    assert _writers("standings", "Standing") == {
        "mailing/people/standings.py",
        # Whoever was imported without evidence has no entry: a mark that only ever keeps out.
        "mailing/people/imports/persons.py",
        # Strangers alone: nothing of theirs can be there before (people/imports/writing.py).
        "mailing/people/imports/writing.py",
    }


def test_the_ledger_is_written_by_itself_alone() -> None:
    """Nothing that synchronises can raise a consent past the ledger's own verb."""
    assert _writers("ledger", "Entry") == {
        "mailing/people/ledger.py",
        # The first entry of a stranger's chain; it raises an error where there is one already.
        "mailing/people/imports/writing.py",
    }


def test_a_suppression_is_forgotten_by_three_verbs_each_for_its_own_reason() -> None:
    """T20, T25: nothing else takes one away, and no schedule does."""
    takers = {
        path
        for path, source in _sources()
        if re.search(r"DELETE\s+FROM\s+suppressions|TRUNCATE|delete\(\s*Suppression", source)
    }
    assert takers == {"mailing/people/suppression.py"}
    source = (ROOT / "mailing/people/suppression.py").read_text()
    verbs = {
        # Whoever answers from a mailbox disproves that it bounces, and that its reader has moved.
        "lift_bounce": ["BOUNCE", "MOVED"],
        # Their own words, taken back by themselves: staff's stay.
        "lift_own": ["STAFF"],
        # One bounce that a person found to be no fault of the mailbox.
        "forget_bounce": ["BOUNCE"],
    }
    bodies = {name: re.findall(rf"def {name}(.*?)\n\n\n", source, re.DOTALL) for name in verbs}
    assert {name: re.findall(r"Why\.([A-Z]+)", body) for name, (body,) in bodies.items()} == verbs
    assert all(body.count("delete(Suppression)") == 1 for (body,) in bodies.values())
    assert source.count("delete(Suppression)") == len(verbs)
    assert "Suppression.detail == detail" in bodies["forget_bounce"][0]
    assert "if why is not Why.STAFF" in bodies["lift_own"][0]


def _writers(table: str, model: str) -> set[str]:
    wanted = rf"INSERT\s+INTO\s+{table}\b|UPDATE\s+{table}\b|DELETE\s+FROM\s+{table}\b"
    wanted += rf"|\binsert\(\s*{model}\s*\)|\bupdate\(\s*{model}\s*\)|\bdelete\(\s*{model}\s*\)"
    wanted += rf"|COPY\s+{table}\b|\bcopy\(\s*[\"']{table}[\"']|(?<!class )\b{model}\("
    return {path for path, source in _sources() if re.search(wanted, source)}


def _sources() -> list[tuple[str, str]]:
    found = [path for place in PRODUCT for path in sorted((ROOT / place).rglob("*.py"))]
    kept: list[Path] = [path for path in found if "migrations" not in path.parts]
    return [(str(path.relative_to(ROOT)), path.read_text()) for path in kept]
