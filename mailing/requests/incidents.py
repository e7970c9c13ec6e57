"""Incidents: breaches of personal data, with the clock of the law and lines that only grow.

The authority is told within one working day of the day on which it was noticed (law No. 94-V as
amended by No. 44-VIII, in force since 1 July 2024; counsel confirms the article). The register
names nobody: it is shown to an inspector whole.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    func,
    select,
)
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock, working_days
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.base.settings import current
from mailing.requests import due
from mailing.staff import audit
from mailing.staff.audit import Actor

At = TIMESTAMP(timezone=True)
LONGEST = 4000
TITLE = 200
# PostgreSQL's integer.
MOST_PEOPLE = 2**31 - 1


class Nature(StrEnum):
    """What happened to the data."""

    DISCLOSED = "disclosed"
    LOST = "lost"
    CHANGED = "changed"
    UNAVAILABLE = "unavailable"
    OTHER = "other"


class State(StrEnum):
    """Where it stands: `reported` says that the authority knows."""

    OPEN = "open"
    REPORTED = "reported"
    CLOSED = "closed"


class Line(StrEnum):
    """What a line of an incident says."""

    OPENED = "opened"
    NOTED = "noted"
    REPORTED = "reported"
    EXEMPT = "exempt"
    TOLD = "told"
    CLOSED = "closed"
    REOPENED = "reopened"


class Incident(Table):
    """One breach; `people` is how many it concerns as far as anybody knows."""

    __tablename__ = "incidents"
    __table_args__ = (
        CheckConstraint(
            "nature IN ('disclosed', 'lost', 'changed', 'unavailable', 'other')",
            name="incident_nature_is_known",
        ),
        CheckConstraint("people >= 0", name="incident_concerns_people"),
        CheckConstraint("state IN ('open', 'reported', 'closed')", name="incident_state_is_known"),
        CheckConstraint("detected_at <= opened_at", name="incident_was_detected_first"),
        CheckConstraint(
            "state <> 'reported' OR reported_at IS NOT NULL", name="reported_incident_says_when"
        ),
        CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)", name="closed_incident_says_when"
        ),
        UniqueConstraint("number", name="incident_number_is_unique"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    number: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    title: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    nature: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    people: Mapped[int | None] = mapped_column(Integer, info=OPERATIONAL)
    detected_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    opened_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    due_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    state: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    reported_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    closed_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    # When somebody wrote down that the authority need not be told, and why.
    exempt_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)

    @property
    def is_owed(self) -> bool:
        """Whether the authority has to be told and has not been; closing it settles nothing."""
        return self.reported_at is None and self.exempt_at is None

    @property
    def is_overdue(self) -> bool:
        """Whether the authority should know by now and does not."""
        return self.is_owed and self.due_at <= clock.now()

    @property
    def was_late(self) -> bool:
        """Whether it was reported after its time."""
        return self.reported_at is not None and self.reported_at > self.due_at


class IncidentLine(Table):
    """One line; never changed (a trigger refuses it)."""

    __tablename__ = "incident_lines"
    __table_args__ = (
        CheckConstraint(
            "what IN ('opened', 'noted', 'reported', 'exempt', 'told', 'closed', 'reopened')",
            name="incident_line_is_known",
        ),
        Index("lines_of_incident", "incident_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    incident_id: Mapped[int] = mapped_column(ForeignKey(Incident.id), info=OPERATIONAL)
    at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    actor: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    what: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    words: Mapped[str] = mapped_column(Text, info=OPERATIONAL)


@dataclass(frozen=True)
class NewIncident:
    """A breach about to be written down; `detected_at` now where nothing is said."""

    title: str
    nature: Nature
    words: str
    people: int | None = None
    detected_at: datetime | None = None


def record(new: NewIncident, actor: Actor) -> Incident:
    """Open an incident; its clock began when it was noticed. Raises Invalid with the field."""
    at = new.detected_at or clock.now()
    if at > clock.now():
        raise Invalid("It cannot have been noticed in the future.", field="detected")
    if new.people is not None and not 0 <= new.people <= MOST_PEOPLE:
        raise Invalid("Enter a number of people, or leave it empty.", field="people")
    incident = Incident(
        number=_next_number(),
        title=_text(new.title, TITLE, "title"),
        nature=new.nature.value,
        people=new.people,
        detected_at=at,
        opened_at=clock.now(),
        due_at=due_of(at),
        state=State.OPEN.value,
    )
    db.session.add(incident)
    db.session.flush()
    _add(incident, Line.OPENED, _text(new.words, LONGEST, "words"), actor)
    return incident


def add(incident_id: int, what: Line, words: str, actor: Actor) -> Incident:
    """Append a line, and move on where it says so: reported to the authority (or it need not be),
    closed, opened again.

    Raises Invalid without words, Conflict for a step that the incident is past or not ready for.
    """
    incident, said = lock(incident_id), _text(words, LONGEST, "words")
    _STEPS.get(what, _stay)(incident)
    _add(incident, what, said, actor)
    return incident


def due_of(detected_at: datetime) -> datetime:
    """The end of the next working day after the one on which it was noticed."""
    zone = current().time_zone
    day = detected_at.astimezone(ZoneInfo(zone)).date()
    calendar = due.calendar_of(day.year, day.year + 1)
    return working_days.evening_of(calendar.after(day, 1), zone)


def find(incident_id: int) -> Incident:
    """Raises Missing."""
    return _there(db.session.get(Incident, incident_id), incident_id)


def named(text: str) -> Incident:
    """By its number or id; raises Missing."""
    found = db.session.scalar(select(Incident).where(Incident.number == text.strip()))
    if found is None and text.isdecimal() and len(text) < 10:
        return find(int(text))
    return _there(found, text)


def lock(incident_id: int) -> Incident:
    """Held against every other act until the commit; raises Missing."""
    query = select(Incident).where(Incident.id == incident_id).with_for_update()
    found = db.session.scalar(query.execution_options(populate_existing=True))
    return _there(found, incident_id)


def everything() -> list[Incident]:
    """The register, the newest first."""
    return list(db.session.scalars(select(Incident).order_by(Incident.id.desc())))


def waiting() -> list[Incident]:
    """What the authority has to be told of and has not been, the earliest due first."""
    query = select(Incident).where(Incident.reported_at.is_(None), Incident.exempt_at.is_(None))
    return list(db.session.scalars(query.order_by(Incident.due_at)))


def lines_of(incident_id: int) -> list[IncidentLine]:
    """Everything that was written about it, the oldest first."""
    query = select(IncidentLine).where(IncidentLine.incident_id == incident_id)
    return list(db.session.scalars(query.order_by(IncidentLine.id)))


def _reported(incident: Incident) -> None:
    if incident.state != State.OPEN or incident.reported_at is not None:
        raise Conflict("The authority has been told of this incident already.")
    incident.state, incident.reported_at = State.REPORTED.value, clock.now()


def _exempted(incident: Incident) -> None:
    if not incident.is_owed:
        raise Conflict("Of this incident it has been written down already.")
    incident.exempt_at = clock.now()


def _closed(incident: Incident) -> None:
    if incident.state == State.CLOSED:
        raise Conflict("This incident is closed already.")
    if incident.is_owed:
        raise Conflict("Write down first that the authority was told, or why it need not be.")
    incident.state, incident.closed_at = State.CLOSED.value, clock.now()


def _reopened(incident: Incident) -> None:
    if incident.state != State.CLOSED:
        raise Conflict("This incident is open.")
    is_told = incident.reported_at is not None
    incident.state = (State.REPORTED if is_told else State.OPEN).value
    incident.closed_at = None


def _stay(_incident: Incident) -> None:
    """A note moves nothing."""


_STEPS = {
    Line.REPORTED: _reported,
    Line.EXEMPT: _exempted,
    Line.CLOSED: _closed,
    Line.REOPENED: _reopened,
}


def _add(incident: Incident, what: Line, words: str, actor: Actor) -> None:
    line = IncidentLine(
        incident_id=incident.id, at=clock.now(), actor=actor.name, what=what.value, words=words
    )
    db.session.add(line)
    db.session.flush()
    audit.record(actor, f"incident {what.value}", f"incident {incident.number}")


def _next_number() -> str:
    """The next of its year, as "I-2026-01"; one after the other."""
    db.session.execute(sql_text("SELECT pg_advisory_xact_lock(hashtext('kelisim incidents'))"))
    year = clock.now().astimezone(ZoneInfo(current().time_zone)).year
    begun = select(func.count()).where(Incident.number.startswith(f"I-{year}-"))
    return f"I-{year}-{int(db.session.scalar(begun) or 0) + 1:02}"


def _there(found: Incident | None, name: object) -> Incident:
    if found is None:
        raise Missing(f"There is no incident {name}.")
    return found


def _text(text: str, most: int, field: str) -> str:
    said = text.replace("\r\n", "\n").strip()
    if not said:
        raise Invalid("Write what there is to say; the register keeps it.", field=field)
    if len(said) > most:
        raise Invalid(f"Write {most} characters at the most.", field=field)
    if "\x00" in said:
        raise Invalid("Enter plain text; a character in it cannot be kept.", field=field)
    return said
