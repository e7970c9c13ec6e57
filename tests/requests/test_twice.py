"""Everything that came in comes in again: no row of any table differs, and each message is in
exactly one place."""

import os
from collections.abc import Callable, Iterable
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text

from mailing.base import clock
from mailing.base.database import Table, db
from mailing.base.settings import current
from mailing.base.tokens import MailtoLeave, ReturnPath, link_keys
from mailing.inbound import heading
from mailing.inbound.messages import InboundMessage, State
from mailing.leaving import replay
from mailing.people import topics
from mailing.policies.versions import PolicyVersion
from mailing.requests import incoming
from mailing.requests.requests import Request
from tests import road
from tests.inbound.reading.letters import feedback, plain, report
from tests.person import Person, confirmations_of
from tests.requests.conftest import settle

DOMAIN = "bounce.glazik.example"
WITHDRAW = "Дербес деректерді өңдеуге келісімді қайтарып алу"
RECTIFY = "Дербес деректерді өзектілендіру"
# Read before the settings of a test forget everything of the shell.
CORPORA = Path(os.environ.get("KELISIM_CORPORA") or "../shared/corpora")
OWN_SERVER = "mx.glazik.example"


def rows() -> dict[str, str]:
    """Each table as one hash of all that stands in it."""
    db.session.rollback()
    query = "SELECT coalesce(string_agg(t::text, E'\n' ORDER BY t::text), '') FROM {} t"
    names = sorted(table.name for table in Table.metadata.sorted_tables)
    told = {name: db.session.scalar(text(query.format(name))) for name in names}
    return {name: sha256(str(said).encode()).hexdigest() for name, said in told.items()}


def take_all(letters: Iterable[bytes]) -> None:
    for raw in letters:
        incoming.take(raw, list(heading.of(raw).recipients))


def in_one_place() -> None:
    """None is left lying; what waits has its request, open; what was asked for has the one that
    names it."""
    messages = list(db.session.scalars(select(InboundMessage)))
    requests = {one.id: one for one in db.session.scalars(select(Request))}
    assert {one.state for one in messages} <= {State.ACTED, State.WAITING}
    for one in messages:
        assert one.action, "whatever is over says what was done"
        assert (one.state == State.WAITING) == (one.kind == "unclear")
        if one.state == State.WAITING:
            assert one.request_id is not None
        if one.request_id is not None:
            assert requests[one.request_id].inbound_id in (one.id, None)
    behind = [one.inbound_id for one in requests.values() if one.inbound_id is not None]
    assert len(behind) == len(set(behind)) == len(requests)


def sure(address: str) -> dict[str, str]:
    domain = address.rpartition("@")[2]
    said = f"{OWN_SERVER}; dkim=pass header.d={domain}"
    return {"Authentication_Results": said, "Date": format_datetime(clock.now())}


def sent(person: Person) -> UUID:
    """The confirmation that they got."""
    (delivery,) = confirmations_of(person.address)
    delivery.sealed_at = clock.now()
    db.session.commit()
    return delivery.id


def everybody(policy: PolicyVersion) -> list[Person]:
    found = [Person(policy, f"person{number}@example.com") for number in range(8)]
    for person in found:
        person.say_yes("news", "offers")
    settle()
    return found


def letters(people: list[Person]) -> list[bytes]:
    """One of each sort, from people, machines and strangers."""
    keys = link_keys(current().secret_keys)
    bounced, complained, out, gone, asks, joins, mends, blocked = people
    path = ReturnPath(sent(bounced)).address(keys, DOMAIN)
    way_out = MailtoLeave(out.id, topics.find("news").id).address(keys, DOMAIN)
    seen = plain("Our news", X_Kelisim_Delivery=sent(complained).hex).decode()
    arf = feedback("abuse").decode().replace("Content-Type: text/plain", "X-Was: text/plain")
    block = "Final-Recipient: rfc822; x@example.com\nAction: failed\nStatus: 5.1.1"
    return [
        report(block, To=path),
        report(block, To=path, Subject="The same once more"),
        report(block, To=f"bounce+{'a' * 42}@{DOMAIN}"),
        report(block, To="helpdesk@glazik.example"),
        feedback("abuse", To="abuse@glazik.example"),
        arf.replace("Three new books.", seen).encode(),
        plain("x", Subject="unsubscribe", To=way_out, From="alias@example.org"),
        plain("x", Subject=WITHDRAW, From=gone.address, **sure(gone.address)),
        plain("x", Subject=WITHDRAW, From=blocked.address),
        plain("x", Subject=WITHDRAW, From="nobody@example.org"),
        plain("What do you hold about me?", Subject="?", From=asks.address),
        plain("Меня зовут иначе", Subject=RECTIFY, From=mends.address, **sure(mends.address)),
        plain("x", Subject="x", To=f"join@{DOMAIN}", From=joins.address, **sure(joins.address)),
        plain("x", Subject="x", To=f"join@{DOMAIN}", From="forged@example.com"),
        plain("away", Subject="Out of office", Auto_Submitted="auto-replied"),
        plain("buy", Subject="Offer", List_Id="<shop.example>"),
        plain("сәлем", Subject="сәлем"),
        plain("сәлем", Subject="сәлем", From="two@example.org, three@example.org"),
        b"",
        b"\0\xff\n\n\0",
    ]


@pytest.fixture
def policy(app: Flask) -> PolicyVersion:
    found = road.lay()
    replay.run()
    own = current().model_copy(update={"authserv_id": (OWN_SERVER,)})
    app.extensions["kelisim"] = own
    return found


def test_one_of_each_sort_taken_twice_changes_no_row(policy: PolicyVersion) -> None:
    came = letters(everybody(policy))
    take_all(came)
    once = rows()
    assert len({one.kind for one in db.session.scalars(select(InboundMessage))}) >= 9
    in_one_place()
    take_all(reversed(came))
    incoming.sweep()
    assert rows() == once
    in_one_place()


def test_the_hash_of_a_table_sees_one_changed_row(policy: PolicyVersion) -> None:
    """Or the test above would be blind."""
    take_all([plain("сәлем", Subject="сәлем")])
    once = rows()
    db.session.execute(text("UPDATE inbound_messages SET tries = tries + 1"))
    db.session.commit()
    assert [name for name, now in rows().items() if now != once[name]] == ["inbound_messages"]


@pytest.mark.soak
def test_the_public_collection_taken_twice_changes_no_row(
    policy: PolicyVersion, record_property: Callable[[str, object], None]
) -> None:
    folder = CORPORA / "set-of-emails"
    if not folder.is_dir():
        pytest.skip("without the sample messages: set KELISIM_CORPORA to their folder")
    everybody(policy)
    came = [path.read_bytes() for path in sorted(folder.glob("*.eml"))]
    take_all(came)
    once = rows()
    take_all(came)
    assert rows() == once
    in_one_place()
    record_property("messages", len(came))
