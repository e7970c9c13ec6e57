"""What a dry run remembers of the rows it has passed, so that it counts as the import would.

It lies, sealed, in a table of this connection alone that ends with it: the memory stays flat,
no row of anybody else is touched, and nobody has to wait for a dry run.
"""

from sqlalchemy import text

from mailing.base.database import db
from mailing.people.imports.persons import Persons
from mailing.people.standings import Said
from mailing.people.subscribers import Personal, Sealer

_REMEMBER = text(
    "INSERT INTO import_preview SELECT * FROM "
    "unnest(CAST(:digests AS bytea[]), CAST(:sealed AS bytea[])) "
    "ON CONFLICT (digest) DO UPDATE SET sealed = excluded.sealed"
)


def begin() -> None:
    """Start with nothing to remember."""
    forget()
    db.session.execute(
        text("CREATE TEMP TABLE import_preview (digest bytea PRIMARY KEY, sealed bytea NOT NULL)")
    )


def forget() -> None:
    """Leave nothing behind."""
    db.session.execute(text("DROP TABLE IF EXISTS pg_temp.import_preview"))


def recall(persons: Persons) -> None:
    """Make of these persons what rows before have made of them."""
    query = text("SELECT digest, sealed FROM import_preview WHERE digest = ANY (:digests)")
    for row in db.session.execute(query, {"digests": list(persons)}):
        person = persons[bytes(row.digest)]
        known = Sealer().open(row.sealed, person.digest)
        person.personal = Personal(**known["personal"])
        person.standing, person.language = Said(known["standing"]), known["language"]


def remember(persons: Persons) -> None:
    """Keep what the rows have made of these persons."""
    known = [(one, one.personal) for one in persons.values() if one.personal is not None]
    said = [
        (
            {"personal": p.as_dict(), "standing": one.standing, "language": one.language},
            one.digest,
        )
        for one, p in known
    ]
    sealed = dict(zip((one.digest for one, _ in known), Sealer().seal_all(said), strict=True))
    values = {"digests": list(sealed), "sealed": list(sealed.values())}
    db.session.execute(_REMEMBER, values)
