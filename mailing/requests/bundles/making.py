"""Making a bundle: by a worker, one process at a time, begun anew where the last one died."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from sqlalchemy import text, update

from mailing.base.database import db
from mailing.base.errors import KelisimError, Missing
from mailing.people import subscribers
from mailing.requests import timeline
from mailing.requests.bundles import archive, contents, papers, releasing, state
from mailing.requests.bundles.archive import Packed
from mailing.requests.bundles.contents import Tell
from mailing.requests.bundles.rows import LeftOut
from mailing.requests.bundles.state import MOST_TRIES, UNMADE, Bundle, NewBundle, State
from mailing.requests.kinds import Happened
from mailing.requests.requests import Request
from mailing.staff import audit
from mailing.staff.audit import Actor

_log = structlog.get_logger()
_TAKE = text("SELECT pg_try_advisory_lock(hashtext('kelisim bundle'), hashtext(:id))")


def order(request: Request, actor: Actor) -> Bundle:
    """Have a bundle made for a request; an officer looks at it before it goes. Raises Missing for a
    request of nobody known."""
    bundle = state.ask(NewBundle(_person_of(request), request.id))
    timeline.note(request.id, Happened.ACTED, actor.name, did="bundle_ordered")
    audit.record(actor, "bundle ordered", f"subscriber {bundle.subscriber_id}", request=request.id)
    return bundle


def export(request: Request, actor: Actor, reason: str, tell: Tell) -> Packed:
    """Make one at once, for whoever stands before the officer; that it was made, and why, is
    logged. Raises Missing for a request of nobody known."""
    person = _person_of(request)
    packed = make(person, LeftOut(), tell)
    timeline.note(request.id, Happened.ACTED, actor.name, did="bundle_exported")
    told = {"request": request.id, "files": len(packed.files), "sha256": packed.sha256}
    audit.record(actor, "bundle exported", f"subscriber {person}", reason=reason, **told)
    return packed


def make(subscriber_id: UUID, left_out: LeftOut, tell: Tell) -> Packed:
    """Everything about one person as one archive."""
    found = contents.of(subscriber_id, left_out, tell)
    return archive.pack(papers.of(found), found.made_at)


def work_on(bundle_id: UUID) -> None:
    """Make the file of a bundle; nothing where another worker is at it. Commits.

    Whoever dies in the middle leaves a row that the sweep finds, and half of nothing.
    """
    with _alone(bundle_id) as is_ours:
        bundle = state.find(bundle_id)
        if not is_ours or bundle.state not in UNMADE:
            return
        bundle.state, bundle.tries = State.MAKING.value, bundle.tries + 1
        db.session.commit()
        try:
            _make(bundle_id)
        except KelisimError as refusal:
            db.session.rollback()
            _log.error(
                "a bundle cannot be made", bundle=str(bundle_id), error=type(refusal).__name__
            )
            _give_up(bundle_id, at_once=isinstance(refusal, Missing))
        db.session.commit()


def _make(bundle_id: UUID) -> None:
    bundle = state.find(bundle_id)
    packed = make(bundle.subscriber_id, LeftOut(*bundle.what_is_left_out), _noting(bundle_id))
    _demand_still_here(bundle.subscriber_id)
    bundle = state.lock(bundle_id)
    if bundle.state != State.MAKING:
        return
    state.keep_file(bundle, packed)
    bundle.state, bundle.done = State.READY.value, bundle.steps
    if bundle.is_by_person:
        releasing.send(bundle)


def _demand_still_here(subscriber_id: UUID) -> None:
    """Raises Missing for whoever was destroyed while their data were read. Held until the file is
    kept: a destruction that begins afterwards finds it."""
    person = subscribers.lock(subscriber_id)
    if person is None or person.personal is None:
        raise Missing("Nothing that names this person is held any more.")


def _noting(bundle_id: UUID) -> Tell:
    """Keeps how far it is in a transaction of its own: whoever looks sees it at once."""

    def tell(done: int, steps: int) -> None:
        with db.engine.begin() as beside:
            about = update(Bundle).where(Bundle.id == bundle_id)
            beside.execute(about.values(done=done, steps=steps))

    return tell


def _give_up(bundle_id: UUID, *, at_once: bool) -> None:
    bundle = state.lock(bundle_id)
    if at_once or bundle.tries >= MOST_TRIES:
        bundle.state = State.FAILED.value


def _person_of(request: Request) -> UUID:
    if request.subscriber_id is None:
        raise Missing(f"Request {request.number} is of nobody whom we know; nothing is held.")
    return request.subscriber_id


@contextmanager
def _alone(bundle_id: UUID) -> Iterator[bool]:
    """Whether nobody else is at it; the lock ends with the connection, so a dead worker holds
    nothing."""
    connection = db.engine.connect()
    connection.detach()
    try:
        yield bool(connection.scalar(_TAKE, {"id": str(bundle_id)}))
    finally:
        connection.close()
