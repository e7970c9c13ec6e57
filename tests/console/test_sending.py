"""`kelisim sending`: off stops everything and says why; on asks the journal first."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from flask import Flask

from mailing.base.database import db
from mailing.leaving import links
from tests import road
from tests.console.conftest import Kelisim


def process(environment: dict[str, str], *arguments: str) -> tuple[int, Any]:
    """Run one command as a person would; its exit code and its JSON document."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("kelisim")), *arguments, "--json"],
        env=environment,
        capture_output=True,
        check=False,
        timeout=180,
    )
    return done.returncode, json.loads(done.stdout)


def test_sending_goes_off_with_a_reason_and_on_again(app: Flask, kelisim: Kelisim) -> None:
    road.subscribe(road.lay(), 1)
    number = road.campaign()
    assert kelisim("sending", "off", "--reason", "a fire drill", "--json").code == 0
    refused = kelisim("campaign", "start", str(number), "--now", "--json")
    assert refused.code == 3
    assert "a fire drill" in refused.document["error"]
    on = kelisim("sending", "on", "--json")
    assert (on.code, on.document) == (0, {"sending": True})
    assert kelisim("campaign", "start", str(number), "--now", "--json").code == 0


def test_sending_stays_off_while_the_journal_is_not_whole(
    app: Flask, environment: dict[str, str]
) -> None:
    ids = road.subscribe(road.lay(), 2)
    for subscriber_id in ids:
        links.by_token(road.leave_token(subscriber_id), 0)
    db.session.remove()
    journal = next(Path(environment["KELISIM_VAR"]).rglob("withdrawals.jsonl"))
    whole = journal.read_bytes()
    journal.write_bytes(whole.replace(b"unsubscribed", b"unsubscribeD", 1))
    code, told = process(environment, "sending", "on")
    assert code == 3
    assert "journal" in told["error"]
    journal.write_bytes(whole)
    assert process(environment, "sending", "on") == (0, {"sending": True})
