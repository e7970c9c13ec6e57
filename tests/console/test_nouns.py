"""Each noun does what contract.md says of it, and leaves its line in the audit log."""

import re
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from flask import Flask

from console.frame import system_user
from mailing.base.database import db, dsn
from mailing.base.settings import Settings
from mailing.base.tokens import MailtoLeave, link_keys
from mailing.staff import staff as accounts
from tests.console.conftest import POLICIES, Kelisim

Draft = Callable[[], str]
WRITER = "writer@k.example"
OLD, NEW = "unrelated words make one", "another four good words"


@pytest.fixture
def audit(settings: Settings) -> Callable[[], list[tuple[str, str, str]]]:
    """Who did what to what, in order."""

    def read() -> list[tuple[str, str, str]]:
        with psycopg.connect(dsn(settings.database)) as connection:
            query = "SELECT actor, action, subject FROM audit_log ORDER BY id"
            return [(row[0], row[1], row[2]) for row in connection.execute(query)]

    return read


def test_a_policy_is_imported_by_its_very_bytes(kelisim: Kelisim) -> None:
    path = POLICIES / "1-kk.txt"
    words = ("--language", "kk", "--effective", "2025-03-03", "--publish", "--json")
    told = kelisim("policy", "import", str(path), *words).document
    assert told["sha256"] == sha256(path.read_bytes()).hexdigest()
    (listed,) = kelisim("policy", "list", "--json").document
    assert listed["id"] == told["id"]
    assert listed["published_at"]
    assert listed["purposes"] == ["products_services", "special_offers", "events"]
    assert listed["fields"] == ["email", "phone", "surname", "given_name", "patronymic"]


def test_further_languages_join_a_version_and_a_material_one_drafts_its_notice(
    shop: Kelisim,
) -> None:
    ids = set()
    for language in ("kk", "ru", "en"):
        words = ["--language", language, "--effective", "2025-09-01", "--version", "second"]
        words += ["--material", "--publish"] if language == "en" else []
        path = str(POLICIES / f"2-{language}.txt")
        told = shop("policy", "import", path, *words, "--json").document
        ids.add(told["id"])
    assert len(ids) == 1
    assert told["notice"]
    assert shop("campaign", "list", "--json").document[0]["kind"] == "notice"
    assert shop("notice", "send", "--policy", str(told["id"]), "--json").code == 3


def test_a_version_that_is_not_material_has_no_notice(shop: Kelisim) -> None:
    said = shop("notice", "send", "--policy", "1", "--json")
    assert said.code == 1
    assert "--material" in said.document["error"]


def test_a_day_that_is_none_is_wrong_usage(kelisim: Kelisim) -> None:
    path = str(POLICIES / "1-kk.txt")
    said = kelisim("policy", "import", path, "--language", "kk", "--effective", "October")
    assert said.code == 2
    assert "2024-10-01" in said.err


def test_a_changed_form_is_its_next_version(shop: Kelisim) -> None:
    words = ("--origin", "https://k.example", "--origin", "https://www.k.example")
    again = shop("form", "add", "main", *words, "--topics", "books", "--json").document
    assert again["version"] == 2
    assert again["origins"] == ["https://k.example", "https://www.k.example"]


def test_staff_are_added_with_a_password_from_standard_input(kelisim: Kelisim) -> None:
    words = ("staff", "add", "marketer@k.example", "--role", "marketer", "--password-stdin")
    said = kelisim(*words, "--json", typed="unrelated words make one\n")
    assert said.document["role"] == "marketer"
    assert kelisim(*words, "--json", typed="unrelated words make one\n").code == 5
    assert kelisim(*words, "--json", typed="").document["error"].startswith("Standard input")


def test_without_a_terminal_the_way_to_give_a_password_is_said(kelisim: Kelisim) -> None:
    said = kelisim("staff", "add", "marketer@k.example", "--role", "marketer")
    assert said.code == 1
    assert "--password-stdin" in said.err


def test_a_lost_password_is_set_anew_and_the_old_one_opens_nothing(
    kelisim: Kelisim, app: Flask, audit: Callable[[], list[tuple[str, str, str]]]
) -> None:
    typed = ("--password-stdin", "--json")
    kelisim("staff", "add", WRITER, "--role", "marketer", *typed, typed=f"{OLD}\n")
    assert kelisim("staff", "password", WRITER, *typed, typed="short\n").code == 1
    assert accounts.authenticate(WRITER, OLD) is not None
    assert kelisim("staff", "password", WRITER, *typed, typed=f"{NEW}\n").code == 0
    db.session.rollback()
    assert accounts.authenticate(WRITER, OLD) is None
    assert accounts.authenticate(WRITER, NEW) is not None
    assert [action for _, action, _ in audit()] == ["staff added", "password changed"]
    assert kelisim("staff", "password", "nobody@k.example", *typed, typed=f"{NEW}\n").code == 1


def test_a_role_is_changed_and_a_login_closed_and_opened_again(
    kelisim: Kelisim, app: Flask, audit: Callable[[], list[tuple[str, str, str]]]
) -> None:
    kelisim("staff", "add", WRITER, "--role", "marketer", "--password-stdin", typed=f"{OLD}\n")
    told = kelisim("staff", "role", WRITER, "--role", "viewer", "--json").document
    assert (told["role"], told["active"]) == ("viewer", True)
    assert kelisim("staff", "close", WRITER, "--json").document["active"] is False
    assert accounts.authenticate(WRITER, OLD) is None
    assert kelisim("staff", "list", "--json").document == [told | {"active": False}]
    assert kelisim("staff", "open", WRITER, "--json").document["active"] is True
    db.session.rollback()
    assert accounts.authenticate(WRITER, OLD) is not None
    assert [action for _, action, _ in audit()] == [
        "staff added", "role changed", "login closed", "login opened",
    ]  # fmt: skip


def test_an_import_counts_every_row_once(readers: Kelisim, tmp_path: Path) -> None:
    again = readers("people", "import", str(tmp_path / "people.csv"), "--topic", "books", "--json")
    told = again.document
    errors = told.pop("errors_file")
    assert told.pop("rows") == sum(told.values()) == 3
    assert errors is None or Path(errors).exists()


def test_a_dry_run_writes_nothing(shop: Kelisim, tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("Mail\nmarina@pochta.example\n")
    words = ("--topic", "books", "--map", "Mail=email", "--dry-run", "--json")
    assert shop("people", "import", str(path), *words).document["quarantined"] == 1
    assert shop("people", "show", "marina@pochta.example").code == 1


def test_a_person_is_shown_with_evidence_and_wording(readers: Kelisim) -> None:
    shown = readers("people", "show", "aigerim@poshta.example", "--json").document
    assert shown["topics"] == {"books": "given"}
    (entry,) = readers("people", "evidence", "aigerim@poshta.example", "--json").document
    assert entry["kind"] == "attested"
    before = ("--as-of", "2025-01-01T00:00:00Z", "--json")
    assert readers("people", "evidence", "aigerim@poshta.example", *before).document == []


def test_the_audience_adds_up_and_names_its_people(readers: Kelisim, draft: Draft) -> None:
    campaign = draft()
    counted = readers("campaign", "audience", campaign, "--json").document
    assert counted == {"considered": 3, "will_receive": 2, "held": {"quarantined": 1}}
    listed = readers("campaign", "audience", campaign, "--why", "quarantined", "--json").document
    assert listed["people"] == [{"email": "zarina@poshta.example", "reason": "quarantined"}]
    why = readers("people", "why", "zarina@poshta.example", "--campaign", campaign, "--json")
    assert why.document["reason"] == "quarantined"


def test_a_start_that_expects_another_number_is_a_conflict(readers: Kelisim, draft: Draft) -> None:
    campaign = draft()
    said = readers("campaign", "start", campaign, "--expect", "3", "--now", "--json")
    assert (said.code, said.document["code"]) == (5, "conflict")
    assert readers("campaign", "status", campaign, "--json").document["state"] == "draft"


def test_a_campaign_goes_from_start_to_pause_resume_and_stop(
    readers: Kelisim, draft: Draft
) -> None:
    campaign = draft()
    started = readers("campaign", "start", campaign, "--expect", "2", "--now", "--json").document
    assert (started["state"], started["will_receive"]) == ("sending", 2)
    assert readers("campaign", "start", campaign, "--json").code == 5
    assert readers("campaign", "pause", campaign, "--json").document["state"] == "paused"
    assert readers("campaign", "resume", campaign, "--json").document["state"] == "sending"
    stopped = readers("campaign", "stop", campaign, "--json").document
    assert (stopped["out"], stopped["stopped"]) == (0, 2)
    told = readers("campaign", "status", campaign, "--json").document
    assert told["outcomes"]["held"] == {"campaign_stopped": 2}
    assert told["audience"] == 2


def test_campaigns_are_listed_for_people_to_the_second(readers: Kelisim, draft: Draft) -> None:
    assert readers("campaign", "list").out == "There is no campaign yet.\n"
    draft()
    heads, row = readers("campaign", "list").out.splitlines()
    assert heads.split() == [
        "id", "kind", "state", "audience", "created_at", "started_at", "finished_at"
    ]  # fmt: skip
    number, kind, state, audience, _, time, started, finished = row.split()
    assert (kind, state, audience) == ("campaign", "draft", "-")
    assert re.fullmatch(r"\d\d:\d\d:\d\d\+00:00", time)
    assert (started, finished) == ("-", "-")
    assert f"Campaign {number} goes to 2 people" in readers("campaign", "start", number).out


def test_nothing_to_send_to_is_not_ready(shop: Kelisim, tmp_path: Path) -> None:
    body = tmp_path / "body.md"
    body.write_text("Сәлем")
    words = ("--topic", "books", "--subject", "S", "--body", str(body), "--json")
    campaign = str(shop("campaign", "create", *words).document["id"])
    checked = shop("campaign", "check", campaign, "--json")
    assert (checked.code, checked.document["is_ready"]) == (3, False)
    assert shop("campaign", "start", campaign, "--json").document["code"] == "not_ready"


def test_a_body_that_is_not_utf8_says_what_to_do(shop: Kelisim, tmp_path: Path) -> None:
    body = tmp_path / "body.md"
    body.write_bytes("Кітап".encode("cp1251"))
    said = shop("campaign", "create", "--topic", "books", "--subject", "S", "--body", str(body))
    assert said.code == 1
    assert "UTF-8" in said.err


def test_resending_is_said_in_full(readers: Kelisim, draft: Draft) -> None:
    campaign = draft()
    assert readers("campaign", "resend", campaign).code == 2
    assert readers("campaign", "resend", campaign, "--uncertain").code == 5
    readers("campaign", "start", campaign, "--now")
    assert readers("campaign", "resend", campaign, "--uncertain", "--json").document["resent"] == 0
    assert readers("campaign", "uncertain", campaign, "--json").document == {"people": []}


def test_staff_unsubscribe_somebody_from_one_topic(readers: Kelisim) -> None:
    said = readers("unsubscribe", "oleg@pochta.example", "--topic", "books", "--json").document
    assert said["topic"] == "books"
    assert said["in_flight"] == []
    shown = readers("people", "show", "oleg@pochta.example", "--json").document
    assert shown["topics"]["books"] == "unsubscribed"


def test_a_withdrawal_ends_mailing_and_says_that_destruction_is_to_come(
    readers: Kelisim,
) -> None:
    said = readers("withdraw", "oleg@pochta.example", "--reason", "by telephone")
    assert "asks for the destruction of the data" in said.out
    shown = readers("people", "show", "oleg@pochta.example", "--json").document
    assert shown["topics"]["books"] == "withdrawn"
    assert shown["suppressed"] is True


def test_a_whole_ledger_is_verified_and_a_changed_one_names_the_entry(
    readers: Kelisim, settings: Settings
) -> None:
    whole = {"ok": True, "broken": None, "people": 3, "entries": 2}
    assert readers("ledger", "verify", "--json").document == whole
    with psycopg.connect(dsn(settings.database)) as connection:
        connection.execute("ALTER TABLE ledger DISABLE TRIGGER ledger_is_append_only")
        connection.execute("UPDATE ledger SET source = 'form' WHERE seq = 1")
    said = readers("ledger", "verify", "--json")
    assert (said.code, said.document["broken"]["entry"]) == (1, 1)


def test_an_unknown_host_cannot_be_fenced(kelisim: Kelisim) -> None:
    assert kelisim("host", "fence", "3f2504e0-4f89-11d3-9a0c-0305e82c3301").code == 1
    assert kelisim("host", "fence", "the second one").code == 2


def test_every_act_is_in_the_audit_log_by_the_system_user_without_addresses(
    readers: Kelisim, draft: Draft, audit: Callable[[], list[tuple[str, str, str]]]
) -> None:
    campaign = draft()
    readers("campaign", "audience", campaign, "--why", "will_receive")
    readers("campaign", "start", campaign)
    readers("campaign", "stop", campaign)
    readers("people", "evidence", "oleg@pochta.example")
    readers("unsubscribe", "oleg@pochta.example")
    words = ("staff", "add", "officer@k.example", "--role", "officer", "--password-stdin")
    readers(*words, typed="unrelated words make one\n")
    acts = audit()
    assert {actor for actor, _, _ in acts} == {system_user()}
    assert [action for _, action, _ in acts] == [
        "policy imported", "policy published", "topic added", "form registered",
        "people imported", "campaign created", "people listed", "campaign started",
        "campaign stopped", "evidence read", "person unsubscribed", "staff added",
    ]  # fmt: skip
    assert not [subject for _, _, subject in acts if "@" in subject]


def test_mail_to_an_unsubscribe_address_is_acted_upon_and_a_question_opens_a_request(
    readers: Kelisim, settings: Settings, tmp_path: Path
) -> None:
    person = readers("people", "show", "oleg@pochta.example", "--json").document["subscriber"]
    keys = link_keys(settings.secret_keys)
    address = MailtoLeave(UUID(person), topic_id_of("books", settings)).address(keys, "b.example")
    leaving, question = tmp_path / "leaving.eml", tmp_path / "question.eml"
    leaving.write_bytes(f"To: <{address}>\r\nMessage-ID: <1@x.example>\r\n\r\n".encode())
    question.write_bytes(b"To: helpdesk@k.example\r\nSubject: a question\r\n\r\nWhy?\r\n")
    first, second = readers("mail", "ingest", str(leaving), str(question), "--json").document
    assert (first["message_id"], first["kind"]) == ("1@x.example", "unsubscribe")
    assert (first["action"], first["subscriber"]) == ("left", person)
    assert (second["kind"], second["action"], second["subscriber"]) == ("question", "opened", None)
    assert second["request_id"] is not None
    shown = readers("people", "show", "oleg@pochta.example", "--json").document
    assert shown["topics"]["books"] == "unsubscribed"


def test_a_file_that_cannot_be_taken_in_costs_the_others_nothing(
    readers: Kelisim, tmp_path: Path
) -> None:
    """What was stored is told, and what was not."""
    good, large = tmp_path / "good.eml", tmp_path / "large.eml"
    good.write_bytes(
        b"To: helpdesk@k.example\r\nMessage-ID: <g@x.example>\r\n\r\nWhy is it so?\r\n"
    )
    with large.open("wb") as sparse:
        sparse.truncate(26 * 2**20)
    said = readers("mail", "ingest", str(large), str(good), "--json")
    told = said.document
    assert said.code == 6
    assert [(one["message_id"], one["action"]) for one in told] == [
        (None, "failed"),
        ("g@x.example", "opened"),
    ]
    assert "large.eml" in told[0]["reason"]
    assert readers("mail", "ingest", str(large), "--json").code == 1


def test_a_way_out_in_to_counts_beside_a_note_of_the_mailbox(
    readers: Kelisim, tmp_path: Path, settings: Settings
) -> None:
    """As the same letter does that comes by IMAP."""
    person = UUID(readers("people", "show", "oleg@pochta.example", "--json").document["subscriber"])
    token = MailtoLeave(person, topic_id_of("books", settings))
    letter = tmp_path / "leaving.eml"
    address = token.address(link_keys(settings.secret_keys), settings.bounce_domain)
    noted = f"Delivered-To: helpdesk@k.example\r\nTo: <{address}>\r\nMessage-ID: <2@x.example>"
    letter.write_bytes(f"{noted}\r\n\r\nx\r\n".encode())
    assert readers("mail", "classify", str(letter), "--json").document[0]["kind"] == "unsubscribe"
    taken = readers("mail", "ingest", str(letter), "--json").document[0]
    assert (taken["kind"], taken["action"]) == ("unsubscribe", "left")


def topic_id_of(slug: str, settings: Settings) -> int:
    with psycopg.connect(dsn(settings.database)) as connection:
        row = connection.execute("SELECT id FROM topics WHERE slug = %s", [slug]).fetchone()
        assert row is not None
        return int(row[0])


def test_a_stop_loads_nothing_of_what_a_message_or_the_queue_needs() -> None:
    """Each second that a command takes to start is a second in which a campaign goes on."""
    heavy = {"kombu", "redis", "markdown_it", "dns", "PIL", "css_inline", "email_validator"}
    looks = f"import sys, console.commands.campaign.halting; print({heavy} & {{*sys.modules}})"
    said = subprocess.run([sys.executable, "-c", looks], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"
