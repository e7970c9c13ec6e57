"""Imports by the studio: sealed on the disk, rehearsed, imported once, forgotten."""

import errno
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import ConfigurationError, Conflict, Invalid, Missing, Unavailable
from mailing.base.settings import Settings
from mailing.people import ledger, standings, subscribers
from mailing.people.canonical import canonical
from mailing.people.imports import run, running, sealed, state, uploads
from mailing.people.imports.sealed import BLOCK, Opened, Writer
from mailing.people.imports.state import Import, State
from mailing.people.ledger import Entry
from mailing.people.subscribers import digest_of
from mailing.people.suppression import Why, suppress
from mailing.staff.audit import AuditEntry
from tests import road
from tests.people.test_imports import ACTOR, HEADER, NOW, PROOF, _say, _standing, _world

__all__ = ["_world"]

MAPPING = {name: name for name in HEADER.split(",")}


def _never() -> bool:
    return False


@pytest.fixture
def upload(settings: Settings) -> Callable[..., int]:
    def uploaded(*lines: str) -> int:
        part = uploads.receive(settings)
        part.write(("\n".join(lines) + "\n").encode())
        number = uploads.keep(part, "news", ACTOR).id
        db.session.commit()
        return number

    return uploaded


def _check(number: int) -> Import:
    uploads.check(number, MAPPING, ACTOR)
    db.session.commit()
    running.work_on(number, db.session.commit, _never)
    return state.find(number)


def _run(number: int) -> Import:
    if state.find(number).state == State.CHECKED:
        uploads.start(number, ACTOR)
        db.session.commit()
    running.work_on(number, db.session.commit, _never)
    return state.find(number)


def test_a_file_is_rehearsed_imported_counted_and_destroyed(upload: Callable[..., int]) -> None:
    number = upload(HEADER, f"alma@example.com,{PROOF}", "bek@example.com,,,", "nobody,,,")
    kept = _check(number)
    assert (kept.state, kept.rehearsal["new"], kept.rehearsal["invalid"]) == ("checked", 1, 1)
    assert db.session.scalar(select(func.count()).select_from(Entry)) == 0
    kept = _run(number)
    assert kept.state == "done"
    assert kept.counts == kept.rehearsal
    assert sum(kept.counts.values()) == 3
    assert _standing("alma@example.com") == "given"
    assert _standing("bek@example.com") == "quarantined"
    uploads.forget()
    assert not uploads.file_of(kept).exists()
    actions = list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert actions == ["import uploaded", "import started", "people imported"]


def test_no_octet_of_the_file_lies_in_clear_and_only_its_owner_reads_it(
    upload: Callable[..., int],
) -> None:
    number = upload(HEADER, f"findme@example.com,{PROOF}")
    path = uploads.file_of(state.find(number))
    assert b"findme" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert uploads.columns(state.find(number)) == HEADER.split(",")


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_what_was_sealed_is_read_again_as_often_as_wanted(
    settings: Settings, tmp_path: Path, size: int
) -> None:
    written = os.urandom(size)
    with Writer(settings, tmp_path / "one") as writer:
        writer.write(written)
        writer.finish()
    with Opened(settings, tmp_path / "one") as opened:
        assert opened.read() == written
        opened.seek(0)
        assert opened.read() == written


@pytest.mark.parametrize("cut", [1, 20, BLOCK // 2, BLOCK + 32, BLOCK + 40])
def test_a_sealed_file_that_was_cut_does_not_open(
    settings: Settings, tmp_path: Path, cut: int
) -> None:
    path = tmp_path / "one"
    with Writer(settings, path) as writer:
        writer.write(os.urandom(2 * BLOCK))
        writer.finish()
    path.write_bytes(path.read_bytes()[:-cut])
    with Opened(settings, path) as opened, pytest.raises(ConfigurationError):
        opened.read()


def test_a_full_disk_is_said_and_keeps_nothing(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(settings, tmp_path / "one")

    def full(_: bytes) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(writer, "_file", SimpleNamespace(write=full, closed=True))
    with pytest.raises(Unavailable, match="full"):
        writer.write(os.urandom(2 * BLOCK))


def test_what_cannot_be_an_import_is_refused(settings: Settings, upload: Any) -> None:
    for topic, refusal in (("notices", Invalid), ("other", Missing)):
        part = uploads.receive(settings)
        part.write(b"email\n")
        with pytest.raises(refusal):
            uploads.keep(part, topic, ACTOR)
    with pytest.raises(Invalid, match="empty"):
        uploads.keep(uploads.receive(settings), "news", ACTOR)
    number = upload("email,birthday", "alma@example.com,1")
    with pytest.raises(Invalid, match="birthday"):
        uploads.check(number, {}, ACTOR)
    with pytest.raises(Conflict):
        uploads.start(number, ACTOR)


def test_a_file_that_is_not_utf_8_or_has_only_a_header_comes_to_its_end(
    settings: Settings, upload: Callable[..., int]
) -> None:
    part = uploads.receive(settings)
    part.write(f"{HEADER}\nalma@example.com,,,\n".encode() + b"\xc0\xeb@example.com,,,\n")
    number = uploads.keep(part, "news", ACTOR).id
    with pytest.raises(Invalid, match="UTF-8"):
        uploads.check(number, MAPPING, ACTOR)
    db.session.rollback()
    lines = (f"p{one}@example.com,,," for one in range(1000))  # Past the first look.
    part = uploads.receive(settings)
    part.write("\n".join([HEADER, *lines, ""]).encode() + b"\xc0\xeb@example.com,,,\n")
    kept = _check(uploads.keep(part, "news", ACTOR).id)
    assert (kept.state, "line 1002" in (kept.problem or "")) == ("refused", True)
    kept = _check(upload(HEADER))
    assert (kept.state, sum(kept.rehearsal.values())) == ("checked", 0)


def test_a_cancelled_import_keeps_what_it_had_and_takes_nothing_more(
    upload: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CHUNK", 10)
    number = upload(HEADER, *(f"p{one}@example.com,{PROOF}" for one in range(30)))
    _check(number)
    uploads.start(number, ACTOR)
    db.session.commit()
    chunks: list[int] = []

    def commit() -> None:
        db.session.commit()
        chunks.append(1)
        if len(chunks) == 2:  # The try, then the first chunk.
            uploads.cancel(number, ACTOR)
            db.session.commit()

    running.work_on(number, commit, _never)
    kept = state.find(number)
    assert (kept.state, kept.counts["new"]) == ("cancelled", 10)
    assert db.session.scalar(select(func.count()).select_from(Entry)) == 10
    running.work_on(number, db.session.commit, _never)
    assert db.session.scalar(select(func.count()).select_from(Entry)) == 10
    with pytest.raises(Conflict):
        uploads.cancel(number, ACTOR)


def test_two_workers_never_take_the_same_import(upload: Callable[..., int]) -> None:
    number = upload(HEADER, f"alma@example.com,{PROOF}")
    uploads.check(number, MAPPING, ACTOR)
    db.session.commit()
    assert running.due() == [number]
    with running._alone(number) as is_ours:
        assert is_ours
        assert running.due() == []
        running.work_on(number, db.session.commit, _never)
        assert state.find(number).state == "checking"
    # The lock goes with its connection, which the server may take a moment to notice.
    road.wait_for(lambda: running.due() == [number])


def test_an_import_that_kills_its_worker_again_and_again_is_refused(
    upload: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = upload(HEADER, f"alma@example.com,{PROOF}")
    uploads.check(number, MAPPING, ACTOR)
    db.session.commit()
    monkeypatch.setattr(running, "through", _die)
    for _ in range(running.MOST_TRIES):
        with pytest.raises(Killed):
            running.work_on(number, db.session.commit, _never)
        db.session.rollback()
    running.work_on(number, db.session.commit, _never)
    assert state.find(number).state == "refused"


def test_what_is_older_than_a_day_is_forgotten(
    upload: Callable[..., int], settings: Settings
) -> None:
    number = upload(HEADER, "nobody,,,")
    assert running.first_faults(_check(number))[0]["values"]["email"] == "nobody"
    part = uploads.receive(settings)
    part.close()
    os.utime(part.path, (1, 1))
    with clock.use(lambda: NOW + timedelta(days=1, seconds=1)):
        uploads.forget()
        db.session.commit()
    kept = state.find(number)
    assert (kept.state, kept.faults, running.first_faults(kept)) == ("cancelled", None, [])
    assert not part.path.exists()


def test_a_file_that_all_waits_in_quarantine_hides_no_error_and_keeps_its_columns_order(
    upload: Callable[..., int],
) -> None:
    waiting = [f"p{one}@example.com,,," for one in range(40)]
    number = upload("consent_policy,email,consent_form,consent_at", *(
        ",".join(["", line.split(",")[0], "", ""]) for line in (*waiting, "nobody,,,")
    ))  # fmt: skip
    shown = running.first_faults(_check(number))
    assert [one["row"] for one in shown] == [*range(2, 22), 42]
    assert [one["result"] for one in shown] == [*["quarantined"] * 20, "invalid"]
    assert list(shown[0]["values"]) == ["consent_policy", "email", "consent_form", "consent_at"]


def test_the_first_faults_outlive_a_worker_that_was_killed(
    upload: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CHUNK", 2)
    number = upload(
        HEADER, "nobody,,,", *(f"p{one}@example.com,{PROOF}" for one in range(4)), "x,,,"
    )
    _check(number)
    uploads.start(number, ACTOR)
    db.session.commit()
    _die_after(number, 2)  # The try, then the first chunk.
    assert sum(state.find(number).counts.values()) == 2
    assert [one["row"] for one in running.first_faults(_run(number))] == [2, 7]


def test_a_file_is_not_destroyed_before_its_import_is_committed(settings: Settings) -> None:
    part = uploads.receive(settings)
    part.write(b"email\n")
    kept = uploads.keep(part, "news", ACTOR)
    path = uploads.file_of(kept)
    db.session.rollback()  # As another process sees it meanwhile.
    uploads.forget()
    assert path.exists()


PEOPLE = ("a@example.com", "b@example.com", "c@example.com", "A@example.com ", "d@example.com")
ROWS = st.lists(
    st.tuples(
        st.sampled_from([*PEOPLE, "nobody", ""]),
        st.sampled_from([PROOF, ",,", "x,main,1", "2026-03-01T09:00:00Z,other,1"]),
    ),
    min_size=1,
    max_size=10,
)
SAID = st.dictionaries(
    st.sampled_from(PEOPLE[:3]),
    st.sampled_from(["unsubscribed", "withdrawn", "requested", "given", "suppressed", "none"]),
)


@pytest.mark.timeout(400)
@given(rows=ROWS, said=SAID, deaths=st.lists(st.integers(1, 5), max_size=3))
@trying(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_killed_at_any_chunk_and_run_again_it_is_one_import(
    app: Flask, upload: Callable[..., int], monkeypatch: pytest.MonkeyPatch,
    rows: list[tuple[str, str]], said: dict[str, str], deaths: list[int],
) -> None:  # fmt: skip
    """Counts add up, the dry run is the run, no no is raised, again changes nothing: T15 to T21."""
    monkeypatch.setattr(run, "CHUNK", 2)
    _begin_anew()
    for email, word in said.items():
        _prior(email, word)
    db.session.commit()
    lines = [HEADER, *(f"{email},{proof}" for email, proof in rows)]
    number = upload(*lines)
    planned = _check(number).rehearsal
    uploads.start(number, ACTOR)
    db.session.commit()
    for after in deaths:
        _die_after(number, after)
    kept = _run(number)
    assert (kept.state, kept.counts) == ("done", planned)
    assert sum(kept.counts.values()) == len([row for row in rows if row != ("", ",,")])
    _demand_errors_once(kept)
    for email, word in said.items():
        if word in ("unsubscribed", "withdrawn"):
            assert _standing(email) == word
    entries = db.session.scalar(select(func.count()).select_from(Entry))
    again = upload(*lines)
    _check(again)
    counts = _run(again).counts
    assert (counts["new"], counts["updated"]) == (0, 0)
    assert db.session.scalar(select(func.count()).select_from(Entry)) == entries
    assert list(ledger.verify()) == []


def _prior(email: str, word: str) -> None:
    if word == "suppressed":
        suppress(digest_of(canonical(email)), Why.COMPLAINT)
    elif word == "none":
        subscribers.create(canonical(email), "ru")
    else:
        _say(email, ledger.Kind(word), "news")


def _begin_anew() -> None:
    db.session.rollback()
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    for table in ("standings", "ledger", "evidence", "subscribers", "suppressions", "imports"):
        db.session.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - our own names
    db.session.commit()


class Killed(BaseException):
    """As a kill leaves it: no handler of the product takes it for an error of its own."""


def _die(*_: object) -> None:
    raise Killed


def _die_after(number: int, chunks: int) -> None:
    passed: list[int] = []

    def commit() -> None:
        passed.append(1)
        if len(passed) > chunks:
            raise Killed
        db.session.commit()

    try:
        running.work_on(number, commit, _never)
    except Killed:
        db.session.rollback()
    db.session.execute(text("UPDATE imports SET tries = 0"))
    db.session.commit()


def _demand_errors_once(kept: Import) -> None:
    path = uploads.errors_of(kept)
    if path.exists():
        numbers = [line.split(",")[0] for line in path.read_text().splitlines()[1:]]
        assert len(numbers) == len(set(numbers))


def test_a_standing_that_somebody_wrote_meanwhile_is_met_by_a_second_look(
    upload: Callable[..., int], app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody signs up and leaves between the look and the writing: the no stands (T21)."""
    number = upload(HEADER, f"alma@example.com,{PROOF}")
    _check(number)
    write, looks = run._outcomes, []

    def meanwhile(chunk: Any, work: Any) -> Any:
        met = work.meet
        looks.append(1)
        if len(looks) == 1:

            def and_leave(rows: Any) -> Any:
                found = met(rows)
                with app.app_context():
                    _say("alma@example.com", ledger.Kind.UNSUBSCRIBED, "news")
                    db.session.commit()
                return found

            work = SimpleNamespace(meet=and_leave, hold=work.hold, keep=work.keep)
        return write(chunk, work)

    monkeypatch.setattr(run, "_outcomes", meanwhile)
    kept = _run(number)
    assert (len(looks), kept.counts["left_kept_out"]) == (2, 1)
    assert _standing("alma@example.com") == "unsubscribed"
    assert standings.of(subscribers.find(canonical("alma@example.com")).id)  # type: ignore[union-attr]


def test_sealing_has_a_place_of_its_own() -> None:
    assert sealed._about(b"a" * 16, 1, True) != sealed._about(b"a" * 16, 1, False)
