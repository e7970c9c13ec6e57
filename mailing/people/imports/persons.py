"""Who stands behind the rows of a chunk: found in bulk, held until the commit, written in bulk."""

from datetime import datetime

from sqlalchemy import text

from mailing.base.database import db
from mailing.people.imports.person import Person
from mailing.people.imports.rows import Row
from mailing.people.standings import Said
from mailing.people.subscribers import Personal, Sealer

Persons = dict[bytes, Person]

_SUPPRESSED = text("SELECT DISTINCT digest FROM suppressions WHERE digest = ANY (:digests)")

_KNOWN = (
    "SELECT id, digest, language, personal, blocked_at FROM subscribers "
    "WHERE digest = ANY (:digests) ORDER BY id"
)

_SAID = text(
    "SELECT s.digest, st.topic_id, st.standing, st.refused FROM standings st "
    "JOIN subscribers s ON s.id = st.subscriber_id WHERE s.digest = ANY (:digests) "
    "AND (st.topic_id = :topic OR st.of_everything)"
)

_KEEP = text(
    "UPDATE subscribers s SET personal = x.personal, language = x.language FROM "
    "unnest(CAST(:ids AS uuid[]), CAST(:personal AS bytea[]), CAST(:languages AS text[])) "
    "AS x (id, personal, language) WHERE s.id = x.id"
)

_QUARANTINE = text(
    "INSERT INTO standings (subscriber_id, topic_id, standing, quarantined, since) "
    "SELECT unnest(CAST(:ids AS uuid[])), :topic, 'none', true, :since "
    "ON CONFLICT (subscriber_id, topic_id) DO UPDATE SET quarantined = true "
    "WHERE standings.standing = 'none' AND NOT standings.quarantined"
)


def meet(rows: list[Row], topic_id: int) -> Persons:
    """Everybody in these rows as the database knows them now, by digest; nothing is written."""
    persons = _strangers(rows)
    _see_known(persons, _KNOWN)
    _see_suppressed(persons)
    _see_said(persons, topic_id)
    return persons


def meet_and_hold(rows: list[Row], topic_id: int) -> Persons:
    """The same, and every row that there is, is held until the commit.

    So whoever leaves meanwhile is seen here, or waits for this chunk and has the last word.
    """
    persons = _strangers(rows)
    _see_known(persons, f"{_KNOWN} FOR UPDATE")
    _see_suppressed(persons)
    _see_said(persons, topic_id)
    return persons


def keep(persons: Persons) -> None:
    """Write what changed: personal fields, sealed, and languages."""
    changed = [
        (one, one.personal)
        for one in persons.values()
        if one.is_changed and one.personal and not one.is_stranger
    ]
    if changed:
        values = {
            "ids": [one.id for one, _ in changed],
            "personal": Sealer().seal_all([(p.as_dict(), one.id.bytes) for one, p in changed]),
            "languages": [one.language for one, _ in changed],
        }
        db.session.execute(_KEEP, values)


def quarantine(persons: Persons, topic_id: int, since: datetime) -> None:
    """Note who waits in quarantine; what anybody has said stays."""
    waiting = [one.id for one in persons.values() if one.is_quarantined and not one.is_stranger]
    if waiting:
        db.session.execute(_QUARANTINE, {"ids": waiting, "topic": topic_id, "since": since})


def _strangers(rows: list[Row]) -> Persons:
    persons: Persons = {}
    for row in rows:
        if row.digest not in persons:
            persons[row.digest] = Person(row.digest, row)
    return persons


def _see_suppressed(persons: Persons) -> None:
    for digest in db.session.scalars(_SUPPRESSED, {"digests": list(persons)}):
        persons[bytes(digest)].suppressed = True


def _see_known(persons: Persons, query: str) -> None:
    sealer = Sealer()
    for row in db.session.execute(text(query), {"digests": list(persons)}):
        person = persons[bytes(row.digest)]
        person.id, person.language, person.is_stranger = row.id, row.language, False
        person.locked_out = row.blocked_at is not None or row.personal is None
        if row.personal is not None:
            person.personal = Personal(**sealer.open(row.personal, row.id.bytes))


def _see_said(persons: Persons, topic_id: int) -> None:
    """Who said no to the topic, or to everything, has left (T21), unless they came back to it.

    Asking again is no coming back: until it is confirmed, a stranger may have asked.
    """
    for row in db.session.execute(_SAID, {"digests": list(persons), "topic": topic_id}):
        person = persons[bytes(row.digest)]
        person.refused = person.refused or row.refused
        if row.topic_id == topic_id:
            person.standing = Said(row.standing)
