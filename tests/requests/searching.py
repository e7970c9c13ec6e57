"""Looking for somebody everywhere: in every table, in what is sealed, in the raw files of the
database, in the queue, on the disk; in every spelling that a program could have given them.
"""

import base64
import quopri
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import psycopg
import redis
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg.sql import SQL, Identifier

from mailing.base.database import db, dsn
from mailing.base.sealing import fingerprint
from mailing.base.settings import Settings
from tests.road import wait_for

_MARK, _NONCE = 4, 12


class Search:
    """Somebody's words, in every spelling."""

    def __init__(self, words: Iterable[str]) -> None:
        self.spellings = {one for word in words for one in _spellings(word) if len(one) > 4}

    def found_in(self, octets: bytes) -> set[bytes]:
        """The spellings that stand there, whatever the case."""
        low = octets.lower()
        return {one for one in self.spellings if one in low}


def everywhere(settings: Settings, search: Search) -> dict[str, set[bytes]]:
    """Where any of it is found, and how it is spelt there."""
    # A transaction of ours that stands open would keep the tables from being rewritten.
    db.session.rollback()
    places = {
        **dict(tables(settings)),
        **dict(_sealed(settings)),
        **dict(_raw_files(settings)),
        "queue": _queue(settings),
        **dict(_disk(settings)),
    }
    return {name: found for name, octets in places.items() if (found := search.found_in(octets))}


def _spellings(word: str) -> Iterator[bytes]:
    for plain in (word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be")):
        yield plain.lower()
        yield plain.hex().encode()
        # In base64 a word has three faces, by where it begins; its first and last letters blur.
        for pad in range(3):
            coded = base64.b64encode(b"\0" * pad + plain)
            yield coded[4:-4].lower()
    yield quopri.encodestring(word.encode()).lower()
    yield quote(word).encode().lower()
    yield word.encode("unicode_escape").lower()


def tables(settings: Settings) -> Iterator[tuple[str, bytes]]:
    """Every row of every table, as a dump writes it."""
    with psycopg.connect(dsn(settings.database)) as database:
        for table in _names(database):
            words = f'COPY "{table}" TO STDOUT'
            with database.cursor().copy(words) as copy:
                yield f"table {table}", b"".join(bytes(block) for block in copy)


def _sealed(settings: Settings) -> Iterator[tuple[str, bytes]]:
    """What opens under our keys, tried with everything that it could be sealed to."""
    mark, cipher = fingerprint(settings.data_key[0]), AESGCM(settings.data_key[0])
    with psycopg.connect(dsn(settings.database)) as database:
        rows = {one: _rows(database, one) for one in _names(database)}
    values = [value for found in rows.values() for row in found for value in row]
    abouts = set(_abouts(values))
    for table, found in rows.items():
        sealed = [bytes(v) for row in found for v in row if isinstance(v, bytes | memoryview)]
        opened = [_open(cipher, one, abouts) for one in sealed if one[:_MARK] == mark]
        yield f"sealed in {table}", b"\n".join(opened)


def _abouts(values: list[Any]) -> Iterator[bytes]:
    for value in values:
        if isinstance(value, UUID):
            yield value.bytes
        elif isinstance(value, bytes | memoryview):
            yield bytes(value)
        elif isinstance(value, str) and len(value) == 64:
            yield bytes.fromhex(value)
        elif isinstance(value, int) and value < 100:
            yield f"import {value}".encode()


def _open(cipher: AESGCM, sealed: bytes, abouts: set[bytes]) -> bytes:
    nonce, rest = sealed[_MARK : _MARK + _NONCE], sealed[_MARK + _NONCE :]
    for about in abouts:
        try:
            return cipher.decrypt(nonce, rest, about)
        except InvalidTag:
            continue
    raise AssertionError("a sealed value opens to nothing that is known; the search is blind")


_OLDER = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_xmin IS NOT NULL AND pid <> pg_backend_pid()
"""


def _raw_files(settings: Settings) -> Iterator[tuple[str, bytes]]:
    """The files of the tables, rewritten as a dump and a fresh copy would."""
    with psycopg.connect(dsn(settings.database), autocommit=True) as database:
        database.execute("SET lock_timeout = '20s'")
        # What an older snapshot may still see is kept, and autovacuum has one at times.
        wait_for(lambda: database.execute(_OLDER).fetchone() == (0,))
        database.execute("VACUUM FULL")
        database.execute("CHECKPOINT")
        query = """
            SELECT c.relname, pg_read_binary_file(pg_relation_filepath(c.oid))
            FROM pg_class c WHERE c.relkind IN ('r', 't', 'i') AND pg_relation_filepath(c.oid)
                IS NOT NULL AND c.relnamespace IN ('public'::regnamespace, 'pg_toast'::regnamespace)
        """
        for name, octets in database.execute(query):
            yield f"file of {name}", bytes(octets)


def _rows(database: psycopg.Connection, table: str) -> list[tuple[Any, ...]]:
    return database.execute(SQL("SELECT * FROM {}").format(Identifier(table))).fetchall()


def _names(database: psycopg.Connection) -> list[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    return [str(row[0]) for row in database.execute(query)]


def _queue(settings: Settings) -> bytes:
    """Every key with whatever stands in it."""
    queue: Any = redis.Redis.from_url(settings.queue)
    read: dict[bytes, Callable[[bytes], list[Any]]] = {
        b"string": lambda key: [queue.get(key)],
        b"list": lambda key: list(queue.lrange(key, 0, -1)),
        b"set": lambda key: list(queue.smembers(key)),
        b"hash": lambda key: [x for pair in queue.hgetall(key).items() for x in pair],
        b"zset": lambda key: list(queue.zrange(key, 0, -1)),
    }
    with queue:
        keys = list(queue.scan_iter(match=f"{settings.queue_prefix}*", count=1000))
        told = [x for key in keys for x in read[queue.type(key)](key)]
    return b"\n".join([*keys, *(bytes(one) for one in told if one)])


def _disk(settings: Settings) -> Iterator[tuple[str, bytes]]:
    """Every file that this installation keeps; sealed ones are found by being there at all."""
    for path in sorted(Path(settings.var).rglob("*")):
        if path.is_file():
            name = str(path.relative_to(settings.var))
            assert path.suffix != ".sealed", f"a sealed file is still there: {name}"
            yield f"disk {name}", path.read_bytes()
