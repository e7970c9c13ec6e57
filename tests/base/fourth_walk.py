"""A walk in a fourth language: `python -m tests.base.fourth_walk FOLDER`, a process of its own.

Join, confirm and a campaign, from the form to the octets, where `FOLDER/translations` holds
Kyrgyz, too. Prints what each page and mail said, as one JSON document.
"""

import email
import email.policy
import json
import re
import sys
from pathlib import Path

from mailing.base import settings

ROOT = settings.ROOT
settings.ROOT = Path(sys.argv[1])
from mailing.base import languages  # noqa: E402 - reads its folder when it is first imported

settings.ROOT = ROOT

from flask import Flask  # noqa: E402
from flask.testing import FlaskClient  # noqa: E402
from sqlalchemy import select  # noqa: E402

from mailing.base.database import db  # noqa: E402
from mailing.campaigns.content import Content  # noqa: E402
from mailing.deliveries import drafts  # noqa: E402
from mailing.deliveries.letters import Letters  # noqa: E402
from mailing.people import profile, topics, wording  # noqa: E402
from mailing.people.topics import Frequency, Promise  # noqa: E402
from tests import road  # noqa: E402
from tests.deliveries.conftest import Sender  # noqa: E402
from webapp.app import create_app  # noqa: E402
from worker.process import connect  # noqa: E402

READER = "aizada@example.com"


def walk() -> dict[str, str]:
    """What was said at each step."""
    own = settings.load()
    app = create_app(own)
    with app.app_context():
        policy = road.lay().id
        news = topics.find("news")
        topics.rename(news, {"ky": "Жаңылыктар"})
        topics.describe(news, Promise({"ky": "Дүкөндүн жаңылыктары."}, Frequency.WEEKLY))
        db.session.commit()
    client = app.test_client()
    said = {"form": client.get("/join/site?lang=ky").text}
    asked = {"email": READER, "topic": "news", "policy": str(policy), "language": "ky"}
    said["asked"] = _post(client, "/join/site?lang=ky", asked)
    with connect(own) as database:
        sender = Sender(database)
        said["confirmation"] = _mail(app, sender)
        link = re.search(r"/confirm/[\w.~-]+", said["confirmation"])
        assert link is not None, said["confirmation"]
        said["button"] = client.get(link[0]).text
        said["confirmed"] = _post(client, link[0], {})
        said["kept"] = _kept(app)
        with app.app_context():
            letter = drafts.create("news", Content("ky", "Кабар", "Салам!"), road.ACTOR)
            db.session.commit()
            road.start(letter.id)
        said["campaign"] = _mail(app, sender)
    return said


def _kept(app: Flask) -> str:
    """The languages that the ledger and the kept wordings name, and the reader's own."""
    with app.app_context():
        shown = [one["evidence"]["language"] for one in profile.evidence_of(READER)]
        kept = db.session.scalars(select(wording.Wording.language)).all()
        return f"{sorted({*shown, *kept})} {profile.show(READER)['language']}"


def _post(client: FlaskClient, path: str, fields: dict[str, str]) -> str:
    answer = client.post(path, data=fields, headers={"Origin": "http://glazik.example"})
    assert answer.status_code == 200, answer.text
    return answer.text


def _mail(app: Flask, sender: Sender) -> str:
    """The one mail that is due, after the gate: its list, its subject and its text."""
    with app.app_context():
        [passed] = sender.ask(sender.claim(1))
        raw = Letters(settings.current()).write(passed).message
    read = email.message_from_bytes(raw, policy=email.policy.default)
    body = read.get_body(("plain",))
    return f"{read['List-Id']}\n{read['Subject']}\n{body.get_content() if body else ''}"


if __name__ == "__main__":
    assert "ky" in languages.LANGUAGES
    sys.stdout.write(json.dumps(walk(), ensure_ascii=False))
