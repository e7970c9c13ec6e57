"""What an engine changes stands in no index, so that its updates stay on their page (HOT)."""

from uuid import UUID

from mailing.base.database import db
from mailing.base.settings import Settings, current
from mailing.deliveries import halting, incarnations, queue, status
from mailing.deliveries.gate import Passed
from mailing.deliveries.incarnations import Journalled
from mailing.deliveries.results import Ending, Result
from mailing.leaving import links
from tests import road
from tests.deliveries.conftest import Sender, a_sender

# Every column that an update changes is noted by the database itself.
_NOTE = (
    "CREATE TABLE changed (name text)",
    """
    CREATE FUNCTION note_changes() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO changed SELECT n.key FROM jsonb_each(to_jsonb(NEW)) n
        WHERE n.value IS DISTINCT FROM to_jsonb(OLD) -> n.key;
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER note AFTER UPDATE ON deliveries FOR EACH ROW EXECUTE FUNCTION note_changes()",
)

# Keys, expressions and conditions alike: a change of any of them writes the index anew.
_INDEXED = """
    SELECT DISTINCT a.attname FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND (
        a.attnum = ANY (i.indkey) OR EXISTS (
            SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                AND d.objid = i.indexrelid AND d.refobjid = i.indrelid
                AND d.refobjsubid = a.attnum))
    WHERE i.indrelid = 'deliveries'::regclass
"""

_UPDATED = """
    SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'deliveries'
"""


def names(sender: Sender, query: str) -> set[str]:
    return {row[0] for row in sender.database.execute(query)}


def told(passed: list[Passed], *endings: Ending) -> list[Result]:
    return [
        Result(one.permit.delivery_id, one.permit.fence, ending, one.attempts, 250, "said")
        for one, ending in zip(passed, endings * len(passed), strict=False)
    ]


def go_everywhere(sender: Sender, settings: Settings, number: int, people: list[UUID]) -> None:
    """Every change of state that there is: endings, retries, deaths, leavings, pause and stop."""
    passed = sender.ask(sender.claim(20))
    sender.seal(passed[:9])
    links.by_token(road.leave_token(passed[10].subscriber_id), 0)
    sender.ask([], *told(passed, *Ending))
    road.make_due(sender.database)
    queue.put_back(sender.database, sender.id, [c.delivery_id for c in sender.claim(5)], 3600)
    queue.put_back(sender.database, sender.id, [c.delivery_id for c in sender.claim(5)])
    with a_sender(settings) as dead:
        dead.seal(dead.ask(dead.claim(10))[:5])
        with sender.database.transaction():
            incarnations.settle(sender.database, current(), dead.id, Journalled({}, False))
    status.resend_uncertain(number, road.ACTOR)
    db.session.commit()
    sender.ask(sender.claim(5)[:2])
    halting.pause(number, road.ACTOR)
    db.session.commit()
    links.by_token(road.leave_token(people[-1]), 0)
    halting.stop(number, road.ACTOR)
    while halting.close_stopped():
        db.session.commit()


def test_no_index_names_what_an_engine_changes(sender: Sender, settings: Settings) -> None:
    number, people = road.under_way(60)
    for statement in _NOTE:
        sender.database.execute(statement)
    go_everywhere(sender, settings, number, people)
    changed, indexed = names(sender, "SELECT name FROM changed"), names(sender, _INDEXED)
    assert {"id", "batch_id", "subscriber_id", "campaign_id", "confirmation_day"} <= indexed
    protocol = {"state", "owner", "fence", "attempts", "retry_at", "reason", "finished_at"}
    facts = {"allowed_by", "link_key", "dated_at", "opened_at", "sealed_at", "reply_code"}
    assert protocol | facts <= changed, "every change was made"
    assert changed & indexed == set()


def test_a_campaigns_updates_stay_on_their_page(sender: Sender) -> None:
    """A campaign written by its claim: three updates a message, in groups as an engine makes."""
    road.subscribe(road.lay(), 200)
    road.start(road.campaign())
    claims = sender.claim(200)
    for first in range(0, 200, 32):
        let_the_past_go(sender)
        passed = sender.ask(claims[first : first + 32])
        let_the_past_go(sender)
        sender.seal(passed)
        let_the_past_go(sender)
        sender.ask([], *told(passed, Ending.ACCEPTED))
    assert sender.states() == {"accepted": 200}
    sender.database.execute("SELECT pg_stat_force_next_flush()")
    row = sender.database.execute(_UPDATED).fetchone()
    assert row is not None
    updates, on_their_page = row
    assert updates == 600
    assert on_their_page > 0.8 * updates


def let_the_past_go(sender: Sender) -> None:
    """Wait until no transaction on this server, of other tests too, is older than our last.

    As long as one is, room that an old version takes cannot be used again.
    """
    row = sender.database.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    assert row is not None
    query = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > %s"
    road.wait_for(lambda: sender.database.execute(query, row).fetchone() == (True,), every=0.005)
