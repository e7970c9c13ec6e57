"""Catching up: after a restore, what the journal says of many people is applied at once.

The same facts as `leave.record` makes of each line alone, by the thousand: a line alone takes
milliseconds, and a backup may be a hundred thousand lines old. Nobody waits for a receipt here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text

from mailing.base.database import db
from mailing.base.saying import tell
from mailing.leaving import inflight, marks, reading, scope
from mailing.leaving.journal import Line
from mailing.leaving.wish import Leaving, entry, to_say
from mailing.people import ledger, lost, standings, subscribers, suppression, topics
from mailing.people.ledger import Kind
from mailing.people.optins import OptIn
from mailing.people.standings import Held
from mailing.people.subscribers import Held as Person
from mailing.people.suppression import Why

AT_ONCE = 1000

Topics = list[int] | None
Standings = dict[UUID, dict[int, Held]]


@dataclass(frozen=True)
class _Wish:
    leaving: Leaving
    line: Line
    topic_ids: Topics
    digest: str | None

    @property
    def person(self) -> UUID:
        return self.leaving.subscriber_id


def catch_up(journal_id: UUID, lines: Iterable[Line]) -> Iterator[Counter[str]]:
    """Apply these lines in order, some at a time; how many of each kind. Commits each time.

    Raises JournalError for a line that is no "no".
    """
    done = 0
    for group in _groups(lines):
        kind = group[0].note.kind
        if kind in reading.OTHERS:
            reading.OTHERS[kind].demand(group[0].note)
            reading.OTHERS[kind].apply(journal_id, group[0])
        else:
            _carry_out(journal_id, group)
        db.session.commit()
        done += len(group)
        if done - len(group) < AT_ONCE <= done:
            _plan_anew()
        yield Counter(line.note.kind for line in group)


def _plan_anew() -> None:
    """Let the database look again how it checks the references to these tables. It has settled on
    that while they held a few rows, and would read the whole of them for each line to come."""
    db.session.execute(text("ANALYZE evidence, ledger"))
    db.session.commit()


def _groups(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Neighbours that are about different people: what one person said is said in its order."""
    group: list[Line] = []
    people: set[str] = set()
    for line in lines:
        named = {line.note.subscriber, line.note.digest or line.note.subscriber}
        is_alone = line.note.kind in reading.OTHERS
        if group and (is_alone or len(group) == AT_ONCE or named & people):
            yield group
            group, people = [], set()
        if is_alone:
            yield [line]
        else:
            group.append(line)
            people |= named
    if group:
        yield group


def _carry_out(journal_id: UUID, lines: list[Line]) -> None:
    known = reading.known(lines)
    read = [(reading.leaving(line, known), line) for line in lines]
    asked = [(leaving, line) for leaving, line in read if leaving is not None]
    wishes = list(_wishes(asked))
    people = _lock(wishes)
    to_do = {line.sequence for line in marks.apply_all(journal_id, lines)}
    wishes = [wish for wish in wishes if wish.line.sequence in to_do]
    there = [wish for wish in wishes if wish.person in people]
    held = standings.of_many(people)
    _say(there, people, held)
    _suppress(wishes, people)
    _stop(there, held)


def _wishes(asked: list[tuple[Leaving, Line]]) -> Iterator[_Wish]:
    """With the topics that each means, as `leave` reads them."""
    there = {topic.id for topic in topics.all_topics()}
    requests = _requests([leaving for leaving, _ in asked])
    unnamed = lost.hex_digests_of(
        [one.subscriber_id for one, line in asked if not line.note.digest]
    )
    for leaving, line in asked:
        kind, _, value = leaving.scope.text.partition(":")
        topic_ids: Topics = None
        if kind == "topics":
            topic_ids = sorted({int(one) for one in value.split(",")} & there)
        elif kind == "optin":
            topic_ids = requests.get((leaving.subscriber_id, UUID(value)), [])
        said = topic_ids if leaving.kind is Kind.UNSUBSCRIBED else None
        digest = line.note.digest or unnamed.get(leaving.subscriber_id)
        yield _Wish(leaving, line, said, digest)


def _requests(leavings: list[Leaving]) -> dict[tuple[UUID, UUID], list[int]]:
    texts = [one.scope.text.partition(":") for one in leavings]
    ids = [UUID(value) for kind, _, value in texts if kind == "optin"]
    query = select(OptIn.subscriber_id, OptIn.id, OptIn.topic_ids).where(OptIn.id.in_(ids))
    found = db.session.execute(query) if ids else ()
    return {(row.subscriber_id, row.id): list(row.topic_ids) for row in found}


def _lock(wishes: list[_Wish]) -> dict[UUID, Person]:
    """The people, held; with a row for whoever came later and said a plain no."""
    missing = _rows(wishes)
    new = {
        wish.person: bytes.fromhex(wish.digest)
        for wish in wishes
        if wish.person not in missing
        and wish.digest is not None
        and wish.leaving.kind is Kind.UNSUBSCRIBED
        and wish.topic_ids != []
    }
    if new:
        subscribers.remember(new)
    return _rows(wishes) if new else missing


def _rows(wishes: list[_Wish]) -> dict[UUID, Person]:
    return subscribers.hold([wish.person for wish in wishes])


def _say(wishes: list[_Wish], people: dict[UUID, Person], held: Standings) -> None:
    news, blocked = [], []
    for wish in wishes:
        is_blocked = people[wish.person].blocked_at is not None
        said = to_say(wish.leaving, is_blocked, held[wish.person], wish.topic_ids)
        news += [entry(wish.leaving, topic_id) for topic_id in said]
        if wish.leaving.kind is Kind.BLOCKED and not is_blocked:
            blocked.append(wish.person)
    if blocked:
        tell(subscribers.blocking(blocked))
    ledger.append_many(news)


def _suppress(wishes: list[_Wish], people: dict[UUID, Person]) -> None:
    """The address that the line names, and the one that the row has by now."""
    digests: dict[Why, set[bytes]] = defaultdict(set)
    for wish in wishes:
        why, written = wish.leaving.why, wish.digest
        if why is not None:
            own = {people[wish.person].digest} if wish.person in people else set()
            digests[why] |= own | ({bytes.fromhex(written)} if written else set())
    for why, kept_out in digests.items():
        suppression.suppress_all(sorted(kept_out), why)


def _stop(wishes: list[_Wish], held: Standings) -> None:
    """What waits for them is held; those who left the same at once. `held` is from before: what
    was left since counts for nothing among what is left."""
    every = topics.all_topics()
    together: dict[tuple[str, tuple[int, ...] | None, tuple[int, ...]], list[UUID]] = defaultdict(
        list
    )
    for wish in wishes:
        left = None if wish.topic_ids is None else tuple(wish.topic_ids)
        covered = scope.covered(left, held[wish.person], every)
        together[wish.leaving.holds_as, left, tuple(covered)].append(wish.person)
    for (reason, left, covered_ids), ids in together.items():
        scope.cancel_requests(ids, None if left is None else list(left))
        named = covered_ids if left is None else left
        inflight.keep_back(ids, reason, list(named), list(covered_ids))
