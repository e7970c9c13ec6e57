"""Imports: attested row by row or quarantined, and never against a no (policy 5.1)."""

import csv
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any

import psycopg
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from mailing.base import clock
from mailing.base.database import db, dsn
from mailing.base.errors import Invalid, Missing
from mailing.base.settings import current
from mailing.people import evidence, forms, ledger, standings, subscribers, topics, wording
from mailing.people.canonical import canonical
from mailing.people.imports import Import, ImportFile, ImportReport, Steps, import_people, run
from mailing.people.imports.persons import Persons
from mailing.people.imports.work import Attestation
from mailing.people.ledger import Entry, Kind, NewEntry
from mailing.people.standings import Standing
from mailing.people.subscribers import Subscriber, digest_of
from mailing.people.suppression import Suppression, Why, suppress
from mailing.policies import versions
from mailing.policies.versions import NewText, import_text
from mailing.staff.audit import Actor
from mailing.staff.staff import Role

ACTOR = Actor("duty", Role.ADMIN)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TEXT = b"the policy"
HEADER = "email,consent_at,consent_form,consent_policy"
PROOF = f"2026-03-01T09:00:00+05:00,main,{sha256(TEXT).hexdigest()}"
OUTCOMES = (
    "new",
    "updated",
    "unchanged",
    "quarantined",
    "suppressed_kept_out",
    "left_kept_out",
    "invalid",
)

Imported = Callable[..., ImportReport]


@pytest.fixture(autouse=True)
def _world(app: Flask) -> Any:
    with clock.use(lambda: NOW):
        kept = import_text(TEXT, NewText("kk", date(2024, 10, 1)))
        versions.publish(versions.find(kept.policy_id))
        for slug, purpose in (("news", "products_services"), ("events", "events")):
            topics.add(slug, purpose, slug, slug, slug)
        forms.add("main", ["https://glazik.example"], ["news", "events"])
        db.session.commit()
        yield


@pytest.fixture
def imported(tmp_path: Path) -> Imported:
    """Import these lines, first as a dry run, which must say the same and write nothing."""

    def run_both(*lines: str, topic: str = "news", **mapping: str) -> ImportReport:
        path = tmp_path / "people.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        before = _everything()
        dry = import_people(ImportFile(path, topic, mapping, dry_run=True), ACTOR)
        db.session.commit()
        assert _everything() == before
        steps = Steps(checkpoint=db.session.commit)
        report = import_people(ImportFile(path, topic, mapping), ACTOR, steps)
        db.session.commit()
        assert _counts(dry) == _counts(report)
        assert sum(_counts(report).values()) == report.rows == dry.rows
        return report

    return run_both


def test_an_evidenced_row_is_attested_with_who_when_and_from_which_file(
    imported: Imported, tmp_path: Path
) -> None:
    report = imported(
        f"{HEADER},consent_wording,surname,language",
        f'Alma@Example.com,{PROOF},"«Иә, келісемін»",Әлиева,ru',
    )
    assert _counts(report)["new"] == 1
    assert _standing("alma@example.com") == "given"
    person = subscribers.find(canonical("alma@example.com"))
    assert person is not None
    entry = ledger.history(person.id)[0]
    assert (entry.kind, entry.source, entry.actor) == ("attested", "import", "duty")
    proof = db.session.get_one(evidence.Evidence, entry.evidence_hash).body
    assert proof == {
        "import": db.session.scalar(select(Import.id)),
        "file_sha256": sha256((tmp_path / "people.csv").read_bytes()).hexdigest(),
        "row": 2,
        "attested_by": "duty",
        "consent_at": "2026-03-01T09:00:00+05:00",
        "form": "main",
        "form_version": 1,
        "policy": entry.policy_id,
        "wording": wording.hash_of("ru", "«Иә, келісемін»"),
    }
    assert wording.text_of(proof["wording"]).text == "«Иә, келісемін»"
    personal = subscribers.personal_of(person)
    assert personal is not None
    assert (personal.email, personal.surname, person.language) == (
        "Alma@example.com",
        "Әлиева",
        "ru",
    )
    assert list(ledger.verify()) == []


@pytest.mark.parametrize(
    "proof",
    [
        ",,",
        "2026-03-01T09:00:00Z,,",
        "2026-03-01T09:00:00Z,main,",
        ",main,1",
        "2026-03-01T09:00:00Z,other,1",
        "2026-03-01T09:00:00Z,Main,1",
        "2026-03-01T09:00:00Z,main,9",
        f"2026-03-01T09:00:00Z,main,{'0' * 64}",
    ],
)
def test_a_row_whose_evidence_is_missing_or_names_nothing_waits_in_quarantine(
    imported: Imported, proof: str
) -> None:
    report = imported(HEADER, f"alma@example.com,{proof}")
    assert _counts(report)["quarantined"] == 1
    assert _standing("alma@example.com") == "quarantined"
    assert db.session.scalar(select(func.count()).select_from(Entry)) == 0


def test_a_form_that_does_not_offer_the_topic_and_a_policy_without_its_purpose_prove_nothing(
    imported: Imported,
) -> None:
    forms.add("shop", ["https://shop.example"], ["events"])
    narrow = import_text(b"narrow", NewText("kk", date(2025, 1, 1), purposes=("events",)))
    report = imported(
        HEADER,
        "a@example.com,2026-03-01T09:00:00Z,shop,1",
        f"b@example.com,2026-03-01T09:00:00Z,main,{narrow.policy_id}",
    )
    assert _counts(report)["quarantined"] == 2
    assert [line[2] for line in _errors(report)] == ["consent_form", "consent_policy"]


@pytest.mark.parametrize(
    "at",
    [
        "2026-06-01T12:00:01Z",  # in the future
        "2024-09-30T23:59:59+05:00",  # the day before the policy took effect, where the operator is
        "2024-09-30T18:59:59Z",
        "2026-03-01",
        "2026-03-01T09:00:00",
        "01.03.2026 09:00",
        "2026-02-30T09:00:00Z",
        "2026-W09-7T09:00:00Z",
        "20260301T090000Z",
        "yes",
    ],
)
def test_an_impossible_time_makes_the_row_invalid(imported: Imported, at: str) -> None:
    report = imported(HEADER, f"alma@example.com,{at},main,1")
    assert _counts(report)["invalid"] == 1
    assert subscribers.find(canonical("alma@example.com")) is None


@pytest.mark.parametrize(
    "at", ["2026-06-01T12:00:00Z", "2024-10-01T00:00:00+05:00", "2026-03-01t09:00:00.5z"]
)
def test_the_first_and_the_last_possible_moment_are_possible(imported: Imported, at: str) -> None:
    assert _counts(imported(HEADER, f"alma@example.com,{at},main,1"))["new"] == 1


@pytest.mark.parametrize(
    "row",
    [
        f",{PROOF},kk,,",
        f"no address,{PROOF},kk,,",
        f"alma@example.com,{PROOF},inactive,,",  # T16: only the exact words count
        f"alma@example.com,{PROOF},KK,,",
        f'alma@example.com,{PROOF},kk,"two\nlines",',
        f"alma@example.com,{PROOF},kk,{'a' * 201},",
        f"alma@example.com,{PROOF},kk",
        f"alma@example.com,{PROOF},kk,,,",
        f'alma@example.com,{PROOF},kk,"a"b,',
        f"alma@example.com,{PROOF},kk,,\0",
    ],
)
def test_a_row_that_cannot_be_read_is_invalid_and_writes_nothing_t16(
    imported: Imported, row: str
) -> None:
    report = imported(f"{HEADER},language,surname,consent_wording", row)
    assert _counts(report)["invalid"] == 1
    assert db.session.scalar(select(func.count()).select_from(Subscriber)) == 0


@pytest.mark.parametrize("scope", ["news", None])
@pytest.mark.parametrize("kind", [Kind.UNSUBSCRIBED, Kind.WITHDRAWN])
def test_an_import_over_somebody_who_left_leaves_them_out_and_says_so_t15_t17_t21(
    imported: Imported, kind: Kind, scope: str | None
) -> None:
    """T15, T17, T21: whatever the row says, it raises nobody's no."""
    imported(HEADER, f"alma@example.com,{PROOF}")
    _say("alma@example.com", kind, scope)
    for _ in range(3):
        report = imported(HEADER, f"ALMA@example.com,{PROOF}", "alma@example.com,,,")
        assert _counts(report)["left_kept_out"] == 2
        assert [line[:2] for line in _errors(report)] == [
            ["2", "left_kept_out"],
            ["3", "left_kept_out"],
        ]
    assert _standing("alma@example.com") == SAID[kind]


def test_whoever_left_everything_is_kept_out_of_a_topic_that_came_later_t21(
    imported: Imported,
) -> None:
    _say("alma@example.com", Kind.UNSUBSCRIBED, None)
    topics.add("later", "events", "later", "later", "later")
    forms.add("main", ["https://glazik.example"], ["later"])
    report = imported(HEADER, f"alma@example.com,{PROOF}", topic="later")
    assert _counts(report)["left_kept_out"] == 1


def test_whoever_left_one_topic_may_be_imported_for_another(imported: Imported) -> None:
    _say("alma@example.com", Kind.UNSUBSCRIBED, "news")
    report = imported(HEADER, f"alma@example.com,{PROOF}", topic="events")
    assert _counts(report)["updated"] == 1
    assert _standing("alma@example.com") == "unsubscribed"
    assert _standing("alma@example.com", "events") == "given"


def test_whoever_left_and_only_asked_again_stays_out_until_they_confirm(
    imported: Imported,
) -> None:
    for scope in ("news", None):
        email = f"{scope}@example.com"
        _say(email, Kind.UNSUBSCRIBED, scope)
        _say(email, Kind.REQUESTED, "news")
        assert _counts(imported(HEADER, f"{email},{PROOF}"))["left_kept_out"] == 1
        assert _standing(email) == "requested"
        _say(email, Kind.GIVEN, "news")
        assert _counts(imported(HEADER, f"{email},{PROOF}"))["unchanged"] == 1


def test_whoever_has_asked_and_not_confirmed_is_attested_by_evidence_alone(
    imported: Imported,
) -> None:
    _say("alma@example.com", Kind.REQUESTED, "news")
    assert _counts(imported(HEADER, "alma@example.com,,,"))["unchanged"] == 1
    assert _standing("alma@example.com") == "requested"
    assert _counts(imported(HEADER, f"alma@example.com,{PROOF}"))["updated"] == 1
    assert _standing("alma@example.com") == "given"


def test_somebody_who_is_blocked_stays_out(imported: Imported) -> None:
    imported(HEADER, f"alma@example.com,{PROOF}")
    person = subscribers.find(canonical("alma@example.com"))
    assert person is not None
    person.blocked_at = NOW
    report = imported(HEADER, f"alma@example.com,{PROOF}")
    assert _counts(report)["left_kept_out"] == 1


@pytest.mark.parametrize("reason", list(Why))
def test_a_suppressed_address_stays_out_and_gets_no_row_t15(
    imported: Imported, reason: Why
) -> None:
    suppress(digest_of(canonical("alma@example.com")), reason)
    report = imported(HEADER, f"alma@ＥＸＡＭＰＬＥ.com,{PROOF}")
    assert _counts(report)["suppressed_kept_out"] == 1
    assert subscribers.find(canonical("alma@example.com")) is None


def test_evidence_that_comes_later_lifts_the_quarantine_and_its_absence_never_lowers_a_yes(
    imported: Imported,
) -> None:
    assert _counts(imported(HEADER, "alma@example.com,,,"))["quarantined"] == 1
    assert _counts(imported(HEADER, "alma@example.com,,,"))["quarantined"] == 1
    assert _counts(imported(HEADER, f"alma@example.com,{PROOF}"))["updated"] == 1
    assert _counts(imported(HEADER, "alma@example.com,,,"))["unchanged"] == 1
    assert _standing("alma@example.com") == "given"


def test_the_same_file_again_changes_nothing_and_doubles_no_entry(imported: Imported) -> None:
    lines = [HEADER, *(f"p{number}@example.com,{PROOF}" for number in range(20))]
    assert _counts(imported(*lines))["new"] == 20
    assert _counts(imported(*lines))["unchanged"] == 20
    assert db.session.scalar(select(func.count()).select_from(Entry)) == 20


def test_a_file_that_changes_nothing_holds_nobody_and_waits_for_nobody(
    imported: Imported, app: Flask
) -> None:
    """With everybody locked, a million known rows took longer than importing them had."""
    lines = [HEADER, f"alma@example.com,{PROOF}", "bek@example.com,,,"]
    imported(*lines)
    with psycopg.connect(dsn(current().database)) as other:
        other.execute("SELECT FROM subscribers FOR UPDATE")
        db.session.execute(text("SET lock_timeout = '1s'"))
        report = imported(*lines)
        assert (report.unchanged, report.quarantined) == (1, 1)
        with pytest.raises(OperationalError, match="lock timeout"):
            imported(HEADER, f"bek@example.com,{PROOF}")
        db.session.rollback()


def test_the_same_person_twice_in_a_file_is_one_person(imported: Imported) -> None:
    report = imported(
        f"{HEADER},surname",
        f"alma@example.com,{PROOF},",
        f"ALMA@example.com,{PROOF},Әлиева",
        "alma@example.com.,,,,Ізбасар",
        "bek@example.com,,,,",
        f"bek@example.com,{PROOF},",
    )
    counts = _counts(report)
    assert (counts["new"], counts["updated"], counts["unchanged"]) == (1, 2, 1)
    assert counts["quarantined"] == 1
    person = subscribers.find(canonical("alma@example.com"))
    assert person is not None
    personal = subscribers.personal_of(person)
    assert personal is not None
    assert (personal.email, personal.surname) == ("alma@example.com", "Әлиева")
    assert _standing("bek@example.com") == "given"


def test_a_row_without_evidence_overwrites_nothing_that_is_known(imported: Imported) -> None:
    imported(f"{HEADER},surname", f"alma@example.com,{PROOF},Әлиева")
    imported("email,surname,language", "alma@example.com,Басқа,en")
    person = subscribers.find(canonical("alma@example.com"))
    assert person is not None
    personal = subscribers.personal_of(person)
    assert personal is not None
    assert (personal.surname, person.language) == ("Әлиева", "kk")


@pytest.mark.parametrize(
    ("header", "mapping", "said"),
    [
        ("email,birthday", {}, "birthday"),
        ("email,status", {}, "status"),
        ("email,network_address", {}, "network_address"),
        ("surname", {}, "email"),
        ("email,Email", {}, "email"),
        ("email,", {}, "''"),
        ("email,mail", {"mail": "email"}, "email"),
        ("mail", {"mail": "e-mail"}, "mail"),
        ("email", {"Mail": "email"}, "Mail"),
        ("", {}, "email"),
    ],
)
def test_a_column_that_is_not_declared_is_refused_by_name_before_anything_is_written(
    imported: Imported, header: str, mapping: dict[str, str], said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        imported(header, "alma@example.com,x", **mapping)
    assert db.session.scalar(select(func.count()).select_from(Import)) == 0


def test_a_field_that_the_policy_in_force_does_not_declare_is_refused_by_name(
    imported: Imported,
) -> None:
    less = import_text(b"less", NewText("kk", date(2025, 1, 1), fields=("email", "surname")))
    versions.publish(versions.find(less.policy_id))
    with pytest.raises(Invalid, match="phone"):
        imported("email,surname,phone", "alma@example.com,Әлиева,+77010000000")


def test_columns_may_be_mapped_and_the_file_may_bear_a_mark_or_semicolons(
    tmp_path: Path,
) -> None:
    path = tmp_path / "export.csv"
    when, form, policy = PROOF.split(",")
    path.write_bytes(
        f"\ufeffПошта; when ;CONSENT_FORM;consent_policy\r\n"
        f"alma@example.com;{when};{form};{policy}\r\n\r\n".encode()
    )
    mapping = {"Пошта": "email", "when": "consent_at"}
    report = import_people(ImportFile(path, "news", mapping), ACTOR)
    assert (report.rows, report.new, report.errors_file) == (1, 1, None)


def test_rows_of_nothing_are_no_rows_and_the_others_keep_their_numbers(imported: Imported) -> None:
    report = imported(HEADER, ",,,", "", f"alma@example.com,{PROOF}", " ,, ,", "nobody,,,", ",,,")
    assert (report.rows, report.new, report.invalid) == (2, 1, 1)
    assert [line[0] for line in _errors(report)] == ["6"]


def test_a_row_without_evidence_is_told_apart_with_what_to_do(imported: Imported) -> None:
    report = imported(
        HEADER, "alma@example.com,,,", "bek@example.com,,main,", f"aida@example.com,{PROOF}"
    )
    assert (report.quarantined, report.new) == (2, 1)
    assert [line[:3] for line in _errors(report)] == [
        ["2", "quarantined", "consent_at"],
        ["3", "quarantined", "consent_at"],
    ]
    assert all(problem and remedy for *_, problem, remedy in _errors(report))


def test_a_file_that_is_not_utf_8_is_refused_whole(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b"email,surname\nalma@example.com,\xc0\xeb\xe8\n")
    with pytest.raises(Invalid, match="line 2"):
        import_people(ImportFile(path, "news"), ACTOR)
    assert db.session.scalar(select(func.count()).select_from(Subscriber)) == 0


def test_nobody_is_imported_for_notices_or_for_nothing(imported: Imported) -> None:
    with pytest.raises(Invalid, match="notices"):
        imported("email", "alma@example.com", topic="notices")
    with pytest.raises(Missing, match="other"):
        imported("email", "alma@example.com", topic="other")


def test_the_errors_file_names_row_and_column_and_repeats_no_value(imported: Imported) -> None:
    report = imported(
        f"{HEADER},surname",
        f"secret-address,{PROOF},",
        f"alma@example.com,{PROOF},",
        f"secret@example.com,2031-01-01T00:00:00Z,main,1,{'secret' * 50}",
        "bek@example.com,,secret,,",
    )
    assert [line[:3] for line in _errors(report)] == [
        ["2", "invalid", "email"],
        ["4", "invalid", "surname"],
        ["5", "quarantined", "consent_at"],
    ]
    assert report.errors_file is not None
    assert "secret" not in report.errors_file.read_text()
    assert report.errors_file.stat().st_mode & 0o077 == 0


def test_a_killed_import_run_again_ends_as_if_it_had_never_been_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CHUNK", 10)
    path = tmp_path / "people.csv"
    lines = [HEADER, *(f"p{number % 40}@example.com,{PROOF}" for number in range(55))]
    path.write_text("\n".join(lines))
    passed: list[int] = []

    def die(rows: int) -> None:
        passed.append(rows)
        if rows == 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_people(ImportFile(path, "news"), ACTOR, Steps(db.session.commit, die))
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Entry)) == 30
    report = import_people(ImportFile(path, "news"), ACTOR, Steps(db.session.commit))
    db.session.commit()
    assert passed == [10, 20, 30]
    assert (report.rows, report.new, report.unchanged) == (55, 10, 45)
    assert db.session.scalar(select(func.count()).select_from(Entry)) == 40
    begun = db.session.execute(select(Import.counts, Import.finished_at).order_by(Import.id)).all()
    assert begun[0].counts["new"] == 30
    assert begun[0].finished_at is None
    assert begun[1].finished_at is not None


def test_a_dry_run_agrees_with_the_import_over_many_chunks(
    imported: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CHUNK", 3)
    _say("p1@example.com", Kind.UNSUBSCRIBED, "news")
    suppress(digest_of(canonical("p2@example.com")), Why.COMPLAINT)
    rows = [f"p{number % 7}@example.com,{PROOF if number % 3 else ',,'}" for number in range(40)]
    report = imported(HEADER, *rows)
    assert _counts(report)["left_kept_out"] == 6
    assert _counts(report)["suppressed_kept_out"] == 6


def test_whoever_leaves_while_an_import_runs_has_left(
    app: Flask, tmp_path: Path, imported: Imported
) -> None:
    imported(HEADER, "alma@example.com,,,")
    path = tmp_path / "evidenced.csv"
    path.write_text(f"{HEADER}\nalma@example.com,{PROOF}\n")
    has_left = Event()

    def leave() -> None:
        with app.app_context():
            _say("alma@example.com", Kind.UNSUBSCRIBED, "news")
            has_left.set()
            _until_somebody_waits_for_a_lock()
            db.session.commit()

    with ThreadPoolExecutor() as threads:
        leaving = threads.submit(leave)
        assert has_left.wait(90)
        report = import_people(ImportFile(path, "news"), ACTOR)
        db.session.commit()
        leaving.result()
    assert _counts(report)["left_kept_out"] == 1
    assert _standing("alma@example.com") == "unsubscribed"


def test_whoever_leaves_between_the_look_and_the_entry_has_the_last_word(
    app: Flask, imported: Imported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(HEADER, "alma@example.com,,,")
    path = tmp_path / "evidenced.csv"
    path.write_text(f"{HEADER}\nalma@example.com,{PROOF}\n")
    keep, has_begun = Attestation.keep, Event()

    def leave() -> None:
        with app.app_context():
            has_begun.set()
            _say("alma@example.com", Kind.UNSUBSCRIBED, "news")
            db.session.commit()

    def keep_while_somebody_leaves(work: Attestation, met: Persons) -> None:
        leaving.append(threads.submit(leave))
        assert has_begun.wait(90)
        _until_somebody_waits_for_a_lock()
        keep(work, met)

    leaving: list[Future[None]] = []
    monkeypatch.setattr(Attestation, "keep", keep_while_somebody_leaves)
    with ThreadPoolExecutor() as threads:
        report = import_people(ImportFile(path, "news"), ACTOR)
        db.session.commit()
        leaving[0].result()
    assert _counts(report)["updated"] == 1
    assert _standing("alma@example.com") == "unsubscribed"


def test_two_imports_of_one_file_at_once_double_nobody(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CHUNK", 20)
    numbers = list(range(100))
    reports = []
    with ThreadPoolExecutor() as threads:
        for name in ("forwards.csv", "backwards.csv"):
            path = tmp_path / name
            lines = [HEADER, *(f"p{number}@example.com,{PROOF}" for number in numbers)]
            path.write_text("\n".join(lines))
            numbers.reverse()
            reports.append(threads.submit(_import_in_its_own_context, app, path))
        counts = [_counts(report.result()) for report in reports]
    assert sum(count["new"] for count in counts) == 100
    assert sum(count["unchanged"] for count in counts) == 100
    assert db.session.scalar(select(func.count()).select_from(Entry)) == 100
    assert list(ledger.verify()) == []


def _import_in_its_own_context(app: Flask, path: Path) -> ImportReport:
    with app.app_context():
        return import_people(ImportFile(path, "news"), ACTOR, Steps(db.session.commit))


def _until_somebody_waits_for_a_lock() -> None:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(4500):
        db.session.execute(text("SELECT pg_stat_clear_snapshot()"))
        if db.session.scalar(waiting):
            return
        sleep(0.02)
    raise AssertionError("nobody waits for whoever is leaving")


PEOPLE = ("a@example.com", "b@example.com", "c@example.com", "A@example.com ", "d@example.com")
ROWS = st.lists(
    st.tuples(
        st.sampled_from([*PEOPLE, "nobody", ""]),
        st.sampled_from([PROOF, ",,", "x,main,1", "2026-03-01T09:00:00Z,other,1"]),
        st.sampled_from(["", "Әлиева", "Ізбасар", "a\0"]),
    ),
    max_size=12,
)
NOES = st.dictionaries(
    st.sampled_from(PEOPLE[:3]), st.sampled_from(["topic", "all", "withdrawn", "blocked", "gone"])
)


@given(rows=ROWS, noes=NOES)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_the_rows_the_counts_add_up_and_no_no_is_raised(
    tmp_path: Path, rows: list[tuple[str, str, str]], noes: dict[str, str]
) -> None:
    with db.session.begin_nested() as example:
        for email, no in noes.items():
            _refuse(email, no)
        path = tmp_path / "people.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*HEADER.split(","), "surname"])
            writer.writerows([email, *proof.split(","), surname] for email, proof, surname in rows)
        dry = import_people(ImportFile(path, "news", dry_run=True), ACTOR)
        report = import_people(ImportFile(path, "news"), ACTOR)
        assert _counts(dry) == _counts(report)
        told = [row for row in rows if row != ("", ",,", "")]  # A row of nothing is no row.
        assert sum(_counts(report).values()) == report.rows == len(told)
        for email, no in noes.items():
            assert not _is_mailable(email), (email, no)
        assert list(ledger.verify()) == []
        example.rollback()


SAID = {Kind.UNSUBSCRIBED: "unsubscribed", Kind.WITHDRAWN: "withdrawn"}


def _refuse(email: str, no: str) -> None:
    if no == "gone":
        suppress(digest_of(canonical(email)), Why.WITHDRAWN)
    elif no == "blocked":
        subscribers.create(canonical(email), "kk").blocked_at = NOW
    else:
        kind = Kind.WITHDRAWN if no == "withdrawn" else Kind.UNSUBSCRIBED
        _say(email, kind, "news" if no == "topic" else None)


def _say(email: str, kind: Kind, topic: str | None) -> None:
    person = subscribers.create(canonical(email), "kk")
    topic_id = topics.find(topic).id if topic else None
    ledger.append(NewEntry(person.id, kind, topic_id, None, "page", "the person"))
    db.session.flush()


def _is_mailable(email: str) -> bool:
    person = subscribers.find(canonical(email))
    kept_out = db.session.get(Suppression, (digest_of(canonical(email)), Why.WITHDRAWN))
    if person is None or kept_out is not None or person.blocked_at is not None:
        return False
    return _standing(email) == "given"


def _standing(email: str, topic: str = "news") -> str:
    person = subscribers.find(canonical(email))
    assert person is not None
    said = standings.of(person.id).get(topics.find(topic).id)
    if said is None:
        return "none"
    return "quarantined" if said.quarantined else said.standing


def _counts(report: ImportReport) -> dict[str, int]:
    return {name: asdict(report)[name] for name in OUTCOMES}


def _errors(report: ImportReport) -> list[list[str]]:
    assert report.errors_file is not None
    with report.errors_file.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def _everything() -> list[int]:
    db.session.flush()
    tables = (Subscriber, Standing, Entry, evidence.Evidence, wording.Wording, Import)
    return [db.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]
