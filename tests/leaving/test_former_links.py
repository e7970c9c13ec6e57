"""Links of before a restore, by whomever their person is now, while the database comes and goes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event

from mailing.base.database import db
from mailing.base.errors import Unavailable
from mailing.base.settings import current
from mailing.leaving import links, replay
from mailing.people import lost
from tests import road
from tests.person import Person
from tests.services import end_backend

MAPPING, PREPARING = "FROM lost_subscribers JOIN", "FROM journals"


@contextmanager
def cut_off(is_cut: Callable[[str], bool]) -> Iterator[list[str]]:
    """The database ends the connection under each statement of which this is so; those."""
    cut: list[str] = []

    def before(_connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if is_cut(statement):
            cut.append(statement)
            end_backend(current().database, cursor.connection.info.backend_pid)

    event.listen(db.engine, "before_cursor_execute", before)
    try:
        yield cut
    finally:
        event.remove(db.engine, "before_cursor_execute", before)


def leave_by_a_former_link(person: Person, *cuts: str) -> bool:
    """Leave the news by a link of before the restore; whether the answer was that it is done."""
    former = uuid4()
    lost.note({former: person.row.digest})
    token = road.leave_token(former, "news")
    db.session.commit()
    with cut_off(lambda statement: any(one in statement for one in cuts)) as cut:
        try:
            return links.by_token(token, 0) is not None
        except Unavailable:
            return False
        finally:
            db.session.rollback()
            assert len(cut) == len(cuts), "the fault has happened"


def test_a_former_link_leaves_for_whoever_has_the_address_now(person: Person) -> None:
    assert leave_by_a_former_link(person)
    assert person.standing("news") == "unsubscribed"


@pytest.mark.parametrize("cuts", [[MAPPING], [PREPARING], [PREPARING, MAPPING]])
def test_no_answer_says_done_for_somebody_whom_it_could_not_ask_for(
    person: Person, cuts: list[str]
) -> None:
    """The question who it is by now failed, was passed by, and its line was called applied."""
    is_done = leave_by_a_former_link(person, *cuts)
    assert is_done == (MAPPING not in cuts)
    replay.run()
    assert person.standing("news") == "unsubscribed"
